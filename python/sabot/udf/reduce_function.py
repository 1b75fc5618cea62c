# SPDX-License-Identifier: Apache-2.0
"""A REDUCE function as the engine calls it: batches fold into one value."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sabot.operators.operator_state import pack_state, unpack_state
from sabot.udf.batch_view import BatchView
from sabot.udf.function_options import function_of
from sabot.udf.outcome import conform_batch
from sabot.udf.schema_trial import find_schema

if TYPE_CHECKING:
    from sabot.execution.node import StreamOperatorNode

__all__ = ["ReduceFunction"]


class ReduceFunction:
    """Runs ``function(value, batch) -> value`` over all batches, in order, from ``initial`` on.

    The value leaves as one row: a dict gives a column per key, any other value the column
    ``output_column`` (default the node's name); a batch leaves as it is. With ``emit='final'`` that
    is once, at the end; with ``'update'`` (the default for endless input) after each batch, and the
    last row is the final one.

    Parameters
    ----------
    node
        A REDUCE node with a function.
    schema
        The columns of the input.
    is_endless
        Whether the input never ends.

    Raises
    ------
    InvalidJobError
        If the function cannot be called, or its columns cannot be found out.
    """

    def __init__(self, node: StreamOperatorNode, schema: pa.Schema, is_endless: bool) -> None:
        self._node = node
        self._function = function_of(node)
        self._name = node.parameters.get("output_column") or node.name
        emit = node.parameters.get("emit") or ("update" if is_endless else "final")
        self._is_updating = emit == "update"
        self._has_emitted = False
        self._value = self._initial()
        declared = node.parameters.get("schema")
        self.output_schema = find_schema(declared, schema, node.title, self._attempt)

    def __call__(self, schema: object, array: object | None) -> pa.RecordBatch | None:
        """Fold a batch in; with None for the end."""
        if array is None:
            return None if self._has_emitted else self._row(self._value, self.output_schema)
        batch = pa.RecordBatch._import_from_c_capsule(schema, array)
        self._value = self._fold(self._value, batch)
        if not self._is_updating:
            return None
        self._has_emitted = True
        return self._row(self._value, self.output_schema)

    def snapshot(self) -> pa.RecordBatch:
        """Return the value for the engine to keep."""
        return pack_state((self._value, self._has_emitted), self._node.title)

    def restore(self, array: object) -> None:
        """Take the value of a snapshot."""
        self._value, self._has_emitted = unpack_state(array)

    def close(self) -> None:
        """Do nothing: a function holds nothing."""

    def _initial(self) -> Any:
        """Return a value that the function may change: the node's own stays as it is."""
        return copy.deepcopy(self._node.parameters.get("initial"))

    def _fold(self, value: Any, batch: pa.RecordBatch) -> Any:
        with np.errstate(all="ignore"):
            return self._function(value, BatchView(batch))

    def _attempt(self, batch: pa.RecordBatch) -> tuple[pa.Schema, bool]:
        if batch.num_rows == 0:  # a value over no rows has the type of `initial`, or none
            return self._row(self._fold(self._initial(), batch), None).schema, False
        return self._row(self._fold(self._initial(), batch), None).schema, True

    def _row(self, value: Any, schema: pa.Schema | None) -> pa.RecordBatch:
        row = self._batch_of(value)
        return row if schema is None else conform_batch(row, schema, self._node.title)

    def _batch_of(self, value: Any) -> pa.RecordBatch:
        if isinstance(value, BatchView):
            return value.to_arrow()
        if isinstance(value, pa.RecordBatch):
            return value
        if isinstance(value, pa.Table):
            batches = value.combine_chunks().to_batches()
            return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=value.schema)
        columns = value if isinstance(value, Mapping) else {self._name: value}
        try:
            arrays = [_array_of(item) for item in columns.values()]
            return pa.RecordBatch.from_arrays(arrays, [str(name) for name in columns])
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise TypeError(
                f"{self._node.title}: the value {_short(value)} cannot become a row: {error}; "
                "return a number, text, a dict of these, or a batch"
            ) from error


def _array_of(value: Any) -> pa.Array:
    if isinstance(value, pa.Scalar):
        return pa.array([value.as_py()], value.type)
    return pa.array([value])


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
