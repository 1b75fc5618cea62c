#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The engine beside DuckDB and Polars, and the small numbers it must keep.

`./dev bench` runs it; benchmarks/README.md says how it measures. Each case has a process of its
own: memory starts empty, and a crash costs one row.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path

from engine.balance import measure_scaling, measure_skew
from engine.case import Settings
from engine.first_result import measure_first_result
from engine.handoff import measure_handoff
from engine.idle_memory import measure_idle_memory
from engine.import_time import measure_import_time
from engine.report import Outcome, case_table, target_table
from engine.target import Target
from measuring.machine import measure_machine
from rich.console import Console

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "build" / "dev" / "benchmarks" / "c"
ROWS = 50_000_000
TARGETS: dict[str, Callable[[], Iterator[Target]]] = {
    "handoff": lambda: measure_handoff(PROGRAMS / "handoff_bench"),
    "import_time": measure_import_time,
    "first_result": measure_first_result,
    "idle_memory": lambda: measure_idle_memory(PROGRAMS / "idle_bench"),
    "skew": measure_skew,
    "scaling": measure_scaling,
}


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS, help="of the large side (%(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="timed rounds (%(default)s)")
    parser.add_argument(
        "--patience",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how long a case may wait for other processes to be quiet (%(default)s)",
    )
    parser.add_argument("--threads", type=int, default=2, help="of each engine (%(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="of the rows (%(default)s)")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="a case or measure, may have *; repeatable"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples there")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    parser.add_argument("--in-process", metavar="CASE", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def run_case(name: str, settings: Settings) -> Outcome:
    """Run one case here; peers are imported only now, with their threads set."""
    from engine.cases import CASES
    from engine.result import Agreement
    from measuring.rounds import run_rounds

    case = CASES[name]
    contest = case.prepare(settings)
    agreement = Agreement(contest.keys)
    rounds = run_rounds(contest.runs, agreement.accept, settings.rounds, settings.patience)
    return Outcome(
        name=name,
        title=case.title,
        rows=contest.rows,
        result_rows=agreement.row_count,
        times_ms={run: statistics.median(times) for run, times in rounds.times_ms.items()},
        samples_ms=rounds.times_ms,
        processor_ms=rounds.processor_ms,
        others_share=rounds.others_share,
        skipped_rounds=rounds.skipped,
    )


class CaseFailed(RuntimeError):
    """A case's process ended badly."""


def run_in_process(name: str, options: argparse.Namespace, folder: Path) -> Outcome:
    """Run one case in a process of its own, which has no terminal to show progress on."""
    command = [sys.executable, __file__, "--in-process", name, "--folder", str(folder)]
    for key in ("rows", "repeat", "patience", "threads", "seed"):
        command.append(f"--{key}={getattr(options, key)}")
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise CaseFailed("\n".join(lines))
    record = json.loads(done.stdout)
    record.pop("times_as_fast_as")
    return Outcome(**record)


def versions() -> dict[str, str]:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, cwd=ROOT
    )
    found = {name: version(name) for name in ("sabot", "duckdb", "polars", "pyarrow", "numpy")}
    found["sabot"] += f" ({commit.stdout.strip()})"
    return found


def main() -> int:
    options = parse_arguments(sys.argv[1:])
    if options.in_process:
        settings = Settings(
            options.rows,
            options.repeat,
            options.patience,
            options.threads,
            options.seed,
            options.folder,
        )
        print(json.dumps(run_case(options.in_process, settings).to_dict()))
        return 0
    os.environ["POLARS_MAX_THREADS"] = str(options.threads)  # before anything imports Polars
    from engine.cases import CASES

    names = [*CASES, *TARGETS]
    if options.only:
        names = [n for n in names if any(fnmatch(n, wanted) for wanted in options.only)]
    if options.list or not names:
        print("\n".join(names or ["nothing has such a name; there are:", *CASES, *TARGETS]))
        return 0 if names else 2
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="bench-") as folder:
        return report(names, options, Path(folder))


def report(names: Sequence[str], options: argparse.Namespace, folder: Path) -> int:
    """Measure, print, and return the exit status."""
    out = Console() if sys.stdout.isatty() else Console(width=160)
    notes = Console(stderr=True)
    found = versions()
    command = "./dev bench " + shlex.join(sys.argv[1:])
    machine = measure_machine(PROGRAMS / "bandwidth_bench", folder)
    out.print(f"{command.strip()}\n{machine.describe()}", highlight=False)
    out.print(
        ", ".join(f"{name} {number}" for name, number in found.items())
        + f"; {options.threads} threads each, {options.repeat} rounds, seed {options.seed}",
        highlight=False,
    )
    outcomes: list[Outcome] = []
    targets: list[Target] = []
    failures: dict[str, str] = {}
    for name in names:
        notes.print(f"running {name} ...", style="dim", highlight=False)
        try:
            if name in TARGETS:
                targets += TARGETS[name]()
            else:
                outcomes.append(run_in_process(name, options, folder))
        except CaseFailed as error:
            notes.print(str(error), markup=False, highlight=False)
            failures[name] = str(error).splitlines()[-1]
        except subprocess.CalledProcessError as error:
            notes.print(str(error.stderr), markup=False, highlight=False)
            failures[name] = str(error)
    if outcomes:
        out.print(case_table(outcomes))
    if targets:
        out.print(target_table(targets))
    for name, reason in failures.items():
        out.print(f"FAILED {name}: {reason}", markup=False, highlight=False)
    if options.json:
        record = {
            "command": command,
            "machine": vars(machine),
            "versions": found,
            "threads": options.threads,
            "seed": options.seed,
            "cases": [outcome.to_dict() for outcome in outcomes],
            "targets": [vars(target) for target in targets],
            "failures": failures,
        }
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
