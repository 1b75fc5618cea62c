# SPDX-License-Identifier: Apache-2.0
"""Columns that pandas, Polars and DuckDB make of their own types come in and group as values."""

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import sabot
from pipelines import line, node, rows
from sabot import InvalidJobError, JobFailedError, JobGraph

COLORS = ["red", "green", "red", None, "blue"]


def pandas_categorical() -> Any:
    return pd.DataFrame({"c": pd.Categorical(COLORS, categories=["red", "green", "blue"])})


def polars_categorical() -> Any:
    return pl.DataFrame({"c": pl.Series(COLORS, dtype=pl.Categorical)})


def polars_enum() -> Any:
    return pl.DataFrame({"c": pl.Series(COLORS, dtype=pl.Enum(["red", "green", "blue"]))})


def duckdb_enum() -> Any:
    return duckdb.sql(
        "select x::enum('red', 'green', 'blue') as c "
        "from (values ('red'), ('green'), ('red'), (null), ('blue')) as t(x)"
    )


@pytest.mark.parametrize("make", [pandas_categorical, polars_categorical, polars_enum, duckdb_enum])
def test_categories_are_their_values(make: Any) -> None:
    found = rows(line({"data": make()}), worker_count=1)
    assert pa.types.is_dictionary(found.schema.field("c").type)
    assert found["c"].to_pylist() == COLORS
    counted = rows(
        line(
            {"data": make()},
            node("aggregate", "a", key_by=["c"], aggregations={"n": ("*", "count")}),
        ),
        worker_count=2,
    )
    counts = dict(zip(counted["c"].to_pylist(), counted["n"].to_pylist(), strict=True))
    assert counts == {"red": 2, "green": 1, "blue": 1, None: 1}


@pytest.mark.parametrize("make", [pandas_categorical, polars_categorical, polars_enum, duckdb_enum])
def test_categories_join_with_text(make: Any) -> None:
    job = sabot.JobGraph("join")
    left = job.add_operator(node("source", "left", data=make()))
    right = job.add_operator(
        node("source", "right", data=pa.table({"name": ["red", "blue"], "hex": ["f00", "00f"]}))
    )
    join = job.add_operator(node("hash_join", "join", left_key="c", right_key="name"))
    out = job.add_operator(node("sink", "out"))
    job.connect(left, join)
    job.connect(right, join)
    job.connect(join, out)
    found = rows(job, worker_count=2)
    assert sorted(found["hex"].to_pylist()) == ["00f", "f00", "f00"]


def polars_nested() -> Any:
    return pl.DataFrame({"l": [[1, None], []], "s": [{"a": 1, "b": "x"}, {"a": None, "b": "y"}]})


def duckdb_nested() -> Any:
    return duckdb.sql(
        "select * from (values ([1, null]::bigint[], {'a': 1::bigint, 'b': 'x'}), "
        "([]::bigint[], {'a': null, 'b': 'y'})) as t(l, s)"
    )


@pytest.mark.parametrize("make", [polars_nested, duckdb_nested])
def test_lists_and_structs_come_in(make: Any) -> None:
    found = rows(
        line({"data": make()}, node("filter", "all", predicate=sabot.col("l").is_not_null()))
    )
    found.validate(full=True)
    assert found["l"].to_pylist() == [[1, None], []]
    assert found["s"].to_pylist() == [{"a": 1, "b": "x"}, {"a": None, "b": "y"}]


def test_pandas_arrow_columns_come_in() -> None:
    frame = pd.DataFrame({"l": pd.Series([[1], None], dtype=pd.ArrowDtype(pa.list_(pa.int8())))})
    assert rows(line({"data": frame}))["l"].to_pylist() == [[1], None]


# --- DuckDB: one open result per connection ------------------------------------------------------


def test_relations_of_one_connection_join() -> None:
    connection = duckdb.connect()
    left = connection.sql("select i k, i * 2 v, 'x' unused from range(5000) t(i)")
    right = connection.sql('select i k, i * 3 "a ""b" from range(5000) t(i)')
    graph = JobGraph("join")
    ids = [
        graph.add_operator(one)
        for one in (
            node("source", "l", data=left),
            node("source", "r", data=right, columns=["k", 'a "b']),
            node("hash_join", "j", left_key="k", right_key="k"),
            node("aggregate", "a", aggregations={"v": ("v", "sum"), "w": ('a "b', "sum")}),
            node("sink", "out"),
        )
    ]
    for up, down in ((0, 2), (1, 2), (2, 3), (3, 4)):
        graph.connect(ids[up], ids[down])
    graph.explain()
    assert connection.execute("select 42").fetchall() == [(42,)]  # nothing is left open
    total = sum(range(5000))
    for _ in range(2):
        assert rows(graph).to_pylist() == [{"v": 2 * total, "w": 3 * total}]


def test_errors_of_a_relation_are_errors_of_the_job() -> None:
    late = duckdb.sql("select if(i > 9990, error('late'), i) k from range(10000) t(i)")
    with pytest.raises(JobFailedError, match=r"operator 'src' \(source\).*DuckDB.*late"):
        line({"data": late}).run()


def test_errors_of_a_producer_are_refusals() -> None:
    class Producer:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            raise LookupError("nothing there")

    with pytest.raises(InvalidJobError, match="'data': Producer: LookupError: nothing there"):
        line({"data": Producer()}).run()


# --- parameters of another kind of source or sink ------------------------------------------------


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"delimiter": ";"}, "'delimiter': goes with 'path', but the rows come from: memory"),
        ({"hive": True}, "'hive': goes with 'path'"),
        ({"on_error": "drop"}, "'on_error': goes with 'path'"),
        ({"compression": "zstd"}, "'compression': goes with 'path'"),
        ({"start": "latest"}, "'start': goes with 'topic'"),
        ({"group_id": "g"}, "'group_id': goes with 'topic'"),
        ({"format": "csv"}, "'format': 'csv' goes with 'path'"),
    ],
)
def test_parameters_of_another_source_are_refused(source: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidJobError, match=message):
        line({"data": [{"a": 1}], **source}).run()


@pytest.mark.parametrize(
    ("sink", "message"),
    [
        ({"topic": "t", "partition_by": "a"}, r"'partition_by': goes with 'path'.*: topic 't'"),
        ({"topic": "t", "mode": "error"}, "'mode': goes with 'path'"),
        ({"topic": "t", "format": "csv"}, "'format': 'csv' goes with 'path'"),
        ({"path": "a.parquet", "key_column": "a"}, "'key_column': goes with 'topic'"),
        ({"path": "a.parquet", "partitions": 2}, "'partitions': goes with 'topic'"),
        ({"compression": "zstd"}, "'compression': goes with 'path', but the rows go to: collect"),
        ({"discard": True, "row_group_size": 5}, "'row_group_size': goes with 'path'"),
        ({"format": "parquet"}, "'format': 'parquet' goes with 'path'"),
    ],
)
def test_parameters_of_another_sink_are_refused(
    sink: dict[str, Any], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidJobError, match=message):
        line({"data": [{"a": 1}]}, sink=sink).run()
    assert list(tmp_path.iterdir()) == []
