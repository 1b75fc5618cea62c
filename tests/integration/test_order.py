# SPDX-License-Identifier: Apache-2.0
"""SORT gives the order that DuckDB gives, whatever runs it and wherever the rows go.

Ties keep the order of the input, which DuckDB is asked for by the number of the row.
"""

import functools

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nasty import nasty
from pipelines import ledger_is_balanced, line, node, run
from sabot import InvalidJobError, col

CUTS = [(1, 1), (1, 65_536), (2, 7), (8, 1000)]  # workers, rows per batch
SEEDS = range(4)

KEYS = [
    "k",
    "small",
    "x",
    "w",
    "flag",
    "day",
    "none",
    ["k", "x"],
    ["flag", "w", "x"],
    ["x", "w", "k"],
]


def ordered_by(table, by, descending=False, nulls="last", tail=""):
    """Return the numbers of the rows in DuckDB's order."""
    names = by if isinstance(by, list) else [by]
    ways = descending if isinstance(descending, list) else [descending] * len(names)
    places = nulls if isinstance(nulls, list) else [nulls] * len(names)
    keys = [
        f'"{name}" {"DESC" if way else "ASC"} NULLS {place}'
        for name, way, place in zip(names, ways, places, strict=True)
    ]
    connection = duckdb.connect()
    connection.register("t", table)
    query = f"SELECT id FROM t ORDER BY {', '.join([*keys, 'id'])} {tail}"
    return [row[0] for row in connection.sql(query).fetchall()]


def found(graph, cut):
    result = run(graph, worker_count=cut[0], morsel_rows_max=cut[1])
    assert ledger_is_balanced(result)
    return result["outputs"]["out"]


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("by", KEYS, ids=str)
def test_sort(by, seed, cut):
    table = nasty(seed, 700)
    descending, nulls = bool(seed % 2), "first" if seed // 2 else "last"
    graph = line({"data": table}, node("sort", "s", by=by, descending=descending, nulls=nulls))
    rows = found(graph, cut)
    expected = ordered_by(table, by, descending, nulls)
    assert rows["id"].to_pylist() == expected
    # Every column came along; repr tells -0.0 from 0.0 and lets NaN equal NaN.
    assert repr(rows.to_pylist()) == repr(table.take(expected).to_pylist())


def test_each_column_has_its_own_direction_and_place_of_nulls():
    table = nasty(5, 700)
    expected = ordered_by(table, ["k", "w", "x"], [True, False, True], ["last", "first", "first"])
    lists = node(
        "sort",
        by=["k", "w", "x"],
        descending=[True, False, True],
        nulls=["last", "first", "first"],
    )
    objects = node(
        "sort",
        by=[
            {"column": "k", "descending": True},
            {"column": "w", "nulls": "first"},
            {"column": "x", "descending": True, "nulls": "first"},
        ],
    )
    for operator in (lists, objects):
        rows = found(line({"data": table}, operator), (2, 100))
        assert rows["id"].to_pylist() == expected


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_many_rows_in_many_ranges(workers):
    count = 200_000
    table = pa.table(
        {
            "id": range(count),
            "w": [f"prefix/{(i * 7919) % 50_021:06d}/{'x' * (i % 30)}" for i in range(count)],
        }
    )
    rows = found(line({"data": table}, node("sort", by="w")), (workers, 0))
    assert rows["id"].to_pylist() == ordered_by(table, "w")


def test_the_order_reaches_files_topics_and_callbacks(tmp_path):
    table = nasty(1, 3_000)
    expected = ordered_by(table, ["w", "x"], True)

    def sorted_into(sink):
        sort = node("sort", by=["w", "x"], descending=True)
        run(line({"data": table}, sort, sink=sink), worker_count=4)

    path = tmp_path / "rows.parquet"
    sorted_into({"path": str(path)})
    assert pq.read_table(path)["id"].to_pylist() == expected

    folder = str(tmp_path / "topics")
    sorted_into({"topic": "sorted", "data_dir": folder, "partitions": 1})
    read = run(line({"topic": "sorted", "data_dir": folder}))["outputs"]["out"]
    assert read["id"].to_pylist() == expected

    seen = []
    sorted_into({"callback": lambda batch: seen.extend(batch.column("id").to_pylist())})
    assert seen == expected


