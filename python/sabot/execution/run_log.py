# SPDX-License-Identifier: Apache-2.0
"""The log of a run: two lines per operator, at INFO, with the numbers as fields.

``[local] Executing filter: filter_high_value`` and
``  → Filtered: 1,000 → 671 rows (67.1% retained)``.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sabot.connect.sink import sink_target
from sabot.execution.operator_type import OperatorType

if TYPE_CHECKING:
    from sabot.execution.node import StreamOperatorNode
    from sabot.execution.plan import Plan

__all__ = ["log_run", "outcome_of"]

AGENT = "local"  # what runs in the user's own process

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
    for node in plan.graph.topological_sort():
        op = counters[node.operator_id]
        fields = {
            "job_id": job_id,
            "agent": agent,
            "operator_id": node.operator_id,
            "operator_name": node.name,
            "operator_type": node.operator_type.value,
            "rows_in": op["rows_in"],
            "rows_out": op["rows_out"],
        }
        _logger.info(
            "[%s] Executing %s: %s", agent, node.operator_type.value, node.name, extra=fields
        )
        columns = list(plan.output_schema(node.operator_id).names)
        _logger.info("  → %s", outcome_of(node, op, columns), extra=fields)


def outcome_of(node: StreamOperatorNode, op: dict[str, Any], columns: list[str]) -> str:
    """Return the sentence about what an operator did.

    Parameters
    ----------
    node
        The operator.
    op
        Its counters.
    columns
        What it emits.
    """
    rows_in, rows_out = op["rows_in"], op["rows_out"]
    kind = node.operator_type
    if kind is OperatorType.SOURCE:
        dropped = op["rows_filtered"]
        return f"Loaded {rows_out:,} rows" + (f", filtered out {dropped:,}" if dropped else "")
    if kind is OperatorType.FILTER:
        share = 100.0 * rows_out / rows_in if rows_in else 0.0
        return f"Filtered: {rows_in:,} → {rows_out:,} rows ({share:.1f}% retained)"
    if kind is OperatorType.SELECT:
        return f"Selected {len(columns)} columns: {', '.join(columns)}"
    if kind is OperatorType.HASH_JOIN:
        right = op["rows_in_right"]
        return f"Joined: {rows_in - right:,} × {right:,} → {rows_out:,} rows"
    if kind is OperatorType.SINK:
        return f"Written {rows_in:,} rows to {sink_target(node)}"
    return f"Processed {rows_in:,} → {rows_out:,} rows"
