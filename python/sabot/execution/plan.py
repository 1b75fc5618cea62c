# SPDX-License-Identifier: Apache-2.0
"""A graph that the engine has checked, with its sources opened and its functions understood."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from sabot import _time_zones
from sabot._core import Graph, processor_count
from sabot.connect.redaction import has_scheme
from sabot.connect.sink import sink_kind
from sabot.connect.source import Source, SourceSettings, open_source
from sabot.connect.topic_store import default_data_dir
from sabot.errors import InvalidJobError
from sabot.execution.operator_function import OperatorFunction
from sabot.execution.operator_type import OperatorType
from sabot.execution.statistics import LatestRun, tell_statistics
from sabot.execution.wire import engine_json

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
    core
        The engine's graph, validated.
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
        self._function_inputs: dict[str, pa.Schema] = {}
        self.untold: Mapping[str, Source] = {}
        form = engine_json(graph)
        self.core = Graph.from_json(form)
        self.identity = _identity(graph, form)

    @classmethod
    def build(
        cls,
        graph: JobGraph,
        worker_count: int = 0,
        data_dir: str | None = None,
        *,
        is_narrowing: bool = False,
    ) -> Plan:
        """Open the sources and let the engine check everything.

        Parameters
        ----------
        is_narrowing
            Let sources leave out the columns that nobody needs.

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
            plan.core.validate(plan._resolve)
            if any(
                node.operator_type is OperatorType.HASH_JOIN for node in graph.operators.values()
            ):
                plan.tell_statistics()  # elsewhere no plan depends on them
            if is_narrowing:
                plan._narrow()
                plan.core.validate(plan._resolve)
        except BaseException:
            plan.leave()
            raise
        return plan

    @property
    def is_endless(self) -> bool:
        """Whether the job goes on until it is stopped."""
        return any(source.is_endless for source in self.sources.values())

    def output_schema(self, operator_id: str) -> pa.Schema:
        """Return the columns that an operator emits."""
        return pa.Schema._import_from_c_capsule(self.core.output_schema(operator_id))

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
        return LatestRun(self.identity, self.core, metrics, counted)

    def leave(self) -> Plan:
        """Close a plan that nobody runs. A generator that has begun waits for the next plan."""
        for operator_id, source in self.sources.items():
            if source.is_reusable:
                node = self.graph.operators[operator_id]
                self.graph._opened_sources[operator_id] = (_fingerprint(node), source)
        self.close()
        return self

    def close(self) -> None:
        """Give back what sources and functions hold; the job is over, or there was none."""
        for function in self.functions.values():
            function.close()
        for source in self.sources.values():
            source.close()

    def _open_sources(self) -> None:
        settings = SourceSettings(
            is_streaming=self.graph.mode == "streaming",
            data_dir=self.data_dir,
            worker_count=self.worker_count,
        )
        for node in self.graph.get_sources():
            fingerprint, source = self.graph._opened_sources.pop(node.operator_id, (None, None))
            if source is None or fingerprint != _fingerprint(node):
                source = open_source(node, settings)
            if source is not None:
                self.sources[node.operator_id] = source
                self.core.set_source_schema(node.operator_id, source.schema)
        self.untold = dict(self.sources)

    def _narrow(self) -> None:
        """Drop columns that nobody needs where they are read or selected."""
        required = {
            operator_id: self.core.required_columns(operator_id, len(source.schema))
            for operator_id, source in self.sources.items()
        }
        self.core.narrow_selects()
        for operator_id, source in self.sources.items():
            names = [source.schema.names[i] for i in required[operator_id]]
            if len(names) < len(source.schema) and source.narrow(names):
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


_BY_IDENTITY = ("data", "table", "schema", "column_types", "filters", "filesystem")


def _fingerprint(node: StreamOperatorNode) -> Mapping[str, Any]:
    """Return what must be the same for an opened source to be used again."""
    return {
        key: id(value) if key in _BY_IDENTITY else value for key, value in node.parameters.items()
    }


def _identity(graph: JobGraph, form: str) -> object:
    return form, {key: _fingerprint(node) for key, node in graph.operators.items()}


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
