# SPDX-License-Identifier: Apache-2.0
"""FLAT_MAP over a list column: a row per element, as DuckDB's unnest gives them, in order."""

from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from nasty import WORDS, nasty
from pipelines import line, node, rows, run, through_snapshot
from sabot import InvalidJobError, JobGraph, Stream, col

CUTS = [(workers, rows) for workers in (1, 2, 8) for rows in (1, 7, 1000, 65_536)]


def with_lists(seed, count):
    """Return nasty rows beside lists: null, empty, with null elements, long ones."""
    rng = np.random.default_rng(seed)
    table = nasty(seed, count)

    def lists(make):
        sizes = np.where(rng.random(count) < 0.02, 40, rng.integers(0, 4, count))
        return [
            None if rng.random() < 0.15 else [make() if rng.random() > 0.2 else None] * int(size)
            for size in sizes
        ]

    def structs():
        return {"a": int(rng.integers(5)), "b": [str(rng.choice(WORDS))]}

    numbers = lists(lambda: int(rng.integers(-9, 9)))
    words = lists(lambda: str(rng.choice(WORDS)))
    floats = lists(lambda: float(rng.choice([0.0, -0.0, np.nan, 1.5])))
    pairs = [None if one is None else [(str(i), v) for i, v in enumerate(one)] for one in numbers]
    fixed = [None if rng.random() < 0.2 else [i, None] for i in range(count)]
    columns = {
        "list": pa.array(numbers, pa.list_(pa.int64())),
        "large_list": pa.array(words, pa.large_list(pa.string())),
        "list_view": pa.array(floats, pa.list_view(pa.float64())),
        "large_list_view": pa.array(words, pa.large_list_view(pa.string_view())),
        "fixed_size_list": pa.array(fixed, pa.list_(pa.int32(), 2)),
        "list_of_structs": pa.array(
            lists(structs), pa.list_(pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))]))
        ),
        "map": pa.array(pairs, pa.map_(pa.string(), pa.int64())),
    }
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


KINDS = [
    "list",
    "large_list",
    "list_view",
    "large_list_view",
    "fixed_size_list",
    "list_of_structs",
]


def unnested(table, column, *, keep_empty=False):
    """Return (id, w, element) as DuckDB gives them, in order of the rows and the elements."""
    plain = pa.table({"id": table["id"], "w": table["w"], "l": as_plain(table[column])})
    connection = duckdb.connect()
    connection.register("t", plain)
    lists = "CASE WHEN len(l) > 0 THEN l ELSE [NULL] END" if keep_empty else "l"
    query = f"SELECT id, w, unnest({lists}) AS e FROM t"
    return [(row[0], row[1], repr(row[2])) for row in connection.sql(query).fetchall()]


def as_plain(column):
    """Return a list column in the layout that every version of DuckDB reads."""
    element = column.type.value_type
    return pa.chunked_array([pa.array(column.to_pylist(), pa.list_(element))])


def found(table, column):
    names = ["id", "w", column]
    return [(a, b, repr(c)) for a, b, c in zip(*(table[n].to_pylist() for n in names), strict=True)]


@pytest.mark.parametrize("keep_empty", [False, True])
@pytest.mark.parametrize("column", KINDS)
def test_like_duckdb(column, keep_empty):
    table = with_lists(1, 500)
    expected = unnested(table, column, keep_empty=keep_empty)
    assert len(expected) > 300
    for workers, batch_rows in CUTS:
        graph = line({"data": table}, node("flat_map", column=column, keep_empty=keep_empty))
        result = run(graph, worker_count=workers, morsel_rows_max=batch_rows)
        assert found(result["outputs"]["out"], column) == expected


@pytest.mark.parametrize("column", KINDS)
def test_over_a_stream(column):
    table = with_lists(2, 300)
    expected = unnested(table, column)
    for cut in (1, 7, 1000):
        source = {"data": lambda cut=cut: iter(table.to_batches(cut)), "schema": table.schema}
        graph = line(source, node("flat_map", column=column), mode="streaming")
        assert found(rows(graph, worker_count=2), column) == expected


def test_entries_of_a_map_are_structs():
    table = with_lists(3, 400)
    result = rows(line({"data": table}, node("flat_map", column="map", output_column="entry")))
    expected = [
        (i, {"key": key, "value": value})
        for i, entries in zip(table["id"].to_pylist(), table["map"].to_pylist(), strict=True)
        for key, value in entries or []
    ]
    entries = zip(result["id"].to_pylist(), result["entry"].to_pylist(), strict=True)
    assert list(entries) == expected
    assert result.schema.names == [*table.schema.names[:-1], "entry"]
    assert not result.schema.field("entry").nullable


@pytest.mark.parametrize("row_count", [0, 1, 50])
def test_rows_without_elements(row_count):
    table = pa.table(
        {
            "n": pa.array(range(row_count), pa.int64()),
            "l": pa.array([[], None] * row_count, pa.list_(pa.string()))[:row_count],
        }
    )
    dropped = run(line({"data": table}, node("flat_map", "u", column="l")))
    assert dropped["outputs"]["out"].num_rows == 0
    assert counter(dropped, "rows_filtered") == row_count
    kept = run(line({"data": table}, node("flat_map", "u", column="l", keep_empty=True)))
    assert kept["outputs"]["out"]["n"].to_pylist() == list(range(row_count))
    assert kept["outputs"]["out"]["l"].null_count == row_count
    assert (counter(kept, "rows_filtered"), counter(kept, "rows_added")) == (0, 0)


