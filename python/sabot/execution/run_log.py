# SPDX-License-Identifier: Apache-2.0
"""The log of a run: two lines per operator, at INFO, with the numbers as fields.

``[local] Executing filter: filter_high_value`` and
``  → Filtered: 1,000 → 671 rows (67.1% retained)``. Operators that the optimizer has merged into
another get theirs, too.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sabot.connect.sink import sink_target
from sabot.execution.operator_type import OperatorType

if TYPE_CHECKING:
    from sabot.execution.node import StreamOperatorNode
    from sabot.execution.plan import Plan

__all__ = ["log_run"]

AGENT = "local"  # what runs in the user's own process

_DROPPING = frozenset({OperatorType.FILTER, OperatorType.LIMIT, OperatorType.DISTINCT})

_logger = logging.getLogger("sabot")


def log_run(job_id: str, plan: Plan, metrics: dict[str, Any], agent: str = AGENT) -> None:
    """Log what each operator did, inputs before outputs.

    Parameters
    ----------
    job_id, plan
        What ran.
    metrics
        The counters at the end.
    agent
        Who ran it.
    """
    if not _logger.isEnabledFor(logging.INFO):
        return
    counters = {op["operator_id"]: op for op in metrics["operators"]}
    for node in plan.running_graph.topological_sort():
        counts = counters[node.operator_id]
        for part in _parts_of(node, counts):
            fields = {
                "job_id": job_id,
                "agent": agent,
                "operator_id": part.operator_id,
                "operator_name": part.name,
                "operator_type": part.kind.value,
                "rows_in": part.rows_in,
                "rows_out": part.rows_out,
            }
            _logger.info("[%s] Executing %s: %s", agent, part.kind.value, part.name, extra=fields)
            columns = plan.columns_of(part.operator_id, node.operator_id)
            outcome = _outcome_of(part, node, counts, columns)
            _logger.info("  → %s", outcome, extra=fields)


@dataclass(frozen=True)
class _Part:
    """One of the operators whose work a running one did, with the rows it saw."""

    operator_id: str
    name: str
    kind: OperatorType
    rows_in: int
    rows_out: int
    is_counted_with_others: bool = False


def _parts_of(node: StreamOperatorNode, counts: dict[str, Any]) -> list[_Part]:
    """Return what an operator did, in the order of the rows.

    Operators that were merged are counted as one: what comes before the first filter has seen all
    rows, what comes behind the last one those that passed, and several filters share their numbers.
    """
    read, left = counts["rows_in"] - counts["rows_failed"], counts["rows_out"]
    if not node.parts:
        return [_Part(node.operator_id, node.name, node.operator_type, read, left)]
    kinds = [OperatorType(part["operator_type"]) for part in node.parts]
    filters = [i for i, kind in enumerate(kinds) if kind in _DROPPING] or [len(kinds) - 1]
    return [
        _Part(
            part["operator_id"],
            part["name"],
            kind,
            rows_in=read if i <= filters[-1] else left,
            rows_out=read if i < filters[0] else left,
            is_counted_with_others=len(filters) > 1 and filters[0] <= i <= filters[-1],
        )
        for i, (part, kind) in enumerate(zip(node.parts, kinds, strict=True))
    ]


def _outcome_of(
    part: _Part, node: StreamOperatorNode, counts: dict[str, Any], columns: list[str]
) -> str:
    """Return the sentence about what an operator did."""
    rows_in, rows_out = part.rows_in, part.rows_out
    if part.kind is OperatorType.SOURCE:
        dropped = 0 if node.parts else counts["rows_filtered"]
        return f"Loaded {rows_out:,} rows" + (f", filtered out {dropped:,}" if dropped else "")
    if part.kind is OperatorType.FILTER:
        share = 100.0 * rows_out / rows_in if rows_in else 0.0
        others = " with the filters next to it" if part.is_counted_with_others else ""
        return f"Filtered: {rows_in:,} → {rows_out:,} rows ({share:.1f}% retained){others}"
    if part.kind is OperatorType.SELECT:
        return f"Selected {len(columns)} columns: {', '.join(columns)}"
    if part.kind is OperatorType.HASH_JOIN:
        right = counts["rows_in_right"]
        return f"Joined: {counts['rows_in'] - right:,} × {right:,} → {rows_out:,} rows"
    if part.kind is OperatorType.SINK:
        return f"Written {rows_in:,} rows to {sink_target(node)}"
    return f"Processed {rows_in:,} → {rows_out:,} rows"
