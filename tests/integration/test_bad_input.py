# SPDX-License-Identifier: Apache-2.0
"""Every mistake a user can make gets an error that names what is wrong, where, and what is allowed.

Functions are in test_functions, sinks in test_sinks, the topic log's own in unit/connect.
"""

import ctypes
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import line, node, quote_enrichment, run
from sabot import InvalidJobError, JobFailedError, JobGraph, OperatorType, col
from sabot.connect.paths import find_files
from sabot.connect.topic_log import TopicLog

TABLE = pa.table({"n": [1, 2], "s": ["a", "b"]})
DATA = {"data": TABLE}


@pytest.mark.parametrize(
    ("operator", "parts"),
    [
        (node("filter", "f", column="x", value=1), ["'f' (filter)", "'column'", "'x'", "n: int64"]),
        (node("filter", "f", column="n", value=[1]), ["'f' (filter)", "'value'"]),
        (node("filter", "f", column="n", value=1, operator="~"), ["'operator'", "'~'", ">="]),
        (node("filter", "f", colum="n", value=1), ["'colum'", "column"]),
        (node("filter", "f"), ["'f' (filter)", "column"]),
        (node("filter", "f", column="s", value=5), ["'f' (filter)", "utf8", "int64"]),
        (node("filter", "f", predicate=col("n") + 1), ["'predicate'", "int64", "bool"]),
        (node("filter", "f", predicate=col("x") > 1), ["'x'", "n: int64"]),
        (node("map", "m", expressions={"y": col("s") * 2}), ["'m' (map)", "'y'", "utf8"]),
        (node("map", "m", expressions={}), ["'m' (map)", "'expressions'"]),
        (node("select", "c", columns=["n", "x"]), ["'c' (select)", "'columns'", "'x'", "n: int64"]),
        (node("select", "c"), ["'c' (select)", "'columns'", "missing"]),
        (node("select", "c", columns="n"), ["'c' (select)", "'columns'"]),
        (
            node("aggregate", "a", aggregate="total", column="n"),
            ["'a' (aggregate)", "total", "sum"],
        ),
        (
            node("aggregate", "a", aggregate="sum", column="x"),
            ["'a' (aggregate)", "'x'", "n: int64"],
        ),
        (node("aggregate", "a", aggregate="sum", column="s"), ["'a' (aggregate)", "utf8"]),
        (
            node("aggregate", "a", aggregate="sum", column="n", key_by=["x"]),
            ["'a' (aggregate)", "'x'", "n: int64"],
        ),
        (node("limit", "l"), ["'l' (limit)", "'count'", "missing"]),
        (node("limit", "l", count="many"), ["'l' (limit)", "'count'"]),
        (node("limit", "l", count=-1), ["'l' (limit)", "'count'", "-1"]),
        (node("sink", "k", path="a.parquet", topic="t"), ["'k' (sink)"]),
    ],
)
def test_wrong_parameters(operator, parts):
    with pytest.raises(InvalidJobError) as caught:
        line(DATA, operator).validate()
    assert all(part in str(caught.value) for part in parts), str(caught.value)


