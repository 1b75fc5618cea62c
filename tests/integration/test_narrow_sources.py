# SPDX-License-Identifier: Apache-2.0
"""Sources leave out columns that nobody needs, and nobody can tell from the rows."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import line, node
from sabot import col
from sabot.execution.optimization import Passes
from sabot.execution.plan import Plan

TABLE = pa.table({"k": [1, 2, 1], "x": [1.0, 2.0, 3.0], "t": ["a", "b", "c"], "n": [7, 8, 9]})


def plan_of(*operators, **source):
    graph = line(source or {"data": TABLE}, *operators)
    return graph, Plan.build(graph, passes=Passes())


def read(graph, plan):
    """Return the columns that the only source reads."""
    (source_id,) = [n.operator_id for n in graph.get_sources()]
    names = plan.sources[source_id].schema.names
    assert set(plan.output_schema(source_id).names) <= set(names)
    plan.close()
    return names


def aggregate():
    return node("aggregate", "g", key_by=["k"], aggregations={"x": ("x", "sum")})


def test_an_aggregate_reads_its_columns_only():
    assert read(*plan_of(aggregate())) == ["k", "x"]


def test_a_filter_adds_the_column_of_its_condition():
    assert read(*plan_of(node("filter", "f", column="n", value=7), aggregate())) == ["k", "x", "n"]


def test_a_sink_gets_every_column():
    assert read(*plan_of(node("filter", "f", column="n", value=7))) == TABLE.column_names


def test_a_function_gets_every_column():
    seen = []

    def double(batch):
        seen.append(batch.column_names)
        batch["x"] = batch["x"] * 2
        return batch

    assert read(*plan_of(node("map", "m", double), aggregate())) == TABLE.column_names
    assert all(names == TABLE.column_names for names in seen)


@pytest.mark.parametrize("optimize", [True, False])
def test_rows_are_the_same_with_and_without(optimize):
    graph = line({"data": TABLE}, node("filter", "f", column="n", value=7), aggregate())
    out = graph.run(optimize=optimize)["outputs"]["out"]
    assert out.sort_by("k").to_pylist() == [{"k": 1, "x": 3.0}, {"k": 2, "x": 2.0}]


def test_files_are_read_by_column(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(TABLE, path)
    graph, plan = plan_of(aggregate(), path=str(path))
    assert read(graph, plan) == ["k", "x"]
    assert graph.run()["outputs"]["out"].num_rows == 2


def test_a_graph_that_ran_narrowed_runs_again_whole():
    graph = line({"data": TABLE}, aggregate())
    first = graph.run()["outputs"]["out"].sort_by("k")
    assert graph.explain() == graph.explain()
    assert graph.run(optimize=False)["outputs"]["out"].sort_by("k").equals(first)


def test_a_computed_column_keeps_the_place_of_the_one_it_replaces():
    doubled = node("map", "m", expressions={"x": col("n") * 2})
    rows = line({"data": TABLE}, doubled).run()["outputs"]["out"]
    assert rows.column_names == TABLE.column_names
    assert rows["x"].to_pylist() == [14, 16, 18]


@pytest.mark.parametrize("kind", ["table", "parquet"])
def test_columns_that_were_asked_for_may_be_left_out_as_well(kind, tmp_path):
    pq.write_table(TABLE, tmp_path / "rows.parquet")
    place = {"data": TABLE} if kind == "table" else {"path": str(tmp_path / "rows.parquet")}
    graph = line({**place, "columns": ["k", "x", "t"]}, node("select", "s", columns=["x"]))
    assert graph.run()["outputs"]["out"]["x"].to_pylist() == TABLE["x"].to_pylist()
    assert read(graph, Plan.build(graph, passes=Passes())) == ["x"]
