# SPDX-License-Identifier: Apache-2.0
"""A graph that the engine has checked, with its sources opened and its functions understood."""

from __future__ import annotations

import json
import os
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from sabot import _time_zones
from sabot._core import Graph, processor_count
from sabot.connect.redaction import has_scheme
from sabot.connect.sink import sink_kind
from sabot.connect.source import Source, SourceSettings, open_source
from sabot.connect.topic_store import default_data_dir
from sabot.errors import InvalidJobError
from sabot.execution.opened_sources import fingerprint
from sabot.execution.operator_function import OperatorFunction
from sabot.execution.operator_type import OperatorType
from sabot.execution.optimization import Optimization, Passes, optimize
from sabot.execution.optimized_graph import optimized_graph
from sabot.execution.statistics import (
    LatestRun,
    statistics_needed,
    tell_row_counts,
    tell_statistics,
)
from sabot.execution.wire import engine_json
from sabot.expressions import Expr

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sabot.execution.job_graph import JobGraph
    from sabot.execution.node import StreamOperatorNode

__all__ = ["Plan", "is_plan_of"]

_time_zones.name_packaged_zones()


class Plan:
    """What a run needs to know; made by `build`, used once.

    Attributes
    ----------
    graph
        What the user drew.
    drawn, core
        The same in the engine, validated, and what runs: an optimized form of it, if wished.
    optimization
        What the optimizer did; None where it was not asked.
    optimization_ms
        What that took, with all that is only done for it: statistics, another validation.
    sources
        By operator id; without those the engine feeds itself.
    functions
        By operator id: MAP and FILTER with a function, CUSTOM.
    untold
        Sources whose statistics the engine has not been told.
    identity
        Equal for plans of an unchanged graph.
    """

    def __init__(self, graph: JobGraph, worker_count: int, data_dir: str) -> None:
        self.graph = graph
        self.data_dir = data_dir
        self.worker_count = worker_count or processor_count()
        self.sources: dict[str, Source] = {}
        self.functions: dict[str, OperatorFunction] = {}
        self.optimization: Optimization | None = None
        self.optimization_ms = 0.0
        self._opened: dict[str, Source] = {}
        self._narrowed: set[str] = set()
        self._function_inputs: dict[str, pa.Schema] = {}
        self.untold: Mapping[str, Source] = {}
        form = engine_json(graph)
        self.core = self.drawn = Graph.from_json(form)
        self.identity = _identity(graph, form)

    @classmethod
    def build(
        cls,
        graph: JobGraph,
        worker_count: int = 0,
        data_dir: str | None = None,
        *,
        passes: Passes | None = None,
    ) -> Plan:
        """Open the sources and let the engine check everything.

        Parameters
        ----------
        passes
            What the optimizer may do before the graph runs; None runs it as it was drawn.

        Raises
        ------
        InvalidJobError
            If the graph is wrong.
        """
        graph.topological_sort()
        _check_sinks(graph)
        plan = cls(graph, worker_count, data_dir or default_data_dir())
        try:
            plan._open_sources()
            plan.drawn.validate(plan._resolve)
            if passes is not None:
                begin = time.perf_counter()
                plan._tell_what_is_needed()
                plan._optimize(passes)
                plan._narrow_sources()
                plan.core.validate(plan._resolve)
                plan.optimization_ms = (time.perf_counter() - begin) * 1000
        except BaseException:
            plan.leave()
            raise
        return plan

    @classmethod
    def build_to_show(cls, graph: JobGraph, passes: Passes, *, has_estimates: bool = False) -> Plan:
        """Return the optimized plan of a graph that does not run now: its sources stay whole.

        Parameters
        ----------
        has_estimates
            For EXPLAIN: with the numbers of rows that are expected.

        Raises
        ------
        InvalidJobError
            If the graph is wrong.
        """
        plan = cls.build(graph)
        try:
            if has_estimates:
                plan.tell_statistics()
            else:
                plan._tell_what_is_needed()
            plan._optimize(passes)
            plan.core.validate(plan._resolve)
        finally:
            plan.leave()
        return plan

    @cached_property
    def running_graph(self) -> JobGraph:
        """The graph that runs: the optimized one as the user's objects, or the user's own."""
        return self.graph if self.core is self.drawn else self.optimized_graph()

    def optimized_graph(self) -> JobGraph:
        """Return a new graph of the user's objects that is drawn like what runs."""
        return optimized_graph(self.graph, self.drawn, self.core)

    @property
    def is_endless(self) -> bool:
        """Whether the job goes on until it is stopped."""
        return any(source.is_endless for source in self.sources.values())

    @property
    def parts(self) -> dict[str, list[str]]:
        """By id of an operator that does the work of others: their names, in that order."""
        return {
            record["operator_id"]: [part["name"] for part in record["parts"]]
            for record in self._records
            if record.get("parts")
        }

    @cached_property
    def _records(self) -> list[dict[str, Any]]:
        """The operators that run, as the engine writes them."""
        return list(json.loads(self.core.to_json())["operators"])

    def output_schema(self, operator_id: str) -> pa.Schema:
        """Return the columns that an operator emits."""
        return pa.Schema._import_from_c_capsule(self.core.output_schema(operator_id))

    def columns_of(self, operator_id: str, host_id: str) -> list[str]:
        """Return the names of what an operator emits whose work `host_id` did.

        Of one that was merged away before the graph came here nobody knows; then the host's.
        """
        is_drawn = operator_id in self.graph.operators
        core, known = (self.drawn, operator_id) if is_drawn else (self.core, host_id)
        return list(pa.Schema._import_from_c_capsule(core.output_schema(known)).names)

    def explain(self, format: Literal["text", "json"] = "text") -> str:
        """Return the plan as text or JSON, with estimated rows where sources know theirs."""
        self.tell_statistics()
        return self.core.explain(format)

    def tell_statistics(self) -> None:
        """Tell the engine what the sources know of their rows, for estimates."""
        tell_statistics(self.core, self.untold)
        self.untold = {}

    def latest_run(self, metrics: list[dict[str, Any]]) -> LatestRun:
        """Return what is kept of a run of this plan, which is over."""
        counted = {key: one for key, one in self.untold.items() if one.row_count is not None}
        passes = self.optimization.passes if self.optimization is not None else None
        return LatestRun(self.identity, self.core, metrics, counted, passes)

    def leave(self) -> Plan:
        """Close a plan that nobody runs. A generator that has begun waits for the next plan."""
        for operator_id, source in self._opened.items():
            if source.is_reusable and operator_id not in self._narrowed:
                self.graph._opened_sources.put(self.graph.operators[operator_id], source)
        self.close()
        return self

    def close(self) -> None:
        """Give back what sources and functions hold; the job is over, or there was none."""
        for function in self.functions.values():
            function.close()
        for source in self._opened.values():
            source.close()

    def _open_sources(self) -> None:
        settings = SourceSettings(
            is_streaming=self.graph.mode == "streaming",
            data_dir=self.data_dir,
            worker_count=self.worker_count,
        )
        for node in self.graph.get_sources():
            source = self.graph._opened_sources.take(node) or open_source(node, settings)
            if source is not None:
                self._opened[node.operator_id] = source
                self.sources[node.operator_id] = source
                self.core.set_source_schema(node.operator_id, source.schema)
        self.untold = dict(self.sources)

    def _tell_what_is_needed(self) -> None:
        """Tell the engine of the sources what its plan depends on, and no more: it takes time."""
        needed = statistics_needed(self.graph)
        if needed == "columns":
            self.tell_statistics()
        elif needed == "row counts":
            self.untold = tell_row_counts(self.core, self.untold)

    def _optimize(self, passes: Passes) -> None:
        """Let the optimizer draw what runs; sources and functions that it left out do not run."""
        self.optimization = optimize(self.drawn, passes)
        if not self.optimization.has_changes:
            return
        self.core = self.optimization.core
        ids = {record["operator_id"] for record in self._records}
        self.sources = {key: source for key, source in self.sources.items() if key in ids}
        self.untold = {key: source for key, source in self.untold.items() if key in ids}
        for operator_id in [key for key in self.functions if key not in ids]:
            self.functions.pop(operator_id).close()

    def _narrow_sources(self) -> None:
        """Read no more than the optimized graph wants, where that is less than was drawn."""
        for operator_id, source in self.sources.items():
            text = self.core.source_request(operator_id)
            if self.core is self.drawn or text == self.drawn.source_request(operator_id):
                continue
            request = json.loads(text)
            wanted, filters = request["columns"], request["filters"]
            names = [n for n in source.schema.names if n in wanted] if wanted is not None else None
            self._narrowed.add(operator_id)
            if source.narrow(names, None if filters is None else Expr.from_dict(filters)):
                self.core.set_source_schema(operator_id, source.schema)

    def _resolve(self, operator_id: str, schema: object) -> pa.Schema:
        """Return what an operator with a function emits for the input the engine tells."""
        node = self.graph.operators[operator_id]
        input_schema = pa.Schema._import_from_c_capsule(schema)
        known = self._function_inputs.get(operator_id)
        if known is None or not known.equals(input_schema):
            self.functions[operator_id] = self._function_of(node, input_schema)
            self._function_inputs[operator_id] = input_schema
        return self.functions[operator_id].output_schema

    def _function_of(self, node: StreamOperatorNode, schema: pa.Schema) -> OperatorFunction:
        if node.operator_type is OperatorType.CUSTOM:
            from sabot.operators.custom_function import CustomFunction

            return CustomFunction(node, self.graph, schema)
        if node.operator_type is OperatorType.REDUCE:
            from sabot.udf.reduce_function import ReduceFunction

            return ReduceFunction(node, schema, self.is_endless)
        if node.operator_type is OperatorType.FLAT_MAP:
            from sabot.udf.flat_map_function import FlatMapFunction

            return FlatMapFunction(node, schema)
        from sabot.udf.batch_function import BatchFunction

        return BatchFunction(node, schema)


