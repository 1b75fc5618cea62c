# SPDX-License-Identifier: Apache-2.0
"""Columns of every Arrow type through operators, state, snapshots, sinks and sources."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import sabot
from every_type import EVERY, ROWS, TYPES, by_id, cells, check, keys, table
from pipelines import line, node, rows, run, through_snapshot
from sabot import InvalidJobError
from sabot.udf.column_view import ColumnView


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


@pytest.mark.parametrize("name", ["list", "struct", "map", "interval", "dictionary_struct"])
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


def test_the_minimum_of_nulls_is_null() -> None:
    wanted = {"low": ("c", "min"), "high": ("c", "max")}
    for keyed in ({}, {"key_by": ["id"]}):
        given = table("null", 0, 9)
        found = rows(line({"data": given}, node("aggregate", "a", aggregations=wanted, **keyed)))
        assert found["low"].to_pylist() == [None] * (9 if keyed else 1)
        assert found["high"].type == pa.null()


@pytest.mark.parametrize(("workers", "batch_rows"), [(1, 1000), (2, 7), (8, 64)])
@pytest.mark.parametrize("name", EVERY)
def test_distinct_rows(name: str, workers: int, batch_rows: int) -> None:
    given = table(name)
    graph = line(
        {"data": given.to_batches(max_chunksize=batch_rows)},
        node("distinct", "once", columns=["c"]),
    )
    found = rows(graph, worker_count=workers, morsel_rows_max=batch_rows)
    first: dict[str, int] = {}
    for place, cell in enumerate(keys(given["c"])):
        first.setdefault(cell, place)
    places = dict(zip(keys(found["c"]), found["id"].to_pylist(), strict=True))
    assert found.num_rows == len(first)
    assert places == first


@pytest.mark.parametrize("name", EVERY)
def test_aggregates_of_it(name: str) -> None:
    given = table(name)
    wanted = ["count", "count_distinct", "approx_count_distinct", "first", "last", "list"]
    calls = {function: ("c", function) for function in wanted}
    for workers, batch_rows in ((1, 1000), (2, 7)):
        source = {"data": given.to_batches(max_chunksize=batch_rows)}
        found = rows(
            line(source, node("aggregate", "a", aggregations=calls)),
            worker_count=workers,
            morsel_rows_max=batch_rows,
        )
        found.validate(full=True)
        there = [cell for cell in cells(given["c"]) if cell != "None"]
        different = {cell for cell in keys(given["c"]) if cell != "None"}
        assert found["count"].to_pylist() == [len(there)]
        assert found["count_distinct"].to_pylist() == [len(different)]
        guess = found["approx_count_distinct"][0].as_py()
        assert abs(guess - len(different)) <= 0.1 * len(different)
        assert cells(found["first"]) == (there[:1] or ["None"])
        assert cells(found["last"]) == (there[-1:] or ["None"])
        assert found.schema.field("first").type == given.schema.field("c").type
        assert found.schema.field("list").type.value_type == given.schema.field("c").type


@pytest.mark.parametrize("name", EVERY)
def test_lists_of_it_are_unnested(name: str) -> None:
    given = table(name)
    graph = line(
        {"data": given.to_batches(max_chunksize=50)},
        node("aggregate", "gather", aggregations={"l": ("c", "list"), "ids": ("id", "list")}),
        node("flat_map", "spread", column="l"),
    )
    found = rows(graph, worker_count=2)
    found.validate(full=True)
    assert cells(found["l"]) == cells(given["c"])
    assert found.schema.field("l").type == given.schema.field("c").type


@pytest.mark.parametrize("reconcile", ["strict", "by_name"])
@pytest.mark.parametrize("name", EVERY)
def test_unions(name: str, reconcile: str) -> None:
    sides = [table(name, 1, 40), table(name, 2, 60)]
    job = sabot.JobGraph("union")
    both = job.add_operator(node("union", "both", reconcile=reconcile))
    for i, side in enumerate(sides):
        job.connect(job.add_operator(node("source", f"side{i}", data=side)), both)
    job.connect(both, job.add_operator(node("sink", "out")))
    found = rows(job, worker_count=2)
    assert found.schema == sides[0].schema
    assert by_id(found, "id", "c") == sorted(
        by_id(sides[0], "id", "c") + by_id(sides[1], "id", "c")
    )


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


def plain(type_: pa.DataType) -> pa.DataType:
    """Return the type of the values that a dictionary or runs stand for."""
    while pa.types.is_dictionary(type_) or pa.types.is_run_end_encoded(type_):
        type_ = type_.value_type
    return type_


NO_PARQUET = {"interval", "struct_empty"}


@pytest.mark.parametrize("name", [name for name in EVERY if name not in NO_PARQUET])
def test_parquet_files(name: str, tmp_path: Path) -> None:
    given = table(name)
    path = tmp_path / "rows.parquet"
    sabot_run(line({"data": given.to_batches(max_chunksize=64)}, sink={"path": str(path)}))
    found = rows(line({"path": str(path)}), worker_count=1)
    pq.read_table(path).validate(full=True)
    assert cells(found["c"]) == cells(given["c"])


NO_CSV = [name for name in EVERY if pa.types.is_nested(plain(TYPES[name][0]))]


@pytest.mark.parametrize(
    ("name", "suffix"),
    [*((name, "parquet") for name in sorted(NO_PARQUET)), *((name, "csv") for name in NO_CSV)],
)
def test_a_file_that_cannot_hold_it_is_refused(name: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows.{suffix}"
    graph = line({"data": table(name)}, sink={"path": str(path)})
    with pytest.raises(InvalidJobError, match=rf"column 'c' is .* no form in {suffix}"):
        run(graph)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [name for name in EVERY if name not in NO_CSV])
def test_csv_files(name: str, tmp_path: Path) -> None:
    given = table(name)
    path = tmp_path / "rows.csv"
    sabot_run(line({"data": given.to_batches(max_chunksize=64)}, sink={"path": str(path)}))
    for type_ in (TYPES[name][0], plain(TYPES[name][0])):
        source = {"path": str(path), "column_types": {"c": type_}}
        found = rows(line(source), worker_count=1)["c"]
        assert found.type == (pa.string() if pa.types.is_null(type_) else type_)
        assert cells(found) == cells(given["c"])


@pytest.mark.parametrize("name", NO_CSV)
def test_types_that_are_not_read_from_csv(name: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("id,c\n1,a\n")
    graph = line({"path": str(path), "column_types": {"c": TYPES[name][0]}})
    with pytest.raises(InvalidJobError, match=r"column 'c' is .*no form in CSV; declare it as str"):
        graph.validate()


@pytest.mark.parametrize("name", EVERY)
def test_ndjson_files(name: str, tmp_path: Path) -> None:
    given = table(name)
    path = tmp_path / "rows.ndjson"
    sabot_run(line({"data": given.to_batches(max_chunksize=64)}, sink={"path": str(path)}))
    lines = [json.loads(text) for text in path.read_text().splitlines()]
    assert [one["id"] for one in lines] == list(range(ROWS))
    assert [one["c"] is None for one in lines] == [cell == "None" for cell in cells(given["c"])]
    source = line({"path": str(path), "column_types": {"c": TYPES[name][0]}})
    if name == "dictionary_struct":
        with pytest.raises(InvalidJobError, match=r"column 'c' is .* no form in JSON"):
            source.validate()
        return
    found = rows(source, worker_count=1)
    found.validate(full=True)
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
