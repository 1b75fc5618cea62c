# SPDX-License-Identifier: Apache-2.0
"""A graph drawn from a seed, with the rows that every node must give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from differential.relation import NotPossible, Relation, draw_source
from differential.steps import JOIN_STEPS, STEPS, Step, Steps
from sabot import JobGraph, OperatorType, StreamOperatorNode

_ROW_COUNTS = [0, 1, 2, 10, 60, 300, 700]
_ROW_COUNTS_OF_JOINS = [0, 1, 10, 40, 60, 150]
_ATTEMPTS = 30


@dataclass(frozen=True)
class Node:
    """A source with its rows, or a step over earlier nodes."""

    name: str
    relation: Relation
    inputs: tuple[int, ...] = ()
    step: Step | None = None
    table: pa.Table | None = None


@dataclass(frozen=True)
class RandomGraph:
    """Nodes, inputs first, and which of them end in a sink."""

    seed: int
    nodes: tuple[Node, ...]
    sinks: tuple[int, ...]

    def build(self, data_of: Callable[[pa.Table], Any], **options: Any) -> JobGraph:
        """Return the engine's graph; `data_of` says what a source reads for its table."""
        graph = JobGraph(f"random {self.seed}", **options)
        ids: list[str] = []
        for node in self.nodes:
            if node.step is None:
                assert node.table is not None
                operator = StreamOperatorNode(
                    OperatorType.SOURCE,
                    node.name,
                    {"data": data_of(node.table)},
                    operator_id=node.name,
                )
            else:
                operator = StreamOperatorNode(
                    OperatorType(node.step.operator_type),
                    node.name,
                    dict(node.step.parameters),
                    node.step.function,
                    operator_id=node.name,
                )
            ids.append(graph.add_operator(operator))
            for i in node.inputs:
                graph.connect(ids[i], ids[-1])
        for i in self.sinks:
            sink = graph.add_operator(
                StreamOperatorNode(OperatorType.SINK, f"sink_{i}", operator_id=f"sink_{i}")
            )
            graph.connect(ids[i], sink)
        return graph

    def pruned(self) -> RandomGraph:
        """Return the graph without the nodes that its sinks do not need."""
        needed = set(self.sinks)
        for i in reversed(range(len(self.nodes))):
            if i in needed:
                needed.update(self.nodes[i].inputs)
        places = {old: new for new, old in enumerate(sorted(needed))}
        nodes = [
            replace(self.nodes[old], inputs=tuple(places[i] for i in self.nodes[old].inputs))
            for old in places
        ]
        return replace(self, nodes=tuple(nodes), sinks=tuple(places[i] for i in self.sinks))

    def describe(self) -> str:
        """Return the graph as lines, for messages."""
        lines = [f"seed {self.seed}"]
        for i, node in enumerate(self.nodes):
            if node.step is None:
                kinds = ", ".join(f"{c.name}: {c.kind.name}" for c in node.relation.columns)
                lines.append(f"  {i} {node.name} = {node.relation.rows.num_rows} rows of ({kinds})")
            else:
                inputs = ", ".join(map(str, node.inputs))
                shown = node.step.details or node.step.parameters
                lines.append(
                    f"  {i} {node.step.operator_type}({inputs}) {shown} -> "
                    f"{node.relation.rows.num_rows} rows"
                )
        lines.append(f"  sinks behind {', '.join(map(str, self.sinks))}")
        return "\n".join(lines)


def draw_graph(seed: int) -> RandomGraph:
    """Return the graph of a seed."""
    rng = np.random.default_rng(seed)
    nodes = _draw_sources(rng, int(rng.integers(1, 4)), _ROW_COUNTS)
    return _grown(rng, seed, nodes, int(rng.integers(1, 8)), STEPS)


def draw_join_graph(seed: int) -> RandomGraph:
    """Return a graph of a seed that is rich in chains of joins."""
    rng = np.random.default_rng([seed, 4])
    nodes = _draw_sources(rng, int(rng.integers(3, 6)), _ROW_COUNTS_OF_JOINS)
    return _grown(rng, seed, nodes, int(rng.integers(3, 9)), JOIN_STEPS)


def _draw_sources(rng: np.random.Generator, count: int, row_counts: list[int]) -> list[Node]:
    nodes = []
    for i in range(count):
        relation, table = draw_source(rng, f"s{i}", int(rng.choice(row_counts)))
        ordered = Relation(relation.columns, relation.rows, True)
        nodes.append(Node(f"source_{i}", ordered, table=table))
    return nodes


def _grown(
    rng: np.random.Generator, seed: int, nodes: list[Node], count: int, steps: Steps
) -> RandomGraph:
    weights = np.array([weight for _, _, weight in steps])
    for _ in range(count):
        nodes.append(_draw_node(rng, nodes, steps, weights / weights.sum()))
    used = {i for node in nodes for i in node.inputs}
    sinks = [i for i in range(len(nodes)) if i not in used or rng.random() < 0.15]
    return RandomGraph(seed, tuple(nodes), tuple(sinks))


def _draw_node(
    rng: np.random.Generator, nodes: list[Node], steps: Steps, weights: np.ndarray
) -> Node:
    number = len(nodes)
    for _ in range(_ATTEMPTS):
        draw, input_count, _ = steps[rng.choice(len(steps), p=weights)]
        inputs = tuple(_draw_input(rng, number) for _ in range(input_count))
        try:
            step = draw(rng, number, *(nodes[i].relation for i in inputs))
        except NotPossible:
            continue
        return Node(f"{step.operator_type}_{number}", step.relation, inputs, step)
    raise AssertionError("no step is possible")


def _draw_input(rng: np.random.Generator, count: int) -> int:
    """Return a node, rather a late one: lines are longer than bushes."""
    return int(count - 1 - min(rng.geometric(0.5) - 1, count - 1))
