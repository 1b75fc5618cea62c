# SPDX-License-Identifier: Apache-2.0
"""A CUSTOM node as the engine calls it: one operator object, batch by batch, in order.

The hooks come in this order: ``open``, ``restore`` if a snapshot had state, then batches and
watermarks with ``snapshot`` in between, ``finish`` at the end of the input, and ``close``, also
after a failure.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sabot.errors import InvalidJobError
from sabot.operators.base_operator import BaseOperator, batches_of
from sabot.operators.operator_context import OperatorContext
from sabot.operators.operator_state import pack_state, unpack_state
from sabot.udf.outcome import conform_batch
from sabot.udf.trial_batches import empty_batch, typical_batch

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
        self._context = OperatorContext(
            job_name=graph.job_name,
            operator_id=node.operator_id,
            name=node.name,
            parameters=dict(node.parameters),
            input_schema=schema,
            output_schema=self.output_schema,
        )
        # The engine asks which hooks there are; without this one it need not call for nothing.
        if self._has_own("on_watermark"):
            self.on_watermark = self._on_watermark

    def __call__(self, schema: object, array: object | None) -> pa.RecordBatch | None:
        """Return the rows for a batch; with None for the end."""
        self._open()
        if array is None:
            return self._rows(self._call("finish"))
        batch = pa.RecordBatch._import_from_c_capsule(schema, array)
        return self._rows(_process(self._operator, batch))

    def snapshot(self) -> pa.RecordBatch | None:
        """Return the operator's state for the engine to keep; None if it has none.

        Raises
        ------
        TypeError
            If the operator says that it is stateful, but not what its state is.
        """
        if not self._has_own("snapshot"):
            if self._call("is_stateful"):
                raise TypeError(
                    f"{self._node.title}: {type(self._operator).__name__} is stateful and has no "
                    "snapshot(); define snapshot() and restore(obj)"
                )
            return None
        self._open()
        state = self._call("snapshot")
        return None if state is None else pack_state(state, self._node.title)

    def restore(self, array: object) -> None:
        """Give the operator the state of a snapshot; it is opened before."""
        self._open()
        self._call("restore", unpack_state(array))

    def close(self) -> None:
        """Close the operator."""
        if self._is_open:
            self._is_open = False
            self._call("close")

    def _open(self) -> None:
        if not self._is_open:
            self._is_open = True  # close() follows also when open() fails
            self._call("open", self._context)

    def _on_watermark(self, watermark_us: int) -> pa.RecordBatch | None:
        self._open()
        return self._rows(self._call("on_watermark", watermark_us // 1000))

    def _rows(self, output: Any) -> pa.RecordBatch | None:
        batches = [
            conform_batch(batch, self.output_schema, self._node.title)
            for batch in batches_of(output)
        ]
        if not batches:
            return None
        return batches[0] if len(batches) == 1 else pa.concat_batches(batches)

    def _has_own(self, hook: str) -> bool:
        """Return whether the operator has a hook that does something."""
        method = getattr(type(self._operator), hook, None)
        return method is not None and method is not getattr(BaseOperator, hook)

    def _call(self, hook: str, *args: Any) -> Any:
        method = getattr(self._operator, hook, None)
        return None if method is None else method(*args)

    def _find_schema(self, schema: pa.Schema) -> pa.Schema:
        declared = self._call("get_schema")
        if declared is not None:
            if not isinstance(declared, pa.Schema):
                raise InvalidJobError(
                    f"{self._node.title}: get_schema() returned {declared!r}; expected a "
                    "pyarrow.Schema"
                )
            return declared
        failure: Exception | None = None
        for batch in (empty_batch(schema), typical_batch(schema)):
            try:
                found = self._try(batch)
            except Exception as error:
                failure = failure or error
                continue
            if found is not None:
                return found
        if failure is not None:
            raise InvalidJobError(
                f"{self._node.title}: process_batch() fails with an empty batch of "
                f"{schema.names}: {type(failure).__name__}: {failure}. Define get_schema(), which "
                "returns the columns it emits"
            ) from failure
        raise InvalidJobError(
            f"{self._node.title}: process_batch() returns nothing for an empty batch and for one "
            "row, so its columns are unknown. Define get_schema(), which returns the columns it "
            "emits"
        )

    def _try(self, batch: pa.RecordBatch) -> pa.Schema | None:
        """Return the columns a copy of the operator gives; the one that will run stays as it is."""
        trial = copy.deepcopy(self._operator)
        for output in (_process(trial, batch), getattr(trial, "finish", lambda: None)()):
            if output is None:
                continue
            for part in [output] if hasattr(output, "schema") else output:
                schema: pa.Schema = part.schema
                return schema
        return None


def _process(operator: Any, batch: pa.RecordBatch) -> Any:
    """Let the operator have a batch: inside the engine each is a morsel."""
    process = getattr(operator, "process_morsel", None) or operator.process_batch
    return process(batch)


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
