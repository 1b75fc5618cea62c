# SPDX-License-Identifier: Apache-2.0
"""``filters`` of a source: what must be read for them, and what it may leave out.

A source only leaves out what is cheap to tell. The engine filters what it is given.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from sabot.errors import InvalidJobError
from sabot.expressions import Expr

if TYPE_CHECKING:
    from sabot.execution.node import StreamOperatorNode

__all__ = ["filters_of", "read_columns"]


def filters_of(node: StreamOperatorNode) -> Expr | None:
    """Return parameter ``filters`` of a source as one expression.

    Raises
    ------
    InvalidJobError
        If it is no expression, nor a list of them that must all hold.
    """
    given = node.parameters.get("filters") if node.is_source() else None
    if given is None:
        return None
    parts = list(given) if isinstance(given, list | tuple) else [given]
    result: Expr | None = None
    for part in parts:
        if isinstance(part, Mapping):
            part = Expr.from_dict(part)
        if not isinstance(part, Expr):
            raise InvalidJobError(
                f"{node.title}: parameter 'filters': expected an expression such as "
                f"col('price') > 100, or a list of them, found {part!r}"
            )
        result = part if result is None else result & part
    return result


def read_columns(node: StreamOperatorNode) -> Collection[str] | None:
    """Return the columns to read, each with the parameter that names it; None for all.

    They are those asked for, and behind them those of the filters and of the timestamps: the engine
    filters, and drops what is not asked for.
    """
    columns, predicate = node.parameters.get("columns"), filters_of(node)
    if columns is None or isinstance(columns, str) or not _are_names(columns):
        return columns  # what is wrong with them is found by who reads them
    named = dict.fromkeys(columns, "columns")
    for name in () if predicate is None else predicate.columns():
        named.setdefault(name, "filters")
    if isinstance(timestamps := node.parameters.get("timestamp_column"), str):
        named.setdefault(timestamps, "timestamp_column")
    return named


def _are_names(columns: Any) -> bool:
    return isinstance(columns, Collection) and all(isinstance(name, str) for name in columns)
