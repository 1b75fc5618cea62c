# SPDX-License-Identifier: Apache-2.0
"""How a CSV or NDJSON file is written: the parameters of a source, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from sabot.connect.rows import schema_of
from sabot.errors import InvalidJobError

__all__ = ["HeaderError", "TextOptions", "text_options"]

_CSV_ONLY = (
    "delimiter",
    "quote",
    "escape",
    "header",
    "column_names",
    "null_values",
    "skip_rows",
)
_TEXT_ONLY = ("column_types", "on_error", "dead_letter")


class HeaderError(ValueError):
    """A file is not damaged, but its columns cannot be told with these options."""


@dataclass(frozen=True)
class TextOptions:
    """How rows stand in a text file.

    Attributes
    ----------
    delimiter
        Between fields.
    quote
        Around fields that need it; empty for none.
    escape
        Before a quote within quotes; empty: a quote is doubled.
    has_header
        Whether the first row has the columns' names.
    column_names
        The names, in place of the header's; None to take those.
    column_types
        Types of some columns; of the others they are inferred.
    declared
        All columns and their types, so that none are inferred; None to look at the file.
    null_values
        Unquoted fields that are null.
    skip_rows
        Lines before the header that are passed over.
    skips_bad_rows
        Whether a malformed row is passed over.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    has_header: bool = True
    column_names: tuple[str, ...] | None = None
    column_types: pa.Schema | None = None
    declared: pa.Schema | None = None
    null_values: tuple[str, ...] = ("",)
    skip_rows: int = 0
    skips_bad_rows: bool = False


def text_options(
    parameters: dict[str, Any], path: str, *, is_csv: bool, is_text: bool, title: str
) -> TextOptions:
    """Return the options of a source's parameters.

    Raises
    ------
    InvalidJobError
        If one does not go with the format, or is wrong.
    """
    for name in (*_CSV_ONLY, *_TEXT_ONLY):
        is_known = is_csv or (is_text and name in _TEXT_ONLY)
        if parameters.get(name) is not None and not is_known:
            raise InvalidJobError(
                f"{title}: parameter '{name}': {path} is no {'CSV' if is_text else 'text'} file; "
                f"leave it out, or name the format with parameter 'format'"
            )
    default_delimiter = "\t" if ".tsv" in path.lower() else ","
    names = parameters.get("column_names")
    header = parameters.get("header")
    nulls = parameters.get("null_values", ("",))
    types, schema = parameters.get("column_types"), parameters.get("schema")
    policy = parameters.get("on_error") or "fail"
    if (policy == "dead_letter") != (parameters.get("dead_letter") is not None):
        raise InvalidJobError(
            f"{title}: parameter 'on_error': 'dead_letter' goes with parameter 'dead_letter', "
            "the path of a file, or {'topic': name}, for malformed rows; give both or none"
        )
    options = TextOptions(
        delimiter=_byte(parameters, "delimiter", default_delimiter, title),
        quote=_byte(parameters, "quote", '"', title, may_be_empty=True),
        escape=_byte(parameters, "escape", "", title, may_be_empty=True),
        has_header=names is None if header is None else bool(header),
        column_names=None if names is None else _names(names, title),
        column_types=_types(types, title, "column_types", is_csv),
        declared=_types(schema, title, "schema", is_csv),
        null_values=(nulls,) if isinstance(nulls, str) else tuple(nulls),
        skip_rows=int(parameters.get("skip_rows") or 0),
        skips_bad_rows=policy != "fail",
    )
    if options.delimiter == options.quote:
        raise InvalidJobError(
            f"{title}: parameter 'delimiter': {options.delimiter!r} is the quote, too; name "
            "another with parameter 'quote'"
        )
    return options


def _types(types: Any, title: str, parameter: str, is_csv: bool) -> pa.Schema | None:
    """Return declared columns whose values have a form in the format, or None."""
    if types is None:
        return None
    schema = schema_of(types, title, parameter)
    for field in schema:
        if not _has_form(field.type, is_csv):
            raise InvalidJobError(
                f"{title}: parameter '{parameter}': column {field.name!r} is {field.type}, which "
                f"has no form in {'CSV' if is_csv else 'JSON'}; declare it as string"
                f"{', or read NDJSON' if is_csv else ''}"
            )
    return schema


def _has_form(kind: pa.DataType, is_csv: bool) -> bool:
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return not pa.types.is_nested(kind.value_type)
    if pa.types.is_union(kind) or (is_csv and pa.types.is_nested(kind)):
        return False
    return all(_has_form(kind.field(i).type, is_csv) for i in range(kind.num_fields))


def _byte(
    parameters: dict[str, Any], name: str, default: str, title: str, *, may_be_empty: bool = False
) -> str:
    value = parameters.get(name)
    if value is None:
        return default
    is_one = isinstance(value, str) and len(value) == 1 and value.isascii() and value not in "\r\n"
    if not is_one and not (value == "" and may_be_empty):
        raise InvalidJobError(
            f"{title}: parameter '{name}': expected one ASCII character that ends no line"
            f"{', or nothing' if may_be_empty else ''}; found {value!r}"
        )
    return str(value)


def _names(names: Any, title: str) -> tuple[str, ...]:
    names = (names,) if isinstance(names, str) else tuple(names)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InvalidJobError(
            f"{title}: parameter 'column_names': {repeated[0]!r} is there twice; rename one"
        )
    return names
