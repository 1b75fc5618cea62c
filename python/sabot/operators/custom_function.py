# SPDX-License-Identifier: Apache-2.0
"""A CUSTOM node as the engine calls it: one operator object, batch by batch, in order."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sabot.errors import InvalidJobError
from sabot.operators.base_operator import batches_of
from sabot.udf.outcome import conform_batch, empty_batch

if TYPE_CHECKING:
    from sabot.execution.job_graph import JobGraph
    from sabot.execution.node import StreamOperatorNode

__all__ = ["CustomFunction"]


class CustomFunction:
    """Runs a `BaseOperator` (or any object with ``process_batch``) for the engine.

    Parameters
    ----------
    node
        The CUSTOM node: the operator is its ``function``, or ``parameters['operator']`` names a
        registered class, which the other parameters construct.
    graph
        Where the class is registered.
    schema
        The columns of the input.

    Attributes
    ----------
    output_schema
        What the operator declares, or what it makes of an empty batch.

    Raises
    ------
    InvalidJobError
        If there is no such operator, or its columns cannot be found out.
    """

    def __init__(self, node: StreamOperatorNode, graph: JobGraph, schema: pa.Schema) -> None:
        self._node = node
        self._operator = _operator_of(node, graph)
        self._is_open = False
        self.output_schema = self._find_schema(schema)

    def __call__(self, schema: object, array: object | None) -> pa.RecordBatch | None:
        """Return the rows for a batch; with None for the end."""
        if not self._is_open:
            self._is_open = True
            self._call("open", self._node)
        if array is None:
            output = self._call("finish")
        else:
            batch = pa.RecordBatch._import_from_c_capsule(schema, array)
            output = self._operator.process_batch(batch)
        batches = [
            conform_batch(batch, self.output_schema, self._node.title)
            for batch in batches_of(output)
        ]
        if not batches:
            return None
        return batches[0] if len(batches) == 1 else pa.concat_batches(batches)

    def close(self) -> None:
        """Close the operator."""
        if self._is_open:
            self._is_open = False
            self._call("close")

    def _call(self, hook: str, *args: Any) -> Any:
        method = getattr(self._operator, hook, None)
        return None if method is None else method(*args)

    def _find_schema(self, schema: pa.Schema) -> pa.Schema:
        declared = self._call("get_schema")
        if declared is not None:
            return declared
        try:
            # The trial must not change the operator that will run.
            trial = copy.deepcopy(self._operator)
            output = trial.process_batch(empty_batch(schema))
            for batch in [output] if hasattr(output, "schema") else list(output or ()):
                return batch.schema
        except Exception as error:
            raise InvalidJobError(
                f"{self._node.title}: process_batch() fails with an empty batch of "
                f"{schema.names}: {type(error).__name__}: {error}. Define get_schema(), which "
                "returns the columns it emits"
            ) from error
        raise InvalidJobError(
            f"{self._node.title}: process_batch() returns nothing for an empty batch, so its "
            "columns are unknown. Define get_schema(), which returns the columns it emits"
        )


def _operator_of(node: StreamOperatorNode, graph: JobGraph) -> Any:
    if node.function is not None:
        operator = node.function
        if not hasattr(operator, "process_batch"):
            raise InvalidJobError(
                f"{node.title}: expected an operator with process_batch(), found {operator!r}"
            )
        return operator
    name = node.parameters.get("operator")
    cls = graph._operator_classes.get(str(name))
    if cls is None:
        known = ", ".join(sorted(graph._operator_classes)) or "none"
        raise InvalidJobError(
            f"{node.title}: parameter 'operator': {name!r} is not registered; register_operator() "
            f"was called for: {known}"
        )
    arguments = {key: value for key, value in node.parameters.items() if key != "operator"}
    try:
        return cls(**arguments)
    except TypeError as error:
        raise InvalidJobError(f"{node.title}: {name}(...): {error}") from error
