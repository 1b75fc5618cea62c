# SPDX-License-Identifier: Apache-2.0
"""The sum of one column where another one is small enough."""

from __future__ import annotations

import polars as pl

from engine import tables
from engine.case import Case, Contest, Settings
from engine.duckdb_peer import DuckDBPeer
from engine.polars_peer import frame_of, polars_runs
from engine.sabot_run import SABOT, GraphDraft, run_of


def filter_sum(percent: int) -> Case:
    """Return the case in which `percent` of 100 rows pass."""

    def prepare(settings: Settings) -> Contest:
        numbers = tables.numbers(settings.rows, settings.seed)

        def draw(draft: GraphDraft) -> None:
            draft.add("source", "rows", data=numbers)
            draft.add("filter", "some", "rows", column="k", operator="<", value=percent)
            draft.add("aggregate", "total", "some", aggregations={"total": ("v", "sum")})
            draft.add("sink", "out", "total")

        duckdb = DuckDBPeer({"numbers": numbers}, settings.threads)
        query = frame_of(numbers).filter(pl.col("k") < percent).select(total=pl.col("v").sum())
        return Contest(
            rows=settings.rows,
            runs={
                SABOT: run_of(draw, settings.threads),
                **duckdb.runs(
                    f"SELECT sum(v)::BIGINT AS total FROM {{numbers}} WHERE k < {percent}"
                ),
                **polars_runs(query, settings.threads),
            },
        )

    return Case(f"filter_sum_{percent}", f"filter + sum, {percent} % pass", prepare)
