#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Join two tables.

What this demonstrates
    10 quotes meet 20 securities by id. The first connection to a join is its left side; the right
    side is loaded first and then probed.

Prerequisites
    Sabot; nothing else.

Runtime
    2 seconds.

Next steps
    ../06_reference/fintech_pipeline/ does the same with a million quotes, topics and files.

Run
    python examples/00_quickstart/local_join.py
"""

import sys

from sabot import JobGraph, OperatorType, StreamOperatorNode

QUOTES = [{"quote": i, "security": 2 * i, "price": 100.0 + i} for i in range(10)]
SECURITIES = [{"id": i, "name": f"Security {i}"} for i in range(20)]


def build() -> JobGraph:
    """Return the graph: quotes ⋈ securities → output."""
    graph = JobGraph("local_join")
    quotes = graph.add_operator(StreamOperatorNode(OperatorType.SOURCE, "quotes", {"data": QUOTES}))
    securities = graph.add_operator(
        StreamOperatorNode(OperatorType.SOURCE, "securities", {"data": SECURITIES})
    )
    join = graph.add_operator(
        StreamOperatorNode(
            OperatorType.HASH_JOIN, "enrich", {"left_key": "security", "right_key": "id"}
        )
    )
    output = graph.add_operator(StreamOperatorNode(OperatorType.SINK, "output"))
    graph.connect(quotes, join)  # left
    graph.connect(securities, join)  # right
    graph.connect(join, output)
    return graph


def main() -> int:
    """Run the example; return 0 if its result is right."""
    print("1. The plan")
    graph = build()
    print(graph.explain())
    print("2. Run it")
    result = graph.run()
    rows = result["outputs"]["output"].sort_by("quote").to_pylist()
    for row in rows:
        print("  ", row)
    is_right = [row["name"] for row in rows] == [f"Security {2 * i}" for i in range(10)]
    print(f"3. Summary: {len(QUOTES)} × {len(SECURITIES)} → {len(rows)} rows, right: {is_right}")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
