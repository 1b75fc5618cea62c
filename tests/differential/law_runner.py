# SPDX-License-Identifier: Apache-2.0
"""The optimizer's laws on many random graphs: ``./dev laws --graphs 5000``."""

from __future__ import annotations

import argparse
import logging
import sys
import time

from rich.console import Console

from differential.laws import Tally, check_laws

_FAILURES_MAX = 10


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev laws", description=__doc__)
    parser.add_argument("--graphs", type=int, default=5000, help="how many (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="seed of the first (%(default)s)")
    parser.add_argument("--seed", type=int, help="check the graph of this seed alone")
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    out = Console(highlight=False, markup=False, soft_wrap=True)
    if options.seed is not None:
        options.first, options.graphs = options.seed, 1
    tally = Tally()
    failed: list[int] = []
    shown = begun = time.monotonic()
    for seed in range(options.first, options.first + options.graphs):
        try:
            check_laws(seed, tally)
        except Exception as error:
            failed.append(seed)
            out.print(f"{error}\n./dev laws --seed {seed}\n")
            if len(failed) == _FAILURES_MAX:
                break
        if time.monotonic() - shown > 10:
            shown = time.monotonic()
            out.print(f"{tally.graphs:,} graphs, {len(failed)} failed: {failed}")
    changes = ", ".join(f"{name} {count:,}" for name, count in sorted(tally.counts.items()))
    out.print(
        f"{tally.graphs:,} graphs with all 32 switch combinations: {tally.plans:,} different plans "
        f"in {time.monotonic() - begun:.0f} s; all passes together: {changes}"
    )
    out.print(f"{len(failed)} failed: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
