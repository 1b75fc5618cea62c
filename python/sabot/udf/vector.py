# SPDX-License-Identifier: Apache-2.0
"""Vectors with missing values: a NumPy array beside a mask of which values are there.

The mask is None where every value is there. Values under a False mask are arbitrary, so nothing
may look at them. Object arrays have None there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = [
    "all_valid",
    "apply",
    "check_fit",
    "from_arrow",
    "index_of",
    "present",
    "tidy",
    "to_arrow",
    "to_numpy",
    "where",
    "wide",
    "widen",
]

_INTEGER_DIVISIONS = (np.floor_divide, np.remainder, np.fmod, np.divmod)
_COMPARISONS = (
    np.equal,
    np.not_equal,
    np.less,
    np.less_equal,
    np.greater,
    np.greater_equal,
)
# Those that count with truth values as 0 and 1, as Python does.
_ARITHMETIC = (
    np.add,
    np.subtract,
    np.multiply,
    np.true_divide,
    np.floor_divide,
    np.remainder,
    np.fmod,
    np.divmod,
    np.power,
    np.float_power,
    np.negative,
    np.positive,
    np.absolute,
    np.sign,
    np.left_shift,
    np.right_shift,
)


def from_arrow(array: pa.Array) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the values and mask of an Arrow array; numbers and moments share its memory."""
    kind = array.type
    valid = None
    if array.null_count > 0:
        valid = pc.is_valid(array).to_numpy(zero_copy_only=False)
    if pa.types.is_boolean(kind):
        whole = array if valid is None else array.fill_null(False)
        return whole.to_numpy(zero_copy_only=False), valid
    dtype = _dtype_of(kind)
    if dtype is None:
        values = np.empty(len(array), object)
        values[:] = array.to_pylist()
        if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
            there = np.array([value is not None for value in values], bool)
            valid = None if there.all() else there  # nulls are among the values, too
        return values, valid
    width = kind.bit_width // 8
    buffer = array.buffers()[1]
    if buffer is None:
        return np.empty(0, dtype), valid
    stored = np.dtype(f"i{width}") if dtype.kind == "M" else dtype
    values = np.frombuffer(buffer, stored, len(array), array.offset * width)
    if dtype.kind != "M":
        return values, valid
    return (values.view(dtype) if width == 8 else values.astype(dtype)), valid


def to_arrow(
    values: np.ndarray, valid: np.ndarray | None, type: pa.DataType | None = None
) -> pa.Array:
    """Return values and mask as an Arrow array, of `type` if given."""
    if values.dtype.kind == "O":
        return pa.array(values.tolist(), type)
    mask = None if valid is None else ~valid
    array = pa.array(np.ascontiguousarray(values), mask=mask, from_pandas=False)
    return array if type is None or array.type.equals(type) else array.cast(type)


