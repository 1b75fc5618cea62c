# SPDX-License-Identifier: Apache-2.0
"""Random expressions, as the engine's and as SQL."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from differential.kinds import BOOL, FLOAT64, INT64, Kind, Rng
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
            return _bool(left.expression & right.expression, f"({left.sql} AND {right.sql})")
        if style == 1:
            return _bool(left.expression | right.expression, f"({left.sql} OR {right.sql})")
        return _bool(~left.expression, f"(NOT {left.sql})")
    keys = [c for c in relation.columns if c.is_key]
    if not keys:
        raise NotPossible
    column = _pick(rng, keys)
    name = quoted(column.name)
    if column.kind.is_coded or rng.random() < 0.1:
        if rng.random() < 0.5:
            return _bool(col(column.name).is_null(), f"({name} IS NULL)")
        return _bool(col(column.name).is_not_null(), f"({name} IS NOT NULL)")
    if column.kind is BOOL and rng.random() < 0.7:
        return _bool(col(column.name), name)
    operator = _pick(rng, list(_COMPARISONS))
    compare = _COMPARISONS[operator]
    others = [
        c
        for c in relation.columns
        if c.is_key and c.kind.family == column.kind.family and c.name != column.name
    ]
    if others and rng.random() < 0.3:
        other = _pick(rng, others)
        return _bool(
            compare(col(column.name), col(other.name)),
            f"({_widened(column)} {operator} {_widened(other)})",
        )
    value = column.kind.draw(rng, 1)[0]
    if isinstance(value, dt.datetime):
        value = value.replace(microsecond=0)
    return _bool(
        compare(col(column.name), lit(value)), f"({_widened(column)} {operator} {literal(value)})"
    )


def draw_value(rng: Rng, relation: Relation) -> Formula:
    """Return a computed column."""
    numbers = [c for c in relation.columns if c.kind.is_number and c.is_key]
    if not numbers or rng.random() < 0.2:
        return draw_predicate(rng, relation)
    style = rng.integers(0, 6)
    a, b = _pick(rng, numbers), _pick(rng, numbers)
    if style == 0:
        return _arithmetic(rng, a, b)
    if style == 1:
        factor = float(rng.choice([0.5, 2.0, -1.0]))
        return Formula(
            col(a.name).cast("float64") * factor,
            f"({quoted(a.name)}::DOUBLE * {literal(factor)})",
            FLOAT64,
        )
    if style == 2 and a.kind.family == "int":
        by = int(rng.integers(1, 9))
        # The sign follows the divisor; SQL's follows the dividend.
        sql = f"(({quoted(a.name)}::BIGINT % {by}) + {by}) % {by}"
        return Formula(col(a.name).cast("int64") % by, sql, INT64)
    if style == 3:
        value = a.kind.draw(rng, 1)[0]
        return Formula(
            col(a.name).coalesce(lit(value)).cast("float64"),
            f"coalesce({quoted(a.name)}::DOUBLE, {literal(float(value))})",
            FLOAT64,
        )
    if style == 4 and a.kind.family == "int":
        return Formula(-col(a.name).cast("int64"), f"(-{quoted(a.name)}::BIGINT)", INT64)
    return draw_predicate(rng, relation)


def _arithmetic(rng: Rng, a: Column, b: Column) -> Formula:
    both_int = a.kind.family == b.kind.family == "int"
    kind, sql_type, name = (
        (INT64, "BIGINT", "int64") if both_int else (FLOAT64, "DOUBLE", "float64")
    )
    left, right = col(a.name).cast(name), col(b.name).cast(name)
    operator = _pick(rng, ["+", "-"])
    return Formula(
        left + right if operator == "+" else left - right,
        f"({quoted(a.name)}::{sql_type} {operator} {quoted(b.name)}::{sql_type})",
        kind,
    )


def _widened(column: Column) -> str:
    """Return a column as comparisons see it: numbers by value."""
    if column.kind.name == "float32":
        return f"{quoted(column.name)}::DOUBLE"
    if column.kind.family == "int":
        return f"{quoted(column.name)}::BIGINT"
    return quoted(column.name)


def _bool(expression: Expr, sql: str) -> Formula:
    return Formula(expression, sql, BOOL)


def _pick(rng: Rng, values: Any) -> Any:
    return values[rng.integers(0, len(values))]
