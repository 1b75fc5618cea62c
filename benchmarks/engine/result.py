# SPDX-License-Identifier: Apache-2.0
"""Results of different engines, made comparable, and compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

_TOLERANCE = 1e-9  # relative; engines add floats in different orders


class ResultDiffers(AssertionError):
    """Two engines do not agree."""


def table_of(result: Any) -> pa.Table:
    """Return a result as Arrow: a table, a Polars frame, or a function that fetches one."""
    if callable(result):
        result = result()
    if not isinstance(result, pa.Table):
        result = pa.table(result)
    return pa.table({name: _plain(result.column(name)) for name in result.column_names})


class Agreement:
    """The first result it sees is what all others must equal.

    The rows are compared once per contestant; after that only their number, which is cheap.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self._keys = keys
        self._expected: pa.Table | None = None
        self._first = ""
        self._seen: set[str] = set()
        self.row_count = 0

    def accept(self, name: str, result: Any) -> None:
        """Take a result.

        Raises
        ------
        ResultDiffers
            If it is not the first one's.
        """
        if name in self._seen:
            # What a function would fetch was compared before.
            if not callable(result) and len(result) != self.row_count:
                raise ResultDiffers(f"{name}: {len(result)} rows, before {self.row_count}")
            return
        self._seen.add(name)
        table = table_of(result)
        if self._keys:
            table = table.sort_by([(key, "ascending") for key in self._keys])
        if self._expected is None:
            self._expected, self._first, self.row_count = table, name, table.num_rows
            return
        self._compare(name, table)

    def _compare(self, name: str, table: pa.Table) -> None:
        expected = self._expected
        assert expected is not None
        if set(table.column_names) != set(expected.column_names):
            raise ResultDiffers(f"{name}: {table.column_names}, not {expected.column_names}")
        if table.num_rows != expected.num_rows:
            raise ResultDiffers(f"{name}: {table.num_rows} rows, not {expected.num_rows}")
        for column in expected.column_names:
            left, right = expected.column(column), table.column(column)
            if pt.is_floating(left.type):
                left, right = left.to_numpy(), right.to_numpy()
                same = np.allclose(left, right, rtol=_TOLERANCE, atol=0.0, equal_nan=True)
            else:
                same = left.equals(right)
            if not same:
                raise ResultDiffers(f"{name}: column {column!r} differs from that of {self._first}")


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return integers as int64, text as large_string, timestamps in µs, in one piece."""
    kind = column.type
    if pt.is_timestamp(kind):
        return column.cast(pa.timestamp("us", kind.tz)).combine_chunks()
    if pt.is_integer(kind):
        return column.cast(pa.int64())
    if pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind):
        return column.cast(pa.large_string()).combine_chunks()
    return column
