# SPDX-License-Identifier: Apache-2.0
"""One run of a graph in this process, from opening its sources to publishing its sinks."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sabot._core import Job, Snapshot
from sabot.connect.drain import Drain
from sabot.connect.sink import open_writer, sink_kind, sink_target
from sabot.connect.topic_store import default_data_dir
from sabot.errors import JobCanceledError, JobFailedError
from sabot.execution import live_runs
from sabot.execution.morsel_size import MORSEL_ROWS_MIN, row_width
from sabot.execution.optimization import passes_of
from sabot.execution.plan import Plan
from sabot.execution.progress import Progress
from sabot.execution.result import build_result, collect_table
from sabot.execution.run_log import log_run

if TYPE_CHECKING:
    from sabot.compiler.plan_optimizer import PlanOptimizer
    from sabot.connect.feeder import Feeder
    from sabot.execution.job_graph import JobGraph

__all__ = ["Run", "RunOptions"]

_WAIT_MS = 50  # how long Ctrl-C may wait for the engine
_JOIN_SECONDS = 5.0


@dataclass(frozen=True)
class RunOptions:
    """How the engine runs a job; 0 means its default.

    Attributes
    ----------
    worker_count
        Engine threads.
    memory_limit_bytes
        Of the whole job.
    exchange_limit_bytes
        Between two stages; sources wait above it.
    morsel_rows_max
        Rows per batch inside the engine; tests set 1, 7 and so on.
    morsel_size_kb
        The same by size, at least 1,000 rows; for those who do not say `morsel_rows_max`.
    job_id
        For results and logs; default the graph's.
    optimize
        Whether the optimizer may draw the graph anew before it runs; a `PlanOptimizer` says with
        which passes, and has the statistics of this run then.
    data_dir
        Directory of embedded topics for operators that do not name one; default
        ``SABOT_DATA_DIR``, then ``./sabot_data``.
    snapshot
        Go on where this was taken, of a run of an equal graph.
    """

    worker_count: int = 0
    memory_limit_bytes: int = 0
    exchange_limit_bytes: int = 0
    morsel_rows_max: int = 0
    morsel_size_kb: int = 0
    job_id: str | None = None
    optimize: bool | PlanOptimizer = True
    data_dir: str | os.PathLike[str] | None = None
    snapshot: Snapshot | None = None


class Run:
    """A graph at work.

    `execute` does it all; `start`, `wait` and `finish` are its parts. `stop` may come from any
    thread.
    """

    def __init__(self, graph: JobGraph, options: RunOptions | None = None) -> None:
        self.graph = graph
        self.options = options or RunOptions()
        self.job_id = self.options.job_id or graph.job_id
        self._data_dir = os.fspath(self.options.data_dir or default_data_dir())
        self.optimization_ms = 0.0
        self._job: Job | None = None
        self._plan: Plan | None = None
        self._feeders: list[Feeder] = []
        self._drains: list[Drain] = []
        self._is_stopped: Literal["drain", "cancel"] | None = None
        self._started = 0.0
        self._lock = threading.Lock()  # starting, publishing and closing exclude each other
        self._is_closed = False  # the exit hook closes runs of other threads

    @property
    def is_endless(self) -> bool:
        """Whether it goes on until `stop`; known once started."""
        return self._plan is not None and self._plan.is_endless

    def execute(self) -> dict[str, Any]:
        """Run to the end and return the result; see `JobGraph.run`."""
        try:
            self.start()
            interrupt = self._wait_through_interrupts()
            result = self.finish()
        finally:
            self.close()
        if interrupt is not None:
            raise interrupt
        return result

    def start(self) -> None:
        """Open everything and start the engine's threads.

        Raises
        ------
        InvalidJobError
            If the graph is wrong; nothing has run.
        """
        live_runs.add(self)
        optimizer = self.options.optimize
        self._plan = Plan.build(
            self.graph, self.options.worker_count, self._data_dir, passes=passes_of(optimizer)
        )
        if self._plan.optimization is not None:
            self.optimization_ms = self._plan.optimization_ms
            if not isinstance(optimizer, bool):
                optimizer.remember(self._plan.optimization)
        with self._lock:
            self._check_open()
            self._start_job(self._plan)

    def _start_job(self, plan: Plan) -> None:
        self._started = time.perf_counter()
        self._job = job = Job(
            plan.core,
            worker_count=self.options.worker_count,
            memory_limit_bytes=self.options.memory_limit_bytes,
            exchange_limit_bytes=self.options.exchange_limit_bytes,
            morsel_rows_max=self.options.morsel_rows_max or self._morsel_rows(plan),
        )
        for operator_id, function in plan.functions.items():
            job.bind_function(operator_id, function)
        for node in self.graph.get_sinks():
            job.bind_sink(node.operator_id, sink_kind(node))
        for operator_id, source in plan.sources.items():
            self._feeders.extend(source.bind(job, operator_id))
        self._open_writers(job, plan)  # handing out a sink's stream ends the binding
        if self.options.snapshot is not None:
            job.restore(self.options.snapshot)
        job.start()
        self._start_threads()
        if self._is_stopped is not None:
            job.stop(self._is_stopped)

    def _morsel_rows(self, plan: Plan) -> int:
        """Return how many rows of the widest source have the wanted size; 0 lets the engine say."""
        if self.options.morsel_size_kb == 0 or not plan.sources:
            return 0
        width = max(row_width(source.schema) for source in plan.sources.values())
        return max(MORSEL_ROWS_MIN, self.options.morsel_size_kb * 1024 // width)

    def _start_threads(self) -> None:
        try:
            for thread in (*self._drains, *self._feeders):
                thread.start()
        except RuntimeError as error:  # so Python says that the interpreter is ending
            raise JobCanceledError(f"the job cannot start: {error}") from error

    def wait(self, timeout_ms: int = -1) -> bool:
        """Wait for the engine; return whether it is done.

        Raises
        ------
        JobFailedError
            If the job failed.
        """
        assert self._job is not None
        try:
            return self._job.wait(timeout_ms)
        except JobCanceledError:
            raise
        except JobFailedError as error:
            raise self._failure_of(error) from self._cause_of(error)

    def finish(self) -> dict[str, Any]:
        """Publish the sinks and return the result of a job that has ended well.

        Raises
        ------
        JobFailedError
            If a sink could not take its rows.
        """
        assert self._job is not None
        assert self._plan is not None
        for drain in self._drains:
            drain.join()
            if drain.failure is not None:
                raise self._drain_failure(drain) from drain.failure
        metrics = self._job.metrics()
        outputs = {
            node.name: collect_table(self._job, node.operator_id)
            for node in self.graph.get_sinks()
            if sink_kind(node) == "collect"
        }
        with self._lock:
            self._check_open()
            self._publish()
        result = build_result(
            self.job_id,
            metrics,
            outputs,
            parts=self._plan.parts,
            optimization_ms=self.optimization_ms,
            execution_ms=(time.perf_counter() - self._started) * 1000,
        )
        result["metrics"]["sources"] = {
            self.graph.operators[operator_id].name: dataclasses.asdict(source.counts)
            for operator_id, source in self._plan.sources.items()
            if source.counts is not None
        }
        log_run(self.job_id, self._plan, metrics)
        self.graph._latest_run = self._plan.latest_run(metrics["operators"])
        return result

    def stop(self, mode: Literal["drain", "cancel"] = "drain") -> None:
        """Ask for the end: ``'drain'`` finishes the rows that were read, ``'cancel'`` does not."""
        self._is_stopped = mode
        if self._job is None:
            return
        try:
            self._job.stop(mode)
        except JobCanceledError:
            return  # closed already
        for feeder in self._feeders:
            feeder.stop()

    def snapshot(self) -> Snapshot:
        """Return the state of every operator and the position of every source, at a barrier.

        Raises
        ------
        JobFailedError
            If an operator cannot say what its state is.
        """
        assert self._job is not None
        return self._job.snapshot()

    def metrics(self) -> dict[str, Any]:
        """Return the counters as of now."""
        assert self._job is not None
        return self._job.metrics()

    def row_count(self, operator_id: str) -> int | None:
        """Return how many rows a source has, or None if nobody knows."""
        source = self._plan.sources.get(operator_id) if self._plan is not None else None
        return None if source is None else source.row_count

    def close(self) -> None:
        """Stop what still runs, remove what is not published. May be called again."""
        with self._lock:
            self._is_closed = True
            for feeder in self._feeders:
                feeder.stop()
            if self._job is not None:
                self._job.close()
            _join(self._drains)
            for drain in self._drains:
                drain.writer.discard()
            if self._plan is not None:
                self._plan.close()
        live_runs.remove(self)

    def _check_open(self) -> None:
        if self._is_closed:
            raise JobCanceledError("the job was closed")

    def _publish(self) -> None:
        for drain in self._drains:
            try:
                drain.writer.publish()
            except OSError as error:
                drain.failure = error
                raise self._drain_failure(drain) from error
        for operator_id, source in self._plan.sources.items() if self._plan else ():
            try:
                source.finish()
            except OSError as error:  # pyarrow's, too
                title = self.graph.operators[operator_id].title
                raise JobFailedError(
                    f"{title}: parameter 'dead_letter': {type(error).__name__}: {error}"
                ) from error

    def _open_writers(self, job: Job, plan: Plan) -> None:
        for node in self.graph.get_sinks():
            if sink_kind(node) == "stream":
                writer = open_writer(node, plan.output_schema(node.operator_id), self._data_dir)
                stream = job.sink_stream(node.operator_id)
                self._drains.append(Drain(stream, writer, node.title, sink_target(node)))

    def _wait_through_interrupts(self) -> KeyboardInterrupt | None:
        """Wait for the end; Ctrl-C asks for it, and a second Ctrl-C insists."""
        interrupt: KeyboardInterrupt | None = None
        with Progress(self) as progress:
            while True:
                try:
                    if self.wait(_WAIT_MS):
                        return interrupt
                    progress.update()
                except KeyboardInterrupt as error:
                    is_first = interrupt is None
                    interrupt = error
                    self.stop("drain" if is_first and self.is_endless else "cancel")
                except JobCanceledError:
                    if interrupt is not None:
                        raise interrupt from None
                    raise

    def _failure_of(self, error: JobFailedError) -> JobFailedError:
        """Return the error that says most: a sink's own one, or the engine's with what it read."""
        error = _told_once(error)
        for drain in self._drains:
            if drain.failure is not None:
                return self._drain_failure(drain)
        for operator_id, source in self._plan.sources.items() if self._plan else ():
            where = source.describe()
            if self.graph.operators[operator_id].name == error.operator and where not in str(error):
                located = type(error)(f"{error} (reading {where})")
                located.is_retryable = error.is_retryable
                return located
        return error

    def _cause_of(self, error: JobFailedError) -> BaseException | None:
        threads: Sequence[Drain | Feeder] = (*self._drains, *self._feeders)
        failed = (thread.failure for thread in threads if thread.failure is not None)
        return next(failed, error.__cause__)

    def _drain_failure(self, drain: Drain) -> JobFailedError:
        failure = drain.failure
        return JobFailedError(
            f"{drain.title}: writing to {drain.target} failed: {type(failure).__name__}: {failure}"
        )


def _told_once(error: JobFailedError) -> JobFailedError:
    """Return the error with its operator named once: functions name it, and so does the engine."""
    title, _, rest = str(error).partition(": ")
    kind, _, rest = rest.partition(": ")
    if not kind.isidentifier() or not rest.startswith(f"{title}: "):
        return error
    told = type(error)(rest)
    told.is_retryable = error.is_retryable
    return told


def _join(threads: Sequence[Drain]) -> None:
    deadline = time.monotonic() + _JOIN_SECONDS
    for thread in threads:
        if thread.ident is not None:
            thread.join(max(0.0, deadline - time.monotonic()))
