# SPDX-License-Identifier: Apache-2.0
"""What users call rows, as Arrow: tables, batches, dicts, frames of other libraries, generators."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from sabot.errors import InvalidJobError

__all__ = [
    "conform",
    "is_function",
    "is_one_shot",
    "is_producer",
    "project",
    "schema_of",
    "table_of",
]

_ALLOWED = (
    "a pyarrow.Table, RecordBatch or list of them, a list of dicts, a dict of columns, anything "
    "with __arrow_c_stream__ (Polars, pandas, DuckDB), or a generator (function)"
)


def is_function(data: Any) -> bool:
    """Return whether `data` is called to get its rows: a (generator) function."""
    return callable(data) and not is_producer(data)


def is_producer(data: Any) -> bool:
    """Return whether `data` exports Arrow data."""
    return hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")


def is_one_shot(data: Any) -> bool:
    """Return whether the rows of `data` can be read only once."""
    if isinstance(data, pa.RecordBatchReader | AsyncIterator):
        return True
    return isinstance(data, Iterator) and not is_producer(data)


def schema_of(schema: Any, title: str, parameter: str = "schema") -> pa.Schema:
    """Return a declared schema: a `pyarrow.Schema` or a dict of column name to type.

    Raises
    ------
    InvalidJobError
        If it is neither.
    """
    if isinstance(schema, pa.Schema):
        return schema
    try:
        if hasattr(schema, "__arrow_c_schema__"):
            return pa.schema(schema)
        if isinstance(schema, Mapping):
            return pa.schema(
                [
                    (name, pa.type_for_alias(kind) if isinstance(kind, str) else kind)
                    for name, kind in schema.items()
                ]
            )
    except (TypeError, ValueError) as error:
        raise InvalidJobError(f"{title}: parameter '{parameter}': {error}") from error
    raise InvalidJobError(
        f"{title}: parameter '{parameter}': expected a pyarrow.Schema or a dict of column to type, "
        f"found {type(schema).__name__}"
    )


def table_of(data: Any, schema: Any, title: str) -> pa.Table:
    """Return rows in memory as one table, without copying what is Arrow already.

    Parameters
    ----------
    data
        Any rows but generators.
    schema
        The declared schema, or None.
    title
        The operator, for errors.

    Raises
    ------
    InvalidJobError
        If `data` is of another kind, or does not fit the schema.
    """
    declared = None if schema is None else schema_of(schema, title)
    try:
        table = _table_of(data, declared)
        return table if declared is None else conform(table, declared)
    except _UnknownKindError as error:
        raise InvalidJobError(f"{title}: parameter 'data': {error}; expected {_ALLOWED}") from None
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise InvalidJobError(f"{title}: parameter 'data': {error}") from error


class _UnknownKindError(TypeError):
    """Not what rows come in."""


def _table_of(data: Any, schema: pa.Schema | None) -> pa.Table:
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if hasattr(data, "__arrow_c_stream__"):
        return pa.RecordBatchReader.from_stream(data).read_all()
    if hasattr(data, "__arrow_c_array__"):
        return pa.Table.from_batches([pa.record_batch(data)])
    if isinstance(data, Mapping):
        return _table_of_columns(data, schema)
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _table_of_list(data, schema)
    raise _UnknownKindError(f"found {type(data).__name__}")


def _table_of_columns(columns: Mapping[str, Any], schema: pa.Schema | None) -> pa.Table:
    if columns and not any(
        is_producer(column) or (hasattr(column, "__len__") and not isinstance(column, str | bytes))
        for column in columns.values()
    ):
        return pa.Table.from_pylist([dict(columns)], schema=schema)  # one record
    arrays = {name: _array_of(column) for name, column in columns.items()}
    return pa.table(arrays)


def _array_of(column: Any) -> Any:
    if hasattr(column, "to_arrow"):  # a ColumnView, a Polars series
        return column.to_arrow()
    return column


def _table_of_list(items: Sequence[Any], schema: pa.Schema | None) -> pa.Table:
    items = list(items)
    if not items:
        if schema is None:
            raise ValueError("the list is empty, so its columns are unknown; declare 'schema'")
        return schema.empty_table()
    if isinstance(items[0], Mapping):
        wrong = next((i for i, item in enumerate(items) if not isinstance(item, Mapping)), None)
        if wrong is not None:
            raise TypeError(f"item {wrong} is no dict, but item 0 is")
        return _table_of_records(items, schema)
    return pa.concat_tables(_table_of(item, schema) for item in items)


def _table_of_records(records: Sequence[Mapping[str, Any]], schema: pa.Schema | None) -> pa.Table:
    if schema is not None:
        return pa.Table.from_arrays([_column_of(records, f) for f in schema], schema=schema)
    try:
        return pa.Table.from_pylist(_all_keys(records))
    except (pa.ArrowException, TypeError, OverflowError) as error:
        for name in dict.fromkeys(name for record in records for name in record):
            try:
                pa.array([record.get(name) for record in records])
            except (pa.ArrowException, TypeError, OverflowError) as cause:
                raise pa.ArrowInvalid(f"column {name!r}: {cause}") from error
        raise


def _column_of(records: Sequence[Mapping[str, Any]], field: pa.Field) -> pa.Array:
    """Return a column of a declared type.

    pyarrow makes 1 of 1.5 without a word where an integer is declared, and cuts times: a value of
    which only a part would be kept is an error here.
    """
    values = [record.get(field.name) for record in records]
    inferred = None
    # Rounding is what floats are for, and text is kept or refused.
    if not (pa.types.is_floating(field.type) or pa.types.is_string(field.type)):
        try:
            inferred = pa.array(values)
        except (pa.ArrowException, TypeError, OverflowError):
            pass  # the declared type may help
    if inferred is not None and inferred.type.equals(field.type):
        return inferred
    try:
        column = pa.array(values, field.type)
    except (pa.ArrowException, TypeError, OverflowError) as error:
        raise pa.ArrowInvalid(f"column {field.name!r}: {error}") from error
    if inferred is not None:
        _check_kept(values, inferred, column, field)
    return column


def _check_kept(
    values: Sequence[Any], inferred: pa.Array, column: pa.Array, field: pa.Field
) -> None:
    try:
        inferred.cast(field.type)
    except pa.ArrowInvalid as error:
        kept = column.to_pylist()
        if any(a is not None and a != b for a, b in zip(values, kept, strict=True)):
            raise pa.ArrowInvalid(
                f"column {field.name!r} is {field.type}, which would cut a value: {error}"
            ) from error
    except (pa.ArrowException, TypeError, OverflowError):
        pass  # not comparable that way; the column has taken them as they are


def _all_keys(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return records of which the first has every key: from_pylist looks at no other."""
    names = dict.fromkeys(name for record in records for name in record)
    first = {name: records[0].get(name) for name in names}
    return [first, *(dict(record) for record in records[1:])]


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return `table` with the columns, order and types of `schema`; missing ones are null.

    Raises
    ------
    pyarrow.ArrowInvalid
        If a value does not fit its type.
    """
    if table.schema.equals(schema):
        return table
    columns = []
    for field in schema:
        index = table.schema.get_field_index(field.name)
        if index < 0:
            columns.append(pa.nulls(table.num_rows, field.type))
            continue
        column = table.column(index)
        if not column.type.equals(field.type):
            try:
                column = column.cast(field.type)
            except pa.ArrowException as error:
                raise pa.ArrowInvalid(
                    f"column {field.name!r} of type {column.type} does not fit {field.type}: "
                    f"{error}"
                ) from error
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=schema)


def project(
    schema: pa.Schema, columns: Collection[str] | None, title: str, parameter: str = "columns"
) -> list[str]:
    """Return the columns to read: all of `schema`, or those asked for.

    A mapping says of each which parameter asks for it.

    Raises
    ------
    InvalidJobError
        If one does not exist.
    """
    if columns is None:
        return list(schema.names)
    if isinstance(columns, str) or not all(isinstance(name, str) for name in columns):
        raise InvalidJobError(
            f"{title}: parameter '{parameter}': expected a list of column names, found {columns!r}"
        )
    for name in columns:
        if name not in schema.names:
            if isinstance(columns, Mapping):
                parameter = columns[name]
            raise InvalidJobError(
                f"{title}: parameter '{parameter}': there is no column {name!r}; the columns are: "
                f"{', '.join(schema.names)}"
            )
    return list(columns)


def is_async(data: Any) -> bool:
    """Return whether `data` yields in an event loop."""
    return isinstance(data, AsyncIterator) or inspect.isasyncgenfunction(data)
