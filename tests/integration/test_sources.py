# SPDX-License-Identifier: Apache-2.0
"""Rows come in from everything that is promised to be a source."""

import asyncio
import datetime as dt
import os
import threading
from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from pipelines import ledger_is_balanced, line, node, ordered, rows, run
from sabot import InvalidJobError, JobFailedError, JobGraph
from sabot.connect.file_source import FileSource
from sabot.connect.topic_log import TopicLog

TABLE = pa.table({"n": [1, 2, None], "s": ["a", None, "c"]})
RECORDS = TABLE.to_pylist()


@pytest.mark.parametrize(
    "data",
    [
        TABLE,
        TABLE.to_batches()[0],
        TABLE.to_batches(),
        [TABLE, TABLE.slice(0, 0)],
        RECORDS,
        tuple(RECORDS),
        {"n": [1, 2, None], "s": ["a", None, "c"]},
        {"n": pa.array([1, 2, None]), "s": np.array(["a", None, "c"], object)},
        pl.from_arrow(TABLE),
    ],
    ids=["table", "batch", "batches", "tables", "dicts", "tuple", "columns", "arrays", "polars"],
)
@pytest.mark.parametrize("key", ["data", "table"])
def test_rows_in_memory(key, data):
    output = rows(line({key: data}))
    assert output.column_names == ["n", "s"]
    assert output.to_pylist() == RECORDS


def test_frames_of_other_libraries():
    frame = pd.DataFrame({"n": [1, 2], "s": ["a", None]})
    assert rows(line({"data": frame}))["s"].to_pylist() == ["a", None]
    relation = duckdb.sql("SELECT range AS n, 'x' AS s FROM range(3)")
    assert rows(line({"data": relation})).to_pydict() == {"n": [0, 1, 2], "s": ["x"] * 3}


def test_reader_is_read_once():
    graph = line({"data": TABLE.to_reader()})
    assert rows(graph).to_pylist() == RECORDS
    with pytest.raises(InvalidJobError, match="was read before"):
        graph.run()


def test_graph_over_a_table_runs_again():
    graph = line({"data": TABLE})
    assert [rows(graph).num_rows for _ in range(3)] == [3, 3, 3]


def test_dicts_of_different_keys():
    assert rows(line({"data": [{"a": 1}, {"b": 2}]})).to_pylist() == [
        {"a": 1, "b": None},
        {"a": None, "b": 2},
    ]


def test_columns_are_projected_in_order():
    assert rows(line({"data": TABLE, "columns": ["s"]})).column_names == ["s"]
    reader = {"data": TABLE.to_reader(), "columns": ["s", "n"]}
    assert rows(line(reader)).column_names == ["s", "n"]


def test_declared_schema_types_the_rows():
    schema = {"n": "int16", "s": pa.large_string()}
    for data in (RECORDS, lambda: iter(RECORDS), TABLE):
        output = rows(line({"data": data, "schema": schema}))
        assert output.schema.types == [pa.int16(), pa.large_string()]
        assert output.to_pylist() == RECORDS


def test_empty_list_with_a_schema():
    assert rows(line({"data": [], "schema": {"n": "int64"}})).num_rows == 0


# --- generators ----------------------------------------------------------------------------------


def dicts():
    yield from RECORDS


def lists():
    yield RECORDS[:2]
    yield RECORDS[2:]


def batches():
    yield from TABLE.to_batches(max_chunksize=1)


def tables():
    yield TABLE.slice(0, 1)
    yield TABLE.slice(1)


async def async_dicts():
    for record in RECORDS:
        await asyncio.sleep(0)
        yield record


@pytest.mark.parametrize("data", [dicts, lists, batches, tables, async_dicts])
@pytest.mark.parametrize("mode", ["batch", "streaming"])
def test_generator_functions_run_again(data, mode):
    graph = line({"data": data}, mode=mode)
    for _ in range(2):
        assert rows(graph).to_pylist() == RECORDS


@pytest.mark.parametrize("make", [dicts, async_dicts, lambda: iter(RECORDS)])
def test_generator_objects_run_once(make):
    graph = line({"data": make()})
    assert graph.validate()
    assert rows(graph).to_pylist() == RECORDS
    with pytest.raises(InvalidJobError, match=r"was read before|yields nothing"):
        graph.run()


def test_function_may_return_its_rows_at_once():
    assert rows(line({"data": lambda: RECORDS})).to_pylist() == RECORDS
    assert rows(line({"data": lambda: TABLE})).to_pylist() == RECORDS


def test_rows_keep_their_order():
    def numbers():
        yield from ({"n": n} for n in range(5_000))

    for workers in (1, 8):
        output = rows(line({"data": numbers}), worker_count=workers, morsel_rows_max=7)
        assert output["n"].to_pylist() == list(range(5_000))


