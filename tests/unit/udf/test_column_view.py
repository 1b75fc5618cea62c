# SPDX-License-Identifier: Apache-2.0
"""A column view computes as the contract says: types, missing values, division, writes."""

import datetime as dt
import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from sabot.udf import BatchView, ColumnView


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
        (SMALL + SMALL, arrow([2, None, 6], pa.int64())),
        (INTS * 1.5, arrow([1.5, None, 4.5], pa.float64())),
        (INTS / 2, arrow([0.5, None, 1.5], pa.float64())),
        (INTS // 2, arrow([0, None, 1], pa.int64())),
        (INTS % 2, arrow([1, None, 1], pa.int64())),
        (INTS**2, arrow([1, None, 9], pa.int64())),
        (-INTS, arrow([-1, None, -3], pa.int64())),
        (view([1.0, 2.0], pa.float32()) * 2, arrow([2.0, 4.0], pa.float64())),
        (
            view([1.0, 2.0], pa.float32()) * view([1.0, 2.0], pa.float32()),
            arrow([1.0, 4.0], pa.float64()),
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
        ([True, False], 1, 7, [1, 7]),
        ([1, 2, 3], [0, 2], [7, 9], [7, 2, 9]),
        ([1, 2, 3], slice(None), [None, 5, None], [None, 5, None]),
        ([1, 2, 3], [0, 1], [None, 2.5], [None, 2.5, 3.0]),
        ([1, None, 3], view([True, None, False]), 0, [0, None, 3]),
        ([1, None, 3], pa.array([False, True, True]), pa.scalar(4), [1, 4, 4]),
        ([1, 2, 3], view([2, 0]), view([8, None]), [None, 2, 8]),
        (["a", None, "c"], slice(1, 3), ["é", None], ["a", "é", None]),
        ([1.5, None], slice(None), view([None, 2]), [None, 2.0]),
        ([1, 2, 3], slice(2, 0, -1), [20, 10], [1, 10, 20]),
        ([1, 2], np.array([False, False]), 0.5, [1.0, 2.0]),
        ([1, 2], slice(0, 0), 0.5, [1.0, 2.0]),
    ],
)
def test_writes(start, index, value, expected):
    column = view(start)
    column[index] = value
    assert column.to_arrow().to_pylist() == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("column += 1", [2, None, 4]),
        ("column -= column", [0, None, 0]),
        ("column *= 1.5", [1.5, None, 4.5]),
        ("column /= 2", [0.5, None, 1.5]),
        ("column //= 2", [0, None, 1]),
        ("column %= 2", [1, None, 1]),
        ("column **= 2", [1, None, 9]),
        ("column &= 1", [1, None, 1]),
        ("column += None", [None, None, None]),
    ],
)
def test_in_place_arithmetic_writes_to_the_column(change, expected):
    array = pa.array([1, None, 3])
    batch = BatchView(pa.record_batch({"n": array}))
    exec(change, {"column": batch["n"]})
    assert batch.to_arrow()["n"].to_pylist() == expected
    other = BatchView(pa.record_batch({"n": array}))
    exec(change.replace("column", "other['n']"))
    assert other.to_arrow()["n"].to_pylist() == expected
    assert array.to_pylist() == [1, None, 3]


def test_in_place_arithmetic_keeps_the_type_and_refuses_what_does_not_fit():
    small, flags, words = view([1, 2], pa.int8()), view([True, False]), view(["a", None])
    small += 100
    flags &= view([True, None])
    words += "!"
    assert small.to_arrow().equals(pa.array([101, 102], pa.int8()))
    assert flags.to_arrow().to_pylist() == [True, None]
    assert words.to_arrow().to_pylist() == ["a!", None]
    with pytest.raises(OverflowError, match="128 does not fit a column of int8"):
        small += 27
    with pytest.raises(ZeroDivisionError):
        small %= 0
    assert small.to_arrow().to_pylist() == [101, 102]


def test_in_place_arithmetic_widens_to_float():
    column = view([1, 2])
    for i in range(len(column)):
        column[i] *= 1.5
    assert column.to_arrow().equals(pa.array([1.5, 3.0]))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.int8(), 128),
        (pa.int8(), np.int64(300)),
        (pa.int8(), view([1, 2, 300])),
        (pa.uint8(), -1),
        (pa.uint64(), -1),
        (pa.uint64(), view([-1, 0, 0])),
        (pa.int64(), view([2**63, 0, 0], pa.uint64())),
    ],
)
def test_numbers_that_do_not_fit_are_refused(kind, value):
    column = view([1, 2, 3], kind)
    with pytest.raises(OverflowError, match="does not fit"):
        column[:] = value
    column[0:2] = view([0, None])
    assert column.to_arrow().equals(pa.array([0, None, 3], kind))


