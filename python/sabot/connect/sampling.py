# SPDX-License-Identifier: Apache-2.0
"""Statistics of rows in memory: exact of few, of a sample of many."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from sabot.connect.source_statistics import Bound, ColumnSummary, SourceStatistics

__all__ = ["bound_of", "table_statistics"]

_EXACT_ROWS = 8_192  # so many are looked at one by one
_RANGE_ROWS = 65_536  # so many whole numbers and times for their bounds, which takes 0.1 ms
_SAMPLE_ROWS = 4_096
_PIECE_ROWS = 64  # of a column of runs, of which no single rows can be taken
_MILLIS_PER_DAY = 86_400_000
_CHUNKS = 512  # that a sample is taken from, at most


def table_statistics(
    table: pa.Table, names: Sequence[str], row_count: int | None = None
) -> SourceStatistics:
    """Return what there is to know of some columns in a fraction of a millisecond each.

    Parameters
    ----------
    table
        The rows, or some of them.
    names
        The columns to tell of.
    row_count
        How many rows there are, if not these.

    Examples
    --------
    >>> table_statistics(pa.table({"n": [3, 5, 5, None]}), ["n"]).columns["n"].distinct_count
    2
    """
    total = table.num_rows if row_count is None else row_count
    if table.num_rows == 0:
        return SourceStatistics(total)
    columns = {name: _column_summary(table.column(name), total) for name in names}
    return SourceStatistics(total, columns)


def _column_summary(column: pa.ChunkedArray, total: int) -> ColumnSummary:
    """Return the summary of a column of `total` rows, of which these are some."""
    rows = len(column)
    if pt.is_run_end_encoded(column.type):  # it says that none of its rows is null
        column = _decoded(column)
        rows = len(column)
    sample = column if rows <= _EXACT_ROWS else _sampled(column)
    nulls = round(column.null_count * total / rows)
    if rows == column.null_count:
        return ColumnSummary(None, None, nulls, 0)
    try:
        sample = _plain(sample).drop_null()
        is_quick = pt.is_primitive(column.type) and not pt.is_floating(column.type)
        bounds = column if is_quick and rows <= _RANGE_ROWS else sample
        found = pc.min_max(_plain(bounds))
        return ColumnSummary(
            bound_of(found["min"]),
            bound_of(found["max"]),
            nulls,
            _distinct(sample, total - nulls),
            _average_width(sample),
        )
    except pa.ArrowException:
        return ColumnSummary(null_count=nulls)  # a type without order, or without equality


def bound_of(scalar: pa.Scalar) -> Bound | None:
    """Return a value as a bound of its column; None where it has none: null, lists."""
    kind = scalar.type
    if not scalar.is_valid or pt.is_interval(kind) or pt.is_decimal256(kind):
        return None
    if pt.is_date64(kind):
        return int(scalar.value // _MILLIS_PER_DAY)
    if pt.is_temporal(kind):
        return int(scalar.value)
    value: Bound = scalar.as_py()
    return None if value != value else value  # NaN


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values of runs; of many rows, those of short pieces all over the column."""
    count = _SAMPLE_ROWS // _PIECE_ROWS
    pieces = [column]
    if len(column) > _EXACT_ROWS:
        starts = ((len(column) - _PIECE_ROWS) * index // (count - 1) for index in range(count))
        pieces = [column.slice(start, _PIECE_ROWS) for start in starts]
    decoded = [pc.run_end_decode(chunk) for piece in pieces for chunk in piece.chunks]
    return pa.chunked_array(decoded, column.type.value_type)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values of a column in a type that pyarrow orders."""
    kind = column.type
    if pt.is_dictionary(kind):
        return _plain(column.cast(kind.value_type))
    if pt.is_string_view(kind):
        return column.cast(pa.large_string())
    if pt.is_binary_view(kind):
        return column.cast(pa.large_binary())
    if pt.is_float16(kind):
        return column.cast(pa.float32())
    if pt.is_duration(kind):
        return column.cast(pa.int64())
    return column


def _sampled(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values at random places, each once, and the first and the last one."""
    chunks = [chunk for chunk in column.chunks if len(chunk)]
    if len(chunks) > _CHUNKS:
        chunks = [chunks[i * len(chunks) // _CHUNKS] for i in range(_CHUNKS)]
    ends = list(accumulate(len(chunk) for chunk in chunks))
    places = (_places() * (ends[-1] - 1)).astype(np.int64)
    places = places[np.diff(places, prepend=-1) > 0]
    cuts = [0, *np.searchsorted(places, ends).tolist()]
    pieces = [
        chunk.take(_indices(places[first:last] - (end - len(chunk))))
        for chunk, end, (first, last) in zip(chunks, ends, pairwise(cuts), strict=True)
    ]
    return pa.chunked_array(pieces, column.type)


def _indices(places: np.ndarray) -> pa.Array:
    """Return the places as an array; `pyarrow.array` would import pandas first."""
    return pa.Array.from_buffers(pa.int64(), len(places), [None, pa.py_buffer(places)])


@cache
def _places() -> np.ndarray:
    """Return the places of a sample from 0 to 1, in order; always the same."""
    places = np.sort(np.random.default_rng(5).random(_SAMPLE_ROWS))
    places[0], places[-1] = 0, 1
    return places


def _distinct(sample: pa.ChunkedArray, rows: int) -> int:
    """Return how many values there are among `rows` of which these are a sample.

    The estimator is that of Haas and Stokes (1998), "Duj1": n d / (n - f + f n / N) of n sampled
    rows with d values, f of them once, of N rows.
    """
    counts = pc.value_counts(sample).field("counts")
    values = len(counts)
    if len(sample) >= rows or values == 0:
        return values
    once = pc.sum(pc.equal(counts, 1)).as_py() or 0
    size = len(sample)
    estimate = size * values / (size - once + once * size / rows)
    return round(min(max(estimate, values), rows))


def _average_width(sample: pa.ChunkedArray) -> float | None:
    kind = sample.type
    if not (
        pt.is_string(kind)
        or pt.is_large_string(kind)
        or pt.is_binary(kind)
        or pt.is_large_binary(kind)
    ):
        return None
    width: float | None = pc.mean(pc.binary_length(sample)).as_py()
    return width
