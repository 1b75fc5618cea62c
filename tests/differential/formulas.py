# SPDX-License-Identifier: Apache-2.0
"""Computed columns of random graphs, by the family of what they compute with."""

from __future__ import annotations

from collections.abc import Callable

from differential.expressions import (
    Formula,
    call,
    condition,
    draw_predicate,
    literal,
    pick,
    quoted,
    widened,
)
from differential.kinds import DIRECT, FLOAT64, INT64, Kind, Rng
from differential.relation import Column, Relation
from sabot import col, lit

TEXT = next(kind for kind in DIRECT if kind.name == "string")
DATE = next(kind for kind in DIRECT if kind.name == "date32")
Draw = Callable[[Rng, Column, Relation], Formula]


def draw_value(rng: Rng, relation: Relation) -> Formula:
    """Return a computed column."""
    columns = [c for c in relation.columns if c.is_key and c.kind.family in _FORMULAS]
    if not columns or rng.random() < 0.2:
        return draw_predicate(rng, relation)
    column = pick(rng, columns)
    draw: Draw = pick(rng, _FORMULAS[column.kind.family])
    return draw(rng, column, relation)


def _other(rng: Rng, column: Column, relation: Relation) -> Column:
    return pick(
        rng, [c for c in relation.columns if c.is_key and c.kind.family == column.kind.family]
    )


def _number(column: Column) -> tuple[str, str, Kind]:
    """Return what to compute with: the engine's type, that of SQL, and the kind."""
    if column.kind.family == "int":
        return "int64", "BIGINT", INT64
    return "float64", "DOUBLE", FLOAT64


# --- numbers -----------------------------------------------------------------------------------


def _sum_of_two(rng: Rng, a: Column, relation: Relation) -> Formula:
    b = _other(rng, a, relation)
    name, sql, kind = _number(a)
    left, right = col(a.name).cast(name), col(b.name).cast(name)
    operator = pick(rng, ["+", "-"])
    return Formula(
        left + right if operator == "+" else left - right,
        f"({quoted(a.name)}::{sql} {operator} {quoted(b.name)}::{sql})",
        kind,
    )


def _scaled(rng: Rng, a: Column, relation: Relation) -> Formula:
    factor = float(rng.choice([0.5, 2.0, -1.0]))
    sql = f"({quoted(a.name)}::DOUBLE * {literal(factor)})"
    return Formula(col(a.name).cast("float64") * factor, sql, FLOAT64)


def _or_else(rng: Rng, a: Column, relation: Relation) -> Formula:
    value = a.kind.draw(rng, 1)[0]
    sql = f"coalesce({quoted(a.name)}::DOUBLE, {literal(float(value))})"
    return Formula(col(a.name).coalesce(lit(value)).cast("float64"), sql, FLOAT64)


def _one_number(rng: Rng, a: Column, relation: Relation) -> Formula:
    name, sql, kind = _number(a)
    names = ["abs", "negate"] if kind is INT64 else ["abs", "negate", "floor", "ceil", "trunc"]
    function = pick(rng, names)
    text = (
        f"-{quoted(a.name)}::{sql}"
        if function == "negate"
        else (f"{function}({quoted(a.name)}::{sql})")
    )
    return Formula(call(function, col(a.name).cast(name)), f"({text})", kind)


def _rest(rng: Rng, a: Column, relation: Relation) -> Formula:
    by = int(rng.integers(1, 9))
    # The sign follows the divisor; SQL's follows the dividend.
    sql = f"(({quoted(a.name)}::BIGINT % {by}) + {by}) % {by}"
    return Formula(col(a.name).cast("int64") % by, sql, INT64)


def _floor_divided(rng: Rng, a: Column, relation: Relation) -> Formula:
    by = int(rng.integers(1, 9))
    sql = f"floor({quoted(a.name)}::DOUBLE / {by})::BIGINT"
    return Formula(call("floor_divide", col(a.name).cast("int64"), lit(by)), sql, INT64)


