# SPDX-License-Identifier: Apache-2.0
"""Joins come cheapest first, and whole."""

import pyarrow as pa

from drawings import Drawing, optimized
from sabot.compiler.plan_optimizer import PlanOptimizer


def chain():
    big = pa.table({"a": [i % 50 for i in range(2000)], "b": [i % 40 for i in range(2000)]})
    wide = pa.table({"ak": [i % 50 for i in range(500)], "p": list(range(500))})
    small = pa.table({"bk": [1], "q": ["only"]})
    drawing = Drawing().add("source", "big", data=big)
    drawing.add("source", "wide", data=wide).add("source", "small", data=small)
    drawing.add("hash_join", "worst", "big", "wide", left_key="a", right_key="ak")
    drawing.add("hash_join", "best", "worst", "small", left_key="b", right_key="bk")
    drawing.add("aggregate", "sum", "best", aggregations={"n": ("*", "count"), "p": ("p", "sum")})
    return drawing.add("sink", "out", "sum").graph


def test_joins_are_ordered_cheapest_first_and_keep_their_ports():
    graph, optimizer = optimized(chain())
    assert optimizer.get_stats().joins_reordered > 0
    for one in graph.operators.values():
        if one.operator_type.value == "hash_join":
            ports = sorted(edge.port for edge in graph.edges if edge.downstream == one.operator_id)
            assert ports == [0, 1]


def test_the_best_order_is_left_alone():
    optimizer = PlanOptimizer()
    best = optimizer.optimize(chain())
    again = PlanOptimizer()
    again.optimize(best)
    assert again.get_stats().joins_reordered == 0
    assert again.get_trace() == []
