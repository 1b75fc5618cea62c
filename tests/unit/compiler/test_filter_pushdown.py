# SPDX-License-Identifier: Apache-2.0
"""What a FILTER crosses and what it does not, fan-out first: traps that were walked into before."""

import pyarrow as pa
import pytest

from drawings import LEFT, RIGHT, Drawing, optimized
from pipelines import line, node, rows, run
from sabot import JobGraph, col
from sabot.compiler.plan_optimizer import OptimizationStats, PlanOptimizer


def joined(join_type="inner", **condition):
    drawing = Drawing()
    drawing.add("source", "left", data=LEFT).add("source", "right", data=RIGHT)
    drawing.add(
        "hash_join", "join", "left", "right", left_key="k", right_key="id", join_type=join_type
    )
    drawing.add("filter", "f", "join", **condition)
    return drawing.add("sink", "out", "f").graph


def filters_of(graph, name):
    found = graph.operators[name].parameters.get("filters")
    return None if found is None else str(found)


# --- fan-out -------------------------------------------------------------------------------------


def test_a_sink_beside_the_filter_loses_no_row():
    drawing = Drawing().add("source", "src", data=LEFT)
    drawing.add("map", "m", "src", expressions={"v": col("x") + 1})
    drawing.add("filter", "f", "m", column="x", value=20)
    drawing.add("sink", "filtered", "f").add("sink", "whole", "m")
    graph, optimizer = optimized(drawing.graph)
    result = run(graph)
    assert result["outputs"]["whole"].num_rows == 4
    assert result["outputs"]["filtered"].num_rows == 2
    assert optimizer.get_stats().filters_pushed == 0


def test_a_source_of_two_filters_gives_each_its_rows():
    drawing = Drawing().add("source", "src", data=LEFT)
    drawing.add("filter", "low", "src", column="x", value=25, operator="<")
    drawing.add("filter", "high", "src", column="x", value=25)
    drawing.add("sink", "a", "low").add("sink", "b", "high")
    graph, _ = optimized(drawing.graph)
    assert filters_of(graph, "src") is None
    assert run(graph)["outputs"]["a"]["x"].to_pylist() == [10, 20]
    assert run(graph)["outputs"]["b"]["x"].to_pylist() == [30, 40]


def test_both_edges_of_a_fan_out_into_one_join_stay():
    drawing = Drawing().add("source", "src", data=LEFT)
    drawing.add("filter", "f", "src", column="x", value=10)
    drawing.add("hash_join", "j", "f", "src", left_key="k", right_key="k", suffix="_r")
    drawing.add("sink", "out", "j").add("sink", "raw", "src")
    graph, _ = optimized(drawing.graph)
    assert run(graph)["outputs"]["raw"].num_rows == 4
    assert run(graph)["outputs"]["out"].num_rows == 3


def test_a_filter_above_a_fan_out_of_selects_goes_down_one_branch_only():
    drawing = Drawing().add("source", "src", data=LEFT)
    drawing.add("select", "s1", "src", columns=["k", "x"]).add("select", "s2", "src", columns=["w"])
    drawing.add("filter", "f", "s1", column="k", value=2)
    drawing.add("sink", "a", "f").add("sink", "b", "s2")
    graph, _ = optimized(drawing.graph)
    assert run(graph)["outputs"]["b"].num_rows == 4


# --- maps ----------------------------------------------------------------------------------------


def test_a_filter_past_a_map_leaves_the_map_connected():
    source = {"data": LEFT}
    graph = line(
        source,
        node("map", "m", expressions={"v": col("x") * 2}),
        node("filter", "f", column="x", value=20),
    )
    other, optimizer = optimized(graph)
    assert optimizer.get_stats().filters_pushed == 1
    (m,) = [one for one in other.operators.values() if one.name == "m"]
    assert len(m.upstream_ids) == len(m.downstream_ids) == 1
    assert rows(other)["v"].to_pylist() == [60, 80]


def test_a_filter_on_a_column_that_the_map_writes_stays():
    graph = line(
        {"data": LEFT},
        node("map", "m", expressions={"x": col("x") * 2}),
        node("filter", "f", column="x", value=50),
    )
    other, optimizer = optimized(graph, enable_operator_fusion=False)
    assert optimizer.get_stats().filters_pushed == 0
    assert rows(other)["x"].to_pylist() == [60, 80]


def test_an_opaque_map_stops_every_filter():
    graph = line(
        {"data": LEFT},
        node("map", "m", lambda batch: {"x": batch["x"] * -1}),
        node("filter", "f", column="x", value=-25, operator="<"),
    )
    _, optimizer = optimized(graph)
    assert optimizer.get_stats().filters_pushed == 0


# --- what a predicate reads ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition",
    [
        {"column": "x", "value": 20},
        {"predicate": col("x") > 20},
        {"column": "x", "value": 20, "operator": ">"},
    ],
)
def test_the_column_is_read_where_users_write_it(condition):
    other, optimizer = optimized(line({"data": LEFT}, node("filter", "f", **condition)))
    assert optimizer.get_stats().filters_pushed == 1
    (source,) = other.get_sources()
    assert str(source.parameters["filters"]) == str(col("x") > 20)


