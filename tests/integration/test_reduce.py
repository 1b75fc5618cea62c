# SPDX-License-Identifier: Apache-2.0
"""REDUCE: all rows folded into one value, in any cut, at any width, through any snapshot."""

import pyarrow as pa
import pytest

from pipelines import line, node, rows, run, through_snapshot
from sabot import InvalidJobError, JobFailedError, JobGraph

DATA = pa.table({"n": pa.array([*range(2999), None]), "s": ["x", "yé", None] * 1000})
TOTAL = sum(range(2999))


def add(value, batch):
    return value + int(batch["n"].sum())


def test_one_row_at_the_end():
    result = run(line({"data": DATA}, node("reduce", "total", add, initial=0)))
    assert result["outputs"]["out"].to_pydict() == {"total": [TOTAL]}
    reduced = result["ledger"].to_pylist()[1]
    assert (reduced["rows_in"], reduced["rows_merged"], reduced["rows_out"]) == (3000, 3000, 1)


@pytest.mark.parametrize("batch_rows", [1, 7, 1000, 65536])
@pytest.mark.parametrize("workers", [1, 2, 8])
def test_order_and_result_for_any_cut(workers, batch_rows):
    def last_of(value, batch):
        *_, last = [value, *[n for n in batch["n"] if n is not None]]
        assert last >= value
        return last

    graph = line({"data": DATA}, node("reduce", "last", last_of, initial=-1))
    assert rows(graph, worker_count=workers, morsel_rows_max=batch_rows).to_pydict() == {
        "last": [2998]
    }


def test_value_may_be_a_dict_or_a_batch():
    def both(value, batch):
        return {"rows": value["rows"] + len(batch), "sum": value["sum"] + float(batch["n"].sum())}

    table = rows(line({"data": DATA}, node("reduce", "r", both, initial={"rows": 0, "sum": 0})))
    assert table.to_pylist() == [{"rows": 3000, "sum": float(TOTAL)}]
    assert table.schema.types == [pa.int64(), pa.float64()]

    def first_rows(value, batch):
        have = batch.to_arrow() if value is None else pa.concat_batches([value, batch.to_arrow()])
        return have.slice(0, 2)

    graph = line({"data": DATA}, node("reduce", "r", first_rows))
    assert rows(graph, morsel_rows_max=1).to_pydict() == DATA.slice(0, 2).to_pydict()


def test_initial_is_never_changed_and_survives_the_wire():
    def collect(value, batch):
        value[0].append(len(batch))
        return value

    start = ([],)
    graph = line(
        {"data": DATA},
        node("reduce", "r", collect, initial=start, schema={"r": pa.list_(pa.list_(pa.int64()))}),
    )
    assert graph.operators
    copy = JobGraph.from_dict(graph.to_dict())
    assert copy.topological_sort()[1].parameters["initial"] == ([],)

    def count(value, batch):
        value[0] += len(batch)
        return {"n": value[0]}

    def count_list(value, batch):
        value["n"] += len(batch)
        return value

    initial = {"n": 0}
    graph = line({"data": DATA}, node("reduce", "r", count_list, initial=initial))
    for one in (graph, graph, JobGraph.from_dict(graph.to_dict())):
        assert rows(one).to_pydict() == {"n": [3000]}
    assert initial == {"n": 0}


def test_no_input_gives_initial():
    graph = line({"data": DATA.slice(0, 0)}, node("reduce", "total", add, initial=7))
    assert rows(graph).to_pydict() == {"total": [7]}


def test_update_emission_ends_with_the_final_value():
    graph = line({"data": DATA}, node("reduce", "total", add, initial=0, emit="update"))
    totals = rows(graph, morsel_rows_max=1000)["total"].to_pylist()
    assert len(totals) == 3
    assert totals == sorted(totals)
    assert totals[-1] == TOTAL


@pytest.mark.parametrize("at", [0, 1, 4])
@pytest.mark.parametrize("emit", ["final", "update"])
def test_value_goes_through_a_snapshot(at, emit):
    batches = [pa.record_batch({"n": [i, 10 * i]}) for i in range(4)]

    def build(source):
        graph = JobGraph("reduce")
        nodes = [
            node("source", "src", **source),
            node("reduce", "total", add, initial=0, emit=emit),
            node("sink", "out"),
        ]
        for one in nodes:
            one.operator_id = one.name
            graph.add_operator(one)
        graph.connect("src", "total")
        graph.connect("total", "out")
        return graph

    result = through_snapshot(build, batches, at, (2, 8))
    totals = result["outputs"]["out"]["total"].to_pylist()
    assert totals == ([66] if emit == "final" else [0, 11, 33, 66])


def test_a_failure_is_named():
    def fragile(value, batch):
        if len(batch) > 1:
            raise ZeroDivisionError("by nothing")
        return value

    with pytest.raises(JobFailedError, match=r"operator 'r' \(reduce\).*by nothing"):
        run(line({"data": DATA}, node("reduce", "r", fragile, initial=0)))


@pytest.mark.parametrize(
    ("parameters", "function", "message"),
    [
        ({}, None, r"operator 'r' \(reduce\).*has no function"),
        ({"emit": "often"}, add, r"parameter 'emit'.*final.*update"),
        ({"initial": 0, "start": 1}, add, "parameter 'start'"),
        ({}, lambda value, batch: None, "schema"),
        ({}, "text", "function"),
    ],
)
def test_wrong_uses_are_refused_before_anything_runs(parameters, function, message):
    with pytest.raises(InvalidJobError, match=message):
        line({"data": DATA}, node("reduce", "r", function, **parameters)).validate()


def test_final_over_an_endless_input_is_refused():
    def numbers():
        yield DATA.to_batches()[0]

    source = {"data": numbers, "schema": DATA.schema, "bounded": False}
    graph = line(source, node("reduce", "r", add, initial=0, emit="final"), mode="streaming")
    with pytest.raises(InvalidJobError, match="'final' is emitted at the end"):
        graph.validate()
