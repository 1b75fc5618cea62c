# SPDX-License-Identifier: Apache-2.0
"""The reference graph over Parquet files that the page cache holds.

Quotes with a price over 100, each with the CUSIP, name and sector of its security.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from engine import tables
from engine.case import Case, Contest, Settings
from engine.duckdb_peer import DuckDBPeer
from engine.polars_peer import polars_runs
from engine.sabot_run import SABOT, GraphDraft, run_of

_SECURITIES = 100_000
_COLUMNS = ["ID", "CUSIP", "NAME", "SECTOR"]
_PARQUET = "DuckDB: file"
_TO_OWN = "DuckDB: file to own"


def enrichment(compression: str, *, collects: bool) -> Case:
    """Return the case that counts and sums the rows, or collects them all."""

    def prepare(settings: Settings) -> Contest:
        quotes = settings.folder / f"quotes.{compression}.parquet"
        securities = settings.folder / f"securities.{compression}.parquet"
        rows = settings.rows // 5
        tables.write_quotes(quotes, rows, _SECURITIES, settings.seed, compression)
        tables.write_securities(securities, _SECURITIES, settings.seed + 1, compression)

        def draw(draft: GraphDraft) -> None:
            draft.add("source", "load_quotes", path=str(quotes))
            draft.add("filter", "high", "load_quotes", column="price", operator=">", value=100.0)
            draft.add("source", "load_securities", path=str(securities))
            draft.add("select", "columns", "load_securities", columns=_COLUMNS)
            draft.add(
                "hash_join", "enriched", "high", "columns", left_key="instrumentId", right_key="ID"
            )
            if not collects:
                draft.add(
                    "aggregate",
                    "total",
                    "enriched",
                    aggregations={"price": ("price", "sum"), "rows": ("*", "count")},
                )
            draft.add("sink", "out", "enriched" if collects else "total")

        duckdb = DuckDBPeer({}, settings.threads)
        sql = _sql(quotes, securities, collects=collects)
        runs = {SABOT: run_of(draw, settings.threads), _PARQUET: duckdb.fetch(sql)}
        if collects:
            runs[_TO_OWN] = duckdb.store(sql)
        query = _polars_query(quotes, securities, collects=collects)
        runs |= polars_runs(query, settings.threads)
        return Contest(rows, runs, keys=("quoteId",) if collects else ())

    name = f"enrich_{compression}" + ("_rows" if collects else "")
    what = "rows" if collects else "count + sum"
    return Case(name, f"enrichment, {compression}, {what}", prepare)


def _sql(quotes: Path, securities: Path, *, collects: bool) -> str:
    outputs = "* EXCLUDE (ID)" if collects else "sum(price) AS price, count(*) AS rows"
    return (
        f"SELECT {outputs} FROM (FROM '{quotes}' WHERE price > 100) AS quotes "
        f"JOIN (SELECT {', '.join(_COLUMNS)} FROM '{securities}') AS securities "
        "ON instrumentId = ID"
    )


def _polars_query(quotes: Path, securities: Path, *, collects: bool) -> pl.LazyFrame:
    joined = (
        pl.scan_parquet(quotes)
        .filter(pl.col("price") > 100)
        .join(pl.scan_parquet(securities).select(_COLUMNS), left_on="instrumentId", right_on="ID")
    )
    return joined if collects else joined.select(price=pl.col("price").sum(), rows=pl.len())
