# SPDX-License-Identifier: Apache-2.0
"""Random expressions, as the engine's and as SQL."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from differential.kinds import BOOL, Kind, Rng
from differential.relation import Column, NotPossible, Relation
from sabot import col, lit
from sabot.expressions import Expr

_COMPARISONS = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@dataclass(frozen=True)
class Formula:
    """One expression in both languages."""

    expression: Expr
    sql: str
    kind: Kind
    is_inexact: bool = False


def quoted(name: str) -> str:
    return f'"{name}"'


def literal(value: Any) -> str:
    """Return a constant in SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        if math.isnan(value) or math.isinf(value):
            return f"'{value}'::DOUBLE"
        return f"{value!r}::DOUBLE"
    if isinstance(value, bytes):
        return "'" + "".join(f"\\x{byte:02X}" for byte in value) + "'::BLOB"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, dt.datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, Decimal):
        return f"'{value}'::DECIMAL(10, 2)"
    return str(value)


def draw_predicate(rng: Rng, relation: Relation, depth: int = 0) -> Formula:
    """Return a condition over columns that the reference has as they are."""
    if depth < 2 and rng.random() < 0.35:
        left = draw_predicate(rng, relation, depth + 1)
        right = draw_predicate(rng, relation, depth + 1)
        style = rng.integers(0, 3)
        if style == 0:
            return condition(left.expression & right.expression, f"({left.sql} AND {right.sql})")
        if style == 1:
            return condition(left.expression | right.expression, f"({left.sql} OR {right.sql})")
        return condition(~left.expression, f"(NOT {left.sql})")
    keys = [c for c in relation.columns if c.is_key]
    if not keys:
        raise NotPossible
    column = pick(rng, keys)
    name = quoted(column.name)
    if column.kind.is_coded or rng.random() < 0.1:
        if rng.random() < 0.5:
            return condition(col(column.name).is_null(), f"({name} IS NULL)")
        return condition(col(column.name).is_not_null(), f"({name} IS NOT NULL)")
    if column.kind is BOOL and rng.random() < 0.7:
        return condition(col(column.name), name)
    operator = pick(rng, list(_COMPARISONS))
    compare = _COMPARISONS[operator]
    others = [
        c
        for c in relation.columns
        if c.is_key and c.kind.family == column.kind.family and c.name != column.name
    ]
    if others and rng.random() < 0.3:
        other = pick(rng, others)
        return condition(
            compare(col(column.name), col(other.name)),
            f"({widened(column)} {operator} {widened(other)})",
        )
    value = column.kind.draw(rng, 1)[0]
    if isinstance(value, dt.datetime):
        value = value.replace(microsecond=0)
    return condition(
        compare(col(column.name), lit(value)), f"({widened(column)} {operator} {literal(value)})"
    )


def call(function: str, *arguments: Expr) -> Expr:
    """Return a call of an engine's function by its name in the wire form."""
    return Expr.from_dict({"call": function, "args": [a.to_dict() for a in arguments]})


def widened(column: Column) -> str:
    """Return a column as comparisons see it: numbers by value."""
    if column.kind.name == "float32":
        return f"{quoted(column.name)}::DOUBLE"
    if column.kind.family == "int":
        return f"{quoted(column.name)}::BIGINT"
    return quoted(column.name)


def condition(expression: Expr, sql: str) -> Formula:
    return Formula(expression, sql, BOOL)


def pick(rng: Rng, values: Any) -> Any:
    return values[rng.integers(0, len(values))]
