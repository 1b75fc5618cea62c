# SPDX-License-Identifier: Apache-2.0
"""Row groups of Parquet files: the right columns of every layout, in parts when they are long."""

import datetime
import gc
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import line, node, rows
from sabot.connect import parquet_file
from sabot.expressions import col

ROWS = 2_500
# Columns of one, two and many physical columns, so that one read in another's place is seen.
WIDE = pa.table(
    {
        "id": range(ROWS),
        "s": [{"a": i, "b": None if i % 3 else f"b{i}"} for i in range(ROWS)],
        "a.b": [f"a name with a point {i}" for i in range(ROWS)],
        "s.a": [i * 2 for i in range(ROWS)],
        "m": pa.array(
            [[(f"k{i}", [i, None])] if i % 5 else None for i in range(ROWS)],
            pa.map_(pa.string(), pa.list_(pa.int16())),
        ),
        "l": pa.array([[{"x": i, "y": [1.5] * (i % 3)}] * (i % 4) for i in range(ROWS)]),
        "d": pa.array([("Zürich", "Paris", None)[i % 3] for i in range(ROWS)]).dictionary_encode(),
        "f": pa.array([[i, i + 1] for i in range(ROWS)], pa.list_(pa.int32(), 2)),
        "flag": [i % 2 == 0 for i in range(ROWS)],
        "day": [datetime.date(2026, 1, 1 + i % 28) for i in range(ROWS)],
        "last": [float(i) for i in range(ROWS)],
    }
)


@pytest.fixture
def path(tmp_path):
    pq.write_table(WIDE, tmp_path / "wide.parquet", row_group_size=600)
    return tmp_path / "wide.parquet"


def read(path, columns, **options):
    table = rows(line({"path": path, "columns": columns}), **options)
    return table.sort_by("id") if "id" in table.column_names else table


@pytest.mark.parametrize("name", [name for name in WIDE.column_names if name != "id"])
def test_each_column_alone(path, name):
    found = read(path, [name, "id"])
    assert found.column_names == [name, "id"]
    assert found.column(name).to_pylist() == WIDE.column(name).to_pylist()
    assert found.schema.field(name).type == WIDE.schema.field(name).type


@pytest.mark.parametrize("batch_bytes", [3_000, 100_000])
@pytest.mark.parametrize("workers", [1, 2, 8])
def test_a_long_row_group_comes_in_parts(path, monkeypatch, batch_bytes, workers):
    monkeypatch.setattr(parquet_file, "_BATCH_BYTES", batch_bytes)
    found = read(path, WIDE.column_names, worker_count=workers)
    assert found.to_pylist() == WIDE.to_pylist()


def test_parts_are_as_short_as_said(path, monkeypatch):
    monkeypatch.setattr(parquet_file, "_BATCH_BYTES", 80_000)
    lengths = []
    begin = parquet_file._RowGroupReader._converted

    def noting(self, batch):
        lengths.append(batch.num_rows)
        return begin(self, batch)

    monkeypatch.setattr(parquet_file._RowGroupReader, "_converted", noting)
    assert read(path, ["id", "last"]).num_rows == ROWS  # 16 bytes a row: whole groups of 600
    assert sorted(lengths) == [100, 600, 600, 600, 600]
    lengths.clear()
    monkeypatch.setattr(parquet_file, "_BATCH_BYTES", 16 * 200)
    assert read(path, ["id", "last"]).num_rows == ROWS
    assert max(lengths) <= 200
    assert sum(lengths) == ROWS


def test_long_texts_count_by_their_bytes(tmp_path, monkeypatch):
    texts = pa.table({"id": range(300), "t": [f"{i:04d}" * 1000 for i in range(300)]})
    pq.write_table(texts, tmp_path / "t.parquet", use_dictionary=False)
    monkeypatch.setattr(parquet_file, "_BATCH_BYTES", 400_000)
    lengths = []
    begin = parquet_file._RowGroupReader._converted
    monkeypatch.setattr(
        parquet_file._RowGroupReader,
        "_converted",
        lambda self, batch: lengths.append(batch.num_rows) or begin(self, batch),
    )
    assert read(tmp_path / "t.parquet", ["id", "t"]).equals(texts)
    assert max(lengths) <= 100


def test_rows_without_columns_are_counted(path):
    counted = line({"path": path}, node("aggregate", "n", aggregations={"rows": ("*", "count")}))
    assert rows(counted)["rows"].to_pylist() == [ROWS]


def test_folders_and_wider_types_join_what_files_have(tmp_path):
    for year, kind in ((2024, pa.int16()), (2025, pa.int64())):
        folder = tmp_path / f"year={year}"
        folder.mkdir()
        table = pa.table({"n": pa.array([1, None, 3], kind), "id": [year, year + 10, year + 20]})
        if year == 2025:
            table = table.append_column("only", pa.array(["x", "y", None]))
        pq.write_table(table, folder / "f.parquet", row_group_size=2)
    found = rows(line({"path": f"{tmp_path}/"})).sort_by("id").to_pylist()
    assert [one["year"] for one in found] == [2024, 2025, 2024, 2025, 2024, 2025]
    assert [one["n"] for one in found] == [1, 1, None, None, 3, 3]
    assert [one["only"] for one in found] == [None, "x", None, "y", None, None]
    only = rows(line({"path": f"{tmp_path}/", "columns": ["year"]}))
    assert sorted(only["year"].to_pylist()) == [2024] * 3 + [2025] * 3


def test_a_folder_wins_over_a_column_of_the_file(tmp_path):
    (tmp_path / "k=7").mkdir()
    pq.write_table(pa.table({"k": [1, 2], "v": [3, 4]}), tmp_path / "k=7" / "f.parquet")
    found = rows(line({"path": f"{tmp_path}/"}))
    assert found.select(["v", "k"]).to_pylist() == [{"v": 3, "k": 7}, {"v": 4, "k": 7}]


def test_files_are_closed_after_a_limit(path):
    graph = line({"path": path}, node("limit", "l", count=5))
    assert rows(graph).num_rows == 5
    gc.collect()
    with open("/proc/self/maps") as maps:
        assert str(path) not in maps.read()
    names = [os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")]
    assert str(path) not in names


def test_statistics_leave_out_row_groups(path):
    graph = line({"path": path, "filters": col("id") >= 2_400})
    result = graph.run()
    assert result["outputs"]["out"]["id"].to_pylist() == list(range(2_400, ROWS))
    counts = result["metrics"]["sources"]["src"]
    assert (counts["row_groups"], counts["row_groups_skipped"]) == (1, 4)
