# SPDX-License-Identifier: Apache-2.0
"""A source filters and projects what it reads, whatever it reads."""

import random

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import line, node, run, through_snapshot
from sabot import JobGraph, col, lit
from sabot.errors import InvalidJobError

ROWS = 5_000


def table(seed: int = 1) -> pa.Table:
    rng = random.Random(seed)

    def some(values):
        return [None if rng.random() < 0.1 else rng.choice(values) for _ in range(ROWS)]

    return pa.table(
        {
            "id": pa.array(range(ROWS), pa.int64()),
            "x": pa.array(some([0.0, -0.0, 1.5, -2.5, float("nan"), float("inf")]), pa.float64()),
            "s": pa.array(some(["", "a", "ä", "longer than twelve bytes", "日本語"])),
            "b": pa.array(some([True, False])),
            "n": pa.array(some(list(range(20))), pa.int32()),
        }
    )


TABLE = table()
PREDICATES = [
    (col("n") < 7, "n < 7"),
    (
        (col("s") == "longer than twelve bytes") | col("s").is_null(),
        "s = 'longer than twelve bytes' or s is null",
    ),
    (col("x") == 0.0, "x = 0.0"),
    (col("x") > 1.0, "x > 1.0"),  # NaN is greater, in both
    (col("b") & (col("n") % 3 == 1), "b and n % 3 = 1"),
    (
        [col("n") >= 5, col("s") > "a", col("b").is_not_null()],
        "n >= 5 and s > 'a' and b is not null",
    ),
]

TEXT = ((col("s") >= "a") & (col("n") < 15)) | col("b").is_null()


def expected(condition: str, columns: str) -> pa.Table:
    con = duckdb.connect()
    con.register("t", TABLE)
    return con.sql(f"select {columns} from t where {condition} order by id").to_arrow_table()


def place(kind: str, tmp_path) -> dict:
    if kind == "table":
        return {"data": TABLE}
    if kind == "batches":  # with empty ones between
        batches = [
            b for part in TABLE.to_batches(max_chunksize=700) for b in (part.slice(0, 0), part)
        ]
        return {"data": pa.RecordBatchReader.from_batches(TABLE.schema, batches)}
    if kind == "generator":
        return {"data": (TABLE.slice(i, 900) for i in range(0, ROWS, 900))}
    if kind == "relation":
        return {"data": duckdb.connect().from_arrow(TABLE)}
    if kind == "parquet":
        pq.write_table(TABLE, tmp_path / "t.parquet", row_group_size=1_000)
        return {"path": tmp_path / "t.parquet"}
    if kind == "arrow":
        with pa.ipc.new_file(tmp_path / "t.arrow", TABLE.schema) as writer:
            writer.write_table(TABLE, max_chunksize=800)
        return {"path": tmp_path / "t.arrow"}
    raise AssertionError(kind)


@pytest.mark.parametrize("kind", ["table", "batches", "generator", "relation", "parquet", "arrow"])
@pytest.mark.parametrize("index", range(len(PREDICATES)))
def test_rows_are_those_of_duckdb_in_their_order(kind, index, tmp_path):
    predicate, condition = PREDICATES[index]
    graph = line({**place(kind, tmp_path), "columns": ["s", "id"], "filters": predicate})
    out = run(graph)["outputs"]["out"]
    assert out.column_names == ["s", "id"]
    wanted = expected(condition, "s, id")
    assert 0 < wanted.num_rows < ROWS
    assert out.sort_by("id").to_pylist() == wanted.to_pylist()


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("rows_max", [1, 7, 1000, 65536])
def test_any_width_and_morsel_size_gives_the_same(workers, rows_max, tmp_path):
    graph = line({**place("batches", tmp_path), "columns": ["s", "x", "id"], "filters": TEXT})
    result = run(graph, worker_count=workers, morsel_rows_max=rows_max)
    found = result["outputs"]["out"]
    wanted = expected("s >= 'a' and n < 15 or b is null", "s, x, id")
    assert str(found.to_pylist()) == str(wanted.to_pylist())  # a NaN is like itself there
    assert result["rows_in"] == ROWS


