# SPDX-License-Identifier: Apache-2.0
"""Half of the rows with a new column, all handed out."""

from __future__ import annotations

import polars as pl

from engine import tables
from engine.case import Case, Contest, Settings
from engine.duckdb_peer import DuckDBPeer
from engine.polars_peer import frame_of, polars_runs
from engine.sabot_run import SABOT, GraphDraft, run_of
from sabot import col


def filter_project() -> Case:
    """Return the case."""

    def prepare(settings: Settings) -> Contest:
        numbers = tables.numbers(settings.rows, settings.seed)

        def draw(draft: GraphDraft) -> None:
            draft.add("source", "rows", data=numbers)
            draft.add("filter", "some", "rows", column="k", operator="<", value=50)
            draft.add(
                "map",
                "price",
                "some",
                expressions={"v": col("v"), "gross": col("v") * 1.2 + col("k")},
                keep=False,
            )
            draft.add("sink", "out", "price")

        duckdb = DuckDBPeer({"numbers": numbers}, settings.threads)
        query = (
            frame_of(numbers)
            .filter(pl.col("k") < 50)
            .select("v", gross=pl.col("v") * 1.2 + pl.col("k"))
        )
        sql = "SELECT v, v::DOUBLE * 1.2::DOUBLE + k AS gross FROM {numbers} WHERE k < 50"
        return Contest(
            rows=settings.rows,
            runs={
                SABOT: run_of(draw, settings.threads),
                **duckdb.runs(sql, is_large=True),
                **polars_runs(query, settings.threads),
            },
            keys=("v", "gross"),
        )

    return Case("filter_project", "filter + project, 50 % pass, rows", prepare)