def to_numpy(values: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
    """Return one plain array: missing values are NaN, NaT or None."""
    if valid is None or values.dtype.kind == "O":
        return values
    if values.dtype.kind == "b":
        result = values.astype(object)
        result[~valid] = None
        return result
    if values.dtype.kind in "iu":
        values = values.astype(np.float64)
    result = values.copy()
    result[~valid] = np.datetime64("NaT") if values.dtype.kind in "mM" else np.nan
    return result


def present(values: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
    """Return only the values that are there."""
    return values if valid is None else values[valid]


def tidy(valid: np.ndarray | None) -> np.ndarray | None:
    """Return None for a mask that says nothing."""
    return None if valid is None or valid.all() else valid


def index_of(index: Any) -> Any:
    """Return an index as NumPy takes it; a mask with missing values does not choose them.

    Raises
    ------
    IndexError
        If a position is missing.
    """
    if isinstance(index, pa.Array | pa.ChunkedArray):
        whole = index.combine_chunks() if isinstance(index, pa.ChunkedArray) else index
        values, valid = from_arrow(whole)
    elif hasattr(index, "_read"):
        values, valid = index._read()
    else:
        return index
    if valid is None:
        return values
    if values.dtype.kind != "b":
        raise IndexError("a position is missing; use positions that are all there, or a mask")
    return values & valid


def widen(values: np.ndarray, new_values: Any) -> np.ndarray:
    """Return `values` as float64 where floats are about to be written to integers."""
    if new_values is None or values.dtype.kind not in "iub":
        return values
    kind = np.asarray(new_values).dtype.kind
    if kind == "f":
        return values.astype(np.float64)
    if kind in "iu" and values.dtype.kind == "b":
        return values.astype(np.int64)
    return values


def check_fit(values: np.ndarray, new_values: Any, valid: Any) -> None:
    """Refuse integers that the column's type does not hold.

    Raises
    ------
    OverflowError
        If one is too large or too small.
    """
    if values.dtype.kind not in "iu":
        return
    wanted = np.asarray(new_values)
    if wanted.dtype.kind not in "iuO" or wanted.dtype == values.dtype or wanted.size == 0:
        return
    limits = np.iinfo(values.dtype)
    is_wrong = (wanted < limits.min) | (wanted > limits.max)
    if valid is not None:
        is_wrong = is_wrong & valid
    if np.any(is_wrong):
        first = wanted.reshape(-1)[int(np.argmax(is_wrong))]
        raise OverflowError(f"{first} does not fit a column of {values.dtype}; assign a new column")


def all_valid(operands: Iterable[tuple[Any, Any]], length: int) -> np.ndarray | None:
    """Return the mask of rows where no operand is missing."""
    valid: np.ndarray | None = None
    for _, mask in operands:
        if mask is not None:
            full = np.broadcast_to(np.asarray(mask, bool), length)
            valid = full if valid is None else valid & full
    return valid


def apply(
    ufunc: np.ufunc, operands: list[tuple[Any, Any]], kwargs: dict[str, Any]
) -> tuple[Any, np.ndarray | None]:
    """Return the result of a NumPy function and its mask: missing wherever an operand is.

    Raises
    ------
    ZeroDivisionError
        For an integer division by zero.
    """
    length = next(len(values) for values, _ in operands if np.ndim(values) > 0)
    valid = all_valid(operands, length)
    values = [values for values, _ in operands]
    if any(value is None for value in values):  # a scalar None: everything is missing
        vectors = [value for value in values if value is not None]
        return vectors[0], np.zeros(length, bool)
    if any(getattr(value, "dtype", np.dtype(bool)).kind == "O" for value in values):
        return _apply_to_objects(ufunc, values, valid, length, kwargs), valid
    if ufunc is np.true_divide:
        _check_truth_division(values[1], values[0], valid)
    values = _promote(values, ufunc)
    if ufunc in _INTEGER_DIVISIONS:
        _check_divisor(values[1], values[0], valid)
    if ufunc is np.power and valid is not None and np.ndim(values[1]) > 0:
        values[1] = np.where(valid, values[1], values[1].dtype.type(0))  # NumPy looks at them all
    with np.errstate(all="ignore"):
        return ufunc(*values, **kwargs), valid


def where(
    condition: tuple[Any, Any], then: tuple[Any, Any], otherwise: tuple[Any, Any]
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return `then` where the condition holds, else `otherwise`; missing where it is missing."""
    mask, mask_valid = condition
    length = len(mask)
    first, second = (_filled(then[0], otherwise[0]), _filled(otherwise[0], then[0]))
    values = np.where(mask, *_promote([first, second]))
    valid = np.where(mask, _mask_of(then, length), _mask_of(otherwise, length))
    return values, valid if mask_valid is None else valid & mask_valid


def _dtype_of(kind: pa.DataType) -> np.dtype | None:
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return np.dtype(kind.to_pandas_dtype())
    if pa.types.is_date32(kind):
        return np.dtype("M8[D]")
    if pa.types.is_date64(kind):
        return np.dtype("M8[ms]")
    if pa.types.is_timestamp(kind):
        return np.dtype(f"M8[{kind.unit}]")
    return None


def _apply_to_objects(
    ufunc: np.ufunc,
    values: list[Any],
    valid: np.ndarray | None,
    length: int,
    kwargs: dict[str, Any],
) -> Any:
    """Call the function with the values that are there only: it would fail with None."""
    if valid is None:
        return ufunc(*values, **kwargs)
    part = ufunc(*[value[valid] if np.ndim(value) > 0 else value for value in values], **kwargs)
    result = np.zeros(length, part.dtype)
    if part.dtype == object:
        result[:] = None
    result[valid] = part
    return result


def _promote(values: list[Any], ufunc: np.ufunc | None = None) -> list[Any]:
    """Return numbers as they are computed with: 64 bits wide, float64 where one is a float."""
    if ufunc is np.true_divide:
        values = [_as_float(value) for value in values]
    arrays = [value for value in values if isinstance(value, np.ndarray)]
    is_comparison = ufunc in _COMPARISONS
    typed = [_typed(value, arrays, is_comparison) for value in values]
    if ufunc in _ARITHMETIC:
        is_unsigned = any(array.dtype == np.uint64 for array in arrays)
        typed = [_counted(value, np.uint64 if is_unsigned else np.int64) for value in typed]
    result = [wide(value) for value in typed]
    kinds = {getattr(value, "dtype", np.dtype(object)).kind for value in result}
    if "f" in kinds and kinds & set("iu"):
        return [value.astype(np.float64) if value.dtype.kind in "iu" else value for value in result]
    if {"i", "u"} <= kinds and not is_comparison:
        raise TypeError(
            "an unsigned 64-bit integer does not go with a signed one; convert one with astype() "
            "first"
        )
    return result


def wide(value: Any) -> Any:
    """Return numbers 64 bits wide; all integers but uint64 are int64."""
    dtype = getattr(value, "dtype", None)
    if dtype is None:
        return value
    if dtype.kind == "f" and dtype.itemsize < 8:
        return value.astype(np.float64)
    if dtype.kind in "iu" and dtype.itemsize < 8:
        return value.astype(np.int64)
    return value


def _counted(value: Any, kind: Any) -> Any:
    is_truth = getattr(value, "dtype", np.dtype(object)).kind == "b"
    return value.astype(kind) if is_truth else value


def _as_float(value: Any) -> Any:
    """Return what is divided: of numbers always floats, so any two integers go together."""
    if isinstance(value, bool | int):
        return float(value)
    is_number = getattr(value, "dtype", np.dtype(object)).kind in "biu"
    return value.astype(np.float64) if is_number else value


def _typed(value: Any, arrays: list[np.ndarray], is_comparison: bool) -> Any:
    if isinstance(value, bool):
        return np.bool_(value)
    if isinstance(value, int):
        if is_comparison and not -(2**63) <= value < 2**63:
            return int(value)  # NumPy compares integers of any size
        is_unsigned = bool(arrays) and all(array.dtype == np.uint64 for array in arrays)
        if is_unsigned and value < 0 and not is_comparison:
            raise TypeError(
                "an unsigned 64-bit integer does not go with a negative one; convert the column "
                "with astype() first"
            )
        return np.uint64(value) if is_unsigned and value >= 0 else np.int64(value)
    if isinstance(value, float):
        return np.float64(value)
    if isinstance(value, list | tuple):
        return np.asarray(value)
    if isinstance(value, dt.timedelta):
        return np.timedelta64(value)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)  # as columns with a zone are kept
    if isinstance(value, dt.date):
        return np.datetime64(value)
    return value


def _check_truth_division(divisor: Any, dividend: Any, valid: np.ndarray | None) -> None:
    """Refuse zero under a truth value: one such value is Python's, and so is its division."""
    if np.asarray(dividend).dtype.kind == "b" and np.asarray(divisor).dtype.kind in "biu":
        _check_divisor(np.asarray(divisor, np.int64), np.asarray(dividend, np.int64), valid)


def _check_divisor(divisor: Any, dividend: Any, valid: np.ndarray | None) -> None:
    if not all(np.asarray(value).dtype.kind in "iu" for value in (divisor, dividend)):
        return
    shape = np.broadcast_shapes(np.shape(divisor), np.shape(dividend))
    is_zero = np.broadcast_to(np.asarray(divisor) == 0, shape)
    if valid is not None:
        is_zero = is_zero & valid
    if is_zero.any():
        raise ZeroDivisionError(
            f"integer division by zero in row {int(is_zero.argmax())} of a batch"
        )


def _filled(value: Any, other: Any) -> Any:
    """Return a stand-in for a scalar None, of the other side's type."""
    if value is not None:
        return value
    return np.zeros(1, np.asarray(other).dtype)[0]


def _mask_of(operand: tuple[Any, Any], length: int) -> np.ndarray:
    values, valid = operand
    if values is None:
        return np.zeros(length, bool)
    return np.ones(length, bool) if valid is None else valid
