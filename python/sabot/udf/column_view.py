# SPDX-License-Identifier: Apache-2.0
"""One column as a user's function sees it: a vector that knows missing values.

Numbers, booleans and moments are NumPy vectors beside a mask of which values are there, and share
memory with Arrow until somebody writes. Everything else (text, bytes, decimals) is a vector of
Python objects, made when it is first needed. A missing value in gives a missing value out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from sabot.udf import vector
from sabot.udf.element import Int64, UInt64, wrap_element

__all__ = ["ColumnView", "column_view_of"]

# NumPy functions that look at each value by itself: what is missing cannot spoil the others.
_BY_VALUE = frozenset(
    {np.clip, np.round, np.around, np.isin, np.real, np.nan_to_num, np.isclose, np.digitize}
)


class ColumnView(np.lib.mixins.NDArrayOperatorsMixin):
    """A column: arithmetic, comparisons, ``& | ~``, indexing, iteration, NumPy functions.

    Rules: numbers are computed with 64 bits, integer with float gives float64, ``/`` always
    float64; integers wrap; division of floats by zero as IEEE; integer ``//`` and ``%`` by zero
    raise ZeroDivisionError. One value, ``column[i]``, computes as the column does; a missing one is
    None. `docs/reference/column-view.md` has the rules in full.

    Examples
    --------
    >>> price = ColumnView(pa.array([1.5, None, 4.0]))
    >>> (price * 2).to_arrow().to_pylist()
    [3.0, None, 8.0]
    >>> (price > 2).to_arrow().to_pylist()
    [False, None, True]
    """

    def __init__(self, array: pa.Array) -> None:
        self._array: pa.Array | None = array
        self._values: np.ndarray | None = None
        self._valid: np.ndarray | None = None  # None: every value is there
        self._type: pa.DataType | None = array.type
        self._is_owned = False
        self._length = len(array)
        self.is_changed = False

    @classmethod
    def _from_values(
        cls, values: np.ndarray, valid: np.ndarray | None, type: pa.DataType | None = None
    ) -> ColumnView:
        view = cls.__new__(cls)
        view._array = None
        view._type = type
        view._values, view._valid = values, vector.tidy(valid)
        view._is_owned = True
        view._length = len(values)
        view.is_changed = True
        return view

    @property
    def dtype(self) -> np.dtype:
        """The NumPy type of the values."""
        return self._read()[0].dtype

    @property
    def shape(self) -> tuple[int]:
        """The length, as NumPy has it."""
        return (self._length,)

    @property
    def ndim(self) -> int:
        """Always 1."""
        return 1

    @property
    def null_count(self) -> int:
        """How many values are missing."""
        if self._array is not None and self._values is None:
            kind = self._array.type
            if not (pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind)):
                return self._array.null_count
            self._read()
        return 0 if self._valid is None else int(np.count_nonzero(~self._valid))

    def copy(self) -> ColumnView:
        """Return a column of its own: writes to one do not show in the other."""
        if self._array is not None:
            return ColumnView(self._array)
        values, valid = self._read()
        mask = None if valid is None else valid.copy()
        return ColumnView._from_values(values.copy(), mask, self._type)

    def is_null(self) -> ColumnView:
        """Return where values are missing."""
        _, valid = self._read()
        mask = np.zeros(self._length, bool) if valid is None else ~valid
        return ColumnView._from_values(mask, None)

    def to_arrow(self) -> pa.Array:
        """Return the column as a `pyarrow.Array`, without a copy where nobody wrote."""
        if self._array is None:
            assert self._values is not None
            self._array = vector.to_arrow(self._values, self._valid, self._type)
            self._is_owned = False  # Arrow shares the memory now
        return self._array

    def to_numpy(self) -> np.ndarray:
        """Return the values; missing ones as NaN, NaT or None, so integers become float64."""
        return vector.to_numpy(*self._read())

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Any]:
        values, valid = self._read()
        elements = _elements(values)
        if valid is None:
            return iter(elements)
        return iter(
            [value if there else None for value, there in zip(elements, valid, strict=True)]
        )

    def __getitem__(self, index: Any) -> Any:
        values, valid = self._read()
        if isinstance(index, int | np.integer) and not isinstance(index, bool):
            if valid is not None and not valid[index]:
                return None
            return wrap_element(values[index])
        index = vector.index_of(index)
        part = values[index]
        return ColumnView._from_values(part, None if valid is None else valid[index], self._type)

    def __setitem__(self, index: Any, value: Any) -> None:
        index = vector.index_of(index)
        new_values, new_valid = _operand(_assignable(value))
        values, valid = self._own()
        if values.dtype.kind != "O":
            widened = vector.widen(values, new_values)
            self._type = self._type if widened is values else None
            values = widened
        if new_values is not None:
            vector.check_fit(values, new_values, new_valid)
        if new_valid is not None or valid is not None:
            valid = np.ones(self._length, bool) if valid is None else valid
            valid[index] = True if new_valid is None else new_valid
        if new_values is not None:
            values[index] = _storable(new_values, new_valid, values)
        self._values, self._valid = values, vector.tidy(valid)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        values = self.to_numpy()
        if dtype is not None:
            values = values.astype(dtype, copy=False)
        return values.copy() if copy else values

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = kwargs.get("out")
        if method == "__call__" and out is not None and isinstance(out[0], ColumnView):
            (target,) = out  # `column += 1`
            target[:] = getattr(ufunc, method)(*inputs, **{**kwargs, "out": None})
            return target
        if method != "__call__" or out is not None:
            plain = [np.asarray(item) if isinstance(item, ColumnView) else item for item in inputs]
            return getattr(ufunc, method)(*plain, **kwargs)
        operands = [_operand(item) for item in inputs]
        options = {key: value for key, value in kwargs.items() if key != "out"}
        result, valid = vector.apply(ufunc, operands, options)
        kind = _kept_type(inputs)
        if isinstance(result, tuple):
            return tuple(ColumnView._from_values(item, valid) for item in result)
        is_same = result.dtype == operands[0][0].dtype if kind is not None else False
        return ColumnView._from_values(result, valid, kind if is_same else None)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.where and len(args) == 3:
            return _where(*args)
        is_by_value = function in _BY_VALUE
        plain = [_plain(item, is_by_value) for item in args]
        result = function(
            *plain, **{key: _plain(item, is_by_value) for key, item in kwargs.items()}
        )
        if not isinstance(result, np.ndarray) or result.shape != self.shape:
            return result
        columns = [item for item in (*args, *kwargs.values()) if isinstance(item, ColumnView)]
        return ColumnView._from_values(result, vector.all_valid(map(_operand, columns), len(self)))

    def fill_null(self, value: Any) -> ColumnView:
        """Return the column with `value` where values are missing.

        Examples
        --------
        >>> ColumnView(pa.array([1, None])).fill_null(0).to_arrow().to_pylist()
        [1, 0]
        """
        filled = self.copy()
        mask = self.is_null()._read()[0]
        filled[mask] = value
        return filled

    def astype(self, dtype: Any) -> ColumnView:
        """Return the column as another NumPy type, such as ``float`` or ``"int64"``."""
        values, valid = self._read()
        if valid is not None and values.dtype.kind == "O":
            converted = np.zeros(self._length, dtype)
            converted[valid] = values[valid].astype(dtype)
        else:
            with np.errstate(all="ignore"):
                converted = values.astype(dtype)
        return ColumnView._from_values(converted, valid)

    def isin(self, values: Any) -> ColumnView:
        """Return whether each value is one of `values`; missing where it is missing."""
        mine, valid = self._read()
        wanted = set(values) - {None}
        found = np.fromiter((value in wanted for value in mine.tolist()), bool, self._length)
        return ColumnView._from_values(found, valid)

    def sum(self) -> Any:
        """Return the sum of the values that are there; 0 of none."""
        return wrap_element(self._present().sum())

    def mean(self) -> Any:
        """Return the mean of the values that are there; None of none."""
        values = self._present()
        return wrap_element(values.mean()) if len(values) else None

    def std(self) -> Any:
        """Return the standard deviation of the values as a population; None of none."""
        values = self._present()
        return wrap_element(values.std()) if len(values) else None

    def min(self) -> Any:
        """Return the smallest of the values that are there; None of none."""
        values = self._present()
        return wrap_element(values.min()) if len(values) else None

    def max(self) -> Any:
        """Return the largest of the values that are there; None of none."""
        values = self._present()
        return wrap_element(values.max()) if len(values) else None

    def any(self) -> bool:
        """Return whether any value that is there is true."""
        return bool(vector.present(*self._read()).any())

    def all(self) -> bool:
        """Return whether all values that are there are true."""
        return bool(vector.present(*self._read()).all())

    def _present(self) -> np.ndarray:
        return vector.wide(vector.present(*self._read()))

    def _read(self) -> tuple[np.ndarray, np.ndarray | None]:
        if self._values is None:
            assert self._array is not None
            self._values, self._valid = vector.from_arrow(self._array)
        return self._values, self._valid

    def _own(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Return values that may be written to."""
        values, valid = self._read()
        if not self._is_owned:
            self._values = values = values.copy()
            self._valid = valid = None if valid is None else valid.copy()
            self._is_owned = True
        self._array = None
        self.is_changed = True
        return values, valid

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise TypeError(
            "a column has a truth value per row, not one. Combine masks with '&', '|', '~' and "
            "parentheses instead of 'and', 'or', 'not' and chained comparisons"
        )

    def __repr__(self) -> str:
        return f"ColumnView({self._length} × {self.to_arrow().type})"


