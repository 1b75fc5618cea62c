# SPDX-License-Identifier: Apache-2.0
"""A `JobGraph` of what the engine's optimizer has drawn.

The engine knows operators by their wire form, without functions, rows and file systems. Those come
from the operators of the same id in the graph that was optimized.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sabot.execution.wire import decode_parameter, is_for_python, link_nodes, node_from_dict

if TYPE_CHECKING:
    from sabot._core import Graph
    from sabot.execution.job_graph import JobGraph
    from sabot.execution.node import StreamOperatorNode

__all__ = ["optimized_graph"]

Record = Mapping[str, Any]


def optimized_graph(graph: JobGraph, drawn: Graph, optimized: Graph) -> JobGraph:
    """Return the optimized graph as the user's objects.

    Parameters
    ----------
    graph
        What the user drew; stays as it is.
    drawn, optimized
        The same in the engine, before and after.
    """
    from sabot.execution.job_graph import Edge, JobGraph

    before: Record = json.loads(drawn.to_json())
    after: Record = json.loads(optimized.to_json())
    records = {record["operator_id"]: record for record in before["operators"]}
    result = JobGraph(
        graph.job_name,
        mode=graph.mode,
        default_parallelism=graph.default_parallelism,
        checkpoint_interval_ms=graph.checkpoint_interval_ms,
        state_backend=graph.state_backend,
    )
    result.job_id = graph.job_id
    result.created_at = graph.created_at
    result._operator_classes = dict(graph._operator_classes)
    result._opened_sources = graph._opened_sources
    for record in after["operators"]:
        known = records.get(record["operator_id"])
        if known is None or known["operator_type"] != record["operator_type"]:
            result.add_operator(node_from_dict(record))
        else:
            node = graph.operators[record["operator_id"]]
            result.add_operator(_node_like(node, known, record))
    result.edges.extend(
        Edge(record["from"], record["to"], record["port"]) for record in after["edges"]
    )
    link_nodes(result)
    return result


def _node_like(node: StreamOperatorNode, before: Record, after: Record) -> StreamOperatorNode:
    """Return a copy of a node with what the optimizer has changed."""
    fields = {key: value for key, value in after.items() if key != "operator_type"}
    fields["parameters"] = _parameters(node, before["parameters"], after["parameters"])
    fields["function"] = node.function
    return type(node)(operator_type=node.operator_type, **fields)


def _parameters(node: StreamOperatorNode, before: Record, after: Record) -> dict[str, Any]:
    if before == after:
        return dict(node.parameters)
    kept = {
        key: value
        for key, value in node.parameters.items()
        if is_for_python(node, key) or (key in after and after[key] == before.get(key))
    }
    changed = {
        key: decode_parameter(node.title, key, value)
        for key, value in after.items()
        if key not in before or before[key] != value
    }
    return {**kept, **changed}
