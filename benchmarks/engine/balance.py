# SPDX-License-Identifier: Apache-2.0
"""How well the work is shared: one key with half of the rows, and one worker beside two.

Elapsed times, each the least of some rounds: what others take from the machine only adds to them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping

import pyarrow as pa
from measuring.rounds import Rounds, run_rounds

from engine import tables
from engine.sabot_run import GraphDraft, run_of
from engine.target import Target
from sabot import col

_ROWS = 16_000_000
_KEYS = 10_000
_SEED = 7
_ROUNDS = 7
_HOT_PERCENT = 50
_HOT_LIMIT = 1.5
_SCALING_LIMIT = 1 / 1.7
_Draw = Callable[[GraphDraft], None]


def measure_skew() -> Iterator[Target]:
    """Yield the time with a hot key by that with even keys, per operator."""
    even = _draws(tables.skewed(_ROWS, _KEYS, _SEED, 0))
    hot = _draws(tables.skewed(_ROWS, _KEYS, _SEED, _HOT_PERCENT))
    for name in ("aggregate", "join"):
        threads = os.cpu_count() or 1
        rounds = _rounds({"even": run_of(even[name], threads), "hot": run_of(hot[name], threads)})
        title = f"skew: {name}, {_HOT_PERCENT} % of rows have one key, by even keys"
        yield Target(title, _ratio(rounds, "hot", "even"), "x", _HOT_LIMIT, _note(rounds))


def measure_scaling() -> Iterator[Target]:
    """Yield the time of two workers by that of one, per operator."""
    for name, draw in _draws(tables.skewed(_ROWS, _KEYS, _SEED, 0)).items():
        rounds = _rounds({"one": run_of(draw, 1), "two": run_of(draw, 2)})
        ratio = _ratio(rounds, "two", "one")
        yield Target(f"scaling: {name}, 2 workers by 1", ratio, "x", _SCALING_LIMIT, _note(rounds))


def _draws(rows: pa.Table) -> dict[str, _Draw]:
    """Return a graph per operator: nothing but that operator costs much."""
    build = pa.table({"key": tables.distinct_keys(_KEYS), "payload": range(_KEYS)})

    def expression(draft: GraphDraft) -> None:
        draft.add("source", "rows", data=rows)
        x = col("v") * 1.5
        heavy = (x.sin() * x.sin() + x.cos() * x.cos()).sqrt()
        draft.add("map", "heavy", "rows", expressions={"y": heavy}, keep=False)
        draft.add("aggregate", "total", "heavy", aggregations={"total": ("y", "sum")})
        draft.add("sink", "out", "total")

    def aggregate(draft: GraphDraft) -> None:
        draft.add("source", "rows", data=rows)
        sums = {"total": ("v", "sum"), "rows": ("*", "count")}
        draft.add("aggregate", "groups", "rows", key_by="key", aggregations=sums)
        draft.add("sink", "out", "groups")

    def join(draft: GraphDraft) -> None:
        draft.add("source", "rows", data=rows)
        draft.add("source", "build", data=build)
        draft.add("hash_join", "both", "rows", "build", left_key="key", right_key="key")
        draft.add("aggregate", "total", "both", aggregations={"total": ("payload", "sum")})
        draft.add("sink", "out", "total")

    return {"expression": expression, "aggregate": aggregate, "join": join}


def _rounds(runs: Mapping[str, Callable[[], pa.Table]]) -> Rounds:
    return run_rounds(runs, _accept, _ROUNDS, 0.0)


def _accept(name: str, result: pa.Table) -> None:
    if result.num_rows == 0:
        raise RuntimeError(f"{name}: no result")


def _ratio(rounds: Rounds, name: str, base: str) -> float:
    return min(rounds.times_ms[name]) / min(rounds.times_ms[base])


def _note(rounds: Rounds) -> str:
    times = ", ".join(f"{name} {min(times):.0f} ms" for name, times in rounds.times_ms.items())
    doubt = "" if rounds.others_share <= 0.05 else f"; others had {rounds.others_share:.0%}"
    return f"{times}{doubt}"
