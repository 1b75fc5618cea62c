# SPDX-License-Identifier: Apache-2.0
"""A graph that travels as JSON is the same graph."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines import line, node, quote_enrichment, quotes, securities
from sabot import BaseOperator, InvalidJobError, JobGraph, col


class Doubled(BaseOperator):
    """Doubles n."""

    def __init__(self, factor=2):
        super().__init__()
        self.factor = factor

    def process_batch(self, batch):
        column = pa.compute.multiply(batch["n"], pa.scalar(self.factor, pa.int64()))
        return pa.record_batch({"n": column})


def travel(graph):
    """Return the graph after a trip through JSON text, checked to be equal."""
    form = graph.to_dict()
    copy = JobGraph.from_dict(json.loads(json.dumps(form, allow_nan=False)))
    assert copy.to_dict() == form
    return copy


NUMBERS = {"data": pa.table({"n": [1, 2, 3], "s": ["a", None, "c"]})}


def test_reference_graph():
    graph = quote_enrichment({"data": quotes()}, {"data": securities()}, mode="batch")
    copy = travel(graph)
    assert copy.job_id == graph.job_id
    assert copy.job_name == "quote_enrichment"
    assert copy.explain() == graph.explain()
    assert copy.run()["outputs"]["output_enriched"].num_rows == 671


def test_every_field_of_graph_and_node():
    graph = line(NUMBERS, mode="streaming", default_parallelism=3, state_backend="memory")
    source = graph.get_sources()[0]
    source.parallelism, source.memory_mb, source.cpu_cores = 2, 512, 1.5
    copy = travel(graph)
    assert (copy.mode, copy.default_parallelism, copy.state_backend) == ("streaming", 3, "memory")
    node_copy = copy.get_sources()[0]
    assert (node_copy.parallelism, node_copy.memory_mb, node_copy.cpu_cores) == (2, 512, 1.5)
    assert node_copy.upstream_ids == []
    assert node_copy.downstream_ids == source.downstream_ids


@pytest.mark.parametrize(
    "value",
    [1, 2.5, "x", True, Decimal("1.50"), dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 12), b"\0"],
)
def test_filter_value_keeps_its_type(value):
    graph = line(NUMBERS, node("filter", "f", column="n", value=value))
    copy = next(n for n in travel(graph).operators.values() if n.name == "f")
    assert copy.parameters["value"] == value
    assert type(copy.parameters["value"]) is type(value)


def test_expressions():
    graph = line(
        NUMBERS,
        node("filter", "f", predicate=col("n") > 1),
        node("map", "m", expressions={"twice": col("n") * 2, "s": col("s").coalesce("?")}),
    )
    assert travel(graph).run()["outputs"]["out"].to_pylist() == [
        {"n": 2, "s": "?", "twice": 4},
        {"n": 3, "s": "c", "twice": 6},
    ]


def test_functions_with_closures():
    factor = 10
    graph = line(NUMBERS, node("map", "m", lambda batch: batch["n"] * factor, output_column="x"))
    assert travel(graph).run()["outputs"]["out"]["x"].to_pylist() == [10, 20, 30]


def test_declared_schemas():
    schema = pa.schema([("n", pa.int16())])
    graph = line({"data": [{"n": 1}], "schema": schema})
    copy = travel(graph)
    assert copy.get_sources()[0].parameters["schema"] == schema
    assert copy.run()["outputs"]["out"].schema == schema


def test_rows_of_any_kind_travel_as_a_table():
    for data in ([{"n": 1}, {"n": None}], {"n": [1, None]}, pa.record_batch({"n": [1, None]})):
        copy = travel(line({"data": data}))
        assert copy.get_sources()[0].parameters["data"].to_pydict() == {"n": [1, None]}


def test_generator_function_travels():
    def numbers():
        yield {"n": 1}
        yield {"n": 2}

    assert travel(line({"data": numbers})).run()["outputs"]["out"]["n"].to_pylist() == [1, 2]


def test_registered_operator_travels_with_its_class():
    graph = line(NUMBERS, node("custom", "c", operator="Twice", factor=5))
    graph.register_operator(Doubled, "Twice")
    assert travel(graph).run()["outputs"]["out"]["n"].to_pylist() == [5, 10, 15]


def test_operator_object_travels():
    graph = JobGraph()
    ids = [
        graph.add_operator(one)
        for one in (node("source", "src", **NUMBERS), Doubled(3), node("sink", "out"))
    ]
    graph.connect(ids[0], ids[1])
    graph.connect(ids[1], ids[2])
    assert travel(graph).run()["outputs"]["out"]["n"].to_pylist() == [3, 6, 9]


def test_paths_and_lists():
    graph = line({"path": [Path("a.parquet"), "b.parquet"], "columns": ("x", "y")})
    copy = travel(graph).get_sources()[0].parameters
    assert copy == {"path": ["a.parquet", "b.parquet"], "columns": ["x", "y"]}


def test_large_rows_stay():
    big = pa.table({"n": range(3_000_000)})
    with pytest.raises(InvalidJobError, match="at most 16 MiB"):
        line({"data": big}).to_dict()


def test_rows_that_are_read_once_stay():
    for data in (iter([{"n": 1}]), pa.table({"n": [1]}).to_reader()):
        with pytest.raises(InvalidJobError, match="read once cannot travel"):
            line({"data": data}).to_dict()


def test_function_that_cannot_be_pickled_stays():
    import threading

    lock = threading.Lock()
    graph = line(NUMBERS, node("map", "m", lambda batch: lock and batch["n"]))
    with pytest.raises(InvalidJobError, match=r"operator 'm' \(map\).*cannot travel"):
        graph.to_dict()


def test_bound_rows_must_be_set_again():
    form = line(NUMBERS).to_dict()
    form["operators"][0]["parameters"]["data"] = {"kind": "bound"}
    with pytest.raises(InvalidJobError, match="stayed in the process"):
        JobGraph.from_dict(form).run()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.update(version=2), "version 2 is unknown"),
        (lambda f: f.pop("version"), "version None is unknown"),
        (lambda f: f.update(extra=1), "unknown key 'extra'"),
        (lambda f: f["operators"][0].update(extra=1), "unknown field 'extra'"),
        (lambda f: f["operators"][0].update(operator_type="fly"), "unknown type"),
        (lambda f: f["edges"][0].update({"from": "nobody"}), "no operator 'nobody'"),
        (lambda f: f["operators"][1]["function"].update(python="2.7"), "Python 2.7"),
        (lambda f: f["operators"][1]["function"].update(sha256="0"), "damaged"),
        (lambda f: f["operators"][1]["function"].update(kind="exe"), "kind 'exe'"),
        (lambda f: f["operators"][0]["parameters"].update(data={"kind": "?"}), "kind '\\?'"),
        (
            lambda f: f["operators"][0]["parameters"].update(
                data={"kind": "arrow_ipc", "data": ""}
            ),
            "not an Arrow IPC stream",
        ),
    ],
)
def test_refuses_what_it_does_not_know(change, message):
    form = line(NUMBERS, node("map", "m", lambda batch: batch["n"])).to_dict()
    change(form)
    with pytest.raises(InvalidJobError, match=message):
        JobGraph.from_dict(form)
