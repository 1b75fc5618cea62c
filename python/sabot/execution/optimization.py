# SPDX-License-Identifier: Apache-2.0
"""One call of the engine's optimizer: what it was asked for, and what it did."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sabot._core import Graph
    from sabot.compiler.plan_optimizer import PlanOptimizer

__all__ = ["Optimization", "Passes", "optimize", "passes_of"]

_NOTHING = "[]"  # a trace


@dataclass(frozen=True)
class Passes:
    """Which passes run; `docs/internals/optimizer.md` says what each does."""

    filter_pushdown: bool = True
    projection_pushdown: bool = True
    join_reordering: bool = True
    operator_fusion: bool = True
    dead_code_elimination: bool = True

    def names(self) -> list[str]:
        """Return the passes that run, in their order."""
        return [name for name, is_on in asdict(self).items() if is_on]


@dataclass(frozen=True)
class Optimization:
    """What the optimizer did to a graph.

    Attributes
    ----------
    passes
        What it was asked for.
    core
        The engine's optimized graph, not validated.
    counts
        What each pass has changed, by the names of `OptimizationStats`.
    """

    passes: Passes
    core: Graph
    counts: dict[str, int]
    trace_json: str

    @property
    def has_changes(self) -> bool:
        """Whether anything is other than before, also what no count is about."""
        return self.trace_json != _NOTHING or any(self.counts.values())

    @cached_property
    def trace(self) -> list[dict[str, Any]]:
        """The rewrites in order: ``pass``, ``operator``, ``before``, ``after``, ``reason``."""
        return list(json.loads(self.trace_json))


def passes_of(optimize: bool | PlanOptimizer) -> Passes | None:
    """Return the passes that the argument `optimize` of `run` and others means."""
    if isinstance(optimize, bool):
        return Passes() if optimize else None
    return optimize.passes


def optimize(core: Graph, passes: Passes) -> Optimization:
    """Run the passes over a validated graph, which stays as it is."""
    optimized, counts, trace_json = core.optimize(**asdict(passes))
    return Optimization(passes, optimized, counts, trace_json)
