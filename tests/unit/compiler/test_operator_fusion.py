# SPDX-License-Identifier: Apache-2.0
"""What becomes one operator, and what of it stays."""

import pyarrow as pa
import pytest

from drawings import LEFT, RIGHT, Drawing, optimized
from pipelines import line, node, rows
from sabot import JobGraph, col


def test_fusion_keeps_names_and_stays_executable_and_serialisable():
    graph = line(
        {"data": LEFT},
        node("map", "m1", expressions={"v": col("x") * 2}),
        node("filter", "f", predicate=col("v") > 20),
        node("map", "m2", expressions={"u": col("v") + col("x") * 2}),
    )
    other, optimizer = optimized(graph)
    assert optimizer.get_stats().operators_fused == 2
    (fused,) = [one for one in other.operators.values() if one.operator_type.value == "fused"]
    assert [part["name"] for part in fused.parts] == ["m1", "f", "m2"]
    copy = JobGraph.from_dict(other.to_dict())
    assert rows(copy)["u"].to_pylist() == [80, 120, 160]


@pytest.mark.parametrize(
    "conditions",
    [
        [col("i") > 140, col("i") > 140],
        [col("i") > 140, col("i") > 100, col("i") > 140],
        [(col("i") > 140) | (col("i") == 7), col("i") > 140],
        [col("flag"), col("flag")],
        [col("flag") | (col("i") == 3), col("flag"), col("i").is_not_null(), col("flag")],
    ],
)
def test_a_condition_that_was_computed_before_rows_dropped_out_is_of_the_rows_left(conditions):
    numbers = range(150)
    table = pa.table({"i": numbers, "flag": [i > 140 for i in numbers]})
    filters = [node("filter", f"f{n}", predicate=p) for n, p in enumerate(conditions)]
    others = {f"enable_{name}": False for name in ("filter_pushdown", "projection_pushdown")}
    other, optimizer = optimized(line({"data": table}, *filters), **others)
    assert optimizer.get_stats().operators_fused == len(conditions) - 1
    assert rows(other, optimize=False)["i"].to_pylist() == list(range(141, 150))


def test_fusion_does_not_merge_across_a_fan_out():
    drawing = Drawing().add("source", "src", data=LEFT)
    drawing.add("map", "m1", "src", expressions={"v": col("x") * 2})
    drawing.add("map", "m2", "m1", expressions={"u": col("v") + 1})
    drawing.add("sink", "a", "m1").add("sink", "b", "m2")
    _, optimizer = optimized(drawing.graph)
    assert optimizer.get_stats().operators_fused == 0


def test_fusion_does_not_merge_an_operator_of_two_inputs():
    drawing = Drawing().add("source", "a", data=LEFT).add("source", "b", data=RIGHT)
    drawing.add("map", "m", "a", expressions={"v": col("x") * 2})
    drawing.add("hash_join", "j", "m", "b", left_key="k", right_key="id")
    graph, _ = optimized(drawing.add("sink", "out", "j").graph)
    assert graph.operators["j"].operator_type.value == "hash_join"
    assert len(graph.operators["j"].upstream_ids) == 2


def test_parallelism_is_kept():
    graph = line(
        {"data": LEFT},
        node("map", "m", expressions={"v": col("x") * 2}),
        node("filter", "f", column="x", value=10),
    )
    for one in graph.operators.values():
        one.parallelism, one.max_parallelism, one.memory_mb = 3, 64, 77
    other, _ = optimized(graph)
    for one in other.operators.values():
        assert (one.parallelism, one.max_parallelism, one.memory_mb) == (3, 64, 77)
