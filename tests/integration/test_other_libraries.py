# SPDX-License-Identifier: Apache-2.0
"""Columns that pandas, Polars and DuckDB make of their own types come in and group as values."""

from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import sabot
from pipelines import line, node, rows

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