def test_what_follows_sees_the_order():
    table = nasty(2, 5_000)
    graph = line(
        {"data": table},
        node("sort", by=["k", "small"]),
        node("filter", predicate=col("id") > 1_000),
        node("map", expressions={"twice": col("id") * 2}),
        node("limit", count=700),
    )
    expected = [i for i in ordered_by(table, ["k", "small"]) if i > 1_000][:700]
    rows = found(graph, (4, 64))
    assert rows["id"].to_pylist() == expected
    assert rows["twice"].to_pylist() == [2 * i for i in expected]


def test_a_sorted_table_is_sorted_again():
    table = nasty(3, 5_000)
    graph = line(
        {"data": table}, node("sort", "a", by="id", descending=True), node("sort", "b", by="flag")
    )
    rows = found(graph, (4, 64))
    flags = dict(zip(table["id"].to_pylist(), table["flag"].to_pylist(), strict=True))
    order = {False: 0, True: 1, None: 2}
    assert rows["id"].to_pylist() == sorted(flags, key=lambda i: (order[flags[i]], -i))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "operator 's' (sort): parameter 'by': is missing"),
        ({"by": []}, "parameter 'by': is empty; name at least one column"),
        ({"by": "kk"}, "there is no column 'kk' (did you mean 'k'?)"),
        ({"by": ["k", "k"]}, "names 'k' twice; name each column once"),
        ({"by": "k", "nulls": "middle"}, "parameter 'nulls': is 'middle'; allowed: first, last"),
        (
            {"by": ["k", "x"], "descending": [True]},
            "parameter 'descending': has 1 items, and 'by' names 2 columns",
        ),
        (
            {"by": [{"column": "k", "desc": True}]},
            "parameter 'by': item 0: key 'desc': is unknown",
        ),
    ],
)
def test_wrong_parameters_are_named(parameters, message):
    graph = line({"data": nasty(0, 10)}, node("sort", "s", **parameters))
    with pytest.raises(InvalidJobError) as caught:
        run(graph)
    assert message in str(caught.value)


def test_endless_input_is_refused(tmp_path):
    folder = str(tmp_path)
    run(line({"data": nasty(0, 10)}, sink={"topic": "t", "data_dir": folder}))
    graph = line({"topic": "t", "data_dir": folder}, node("sort", "s", by="id"), mode="streaming")
    with pytest.raises(InvalidJobError) as caught:
        run(graph)
    assert "operator 's' (sort): its first row may be the last one that comes" in str(caught.value)


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("by", KEYS, ids=str)
def test_top_n_is_sort_and_limit(by, seed, cut):
    table = nasty(seed, 700)
    descending, nulls = bool(seed % 2), "first" if seed // 2 else "last"
    count, offset = [(10, 0), (1, 3), (200, 600), (50, 0)][seed]
    top = node("top_n", by=by, descending=descending, nulls=nulls, count=count, offset=offset)
    rows = found(line({"data": table}, top), cut)
    tail = f"LIMIT {count} OFFSET {offset}"
    assert rows["id"].to_pylist() == ordered_by(table, by, descending, nulls, tail)


@functools.cache
def many():
    return nasty(8, 40_000)  # far more than candidates: the bound decides


@pytest.mark.parametrize("by", ["k", "w", "x", "small", ["flag", "w"]], ids=str)
@pytest.mark.parametrize("workers", [1, 8])
def test_top_n_of_many_rows(by, workers):
    table = many()
    for descending in (False, True):
        for nulls in ("first", "last"):
            top = node("top_n", by=by, descending=descending, nulls=nulls, count=50, offset=7)
            rows = found(line({"data": table}, top), (workers, 1000))
            expected = ordered_by(table, by, descending, nulls, "LIMIT 50 OFFSET 7")
            assert rows["id"].to_pylist() == expected


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"count": 5}, range(5)),
        ({"count": 5, "offset": 10}, range(10, 15)),
        ({"offset": 10}, range(10, 100)),
        ({"count": 5, "offset": 98}, range(98, 100)),
        ({"count": 5, "offset": 500}, range(0)),
        ({"count": 0, "offset": 5}, range(0)),
        ({"count": 0}, range(0)),
    ],
)
def test_limit_skips_and_passes(parameters, expected, cut):
    table = pa.table({"id": range(100)})
    rows = found(line({"data": table}, node("limit", **parameters)), cut)
    assert rows["id"].to_pylist() == list(expected)


