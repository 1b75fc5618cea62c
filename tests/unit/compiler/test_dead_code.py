# SPDX-License-Identifier: Apache-2.0
"""What reaches no sink goes, and nothing else."""

import pyarrow as pa

from drawings import LEFT, Drawing, optimized
from pipelines import run
from sabot import col
from sabot.compiler.plan_optimizer import PlanOptimizer


def test_dead_code_never_takes_what_feeds_a_sink():
    drawing = Drawing().add("source", "src", data=LEFT)
    drawing.add("map", "shared", "src", expressions={"v": col("x") + 1})
    drawing.add("filter", "dead", "shared", column="x", value=20)
    drawing.add("select", "dead_too", "dead", columns=["x"])
    drawing.add("sink", "out", "shared")
    graph, optimizer = optimized(drawing.graph)
    assert optimizer.get_stats().dead_code_eliminated == 2
    assert {"src", "shared", "out"} == set(graph.operators)


def test_a_dead_source_is_not_read():
    def never():
        raise AssertionError("it is read")
        yield

    drawing = Drawing().add("source", "src", data=LEFT)
    drawing.add("source", "unused", data=never, schema=pa.schema([("a", pa.int64())]))
    drawing.add("sink", "out", "src")
    optimizer = PlanOptimizer()
    graph = optimizer.optimize(drawing.graph)
    assert optimizer.get_stats().dead_code_eliminated == 1
    assert run(graph)["outputs"]["out"].num_rows == 4
    assert run(drawing.graph)["outputs"]["out"].num_rows == 4


def test_a_filter_above_dead_code_still_moves():
    drawing = Drawing().add("source", "src", data=LEFT)
    drawing.add("filter", "f", "src", column="x", value=20)
    drawing.add("select", "dead", "src", columns=["x"])
    drawing.add("sink", "out", "f")
    graph, optimizer = optimized(drawing.graph)
    assert optimizer.get_stats().filters_pushed == 1
    assert set(graph.operators) == {"src", "out"}
