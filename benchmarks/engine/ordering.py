# SPDX-License-Identifier: Apache-2.0
"""All rows in order, and the first hundred of that order."""

from __future__ import annotations

import polars as pl

from engine import tables
from engine.case import Case, Contest, Settings
from engine.duckdb_peer import DuckDBPeer
from engine.polars_peer import frame_of, polars_runs
from engine.sabot_run import SABOT, GraphDraft, run_of

_TOP = 100
_COLUMNS = {"n": ["n", "x", "v"], "t": ["t", "x", "v"]}
_WHAT = {"n": "int64", "t": "text"}


def sort(column: str) -> Case:
    """Return the case that sorts three columns by one of them, `n` or `t`."""

    def prepare(settings: Settings) -> Contest:
        rows = tables.sortable(settings.rows // 5, settings.seed).select(_COLUMNS[column])

        def draw(draft: GraphDraft) -> None:
            draft.add("source", "rows", data=rows)
            draft.add("sort", "sorted", "rows", by=column)
            draft.add("sink", "out", "sorted")

        duckdb = DuckDBPeer({"rows": rows}, settings.threads)
        return Contest(
            rows=rows.num_rows,
            runs={
                SABOT: run_of(draw, settings.threads),
                **duckdb.runs(f"FROM {{rows}} ORDER BY {column}", is_large=True),
                **polars_runs(frame_of(rows).sort(column), settings.threads),
            },
            keys=(column,),  # a table of DuckDB's own forgets the order
        )

    return Case(f"sort_{_WHAT[column]}", f"sort by {_WHAT[column]}, 3 columns", prepare)


def top_n(column: str) -> Case:
    """Return the case that takes the hundred largest rows by `n` or `t`."""

    def prepare(settings: Settings) -> Contest:
        rows = tables.sortable(settings.rows // 5, settings.seed).select(_COLUMNS[column])

        def draw(draft: GraphDraft) -> None:
            draft.add("source", "rows", data=rows)
            draft.add("top_n", "first", "rows", by=column, descending=True, count=_TOP)
            draft.add("sink", "out", "first")

        duckdb = DuckDBPeer({"rows": rows}, settings.threads)
        return Contest(
            rows=rows.num_rows,
            runs={
                SABOT: run_of(draw, settings.threads),
                **duckdb.runs(f"FROM {{rows}} ORDER BY {column} DESC LIMIT {_TOP}"),
                **polars_runs(
                    frame_of(rows).sort(pl.col(column), descending=True).head(_TOP),
                    settings.threads,
                ),
            },
        )

    return Case(f"top_{_WHAT[column]}", f"top {_TOP} by {_WHAT[column]}", prepare)
