# SPDX-License-Identifier: Apache-2.0
"""Resident memory of a process whose engine has nothing to do.

Run as a program (``python -m engine.idle_memory``) it measures its own process.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

from engine.fresh_process import FreshProcesses
from engine.target import Target

_LIMIT_MB = 30.0
_COUNT = 5
_ROWS = 1000
_GRAPH = {
    "version": 1,
    "operators": [
        {
            "operator_id": "a",
            "operator_type": "source",
            "name": "rows",
            "parameters": {"data": {"kind": "bound"}},
        },
        {
            "operator_id": "b",
            "operator_type": "aggregate",
            "name": "count",
            "parameters": {"key_by": ["n"], "aggregations": {"rows": ["*", "count"]}},
        },
        {"operator_id": "c", "operator_type": "sink", "name": "out", "parameters": {}},
    ],
    "edges": [{"from": "a", "to": "b", "port": 0}, {"from": "b", "to": "c", "port": 0}],
}


def measure_idle_memory(idle_bench: Path) -> Iterator[Target]:
    """Yield what the engine adds to a Python process, and what a C process holds in all."""
    with FreshProcesses() as processes:
        _, *runs = [processes.run_json("-m", "engine.idle_memory") for _ in range(_COUNT + 1)]
    added = statistics.median(run["idle_mb"] - run["before_mb"] for run in runs)
    before = statistics.median(run["before_mb"] for run in runs)
    yield Target(
        "idle engine in Python",
        added,
        "MB",
        _LIMIT_MB,
        f"a job waits for rows; over interpreter and pyarrow, {before:.0f} MB",
    )
    front = statistics.median(run["front_mb"] - run["before_mb"] for run in runs)
    yield Target("the same and the Python front", front, "MB", None, "after a graph of 1,000 rows")
    done = [subprocess.run([idle_bench], check=True, capture_output=True) for _ in range(_COUNT)]
    idle = statistics.median(json.loads(run.stdout)["idle_bytes"] for run in done)
    yield Target("idle C process", idle / 1e6, "MB", _LIMIT_MB, "all of it; a job waits for rows")


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _measure() -> dict[str, float]:
    import pyarrow as pa

    rows = pa.record_batch({"n": list(range(_ROWS))})
    before = _resident_mb()
    from sabot._core import Graph, Job

    graph = Graph.from_json(json.dumps(_GRAPH))
    graph.set_source_schema("a", rows.schema)
    graph.validate()
    job = Job(graph)
    split = job.add_push_split("a")
    job.bind_sink("c", "count")
    job.start()
    job.push("a", split, rows)
    while job.metrics()["operators"][1]["rows_in"] < _ROWS:
        if job.wait(1):
            raise RuntimeError("the job ended while rows could still come")
    idle = _resident_mb()
    job.push_end("a", split)
    job.wait()
    job.close()

    from engine.sabot_run import GraphDraft

    draft = GraphDraft("idle_memory")
    draft.add("source", "rows", data=pa.Table.from_batches([rows]))
    draft.add("sink", "out", "rows")
    draft.graph.run()
    return {"before_mb": before, "idle_mb": idle, "front_mb": _resident_mb()}


if __name__ == "__main__":
    print(json.dumps(_measure()))