@pytest.mark.parametrize("kind", [kind for kind in OperatorType if not kind.is_available])
def test_types_of_later_versions_are_refused_by_name(kind):
    with pytest.raises(InvalidJobError, match=rf"operator 'later' \({kind.value}\)"):
        line(DATA, node(kind.value, "later")).validate()


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"left_key": "x"}, ["'enrich_quotes' (hash_join)", "'x'", "instrumentId"]),
        ({"right_key": "x"}, ["'enrich_quotes' (hash_join)", "'x'", "ID"]),
        ({"right_key": "NAME"}, ["'enrich_quotes' (hash_join)", "int64", "utf8"]),
        ({"join_type": "sideways"}, ["'enrich_quotes' (hash_join)", "'sideways'", "inner"]),
        ({"left_key": ["instrumentId", "price"]}, ["'enrich_quotes' (hash_join)", "2", "1"]),
    ],
)
def test_wrong_joins(change, parts):
    graph = quote_enrichment(
        {"data": {"instrumentId": [1], "price": [1.0]}},
        {"data": {"ID": [1], "CUSIP": ["a"], "NAME": ["b"], "SECTOR": ["c"]}},
    )
    join = next(n for n in graph.operators.values() if n.name == "enrich_quotes")
    join.parameters.update(change)
    with pytest.raises(InvalidJobError) as caught:
        graph.validate()
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_unconnected_inputs_and_outputs():
    graph = line(DATA, node("limit", "l", count=1))
    graph.add_operator(node("limit", "alone", count=1))
    with pytest.raises(InvalidJobError, match="'alone'"):
        graph.validate()
    half = JobGraph()
    source = half.add_operator(node("source", "src", **DATA))
    join = half.add_operator(node("hash_join", "j", left_key="n", right_key="n"))
    sink = half.add_operator(node("sink", "out"))
    half.connect(source, join)
    half.connect(join, sink)
    with pytest.raises(InvalidJobError, match=r"'j' \(hash_join\)"):
        half.validate()
    with pytest.raises(InvalidJobError, match=r"empty|source"):
        JobGraph().validate()


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ({}, ["'src' (source)"]),
        ({"data": 5}, ["'src' (source)", "'data'", "found int", "pyarrow.Table"]),
        ({"data": []}, ["'src' (source)", "empty", "'schema'"]),
        ({"data": [{"n": 1}, 2]}, ["item 1 is no dict"]),
        ({"data": [{"n": 1}, {"n": "x"}]}, ["'n'"]),
        ({"data": TABLE, "columns": ["x"]}, ["'columns'", "'x'", "n, s"]),
        ({"data": TABLE, "columns": "n"}, ["'columns'", "list"]),
        ({"data": TABLE, "topic": "t"}, ["'src' (source)"]),
        ({"data": TABLE, "schema": 5}, ["'schema'", "found int"]),
        ({"data": TABLE, "schema": {"n": "int99"}}, ["'schema'"]),
        ({"data": TABLE, "schema": {"s": "int8"}}, ["'data'", "'s'"]),
        ({"data": TABLE, "speed": 1}, ["'src' (source)", "'speed'"]),
        ({"data": lambda: iter(())}, ["yields nothing", "'schema'"]),
        ({"data": lambda: 1 / 0}, ["failed before its first row", "ZeroDivisionError"]),
        ({"data": TABLE, "timestamp_column": "s"}, ["'timestamp_column'", "'s'", "timestamp"]),
        ({"topic": "t", "bootstrap_servers": "localhost:9"}, ["Kafka", "not available"]),
        ({"topic": "no/good"}, ["'src' (source)", "no topic 'no/good'"]),
        ({"path": "x.csv", "format": "csv"}, ["'format'|'path'"]),
    ],
)
def test_wrong_sources(source, parts, tmp_path, monkeypatch):
    monkeypatch.setenv("SABOT_DATA_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidJobError) as caught:
        line(source).run()
    text = str(caught.value)
    assert all(any(option in text for option in part.split("|")) for part in parts), text


@pytest.mark.parametrize("mode", ["sparse", "dense"])
def test_unions_are_refused_by_name(mode):
    odd = pa.UnionArray.from_sparse if mode == "sparse" else pa.UnionArray.from_dense
    places = [] if mode == "sparse" else [pa.array([0], pa.int32())]
    union = odd(
        pa.array([0], pa.int8()), *places, [pa.array([1]), pa.array(["a"])[: mode == "sparse"]]
    )
    table = pa.table({"fine": [1], "odd": union})
    with pytest.raises(InvalidJobError, match="'odd'"):
        line({"data": table}).run()


# --- files ---------------------------------------------------------------------------------------


@pytest.fixture
def parquet(tmp_path):
    path = tmp_path / "f.parquet"
    pq.write_table(pa.table({"x": np.random.default_rng(1).random(50_000)}), path)
    return path


def refused(path, *parts, **source):
    with pytest.raises(InvalidJobError) as caught:
        line({"path": str(path), **source}).run()
    text = str(caught.value)
    assert all(part in text for part in ("operator 'src' (source)", str(path), *parts)), text


def test_missing_files(tmp_path):
    refused(tmp_path / "none.parquet", "no such file")
    refused(tmp_path / "*.parquet", "no file matches")
    refused(tmp_path, "no data file")


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "arrows"])
def test_empty_files(tmp_path, suffix):
    path = tmp_path / f"empty.{suffix}"
    path.write_bytes(b"")
    refused(path, "is empty")


@pytest.mark.parametrize("keep", [10, 1000, -1, -100])
def test_truncated_parquet(parquet, keep):
    parquet.write_bytes(parquet.read_bytes()[:keep])
    refused(parquet, "damaged or cut off")


