# SPDX-License-Identifier: Apache-2.0
"""Stored records: values with the timestamp and the key that each append gives them."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .errors import TopicValueError, UnknownTopicError
from .schema import KEY, TIMESTAMP, TIMESTAMP_TYPE


def add_metadata(
    batches: list[pa.RecordBatch],
    *,
    keys: Any,
    key_column: str | None,
    timestamps: Any,
    timestamp_column: str | None,
    now_ms: int,
    topic: str,
) -> list[pa.RecordBatch]:
    """Return `batches` with the reserved columns in front.

    `keys` and `timestamps` are one value for all rows or one value per row; a row without a
    timestamp gets `now_ms`.
    """
    for name, given, column in (
        ("key", keys, key_column),
        ("timestamp", timestamps, timestamp_column),
    ):
        if given is not None and column is not None:
            raise TopicValueError(
                f"topic {topic!r}: give either {name}s= or {name}_column=, not both"
            )
    row_count = sum(batch.num_rows for batch in batches)
    all_keys = None if keys is None else _spread(keys, row_count, "keys", topic)
    all_times = None if timestamps is None else _spread(timestamps, row_count, "timestamps", topic)
    result, start = [], 0
    for batch in batches:
        end = start + batch.num_rows
        times = _column(batch, timestamp_column, all_times, start, topic)
        columns = {TIMESTAMP: _to_timestamps(times, batch.num_rows, now_ms, topic)}
        key = _column(batch, key_column, all_keys, start, topic)
        if key is not None:
            columns[KEY] = key
        fields = [pa.field(name, column.type) for name, column in columns.items()]
        result.append(
            pa.RecordBatch.from_arrays(
                [*columns.values(), *batch.columns], schema=pa.schema([*fields, *batch.schema])
            )
        )
        start = end
    return result


def _spread(values: Any, row_count: int, what: str, topic: str) -> pa.Array:
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
        return pa.repeat(pa.scalar(values), row_count)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    try:
        array = values if isinstance(values, pa.Array) else pa.array(values)
    except (pa.ArrowException, TypeError) as error:
        raise TopicValueError(f"topic {topic!r}: {what} of one type are needed: {error}") from error
    if len(array) != row_count:
        raise TopicValueError(
            f"topic {topic!r}: {len(array)} {what} for {row_count} rows; give one per row or one "
            "for all"
        )
    return array


def _column(
    batch: pa.RecordBatch, name: str | None, values: pa.Array | None, start: int, topic: str
) -> pa.Array | None:
    if name is None:
        return None if values is None else values.slice(start, batch.num_rows)
    if name not in batch.schema.names:
        raise UnknownTopicError(
            f"topic {topic!r}: the data has no column {name!r}; it has "
            f"{', '.join(batch.schema.names)}"
        )
    return batch.column(name)


def _to_timestamps(times: pa.Array | None, row_count: int, now_ms: int, topic: str) -> pa.Array:
    now = pa.scalar(now_ms, pa.int64()).cast(TIMESTAMP_TYPE)
    if times is None:
        return pa.repeat(now, row_count)
    if pa.types.is_timestamp(times.type):
        stamps = pc.cast(times, pa.timestamp("ms", times.type.tz), safe=False)
        stamps = stamps.cast(pa.int64()).cast(TIMESTAMP_TYPE)  # a naive time counts as UTC
    elif pa.types.is_integer(times.type) or pa.types.is_null(times.type):
        stamps = times.cast(pa.int64()).cast(TIMESTAMP_TYPE)
    else:
        raise TopicValueError(
            f"topic {topic!r}: timestamps are {times.type}; use integers (ms) or an Arrow timestamp"
        )
    return pc.fill_null(stamps, now) if stamps.null_count else stamps
