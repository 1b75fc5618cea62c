# SPDX-License-Identifier: Apache-2.0
"""Arguments of `Stream` methods as the operators take them; errors name the method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sabot.errors import InvalidJobError
from sabot.expressions import Expr, lit

__all__ = [
    "calls_of",
    "count_of",
    "expressions_of",
    "join_keys_of",
    "names_of",
    "order_of",
    "refuse_parameters",
]


def names_of(method: str, names: Sequence[Any]) -> list[str]:
    """Return column names given one by one or as a list."""
    if len(names) == 1 and isinstance(names[0], list | tuple):
        names = names[0]
    for name in names:
        if not isinstance(name, str):
            raise InvalidJobError(f"Stream.{method}: expected names of columns, found {name!r}")
    return list(names)


def expressions_of(columns: Mapping[str, Any]) -> dict[str, Expr]:
    """Return expressions by column name; plain values become constants."""
    expressions = {}
    for name, value in columns.items():
        try:
            expressions[name] = value if isinstance(value, Expr) else lit(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise InvalidJobError(
                f"Stream.map: column {name!r}: expected an expression or a constant, found "
                f"{value!r}: {error}"
            ) from error
    return expressions


def calls_of(method: str, aggregations: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return aggregations as the AGGREGATE operator takes them."""
    if not aggregations:
        raise InvalidJobError(
            f"Stream.{method}: no aggregations; give output=(column, function), such as "
            "total=('price', 'sum')"
        )
    for name, call in aggregations.items():
        is_pair = isinstance(call, list | tuple) and len(call) == 2
        if not is_pair or not all(isinstance(part, str) for part in call):
            raise InvalidJobError(
                f"Stream.{method}: {name!r}: expected (column, function), such as "
                f"('price', 'sum'), found {call!r}"
            )
    return {name: list(call) for name, call in aggregations.items()}


def order_of(
    method: str, by: Sequence[str], descending: bool | Sequence[bool], nulls: str | Sequence[str]
) -> dict[str, Any]:
    """Return the parameters that SORT and TOP_N share."""
    names = names_of(method, by)
    if not names:
        raise InvalidJobError(f"Stream.{method}: no columns; name those to sort by")
    return {
        "by": names,
        "descending": descending if isinstance(descending, bool) else list(descending),
        "nulls": nulls if isinstance(nulls, str) else list(nulls),
    }


def count_of(method: str, n: int) -> int:
    """Return a number of rows."""
    if not isinstance(n, int) or isinstance(n, bool) or n < 0:
        raise InvalidJobError(f"Stream.{method}: expected a number of rows, found {n!r}")
    return n


def join_keys_of(left: Any, right: Any, on: Any) -> tuple[list[str], list[str]]:
    """Return the keys of both sides of a join."""
    if on is not None:
        if left is not None or right is not None:
            raise InvalidJobError("Stream.join: 'on' goes without left_keys and right_keys")
        left = right = on
    if left is None:
        raise InvalidJobError("Stream.join: no keys; give left_keys and right_keys, or 'on'")
    right = left if right is None else right
    sides = [names_of("join", [keys] if isinstance(keys, str) else keys) for keys in (left, right)]
    if len(sides[0]) != len(sides[1]):
        raise InvalidJobError(
            f"Stream.join: {len(sides[0])} left keys and {len(sides[1])} right keys; give as many "
            "of each"
        )
    return sides[0], sides[1]


def refuse_parameters(method: str, parameters: Mapping[str, Any], what: str) -> None:
    """Refuse parameters that would be ignored."""
    if parameters:
        raise InvalidJobError(
            f"Stream.{method}: {next(iter(parameters))!r} does not go with {what}"
        )
