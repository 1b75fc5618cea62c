# SPDX-License-Identifier: Apache-2.0
"""One operator of a graph, as the user described it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sabot.execution.operator_type import OperatorType

if TYPE_CHECKING:
    from sabot.operators.base_operator import BaseOperator

__all__ = ["StreamOperatorNode"]


@dataclass(eq=False)
class StreamOperatorNode:
    """An operator: what it does, its name and its parameters.

    Parameters
    ----------
    operator_type
        What it does; the lower-case name is accepted too.
    name
        Shown in logs, metrics and plans; default ``<type>_<first 8 of the id>``.
    parameters
        By name; `docs/design/0001-wire-form.md` has them per type. Never changed by the system.
    function
        A function for MAP and FILTER (see `sabot.udf`), an operator object for CUSTOM;
        ``parameters['function']`` means the same.
    stateful
        Found out by itself; passing False never makes a keyed operator stateless.
    key_by
        Columns that group the rows; ``parameters['key_by']`` means the same.
    operator_id
        What `JobGraph.connect` takes; default a fresh uuid.
    parallelism
        Tasks of this operator where a job is spread over agents; default the graph's
        ``default_parallelism``. It changes nothing in one process.
    max_parallelism
        Key groups: the upper bound of `parallelism`, for ever.
    memory_mb, cpu_cores
        Hints for placing tasks.
    upstream_ids, downstream_ids
        Filled by `JobGraph.connect`, in the order of connection: the input ports.
    parts
        Filled by the optimizer: the operators whose work this one does, in the order of the rows,
        each with ``operator_id``, ``name`` and ``operator_type``. Empty: just its own.

    Examples
    --------
    >>> node = StreamOperatorNode(
    ...     OperatorType.FILTER, parameters={"column": "price"}, operator_id="0123456789"
    ... )
    >>> node.name
    'filter_01234567'
    """

    operator_type: OperatorType = OperatorType.MAP
    name: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    function: Callable[..., Any] | BaseOperator | None = None
    stateful: bool = False
    key_by: list[str] | None = None
    operator_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    parallelism: int | None = None
    max_parallelism: int = 128
    memory_mb: int = 256
    cpu_cores: float = 0.5
    upstream_ids: list[str] = field(default_factory=list)
    downstream_ids: list[str] = field(default_factory=list)
    parts: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.operator_type = OperatorType(self.operator_type)
        self.name = self.name or f"{self.operator_type.value}_{self.operator_id[:8]}"
        self.parameters = {} if self.parameters is None else self.parameters
        if self.function is None and callable(self.parameters.get("function")):
            self.function = self.parameters["function"]
        self.key_by = _names(self.key_by)
        self.stateful = bool(
            self.stateful
            or self.key_by
            or self.parameters.get("key_by")
            or self.parameters.get("group_by")
            or self.operator_type.is_keyed_or_accumulating
        )

    @property
    def title(self) -> str:
        """The name and type, as errors print them: ``operator 'load' (source)``."""
        return f"operator '{self.name}' ({self.operator_type.value})"

    def is_source(self) -> bool:
        """Return whether rows enter the graph here."""
        return self.operator_type is OperatorType.SOURCE

    def is_sink(self) -> bool:
        """Return whether rows leave the graph here."""
        return self.operator_type is OperatorType.SINK

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form of this operator.

        Raises
        ------
        InvalidJobError
            If its function or data cannot travel.
        """
        from sabot.execution.wire import node_to_dict

        return node_to_dict(self)


def _names(value: str | Iterable[str] | None) -> list[str] | None:
    if value is None:
        return None
    return [value] if isinstance(value, str) else list(value)
