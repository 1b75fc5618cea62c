# SPDX-License-Identifier: Apache-2.0
"""A MAP or FILTER function as the engine calls it, once per batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sabot.errors import InvalidJobError
from sabot.execution.operator_type import OperatorType
from sabot.udf.batch_view import BatchView
from sabot.udf.outcome import (
    column_to_array,
    conform_batch,
    empty_batch,
    outcome_to_batch,
)
from sabot.udf.schema_trial import find_schema

if TYPE_CHECKING:
    from sabot.execution.node import StreamOperatorNode

__all__ = ["BatchFunction"]

_MASK = pa.schema([("mask", pa.bool_())])


class BatchFunction:
    """Runs a user's function over column views.

    The columns it gives are found out before anything runs: declared in ``parameters['schema']``,
    else by calling it once without rows, and once with one ordinary row where that does not tell.

    Parameters
    ----------
    node
        A MAP or FILTER node with a function.
    schema
        The columns of the input.

    Raises
    ------
    InvalidJobError
        If the function cannot be called, or its columns cannot be found out.
    """

    def __init__(self, node: StreamOperatorNode, schema: pa.Schema) -> None:
        if not callable(node.function):
            raise InvalidJobError(
                f"{node.title}: function: expected a function of one batch, found {node.function!r}"
            )
        self._node = node
        self._function: Callable[[BatchView], Any] = node.function
        self._is_filter = node.operator_type is OperatorType.FILTER
        self._output_column = node.parameters.get("output_column") or node.name
        if self._is_filter:
            self.output_schema = _MASK
            self._check_mask(schema)
        else:
            declared = node.parameters.get("schema")
            self.output_schema = find_schema(declared, schema, node.title, self._attempt)

    def __call__(self, schema: object, array: object | None) -> pa.RecordBatch:
        """Return the rows, or the mask, for a batch."""
        batch = pa.RecordBatch._import_from_c_capsule(schema, array)
        value, view = self._call(batch)
        if self._is_filter:
            return self._mask(value, batch.num_rows)
        result, _ = outcome_to_batch(value, view, self._output_column, self._node.title)
        return conform_batch(result, self.output_schema, self._node.title)

    def close(self) -> None:
        """Do nothing: a function holds nothing."""

    def _call(self, batch: pa.RecordBatch) -> tuple[Any, BatchView]:
        view = BatchView(batch)
        return self._function(view), view

    def _mask(self, value: Any, row_count: int) -> pa.RecordBatch:
        title = self._node.title
        if isinstance(value, BatchView | pa.RecordBatch | pa.Table | dict):
            raise TypeError(
                f"{title}: the function returned {type(value).__name__}; expected a mask, one "
                "boolean per row"
            )
        array, _ = column_to_array(value, "mask", title)
        if not pa.types.is_boolean(array.type):
            if not pa.types.is_null(array.type) and len(array) > 0:
                raise TypeError(
                    f"{title}: the function returned {array.type} values; expected booleans"
                )
            array = array.cast(pa.bool_())
        if len(array) != row_count:
            raise ValueError(
                f"{title}: the function returned a mask of {len(array):,} values; expected "
                f"{row_count:,}, one per row"
            )
        return pa.RecordBatch.from_arrays([array], schema=_MASK)

    def _check_mask(self, schema: pa.Schema) -> None:
        """Refuse a function that gives no mask; one that fails without rows may still be right."""
        try:
            value, _ = self._call(empty_batch(schema))
        except Exception:
            return
        try:
            self._mask(value, 0)
        except (TypeError, ValueError) as error:
            raise InvalidJobError(str(error)) from error

    def _attempt(self, batch: pa.RecordBatch) -> tuple[pa.Schema, bool]:
        """Return the columns for a batch, and whether they are certain."""
        value, view = self._call(batch)
        result, is_certain = outcome_to_batch(value, view, self._output_column, self._node.title)
        return result.schema, is_certain
