# SPDX-License-Identifier: Apache-2.0
"""What the footer of a Parquet file tells of its columns; no page is read.

Rows, nulls, smallest and largest values stand there. How many values a column has stands there
rarely, but its size does: a dictionary of ``d`` values of ``w`` bytes, and for every row a position
in it of ``log2(d)`` bits, take a number of bytes that only one ``d`` gives.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from sabot.connect.source_statistics import (
    Bound,
    ColumnSummary,
    SourceStatistics,
    merged,
    scaled,
)

__all__ = ["footer_statistics"]

_EPOCH = dt.date(1970, 1, 1)
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_UNITS = {"milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}

_PLAIN_SHARE = 0.9  # of the size without a dictionary: then the dictionary was given up
_LENGTH_BYTES = 4  # before a text in a dictionary
_BITS_MAX = 20  # a dictionary of more values is given up
_OVERHEAD_SHARE = 0.02  # of the heads of runs
_OVERHEAD_SHARE_FEW = 0.15  # of two or four values, that make more runs
_ROWS_TO_TELL = 4_096  # in fewer, heads of pages weigh too much to tell runs from none
_PAGE_ROWS = 20_000
_PAGE_BYTES = 60  # of the head of a page
_RUN_BYTES = 4  # of a position that many rows share


def footer_statistics(
    metadata: pq.FileMetaData, leaves: dict[str, int], fields: pa.Schema, group_count: int
) -> SourceStatistics:
    """Return the statistics of a file.

    Parameters
    ----------
    metadata
        The footer.
    leaves
        The physical column of each column to tell of.
    fields
        Their types.
    group_count
        So many row groups are looked at, at most; the others are taken to be like them.
    """
    total = metadata.num_row_groups
    if total == 0:
        return SourceStatistics(metadata.num_rows)
    looked = range(total) if total <= group_count else _spread(total, group_count)
    parts = [_group_statistics(metadata.row_group(index), leaves, fields) for index in looked]
    return scaled(merged(parts, list(leaves)), metadata.num_rows)


def _spread(total: int, count: int) -> Sequence[int]:
    """Return `count` positions, the first and the last among them."""
    if count <= 1:
        return [total - 1]
    return [index * (total - 1) // (count - 1) for index in range(count)]


def _group_statistics(
    group: pq.RowGroupMetaData, leaves: dict[str, int], fields: pa.Schema
) -> SourceStatistics:
    return SourceStatistics(
        group.num_rows,
        {
            name: _column_summary(group.column(leaf), fields.field(name).type)
            for name, leaf in leaves.items()
        },
    )


def _column_summary(chunk: pq.ColumnChunkMetaData, kind: pa.DataType) -> ColumnSummary:
    statistics = chunk.statistics
    if statistics is None:
        return ColumnSummary()
    nulls = statistics.null_count if statistics.has_null_count else None
    least = greatest = None
    if statistics.has_min_max:
        least, greatest = _bounds(statistics, kind)
    width = _value_width(least, greatest)
    distinct = statistics.distinct_count if statistics.has_distinct_count else None
    is_clustered = False
    if nulls == chunk.num_values:
        distinct = 0
    elif distinct is None and chunk.has_dictionary_page:
        distinct, is_clustered = _dictionary_values(chunk, nulls, width, kind)
    return ColumnSummary(least, greatest, nulls, distinct, width, is_clustered)


def _bounds(statistics: pq.Statistics, kind: pa.DataType) -> tuple[Any, Any]:
    """Return the smallest and the largest value; None where the footer has another kind."""
    if pt.is_timestamp(kind) or pt.is_time(kind):
        # pyarrow makes Python objects of them at the price of importing pandas
        unit = _UNITS.get(json.loads(statistics.logical_type.to_json()).get("timeUnit"))
        raws = statistics.min_raw, statistics.max_raw
        if unit is None or not all(isinstance(raw, int) for raw in raws):
            return None, None
        per_second = _PER_SECOND[kind.unit]
        return raws[0] * per_second // unit, raws[1] * per_second // unit
    least: Any = statistics.min
    greatest: Any = statistics.max
    if pt.is_date32(kind):
        return (least - _EPOCH).days, (greatest - _EPOCH).days
    if least != least or greatest != greatest:
        return None, None  # NaN has no place in an order
    return (least, greatest) if isinstance(least, _bound_type(kind)) else (None, None)


def _bound_type(kind: pa.DataType) -> type | tuple[()]:
    """Return what bounds of a type are in Python; nothing for types that have none."""
    if pt.is_dictionary(kind):
        return _bound_type(kind.value_type)
    if pt.is_boolean(kind):
        return bool
    if pt.is_integer(kind):
        return int
    if pt.is_float32(kind) or pt.is_float64(kind):
        return float
    if pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind):
        return str
    if _is_variable(kind) or pt.is_fixed_size_binary(kind):
        return bytes
    return Decimal if pt.is_decimal(kind) and not pt.is_decimal256(kind) else ()


def _is_variable(kind: pa.DataType) -> bool:
    return bool(
        pt.is_string(kind)
        or pt.is_large_string(kind)
        or pt.is_string_view(kind)
        or pt.is_binary(kind)
        or pt.is_large_binary(kind)
        or pt.is_binary_view(kind)
        or (pt.is_dictionary(kind) and _is_variable(kind.value_type))
    )


def _value_width(least: Bound | None, greatest: Bound | None) -> float | None:
    """Return bytes of a text: about what the bounds have."""
    if not isinstance(least, str | bytes) or not isinstance(greatest, str | bytes):
        return None
    return (_length(least) + _length(greatest)) / 2


def _length(text: str | bytes) -> int:
    return len(text.encode() if isinstance(text, str) else text)


_PHYSICAL_BYTES = {"INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8}


def _dictionary_values(
    chunk: pq.ColumnChunkMetaData, nulls: int | None, width: float | None, kind: pa.DataType
) -> tuple[int | None, bool]:
    """Return how many values the dictionary has, and whether equal ones stand together."""
    bytes_each: float
    if chunk.physical_type in _PHYSICAL_BYTES:
        bytes_each = _PHYSICAL_BYTES[chunk.physical_type]
    elif chunk.physical_type == "BYTE_ARRAY" and width is not None:
        bytes_each = width + _LENGTH_BYTES
    elif pt.is_decimal(kind):  # as few bytes as its digits need
        bytes_each = math.ceil((kind.precision * math.log2(10) + 1) / 8)
    elif pt.is_fixed_size_binary(kind):
        bytes_each = kind.byte_width
    else:
        return None, False
    rows, size = chunk.num_values, chunk.total_uncompressed_size
    if nulls is not None and nulls > 0:
        size -= -(-rows // 8)  # a bit says whether there is a value
        rows -= nulls
    if size >= _PLAIN_SHARE * rows * bytes_each and rows * bytes_each > 1 << 20:
        return None, False  # given up for plain values, at about a mebibyte
    size -= _PAGE_BYTES * (1 + rows // _PAGE_ROWS)
    values = _shuffled_values(size, rows, bytes_each)
    is_clustered = values is None
    if values is None:
        values = size / (bytes_each + _RUN_BYTES)  # rows of a value share a run
    return max(1, min(round(values), rows)), is_clustered and rows >= _ROWS_TO_TELL


def _shuffled_values(size: int, rows: int, bytes_each: float) -> float | None:
    """Return how many values a dictionary and as many positions as rows hold in so many bytes.

    None if there are fewer bytes than positions would take: many are written once.
    """
    for bits in range(_BITS_MAX, 0, -1):
        values = min((size - rows * bits / 8) / bytes_each, 2**bits)
        if values > 2 ** (bits - 1):
            found = values * bytes_each + rows * bits / 8
            overhead = _OVERHEAD_SHARE if bits > 2 else _OVERHEAD_SHARE_FEW
            return values if size - found <= overhead * size else None
    return None
