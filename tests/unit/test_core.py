# SPDX-License-Identifier: Apache-2.0
"""The compiled module by itself: capsules move, errors translate, jobs close, snapshots restore."""

import gc
import threading
import weakref

import numpy as np
import pyarrow as pa
import pytest

from pipelines import line, node, ordered
from sabot import InvalidJobError, JobCanceledError, JobFailedError, SabotError, _core
from sabot.execution.plan import Plan

SCHEMA = pa.schema([("n", pa.int64())])


def prepared(graph, **options):
    """Return the engine's job of a graph, with nothing bound, and its plan."""
    plan = Plan.build(graph)
    return _core.Job(plan.core, **options), plan


def collected(job, operator_id):
    return pa.RecordBatchReader.from_stream(job.collect(operator_id)).read_all()


def test_facts():
    assert _core.version() == "0.1.0"
    assert 1 <= _core.processor_count() <= 4096
    _core.memory_trim()


def test_types_cannot_be_made_by_hand():
    for cls in (_core.Graph, _core.Snapshot, _core.Stream):
        with pytest.raises(TypeError):
            cls()


# --- hash ----------------------------------------------------------------------------------------


def hashes(*columns):
    batch = pa.record_batch({str(i): column for i, column in enumerate(columns)})
    return np.frombuffer(_core.hash_rows(batch), np.uint64)


def test_hash_knows_no_width_and_one_zero():
    assert (hashes(pa.array([1, -2], pa.int8())) == hashes(pa.array([1, -2], pa.int64()))).all()
    zeros = hashes(pa.array([0.0, -0.0]))
    assert zeros[0] == zeros[1]
    nans = hashes(
        pa.array(np.array([0x7FF8000000000000, 0xFFF8000000000001], np.uint64).view(np.float64))
    )
    assert nans[0] == nans[1]
    assert len(set(hashes(pa.array(range(1000))).tolist())) == 1000


def test_hash_refuses_other_things():
    with pytest.raises(TypeError, match="__arrow_c_array__"):
        _core.hash_rows(5)


# --- graph ---------------------------------------------------------------------------------------


def test_wire_form_goes_through_the_engine():
    graph = line({"data": {"n": [1]}})
    plan = Plan.build(graph)
    again = _core.Graph.from_json(plan.core.to_json())
    assert again.to_json() == plan.core.to_json()
    assert plan.output_schema(graph.get_sinks()[0].operator_id) == SCHEMA


def test_graph_refuses_what_is_no_graph():
    for text in ("", "{", "[]", '{"version": 1}', '{"version": 99}'):
        with pytest.raises(InvalidJobError):
            _core.Graph.from_json(text)


def test_resolver_errors_come_back_as_they_are():
    graph = line({"data": {"n": [1]}}, node("map", "m", lambda batch: batch["n"]))
    plan = Plan.build(graph)
    fresh = _core.Graph.from_json(plan.core.to_json())
    fresh.set_source_schema(graph.get_sources()[0].operator_id, SCHEMA)

    def resolver(operator_id, schema):
        raise LookupError(operator_id)

    with pytest.raises(LookupError):
        fresh.validate(resolver)
    with pytest.raises(TypeError, match="__arrow_c_schema__"):
        fresh.validate(lambda operator_id, schema: 5)
    with pytest.raises(InvalidJobError, match="resolver"):
        fresh.validate()


def test_schema_must_be_one():
    graph = Plan.build(line({"data": {"n": [1]}})).core
    with pytest.raises(TypeError, match="__arrow_c_schema__"):
        graph.set_source_schema("x", "n: int64")


# --- capsules ------------------------------------------------------------------------------------


def test_rows_leave_without_a_copy_and_once():
    values = pa.array(range(1000))
    graph = line({"data": pa.table({"n": values})})
    job, plan = prepared(graph)
    source, sink = graph.operators
    job.bind_sink(sink, "collect")
    plan.sources[source].bind(job, source)
    job.start()
    assert job.wait()
    stream = job.collect(sink)
    table = pa.RecordBatchReader.from_stream(stream).read_all()
    address = table["n"].chunk(0).buffers()[1].address + table["n"].chunk(0).offset * 8
    assert address == values.buffers()[1].address
    with pytest.raises(ValueError, match="read before"):
        stream.__arrow_c_stream__()
    job.close()
    assert table["n"].to_pylist() == list(range(1000))


def test_capsule_is_used_once():
    graph = line({"data": {"n": [1]}})
    job, _ = prepared(graph)
    source = graph.get_sources()[0].operator_id
    capsule = pa.table({"n": [1]}).to_reader().__arrow_c_stream__()
    job.add_stream(source, capsule)
    with pytest.raises(ValueError, match="used before"):
        job.add_stream(source, capsule)
    with pytest.raises(TypeError, match="__arrow_c_stream__"):
        job.add_stream(source, 5)
    job.close()


