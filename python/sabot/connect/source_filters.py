# SPDX-License-Identifier: Apache-2.0
"""``filters`` of a source: what it may leave out, and the FILTER that makes it exact.

A source only leaves out what is cheap to tell. So the engine gets a FILTER behind the source, and a
SELECT where the filter reads columns that the user does not want.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sabot.errors import InvalidJobError
from sabot.expressions import Expr

if TYPE_CHECKING:
    from sabot.execution.job_graph import JobGraph
    from sabot.execution.node import StreamOperatorNode

__all__ = ["add_filters", "filters_of", "read_columns"]


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


def read_columns(node: StreamOperatorNode) -> list[str] | None:
    """Return the columns to read: those asked for, and behind them those of the filters."""
    columns, predicate = node.parameters.get("columns"), filters_of(node)
    if columns is None or predicate is None or isinstance(columns, str):
        return columns  # what is wrong with them is found by who reads them
    return [*columns, *(name for name in predicate.columns() if name not in columns)]


def add_filters(graph: JobGraph, form: dict[str, Any]) -> None:
    """Put the filters of sources into the engine's wire form of a graph."""
    for node in graph.get_sources():
        predicate = filters_of(node)
        if predicate is None:
            continue
        record = next(op for op in form["operators"] if op["operator_id"] == node.operator_id)
        columns = node.parameters.get("columns")
        needed = read_columns(node)
        if needed is not None:
            record["parameters"] = {**record["parameters"], "columns": needed}
        last = _append(form, record, record, "filter", {"predicate": predicate.to_dict()})
        if needed is not None and columns is not None and len(needed) > len(columns):
            _append(form, record, last, "select", {"columns": list(columns)})


def _append(
    form: dict[str, Any],
    source: Mapping[str, Any],
    behind: Mapping[str, Any],
    kind: str,
    parameters: dict[str, Any],
) -> dict[str, Any]:
    """Put an operator between `behind` and what follows it; return it."""
    added = {
        **source,
        "operator_id": f"{source['operator_id']}:{kind}",
        "operator_type": kind,
        "name": f"{source['name']}:{kind}",
        "parameters": parameters,
    }
    for edge in form["edges"]:
        if edge["from"] == behind["operator_id"]:
            edge["from"] = added["operator_id"]
    form["edges"].append({"from": behind["operator_id"], "to": added["operator_id"], "port": 0})
    form["operators"].append(added)
    return added
