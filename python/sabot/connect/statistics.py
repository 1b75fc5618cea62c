# SPDX-License-Identifier: Apache-2.0
"""What is known of the rows of one batch, and whether any of them can pass a predicate.

Statistics are written beside batches that are long enough for it to pay, and read to leave batches
out. They say how many rows are null, and bounds of the others: bounds may be wider than the values,
and one that is not known is missing. NaN is above every number, so with a NaN there is no greatest.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from sabot.connect.predicate import MIRRORED, constant_of
from sabot.expressions import Expr

__all__ = [
    "ROWS_MIN",
    "STATISTICS_KEY",
    "BatchStatistics",
    "ColumnStatistics",
    "Pruning",
    "measure",
]

#: Batches with fewer rows are read sooner than they are judged.
ROWS_MIN = 1_024

#: Where a batch of an Arrow file has them, in the custom metadata of its message.
STATISTICS_KEY = b"sabot.statistics"

_VERSION = 1
_TEXT_MAX = 64  # characters of a bound
_TEXTS_LOOKED = 64


class ColumnStatistics(NamedTuple):
    """Of one column of a batch.

    Attributes
    ----------
    null_count
        Rows without a value.
    least, greatest
        No value is below or above; None if that is not known. Dates and times are integers in the
        unit of their type.
    """

    null_count: int
    least: Any
    greatest: Any


class BatchStatistics(NamedTuple):
    """Of one batch; columns of which nothing is known are missing."""

    row_count: int
    columns: Mapping[str, ColumnStatistics]

    def pack(self) -> bytes:
        """Return them as bytes with a version and a checksum."""
        text = json.dumps(
            {"version": _VERSION, "rows": self.row_count, "columns": self.columns},
            separators=(",", ":"),
            allow_nan=False,
        ).encode()
        return b"%08x" % zlib.crc32(text) + text

    @classmethod
    def unpack(cls, data: bytes | None) -> BatchStatistics | None:
        """Return what was packed; None if these bytes are damaged or of another version."""
        if data is None or data[:8] != b"%08x" % zlib.crc32(data[8:]):
            return None
        try:
            content = json.loads(data[8:])
            if content["version"] != _VERSION:
                return None
            columns = {name: ColumnStatistics(*each) for name, each in content["columns"].items()}
            return cls(content["rows"], columns)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None  # made by somebody who can count a checksum, too


def measure(batch: pa.RecordBatch) -> BatchStatistics | None:
    """Return statistics of a batch; None where they do not pay.

    Examples
    --------
    >>> import pyarrow as pa
    >>> measure(pa.record_batch({"n": range(5_000)})).columns["n"]
    ColumnStatistics(null_count=0, least=0, greatest=4999)
    """
    if batch.num_rows < ROWS_MIN:
        return None
    columns = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        bounds = _bounds_of(column) if name not in columns else None
        if bounds is not None:
            columns[name] = ColumnStatistics(column.null_count, *bounds)
    return BatchStatistics(batch.num_rows, columns) if columns else None


def _bounds_of(column: pa.Array) -> tuple[Any, Any] | None:
    """Return bounds of the values; None for a type that has none."""
    try:
        return _known_bounds(column)
    except (pa.ArrowException, UnicodeDecodeError):
        return None  # whoever reads the column says what is wrong with it


def _known_bounds(column: pa.Array) -> tuple[Any, Any] | None:
    kind = column.type
    if _is_text(kind):
        return _text_bounds(column)
    if pt.is_temporal(kind) and not (pt.is_interval(kind) or pt.is_date64(kind)):
        column = column.view(pa.int32() if kind.bit_width == 32 else pa.int64())
    elif not (pt.is_integer(kind) or pt.is_boolean(kind) or _is_float(kind)):
        return None
    if column.null_count == len(column):
        return None, None
    if pt.is_boolean(kind) or (column.null_count and not _is_float(kind)):
        found = pc.min_max(column)
        return found["min"].as_py(), found["max"].as_py()
    values = column.drop_null().to_numpy() if column.null_count else column.to_numpy()
    if _is_float(kind):
        return _finite(np.fmin.reduce(values)), _finite(values.max())
    return int(values.min()), int(values.max())


def _is_float(kind: pa.DataType) -> bool:
    return bool(pt.is_float32(kind) or pt.is_float64(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pt.is_string(kind) or pt.is_large_string(kind))


def _finite(value: np.floating[Any]) -> float | None:
    return float(value) if np.isfinite(value) else None


def _text_bounds(column: pa.Array) -> tuple[str | None, str | None]:
    """Return bounds of texts that seem to be in some order; of others they exclude nothing.

    Texts are slow to compare, so a few are looked at first.
    """
    step = max(1, len(column) // _TEXTS_LOOKED)
    looked = [text for text in column[::step].to_pylist() if text is not None]
    pairs = list(pairwise(looked))
    if any(a > b for a, b in pairs) and any(a < b for a, b in pairs):
        return None, None
    found = pc.min_max(column)
    return _text_below(found["min"].as_py()), _text_above(found["max"].as_py())


def _text_below(text: str | None) -> str | None:
    return None if text is None else text[:_TEXT_MAX]


def _text_above(text: str | None) -> str | None:
    """Return a text of bounded length that no text with this beginning is above."""
    if text is None or len(text) <= _TEXT_MAX:
        return text
    for end in range(_TEXT_MAX, 0, -1):
        code = ord(text[end - 1]) + 1
        if code <= 0x10FFFF:
            return text[: end - 1] + chr(0xE000 if code == 0xD800 else code)
    return None


_Check = Callable[[BatchStatistics], bool]


class Pruning:
    """Predicates that must all hold, made ready to judge many batches.

    Parameters
    ----------
    predicates
        Expressions over the columns of `schema`; what is not understood judges nothing.
    schema
        The columns as they are read.

    Examples
    --------
    >>> from sabot.expressions import col
    >>> pruning = Pruning([col("n") > 100], pa.schema({"n": pa.int64()}))
    >>> pruning.may_pass(BatchStatistics(9, {"n": ColumnStatistics(0, 7, 100)}))
    False
    """

    def __init__(self, predicates: Sequence[Expr], schema: pa.Schema) -> None:
        self._schema = schema
        checks = (_check_of(predicate.to_dict(), schema) for predicate in predicates)
        self._checks = [check for check in checks if check is not None]

    @property
    def is_useful(self) -> bool:
        """Whether anything can be left out at all."""
        return bool(self._checks)

    def may_pass(self, statistics: BatchStatistics) -> bool:
        """Return whether a row of the batch may pass."""
        return all(check(statistics) for check in self._checks)

    def judge(self, statistics: BatchStatistics | None, found: pa.Schema, row_count: int) -> bool:
        """Return whether a row may pass of a batch that is stored with other columns.

        Those that are stored in another type are not judged; those that are missing are null.
        """
        if not self._checks:
            return True
        columns = {
            name: ColumnStatistics(row_count, None, None)
            for name in self._schema.names
            if name not in found.names
        }
        if statistics is not None and statistics.row_count == row_count:
            columns |= {
                name: each
                for name, each in statistics.columns.items()
                if name in self._schema.names
                and name in found.names
                and found.field(name).type.equals(self._schema.field(name).type)
            }
        try:
            return self.may_pass(BatchStatistics(row_count, columns))
        except TypeError:
            return True  # bounds of another type than the column's


def _check_of(node: Mapping[str, Any], schema: pa.Schema) -> _Check | None:
    """Return what tells that no row fulfils the expression; None if nothing does."""
    call, args = node.get("call"), node.get("args", ())
    if "col" in node:  # a column of truth values
        return _compare("equal", node, {"lit": True}, schema)
    if call in ("and", "or"):
        return _join(call, [_check_of(arg, schema) for arg in args])
    if call == "not" and args:
        negated = _negated(args[0])
        return None if negated is None else _check_of(negated, schema)
    if call in ("is_null", "is_not_null") and args and "col" in args[0]:
        return _null_check(call, args[0]["col"])
    if call == "between" and len(args) == 3:
        low = _compare("greater_equal", args[0], args[1], schema)
        return _join("and", [low, _compare("less_equal", args[0], args[2], schema)])
    if call == "in" and len(args) >= 2:
        return _join("or", [_compare("equal", args[0], arg, schema) for arg in args[1:]])
    if call in _COMPARE and len(args) == 2:
        if "lit" in args[0]:
            return _compare(MIRRORED.get(call, call), args[1], args[0], schema)
        return _compare(call, args[0], args[1], schema)
    return None


_NEGATIONS = {
    "equal": "not_equal",
    "less": "greater_equal",  # NaN is in the order, too
    "less_equal": "greater",
    "is_null": "is_not_null",
    "and": "or",
}
_NEGATIONS |= {negation: call for call, negation in _NEGATIONS.items()}


def _negated(node: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what is true exactly where the expression is false; None if that is not known."""
    call, args = node.get("call"), node.get("args", ())
    if "col" in node:
        return {"call": "equal", "args": [node, {"lit": False}]}
    if call == "not" and len(args) == 1:
        return args[0]
    if call in ("and", "or"):
        parts = [_negated(arg) or {"call": "unknown"} for arg in args]
        return {"call": _NEGATIONS[call], "args": parts}
    if call == "between" and len(args) == 3:
        below = {"call": "less", "args": args[:2]}
        return {"call": "or", "args": [below, {"call": "greater", "args": [args[0], args[2]]}]}
    return {"call": _NEGATIONS[call], "args": args} if call in _NEGATIONS else None


