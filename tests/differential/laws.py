# SPDX-License-Identifier: Apache-2.0
"""The laws of the optimizer on random graphs.

With each of the 32 combinations of passes a graph gives the reference's rows, in the reference's
order where there is one; optimizing what was optimized changes nothing and counts nothing; and what
runs without the optimizer runs with it. Plans that come out equal are run once.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from differential.compare import Expectation
from differential.graphs import RandomGraph, draw_graph, draw_join_graph
from pipelines import ledger_is_balanced
from sabot import JobGraph
from sabot._core import Graph
from sabot.compiler.plan_optimizer import PlanOptimizer
from sabot.execution.optimization import Passes, optimize
from sabot.execution.plan import Plan
from sabot.execution.run import Run, RunOptions

_CUTS = [1, 7, 1000, 65_536]
_WORKERS = [1, 2, 8]
_OFF = Passes(*[False] * 5)


@dataclass
class Tally:
    """What was checked, and how often the passes did something."""

    graphs: int = 0
    plans: int = 0
    counts: Counter[str] = field(default_factory=Counter)


def switches() -> Iterator[Passes]:
    """Return all combinations, all passes first."""
    for flags in itertools.product([True, False], repeat=len(fields(Passes))):
        yield Passes(*flags)


def draw_law_graph(seed: int) -> RandomGraph:
    """Return the graph of a seed: every third is rich in joins, every fourth lacks some sinks."""
    graph = draw_join_graph(seed) if seed % 3 == 0 else draw_graph(seed)
    if seed % 4 == 0 and len(graph.sinks) > 1:
        rng = np.random.default_rng([seed, 2])
        kept = [i for i in graph.sinks if rng.random() < 0.5]
        graph = replace(graph, sinks=tuple(kept or graph.sinks[:1]))
    return graph


def check_laws(seed: int, tally: Tally) -> None:
    """Draw the graph of a seed and check the laws.

    Raises
    ------
    AssertionError
        With a smaller form of the graph if one of its sinks alone fails, the passes, what they did
        and the first difference.
    """
    graph = draw_law_graph(seed)
    try:
        _Check(graph, seed, tally).run()
    except _Broken as broken:
        for sink in graph.sinks if len(graph.sinks) > 1 else ():
            try:
                _Check(replace(graph, sinks=(sink,)).pruned(), seed, Tally()).run()
            except _Broken as smaller:
                raise AssertionError(str(smaller)) from smaller
        raise AssertionError(str(broken)) from broken


class _Broken(Exception):
    """A law does not hold."""


class _Check:
    """All combinations over one graph."""

    def __init__(self, graph: RandomGraph, seed: int, tally: Tally) -> None:
        self._graph = graph
        self._tally = tally
        self._expected = {i: Expectation(graph.nodes[i].relation) for i in graph.sinks}
        self._rng = np.random.default_rng([seed, 3])
        self._mode = str(self._rng.choice(["batch", "streaming"]))

    def run(self) -> None:
        """Check every combination; run each plan once."""
        plan = Plan.build(self._job())
        try:
            seen: set[str] = set()
            for passes in [_OFF, *switches()]:
                form = self._check_plan(plan, passes)
                if form not in seen:
                    seen.add(form)
                    self._attempt(passes, lambda passes=passes: self._run_and_check(passes))
            self._tally.graphs += 1
            self._tally.plans += len(seen)
            self._check_copy()
        finally:
            plan.close()

    def _job(self) -> JobGraph:
        return self._graph.build(lambda table: table, mode=self._mode)

    def _check_plan(self, plan: Plan, passes: Passes) -> str:
        """Return the wire form of what is drawn; a second time nothing may change."""
        first = optimize(plan.drawn, passes)
        form = _canonical(first.core)
        if passes == Passes():
            self._tally.counts.update({k: v for k, v in first.counts.items() if v})
        if not first.has_changes:
            if form != _canonical(plan.drawn):
                self._fail(passes, f"it counts nothing, but the plan is another one: {form}")
            return form
        self._attempt(passes, lambda: first.core.validate(plan._resolve))
        again = optimize(first.core, passes)
        if again.has_changes:
            trace = json.dumps(again.trace, indent=1)
            self._fail(passes, f"a second time changes {again.counts}:\n{trace}")
        if (second := _canonical(again.core)) != form:
            self._fail(passes, f"a second time counts nothing, but changes\n{form}\nto\n{second}")
        return form

    def _options(self, passes: Passes) -> RunOptions:
        flags = {f"enable_{f.name}": getattr(passes, f.name) for f in fields(Passes)}
        return RunOptions(
            worker_count=_WORKERS[self._rng.integers(0, 3)],
            morsel_rows_max=_CUTS[self._rng.integers(0, 4)],
            optimize=False if passes == _OFF else PlanOptimizer(**flags),
        )

    def _run_and_check(self, passes: Passes) -> None:
        self._check_result(Run(self._job(), self._options(passes)).execute())

    def _check_copy(self) -> None:
        """Run the optimized graph as an object that has travelled."""
        copy = PlanOptimizer().optimize(self._job())
        copy = JobGraph.from_dict(json.loads(json.dumps(copy.to_dict())))
        optimizer = PlanOptimizer()
        options = replace(self._options(Passes()), optimize=optimizer)
        self._attempt(Passes(), lambda: self._check_result(Run(copy, options).execute()))
        if optimizer.get_stats() != type(optimizer.get_stats())():
            self._fail(Passes(), f"the optimized graph changes: {optimizer.get_trace()}")

    def _check_result(self, result: dict[str, Any]) -> None:
        if not ledger_is_balanced(result):
            raise AssertionError(f"the ledger does not balance: {result['ledger'].to_pylist()}")
        for i, expectation in self._expected.items():
            expectation.check(result["outputs"][f"sink_{i}"])

    def _attempt(self, passes: Passes, check: Any) -> None:
        try:
            check()
        except Exception as error:
            self._fail(passes, f"{type(error).__name__}: {error}", error)

    def _fail(self, passes: Passes, what: str, cause: BaseException | None = None) -> None:
        shown = self._job().explain(optimize=PlanOptimizer(*_flags(passes)))
        raise _Broken(
            f"{self._graph.describe()}\n{shown}\n{self._mode}, passes: "
            f"{', '.join(passes.names()) or 'none'}\n{what}"
        ) from cause


def _canonical(core: Graph) -> str:
    """Return what is drawn, whatever the order in which it is written."""
    form = json.loads(core.to_json())
    form["operators"].sort(key=lambda record: record["operator_id"])
    form["edges"].sort(key=lambda record: (record["to"], record["port"]))
    return json.dumps(form)


def _flags(passes: Passes) -> list[bool]:
    return [getattr(passes, field.name) for field in fields(Passes)]
