# SPDX-License-Identifier: Apache-2.0
"""The wire form of a graph: JSON that travels, and JSON for the engine of this process.

`docs/design/0001-wire-form.md` is the specification. The form that travels carries functions and
rows; the one for the engine says only that there are some, because they are bound in process, and
leaves out what Python alone needs to know (``parameters['schema']``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sabot._literals import decode_literal, encode_literal
from sabot.connect.redaction import redact
from sabot.connect.rows import schema_of
from sabot.connect.source_filters import filters_of
from sabot.errors import InvalidJobError
from sabot.execution.data_wire import (
    BOUND,
    decode_data,
    decode_schema,
    encode_data,
    encode_schema,
)
from sabot.execution.function_wire import decode_function, encode_function
from sabot.execution.node import StreamOperatorNode
from sabot.execution.operator_type import OperatorType
from sabot.expressions import Expr, col

if TYPE_CHECKING:
    from sabot.execution.job_graph import JobGraph

__all__ = [
    "VERSION",
    "decode_parameter",
    "engine_json",
    "graph_from_dict",
    "graph_to_dict",
    "is_for_python",
    "link_nodes",
    "node_from_dict",
    "node_to_dict",
]

VERSION = 1

_GRAPH_FIELDS = (
    "job_name",
    "mode",
    "default_parallelism",
    "checkpoint_interval_ms",
    "state_backend",
)
_NODE_FIELDS = (
    "operator_id",
    "operator_type",
    "name",
    "parameters",
    "function",
    "stateful",
    "key_by",
    "parallelism",
    "max_parallelism",
    "memory_mb",
    "cpu_cores",
    "parts",
)
_COMPARISONS = {
    ">": "greater",
    ">=": "greater_equal",
    "<": "less",
    "<=": "less_equal",
    "==": "equal",
    "!=": "not_equal",
}
_WITH_LANE = (
    OperatorType.FILTER,
    OperatorType.FLAT_MAP,
    OperatorType.MAP,
    OperatorType.REDUCE,
)
_JSON_SCALARS = (type(None), bool, int, str)
# The engine only asks whether there is a function.
_FUNCTION_HERE = {"kind": "cloudpickle", "python": "", "sha256": "", "data": ""}


def node_to_dict(node: StreamOperatorNode, function: Any = None) -> dict[str, Any]:
    """Return one operator as it travels; `function` replaces the node's own."""
    function = node.function if function is None else function
    return {
        "operator_id": node.operator_id,
        "operator_type": node.operator_type.value,
        "name": node.name,
        "parameters": {
            key: _encode_parameter(node, key, value)
            for key, value in node.parameters.items()
            if not _is_function(node, key)
        },
        "function": None if function is None else encode_function(function, node.title),
        "stateful": node.stateful,
        "key_by": node.key_by,
        "parallelism": node.parallelism,
        "max_parallelism": node.max_parallelism,
        "memory_mb": node.memory_mb,
        "cpu_cores": node.cpu_cores,
        **_parts(node),
    }


def node_from_dict(record: Mapping[str, Any]) -> StreamOperatorNode:
    """Return the operator of `node_to_dict`'s form."""
    title = f"operator '{record.get('name')}' ({record.get('operator_type')})"
    unknown = sorted(set(record) - set(_NODE_FIELDS))
    if unknown:
        raise InvalidJobError(f"{title}: unknown field {unknown[0]!r}; allowed: {_NODE_FIELDS}")
    fields = dict(record)
    try:
        fields["operator_type"] = OperatorType(fields.get("operator_type"))
    except ValueError as error:
        allowed = ", ".join(kind.value for kind in OperatorType)
        raise InvalidJobError(f"{title}: unknown type; allowed: {allowed}") from error
    fields["parameters"] = {
        key: decode_parameter(title, key, value)
        for key, value in (fields.get("parameters") or {}).items()
    }
    if fields.get("function") is not None:
        fields["function"] = decode_function(fields["function"], title)
    return StreamOperatorNode(**fields)


