# SPDX-License-Identifier: Apache-2.0
"""What was measured, as tables for people and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from measuring.units import milliseconds
from rich.table import Table

from engine.sabot_run import SABOT
from engine.target import Target

PEERS = ("DuckDB", "Polars")


@dataclass(frozen=True)
class Outcome:
    """One case, run.

    Attributes
    ----------
    times_ms
        Medians by engine and variant.
    samples_ms, processor_ms
        What they are the medians of; and the processor time of the same runs, over all threads.
    others_share
        Of the machine, taken by other processes meanwhile.
    """

    name: str
    title: str
    rows: int
    result_rows: int
    times_ms: Mapping[str, float]
    samples_ms: Mapping[str, Sequence[float]]
    processor_ms: Mapping[str, Sequence[float]]
    others_share: float
    skipped_rounds: int

    def best(self, engine: str) -> tuple[float, str]:
        """Return the time of the engine's fastest variant, and its name."""
        times = {name: ms for name, ms in self.times_ms.items() if name.startswith(engine)}
        fastest = min(times, key=times.__getitem__)
        return times[fastest], fastest.partition(": ")[2]

    def to_dict(self) -> dict[str, Any]:
        sabot = self.times_ms[SABOT]
        ratios = {peer: self.best(peer)[0] / sabot for peer in PEERS}
        return {**asdict(self), "times_as_fast_as": ratios}


def case_table(outcomes: Sequence[Outcome]) -> Table:
    """Return a row per case: each engine's best, and how many times as fast Sabot is."""
    table = Table(title="Milliseconds, medians; each peer at its best", title_justify="left")
    table.add_column("case", no_wrap=True)
    for heading in ("M rows", SABOT, *PEERS, "rows/µs", *(f"× {peer}" for peer in PEERS), "others"):
        table.add_column(heading, justify="right", no_wrap=True)
    for outcome in outcomes:
        sabot = outcome.times_ms[SABOT]
        best = [outcome.best(peer) for peer in PEERS]
        table.add_row(
            outcome.title,
            f"{outcome.rows / 1e6:g}",
            milliseconds(sabot),
            *(f"[dim]{variant}[/dim] {milliseconds(ms):>6}" for ms, variant in best),
            f"{outcome.rows / sabot / 1000:,.0f}",
            *(f"{ms / sabot:.2f}" for ms, _ in best),
            f"{outcome.others_share:.0%}",
        )
    return table


def target_table(targets: Sequence[Target]) -> Table:
    """Return a row per target, with its limit beside it."""
    table = Table(title="Small measures", title_justify="left")
    for heading in ("measure", "value", "limit", "", "how"):
        is_number = heading in ("value", "limit")
        table.add_column(heading, justify="right" if is_number else "left", no_wrap=True)
    for target in targets:
        limit = "" if target.limit is None else f"{target.limit:g} {target.unit}"
        verdict = "" if target.limit is None else "met" if target.is_met else "[red]missed[/red]"
        value = f"{target.value:.0f}" if target.unit == "bytes" else milliseconds(target.value)
        table.add_row(target.name, f"{value} {target.unit}", limit, verdict, target.note)
    return table
