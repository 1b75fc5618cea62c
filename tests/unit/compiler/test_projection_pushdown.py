# SPDX-License-Identifier: Apache-2.0
"""Which columns are read, and what is not computed."""

import pyarrow as pa
import pytest

from drawings import optimized
from pipelines import line, node
from sabot import col

SALES = pa.table({"shop": ["a", "b", "a", "c"], "n": [1, 2, 3, 4], "price": [1.5, 2.5, 3.5, 4.5]})


def columns_of(graph):
    (source,) = [one for one in graph.operators.values() if one.operator_type.value == "source"]
    return source.parameters.get("columns")


def id_of(graph, name):
    (found,) = [one.operator_id for one in graph.operators.values() if one.name == name]
    return found


@pytest.mark.parametrize("kind", ["aggregate", "group_by"])
def test_calls_that_nobody_needs_are_not_made(kind):
    calls = {"n": ("n", "sum"), "price": ("price", "max"), "rows": ("*", "count")}
    graph = line(
        {"data": SALES},
        node(kind, "g", key_by="shop", aggregations=calls),
        node("select", "s", columns=["shop", "n"]),
    )
    other, optimizer = optimized(graph)
    assert list(other.operators[id_of(other, "g")].parameters["aggregations"]) == ["n"]
    assert columns_of(other) == ["shop", "n"]
    assert optimizer.get_stats().projections_pushed == 1


def test_a_map_without_a_reader_goes():
    graph = line(
        {"data": SALES},
        node("map", "m", expressions={"total": col("n") * col("price")}),
        node("select", "s", columns=["shop"]),
    )
    other, _ = optimized(graph)
    assert columns_of(other) == ["shop"]
    assert len(other.operators) == 2


def test_a_function_needs_every_column():
    graph = line(
        {"data": SALES},
        node("map", "m", lambda batch: batch["n"] * 2, output_column="twice"),
        node("select", "s", columns=["twice"]),
    )
    other, optimizer = optimized(graph)
    assert columns_of(other) is None
    assert optimizer.get_stats().projections_pushed == 0
