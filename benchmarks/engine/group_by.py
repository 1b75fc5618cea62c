# SPDX-License-Identifier: Apache-2.0
"""Sums and a count per group; the result is whole: one row per group."""

from __future__ import annotations

import polars as pl
from measuring.units import short_count

from engine import tables
from engine.case import Case, Contest, Settings
from engine.duckdb_peer import DuckDBPeer
from engine.polars_peer import frame_of, polars_runs
from engine.sabot_run import SABOT, GraphDraft, run_of

_QUERY = (
    "SELECT key, sum(v)::BIGINT AS v_sum, sum(x) AS x_sum, count(*) AS rows "
    "FROM {rows} GROUP BY key"
)
_LARGE = 100_000


def group_by(groups: int, *, is_dense: bool = False) -> Case:
    """Return the case of `groups`; dense keys are 0, 1, 2, others all over the int64 range."""

    def prepare(settings: Settings) -> Contest:
        rows = tables.grouped(settings.rows, groups, settings.seed, is_dense=is_dense)

        def draw(draft: GraphDraft) -> None:
            draft.add("source", "rows", data=rows)
            draft.add(
                "aggregate",
                "groups",
                "rows",
                key_by=["key"],
                aggregations={"v_sum": ("v", "sum"), "x_sum": ("x", "sum"), "rows": ("*", "count")},
            )
            draft.add("sink", "out", "groups")

        duckdb = DuckDBPeer({"rows": rows}, settings.threads)
        query = (
            frame_of(rows)
            .group_by("key")
            .agg(v_sum=pl.col("v").sum(), x_sum=pl.col("x").sum(), rows=pl.len())
        )
        return Contest(
            rows=settings.rows,
            runs={
                SABOT: run_of(draw, settings.threads),
                **duckdb.runs(_QUERY, is_large=groups >= _LARGE),
                **polars_runs(query, settings.threads),
            },
            keys=("key",),
        )

    size, keys = short_count(groups), "dense" if is_dense else "spread"
    suffix = "_dense" if is_dense else ""
    return Case(f"group_{size}{suffix}", f"group-by, {size} groups, {keys}", prepare)
