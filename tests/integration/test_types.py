# SPDX-License-Identifier: Apache-2.0
"""Columns of every Arrow type through operators, state, snapshots, sinks and sources."""

import datetime
import decimal
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import sabot
from pipelines import line, node, rows, run, through_snapshot
from sabot import InvalidJobError
from sabot.udf.column_view import ColumnView

Value = Callable[[random.Random], Any]


def text(rng: random.Random) -> str:
    """Return a short, a long or a non-ASCII text, from few."""
    return rng.choice(["", "a", "twelve bytes", "thirteen bytes", "grüße aus köln", "x" * 40])


def number(rng: random.Random) -> int:
    return rng.choice([0, 1, -1, 7, 100, -100])


def real(rng: random.Random) -> float:
    return rng.choice([0.0, -0.0, 1.5, -2.25, float("inf"), float("nan")])


def amount(rng: random.Random) -> decimal.Decimal:
    return decimal.Decimal(rng.choice(["0.00", "1.25", "-1.25", "99999.99"]))


def sometimes(value: Value) -> Value:
    """Return a value that is None now and then."""
    return lambda rng: None if rng.random() < 0.2 else value(rng)


def several(value: Value, count: int | None = None) -> Value:
    return lambda rng: [
        sometimes(value)(rng) for _ in range(rng.randrange(4) if count is None else count)
    ]


def record(rng: random.Random) -> dict[str, Any]:
    return {"a": sometimes(number)(rng), "b": sometimes(text)(rng)}


def entries(rng: random.Random) -> list[tuple[str, int | None]]:
    return [(key, sometimes(number)(rng)) for key in ["k", "key two"][: rng.randrange(3)]]


def months(rng: random.Random) -> pa.MonthDayNano:
    return pa.MonthDayNano([rng.randrange(3), rng.randrange(3), rng.randrange(3)])


# name -> type, values
TYPES: dict[str, tuple[pa.DataType, Value]] = {
    "null": (pa.null(), lambda _: None),
    "bool": (pa.bool_(), lambda rng: rng.random() < 0.5),
    "int8": (pa.int8(), number),
    "uint64": (pa.uint64(), lambda rng: rng.choice([0, 1, 2**64 - 1])),
    "float16": (pa.float16(), real),
    "float32": (pa.float32(), real),
    "float64": (pa.float64(), real),
    "decimal32": (pa.decimal32(7, 2), amount),
    "decimal64": (pa.decimal64(15, 2), amount),
    "decimal128": (pa.decimal128(30, 2), amount),
    "decimal256": (pa.decimal256(60, 2), amount),
    "date32": (pa.date32(), number),
    "date64": (pa.date64(), lambda rng: datetime.date(2024, 1, 1 + rng.randrange(3))),
    "timestamp": (pa.timestamp("us", "Europe/Berlin"), number),
    "time32": (pa.time32("ms"), lambda rng: rng.randrange(3)),
    "time64": (pa.time64("ns"), lambda rng: 1000 * rng.randrange(3)),
    "duration": (pa.duration("s"), number),
    "interval": (pa.month_day_nano_interval(), months),
    "utf8": (pa.string(), text),
    "utf8_view": (pa.string_view(), text),
    "large_binary": (pa.large_binary(), lambda rng: text(rng).encode()),
    "fixed_size_binary": (pa.binary(3), lambda rng: rng.choice([b"abc", b"\0\0\0", b"xyz"])),
    "fixed_size_binary_16": (pa.binary(16), lambda rng: bytes([rng.randrange(3)] * 16)),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), text),
    "dictionary_number": (pa.dictionary(pa.uint16(), pa.int64()), number),
    "dictionary_struct": (
        pa.dictionary(pa.int32(), pa.struct([("a", pa.int8()), ("b", pa.string())])),
        record,
    ),
    "run_end_encoded": (pa.run_end_encoded(pa.int32(), pa.string()), text),
    "run_end_encoded_16": (pa.run_end_encoded(pa.int16(), pa.float64()), real),
    "list": (pa.list_(pa.int32()), several(number)),
    "list_text": (pa.list_(pa.string()), several(text)),
    "list_list": (pa.list_(pa.list_(pa.float32())), several(several(real))),
    "large_list": (pa.large_list(pa.string()), several(text)),
    "list_view": (pa.list_view(pa.string()), several(text)),
    "large_list_view": (pa.large_list_view(pa.int16()), several(number)),
    "fixed_size_list": (pa.list_(pa.int64(), 3), several(number, 3)),
    "struct": (pa.struct([("a", pa.int8()), ("b", pa.string())]), record),
    "struct_empty": (pa.struct([]), lambda _: {}),
    "struct_deep": (
        pa.struct(
            [
                ("s", pa.struct([("a", pa.int8()), ("b", pa.string())])),
                ("l", pa.list_(pa.struct([("a", pa.int8()), ("b", pa.string())]))),
            ]
        ),
        lambda rng: {"s": sometimes(record)(rng), "l": sometimes(several(record))(rng)},
    ),
    "struct_dictionary": (
        pa.struct([("d", pa.dictionary(pa.int8(), pa.string()))]),
        lambda rng: {"d": sometimes(text)(rng)},
    ),
    "map": (pa.map_(pa.string(), pa.int64()), entries),
}

