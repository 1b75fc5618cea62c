# SPDX-License-Identifier: Apache-2.0
"""Columns of every Arrow type, for tests."""

import datetime
import decimal
import random
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

Value = Callable[[random.Random], Any]


def text(rng: random.Random) -> str:
    """Return a short, a long or a non-ASCII text, from few."""
    return rng.choice(["", "a", "twelve bytes", "thirteen bytes", "grüße aus köln", "x" * 40])


def number(rng: random.Random) -> int:
    return rng.choice([0, 1, -1, 7, 100, -100])


def real(rng: random.Random) -> float:
    return rng.choice([0.0, -0.0, 1.5, -2.25, float("inf"), float("nan")])


def amount(rng: random.Random) -> decimal.Decimal:
    return decimal.Decimal(rng.choice(["0.00", "1.25", "-1.25", "99999.99"]))


def sometimes(value: Value) -> Value:
    """Return a value that is None now and then."""
    return lambda rng: None if rng.random() < 0.2 else value(rng)


def several(value: Value, count: int | None = None) -> Value:
    return lambda rng: [
        sometimes(value)(rng) for _ in range(rng.randrange(4) if count is None else count)
    ]


def record(rng: random.Random) -> dict[str, Any]:
    return {"a": sometimes(number)(rng), "b": sometimes(text)(rng)}


def entries(rng: random.Random) -> list[tuple[str, int | None]]:
    return [(key, sometimes(number)(rng)) for key in ["k", "key two"][: rng.randrange(3)]]


def months(rng: random.Random) -> pa.MonthDayNano:
    return pa.MonthDayNano([rng.randrange(3), rng.randrange(3), rng.randrange(3)])


# name -> type, values
TYPES: dict[str, tuple[pa.DataType, Value]] = {
    "null": (pa.null(), lambda _: None),
    "bool": (pa.bool_(), lambda rng: rng.random() < 0.5),
    "int8": (pa.int8(), number),
    "uint64": (pa.uint64(), lambda rng: rng.choice([0, 1, 2**64 - 1])),
    "float16": (pa.float16(), real),
    "float32": (pa.float32(), real),
    "float64": (pa.float64(), real),
    "decimal32": (pa.decimal32(7, 2), amount),
    "decimal64": (pa.decimal64(15, 2), amount),
    "decimal128": (pa.decimal128(30, 2), amount),
    "decimal256": (pa.decimal256(60, 2), amount),
    "date32": (pa.date32(), number),
    "date64": (pa.date64(), lambda rng: datetime.date(2024, 1, 1 + rng.randrange(3))),
    "timestamp": (pa.timestamp("us", "Europe/Berlin"), number),
    "time32": (pa.time32("ms"), lambda rng: rng.randrange(3)),
    "time64": (pa.time64("ns"), lambda rng: 1000 * rng.randrange(3)),
    "duration": (pa.duration("s"), number),
    "interval": (pa.month_day_nano_interval(), months),
    "utf8": (pa.string(), text),
    "utf8_view": (pa.string_view(), text),
    "large_binary": (pa.large_binary(), lambda rng: text(rng).encode()),
    "fixed_size_binary": (pa.binary(3), lambda rng: rng.choice([b"abc", b"\0\0\0", b"xyz"])),
    "fixed_size_binary_16": (pa.binary(16), lambda rng: bytes([rng.randrange(3)] * 16)),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), text),
    "dictionary_number": (pa.dictionary(pa.uint16(), pa.int64()), number),
    "dictionary_struct": (
        pa.dictionary(pa.int32(), pa.struct([("a", pa.int8()), ("b", pa.string())])),
        record,
    ),
    "run_end_encoded": (pa.run_end_encoded(pa.int32(), pa.string()), text),
    "run_end_encoded_16": (pa.run_end_encoded(pa.int16(), pa.float64()), real),
    "list": (pa.list_(pa.int32()), several(number)),
    "list_text": (pa.list_(pa.string()), several(text)),
    "list_list": (pa.list_(pa.list_(pa.float32())), several(several(real))),
    "large_list": (pa.large_list(pa.string()), several(text)),
    "list_view": (pa.list_view(pa.string()), several(text)),
    "large_list_view": (pa.large_list_view(pa.int16()), several(number)),
    "fixed_size_list": (pa.list_(pa.int64(), 3), several(number, 3)),
    "struct": (pa.struct([("a", pa.int8()), ("b", pa.string())]), record),
    "struct_empty": (pa.struct([]), lambda _: {}),
    "struct_deep": (
        pa.struct(
            [
                ("s", pa.struct([("a", pa.int8()), ("b", pa.string())])),
                ("l", pa.list_(pa.struct([("a", pa.int8()), ("b", pa.string())]))),
            ]
        ),
        lambda rng: {"s": sometimes(record)(rng), "l": sometimes(several(record))(rng)},
    ),
    "struct_dictionary": (
        pa.struct([("d", pa.dictionary(pa.int8(), pa.string()))]),
        lambda rng: {"d": sometimes(text)(rng)},
    ),
    "map": (pa.map_(pa.string(), pa.int64()), entries),
}

EVERY = sorted(TYPES)
ROWS = 200


def array(name: str, seed: int, count: int = ROWS) -> pa.Array:
    """Return values of a type, some of them null, at an offset within their buffers."""
    type_, value = TYPES[name]
    rng = random.Random(f"{name} {seed}")
    values = [sometimes(value)(rng) for _ in range(count + 3)]
    if pa.types.is_run_end_encoded(type_):
        encoded = pc.run_end_encode(
            pa.array(values, type_.value_type), run_end_type=type_.run_end_type
        )
        return encoded[3:]
    if pa.types.is_dictionary(type_) and pa.types.is_nested(type_.value_type):
        distinct = list({str(v): v for v in values if v is not None}.values())
        places = [None if v is None else [str(d) for d in distinct].index(str(v)) for v in values]
        return pa.DictionaryArray.from_arrays(
            pa.array(places, type_.index_type), pa.array(distinct, type_.value_type)
        )[3:]
    return pa.array(values, type_)[3:]


def table(name: str, seed: int = 0, count: int = ROWS) -> pa.Table:
    """Return columns 'id', which ascends, and 'c', of the type."""
    return pa.table({"id": pa.array(range(count), pa.int64()), "c": array(name, seed, count)})


def cells(column: pa.ChunkedArray) -> list[str]:
    """Return values that compare: NaN with itself, -0.0 apart from 0.0."""
    chunks = [
        pc.run_end_decode(chunk) if pa.types.is_run_end_encoded(chunk.type) else chunk
        for chunk in column.chunks
    ]
    return [repr(value) for chunk in chunks for value in chunk.to_pylist()]


def keys(column: pa.ChunkedArray) -> list[str]:
    """Return values that compare as keys do: 0.0 is -0.0."""
    return [cell.replace("-0.0", "0.0") for cell in cells(column)]


def check(found: pa.Table, given: pa.Table, places: list[int], names: dict[str, str]) -> None:
    """Compare columns with rows of the input, type included; Arrow checks every buffer."""
    found.validate(full=True)
    for name, origin in names.items():
        assert found.schema.field(name).type == given.schema.field(origin).type
        all_cells = cells(given[origin])
        assert cells(found[name]) == [all_cells[place] for place in places]


def by_id(table_: pa.Table, *names: str) -> list[tuple[Any, ...]]:
    """Return rows as tuples of cells, in an order of their own."""
    return sorted(zip(*(cells(table_[name]) for name in names), strict=True))
