# SPDX-License-Identifier: Apache-2.0
"""Rows in memory: tables, streams of other libraries, generators."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sabot.connect.feeder import Feeder
from sabot.connect.file_schema import check_names
from sabot.connect.read_once import check_unread, mark_read
from sabot.connect.row_iterator import RowIterator
from sabot.connect.rows import (
    is_async,
    is_function,
    is_one_shot,
    project,
    schema_of,
    table_of,
)
from sabot.connect.sampling import table_statistics
from sabot.connect.source_filters import read_columns
from sabot.connect.source_statistics import ColumnSummary, SourceStatistics
from sabot.errors import InvalidJobError, JobFailedError

if TYPE_CHECKING:
    from sabot._core import Job
    from sabot.connect.data_file import ReadCounts
    from sabot.connect.source import Source, SourceSettings
    from sabot.execution.node import StreamOperatorNode
    from sabot.expressions import Expr

__all__ = ["IteratorSource", "RelationSource", "StreamSource", "TableSource", "open_memory"]


class _MemorySource:
    """What these sources share: they end, write nothing, and what they read is not theirs."""

    is_endless = False
    is_reusable = True
    counts: ReadCounts | None = None
    row_count: int | None = None
    schema: pa.Schema

    def narrow(self, columns: Collection[str] | None, predicate: Expr | None = None) -> bool:
        """Leave the other columns out."""
        if columns is None:
            return False
        self.schema = pa.schema([self.schema.field(name) for name in columns])
        return True

    def statistics(self, columns: Sequence[str]) -> SourceStatistics | None:
        """Return None: what nobody has counted is not known before it is read."""
        return None

    def finish(self) -> None:
        """Do nothing: it has written nothing."""

    def close(self) -> None:
        """Do nothing: what is read is the user's, the engine's or the feeding thread's."""


