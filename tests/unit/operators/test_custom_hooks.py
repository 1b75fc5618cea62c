# SPDX-License-Identifier: Apache-2.0
"""The hooks of a CUSTOM operator: context, watermarks, state in snapshots, the end, failures."""

import threading

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipelines import line, node, rows, run, through_snapshot
from sabot import BaseOperator, InvalidJobError, JobFailedError
from sabot.execution.run import Run, RunOptions

BATCHES = [pa.record_batch({"n": [i, i + 1]}) for i in range(0, 20, 2)]
TOTAL = sum(range(20))


class Totals(BaseOperator):
    """Emits the running total per batch, and the total again at the end."""

    def __init__(self, source=None):
        super().__init__(source)
        self.total = 0
        self.calls = []

    def open(self, ctx):
        self.calls.append("open")
        self.ctx = ctx

    def process_batch(self, batch):
        self.total += pc.sum(batch["n"]).as_py() or 0
        yield pa.record_batch({"total": [self.total]})

    def get_schema(self):
        return pa.schema([("total", pa.int64())])

    def snapshot(self):
        return {"total": self.total, ("a", "tuple"): b"key"}

    def restore(self, obj):
        self.calls.append("restore")
        assert obj["a", "tuple"] == b"key"
        self.total = obj["total"]

    def finish(self):
        return [pa.record_batch({"total": [-self.total]})]

    def close(self):
        self.calls.append("close")


def custom(source, operator, **graph):
    job = line(source, node("custom", "mine", operator, operator="Mine"), **graph)
    return with_names_as_ids(job)


def with_names_as_ids(job):
    """Return an equal graph whose ids are its names, so that a snapshot fits another one."""
    from sabot import JobGraph

    named = JobGraph("named", mode=job.mode)
    for one in job.operators.values():
        one.operator_id, one.upstream_ids, one.downstream_ids = one.name, [], []
        named.add_operator(one)
    for up, down in (("src", "mine"), ("mine", "out")):
        named.connect(up, down)
    return named


@pytest.mark.parametrize("at", [0, 1, 5, len(BATCHES)])
@pytest.mark.parametrize("worker_counts", [(1, 1), (2, 8), (8, 1)])
def test_state_goes_through_a_snapshot(at, worker_counts):
    operators = []

    def build(source):
        operators.append(Totals())
        return custom(source, operators[-1])

    result = through_snapshot(build, BATCHES, at, worker_counts)
    totals = result["outputs"]["out"]["total"].to_pylist()
    assert totals[-1] == -TOTAL
    assert totals[:-1] == [sum(range(2 * i + 2)) for i in range(len(BATCHES))]
    assert operators[0].calls == ["open", "close"]
    assert operators[1].calls == ["open", "restore", "close"]


def test_operator_without_state_goes_through_a_snapshot():
    class Doubled(BaseOperator):
        def process_batch(self, batch):
            return pa.record_batch({"n": pc.multiply(batch["n"], 2)})

    result = through_snapshot(lambda source: custom(source, Doubled()), BATCHES, 3)
    assert result["outputs"]["out"]["n"].to_pylist() == [2 * n for n in range(20)]


class Keyed(BaseOperator):
    """Says that it is stateful, and forgets to say what its state is."""

    def process_batch(self, batch):
        return batch

    def get_partition_keys(self):
        return ["n"]


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (Keyed(), r"operator 'mine' \(custom\).*Keyed is stateful and has no snapshot\(\)"),
        (
            type("Locked", (Totals,), {"snapshot": lambda self: threading.Lock()})(),
            r"operator 'mine' \(custom\).*state of type lock cannot be part of a snapshot",
        ),
    ],
)
def test_state_that_cannot_be_saved_fails_the_snapshot(operator, message):
    with pytest.raises(JobFailedError, match=message):
        through_snapshot(lambda source: custom(source, operator), BATCHES, 2)


def test_open_is_told_about_the_job():
    operator = Totals()
    run(custom({"data": pa.Table.from_batches(BATCHES)}, operator))
    ctx = operator.ctx
    assert (ctx.job_name, ctx.name, ctx.operator_id) == ("named", "mine", "mine")
    assert ctx.input_schema.names == ["n"]
    assert ctx.output_schema.names == ["total"]
    assert (ctx.instance_index, ctx.instance_count) == (0, 1)


