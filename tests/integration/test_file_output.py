# SPDX-License-Identifier: Apache-2.0
"""Folders of files: partitions, sizes, modes; whole or nothing, also under a kill."""

import datetime as dt
import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

from pipelines import line, node, ordered, rows, run
from sabot import InvalidJobError, JobFailedError, JobGraph
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
        yield pa.record_batch({"k": np.arange(10_000) % 7, "v": np.arange(10_000) + i * 10_000})
        if i == 20:
            print("writing", flush=True)
        if i > 20:
            time.sleep(0.05)

sink = {"path": sys.argv[1]}
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


# --- what folders are called, and what may be in them --------------------------------------------


@pytest.mark.parametrize("name", ["_day", ".day", "%2Eday", "a=b", "a b", "tag/ä"])
def test_folders_of_any_column_name_are_read_back(tmp_path, name):
    table = pa.table({name: ["x", "y"], "v": [1, 2]})
    run(line({"data": table}, sink={"path": tmp_path / "out", "partition_by": name}))
    assert read(tmp_path / "out").select([name, "v"]).sort_by("v").equals(table)


def test_folders_of_any_text_are_read_back(tmp_path):
    values = [
        "__HIVE_DEFAULT_PARTITION__",
        None,
        "",
        ".",
        "..",
        "_",
        "%5F",
        "a/b",
        "*",
        "a\nb",
        " ",
    ]
    table = pa.table({"k": values, "v": list(range(len(values)))})
    run(line({"data": table}, sink={"path": tmp_path / "out", "partition_by": "k"}))
    assert read(tmp_path / "out").sort_by("v")["k"].to_pylist() == values


def test_integers_of_folders_have_64_bits(tmp_path):
    values = [2**63 - 1, -(2**63), 0]
    table = pa.table({"k": values, "v": [1, 2, 3]})
    run(line({"data": table}, sink={"path": tmp_path / "out", "partition_by": "k"}))
    assert read(tmp_path / "out").sort_by("v")["k"].to_pylist() == values
    table = pa.table({"k": pa.array([2**64 - 1], pa.uint64()), "v": [1]})
    run(line({"data": table}, sink={"path": tmp_path / "big", "partition_by": "k"}))
    assert read(tmp_path / "big")["k"].to_pylist() == [str(2**64 - 1)]


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["x" * 20, None, "y"], pa.string_view()),
        pa.array([b"x" * 20, None, b"y"], pa.binary_view()),
        pa.RunEndEncodedArray.from_arrays([1, 2, 3], ["a", None, "b"]),
        pa.array([{"s": "x" * 20}, None, {"s": "y"}], pa.struct([("s", pa.string_view())])),
        pa.array([[1], None, []], pa.list_view(pa.int64())),
        pa.array(["a", None, "b"]).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
def test_columns_of_every_encoding_are_partitioned(tmp_path, column):
    table = pa.table({"k": ["b", "a", "b"], "c": column})
    sink = {"path": tmp_path / "out", "partition_by": "k", "format": "arrow"}
    run(line({"data": table}, sink=sink))
    out = read(tmp_path / "out")
    assert out.schema.field("c").type == column.type
    expected = [table["c"].to_pylist()[i] for i in (1, 0, 2)]
    assert out["c"].to_pylist() == expected


def test_a_partitioned_folder_without_rows_is_there(tmp_path):
    table = pa.table({"k": ["a"], "v": [1]})
    run(line({"data": table.slice(0, 0)}, sink={"path": tmp_path / "out", "partition_by": "k"}))
    assert read(tmp_path / "out", schema=table.schema).equals(table.slice(0, 0))