def _identity(graph: JobGraph, form: str) -> object:
    return form, {key: fingerprint(node) for key, node in graph.operators.items()}


def is_plan_of(identity: object, graph: JobGraph) -> bool:
    """Return whether a plan of this identity is one of the graph as it is now."""
    return identity == _identity(graph, engine_json(graph))


def _check_sinks(graph: JobGraph) -> None:
    """Refuse sinks that would be taken for each other.

    Collected rows are found by the name of their sink, and files by their path.
    """
    names: set[str] = set()
    targets: dict[str, StreamOperatorNode] = {}
    for node in graph.get_sinks():
        target = _file_target(node)
        if target is not None:
            other = targets.setdefault(target, node)
            if other is not node and {
                other.parameters.get("mode"),
                node.parameters.get("mode"),
            } != {"append"}:
                raise InvalidJobError(
                    f"{node.title}: parameter 'path': operator {other.name!r} writes there, too, "
                    "and the last one would win; give each its own path, or both the mode 'append' "
                    "to a folder"
                )
        if sink_kind(node) != "collect":
            continue
        if node.name in names:
            raise InvalidJobError(
                f"{node.title}: another collecting sink has this name; rows are returned by name, "
                "so give each its own"
            )
        names.add(node.name)


def _file_target(node: StreamOperatorNode) -> str | None:
    """Return where a sink puts its files, one spelling for each place; None without."""
    path = node.parameters.get("path")
    if not isinstance(path, str | os.PathLike):
        return None
    text = os.fspath(path)
    if node.parameters.get("filesystem") is not None or has_scheme(text):
        return text.rstrip("/")
    return os.path.realpath(text)
