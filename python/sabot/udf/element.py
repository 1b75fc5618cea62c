# SPDX-License-Identifier: Apache-2.0
"""One value of a column: computes as the whole column does, so that loops and vectors agree.

Integers wrap at 64 bits, ``/`` gives a float, ``//`` and ``%`` by zero raise. Floats are
`numpy.float64`, whose division by zero is that of IEEE; `float_constants.py` makes the constants
of a function such floats, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Int64", "UInt64", "wrap_element"]

_BITS = 64


class _Integer(int):
    """A 64-bit integer; subclasses say how it wraps."""

    __slots__ = ()

    @classmethod
    def _wrap(cls, value: int) -> Any:
        raise NotImplementedError

    def _with(self, other: Any, name: str, *, is_reflected: bool = False) -> Any:
        """Return the result of an operation with a number, or NotImplemented."""
        if isinstance(other, float | np.floating):
            floats = (np.float64(int(self)), np.float64(other))
            first, second = reversed(floats) if is_reflected else floats
            operation = getattr(first, name, None)
            return NotImplemented if operation is None else operation(second)
        if not isinstance(other, int | np.integer):
            return NotImplemented
        kind = _kind_of(self, other)
        left, right = (int(other), int(self)) if is_reflected else (int(self), int(other))
        return kind._wrap(_INTEGER_OPERATIONS[name](left, right))

    def __add__(self, other: Any) -> Any:
        return self._with(other, "__add__")

    def __radd__(self, other: Any) -> Any:
        return self._with(other, "__add__", is_reflected=True)

    def __sub__(self, other: Any) -> Any:
        return self._with(other, "__sub__")

    def __rsub__(self, other: Any) -> Any:
        return self._with(other, "__sub__", is_reflected=True)

    def __mul__(self, other: Any) -> Any:
        return self._with(other, "__mul__")

    def __rmul__(self, other: Any) -> Any:
        return self._with(other, "__mul__", is_reflected=True)

    def __floordiv__(self, other: Any) -> Any:
        return self._with(other, "__floordiv__")

    def __rfloordiv__(self, other: Any) -> Any:
        return self._with(other, "__floordiv__", is_reflected=True)

    def __mod__(self, other: Any) -> Any:
        return self._with(other, "__mod__")

    def __rmod__(self, other: Any) -> Any:
        return self._with(other, "__mod__", is_reflected=True)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        if modulus is not None:
            return pow(int(self), int(other), modulus)
        return self._with(other, "__pow__")

    def __rpow__(self, other: Any, modulus: Any = None) -> Any:
        return self._with(other, "__pow__", is_reflected=True)

    def __lshift__(self, other: Any) -> Any:
        return self._with(other, "__lshift__")

    def __rlshift__(self, other: Any) -> Any:
        return self._with(other, "__lshift__", is_reflected=True)

    def __rshift__(self, other: Any) -> Any:
        return self._with(other, "__rshift__")

    def __rrshift__(self, other: Any) -> Any:
        return self._with(other, "__rshift__", is_reflected=True)

    def __and__(self, other: Any) -> Any:
        return self._with(other, "__and__")

    def __rand__(self, other: Any) -> Any:
        return self._with(other, "__and__")

    def __or__(self, other: Any) -> Any:
        return self._with(other, "__or__")

    def __ror__(self, other: Any) -> Any:
        return self._with(other, "__or__")

    def __xor__(self, other: Any) -> Any:
        return self._with(other, "__xor__")

    def __rxor__(self, other: Any) -> Any:
        return self._with(other, "__xor__")

    def __truediv__(self, other: Any) -> Any:
        if not isinstance(other, int | float | np.number):
            return NotImplemented
        return np.float64(int(self)) / np.float64(other)

    def __rtruediv__(self, other: Any) -> Any:
        if not isinstance(other, int | float | np.number):
            return NotImplemented
        return np.float64(other) / np.float64(int(self))

    def __neg__(self) -> Any:
        return self._wrap(-int(self))

    def __pos__(self) -> Any:
        return self

    def __abs__(self) -> Any:
        return self._wrap(abs(int(self)))

    def __invert__(self) -> Any:
        return self._wrap(~int(self))

    def __lt__(self, other: Any) -> Any:
        return _exact(self, other) < other

    def __le__(self, other: Any) -> Any:
        return _exact(self, other) <= other

    def __gt__(self, other: Any) -> Any:
        return _exact(self, other) > other

    def __ge__(self, other: Any) -> Any:
        return _exact(self, other) >= other

    def __eq__(self, other: object) -> Any:
        return _exact(self, other) == other

    def __ne__(self, other: object) -> Any:
        return _exact(self, other) != other

    __hash__ = int.__hash__

    def __reduce__(self) -> Any:
        return (type(self), (int(self),))


class Int64(_Integer):
    """A signed integer of 64 bits.

    Examples
    --------
    >>> Int64(2**63 - 1) + 1
    -9223372036854775808
    >>> Int64(7) / 2
    np.float64(3.5)
    """

    __slots__ = ()

    @classmethod
    def _wrap(cls, value: int) -> Any:
        if -(2**63) <= value < 2**63:
            return cls(value)
        return cls((value + 2**63) % 2**64 - 2**63)


class UInt64(_Integer):
    """An unsigned integer of 64 bits.

    Examples
    --------
    >>> UInt64(0) - 1
    18446744073709551615
    """

    __slots__ = ()

    @classmethod
    def _wrap(cls, value: int) -> Any:
        return cls(value % 2**64)


def wrap_element(value: Any) -> Any:
    """Return a NumPy scalar of a column as the element that a function sees."""
    kind = value.dtype.kind if isinstance(value, np.generic) else ""
    if kind == "i":
        return Int64(value)
    if kind == "u":
        return UInt64(value) if value.dtype.itemsize == 8 else Int64(value)
    if kind == "f":
        return np.float64(value)
    return bool(value) if kind == "b" else value


def _kind_of(left: Any, right: Any) -> Any:
    """Return what an operation computes in: a constant takes the type of the other side."""
    if not isinstance(right, Int64 | UInt64):
        if isinstance(left, UInt64) and right < 0:
            raise TypeError(
                "an unsigned 64-bit integer does not go with a negative one; convert it with "
                "int() or float() first"
            )
        if not -(2**63) <= right < 2**64:
            raise OverflowError(f"{right} does not fit 64 bits")
        return type(left)
    if type(left) is not type(right):
        raise TypeError(
            "an unsigned 64-bit integer does not go with a signed one; convert one with int() or "
            "float() first"
        )
    return type(left)


def _exact(value: Any, other: Any) -> Any:
    """Return the value as a comparison takes it: beside floats integers are floats."""
    return float(int(value)) if isinstance(other, float | np.floating) else int(value)


def _floor_divide(left: int, right: int) -> int:
    if right == 0:
        raise ZeroDivisionError("integer division by zero")
    return left // right


def _modulo(left: int, right: int) -> int:
    if right == 0:
        raise ZeroDivisionError("integer division by zero")
    return left % right


def _power(left: int, right: int) -> int:
    if right < 0:
        raise ValueError("Integers to negative integer powers are not allowed.")
    return pow(left, right, 2**64)


def _shift_left(left: int, right: int) -> int:
    return left << right if 0 <= right < _BITS else 0


def _shift_right(left: int, right: int) -> int:
    return left >> right if 0 <= right < _BITS else (-1 if left < 0 else 0)


_INTEGER_OPERATIONS = {
    "__add__": int.__add__,
    "__sub__": int.__sub__,
    "__mul__": int.__mul__,
    "__floordiv__": _floor_divide,
    "__mod__": _modulo,
    "__pow__": _power,
    "__lshift__": _shift_left,
    "__rshift__": _shift_right,
    "__and__": int.__and__,
    "__or__": int.__or__,
    "__xor__": int.__xor__,
}
