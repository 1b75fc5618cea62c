# SPDX-License-Identifier: Apache-2.0
"""Short ways to say a graph, for tests."""

from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from sabot import JobGraph, OperatorType, StreamOperatorNode
from sabot.execution.run import Run, RunOptions


def node(kind: str, name: str = "", function: Any = None, **parameters: Any) -> StreamOperatorNode:
    """Return an operator of type `kind`."""
    return StreamOperatorNode(OperatorType(kind), name, parameters, function)


def line(
    source: dict[str, Any], *operators: StreamOperatorNode, sink: Any = None, **graph: Any
) -> JobGraph:
    """Return a graph without branches: source 'src', the operators, sink 'out'."""
    job = JobGraph("line", **graph)
    nodes = [node("source", "src", **source), *operators, node("sink", "out", **(sink or {}))]
    ids = [job.add_operator(one) for one in nodes]
    for up, down in pairwise(ids):
        job.connect(up, down)
    return job


def rows(graph: JobGraph, sink: str = "out", **options: Any) -> pa.Table:
    """Run a graph and return the rows of a collecting sink."""
    return run(graph, **options)["outputs"][sink]


def run(graph: JobGraph, **options: Any) -> dict[str, Any]:
    """Run a graph with engine options."""
    return Run(graph, RunOptions(**options)).execute()


def ordered(table: pa.Table) -> pa.Table:
    """Return the rows in an order of their own, in one chunk per column."""
    keys = [(name, "ascending") for name in table.column_names]
    return table.sort_by(keys).combine_chunks() if table.num_rows else table.combine_chunks()


def ledger_is_balanced(result: dict[str, Any]) -> bool:
    """Return whether no row of any operator is unaccounted for."""
    return all(
        op["rows_in"] + op["rows_added"]
        == op["rows_out"]
        + op["rows_held"]
        + op["rows_merged"]
        + op["rows_filtered"]
        + op["rows_late"]
        + op["rows_failed"]
        for op in result["ledger"].to_pylist()
    )


QUOTES_PASSING = 671
QUOTES = 1_000
SECURITIES = 10_000


def quotes() -> pa.Table:
    """Return 1,000 quotes of which exactly 671 cost more than 100."""
    rng = np.random.default_rng(42)
    dear = rng.uniform(100.01, 250.0, QUOTES_PASSING)
    cheap = rng.uniform(50.0, 100.0, QUOTES - QUOTES_PASSING)
    prices = np.concatenate([dear, cheap])
    rng.shuffle(prices)
    return pa.table(
        {
            "instrumentId": rng.integers(0, SECURITIES, QUOTES),
            "price": prices,
            "size": rng.integers(1, 500, QUOTES),
        }
    )


def securities() -> pa.Table:
    """Return 10,000 securities with ids from 0 on."""
    ids = np.arange(SECURITIES)
    sectors = np.array(["Energy", "Health", "Finance", "Industry"])
    return pa.table(
        {
            "ID": ids,
            "CUSIP": [f"{i:09d}" for i in ids],
            "NAME": [f"Security {i}" for i in ids],
            "SECTOR": sectors[ids % len(sectors)],
            "RATING": ids % 7,
        }
    )


def quote_enrichment(
    quotes_from: dict[str, Any],
    securities_from: dict[str, Any],
    sink: dict[str, Any] | None = None,
    **graph: Any,
) -> JobGraph:
    """Return the reference graph: dear quotes with what is known of their security."""
    job = JobGraph("quote_enrichment", **graph)
    load_quotes = job.add_operator(node("source", "load_quotes", **quotes_from))
    high_value = job.add_operator(
        node("filter", "filter_high_value", column="price", value=100.0, operator=">")
    )
    load_securities = job.add_operator(node("source", "load_securities", **securities_from))
    select = job.add_operator(
        node("select", "select_security_columns", columns=["ID", "CUSIP", "NAME", "SECTOR"])
    )
    enrich = job.add_operator(
        node("hash_join", "enrich_quotes", left_key="instrumentId", right_key="ID")
    )
    output = job.add_operator(node("sink", "output_enriched", **(sink or {})))
    job.connect(load_quotes, high_value)
    job.connect(high_value, enrich)
    job.connect(load_securities, select)
    job.connect(select, enrich)
    job.connect(enrich, output)
    return job


def enriched() -> pa.Table:
    """Return what the reference graph must give, computed by pyarrow alone."""
    import pyarrow.compute as pc

    left = quotes().filter(pc.greater(quotes()["price"], 100.0))
    right = securities().select(["ID", "CUSIP", "NAME", "SECTOR"])
    return left.join(right, "instrumentId", "ID", join_type="inner")