def test_missing_positions_are_refused():
    with pytest.raises(IndexError, match="a position is missing"):
        INTS[view([0, None])]
    with pytest.raises(IndexError):
        INTS[3]


def test_unsigned_and_signed_64_bits_do_not_mix():
    unsigned = view([1, 2**63, None], pa.uint64())
    for compute in (lambda: unsigned + INTS, lambda: unsigned * -1, lambda: INTS % unsigned):
        with pytest.raises(TypeError, match="does not go with a"):
            compute()
    assert (unsigned > INTS).to_arrow().to_pylist() == [False, None, None]
    assert (unsigned > -1).to_arrow().to_pylist() == [True, True, None]
    assert (INTS < 2**70).to_arrow().to_pylist() == [True, None, True]
    assert (unsigned.astype("int64") + INTS).to_arrow().to_pylist() == [2, None, None]
    assert (unsigned / INTS).to_arrow().to_pylist() == [1.0, None, None]
    assert (unsigned / -1).to_arrow().to_pylist() == [-1.0, -(2.0**63), None]
    assert (unsigned + True).to_arrow().to_pylist() == [2, 2**63 + 1, None]


def test_what_is_missing_raises_nothing():
    assert (view([2, 3, None]) ** view([2, None, -1])).to_arrow().to_pylist() == [4, None, None]
    with pytest.raises(ValueError, match="negative"):
        view([2, 3]) ** view([2, -1])


def test_truth_values_divide_as_their_elements_do():
    flags = view([True, None])
    assert (flags / view([2, 0])).to_arrow().to_pylist() == [0.5, None]
    assert (flags / 0.0).to_arrow().to_pylist() == [math.inf, None]
    for divisor in (0, view([0, 1]), view([False, True])):
        with pytest.raises(ZeroDivisionError, match="row 0"):
            flags / divisor


def test_moments_take_pythons_moments_and_durations():
    day, hour = dt.date(2024, 1, 31), dt.timedelta(hours=1)
    noon = dt.datetime(2024, 1, 31, 12)
    berlin = pa.timestamp("us", "Europe/Berlin")
    times = view([noon, None], pa.timestamp("ms"))
    assert (times + hour).to_arrow().to_pylist() == [noon + hour, None]
    assert (times - noon).to_arrow().to_pylist() == [dt.timedelta(0), None]
    assert (noon - times).to_arrow().to_pylist() == [dt.timedelta(0), None]
    assert (times > day).to_arrow().to_pylist() == [True, None]
    zoned = view([noon, None], berlin)
    assert (zoned + hour).to_arrow().equals(pa.array([noon + hour, None], berlin))
    assert (zoned == noon.replace(tzinfo=dt.UTC)).to_arrow().to_pylist() == [True, None]
    assert (view([day]) + dt.timedelta(days=1)).to_arrow().cast("date32").to_pylist() == [
        dt.date(2024, 2, 1)
    ]


def test_helpers_know_missing_values():
    assert INTS.fill_null(0).to_arrow().to_pylist() == [1, 0, 3]
    assert TEXT.fill_null("?").to_arrow().to_pylist() == ["a", "?", "c"]
    assert INTS.to_arrow().to_pylist() == [1, None, 3]
    assert TEXT.isin(["a", "b"]).to_arrow().to_pylist() == [True, None, False]
    assert INTS.isin([3, None]).to_arrow().to_pylist() == [False, None, True]
    assert INTS.astype(float).to_arrow().equals(pa.array([1.0, None, 3.0]))
    assert view(["1", None]).astype(float).to_arrow().equals(pa.array([1.0, None]))
    assert (BOOLS.any(), BOOLS.all(), INTS.std()) == (True, False, 1.0)
    empty = ColumnView(pa.array([], pa.int64()))
    assert (empty.sum(), empty.mean(), empty.min(), empty.max(), empty.std()) == (0, *[None] * 4)
    assert view([100, 100, 100], pa.int8()).sum() == 300


def test_numpy_functions_by_value_keep_types_and_missing_values():
    assert np.clip(INTS, 2, 5).to_arrow().equals(pa.array([2, None, 3]))
    assert np.round(view([1.26, None]), 1).to_arrow().equals(pa.array([1.3, None]))
    assert np.isnan(FLOATS).to_arrow().to_pylist() == [False, True, None]
    assert np.nan_to_num(FLOATS).to_arrow().to_pylist() == [1.5, 0.0, None]
    assert np.abs(view([-3, None], pa.int16())).to_arrow().equals(pa.array([3, None]))
    assert np.logical_and(BOOLS, True).to_arrow().to_pylist() == [True, False, None]
    assert np.concatenate([view([1]), view([2])]).tolist() == [1, 2]


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
