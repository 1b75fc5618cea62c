# SPDX-License-Identifier: Apache-2.0
"""Batches to try a function with before anything runs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

__all__ = ["empty_batch", "typical_batch", "varied_batches"]

_NUMBERS = (0, -1, 100)


def empty_batch(schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch of no rows."""
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema)


def typical_batch(schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch of one row of ordinary values: 1, 1.0, '1', true, 1970-01-02."""
    return _batch_of(schema, 1)


def varied_batches(schema: pa.Schema) -> list[pa.RecordBatch]:
    """Return batches of other values, so that a function takes other branches.

    One row each with the numbers 0, -1 and 100, and all of them at once.
    """
    singles = [_batch_of(schema, number) for number in _NUMBERS]
    return [*singles, pa.concat_batches([typical_batch(schema), *singles])]


def _batch_of(schema: pa.Schema, number: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [_array_of(field.type, number) for field in schema], schema=schema
    )


def _array_of(kind: pa.DataType, number: int) -> pa.Array:
    if pa.types.is_struct(kind) and kind.num_fields > 0:
        fields = [kind.field(i) for i in range(kind.num_fields)]
        return pa.StructArray.from_arrays(
            [_array_of(field.type, number) for field in fields], fields=fields
        )
    try:
        return pa.array([_value_of(kind, number)], kind)
    except (pa.ArrowException, TypeError, ValueError, OverflowError, NotImplementedError):
        return pa.nulls(1, kind)


def _value_of(kind: pa.DataType, number: int) -> Any:
    if pa.types.is_map(kind):
        return [(_value_of(kind.key_type, number), _value_of(kind.item_type, number))]
    if hasattr(kind, "value_type"):  # lists of all kinds, dictionaries
        value = _value_of(kind.value_type, number)
        return value if pa.types.is_dictionary(kind) else [value] * getattr(kind, "list_size", 1)
    if pa.types.is_boolean(kind):
        return number > 0
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or kind == pa.binary_view():
        return str(number).encode()
    if pa.types.is_decimal(kind):
        return Decimal(number if abs(number) < 10 ** (kind.precision - kind.scale) else 0)
    if pa.types.is_fixed_size_binary(kind):
        return b"1" * kind.byte_width
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or kind == pa.string_view():
        return str(number)
    if pa.types.is_date(kind):
        return date(1970, 1, 2)
    if pa.types.is_floating(kind):
        return float(number)
    if pa.types.is_unsigned_integer(kind):
        return abs(number)
    if pa.types.is_struct(kind):
        return {}
    return number if pa.types.is_signed_integer(kind) else 1