@pytest.mark.parametrize("keep", [10, 1000, -1, -100])
def test_truncated_arrow_file(tmp_path, keep):
    path = tmp_path / "f.arrow"
    with pa.ipc.new_file(str(path), TABLE.schema) as writer:
        writer.write_table(pa.concat_tables([TABLE] * 500).combine_chunks())
    path.write_bytes(path.read_bytes()[:keep])
    refused(path, "damaged or cut off")


def test_truncated_arrow_stream_fails_while_it_is_read(tmp_path):
    path = tmp_path / "f.arrows"
    with pa.ipc.new_stream(str(path), TABLE.schema) as writer:
        for _ in range(100):
            writer.write_table(TABLE)
    path.write_bytes(path.read_bytes()[:-150])
    with pytest.raises(JobFailedError, match=r"operator 'src' \(source\)") as caught:
        line({"path": str(path)}).run()
    assert str(path) in str(caught.value)


def test_damaged_pages_fail_and_name_the_file(parquet, tmp_path):
    content = bytearray(parquet.read_bytes())
    content[2000:100_000] = os.urandom(98_000)
    parquet.write_bytes(content)
    target = tmp_path / "out.parquet"
    with pytest.raises(JobFailedError, match=r"operator 'src' \(source\)") as caught:
        line({"path": str(parquet)}, sink={"path": target}).run()
    assert str(parquet) in str(caught.value)
    assert not target.exists()


def test_files_of_two_kinds(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"a": ["x"]}), tmp_path / "2.parquet")
    with pytest.raises(InvalidJobError, match=r"int64 in .*1\.parquet and string in .*2\.parquet"):
        line({"path": tmp_path}).run()


def test_file_of_an_unknown_kind(tmp_path):
    (tmp_path / "f.xyz").write_text("?")
    refused(tmp_path / "f.xyz", "the format is not clear")


# --- rows ----------------------------------------------------------------------------------------


def change(array, **fields):
    """Export an array and change fields of its C struct: lengths and counts that lie."""
    pair = array.__arrow_c_array__()
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    struct = (ctypes.c_int64 * 5).from_address(pointer(pair[1], b"arrow_array"))
    for name, value in fields.items():
        struct[("length", "null_count", "offset", "n_buffers", "n_children").index(name)] = value
    return pair


class Lying:
    """Rows whose export lies."""

    def __init__(self, batch, **fields):
        self.batch, self.fields = batch, fields

    def __arrow_c_array__(self, requested_schema=None):
        return change(self.batch, **self.fields)


@pytest.mark.parametrize(
    "fields",
    [{"length": 5}, {"length": -1}, {"offset": -1}, {"offset": 2}, {"n_children": 0}],
    ids=str,
)
def test_arrays_that_lie_about_their_size(fields):
    """Refused where they come in, and the job goes on without them."""
    from sabot._core import Job
    from sabot.execution.plan import Plan

    batch = pa.record_batch({"n": [1, 2, 3]})
    graph = line({"data": lambda: iter([batch])})
    plan = Plan.build(graph, worker_count=1)
    source, sink = graph.operators
    job = Job(plan.core)
    job.bind_sink(sink, "collect")
    split = job.add_push_split(source)
    job.start()
    with pytest.raises(JobFailedError, match=r"Arrow|array|column"):
        job.push(source, split, Lying(batch, **fields))
    job.close()


