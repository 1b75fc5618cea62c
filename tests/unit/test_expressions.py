# SPDX-License-Identifier: Apache-2.0
"""Expressions write the wire form and refuse to be truth values."""

import datetime as dt
import json
import math
import operator
import zoneinfo
from decimal import Decimal

import pyarrow as pa
import pytest

from sabot import coalesce, col, lit
from sabot.expressions import Expr

PRICE = {"col": "price"}


def call(function, *args):
    return {"call": function, "args": list(args)}


@pytest.mark.parametrize(
    ("expr", "form"),
    [
        (col("price"), PRICE),
        (col("price") + 1, call("add", PRICE, {"lit": 1})),
        (1 + col("price"), call("add", {"lit": 1}, PRICE)),
        (col("price") - 1, call("subtract", PRICE, {"lit": 1})),
        (1 - col("price"), call("subtract", {"lit": 1}, PRICE)),
        (col("price") * 2.5, call("multiply", PRICE, {"lit": 2.5})),
        (2.5 * col("price"), call("multiply", {"lit": 2.5}, PRICE)),
        (col("price") / 2, call("divide", PRICE, {"lit": 2})),
        (2 / col("price"), call("divide", {"lit": 2}, PRICE)),
        (col("price") % 2, call("modulo", PRICE, {"lit": 2})),
        (2 % col("price"), call("modulo", {"lit": 2}, PRICE)),
        (-col("price"), call("negate", PRICE)),
        (col("price") == 1, call("equal", PRICE, {"lit": 1})),
        (col("price") != 1, call("not_equal", PRICE, {"lit": 1})),
        (col("price") < 1, call("less", PRICE, {"lit": 1})),
        (col("price") <= 1, call("less_equal", PRICE, {"lit": 1})),
        (col("price") > 1, call("greater", PRICE, {"lit": 1})),
        (col("price") >= 1, call("greater_equal", PRICE, {"lit": 1})),
        (operator.lt(1, col("price")), call("greater", PRICE, {"lit": 1})),
        (col("a") & col("b"), call("and", {"col": "a"}, {"col": "b"})),
        (col("a") | True, call("or", {"col": "a"}, {"lit": True})),
        (False & col("a"), call("and", {"lit": False}, {"col": "a"})),
        (~col("a"), call("not", {"col": "a"})),
        (col("price").is_null(), call("is_null", PRICE)),
        (col("price").is_not_null(), call("is_not_null", PRICE)),
        (col("price").coalesce(0), call("coalesce", PRICE, {"lit": 0})),
        (coalesce(col("price"), None), call("coalesce", PRICE, {"lit": None})),
        (col("price").cast("int8"), {**call("cast", PRICE), "type": "int8"}),
        (
            col("price").cast("int8", on_error="null"),
            {**call("cast", PRICE), "type": "int8", "on_error": "null"},
        ),
    ],
)
def test_writes_the_wire_form(expr, form):
    assert expr.to_dict() == form
    assert json.loads(json.dumps(expr.to_dict())) == form
    assert Expr.from_dict(form).equals(expr)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (None, {"lit": None}),
        (True, {"lit": True}),
        (7, {"lit": 7}),
        (2**53, {"lit": 2**53}),
        (2**53 + 1, {"lit": str(2**53 + 1), "type": "int64"}),
        (-(2**63), {"lit": str(-(2**63)), "type": "int64"}),
        (2**63, {"lit": str(2**63), "type": "uint64"}),
        (1.5, {"lit": 1.5}),
        (math.inf, {"lit": "inf", "type": "float64"}),
        (-math.inf, {"lit": "-inf", "type": "float64"}),
        (math.nan, {"lit": "NaN", "type": "float64"}),
        ("text", {"lit": "text"}),
        (b"\x00\xff", {"lit": "00ff", "type": "binary"}),
        (Decimal("12.50"), {"lit": "12.50", "type": "decimal128(4, 2)"}),
        (Decimal("0.001"), {"lit": "0.001", "type": "decimal128(3, 3)"}),
        (Decimal("1E+3"), {"lit": "1000", "type": "decimal128(4, 0)"}),
        (dt.date(1970, 1, 2), {"lit": 1, "type": "date32"}),
        (dt.datetime(1970, 1, 1, 0, 0, 1), {"lit": 1_000_000, "type": "timestamp[us]"}),
        (
            dt.datetime(1970, 1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))),
            {"lit": 0, "type": "timestamp[us, +01:00]"},
        ),
        (
            dt.datetime(1970, 1, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
            {"lit": 0, "type": "timestamp[us, Europe/Berlin]"},
        ),
        (dt.datetime(1970, 1, 1, tzinfo=dt.UTC), {"lit": 0, "type": "timestamp[us, UTC]"}),
        (dt.time(0, 0, 1, 5), {"lit": 1_000_005, "type": "time64[us]"}),
        (dt.timedelta(seconds=-1), {"lit": -1_000_000, "type": "duration[us]"}),
        (pa.scalar(3, pa.int8()), {"lit": 3}),
    ],
)
def test_writes_constants(value, form):
    assert lit(value).to_dict() == form
    json.dumps(form, allow_nan=False)


def test_constant_takes_the_type_it_is_given():
    assert lit(3, "int8").to_dict() == {"lit": 3, "type": "int8"}
    assert lit(dt.datetime(1970, 1, 1, 0, 0, 1), "timestamp[ms]").to_dict()["lit"] == 1000
    assert lit(dt.date(1970, 1, 2), "timestamp[s]").to_dict()["lit"] == 86400


@pytest.mark.parametrize("value", [object(), {1, 2}, [1], 1j])
def test_refuses_constants_of_unknown_kinds(value):
    with pytest.raises(TypeError, match="cannot be a constant"):
        lit(value)


def test_refuses_numbers_that_are_too_large():
    with pytest.raises(OverflowError, match="64 bits"):
        lit(2**64)
    with pytest.raises(OverflowError, match="38"):
        lit(Decimal("1" * 39))


@pytest.mark.parametrize(
    "use",
    [
        lambda e: bool(e > 1),
        lambda e: 0 < e < 1,
        lambda e: (e > 1) and (e < 2),
        lambda e: not e,
        lambda e: e in [col("a")],
    ],
)
def test_has_no_truth_value(use):
    with pytest.raises(TypeError, match=r"Combine conditions with '&'"):
        use(col("price"))


def test_prints_as_it_is_written():
    expr = (col("price") * 2 > 100) & ~col("name").is_null()
    assert repr(expr) == "(((col('price') * 2) > 100) & ~col('name').is_null())"
    assert repr(lit(dt.date(2020, 1, 2))) == "datetime.date(2020, 1, 2)"


def test_knows_the_columns_it_reads():
    assert (col("a") + col("b") > col("a") * 2).columns() == ["a", "b"]


def test_is_not_hashable():
    with pytest.raises(TypeError):
        hash(col("a"))
