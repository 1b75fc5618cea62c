# SPDX-License-Identifier: Apache-2.0
"""A job as a graph of operators: what the user draws, checks, explains and runs."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sabot.errors import InvalidJobError
from sabot.execution.node import StreamOperatorNode
from sabot.execution.opened_sources import OpenedSources
from sabot.execution.operator_type import OperatorType
from sabot.execution.topology import sort_operators
from sabot.operators.base_operator import BaseOperator

if TYPE_CHECKING:
    from sabot.compiler.plan_optimizer import PlanOptimizer
    from sabot.execution.run import RunOptions
    from sabot.execution.statistics import LatestRun

__all__ = ["Edge", "JobGraph", "OperatorType", "StreamOperatorNode"]

Mode = Literal["batch", "streaming"]


class Edge(NamedTuple):
    """Rows of `upstream` enter `downstream` at input `port` (0 is left, 1 is right)."""

    upstream: str
    downstream: str
    port: int


class JobGraph:
    """Operators and how they are connected.

    Parameters
    ----------
    job_name
        For logs and plans.
    mode
        ``'batch'``: a topic is read to the end it had when the job started. ``'streaming'``: it
        never ends.
    default_parallelism
        Tasks of an operator that does not say, where a job is spread over agents. In one process
        every operator runs on all of the engine's threads: `run` says how many.
    checkpoint_interval_ms
        Time between checkpoints of a streaming job.
    state_backend
        Where keyed state lives; ``'auto'`` chooses.

    Attributes
    ----------
    operators
        The nodes by id, in the order they were added.
    edges
        The connections, in the order they were made.

    Examples
    --------
    >>> graph = JobGraph("even_numbers")
    >>> numbers = graph.add_operator(
    ...     StreamOperatorNode(
    ...         OperatorType.SOURCE, "numbers", {"data": [{"n": n} for n in range(6)]}
    ...     )
    ... )
    >>> even = graph.add_operator(
    ...     StreamOperatorNode(
    ...         OperatorType.FILTER, "even", {"column": "n", "operator": ">", "value": 3}
    ...     )
    ... )
    >>> out = graph.add_operator(StreamOperatorNode(OperatorType.SINK, "out"))
    >>> graph.connect(numbers, even)
    >>> graph.connect(even, out)
    >>> graph.run()["outputs"]["out"].to_pylist()
    [{'n': 4}, {'n': 5}]
    """

    def __init__(
        self,
        job_name: str = "unnamed_job",
        *,
        mode: Mode = "batch",
        default_parallelism: int = 4,
        checkpoint_interval_ms: int = 60000,
        state_backend: str = "auto",
    ) -> None:
        if mode not in ("batch", "streaming"):
            raise InvalidJobError(f"mode is {mode!r}; allowed: 'batch', 'streaming'")
        self.job_name = job_name
        self.mode = mode
        self.default_parallelism = default_parallelism
        self.checkpoint_interval_ms = checkpoint_interval_ms
        self.state_backend = state_backend
        self.job_id = f"job-{uuid.uuid4().hex[:12]}"
        self.created_at = time.time()
        self.operators: dict[str, StreamOperatorNode] = {}
        self.edges: list[Edge] = []
        self._operator_classes: dict[str, type[BaseOperator]] = {}
        self._opened_sources = OpenedSources()
        self._runs: list[Any] = []
        self._latest_run: LatestRun | None = None
        self._runs_lock = threading.Lock()

    def add_operator(self, node: StreamOperatorNode | BaseOperator) -> str:
        """Add an operator and return its id.

        Parameters
        ----------
        node
            A node, or an operator object, which becomes a CUSTOM node.

        Raises
        ------
        InvalidJobError
            If an operator of this id is there already.
        """
        if isinstance(node, BaseOperator):
            node = StreamOperatorNode(
                OperatorType.CUSTOM,
                node.get_operator_name(),
                {"operator": type(node).__name__},
                function=node,
                stateful=node.is_stateful(),
            )
        if not isinstance(node, StreamOperatorNode):
            raise TypeError(
                f"expected a StreamOperatorNode or a BaseOperator object, found {node!r}"
            )
        if node.operator_id in self.operators:
            raise InvalidJobError(f"{node.title}: the id {node.operator_id!r} is taken")
        self.operators[node.operator_id] = node
        return node.operator_id

    def connect(self, up_id: str, down_id: str) -> None:
        """Let the rows of `up_id` enter `down_id`.

        The order of connections gives the inputs: the first one of a join is the left side.

        Raises
        ------
        ValueError
            If there is no such operator.
        """
        for operator_id in (up_id, down_id):
            if operator_id not in self.operators:
                names = ", ".join(f"{key} ({n.name})" for key, n in self.operators.items())
                raise InvalidJobError(
                    f"connect: there is no operator {operator_id!r}; the operators are: "
                    f"{names or 'none'}"
                )
        upstream, downstream = self.operators[up_id], self.operators[down_id]
        self.edges.append(Edge(up_id, down_id, len(downstream.upstream_ids)))
        upstream.downstream_ids.append(down_id)
        downstream.upstream_ids.append(up_id)

    def register_operator(self, cls: type[BaseOperator], name: str | None = None) -> str:
        """Make a class usable as ``parameters={'operator': name, ...}`` of a CUSTOM node.

        Parameters
        ----------
        cls
            A class with ``process_batch``; the other parameters go to its constructor.
        name
            Default the name of the class.
        """
        if not (isinstance(cls, type) and hasattr(cls, "process_batch")):
            raise TypeError(f"expected a class with process_batch(), found {cls!r}")
        name = name or cls.__name__
        self._operator_classes[name] = cls
        return name

    def run(
        self, optimize: bool | PlanOptimizer = True, parallelism: int | None = None
    ) -> dict[str, Any]:
        """Run the job in this process and return what came of it.

        An endless graph runs until `stop` or Ctrl-C. Ctrl-C ends a bounded job at once and lets an
        endless one finish the rows it has read; then KeyboardInterrupt goes on.

        Parameters
        ----------
        optimize
            Let the optimizer draw the graph anew for this run; the graph itself stays as it is. A
            `PlanOptimizer` says with which passes, and has the statistics then.
        parallelism
            Engine threads; default one per processor this process may use.

        Returns
        -------
        dict
            ``job_id``, ``status``, ``optimization_time_ms``, ``execution_time_ms``, ``outputs``
            (a `pyarrow.Table` per collecting sink, by name), ``rows_in`` (what sources have read,
            before their filters), ``rows_out``, ``metrics`` and ``ledger`` (a `pyarrow.Table`: what
            became of the rows, per operator and reason; `docs/reference/ledger.md`).

        Raises
        ------
        InvalidJobError
            If the graph is wrong; nothing has run.
        JobFailedError
            If the job failed; ``__cause__`` has the first reason.
        """
        from sabot.execution.run import Run

        return Run(self, _options(optimize, parallelism)).execute()

    async def run_async(
        self, optimize: bool | PlanOptimizer = True, parallelism: int | None = None
    ) -> dict[str, Any]:
        """Run the job while the event loop goes on; as `run`.

        Canceling the task cancels the job and waits for its threads.
        """
        from sabot.execution.run import Run
        from sabot.execution.run_async import execute_async

        return await execute_async(Run(self, _options(optimize, parallelism)))

    def stop(self) -> None:
        """End every run of this graph: what was read is finished and written. From any thread."""
        with self._runs_lock:
            runs = list(self._runs)
        for run in runs:
            run.stop()

    def explain(
        self,
        format: Literal["text", "json"] = "text",
        *,
        optimize: bool | PlanOptimizer | None = None,
    ) -> str:
        """Return the plan, the same text for the same graph and the same rows.

        Behind an operator stands how many rows it is thought to give (``~1,000 rows``), where its
        sources know how many they have. After `run`, it is the plan that ran, with the rows that
        came (``990 rows (~1,000 estimated)``), until the graph is changed; as JSON also with the
        time each operator took.

        Parameters
        ----------
        format
            Text for people, or JSON.
        optimize
            Show the plan as it was drawn, what `run` makes of it with the same argument, and the
            story of how; False: only as it was drawn. Default: as it was drawn, after a run as it
            ran.

        Raises
        ------
        InvalidJobError
            If the graph is wrong.
        """
        from sabot.execution.explanation import explain
        from sabot.execution.optimization import passes_of
        from sabot.execution.plan import Plan, is_plan_of

        latest = self._latest_run
        if latest is not None and not is_plan_of(latest.identity, self):
            latest = None
        if optimize is None and latest is not None:
            return latest.explain(format)
        passes = passes_of(optimize or False)
        if passes is not None:
            plan = Plan.build_to_show(self, passes, has_estimates=True)
            return explain(plan, format, latest)
        plan = Plan.build(self)
        try:
            return plan.explain(format)
        finally:
            plan.leave()

    def validate(self) -> bool:
        """Check operators, parameters, connections and columns; return True.

        Sources are opened to learn their columns: a generator without a declared schema runs up to
        its first item, and functions are called with no row, or with one.

        Raises
        ------
        InvalidJobError
            On a cycle, a missing input, an unknown or wrong parameter, an unknown column.
        """
        from sabot.execution.plan import Plan

        Plan.build(self).leave()
        return True

    def topological_sort(self) -> list[StreamOperatorNode]:
        """Return the operators with inputs before outputs, otherwise as they were added.

        Raises
        ------
        InvalidJobError
            If there is a cycle.
        """
        return sort_operators(self.operators, self.edges)

    def get_sources(self) -> list[StreamOperatorNode]:
        """Return the SOURCE operators."""
        return [node for node in self.operators.values() if node.is_source()]

    def get_sinks(self) -> list[StreamOperatorNode]:
        """Return the SINK operators."""
        return [node for node in self.operators.values() if node.is_sink()]

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form, with functions and rows; `from_dict` reads it back, exactly.

        Raises
        ------
        InvalidJobError
            If a function cannot be pickled, or the rows are over 16 MiB or can be read only once.
        """
        from sabot.execution.wire import graph_to_dict

        return graph_to_dict(self)

    @classmethod
    def from_dict(cls, form: Mapping[str, Any]) -> JobGraph:
        """Return the graph of a wire form. It runs pickled code: trust where it comes from.

        Raises
        ------
        InvalidJobError
            If the form is of another version, damaged, or of another Python version.
        """
        from sabot.execution.wire import graph_from_dict

        return graph_from_dict(form)

    def __repr__(self) -> str:
        return (
            f"JobGraph({self.job_name!r}, mode={self.mode!r}, "
            f"{len(self.operators)} operators, {len(self.edges)} edges)"
        )


def _options(optimize: bool | PlanOptimizer, parallelism: int | None) -> RunOptions:
    from sabot.execution.run import RunOptions

    if parallelism is not None and (not isinstance(parallelism, int) or parallelism < 1):
        raise InvalidJobError(f"run: parallelism is {parallelism!r}; allowed: None, 1 and more")
    return RunOptions(worker_count=parallelism or 0, optimize=optimize)
