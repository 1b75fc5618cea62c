# SPDX-License-Identifier: Apache-2.0
"""``parameters['function']`` and the node's ``function`` mean the same."""

from __future__ import annotations

import pyarrow as pa

from sabot import JobGraph, OperatorType, StreamOperatorNode


def _graph(**options: object) -> JobGraph:
    graph = JobGraph("mask")
    source = graph.add_operator(
        StreamOperatorNode(OperatorType.SOURCE, parameters={"data": pa.table({"x": range(10)})})
    )
    keep = graph.add_operator(StreamOperatorNode(OperatorType.FILTER, name="keep", **options))
    sink = graph.add_operator(StreamOperatorNode(OperatorType.SINK, name="out"))
    graph.connect(source, keep)
    graph.connect(keep, sink)
    return graph


def _rows(graph: JobGraph) -> list[int]:
    return graph.run()["outputs"]["out"]["x"].to_pylist()


def test_a_function_among_the_parameters_is_the_nodes_function() -> None:
    def mask(batch):
        return batch["x"] > 6

    assert _rows(_graph(parameters={"function": mask})) == [7, 8, 9]
    assert _rows(_graph(function=mask)) == [7, 8, 9]


def test_it_travels() -> None:
    graph = _graph(parameters={"function": lambda batch: batch["x"] < 2})

    assert _rows(JobGraph.from_dict(graph.to_dict())) == [0, 1]