TEXT_OUTSIDE = """
import numpy as np
import pyarrow as pa
from pipelines import line
from sabot import SabotError
offsets = np.array([0, 1, 2], np.int32)
array = pa.Array.from_buffers(
    pa.string(), 2, [None, pa.py_buffer(offsets), pa.py_buffer(b"ab")]
)
table = pa.table({"s": array})
offsets[:] = OFFSETS
try:
    print(line({"data": table}).run()["outputs"]["out"].num_rows)
except SabotError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("offsets", ["[0, 2, 1]", "[-5, 1, 2]", "[2, 1, 0]"])
def test_text_offsets_that_go_back_fail_and_do_not_crash(offsets):
    done = subprocess.run(
        [sys.executable, "-c", TEXT_OUTSIDE.replace("OFFSETS", offsets)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "operator 'src' (source)" in done.stdout


@pytest.mark.parametrize(
    ("expression", "data", "message"),
    [
        (col("n") + 1, [2**63 - 1], "overflow"),
        (col("n") % 0, [1], "zero"),
        (col("n").cast("int8"), [300], "int8"),
    ],
)
def test_rows_that_cannot_be_computed_fail_the_job(expression, data, message):
    graph = line({"data": {"n": data}}, node("map", "m", expressions={"x": expression}))
    with pytest.raises(JobFailedError, match=r"operator 'm' \(map\)") as caught:
        graph.run()
    assert message in str(caught.value)


def test_memory_budget_is_a_clear_error():
    count = 2_000_000
    graph = JobGraph()
    left = graph.add_operator(node("source", "l", data={"k": np.arange(count)}))
    right = graph.add_operator(node("source", "r", data={"k": np.arange(count)}))
    join = graph.add_operator(node("hash_join", "j", left_key="k", right_key="k"))
    sink = graph.add_operator(node("sink", "out", discard=True))
    for up, down in ((left, join), (right, join), (join, sink)):
        graph.connect(up, down)
    with pytest.raises(JobFailedError, match="memory"):
        run(graph, memory_limit_bytes=8 * 2**20)


# --- topics --------------------------------------------------------------------------------------


def test_missing_topic_names_those_there_are(tmp_path):
    with TopicLog(tmp_path, durability="os") as log:
        log.topic("there").append(TABLE)
        with pytest.raises(InvalidJobError, match=r"no topic 'gone'.*the topics are: there"):
            line({"topic": "gone", "data_dir": str(tmp_path)}).run()


def test_topic_that_never_had_a_row(tmp_path):
    with TopicLog(tmp_path, durability="os") as log:
        log.topic("new")
        with pytest.raises(InvalidJobError, match="never had a row"):
            line({"topic": "new", "data_dir": str(tmp_path)}).run()


def test_committed_position_needs_a_group(tmp_path):
    with TopicLog(tmp_path, durability="os") as log:
        log.topic("t").append(TABLE)
        source = {"topic": "t", "data_dir": str(tmp_path), "start": "committed"}
        with pytest.raises(InvalidJobError, match="'group_id'"):
            line(source).run()


def test_topics_of_another_process(tmp_path):
    program = (
        "import sys\nfrom sabot.connect.topic_log import TopicLog\n"
        "log = TopicLog(sys.argv[1]); log.topic('t').append({'n': 1})\n"
        "print('open', flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        assert owner.stdout.readline() == b"open\n"
        for graph in (
            line({"topic": "t", "data_dir": str(tmp_path)}),
            line(DATA, sink={"topic": "t", "data_dir": str(tmp_path)}),
        ):
            with pytest.raises(InvalidJobError, match=f"owned by process {owner.pid}"):
                graph.run()
    finally:
        owner.communicate()


def test_torn_tail_of_a_topic_is_cut(tmp_path):
    with TopicLog(tmp_path, durability="os") as log:
        log.topic("t").append(TABLE)
    segment = next((tmp_path / "topics" / "t" / "0").glob("*.arrows"))
    with segment.open("ab") as file:
        file.write(b"half a batch")
    output = line({"topic": "t", "data_dir": str(tmp_path)}).run()["outputs"]["out"]
    assert output.equals(TABLE)


def test_failed_plans_leave_topics_unlocked(tmp_path):
    with TopicLog(tmp_path, durability="os") as log:
        log.topic("t").append(TABLE)
    source = {"topic": "t", "data_dir": str(tmp_path)}
    with pytest.raises(InvalidJobError):
        line(source, node("select", "c", columns=["x"])).run()
    line(source).validate()
    line(source).explain()
    line(source).run()
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from sabot.connect.topic_log import TopicLog; TopicLog(sys.argv[1])",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.arrow", "a.arrows", "a.ndjson.gz"])
def test_a_file_that_may_not_be_opened_is_not_called_damaged(tmp_path, monkeypatch, name):
    line({"data": [{"a": 1}]}, sink={"path": tmp_path / name}).run()
    found = find_files({"path": str(tmp_path / name)}, "")

    def find_and_remove(parameters, title):
        (tmp_path / name).unlink()  # root may read what it may not read
        return found

    monkeypatch.setattr("sabot.connect.file_source.find_files", find_and_remove)
    with pytest.raises(InvalidJobError, match=r"cannot be opened: .*No such file") as raised:
        line({"path": tmp_path / name}).run()
    assert "damaged" not in str(raised.value)
