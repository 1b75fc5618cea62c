# SPDX-License-Identifier: Apache-2.0
"""The queries: each as somebody would draw it who does not think of speed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from engine.sabot_run import GraphDraft
from engine.tables import chunked

from optimizer.case import Case, Draw, Settings
from sabot import col

_WIDE = 8  # columns that nobody reads, beside a key and a value
_DIMENSION_ROWS = 1_000_000
_ROW_GROUP_ROWS = 500_000


def _filter_behind_join(settings: Settings) -> Draw:
    """Five of 100 rows pass a filter that stands behind a join with a million rows."""
    random = np.random.default_rng(settings.seed)
    facts = chunked(
        {
            "key": random.integers(0, _DIMENSION_ROWS, settings.rows),
            "percent": random.integers(0, 100, settings.rows),
        }
    )
    keys = random.permutation(_DIMENSION_ROWS)
    sizes = chunked({"id": keys, "size": random.integers(0, 1000, _DIMENSION_ROWS)})

    def draw(draft: GraphDraft) -> None:
        draft.add("source", "facts", data=facts)
        draft.add("source", "sizes", data=sizes)
        draft.add("hash_join", "both", "facts", "sizes", left_key="key", right_key="id")
        draft.add("filter", "few", "both", column="percent", operator="<", value=5)
        _total(draft, "few", "size")

    return draw


def _filter_behind_enrichment(settings: Settings) -> Draw:
    """The reference graph, its filter behind its join: quotes get three texts of their security."""
    random = np.random.default_rng(settings.seed)
    quotes = chunked(
        {
            "quote": np.arange(settings.rows),
            "instrumentId": random.integers(0, _DIMENSION_ROWS, settings.rows),
            "price": random.random(settings.rows) * 100,
        }
    )
    keys = random.permutation(_DIMENSION_ROWS)
    securities = chunked(
        {
            "ID": keys,
            "CUSIP": pa.array([f"{key:09}" for key in keys]),
            "NAME": pa.array([f"security number {key}" for key in keys]),
            "SECTOR": pa.array([f"sector {key % 50}" for key in keys]),
        }
    )

    def draw(draft: GraphDraft) -> None:
        draft.add("source", "quotes", data=quotes)
        draft.add("source", "securities", data=securities)
        draft.add(
            "hash_join", "enrich", "quotes", "securities", left_key="instrumentId", right_key="ID"
        )
        draft.add("filter", "high_value", "enrich", column="price", operator=">", value=95.0)
        draft.add("sink", "out", "high_value")

    return draw


def _wide(rows: int, keys: int, seed: int, prefix: str) -> pa.Table:
    """A key, a value, and columns of numbers and text that nobody reads."""
    random = np.random.default_rng(seed)
    names = pa.array([f"text of nobody {i:06}" for i in range(10_000)])
    columns: dict[str, np.ndarray | pa.Array] = {
        f"{prefix}_key": random.integers(0, keys, rows),
        f"{prefix}_value": random.integers(0, 1000, rows),
    }
    for i in range(_WIDE):
        columns[f"{prefix}_{i}"] = (
            random.random(rows) if i % 2 else names.take(pa.array(random.integers(0, 10_000, rows)))
        )
    return chunked(columns)


def _parquet(settings: Settings) -> Path:
    path = settings.folder / "wide.parquet"
    if not path.exists():
        table = _wide(settings.rows // 10, 1000, settings.seed, "w")
        pq.write_table(table, path, compression="snappy", row_group_size=_ROW_GROUP_ROWS)
    return path


def _two_of_ten_columns(settings: Settings) -> Draw:
    """A sum per key over a Parquet file of ten columns."""
    path = _parquet(settings)

    def draw(draft: GraphDraft) -> None:
        draft.add("source", "wide", path=str(path))
        sums = {"total": ("w_value", "sum")}
        draft.add("aggregate", "totals", "wide", key_by="w_key", aggregations=sums)
        draft.add("sink", "out", "totals")

    return draw


def _stored_columns(settings: Settings) -> Draw:
    """A join stores a Parquet file of ten columns, of which two are used."""
    path = _parquet(settings)
    keys = chunked({"id": np.arange(1000)})

    def draw(draft: GraphDraft) -> None:
        draft.add("source", "keys", data=keys)
        draft.add("source", "wide", path=str(path))
        draft.add("hash_join", "both", "keys", "wide", left_key="id", right_key="w_key")
        _total(draft, "both", "w_value")

    return draw


def _joins_worst_first(settings: Settings) -> Draw:
    """Three joins: the first makes ten rows of each, the last keeps one of 100."""
    random = np.random.default_rng(settings.seed)
    rows = settings.rows // 10
    facts = chunked(
        {
            "a": random.integers(0, 1000, rows),
            "b": random.integers(0, 100_000, rows),
            "c": random.integers(0, 10_000, rows),
        }
    )
    many = chunked({"ak": np.repeat(np.arange(1000), 10), "x": np.arange(10_000)})
    one = chunked({"bk": np.arange(100_000), "y": np.arange(100_000)})
    few = chunked({"ck": np.arange(100) * 100, "z": np.arange(100)})

    def draw(draft: GraphDraft) -> None:
        for name, table in (("facts", facts), ("many", many), ("one", one), ("few", few)):
            draft.add("source", name, data=table)
        draft.add("hash_join", "first", "facts", "many", left_key="a", right_key="ak")
        draft.add("hash_join", "second", "first", "one", left_key="b", right_key="bk")
        draft.add("hash_join", "third", "second", "few", left_key="c", right_key="ck")
        _total(draft, "third", "y")

    return draw


def _five_stateless(settings: Settings) -> Draw:
    """Maps and filters one behind the other, which have an expression in common."""
    random = np.random.default_rng(settings.seed)
    rows = chunked(
        {
            "a": random.integers(0, 1000, settings.rows),
            "b": random.integers(1, 1000, settings.rows),
        }
    )

    def draw(draft: GraphDraft) -> None:
        draft.add("source", "rows", data=rows)
        product = col("a") * col("b")
        draft.add("map", "product", "rows", expressions={"p": product})
        draft.add("filter", "large", "product", predicate=col("p") > 1000)
        draft.add("map", "both", "large", expressions={"q": product + col("a")})
        draft.add("filter", "not_too_large", "both", predicate=col("q") < 900_000)
        draft.add("map", "result", "not_too_large", expressions={"r": product - col("b")})
        _total(draft, "result", "r")

    return draw


def _everything(settings: Settings) -> Draw:
    """A filtered join of three wide tables, written without a thought."""
    orders = _wide(settings.rows // 10, 100_000, settings.seed, "o")
    customers = _wide(100_000, 1000, settings.seed + 1, "c")
    customers = customers.set_column(0, "c_id", pa.chunked_array([np.arange(100_000)]))
    regions = _wide(1000, 10, settings.seed + 2, "r")
    regions = regions.set_column(0, "r_id", pa.chunked_array([np.arange(1000)]))

    def draw(draft: GraphDraft) -> None:
        for name, table in (("orders", orders), ("customers", customers), ("regions", regions)):
            draft.add("source", name, data=table)
        draft.add(
            "hash_join", "of_customers", "orders", "customers", left_key="o_key", right_key="c_id"
        )
        draft.add(
            "hash_join",
            "of_regions",
            "of_customers",
            "regions",
            left_key="c_value",
            right_key="r_id",
        )
        condition = (col("r_value") < 100) & (col("o_value") >= 500)
        draft.add("filter", "some", "of_regions", predicate=condition)
        sums = {"total": ("o_value", "sum"), "rows": ("*", "count")}
        draft.add("aggregate", "totals", "some", key_by="r_value", aggregations=sums)
        draft.add("sink", "out", "totals")

    return draw


def _total(draft: GraphDraft, upstream: str, column: str) -> None:
    sums = {"total": (column, "sum"), "rows": ("*", "count")}
    draft.add("aggregate", "total", upstream, aggregations=sums)
    draft.add("sink", "out", "total")


_ALL = (
    Case(
        "filter_pushdown",
        "filter behind an enrichment, 5 % pass",
        ("filter_pushdown",),
        _filter_behind_enrichment,
        3.0,
        keys=("quote",),
    ),
    Case(
        "filter_lean",
        "filter behind a join of two columns, 5 % pass",
        ("filter_pushdown",),
        _filter_behind_join,
        3.0,
    ),
    Case(
        "projection_parquet",
        "2 of 10 Parquet columns",
        ("projection_pushdown",),
        _two_of_ten_columns,
        2.0,
        keys=("w_key",),
    ),
    Case(
        "projection_memory",
        "2 of 10 columns stored by a join",
        ("projection_pushdown",),
        _stored_columns,
        0.4,
        measures_memory=True,
    ),
    Case(
        "join_order",
        "three joins, worst first",
        ("join_reordering",),
        _joins_worst_first,
        2.0,
    ),
    Case(
        "operator_fusion",
        "five stateless operators",
        ("operator_fusion",),
        _five_stateless,
        1.3,
    ),
    Case(
        "all_passes",
        "filtered join of three wide tables",
        (),
        _everything,
        3.0,
        keys=("r_value",),
    ),
)

CASES = {case.name: case for case in _ALL}
