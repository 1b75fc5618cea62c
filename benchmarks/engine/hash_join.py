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
from engine.tables import Keys


def hash_join(build_rows: int, keys: Keys = Keys.SPREAD) -> Case:
    """Return the case of `build_rows`."""
    columns = list(keys.names)
    sql = (
        "SELECT sum(payload)::BIGINT AS total, count(*) AS matches "
        f"FROM {{probe}} AS probe JOIN {{build}} AS build USING ({', '.join(columns)})"
    )

    def prepare(settings: Settings) -> Contest:
        probe, build = tables.probe_and_build(settings.rows, build_rows, settings.seed, keys)

        def draw(draft: GraphDraft) -> None:
            draft.add("source", "probe", data=probe)
            draft.add("source", "build", data=build)
            draft.add("hash_join", "both", "probe", "build", left_keys=columns, right_keys=columns)
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
            .join(frame_of(build), on=columns)
            .select(total=pl.col("payload").sum(), matches=pl.len())
        )
        return Contest(
            rows=settings.rows,
            runs={
                SABOT: run_of(draw, settings.threads),
                **duckdb.runs(sql),
                **polars_runs(query, settings.threads),
            },
        )

    size = short_count(build_rows)
    return Case(f"join_{size}{keys.suffix}", f"join, {size} build rows, {keys.value}", prepare)