def _bits(rng: Rng, a: Column, relation: Relation) -> Formula:
    function, operator = pick(rng, [("bit_and", "&"), ("bit_or", "|")])
    b = _other(rng, a, relation)
    expression = call(function, col(a.name).cast("int64"), col(b.name).cast("int64"))
    sql = f"({quoted(a.name)}::BIGINT {operator} {quoted(b.name)}::BIGINT)"
    return Formula(expression, sql, INT64)


def _kind_of_float(rng: Rng, a: Column, relation: Relation) -> Formula:
    function, sql = pick(
        rng, [("is_nan", "isnan"), ("is_finite", "isfinite"), ("is_infinite", "isinf")]
    )
    return condition(call(function, col(a.name)), f"{sql}({quoted(a.name)}::DOUBLE)")


# --- anything ----------------------------------------------------------------------------------


def _extreme(rng: Rng, a: Column, relation: Relation) -> Formula:
    b = _other(rng, a, relation)
    function = pick(rng, ["least", "greatest"])
    name, sql, kind = _number(a)
    expression = call(function, col(a.name).cast(name), col(b.name).cast(name))
    return Formula(
        expression, f"{function}({quoted(a.name)}::{sql}, {quoted(b.name)}::{sql})", kind
    )


def _membership(rng: Rng, a: Column, relation: Relation) -> Formula:
    values = a.kind.draw(rng, int(rng.integers(1, 12)))
    members = [lit(value) for value in values]
    texts = [literal(value) for value in values]
    if rng.random() < 0.2:
        members.append(lit(None))
        texts.append("NULL")
    return condition(call("in", col(a.name), *members), f"({widened(a)} IN ({', '.join(texts)}))")


def _range(rng: Rng, a: Column, relation: Relation) -> Formula:
    low, high = a.kind.draw(rng, 2)
    return condition(
        call("between", col(a.name), lit(low), lit(high)),
        f"({widened(a)} BETWEEN {literal(low)} AND {literal(high)})",
    )


def _choice(rng: Rng, a: Column, relation: Relation) -> Formula:
    """Return a CASE whose first branch may be one that must not be computed for every row."""
    b = _other(rng, a, relation)
    name, sql, kind = _number(a)
    test = draw_predicate(rng, relation)
    second = draw_predicate(rng, relation)
    expression = call(
        "case",
        test.expression,
        col(a.name).cast(name),
        second.expression,
        lit(1).cast(name),
        col(b.name).cast(name),
    )
    text = (
        f"CASE WHEN {test.sql} THEN {quoted(a.name)}::{sql} WHEN {second.sql} THEN 1::{sql} "
        f"ELSE {quoted(b.name)}::{sql} END"
    )
    return Formula(expression, text, kind)


def _without(rng: Rng, a: Column, relation: Relation) -> Formula:
    value = a.kind.draw(rng, 1)[0]
    name, sql, kind = _number(a)
    expression = call("nullif", col(a.name).cast(name), lit(value).cast(name))
    return Formula(expression, f"nullif({quoted(a.name)}::{sql}, {literal(value)}::{sql})", kind)


# --- times -------------------------------------------------------------------------------------

_PARTS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "week": "week",
    "day": "day",
    "day_of_week": "dayofweek",
    "iso_day_of_week": "isodow",
    "day_of_year": "dayofyear",
}


def _part(rng: Rng, a: Column, relation: Relation) -> Formula:
    function = pick(rng, list(_PARTS))
    return Formula(
        call(function, col(a.name)), f"{_PARTS[function]}({quoted(a.name)})::BIGINT", INT64
    )


def _truncated(rng: Rng, a: Column, relation: Relation) -> Formula:
    unit = pick(rng, ["day", "week", "month", "quarter", "year"])
    return Formula(
        call("date_trunc", lit(unit), col(a.name)),
        f"date_trunc('{unit}', {quoted(a.name)})::DATE",
        DATE,
    )


def _last_day(rng: Rng, a: Column, relation: Relation) -> Formula:
    return Formula(call("last_day", col(a.name)), f"last_day({quoted(a.name)})", DATE)


