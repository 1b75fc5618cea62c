# SPDX-License-Identifier: Apache-2.0
"""Rows go out whole, in order, to every kind of sink, and nothing half written stays."""

import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import ledger_is_balanced, line, node, ordered, rows, run
from sabot import InvalidJobError, JobFailedError, JobGraph
from sabot.connect.topic_log import TopicLog

TABLE = pa.table({"n": range(1000), "s": [f"text {i}" for i in range(1000)]})


def read(path):
    return rows(line({"path": path}))


@pytest.mark.parametrize("name", ["out.parquet", "out.arrow", "out.feather", "out.arrows"])
@pytest.mark.parametrize("batch_rows", [1, 1000])
def test_files_are_whole_and_alone(tmp_path, name, batch_rows):
    path = tmp_path / name
    result = run(line({"data": TABLE}, sink={"path": path}), morsel_rows_max=batch_rows)
    assert read(path).equals(TABLE)
    assert os.listdir(tmp_path) == [name]
    assert (result["rows_out"], result["outputs"]) == (1000, {})


def test_small_batches_make_no_small_row_groups(tmp_path):
    run(line({"data": TABLE}, sink={"path": tmp_path / "o.parquet"}), morsel_rows_max=1)
    assert pq.ParquetFile(tmp_path / "o.parquet").num_row_groups == 1


def test_file_without_rows_has_its_columns(tmp_path):
    line({"data": TABLE.slice(0, 0)}, sink={"path": tmp_path / "o.parquet"}).run()
    assert pq.read_table(tmp_path / "o.parquet").schema == TABLE.schema


def test_file_is_replaced_only_by_success(tmp_path):
    path = tmp_path / "o.parquet"
    line({"data": {"n": [1]}}, sink={"path": path}).run()

    def boom(batch):
        if len(batch):
            raise ValueError("boom")
        return batch["n"] > 0

    with pytest.raises(JobFailedError, match="boom"):
        line({"data": TABLE}, node("filter", "f", boom), sink={"path": path}).run()
    assert pq.read_table(path).to_pydict() == {"n": [1]}
    assert os.listdir(tmp_path) == ["o.parquet"]


FULL_DISK = """
import resource, signal, sys
import numpy as np, pyarrow as pa
from pipelines import line
from sabot import JobFailedError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
table = pa.table({"x": np.random.default_rng(1).random(1_000_000)})
try:
    line({"data": table}, sink={"path": sys.argv[1]}).run()
except JobFailedError as error:
    print(error)
    print(repr(error.__cause__))
"""


def test_full_disk_leaves_nothing(tmp_path):
    """A limit on the size of files fails a write as a full disk does."""
    path = tmp_path / "o.parquet"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
    )
    assert "operator 'out' (sink): writing to" in done.stdout, done.stderr
    assert str(path) in done.stdout
    assert "File too large" in done.stdout
    assert os.listdir(tmp_path) == []


def test_missing_folder_is_refused_before_anything_runs(tmp_path):
    for path in (tmp_path / "no" / "o.parquet", tmp_path):
        with pytest.raises(InvalidJobError, match=r"operator 'out' \(sink\): parameter 'path'"):
            line({"data": TABLE}, sink={"path": path}).run()


def test_unknown_format_is_refused(tmp_path):
    with pytest.raises(InvalidJobError, match="format is not clear"):
        line({"data": TABLE}, sink={"path": tmp_path / "o.xyz"}).run()


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("batch_rows", [1, 7, 65_536])
def test_callback_sees_every_row_in_order(workers, batch_rows):
    seen = []
    graph = line({"data": TABLE}, sink={"callback": lambda batch: seen.append(batch)})
    run(graph, worker_count=workers, morsel_rows_max=batch_rows)
    assert pa.Table.from_batches(seen).equals(TABLE)


def test_failing_callback_fails_the_job():
    def refuse(batch):
        raise KeyError("no room")

    with pytest.raises(JobFailedError, match=r"operator 'out' \(sink\).*no room") as caught:
        line({"data": TABLE}, sink={"callback": refuse}).run()
    assert isinstance(caught.value.__cause__, KeyError)


