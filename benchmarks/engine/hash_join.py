# SPDX-License-Identifier: Apache-2.0
"""Many probe keys against build rows of distinct keys: sum of the payload, and count."""

from __future__ import annotations

import polars as pl
from measuring.units import short_count

from engine import tables
from engine.case import Case, Contest, Settings
from engine.duckdb_peer import DuckDBPeer
from engine.polars_peer import frame_of, polars_runs
from engine.sabot_run import SABOT, GraphDraft, run_of

_QUERY = (
    "SELECT sum(payload)::BIGINT AS total, count(*) AS matches "
    "FROM {probe} AS probe JOIN {build} AS build USING (key)"
)


def hash_join(build_rows: int, *, is_dense: bool = False) -> Case:
    """Return the case of `build_rows`; dense keys are 0, 1, 2, others all over the int64 range."""

    def prepare(settings: Settings) -> Contest:
        probe, build = tables.probe_and_build(
            settings.rows, build_rows, settings.seed, is_dense=is_dense
        )

        def draw(draft: GraphDraft) -> None:
            draft.add("source", "probe", data=probe)
            draft.add("source", "build", data=build)
            draft.add("hash_join", "both", "probe", "build", left_key="key", right_key="key")
            draft.add(
                "aggregate",
                "total",
                "both",
                aggregations={"total": ("payload", "sum"), "matches": ("*", "count")},
            )
            draft.add("sink", "out", "total")

        duckdb = DuckDBPeer({"probe": probe, "build": build}, settings.threads)
        query = (
            frame_of(probe)
            .join(frame_of(build), on="key")
            .select(total=pl.col("payload").sum(), matches=pl.len())
        )
        return Contest(
            rows=settings.rows,
            runs={
                SABOT: run_of(draw, settings.threads),
                **duckdb.runs(_QUERY),
                **polars_runs(query, settings.threads),
            },
        )

    size, keys = short_count(build_rows), "dense" if is_dense else "spread"
    suffix = "_dense" if is_dense else ""
    return Case(f"join_{size}{suffix}", f"join, {size} build rows, {keys}", prepare)
