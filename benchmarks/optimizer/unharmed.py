# SPDX-License-Identifier: Apache-2.0
"""The queries of the engine's benchmark, off against on: none may become slower."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from engine import sabot_run
from engine.cases import CASES
from engine.result import Agreement
from engine.target import Target
from measuring.rounds import run_rounds

from optimizer.case import Settings

__all__ = ["measure_unharmed"]

_LIMIT = 1.03


def measure_unharmed(settings: Settings) -> Iterator[Target]:
    """Yield the time of each query with the optimizer by the time without."""
    for one in CASES.values():
        contest = one.prepare(settings)
        run = contest.runs[sabot_run.SABOT]
        agreement = Agreement(contest.keys)
        runs = {"off": sabot_run.without_optimizer(run), "on": run}
        rounds = run_rounds(runs, agreement.accept, settings.rounds, settings.patience)
        off, on = (statistics.median(rounds.times_ms[key]) for key in ("off", "on"))
        note = f"{off:,.1f} ms off, {on:,.1f} ms on; others {rounds.others_share:.0%}"
        yield Target(f"unharmed: {one.name}", on / off, "x", _LIMIT, note)
