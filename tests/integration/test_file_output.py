# SPDX-License-Identifier: Apache-2.0
"""Folders of files: partitions, sizes, modes; whole or nothing, also under a kill."""

import datetime as dt
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import line, node, ordered, rows, run
from sabot import InvalidJobError, JobFailedError
from sabot.expressions import col

COUNT = 10_000
TABLE = pa.table(
    {
        "n": np.arange(COUNT),
        "city": pa.array([["Bonn", "New York", None, "a/b=c"][i % 4] for i in range(COUNT)]),
        "day": pa.array([dt.date(2024, 1, 1 + i % 3) for i in range(COUNT)]),
    }
)


def visible(folder):
    return sorted(
        str(path.relative_to(folder))
        for path in Path(folder).rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.parts)
    )


def read(path, **source):
    return rows(line({"path": path, **source}))


@pytest.mark.parametrize("form", ["parquet", "csv", "ndjson", "arrow"])
@pytest.mark.parametrize("batch_rows", [0, 7])
def test_partitions(tmp_path, form, batch_rows):
    sink = {"path": tmp_path / "out", "format": form, "partition_by": ["city", "day"]}
    table = TABLE if batch_rows == 0 else TABLE.slice(0, 500)
    run(line({"data": table}, sink=sink), morsel_rows_max=batch_rows, worker_count=2)
    files = visible(tmp_path / "out")
    assert len(files) == 12
    assert {os.path.dirname(name).split("/")[0] for name in files} == {
        "city=Bonn",
        "city=New York",
        "city=__HIVE_DEFAULT_PARTITION__",
        "city=a%2Fb%3Dc",
    }
    assert sorted(os.listdir(tmp_path)) == ["out"]
    out = read(tmp_path / "out").select(["n", "city", "day"])
    assert ordered(out).equals(ordered(table))


def test_many_partitions_with_few_open_files(tmp_path):
    table = pa.table({"k": np.arange(3000) % 300, "v": np.arange(3000)})
    sink = {"path": tmp_path / "out", "partition_by": "k", "max_open_files": 5}
    run(line({"data": table}, sink=sink), morsel_rows_max=1000)
    assert ordered(read(tmp_path / "out").select(["k", "v"])).equals(ordered(table))


def test_rows_per_file_and_row_groups(tmp_path):
    sink = {
        "path": f"{tmp_path}/out/",
        "format": "parquet",
        "max_rows_per_file": 3000,
        "row_group_size": 1000,
    }
    run(line({"data": TABLE}, sink=sink), worker_count=1)
    files = [pq.ParquetFile(tmp_path / "out" / name) for name in visible(tmp_path / "out")]
    assert [file.metadata.num_rows for file in files] == [3000, 3000, 3000, 1000]
    assert [file.num_row_groups for file in files] == [3, 3, 3, 1]
    assert read(tmp_path / "out").sort_by("n").equals(TABLE)


def test_size_of_files(tmp_path):
    table = pa.table({"x": np.random.default_rng(1).random(1_000_000)})
    sink = {"path": f"{tmp_path}/out/", "format": "parquet", "max_file_size_mb": 2}
    run(line({"data": table}, sink=sink), worker_count=1)
    sizes = [os.path.getsize(tmp_path / "out" / name) for name in visible(tmp_path / "out")]
    assert len(sizes) >= 3
    assert max(sizes) < 4 << 20
    assert read(tmp_path / "out").num_rows == 1_000_000


def test_compression(tmp_path):
    for codec in ("snappy", "zstd", "gzip", "none"):
        path = tmp_path / f"{codec}.parquet"
        run(line({"data": TABLE}, sink={"path": path, "compression": codec}))
        found = pq.ParquetFile(path).metadata.row_group(0).column(0).compression
        assert found == ("UNCOMPRESSED" if codec == "none" else codec.upper())
    run(line({"data": TABLE}, sink={"path": tmp_path / "a.csv", "compression": "gzip"}))
    assert (tmp_path / "a.csv").read_bytes()[:2] == b"\x1f\x8b"
    assert read(tmp_path / "a.csv", compression="gzip").num_rows == COUNT
    for name in ("a.arrow", "a.arrows", "a.arrow.gz", "a.arrows.zst"):
        options = {} if name.count(".") > 1 else {"compression": "zstd"}
        run(line({"data": TABLE}, sink={"path": tmp_path / name, **options}))
        assert read(tmp_path / name).equals(TABLE), name


