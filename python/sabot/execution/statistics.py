# SPDX-License-Identifier: Apache-2.0
"""Telling the engine what sources know of their rows, and the plan of a run that is over."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from sabot.connect.source_statistics import SourceStatistics
from sabot.errors import SabotError
from sabot.execution.operator_type import OperatorType

if TYPE_CHECKING:
    from sabot._core import Graph
    from sabot.connect.source import Source
    from sabot.execution.job_graph import JobGraph
    from sabot.execution.optimization import Passes

__all__ = ["LatestRun", "statistics_needed", "tell_row_counts", "tell_statistics"]

_logger = logging.getLogger("sabot")

# They give as many rows as they get, or as many as they say.
_COUNTED = frozenset(
    {
        OperatorType.SOURCE,
        OperatorType.SELECT,
        OperatorType.MAP,
        OperatorType.UNION,
        OperatorType.SORT,
        OperatorType.TOP_N,
        OperatorType.LIMIT,
    }
)


def statistics_needed(graph: JobGraph) -> Literal["nothing", "row counts", "columns"]:
    """Return what a plan of a graph depends on: only the order and the sides of joins do.

    The sides of one join follow from the rows of its inputs. Those are known without a look at any
    value, unless something drops rows, or may be moved to where it does.
    """
    joins = [
        node for node in graph.operators.values() if node.operator_type is OperatorType.HASH_JOIN
    ]
    if not joins:
        return "nothing"
    if len(joins) > 1 or any(
        node.operator_type is OperatorType.FILTER or node.parameters.get("filters") is not None
        for node in graph.operators.values()
    ):
        return "columns"
    waiting = list(joins[0].upstream_ids)
    while waiting:
        node = graph.operators[waiting.pop()]
        if node.operator_type not in _COUNTED:
            return "columns"
        waiting += node.upstream_ids
    return "row counts"


def tell_row_counts(core: Graph, sources: Mapping[str, Source]) -> dict[str, Source]:
    """Tell the engine how many rows the sources have; return those of which there is more to tell.

    Sources that know the number without a look at their rows are asked for no more.
    """
    known = {key: one for key, one in sources.items() if one.row_count is not None}
    for operator_id, source in known.items():
        core.set_source_statistics(operator_id, SourceStatistics(source.row_count).to_json())
    tell_statistics(core, {key: one for key, one in sources.items() if key not in known})
    return known


def tell_statistics(core: Graph, sources: Mapping[str, Source]) -> None:
    """Tell the engine what the sources know, of the columns that decide how many rows there are.

    A source that fails here fails, or not, when its rows are read: a plan needs no statistics.

    Parameters
    ----------
    core
        The engine's graph, validated.
    sources
        By operator id.
    """
    for operator_id, source in sources.items():
        try:
            deciding = core.deciding_columns(operator_id, len(source.schema))
            names = [source.schema.names[index] for index in deciding]
            found = source.statistics(names)
            if found is not None:
                core.set_source_statistics(operator_id, found.to_json())
        except (pa.ArrowException, OSError, ValueError, SabotError) as error:
            _logger.debug("no statistics of %s: %s", source.describe(), error)


@dataclass
class LatestRun:
    """What EXPLAIN shows of a run that is over.

    Attributes
    ----------
    identity
        Of the plan: see `Plan`.
    core
        The engine's graph as it ran.
    metrics
        Of its operators.
    untold
        Sources whose statistics the engine has not been told, because the run did not need them.
    passes
        What the optimizer was asked for; None where it was not.
    """

    identity: object
    core: Graph
    metrics: list[dict[str, Any]]
    untold: Mapping[str, Source]
    passes: Passes | None

    def explain(self, format: Literal["text", "json"]) -> str:
        """Return the plan that ran, with the rows that came."""
        tell_statistics(self.core, self.untold)
        self.untold = {}
        return self.core.explain(format, self.metrics)
