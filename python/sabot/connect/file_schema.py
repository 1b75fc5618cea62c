# SPDX-License-Identifier: Apache-2.0
"""One schema for many files."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from sabot.errors import InvalidJobError

if TYPE_CHECKING:
    from sabot.connect.paths import FoundFile

__all__ = ["check_declared", "check_names", "text_for_unknown", "unified_schema"]


def check_names(schema: pa.Schema, where: str, title: str) -> None:
    """Refuse columns of the same name.

    Raises
    ------
    InvalidJobError
        If there are such.
    """
    names = schema.names
    if len(set(names)) == len(names):
        return
    repeated = next(name for name in names if names.count(name) > 1)
    raise InvalidJobError(
        f"{title}: {where} has {names.count(repeated)} columns named {repeated!r}; rename all but "
        "one, columns are found by name"
    )


def unified_schema(
    files: Sequence[tuple[FoundFile, pa.Schema]], title: str, *, is_text: bool = False
) -> pa.Schema:
    """Return columns that hold the rows of every file: all names, the wider type of each.

    Types of text were inferred, so the remedy is another one.

    Raises
    ------
    InvalidJobError
        If types of a column do not go together; both files are named.
    """
    fields: dict[str, pa.Field] = {}
    origin: dict[str, FoundFile] = {}
    for found, schema in files:
        for field in schema.remove_metadata():
            known = fields.get(field.name)
            if known is None:
                fields[field.name] = field.with_nullable(True)
                origin[field.name] = found
            elif not known.type.equals(field.type):
                fields[field.name] = pa.field(
                    field.name,
                    _wider(known, field, origin[field.name], found, title, is_text=is_text),
                )
                if pa.types.is_null(known.type):
                    origin[field.name] = found
    return pa.schema(fields.values())


def _wider(
    known: pa.Field,
    field: pa.Field,
    first: FoundFile,
    second: FoundFile,
    title: str,
    *,
    is_text: bool,
) -> pa.DataType:
    remedy = "read them with a source each and cast one"
    if is_text:
        remedy = "say in parameter 'column_types' what both are"
    try:
        merged = pa.unify_schemas(
            [pa.schema([known.remove_metadata()]), pa.schema([field.remove_metadata()])],
            promote_options="permissive",
        )
    except pa.ArrowException as error:
        raise InvalidJobError(
            f"{title}: parameter 'path': column {field.name!r} is {known.type} in {first} and "
            f"{field.type} in {second}, which do not go together; {remedy}"
        ) from error
    return merged.field(0).type


def text_for_unknown(schema: pa.Schema, declared: Collection[str] = ()) -> pa.Schema:
    """Return the schema with text where no value was seen, and so no type: it holds any.

    Columns that are `declared` have what is declared, unless that is null.
    """
    return pa.schema(
        [
            field
            if field.name in declared and not pa.types.is_null(field.type)
            else field.with_type(_known(field.type))
            for field in schema
        ]
    )


def _known(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_null(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_known(kind.value_type)))
    if pa.types.is_struct(kind):
        if kind.num_fields == 0:
            return pa.string()
        return pa.struct([field.with_type(_known(field.type)) for field in kind])
    return kind


def check_declared(found: pa.Schema, declared: pa.Schema, title: str) -> None:
    """Refuse a declared type that the files do not have.

    Raises
    ------
    InvalidJobError
        If a type differs.
    """
    for field in declared:
        kind = found.field(field.name).type
        if not kind.equals(field.type):
            raise InvalidJobError(
                f"{title}: parameter 'schema': column {field.name!r} is {kind} in the files, not "
                f"{field.type}; declare {kind} and cast it in a MAP"
            )