def test_generator_is_closed_when_nobody_wants_more():
    closed = threading.Event()

    def endless():
        try:
            n = 0
            while True:
                yield {"n": n}
                n += 1
        finally:
            closed.set()

    output = rows(line({"data": endless}, node("limit", "first", count=3)))
    assert output["n"].to_pylist() == [0, 1, 2]
    assert closed.wait(10)


def test_generator_waits_for_a_slow_job():
    """Rows are asked for no faster than they are used: what waits is bounded."""
    made, gate = [0], threading.Event()
    big = pa.record_batch({"n": np.zeros(100_000)})

    def numbers():
        for _ in range(200):
            made[0] += 1
            yield big

    def hold(batch):
        assert gate.wait(30)

    graph = line({"data": numbers}, sink={"callback": hold})
    result = {}
    thread = threading.Thread(
        target=lambda: result.update(run(graph, exchange_limit_bytes=4 * 2**20))
    )
    thread.start()
    previous = -1
    while made[0] != previous:  # until the generator stands still
        previous = made[0]
        thread.join(0.3)
    assert made[0] < 150
    gate.set()
    thread.join()
    assert result["rows_out"] == 200 * 100_000
    assert result["metrics"]["backpressure_count"] > 0


def test_failing_generator_fails_the_job():
    def broken():
        yield {"n": 1}
        raise OSError("the feed is gone")

    with pytest.raises(JobFailedError, match=r"operator 'src' \(source\).*the feed is gone") as e:
        line({"data": broken}).run()
    assert isinstance(e.value.__cause__, OSError)


def test_item_of_another_type_is_named():
    def mixed():
        yield {"n": 1}
        yield {"n": "one"}

    with pytest.raises(JobFailedError, match="'n'"):
        line({"data": mixed}).run()


def test_item_with_a_new_column_is_named():
    def growing():
        yield {"n": 1}
        yield {"n": 2, "extra": 3}

    with pytest.raises(JobFailedError, match=r"yields column 'extra'.*declare"):
        line({"data": growing}).run()


# --- files ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wide():
    rng = np.random.default_rng(7)
    count = 20_000
    return pa.table(
        {
            "id": np.arange(count),
            "x": rng.random(count),
            "s": [f"text {i % 99}" if i % 5 else None for i in range(count)],
        }
    )


WRITERS = {
    "f.parquet": lambda table, path: pq.write_table(table, path, row_group_size=1500),
    "f.feather": lambda table, path: feather.write_feather(table, path, chunksize=1500),
    "f.arrow": lambda table, path: feather.write_feather(
        table, path, compression="uncompressed", chunksize=1500
    ),
    "f.arrows": lambda table, path: _write_stream(table, path),
}


def _write_stream(table, path):
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table, max_chunksize=1500)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("workers", [1, 4])
def test_files(tmp_path, wide, name, workers):
    WRITERS[name](wide, tmp_path / name)
    result = run(line({"path": tmp_path / name}), worker_count=workers)
    assert ordered(result["outputs"]["out"]).equals(ordered(wide))
    assert ledger_is_balanced(result)
    some = rows(line({"path": str(tmp_path / name), "columns": ["s", "id"]}))
    assert some.column_names == ["s", "id"]
    assert ordered(some).equals(ordered(wide.select(["s", "id"])))


def test_folders_patterns_and_lists(tmp_path, wide):
    for i in range(4):
        (tmp_path / f"part={i // 2}").mkdir(exist_ok=True)
        pq.write_table(wide.slice(i * 5000, 5000), tmp_path / f"part={i // 2}" / f"{i}.parquet")
    (tmp_path / "_SUCCESS").write_text("")
    (tmp_path / ".hidden.parquet").write_text("")
    files = sorted(tmp_path.rglob("part=*/*.parquet"))
    for path in (files, [str(file) for file in files]):
        assert ordered(rows(line({"path": path}))).equals(ordered(wide))
    hive = wide.append_column("part", pa.array([0] * 10_000 + [1] * 10_000))
    for path in (tmp_path, f"{tmp_path}/", f"{tmp_path}/**/*.parquet", f"{tmp_path}/part=*/*"):
        assert ordered(rows(line({"path": path}))).equals(ordered(hive))
        assert ordered(rows(line({"path": path, "hive": False}))).equals(ordered(wide))
    assert rows(line({"path": f"{tmp_path}/part=0/*"})).num_rows == 10_000


def test_format_overrides_the_suffix(tmp_path):
    pq.write_table(TABLE, tmp_path / "data.bin")
    assert rows(line({"path": tmp_path / "data.bin", "format": "parquet"})).num_rows == 3


