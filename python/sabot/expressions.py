# SPDX-License-Identifier: Apache-2.0
"""Expressions over columns, which the engine evaluates.

``col("price") * 2 > 100`` builds a tree and computes nothing; the engine checks it against the
columns there are and evaluates it batch by batch. `docs/design/0001-wire-form.md` has the functions
and their rules for nulls, overflow and types.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sabot._literals import decode_literal, encode_literal, type_name
from sabot._nested_methods import NestedMethods
from sabot._number_methods import NumberMethods
from sabot._text_methods import TextMethods
from sabot._time_methods import TimeMethods

__all__ = ["Expr", "call", "coalesce", "col", "concat_ws", "greatest", "least", "lit", "when"]

_SYMBOLS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "floor_divide": "//",
    "modulo": "%",
    "power": "**",
    "equal": "==",
    "not_equal": "!=",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
    "and": "&",
    "or": "|",
}


class Expr(TextMethods, NumberMethods, TimeMethods, NestedMethods):
    """A value per row, computed from columns and constants; made by `col` and `lit`.

    Operators: ``+ - * / // % **``, ``== != < <= > >=``, ``& | ~``. A Python value on
    either side is a constant.

    Examples
    --------
    >>> col("price") * 2 > 100
    ((col('price') * 2) > 100)
    >>> (col("price") > lit(1.5)).to_dict()
    {'call': 'greater', 'args': [{'col': 'price'}, {'lit': 1.5}]}
    """

    __slots__ = ("_node",)

    def __init__(self, node: Mapping[str, Any]) -> None:
        self._node = dict(node)

    @classmethod
    def from_dict(cls, node: Mapping[str, Any]) -> Expr:
        """Return the expression of a wire form, as `to_dict` writes it."""
        if not isinstance(node, Mapping) or not {"col", "lit", "call"} & set(node):
            raise ValueError(
                f"{node!r} is not an expression; expected an object with 'col', 'lit' or 'call'"
            )
        return cls(node)

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form: only dicts, lists and plain values, ready for JSON."""
        return _copy(self._node)

    def cast(self, type: Any, *, on_error: str | None = None) -> Expr:
        """Return the value in another type, such as ``'float64'`` or ``'timestamp[us]'``.

        Parameters
        ----------
        type
            Name of the type, or a `pyarrow.DataType`.
        on_error
            ``'null'`` gives null for a value that does not fit; by default that fails the job.
        """
        if on_error not in (None, "null"):
            raise ValueError(f"cast: on_error is {on_error!r}; allowed: None, 'null'")
        node = {"call": "cast", "args": [self._node], "type": type_name(type)}
        return Expr(node if on_error is None else {**node, "on_error": on_error})

    def _function(self, function: str, *args: Any) -> Expr:
        return _call(function, *args)

    def is_null(self) -> Expr:
        """Return whether the value is missing."""
        return _call("is_null", self)

    def is_not_null(self) -> Expr:
        """Return whether there is a value."""
        return _call("is_not_null", self)

    def coalesce(self, *others: Any) -> Expr:
        """Return this value, or the first of `others` that is not null."""
        return _call("coalesce", self, *others)

    def is_in(self, values: Iterable[Any]) -> Expr:
        """Return whether the value equals one of `values`; null if only a null could be it.

        Examples
        --------
        >>> col("side").is_in(["buy", "sell"])
        in(col('side'), 'buy', 'sell')
        """
        if isinstance(values, str | bytes | Expr):
            raise TypeError(f"is_in: expected a list of values, found {values!r}")
        return _call("in", self, *values)

    def between(self, low: Any, high: Any) -> Expr:
        """Return whether the value is at least `low` and at most `high`."""
        return _call("between", self, low, high)

    def nullif(self, other: Any) -> Expr:
        """Return null where the value equals `other`, else the value."""
        return _call("nullif", self, other)

    def if_else(self, yes: Any, no: Any) -> Expr:
        """Return `yes` where this condition is true, else `no`, also where it is null."""
        return _call("if_else", self, yes, no)

    def hash(self, *others: Any) -> Expr:
        """Return the engine's stable hash of this value and `others`, as uint64."""
        return _call("hash", self, *others)

    def equals(self, other: Expr) -> bool:
        """Return whether two expressions are the same tree (``==`` builds a comparison)."""
        return isinstance(other, Expr) and self._node == other._node

    def columns(self) -> list[str]:
        """Return the names of the columns that the expression reads, each once.

        Examples
        --------
        >>> (col("a") + col("b") > col("a")).columns()
        ['a', 'b']
        """
        return list(dict.fromkeys(_columns_of(self._node)))

    def __add__(self, other: Any) -> Expr:
        return _call("add", self, other)

    def __radd__(self, other: Any) -> Expr:
        return _call("add", other, self)

    def __sub__(self, other: Any) -> Expr:
        return _call("subtract", self, other)

    def __rsub__(self, other: Any) -> Expr:
        return _call("subtract", other, self)

    def __mul__(self, other: Any) -> Expr:
        return _call("multiply", self, other)

    def __rmul__(self, other: Any) -> Expr:
        return _call("multiply", other, self)

    def __truediv__(self, other: Any) -> Expr:
        return _call("divide", self, other)

    def __rtruediv__(self, other: Any) -> Expr:
        return _call("divide", other, self)

    def __floordiv__(self, other: Any) -> Expr:
        return _call("floor_divide", self, other)

    def __rfloordiv__(self, other: Any) -> Expr:
        return _call("floor_divide", other, self)

    def __pow__(self, other: Any) -> Expr:
        return _call("power", self, other)

    def __rpow__(self, other: Any) -> Expr:
        return _call("power", other, self)

    def __abs__(self) -> Expr:
        return _call("abs", self)

    def __mod__(self, other: Any) -> Expr:
        return _call("modulo", self, other)

    def __rmod__(self, other: Any) -> Expr:
        return _call("modulo", other, self)

    def __neg__(self) -> Expr:
        return _call("negate", self)

    def __eq__(self, other: Any) -> Expr:  # type: ignore[override]
        return _call("equal", self, other)

    def __ne__(self, other: Any) -> Expr:  # type: ignore[override]
        return _call("not_equal", self, other)

    def __lt__(self, other: Any) -> Expr:
        return _call("less", self, other)

    def __le__(self, other: Any) -> Expr:
        return _call("less_equal", self, other)

    def __gt__(self, other: Any) -> Expr:
        return _call("greater", self, other)

    def __ge__(self, other: Any) -> Expr:
        return _call("greater_equal", self, other)

    def __and__(self, other: Any) -> Expr:
        return _call("and", self, other)

    def __rand__(self, other: Any) -> Expr:
        return _call("and", other, self)

    def __or__(self, other: Any) -> Expr:
        return _call("or", self, other)

    def __ror__(self, other: Any) -> Expr:
        return _call("or", other, self)

    def __invert__(self) -> Expr:
        return _call("not", self)

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self!r} has a truth value per row, not one. Combine conditions with '&', '|', '~' "
            "and parentheses instead of 'and', 'or', 'not', chained comparisons and 'in'"
        )

    def __repr__(self) -> str:
        return _text_of(self._node)


