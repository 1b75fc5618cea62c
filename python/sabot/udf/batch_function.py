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
    typical_batch,
)

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
        self.output_schema = _MASK if self._is_filter else self._find_schema(schema)
        if self._is_filter:
            self._check_mask(schema)

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

    def _find_schema(self, schema: pa.Schema) -> pa.Schema:
        declared = self._node.parameters.get("schema")
        if declared is not None:
            from sabot.connect.rows import schema_of

            return schema_of(declared, self._node.title)
        found, failure = self._try(empty_batch(schema))
        if found is not None and found[1] and _is_typed(found[0]):
            return found[0]
        better, second_failure = self._try(typical_batch(schema))
        if better is not None:
            return better[0]
        if found is not None and _is_typed(found[0]):
            return found[0]
        error = second_failure or failure
        raise InvalidJobError(
            f"{self._node.title}: the columns that the function gives are unknown, because it "
            f"fails without rows and with one row of ordinary values: {type(error).__name__}: "
            f"{error}. Declare them in parameters['schema'], a pyarrow.Schema or a dict of column "
            "to type"
        ) from error

    def _try(self, batch: pa.RecordBatch) -> tuple[tuple[pa.Schema, bool] | None, Exception | None]:
        """Return the columns for a batch and whether they are certain, or what went wrong."""
        try:
            value, view = self._call(batch)
            result, is_certain = outcome_to_batch(
                value, view, self._output_column, self._node.title
            )
        except Exception as error:
            return None, error
        return (result.schema, is_certain), None


def _is_typed(schema: pa.Schema) -> bool:
    return not any(pa.types.is_null(field.type) for field in schema)
