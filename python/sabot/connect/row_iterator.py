# SPDX-License-Identifier: Apache-2.0
"""A generator of rows as an iterator of batches of one schema."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa

from sabot.connect.read_once import mark_read
from sabot.connect.rows import conform, is_async, project, table_of
from sabot.errors import InvalidJobError

__all__ = ["RowIterator"]

_RECORDS_JOINED_MAX = 1000


class RowIterator:
    """Batches of what a generator yields: batches, tables, dicts or lists of dicts.

    Without a declared schema the first item gives it: it is taken at once and kept for the first
    batch.

    Parameters
    ----------
    data
        An iterator, an async iterator, or a function that makes one.
    schema
        The declared schema, or None.
    columns
        The columns to keep, or None for all.
    title
        The operator, for errors.
    joins_records
        Whether single dicts wait for others to make a batch of up to 1000. Without it each one
        goes on at once.
    """

    def __init__(
        self,
        data: Any,
        schema: pa.Schema | None,
        columns: Collection[str] | None,
        title: str,
        *,
        joins_records: bool,
    ) -> None:
        self._title = title
        self._joins_records = joins_records
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._open: Callable[[], Iterator[Any]] | None = lambda: self._items_of(data)
        self._items: Iterator[Any] = iter(())
        self._first: pa.Table | None = None
        self._is_declared = schema is not None
        self._full_schema = self._peek() if schema is None else schema
        self._names = project(self._full_schema, columns, title)
        self.schema = pa.schema([self._full_schema.field(name) for name in self._names])

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches; works once."""
        try:
            if self._open is not None:
                self._start()
            if self._first is not None:
                yield from self._batches(self._first)
                self._first = None
            for item in self._joined():
                yield from self._batches(self._table_of(item))
        finally:
            self.close()

    def interrupt(self) -> None:
        """Wake an async generator that waits, from any thread."""
        loop, task = self._loop, self._task
        if loop is not None and task is not None and not loop.is_closed():
            try:
                loop.call_soon_threadsafe(task.cancel)
            except RuntimeError:
                pass  # closed meanwhile

    def close(self) -> None:
        """Close the generator, so that its ``finally`` blocks run."""
        self._open = None
        close = getattr(self._items, "close", None)
        if close is not None:
            close()

    def _start(self) -> None:
        assert self._open is not None
        self._items = self._open()
        self._open = None

    def _peek(self) -> pa.Schema:
        try:
            item = _in_thread(self._take_first)
            if item is None:
                raise InvalidJobError(
                    f"{self._title}: parameter 'data': the generator yields nothing, so its "
                    "columns are unknown; declare parameters['schema']"
                )
            self._first = table_of([item] if _is_record(item) else item, None, self._title)
        except InvalidJobError:
            _in_thread(self.close)
            raise
        except Exception as error:
            _in_thread(self.close)
            raise InvalidJobError(
                f"{self._title}: parameter 'data': the generator failed before its first row: "
                f"{type(error).__name__}: {error}"
            ) from error
        return self._first.schema

    def _take_first(self) -> Any:
        """Return the first item that has rows; an empty list tells no columns."""
        self._start()
        return next((item for item in self._items if not _is_empty_list(item)), None)

    def _items_of(self, data: Any) -> Iterator[Any]:
        made = data() if callable(data) else data
        if made is data:
            mark_read(data)
        if is_async(made):
            return self._items_of_async(made)
        if isinstance(made, Mapping) or not hasattr(made, "__iter__"):
            return iter([made])  # a function that returns its rows at once
        if hasattr(made, "__arrow_c_stream__"):
            return iter([made])
        return iter(made)

    def _items_of_async(self, items: AsyncIterator[Any]) -> Iterator[Any]:
        """Run an async generator in an event loop of this thread."""
        self._loop = loop = asyncio.new_event_loop()
        try:
            while True:
                self._task = loop.create_task(_next_of(items))
                try:
                    item = loop.run_until_complete(self._task)
                except (StopAsyncIteration, asyncio.CancelledError):
                    return
                yield item
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                loop.run_until_complete(close())
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    def _joined(self) -> Iterator[Any]:
        """Yield items, with runs of single records as lists."""
        records: list[Any] = []
        for item in self._items:
            if _is_record(item):
                records.append(item)
                if len(records) < _RECORDS_JOINED_MAX and self._joins_records:
                    continue
                item = None
            if records:
                yield records
                records = []
            if item is not None and not _is_empty_list(item):
                yield item
        if records:
            yield records

    def _table_of(self, item: Any) -> pa.Table:
        if not self._is_declared:
            self._check_names(item)
        is_records = isinstance(item, list) and item and _is_record(item[0])
        try:
            if not is_records:
                return conform(table_of(item, None, self._title), self._full_schema)
            return table_of(item, self._full_schema, self._title)
        except (InvalidJobError, pa.ArrowException) as error:
            unknown = [field.name for field in self._full_schema if pa.types.is_null(field.type)]
            if self._is_declared or not unknown:
                raise
            raise InvalidJobError(
                f"{error}; the generator's first item has only nulls in column {unknown[0]!r}, so "
                "its type is unknown: declare parameters['schema']"
            ) from error

    def _check_names(self, item: Any) -> None:
        if isinstance(item, list):
            names = {name for record in item if isinstance(record, Mapping) for name in record}
        else:
            names = set(getattr(getattr(item, "schema", None), "names", ()))
        new = sorted(names - set(self._full_schema.names))
        if new:
            raise InvalidJobError(
                f"{self._title}: the generator yields column {new[0]!r}, which its first item has "
                f"not; declare parameters['schema']. The columns are: "
                f"{', '.join(self._full_schema.names)}"
            )

    def _batches(self, table: pa.Table) -> Iterator[pa.RecordBatch]:
        yield from table.select(self._names).to_batches()


async def _next_of(items: AsyncIterator[Any]) -> Any:
    return await items.__anext__()


def _in_thread(function: Callable[[], Any]) -> Any:
    """Return what `function` returns, run where no event loop of the caller's is running."""
    with ThreadPoolExecutor(1, "sabot-peek") as pool:
        return pool.submit(function).result()


def _is_empty_list(item: Any) -> bool:
    return isinstance(item, list | tuple) and not item


def _is_record(item: Any) -> bool:
    """Return whether an item is one row: a dict of plain values."""
    return isinstance(item, Mapping) and not any(
        hasattr(value, "__arrow_c_array__") or hasattr(value, "__array__")
        for value in item.values()
    )