def test_callback_must_be_callable():
    with pytest.raises(InvalidJobError, match="expected a function"):
        line({"data": TABLE}, sink={"callback": "print"}).run()


def test_discard_counts():
    result = run(line({"data": TABLE}, sink={"discard": True}))
    assert (result["rows_out"], result["outputs"]) == (1000, {})
    assert ledger_is_balanced(result)


def test_topic(tmp_path):
    sink = {"topic": "t", "data_dir": str(tmp_path), "key_column": "s", "partitions": 3}
    line({"data": TABLE}, sink=sink).run()
    with TopicLog(tmp_path) as log:
        topic = log.topic("t")
        assert len(topic.partitions) == 3
        assert all(end > 0 for end in topic.end_offsets().values())
        assert ordered(topic.read()).equals(ordered(TABLE))


def test_topic_without_rows_has_its_columns(tmp_path):
    place = {"topic": "t", "data_dir": str(tmp_path)}
    run(line({"data": TABLE.slice(0, 0)}, sink=place))
    assert rows(line(place)).equals(TABLE.slice(0, 0))
    run(line({"data": TABLE}, sink=place))
    run(line({"data": TABLE.slice(0, 0)}, sink=place))
    assert rows(line(place)).equals(TABLE)


def test_topic_of_another_type_is_refused(tmp_path):
    with TopicLog(tmp_path, durability="os") as log:
        log.topic("t").append({"n": "text"})
        sink = {"topic": "t", "data_dir": str(tmp_path)}
        with pytest.raises(
            InvalidJobError, match=r"operator 'out' \(sink\): topic 't': column 'n'"
        ):
            line({"data": {"n": [1]}}, sink=sink).run()
        with pytest.raises(
            InvalidJobError, match=r"\(sink\): topic 't': column '_key' is reserved"
        ):
            line({"data": {"_key": [1]}}, sink=sink).run()
        assert log.topic("t").read().num_rows == 1


def test_fan_out_gives_each_sink_every_row(tmp_path):
    seen = []
    graph = JobGraph("fan")
    source = graph.add_operator(node("source", "src", data=TABLE))
    few = graph.add_operator(node("filter", "few", column="n", value=10, operator="<"))
    sinks = {
        "all": {},
        "file": {"path": tmp_path / "o.parquet"},
        "seen": {"callback": seen.append},
        "count": {"discard": True},
    }
    for name, parameters in sinks.items():
        graph.connect(source, graph.add_operator(node("sink", name, **parameters)))
    graph.connect(source, few)
    graph.connect(few, graph.add_operator(node("sink", "few_out")))
    result = run(graph, worker_count=4, morsel_rows_max=100)
    assert result["outputs"]["all"].equals(TABLE)
    assert result["outputs"]["few_out"].equals(TABLE.slice(0, 10))
    assert pq.read_table(tmp_path / "o.parquet").equals(TABLE)
    assert pa.Table.from_batches(seen).equals(TABLE)
    assert result["rows_out"] == 4 * 1000 + 10
    assert ledger_is_balanced(result)


def test_failure_of_one_sink_discards_the_files_of_all(tmp_path):
    graph = JobGraph("fan")
    source = graph.add_operator(node("source", "src", data=TABLE))

    def refuse(batch):
        raise ValueError("no")

    for parameters in ({"path": tmp_path / "a.parquet"}, {"callback": refuse}):
        graph.connect(source, graph.add_operator(node("sink", **parameters)))
    with pytest.raises(JobFailedError, match="ValueError: no"):
        run(graph, morsel_rows_max=10)
    assert os.listdir(tmp_path) == []


def test_collected_rows_outlive_the_job():
    import gc

    output = rows(line({"data": TABLE}))
    gc.collect()
    total = np.sum(output["n"].to_numpy())
    assert total == sum(range(1000))


def test_open_files_are_closed(tmp_path):
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for i in range(5):
        line({"data": TABLE}, sink={"path": tmp_path / f"{i}.parquet"}).run()
        read(tmp_path / f"{i}.parquet")
    after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    assert after <= before + 3
