# SPDX-License-Identifier: Apache-2.0
"""The contract of operators written in Python, alone and inside a job."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipelines import ledger_is_balanced, node, rows, run
from sabot import BaseOperator, InvalidJobError, JobFailedError, JobGraph

BATCHES = [pa.record_batch({"n": [1, 2]}), pa.record_batch({"n": [3]})]


class Doubled(BaseOperator):
    """Doubles n."""

    def process_batch(self, batch):
        return pa.record_batch({"n": pc.multiply(batch["n"], 2)})


class RunningTotal(BaseOperator):
    """Passes rows on, and their total at the end."""

    def __init__(self, source=None, start=0):
        super().__init__(source)
        self.total = start
        self.calls = []

    def open(self, ctx):
        self.calls.append("open")

    def process_batch(self, batch):
        self.total += pc.sum(batch["n"]).as_py() or 0
        return batch

    def finish(self):
        self.calls.append("finish")
        return pa.record_batch({"n": [self.total]})

    def close(self):
        self.calls.append("close")


def values(batches):
    return [value for batch in batches for value in batch["n"].to_pylist()]


def job(operator, data=None, **parameters):
    graph = JobGraph("custom")
    source = graph.add_operator(node("source", "src", data=data or pa.Table.from_batches(BATCHES)))
    if isinstance(operator, type):
        name = graph.register_operator(operator)
        middle = graph.add_operator(node("custom", "mine", operator=name, **parameters))
    else:
        middle = graph.add_operator(operator)
    sink = graph.add_operator(node("sink", "out"))
    graph.connect(source, middle)
    graph.connect(middle, sink)
    return graph


def test_iterates_over_a_source():
    assert values(Doubled(BATCHES)) == [2, 4, 6]


def test_operators_chain():
    assert values(Doubled(Doubled(BATCHES))) == [4, 8, 12]


def test_hooks_run_in_order():
    operator = RunningTotal(BATCHES)
    assert values(operator) == [1, 2, 3, 6]
    assert operator.calls == ["open", "finish", "close"]


def test_close_runs_after_a_failure():
    class Failing(RunningTotal):
        def process_batch(self, batch):
            raise ValueError("no")

    operator = Failing(BATCHES)
    with pytest.raises(ValueError, match="no"):
        list(operator)
    assert operator.calls == ["open", "close"]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (None, []),
        (pa.record_batch({"n": pa.array([], pa.int64())}), []),
        ([pa.record_batch({"n": [1]}), pa.record_batch({"n": [2]})], [1, 2]),
        (pa.table({"n": [1, 2]}), [1, 2]),
    ],
)
def test_output_may_be_none_one_or_many(output, expected):
    class Fixed(BaseOperator):
        def process_batch(self, batch):
            return output

        def get_schema(self):
            return pa.schema([("n", pa.int64())])

    assert values(Fixed(BATCHES[:1])) == expected
    assert rows(job(Fixed(), data=BATCHES[:1]))["n"].to_pylist() == expected


def test_process_morsel_calls_process_batch():
    class Morsel:
        batch = BATCHES[1]

    assert values([Doubled().process_morsel(Morsel())]) == [6]
    assert values([Doubled().process_morsel(BATCHES[1])]) == [6]


def test_process_batch_must_be_there():
    with pytest.raises(NotImplementedError, match="BaseOperator has no process_batch"):
        BaseOperator().process_batch(BATCHES[0])


def test_iterating_needs_a_source():
    with pytest.raises(TypeError, match="has no source"):
        list(Doubled())


def test_object_runs_in_a_job():
    operator = RunningTotal()
    result = run(job(operator), worker_count=2)
    assert result["outputs"]["out"]["n"].to_pylist() == [1, 2, 3, 6]
    assert operator.calls == ["open", "finish", "close"]
    assert ledger_is_balanced(result)


@pytest.mark.parametrize("batch_rows", [1, 7, 65_536])
@pytest.mark.parametrize("workers", [1, 8])
def test_one_instance_sees_rows_in_order(workers, batch_rows):
    seen = []

    class Watching(BaseOperator):
        def process_batch(self, batch):
            seen.extend(batch["n"].to_pylist())
            return batch

    data = pa.table({"n": range(500)})
    rows(job(Watching(), data=data), worker_count=workers, morsel_rows_max=batch_rows)
    assert seen == list(range(500))


def test_registered_class_gets_its_parameters():
    assert rows(job(RunningTotal, start=100))["n"].to_pylist() == [1, 2, 3, 106]


def test_unknown_class_is_named():
    graph = job(Doubled)
    next(n for n in graph.operators.values() if n.name == "mine").parameters["operator"] = "Other"
    with pytest.raises(InvalidJobError, match=r"'Other' is not registered.*Doubled"):
        graph.validate()


def test_wrong_constructor_parameters_are_refused():
    with pytest.raises(InvalidJobError, match=r"operator 'mine' \(custom\).*speed"):
        job(RunningTotal, speed=3).validate()


def test_columns_that_cannot_be_found_out():
    class Quiet(BaseOperator):
        def process_batch(self, batch):
            return None

    class Fragile(BaseOperator):
        def process_batch(self, batch):
            return batch.slice(0, batch["n"][1].as_py())

    for cls in (Quiet, Fragile):
        with pytest.raises(InvalidJobError, match=r"Define get_schema\(\)"):
            job(cls()).validate()


def test_trial_does_not_touch_the_operator():
    operator = RunningTotal(start=1)
    job(operator).validate()
    assert operator.total == 1
    assert operator.calls == []


def test_failure_names_the_operator_and_keeps_the_cause():
    class Failing(Doubled):
        def process_batch(self, batch):
            if batch.num_rows:
                raise KeyError("lost")
            return batch

    with pytest.raises(JobFailedError, match=r"operator 'Failing' \(custom\)") as caught:
        job(Failing()).run()
    assert isinstance(caught.value.__cause__, KeyError)


def test_wrong_columns_are_refused():
    class Changing(BaseOperator):
        def process_batch(self, batch):
            return batch if batch.num_rows == 0 else pa.record_batch({"other": [1]})

    with pytest.raises(JobFailedError, match=r"returned columns \['other'\]; expected \['n'\]"):
        job(Changing()).run()
