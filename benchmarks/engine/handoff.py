# SPDX-License-Identifier: Apache-2.0
"""Nanoseconds and bytes to hand a batch from operator to operator; benchmarks/c/ measures."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from engine.target import Target

_LIMIT_NS = 100.0


def measure_handoff(handoff_bench: Path) -> Iterator[Target]:
    """Yield time and bytes per kind of operator that lets every row pass."""
    done = subprocess.run([handoff_bench], check=True, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        kind = json.loads(line)
        name = f"hand-off: {kind['operator']}"
        rows = f"{kind['rows_per_batch']} rows × {kind['columns']} columns"
        note = f"per batch and operator, {kind['batches']:,} batches of {rows}"
        yield Target(name, kind["ns_per_batch"], "ns", _LIMIT_NS, note)
        note = f"of {kind['bytes']:,} through 34 operators"
        yield Target(f"{name}, copied", kind["bytes_copied"], "bytes", 0.0, note)
