# SPDX-License-Identifier: Apache-2.0
"""A job as a chain of methods.

>>> from sabot import col
>>> orders = Stream.from_pylist(
...     [
...         {"item": "tea", "price": 3.0, "count": 2},
...         {"item": "jam", "price": 4.5, "count": 1},
...         {"item": "tea", "price": 3.0, "count": 5},
...     ]
... )
>>> sales = orders.map(total=col("price") * col("count")).filter(col("total") > 5)
>>> sales.group_by("item").aggregate({"sum": ("total", "sum")}).to_pylist()
[{'item': 'tea', 'sum': 21.0}]
>>> sales
Stream: from_pylist(3 rows) → map(total) → filter((col('total') > 5))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, Self

from sabot.api.arguments import (
    calls_of,
    count_of,
    expressions_of,
    join_keys_of,
    names_of,
    order_of,
    refuse_parameters,
)
from sabot.api.step import Step, describe
from sabot.api.stream_ends import StreamEnds
from sabot.api.stream_sources import StreamSources
from sabot.errors import InvalidJobError
from sabot.execution.run import RunOptions
from sabot.expressions import Expr, col
from sabot.operators.base_operator import BaseOperator

__all__ = ["GroupedStream", "Stream"]

Columns = str | Sequence[str]
Aggregations = Mapping[str, tuple[str, str]]


class Stream(StreamSources, StreamEnds):
    """Rows on their way: begun by a ``from_...``, changed by transforms, run by an end.

    A stream is a description: nothing is read before an end asks for the rows (`collect`,
    `to_pylist`, `take`, `count`, `foreach`, `records`, `to_parquet`, `to_csv`, `to_ndjson`,
    `to_topic`, ``for``, ``async for``). It never changes, so it can be used again and branch: what
    two branches share is done once when they meet again in one job.

    Examples
    --------
    >>> numbers = Stream.from_table({"n": [1, 2, 3, 4]})
    >>> even, odd = numbers.filter(col("n") % 2 == 0), numbers.filter(col("n") % 2 == 1)
    >>> even.union(odd).to_pylist()
    [{'n': 2}, {'n': 4}, {'n': 1}, {'n': 3}]
    """

    def __init__(self, step: Step, options: RunOptions | None = None) -> None:
        self._step = step
        self._options = options or RunOptions()

    @classmethod
    def _from_step(cls, step: Step) -> Self:
        return cls(step)

    # --- rows and columns ------------------------------------------------------------------------

    def filter(self, condition: Expr | Callable[..., Any], **parameters: Any) -> Stream:
        """Keep the rows for which a condition holds; null does not.

        Parameters
        ----------
        condition
            An expression, or a function of a batch that returns one boolean per row.
        parameters
            With a function, more parameters of the FILTER operator.

        Examples
        --------
        >>> numbers = Stream.from_table({"n": [1, 2, 3]})
        >>> numbers.filter(col("n") > 1).to_pylist()
        [{'n': 2}, {'n': 3}]
        >>> numbers.filter(lambda batch: batch["n"] != 2).to_pylist()
        [{'n': 1}, {'n': 3}]
        """
        if isinstance(condition, Expr):
            refuse_parameters("filter", parameters, "an expression")
            return self._then("filter", "filter", {"predicate": condition}, summary=repr(condition))
        if not callable(condition):
            raise InvalidJobError(
                f"Stream.filter: expected an expression such as col('price') > 100, or a function "
                f"of a batch, found {condition!r}"
            )
        return self._then("filter", "filter", parameters, condition)

    def map(
        self, what: Callable[..., Any] | Mapping[str, Any] | None = None, /, **columns: Any
    ) -> Stream:
        """Make new columns.

        Parameters
        ----------
        what
            A dict of column name to expression; or a function of a batch that returns a column, an
            array, a list, a dict of columns, the edited batch, or a batch.
        columns
            Expressions by name, beside those in `what`; a plain value is a constant. With a
            function: more parameters of the MAP operator, such as ``output_column`` and ``schema``.

        Examples
        --------
        >>> numbers = Stream.from_table({"n": [1, 2]})
        >>> numbers.map(twice=col("n") * 2, unit="kg").to_pylist()
        [{'n': 1, 'twice': 2, 'unit': 'kg'}, {'n': 2, 'twice': 4, 'unit': 'kg'}]
        >>> numbers.map(lambda batch: batch["n"] ** 2, output_column="square").to_pylist()
        [{'n': 1, 'square': 1}, {'n': 2, 'square': 4}]
        """
        if callable(what) and not isinstance(what, Mapping | Expr):
            return self._then("map", "map", columns, what)
        if what is not None and not isinstance(what, Mapping):
            raise InvalidJobError(
                f"Stream.map: expected a function of a batch, or expressions by name, found "
                f"{what!r}"
            )
        expressions = {**(what or {}), **columns}
        if not expressions:
            raise InvalidJobError("Stream.map: no columns; give a function, or expressions by name")
        return self._then(
            "map",
            "map",
            {"expressions": expressions_of(expressions)},
            summary=", ".join(expressions),
        )

    def flat_map(self, what: Callable[..., Any] | str, **parameters: Any) -> Stream:
        """Make any number of rows of each.

        Parameters
        ----------
        what
            A function of a batch that returns, or yields, rows: batches, tables, dicts of columns
            or lists of dicts. Or the name of a list column: one row per element.
        parameters
            More parameters of the FLAT_MAP operator: ``schema`` with a function; ``keep_empty``,
            ``output_column`` with a column.
        """
        if isinstance(what, str):
            parameters = {"column": what, **parameters}
            return self._then("flat_map", "flat_map", parameters, summary=repr(what))
        if not callable(what):
            raise InvalidJobError(
                f"Stream.flat_map: expected a function of a batch, or the name of a list column, "
                f"found {what!r}"
            )
        return self._then("flat_map", "flat_map", parameters, what)

    def select(self, *columns: str, **expressions: Any) -> Stream:
        """Keep these columns, in this order, then new ones by name.

        Examples
        --------
        >>> rows = Stream.from_table({"a": [1], "b": [2], "c": [3]})
        >>> rows.select("c", "a", sum=col("a") + col("b")).to_pylist()
        [{'c': 3, 'a': 1, 'sum': 3}]
        """
        names = names_of("select", columns)
        if not names and not expressions:
            raise InvalidJobError("Stream.select: no columns; name those to keep")
        summary = ", ".join([*names, *expressions])
        if not expressions:
            return self._then("select", "select", {"columns": names}, summary=summary)
        wanted = {**{name: col(name) for name in names}, **expressions_of(expressions)}
        return self._then("map", "select", {"expressions": wanted, "keep": False}, summary=summary)

    def apply(self, operator: BaseOperator | Any, **parameters: Any) -> Stream:
        """Let an operator written in Python have the batches; see `sabot.BaseOperator`.

        The object itself runs, so its state goes on from one run of the stream to the next unless
        its ``open`` begins anew.
        """
        if isinstance(operator, type) or not hasattr(operator, "process_batch"):
            raise InvalidJobError(
                f"Stream.apply: expected an object with process_batch(), found {operator!r}"
            )
        name = type(operator).__name__
        return self._then("custom", "apply", {"operator": name, **parameters}, operator, name)

    # --- order and number ------------------------------------------------------------------------

    def sort(
        self,
        *by: str,
        descending: bool | Sequence[bool] = False,
        nulls: str | Sequence[str] = "last",
    ) -> Stream:
        """Sort the rows; equal ones stay in no certain order.

        Parameters
        ----------
        by
            Columns, the most important first.
        descending
            For all, or one for each.
        nulls
            ``'last'`` or ``'first'``, for all or one for each. NaN is above every number.
        """
        parameters = order_of("sort", by, descending, nulls)
        return self._then("sort", "sort", parameters, summary=", ".join(by))

    def top_n(
        self,
        n: int,
        *by: str,
        descending: bool | Sequence[bool] = True,
        nulls: str | Sequence[str] = "last",
        offset: int = 0,
    ) -> Stream:
        """Keep the `n` greatest rows, sorted; the least with ``descending=False``."""
        parameters = {"count": count_of("top_n", n), **order_of("top_n", by, descending, nulls)}
        if offset:
            parameters["offset"] = count_of("top_n", offset)
        return self._then("top_n", "top_n", parameters, summary=", ".join([str(n), *by]))

    def limit(self, n: int, offset: int = 0) -> Stream:
        """Keep the first `n` rows after `offset`; sources stop when they are there."""
        parameters = {"count": count_of("limit", n)}
        if offset:
            parameters["offset"] = count_of("limit", offset)
        return self._then("limit", "limit", parameters, summary=str(n))

    def distinct(self, *columns: str) -> Stream:
        """Keep one row of each key; the key is all columns unless some are named."""
        names = names_of("distinct", columns)
        parameters = {"columns": names} if names else {}
        return self._then("distinct", "distinct", parameters, summary=", ".join(names))

    # --- groups ----------------------------------------------------------------------------------

    def aggregate(
        self, aggregations: Aggregations | None = None, /, **named: tuple[str, str]
    ) -> Stream:
        """Make one row of all rows.

        Parameters
        ----------
        aggregations, named
            Output column to (column, function); column ``'*'`` with ``'count'`` counts rows.

        Examples
        --------
        >>> Stream.from_table({"n": [1, 2]}).aggregate(total=("n", "sum")).to_pylist()
        [{'total': 3}]
        """
        return self._aggregate("aggregate", (), {**(aggregations or {}), **named})

    def group_by(self, *keys: str) -> GroupedStream:
        """Group the rows by columns; see `GroupedStream.aggregate`."""
        names = names_of("group_by", keys)
        if not names:
            raise InvalidJobError("Stream.group_by: no columns; use Stream.aggregate() for one row")
        return GroupedStream(self, tuple(names))

    def reduce(
        self, function: Callable[[Any, Any], Any], initial: Any = None, **parameters: Any
    ) -> Stream:
        """Fold all batches, in order, into one value, which leaves as one row.

        Parameters
        ----------
        function
            ``function(value, batch) -> value``. A dict leaves as columns by name.
        initial
            The first value.
        parameters
            More parameters of the REDUCE operator: ``output_column``, ``schema``, ``emit``.

        Examples
        --------
        >>> numbers = Stream.from_table({"n": [1, 2, 3]})
        >>> numbers.reduce(lambda value, batch: value + batch["n"].sum(), 0).to_pylist()
        [{'reduce_1': 6}]
        """
        if not callable(function):
            raise InvalidJobError(
                f"Stream.reduce: expected a function of a value and a batch, found {function!r}"
            )
        parameters = parameters if initial is None else {"initial": initial, **parameters}
        return self._then("reduce", "reduce", parameters, function)

    # --- several streams -------------------------------------------------------------------------

    def join(
        self,
        other: Stream,
        left_keys: Columns | None = None,
        right_keys: Columns | None = None,
        how: Literal["inner", "left", "right", "outer", "semi", "anti"] = "inner",
        *,
        on: Columns | None = None,
        **parameters: Any,
    ) -> Stream:
        """Join with the rows of another stream that have equal keys.

        Parameters
        ----------
        other
            The right side; it is read first when it ends.
        left_keys, right_keys
            Columns of this stream and of the other, as many of each; or `on` for both.
        how
            Which rows stay; ``'semi'`` and ``'anti'`` keep rows of this stream that have a partner
            or none.
        parameters
            More parameters of the HASH_JOIN operator: ``suffix``, ``nulls_equal``, ``within_ms``.

        Examples
        --------
        >>> sales = Stream.from_table({"item": [1, 2, 1], "count": [5, 6, 7]})
        >>> items = Stream.from_table({"id": [1], "name": ["tea"]})
        >>> sales.join(items, "item", "id").to_pylist()
        [{'item': 1, 'count': 5, 'name': 'tea'}, {'item': 1, 'count': 7, 'name': 'tea'}]
        """
        _check_streams("join", [other])
        left, right = join_keys_of(left_keys, right_keys, on)
        parameters = {"left_keys": left, "right_keys": right, "how": how, **parameters}
        return self._then(
            "hash_join", "join", parameters, summary=", ".join([*left, how]), others=(other,)
        )

    def union(self, *others: Stream, reconcile: str = "strict") -> Stream:
        """Put the rows of several streams together.

        Parameters
        ----------
        others
            Streams with the same columns.
        reconcile
            ``'by_name'``: columns that one lacks are null there, and numbers are widened.
        """
        _check_streams("union", others)
        if not others:
            return self
        parameters = {} if reconcile == "strict" else {"reconcile": reconcile}
        return self._then(
            "union", "union", parameters, summary=f"{len(others) + 1} streams", others=others
        )

    # --- how it runs -----------------------------------------------------------------------------

    def parallel(self, num_workers: int = 0, morsel_size_kb: int = 64) -> Stream:
        """Run with so many engine threads (0: one per processor) and pieces of this size.

        A piece has 1,000 rows at least. It counts for the whole job and changes no result.
        """
        if not isinstance(num_workers, int) or num_workers < 0:
            raise InvalidJobError(
                f"Stream.parallel: num_workers is {num_workers!r}; allowed: 0 and more"
            )
        if not isinstance(morsel_size_kb, int) or morsel_size_kb < 1:
            raise InvalidJobError(
                f"Stream.parallel: morsel_size_kb is {morsel_size_kb!r}; allowed: 1 and more"
            )
        return Stream(
            self._step,
            replace(self._options, worker_count=num_workers, morsel_size_kb=morsel_size_kb),
        )

    def sequential(self) -> Stream:
        """Run with one engine thread."""
        return Stream(self._step, replace(self._options, worker_count=1, morsel_size_kb=0))

    def named(self, name: str) -> Stream:
        """Name the last step, for plans, logs and errors.

        Examples
        --------
        >>> Stream.from_table({"n": [1]}).named("numbers").to_graph().get_sources()[0].name
        'numbers'
        """
        if not isinstance(name, str) or not name:
            raise InvalidJobError(f"Stream.named: expected a name, found {name!r}")
        return Stream(replace(self._step, name=name), self._options)

    def __repr__(self) -> str:
        return f"Stream: {describe(self._step)}"

    def __bool__(self) -> bool:
        raise TypeError("a Stream has no truth value; use count() or take(1)")

    def _then(
        self,
        kind: str,
        method: str,
        parameters: dict[str, Any],
        function: Any = None,
        summary: str | None = None,
        others: tuple[Stream, ...] = (),
    ) -> Stream:
        if summary is None:
            summary = "" if function is None else getattr(function, "__name__", repr(function))
        inputs = (self._step, *(other._step for other in others))
        step = Step(kind, method, parameters, function, inputs, summary=summary)
        return Stream(step, self._options)

    def _aggregate(
        self, method: str, keys: tuple[str, ...], aggregations: Mapping[str, Any], **rest: Any
    ) -> Stream:
        parameters: dict[str, Any] = {"aggregations": calls_of(method, aggregations), **rest}
        if keys:
            parameters["key_by"] = list(keys)
        return self._then(
            "aggregate", method, parameters, summary=", ".join([*keys, *aggregations])
        )


class GroupedStream:
    """A stream and the columns that group its rows; made by `Stream.group_by`."""

    def __init__(self, stream: Stream, keys: tuple[str, ...]) -> None:
        self._stream = stream
        self._keys = keys

    def aggregate(
        self,
        aggregations: Aggregations | None = None,
        /,
        *,
        emit: str | None = None,
        **named: tuple[str, str],
    ) -> Stream:
        """Make one row of each group: the keys, then the aggregations.

        Parameters
        ----------
        aggregations, named
            Output column to (column, function): sum, count, mean, min, max and so on. Column
            ``'*'`` with ``'count'`` counts rows.
        emit
            ``'final'`` once, at the end (the default for input that ends), or ``'update'`` after
            each batch.

        Examples
        --------
        >>> rows = Stream.from_table({"k": ["a", "a"], "n": [1, 2]})
        >>> rows.group_by("k").aggregate(total=("n", "sum"), rows=("*", "count")).to_pylist()
        [{'k': 'a', 'total': 3, 'rows': 2}]
        """
        rest = {} if emit is None else {"emit": emit}
        aggregations = {**(aggregations or {}), **named}
        return self._stream._aggregate("group_by", self._keys, aggregations, **rest)

    def count(self) -> Stream:
        """Make one row of each group: the keys, and ``count``."""
        return self.aggregate(count=("*", "count"))

    def __repr__(self) -> str:
        return f"{self._stream!r} → group_by({', '.join(self._keys)})"


def _check_streams(method: str, streams: Sequence[Any]) -> None:
    for stream in streams:
        if not isinstance(stream, Stream):
            raise InvalidJobError(f"Stream.{method}: expected a Stream, found {stream!r}")