@pytest.mark.parametrize("hook", ["open", "process_batch", "finish"])
def test_close_follows_every_failure(hook):
    calls = []

    def fail(self, *args):
        calls.append(hook)
        raise RuntimeError("it broke")

    members = {
        "process_batch": lambda self, batch: batch,
        "get_schema": lambda self: BATCHES[0].schema,
        "close": lambda self: calls.append("close"),
        hook: fail,
    }
    operator = type("Failing", (BaseOperator,), members)()
    with pytest.raises(JobFailedError, match=r"operator 'mine' \(custom\).*it broke") as caught:
        run(custom({"data": pa.Table.from_batches(BATCHES)}, operator))
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert calls == [hook, "close"]


def test_close_follows_a_stop():
    started = threading.Event()

    class Started(Totals):
        def process_batch(self, batch):
            started.set()
            return super().process_batch(batch)

    def endless():
        while True:
            yield BATCHES[0]

    operator = Started()
    job = custom({"data": endless, "schema": BATCHES[0].schema, "bounded": False}, operator)
    work = Run(job, RunOptions())
    work.start()
    assert started.wait(30)
    work.stop("cancel")
    work.close()
    assert operator.calls == ["open", "close"]


class LateTotals(Totals):
    """Emits a total when the watermark passes."""

    marks: list[int]

    def open(self, ctx):
        self.marks = []

    def process_batch(self, batch):
        self.total += batch.num_rows

    def on_watermark(self, ts):
        self.marks.append(ts)
        return pa.record_batch({"total": [self.total]})

    def finish(self):
        return None


def test_watermarks_arrive_in_milliseconds_and_may_emit():
    operator = LateTotals()
    stop = threading.Event()

    def events():
        for i in range(50):
            yield pa.record_batch({"t": pa.array([1000 * i, 1000 * i + 1], pa.timestamp("ms"))})
        stop.wait(30)

    def seen(row):
        if row.num_rows:
            stop.set()

    source = {
        "data": events,
        "schema": pa.schema([("t", pa.timestamp("ms"))]),
        "timestamp_column": "t",
        "bounded": False,
    }
    job = line(
        source,
        node("custom", "mine", operator, operator="Mine"),
        sink={"callback": seen},
        mode="streaming",
    )
    run(job)
    assert operator.marks == sorted(operator.marks)
    assert operator.marks
    assert all(0 < mark <= 49_001 for mark in operator.marks), operator.marks


def test_process_morsel_is_what_the_engine_calls():
    class Morsels(BaseOperator):
        def process_morsel(self, morsel):
            return pa.record_batch({"n": [morsel.num_rows]})

        def process_batch(self, batch):
            raise AssertionError("process_morsel() comes first")

    result = rows(custom({"data": pa.Table.from_batches(BATCHES)}, Morsels()))
    assert sum(result["n"].to_pylist()) == 20


def test_columns_are_found_by_one_row_or_by_the_end():
    class OnlyRows(BaseOperator):
        def process_batch(self, batch):
            return batch if batch.num_rows else None

    class OnlyEnd(BaseOperator):
        def process_batch(self, batch):
            return None

        def finish(self):
            return pa.record_batch({"done": [True]})

    data = {"data": pa.Table.from_batches(BATCHES)}
    assert rows(custom(data, OnlyRows())).num_rows == 20
    assert rows(custom(data, OnlyEnd())).to_pydict() == {"done": [True]}


def test_declared_schema_must_be_one():
    class Odd(BaseOperator):
        def process_batch(self, batch):
            return batch

        def get_schema(self):
            return ["n"]

    with pytest.raises(InvalidJobError, match=r"get_schema\(\) returned \['n'\]"):
        custom({"data": pa.Table.from_batches(BATCHES)}, Odd()).validate()


def test_none_and_empty_are_not_forwarded():
    class Even(BaseOperator):
        def process_batch(self, batch):
            return batch if batch.num_rows and batch["n"][0].as_py() % 4 == 0 else batch.slice(0, 0)

    result = run(
        custom({"data": pa.Table.from_batches(BATCHES)}, Even()),
        morsel_rows_max=2,
    )
    assert result["outputs"]["out"]["n"].to_pylist() == [
        n + i for n in range(0, 20, 4) for i in (0, 1)
    ]
    custom_row = result["ledger"].to_pylist()[1]
    assert (custom_row["rows_in"], custom_row["rows_filtered"]) == (20, 10)
