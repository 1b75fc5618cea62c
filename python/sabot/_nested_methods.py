# SPDX-License-Identifier: Apache-2.0
"""The methods of `Expr` for lists, structs and maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sabot.expressions import Expr

__all__ = ["NestedMethods"]


class NestedMethods:
    """Lengths, elements and fields."""

    __slots__ = ()

    def _function(self, function: str, *args: Any) -> Expr:
        raise NotImplementedError

    def list_length(self) -> Expr:
        """Return how many elements the list or map has."""
        return self._function("list_length", self)

    def list_element(self, position: Any) -> Expr:
        """Return the element at a position from 0, or from the end with negative ones.

        Outside of the list it is null.

        Examples
        --------
        >>> from sabot import col
        >>> col("tags").list_element(-1)
        list_element(col('tags'), -1)
        """
        return self._function("list_element", self, position)

    def list_contains(self, value: Any) -> Expr:
        """Return whether an element of the list is `value`."""
        return self._function("list_contains", self, value)

    def struct_field(self, name: str) -> Expr:
        """Return a field of the struct.

        Examples
        --------
        >>> from sabot import col
        >>> col("address").struct_field("city")
        struct_field(col('address'), 'city')
        """
        return self._function("struct_field", self, name)

    def map_value(self, key: Any) -> Expr:
        """Return the value of a key of the map, or null."""
        return self._function("map_value", self, key)
