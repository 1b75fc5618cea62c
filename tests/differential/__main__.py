# SPDX-License-Identifier: Apache-2.0
"""Random graphs until the time is up: ``./dev fuzz --minutes 30``."""

from __future__ import annotations

import argparse
import logging
import random
import sys
import time

from rich.console import Console

from differential.check import check_seed

_FAILURES_MAX = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long (%(default)s)")
    parser.add_argument("--seed", type=int, help="run the graph of this seed alone")
    parser.add_argument("--first", type=int, help="seed of the first graph; default: random")
    parser.add_argument("--graphs", type=int, help="stop after so many, too")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    out = Console(highlight=False, markup=False)
    if options.seed is not None:
        check_seed(options.seed)
        out.print(f"seed {options.seed}: as it should be")
        return 0
    first = options.first if options.first is not None else random.SystemRandom().getrandbits(40)
    out.print(f"random graphs from seed {first} on, for {options.minutes:g} minutes")
    return fuzz(first, options.minutes * 60, options.graphs, out)


def fuzz(first: int, seconds: float, graph_count: int | None, out: Console) -> int:
    """Run graphs in turn; return the exit status."""
    deadline = time.monotonic() + seconds
    failed: list[int] = []
    seed = first
    shown = time.monotonic()
    while time.monotonic() < deadline and (graph_count is None or seed < first + graph_count):
        try:
            check_seed(seed)
        except Exception as error:
            failed.append(seed)
            out.print(f"{error}\n./dev fuzz --seed {seed}\n")
            if len(failed) == _FAILURES_MAX:
                break
        seed += 1
        if time.monotonic() - shown > 10:
            shown = time.monotonic()
            out.print(f"{seed - first:,} graphs, {len(failed)} failed")
    out.print(f"{seed - first:,} graphs, {len(failed)} failed: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
