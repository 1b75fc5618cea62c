# SPDX-License-Identifier: Apache-2.0
"""Repeated turns of several contestants on one machine: A B C, A B C, A B C.

A round in which other processes took part of the machine says little about anybody. How much they
took is read from the kernel, and the quietest rounds count; the times themselves choose nothing.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

QUIET_SHARE = 0.05  # of the machine, taken by others
_EXTRA_ROUNDS = 3  # times the rounds asked for, at most
_GLANCE_SECONDS = 0.5


@dataclass(frozen=True)
class Rounds:
    """What came of it.

    Attributes
    ----------
    times_ms, processor_ms
        Per contestant, one per round that counts: elapsed, and summed over its threads.
    others_share
        The largest share of the processors that others had in such a round.
    skipped
        Rounds that do not count.
    """

    times_ms: dict[str, list[float]]
    processor_ms: dict[str, list[float]]
    others_share: float
    skipped: int


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
    patience: float,
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
    patience
        Seconds to wait, over all rounds, for others to be quiet.
    """
    for name, run in runs.items():
        accept(name, run())
    rounds: list[_Round] = []
    quiet = 0
    while quiet < round_count and len(rounds) < _EXTRA_ROUNDS * round_count:
        patience -= _wait_for_quiet(patience)
        share = ProcessorShare()
        samples = {name: timed(name, run, accept) for name, run in runs.items()}
        rounds.append(_Round(share.others(), samples))
        quiet += rounds[-1].others_share <= QUIET_SHARE
    chosen = sorted(rounds, key=lambda r: r.others_share)[:round_count]
    return Rounds(
        times_ms={name: [r.samples[name].wall_ms for r in chosen] for name in runs},
        processor_ms={name: [r.samples[name].processor_ms for r in chosen] for name in runs},
        others_share=chosen[-1].others_share,
        skipped=len(rounds) - round_count,
    )


@dataclass(frozen=True)
class Sample:
    """One run: elapsed, and summed over its threads."""

    wall_ms: float
    processor_ms: float


@dataclass(frozen=True)
class _Round:
    others_share: float
    samples: dict[str, Sample]


def timed(name: str, run: Callable[[], Any], accept: Callable[[str, Any], None]) -> Sample:
    """Run once, without a collection of garbage in between; `accept` takes the result."""
    gc.collect()
    gc.disable()
    processor, wall = time.process_time(), time.perf_counter()
    result = run()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    gc.enable()
    accept(name, result)
    return Sample(wall * 1000, processor * 1000)


def _wait_for_quiet(patience: float) -> float:
    """Wait until others leave the machine alone, at most `patience` seconds; return how long."""
    begin = time.perf_counter()
    while time.perf_counter() - begin < patience:
        share = ProcessorShare()
        time.sleep(_GLANCE_SECONDS)
        if share.others() <= QUIET_SHARE:
            break
    return time.perf_counter() - begin
