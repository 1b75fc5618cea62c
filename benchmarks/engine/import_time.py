# SPDX-License-Identifier: Apache-2.0
"""How long `import sabot` takes in a new interpreter."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from engine.fresh_process import FreshProcesses
from engine.target import Target

_LIMIT_MS = 100.0
_COUNT = 20
_PROGRAM = """
import time
begin = time.perf_counter()
{statement}
print((time.perf_counter() - begin) * 1000)
"""
_STATEMENTS = {
    "import sabot": "import sabot",
    "names of a graph": "from sabot import JobGraph, OperatorType, StreamOperatorNode, col",
    "all a run needs": "import sabot.execution.run",
}


def measure_import_time() -> Iterator[Target]:
    """Yield the median of fresh interpreters per way of importing."""
    with FreshProcesses() as processes:
        for name, statement in _STATEMENTS.items():
            program = _PROGRAM.format(statement=statement)
            times = [processes.run_json("-c", program) for _ in range(_COUNT + 1)][1:]
            limit = _LIMIT_MS if name == "import sabot" else None
            note = f"median of {_COUNT} new interpreters"
            yield Target(f"import: {name}", statistics.median(times), "ms", limit, note)
