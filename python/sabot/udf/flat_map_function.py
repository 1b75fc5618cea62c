# SPDX-License-Identifier: Apache-2.0
"""A FLAT_MAP function as the engine calls it: a batch in, any number of rows out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from sabot.udf.batch_view import BatchView
from sabot.udf.function_options import function_of
from sabot.udf.outcome import conform_batch
from sabot.udf.schema_trial import find_schema

if TYPE_CHECKING:
    from sabot.execution.node import StreamOperatorNode

__all__ = ["FlatMapFunction"]


class FlatMapFunction:
    """Runs a user's function that gives any number of rows for a batch.

    It returns, or yields, what has rows: a batch, a table, a dict of columns, a list of dicts (one
    per row), or any number of these. None and nothing mean no rows.

    Parameters
    ----------
    node
        A FLAT_MAP node with a function.
    schema
        The columns of the input.

    Raises
    ------
    InvalidJobError
        If the function cannot be called, or its columns cannot be found out.
    """

    def __init__(self, node: StreamOperatorNode, schema: pa.Schema) -> None:
        self._title = node.title
        self._function = function_of(node)
        declared = node.parameters.get("schema")
        self.output_schema = find_schema(declared, schema, node.title, self._attempt)

    def __call__(self, schema: object, array: object | None) -> pa.RecordBatch | None:
        """Return the rows for a batch."""
        batch = pa.RecordBatch._import_from_c_capsule(schema, array)
        parts = [
            conform_batch(part, self.output_schema, self._title)
            for part in self._parts(batch, self.output_schema)
            if part.num_rows > 0
        ]
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else pa.concat_batches(parts)

    def close(self) -> None:
        """Do nothing: a function holds nothing."""

    def _attempt(self, batch: pa.RecordBatch) -> tuple[pa.Schema, bool]:
        for part in self._parts(batch, None):
            return part.schema, part.num_rows > 0
        raise ValueError("the function gave no rows, so its columns are unknown")

    def _parts(self, batch: pa.RecordBatch, schema: pa.Schema | None) -> list[pa.RecordBatch]:
        with np.errstate(all="ignore"):  # numbers wrap and divide by the rules of columns
            return list(self._parts_of(self._function(BatchView(batch)), schema))

    def _parts_of(self, value: Any, schema: pa.Schema | None) -> Iterator[pa.RecordBatch]:
        if value is None:
            return
        if isinstance(value, BatchView):
            yield value.to_arrow()
        elif isinstance(value, pa.RecordBatch):
            yield value
        elif isinstance(value, pa.Table):
            yield from value.to_batches()
        elif isinstance(value, Mapping):
            yield self._columns(value)
        elif isinstance(value, Iterable) and not isinstance(value, str | bytes):
            yield from self._items(value, schema)
        else:
            raise TypeError(
                f"{self._title}: the function returned {type(value).__name__}; expected a batch, a "
                "table, a dict of columns, a list of dicts, or an iterable of these"
            )

    def _items(self, items: Iterable[Any], schema: pa.Schema | None) -> Iterator[pa.RecordBatch]:
        rows: list[Mapping[str, Any]] = []
        for item in items:
            if isinstance(item, Mapping) and not _is_columns(item):
                rows.append(item)
                continue
            if rows:
                yield self._rows(rows, schema)
                rows = []
            yield from self._parts_of(item, schema)
        if rows:
            yield self._rows(rows, schema)

    def _rows(self, rows: list[Mapping[str, Any]], schema: pa.Schema | None) -> pa.RecordBatch:
        if schema is not None:
            for row in rows:
                unknown = [name for name in row if name not in schema.names]
                if unknown:
                    raise TypeError(
                        f"{self._title}: the function returned a row with column {unknown[0]!r}; "
                        f"expected {schema.names}. Return the same columns for every batch, or "
                        "declare parameters['schema']"
                    )
        try:
            return pa.RecordBatch.from_pylist(rows, schema=schema)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise TypeError(
                f"{self._title}: the rows that the function returned cannot become columns: {error}"
            ) from error

    def _columns(self, columns: Mapping[str, Any]) -> pa.RecordBatch:
        from sabot.udf.outcome import column_to_array

        arrays = {
            name: column_to_array(value, name, self._title)[0] for name, value in columns.items()
        }
        lengths = {name: len(array) for name, array in arrays.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(
                f"{self._title}: the function returned columns of different lengths: {lengths}"
            )
        return pa.RecordBatch.from_pydict(arrays)


def _is_columns(item: Mapping[str, Any]) -> bool:
    """Return whether a dict is columns, not one row: all its values are arrays or column views."""
    from sabot.udf.column_view import ColumnView

    kinds = (ColumnView, pa.Array, pa.ChunkedArray, np.ndarray)
    return bool(item) and all(isinstance(value, kinds) for value in item.values())
