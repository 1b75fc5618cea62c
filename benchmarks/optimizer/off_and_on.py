# SPDX-License-Identifier: Apache-2.0
"""A case with the optimizer off and on, in turns; both must give the same rows."""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
from engine.result import Agreement
from engine.sabot_run import GraphDraft
from measuring.rounds import run_rounds

from optimizer.case import Case, Draw, Settings
from sabot.compiler.plan_optimizer import PlanOptimizer
from sabot.execution.optimization import Passes

__all__ = ["Outcome", "measure", "peak_bytes"]


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Attributes
    ----------
    off, on
        Median milliseconds, or peak bytes.
    gain
        How many times as fast it is, or the share of the memory that is saved.
    counts
        What the optimizer changed.
    optimization_us
        What it takes in the median run, with the statistics of the sources.
    """

    name: str
    title: str
    rows: int
    off: float
    on: float
    gain: float
    target: float | None
    unit: str
    counts: dict[str, int]
    optimization_us: float
    others_share: float
    samples: dict[str, list[float]]

    @property
    def is_met(self) -> bool:
        return self.target is None or self.gain >= self.target


def optimizer_of(case: Case) -> PlanOptimizer:
    """Return an optimizer with the passes of a case."""
    names = [field.name for field in fields(Passes)]
    return PlanOptimizer(
        **{f"enable_{name}": not case.passes or name in case.passes for name in names}
    )


def measure(case: Case, settings: Settings) -> Outcome:
    """Run a case off and on in turns."""
    draw = case.prepare(settings)
    optimizer = optimizer_of(case)
    planned: list[float] = []

    def on() -> pa.Table:
        result = _run(draw, optimizer, settings.threads)
        planned.append(result["optimization_time_ms"])
        return result["outputs"]["out"]

    def off() -> pa.Table:
        return _run(draw, False, settings.threads)["outputs"]["out"]

    agreement = Agreement(case.keys)
    rounds = run_rounds(
        {"off": off, "on": on}, agreement.accept, settings.rounds, settings.patience
    )
    if agreement.row_count == 0:
        raise RuntimeError(f"{case.name}: no result")
    samples = rounds.times_ms
    unit = "ms"
    if case.measures_memory:
        samples = {
            key: [_peak_elsewhere(case, settings, key) for _ in range(settings.rounds)]
            for key in ("off", "on")
        }
        unit = "bytes"
    medians = {key: statistics.median(values) for key, values in samples.items()}
    return Outcome(
        name=case.name,
        title=case.title,
        rows=settings.rows,
        off=medians["off"],
        on=medians["on"],
        gain=1 - medians["on"] / medians["off"]
        if case.measures_memory
        else medians["off"] / medians["on"],
        target=case.target,
        unit=unit,
        counts={key: count for key, count in asdict(optimizer.get_stats()).items() if count},
        optimization_us=statistics.median(planned) * 1000,
        others_share=rounds.others_share,
        samples=samples,
    )


def _run(draw: Draw, optimize: bool | PlanOptimizer, threads: int) -> dict[str, Any]:
    draft = GraphDraft("optimizer_bench")
    draw(draft)
    return draft.graph.run(optimize=optimize, parallelism=threads)


def _peak_elsewhere(case: Case, settings: Settings, key: str) -> float:
    """Return the peak of a process that runs the case once."""
    command = [sys.executable, sys.argv[0], "--peak", case.name, key]
    for name in ("rows", "threads", "seed", "folder"):
        command += [f"--{name}", str(getattr(settings, name))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout)["bytes"])


def peak_bytes(case: Case, settings: Settings, key: str) -> int:
    """Return how many resident bytes one run of a case adds to this process, at its peak."""
    draw = case.prepare(settings)
    _warm_up(settings.threads)
    gc.collect()
    pa.default_memory_pool().release_unused()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _status("VmRSS")
    _run(draw, optimizer_of(case) if key == "on" else False, settings.threads)
    return _status("VmHWM") - before


def _warm_up(threads: int) -> None:
    """Load what the first graph of a process loads."""

    def draw(draft: GraphDraft) -> None:
        draft.add("source", "rows", data=pa.table({"a": [1]}))
        draft.add("sink", "out", "rows")

    _run(draw, True, threads)


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    line = next(line for line in lines if line.startswith(key + ":"))
    return int(line.split()[1]) * 1024


Measure = Callable[[Case, Settings], Outcome]
