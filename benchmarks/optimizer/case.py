# SPDX-License-Identifier: Apache-2.0
"""One graph that runs as it was drawn and as the optimizer draws it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.case import Settings
from engine.sabot_run import GraphDraft

__all__ = ["Case", "Draw", "Settings"]

Draw = Callable[[GraphDraft], None]


@dataclass(frozen=True)
class Case:
    """A row of the report.

    Attributes
    ----------
    passes
        What is switched on; empty: everything.
    prepare
        Makes the rows, and returns what draws the graph, whose collecting sink is called ``out``.
    target
        The least good value: how many times as fast it becomes, or the share of the peak memory
        that is saved. None for a query that must only not become slower.
    measures_memory
        Whether `target` is about memory; else about time.
    keys
        Columns that order the result.
    """

    name: str
    title: str
    passes: tuple[str, ...]
    prepare: Callable[[Settings], Draw]
    target: float | None
    measures_memory: bool = False
    keys: tuple[str, ...] = ()
