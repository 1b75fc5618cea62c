# SPDX-License-Identifier: Apache-2.0
"""The ways to run a graph that must all give the same rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from differential.compare import Expectation
from differential.graphs import RandomGraph
from pipelines import ledger_is_balanced
from sabot.execution.run import Run, RunOptions

_CUTS = [1, 7, 1000, 65_536]
_WORKERS = [1, 2, 8]
_PATIENCE_SECONDS = 60.0
_HOLD_SECONDS = 0.02


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
        result = _run_with_snapshot(graph, mode)
    else:
        job = graph.build(_cutter(mode) if mode.is_generated else lambda t: t, mode=mode.mode)
        options = RunOptions(worker_count=mode.workers, morsel_rows_max=mode.cut)
        result = Run(job, options).execute()
    if not ledger_is_balanced(result):
        raise AssertionError(f"the ledger does not balance: {result['ledger'].to_pylist()}")
    for i, expectation in expected.items():
        expectation.check(result["outputs"][f"sink_{i}"])


def _cutter(mode: Mode) -> Callable[[pa.Table], Any]:
    def data_of(table: pa.Table) -> Any:
        def batches() -> Iterator[pa.RecordBatch]:
            yield _empty(table)
            yield from table.to_batches(max_chunksize=mode.cut)

        return batches

    return data_of


def _empty(table: pa.Table) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=table.schema)


class _Barrier:
    """Holds the first generator at a batch until somebody has taken a snapshot."""

    def __init__(self, at: int) -> None:
        self._at = at
        self._owner: int | None = None
        self.is_reached = threading.Event()
        self.is_passed = threading.Event()

    def batches(self, table: pa.Table, cut: int) -> Iterator[pa.RecordBatch]:
        is_first = self._owner is None
        self._owner = 1
        for i, batch in enumerate([_empty(table), *table.to_batches(max_chunksize=cut)]):
            if is_first and i >= self._at:
                self._wait()
                is_first = False
            yield batch
        if is_first:
            self._wait()

    def _wait(self) -> None:
        self.is_reached.set()
        if not self.is_passed.wait(_PATIENCE_SECONDS):
            raise TimeoutError("no snapshot came")


class _RestoredRun(Run):
    """A run that goes on from a snapshot."""

    snapshot: Any = None

    def _open_writers(self, job: Any, plan: Any) -> None:
        super()._open_writers(job, plan)
        job.restore(self.snapshot)


def _run_with_snapshot(graph: RandomGraph, mode: Mode) -> dict[str, Any]:
    assert mode.snapshot_at is not None
    barrier = _Barrier(mode.snapshot_at)
    job = graph.build(lambda t: lambda: barrier.batches(t, mode.cut), mode=mode.mode)
    first = Run(job, RunOptions(worker_count=mode.workers))
    try:
        first.start()
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not barrier.is_reached.wait(0.001):
            if first.wait(0):
                return first.finish()  # nobody wanted so many rows
            if time.monotonic() > deadline:
                raise TimeoutError("the sources did not begin")
        snapshot = _snapshot_of(first, barrier)
    finally:
        barrier.is_passed.set()
        first.close()
    second = graph.build(_cutter(mode), mode=mode.mode)
    run = _RestoredRun(second, RunOptions(worker_count=mode.restored_workers))
    run.snapshot = snapshot
    return run.execute()


def _snapshot_of(run: Run, barrier: _Barrier) -> Any:
    """Take a snapshot; if it needs the end of a source (a join's build side), let that go on."""
    taken: list[Any] = []

    def take() -> None:
        assert run._job is not None
        try:
            taken.append(run._job.snapshot())
        except Exception as error:
            taken.append(error)

    thread = threading.Thread(target=take)
    thread.start()
    thread.join(_HOLD_SECONDS)
    barrier.is_passed.set()
    thread.join(_PATIENCE_SECONDS)
    if not taken:
        raise TimeoutError("the snapshot does not end")
    if isinstance(taken[0], Exception):
        raise taken[0]
    return taken[0]
