# SPDX-License-Identifier: Apache-2.0
"""The rows of a running job as an iterator: the job waits for whoever reads."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any

from sabot.errors import JobCanceledError
from sabot.execution.run import Run, RunOptions

if TYPE_CHECKING:
    import pyarrow as pa

    from sabot.execution.job_graph import JobGraph

__all__ = ["iterate", "iterate_async"]

_AHEAD = 4  # batches that wait for the reader; behind them the engine's own budgets hold
_LOOK_SECONDS = 0.05  # how often a writer looks whether the reader has left
_POLL_SECONDS = 0.001

# Makes a graph whose sink calls the given function with each batch.
GraphMaker = Callable[[Callable[["pa.RecordBatch"], None]], "JobGraph"]


class _Reading:
    """A job in a thread of its own, and the queue between it and its reader."""

    def __init__(self, make_graph: GraphMaker, options: RunOptions) -> None:
        self._queue: queue.Queue[pa.RecordBatch | None] = queue.Queue(_AHEAD)
        self._has_left = threading.Event()
        self._failure: BaseException | None = None
        self._run = Run(make_graph(self._put), options)
        self._thread = threading.Thread(target=self._work, name="sabot-stream", daemon=True)
        self._thread.start()

    def next(self) -> pa.RecordBatch | None:
        """Return the next batch; None at the end. Raises what the job failed with."""
        return self._checked(self._queue.get())

    async def next_async(self) -> pa.RecordBatch | None:
        """Do as `next`. It polls, so that a canceled reader leaves no waiting thread behind."""
        while True:
            try:
                return self._checked(self._queue.get_nowait())
            except queue.Empty:
                await asyncio.sleep(_POLL_SECONDS)

    def leave(self) -> None:
        """Stop the job if it still runs, and wait for its threads."""
        self._has_left.set()
        self._run.stop("cancel")
        self._thread.join()

    def _checked(self, batch: pa.RecordBatch | None) -> pa.RecordBatch | None:
        if batch is None and self._failure is not None:
            raise self._failure
        return batch

    def _work(self) -> None:
        try:
            self._run.execute()
        except BaseException as error:
            self._failure = error
        self._offer(None)

    def _put(self, batch: pa.RecordBatch) -> None:
        if not self._offer(batch):
            raise JobCanceledError("the reader has left")

    def _offer(self, item: pa.RecordBatch | None) -> bool:
        while not self._has_left.is_set():
            try:
                self._queue.put(item, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            return True
        return False


def iterate(make_graph: GraphMaker, options: RunOptions) -> Iterator[pa.RecordBatch]:
    """Run a job and yield its batches; leaving the loop cancels it.

    Raises
    ------
    InvalidJobError
        If the graph is wrong.
    JobFailedError
        If the job fails; batches that came before have been yielded.
    """
    reading = _Reading(make_graph, options)
    try:
        while (batch := reading.next()) is not None:
            yield batch
    finally:
        reading.leave()


async def iterate_async(make_graph: GraphMaker, options: RunOptions) -> AsyncIterator[Any]:
    """Run a job and yield its batches while the event loop goes on; as `iterate`."""
    reading = _Reading(make_graph, options)
    try:
        while (batch := await reading.next_async()) is not None:
            yield batch
    finally:
        reading.leave()
