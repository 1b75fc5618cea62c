# SPDX-License-Identifier: Apache-2.0
"""Every case by its name."""

from __future__ import annotations

from engine.case import Case
from engine.count_distinct import count_distinct
from engine.enrichment import enrichment
from engine.files import file_aggregate, parquet_to_parquet
from engine.filter_project import filter_project
from engine.filter_sum import filter_sum
from engine.group_by import group_by
from engine.hash_join import hash_join
from engine.ordering import sort, top_n
from engine.tables import Keys

_BUILD_ROWS = (10_000, 1_000_000, 10_000_000)
_ALL: tuple[Case, ...] = (
    *(filter_sum(percent) for percent in (1, 50, 99)),
    filter_project(),
    *(hash_join(rows, keys) for keys in Keys for rows in _BUILD_ROWS),
    *(group_by(groups) for groups in (100, 10_000, 1_000_000, 10_000_000)),
    *(group_by(groups, Keys.DENSE) for groups in (100, 10_000)),
    *(group_by(groups, Keys.PAIR) for groups in (10_000, 1_000_000)),
    *(group_by(groups, Keys.TEXT) for groups in (100, 10_000, 1_000_000)),
    *(count_distinct(groups) for groups in (1, 100, 10_000)),
    *(order(column) for order in (sort, top_n) for column in ("n", "t")),
    *(file_aggregate(kind) for kind in ("csv", "ndjson")),
    *(file_aggregate("parquet", compression) for compression in ("none", "snappy", "zstd")),
    parquet_to_parquet(),
    *(
        enrichment(compression, collects=collects)
        for collects in (False, True)
        for compression in ("snappy", "zstd")
    ),
)

CASES = {case.name: case for case in _ALL}