def test_an_unknown_reference_set_needs_everything():
    graph = line(
        {"data": LEFT},
        node("filter", "f", lambda batch: batch["x"] > 15),
        node("select", "s", columns=["w"]),
    )
    other, optimizer = optimized(graph)
    assert optimizer.get_stats().projections_pushed == 0
    assert rows(other)["w"].to_pylist() == ["b", "c", "d"]


# --- joins ---------------------------------------------------------------------------------------


def test_a_filter_crosses_a_join_to_the_side_that_owns_its_column():
    other, optimizer = optimized(joined(column="y", value=1), enable_projection_pushdown=False)
    assert optimizer.get_stats().filters_pushed == 1
    assert filters_of(other, "right") == str(col("y") > 1)
    assert filters_of(other, "left") is None
    assert "f" not in other.operators


def test_a_condition_on_both_sides_of_a_join_stays_above_it():
    graph, _ = optimized(joined(predicate=col("x") > col("y") * 10))
    assert "f" in graph.operators


def test_a_conjunction_is_split_between_the_sides():
    graph, _ = optimized(joined(predicate=(col("x") > 10) & (col("y") < 3)))
    assert "f" not in graph.operators
    assert filters_of(graph, "left") == str(col("x") > 10)
    assert filters_of(graph, "right") == str(col("y") < 3)


@pytest.mark.parametrize(
    ("join_type", "column", "is_crossed"),
    [
        ("left", "x", True),
        ("left", "y", False),
        ("right", "y", True),
        ("right", "x", False),
        ("outer", "x", False),
        ("outer", "y", False),
        ("semi", "x", True),
        ("anti", "x", True),
    ],
)
def test_the_null_side_of_an_outer_join_is_not_crossed(join_type, column, is_crossed):
    value = 1 if column == "y" else 20
    other, optimizer = optimized(joined(join_type, column=column, value=value))
    assert optimizer.get_stats().filters_pushed == int(is_crossed)
    assert ("f" in other.operators) is not is_crossed


def test_a_condition_on_the_key_filters_both_sides():
    graph, _ = optimized(joined(column="k", value=2))
    assert filters_of(graph, "left") == str(col("k") > 2)
    assert filters_of(graph, "right") == str(col("id") > 2)


def test_nothing_is_reported_when_nothing_moved():
    graph = joined(predicate=col("x") > col("y") * 10)
    optimizer = PlanOptimizer(enable_projection_pushdown=False)
    optimizer.optimize(graph)
    assert optimizer.get_stats() == OptimizationStats()


# --- what is not crossed -------------------------------------------------------------------------


def test_a_limit_is_not_crossed():
    graph = line(
        {"data": LEFT}, node("limit", "l", count=2), node("filter", "f", column="x", value=10)
    )
    other, optimizer = optimized(graph)
    assert optimizer.get_stats().filters_pushed == 0
    assert rows(other)["x"].to_pylist() == [20]


def test_a_condition_on_a_result_of_an_aggregate_stays_and_one_on_its_key_goes():
    sums = node("aggregate", "g", key_by=["w"], aggregations={"s": ("x", "sum")})
    graph = line({"data": LEFT}, sums, node("filter", "f", predicate=col("s") > 10))
    _, optimizer = optimized(graph)
    assert optimizer.get_stats().filters_pushed == 0
    sums = node("aggregate", "g", key_by=["w"], aggregations={"s": ("x", "sum")})
    graph = line({"data": LEFT}, sums, node("filter", "f", predicate=col("w") > "a"))
    _, optimizer = optimized(graph)
    assert optimizer.get_stats().filters_pushed == 1


def test_a_filter_goes_into_both_branches_of_a_union():
    drawing = Drawing().add("source", "a", data=LEFT).add("source", "b", data=LEFT.slice(1))
    drawing.add("union", "u", "a", "b").add("filter", "f", "u", column="x", value=30)
    graph, optimizer = optimized(drawing.add("sink", "out", "f").graph)
    assert optimizer.get_stats().filters_pushed == 1
    assert filters_of(graph, "a") == filters_of(graph, "b") == str(col("x") > 30)


def test_a_condition_that_may_fail_sees_no_row_that_it_had_not_seen():
    table = pa.table({"n": [0, 1, 2]})
    graph = line(
        {"data": table},
        node("filter", "guard", predicate=col("n") != 0),
        node("filter", "f", predicate=10 // col("n") > 5),
    )
    other, _ = optimized(graph)
    assert rows(other)["n"].to_pylist() == [1]


# --- the order of the walk -----------------------------------------------------------------------


def test_the_walk_follows_the_edges_and_not_the_order_of_adding():
    graph = JobGraph("backwards")
    for one in (
        node("sink", "out"),
        node("filter", "f2", column="k", value=1),
        node("select", "s", columns=["k", "x"]),
        node("filter", "f1", column="x", value=10),
        node("source", "src", data=LEFT),
    ):
        one.operator_id = one.name
        graph.add_operator(one)
    for up, down in (("src", "f1"), ("f1", "s"), ("s", "f2"), ("f2", "out")):
        graph.connect(up, down)
    other, optimizer = optimized(graph)
    assert optimizer.get_stats().filters_pushed == 2
    assert set(other.operators) == {"src", "out"}
    names = [part["name"] for part in other.operators["src"].parts]
    assert names[0] == "src"
    assert set(names) == {"src", "f1", "s", "f2"}
