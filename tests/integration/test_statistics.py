# SPDX-License-Identifier: Apache-2.0
"""What sources tell of their rows before these are read."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

import every_type
from pipelines import line, node, rows, run
from sabot.connect.source_statistics import (
    ColumnSummary,
    SourceStatistics,
    merged,
    scaled,
)
from sabot.execution.plan import Plan
from sabot.expressions import col

N = 1_000
KNOWN = pa.table(
    {
        "id": pa.array(range(N), pa.int64()),
        "half": pa.array([i % 10 if i % 2 else None for i in range(N)], pa.int32()),
        "price": pa.array([i / 10 if i % 100 else float("nan") for i in range(N)]),
        "none": pa.nulls(N, pa.float64()),
        "name": [f"n{i % 25:02d}" for i in range(N)],
        "day": pa.array([dt.date(2024, 1, 1 + i % 31) for i in range(N)]),
        "at": pa.array(
            [dt.datetime(2024, 1, 1) + dt.timedelta(seconds=i) for i in range(N)],
            pa.timestamp("ms", "UTC"),
        ),
        "amount": pa.array([Decimal(i % 50) / 4 - 2 for i in range(N)], pa.decimal128(9, 2)),
        "big": pa.array([2**63 - 1 - i for i in range(N)], pa.int64()),
        "flag": [i % 3 == 0 for i in range(N)],
        "list": pa.array([[i] for i in range(N)], pa.list_(pa.int32())),
        "clock": pa.array([dt.time(0, 0, i % 60) for i in range(N)], pa.time32("ms")),
    }
)
MIDNIGHT = 1_704_067_200_000  # 2024-01-01 in ms

#: name -> least, greatest, nulls, distinct values
EXPECTED: dict[str, tuple[Any, Any, int, int]] = {
    "id": (0, N - 1, 0, N),
    "half": (1, 9, N // 2, 5),
    "none": (None, None, N, 0),
    "name": ("n00", "n24", 0, 25),
    "day": (19_723, 19_753, 0, 31),
    "at": (MIDNIGHT, MIDNIGHT + (N - 1) * 1000, 0, N),
    "amount": (Decimal("-2.00"), Decimal("10.25"), 0, 50),
    "big": (2**63 - N, 2**63 - 1, 0, N),
    "flag": (False, True, 0, 2),
    "clock": (0, 59_000, 0, 60),
}


def statistics_of(parameters: dict[str, Any], columns: Sequence[str]) -> SourceStatistics | None:
    """Return what the source of these parameters tells; the engine must take it."""
    graph = line(parameters, node("distinct", "d", columns=list(columns)))
    plan = Plan.build(graph)
    try:
        (operator_id,) = plan.sources
        names = plan.sources[operator_id].schema.names
        deciding = plan.core.deciding_columns(operator_id, len(names))
        assert [names[i] for i in deciding] == [name for name in names if name in columns]
        found = plan.sources[operator_id].statistics(columns)
        if found is not None:
            plan.core.set_source_statistics(operator_id, found.to_json())
        return found
    finally:
        plan.close()


def assert_known(found: SourceStatistics, name: str, *, is_near: bool = False) -> None:
    """Check a column of KNOWN; `is_near`: distinct values within a factor of two."""
    column = found.columns[name]
    least, greatest, nulls, distinct = EXPECTED[name]
    assert (column.least, column.greatest, column.null_count) == (least, greatest, nulls)
    if not is_near:
        assert column.distinct_count == distinct
    elif column.distinct_count is not None:
        assert distinct / 2 <= column.distinct_count <= distinct * 2


@pytest.mark.parametrize("name", EXPECTED)
def test_a_table_tells_of_its_columns(name):
    found = statistics_of({"data": KNOWN}, [name])
    assert found.row_count == N
    assert_known(found, name)


@pytest.mark.parametrize("compression", ["none", "zstd"])
@pytest.mark.parametrize("group", [None, 90])
@pytest.mark.parametrize("name", EXPECTED)
def test_footers_tell_of_their_columns(tmp_path, name, group, compression):
    pq.write_table(KNOWN, tmp_path / "k.parquet", row_group_size=group, compression=compression)
    found = statistics_of({"path": tmp_path / "k.parquet"}, [name])
    assert found.row_count == N
    assert_known(found, name, is_near=True)


@pytest.mark.parametrize("name", EXPECTED)
def test_files_together_tell_what_one_would(tmp_path, name):
    for i in range(4):
        pq.write_table(KNOWN.slice(i * 250, 250), tmp_path / f"{i}.parquet")
    found = statistics_of({"path": tmp_path}, [name])
    assert found.row_count == N
    assert_known(found, name, is_near=True)


def test_nan_is_no_bound(tmp_path):
    pq.write_table(KNOWN, tmp_path / "k.parquet")
    for parameters in ({"data": KNOWN}, {"path": tmp_path / "k.parquet"}):
        price = statistics_of(parameters, ["price"]).columns["price"]
        assert (price.least, price.greatest, price.null_count) == (0.1, 99.9, 0)
    only = pa.table({"x": [float("nan")] * 5})
    pq.write_table(only, tmp_path / "nan.parquet")
    for parameters in ({"data": only}, {"path": tmp_path / "nan.parquet"}):
        x = statistics_of(parameters, ["x"]).columns["x"]
        assert (x.least, x.greatest) == (None, None)


def test_values_beyond_every_number_are_bounds():
    infinite = pa.table({"x": [float("inf"), 1.0, float("-inf")]})
    found = statistics_of({"data": infinite}, ["x"])
    assert (found.columns["x"].least, found.columns["x"].greatest) == (float("-inf"), float("inf"))


def test_lists_have_no_bounds(tmp_path):
    pq.write_table(KNOWN, tmp_path / "k.parquet")
    assert statistics_of({"data": KNOWN}, ["list"]).columns["list"] == ColumnSummary(null_count=0)
    assert "list" not in statistics_of({"path": tmp_path / "k.parquet"}, ["list"]).columns


def test_an_empty_table_has_no_rows(tmp_path):
    empty = KNOWN.slice(0, 0)
    pq.write_table(empty, tmp_path / "e.parquet")
    assert statistics_of({"data": empty}, ["id"]) == SourceStatistics(0)
    assert statistics_of({"path": tmp_path / "e.parquet"}, ["id"]).row_count == 0


@pytest.mark.parametrize("count", [0, 1, 200])
@pytest.mark.parametrize("name", every_type.TYPES)
def test_the_engine_takes_what_a_column_of_any_type_tells(tmp_path, name, count):
    """`statistics_of` hands it to the engine, which refuses what is not of the column's type."""
    table = every_type.table(name, 7, count)
    column = table.column_names[-1]
    assert statistics_of({"data": table}, [column]).row_count == count
    with (
        pa.OSFile(str(tmp_path / "t.arrow"), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as w,
    ):
        w.write_table(table)
    assert statistics_of({"path": tmp_path / "t.arrow"}, [column]).row_count == count
    try:
        pq.write_table(table, tmp_path / "t.parquet")
    except (pa.ArrowException, OSError):
        return  # a type that Parquet lacks
    assert statistics_of({"path": tmp_path / "t.parquet"}, [column]).row_count == count


def test_a_long_table_is_sampled():
    rng = np.random.default_rng(11)
    count = 500_000
    order = rng.permutation(count)
    columns = {
        "key": order,
        "many": rng.integers(0, 30_000, count),
        "few": rng.integers(0, 40, count),
        "sorted": np.arange(count) // 50,
        "name": pa.array(rng.integers(0, 3_000, count)).cast(pa.string()),
        "gaps": pa.array(order, mask=order % 4 == 0),
    }
    table = pa.table(columns)
    chunked = pa.concat_tables([table.slice(i, 1_000) for i in range(0, count, 1_000)])
    distinct = {"key": count, "many": 30_000, "few": 40, "sorted": 10_000, "name": 3_000}
    for one in (table, chunked):
        found = statistics_of({"data": one}, list(columns))
        assert found.row_count == count
        for name, values in distinct.items():
            assert values / 1.5 <= found.columns[name].distinct_count <= values * 1.5, name
        assert found.columns["gaps"].null_count == count // 4
        assert found.columns["few"].least == 0
        assert found.columns["few"].greatest == 39
        assert found.columns["key"].least < count / 100
        assert found.columns["key"].greatest > count * 0.99
        assert 3 <= found.columns["name"].average_width <= 4


@pytest.mark.parametrize("group", [None, 10_000])
@pytest.mark.parametrize("is_sorted", [False, True])
@pytest.mark.parametrize("values", [2, 5, 100, 3_000, 20_000])
def test_the_size_of_a_column_tells_how_many_values_it_has(tmp_path, values, is_sorted, group):
    rng = np.random.default_rng(values)
    drawn = rng.integers(0, values, 100_000)
    drawn = np.sort(drawn) if is_sorted else drawn
    table = pa.table({"n": drawn * 1_000_003, "t": [f"text {i}" for i in drawn.tolist()]})
    pq.write_table(table, tmp_path / "d.parquet", row_group_size=group)
    found = statistics_of({"path": tmp_path / "d.parquet"}, ["n", "t"])
    for name in ("n", "t"):
        if name == "t" and is_sorted and group and values == 20_000:
            continue  # runs of five rows: nothing shows that groups of texts have different ones
        actual = len(table[name].unique())
        estimate = found.columns[name].distinct_count
        if is_sorted and values <= 100:  # as many bytes are in heads of pages as in values
            assert 1 <= estimate <= 200, name
        else:
            assert actual / 2 <= estimate <= actual * 2, name


def test_values_of_parts_that_lie_apart_add_up():
    def part(least, greatest, distinct, count=1_000):
        return SourceStatistics(count, {"n": ColumnSummary(least, greatest, 0, distinct)})

    apart = merged([part(0, 99, 100), part(100, 199, 100)], ["n"])
    assert apart == SourceStatistics(2_000, {"n": ColumnSummary(0, 199, 0, 200)})
    same = merged([part(0, 99, 100), part(0, 99, 100)], ["n"])
    assert same.columns["n"].distinct_count == 100
    # 1,000 rows met 632 of 1,000 values; 4,000 rows meet nearly all
    met = merged([part(0, 999, 632)] * 4, ["n"])
    assert met.columns["n"].distinct_count == pytest.approx(982, abs=5)
    unique = merged([part(0, 10**9, 1_000)] * 4, ["n"])
    assert unique.columns["n"].distinct_count == 4_000
    assert merged([part(0, 9, None), part(0, 9, 5)], ["n"]).columns["n"].distinct_count is None
    assert merged([], ["n"]) == SourceStatistics(0)


def test_some_rows_stand_for_all():
    part = SourceStatistics(100, {"n": ColumnSummary(0, 9, 10, 10, 4.0)})
    assert scaled(part, 1_000) == SourceStatistics(1_000, {"n": ColumnSummary(0, 9, 100, 10, 4.0)})
    assert scaled(part, 100) is not None
    assert scaled(SourceStatistics(0), 50) == SourceStatistics(50)


def test_folders_tell_of_their_columns(tmp_path):
    for year, letter, count in ((2023, "a", 10), (2024, "b", 20), (2024, "c", 30)):
        folder = tmp_path / f"year={year}" / f"letter={letter}"
        folder.mkdir(parents=True)
        pq.write_table(pa.table({"n": range(count)}), folder / "x.parquet")
    other = tmp_path / "year=__HIVE_DEFAULT_PARTITION__" / "letter=d"
    other.mkdir(parents=True)
    pq.write_table(pa.table({"n": range(40)}), other / "x.parquet")
    found = statistics_of({"path": tmp_path}, ["year", "letter", "n"])
    assert found.row_count == 100
    assert found.columns["year"] == ColumnSummary(2023, 2024, 40, 2)
    assert found.columns["letter"] == ColumnSummary("a", "d", 0, 4)
    # what a filter will leave out is still told of: the engine takes the filter into account
    filtered = {"path": tmp_path, "filters": col("year") == 2024}
    assert statistics_of(filtered, ["year"]).row_count == 100


def test_many_files_are_taken_to_be_like_some(tmp_path):
    for i in range(100):
        pq.write_table(
            pa.table({"id": range(i * 50, i * 50 + 50), "k": [j % 7 for j in range(50)]}),
            tmp_path / f"{i:03d}.parquet",
        )
    found = statistics_of({"path": tmp_path}, ["id", "k"])
    assert found.row_count == 5_000
    assert (found.columns["id"].least, found.columns["id"].greatest) == (0, 4_999)
    assert found.columns["id"].null_count == 0
    assert 3 <= found.columns["k"].distinct_count <= 14


@pytest.mark.parametrize("format", ["csv", "ndjson"])
@pytest.mark.parametrize("count", [0, 1, 100, 50_000])
def test_the_first_rows_of_a_text_tell_how_many_there_are(tmp_path, format, count):
    table = pa.table({"n": range(count), "t": [f"row {i}" for i in range(count)]})
    path = tmp_path / f"t.{format}"
    if format == "csv":
        csv.write_csv(table, path)
    else:
        path.write_text("".join(f'{{"n": {i}, "t": "row {i}"}}\n' for i in range(count)))
    schema = {"schema": table.schema} if count == 0 else {}
    found = statistics_of({"path": path, **schema}, ["n"])
    assert found.row_count == pytest.approx(count, rel=0.2)
    if count <= 100:
        assert found.row_count == count


def test_arrow_files_tell_of_some_batches(tmp_path):
    table = pa.table({"id": range(100_000), "k": [i % 90 for i in range(100_000)]})
    with pa.OSFile(str(tmp_path / "t.arrow"), "wb") as f, pa.ipc.new_file(f, table.schema) as w:
        w.write_table(table, max_chunksize=1_000)
    found = statistics_of({"path": tmp_path / "t.arrow"}, ["id", "k"])
    assert found.row_count == 100_000
    assert found.columns["k"] == ColumnSummary(0, 89, 0, 90)
    with pa.OSFile(str(tmp_path / "s.arrows"), "wb") as f, pa.ipc.new_stream(f, table.schema) as w:
        w.write_table(table, max_chunksize=1_000)
    found = statistics_of({"path": tmp_path / "s.arrows"}, ["id"])
    assert found.row_count == pytest.approx(100_000, rel=0.2)


def test_a_topic_counts_its_rows(tmp_path):
    for first in range(0, 4_000, 1_000):
        part = pa.table({"id": range(first, first + 1_000), "k": [i % 20 for i in range(1_000)]})
        run(line({"data": part}, sink={"topic": "t", "data_dir": str(tmp_path)}))
    source = {"topic": "t", "data_dir": str(tmp_path)}
    found = statistics_of(source, ["id", "k"])
    assert found.row_count == 4_000
    assert (found.columns["k"].least, found.columns["k"].greatest) == (0, 19)
    assert found.columns["k"].distinct_count == 20
    assert statistics_of({**source, "start": "latest"}, ["id"]) == SourceStatistics(0)
    endless = line({**source, "bounded": False}, mode="streaming")
    plan = Plan.build(endless)
    try:
        assert plan.sources[next(iter(plan.sources))].statistics(["id"]) is None
    finally:
        plan.close()


def test_what_is_read_as_it_comes_tells_nothing():
    def generated():
        yield {"n": 1}

    duckdb = pytest.importorskip("duckdb")
    reader = pa.RecordBatchReader.from_batches(KNOWN.schema, iter(KNOWN.to_batches()))
    assert statistics_of({"data": generated, "schema": {"n": "int64"}}, ["n"]) is None
    assert statistics_of({"data": reader}, ["id"]) is None
    assert statistics_of({"data": duckdb.sql("select 1 as n")}, ["n"]) is None


@pytest.mark.parametrize("error", [OSError("gone"), pa.ArrowInvalid("damaged")])
def test_a_source_that_cannot_tell_is_read_all_the_same(monkeypatch, error):
    from sabot.connect.memory_source import TableSource

    def fail(self, columns):
        raise error

    monkeypatch.setattr(TableSource, "statistics", fail)
    graph = line({"data": KNOWN}, node("filter", "f", column="id", operator="<", value=10))
    assert "rows" not in graph.explain()
    assert rows(graph).num_rows == 10


def test_text_that_is_none_is_read_all_the_same(tmp_path):
    broken = pa.table({"t": pa.array([b"a", b"\xff\xfe"]).view(pa.string())})
    pq.write_table(broken, tmp_path / "b.parquet")
    for source in ({"data": broken}, {"path": tmp_path / "b.parquet"}):
        graph = line(source, node("limit", "l", count=5))
        assert "'out'" in graph.explain()
        joined = line(source, node("filter", "f", column="t", operator="==", value="a"))
        assert "'out'" in joined.explain()
        assert rows(joined).num_rows == 1


@pytest.mark.parametrize("count", [500, 50_000])
def test_nulls_in_runs_are_counted(count):
    values = pa.array([None if i % 5 == 0 else i % 7 for i in range(count)])
    table = pa.table({"n": pc.run_end_encode(values)})
    found = statistics_of({"data": table}, ["n"]).columns["n"]
    assert found.null_count == pytest.approx(count / 5, rel=0.1)
    assert (found.least, found.greatest, found.distinct_count) == (0, 6, 7)


def test_a_sorted_topic_tells_its_ends(tmp_path):
    source = {"topic": "t", "data_dir": str(tmp_path)}
    for first in range(0, 20_000, 4_000):
        run(line({"data": pa.table({"id": range(first, first + 4_000)})}, sink=source))
    found = statistics_of(source, ["id"])
    assert found.row_count == 20_000
    assert (found.columns["id"].least, found.columns["id"].greatest) == (0, 19_999)
    # what a filter leaves out is told of: the engine takes the filter into account itself
    assert statistics_of({**source, "filters": col("id") < 100}, ["id"]).row_count == 20_000
