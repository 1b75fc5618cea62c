# SPDX-License-Identifier: Apache-2.0
"""Short ways to say a graph, for tests."""

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from sabot import JobGraph, OperatorType, StreamOperatorNode
from sabot._core import Snapshot
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
    """Run a graph with engine options; its ledger must balance."""
    result = Run(graph, RunOptions(**options)).execute()
    assert_ledger_balances(result)
    return result


def through_snapshot(
    build: Callable[[dict[str, Any]], JobGraph],
    batches: Sequence[pa.RecordBatch],
    at: int,
    worker_counts: tuple[int, int] = (2, 2),
    **options: Any,
) -> dict[str, Any]:
    """Take a snapshot after `at` batches, throw that run away, and go on from there in another.

    `build` makes a graph around the parameters of its source, with the same ids each time.
    """
    reached, go = threading.Event(), threading.Event()

    def gated() -> Iterator[pa.RecordBatch]:
        for index, batch in enumerate(batches):
            if index == at:
                reached.set()
                go.wait(30)
            yield batch
        reached.set()
        go.wait(30)

    schema = batches[0].schema
    first = Run(
        build({"data": gated, "schema": schema}),
        RunOptions(worker_count=worker_counts[0], **options),
    )
    try:
        first.start()
        assert reached.wait(30)
        wait_for_rows(first, sum(batch.num_rows for batch in batches[:at]))
        snapshot = _carried(first.snapshot())
        first.stop("cancel")
        go.set()
    finally:
        first.close()
    second = build({"data": lambda: iter(batches), "schema": schema})
    return run(second, worker_count=worker_counts[1], snapshot=snapshot, **options)


def wait_for_rows(run: Run, count: int) -> None:
    """Wait until the sources of a running job have let so many rows into it."""
    pause = threading.Event()
    for _ in range(30_000):
        operators = run.metrics()["operators"]
        if sum(op["rows_in"] for op in operators if op["type"] == "source") >= count:
            return
        pause.wait(0.001)
    raise AssertionError(f"the sources did not give {count} rows in 30 seconds")


def _carried(snapshot: Snapshot) -> Snapshot:
    """Return the snapshot after its parts went through Arrow tables and back."""
    parts = {
        name: pa.RecordBatchReader.from_stream(snapshot.part_stream(i)).read_all()
        for i, name in enumerate(snapshot.part_names())
    }
    return Snapshot.from_parts(snapshot.description(), parts)


def ordered(table: pa.Table) -> pa.Table:
    """Return the rows in an order of their own, in one chunk per column."""
    keys = [(name, "ascending") for name in table.column_names]
    return table.sort_by(keys).combine_chunks() if table.num_rows else table.combine_chunks()


def ledger_is_balanced(result: dict[str, Any]) -> bool:
    """Return whether no row of any operator is unaccounted for."""
    return not _unbalanced(result)


def assert_ledger_balances(result: dict[str, Any]) -> None:
    """Fail with the operators of which rows are unaccounted for."""
    assert not _unbalanced(result), _unbalanced(result)


def _unbalanced(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        op
        for op in result["ledger"].to_pylist()
        if op["rows_in"] + op["rows_added"]
        != op["rows_out"]
        + op["rows_held"]
        + op["rows_merged"]
        + op["rows_filtered"]
        + op["rows_late"]
        + op["rows_failed"]
    ]


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
