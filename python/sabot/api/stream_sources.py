# SPDX-License-Identifier: Apache-2.0
"""Where a stream begins."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from sabot.api.step import Step
from sabot.errors import InvalidJobError
from sabot.expressions import Expr, col

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["StreamSources"]

Path = str | os.PathLike[str]


def _is_not_in(column: Expr, values: Any) -> Expr:
    return ~column.is_in(values)


_COMPARISONS: dict[str, Callable[[Expr, Any], Expr]] = {
    "==": Expr.__eq__,
    "=": Expr.__eq__,
    "!=": Expr.__ne__,
    "<": Expr.__lt__,
    "<=": Expr.__le__,
    ">": Expr.__gt__,
    ">=": Expr.__ge__,
    "in": Expr.is_in,
    "not in": _is_not_in,
}


class StreamSources:
    """The constructors of `sabot.api.stream.Stream`."""

    @classmethod
    def _from_step(cls, step: Step) -> Self:
        raise NotImplementedError

    @classmethod
    def from_table(cls, table: Any, batch_size: int = 10_000) -> Self:
        """Return a stream over a table, as often as one likes.

        Parameters
        ----------
        table
            A `pyarrow.Table`, a dict of columns, or a frame of another library that exports Arrow
            (Polars, pandas, DuckDB).
        batch_size
            Rows per batch at most.

        Examples
        --------
        >>> from sabot.api.stream import Stream
        >>> Stream.from_table({"n": [1, 2, 3]}).count()
        3
        """
        import pyarrow as pa

        if not isinstance(batch_size, int) or batch_size < 1:
            raise InvalidJobError(
                f"Stream.from_table: batch_size is {batch_size!r}; allowed: 1 and more"
            )
        if isinstance(table, pa.RecordBatch):
            table = pa.Table.from_batches([table])
        if isinstance(table, Mapping):
            table = pa.table(dict(table))
        data, summary = table, type(table).__name__
        if isinstance(table, pa.Table):
            batches = table.to_batches(max_chunksize=batch_size)
            data = pa.Table.from_batches(batches, schema=table.schema)
            summary = f"{table.num_rows:,} rows"
        return cls._source("from_table", {"data": data}, summary)

    @classmethod
    def from_batches(
        cls,
        batches: Iterable[pa.RecordBatch] | Any,
        schema: pa.Schema | None = None,
        *,
        bounded: bool = True,
        timestamp_column: str | None = None,
        lateness_ms: int | None = None,
    ) -> Self:
        """Return a stream over batches.

        Parameters
        ----------
        batches
            A list of `pyarrow.RecordBatch`, an iterator (read once), or a function, maybe
            asynchronous, that yields them (called for each run).
        schema
            The columns; else the first batch is looked at.
        bounded
            False if they never end.
        timestamp_column, lateness_ms
            The event time of the rows, and how late they may be.
        """
        import pyarrow as pa

        is_list = isinstance(batches, list | tuple)
        if is_list and not batches and schema is not None:
            batches = pa.Table.from_batches([], schema=schema)
        parameters = _given(
            data=batches,
            schema=schema,
            bounded=None if bounded else False,
            timestamp_column=timestamp_column,
            lateness_ms=lateness_ms,
        )
        summary = f"{len(batches)} batches" if isinstance(batches, list | tuple) else ""
        return cls._source("from_batches", parameters, summary, is_endless=not bounded)

    @classmethod
    def from_pylist(cls, rows: Sequence[Mapping[str, Any]], schema: Any = None) -> Self:
        """Return a stream over dicts, one per row.

        Parameters
        ----------
        rows
            A list of dicts.
        schema
            The columns, a `pyarrow.Schema` or a dict of name to type; else as the values tell.
        """
        summary = f"{len(rows):,} rows" if hasattr(rows, "__len__") else ""
        return cls._source("from_pylist", _given(data=rows, schema=schema), summary)

    from_dicts = from_pylist

    @classmethod
    def from_parquet(
        cls,
        path: Path | Sequence[Path],
        columns: Sequence[str] | None = None,
        filters: Expr | Sequence[tuple[str, str, Any]] | None = None,
        **parameters: Any,
    ) -> Self:
        """Return a stream over Parquet files.

        Parameters
        ----------
        path
            A file, a folder, a glob, or a list of these.
        columns
            The columns to read.
        filters
            Which rows: an expression, or a list of ``(column, operator, value)`` that must all
            hold; operators are those of comparisons, ``'in'`` and ``'not in'``. They may use
            columns that are not in `columns`. Files of a hive partition and row groups that they
            exclude are not read.
        parameters
            More parameters of the SOURCE operator.
        """
        parameters = {"filters": _predicate_of(filters), **parameters}
        return cls._files("from_parquet", "parquet", path, columns, parameters)

    @classmethod
    def from_csv(
        cls, path: Path | Sequence[Path], columns: Sequence[str] | None = None, **parameters: Any
    ) -> Self:
        """Return a stream over CSV files; `parameters` are those of the SOURCE operator."""
        return cls._files("from_csv", "csv", path, columns, parameters)

    @classmethod
    def from_ndjson(
        cls, path: Path | Sequence[Path], columns: Sequence[str] | None = None, **parameters: Any
    ) -> Self:
        """Return a stream over files of one JSON object per line."""
        return cls._files("from_ndjson", "json", path, columns, parameters)

    @classmethod
    def from_topic(cls, name: str, *, follow: bool = False, **parameters: Any) -> Self:
        """Return a stream over a topic of the embedded log.

        Parameters
        ----------
        name
            Of the topic.
        follow
            Go on for ever with what is appended; else it ends where the topic ends now.
        parameters
            More parameters of the SOURCE operator: ``timestamp_column``, ``start``, ``data_dir``.
        """
        parameters = _given(topic=name, bounded=not follow, **parameters)
        return cls._source("from_topic", parameters, repr(name), is_endless=follow)

    @classmethod
    def from_kafka(
        cls, topic: str, bootstrap_servers: str | None = None, group_id: str | None = None
    ) -> Self:
        """Refuse: this version does not read Kafka. `from_topic` reads the embedded log."""
        raise InvalidJobError(
            f"Stream.from_kafka: topic {topic!r}: this version does not read Kafka; use "
            "Stream.from_topic() for the embedded log"
        )

    @classmethod
    def _files(
        cls, method: str, format: str, path: Any, columns: Any, parameters: dict[str, Any]
    ) -> Self:
        given = _given(
            path=path,
            format=format,
            columns=None if columns is None else list(columns),
            **parameters,
        )
        return cls._source(method, given, _short(path))

    @classmethod
    def _source(
        cls, method: str, parameters: dict[str, Any], summary: str, *, is_endless: bool = False
    ) -> Self:
        step = Step("source", method, parameters, summary=summary, is_endless=is_endless)
        return cls._from_step(step)


def _given(**parameters: Any) -> dict[str, Any]:
    return {key: value for key, value in parameters.items() if value is not None}


def _short(path: Any) -> str:
    if isinstance(path, str | os.PathLike):
        return repr(os.fspath(path))
    return f"{len(path)} paths" if hasattr(path, "__len__") else ""


def _predicate_of(filters: Any) -> Expr | None:
    if filters is None or isinstance(filters, Expr):
        return filters
    predicate: Expr | None = None
    for item in filters:
        try:
            column, operator, value = item
            condition = _COMPARISONS[operator](col(column), value)
        except (TypeError, ValueError, KeyError):
            allowed = ", ".join(repr(name) for name in _COMPARISONS)
            raise InvalidJobError(
                f"Stream.from_parquet: filters: {item!r} is not (column, operator, value); "
                f"allowed operators: {allowed}; or give an expression"
            ) from None
        predicate = condition if predicate is None else predicate & condition
    return predicate
