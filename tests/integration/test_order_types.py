# SPDX-License-Identifier: Apache-2.0
"""SORT and TOP_N by columns of every type."""

import math
import random
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest

import sabot
from every_type import EVERY, array, cells
from pipelines import ledger_is_balanced, line, node, run, through_snapshot
from sabot import InvalidJobError, JobGraph

COUNT = 150
SORTABLE = [name for name in EVERY if name != "interval"]
WAYS = [(False, "last"), (True, "last"), (False, "first"), (True, "first")]
CUTS = [(1, 1), (2, 7), (1, 1000), (8, 40)]  # workers, rows per batch


def order_key(value: Any) -> Any:
    """Return what Python orders as the engine orders the value: inside of it, nulls come last."""
    if isinstance(value, dict):
        return [inner_key(one) for one in value.values()]
    if isinstance(value, list | tuple):
        return [inner_key(one) for one in value]
    if isinstance(value, float) and math.isnan(value):
        return (1, 0.0)
    return (0, value) if isinstance(value, float) else value


def inner_key(value: Any) -> Any:
    return (value is None, None if value is None else order_key(value))


def values_of(column: pa.ChunkedArray) -> list[Any]:
    chunks = [
        pa.compute.run_end_decode(chunk) if pa.types.is_run_end_encoded(chunk.type) else chunk
        for chunk in column.chunks
    ]
    return [value for chunk in chunks for value in chunk.to_pylist()]


def expected_places(
    columns: list[list[Any]], descending: list[bool], nulls: list[str]
) -> list[int]:
    """Return the places of the rows in order: sorted by the last column first, which is stable."""
    places = list(range(len(columns[0])))
    for values, is_down, place in reversed(list(zip(columns, descending, nulls, strict=True))):
        keys = {i: order_key(values[i]) for i in places if values[i] is not None}
        there = sorted(keys, key=keys.__getitem__, reverse=is_down)
        missing = [i for i in places if values[i] is None]
        places = missing + there if place == "first" else there + missing
    return places


def given(name: str, seed: int = 0) -> pa.Table:
    """Return an id and columns of the type: in pieces that have dictionaries of their own."""
    pieces = [pa.record_batch([array(name, 10 * seed + i, COUNT // 3)], ["c"]) for i in range(3)]
    column = pa.chunked_array([piece["c"] for piece in pieces], pieces[0].schema.field(0).type)
    few = pa.array([i % 5 for i in range(COUNT)], pa.int8())
    return pa.table({"id": pa.array(range(COUNT), pa.int64()), "c": column, "few": few})


def found(table: pa.Table, cut: tuple[int, int], operator: Any) -> pa.Table:
    source = {"data": table.to_batches(max_chunksize=cut[1])}
    result = run(line(source, operator), worker_count=cut[0], morsel_rows_max=cut[1])
    assert ledger_is_balanced(result)
    out: pa.Table = result["outputs"]["out"]
    out.validate(full=True)
    return out


@pytest.mark.parametrize("name", SORTABLE)
def test_sort(name: str) -> None:
    table = given(name)
    values = values_of(table["c"])
    for (descending, nulls), cut in zip(WAYS, CUTS, strict=True):
        operator = node("sort", by="c", descending=descending, nulls=nulls)
        rows = found(table, cut, operator)
        places = expected_places([values], [descending], [nulls])
        assert rows["id"].to_pylist() == places, (descending, nulls)
        assert rows.schema == table.schema
        assert cells(rows["c"]) == [cells(table["c"])[i] for i in places]


@pytest.mark.parametrize("name", SORTABLE)
def test_sort_by_several(name: str) -> None:
    table = given(name, 1)
    values, few = values_of(table["c"]), table["few"].to_pylist()
    for (descending, nulls), cut in zip(WAYS, CUTS, strict=True):
        by = [
            {"column": "few", "descending": not descending},
            {"column": "c", "descending": descending, "nulls": nulls},
        ]
        rows = found(table, cut, node("sort", by=by))
        places = expected_places([few, values], [not descending, descending], ["last", nulls])
        assert rows["id"].to_pylist() == places, (descending, nulls)
        rows = found(table, cut, node("sort", by=by[::-1]))
        places = expected_places([values, few], [descending, not descending], [nulls, "last"])
        assert rows["id"].to_pylist() == places, (descending, nulls)


@pytest.mark.parametrize("name", SORTABLE)
def test_top_n(name: str) -> None:
    table = given(name, 2)
    values = values_of(table["c"])
    for (descending, nulls), cut in zip(WAYS, CUTS, strict=True):
        operator = node("top_n", by="c", descending=descending, nulls=nulls, count=20, offset=3)
        rows = found(table, cut, operator)
        assert rows["id"].to_pylist() == expected_places([values], [descending], [nulls])[3:23]
        assert rows.schema == table.schema


def many(kind: str, count: int) -> tuple[pa.Array, list[Any]]:
    """Return a column of which a top needs few rows: candidates are dropped by their bound."""
    rng = random.Random(kind)
    if kind == "decimal256":
        numbers = [Decimal(rng.randrange(-(10**50), 10**50)) for _ in range(count)]
        return pa.array(numbers, pa.decimal256(60, 0)), numbers
    if kind == "fixed_size_binary":
        texts = [rng.randbytes(16) for _ in range(count)]
        return pa.array(texts, pa.binary(16)), texts
    if kind == "list":
        lists = [[rng.randrange(9) for _ in range(rng.randrange(6))] for _ in range(count)]
        return pa.array(lists, pa.list_(pa.int64())), lists
    words = [f"{'a long word ' * (i % 3)}{i:03d}" for i in range(300)]
    drawn = [rng.choice(words) for _ in range(count)]
    if kind == "dictionary":
        return pa.array(drawn).dictionary_encode(), drawn
    return pa.compute.run_end_encode(pa.array(drawn)), drawn


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize(
    "kind", ["decimal256", "fixed_size_binary", "dictionary", "run_end_encoded", "list"]
)
def test_many_rows(kind: str, workers: int) -> None:
    count = 70_000  # several ranges of a sort
    column, values = many(kind, count)
    table = pa.table({"id": pa.array(range(count), pa.int64()), "c": column})
    for descending in (False, True):
        expected = expected_places([values], [descending], ["last"])
        source = {"data": table}
        top = node("top_n", by="c", descending=descending, count=30)
        rows = run(line(source, top), worker_count=workers, morsel_rows_max=5000)["outputs"]["out"]
        assert rows["id"].to_pylist() == expected[:30]
        if not descending:
            rows = run(line(source, node("sort", by="c")), worker_count=workers)["outputs"]["out"]
            assert rows["id"].to_pylist() == expected


@pytest.mark.parametrize(
    "type_",
    [
        pa.list_(pa.int32()),
        pa.large_list(pa.string()),
        pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))]),
        pa.list_(pa.struct([("x", pa.float64()), ("y", pa.bool_())])),
        pa.dictionary(pa.int16(), pa.string()),
        pa.binary(4),
    ],
    ids=str,
)
def test_the_order_is_that_of_duckdb(type_: pa.DataType) -> None:
    rng = random.Random(str(type_))

    def draw(of: pa.DataType) -> Any:
        if rng.random() < 0.2:
            return None
        if pa.types.is_dictionary(of):
            of = of.value_type
        if pa.types.is_struct(of):
            return {field.name: draw(field.type) for field in of}
        if pa.types.is_nested(of):
            return [draw(of.value_type) for _ in range(rng.randrange(4))]
        if pa.types.is_fixed_size_binary(of):
            return rng.choice([b"abcd", b"abc\0", b"\0\0\0\0", b"\xff\0\0\0"])
        if pa.types.is_string(of):
            return rng.choice(["", "a", "b", "aa", "ä", "a\0", "a\0b", "x" * 13, "日本"])
        if pa.types.is_floating(of):
            return rng.choice([0.0, -0.0, math.nan, math.inf, -1.5])
        return bool(rng.randrange(2)) if pa.types.is_boolean(of) else rng.randrange(-2, 300)

    values = [draw(type_) for _ in range(300)]
    plain = type_.value_type if pa.types.is_dictionary(type_) else type_
    column = pa.array(values, plain)
    table = pa.table({"id": range(300), "c": column})  # DuckDB orders its enums by their codes
    if plain is not type_:
        table = table.set_column(1, "c", column.dictionary_encode().cast(type_))
    with duckdb.connect() as connection:
        connection.register("t", pa.table({"id": range(300), "c": column}))
        for descending, nulls in WAYS:
            way = "DESC" if descending else "ASC"
            sql = f"SELECT id FROM t ORDER BY c {way} NULLS {nulls}, id"
            expected = [row[0] for row in connection.sql(sql).fetchall()]
            operator = node("sort", by="c", descending=descending, nulls=nulls)
            assert found(table, (2, 33), operator)["id"].to_pylist() == expected


