# SPDX-License-Identifier: Apache-2.0
"""The columns of an NDJSON file, from the objects of its first rows.

pyarrow infers the types of a sample; the engine reads the rows. Objects are structs of all their
keys, arrays are lists of what goes with every element. Where a value is of one kind here and of
another there (a number and an object), or lies deeper than types go, the column or field is text.
"""

from __future__ import annotations

import io
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from sabot.connect.text_options import HeaderError
from sabot.connect.text_schema import BOM, TextSchema, with_declared

if TYPE_CHECKING:
    from sabot.connect.text_options import TextOptions

__all__ = ["infer_ndjson"]

_DEPTH_MAX = 32  # types within each other; the engine has up to 64
_PASSES_MAX = 64
_CLOCK_AND_MORE = re.compile(rb"-\d\d[ T]\d\d(?:[^:]|[\d:]*[Z+-])")
_STRING = re.compile(rb'"(?:[^"\\\n]|\\.)*"')
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"{}[]")


def infer_ndjson(sample: bytes, options: TextOptions, *, is_whole: bool) -> TextSchema:
    """Return the columns of an NDJSON file: every key of the sample's objects.

    In the types, null and the struct without fields stand for what has no values in the sample.

    Raises
    ------
    HeaderError
        If all there is to look at is nested too deep for a parser.
    """
    begin = len(BOM) if sample.startswith(BOM) else 0
    if options.declared is not None:
        return TextSchema(options.declared, begin)
    rows = sample[begin:]
    if not is_whole:
        rows = rows[: rows.rfind(b"\n") + 1]
    return TextSchema(with_declared(_types(rows), None, options), begin)


def _types(rows: bytes) -> pa.Schema:
    if not rows.strip():
        return pa.schema([])
    if _is_shallow(rows):
        try:
            return _arrow_types(rows)
        except pa.ArrowException:
            pass  # a malformed row, or values of several kinds
    objects = _good_objects(rows)
    kinds = _Kinds()
    for one in objects:
        kinds.see(one, 0)
    plain = b"\n".join(json.dumps(kinds.plain(one)).encode() for one in objects)
    return _arrow_types(plain) if plain else pa.schema([])


def _arrow_types(rows: bytes) -> pa.Schema:
    found = _read(rows, None)
    if _CLOCK_AND_MORE.search(rows) is not None:
        texts = _read(rows, pa.schema([(one.name, _as_text(one.type)) for one in found.schema]))
        found = pa.schema(
            [(one.name, _timed(one.type, texts[one.name].combine_chunks())) for one in found.schema]
        )
    else:
        found = found.schema
    return pa.schema([(field.name, _cut(field.type, 0)) for field in found])


def _read(rows: bytes, schema: pa.Schema | None) -> pa.Table:
    return pj.read_json(
        io.BytesIO(rows),
        pj.ReadOptions(use_threads=False, block_size=len(rows) + 1),
        pj.ParseOptions(explicit_schema=schema),
    )


def _as_text(kind: pa.DataType) -> pa.DataType:
    """Return the type with text for timestamps."""
    if pa.types.is_timestamp(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_as_text(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, _as_text(field.type)) for field in kind])
    return kind


def _timed(kind: pa.DataType, texts: pa.Array) -> pa.DataType:
    """Return the type with what its timestamps are, for pyarrow has one type for all.

    Where every one has a zone they are instants; where some have, or one is an hour without
    minutes, which the engine does not read, they are text.
    """
    if pa.types.is_list(kind):
        return pa.list_(_timed(kind.value_type, texts.flatten()))
    if pa.types.is_struct(kind):
        columns = texts.flatten()
        return pa.struct(
            [(field.name, _timed(field.type, columns[i])) for i, field in enumerate(kind)]
        )
    if not pa.types.is_timestamp(kind):
        return kind
    texts = texts.drop_null()
    zoned = pc.sum(pc.match_substring_regex(texts, r"[ T]\d\d.*(?:Z|[+-][\d:]+)$")).as_py() or 0
    if pc.any(pc.match_substring_regex(texts, r"[ T]\d\d(?:[^:]|$)")).as_py() or (
        0 < zoned < len(texts)
    ):
        return pa.string()
    return pa.timestamp(kind.unit, "UTC") if zoned else kind


def _cut(kind: pa.DataType, depth: int) -> pa.DataType:
    """Return the type with text for what is nested too deep."""
    if not pa.types.is_nested(kind):
        return kind
    if depth == _DEPTH_MAX:
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_cut(kind.value_type, depth + 1))
    return pa.struct([(field.name, _cut(field.type, depth + 1)) for field in kind])


def _is_shallow(rows: bytes) -> bool:
    """Return whether objects and arrays certainly lie less than 150 deep.

    pyarrow's parser of JSON dies of a stack overflow far below a few thousand. Each pass takes the
    innermost pairs of brackets away, at most two levels.
    """
    for text in (rows, _STRING.sub(b"", rows)):
        brackets = text.translate(None, _NO_BRACKETS)
        for _ in range(_PASSES_MAX):
            fewer = brackets.replace(b"[]", b"").replace(b"{}", b"")
            if not fewer:
                return True
            if len(fewer) == len(brackets):
                break
            brackets = fewer
    return False


def _good_objects(rows: bytes) -> list[dict[str, Any]]:
    """Return the rows that are objects, each key once."""
    good = []
    deep_count = 0
    for line in rows.split(b"\n"):
        try:
            one = json.loads(line, object_pairs_hook=_object, parse_constant=_no_constant)
        except RecursionError:
            deep_count += 1
            continue
        except ValueError:
            continue
        if isinstance(one, dict):
            good.append(one)
    if deep_count > 0 and not good:
        raise HeaderError(
            "objects and arrays lie hundreds deep within each other; declare the columns in "
            "parameter 'schema', such a one as string"
        )
    return good


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key appears twice")
    for name in members:
        name.encode()  # half a pair of surrogates is a ValueError
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


class _Kinds:
    """What kinds of values stand at one place of the rows, and at the places inside of it."""

    def __init__(self) -> None:
        self._kinds: set[str] = set()
        self._members: dict[str, _Kinds] = {}
        self._element: _Kinds | None = None

    def see(self, value: Any, depth: int) -> None:
        """Add a value."""
        if isinstance(value, dict | list) and depth > _DEPTH_MAX:
            self._kinds |= {"object", "array"}  # text, as where both are
        elif isinstance(value, dict):
            self._kinds.add("object")
            for name, member in value.items():
                self._members.setdefault(name, _Kinds()).see(member, depth + 1)
        elif isinstance(value, list):
            self._kinds.add("array")
            self._element = self._element or _Kinds()
            for element in value:
                self._element.see(element, depth + 1)
        elif value is not None:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            self._kinds.add("number" if is_number else type(value).__name__)

    def plain(self, value: Any) -> Any:
        """Return a value of which pyarrow infers what the place is."""
        if value is None:
            return None
        if len(self._kinds) > 1:
            return "text"
        if isinstance(value, dict):
            return {name: self._members[name].plain(member) for name, member in value.items()}
        if isinstance(value, list):
            assert self._element is not None
            return [self._element.plain(element) for element in value]
        if isinstance(value, int | float) and abs(value) > sys.float_info.max:
            return 0.5  # pyarrow refuses it
        if isinstance(value, str) and not value.isascii():
            return "text"  # no timestamp, and maybe half a pair of surrogates
        return value