EVERY = sorted(TYPES)
ROWS = 200


def array(name: str, seed: int, count: int = ROWS) -> pa.Array:
    """Return values of a type, some of them null, at an offset within their buffers."""
    type_, value = TYPES[name]
    rng = random.Random(f"{name} {seed}")
    values = [sometimes(value)(rng) for _ in range(count + 3)]
    if pa.types.is_run_end_encoded(type_):
        encoded = pc.run_end_encode(
            pa.array(values, type_.value_type), run_end_type=type_.run_end_type
        )
        return encoded[3:]
    if pa.types.is_dictionary(type_) and pa.types.is_nested(type_.value_type):
        distinct = list({str(v): v for v in values if v is not None}.values())
        places = [None if v is None else [str(d) for d in distinct].index(str(v)) for v in values]
        return pa.DictionaryArray.from_arrays(
            pa.array(places, type_.index_type), pa.array(distinct, type_.value_type)
        )[3:]
    return pa.array(values, type_)[3:]


def table(name: str, seed: int = 0, count: int = ROWS) -> pa.Table:
    """Return columns 'id', which ascends, and 'c', of the type."""
    return pa.table({"id": pa.array(range(count), pa.int64()), "c": array(name, seed, count)})


def cells(column: pa.ChunkedArray) -> list[str]:
    """Return values that compare: NaN with itself, -0.0 apart from 0.0."""
    chunks = [
        pc.run_end_decode(chunk) if pa.types.is_run_end_encoded(chunk.type) else chunk
        for chunk in column.chunks
    ]
    return [repr(value) for chunk in chunks for value in chunk.to_pylist()]


def keys(column: pa.ChunkedArray) -> list[str]:
    """Return values that compare as keys do: 0.0 is -0.0."""
    return [cell.replace("-0.0", "0.0") for cell in cells(column)]


def check(found: pa.Table, given: pa.Table, places: list[int], names: dict[str, str]) -> None:
    """Compare columns with rows of the input, type included; Arrow checks every buffer."""
    found.validate(full=True)
    for name, origin in names.items():
        assert found.schema.field(name).type == given.schema.field(origin).type
        all_cells = cells(given[origin])
        assert cells(found[name]) == [all_cells[place] for place in places]


def by_id(table_: pa.Table, *names: str) -> list[tuple[Any, ...]]:
    """Return rows as tuples of cells, in an order of their own."""
    return sorted(zip(*(cells(table_[name]) for name in names), strict=True))


@pytest.mark.parametrize("batch_rows", [1, 7, 1000])
@pytest.mark.parametrize("name", EVERY)
def test_rows_pass_filters_maps_and_limits(name: str, batch_rows: int) -> None:
    given = table(name)
    graph = line(
        {"data": given.to_batches(max_chunksize=batch_rows)},
        node("filter", "some", predicate=sabot.col("id") % 3 != 0),
        node("map", "more", expressions={"copy": sabot.col("c")}),
        node("limit", "few", count=100),
    )
    places = [i for i in range(ROWS) if i % 3 != 0][:100]
    found = rows(graph, worker_count=1, morsel_rows_max=batch_rows)
    check(found, given, places, {"id": "id", "c": "c", "copy": "c"})


@pytest.mark.parametrize("name", EVERY)
def test_nulls_are_found(name: str) -> None:
    given = table(name)
    graph = line(
        {"data": given.to_batches(max_chunksize=64)},
        node("filter", "there", predicate=sabot.col("c").is_not_null()),
        node("map", "told", expressions={"missing": sabot.col("c").is_null()}),
    )
    found = rows(graph, worker_count=1)
    places = [i for i, cell in enumerate(cells(given["c"])) if cell != "None"]
    check(found, given, places, {"c": "c"})
    assert found["missing"].to_pylist() == [False] * len(places)


