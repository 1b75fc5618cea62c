# SPDX-License-Identifier: Apache-2.0
"""How long a graph of 1,000 rows takes from Python, from drawing it to its table.

Run as a program (``python -m engine.first_result``) it measures in its own process.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator

from engine.fresh_process import FreshProcesses
from engine.target import Target

_LIMIT_MS = 5.0
_ROWS = 1000
_COUNT = 50


def measure_first_result() -> Iterator[Target]:
    """Yield the first call of a process, and the median of the next ones, per graph."""
    with FreshProcesses() as processes:
        for graph in ("filter", "join"):
            _, *runs = [processes.run_json("-m", "engine.first_result", graph) for _ in range(6)]
            later = statistics.median(run["later_ms"] for run in runs)
            first = statistics.median(run["first_ms"] for run in runs)
            rows = f"{runs[0]['rows']} of {_ROWS} rows come out"
            yield Target(f"result of a {graph} graph", later, "ms", _LIMIT_MS, rows)
            note = "with all imports; median of 5 new interpreters"
            yield Target(f"very first result, {graph}", first, "ms", None, note)


def _measure(kind: str) -> dict[str, float]:
    begin = time.perf_counter()
    import pyarrow as pa

    quotes = pa.table({"id": list(range(_ROWS)), "price": [float(i % 150) for i in range(_ROWS)]})
    securities = pa.table({"ID": list(range(_ROWS)), "name": [f"n{i}" for i in range(_ROWS)]})
    tables_made = time.perf_counter()

    times = []
    for _ in range(_COUNT + 1):
        start = time.perf_counter()
        out = _run(kind, quotes, securities)
        times.append((time.perf_counter() - start) * 1000)
    return {
        "rows": out.num_rows,
        "pyarrow_ms": (tables_made - begin) * 1000,
        "first_ms": times[0],
        "later_ms": statistics.median(times[1:]),
    }


def _run(kind, quotes, securities):  # type: ignore[no-untyped-def]
    from engine.sabot_run import GraphDraft

    draft = GraphDraft("first_result")
    draft.add("source", "quotes", data=quotes)
    last = draft.add("filter", "high", "quotes", column="price", operator=">", value=100.0)
    if kind == "join":
        draft.add("source", "securities", data=securities)
        last = draft.add("hash_join", "both", last, "securities", left_key="id", right_key="ID")
    draft.add("sink", "out", last)
    return draft.graph.run()["outputs"]["out"]


if __name__ == "__main__":
    import sys

    print(json.dumps(_measure(sys.argv[1])))
