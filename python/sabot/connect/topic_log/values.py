# SPDX-License-Identifier: Apache-2.0
"""Anything a user may append, as Arrow batches: Arrow data, dicts, plain values, JSON lines."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from .errors import TopicValueError

VALUE = "value"
FORMATS = ("arrow", "json")


def to_batches(data: Any, format: str, topic: str) -> tuple[list[pa.RecordBatch], bool]:
    """Return `data` as batches, and whether their types were guessed from Python values.

    Parameters
    ----------
    data
        A producer of Arrow data (table, batch, array, Polars or pandas frame, DuckDB result), a
        list of such batches, one dict or a list of dicts (records), or one or more plain values,
        which become the column ``value``. With ``format='json'`` also JSON text: one str or bytes
        of lines, or a list of lines.
    format
        ``'arrow'`` or ``'json'``.
    topic
        Named in errors.

    Raises
    ------
    TopicValueError
        If the data cannot be read.
    """
    if format not in FORMATS:
        raise TopicValueError(f"topic {topic!r}: format {format!r} is unknown; use 'arrow', 'json'")
    if format == "json":
        data = _parse_json(data, topic)
    try:
        if _is_producer(data):
            return _from_producer(data), False
        rows = _to_list(data)
        if rows and _is_producer(rows[0]):
            return [batch for item in rows for batch in _from_producer(item)], False
        return _from_rows(rows, topic), True
    except (pa.ArrowException, TypeError, OverflowError, AttributeError) as error:
        raise TopicValueError(
            f"topic {topic!r}: these rows do not make Arrow columns: {error}; give each field one "
            "type, or append a pyarrow.Table"
        ) from error


def _is_producer(data: Any) -> bool:
    return hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")


def _from_producer(data: Any) -> list[pa.RecordBatch]:
    if isinstance(data, pa.RecordBatch):
        return [data]
    if isinstance(data, pa.Array):
        return [pa.record_batch({VALUE: data})]
    if not isinstance(data, (pa.Table, pa.ChunkedArray)):
        data = _import(data)
    if isinstance(data, pa.ChunkedArray):
        data = pa.table({VALUE: data})
    if isinstance(data, pa.RecordBatch):
        return [data]
    # A table without chunks still has a schema that may widen the topic's.
    return data.to_batches() or data.schema.empty_table().to_batches() or [_no_rows(data.schema)]


def _import(data: Any) -> pa.Table | pa.ChunkedArray | pa.RecordBatch:
    if not hasattr(data, "__arrow_c_stream__"):
        array = pa.array(data)
        is_record = pa.types.is_struct(array.type)
        return pa.record_batch(data) if is_record else pa.chunked_array([array])
    try:
        return pa.RecordBatchReader.from_stream(data).read_all()
    except pa.ArrowInvalid:
        return pa.chunked_array(data)  # a stream of plain values, such as a Polars series


def _no_rows(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.nulls(0, f.type) for f in schema], schema=schema)


def _to_list(data: Any) -> list[Any]:
    if isinstance(data, (Mapping, str, bytes)) or not isinstance(data, Iterable):
        return [data]
    return data if isinstance(data, list) else list(data)


def _from_rows(rows: list[Any], topic: str) -> list[pa.RecordBatch]:
    if not rows:
        return []
    if not isinstance(rows[0], Mapping):
        values = pa.array(rows)
        if pa.types.is_struct(values.type):
            raise TypeError("record 0 is no dict, but others are")
        return [pa.record_batch({VALUE: values})]
    records = pa.array(rows)
    if not pa.types.is_struct(records.type):
        raise TypeError("some records are dicts and some are not")
    if records.null_count:
        missing = next(i for i, row in enumerate(rows) if row is None)
        raise TypeError(f"record {missing} is None, but others are dicts")
    if records.type.num_fields == 0:
        raise TypeError("no record has a field")
    return [pa.RecordBatch.from_struct_array(records)]


def _parse_json(data: Any, topic: str) -> Any:
    """Return the values of JSON lines; data that is no text passes unchanged."""
    if not isinstance(data, (str, bytes)):
        if not isinstance(data, (list, tuple)) or not data:
            return data
        if not isinstance(data[0], (str, bytes)):
            return data
    try:
        lines = _split_lines(data)
        values = json.loads(f"[{','.join(lines)}]")
    except (ValueError, TypeError) as error:
        values = None
        if not isinstance(error, json.JSONDecodeError):
            raise TopicValueError(f"topic {topic!r}: not JSON text: {error}") from error
    if values is None or len(values) != len(lines):
        _raise_bad_line(lines, topic)
    return values


def _split_lines(data: str | bytes | list[str | bytes]) -> list[str]:
    # Only "\n" ends a line: str.splitlines would cut inside of strings, at U+2028 for one.
    if isinstance(data, (str, bytes)):
        text = data.decode() if isinstance(data, bytes) else data
        return [line for line in text.split("\n") if line and not line.isspace()]
    return [line.decode() if isinstance(line, bytes) else line for line in data]


def _raise_bad_line(lines: list[str], topic: str) -> None:
    for i, line in enumerate(lines):
        try:
            json.loads(line)
        except ValueError as error:
            raise TopicValueError(
                f"topic {topic!r}: JSON line {i} is not one value: {error}; nothing was written"
            ) from error
    raise TopicValueError(f"topic {topic!r}: the JSON lines do not parse; nothing was written")