@pytest.mark.parametrize(("workers", "batch_rows"), [(1, 1000), (2, 7), (8, 64)])
@pytest.mark.parametrize("name", EVERY)
def test_join_carries_payload(name: str, workers: int, batch_rows: int) -> None:
    left = pa.table({"id": pa.array([i % (ROWS + 20) for i in range(2 * ROWS)], pa.int64())})
    right = table(name).rename_columns(["id", "payload"])
    job = sabot.JobGraph("join")
    sides = [
        job.add_operator(node("source", side, data=data.to_batches(max_chunksize=batch_rows)))
        for side, data in (("left", left), ("right", right))
    ]
    join = job.add_operator(node("hash_join", "join", left_key="id", right_key="id", how="left"))
    out = job.add_operator(node("sink", "out"))
    for side in sides:
        job.connect(side, join)
    job.connect(join, out)
    found = rows(job, worker_count=workers, morsel_rows_max=batch_rows)
    found.validate(full=True)
    assert found.schema.field("payload").type == right.schema.field("payload").type
    right_cells = cells(right["payload"])
    expected = sorted(
        (repr(i), right_cells[i] if i < ROWS else "None") for i in left["id"].to_pylist()
    )
    assert by_id(found, "id", "payload") == expected


@pytest.mark.parametrize(("workers", "batch_rows"), [(1, 1000), (2, 7), (8, 64)])
@pytest.mark.parametrize("name", EVERY)
def test_joins_by_it(name: str, workers: int, batch_rows: int) -> None:
    left = table(name, 1, 40)
    right = table(name, 2, 60).rename_columns(["other", "c"])
    job = sabot.JobGraph("join")
    sides = [
        job.add_operator(node("source", side, data=data.to_batches(max_chunksize=batch_rows)))
        for side, data in (("left", left), ("right", right))
    ]
    join = job.add_operator(node("hash_join", "join", left_key="c", right_key="c"))
    out = job.add_operator(node("sink", "out"))
    for side in sides:
        job.connect(side, join)
    job.connect(join, out)
    found = rows(job, worker_count=workers)
    found.validate(full=True)
    expected = sorted(
        (repr(i), repr(j))
        for i, a in enumerate(keys(left["c"]))
        for j, b in enumerate(keys(right["c"]))
        if a == b and a != "None"
    )
    assert by_id(found, "id", "other") == expected


@pytest.mark.parametrize(("workers", "batch_rows"), [(1, 1000), (2, 7), (8, 64)])
@pytest.mark.parametrize("name", EVERY)
def test_groups_by_it(name: str, workers: int, batch_rows: int) -> None:
    given = table(name)
    graph = line(
        {"data": given.to_batches(max_chunksize=batch_rows)},
        node("aggregate", "count", key_by=["c"], aggregations={"n": ("*", "count")}),
    )
    found = rows(graph, worker_count=workers, morsel_rows_max=batch_rows)
    found.validate(full=True)
    assert found.schema.field("c").type == given.schema.field("c").type
    expected: dict[str, int] = {}
    for cell in keys(given["c"]):
        expected[cell] = expected.get(cell, 0) + 1
    assert dict(zip(keys(found["c"]), found["n"].to_pylist(), strict=True)) == expected


@pytest.mark.parametrize("name", ["list", "struct", "map", "interval", "null"])
def test_types_without_order_have_no_minimum(name: str) -> None:
    graph = line({"data": table(name)}, node("aggregate", "low", aggregations={"m": ("c", "min")}))
    with pytest.raises(InvalidJobError, match=r"low.*min"):
        rows(graph)


@pytest.mark.parametrize(
    "name",
    ["time32", "time64", "duration", "decimal32", "decimal64", "decimal256", "dictionary_number"],
)
def test_minimum_and_maximum(name: str) -> None:
    given = table(name)
    wanted = {"low": ("c", "min"), "high": ("c", "max")}
    found = rows(line({"data": given}, node("aggregate", "a", aggregations=wanted)))
    values = [value for value in given["c"].to_pylist() if value is not None]
    assert found["low"].to_pylist() == [min(values)]
    assert found["high"].to_pylist() == [max(values)]