def add_batches(batches):
    """Return the rows of a job whose only split calls for `batches`: rows, or what it raises."""
    graph = line({"data": {"n": [1]}})
    job, _ = prepared(graph)
    source, sink = graph.operators
    job.bind_sink(sink, "collect")
    left = iter(batches)

    def next_batch():
        batch = next(left, None)
        if isinstance(batch, BaseException):
            raise batch
        return batch

    job.add_batches(source, pa.schema({"n": pa.int64()}), next_batch)
    job.start()
    try:
        job.wait()
        return pa.RecordBatchReader.from_stream(job.collect(sink)).read_all()["n"].to_pylist()
    finally:
        job.close()


def test_batches_are_called_for_until_none():
    batches = [pa.record_batch({"n": [1, 2]}), pa.record_batch({"n": pa.array([], pa.int64())})]
    assert add_batches([*batches, pa.record_batch({"n": [3]}), None, batches[0]]) == [1, 2, 3]
    assert add_batches([]) == []


@pytest.mark.parametrize(
    "error", [MemoryError("full"), ValueError("bad bytes"), OSError("disk"), KeyboardInterrupt()]
)
def test_what_a_call_for_batches_raises_is_the_cause(error):
    with pytest.raises(JobFailedError, match=type(error).__name__) as failure:
        add_batches([pa.record_batch({"n": [1]}), error])
    assert failure.value.__cause__ is error


def test_a_call_for_batches_that_gives_no_rows_fails():
    with pytest.raises(JobFailedError, match="__arrow_c_array__"):
        add_batches([5])


def test_batches_are_only_taken_of_a_schema():
    graph = line({"data": {"n": [1]}})
    job, _ = prepared(graph)
    source = graph.get_sources()[0].operator_id
    with pytest.raises(TypeError, match="__arrow_c_schema__"):
        job.add_batches(source, 5, lambda: None)
    with pytest.raises(SabotError, match="'n' is utf8"):
        job.add_batches(source, pa.schema({"n": pa.string()}), lambda: None)
    job.close()


class Traced:
    """A table whose memory tells when it is gone."""

    def __init__(self):
        self.values = np.arange(1000)
        self.is_alive = weakref.ref(self.values)

    def table(self):
        table = pa.table({"n": pa.Array.from_buffers(pa.int64(), 1000, [None, self.take()])})
        return table

    def take(self):
        buffer = pa.py_buffer(self.values)
        del self.values
        return buffer


@pytest.mark.parametrize("ending", ["run", "never started", "canceled", "failed", "validated"])
def test_rows_are_released_however_the_job_ends(ending):
    traced = Traced()

    def fail(batch):
        if len(batch):
            raise ValueError("no")
        return batch["n"] > 0

    operators = [node("filter", "f", fail)] if ending == "failed" else []
    graph = line({"data": traced.table()}, *operators, sink={"discard": True})
    if ending == "validated":
        graph.validate()
    elif ending == "run":
        graph.run()
    elif ending == "failed":
        with pytest.raises(JobFailedError):
            graph.run()
    else:
        job, plan = prepared(graph)
        for operator_id, source in plan.sources.items():
            source.bind(job, operator_id)
        if ending == "canceled":
            job.bind_sink(graph.get_sinks()[0].operator_id, "count")
            job.start()
            job.stop("cancel")
        job.close()
        del job, plan, source
    del graph
    gc.collect()
    assert traced.is_alive() is None


def test_pushed_rows_are_released():
    values = [np.arange(10) for _ in range(50)]
    batches = [weakref.ref(value) for value in values]

    def generate():
        while values:
            yield pa.record_batch(
                {"n": pa.Array.from_buffers(pa.int64(), 10, [None, pa.py_buffer(values.pop())])}
            )

    line({"data": generate}, sink={"discard": True}).run()
    gc.collect()
    assert [one() for one in batches] == [None] * 50


def test_functions_leak_nothing():
    pool = pa.default_memory_pool()
    data = pa.table({"n": np.arange(100_000)})

    def work():
        graph = line({"data": data}, node("map", "m", lambda b: b["n"] * 2.0))
        graph.run()

    work()
    gc.collect()
    before = pool.bytes_allocated()
    for _ in range(5):
        work()
    gc.collect()
    assert pool.bytes_allocated() <= before + 1024


# --- jobs ----------------------------------------------------------------------------------------


def test_push_by_hand():
    graph = line({"data": lambda: iter([pa.record_batch({"n": [0]})])})
    job, _ = prepared(graph, worker_count=2)
    source, sink = graph.operators
    job.bind_sink(sink, "collect")
    splits = [job.add_push_split(source) for _ in range(2)]
    job.start()
    assert job.wait(0) is False
    for split in splits:
        job.push(source, split, pa.record_batch({"n": [split]}))
        job.push_end(source, split)
    assert job.wait() is True
    assert collected(job, sink)["n"].to_pylist() in ([0, 1], [1, 0])
    metrics = job.metrics()
    assert metrics["worker_count"] == 2
    assert [op["type"] for op in metrics["operators"]] == ["source", "sink"]
    job.close()