# --- text --------------------------------------------------------------------------------------


def _changed(rng: Rng, a: Column, relation: Relation) -> Formula:
    function = pick(rng, ["upper", "lower", "trim", "ltrim", "rtrim", "reverse"])
    name = quoted(a.name)
    sql = {
        "trim": f"trim({name}, ' ')",
        "ltrim": f"ltrim({name}, ' ')",
        "rtrim": f"rtrim({name}, ' ')",
    }.get(function, f"{function}({name})")
    return Formula(call(function, col(a.name).cast("utf8")), sql, TEXT)


def _piece(rng: Rng, a: Column, relation: Relation) -> Formula:
    function, count = pick(rng, ["left", "right"]), int(rng.integers(-3, 14))
    return Formula(
        call(function, col(a.name).cast("utf8"), lit(count)),
        f"{function}({quoted(a.name)}, {count})",
        TEXT,
    )


def _replaced(rng: Rng, a: Column, relation: Relation) -> Formula:
    part, by = pick(rng, ["a", "x", "duck", "日"]), pick(rng, ["", "b", "äö"])
    return Formula(
        call("replace", col(a.name).cast("utf8"), lit(part), lit(by)),
        f"replace({quoted(a.name)}, '{part}', '{by}')",
        TEXT,
    )


def _joined(rng: Rng, a: Column, relation: Relation) -> Formula:
    b = _other(rng, a, relation)
    return Formula(
        call("concat", col(a.name).cast("utf8"), lit("·"), col(b.name).cast("utf8")),
        f"({quoted(a.name)} || '·' || {quoted(b.name)})",
        TEXT,
    )


def _measured(rng: Rng, a: Column, relation: Relation) -> Formula:
    function, sql = pick(rng, [("length", "length"), ("byte_length", "strlen")])
    return Formula(
        call(function, col(a.name)).cast("int64"), f"{sql}({quoted(a.name)})::BIGINT", INT64
    )


def _found(rng: Rng, a: Column, relation: Relation) -> Formula:
    function = pick(rng, ["starts_with", "ends_with", "contains"])
    part = pick(rng, ["", "a", "x", "xx", "y", "日本", "🦆"])
    return condition(
        call(function, col(a.name), lit(part)), f"{function}({quoted(a.name)}, '{part}')"
    )


def _like(rng: Rng, a: Column, relation: Relation) -> Formula:
    pattern = pick(rng, ["%", "", "a%", "%x", "%a%", "_", "__", "%x_", "x%y", "_本%", "%d_c%"])
    function, sql = pick(rng, [("like", "LIKE"), ("ilike", "ILIKE")])
    return condition(
        call(function, col(a.name), lit(pattern)), f"({quoted(a.name)} {sql} '{pattern}')"
    )


def _matched(rng: Rng, a: Column, relation: Relation) -> Formula:
    pattern = pick(rng, ["^a", "x+$", "[a-y]{3}", "^.$", "(a|b)", "^$"])
    return condition(
        call("regexp_matches", col(a.name), lit(pattern)),
        f"regexp_matches({quoted(a.name)}, '{pattern}')",
    )


_ANY: list[Draw] = [_membership, _range]
_NUMBERS: list[Draw] = [
    _sum_of_two,
    _scaled,
    _or_else,
    _one_number,
    _extreme,
    _choice,
    _without,
    *_ANY,
]
_FORMULAS: dict[str, list[Draw]] = {
    "int": [*_NUMBERS, _rest, _floor_divided, _bits],
    "float": [*_NUMBERS, _kind_of_float],
    "date": [_part, _truncated, _last_day, *_ANY],
    "text": [_changed, _piece, _replaced, _joined, _measured, _found, _like, _matched, *_ANY],
    "binary": _ANY,
    "decimal": _ANY,
    "ts_s": [_part, _last_day, *_ANY],
    "ts_ms": [_part, _last_day, *_ANY],
    "ts_us": [_part, _last_day, *_ANY],
}
