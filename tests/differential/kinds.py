# SPDX-License-Identifier: Apache-2.0
"""Kinds of columns: an Arrow type, how its values are drawn, and how the reference sees them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

WORDS = [
    "",
    "a",
    "b",
    "aa",
    "A",
    " a ",
    "ä",
    "日本語",
    "🦆duck",
    "x" * 11,
    "x" * 12,
    "x" * 13,
    "x" * 12 + "y",
    "y" * 300,
    "%_\\",
]
_FLOATS = [0.0, -0.0, math.nan, math.inf, -math.inf, 5e-324, 1.5, -1.5]

Rng = np.random.Generator


@dataclass(frozen=True)
class Kind:
    """A kind of column.

    Attributes
    ----------
    name
        For messages.
    type
        What the engine gets.
    draw
        Gives so many values, none of them None.
    family
        Kinds of one family can be compared and joined; "" for coded kinds.
    values
        Of a coded kind: all values there are, in their order; None for others.
    is_sortable
        Whether rows can be ordered by it.
    has_minimum
        Whether there are minima and maxima of it.
    """

    name: str
    type: pa.DataType
    draw: Callable[[Rng, int], list[Any]]
    family: str = ""
    values: Sequence[Any] | None = None
    is_sortable: bool = True
    has_minimum: bool = True

    @property
    def is_coded(self) -> bool:
        return self.values is not None

    @property
    def is_number(self) -> bool:
        return self.family in ("int", "float")


def _ints(bits: int, *, is_signed: bool) -> Kind:
    low = -(2 ** (bits - 1)) if is_signed else 0
    high = 2 ** (bits - is_signed) - 1
    # Small enough that a thousand of them, twice multiplied, still fit 64 bits.
    low, high = max(low, -(2**20)), min(high, 2**20)
    edges = [low, high, 0, 1, 7]

    def draw(rng: Rng, count: int) -> list[int]:
        style = rng.integers(0, 3)
        if style == 0:
            return rng.integers(max(low, -20), min(high, 20), count).tolist()
        if style == 1:  # one huge group
            return np.where(rng.random(count) < 0.7, 7, rng.integers(0, 20, count)).tolist()
        some = rng.integers(low, high, count, endpoint=True)
        return np.where(rng.random(count) < 0.3, rng.choice(edges, count), some).tolist()

    name = f"{'' if is_signed else 'u'}int{bits}"
    return Kind(name, getattr(pa, name)(), draw, "int")


def _floats(bits: int) -> Kind:
    def draw(rng: Rng, count: int) -> list[float]:
        values = np.round(rng.normal(0, 100, count), 2)
        special = rng.random(count) < 0.25
        values[special] = rng.choice(_FLOATS[: 8 if bits == 64 else 5], special.sum())
        if bits == 32:
            values = values.astype(np.float32).astype(np.float64)
        return values.tolist()

    return Kind(f"float{bits}", pa.float64() if bits == 64 else pa.float32(), draw, "float")


def _texts(type_: pa.DataType) -> Kind:
    def draw(rng: Rng, count: int) -> list[str]:
        return [WORDS[i] for i in rng.integers(0, len(WORDS), count)]

    return Kind(str(type_), type_, draw, "text")


def _bytes(type_: pa.DataType) -> Kind:
    words = [word.encode() for word in WORDS] + [b"\0", b"a\0b", b"\xff\xfe"]

    def draw(rng: Rng, count: int) -> list[bytes]:
        return [words[i] for i in rng.integers(0, len(words), count)]

    return Kind(str(type_), type_, draw, "binary")


def _bools(rng: Rng, count: int) -> list[bool]:
    return (rng.random(count) < rng.random()).tolist()


def _dates(rng: Rng, count: int) -> list[dt.date]:
    first = dt.date(1969, 12, 1)
    return [first + dt.timedelta(days=int(n)) for n in rng.integers(0, 60, count)]


def _timestamps(rng: Rng, count: int) -> list[dt.datetime]:
    first = dt.datetime(1969, 12, 31, 12)
    return [first + dt.timedelta(seconds=int(n)) for n in rng.integers(0, 100_000, count)]


def _decimals(rng: Rng, count: int) -> list[Decimal]:
    return [Decimal(int(n)).scaleb(-2) for n in rng.integers(-(10**4), 10**4, count)]


def _coded(name: str, type_: pa.DataType, values: Sequence[Any], **more: bool) -> Kind:
    def draw(rng: Rng, count: int) -> list[Any]:
        return [values[i] for i in rng.integers(0, len(values), count)]

    return Kind(name, type_, draw, values=values, **more)


def _nested(name: str, type_: pa.DataType, values: Sequence[Any]) -> Kind:
    return _coded(name, type_, values, has_minimum=False)


DIRECT: list[Kind] = [
    *(_ints(bits, is_signed=True) for bits in (8, 16, 32, 64, 64, 64)),
    *(_ints(bits, is_signed=False) for bits in (8, 16, 32, 64)),
    _floats(32),
    _floats(64),
    _floats(64),
    Kind("bool", pa.bool_(), _bools, "bool"),
    *(_texts(type_) for type_ in (pa.string(), pa.string(), pa.large_string(), pa.string_view())),
    *(_bytes(type_) for type_ in (pa.binary(), pa.large_binary(), pa.binary_view())),
    Kind("date32", pa.date32(), _dates, "date"),
    *(
        Kind(f"timestamp_{unit}", pa.timestamp(unit), _timestamps, f"ts_{unit}")
        for unit in ("s", "ms", "us")
    ),
    Kind("decimal128", pa.decimal128(10, 2), _decimals, "decimal"),
]
INT64 = next(kind for kind in DIRECT if kind.name == "int64")
FLOAT64 = next(kind for kind in DIRECT if kind.name == "float64")
BOOL = next(kind for kind in DIRECT if kind.name == "bool")
UINT64 = next(kind for kind in DIRECT if kind.name == "uint64")

_D = Decimal
_T = dt.timedelta
_LONG = "long enough to be outside of a view"

CODED: list[Kind] = [
    Kind("null", pa.null(), lambda rng, count: [None] * count, values=()),
    _coded("float16", pa.float16(), [-math.inf, -2.5, 0.0, 1.5, 2.5, math.nan]),
    _coded("decimal32", pa.decimal32(7, 2), [_D("-2.25"), _D("1.50")]),
    _coded("decimal64", pa.decimal64(15, 3), [_D("-2.250"), _D("1.500")]),
    _coded(
        "decimal256",
        pa.decimal256(60, 2),
        [_D("-" + "1" * 45 + ".25"), _D("-1.00"), _D("0.00"), _D("1.50"), _D("1" * 45 + ".25")],
    ),
    _coded("fixed_size_binary", pa.binary(3), [b"\0\0\0", b"\0\1\2", b"abc", b"ab\xff"]),
    _coded("date64", pa.date64(), [dt.date(1969, 1, 1), dt.date(1970, 1, 1)]),
    _coded("timestamp_ns", pa.timestamp("ns"), [dt.datetime(1960, 1, 1), dt.datetime(2020, 1, 1)]),
    _coded(
        "timestamp_zone",
        pa.timestamp("us", "Europe/Berlin"),
        [dt.datetime(2020, 1, n, tzinfo=dt.UTC) for n in (1, 2, 3)],
    ),
    _coded("time32", pa.time32("s"), [dt.time(0), dt.time(1, 2, 3)]),
    _coded("time64", pa.time64("us"), [dt.time(0), dt.time(1, 2, 3, 4)]),
    _coded("duration", pa.duration("us"), [_T(-1), _T(1, 2)]),
    _coded(
        "interval",
        pa.month_day_nano_interval(),
        [pa.MonthDayNano([1, 2, 3]), pa.MonthDayNano([0, 0, 1])],
        is_sortable=False,
        has_minimum=False,
    ),
    _coded("dictionary", pa.dictionary(pa.int32(), pa.string()), ["", "a", _LONG, _LONG + "s"]),
    _coded("dictionary_int", pa.dictionary(pa.int8(), pa.int64()), [-7, 7]),
    _coded("run_end_encoded", pa.run_end_encoded(pa.int32(), pa.int64()), [1, 2]),
    _coded("run_end_encoded_text", pa.run_end_encoded(pa.int16(), pa.string()), ["", "a", _LONG]),
    _nested("list", pa.list_(pa.int64()), [[], [1], [1, 2, None], [3], [None]]),
    _nested("large_list", pa.large_list(pa.string()), [["a"], ["b", None], [_LONG]]),
    _nested("fixed_size_list", pa.list_(pa.float32(), 2), [[1.0, 2.0], [3.0, None]]),
    _nested("list_view", pa.list_view(pa.int32()), [[], [1, 2]]),
    _nested(
        "struct",
        pa.struct([("a", pa.int64()), ("b", pa.string())]),
        [{"a": 1, "b": "x"}, {"a": 1, "b": None}, {"a": None, "b": _LONG}],
    ),
    _nested("map", pa.map_(pa.string(), pa.int64()), [[], [("a", 1)]]),
    _nested(
        "list_of_structs",
        pa.list_(pa.struct([("x", pa.list_(pa.int8()))])),
        [[], [{"x": [1]}, None], [{"x": None}]],
    ),
]
