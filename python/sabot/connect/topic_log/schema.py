# SPDX-License-Identifier: Apache-2.0
"""The columns of a topic: how they widen, what fits into them, how a batch takes their shape.

The *stored* schema starts with the reserved columns; the *visible* one has the values alone. All
stored columns are nullable. A column that has only been null so far has Arrow's null type; it is
not written, and takes its type from the first batch that has one.
"""

from collections.abc import Sequence

import pyarrow as pa
from pyarrow import types

from .errors import TopicSchemaError, UnknownTopicError
from .fit import fit_type

TIMESTAMP = "_timestamp"
KEY = "_key"
OFFSET = "_offset"
RESERVED = (TIMESTAMP, KEY, OFFSET)
TIMESTAMP_TYPE = pa.timestamp("ms", tz="UTC")

EMPTY_STORED = pa.schema([pa.field(TIMESTAMP, TIMESTAMP_TYPE)])


def visible_schema(stored: pa.Schema) -> pa.Schema:
    """Return the value columns of a stored schema."""
    return pa.schema([field for field in stored if field.name not in RESERVED])


def written_schema(stored: pa.Schema) -> pa.Schema:
    """Return the columns that a segment holds: those whose type is known."""
    return pa.schema([field for field in stored if not types.is_null(field.type)])


def read_schema(
    stored: pa.Schema, columns: Sequence[str] | None, with_metadata: bool, topic: str
) -> pa.Schema:
    """Return the schema a reader gets: `columns` in their order, or all values.

    Raises
    ------
    UnknownTopicError
        If the topic has no such column.
    """
    names = visible_schema(stored).names if columns is None else list(columns)
    if with_metadata:
        reserved = [name for name in (TIMESTAMP, KEY) if name in stored.names]
        names = [*reserved, *(name for name in names if name not in reserved)]
    for name in names:
        if name not in stored.names:
            raise UnknownTopicError(
                f"topic {topic!r} has no column {name!r}; it has "
                f"{', '.join(visible_schema(stored).names) or 'no columns yet'}"
            )
    return pa.schema([stored.field(name) for name in names])


def check_value_columns(schema: pa.Schema, topic: str) -> None:
    """Refuse columns that the log keeps for itself, and names that occur twice."""
    for name in schema.names:
        if name in RESERVED:
            raise TopicSchemaError(
                f"topic {topic!r}: column {name!r} is reserved for the log; rename the column (or "
                "use keys=, key_column=, timestamps=, timestamp_column=)"
            )
        if schema.names.count(name) > 1:
            raise TopicSchemaError(f"topic {topic!r}: column {name!r} occurs twice; rename one")


def widen_schema(
    stored: pa.Schema, incoming: pa.Schema, *, topic: str, is_inferred: bool
) -> pa.Schema:
    """Return `stored` with the new columns of `incoming`, or `stored` itself if nothing changes.

    Raises
    ------
    TopicSchemaError
        If a column of `incoming` does not fit.
    """
    fields = {field.name: field for field in stored}
    for field in incoming:
        old = fields.get(field.name)
        if old is None:
            fields[field.name] = field.with_nullable(True)
            continue
        fitted = fit_type(old.type, field.type, is_inferred=is_inferred)
        if fitted is None:
            raise TopicSchemaError(misfit(topic, field.name, old.type, field.type))
        if not fitted.equals(old.type):
            fields[field.name] = old.with_type(fitted)
    widened = pa.schema(fields.values())
    return stored if widened.equals(stored) else widened


def conform_batch(batch: pa.RecordBatch, schema: pa.Schema, topic: str) -> pa.RecordBatch:
    """Return `batch` with exactly the columns of `schema`: cast, in order, nulls where missing.

    Raises
    ------
    TopicSchemaError
        If a value does not fit its column.
    """
    columns = []
    for field in schema:
        i = batch.schema.get_field_index(field.name)
        if i < 0:
            columns.append(pa.nulls(batch.num_rows, field.type))
            continue
        column = batch.column(i)
        if not column.type.equals(field.type):
            try:
                column = column.cast(field.type)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                message = misfit(topic, field.name, field.type, column.type)
                raise TopicSchemaError(f"{message} ({error})") from error
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def misfit(topic: str, column: str, stored: pa.DataType, incoming: pa.DataType) -> str:
    """Say that a type does not fit."""
    return (
        f"topic {topic!r}: column {column!r} is {stored}, and {incoming} does not fit into it; "
        "cast the column before appending, or write to another topic"
    )


def has_dictionaries(schema: pa.Schema) -> bool:
    """Whether any column, however deep, is dictionary-encoded."""
    return any(_has_dictionary(field.type) for field in schema)


def _has_dictionary(type_: pa.DataType) -> bool:
    if types.is_dictionary(type_):
        return True
    if isinstance(type_, pa.BaseExtensionType):
        return _has_dictionary(type_.storage_type)
    return any(_has_dictionary(type_.field(i).type) for i in range(type_.num_fields))
