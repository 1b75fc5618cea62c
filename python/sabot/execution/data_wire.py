# SPDX-License-Identifier: Apache-2.0
"""Rows and schemas of a graph on the wire: Arrow IPC, base64."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from sabot.errors import InvalidJobError
from sabot.execution.function_wire import KIND, decode_function, encode_function

__all__ = ["BOUND", "decode_data", "decode_schema", "encode_data", "encode_schema"]

BOUND = {"kind": "bound"}  # bound in process, does not travel
_SIZE_MAX = 16 * 2**20


def encode_data(data: Any, schema: Any, title: str) -> dict[str, Any]:
    """Return the record of a source's rows: a table of at most 16 MiB or a generator function.

    Raises
    ------
    InvalidJobError
        If the rows cannot travel.
    """
    import pyarrow as pa

    from sabot.connect.rows import is_function, is_one_shot, table_of

    if isinstance(data, Mapping) and dict(data) == BOUND:
        return dict(BOUND)
    if is_function(data):
        return encode_function(data, title)
    if is_one_shot(data):
        raise InvalidJobError(
            f"{title}: parameter 'data': a stream that is read once cannot travel; give a table or "
            "a generator function"
        )
    table = table_of(data, schema, title)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content = sink.getvalue()
    if content.size > _SIZE_MAX:
        raise InvalidJobError(
            f"{title}: parameter 'data': {content.size / 2**20:.1f} MiB of rows cannot travel in "
            f"the graph; at most {_SIZE_MAX >> 20} MiB can. Use a file ('path') or a topic"
        )
    return {"kind": "arrow_ipc", "data": base64.b64encode(content).decode()}


def decode_data(record: Any, title: str) -> Any:
    """Return the rows of a record; BOUND stays as it is."""
    if not isinstance(record, Mapping):
        raise InvalidJobError(f"{title}: parameter 'data': expected an object, found {record!r}")
    kind = record.get("kind")
    if kind == KIND:
        return decode_function(record, title)
    if kind == "arrow_ipc":
        import pyarrow as pa

        try:
            return pa.ipc.open_stream(base64.b64decode(record["data"])).read_all()
        except (ValueError, KeyError) as error:
            raise InvalidJobError(
                f"{title}: parameter 'data': not an Arrow IPC stream: {error}"
            ) from error
    if kind == "bound":
        return dict(record)
    raise InvalidJobError(
        f"{title}: parameter 'data': kind {kind!r}; allowed: 'arrow_ipc', 'bound', {KIND!r}"
    )


def encode_schema(schema: Any, title: str) -> dict[str, str]:
    """Return the record of a declared schema."""
    from sabot.connect.rows import schema_of

    content = schema_of(schema, title).serialize()
    return {"kind": "arrow_schema", "data": base64.b64encode(content).decode()}


def decode_schema(record: Mapping[str, Any]) -> Any:
    """Return the schema of a record."""
    import pyarrow as pa

    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(record["data"])))
