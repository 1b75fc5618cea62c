# SPDX-License-Identifier: Apache-2.0
"""The steps of a stream, and the job graph that is made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sabot.errors import InvalidJobError
from sabot.execution.job_graph import JobGraph
from sabot.execution.node import StreamOperatorNode
from sabot.execution.operator_type import OperatorType

__all__ = ["Step", "build_graph", "describe", "is_endless"]


@dataclass(frozen=True, eq=False)
class Step:
    """One operator of a stream; compared by identity, so that streams can share it.

    Parameters
    ----------
    kind
        The operator's type in lower case.
    method
        The `Stream` method that made it, for names and errors.
    parameters
        Of the operator.
    function
        Of MAP, FILTER, FLAT_MAP, REDUCE; the operator object of CUSTOM.
    inputs
        The steps it reads, in the order of the operator's inputs.
    is_endless
        Whether it is a source that goes on for ever.
    summary
        What ``repr`` shows in the parentheses.
    name
        What the user called it.
    """

    kind: str
    method: str
    parameters: dict[str, Any] = field(default_factory=dict)
    function: Any = None
    inputs: tuple[Step, ...] = ()
    is_endless: bool = False
    summary: str = ""
    name: str | None = None


def build_graph(end: Step, job_name: str) -> JobGraph:
    """Return the graph of the steps that lead to `end`; shared steps become one operator.

    Names are those the user gave, else the method with a number; ids are the same for the same
    stream, so that a snapshot of one run fits the next.

    Raises
    ------
    InvalidJobError
        If this version has no such operator, or two steps have one name.
    """
    steps = list(_in_order(end))
    mode = "streaming" if any(step.is_endless for step in steps) else "batch"
    graph = JobGraph(job_name, mode=mode)  # type: ignore[arg-type]
    ids: dict[int, str] = {}
    counts: dict[str, int] = {}
    names: set[str] = set()
    for step in steps:
        counts[step.method] = counts.get(step.method, 0) + 1
        name = step.name or f"{step.method}_{counts[step.method]}"
        if name in names:
            raise InvalidJobError(f"Stream.named: two steps are named {name!r}")
        names.add(name)
        ids[id(step)] = graph.add_operator(_node_of(step, name))
    for step in steps:
        for upstream in step.inputs:
            graph.connect(ids[id(upstream)], ids[id(step)])
    return graph


def describe(end: Step) -> str:
    """Return the steps along the first inputs: ``from_table(6 rows) → filter(...)``."""
    parts = []
    step: Step | None = end
    while step is not None:
        parts.append(f"{step.method}({step.summary})")
        step = step.inputs[0] if step.inputs else None
    return " → ".join(reversed(parts))


def is_endless(end: Step) -> bool:
    """Return whether rows may come for ever; a limit ends every stream."""
    endless: dict[int, bool] = {}
    for step in _in_order(end):
        is_any = step.is_endless or any(endless[id(upstream)] for upstream in step.inputs)
        endless[id(step)] = is_any and step.kind != "limit"
    return endless[id(end)]


def _node_of(step: Step, name: str) -> StreamOperatorNode:
    try:
        kind = OperatorType(step.kind)
    except ValueError:
        raise InvalidJobError(
            f"Stream.{step.method}: this version has no operator of type {step.kind!r}"
        ) from None
    return StreamOperatorNode(kind, name, dict(step.parameters), step.function, operator_id=name)


def _in_order(end: Step) -> Iterator[Step]:
    """Yield the steps, inputs first, each once; a long chain is no deep recursion."""
    seen: set[int] = set()
    stack: list[tuple[Step, bool]] = [(end, False)]
    while stack:
        step, is_expanded = stack.pop()
        if is_expanded:
            yield step
        elif id(step) not in seen:
            seen.add(id(step))
            stack.append((step, True))
            stack.extend((upstream, False) for upstream in reversed(step.inputs))
