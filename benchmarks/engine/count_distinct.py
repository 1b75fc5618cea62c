# SPDX-License-Identifier: Apache-2.0
"""Distinct values of a column, overall or per group."""

from __future__ import annotations

import polars as pl
from measuring.units import short_count

from engine import tables
from engine.case import Case, Contest, Settings
from engine.duckdb_peer import DuckDBPeer
from engine.polars_peer import frame_of, polars_runs
from engine.sabot_run import SABOT, GraphDraft, run_of
from engine.tables import Keys


def count_distinct(groups: int) -> Case:
    """Return the case of `groups`; 1 has no key. The values are a million integers."""

    def prepare(settings: Settings) -> Contest:
        rows = tables.grouped(settings.rows, groups, settings.seed, Keys.SPREAD)
        keys = ("key",) if groups > 1 else ()

        def draw(draft: GraphDraft) -> None:
            draft.add("source", "rows", data=rows)
            draft.add(
                "aggregate",
                "values",
                "rows",
                aggregations={"n": ("v", "count_distinct")},
                **({"key_by": list(keys)} if keys else {}),
            )
            draft.add("sink", "out", "values")

        duckdb = DuckDBPeer({"rows": rows}, settings.threads)
        frame, distinct = frame_of(rows), pl.col("v").n_unique()
        return Contest(
            rows=settings.rows,
            runs={
                SABOT: run_of(draw, settings.threads),
                **duckdb.runs(
                    "SELECT key, count(DISTINCT v) AS n FROM {rows} GROUP BY key"
                    if keys
                    else "SELECT count(DISTINCT v) AS n FROM {rows}"
                ),
                **polars_runs(
                    frame.group_by(keys).agg(n=distinct) if keys else frame.select(n=distinct),
                    settings.threads,
                ),
            },
            keys=keys,
        )

    size = short_count(groups)
    return Case(f"distinct_{size}", f"count distinct, {size} groups", prepare)
