# SPDX-License-Identifier: Apache-2.0
"""Filter, map, join and aggregate over nasty random rows give what DuckDB gives.

Each case draws its data from its own seed, which is in the test's name.
"""

import itertools

import numpy as np
import pyarrow as pa
import pytest

from duckdb_rows import CUTS, checked, same, sql
from nasty import nasty
from pipelines import ledger_is_balanced, line, node, run
from sabot import JobGraph, col

SEEDS = range(4)

FILTERS = [
    (col("k") > 7, "k > 7"),
    (col("small") <= col("k"), "small <= k"),
    (col("x") > 0.0, "x > 0"),
    (col("x") == 0.0, "x = 0"),
    (col("x") == float("nan"), "x = 'NaN'::DOUBLE"),
    (col("w") >= "a", "w >= 'a'"),
    (col("w") == "x" * 12, f"w = '{'x' * 12}'"),
    (col("flag") | (col("k") == 7), "flag OR k = 7"),
    (~col("flag") & col("x").is_not_null(), "NOT flag AND x IS NOT NULL"),
    (col("day") < "1970-01-15", "day < DATE '1970-01-15'"),
    (col("none").is_null(), "none IS NULL"),
    (col("none") == col("none"), "none = none"),
]


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("case", range(len(FILTERS)), ids=lambda i: FILTERS[i][1][:20])
def test_filter(case, seed, cut):
    predicate, condition = FILTERS[case]
    table = nasty(seed, 700)
    graph = line({"data": table}, node("filter", "f", predicate=predicate))
    checked(graph, sql(f"SELECT * FROM t WHERE {condition}", t=table), cut)


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize("seed", SEEDS)
def test_map(seed, cut):
    table = nasty(seed, 700)
    expressions = {
        "a": col("k") * 2 - col("small"),
        "b": col("x") / col("k"),
        "c": col("k") % 5,
        "d": col("w").coalesce("?"),
        "e": col("small").cast("float64") * 0.5,
        "f": (col("k") > 7) & col("flag"),
        "g": -col("x"),
        "h": col("none").coalesce(col("k"), 0),
    }
    graph = line({"data": table}, node("map", "m", expressions=expressions, keep=False))
    query = """
        SELECT k * 2 - small, x / k::DOUBLE, k % 5, coalesce(w, '?'), small::DOUBLE * 0.5,
               k > 7 AND flag, -x, coalesce(none, k, 0)
        FROM t
    """
    zero_safe = query.replace(
        "x / k::DOUBLE",
        "CASE WHEN k = 0 THEN CASE WHEN x = 0 OR isnan(x) THEN 'NaN'::DOUBLE "
        "WHEN x > 0 THEN 'Infinity'::DOUBLE WHEN x < 0 THEN '-Infinity'::DOUBLE END "
        "ELSE x / k::DOUBLE END",
    )
    checked(graph, sql(zero_safe, t=table), cut)


def join(left, right, keys, kind, **parameters):
    graph = JobGraph()
    names = (keys, keys) if isinstance(keys, str) else keys
    sides = [graph.add_operator(node("source", n, data=t)) for n, t in (("l", left), ("r", right))]
    joined = graph.add_operator(
        node("hash_join", "j", left_key=names[0], right_key=names[1], join_type=kind, **parameters)
    )
    sink = graph.add_operator(node("sink", "out"))
    for side in sides:
        graph.connect(side, joined)
    graph.connect(joined, sink)
    return graph


def join_query(kind, left_columns, keys, condition):
    """Say a join in SQL; right keys of rows without a match stand in the left key columns."""
    if kind in ("semi", "anti"):
        word = "" if kind == "semi" else "NOT"
        return f"SELECT * FROM l WHERE {word} EXISTS (SELECT 1 FROM r WHERE {condition})"
    of = dict(zip(*keys, strict=True))
    columns = ", ".join(
        f"CASE WHEN l.id IS NULL THEN r.{of[c]} ELSE l.{c} END" if c in of else f"l.{c}"
        for c in left_columns
    )
    word = {"outer": "FULL OUTER"}.get(kind, kind)
    return f"SELECT {columns}, r.note FROM l {word} JOIN r ON {condition}"