def _join(call: str, checks: Sequence[_Check | None]) -> _Check | None:
    known = [check for check in checks if check is not None]
    if not known or (call == "or" and len(known) < len(checks)):
        return None
    if call == "and":
        return lambda statistics: all(check(statistics) for check in known)
    return lambda statistics: any(check(statistics) for check in known)


def _null_check(call: str, name: str) -> _Check:
    def check(statistics: BatchStatistics) -> bool:
        column = statistics.columns.get(name)
        if column is None:
            return True
        if call == "is_null":
            return column.null_count > 0
        return column.null_count < statistics.row_count

    return check


def _compare(
    call: str, column: Mapping[str, Any], literal: Mapping[str, Any], schema: pa.Schema
) -> _Check | None:
    if "col" not in column or "lit" not in literal or column["col"] not in schema.names:
        return None
    name = column["col"]
    scalar = constant_of(literal, schema.field(name).type)
    if scalar is None:
        return None
    value = scalar.value if pt.is_temporal(scalar.type) else scalar.as_py()
    may_hold = _COMPARE[call]

    def check(statistics: BatchStatistics) -> bool:
        found = statistics.columns.get(name)
        if found is None:
            return True
        return found.null_count < statistics.row_count and may_hold(found, value)

    return check


def _reaches_down(found: ColumnStatistics, value: Any) -> bool:
    return found.least is None or found.least <= value


def _reaches_up(found: ColumnStatistics, value: Any) -> bool:
    return found.greatest is None or found.greatest >= value


_COMPARE: dict[str, Callable[[ColumnStatistics, Any], bool]] = {
    "equal": lambda found, value: _reaches_down(found, value) and _reaches_up(found, value),
    "not_equal": lambda found, value: not found.least == found.greatest == value,
    "less": lambda found, value: found.least is None or found.least < value,
    "less_equal": _reaches_down,
    "greater": lambda found, value: found.greatest is None or found.greatest > value,
    "greater_equal": _reaches_up,
}
