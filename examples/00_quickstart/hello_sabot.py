#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hello, Sabot: the smallest graph.

What this demonstrates
    A source, a filter and a sink; the order in which they run; the result as an Arrow table.

Prerequisites
    Sabot; nothing else.

Runtime
    Under a second.

Next steps
    filter_and_map.py, then local_join.py.

Run
    python examples/00_quickstart/hello_sabot.py
"""

import sys

from sabot import JobGraph, OperatorType, StreamOperatorNode, col


def build() -> JobGraph:
    """Return the graph: numbers → even ones → output."""
    graph = JobGraph("hello_sabot")
    numbers = graph.add_operator(
        StreamOperatorNode(OperatorType.SOURCE, "numbers", {"data": {"n": list(range(10))}})
    )
    even = graph.add_operator(
        StreamOperatorNode(OperatorType.FILTER, "even", {"predicate": col("n") % 2 == 0})
    )
    output = graph.add_operator(StreamOperatorNode(OperatorType.SINK, "output"))
    graph.connect(numbers, even)
    graph.connect(even, output)
    return graph


def main() -> int:
    """Run the example; return 0 if its result is right."""
    print("1. Build the graph")
    graph = build()
    print("   order:", " → ".join(node.name for node in graph.topological_sort()))
    print("2. Run it")
    result = graph.run()
    found = result["outputs"]["output"]["n"].to_pylist()
    print(f"3. Summary: {result['rows_in']} rows in, {result['rows_out']} out: {found}")
    return 0 if found == [0, 2, 4, 6, 8] else 1


if __name__ == "__main__":
    sys.exit(main())