@pytest.mark.parametrize(
    ("sink", "message"),
    [
        ({"partition_by": ["k", "k"]}, "'partition_by': 'k' is there twice"),
        (
            {"partition_by": "bytes"},
            "'partition_by': column 'bytes' is binary.*no names of folders",
        ),
        ({"partition_by": "list"}, "'partition_by': column 'list' is list.*no names of folders"),
        ({"partition_by": "runs"}, "'partition_by': column 'runs' is run_end.*no names of folders"),
        ({"format": "csv"}, "'format': column 'list' is list.*no form in csv"),
        ({"format": "parquet"}, "'format': column 'span' is month_day_nano.*no form in parquet"),
        ({"format": "ndjson", "row_group_size": 10}, "'row_group_size': goes with Parquet"),
        ({"format": "csv", "delimiter": '"'}, "'delimiter': '\"' is the quote, too"),
        ({"format": "csv", "null_value": "a,b"}, "'null_value': 'a,b' has the delimiter"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_runs(tmp_path, sink, message):
    table = pa.table(
        {
            "k": ["a"],
            "bytes": [b"a"],
            "list": [[1]],
            "runs": pa.RunEndEncodedArray.from_arrays([1], ["a"]),
            "span": pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
        }
    )
    seen = []
    graph = line(
        {"data": lambda: seen.append(1) or iter([table]), "schema": table.schema},
        sink={"path": f"{tmp_path}/out/", **sink},
    )
    with pytest.raises(InvalidJobError, match=message):
        graph.run()
    assert os.listdir(tmp_path) == []
    assert seen == []


def test_a_pipe_is_not_replaced_by_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InvalidJobError, match=r"pipe\.csv is no file but a pipe or a device"):
        line({"data": TABLE}, sink={"path": tmp_path / "pipe.csv"}).run()
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe.csv").st_mode)


def test_a_link_goes_on_pointing_to_the_file(tmp_path):
    (tmp_path / "there").mkdir()
    os.symlink("there/real.csv", tmp_path / "link.csv")
    for count in (1, 2):
        run(line({"data": TABLE.slice(0, count)}, sink={"path": tmp_path / "link.csv"}))
        assert os.path.islink(tmp_path / "link.csv")
        assert read(tmp_path / "there" / "real.csv").num_rows == count
        assert os.listdir(tmp_path / "there") == ["real.csv"]


def test_two_sinks_of_one_path_are_refused(tmp_path):
    def two(first, second):
        graph = JobGraph("two")
        source = graph.add_operator(node("source", "src", data=TABLE))
        for name, sink in (("one", first), ("two", second)):
            graph.connect(source, graph.add_operator(node("sink", name, **sink)))
        return graph

    os.symlink(tmp_path, tmp_path / "self")
    path = f"{tmp_path}/a.parquet"
    with pytest.raises(
        InvalidJobError, match=r"'two' \(sink\).*'path': operator 'one' writes there"
    ):
        two({"path": path}, {"path": f"{tmp_path}/self/a.parquet"}).run()
    folder = {"path": f"{tmp_path}/out/", "format": "parquet"}
    with pytest.raises(InvalidJobError, match="operator 'one' writes there"):
        two({**folder, "mode": "append"}, folder).run()
    run(two({**folder, "mode": "append"}, {**folder, "mode": "append"}))
    assert read(tmp_path / "out").num_rows == 2 * COUNT


def test_file_systems_with_folders(tmp_path):
    """Not an object store: a folder must be there before a file is."""
    place = {"filesystem": SubTreeFileSystem(str(tmp_path), LocalFileSystem())}
    sink = {"path": "new/out", "partition_by": "city", **place}
    run(line({"data": TABLE}, sink=sink))
    run(line({"data": TABLE}, sink=sink))
    assert rows(line({"path": "new/out", **place})).num_rows == COUNT
    assert os.listdir(tmp_path / "new") == ["out"]
    (tmp_path / "new" / "letter.txt").write_text("dear")
    with pytest.raises(InvalidJobError, match=r"other files in it \(letter\.txt\)"):
        run(line({"data": TABLE}, sink={"path": "new/", "format": "parquet", **place}))
    assert (tmp_path / "new" / "letter.txt").read_text() == "dear"


def test_a_folder_that_cannot_be_made_is_refused_first(tmp_path, monkeypatch):
    def makedirs(path, mode=0o777, exist_ok=False):
        raise PermissionError(errno.EACCES, "Permission denied", path)  # root may do everything

    monkeypatch.setattr(os, "makedirs", makedirs)
    with pytest.raises(InvalidJobError, match=r"'path': .*out cannot be written: .*Permission"):
        line({"data": TABLE}, sink={"path": tmp_path / "out", "partition_by": "city"}).run()


def test_dictionaries_are_for_what_repeats(tmp_path):
    count = 70_000
    table = pa.table(
        {
            "city": [("Zürich", "Paris", None)[i % 3] for i in range(count)],
            "name": [f"customer {i * 7919 % 20_000}" for i in range(count)],  # not in 4,096 rows
            "unique": [f"a text seen once {i}" for i in range(count)],
            "code": [i % 50 for i in range(count)],
            "n": range(count),
            "nothing": pa.array([None] * count, pa.string()),
        }
    )
    path = tmp_path / "f.parquet"
    run(line({"data": table}, sink={"path": path}))
    group = pq.ParquetFile(path).metadata.row_group(0)
    with_dictionary = {
        group.column(i).path_in_schema
        for i in range(group.num_columns)
        if group.column(i).has_dictionary_page
    }
    assert with_dictionary == {"city", "name", "code", "nothing"}
    assert pq.read_table(path).sort_by("n").equals(table)
