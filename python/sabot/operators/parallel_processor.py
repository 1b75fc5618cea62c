# SPDX-License-Identifier: Apache-2.0
"""The engine's workers as an object: pieces of a batch on every processor, results in order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from sabot._core import Graph, Job, processor_count
from sabot.errors import JobFailedError
from sabot.execution.job_graph import JobGraph
from sabot.execution.morsel_size import MORSEL_ROWS_MIN
from sabot.execution.node import StreamOperatorNode
from sabot.execution.wire import engine_json
from sabot.operators.base_operator import batches_of

__all__ = ["ParallelProcessor"]

SPLIT_ROWS_MIN = 10_000  # smaller batches stay whole

_INDEX = pa.schema([("index", pa.int64())])


class ParallelProcessor:
    """Cuts batches into morsels and lets the engine's workers have them.

    The workers are those of every job: threads of the C scheduler, which take the next morsel when
    they are done with one. A function in Python holds the GIL, so it gains as far as what it calls
    (pyarrow, NumPy) lets go of it.

    Parameters
    ----------
    num_workers
        Threads; 0 means one per processor this process may use (affinity and cgroup).
    morsel_size_kb
        Size of a morsel; it has 1,000 rows at least.

    Examples
    --------
    >>> batch = pa.record_batch({"n": range(50_000)})
    >>> outputs = ParallelProcessor(2).process(batch, lambda morsel: morsel.slice(0, 1))
    >>> [output["n"][0].as_py() for output in outputs][:3]
    [0, 8192, 16384]
    """

    def __init__(self, num_workers: int = 0, morsel_size_kb: int = 64) -> None:
        if not isinstance(num_workers, int) or num_workers < 0:
            raise ValueError(
                f"ParallelProcessor: num_workers is {num_workers!r}; allowed: 0 and more"
            )
        if not isinstance(morsel_size_kb, int) or morsel_size_kb < 1:
            raise ValueError(
                f"ParallelProcessor: morsel_size_kb is {morsel_size_kb!r}; allowed: 1 and more"
            )
        self.num_workers = num_workers or processor_count()
        self.morsel_size_kb = morsel_size_kb

    def cut(self, batch: pa.RecordBatch) -> list[pa.RecordBatch]:
        """Return the morsels of a batch: slices that share its memory."""
        if batch.num_rows < SPLIT_ROWS_MIN:
            return [batch]
        row_bytes = max(1, batch.nbytes // batch.num_rows)
        rows = max(MORSEL_ROWS_MIN, self.morsel_size_kb * 1024 // row_bytes)
        return [batch.slice(start, rows) for start in range(0, batch.num_rows, rows)]

    def process(
        self, batch: pa.RecordBatch, function: Callable[[pa.RecordBatch], Any]
    ) -> list[pa.RecordBatch]:
        """Call `function` with each morsel; return what has rows, in the order of the morsels.

        Parameters
        ----------
        batch
            Any number of rows; below 10,000 it is one morsel.
        function
            Returns a batch, an iterable of batches, or None. Called by several threads at once.

        Raises
        ------
        Exception
            What the function raised for one morsel; nothing of the batch is returned then.
        """
        morsels = self.cut(batch)
        if len(morsels) == 1 or self.num_workers == 1:
            return [part for morsel in morsels for part in batches_of(function(morsel))]
        results: list[list[pa.RecordBatch] | None] = [None] * len(morsels)

        def work(index: int) -> None:
            results[index] = list(batches_of(function(morsels[index])))

        _in_a_thread(lambda: self._run(work, len(morsels)))
        return [part for parts in results for part in parts or ()]

    def _run(self, work: Callable[[int], None], count: int) -> None:
        """Let the engine's workers call `work` with each number below `count`."""

        def numbers(schema: object, array: object | None) -> None:
            for index in pa.RecordBatch._import_from_c_capsule(schema, array)["index"].to_pylist():
                work(index)

        core = Graph.from_json(_graph_json())
        core.set_source_schema("morsels", _INDEX)
        core.validate(lambda operator_id, schema: _INDEX)
        job = Job(core, worker_count=min(self.num_workers, count), morsel_rows_max=1)
        try:
            job.bind_function("work", numbers)
            job.bind_sink("out", "count")
            indexes = pa.table([pa.array(range(count), pa.int64())], schema=_INDEX)
            job.add_stream("morsels", indexes.to_reader())
            job.start()
            job.wait()
        except JobFailedError as error:
            if error.__cause__ is not None:
                raise error.__cause__ from None
            raise
        finally:
            job.close()


def _in_a_thread(call: Callable[[], None]) -> None:
    """Call in a thread of its own: a function of a running job may not close another job."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, name="sabot-morsels", daemon=True)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def _graph_json() -> str:
    """Return the job: the numbers of morsels go through a function on every worker."""
    graph = JobGraph("morsels")
    for kind, name, parameters in (
        ("source", "morsels", {"data": None}),
        ("map", "work", {}),
        ("sink", "out", {"discard": True}),
    ):
        function = _nothing if kind == "map" else None
        graph.add_operator(
            StreamOperatorNode(kind, name, parameters, function, operator_id=name)  # type: ignore[arg-type]
        )
    graph.connect("morsels", "work")
    graph.connect("work", "out")
    return engine_json(graph)


def _nothing(batch: Any) -> None:
    """Stand for the function that is bound to the job."""
