# SPDX-License-Identifier: Apache-2.0
"""The columns of a text file, from its header and the types of its first rows.

pyarrow infers the types of a sample; the engine reads the rows. What a later row has that does not
fit is a malformed row, and the remedy is to declare the type.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.json as pj

if TYPE_CHECKING:
    from sabot.connect.text_options import TextOptions

__all__ = ["TextSchema", "infer_csv", "infer_ndjson"]

_BOM = b"\xef\xbb\xbf"


class TextSchema(NamedTuple):
    """What a sample tells.

    Attributes
    ----------
    schema
        The columns; the type null stands for one without values.
    begin
        Where the first row begins, in bytes.
    """

    schema: pa.Schema
    begin: int


def infer_csv(sample: bytes, options: TextOptions, *, is_whole: bool) -> TextSchema:
    """Return the columns of a CSV file.

    Raises
    ------
    ValueError
        If there is no header where one is expected, or it names a column twice.
    """
    begin = len(_BOM) if sample.startswith(_BOM) else 0
    for _ in range(options.skip_rows):
        begin = _line_end(sample, begin)
    names = list(options.column_names or ())
    if options.has_header:
        end = _row_end(sample, begin, options)
        header = sample[begin:end]
        if not header.strip():
            if begin >= len(sample):
                return TextSchema(pa.schema([]), len(sample))
            raise ValueError("the header is an empty line; see parameter 'skip_rows'")
        names = names or _fields(header, options)
        begin = end
    rows = sample[begin:] if is_whole else sample[begin : _last_row_end(sample, begin, options)]
    if not names:
        if not rows.strip():
            return TextSchema(pa.schema([]), begin)
        names = [f"f{i}" for i in range(len(_fields(rows[: _row_end(rows, 0, options)], options)))]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"the header names column {repeated[0]!r} twice; give other names with parameter "
            "'column_names' and set 'header' to true"
        )
    if options.declared is not None:
        known = {field.name: field.type for field in options.declared}
        return TextSchema(pa.schema([(n, known.get(n, pa.null())) for n in names]), begin)
    types = _csv_types(rows, names, options)
    missing = sorted(set(options.column_types.names if options.column_types else ()) - set(names))
    if missing:
        raise ValueError(
            f"parameter 'column_types' names {missing[0]!r}, but the columns are: "
            f"{', '.join(names)}"
        )
    return TextSchema(_declared(types, options), begin)


def infer_ndjson(sample: bytes, options: TextOptions, *, is_whole: bool) -> TextSchema:
    """Return the columns of an NDJSON file: every key of the sample's objects.

    Raises
    ------
    ValueError
        If a key has values of several kinds in the sample.
    """
    begin = len(_BOM) if sample.startswith(_BOM) else 0
    if options.declared is not None:
        return TextSchema(options.declared, begin)
    rows = sample[begin:]
    if not is_whole:
        rows = rows[: rows.rfind(b"\n") + 1]
    if not rows.strip():
        return TextSchema(_declared(pa.schema([]), options), begin)
    try:
        found = _json_types(rows)
    except pa.ArrowException:
        rows = _good_lines(rows)
        if not rows:
            return TextSchema(_declared(pa.schema([]), options), begin)
        try:
            found = _json_types(rows)
        except pa.ArrowException as error:
            if options.column_types is None:
                raise ValueError(f"{error}; declare the column in parameter 'schema'") from error
            found = _json_types(_without_declared(rows, options.column_types.names))
    return TextSchema(_declared(found, options), begin)


def _declared(found: pa.Schema, options: TextOptions) -> pa.Schema:
    """Return the columns with what `column_types` says, behind them those that it adds."""
    declared = options.column_types
    if declared is None:
        return found
    fields = [
        declared.field(field.name) if field.name in declared.names else field for field in found
    ]
    return pa.schema([*fields, *(field for field in declared if field.name not in found.names)])


def _line_end(sample: bytes, begin: int) -> int:
    return sample.find(b"\n", begin) + 1 or len(sample)


def _row_end(sample: bytes, begin: int, options: TextOptions) -> int:
    """Return where the row that begins at `begin` ends, line feeds inside quotes passed over."""
    quote = options.quote.encode()
    end = begin
    while True:
        end = _line_end(sample, end)
        if end >= len(sample) or not quote or sample.count(quote, begin, end) % 2 == 0:
            return end


def _last_row_end(sample: bytes, begin: int, options: TextOptions) -> int:
    end = sample.rfind(b"\n") + 1
    quote = options.quote.encode()
    while quote and end > begin and sample.count(quote, begin, end) % 2:
        end = sample.rfind(b"\n", begin, end - 1) + 1
    return max(end, begin)


def _parse_options(options: TextOptions) -> csv.ParseOptions:
    return csv.ParseOptions(
        delimiter=options.delimiter,
        quote_char=options.quote or False,
        double_quote=not options.escape,
        escape_char=options.escape or False,
        newlines_in_values=True,
        invalid_row_handler=lambda row: "skip",
    )


def _fields(row: bytes, options: TextOptions) -> list[str]:
    table = csv.read_csv(
        io.BytesIO(row.rstrip(b"\r\n") + b"\n"),
        csv.ReadOptions(use_threads=False, block_size=len(row) + 2),
        _parse_options(options),
    )
    return list(table.schema.names)


def _csv_types(rows: bytes, names: list[str], options: TextOptions) -> pa.Schema:
    if not rows.strip():
        return pa.schema([(name, pa.null()) for name in names])
    table = csv.read_csv(
        io.BytesIO(rows),
        csv.ReadOptions(use_threads=False, block_size=len(rows) + 1, column_names=names),
        _parse_options(options),
        csv.ConvertOptions(
            check_utf8=False,
            null_values=options.null_values,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return pa.schema([(field.name, _readable(field.type)) for field in table.schema])


def _json_types(rows: bytes) -> pa.Schema:
    table = pj.read_json(
        io.BytesIO(rows), pj.ReadOptions(use_threads=False, block_size=len(rows) + 1)
    )
    return pa.schema([(field.name, _readable(field.type)) for field in table.schema])


def _readable(kind: pa.DataType) -> pa.DataType:
    """Return the type the engine reads text as; objects and arrays stay JSON text."""
    if pa.types.is_nested(kind):
        return pa.string()
    if pa.types.is_time(kind) or pa.types.is_duration(kind) or pa.types.is_binary(kind):
        return pa.string()
    return kind


def _good_lines(rows: bytes) -> bytes:
    good = []
    for line in rows.splitlines():
        try:
            if isinstance(json.loads(line), dict):
                good.append(line)
        except ValueError:
            pass
    return b"\n".join(good)


def _without_declared(rows: bytes, names: list[str]) -> bytes:
    objects = [json.loads(line) for line in rows.splitlines() if line.strip()]
    return b"\n".join(
        json.dumps({key: value for key, value in one.items() if key not in names}).encode()
        for one in objects
    )