def test_files_of_growing_schema(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"a": [2], "b": ["x"]}), tmp_path / "2.parquet")
    output = rows(line({"path": tmp_path}))
    assert ordered(output).to_pylist() == [{"a": 1, "b": None}, {"a": 2, "b": "x"}]


def test_parquet_without_rows(tmp_path):
    pq.write_table(TABLE.slice(0, 0), tmp_path / "none.parquet")
    output = rows(line({"path": tmp_path / "none.parquet"}))
    assert (output.num_rows, output.column_names) == (0, ["n", "s"])


def test_parquet_rows_before_a_limit(tmp_path, wide):
    pq.write_table(wide, tmp_path / "w.parquet", row_group_size=100)
    assert rows(line({"path": tmp_path / "w.parquet"}, node("limit", "l", count=5))).num_rows == 5


# --- topics --------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path):
    with TopicLog(tmp_path, durability="os") as log:
        yield log


def test_topic_in_batch_mode_ends_where_it_was(log, tmp_path):
    log.topic("t", partitions=3).append(TABLE)
    source = {"topic": "t", "data_dir": str(tmp_path)}

    def append_more(batch):
        log.topic("t").append(TABLE)
        return batch["n"].is_null() | True

    output = rows(line(source, node("filter", "f", append_more)))
    assert output.num_rows == 3


@pytest.mark.parametrize(("start", "count"), [("earliest", 3), ("latest", 0), ("committed", 1)])
def test_topic_start(log, tmp_path, start, count):
    topic = log.topic("t")
    topic.append(TABLE)
    topic.commit("mine", {0: 2})
    source = {"topic": "t", "data_dir": str(tmp_path), "start": start, "group_id": "mine"}
    assert rows(line(source)).num_rows == count


def test_topic_in_streaming_mode_goes_on(log, tmp_path):
    topic, got = log.topic("t", partitions=2), []
    topic.append(TABLE)

    def see(batch):
        got.extend(batch["n"].to_pylist())
        if len(got) == 3:
            topic.append({"n": 10, "s": "late"})
        else:
            graph.stop()

    source = {"topic": "t", "data_dir": str(tmp_path)}
    graph = line(source, sink={"callback": see}, mode="streaming")
    assert graph.run()["status"] == "completed"
    assert got[3:] == [10]


def test_bounded_overrides_the_mode(log, tmp_path):
    log.topic("t").append(TABLE)
    source = {"topic": "t", "data_dir": str(tmp_path), "bounded": True}
    assert rows(line(source, mode="streaming")).num_rows == 3


def test_data_dir_of_the_environment(log, tmp_path, monkeypatch):
    log.topic("t").append(TABLE)
    monkeypatch.setenv("SABOT_DATA_DIR", str(tmp_path))
    assert rows(line({"kafka_topic": "t", "columns": ["s"]})).column_names == ["s"]


def test_two_sources_of_one_topic_each_read_all(log, tmp_path):
    log.topic("t").append(TABLE)
    graph = JobGraph()
    sources = [
        graph.add_operator(node("source", name, topic="t", data_dir=str(tmp_path)))
        for name in ("one", "two")
    ]
    union = graph.add_operator(node("union", "both"))
    sink = graph.add_operator(node("sink", "out"))
    for source in sources:
        graph.connect(source, union)
    graph.connect(union, sink)
    assert rows(graph).num_rows == 6


# --- the engine's own ----------------------------------------------------------------------------


def test_generator_of_the_engine_is_the_same_for_any_cut():
    source = {
        "generator": {
            "rows": 1000,
            "seed": 7,
            "columns": [
                {"name": "id", "kind": "sequence"},
                {"name": "k", "kind": "uniform_int", "low": 0, "high": 9},
                {"name": "p", "kind": "uniform_float", "low": 0.0, "high": 1.0},
                {"name": "s", "kind": "string", "prefix": "id_", "low": 0, "high": 99},
            ],
        }
    }
    outputs = [
        rows(line(source), worker_count=workers, morsel_rows_max=batch_rows)
        for workers, batch_rows in ((1, 0), (4, 7), (2, 1))
    ]
    assert outputs[0].num_rows == 1000
    assert all(ordered(output).equals(ordered(outputs[0])) for output in outputs)


# --- items that a generator should not, but does yield --------------------------------------------


def yielding(*items):
    def rows_of_items():
        yield from items

    return rows_of_items


def yielding_async(*items):
    async def rows_of_items():
        for item in items:
            yield item

    return rows_of_items


