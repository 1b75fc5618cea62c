# SPDX-License-Identifier: Apache-2.0
"""The kinds of operators a graph is made of."""

from __future__ import annotations

from enum import Enum

__all__ = ["OperatorType"]


class OperatorType(Enum):
    """What an operator does; values are what the wire form and the logs print.

    Examples
    --------
    >>> OperatorType.HASH_JOIN.value
    'hash_join'
    >>> OperatorType("filter") is OperatorType.FILTER
    True
    """

    SOURCE = "source"
    SINK = "sink"
    FILTER = "filter"
    MAP = "map"
    SELECT = "select"
    UNION = "union"
    HASH_JOIN = "hash_join"
    AGGREGATE = "aggregate"
    LIMIT = "limit"
    CUSTOM = "custom"
    TUMBLING_WINDOW = "tumbling_window"
    SLIDING_WINDOW = "sliding_window"
    SESSION_WINDOW = "session_window"
    FLAT_MAP = "flat_map"
    REDUCE = "reduce"
    DISTINCT = "distinct"
    GROUP_BY = "group_by"
    INTERVAL_JOIN = "interval_join"
    ASOF_JOIN = "asof_join"
    SORT = "sort"
    TOP_N = "top_n"
    FUSED = "fused"

    @property
    def is_available(self) -> bool:
        """Whether this version has an engine part for it."""
        return self in _AVAILABLE

    @property
    def is_keyed_or_accumulating(self) -> bool:
        """Whether it keeps rows or totals from one batch to the next."""
        return self in _STATEFUL


_AVAILABLE = frozenset(
    {
        OperatorType.SOURCE,
        OperatorType.SINK,
        OperatorType.FILTER,
        OperatorType.MAP,
        OperatorType.SELECT,
        OperatorType.UNION,
        OperatorType.HASH_JOIN,
        OperatorType.AGGREGATE,
        OperatorType.GROUP_BY,
        OperatorType.DISTINCT,
        OperatorType.LIMIT,
        OperatorType.CUSTOM,
        OperatorType.REDUCE,
        OperatorType.FLAT_MAP,
        OperatorType.SORT,
        OperatorType.TOP_N,
        OperatorType.FUSED,
    }
)

_STATEFUL = frozenset(
    {
        OperatorType.HASH_JOIN,
        OperatorType.AGGREGATE,
        OperatorType.LIMIT,
        OperatorType.TUMBLING_WINDOW,
        OperatorType.SLIDING_WINDOW,
        OperatorType.SESSION_WINDOW,
        OperatorType.REDUCE,
        OperatorType.DISTINCT,
        OperatorType.GROUP_BY,
        OperatorType.INTERVAL_JOIN,
        OperatorType.ASOF_JOIN,
        OperatorType.SORT,
        OperatorType.TOP_N,
    }
)