def column_view_of(values: Any, length: int) -> ColumnView:
    """Return values that somebody assigns to a column; one plain value fills it.

    Raises
    ------
    TypeError
        If the values are of types that do not go together.
    """
    if isinstance(values, ColumnView):
        return values
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array):
        return ColumnView(values)
    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        return ColumnView(pa.repeat(values, length))
    try:
        return ColumnView(pa.array(values))
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise TypeError(f"these values cannot become a column: {error}") from error


def _operand(value: Any) -> tuple[Any, Any]:
    """Return the values and the mask of an operand; a scalar None has neither."""
    if isinstance(value, ColumnView):
        return value._read()
    if isinstance(value, pa.Array | pa.ChunkedArray):
        return column_view_of(value, len(value))._read()
    if value is None:
        return None, False
    return value, None


def _kept_type(inputs: tuple[Any, ...]) -> pa.DataType | None:
    """Return the Arrow type that a result of the same NumPy type has: text, zones of time."""
    first = inputs[0]
    if not isinstance(first, ColumnView) or first._type is None or pa.types.is_decimal(first._type):
        return None
    return first._type


def _plain(item: Any, is_by_value: bool) -> Any:
    if isinstance(item, ColumnView):
        return vector.wide(item._read()[0]) if is_by_value else item.to_numpy()
    if isinstance(item, list | tuple):
        return type(item)(_plain(part, is_by_value) for part in item)
    return item


def _elements(values: np.ndarray) -> list[Any]:
    """Return values one by one, as `ColumnView.__getitem__` gives them."""
    kind = values.dtype.kind
    if kind in "iu":
        element = UInt64 if values.dtype == np.uint64 else Int64
        return [element(value) for value in values.tolist()]
    if kind == "f":
        return list(values.astype(np.float64, copy=False))
    return list(values) if kind in "mM" else values.tolist()


def _assignable(value: Any) -> Any:
    """Return lists as columns, which know missing values; Arrow's scalars as plain ones."""
    if isinstance(value, pa.Scalar):
        return value.as_py()
    if isinstance(value, list | tuple):
        return column_view_of(value, len(value))
    return value


def _storable(values: Any, valid: Any, target: np.ndarray) -> Any:
    """Return values to write; those that are missing must not stand in the way of a cast."""
    if valid is None or np.ndim(values) == 0 or target.dtype.kind == "O":
        return values
    return np.where(valid, values, np.zeros(1, target.dtype)[0]).astype(target.dtype)


def _where(condition: Any, then: Any, otherwise: Any) -> ColumnView:
    operands = [_operand(item) for item in (condition, then, otherwise)]
    values, valid = vector.where(*operands)
    return ColumnView._from_values(values, valid)
