# SPDX-License-Identifier: Apache-2.0
"""Every case by its name."""

from __future__ import annotations

from engine.case import Case
from engine.enrichment import enrichment
from engine.filter_sum import filter_sum
from engine.group_by import group_by
from engine.hash_join import hash_join

_ALL: tuple[Case, ...] = (
    *(filter_sum(percent) for percent in (1, 50, 99)),
    *(hash_join(10_000 * scale) for scale in (1, 100, 1000)),
    *(hash_join(10_000 * scale, is_dense=True) for scale in (1, 100, 1000)),
    *(group_by(groups) for groups in (100, 10_000, 1_000_000, 10_000_000)),
    *(group_by(groups, is_dense=True) for groups in (100, 10_000)),
    *(
        enrichment(compression, collects=collects)
        for collects in (False, True)
        for compression in ("snappy", "zstd")
    ),
)

CASES = {case.name: case for case in _ALL}
