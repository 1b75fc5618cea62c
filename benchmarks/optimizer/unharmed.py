# SPDX-License-Identifier: Apache-2.0
"""The queries of the engine's benchmark, off against on: none may become slower."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from engine import sabot_run
from engine.cases import CASES
from engine.result import Agreement
from engine.target import Target
from measuring.pairs import run_pairs
from measuring.rounds import timed

from optimizer.case import Settings
from sabot.compiler.plan_optimizer import PlanOptimizer

__all__ = ["measure_unharmed"]

_LIMIT = 1.03
_SECONDS = 60.0  # for each query, at most
_REPEAT = 7  # of a query whose plan stays as it was drawn


def measure_unharmed(settings: Settings) -> Iterator[Target]:
    """Yield the time of each query with the optimizer by the time without.

    A plan in which nothing changes runs as without the optimizer: that it was looked at is all the
    difference, which is too short beside what the times of one plan differ by.
    """
    for one in CASES.values():
        contest = one.prepare(settings)
        run = contest.runs[sabot_run.SABOT]
        agreement = Agreement(contest.keys)
        optimizer = PlanOptimizer()
        planning_ms: list[float] = []
        optimized = sabot_run.optimized_by(optimizer, planning_ms, run)
        drawn = sabot_run.without_optimizer(run)
        agreement.accept("after", optimized())
        compare = _compare if _has_changes(optimizer) else _compare_planning
        ratio, note = compare(drawn, optimized, planning_ms, agreement.accept)
        yield Target(f"unharmed: {one.name}", ratio, "x", _LIMIT, note)


def _has_changes(optimizer: PlanOptimizer) -> bool:
    return bool(optimizer.get_trace()) or any(asdict(optimizer.get_stats()).values())


def _compare(
    drawn: Callable[[], Any],
    optimized: Callable[[], Any],
    planning_ms: list[float],
    accept: Callable[[str, Any], None],
) -> tuple[float, str]:
    pairs = run_pairs(drawn, optimized, accept, _LIMIT, _SECONDS)
    return pairs.ratio, (
        f"{pairs.before_ms:,.1f} ms off, {pairs.after_ms:,.1f} ms on; "
        f"{pairs.low:.2f} to {pairs.high:.2f} in {pairs.count} pairs"
    )


def _compare_planning(
    drawn: Callable[[], Any],
    optimized: Callable[[], Any],
    planning_ms: list[float],
    accept: Callable[[str, Any], None],
) -> tuple[float, str]:
    times_ms = []
    planning_ms.clear()
    for _ in range(_REPEAT):
        times_ms.append(timed("before", drawn, accept).wall_ms)
        accept("after", optimized())
    off, planning = statistics.median(times_ms), statistics.median(planning_ms)
    return 1 + planning / off, f"the same plan: {off:,.1f} ms, and {planning:.2f} ms of planning"