@pytest.mark.parametrize("operator_type", ["sort", "top_n"])
@pytest.mark.parametrize("name", ["null", "decimal256", "dictionary", "run_end_encoded", "struct"])
def test_state_comes_back_from_snapshots(name: str, operator_type: str) -> None:
    table = given(name, 3)
    more = {"count": 70} if operator_type == "top_n" else {}

    def build(source: dict[str, Any]) -> JobGraph:
        graph = JobGraph("order")
        nodes = [
            node("source", "src", **source),
            node(operator_type, "order", by=["c", "few"], **more),
            node("sink", "out"),
        ]
        for one in nodes:
            one.operator_id = one.name
            graph.add_operator(one)
        graph.connect("src", "order")
        graph.connect("order", "out")
        return graph

    batches = table.to_batches(max_chunksize=10)
    result = through_snapshot(build, batches, 8, worker_counts=(2, 3))
    places = expected_places(
        [values_of(table["c"]), table["few"].to_pylist()], [False, False], ["last", "last"]
    )
    assert result["outputs"]["out"]["id"].to_pylist() == places[: more.get("count")]


def test_the_stream_api_sorts_by_them() -> None:
    words = pa.array(["b", None, "a", "b"]).dictionary_encode()
    stream = sabot.Stream.from_table(pa.table({"id": range(4), "c": words}))
    assert stream.sort("c").collect()["id"].to_pylist() == [2, 0, 3, 1]


@pytest.mark.parametrize("operator_type", ["sort", "top_n"])
@pytest.mark.parametrize("is_inside", [False, True])
def test_intervals_are_refused(operator_type: str, is_inside: bool) -> None:
    column: Any = array("interval", 0, 9)
    if is_inside:
        column = pa.StructArray.from_arrays([column], ["i"])
    more = {"count": 1} if operator_type == "top_n" else {}
    graph = line({"data": pa.table({"c": column})}, node(operator_type, "s", by="c", **more))
    with pytest.raises(InvalidJobError, match=r"parameter 'by': 'c' is .*interval.*no order"):
        run(graph)
