# SPDX-License-Identifier: Apache-2.0
"""Only the columns that somebody needs."""

from __future__ import annotations

from sabot.compiler.one_pass import OnePass

__all__ = ["ProjectionPushdown"]


class ProjectionPushdown(OnePass):
    """Lets scans read the columns that somebody needs, and drops the others where that saves work.

    Examples
    --------
    >>> ProjectionPushdown()
    ProjectionPushdown(projection_pushdown)
    """

    pass_name = "projection_pushdown"
