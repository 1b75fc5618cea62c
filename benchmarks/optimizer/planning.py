# SPDX-License-Identifier: Apache-2.0
"""The optimizer's own time, measured in C, beside the planning of DuckDB and DataFusion.

The peers plan the same queries from SQL: their times have parsing and binding, and DuckDB's that of
its EXPLAIN. What the engine is handed has been parsed and checked before; so the numbers are of one
order of magnitude and not a race.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
from engine.target import Target

__all__ = ["measure_planning"]

_LIMITS_US = {
    "five operators": 20.0,
    "six-way join": 200.0,
    "hundred lines": 5000.0,
    "long chain": 5000.0,
}
_REPEAT = 101
_ROWS = {"a": 1_000, "b": 500, "c": 200, "d": 50, "e": 10, "f": 5}
_QUERIES = {
    "five operators": "SELECT a0, sum(v) FROM (SELECT a0, a2, a1 * 2 AS v FROM a) WHERE a2 > 10 "
    "GROUP BY a0",
    "six-way join": "SELECT sum(a0) FROM a JOIN b ON a1 = b0 JOIN c ON a2 = c0 JOIN d ON a3 = d0 "
    "JOIN e ON a4 = e0 JOIN f ON a5 = f0 WHERE e1 > 100",
}


def measure_planning(planning_bench: Path) -> Iterator[Target]:
    """Yield the time per graph, and that of the peers for the same queries."""
    done = subprocess.run([planning_bench], check=True, capture_output=True, text=True)
    peers = {"DuckDB": _duckdb(), "DataFusion": _datafusion()}
    for line in done.stdout.splitlines():
        graph = json.loads(line)
        name = graph["graph"]
        note = f"{graph['operators']:,} operators; least {graph['least_ns'] / 1000:,.1f} µs"
        yield Target(f"optimize: {name}", graph["median_ns"] / 1000, "µs", _LIMITS_US[name], note)
        for peer, plan in peers.items():
            if plan is not None and name in _QUERIES:
                median, least = _median_and_least_us(plan, _QUERIES[name])
                note = f"from SQL; least {least:,.0f} µs"
                yield Target(f"{peer} plans: {name}", median, "µs", None, note)


def _median_and_least_us(plan: Callable[[str], object], query: str) -> tuple[float, float]:
    times = []
    for _ in range(_REPEAT):
        begin = time.perf_counter()
        plan(query)
        times.append((time.perf_counter() - begin) * 1e6)
    return statistics.median(times), min(times)


def _tables() -> dict[str, pa.Table]:
    return {
        name: pa.table({f"{name}{i}": range(rows) for i in range(7 if name == "a" else 4)})
        for name, rows in _ROWS.items()
    }


def _duckdb() -> Callable[[str], object]:
    import duckdb

    connection = duckdb.connect()
    for name, table in _tables().items():
        connection.register(f"arrow_{name}", table)
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM arrow_{name}")
    return lambda query: connection.execute(f"EXPLAIN {query}").fetchall()


def _datafusion() -> Callable[[str], object] | None:
    try:
        from datafusion import SessionContext
    except ImportError:
        return None  # benchmarks/requirements.txt has it
    context = SessionContext()
    for name, table in _tables().items():
        context.register_record_batches(name, [table.to_batches()])
    return lambda query: context.sql(query).optimized_logical_plan()
