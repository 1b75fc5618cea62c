# SPDX-License-Identifier: Apache-2.0
"""Rows of the engine against rows of the reference."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any, TypeAlias

import pyarrow as pa

from differential.relation import Relation

_TOLERANCE = 1e-9
Row: TypeAlias = tuple[Any, ...]


class Differs(AssertionError):
    """The engine has other rows than the reference."""


class Expectation:
    """The rows of a relation, ready to be compared with many results."""

    def __init__(self, relation: Relation) -> None:
        self._relation = relation
        self._codes = [_codes(column.kind.values) for column in relation.columns]
        self._inexact = [i for i, column in enumerate(relation.columns) if column.is_inexact]

    @cached_property
    def _rows(self) -> list[Row]:
        return self._prepared(self._relation.rows.select(self._relation.names), None)

    def check(self, found: pa.Table) -> None:
        """Compare; order counts where the relation has one.

        Raises
        ------
        Differs
            With the first difference.
        """
        relation = self._relation
        if found.column_names != relation.names:
            raise Differs(f"columns {found.column_names}, expected {relation.names}")
        for column in relation.columns:
            type_ = found.schema.field(column.name).type
            if type_ != column.kind.type:
                raise Differs(f"column {column.name!r} is {type_}, expected {column.kind.type}")
        mine, theirs = self._prepared(found, self._codes), self._rows
        if len(mine) != len(theirs):
            raise Differs(f"{len(mine)} rows, expected {len(theirs)}{_surplus(mine, theirs)}")
        for a, b in zip(mine, theirs, strict=True):
            if a == b:
                continue
            for i, (x, y) in enumerate(zip(a, b, strict=True)):
                if not _same(x, y, is_inexact=i in self._inexact):
                    raise Differs(f"column {relation.names[i]!r}: row {a}, expected {b}")

    def _prepared(self, table: pa.Table, codes: list[dict[str, int] | None] | None) -> list[Row]:
        """Return rows of values that mean the same for both, sorted unless they have an order."""
        columns = []
        for i, column in enumerate(table.columns):
            values = column.to_pylist()
            code = codes[i] if codes is not None else None
            columns.append(values if code is None else [_coded(v, code) for v in values])
        rows: list[Row] = list(zip(*columns, strict=True))
        if not self._relation.is_ordered:
            rows.sort(key=lambda row: _order(row, self._inexact))
        return rows


def _codes(values: Sequence[Any] | None) -> dict[str, int] | None:
    return None if values is None else {repr(value): i for i, value in enumerate(values)}


def _coded(value: Any, codes: dict[str, int]) -> Any:
    """Return the number of a value."""
    if value is None:
        return None
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(dt.UTC)
    elif hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime()
    try:
        return codes[repr(value)]
    except KeyError:
        raise Differs(f"{value!r} is no value that was drawn") from None


def _order(row: Row, inexact: list[int]) -> tuple[Any, ...]:
    if not inexact:
        return tuple([_key(v) for v in row])
    exact = [_key(v) for i, v in enumerate(row) if i not in inexact]
    return (*exact, *[_key(row[i], digits=3) for i in inexact])


def _key(value: Any, digits: int | None = None) -> tuple[bool, bool, Any]:
    if value is None:
        return (True, False, 0)
    if isinstance(value, float):
        if math.isnan(value):
            return (False, True, 0.0)
        if digits is not None and not math.isinf(value):
            return (False, False, round(value, digits))
        return (False, False, value + 0.0)
    return (False, False, value)


def _same(a: Any, b: Any, *, is_inexact: bool) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return math.isclose(a, b, rel_tol=_TOLERANCE, abs_tol=1e-6) if is_inexact else a == b
    return type(a) is type(b) and bool(a == b)


def _surplus(mine: list[Any], theirs: list[Any]) -> str:
    """Name a row that only one side has."""
    more, less, who = (mine, theirs, "found") if len(mine) > len(theirs) else (theirs, mine, "lost")
    rest = list(map(repr, less))
    for row in more:
        if repr(row) in rest:
            rest.remove(repr(row))
        else:
            return f"; {who} {row}"
    return ""
