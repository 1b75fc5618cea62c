# SPDX-License-Identifier: Apache-2.0
"""Every aggregate function and DISTINCT against DuckDB; updates against final results."""

import threading

import numpy as np
import pyarrow as pa
import pytest

from duckdb_rows import CUTS, checked, sql
from nasty import nasty
from pipelines import ledger_is_balanced, line, node, run

KEYS = [[], ["k"], ["w"], ["none"], ["k", "flag"]]


def finite(seed, count=700):
    """Return nasty rows whose floats are numbers: infinities have no variance to compare."""
    table = nasty(seed, count)
    rng = np.random.default_rng(seed)
    values = [None if rng.random() < 0.1 else float(v) for v in rng.normal(1e6, 3, count)]
    return table.set_column(table.schema.get_field_index("x"), "x", pa.array(values))


FUNCTIONS = {
    "stddev": ("x", "stddev_samp(x)"),
    "stddev_pop": ("x", "stddev_pop(x)"),
    "variance": ("small", "var_samp(small)"),
    "variance_pop": ("x", "var_pop(x)"),
    "count_distinct": ("w", "count(DISTINCT w)"),
    "median": ("small", "quantile_cont(small, 0.5)"),
    "p95": ("x", "quantile_cont(x, 0.95)"),
    "p1": ("k", "quantile_cont(k, 0.01)"),
    "first": ("w", "first(w ORDER BY id) FILTER (w IS NOT NULL)"),
    "last": ("day", "last(day ORDER BY id) FILTER (day IS NOT NULL)"),
    "list": ("w", "list(w ORDER BY id)"),
}


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("keys", KEYS, ids=str)
def test_functions(keys, seed, cut):
    table = finite(seed)
    aggregations = {name: (column, name) for name, (column, _) in FUNCTIONS.items()}
    aggregations |= {"d": ("none", "count_distinct"), "f": ("none", "first"), "n": ("*", "count")}
    calls = [call for _, call in FUNCTIONS.values()]
    calls += ["count(DISTINCT none)", "first(none)", "count(*)"]
    group = f"GROUP BY {', '.join(keys)}" if keys else ""
    query = f"SELECT {', '.join([*keys, *calls])} FROM t {group}"
    graph = line({"data": table}, node("group_by", "a", key_by=keys, aggregations=aggregations))
    checked(graph, sql(query, t=table), cut)


@pytest.mark.parametrize("column", ["k", "small", "x", "w", "flag", "day", "none"])
def test_distinct_values_of_every_type(column):
    table = nasty(3, 2000)
    graph = line({"data": table}, node("aggregate", "a", aggregate="count_distinct", column=column))
    checked(graph, sql(f"SELECT count(DISTINCT {column}) FROM t", t=table), (2, 7))


def test_approximations_are_within_their_bounds():
    rng = np.random.default_rng(7)
    values = rng.exponential(1000.0, 200_000)
    table = pa.table({"k": rng.integers(0, 3, values.size), "v": values})
    aggregations = {"n": ("v", "approx_count_distinct"), "q": ("v", "approx_p90")}
    graph = line({"data": table}, node("aggregate", "a", key_by="k", aggregations=aggregations))
    for row in run(graph, worker_count=2)["outputs"]["out"].to_pylist():
        part = np.sort(values[table["k"].to_numpy() == row["k"]])
        assert abs(row["n"] - part.size) < 0.08 * part.size  # five standard errors
        assert abs(np.searchsorted(part, row["q"]) - 0.9 * part.size) < 0.02 * part.size


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize("columns", [None, ["k"], ["w", "flag"], ["none"], ["day", "id"]], ids=str)
def test_distinct(columns, cut):
    table = nasty(5, 700)
    if columns is None:
        table = table.select(["w", "flag", "k"])
        expected = sql("SELECT DISTINCT * FROM t", t=table)
    else:
        rank = f"row_number() OVER (PARTITION BY {', '.join(columns)} ORDER BY id)"
        expected = sql(
            f"SELECT * EXCLUDE (n) FROM (SELECT *, {rank} AS n FROM t) WHERE n = 1", t=table
        )
    parameters = {} if columns is None else {"columns": columns}
    checked(line({"data": table}, node("distinct", "d", **parameters)), expected, cut)


AGGREGATIONS = {
    "total": ("small", "sum"),
    "words": ("w", "count_distinct"),
    "middle": ("x", "median"),
    "last": ("w", "last"),
    "all": ("flag", "list"),
    "n": ("*", "count"),
}


def last_rows(table, keys):
    """Return the last row of each key, as text so that NaN equals NaN."""
    return {tuple(str(row[k]) for k in keys): str(row) for row in table.to_pylist()}


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize("keys", KEYS, ids=str)
def test_the_last_update_of_a_key_is_its_final_row(keys, cut):
    table = finite(11)
    options = {"worker_count": cut[0], "morsel_rows_max": cut[1]}
    results = {}
    for emit in ("final", "update"):
        parameters = {"key_by": keys, "aggregations": AGGREGATIONS, "emit": emit}
        result = run(line({"data": table}, node("aggregate", "a", **parameters)), **options)
        assert ledger_is_balanced(result)
        results[emit] = result["outputs"]["out"]
    assert last_rows(results["update"], keys) == last_rows(results["final"], keys)
    assert len(last_rows(results["final"], keys)) == results["final"].num_rows


def batches(table, size):
    return (batch for batch in table.to_batches(max_chunksize=size))


@pytest.mark.parametrize("size", [1, 7, 1000, 65_536])
@pytest.mark.parametrize("operator", ["aggregate", "distinct", "first rows"])
def test_a_stream_gives_what_a_batch_gives(operator, size):
    table = finite(13)
    seen = []
    keys = ["k", "flag"]
    operators = {
        "aggregate": lambda: node("aggregate", "a", key_by=keys, aggregations=AGGREGATIONS),
        "distinct": lambda: node("distinct", "d"),
        "first rows": lambda: node("distinct", "d", columns=keys),
    }
    if operator == "distinct":
        table = table.select(keys)
    batch = run(line({"data": table}, operators[operator]()))["outputs"]["out"]
    endless = {"data": lambda: batches(table, size), "schema": table.schema, "bounded": False}
    graph = line(endless, operators[operator](), sink={"callback": seen.append}, mode="streaming")
    assert ledger_is_balanced(run(graph, worker_count=2))
    stream = pa.Table.from_batches(seen)
    assert last_rows(stream, keys) == last_rows(batch, keys)
    if operator != "aggregate":
        assert stream.num_rows == batch.num_rows


@pytest.mark.parametrize("operator", ["aggregate", "distinct"])
def test_results_do_not_wait_for_more_input(operator):
    """The source goes silent after each batch until what it changed has come out."""
    schema = pa.schema([("k", pa.string())])
    seen = []
    arrived = threading.Semaphore(0)

    def source():
        for word in ("a", "b", "c"):
            yield pa.record_batch([[word]], schema=schema)
            assert arrived.acquire(timeout=20), f"nothing came of {word!r}"

    def see(batch):
        seen.extend(batch.to_pylist())
        arrived.release()

    made = (
        node("aggregate", "a", key_by="k", aggregate="count")
        if operator == "aggregate"
        else node("distinct", "d")
    )
    run(
        line(
            {"data": source, "schema": schema, "bounded": False},
            made,
            sink={"callback": see},
            mode="streaming",
        )
    )
    assert [row["k"] for row in seen] == ["a", "b", "c"]
