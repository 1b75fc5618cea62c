# SPDX-License-Identifier: Apache-2.0
"""``column``, ``operator`` and ``value`` of a FILTER compare as Python does, for every type."""

import datetime as dt
import math
import operator
from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines import line, node, rows

OPERATORS = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
NOON = dt.datetime(2024, 2, 29, 12)
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
UTC = dt.UTC

CASES = {
    "int8": (pa.array([-128, 0, 5, None, 127], pa.int8()), 5),
    "int8 and a float": (pa.array([4, 5, None], pa.int8()), 4.5),
    "int64": (pa.array([2**62, 2**62 + 1, None, -(2**63)]), 2**62 + 1),
    "int64, smallest": (pa.array([-(2**63), -(2**63) + 1]), -(2**63)),
    "uint64": (pa.array([0, 2**64 - 1, 2**63], pa.uint64()), 2**63),
    "float32": (pa.array([0.5, 1.5, None, math.inf], pa.float32()), 1.5),
    "float64 and an int": (pa.array([1.0, 2.0, -0.0, None]), 1),
    "text": (pa.array(["", "a", "aa", "ä", None, "b" * 20]), "aa"),
    "large text": (pa.array(["x", "y", None], pa.large_string()), "y"),
    "bytes": (pa.array([b"", b"a", b"a\0b", None, b"b"]), b"a\0b"),
    "bool": (pa.array([True, False, None]), True),
    "decimal": (pa.array([Decimal("12.49"), Decimal("12.50"), None]), Decimal("12.50")),
    "decimal and an int": (pa.array([Decimal("12.49"), Decimal("12.00"), None]), 12),
    "date": (pa.array([NOON.date() - DAY, NOON.date(), None]), NOON.date()),
    "timestamp": (pa.array([NOON - HOUR, NOON, None]), NOON),
    "timestamp in seconds": (pa.array([NOON - HOUR, NOON], pa.timestamp("s")), NOON),
    "timestamp in nanoseconds": (pa.array([NOON - HOUR, NOON], pa.timestamp("ns")), NOON),
    "timestamp with a zone": (
        pa.array([NOON.replace(tzinfo=UTC) + HOUR, NOON.replace(tzinfo=UTC), None]),
        NOON.replace(tzinfo=dt.timezone(HOUR)),
    ),
}


@pytest.mark.parametrize("symbol", OPERATORS)
@pytest.mark.parametrize("case", CASES)
def test_compares(case, symbol):
    array, value = CASES[case]
    table = pa.table({"c": array, "row": range(len(array))})
    graph = line({"data": table}, node("filter", "f", column="c", value=value, operator=symbol))
    expected = [
        i
        for i, item in enumerate(array.to_pylist())
        if item is not None and OPERATORS[symbol](item, value)
    ]
    assert rows(graph)["row"].to_pylist() == expected


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [(">", []), (">=", [1]), ("<", [0, 3]), ("<=", [0, 1, 3]), ("==", [1]), ("!=", [0, 3])],
)
def test_nan_equals_nan_and_is_above_all_numbers(symbol, expected):
    table = pa.table({"c": [1.0, math.nan, None, math.inf], "row": range(4)})
    graph = line({"data": table}, node("filter", "f", column="c", value=math.nan, operator=symbol))
    assert rows(graph)["row"].to_pylist() == expected


def test_greater_is_the_default():
    graph = line({"data": {"c": [1, 2, 3]}}, node("filter", "f", column="c", value=2))
    assert rows(graph)["c"].to_pylist() == [3]


def test_text_compares_with_a_date_as_iso_8601():
    table = pa.table({"c": [NOON.date() - DAY, NOON.date()]})
    graph = line(
        {"data": table}, node("filter", "f", column="c", value="2024-02-29", operator="==")
    )
    assert rows(graph)["c"].to_pylist() == [NOON.date()]