class TableSource(_MemorySource):
    """A table, read where it is."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._known: dict[str, ColumnSummary] = {}
        self.schema = table.schema
        self.row_count = table.num_rows

    def narrow(self, columns: Collection[str] | None, predicate: Expr | None = None) -> bool:
        """Leave the other columns out; nothing is copied."""
        if columns is None:
            return False
        self._table = self._table.select(list(columns))
        self.schema = self._table.schema
        return True

    def statistics(self, columns: Sequence[str]) -> SourceStatistics:
        """Return what the table tells; asked again, the same."""
        missing = [name for name in columns if name not in self._known]
        self._known |= table_statistics(self._table, missing).columns
        return SourceStatistics(
            self._table.num_rows,
            {name: self._known[name] for name in columns if name in self._known},
        )

    def bind(self, job: Job, operator_id: str) -> Sequence[Feeder]:
        """Add the table as one split, so that its order is kept."""
        job.add_stream(operator_id, self._table.to_reader())
        return ()

    def describe(self) -> str:
        """Return what is read, for errors."""
        return "rows in memory"


class StreamSource(_MemorySource):
    """A stream of another library, pulled by the engine; read once."""

    def __init__(
        self, data: Any, schema: pa.Schema | None, columns: Collection[str] | None, title: str
    ) -> None:
        self._data = data
        self._reader = reader = _reader_of(data, schema, title)
        names = project(reader.schema, columns, title)
        self.schema = pa.schema([reader.schema.field(name) for name in names])

    def bind(self, job: Job, operator_id: str) -> Sequence[Feeder]:
        """Add the stream as one split; the engine takes the columns by name."""
        if is_one_shot(self._data):
            mark_read(self._data)
        job.add_stream(operator_id, self._reader)
        return ()

    def describe(self) -> str:
        """Return what is read, for errors."""
        return "a stream of rows"


class RelationSource(_MemorySource):
    """A DuckDB relation; it is executed when the job starts, with the columns that are needed.

    Its rows are held in memory: a connection has one open result at a time, so that one that is
    read as it goes would shut out every other relation of the connection, and the user's queries.
    """

    def __init__(
        self, relation: Any, schema: pa.Schema | None, columns: Collection[str] | None, title: str
    ) -> None:
        self._relation = relation
        self._declared = schema
        self._title = title
        try:
            empty = relation.limit(0).to_arrow_table()
        except Exception as error:
            raise InvalidJobError(
                f"{title}: parameter 'data': DuckDB: {type(error).__name__}: {error}"
            ) from error
        found = table_of(empty, schema, title).schema
        check_names(found, "parameter 'data'", title)
        names = project(found, columns, title)
        self.schema = pa.schema([found.field(name) for name in names])

    def bind(self, job: Job, operator_id: str) -> Sequence[Feeder]:
        """Execute the relation and add its rows as one split.

        Raises
        ------
        JobFailedError
            If DuckDB cannot.
        """
        relation = self._relation
        if self._declared is None and len(self.schema):
            names = (name.replace('"', '""') for name in self.schema.names)
            relation = relation.project(", ".join(f'"{name}"' for name in names))
        try:
            table = relation.to_arrow_table()
        except Exception as error:
            raise JobFailedError(
                f"{self._title}: parameter 'data': DuckDB: {type(error).__name__}: {error}"
            ) from error
        table = table_of(table, self._declared, self._title).select(self.schema.names)
        job.add_stream(operator_id, table.to_reader())
        return ()

    def describe(self) -> str:
        """Return what is read, for errors."""
        return "a DuckDB relation"


class IteratorSource(_MemorySource):
    """A generator or another Python iterable, fed by a thread."""

    def __init__(self, rows: RowIterator, *, is_endless: bool) -> None:
        self._rows = rows
        self.schema = rows.schema
        self.is_endless = is_endless

    def narrow(self, columns: Collection[str] | None, predicate: Expr | None = None) -> bool:
        """Do nothing: the generator makes all columns anyway."""
        return False

    def bind(self, job: Job, operator_id: str) -> Sequence[Feeder]:
        """Return the thread that runs the generator."""
        return [Feeder(job, operator_id, self._rows, self._rows.interrupt)]

    def describe(self) -> str:
        """Return what is read, for errors."""
        return "a generator"


def open_memory(node: StreamOperatorNode, settings: SourceSettings) -> Source:
    """Return the source of a node with ``data`` (or ``table``).

    Raises
    ------
    InvalidJobError
        If the rows are of an unknown kind or do not fit the declared schema.
    """
    parameters, title = node.parameters, node.title
    data = parameters.get("data", parameters.get("table"))
    columns, schema = read_columns(node), parameters.get("schema")
    if isinstance(data, dict) and data == {"kind": "bound"}:
        raise InvalidJobError(
            f"{title}: parameter 'data': the rows stayed in the process that made the graph; set "
            "node.parameters['data'] again, or use a file or a topic"
        )
    if is_one_shot(data):
        check_unread(data, title)
    if type(data).__name__ == "DuckDBPyRelation":
        return RelationSource(data, schema, columns, title)
    if isinstance(data, pa.RecordBatchReader) or _is_foreign_stream(data):
        return _checked(StreamSource(data, schema, columns, title), title)
    if is_function(data) or is_one_shot(data) or is_async(data):
        declared = None if schema is None else schema_of(schema, title)
        rows = RowIterator(data, declared, columns, title, joins_records=not settings.is_streaming)
        return _checked(IteratorSource(rows, is_endless=parameters.get("bounded") is False), title)
    table = table_of(data, schema, title)
    check_names(table.schema, "parameter 'data'", title)
    return TableSource(table.select(project(table.schema, columns, title)))


def _checked(source: IteratorSource | StreamSource, title: str) -> Source:
    check_names(source.schema, "parameter 'data'", title)
    return source


def _is_foreign_stream(data: Any) -> bool:
    return hasattr(data, "__arrow_c_stream__") and not isinstance(data, pa.Table)


def _reader_of(data: Any, schema: Any, title: str) -> pa.RecordBatchReader:
    try:
        reader = pa.RecordBatchReader.from_stream(data)
        if schema is not None:
            reader = reader.cast(schema_of(schema, title))
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InvalidJobError(f"{title}: parameter 'data': {error}") from error
    except Exception as error:  # the library's own
        raise InvalidJobError(
            f"{title}: parameter 'data': {type(data).__name__}: {type(error).__name__}: {error}"
        ) from error
    return reader
