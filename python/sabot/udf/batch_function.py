# SPDX-License-Identifier: Apache-2.0
"""A MAP or FILTER function as the engine calls it, once per batch."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sabot.errors import InvalidJobError
from sabot.execution.operator_type import OperatorType
from sabot.udf.batch_view import BatchView
from sabot.udf.function_options import function_of
from sabot.udf.outcome import column_to_array, conform_batch, outcome_to_batch
from sabot.udf.schema_trial import find_schema
from sabot.udf.trial_batches import empty_batch

if TYPE_CHECKING:
    from sabot.execution.node import StreamOperatorNode

__all__ = ["BatchFunction"]

_logger = logging.getLogger("sabot")

_MASK = pa.schema([("mask", pa.bool_())])


class BatchFunction:
    """Runs a user's function over column views.

    The columns it gives are found out before anything runs: declared in ``parameters['schema']``,
    else by calling it once without rows, and with rows of ordinary values where that does not tell.

    With ``parameters['on_error'] = 'skip'`` a batch that makes the function fail is halved until
    the rows that do are alone; they are left out, and the ledger counts them as failed. That is
    right for functions that look at each row by itself.

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
        self._node = node
        self._function = function_of(node)
        self._is_filter = node.operator_type is OperatorType.FILTER
        self._is_skipping = node.parameters.get("on_error") == "skip"
        self._has_warned = False
        self._output_column = node.parameters.get("output_column") or node.name
        if self._is_filter:
            self.output_schema = _MASK
            self._check_mask(schema)
        else:
            declared = node.parameters.get("schema")
            self.output_schema = find_schema(declared, schema, node.title, self._attempt)

    def __call__(
        self, schema: object, array: object | None
    ) -> pa.RecordBatch | tuple[pa.RecordBatch, int]:
        """Return the rows, or the mask, for a batch; with ``on_error='skip'`` what failed, too."""
        batch = pa.RecordBatch._import_from_c_capsule(schema, array)
        if not self._is_skipping:
            return self._result(batch)
        parts: list[pa.RecordBatch] = []
        failed_count = self._skip(batch, parts)
        rows = pa.concat_batches(parts) if parts else empty_batch(self.output_schema)
        return rows, failed_count

    def close(self) -> None:
        """Do nothing: a function holds nothing."""

    def _result(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        value, view = self._call(batch)
        if self._is_filter:
            return self._mask(value, batch.num_rows)
        result, _ = outcome_to_batch(value, view, self._output_column, self._node.title)
        return conform_batch(result, self.output_schema, self._node.title)

    def _skip(self, batch: pa.RecordBatch, parts: list[pa.RecordBatch]) -> int:
        """Add the results of the rows that do not fail; return how many do."""
        try:
            parts.append(self._result(batch))
            return 0
        except Exception as error:
            if batch.num_rows <= 1:
                self._warn(error)
                if self._is_filter:
                    parts.append(pa.RecordBatch.from_arrays([pa.nulls(1, pa.bool_())], ["mask"]))
                return batch.num_rows
        half = batch.num_rows // 2
        return self._skip(batch.slice(0, half), parts) + self._skip(batch.slice(half), parts)

    def _warn(self, error: Exception) -> None:
        if not self._has_warned:
            self._has_warned = True
            _logger.warning(
                "%s: rows are skipped; the first failed with %s: %s",
                self._node.title,
                type(error).__name__,
                error,
            )

    def _call(self, batch: pa.RecordBatch) -> tuple[Any, BatchView]:
        view = BatchView(batch)
        with np.errstate(all="ignore"):  # numbers wrap and divide by the rules of columns
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
