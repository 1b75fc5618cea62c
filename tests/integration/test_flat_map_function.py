# SPDX-License-Identifier: Apache-2.0
"""FLAT_MAP with a function: any number of rows for a batch, in any form, in order."""

import re

import pyarrow as pa
import pytest

from pipelines import line, node, rows, run
from sabot import InvalidJobError, JobFailedError, JobGraph, Stream

DATA = pa.table({"n": pa.array([*range(2000), None]), "s": ["a b", "ü", "", None] * 500 + ["z"]})


def as_dicts(batch):
    return [
        {"word": word, "n": n}
        for n, text in zip(batch["n"], batch["s"], strict=True)
        for word in (text or "").split()
    ]


def as_generator(batch):
    for n, text in zip(batch["n"], batch["s"], strict=True):
        yield [{"word": word, "n": n} for word in (text or "").split()]


def as_batches(batch):
    found = as_dicts(batch)
    schema = pa.schema([("word", pa.string()), ("n", pa.int64())])
    for start in range(0, len(found), 3):
        yield pa.RecordBatch.from_pylist(found[start : start + 3], schema=schema)


def as_table(batch):
    schema = pa.schema([("word", pa.string()), ("n", pa.int64())])
    return pa.Table.from_pylist(as_dicts(batch), schema=schema)


def as_columns(batch):
    found = as_dicts(batch)
    return {
        "word": pa.array([row["word"] for row in found], pa.string()),
        "n": pa.array([row["n"] for row in found], pa.int64()),
    }


EXPECTED = [
    {"word": word, "n": n}
    for n, text in zip(DATA["n"].to_pylist(), DATA["s"].to_pylist(), strict=True)
    for word in (text or "").split()
]


@pytest.mark.parametrize("function", [as_dicts, as_generator, as_batches, as_table, as_columns])
@pytest.mark.parametrize("batch_rows", [1, 7, 1000, 65536])
@pytest.mark.parametrize("workers", [1, 2, 8])
def test_every_form_for_any_cut(function, workers, batch_rows):
    graph = line({"data": DATA}, node("flat_map", "words", function))
    result = run(graph, worker_count=workers, morsel_rows_max=batch_rows)
    assert result["outputs"]["out"].to_pylist() == EXPECTED
    assert result["outputs"]["out"].schema.types == [pa.string(), pa.int64()]


def test_none_and_nothing_are_no_rows():
    schema = {"n": "int64"}
    for function in (lambda b: None, lambda b: [], lambda b: iter(()), lambda b: [None, []]):
        graph = line({"data": DATA}, node("flat_map", "f", function, schema=schema))
        assert rows(graph).num_rows == 0
        assert rows(graph).schema == pa.schema([("n", pa.int64())])


def test_edited_batch_and_more_rows():
    def twice(batch):
        batch["n"] = batch["n"] * 2
        return [batch, batch]

    assert rows(line({"data": DATA}, node("flat_map", "f", twice))).num_rows == 2 * DATA.num_rows


def test_ledger_counts_what_is_added_and_dropped():
    graph = line({"data": DATA}, node("flat_map", "words", as_dicts))
    ledger = run(graph, morsel_rows_max=1)["ledger"].to_pylist()[1]
    assert ledger["rows_in"] == 2001
    assert ledger["rows_out"] == len(EXPECTED) == 1501
    assert (ledger["rows_added"], ledger["rows_filtered"]) == (500, 1000)


def test_missing_keys_are_null():
    graph = line(
        {"data": DATA.slice(0, 1)},
        node(
            "flat_map", "f", lambda b: [{"a": 1}, {"b": "x"}], schema={"a": "int64", "b": "string"}
        ),
    )
    assert rows(graph).to_pylist() == [{"a": 1, "b": None}, {"a": None, "b": "x"}]


def test_travels_and_shows_its_lane():
    graph = line({"data": DATA.slice(0, 3)}, node("flat_map", "words", as_dicts))
    assert rows(JobGraph.from_dict(graph.to_dict())).to_pylist() == EXPECTED[:3]
    assert "row-wise" in graph.explain()


def test_stream():
    assert Stream.from_table(DATA).flat_map(as_generator).to_pylist() == EXPECTED


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda b: 5, "the function returned int; expected a batch"),
        (lambda b: "text", "the function returned str"),
        (lambda b: [5], "the function returned int"),
        (lambda b: [{"m": 1}], r"a row with column 'm'; expected ['n']"),
        (lambda b: [{"n": "x"}], "cannot become columns"),
        (lambda b: {"n": [1], "m": [1, 2]}, "columns of different lengths"),
        (lambda b: pa.table({"n": ["x"]}), "column 'n' is string; expected int64"),
        (lambda b: [{"n": 1}, 5], "the function returned int"),
    ],
)
def test_wrong_results_are_named(value, message):
    graph = line({"data": DATA}, node("flat_map", "f", value, schema={"n": "int64"}))
    with pytest.raises(JobFailedError, match=r"operator 'f' \(flat_map\).*" + re.escape(message)):
        run(graph)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda b: [], "columns that the function gives are unknown"),
        (lambda b: b["x"], "no column 'x'"),
        ("text", "function"),
    ],
)
def test_wrong_functions_are_refused_before_anything_runs(function, message):
    with pytest.raises(InvalidJobError, match=message):
        line({"data": DATA}, node("flat_map", "f", function)).validate()
