# SPDX-License-Identifier: Apache-2.0
"""The columns of a CSV file, from its header and the types of its first rows.

pyarrow infers the types of a sample; the engine reads the rows. What a later row has that does not
fit is a malformed row, and the remedy is to declare the type.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv

from sabot.connect.text_options import HeaderError

if TYPE_CHECKING:
    from sabot.connect.text_options import TextOptions

__all__ = ["BOM", "TextSchema", "infer_csv", "with_declared"]

BOM = b"\xef\xbb\xbf"
_HOUR_ALONE = re.compile(rb"-\d\d[ T]\d\d(?:[^:]|\Z)")  # see _odd_form
_BOMS_OF_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


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
    """Return the columns of a CSV file; none for a file of empty lines.

    Raises
    ------
    HeaderError
        If there is no header where one is expected, or it names a column twice.
    """
    if sample.startswith(_BOMS_OF_UTF_16):
        raise HeaderError("the file is UTF-16; convert it to UTF-8 first (iconv does)")
    begin = len(BOM) if sample.startswith(BOM) else 0
    for _ in range(options.skip_rows):
        begin = _line_end(sample, begin)
    while sample.startswith((b"\n", b"\r\n"), begin) and options.has_header:
        begin = _line_end(sample, begin)
    names = list(options.column_names or ())
    if options.has_header:
        header = sample[begin:][: _first_row_end(sample[begin:], options)]
        if not header:
            return TextSchema(pa.schema([]), len(sample))
        names = names or _fields(header, options)
        begin += len(header)
    rows = sample[begin:]
    if not is_whole:
        rows = rows[: _last_row_end(rows, options)]
    if not names:
        if not rows.strip():
            return TextSchema(pa.schema([]), begin)
        first = rows[: _first_row_end(rows, options)]
        names = [f"f{i}" for i in range(len(_fields(first, options)))]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise HeaderError(
            f"the header names column {repeated[0]!r} twice; give other names with parameter "
            "'column_names' and set 'header' to true"
        )
    if options.declared is not None:
        known = {field.name: field.type for field in options.declared}
        return TextSchema(pa.schema([(n, known.get(n, pa.null())) for n in names]), begin)
    types = _csv_types(rows, names, options)
    return TextSchema(with_declared(types, names, options), begin)


def with_declared(found: pa.Schema, allowed: list[str] | None, options: TextOptions) -> pa.Schema:
    """Return the columns with what `column_types` says, behind them those that it adds.

    Only columns in `allowed` are added; None allows any.
    """
    declared = options.column_types
    if declared is None:
        return found
    fields = [
        declared.field(field.name) if field.name in declared.names else field for field in found
    ]
    added = [field for field in declared if field.name not in found.names]
    return pa.schema([*fields, *(field for field in added if allowed is None)])


def _line_end(sample: bytes, begin: int) -> int:
    return sample.find(b"\n", begin) + 1 or len(sample)


def _quoted_fields(text: bytes, options: TextOptions) -> Iterator[re.Match[bytes]]:
    """Yield the fields in quotes, by the engine's rule: a quote opens where a field begins only.

    The last one may lack its closing quote.
    """
    if not options.quote:
        return iter(())
    quote, delimiter = re.escape(options.quote.encode()), re.escape(options.delimiter.encode())
    inside = rb"(?:[^%b]+|%b%b)*+" % (quote, quote, quote)
    if options.escape and options.escape != options.quote:
        escape = re.escape(options.escape.encode())
        pair = rb"%b[%b%b%b\n]" % (escape, escape, quote, delimiter)
        inside = rb"(?:[^%b%b]+|%b|%b)*+" % (quote, escape, pair, escape)
    opening = rb"%b(?:(?<=[%b\n]%b)|(?<=\A%b))" % (quote, delimiter, quote, quote)
    return re.finditer(rb"%b%b(?:%b|\Z)" % (opening, inside, quote), text)


def _first_row_end(text: bytes, options: TextOptions) -> int:
    """Return where the first row ends, behind the line feed."""
    at = 0
    for field in _quoted_fields(text, options):
        end = text.find(b"\n", at, field.start())
        if end >= 0:
            return end + 1
        at = field.end()
    return _line_end(text, at)


def _last_row_end(text: bytes, options: TextOptions) -> int:
    """Return where the last row ends that has a line feed behind it."""
    end = len(text)
    for begin, stop in reversed([field.span() for field in _quoted_fields(text, options)]):
        line_feed = text.rfind(b"\n", stop, end)
        if line_feed >= 0:
            return line_feed + 1
        end = begin
    return text.rfind(b"\n", 0, end) + 1


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
    row = row.rstrip(b"\r\n")
    plain = row
    for field in reversed(list(_quoted_fields(row, options))):
        plain = plain[: field.start()] + plain[field.end() :]
    if b"\r" in plain:
        raise HeaderError(
            "a line ends with a carriage return alone, as on old Macs; convert the line ends to "
            "line feeds first (tr '\\r' '\\n' does)"
        )
    try:
        row.decode()
    except UnicodeDecodeError as error:
        raise HeaderError(
            f"the first row is not UTF-8 ({error.reason} at its byte {error.start}); convert the "
            "file to UTF-8 first (iconv does)"
        ) from error
    table = csv.read_csv(
        io.BytesIO(row + b"\n"),
        csv.ReadOptions(use_threads=False, block_size=len(row) + 2),
        _parse_options(options),
    )
    return list(table.schema.names)


def _csv_types(rows: bytes, names: list[str], options: TextOptions) -> pa.Schema:
    if not rows.strip():
        return pa.schema([(name, pa.null()) for name in names])
    found = _read_sample(rows, names, options, {}).schema
    schema = pa.schema([(field.name, _readable(field.type)) for field in found])
    if not _has_odd_value(rows):
        return schema
    asked = {field.name: pa.string() for field in schema if _odd_form(field.type) is not None}
    texts = _read_sample(rows, names, options, asked)
    for index, field in enumerate(schema):
        form = _odd_form(field.type)
        if (
            form is not None
            and pc.any(
                pc.match_substring_regex(texts.column(index), form, ignore_case=True)
            ).as_py()
        ):
            schema = schema.set(index, pa.field(field.name, pa.string()))
    return schema


def _has_odd_value(rows: bytes) -> bool:
    """Return whether some text may be odd, in three searches: each is for a byte to begin with."""
    return b"0x" in rows or b"0X" in rows or _HOUR_ALONE.search(rows) is not None


def _odd_form(kind: pa.DataType) -> str | None:
    """Return the texts that pyarrow takes for values of a type and the engine does not."""
    if pa.types.is_integer(kind):
        return "0x"  # hexadecimal
    if pa.types.is_timestamp(kind):
        return r"-\d\d[ T]\d\d(?:[^:]|$)"  # an hour without minutes
    return None


def _read_sample(
    rows: bytes, names: list[str], options: TextOptions, types: dict[str, pa.DataType]
) -> pa.Table:
    return csv.read_csv(
        io.BytesIO(rows),
        csv.ReadOptions(use_threads=False, block_size=len(rows) + 1, column_names=names),
        _parse_options(options),
        csv.ConvertOptions(
            check_utf8=False,
            column_types=types,
            null_values=options.null_values,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _readable(kind: pa.DataType) -> pa.DataType:
    """Return the type the engine reads text as."""
    if pa.types.is_time(kind) or pa.types.is_duration(kind) or pa.types.is_binary(kind):
        return pa.string()
    return kind