def test_modes(tmp_path):
    path = tmp_path / "out"
    sink = {"path": f"{path}/", "format": "parquet"}
    few, more = TABLE.slice(0, 10), TABLE.slice(10, 10)
    run(line({"data": few}, sink={**sink, "mode": "error"}))
    with pytest.raises(InvalidJobError, match=r"is there already.*'mode' is 'error'"):
        line({"data": more}, sink={**sink, "mode": "error"}).run()
    run(line({"data": more}, sink={**sink, "mode": "append"}))
    assert read(path).num_rows == 20
    run(line({"data": more}, sink=sink))
    assert read(path).equals(more)
    (path / "letter.txt").write_text("dear")
    with pytest.raises(InvalidJobError, match=r"other files in it \(letter\.txt\)"):
        line({"data": more}, sink=sink).run()
    one = {"path": tmp_path / "one.parquet"}
    with pytest.raises(InvalidJobError, match="'append' adds files to a folder"):
        line({"data": few}, sink={**one, "mode": "append"}).run()
    run(line({"data": few}, sink={**one, "mode": "error"}))
    with pytest.raises(InvalidJobError, match="is there already"):
        line({"data": few}, sink={**one, "mode": "error"}).run()


def test_overwriting_by_partition_leaves_nothing_old(tmp_path):
    sink = {"path": tmp_path / "out", "partition_by": "city"}
    run(line({"data": TABLE}, sink=sink))
    bonn = TABLE.filter(pa.compute.equal(TABLE["city"], "Bonn"))
    run(line({"data": bonn}, sink=sink))
    assert os.listdir(tmp_path / "out") == ["city=Bonn"]
    assert read(tmp_path / "out").num_rows == COUNT // 4


def test_a_failed_job_leaves_what_was_there(tmp_path):
    sink = {"path": tmp_path / "out", "partition_by": "city"}
    run(line({"data": TABLE}, sink=sink))
    before = visible(tmp_path / "out")

    def boom(batch):
        if batch["n"][0].as_py() if hasattr(batch["n"][0], "as_py") else batch["n"][0] >= 5000:
            raise ValueError("boom")
        return batch["n"] >= 0

    with pytest.raises(JobFailedError, match="boom"):
        run(line({"data": TABLE}, node("filter", "f", boom), sink=sink), morsel_rows_max=500)
    assert visible(tmp_path / "out") == before
    assert os.listdir(tmp_path) == ["out"]


KILLED = """
import sys, time
import numpy as np, pyarrow as pa
from pipelines import line, node

def slowly():
    for i in range(1000):
        yield pa.record_batch({"k": np.arange(1000) % 7, "v": np.arange(1000) + i * 1000})
        if i == 20:
            print("writing", flush=True)
        if i > 20:
            time.sleep(0.05)

sink = {"path": sys.argv[1], "row_group_size": 100}
if sys.argv[2]:
    sink["partition_by"] = sys.argv[2]
line({"data": slowly}, sink=sink).run()
"""


@pytest.mark.parametrize(
    ("name", "by"), [("o.parquet", ""), ("o.csv", ""), ("o.ndjson", ""), ("out", "k")]
)
def test_a_killed_job_leaves_no_visible_file(tmp_path, name, by):
    path = tmp_path / name
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path), by],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as job:
        assert job.stdout.readline() == b"writing\n"
        job.send_signal(signal.SIGKILL)
    assert visible(tmp_path) == []
    sink = {"path": path, **({"partition_by": by} if by else {})}
    run(line({"data": {"k": [1, 2], "v": [3, 4]}}, sink=sink))
    assert read(path).num_rows == 2
    assert read(tmp_path).num_rows == 2  # what the dead job left is passed over