def test_a_limit_of_nothing_is_refused():
    with pytest.raises(InvalidJobError) as caught:
        run(line({"data": nasty(0, 10)}, node("limit", "l")))
    assert "operator 'l' (limit): parameter 'count': is missing" in str(caught.value)


def nested(count):
    """Return rows with columns inside of columns, and a key that is out of order."""

    def every(n, value):
        return [None if i % n == 0 else value(i) for i in range(count)]

    lists = every(5, lambda i: [None if j == 1 else i * 10 + j for j in range(i % 4)])
    return pa.table(
        {
            "id": [(i * 7919) % count for i in range(count)],
            "list": pa.array(lists, pa.list_(pa.int32())),
            "large": pa.array(lists, pa.large_list(pa.int64())),
            "view": pa.array(lists, pa.list_view(pa.int16())),
            "fixed": pa.array(every(3, lambda i: [i, None]), pa.list_(pa.int64(), 2)),
            "struct": pa.array(
                every(4, lambda i: {"a": i, "b": [f"text {i}"] * (i % 3)}),
                pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))]),
            ),
            "map": pa.array(every(6, lambda i: [(f"k{i}", i)]), pa.map_(pa.string(), pa.int64())),
            "word": pa.array(every(7, lambda i: f"w{i % 9}")).dictionary_encode(),
            "runs": pa.RunEndEncodedArray.from_arrays(
                pa.array(range(10, count + 10, 10), pa.int32()),
                pa.array([f"r{i}" for i in range(-(-count // 10))]),
            ).slice(0, count),
            "null": pa.nulls(count),
            "text_view": pa.array(every(8, lambda i: f"a longer text {i}"), pa.string_view()),
            "wide": pa.array(every(9, lambda i: i), pa.decimal256(50, 2)),
            "bytes": pa.array(every(3, lambda i: bytes([i % 256] * 3)), pa.binary(3)),
        }
    )


@pytest.mark.parametrize("operator", ["sort", "top_n"])
@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_columns_inside_of_columns_come_along(operator, cut):
    count = 499
    table = nested(count)
    parameters = {"by": "id"} if operator == "sort" else {"by": "id", "count": 300}
    rows = found(line({"data": table}, node(operator, **parameters)), cut)
    expected = sorted(table.to_pylist(), key=lambda row: row["id"])
    assert rows.to_pylist() == expected[: parameters.get("count", count)]


def test_dictionaries_of_several_files_are_joined(tmp_path):
    for i in range(3):
        words = pa.array([f"file {i} word {j % 4}" for j in range(100)]).dictionary_encode()
        part = pa.table({"id": [j * 3 + i for j in range(100)], "word": words})
        with pa.ipc.new_file(str(tmp_path / f"{i}.arrow"), part.schema) as file:
            file.write_table(part)
    rows = found(line({"path": str(tmp_path / "*.arrow")}, node("sort", by="id")), (2, 7))
    assert rows["word"].to_pylist() == [f"file {r % 3} word {r // 3 % 4}" for r in range(300)]


@pytest.mark.parametrize("operator", ["sort", "top_n"])
@pytest.mark.parametrize(
    "values",
    [
        pa.array([3, None, 1, 86_399, 0, 3], pa.time32("s")),
        pa.array([3, None, 1, 86_399_999_999, 0, 3], pa.time64("us")),
        pa.array([3, None, -1, 2**62, 0, 3], pa.duration("ns")),
        pa.array([1.5, None, -2.0, 0.25, 65504.0, 1.5], pa.float16()),
        pa.array([3, None, -1, 99, 0, 3], pa.decimal64(18, 0)),
        pa.array([3, None, -1, 99, 0, 3], pa.decimal32(9, 0)),
    ],
    ids=lambda array: str(array.type),
)
def test_types_without_a_place_in_sql(operator, values):
    table = pa.table({"id": range(6), "v": values})
    cells = values.to_pylist()
    for descending in (False, True):
        present = [i for i in range(6) if cells[i] is not None]
        expected = sorted(present, key=lambda i: cells[i], reverse=descending)
        parameters = {"by": "v", "descending": descending}
        if operator == "top_n":
            parameters["count"] = 6
        rows = found(line({"data": table}, node(operator, **parameters)), (2, 2))
        assert rows["id"].to_pylist() == [*expected, cells.index(None)]
