# SPDX-License-Identifier: Apache-2.0
"""Chains of inner joins, cheapest first."""

from __future__ import annotations

from sabot.compiler.one_pass import OnePass

__all__ = ["JoinReordering"]


class JoinReordering(OnePass):
    """Orders chains of inner joins by the rows they give, and lets the smaller side be stored.

    Examples
    --------
    >>> JoinReordering()
    JoinReordering(join_reordering)
    """

    pass_name = "join_reordering"