@pytest.mark.parametrize("make", [yielding, yielding_async])
@pytest.mark.parametrize("mode", ["batch", "streaming"])
def test_empty_lists_of_a_generator_are_no_rows(make, mode):
    data = make([], [{"a": 1}], [], (), {"a": 2}, [])
    assert rows(line({"data": data}, mode=mode)).to_pydict() == {"a": [1, 2]}
    empty = line({"data": make([], []), "schema": {"a": "int64"}}, mode=mode)
    assert rows(empty).to_pydict() == {"a": []}
    with pytest.raises(InvalidJobError, match="yields nothing"):
        line({"data": make([])}).run()


@pytest.mark.parametrize(
    ("first", "later"),
    [
        ({"a": 1}, {"a": 1.5}),
        ({"a": 1}, {"a": Decimal("1.5")}),
        ({"a": [1]}, {"a": [2, 1.5]}),
        ({"a": {"x": 1}}, {"a": {"x": 1.5}}),
    ],
)
def test_a_value_is_never_cut(first, later):
    with pytest.raises(JobFailedError, match=r"column 'a' is .*, which would cut a value"):
        line({"data": yielding(first, later)}).run()
    schema = pa.Table.from_pylist([first]).schema
    with pytest.raises(InvalidJobError, match=r"column 'a' is .*, which would cut a value"):
        line({"data": [first, later], "schema": schema}).run()


def test_values_that_fit_a_declared_type_are_taken():
    moment = dt.datetime(2024, 2, 29, 12, 30, 15)
    schema = {"i": "int8", "f": "float32", "t": pa.timestamp("s", "UTC"), "n": "int64"}
    data = [{"i": 2.0, "f": 0.1, "t": moment, "n": None}, {"i": None, "f": 1, "t": None, "n": 7}]
    out = rows(line({"data": data, "schema": schema}))
    assert out["i"].to_pylist() == [2, None]
    assert out["t"].to_pylist() == [moment.replace(tzinfo=dt.UTC), None]
    with pytest.raises(InvalidJobError, match=r"column 't' is .*, which would cut a value"):
        line({"data": [{"t": moment.replace(microsecond=5)}], "schema": schema}).run()


def test_a_column_of_nulls_in_the_first_item_is_explained():
    with pytest.raises(JobFailedError, match=r"only nulls in column 'a'.*declare parameters"):
        line({"data": yielding({"a": None}, {"a": "x"})}).run()


@pytest.mark.parametrize("item", [3, {"a": object()}])
def test_a_generator_that_is_refused_is_closed(item):
    closed = []

    async def rows_of_items():
        try:
            yield item
            yield item
        finally:
            closed.append(True)

    with pytest.raises(InvalidJobError):
        line({"data": rows_of_items}).run()
    assert closed == [True]


# --- folders with links, files that change --------------------------------------------------------


@pytest.mark.parametrize("pattern", ["", "/**", "/**/*.csv"])
def test_links_that_lead_up_again_are_not_followed(tmp_path, pattern, monkeypatch):
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "sub" / "deep" / "a.csv").write_text("a\n1\n")
    (tmp_path / "b.csv").write_text("a\n2\n")
    os.symlink(tmp_path, tmp_path / "sub" / "up")
    os.symlink(tmp_path / "sub", tmp_path / "sub" / "deep" / "again")
    found = rows(line({"path": f"{tmp_path}{pattern}"}))
    assert sorted(found["a"].to_pylist()) == [1, 2]
    os.symlink(tmp_path / "sub", tmp_path / "other")  # a second name, no loop
    assert sorted(rows(line({"path": f"{tmp_path}{pattern}"}))["a"].to_pylist()) == [1, 1, 2]
    monkeypatch.chdir(tmp_path)
    assert rows(line({"path": pattern.lstrip("/") or "."})).num_rows == 3


@pytest.mark.parametrize("change", ["gone", "cut"])
@pytest.mark.parametrize("suffix", ["csv", "ndjson", "csv.gz", "arrows", "parquet"])
def test_files_that_change_before_the_job_reads_them(tmp_path, monkeypatch, change, suffix):
    paths = [tmp_path / f"{i}.{suffix}" for i in range(2)]
    for path in paths:
        run(line({"data": {"a": list(range(5000))}}, sink={"path": path}))
    bind = FileSource.bind

    def bind_late(self, job, operator_id):
        if change == "gone":
            os.unlink(paths[1])
        else:
            os.truncate(paths[1], os.path.getsize(paths[1]) // 2)
        return bind(self, job, operator_id)

    monkeypatch.setattr(FileSource, "bind", bind_late)
    with pytest.raises(JobFailedError, match=r"operator 'src' \(source\)"):
        line({"path": tmp_path}).run()