def col(name: str) -> Expr:
    """Return the column `name` of the operator's input.

    Examples
    --------
    >>> col("price").is_null()
    col('price').is_null()
    """
    if not isinstance(name, str):
        raise TypeError(f"col: expected a column name, found {name!r}")
    return Expr({"col": name})


def lit(value: Any, type: Any = None) -> Expr:
    """Return a constant.

    Parameters
    ----------
    value
        None, bool, int, float, str, bytes, Decimal, date, datetime, time or timedelta.
    type
        Name of the Arrow type, or a `pyarrow.DataType`; by default bool, int64, float64, utf8 and
        so on by the value.

    Examples
    --------
    >>> lit(3, "int8").to_dict()
    {'lit': 3, 'type': 'int8'}
    >>> import datetime
    >>> lit(datetime.date(1970, 1, 11)).to_dict()
    {'lit': 10, 'type': 'date32'}
    """
    return Expr(encode_literal(value, None if type is None else type_name(type)))


def coalesce(*values: Any) -> Expr:
    """Return the first of `values` that is not null.

    Examples
    --------
    >>> coalesce(col("bid"), col("ask"), 0.0)
    coalesce(col('bid'), col('ask'), 0.0)
    """
    return _call("coalesce", *values)


class When:
    """A condition that waits for its value: the half of a case between `when` and `then`."""

    __slots__ = ("_args",)

    def __init__(self, args: list[Any]) -> None:
        self._args = args

    def then(self, value: Any) -> Then:
        """Return the case with `value` where this condition is the first that is true."""
        return Then(_call("case", *self._args, value).to_dict())


