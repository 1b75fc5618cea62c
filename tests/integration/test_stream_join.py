# SPDX-License-Identifier: Apache-2.0
"""Joins of streams: by time they give what DuckDB gives, however the rows come."""

import logging

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from duckdb_rows import same, sql
from pipelines import ledger_is_balanced, node, run
from sabot import InvalidJobError, JobGraph

CUTS = [(1, 1), (2, 7), (8, 1000), (1, 65_536)]  # workers, rows per batch
KINDS = ["inner", "left", "right", "outer", "semi", "anti"]
DISORDER_MS = 300


def events(seed, count, unit="ms", text=False):
    """Return rows about 10 ms apart, out of order by DISORDER_MS, some without key or time."""
    rng = np.random.default_rng(seed)
    at = np.arange(count) * 10 - rng.integers(0, DISORDER_MS, count)
    keys = np.where(rng.random(count) < 0.3, 1, rng.integers(0, 20, count))
    holes = rng.random(count) < 0.05
    names = [
        None if h else (f"the key with number {k}" if text else int(k))
        for k, h in zip(keys, holes, strict=True)
    ]
    times = [None if h else int(t) for t, h in zip(at, rng.random(count) < 0.02, strict=True)]
    return pa.table(
        {
            "id": pa.array(range(count), pa.int64()),
            "k": pa.array(names),
            "t": pa.array(times, pa.timestamp("ms")).cast(pa.timestamp(unit)),
            "note": [f"n{i}" * (1 + i % 9) for i in range(count)],
        }
    )


def joined(left, right, source=None, **parameters):
    """Return the graph: sources 'l' and 'r', join 'j', sink 'out'."""
    graph = JobGraph()
    ids = [
        graph.add_operator(node("source", name, **{"data": data, **(source or {})}))
        for name, data in (("l", left), ("r", right))
    ]
    join = graph.add_operator(node("hash_join", "j", left_key="k", right_key="k", **parameters))
    sink = graph.add_operator(node("sink", "out"))
    for one in ids:
        graph.connect(one, join)
    graph.connect(join, sink)
    return graph


def expected(left, right, kind, within_ms, equal="="):
    near = f"l.k {equal} r.k AND abs(epoch_ns(l.t) - epoch_ns(r.t)) <= {within_ms * 1_000_000}"
    if kind in ("semi", "anti"):
        word = "" if kind == "semi" else "NOT"
        return sql(
            f"SELECT * FROM l WHERE {word} EXISTS (SELECT 1 FROM r WHERE {near})", l=left, r=right
        )
    word = {"outer": "FULL OUTER"}.get(kind, kind)
    query = f"""SELECT l.id, CASE WHEN l.id IS NULL THEN r.k ELSE l.k END, l.t, l.note,
                       r.id, r.t, r.note
                FROM l {word} JOIN r ON {near}"""
    return sql(query, l=left, r=right)