def test_push_end_with_a_failure_fails_the_job():
    graph = line({"data": lambda: iter([pa.record_batch({"n": [0]})])})
    job, _ = prepared(graph)
    source, sink = graph.operators
    job.bind_sink(sink, "count")
    split = job.add_push_split(source)
    job.start()
    job.push_end(source, split, "the feed broke")
    with pytest.raises(JobFailedError, match=r"operator 'src' \(source\).*the feed broke"):
        job.wait()
    job.close()


def test_closed_job_says_so():
    job, _ = prepared(line({"data": {"n": [1]}}))
    job.close()
    job.close()
    for call in (job.start, job.wait, job.stop, job.metrics, job.snapshot):
        with pytest.raises(JobCanceledError, match="closed"):
            call()


def test_close_wakes_those_who_wait():
    graph = line({"data": lambda: iter([pa.record_batch({"n": [0]})])})
    job, _ = prepared(graph)
    source, sink = graph.operators
    job.bind_sink(sink, "count")
    job.add_push_split(source)
    job.start()
    caught = []

    def wait():
        try:
            job.wait()
        except SabotError as error:
            caught.append(error)

    threads = [threading.Thread(target=wait) for _ in range(1)]
    for thread in threads:
        thread.start()
    job.close()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_wrong_names_are_refused():
    job, _ = prepared(line({"data": {"n": [1]}}))
    with pytest.raises(ValueError, match="allowed: 'drain', 'cancel'"):
        job.stop("now")
    with pytest.raises(ValueError, match="allowed: 'collect', 'stream', 'count'"):
        job.bind_sink("x", "print")
    with pytest.raises(SabotError):
        job.bind_sink("x", "count")
    with pytest.raises(TypeError, match="expected a Graph"):
        _core.Job(5)
    with pytest.raises(TypeError, match="expected a Snapshot"):
        job.restore(5)
    job.close()


def test_job_in_a_cycle_is_collected():
    graph = line({"data": {"n": [1]}}, node("map", "m", lambda batch: batch["n"]))
    job, plan = prepared(graph)
    held = [job]

    def function(schema, array, held=held):
        return held

    job.bind_function(next(iter(plan.functions)), function)
    alive = weakref.ref(function)
    del job, plan, held, function
    gc.collect()
    assert alive() is None


def test_log_reaches_python():
    got = []
    _core.set_log(lambda level, event, fields: got.append((level, event, fields)))
    try:
        line({"data": {"n": [1]}}).run()
    finally:
        _core.set_log(None)
    assert all(isinstance(level, int) and fields.startswith("{") for level, _, fields in got)


# --- snapshots -----------------------------------------------------------------------------------


def stateful_graph():
    left = pa.table({"k": np.arange(20_000) % 50, "v": np.arange(20_000)})
    right = pa.table({"key": np.arange(50), "label": [f"l{i % 7}" for i in range(50)]})
    graph = line(
        {"data": left},
        node("hash_join", "j", left_key="k", right_key="key"),
        node("aggregate", "a", key_by=["label"], aggregate=["sum", "count", "min"], column="v"),
    )
    join = next(n for n in graph.operators.values() if n.name == "j")
    graph.connect(graph.add_operator(node("source", "r", data=right)), join.operator_id)
    return graph


def bound(graph, workers, batch_rows):
    job, plan = prepared(graph, worker_count=workers, morsel_rows_max=batch_rows)
    job.bind_sink(graph.get_sinks()[0].operator_id, "collect")
    for operator_id, source in plan.sources.items():
        source.bind(job, operator_id)
    return job


def carried(snapshot):
    """Return the snapshot after its parts went through Arrow tables and back."""
    parts = {
        name: pa.RecordBatchReader.from_stream(snapshot.part_stream(i)).read_all()
        for i, name in enumerate(snapshot.part_names())
    }
    return _core.Snapshot.from_parts(snapshot.description(), parts)


@pytest.mark.parametrize("workers", [(1, 2), (2, 8), (8, 1)])
def test_snapshot_restores_into_another_worker_count(workers):
    graph = stateful_graph()
    sink = graph.get_sinks()[0].operator_id
    expected = ordered(graph.run()["outputs"]["out"])
    first = bound(graph, workers[0], 7)
    first.start()
    snapshot = carried(first.snapshot())
    assert first.wait()
    assert ordered(collected(first, sink)).equals(expected)
    first.close()
    second = bound(graph, workers[1], 100)
    second.restore(snapshot)
    second.start()
    assert second.wait()
    assert ordered(collected(second, sink)).equals(expected)
    second.close()


def test_snapshot_parts_have_positions():
    graph = stateful_graph()
    job = bound(graph, 2, 10)
    job.start()
    snapshot = job.snapshot()
    with pytest.raises(IndexError):
        snapshot.part_stream(10_000)
    assert snapshot.description().startswith("{")
    job.close()
    with pytest.raises(TypeError):
        _core.Snapshot.from_parts(snapshot.description(), {"x": 5})
