# SPDX-License-Identifier: Apache-2.0
"""What a plan must know of its sources; looking at their values takes longer than planning."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest

from sabot import JobGraph, OperatorType, StreamOperatorNode, col
from sabot.execution.statistics import statistics_needed

FEW = pa.table({"k": [1, 2, 3], "few": [1, 2, 3]})
MANY = pa.table({"k": list(range(1000)), "many": list(range(1000))})

FILTER = ("filter", {"predicate": col("k") > 1})
SELECT = ("select", {"columns": ["k"]})
MAP = ("map", {"expressions": {"x": col("k") + 1}})
SUM = ("aggregate", {"key_by": ["k"], "aggregations": {"n": ("*", "count")}})
DISTINCT = ("distinct", {"columns": ["k"]})
LIMIT = ("limit", {"count": 5})
JOIN = ("hash_join", {"left_key": "k", "right_key": "k"})


def drawn(below, *, above=(), left=None, right=None, joins=1) -> JobGraph:
    """Return a graph: a source and what is `below`, joined to another source, and what is above."""
    graph = JobGraph("g")

    def add(kind, parameters, *inputs):
        added = graph.add_operator(StreamOperatorNode(OperatorType(kind), parameters=parameters))
        for upstream in inputs:
            graph.connect(upstream, added)
        return added

    last = add("source", left or {"data": FEW})
    for kind, parameters in below:
        last = add(kind, parameters, last)
    for _ in range(joins):
        last = add(*JOIN, last, add("source", right or {"data": MANY}))
    for kind, parameters in above:
        last = add(kind, parameters, last)
    add("sink", {}, last)
    return graph


@pytest.mark.parametrize(
    ("graph", "needed"),
    [
        (drawn([FILTER], joins=0), "nothing"),
        (drawn([]), "row counts"),
        (drawn([SELECT, MAP, LIMIT], above=[SUM, DISTINCT]), "row counts"),
        (drawn([FILTER]), "columns"),
        (drawn([], above=[FILTER]), "columns"),  # it may be moved to below the join
        (drawn([], left={"data": FEW, "filters": col("k") > 1}), "columns"),
        (drawn([SUM]), "columns"),
        (drawn([SELECT, DISTINCT, MAP]), "columns"),
        (drawn([], joins=2), "columns"),
    ],
)
def test_values_are_looked_at_where_they_decide(graph, needed):
    assert statistics_needed(graph) == needed


def test_counts_are_enough_for_the_sides_of_a_join():
    graph = drawn([], above=[SUM])
    graph.run()
    stored = next(line for line in graph.explain().splitlines() if "right: source" in line)
    assert "3 rows (~3 estimated)" in stored  # it was drawn on the left


def test_estimates_after_a_run_are_from_all_that_is_known():
    graph = drawn([], above=[SUM])
    before = re.findall(r"~[\d,]+", graph.explain())
    graph.run()
    assert sorted(re.findall(r"~[\d,]+", graph.explain())) == sorted(before) != []


@pytest.mark.parametrize("ending", ["csv", "arrow", "parquet"])
def test_files_that_do_not_know_their_rows_are_looked_at(tmp_path, ending):
    many = tmp_path / f"many.{ending}"
    few = tmp_path / f"few.{ending}"
    for path, table in ((few, FEW), (many, MANY)):
        graph = JobGraph("write")
        source = graph.add_operator(StreamOperatorNode(OperatorType.SOURCE, "s", {"data": table}))
        graph.connect(
            source, graph.add_operator(StreamOperatorNode(OperatorType.SINK, "o", {"path": path}))
        )
        graph.run()
    graph = drawn([], above=[SUM], left={"path": few}, right={"path": many})
    graph.run()
    stored = next(line for line in graph.explain().splitlines() if "right: source" in line)
    assert f"few.{ending}" in stored  # it was drawn on the left
    assert "  3 rows (~" in stored
