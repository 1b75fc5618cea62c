# SPDX-License-Identifier: Apache-2.0
"""Finding out which columns a function gives, before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from sabot.errors import InvalidJobError
from sabot.udf.trial_batches import empty_batch, typical_batch, varied_batches

__all__ = ["find_schema"]

# The columns for a batch, and whether they are certain: an empty list has no type.
Attempt = Callable[[pa.RecordBatch], tuple[pa.Schema, bool]]


def find_schema(declared: Any, schema: pa.Schema, title: str, attempt: Attempt) -> pa.Schema:
    """Return the columns that a function gives for the columns it gets.

    Declared ones count; else the function is called once without rows, and once with one ordinary
    row where that does not tell. Where it may still depend on the values, because it writes to the
    batch it got, it is also called with other rows: a float in one branch makes the column float64.

    Parameters
    ----------
    declared
        ``parameters['schema']``, or None.
    schema
        The columns of the input.
    title
        The operator, for errors.
    attempt
        Calls the function with a batch.

    Raises
    ------
    InvalidJobError
        If the columns stay unknown.
    """
    if declared is not None:
        from sabot.connect.rows import schema_of

        return schema_of(declared, title)
    found, failure = _try(attempt, empty_batch(schema))
    if found is not None and found[1] and _is_typed(found[0], schema):
        return found[0]
    better, second_failure = _try(attempt, typical_batch(schema))
    if better is not None and _is_typed(better[0], schema):
        return better[0] if better[1] else _widest(attempt, better[0], schema)
    if found is not None and _is_typed(found[0], schema):
        return found[0]
    if better is not None:
        raise InvalidJobError(
            f"{title}: the columns that the function gives are unknown: for one row of ordinary "
            f"values it gives {_untyped(better[0], schema)}. Declare them in parameters['schema'], "
            "a pyarrow.Schema or a dict of column to type"
        )
    error = second_failure or failure
    raise InvalidJobError(
        f"{title}: the columns that the function gives are unknown, because it "
        f"fails without rows and with one row of ordinary values: {type(error).__name__}: "
        f"{error}. Declare them in parameters['schema'], a pyarrow.Schema or a dict of column "
        "to type"
    ) from error


def _try(
    attempt: Attempt, batch: pa.RecordBatch
) -> tuple[tuple[pa.Schema, bool] | None, Exception | None]:
    try:
        return attempt(batch), None
    except Exception as error:
        return None, error


def _widest(attempt: Attempt, found: pa.Schema, schema: pa.Schema) -> pa.Schema:
    """Return the columns with float64 where other rows give floats instead of integers."""
    fields = {field.name: field for field in found}
    for batch in varied_batches(schema):
        other, _ = _try(attempt, batch)
        if other is None or other[0].names != found.names:
            continue
        for field in other[0]:
            is_integer = pa.types.is_integer(fields[field.name].type)
            if is_integer and pa.types.is_floating(field.type):
                fields[field.name] = pa.field(field.name, pa.float64())
    return pa.schema(list(fields.values()))


def _is_typed(found: pa.Schema, schema: pa.Schema) -> bool:
    return len(found) > 0 and not _nulls(found, schema)


def _nulls(found: pa.Schema, schema: pa.Schema) -> list[str]:
    """Return the columns of nulls that are not the input's own, which is of type null, too."""
    given = {field.name for field in schema if pa.types.is_null(field.type)}
    return [f.name for f in found if pa.types.is_null(f.type) and f.name not in given]


def _untyped(found: pa.Schema, schema: pa.Schema) -> str:
    names = _nulls(found, schema)
    return f"only nulls in column {names[0]!r}" if names else "no columns"