@pytest.mark.parametrize("at", [0, 3, 8])
def test_a_snapshot_goes_on_behind_rows_that_were_read(at):
    def build(source):
        graph = JobGraph("filters")
        nodes = [
            node("source", "src", **source, columns=["s", "id"], filters=TEXT),
            node("sink", "out"),
        ]
        for one in nodes:
            one.operator_id = one.name
            graph.add_operator(one)
        graph.connect("src", "out")
        return graph

    result = through_snapshot(build, TABLE.to_batches(max_chunksize=700), at, (2, 8))
    wanted = expected("s >= 'a' and n < 15 or b is null", "s, id")
    assert result["outputs"]["out"].sort_by("id").to_pylist() == wanted.to_pylist()


def test_the_source_itself_drops_the_rows():
    result = run(line({"data": TABLE, "filters": col("n") < 7}))
    source, sink = result["ledger"].to_pylist()
    assert source["rows_in"] == ROWS
    assert source["rows_out"] == sink["rows_in"] == result["outputs"]["out"].num_rows
    assert source["rows_filtered"] == ROWS - source["rows_out"]


def test_a_generator_of_the_engine_filters_and_projects():
    columns = [
        {"name": "id", "kind": "sequence"},
        {"name": "k", "kind": "uniform_int", "low": 0, "high": 9},
        {"name": "s", "kind": "string", "high": 3},
    ]
    place = {"generator": {"rows": 10_000, "seed": 3, "columns": columns, "splits": 3}}
    whole = line(place).run()["outputs"]["out"]
    part = line({**place, "columns": ["s", "k"], "filters": [col("id") >= 100, col("k") == 4]})
    found = part.run()["outputs"]["out"]
    con = duckdb.connect()
    con.register("t", whole)
    wanted = con.sql("select s, k from t where id >= 100 and k = 4 order by id").to_arrow_table()
    assert found.sort_by("s").equals(wanted.cast(found.schema).sort_by("s"))


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize("kind", ["table", "parquet"])
def test_what_nobody_needs_is_not_read_and_the_filter_still_holds(kind, optimize, tmp_path):
    graph = line(
        {**place(kind, tmp_path), "columns": ["id", "s", "x"], "filters": col("n") == 3},
        node("select", "c", columns=["id"]),
    )
    found = graph.run(optimize=optimize)["outputs"]["out"]
    assert found.equals(expected("n = 3", "id").cast(found.schema))


def test_a_filter_before_a_division_spares_it_the_rows():
    data = pa.table({"a": [1, 2, 3], "d": [0, 1, 2]})
    graph = line({"data": data, "filters": [col("d") != 0, lit(6) % col("d") == 0]})
    assert graph.run()["outputs"]["out"]["a"].to_pylist() == [2, 3]
    with pytest.raises(Exception, match=r"operator 'src' \(source\)"):
        line({"data": data, "filters": [lit(6) % col("d") == 0]}).run()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"filters": col("z") > 1}, "parameter 'filters': unknown column 'z'; the columns are"),
        (
            {"filters": col("z") > 1, "columns": ["a"]},
            "parameter 'filters': there is no column 'z'; the columns are: a, b",
        ),
        (
            {"timestamp_column": "z", "columns": ["a"]},
            "parameter 'timestamp_column': there is no column 'z'; the columns are: a, b",
        ),
        ({"filters": col("a") + 1}, "parameter 'filters': gives int64; allowed: an expression"),
        ({"filters": [col("a") > 1, col("b")]}, r"parameter 'filters\[1\]': gives utf8; allowed"),
        ({"filters": "a > 1"}, "parameter 'filters': expected an expression such as"),
        ({"filters": [3]}, "parameter 'filters': expected an expression such as"),
        ({"columns": []}, "parameter 'columns': is empty; name at least one"),
    ],
)
def test_errors_name_the_source_and_the_parameter(more, message):
    data = pa.table({"a": [1], "b": ["x"]})
    with pytest.raises(InvalidJobError, match=f"operator 'src' .*{message}"):
        line({"data": data, **more}).run()


def test_filters_survive_the_wire():
    graph = line({"data": TABLE, "filters": [col("n") < 7, col("s") == "ä"], "columns": ["id"]})
    again = type(graph).from_dict(graph.to_dict())
    assert again.run()["outputs"]["out"].equals(graph.run()["outputs"]["out"])