class Then(Expr):
    """A case without a last value: null where no condition is true."""

    __slots__ = ()

    def when(self, condition: Any) -> When:
        """Go on with another condition, for rows for which none before was true."""
        return When([*map(Expr, self._node["args"]), condition])

    def otherwise(self, value: Any) -> Expr:
        """Return the case with `value` where no condition is true."""
        return _call("case", *map(Expr, self._node["args"]), value)


def when(condition: Any) -> When:
    """Begin a case: the value behind the first condition that is true.

    Null is not true. A value that a row does not take raises no error for it.

    Examples
    --------
    >>> when(col("p") > 100).then("high").when(col("p") > 10).then("middle").otherwise("low")
    case((col('p') > 100), 'high', (col('p') > 10), 'middle', 'low')
    """
    return When([condition])


def least(*values: Any) -> Expr:
    """Return the least of `values` that is not null.

    Examples
    --------
    >>> least(col("bid"), col("last"), 100)
    least(col('bid'), col('last'), 100)
    """
    return _call("least", *values)


def greatest(*values: Any) -> Expr:
    """Return the greatest of `values` that is not null; NaN is greater than every number."""
    return _call("greatest", *values)


def concat_ws(separator: Any, *values: Any) -> Expr:
    """Return the texts that are not null, with `separator` between them.

    Examples
    --------
    >>> concat_ws(" ", col("first"), col("last"))
    concat_ws(' ', col('first'), col('last'))
    """
    return _call("concat_ws", separator, *values)


def call(function: str, *args: Any) -> Expr:
    """Return the call of a function by its name in ``docs/reference/functions.md``.

    Examples
    --------
    >>> call("upper", col("side")).equals(col("side").upper())
    True
    """
    return _call(function, *args)


def _call(function: str, *args: Any) -> Expr:
    nodes = [arg._node if isinstance(arg, Expr) else encode_literal(arg, None) for arg in args]
    return Expr({"call": function, "args": nodes})


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copy(item) for item in value]
    return value


def _columns_of(node: Mapping[str, Any]) -> list[str]:
    if "col" in node:
        return [node["col"]]
    return [name for arg in node.get("args", ()) for name in _columns_of(arg)]


def _text_of(node: Mapping[str, Any]) -> str:
    if "col" in node:
        return f"col({node['col']!r})"
    if "lit" in node:
        return repr(decode_literal(node))
    function, args = node["call"], [_text_of(arg) for arg in node.get("args", ())]
    if function in _SYMBOLS and len(args) == 2:
        return f"({args[0]} {_SYMBOLS[function]} {args[1]})"
    if function == "not":
        return f"~{args[0]}"
    if function == "negate":
        return f"-{args[0]}"
    if function == "cast":
        return f"{args[0]}.cast({node['type']!r})"
    if function in ("is_null", "is_not_null"):
        return f"{args[0]}.{function}()"
    return f"{function}({', '.join(args)})"
