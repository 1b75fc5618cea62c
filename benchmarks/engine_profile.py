#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Where Sabot's time goes in one case of engine_bench.py: `perf` over some runs of it alone.

Needs Linux's `perf` and the right to use it. Preparing the rows and warming up are not recorded.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "2")

from engine.case import Settings
from engine.cases import CASES
from engine.sabot_run import SABOT


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("case", choices=[*CASES])
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--callers", action="store_true", help="print call chains too")
    return parser.parse_args()


def main() -> None:
    options = parse_arguments()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(options.rows, 1, 0.0, options.threads, 7, Path(folder))
        run = CASES[options.case].prepare(settings).runs[SABOT]
        run()
        record = Path(folder) / "perf.data"
        recorder = start_recorder(record, with_callers=options.callers)
        wall, processor = time.perf_counter(), time.process_time()
        for _ in range(options.runs):
            run()
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        recorder.send_signal(signal.SIGINT)
        recorder.wait()
        print(
            f"{options.case}: {wall / options.runs * 1000:.1f} ms a run, "
            f"{processor / options.runs * 1000:.1f} ms of processor time",
            flush=True,
        )
        print_report(record, with_callers=options.callers)


def start_recorder(record: Path, *, with_callers: bool) -> subprocess.Popen:
    """Start perf on this process; its file appears when recording begins."""
    command = ["perf", "record", "-q", "-F", "2000", "-e", "cpu-clock", "-o", str(record)]
    command += ["--call-graph", "fp"] if with_callers else []
    command += ["-p", str(os.getpid())]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not record.exists() or record.stat().st_size == 0:
        if process.poll() is not None:
            raise RuntimeError(f"{' '.join(command)} ended with status {process.returncode}")
        time.sleep(0.01)
    return process


def print_report(record: Path, *, with_callers: bool) -> None:
    """Print the share of each function, down to 1 %."""
    command = ["perf", "report", "-i", str(record), "--stdio", "-q", "--percent-limit", "1"]
    command += ["--sort", "symbol,dso"]
    command += ["-G"] if with_callers else ["--no-children"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