@pytest.mark.parametrize("is_stream", [False, True], ids=["batch", "stream"])
@pytest.mark.parametrize("text", [False, True], ids=["integers", "texts"])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_near_each_other(kind, text, is_stream):
    left, right = events(1, 600, "us", text), events(2, 400, "ms", text)
    source = {"timestamp_column": "t"}
    if is_stream:
        source |= {"bounded": False, "lateness_ms": DISORDER_MS}
    rows = expected(left, right, kind, 70)
    assert len(rows) > 50
    for workers, size in CUTS:
        graph = joined(left, right, source, join_type=kind, within_ms=70)
        result = run(graph, worker_count=workers, morsel_rows_max=size)
        same(result["outputs"]["out"], rows)
        assert ledger_is_balanced(result)
        ledger = {op["name"]: op for op in result["ledger"].to_pylist()}
        assert ledger["j"]["rows_late"] == 0
        assert ledger["j"]["rows_held"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_null_keys_may_be_equal(kind):
    left, right = events(3, 200), events(4, 200)
    graph = joined(left, right, join_type=kind, within_ms=500, nulls_equal=True)
    rows = expected(left, right, kind, 500, "IS NOT DISTINCT FROM")
    same(run(graph, worker_count=2, morsel_rows_max=50)["outputs"]["out"], rows)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("counts", [(0, 40), (40, 0), (0, 0)], ids=str)
def test_empty_sides(counts, kind):
    left, right = (events(5 + i, 40).slice(0, n) for i, n in enumerate(counts))
    source = {"timestamp_column": "t", "bounded": False}
    graph = joined(left, right, source, join_type=kind, within_ms=50)
    same(run(graph)["outputs"]["out"], expected(left, right, kind, 50))


def test_inner_without_a_bound_joins_rows_of_any_age():
    left, right = events(7, 300), events(8, 200)
    graph = joined(left, right, {"bounded": False}, join_type="inner")
    rows = sql("SELECT l.*, r.id, r.t, r.note FROM l JOIN r ON l.k = r.k", l=left, r=right)
    for workers, size in CUTS:
        result = run(graph, worker_count=workers, morsel_rows_max=size)
        same(result["outputs"]["out"], rows)
        assert ledger_is_balanced(result)
    assert "grows without end" in graph.explain()


def test_times_are_read_though_nobody_else_wants_them(tmp_path):
    left, right = events(9, 200), events(10, 200)
    for name, table in (("l", left), ("r", right)):
        pq.write_table(table, tmp_path / f"{name}.parquet")
    graph = JobGraph()
    paths = [node("source", n, path=str(tmp_path / f"{n}.parquet")) for n in "lr"]
    ids = [graph.add_operator(one) for one in paths]
    join = graph.add_operator(node("hash_join", "j", left_key="k", right_key="k", within_ms=90))
    few = graph.add_operator(node("select", "s", columns=["id", "id_right"]))
    sink = graph.add_operator(node("sink", "out"))
    for one in ids:
        graph.connect(one, join)
    for up, down in ((join, few), (few, sink)):
        graph.connect(up, down)
    rows = [(row[0], row[4]) for row in expected(left, right, "inner", 90)]
    same(run(graph)["outputs"]["out"], sorted(rows))


def generated(name, **more):
    """Return a source without end of keys 0..99, one row a millisecond."""
    columns = [
        {"name": "t", "kind": "timestamp", "step_ms": 1},
        {"name": "k", "kind": "uniform_int", "low": 0, "high": 99},
    ]
    generator = {"rows": 1_000_000_000, "seed": len(name), "columns": columns}
    return node("source", name, generator=generator, bounded=False, timestamp_column="t", **more)


@pytest.mark.parametrize("kind", ["inner", "outer", "anti"])
def test_two_sources_without_end(kind, caplog):
    """Rows come out while both sides go on; what is stored stays small."""
    graph = JobGraph()
    ids = [graph.add_operator(generated(name)) for name in ("l", "right")]
    join = graph.add_operator(
        node("hash_join", "j", left_key="k", right_key="k", join_type=kind, within_ms=20)
    )
    limit = graph.add_operator(node("limit", "some", count=200_000))
    sink = graph.add_operator(node("sink", "out"))
    for one in ids:
        graph.connect(one, join)
    graph.connect(join, limit)
    graph.connect(limit, sink)
    with caplog.at_level(logging.INFO):
        result = run(graph, worker_count=2, memory_limit_bytes=400_000_000)
    table = result["outputs"]["out"]
    assert table.num_rows == 200_000
    if kind != "anti":
        apart = pc.abs(pc.subtract(table["t"].cast(pa.int64()), table["t_right"].cast(pa.int64())))
        assert pc.max(apart).as_py() == 20
    assert ledger_is_balanced(result)


def test_late_rows_are_counted():
    rows = {"k": [1, 1, 1, 1], "t": pa.array([1000, 5000, 2000, 6000], pa.timestamp("ms"))}
    left, right = pa.table(rows), pa.table({**rows, "b": [1, 2, 3, 4]})
    graph = joined(left, right, {"timestamp_column": "t", "bounded": False}, within_ms=0)
    result = run(graph, worker_count=1, morsel_rows_max=1)
    ledger = {op["name"]: op for op in result["ledger"].to_pylist()}
    assert ledger_is_balanced(result)
    found = result["outputs"]["out"]["b"].to_pylist()
    assert set(found) <= {1, 2, 3, 4}
    assert {1, 2, 4} <= set(found)
    assert ledger["j"]["rows_late"] in (0, 1, 2)
    assert (ledger["j"]["rows_late"] == 0) == (3 in found)


@pytest.mark.parametrize(
    ("parameters", "parts"),
    [
        ({"join_type": "left"}, ["'j' (hash_join)", "within_ms", "right side"]),
        ({"within_ms": 5}, ["'l' (source)", "timestamp_column"]),
        ({"within_ms": "soon"}, ["within_ms", "integer"]),
        ({"state_ttl_ms": 5, "join_type": "semi"}, ["state_ttl_ms", "'semi'"]),
    ],
)
def test_what_cannot_work_is_refused_by_name(parameters, parts):
    table = events(1, 3)
    with pytest.raises(InvalidJobError) as error:
        run(joined(table, table, {"bounded": False}, **parameters))
    for part in parts:
        assert part in str(error.value)
