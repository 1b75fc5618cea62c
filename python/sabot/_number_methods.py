# SPDX-License-Identifier: Apache-2.0
"""The methods of `Expr` for numbers.

``docs/reference/functions.md`` has every function, ``docs/reference/expressions.md`` the rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sabot.expressions import Expr

__all__ = ["NumberMethods"]


class NumberMethods:
    """Roundings, roots, logarithms, angles, bits. Outside of a domain floats follow IEEE 754."""

    __slots__ = ()

    def _function(self, function: str, *args: Any) -> Expr:
        raise NotImplementedError

    def abs(self) -> Expr:
        """Return the size of the number; of the least integer of a type it fails the job.

        Examples
        --------
        >>> from sabot import col
        >>> col('change').abs()
        abs(col('change'))
        """
        return self._function("abs", self)

    def sign(self) -> Expr:
        """Return 1, 0 or -1 in the type of the number."""
        return self._function("sign", self)

    def floor(self) -> Expr:
        """Return the nearest whole number that is not above."""
        return self._function("floor", self)

    def ceil(self) -> Expr:
        """Return the nearest whole number that is not below."""
        return self._function("ceil", self)

    def trunc(self) -> Expr:
        """Return the number without what is behind the point."""
        return self._function("trunc", self)

    def sqrt(self) -> Expr:
        """Return the square root; NaN below zero."""
        return self._function("sqrt", self)

    def cbrt(self) -> Expr:
        """Return the cube root."""
        return self._function("cbrt", self)

    def exp(self) -> Expr:
        """Return e to the power of the number."""
        return self._function("exp", self)

    def ln(self) -> Expr:
        """Return the natural logarithm."""
        return self._function("ln", self)

    def log10(self) -> Expr:
        """Return the logarithm to base 10."""
        return self._function("log10", self)

    def log2(self) -> Expr:
        """Return the logarithm to base 2."""
        return self._function("log2", self)

    def sin(self) -> Expr:
        """Return the sine of an angle in radians."""
        return self._function("sin", self)

    def cos(self) -> Expr:
        """Return the cosine of an angle in radians."""
        return self._function("cos", self)

    def tan(self) -> Expr:
        """Return the tangent of an angle in radians."""
        return self._function("tan", self)

    def asin(self) -> Expr:
        """Return the angle in radians whose sine it is."""
        return self._function("asin", self)

    def acos(self) -> Expr:
        """Return the angle in radians whose cosine it is."""
        return self._function("acos", self)

    def atan(self) -> Expr:
        """Return the angle in radians whose tangent it is."""
        return self._function("atan", self)

    def degrees(self) -> Expr:
        """Return an angle in radians in degrees."""
        return self._function("degrees", self)

    def radians(self) -> Expr:
        """Return an angle in degrees in radians."""
        return self._function("radians", self)

    def is_nan(self) -> Expr:
        """Return whether the number is NaN."""
        return self._function("is_nan", self)

    def is_finite(self) -> Expr:
        """Return whether the number is neither NaN nor infinite."""
        return self._function("is_finite", self)

    def is_infinite(self) -> Expr:
        """Return whether the number is infinite."""
        return self._function("is_infinite", self)

    def bit_not(self) -> Expr:
        """Return the bits that are not set."""
        return self._function("bit_not", self)

    def round(self, digits: int = 0) -> Expr:
        """Return the number rounded to `digits` behind the point, half away from zero.

        Examples
        --------
        >>> from sabot import col
        >>> col('price').round(2)
        round(col('price'), 2)
        """
        return self._function("round", self, digits)

    def log(self, base: Any) -> Expr:
        """Return the logarithm to `base`."""
        return self._function("log", self, base)

    def power(self, exponent: Any) -> Expr:
        """Return the number to the power of `exponent`, as float64; also ``**``."""
        return self._function("power", self, exponent)

    def atan2(self, x: Any) -> Expr:
        """Return the angle in radians from the x axis to the point (`x`, this)."""
        return self._function("atan2", self, x)

    def bit_and(self, other: Any) -> Expr:
        """Return the bits that are set in both."""
        return self._function("bit_and", self, other)

    def bit_or(self, other: Any) -> Expr:
        """Return the bits that are set in one or both."""
        return self._function("bit_or", self, other)

    def bit_xor(self, other: Any) -> Expr:
        """Return the bits that are set in one of the two."""
        return self._function("bit_xor", self, other)

    def shift_left(self, count: Any) -> Expr:
        """Return the bits moved up by `count`."""
        return self._function("shift_left", self, count)

    def shift_right(self, count: Any) -> Expr:
        """Return the bits moved down by `count`; the sign stays."""
        return self._function("shift_right", self, count)
