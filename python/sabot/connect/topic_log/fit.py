# SPDX-License-Identifier: Apache-2.0
"""Which Arrow types fit into which: the rules of widening.

A column keeps its type for ever, except that unknown parts become known (``null``, ``list<null>``)
and structs gain nullable fields. What fits is what a checked cast can store without loss.
"""

import pyarrow as pa
from pyarrow import types

_EXACT_INT_BITS = {pa.float16(): 11, pa.float32(): 24, pa.float64(): 53}
_UNITS = ("s", "ms", "us", "ns")


def fit_type(
    stored: pa.DataType, incoming: pa.DataType, *, is_inferred: bool
) -> pa.DataType | None:
    """Return the type a column has once it holds values of both types, or None if it cannot.

    Parameters
    ----------
    stored
        The column's type.
    incoming
        The type of the values to append.
    is_inferred
        The type was guessed from Python or JSON values, which know no widths: then an integer may
        go into any number and a text into a time, as long as each value fits.
    """
    if stored.equals(incoming) or types.is_null(incoming):
        return stored
    if types.is_null(stored):
        return incoming
    if stored.num_fields and stored.id == incoming.id and not types.is_dictionary(stored):
        return _fit_nested(stored, incoming, is_inferred)
    if types.is_dictionary(stored) or types.is_dictionary(incoming):
        return stored if _values(stored).equals(_values(incoming)) else None
    fits = _is_lossless(stored, incoming) or (is_inferred and _is_literal(stored, incoming))
    return stored if fits else None


def _fit_nested(
    stored: pa.DataType, incoming: pa.DataType, is_inferred: bool
) -> pa.DataType | None:
    if types.is_struct(stored):
        return _fit_struct(stored, incoming, is_inferred)
    if types.is_map(stored):
        key = fit_type(stored.key_type, incoming.key_type, is_inferred=is_inferred)
        item = _fit_field(stored.item_field, incoming.item_field, is_inferred)
        known = key is not None and item is not None
        return pa.map_(key, item, keys_sorted=stored.keys_sorted) if known else None
    makers = (
        (types.is_list, pa.list_),
        (types.is_large_list, pa.large_list),
        (types.is_list_view, pa.list_view),
        (types.is_large_list_view, pa.large_list_view),
    )
    for is_kind, make in makers:
        if is_kind(stored):
            value = _fit_field(stored.value_field, incoming.value_field, is_inferred)
            return None if value is None else make(value)
    if types.is_fixed_size_list(stored) and stored.list_size == incoming.list_size:
        value = _fit_field(stored.value_field, incoming.value_field, is_inferred)
        return None if value is None else pa.list_(value, stored.list_size)
    return None


def _fit_struct(
    stored: pa.DataType, incoming: pa.DataType, is_inferred: bool
) -> pa.DataType | None:
    fields = {field.name: field for field in stored}
    added = {field.name: field for field in incoming}
    if len(fields) != stored.num_fields or len(added) != incoming.num_fields:
        return None  # a name that occurs twice cannot be matched
    for name, field in added.items():
        old = fields.get(name)
        fitted = field.with_nullable(True) if old is None else _fit_field(old, field, is_inferred)
        if fitted is None:
            return None
        fields[name] = fitted
    return pa.struct([f if name in added else f.with_nullable(True) for name, f in fields.items()])


def _fit_field(stored: pa.Field, incoming: pa.Field, is_inferred: bool) -> pa.Field | None:
    fitted = fit_type(stored.type, incoming.type, is_inferred=is_inferred)
    if fitted is None:
        return None
    return stored.with_type(fitted).with_nullable(stored.nullable or incoming.nullable)


def _is_lossless(stored: pa.DataType, incoming: pa.DataType) -> bool:
    """Whether every value of `incoming` is one of `stored`."""
    if types.is_integer(incoming):
        is_signed = types.is_signed_integer(incoming)
        if types.is_integer(stored):
            has_room = stored.bit_width > incoming.bit_width
            return has_room and (types.is_signed_integer(stored) or not is_signed)
        return incoming.bit_width - is_signed <= _EXACT_INT_BITS.get(stored, -1)
    if incoming in _EXACT_INT_BITS:
        return _EXACT_INT_BITS.get(stored, 0) > _EXACT_INT_BITS[incoming]
    if types.is_decimal(stored) and types.is_decimal(incoming):
        whole = stored.precision - stored.scale >= incoming.precision - incoming.scale
        return whole and stored.scale >= incoming.scale
    if types.is_timestamp(stored) and types.is_timestamp(incoming):
        return _same_clock(stored, incoming) and _is_finer(stored.unit, incoming.unit)
    if types.is_duration(stored) and types.is_duration(incoming):
        return _is_finer(stored.unit, incoming.unit)
    return (_is_text(stored) and _is_text(incoming)) or (_is_bytes(stored) and _is_bytes(incoming))


def _is_literal(stored: pa.DataType, incoming: pa.DataType) -> bool:
    """Whether a Python or JSON value of the guessed type may be meant as `stored`."""
    if types.is_integer(incoming):
        return types.is_integer(stored) or types.is_floating(stored) or types.is_decimal(stored)
    if types.is_floating(incoming):
        return types.is_floating(stored)
    if types.is_decimal(incoming):
        return types.is_decimal(stored)
    if types.is_timestamp(incoming):
        return types.is_timestamp(stored) and _same_clock(stored, incoming)
    if types.is_string(incoming):
        return types.is_timestamp(stored) or types.is_date(stored) or types.is_time(stored)
    return types.is_duration(stored) and types.is_duration(incoming)


def _same_clock(stored: pa.DataType, incoming: pa.DataType) -> bool:
    return (stored.tz is None) == (incoming.tz is None)


def _is_finer(stored: str, incoming: str) -> bool:
    return _UNITS.index(stored) >= _UNITS.index(incoming)


def _is_text(type_: pa.DataType) -> bool:
    return types.is_string(type_) or types.is_large_string(type_) or types.is_string_view(type_)


def _is_bytes(type_: pa.DataType) -> bool:
    return types.is_binary(type_) or types.is_large_binary(type_) or types.is_binary_view(type_)


def _values(type_: pa.DataType) -> pa.DataType:
    return type_.value_type if types.is_dictionary(type_) else type_
