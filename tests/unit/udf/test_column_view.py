# SPDX-License-Identifier: Apache-2.0
"""A column view computes as the contract says: types, missing values, division, writes."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from sabot.udf import ColumnView


def view(values, kind=None):
    return ColumnView(pa.array(values, kind))


def arrow(values, kind):
    return pa.array(values, kind)


INTS = view([1, None, 3])
SMALL = view([1, None, 3], pa.int8())
FLOATS = view([1.5, float("nan"), None])
TEXT = view(["a", None, "c"])
BOOLS = view([True, False, None])


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (INTS + 1, arrow([2, None, 4], pa.int64())),
        (1 - INTS, arrow([0, None, -2], pa.int64())),
        (SMALL + 1, arrow([2, None, 4], pa.int64())),
        (SMALL + SMALL, arrow([2, None, 6], pa.int8())),
        (INTS * 1.5, arrow([1.5, None, 4.5], pa.float64())),
        (INTS / 2, arrow([0.5, None, 1.5], pa.float64())),
        (INTS // 2, arrow([0, None, 1], pa.int64())),
        (INTS % 2, arrow([1, None, 1], pa.int64())),
        (INTS**2, arrow([1, None, 9], pa.int64())),
        (-INTS, arrow([-1, None, -3], pa.int64())),
        (view([1.0, 2.0], pa.float32()) * 2, arrow([2.0, 4.0], pa.float64())),
        (
            view([1.0, 2.0], pa.float32()) * view([1.0, 2.0], pa.float32()),
            arrow([1.0, 4.0], pa.float32()),
        ),
        (
            view([1, 2], pa.int32()) * view([0.5, 2.0], pa.float32()),
            arrow([0.5, 4.0], pa.float64()),
        ),
        (view([2**63], pa.uint64()) + 1, arrow([2**63 + 1], pa.uint64())),
        (INTS > 1, arrow([False, None, True], pa.bool_())),
        (INTS == INTS, arrow([True, None, True], pa.bool_())),
        (TEXT == "a", arrow([True, None, False], pa.bool_())),
        (TEXT + "x", arrow(["ax", None, "cx"], pa.string())),
        (BOOLS & True, arrow([True, False, None], pa.bool_())),
        (BOOLS | False, arrow([True, False, None], pa.bool_())),
        (~BOOLS, arrow([False, True, None], pa.bool_())),
        (INTS + None, arrow([None, None, None], pa.int64())),
        (np.where(INTS > 1, INTS, 0), arrow([0, None, 3], pa.int64())),
        (np.maximum(INTS, 2), arrow([2, None, 3], pa.int64())),
        (INTS.is_null(), arrow([False, True, False], pa.bool_())),
        (INTS[1:], arrow([None, 3], pa.int64())),
        (INTS[INTS > 1], arrow([3], pa.int64())),
        (
            view([Decimal("1.5"), None]) + Decimal("0.25"),
            arrow([Decimal("1.75"), None], pa.decimal128(3, 2)),
        ),
        (
            view([dt.date(2024, 1, 1), None]) + np.timedelta64(1, "D"),
            arrow([dt.date(2024, 1, 2), None], pa.date32()),
        ),
        (
            view([dt.datetime(2024, 1, 1)], pa.timestamp("ms", "UTC")) + np.timedelta64(1, "s"),
            arrow([dt.datetime(2024, 1, 1, 0, 0, 1)], pa.timestamp("ms", "UTC")),
        ),
        (
            view([dt.datetime(2024, 1, 1), None]) > dt.datetime(2023, 1, 1),
            arrow([True, None], pa.bool_()),
        ),
    ],
)
def test_computes(result, expected):
    assert result.to_arrow().equals(expected), result.to_arrow()
    assert result.to_arrow().type == expected.type


def test_nan_is_a_value_and_null_is_none():
    result = (FLOATS + 1).to_arrow()
    assert result.null_count == 1
    assert np.isnan(result[1].as_py())


def test_integers_wrap_and_floats_divide_as_ieee():
    assert (view([2**63 - 1]) + 1).to_arrow().to_pylist() == [-(2**63)]
    result = (view([1.0, -1.0, 0.0]) / 0.0).to_arrow().to_pylist()
    assert result[:2] == [np.inf, -np.inf]
    assert np.isnan(result[2])


@pytest.mark.parametrize("divide", [lambda a, b: a // b, lambda a, b: a % b])
def test_integer_division_by_zero_is_an_error(divide):
    with pytest.raises(ZeroDivisionError, match="row 1"):
        divide(view([1, 2]), view([1, 0]))
    with pytest.raises(ZeroDivisionError, match="row 0"):
        divide(view([1, 2]), 0)
    assert divide(view([1, None]), view([1, 0])).to_arrow()[1].as_py() is None


@pytest.mark.parametrize(
    "kind",
    [
        pa.int8(),
        pa.uint32(),
        pa.int64(),
        pa.float32(),
        pa.float64(),
        pa.bool_(),
        pa.string(),
        pa.large_string(),
        pa.binary(),
        pa.date32(),
        pa.timestamp("us"),
        pa.decimal128(5, 2),
    ],
)
@pytest.mark.parametrize("offset", [0, 3])
def test_reads_every_type_at_any_offset(kind, offset):
    values = [None, 1, 0, 1, None, 1, 1, 0, 0, 1]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind):
        array = pa.array([None if v is None else str(v) for v in values]).cast(kind)
    elif pa.types.is_temporal(kind):
        wide = pa.int32() if kind == pa.date32() else pa.int64()
        array = pa.array(values, wide).cast(kind)
    elif pa.types.is_decimal(kind):
        array = pa.array([None if v is None else Decimal(v) for v in values], kind)
    else:
        array = pa.array(values).cast(kind)
    part = array.slice(offset, 6)
    column = ColumnView(part)
    assert len(column) == 6
    assert (column == column).to_arrow().to_pylist() == [
        None if v is None else True for v in part.to_pylist()
    ]
    assert column.copy()[0:6].to_arrow().equals(part)
    assert column[np.arange(6)].to_arrow().cast(kind).equals(part)


def test_iterates_and_indexes():
    assert list(INTS) == [1, None, 3]
    assert list(TEXT) == ["a", None, "c"]
    assert (INTS[0], INTS[1], INTS[-1]) == (1, None, 3)
    assert sum(value for value in INTS if value is not None) == 4


def test_reading_shares_memory_and_writing_does_not():
    array = pa.array([1, 2, 3])
    column = ColumnView(array)
    values = column.to_numpy()
    assert values.ctypes.data == array.buffers()[1].address
    column[0] = 10
    assert array.to_pylist() == [1, 2, 3]
    assert column.to_arrow().to_pylist() == [10, 2, 3]
    column[1] = 20
    assert column.to_arrow().to_pylist() == [10, 20, 3]


def test_arrow_that_was_handed_out_does_not_change():
    column = ColumnView(pa.array([1, 2]))
    column[0] = 5
    before = column.to_arrow()
    column[0] = 6
    assert before.to_pylist() == [5, 2]


@pytest.mark.parametrize(
    ("start", "index", "value", "expected"),
    [
        ([1, 2, 3], 1, 9, [1, 9, 3]),
        ([1, 2, 3], 1, None, [1, None, 3]),
        ([1, None, 3], 1, 2, [1, 2, 3]),
        ([1, 2, 3], slice(0, 2), 7, [7, 7, 3]),
        ([1, 2, 3], slice(0, 2), [7, 8], [7, 8, 3]),
        ([1, 2, 3], np.array([True, False, True]), 0, [0, 2, 0]),
        ([1, 2, 3], 0, 1.5, [1.5, 2.0, 3.0]),
        (["a", "b"], 0, "zz", ["zz", "b"]),
        ([True, False], 1, True, [True, True]),
    ],
)
def test_writes(start, index, value, expected):
    column = view(start)
    column[index] = value
    assert column.to_arrow().to_pylist() == expected


def test_in_place_arithmetic_widens_to_float():
    column = view([1, 2])
    for i in range(len(column)):
        column[i] *= 1.5
    assert column.to_arrow().equals(pa.array([1.5, 3.0]))


def test_numpy_functions():
    assert np.sqrt(view([4.0, None])).to_arrow().to_pylist() == [2.0, None]
    assert np.sum(view([1, 2])) == 3
    assert np.mean(view([1.0, 2.0])) == 1.5
    np.testing.assert_array_equal(np.asarray(INTS), [1.0, np.nan, 3.0])
    np.testing.assert_array_equal(np.cumsum(view([1, 2, 3])), [1, 3, 6])
    assert (INTS.sum(), INTS.min(), INTS.max(), INTS.mean()) == (4, 1, 3, 2.0)


def test_has_no_truth_value():
    with pytest.raises(TypeError, match="Combine masks"):
        bool(INTS > 1)


def test_empty_columns_keep_their_types():
    empty = {kind: ColumnView(pa.array([], kind)) for kind in (pa.int64(), pa.string())}
    assert (empty[pa.int64()] * 1.5).to_arrow().type == pa.float64()
    assert (empty[pa.string()] + "x").to_arrow().type == pa.string()
    assert (empty[pa.string()] == "x").to_arrow().type == pa.bool_()
