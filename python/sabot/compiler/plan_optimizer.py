# SPDX-License-Identifier: Apache-2.0
"""The optimizer as an object: which passes run, what the latest run of them did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sabot.execution.optimization import Optimization, Passes
from sabot.execution.plan import Plan

if TYPE_CHECKING:
    from sabot.execution.job_graph import JobGraph

__all__ = ["OptimizationStats", "PlanOptimizer"]


@dataclass(frozen=True)
class OptimizationStats:
    """What the passes have changed in one graph; attempts do not count.

    Attributes
    ----------
    filters_pushed
        Filters that moved towards the sources, or that a source or another filter has taken over.
    projections_pushed
        Sources that read fewer columns.
    joins_reordered
        Joins of other inputs than before.
    operators_fused
        Operators merged away.
    dead_code_eliminated
        Operators removed because no sink is reached from them.
    """

    filters_pushed: int = 0
    projections_pushed: int = 0
    joins_reordered: int = 0
    operators_fused: int = 0
    dead_code_eliminated: int = 0

    def total_optimizations(self) -> int:
        """Return the sum of the first four."""
        return (
            self.filters_pushed
            + self.projections_pushed
            + self.joins_reordered
            + self.operators_fused
        )


class PlanOptimizer:
    """Makes graphs that give the same rows with less work. The passes run in the engine.

    Parameters
    ----------
    enable_filter_pushdown
        Filters towards the sources, and into them.
    enable_projection_pushdown
        Only the columns that somebody needs.
    enable_join_reordering
        Chains of inner joins, cheapest first.
    enable_operator_fusion
        Runs of operators without state as one.
    enable_dead_code_elimination
        Without operators from which no sink is reached.

    Examples
    --------
    >>> from sabot import Stream, col
    >>> rows = Stream.from_table({"price": [80, 120], "size": [1, 2]})
    >>> totals = rows.map({"total": col("price") * col("size")})
    >>> graph = totals.filter(col("price") > 100).to_graph()
    >>> optimizer = PlanOptimizer()
    >>> optimizer.optimize(graph).run()["outputs"]["output"].to_pylist()
    [{'price': 120, 'size': 2, 'total': 240}]
    >>> optimizer.get_stats().filters_pushed
    1
    >>> [(step["operator"], step["after"]) for step in optimizer.get_trace()]
    [('filter_1', "in the scan of 'from_table_1'")]
    """

    def __init__(
        self,
        enable_filter_pushdown: bool = True,
        enable_projection_pushdown: bool = True,
        enable_join_reordering: bool = True,
        enable_operator_fusion: bool = True,
        enable_dead_code_elimination: bool = True,
    ) -> None:
        self.passes = Passes(
            filter_pushdown=enable_filter_pushdown,
            projection_pushdown=enable_projection_pushdown,
            join_reordering=enable_join_reordering,
            operator_fusion=enable_operator_fusion,
            dead_code_elimination=enable_dead_code_elimination,
        )
        self._latest: Optimization | None = None

    def optimize(self, graph: JobGraph) -> JobGraph:
        """Return an optimized graph; the argument stays as it is.

        The new graph has the functions, rows and registered classes of the old one. Its operators
        keep their names; those that do the work of others list them in ``node.parts``. Its sources
        are those of the old one, too: a generator that was begun to learn its columns goes on in
        the graph that runs first.

        Raises
        ------
        InvalidJobError
            If the graph is wrong.
        """
        plan = Plan.build_to_show(graph, self.passes)
        assert plan.optimization is not None
        self.remember(plan.optimization)
        return plan.optimized_graph()

    def get_stats(self) -> OptimizationStats:
        """Return what the latest run has changed; zeros before the first."""
        return OptimizationStats(**self._latest.counts) if self._latest else OptimizationStats()

    def get_trace(self) -> list[dict[str, Any]]:
        """Return the rewrites of the latest run, in their order.

        Returns
        -------
        list of dict
            ``pass``, ``operator``, ``before``, ``after``, ``reason``: sentences for people.
        """
        return [dict(step) for step in self._latest.trace] if self._latest else []

    def remember(self, optimization: Optimization) -> None:
        """Take a run's own optimization as the latest: ``graph.run(optimize=optimizer)``."""
        self._latest = optimization

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.passes.names()) or 'nothing'})"
