# SPDX-License-Identifier: Apache-2.0
"""A record batch as a user's function sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from sabot.udf.column_view import ColumnView, column_view_of

__all__ = ["BatchView"]


class BatchView:
    """Columns by name, to read, compute with and write to.

    Writes stay in this view: the batch under it, which other operators may read, never changes.

    Examples
    --------
    >>> view = BatchView(pa.record_batch({"price": [1.0, 2.0], "quantity": [3, 4]}))
    >>> view["total"] = view["price"] * view["quantity"]
    >>> view.column_names
    ['price', 'quantity', 'total']
    >>> view.to_arrow()["total"].to_pylist()
    [3.0, 8.0]
    """

    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch
        self._views: dict[str, ColumnView] = {}
        self._written: set[str] = set()
        self._names = list(batch.schema.names)

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self._batch.num_rows

    @property
    def column_names(self) -> list[str]:
        """Names of the columns, written ones included."""
        return list(self._names)

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns as they are now."""
        return self.to_arrow().schema

    def __len__(self) -> int:
        return self._batch.num_rows

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._names))

    def __getitem__(self, name: str) -> ColumnView:
        view = self._views.get(name)
        if view is None:
            if name not in self._names:
                raise KeyError(f"no column {name!r}; the columns are: {', '.join(self._names)}")
            view = self._views[name] = ColumnView(self._batch.column(name))
        return view

    def __setitem__(self, name: str, values: Any) -> None:
        if not isinstance(name, str):
            raise TypeError(f"expected a column name, found {name!r}")
        view = column_view_of(values, len(self))
        if len(view) != len(self):
            raise ValueError(
                f"column {name!r}: {len(view):,} values for {len(self):,} rows; give one per row"
            )
        # A copy, so that later writes to one name do not show under another.
        self._views[name] = view.copy() if view is values else view
        self._written.add(name)
        if name not in self._names:
            self._names.append(name)

    def to_arrow(self) -> pa.RecordBatch:
        """Return the columns as they are now; those nobody wrote to are not copied."""
        if not self._written and not any(view.is_changed for view in self._views.values()):
            return self._batch
        arrays, fields = [], []
        for name in self._names:
            view = self._views.get(name)
            if name not in self._written and (view is None or not view.is_changed):
                arrays.append(self._batch.column(name))
                fields.append(self._batch.schema.field(name))
            else:
                arrays.append(self._views[name].to_arrow())
                fields.append(pa.field(name, arrays[-1].type))
        return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))

    def __repr__(self) -> str:
        return f"BatchView({len(self)} rows: {', '.join(self._names)})"
