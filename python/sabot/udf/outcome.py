# SPDX-License-Identifier: Apache-2.0
"""What a user's function returned, as a batch of the declared columns, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from sabot.udf.batch_view import BatchView
from sabot.udf.column_view import ColumnView
from sabot.udf.trial_batches import empty_batch

__all__ = [
    "column_to_array",
    "conform_batch",
    "outcome_to_batch",
]


def outcome_to_batch(
    value: Any, view: BatchView, output_column: str, title: str
) -> tuple[pa.RecordBatch, bool]:
    """Return what a function returned as a batch, and whether its types are certain.

    Parameters
    ----------
    value
        A column, array or list (a new column beside the others), a dict of columns, the edited
        view, a `pyarrow.RecordBatch` or `pyarrow.Table`, a frame of Polars or pandas.
    view
        What the function was given, maybe edited meanwhile.
    output_column
        Name of a single returned column.
    title
        The operator, for errors.

    Raises
    ------
    TypeError
        If the value is of another kind.
    ValueError
        If a column is longer or shorter than the batch.
    """
    if isinstance(value, BatchView):
        return value.to_arrow(), False  # a write of another type may come with the first row
    if isinstance(value, pa.RecordBatch):
        return value, True
    if isinstance(value, pa.Table):
        batches = value.combine_chunks().to_batches()
        return (batches[0] if batches else empty_batch(value.schema)), True
    if isinstance(value, Mapping):
        return _columns_to_batch(value, view.num_rows, title)
    if hasattr(value, "columns") and hasattr(value, "__arrow_c_stream__"):  # a frame, no series
        return _frame_to_batch(value), True
    array, is_certain = column_to_array(value, output_column, title)
    _check_length(array, view.num_rows, output_column, title)
    edited = view.to_arrow()
    index = edited.schema.get_field_index(output_column)
    if index >= 0:
        return edited.set_column(index, output_column, array), is_certain
    return edited.append_column(output_column, array), is_certain


def _frame_to_batch(frame: Any) -> pa.RecordBatch:
    """Return a frame of another library; pandas' labels of rows stay behind unless named."""
    reader = pa.RecordBatchReader.from_stream(frame)
    batches = reader.read_all().combine_chunks().to_batches()
    return batches[0] if batches else empty_batch(reader.schema)


def _columns_to_batch(
    columns: Mapping[str, Any], row_count: int, title: str
) -> tuple[pa.RecordBatch, bool]:
    if not columns:
        raise TypeError(f"{title}: the function returned a dict without columns")
    pairs = {name: column_to_array(value, name, title) for name, value in columns.items()}
    for name, (array, _) in pairs.items():
        _check_length(array, row_count, name, title)
    arrays = {name: array for name, (array, _) in pairs.items()}
    return pa.RecordBatch.from_pydict(arrays), all(certain for _, certain in pairs.values())


def column_to_array(value: Any, name: str, title: str) -> tuple[pa.Array, bool]:
    """Return a column as an array, and whether its type is certain even without rows.

    Raises
    ------
    TypeError
        If the value is no column.
    """
    if isinstance(value, ColumnView):
        return value.to_arrow(), True
    if isinstance(value, pa.ChunkedArray):
        return value.combine_chunks(), True
    if isinstance(value, pa.Array):
        return value, True
    if isinstance(value, str | bytes) or not hasattr(value, "__len__"):
        raise TypeError(
            f"{title}: the function returned {type(value).__name__} ({_short(value)}); expected a "
            "column, an array or list of one value per row, a dict of columns, or a batch"
        )
    try:
        array = pa.array(value)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise TypeError(
            f"{title}: column {name!r} cannot become an Arrow column: {error}"
        ) from error
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    # An empty list says nothing, and NumPy makes float64 of it.
    is_certain = len(array) > 0 or (hasattr(value, "dtype") and value.dtype.kind not in "Of")
    return array, is_certain


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _check_length(array: pa.Array, expected: int, name: str, title: str) -> None:
    if len(array) != expected:
        raise ValueError(
            f"{title}: the function returned {len(array):,} values for column {name!r}; expected "
            f"{expected:,}, one per row"
        )


def conform_batch(batch: pa.RecordBatch, schema: pa.Schema, title: str) -> pa.RecordBatch:
    """Return `batch` with the declared columns and types; values are cast where nothing is lost.

    Raises
    ------
    TypeError
        If a column is missing, is too many, or does not fit.
    """
    if batch.schema.equals(schema):
        return batch
    if sorted(batch.schema.names) != sorted(schema.names):
        raise TypeError(f"{title}: returned columns {batch.schema.names}; expected {schema.names}")
    arrays = []
    for field in schema:
        array = batch.column(field.name)
        if not array.type.equals(field.type):
            array = _cast(array, field, title)
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _cast(array: pa.Array, field: pa.Field, title: str) -> pa.Array:
    # An integer becomes a float as it does in arithmetic, where the last bits may be lost.
    is_rounding = pa.types.is_integer(array.type) and pa.types.is_floating(field.type)
    try:
        return array.cast(field.type, safe=not is_rounding)
    except pa.ArrowException as error:
        raise TypeError(
            f"{title}: column {field.name!r} is {array.type}; expected {field.type}: {error}. "
            "Return this type in every batch, or declare parameters['schema']"
        ) from error