@pytest.mark.parametrize("name", EVERY)
def test_state_comes_back_from_snapshots(name: str) -> None:
    given = table(name)

    def build(source: dict[str, Any]) -> sabot.JobGraph:
        graph = sabot.JobGraph("groups")
        nodes = [
            node("source", "src", **source),
            node("aggregate", "groups", key_by=["c"], aggregations={"n": ("*", "count")}),
            node("sink", "out"),
        ]
        for one in nodes:
            one.operator_id = one.name
            graph.add_operator(one)
        graph.connect("src", "groups")
        graph.connect("groups", "out")
        return graph

    batches = given.to_batches(max_chunksize=20)
    result = through_snapshot(build, batches, 5, worker_counts=(2, 3))
    found = result["outputs"]["out"]
    expected: dict[str, int] = {}
    for cell in keys(given["c"]):
        expected[cell] = expected.get(cell, 0) + 1
    assert dict(zip(keys(found["c"]), found["n"].to_pylist(), strict=True)) == expected


@pytest.mark.parametrize("name", EVERY)
def test_arrow_files(name: str, tmp_path: Path) -> None:
    given = table(name)
    for path in [tmp_path / "rows.arrow", tmp_path / "rows.arrows"]:
        graph = line({"data": given.to_batches(max_chunksize=64)}, sink={"path": str(path)})
        rows_written = sabot_run(graph)
        assert rows_written == ROWS
        found = rows(line({"path": str(path)}), worker_count=1)
        check(found, given, list(range(ROWS)), {"id": "id", "c": "c"})


# What Parquet cannot hold, or not as what it is.
NO_PARQUET = {
    "decimal32",
    "decimal64",
    "dictionary_number",
    "dictionary_struct",
    "interval",
    "large_list_view",
    "list_view",
    "run_end_encoded",
    "run_end_encoded_16",
    "struct_empty",
    "duration",
}


@pytest.mark.parametrize("name", [name for name in EVERY if name not in NO_PARQUET])
def test_parquet_files(name: str, tmp_path: Path) -> None:
    given = table(name)
    path = tmp_path / "rows.parquet"
    sabot_run(line({"data": given.to_batches(max_chunksize=64)}, sink={"path": str(path)}))
    found = rows(line({"path": str(path)}), worker_count=1)
    pq.read_table(path).validate(full=True)
    assert cells(found["c"]) == cells(given["c"])


@pytest.mark.parametrize("name", EVERY)
def test_topics(name: str, tmp_path: Path) -> None:
    given = table(name)
    topic = {"topic": "t", "data_dir": str(tmp_path)}
    sabot_run(line({"data": given.to_batches(max_chunksize=64)}, sink=topic))
    found = rows(line({**topic, "bounded": True}), worker_count=1)
    assert by_id(found, "id", "c") == by_id(given, "id", "c")


# Types whose values have no product: an error names the types of the operands.
NO_PRODUCT = [
    "time32",
    "time64",
    "struct",
    "struct_empty",
    "date32",
    "timestamp",
    "run_end_encoded",
]


# A column of nothing but nulls must be declared; pyarrow makes no dictionary of structs.
PASSED_ON = [name for name in EVERY if name not in ("null", "dictionary_struct")]


@pytest.mark.parametrize("name", PASSED_ON)
def test_a_function_passes_columns_on(name: str) -> None:
    given = table(name)

    def same(batch):  # type: ignore[no-untyped-def]
        batch["n"] = batch["id"] + 1
        return batch

    graph = line({"data": given.to_batches(max_chunksize=64)}, node("map", "same", function=same))
    found = rows(graph, worker_count=1)
    check(found, given, list(range(ROWS)), {"id": "id", "c": "c"})


@pytest.mark.parametrize("name", EVERY)
def test_values_are_python_values(name: str) -> None:
    array = table(name)["c"].chunk(0)
    view = ColumnView(array)
    expected = [None if cell == "None" else cell for cell in cells(pa.chunked_array([array]))]
    assert view.null_count == expected.count(None)
    assert view.is_null().to_arrow().to_pylist() == [cell is None for cell in expected]
    assert [value is None for value in view] == [cell is None for cell in expected]
    assert view.to_arrow() is array


@pytest.mark.parametrize("name", NO_PRODUCT)
def test_arithmetic_without_meaning_is_an_error(name: str) -> None:
    given = table(name)

    def double(batch):  # type: ignore[no-untyped-def]
        batch["c"] = batch["c"] * 2.5
        return batch

    graph = line({"data": given}, node("map", "double", function=double))
    with pytest.raises(sabot.SabotError, match=r"operator 'double'.*(operand|multiply)"):
        rows(graph, worker_count=1)


def sabot_run(graph: sabot.JobGraph) -> int:
    """Run a graph and return how many rows the sink got."""
    ledger = run(graph, worker_count=1)["ledger"].to_pylist()
    return next(int(op["rows_in"]) for op in ledger if op["name"] == "out")
