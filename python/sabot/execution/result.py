# SPDX-License-Identifier: Apache-2.0
"""What a run returns: collected rows, counts, and the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from sabot._core import Job

__all__ = ["build_ledger", "build_result", "collect_table", "rows_read"]

_LEDGER_SCHEMA = pa.schema(
    [
        ("operator_id", pa.string()),
        ("name", pa.string()),
        ("type", pa.string()),
        ("parts", pa.list_(pa.string())),
        *(
            (name, pa.int64())
            for name in (
                "rows_in",
                "rows_in_right",
                "rows_out",
                "rows_added",
                "rows_held",
                "rows_merged",
                "rows_filtered",
                "rows_late",
                "rows_failed",
                "batches_in",
                "busy_ns",
            )
        ),
    ]
)


def collect_table(job: Job, operator_id: str) -> pa.Table:
    """Return the rows of a collecting sink of a job that has ended."""
    return pa.RecordBatchReader.from_stream(job.collect(operator_id)).read_all()


def rows_read(operators: Iterable[dict[str, Any]]) -> int:
    """Return how many rows the sources among these operators have read, before their filters."""
    return sum(op["rows_in"] - op["rows_failed"] for op in operators if op["type"] == "source")


def build_ledger(metrics: dict[str, Any], parts: Mapping[str, list[str]]) -> pa.Table:
    """Return what became of the rows: one row per operator that ran.

    Always ``rows_in + rows_added = rows_out + rows_held + rows_merged + rows_filtered + rows_late +
    rows_failed``.
    """
    rows = [{**op, "parts": parts.get(op["operator_id"], [])} for op in metrics["operators"]]
    return pa.Table.from_pylist(rows, schema=_LEDGER_SCHEMA)


def build_result(
    job_id: str,
    metrics: dict[str, Any],
    outputs: dict[str, pa.Table],
    *,
    parts: Mapping[str, list[str]],
    optimization_ms: float,
    execution_ms: float,
) -> dict[str, Any]:
    """Return the result of a job that has completed; see `JobGraph.run`."""
    operators = metrics["operators"]
    return {
        "job_id": job_id,
        "status": "completed",
        "optimization_time_ms": optimization_ms,
        "execution_time_ms": execution_ms,
        "outputs": outputs,
        "rows_in": rows_read(operators),
        "rows_out": sum(op["rows_in"] for op in operators if op["type"] == "sink"),
        "metrics": {
            "peak_memory_bytes": metrics["memory_peak_bytes"],
            "worker_count": metrics["worker_count"],
            "backpressure_count": metrics["backpressure_count"],
            "elapsed_ms": metrics["elapsed_ns"] / 1e6,
            "operators": [
                {
                    "operator_id": op["operator_id"],
                    "name": op["name"],
                    "type": op["type"],
                    "parts": parts.get(op["operator_id"], []),
                    "rows_in": op["rows_in"],
                    "rows_out": op["rows_out"],
                    "busy_ms": op["busy_ns"] / 1e6,
                }
                for op in operators
            ],
        },
        "ledger": build_ledger(metrics, parts),
    }