# --- pruning -------------------------------------------------------------------------------------


def test_row_groups_that_cannot_pass_are_not_read(tmp_path):
    path = tmp_path / "a.parquet"
    table = pa.table(
        {
            "n": np.arange(1000),
            "x": np.arange(1000) / 2,
            "s": [f"{i:04d}" for i in range(1000)],
            "d": pa.array(np.arange(1000, dtype="int32")).cast(pa.date32()),
        }
    )
    pq.write_table(table, path, row_group_size=100)
    cases = [
        (col("n") >= 950, 1, 50),
        (col("n") == 150, 1, 1),
        (col("n") < 10, 1, 10),
        ((col("n") < 100) | (col("n") >= 900), 2, 200),
        ([col("n") >= 100, col("n") < 200], 1, 100),
        (col("s") < "0100", 1, 100),
        (col("x") < 50.0, 1, 100),
        (col("x") > 450.0, 10, 99),  # a NaN would pass, and statistics do not tell
        (col("n") * 2 == 300, 10, 1),  # nothing is known of it
        ((col("n") * 2 < 100) & (col("n") < 100), 1, 50),
        (col("n").is_null(), 0, 0),
        (col("d") < dt.date(1970, 2, 1), 1, 31),
        (col("n") == 1e300, 10, 0),
    ]
    for predicate, groups, count in cases:
        result = run(line({"path": path, "filters": predicate}), worker_count=2)
        counts = result["metrics"]["sources"]["src"]
        assert result["outputs"]["out"].num_rows == count, predicate
        assert counts["row_groups"] == groups, predicate
        assert counts["row_groups_skipped"] == 10 - groups, predicate


def test_a_nan_is_not_pruned(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": [1.0, float("nan"), 2.0, 3.0]}), path, row_group_size=2)
    assert read(path, filters=col("x") > 100.0).num_rows == 1


def test_filters_read_columns_that_are_not_given(tmp_path):
    pq.write_table(TABLE, tmp_path / "a.parquet")
    source = {"path": tmp_path / "a.parquet", "columns": ["city"], "filters": col("n") < 3}
    result = run(line(source))
    assert result["outputs"]["out"].to_pydict() == {"city": ["Bonn", "New York", None]}
    assert result["metrics"]["sources"]["src"]["columns_skipped"] == 1
    assert rows(line({"data": TABLE, "columns": ["city"], "filters": col("n") < 3})).num_rows == 3


def test_hive_partitions_are_pruned(tmp_path):
    run(line({"data": TABLE}, sink={"path": tmp_path / "out", "partition_by": ["day", "city"]}))
    for predicate, files in [
        (col("day") == dt.date(2024, 1, 2), 4),
        ((col("day") >= dt.date(2024, 1, 2)) & (col("city") == "Bonn"), 2),
        (col("city").is_null(), 3),
        ((col("city") == "Bonn") | (col("n") < 0), 12),
    ]:
        source = {"path": tmp_path / "out", "filters": predicate}
        result = run(line(source))
        expected = rows(line({"data": TABLE}, node("filter", "f", predicate=predicate)))
        out = result["outputs"]["out"].select(TABLE.column_names)
        assert ordered(out).equals(ordered(expected)), predicate
        assert result["metrics"]["sources"]["src"]["files"] == files, predicate


def test_files_of_wider_types_together(tmp_path):
    pq.write_table(pa.table({"a": pa.array([1], pa.int32())}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"a": pa.array([2.5]), "b": ["x"]}), tmp_path / "2.parquet")
    assert ordered(read(tmp_path)).to_pylist() == [{"a": 1.0, "b": None}, {"a": 2.5, "b": "x"}]


def test_a_column_that_is_there_twice(tmp_path):
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])
    with pytest.raises(InvalidJobError, match="parameter 'data' has 2 columns named 'a'"):
        line({"data": table}).run()
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(InvalidJobError, match=r"a\.arrow has 2 columns named 'a'"):
        line({"path": tmp_path / "a.arrow"}).run()