def engine_json(graph: JobGraph) -> str:
    """Return the wire form for the engine of this process."""
    form = graph_fields(graph)
    form["operators"] = [_engine_node(node) for node in graph.operators.values()]
    try:
        return json.dumps(form, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidJobError(_find_unwritable(graph, str(error))) from error


def graph_fields(graph: JobGraph) -> dict[str, Any]:
    """Return the wire form without operators."""
    return {
        "version": VERSION,
        "job_id": graph.job_id,
        "job_name": graph.job_name,
        "mode": graph.mode,
        "default_parallelism": graph.default_parallelism,
        "checkpoint_interval_ms": graph.checkpoint_interval_ms,
        "state_backend": graph.state_backend,
        "operators": [],
        "edges": [
            {"from": edge.upstream, "to": edge.downstream, "port": edge.port}
            for edge in graph.edges
        ],
    }


def _engine_node(node: StreamOperatorNode) -> dict[str, Any]:
    parameters = {
        key: _engine_parameter(node, key, value)
        for key, value in node.parameters.items()
        if not is_for_python(node, key)
    }
    has_function = node.function is not None or node.operator_type is OperatorType.CUSTOM
    if node.operator_type is OperatorType.CUSTOM:
        parameters = {"operator": str(parameters.get("operator", node.name))}
    elif node.operator_type is OperatorType.FILTER:
        parameters = _with_predicate(node, parameters)
    if callable(node.function) and node.operator_type in _WITH_LANE:
        from sabot.udf.lane import lane_of

        parameters["lane"] = str(lane_of(node.function))
    return {
        "operator_id": node.operator_id,
        "operator_type": node.operator_type.value,
        "name": node.name,
        "parameters": parameters,
        "function": dict(_FUNCTION_HERE) if has_function else None,
        "stateful": node.stateful,
        "key_by": node.key_by,
        "parallelism": node.parallelism,
        "max_parallelism": node.max_parallelism,
        "memory_mb": node.memory_mb,
        "cpu_cores": node.cpu_cores,
        **_parts(node),
    }


def _parts(node: StreamOperatorNode) -> dict[str, Any]:
    return {"parts": [dict(part) for part in node.parts]} if node.parts else {}


def is_for_python(node: StreamOperatorNode, key: str) -> bool:
    """Return whether a parameter is Python's alone, and never the engine's."""
    if node.operator_type is OperatorType.REDUCE and key == "initial":
        return True
    return key == "schema" or (key == "data_dir" and node.is_sink()) or _is_function(node, key)


def _is_function(node: StreamOperatorNode, key: str) -> bool:
    """Return whether ``parameters['function']`` is the node's function, said the other way."""
    return key == "function" and node.function is not None


def _engine_parameter(node: StreamOperatorNode, key: str, value: Any) -> Any:
    if (node.is_source() and key in ("data", "table")) or (node.is_sink() and key == "callback"):
        return dict(BOUND)
    if node.operator_type is OperatorType.CUSTOM:
        return value
    if node.is_source() and key == "filters":
        filters_of(node)  # nothing but expressions may go on
    if key == "filesystem":
        return dict(BOUND)
    if key in ("storage_options", "column_types"):
        return {}  # EXPLAIN and errors know no secrets
    if key == "path":
        return _plain(_redacted(value), lambda item: str(item))
    return _encode_parameter(node, key, value)


def _redacted(path: Any) -> Any:
    """Return a path, or a list of them, without credentials."""
    if isinstance(path, list | tuple):
        return [_redacted(item) for item in path]
    return redact(path) if isinstance(path, str | os.PathLike) else path


def _with_predicate(node: StreamOperatorNode, parameters: dict[str, Any]) -> dict[str, Any]:
    """Write ``column > value`` as an expression where JSON cannot say the value."""
    value = parameters.get("value")
    if not isinstance(value, Mapping) or "column" not in parameters:
        return parameters
    operator = parameters.get("operator", ">")
    if operator not in _COMPARISONS:
        allowed = ", ".join(repr(name) for name in _COMPARISONS)
        raise InvalidJobError(
            f"{node.title}: parameter 'operator': {operator!r} is unknown; allowed: {allowed}"
        )
    args = [col(parameters["column"]).to_dict(), dict(value)]
    rest = {
        key: item for key, item in parameters.items() if key not in ("column", "value", "operator")
    }
    return {**rest, "predicate": {"call": _COMPARISONS[operator], "args": args}}


def _encode_parameter(node: StreamOperatorNode, key: str, value: Any) -> Any:
    if node.is_source() and key in ("data", "table"):
        return encode_data(value, node.parameters.get("schema"), node.title)
    if key == "schema":
        return encode_schema(value, node.title)
    if key == "column_types" and node.is_source():
        return encode_schema(schema_of(value, node.title, key), node.title)
    if key == "callback" and callable(value):
        return encode_function(value, node.title)
    if key == "value" and node.operator_type is OperatorType.FILTER:
        return _encode_value(node, value)
    if key == "initial" and not isinstance(value, _JSON_SCALARS):
        return encode_function(value, node.title)  # exactly as it is: a tuple stays a tuple
    return _plain(value, lambda item: encode_function(item, node.title))


def _encode_value(node: StreamOperatorNode, value: Any) -> Any:
    try:
        literal = encode_literal(value, None)
    except (TypeError, OverflowError, ValueError) as error:
        raise InvalidJobError(f"{node.title}: parameter 'value': {error}") from error
    return literal if "type" in literal else literal["lit"]


def _plain(value: Any, encode_object: Callable[[Any], Any]) -> Any:
    """Return `value` as JSON has it; objects that JSON does not know are pickled."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Expr):
        return value.to_dict()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item, encode_object) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, encode_object) for item in value]
    return encode_object(value)


def decode_parameter(title: str, key: str, value: Any) -> Any:
    """Return a parameter as users give it, from its wire form; `title` names its operator."""
    if key in ("data", "table"):
        return decode_data(value, title)
    if key == "filters" and isinstance(value, list):
        return [Expr.from_dict(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if key in ("predicate", "filters"):
        return Expr.from_dict(value)
    if key == "expressions":
        return {name: Expr.from_dict(node) for name, node in value.items()}
    if key == "value" and "lit" in value:
        return decode_literal(value)
    if value.get("kind") == "arrow_schema":
        return decode_schema(value)
    if value.get("kind") == "cloudpickle":
        return decode_function(value, title)
    return dict(value)


def _find_unwritable(graph: JobGraph, reason: str) -> str:
    for node in graph.operators.values():
        for key, value in node.parameters.items():
            try:
                json.dumps(_engine_parameter(node, key, value), allow_nan=False)
            except (TypeError, ValueError):
                return f"{node.title}: parameter {key!r}: {value!r} is not allowed: {reason}"
    return f"the graph cannot be written as JSON: {reason}"


def graph_to_dict(graph: JobGraph) -> dict[str, Any]:
    """Return the wire form that travels."""
    form = graph_fields(graph)
    for node in graph.operators.values():
        cls = graph._operator_classes.get(str(node.parameters.get("operator")))
        is_by_name = node.operator_type is OperatorType.CUSTOM and node.function is None
        form["operators"].append(node_to_dict(node, cls if is_by_name else None))
    return form


def graph_from_dict(form: Mapping[str, Any]) -> JobGraph:
    """Return the graph of a wire form."""
    from sabot.execution.job_graph import Edge, JobGraph

    if not isinstance(form, Mapping) or form.get("version") != VERSION:
        version = form.get("version") if isinstance(form, Mapping) else form
        raise InvalidJobError(
            f"graph: version {version!r} is unknown; this Sabot reads version {VERSION}"
        )
    unknown = sorted(set(form) - {*_GRAPH_FIELDS, "version", "job_id", "operators", "edges"})
    if unknown:
        raise InvalidJobError(f"graph: unknown key {unknown[0]!r}")
    graph = JobGraph(**{key: form[key] for key in _GRAPH_FIELDS if key in form})
    graph.job_id = form.get("job_id", graph.job_id)
    for record in form.get("operators", ()):
        node = node_from_dict(record)
        if node.operator_type is OperatorType.CUSTOM and isinstance(node.function, type):
            graph.register_operator(node.function, str(node.parameters.get("operator")))
            node.function = None
        graph.add_operator(node)
    for record in form.get("edges", ()):
        edge = Edge(record.get("from"), record.get("to"), record.get("port", 0))
        for operator_id in (edge.upstream, edge.downstream):
            if operator_id not in graph.operators:
                raise InvalidJobError(f"graph: edge {dict(record)}: no operator {operator_id!r}")
        graph.edges.append(edge)
    link_nodes(graph)
    return graph


def link_nodes(graph: JobGraph) -> None:
    """Fill the nodes' upstream and downstream ids from the edges, inputs in port order."""
    for edge in graph.edges:
        graph.operators[edge.upstream].downstream_ids.append(edge.downstream)
    for edge in sorted(graph.edges, key=lambda edge: edge.port):
        graph.operators[edge.downstream].upstream_ids.append(edge.upstream)
