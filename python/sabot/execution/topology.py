# SPDX-License-Identifier: Apache-2.0
"""The order of operators: inputs before outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sabot.errors import InvalidJobError

if TYPE_CHECKING:
    from sabot.execution.job_graph import Edge
    from sabot.execution.node import StreamOperatorNode

__all__ = ["sort_operators"]


def sort_operators(
    operators: Mapping[str, StreamOperatorNode], edges: Iterable[Edge]
) -> list[StreamOperatorNode]:
    """Return the operators sorted, as they were added where edges leave a choice.

    Raises
    ------
    InvalidJobError
        If there is a cycle; it names the operators on it.
    """
    missing = dict.fromkeys(operators, 0)
    outputs: dict[str, list[str]] = {key: [] for key in operators}
    for edge in edges:
        missing[edge.downstream] += 1
        outputs[edge.upstream].append(edge.downstream)
    order: list[StreamOperatorNode] = []
    waiting = list(operators)
    while waiting:
        ready = next((key for key in waiting if missing[key] == 0), None)
        if ready is None:
            raise InvalidJobError(_cycle_sentence(operators, waiting, outputs))
        waiting.remove(ready)
        order.append(operators[ready])
        for key in outputs[ready]:
            missing[key] -= 1
    return order


def _cycle_sentence(
    operators: Mapping[str, StreamOperatorNode],
    waiting: list[str],
    outputs: Mapping[str, list[str]],
) -> str:
    """Follow inputs backwards among those that wait: that never leaves the cycles."""
    path: list[str] = []
    key = waiting[0]
    while key not in path:
        path.append(key)
        key = next(up for up in waiting if key in outputs[up])
    cycle = [*path[path.index(key) :], key][::-1]
    names = " -> ".join(f"'{operators[key].name}'" for key in cycle)
    return f"the graph has a cycle: {names}; remove one of these connections"
