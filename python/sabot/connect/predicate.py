# SPDX-License-Identifier: Apache-2.0
"""Predicates that pyarrow may use to leave out what cannot pass.

Leaving out is not filtering: what stays is filtered by the engine. So a predicate is weakened
wherever pyarrow could judge otherwise: parts that it lacks count as true, and so do comparisons
that a NaN passes here (it is greater than every number) while file statistics do not know of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sabot._literals import decode_literal
from sabot.expressions import Expr

__all__ = ["MIRRORED", "conjuncts", "constant_of", "pruning_expression"]

#: Comparisons, and what they are with the sides exchanged.
MIRRORED = {
    "equal": "equal",
    "less": "greater",
    "less_equal": "greater_equal",
    "greater": "less",
    "greater_equal": "less_equal",
}
_COMPARE = {
    "equal": lambda a, b: a == b,
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
}
_EXACT = 2**53  # integers up to it are doubles, too


def conjuncts(predicate: Expr | Sequence[Expr] | None) -> list[Expr]:
    """Return the parts that must all hold.

    Examples
    --------
    >>> from sabot.expressions import col
    >>> conjuncts((col("a") > 1) & (col("b") < 2))
    [(col('a') > 1), (col('b') < 2)]
    """
    if predicate is None:
        return []
    if not isinstance(predicate, Expr):
        return [part for one in predicate for part in conjuncts(one)]
    node = predicate.to_dict()
    if node.get("call") == "and":
        return [part for arg in node["args"] for part in conjuncts(Expr.from_dict(arg))]
    return [predicate]


def pruning_expression(parts: Sequence[Expr], schema: pa.Schema) -> pc.Expression | None:
    """Return what rows that pass certainly fulfil; None if nothing is known.

    Parameters
    ----------
    parts
        Predicates that must all hold.
    schema
        The columns of what may be left out; parts with other columns count as true.
    """
    weakened = [_weaken(part.to_dict(), schema) for part in parts]
    known = [one for one in weakened if one is not None]
    if not known:
        return None
    result = known[0]
    for one in known[1:]:
        result = result & one
    return result


def _weaken(node: Mapping[str, Any], schema: pa.Schema) -> pc.Expression | None:
    call, args = node.get("call"), node.get("args", ())
    if call in ("and", "or"):
        sides = [_weaken(arg, schema) for arg in args]
        known = [side for side in sides if side is not None]
        if not known or (call == "or" and len(known) < len(sides)):
            return None
        result = known[0]
        for side in known[1:]:
            result = result & side if call == "and" else result | side
        return result
    if call in ("is_null", "is_not_null") and "col" in args[0]:
        if args[0]["col"] not in schema.names:
            return None
        field = pc.field(args[0]["col"])
        return field.is_null() if call == "is_null" else field.is_valid()
    if call == "between" and len(args) == 3:
        low = _compare("greater_equal", args[0], args[1], schema)
        high = _compare("less_equal", args[0], args[2], schema)
        if low is None or high is None:
            return low if high is None else high
        return low & high
    if call == "in" and len(args) >= 2 and all("lit" in arg for arg in args[1:]):
        return _weaken(
            {"call": "or", "args": [{"call": "equal", "args": [args[0], arg]} for arg in args[1:]]},
            schema,
        )
    if call in _COMPARE and len(args) == 2:
        if "lit" in args[0]:
            return _compare(MIRRORED[call], args[1], args[0], schema)
        return _compare(call, args[0], args[1], schema)
    return None


def _compare(
    call: str, column: Mapping[str, Any], literal: Mapping[str, Any], schema: pa.Schema
) -> pc.Expression | None:
    if "col" not in column or "lit" not in literal or column["col"] not in schema.names:
        return None
    kind = schema.field(column["col"]).type
    if pa.types.is_floating(kind) and call in ("greater", "greater_equal"):
        return None  # a NaN passes
    scalar = constant_of(literal, kind)
    return None if scalar is None else _COMPARE[call](pc.field(column["col"]), scalar)


def constant_of(literal: Mapping[str, Any], kind: pa.DataType) -> pa.Scalar | None:
    """Return the constant in the column's type, if it is there exactly the same."""
    try:
        value = decode_literal(literal)
    except (TypeError, ValueError):
        return None
    value = value.as_py() if isinstance(value, pa.Scalar) else value
    if value is None or value != value:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if pa.types.is_integer(kind):
        if not is_number or (isinstance(value, float) and not value.is_integer()):
            return None
        if isinstance(value, float) and abs(value) >= _EXACT:
            return None  # the engine compares doubles, and several integers are this one
        value = int(value)
    elif pa.types.is_floating(kind):
        if not is_number or (isinstance(value, int) and abs(value) > _EXACT):
            return None
        value = float(value)
    elif is_number or pa.types.is_decimal(kind):
        return None
    try:
        scalar = pa.scalar(value, kind)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None
    return scalar if scalar.as_py() == value else None
