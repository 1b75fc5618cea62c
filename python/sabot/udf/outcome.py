# SPDX-License-Identifier: Apache-2.0
"""What a user's function returned, as a batch of the declared columns, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from sabot.udf.batch_view import BatchView
from sabot.udf.column_view import ColumnView

__all__ = [
    "column_to_array",
    "conform_batch",
    "empty_batch",
    "outcome_to_batch",
    "typical_batch",
]


def empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch of no rows."""
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)


def typical_batch(schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch of one row of ordinary values: 1, 1.0, '1', true, 1970-01-02."""
    return pa.RecordBatch.from_arrays(
        [_typical_array(field.type) for field in schema], schema=schema
    )


def _typical_array(kind: pa.DataType) -> pa.Array:
    if pa.types.is_struct(kind):
        fields = [kind.field(i) for i in range(kind.num_fields)]
        return pa.StructArray.from_arrays([_typical_array(f.type) for f in fields], fields=fields)
    try:
        return pa.array([_typical_value(kind)], kind)
    except (pa.ArrowException, TypeError, ValueError, NotImplementedError):
        return pa.nulls(1, kind)


def _typical_value(kind: pa.DataType) -> Any:
    if pa.types.is_map(kind):
        return [(_typical_value(kind.key_type), _typical_value(kind.item_type))]
    if hasattr(kind, "value_type"):  # lists of all kinds, dictionaries
        value = _typical_value(kind.value_type)
        return value if pa.types.is_dictionary(kind) else [value] * getattr(kind, "list_size", 1)
    if pa.types.is_boolean(kind):
        return True
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or kind == pa.binary_view():
        return b"1"
    if pa.types.is_fixed_size_binary(kind) and not pa.types.is_decimal(kind):
        return b"1".ljust(kind.byte_width, b"1")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view():
        return "1"
    if pa.types.is_decimal(kind):
        return Decimal(1 if kind.precision > kind.scale else 0)
    if pa.types.is_date(kind):
        return date(1970, 1, 2)
    return 1.0 if pa.types.is_floating(kind) else 1


def outcome_to_batch(
    value: Any, view: BatchView, output_column: str, title: str
) -> tuple[pa.RecordBatch, bool]:
    """Return what a function returned as a batch, and whether its types are certain.

    Parameters
    ----------
    value
        A column, array or list (a new column beside the others), a dict of columns, the edited
        view, a `pyarrow.RecordBatch` or `pyarrow.Table`.
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
    array, is_certain = column_to_array(value, output_column, title)
    _check_length(array, view.num_rows, output_column, title)
    edited = view.to_arrow()
    index = edited.schema.get_field_index(output_column)
    if index >= 0:
        return edited.set_column(index, output_column, array), is_certain
    return edited.append_column(output_column, array), is_certain


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
    try:
        return array.cast(field.type)
    except pa.ArrowException as error:
        raise TypeError(
            f"{title}: column {field.name!r} is {array.type}; expected {field.type}: {error}. "
            "Return this type in every batch, or declare parameters['schema']"
        ) from error
