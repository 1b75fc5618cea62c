# SPDX-License-Identifier: Apache-2.0
"""A run that stops at a barrier, and another that goes on from there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pyarrow as pa

from sabot import JobGraph
from sabot.execution.run import Run, RunOptions

_PATIENCE_SECONDS = 60.0
_HOLD_SECONDS = 0.02

DataOf: TypeAlias = Callable[[pa.Table], Any]


def cutter(cut: int) -> DataOf:
    """Return what makes a table a generator of batches of `cut` rows, after an empty one."""

    def data_of(table: pa.Table) -> Any:
        def batches() -> Iterator[pa.RecordBatch]:
            yield _empty(table)
            yield from table.to_batches(max_chunksize=cut)

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


def snapshot_and_restore(
    build: Callable[[DataOf], JobGraph], *, cut: int, at: int, workers: tuple[int, int]
) -> dict[str, Any]:
    """Run a graph up to a batch of its first source, take a snapshot, go on in another job.

    Parameters
    ----------
    build
        Makes the graph, always with the same operator ids, from what makes a table a source's data.
    at
        How many batches of `cut` rows the first source gives before; at least 1, for the first
        one is read to learn the schema.
    workers
        Of the first and of the second job.
    """
    barrier = _Barrier(at)
    first = Run(
        build(lambda table: lambda: barrier.batches(table, cut)),
        RunOptions(worker_count=workers[0]),
    )
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
    run = _RestoredRun(build(cutter(cut)), RunOptions(worker_count=workers[1]))
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
