# SPDX-License-Identifier: Apache-2.0
"""Sabot, by its public API: a graph is made and run from scratch each time, as a user would."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

import pyarrow as pa

from sabot import JobGraph, OperatorType, StreamOperatorNode
from sabot.compiler.plan_optimizer import PlanOptimizer

SABOT = "Sabot"
_optimizes: ContextVar[bool | PlanOptimizer] = ContextVar("optimizes", default=True)
_planning_ms: ContextVar[list[float] | None] = ContextVar("planning_ms", default=None)


class GraphDraft:
    """A JobGraph in fewer words: operators by name, each connected to its inputs in order."""

    def __init__(self, name: str) -> None:
        self.graph = JobGraph(name)
        self._ids: dict[str, str] = {}

    def add(self, kind: str, name: str, *inputs: str, **parameters: Any) -> str:
        """Add the operator `name` behind the operators `inputs`; return its name."""
        node = StreamOperatorNode(OperatorType(kind), name, parameters)
        self._ids[name] = self.graph.add_operator(node)
        for upstream in inputs:
            self.graph.connect(self._ids[upstream], self._ids[name])
        return name


def run_of(draw: Callable[[GraphDraft], None], threads: int) -> Callable[[], pa.Table]:
    """Return a run of the graph that `draw` makes; its collecting sink is called ``out``."""

    def run() -> pa.Table:
        outputs: Mapping[str, pa.Table] = result_of(draw, threads)["outputs"]
        return outputs["out"]

    return run


def result_of(draw: Callable[[GraphDraft], None], threads: int) -> dict[str, Any]:
    """Run the graph that `draw` makes, as `without_optimizer` or `optimized_by` want it."""
    draft = GraphDraft("engine_bench")
    draw(draft)
    result = draft.graph.run(optimize=_optimizes.get(), parallelism=threads)
    times = _planning_ms.get()
    if times is not None:
        times.append(result["optimization_time_ms"])
    return result


def without_optimizer(run: Callable[[], Any]) -> Callable[[], Any]:
    """Return the same run of a graph as it was drawn."""
    return _with(_optimizes, False, run)


def optimized_by(
    optimizer: PlanOptimizer, times_ms: list[float], run: Callable[[], Any]
) -> Callable[[], Any]:
    """Return the same run; what `optimizer` takes each time is added to `times_ms`."""
    return _with(_optimizes, optimizer, _with(_planning_ms, times_ms, run))


def _with(variable: ContextVar[Any], value: Any, run: Callable[[], Any]) -> Callable[[], Any]:
    def changed() -> Any:
        token = variable.set(value)
        try:
            return run()
        finally:
            variable.reset(token)

    return changed
