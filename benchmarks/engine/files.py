# SPDX-License-Identifier: Apache-2.0
"""Files that the page cache holds, to sums per group, or to another file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from engine import tables
from engine.case import Case, Contest, Settings
from engine.duckdb_peer import DuckDBPeer
from engine.polars_peer import polars_runs
from engine.sabot_run import SABOT, GraphDraft, result_of, run_of

_GROUPS = 1_000
_ROW_GROUP = 500_000
_FILE = "DuckDB: file"
_SCANS: dict[str, Callable[[str], pl.LazyFrame]] = {
    "csv": pl.scan_csv,
    "ndjson": pl.scan_ndjson,
    "parquet": pl.scan_parquet,
}
_READERS = {"csv": "read_csv", "ndjson": "read_ndjson", "parquet": "read_parquet"}


def file_aggregate(kind: str, compression: str = "none") -> Case:
    """Return the case of a file of `kind` (csv, ndjson, parquet)."""

    def prepare(settings: Settings) -> Contest:
        rows = settings.rows // (5 if kind == "parquet" else 10)
        path = settings.folder / f"events.{compression}.{kind}"
        _write(_events(rows, settings.seed), path, kind, compression)

        def draw(draft: GraphDraft) -> None:
            draft.add("source", "events", path=str(path))
            draft.add(
                "aggregate",
                "groups",
                "events",
                key_by=["account"],
                aggregations={"total": ("amount", "sum"), "rows": ("*", "count")},
            )
            draft.add("sink", "out", "groups")

        duckdb = DuckDBPeer({}, settings.threads)
        sql = (
            f"SELECT account, sum(amount) AS total, count(*) AS rows "
            f"FROM {_READERS[kind]}('{path}') GROUP BY account"
        )
        query = (
            _SCANS[kind](str(path))
            .group_by("account")
            .agg(total=pl.col("amount").sum(), rows=pl.len())
        )
        return Contest(
            rows=rows,
            runs={
                SABOT: run_of(draw, settings.threads),
                _FILE: duckdb.fetch(sql),
                **polars_runs(query, settings.threads),
            },
            keys=("account",),
        )

    name = kind if kind != "parquet" else f"parquet_{compression}"
    return Case(f"{name}_group", f"{name.replace('_', ', ')} to 1k groups", prepare)


def parquet_to_parquet() -> Case:
    """Return the case that writes the half of a file's rows that pass a filter."""

    def prepare(settings: Settings) -> Contest:
        rows = settings.rows // 5
        path = settings.folder / "events.parquet"
        _write(_events(rows, settings.seed), path, "parquet", "snappy")
        out = {name: settings.folder / f"{name}.parquet" for name in ("sabot", "duckdb", "polars")}

        def draw(draft: GraphDraft) -> None:
            source = draft.add("source", "events", path=str(path))
            high = draft.add("filter", "high", source, column="amount", operator=">", value=500.0)
            draft.add("sink", "out", high, path=str(out["sabot"]))

        def run_sabot() -> Callable[[], pa.Table]:
            result_of(draw, settings.threads)
            return _reader(out["sabot"])

        duckdb = DuckDBPeer({}, settings.threads)

        def run_duckdb() -> Callable[[], pa.Table]:
            duckdb.execute(
                f"COPY (FROM '{path}' WHERE amount > 500) TO '{out['duckdb']}' "
                "(FORMAT parquet, COMPRESSION snappy)"
            )
            return _reader(out["duckdb"])

        def run_polars() -> Callable[[], pa.Table]:
            pl.scan_parquet(path).filter(pl.col("amount") > 500).sink_parquet(
                out["polars"], compression="snappy"
            )
            return _reader(out["polars"])

        runs: dict[str, Callable[[], Any]] = {
            SABOT: run_sabot,
            _FILE: run_duckdb,
            "Polars: stream": run_polars,
        }
        return Contest(rows, runs, keys=("id",))

    return Case("parquet_filter_parquet", "Parquet, filter 50 %, Parquet", prepare)


def _events(rows: int, seed: int) -> pa.Table:
    return tables.events(rows, _GROUPS, seed)


def _reader(path: Path) -> Callable[[], pa.Table]:
    return lambda: pq.read_table(path)


def _write(table: pa.Table, path: Path, kind: str, compression: str) -> None:
    if kind == "csv":
        pc.write_csv(table, path)
    elif kind == "ndjson":
        frame = pl.from_arrow(table)
        assert isinstance(frame, pl.DataFrame)
        frame.write_ndjson(path)
    else:
        pq.write_table(table, path, compression=compression, row_group_size=_ROW_GROUP)
