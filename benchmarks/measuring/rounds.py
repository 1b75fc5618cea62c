# SPDX-License-Identifier: Apache-2.0
"""Repeated turns of several contestants on one machine: A B C, A B C, A B C.

A round in which other processes took part of the machine says little about anybody. How much they
took is read from the kernel, and the quietest rounds count; the times themselves choose nothing.
"""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

QUIET_SHARE = 0.05  # of the machine, taken by others
_EXTRA_ROUNDS = 3  # times the rounds asked for, at most


@dataclass(frozen=True)
class Rounds:
    """What came of it.

    Attributes
    ----------
    times_ms
        Per contestant, one per round that counts.
    others_share
        The largest share of the processors that others had in such a round.
    skipped
        Rounds that do not count.
    """

    times_ms: dict[str, list[float]]
    others_share: float
    skipped: int

    def median_ms(self, name: str) -> float:
        return statistics.median(self.times_ms[name])


class ProcessorShare:
    """The share of the processors that other processes have had since it was made."""

    def __init__(self) -> None:
        self._wall, self._own, self._all = self._now()

    def others(self) -> float:
        wall, own, everybody = self._now()
        others = (everybody - self._all) - (own - self._own)
        return max(0.0, others / ((wall - self._wall) * (os.cpu_count() or 1)))

    @staticmethod
    def _now() -> tuple[float, float, float]:
        ticks = [int(t) for t in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        idle, waiting = ticks[3], ticks[4]
        busy = (sum(ticks) - idle - waiting) / os.sysconf("SC_CLK_TCK")
        return time.perf_counter(), time.process_time(), busy


def run_rounds(
    runs: Mapping[str, Callable[[], Any]],
    accept: Callable[[str, Any], None],
    round_count: int,
) -> Rounds:
    """Let every contestant run once to warm up, then in turns.

    Parameters
    ----------
    runs
        What to time, by name; each returns its whole result.
    accept
        Takes a name and its result after each run, untimed; raises when it is wrong.
    round_count
        Rounds that count. Up to three times as many are run until there are as many quiet ones.
    """
    for name, run in runs.items():
        accept(name, run())
    rounds: list[tuple[float, dict[str, float]]] = []
    quiet = 0
    while quiet < round_count and len(rounds) < _EXTRA_ROUNDS * round_count:
        share = ProcessorShare()
        times = {name: _timed(name, run, accept) for name, run in runs.items()}
        others = share.others()
        quiet += others <= QUIET_SHARE
        rounds.append((others, times))
    chosen = sorted(range(len(rounds)), key=lambda i: rounds[i][0])[:round_count]
    return Rounds(
        times_ms={name: [rounds[i][1][name] for i in sorted(chosen)] for name in runs},
        others_share=max(rounds[i][0] for i in chosen),
        skipped=len(rounds) - round_count,
    )


def _timed(name: str, run: Callable[[], Any], accept: Callable[[str, Any], None]) -> float:
    gc.collect()
    gc.disable()
    begin = time.perf_counter()
    result = run()
    elapsed = time.perf_counter() - begin
    gc.enable()
    accept(name, result)
    return elapsed * 1000
