# SPDX-License-Identifier: Apache-2.0
"""Filters towards the sources, and into them."""

from __future__ import annotations

from sabot.compiler.one_pass import OnePass

__all__ = ["FilterPushdown"]


class FilterPushdown(OnePass):
    """Moves filters past what passes their columns on, into one side of joins, and into scans.

    Examples
    --------
    >>> FilterPushdown()
    FilterPushdown(filter_pushdown)
    """

    pass_name = "filter_pushdown"
