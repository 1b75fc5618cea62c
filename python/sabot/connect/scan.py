# SPDX-License-Identifier: Apache-2.0
"""Scans of pyarrow datasets that a thread of the engine pulls by itself."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from sabot.connect.data_file import ReadRequest
from sabot.connect.hive import typed

__all__ = ["scan_fragment", "scan_table"]

_BATCH_ROWS = 65_536


def _projection(request: ReadRequest, found: pa.Schema) -> dict[str, pc.Expression]:
    """Return each column of the request, of the right type."""
    columns: dict[str, pc.Expression] = {}
    for field in request.schema:
        if field.name in request.constants:
            columns[field.name] = pc.scalar(typed(request.constants[field.name], field.type))
        elif field.name not in found.names:
            columns[field.name] = pc.scalar(pa.scalar(None, field.type))
        elif found.field(field.name).type.equals(field.type):
            columns[field.name] = pc.field(field.name)
        else:
            columns[field.name] = pc.field(field.name).cast(field.type)
    return columns


def scan_fragment(fragment: Any, request: ReadRequest) -> pa.RecordBatchReader:
    """Return the rows of a fragment; the thread that pulls it decodes; nothing is read ahead."""
    return ds.Scanner.from_fragment(
        fragment,
        schema=fragment.physical_schema,
        columns=_projection(request, fragment.physical_schema),
        use_threads=False,
        batch_size=_BATCH_ROWS,
        batch_readahead=0,
        fragment_readahead=0,
    ).to_reader()


def scan_table(table: pa.Table, request: ReadRequest) -> pa.RecordBatchReader:
    """Return the rows of a table in the columns of the request."""
    names = request.schema.names
    if set(names) <= set(table.schema.names) and not request.constants:
        selected = table.select(names)
        if selected.schema.types == request.schema.types:
            return selected.to_reader()
    scanner = ds.InMemoryDataset(table).scanner(
        columns=_projection(request, table.schema), use_threads=False
    )
    return scanner.to_reader()
