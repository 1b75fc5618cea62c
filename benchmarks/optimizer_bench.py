#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the optimizer gains, off against on, and how long it takes.

Run it with .venv/bin/python; benchmarks/README.md says how it measures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path

from engine.report import target_table
from engine.target import Target
from measuring.machine import measure_machine
from optimizer.case import Settings
from optimizer.cases import CASES
from optimizer.off_and_on import Outcome, measure, peak_bytes
from optimizer.planning import measure_planning
from optimizer.unharmed import measure_unharmed
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "build" / "dev" / "benchmarks" / "c"
ROWS = 20_000_000
PLANNING, UNHARMED = "planning", "unharmed"


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS, help="of the large side (%(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="timed rounds (%(default)s)")
    parser.add_argument("--patience", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--threads", type=int, default=2, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="of the rows (%(default)s)")
    parser.add_argument("--only", action="append", metavar="NAME", help="may have *; repeatable")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples there")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--peak", nargs=2, metavar=("CASE", "OFF_OR_ON"), help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def settings_of(options: argparse.Namespace, folder: Path) -> Settings:
    return Settings(
        options.rows, options.repeat, options.patience, options.threads, options.seed, folder
    )


def gains_table(outcomes: Sequence[Outcome]) -> Table:
    """Return a row per case, with what the passes changed."""
    table = Table(title="Off against on, medians; the same rows", title_justify="left")
    for heading in ("query", "off", "on", "gain", "target", "", "changed", "planned", "others"):
        table.add_column(heading, no_wrap=True)
    for outcome in outcomes:
        is_memory = outcome.unit == "bytes"
        shown = [
            f"{v / 1e6:,.0f} MB" if is_memory else f"{v:,.1f} ms" for v in (outcome.off, outcome.on)
        ]
        sign = (lambda v: f"{v:.0%} less") if is_memory else (lambda v: f"{v:.2f}x")
        target = "" if outcome.target is None else sign(outcome.target)
        verdict = "" if outcome.target is None else "met" if outcome.is_met else "[red]missed[/red]"
        changed = ", ".join(f"{key} {count}" for key, count in outcome.counts.items())
        table.add_row(
            outcome.title,
            *shown,
            sign(outcome.gain),
            target,
            verdict,
            changed,
            f"{outcome.optimization_us:,.0f} µs",
            f"{outcome.others_share:.0%}",
        )
    return table


def measured(names: Sequence[str], settings: Settings) -> Iterator[Outcome | Target]:
    """Yield what each name measures."""
    notes = Console(stderr=True)
    for name in names:
        notes.print(f"running {name} ...", style="dim", highlight=False)
        if name == PLANNING:
            yield from measure_planning(PROGRAMS / "planning_bench")
        elif name == UNHARMED:
            yield from measure_unharmed(settings)
        else:
            yield measure(CASES[name], settings)


def main() -> int:
    options = parse_arguments(sys.argv[1:])
    os.environ["POLARS_MAX_THREADS"] = str(options.threads)
    if options.peak:
        name, key = options.peak
        print(
            json.dumps(
                {"bytes": peak_bytes(CASES[name], settings_of(options, options.folder), key)}
            )
        )
        return 0
    names = [*CASES, PLANNING, UNHARMED]
    if options.only:
        names = [n for n in names if any(fnmatch(n, wanted) for wanted in options.only)]
    if options.list or not names:
        print("\n".join(names))
        return 0 if names else 2
    out = Console() if sys.stdout.isatty() else Console(width=160)
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="bench-") as folder:
        machine = measure_machine(PROGRAMS / "bandwidth_bench", Path(folder))
        out.print(machine.describe(), highlight=False)
        found = list(measured(names, settings_of(options, Path(folder))))
    outcomes = [one for one in found if isinstance(one, Outcome)]
    targets = [one for one in found if isinstance(one, Target)]
    if outcomes:
        out.print(gains_table(outcomes))
    if targets:
        out.print(target_table(targets))
    if options.json:
        record = {
            "machine": vars(machine),
            "rows": options.rows,
            "threads": options.threads,
            "seed": options.seed,
            "cases": [asdict(outcome) for outcome in outcomes],
            "targets": [vars(target) for target in targets],
        }
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