def counter(result, name):
    return next(op for op in result["ledger"].to_pylist() if op["name"] == "u")[name]


def test_the_ledger_counts_rows_added_and_filtered():
    table = pa.table({"l": pa.array([[1, 2, 3], [], None, [4], [5, None]])})
    result = run(line({"data": table}, node("flat_map", "u", column="l")))
    assert (counter(result, "rows_in"), counter(result, "rows_out")) == (5, 6)
    assert (counter(result, "rows_added"), counter(result, "rows_filtered")) == (3, 2)


def test_behind_a_filter_and_before_a_grouping():
    table = with_lists(4, 3_000)
    graph = line(
        {"data": table},
        node("filter", predicate=col("k") == 7),
        node("flat_map", column="list"),
        node("aggregate", key_by=["list"], aggregations={"n": ("*", "count")}),
    )
    connection = duckdb.connect()
    connection.register("t", table.select(["k", "list"]))
    query = "SELECT e, count(*) FROM (SELECT unnest(list) AS e FROM t WHERE k = 7) GROUP BY e"
    expected = dict(connection.sql(query).fetchall())
    for workers, batch_rows in CUTS:
        table_out = rows(graph, worker_count=workers, morsel_rows_max=batch_rows)
        assert dict(zip(*table_out.to_pydict().values(), strict=True)) == expected


def test_lists_within_lists_and_a_limit():
    table = pa.table({"n": [1, 2], "l": pa.array([[[1, 2], []], [None, [3, None, 4]]])})
    graph = line(
        {"data": table},
        node("flat_map", "outer", column="l"),
        node("flat_map", "inner", column="l"),
        node("limit", count=4),
    )
    assert rows(graph).to_pylist() == [
        {"n": 1, "l": 1},
        {"n": 1, "l": 2},
        {"n": 2, "l": 3},
        {"n": 2, "l": None},
    ]


def test_one_list_with_many_elements():
    table = pa.table({"s": ["ü" * 20], "l": pa.array([list(range(300_000))])})
    result = rows(line({"data": table}, node("flat_map", column="l")))
    assert result["l"].to_pylist() == list(range(300_000))
    assert result["s"].unique().to_pylist() == ["ü" * 20]


@pytest.mark.parametrize("workers", [(1, 8), (8, 1)])
def test_goes_on_from_a_snapshot(workers):
    table = with_lists(5, 600)
    count = {"n": ("*", "count"), "first": ("id", "first"), "last": ("id", "last")}

    def build(source):
        graph = JobGraph("unnest", mode="streaming")
        unnest = node("flat_map", "u", column="large_list")
        group = node("aggregate", "g", key_by=["large_list"], aggregations=count, emit="final")
        nodes = [node("source", "src", bounded=True, **source), unnest, group, node("sink", "out")]
        ids = []
        for one in nodes:
            one.operator_id = one.name
            ids.append(graph.add_operator(one))
        for up, down in pairwise(ids):
            graph.connect(up, down)
        return graph

    batches = table.to_batches(60)
    expected = rows(build({"data": table})).to_pylist()
    result = through_snapshot(build, batches, 5, workers)
    by_word = sorted(result["outputs"]["out"].to_pylist(), key=repr)
    assert by_word == sorted(expected, key=repr)


def test_stream_flat_map():
    stream = Stream.from_table({"n": [1, 2, 3], "l": [[10, 20], [], None]})
    assert stream.flat_map("l").to_pylist() == [{"n": 1, "l": 10}, {"n": 1, "l": 20}]
    assert stream.flat_map("l", keep_empty=True, output_column="x").to_pylist() == [
        {"n": 1, "x": 10},
        {"n": 1, "x": 20},
        {"n": 2, "x": None},
        {"n": 3, "x": None},
    ]


def test_wrong_columns_are_refused_before_anything_runs():
    stream = Stream.from_table({"n": [1], "l": [[1]]})
    with pytest.raises(InvalidJobError, match=r"parameter 'column': 'n' is int64; allowed: .*list"):
        stream.flat_map("n").to_pylist()
    with pytest.raises(InvalidJobError, match=r"there is no column 'll' \(did you mean 'l'\?\)"):
        stream.flat_map("ll").to_pylist()
    with pytest.raises(InvalidJobError, match="two columns named 'n'; give 'output_column'"):
        stream.flat_map("l", output_column="n").to_pylist()


def test_explain_and_log(caplog):
    graph = line({"data": pa.table({"l": [[1, 2], []]})}, node("flat_map", "tags", column="l"))
    assert "flat_map 'tags'  column: l  ~8 rows  -> l" in graph.explain()
    with caplog.at_level("INFO", "sabot"):
        graph.run()
    assert "  → Processed 2 → 2 rows" in [record.getMessage() for record in caplog.records]