@pytest.mark.parametrize("nulls_equal", [False, True], ids=["", "nulls_equal"])
@pytest.mark.parametrize("kind", ["inner", "left", "right", "outer", "semi", "anti"])
@pytest.mark.parametrize(
    "keys",
    ["k", "w", "x", "day", "flag", "none", ("small", "k"), (["k", "w"], ["k", "w"])],
    ids=str,
)
def test_join(keys, kind, nulls_equal):
    left = nasty(3, 150).select(["id", "k", "small", "x", "w", "day", "flag", "none"])
    right = nasty(103, 90)
    right = right.append_column("note", pa.array([f"n{i}" for i in range(90)]))
    left_keys, right_keys = (keys, keys) if isinstance(keys, str) else keys
    left_keys = [left_keys] if isinstance(left_keys, str) else left_keys
    right_keys = [right_keys] if isinstance(right_keys, str) else right_keys
    right = right.select([*right_keys, "note"])
    equal = "IS NOT DISTINCT FROM" if nulls_equal else "="
    condition = " AND ".join(
        f"l.{a} {equal} r.{b}" for a, b in zip(left_keys, right_keys, strict=True)
    )
    query = join_query(kind, left.column_names, (left_keys, right_keys), condition)
    expected = sql(query, l=left, r=right)
    for cut in CUTS:
        graph = join(left, right, (left_keys, right_keys), kind, nulls_equal=nulls_equal)
        checked(graph, expected, cut)


@pytest.mark.parametrize("kind", ["inner", "left", "right", "outer", "semi", "anti"])
@pytest.mark.parametrize("rows", [(0, 5), (5, 0), (0, 0)], ids=str)
def test_join_with_an_empty_side(rows, kind):
    left = nasty(1, 20).select(["id", "k"]).slice(0, rows[0])
    right = pa.table({"k": nasty(2, 20)["k"], "note": [f"n{i}" for i in range(20)]})
    right = right.slice(0, rows[1])
    query = join_query(kind, ["id", "k"], (["k"], ["k"]), "l.k = r.k")
    checked(join(left, right, "k", kind), sql(query, l=left, r=right), (2, 7))


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "keys", [[], ["k"], ["w"], ["x"], ["none"], ["k", "flag"], ["day", "w"]], ids=str
)
def test_aggregate(keys, seed, cut):
    table = nasty(seed, 700)
    finite = table.set_column(
        table.schema.get_field_index("id"),
        "id",
        pa.array(np.random.default_rng(seed).normal(size=700)),
    )
    aggregations = {
        "rows": ("*", "count"),
        "ks": ("k", "count"),
        "total": ("small", "sum"),
        "mean": ("id", "mean"),
        "low": ("x", "min"),
        "high": ("x", "max"),
        "first_word": ("w", "min"),
        "last_day": ("day", "max"),
        "nothing": ("none", "sum"),
    }
    graph = line({"data": finite}, node("aggregate", "a", key_by=keys, aggregations=aggregations))
    columns = ", ".join([*keys, ""]) if keys else ""
    group = f"GROUP BY {', '.join(keys)}" if keys else ""
    query = f"""
        SELECT {columns} count(*), count(k), sum(small)::BIGINT, avg(id), min(x), max(x), min(w),
               max(day), sum(none)::BIGINT
        FROM t {group}
    """
    checked(graph, sql(query, t=finite), cut)


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize("seed", SEEDS)
def test_pipeline(seed, cut):
    """Everything at once: filter, map, join, aggregate, over nothing and over much."""
    left, right = nasty(seed, 2000), nasty(seed + 50, 60)
    right = right.select(["k", "w"]).rename_columns(["key", "label"])
    for table in (left, left.slice(0, 0)):
        graph = JobGraph()
        ids = [
            graph.add_operator(one)
            for one in (
                node("source", "l", data=table),
                node("filter", "f", predicate=col("small") > -50),
                node("map", "m", expressions={"double": col("small") * 2}),
                node("hash_join", "j", left_key="k", right_key="key"),
                node(
                    "aggregate", "a", key_by=["label"], aggregate=["sum", "count"], column="double"
                ),
                node("sink", "out"),
            )
        ]
        for up, down in itertools.pairwise(ids):
            graph.connect(up, down)
        graph.connect(graph.add_operator(node("source", "r", data=right)), ids[3])
        query = """
            SELECT label, sum(small::BIGINT * 2)::BIGINT, count(small) FROM l JOIN r ON l.k = r.key
            WHERE small > -50 GROUP BY label
        """
        checked(graph, sql(query, l=table, r=right), cut)


@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_union_and_limit(cut):
    table = nasty(1, 300)
    graph = JobGraph()
    union = graph.add_operator(node("union", "u"))
    for name in ("one", "two"):
        graph.connect(graph.add_operator(node("source", name, data=table)), union)
    limit = graph.add_operator(node("limit", "l", count=450))
    sinks = [graph.add_operator(node("sink", name)) for name in ("out", "some")]
    graph.connect(union, sinks[0])
    graph.connect(union, limit)
    graph.connect(limit, sinks[1])
    result = run(graph, worker_count=cut[0], morsel_rows_max=cut[1])
    same(result["outputs"]["out"], sql("SELECT * FROM t UNION ALL SELECT * FROM t", t=table))
    assert result["outputs"]["some"].num_rows == 450
    assert ledger_is_balanced(result)
