# SPDX-License-Identifier: Apache-2.0
"""Shapes of graphs that random ones have found to be hard."""

import pyarrow as pa
import pytest

from differential.snapshots import snapshot_and_restore
from pipelines import node, ordered, run, through_snapshot
from sabot import JobGraph

ROWS = pa.table({"k": [1, 2, 3, 3, 3, 9], "v": [1, 1, 2, 2, 5, 7]})


def graph_of(*edges, mode="batch", **source):
    """Return a graph of (node, inputs...) with a source 'src' and a sink 'out' behind the last."""
    graph = JobGraph(mode=mode)
    for operator, *inputs in (
        (node("source", "src", **({"data": ROWS} | source)),),
        *edges,
        (node("sink", "out"), edges[-1][0].name),
    ):
        operator.operator_id = operator.name
        graph.add_operator(operator)
        for one in inputs:
            graph.connect(one, operator.name)
    return graph


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_what_comes_after_the_last_group_still_probes_an_outer_join(workers):
    """A count of distinct values without a key is emitted when all groups have ended."""
    graph = graph_of(
        (node("aggregate", "n", aggregations={"n": ("v", "count_distinct")}), "src"),
        (node("hash_join", "j", left_key="n", right_key="v", join_type="right"), "n", "src"),
        data=pa.table({"k": [1, 2, 3], "v": [3, 4, 5]}),
    )
    found = ordered(run(graph, worker_count=workers)["outputs"]["out"])
    assert found.to_pylist() == [{"n": 3, "k": 1}, {"n": 4, "k": 2}, {"n": 5, "k": 3}]


@pytest.mark.parametrize("at", range(1, 5))
def test_a_snapshot_waits_for_rows_that_its_own_flush_sends_behind_a_gate(at):
    """DISTINCT emits when its local rows are flushed; a join of it with itself spools them."""

    def build(data_of):
        return graph_of(
            (node("distinct", "d"), "src"),
            (node("hash_join", "j", left_key="k", right_key="v"), "d", "d"),
            data=data_of(ROWS),
        )

    result = snapshot_and_restore(build, cut=2, at=at, workers=(1, 2))
    found = ordered(result["outputs"]["out"])
    assert found.num_rows == 3
    assert found.equals(ordered(run(build(lambda table: table))["outputs"]["out"]))


@pytest.mark.parametrize("at", [1, 3, 6])
def test_first_rows_of_an_endless_source_come_once_across_a_snapshot(at):
    """A row leaves when its key is first seen; the keys seen are all that is kept."""
    table = pa.table({"k": [n * 7 % 5 for n in range(40)], "n": range(40)})

    def build(source):
        keys = node("distinct", "d", columns=["k"])
        return graph_of((keys, "src"), mode="streaming", bounded=False, **source)

    result = through_snapshot(build, table.to_batches(max_chunksize=5), at, (1, 2))
    assert ordered(result["outputs"]["out"])["k"].to_pylist() == [0, 1, 2, 3, 4]


def test_one_dictionary_in_many_batches_stays_within_its_indices():
    """Three hundred batches of one row each have 600 values if nobody looks whether they differ."""
    kind = pa.dictionary(pa.int8(), pa.string())
    rows = pa.table({"n": range(300), "d": pa.array(["a", None, "b"] * 100).cast(kind)})
    batches = [pa.RecordBatch.from_pylist([row], schema=rows.schema) for row in rows.to_pylist()]
    graph = graph_of(
        (node("sort", "s", by="n", descending=True), "src"), data=lambda: iter(batches)
    )
    found = run(graph)["outputs"]["out"]
    assert found.schema.field("d").type == kind
    assert found.to_pylist() == rows.to_pylist()[::-1]
