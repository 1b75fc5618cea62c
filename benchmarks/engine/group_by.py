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
from engine.tables import Keys

_LARGE = 100_000


def group_by(groups: int, keys: Keys = Keys.SPREAD) -> Case:
    """Return the case of `groups`."""
    columns = ", ".join(keys.names)
    sql = (
        f"SELECT {columns}, sum(v)::BIGINT AS v_sum, sum(x) AS x_sum, count(*) AS rows "
        f"FROM {{rows}} GROUP BY {columns}"
    )

    def prepare(settings: Settings) -> Contest:
        rows = tables.grouped(settings.rows, groups, settings.seed, keys)

        def draw(draft: GraphDraft) -> None:
            draft.add("source", "rows", data=rows)
            draft.add(
                "aggregate",
                "groups",
                "rows",
                key_by=list(keys.names),
                aggregations={"v_sum": ("v", "sum"), "x_sum": ("x", "sum"), "rows": ("*", "count")},
            )
            draft.add("sink", "out", "groups")

        duckdb = DuckDBPeer({"rows": rows}, settings.threads)
        query = (
            frame_of(rows)
            .group_by(keys.names)
            .agg(v_sum=pl.col("v").sum(), x_sum=pl.col("x").sum(), rows=pl.len())
        )
        return Contest(
            rows=settings.rows,
            runs={
                SABOT: run_of(draw, settings.threads),
                **duckdb.runs(sql, is_large=groups >= _LARGE),
                **polars_runs(query, settings.threads),
            },
            keys=keys.names,
        )

    size = short_count(groups)
    return Case(f"group_{size}{keys.suffix}", f"group-by, {size} groups, {keys.value}", prepare)
