# SPDX-License-Identifier: Apache-2.0
"""The queries of the engine's benchmark, off against on: none may become slower."""

from __future__ import annotations

from collections.abc import Iterator

from engine import sabot_run
from engine.cases import CASES
from engine.result import Agreement
from engine.target import Target
from measuring.pairs import run_pairs

from optimizer.case import Settings

__all__ = ["measure_unharmed"]

_LIMIT = 1.03
_SECONDS = 30.0  # for each query, at most


def measure_unharmed(settings: Settings) -> Iterator[Target]:
    """Yield the time of each query with the optimizer by the time without."""
    for one in CASES.values():
        contest = one.prepare(settings)
        run = contest.runs[sabot_run.SABOT]
        agreement = Agreement(contest.keys)
        pairs = run_pairs(sabot_run.without_optimizer(run), run, agreement.accept, _LIMIT, _SECONDS)
        note = (
            f"{pairs.before_ms:,.1f} ms off, {pairs.after_ms:,.1f} ms on; "
            f"{pairs.low:.2f} to {pairs.high:.2f} in {pairs.count} pairs"
        )
        yield Target(f"unharmed: {one.name}", pairs.ratio, "x", _LIMIT, note)
