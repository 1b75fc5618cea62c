# SPDX-License-Identifier: Apache-2.0
"""Two contestants in turns until it is known that one is not slower than the other.

Each pair gives one ratio, so what slows the machine down for a while slows both. Who goes first
changes from pair to pair: each leaves memory and caches behind for the other.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from measuring.rounds import timed

__all__ = ["Pairs", "run_pairs"]

_PAIRS_MIN = 8
_SURENESS = 1.96  # standard deviations of a binomial: 95 %


@dataclass(frozen=True)
class Pairs:
    """What came of it.

    Attributes
    ----------
    before_ms, after_ms
        Medians of the times.
    ratio
        The median of after by before.
    low, high
        Between them lies the true median ratio, with 95 % of certainty.
    count
        Pairs timed.
    """

    before_ms: float
    after_ms: float
    ratio: float
    low: float
    high: float
    count: int


def run_pairs(
    before: Callable[[], Any],
    after: Callable[[], Any],
    accept: Callable[[str, Any], None],
    limit: float,
    seconds: float,
) -> Pairs:
    """Time both until the ratio is known to be below `limit`, or time is up.

    Whoever looks after each pair sees a slow streak sooner or later: one that seems slower than
    that is given all the time there is.

    Parameters
    ----------
    before, after
        What to time; each returns its whole result.
    accept
        Takes ``"before"`` or ``"after"`` and a result, untimed; raises when it is wrong.
    limit
        The ratio in question.
    seconds
        To spend on it; a pair that has begun is finished.
    """
    runs = {"before": before, "after": after}
    for name, run in runs.items():
        accept(name, run())
    times: dict[str, list[float]] = {name: [] for name in runs}
    end = time.monotonic() + seconds
    while True:
        order = list(runs) if len(times["before"]) % 2 == 0 else list(reversed(runs))
        for name in order:
            times[name].append(timed(name, runs[name], accept).wall_ms)
        pairs = _judge(times)
        if (pairs.count >= _PAIRS_MIN and pairs.high <= limit) or time.monotonic() > end:
            return pairs


def _judge(times: dict[str, list[float]]) -> Pairs:
    ratios = sorted(a / b for b, a in zip(times["before"], times["after"], strict=True))
    count = len(ratios)
    reach = math.ceil(_SURENESS * math.sqrt(count) / 2)  # order statistics about the median
    middle = (count - 1) / 2
    return Pairs(
        before_ms=statistics.median(times["before"]),
        after_ms=statistics.median(times["after"]),
        ratio=statistics.median(ratios),
        low=ratios[max(0, math.floor(middle) - reach)],
        high=ratios[min(count - 1, math.ceil(middle) + reach)],
        count=count,
    )
