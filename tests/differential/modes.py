# SPDX-License-Identifier: Apache-2.0
"""The ways to run a graph that must all give the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from differential.compare import Expectation
from differential.graphs import RandomGraph
from differential.snapshots import cutter, snapshot_and_restore
from pipelines import ledger_is_balanced
from sabot.execution.run import Run, RunOptions

_CUTS = [1, 7, 1000, 65_536]
_WORKERS = [1, 2, 8]


@dataclass(frozen=True)
class Mode:
    """How to run a graph.

    Attributes
    ----------
    mode
        Of the graph: batch or streaming.
    cut
        Rows per batch.
    is_generated
        Sources are generators of batches of that size, else tables.
    snapshot_at
        Batches of the first source before a snapshot, from which another job with
        `restored_workers` goes on; None for a run without.
    """

    mode: str
    workers: int
    cut: int
    is_generated: bool = False
    snapshot_at: int | None = None
    restored_workers: int = 0


def draw_modes(rng: np.random.Generator, count: int) -> list[Mode]:
    """Return random modes, the last one with a snapshot."""
    modes = [
        Mode(
            ["batch", "streaming"][rng.integers(0, 2)],
            _WORKERS[rng.integers(0, 3)],
            _CUTS[rng.integers(0, 4)],
            is_generated=bool(rng.random() < 0.3),
        )
        for _ in range(count)
    ]
    modes.append(
        Mode(
            "streaming",
            _WORKERS[rng.integers(0, 3)],
            int(rng.choice([7, 50, 1000])),
            is_generated=True,
            snapshot_at=int(rng.integers(1, 9)),  # the first batch is read for its schema
            restored_workers=_WORKERS[rng.integers(0, 3)],
        )
    )
    return modes


def run_and_check(graph: RandomGraph, mode: Mode, expected: Mapping[int, Expectation]) -> None:
    """Run the graph; its sinks must have the reference's rows, and its ledger must balance."""
    if mode.snapshot_at is not None:
        result = snapshot_and_restore(
            lambda data_of: graph.build(data_of, mode=mode.mode),
            cut=mode.cut,
            at=mode.snapshot_at,
            workers=(mode.workers, mode.restored_workers),
        )
    else:
        job = graph.build(cutter(mode.cut) if mode.is_generated else lambda t: t, mode=mode.mode)
        options = RunOptions(worker_count=mode.workers, morsel_rows_max=mode.cut)
        result = Run(job, options).execute()
    if not ledger_is_balanced(result):
        raise AssertionError(f"the ledger does not balance: {result['ledger'].to_pylist()}")
    for i, expectation in expected.items():
        expectation.check(result["outputs"][f"sink_{i}"])
