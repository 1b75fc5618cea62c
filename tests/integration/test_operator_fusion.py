# SPDX-License-Identifier: Apache-2.0
"""Graphs that operator fusion has changed give the rows they gave, and in the same order.

Sources are generators, so that the optimized wire form can be run as it is.
"""

import json
import random
from itertools import pairwise

import pytest

from pipelines import node, run
from sabot import JobGraph, col, lit
from sabot._core import Graph

ROWS = 4000
CUTS = [(1, 65_536), (2, 7), (8, 1000)]


def source(name="src", seed=7, splits=1):
    return node(
        "source",
        name,
        generator={
            "rows": ROWS,
            "seed": seed,
            "splits": splits,
            "columns": [
                {"name": "id", "kind": "sequence"},
                {"name": "k", "kind": "uniform_int", "low": 0, "high": 20},
                {"name": "x", "kind": "uniform_float", "low": 0.0, "high": 1.0},
                {"name": "s", "kind": "string", "prefix": "name ", "low": 0, "high": 9},
            ],
        },
    )


def graph(nodes, edges):
    """Return a graph of nodes with their names as ids; "a>c b>c" connects them, by port."""
    job = JobGraph("fusion")
    for one in nodes:
        one.operator_id = one.name
        job.add_operator(one)
    for edge in edges.split():
        job.connect(*edge.split(">"))
    return job


def chain(*nodes):
    every = [source(), *nodes, node("sink", "out")]
    return graph(every, " ".join(f"{a.name}>{b.name}" for a, b in pairwise(every)))


def optimized(job):
    """Return the graph after operator fusion, and how many operators it merged away."""
    core = Graph.from_json(json.dumps(job.to_dict()))
    core.validate(None)
    switches = ["filter_pushdown", "projection_pushdown", "join_reordering"]
    fused, counts, _ = core.optimize(
        **dict.fromkeys([*switches, "dead_code_elimination"], False), operator_fusion=True
    )
    form = json.loads(fused.to_json())
    for operator in form["operators"]:
        operator.pop("parts", None)
    return JobGraph.from_dict(form), counts["operators_fused"]


def outputs(job, cut, sinks=("out",)):
    result = run(job, worker_count=cut[0], morsel_rows_max=cut[1])
    return [result["outputs"][name].to_pylist() for name in sinks]


SORT = {"by": ["k", "s"], "descending": [True, False]}  # most rows have ties


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize(
    ("nodes", "merged"),
    [
        ([("sort", SORT), ("limit", {"count": 50})], 1),
        ([("sort", SORT), ("limit", {"count": 300, "offset": 17})], 1),
        ([("sort", SORT), ("limit", {"count": 0})], 1),
        ([("sort", SORT), ("limit", {"count": 10, "offset": 5000})], 1),
        (
            [
                ("sort", {"by": "x"}),
                ("map", {"expressions": {"y": col("x") * 2.0}}),
                ("select", {"columns": ["id", "y"]}),
                ("limit", {"count": 30, "offset": 5}),
            ],
            2,
        ),
        ([("sort", SORT), ("limit", {"count": 90}), ("limit", {"offset": 20, "count": 500})], 2),
        ([("top_n", {**SORT, "count": 70}), ("limit", {"count": 9, "offset": 66})], 1),
        ([("limit", {"count": 90, "offset": 10}), ("limit", {"offset": 20, "count": 50})], 1),
    ],
)
def test_limits(nodes, merged, cut):
    job = chain(*[node(kind, f"n{i}", **p) for i, (kind, p) in enumerate(nodes)])
    other, count = optimized(job)
    assert count == merged
    assert outputs(other, cut) == outputs(job, cut)


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize(
    "distinct",
    [{}, {"columns": ["k", "s", "n"]}, {"columns": ["s", "k"]}],
    ids=str,
)
def test_distinct_groups(distinct, cut):
    job = chain(
        node("aggregate", "g", key_by=["k", "s"], aggregations={"n": ["id", "count"]}),
        node("filter", "f", predicate=col("n") > 18),
        node("distinct", "d", **distinct),
    )
    other, count = optimized(job)
    assert count == 1
    rows = [sorted(map(str, one)) for one in (outputs(other, cut)[0], outputs(job, cut)[0])]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_equal_sources(cut):
    job = graph(
        [
            source("a", splits=3),
            source("b", splits=3),
            source("c", seed=8),
            node("filter", "f", predicate=col("k") > 10),
            node("union", "u"),
            node("sink", "out"),
            node("sink", "rest"),
        ],
        "a>f f>u b>u c>u u>out b>rest",
    )
    other, count = optimized(job)
    assert count == 1
    assert len(other.get_sources()) == 2
    found, wanted = (outputs(one, cut, ("out", "rest")) for one in (other, job))
    for one, expected in zip(found, wanted, strict=True):
        assert sorted(map(str, one)) == sorted(map(str, expected))


@pytest.mark.parametrize("seed", range(8))
def test_runs_with_branches(seed):
    """A tree of filters, maps and selects whose rows go to one or two consumers."""
    rng = random.Random(seed)
    nodes, edges, open_ends = [source()], [], ["src"]
    for i in range(14):
        up = rng.choice(open_ends)
        one = rng.choice(
            [
                node("filter", f"n{i}", predicate=(col("x") > rng.random() / 3)),
                node("filter", f"n{i}", predicate=(col("k") % 7 != rng.randrange(7))),
                node("map", f"n{i}", expressions={"x": col("x") * lit(1.1), "y": col("k") + 1}),
                node("map", f"n{i}", expressions={"k": col("k") + col("id")}),
                node("select", f"n{i}", columns=rng.sample(["id", "k", "x", "s"], 4)),
            ]
        )
        nodes.append(one)
        edges.append(f"{up}>{one.name}")
        open_ends.append(one.name)
        if rng.random() < 0.7:
            open_ends.remove(up)
    ends = {edge.split(">")[0] for edge in edges}
    sinks = [f"o{one.name}" for one in nodes if one.name not in ends]
    nodes += [node("sink", name) for name in sinks]
    job = graph(nodes, " ".join([*edges, *(f"{name[1:]}>{name}" for name in sinks)]))
    other, count = optimized(job)
    assert count == len(job.operators) - len(other.operators) > 0
    assert optimized(other)[1] == 0
    for cut in CUTS:
        for one, expected in zip(outputs(other, cut, sinks), outputs(job, cut, sinks), strict=True):
            assert one == expected
