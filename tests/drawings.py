# SPDX-License-Identifier: Apache-2.0
"""Graphs drawn by names, and what the optimizer makes of them."""

import pyarrow as pa

from pipelines import node, ordered, run
from sabot import JobGraph
from sabot.compiler.plan_optimizer import OptimizationStats, PlanOptimizer

LEFT = pa.table({"k": [1, 2, 3, 4], "x": [10, 20, 30, 40], "w": ["a", "b", "c", "d"]})
RIGHT = pa.table({"id": [2, 3, 3, 9], "y": [1, 2, 3, 4], "z": ["p", "q", "r", "s"]})


class Drawing:
    """A graph by names."""

    def __init__(self, **options):
        self.graph = JobGraph("drawing", **options)

    def add(self, kind, name, *inputs, function=None, **parameters):
        one = node(kind, name, function, **parameters)
        one.operator_id = name
        self.graph.add_operator(one)
        for upstream in inputs:
            self.graph.connect(upstream, name)
        return self


def optimized(graph, **flags):
    """Return the optimized graph and the optimizer; all sinks must get the same rows."""
    optimizer = PlanOptimizer(**flags)
    other = optimizer.optimize(graph)
    before, after = run(graph, optimize=False), run(other, optimize=False)
    assert before["outputs"].keys() == after["outputs"].keys()
    for name, table in before["outputs"].items():
        assert ordered(after["outputs"][name]).equals(ordered(table))
    again = PlanOptimizer(**flags)
    again.optimize(other)
    assert again.get_stats() == OptimizationStats()
    return other, optimizer
