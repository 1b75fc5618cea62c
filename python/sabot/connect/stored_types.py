# SPDX-License-Identifier: Apache-2.0
"""What a file format makes of columns whose type it lacks."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from sabot.connect.file_format import PARQUET

__all__ = ["stored_schema", "stored_table"]


def stored_schema(schema: pa.Schema, form: str) -> pa.Schema:
    """Return the columns of a file: Parquet has no runs, and no dictionaries of structs."""
    if form != PARQUET:
        return schema
    return pa.schema([field.with_type(_stored_type(field.type)) for field in schema])


def stored_table(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return rows with the columns of a file, decoded where those are."""
    for i, field in enumerate(schema):
        while not table.schema.field(i).type.equals(field.type):
            column = table.column(i)
            chunks = [_decoded(chunk) for chunk in column.chunks]
            column = pa.chunked_array(chunks, column.type.value_type)
            table = table.set_column(i, field.name, column)
    return table


def _stored_type(type_: pa.DataType) -> pa.DataType:
    while pt.is_run_end_encoded(type_) or (
        pt.is_dictionary(type_)
        and (pt.is_nested(type_.value_type) or _is_encoded(type_.value_type))
    ):
        type_ = type_.value_type
    return type_


def _is_encoded(type_: pa.DataType) -> bool:
    return pt.is_dictionary(type_) or pt.is_run_end_encoded(type_)


def _decoded(array: pa.Array) -> pa.Array:
    if pt.is_run_end_encoded(array.type):
        return pc.run_end_decode(array)
    return array.dictionary_decode()
