# SPDX-License-Identifier: Apache-2.0
"""One file that is being written, under a name that readers pass over."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from sabot._core import text_from_rows
from sabot.connect.file_format import ARROW_STREAM, CSV, NDJSON, PARQUET, FileKind
from sabot.connect.file_system import Place
from sabot.connect.statistics import STATISTICS_KEY, measure
from sabot.connect.stored_types import stored_schema, stored_table
from sabot.errors import InvalidJobError, SabotError

__all__ = ["OutputFile", "OutputOptions", "check_types", "sync"]

_SAMPLE_ROWS = 4_096  # that decide about dictionaries
_SAMPLE_TEXTS = 65_536


@dataclass(frozen=True)
class OutputOptions:
    """How rows are written.

    Attributes
    ----------
    kind
        Format, and the compression of the whole file.
    codec
        Compression inside of Parquet and Arrow files; None for the format's default.
    row_group_rows
        Rows of a row group or batch; None: as they come, but not small.
    delimiter, quote, null_value, has_header
        Of CSV.
    """

    kind: FileKind
    codec: str | None = None
    row_group_rows: int | None = None
    delimiter: str = ","
    quote: str = '"'
    null_value: str = ""
    has_header: bool = True


class OutputFile:
    """A file in the making; one thread writes it.

    Parameters
    ----------
    place
        Its temporary name.
    schema
        The columns.
    options
        How rows are written.

    Attributes
    ----------
    row_count
        Rows taken, those that wait too.
    waiting_rows, waiting_bytes
        Rows not written yet.
    """

    def __init__(self, place: Place, schema: pa.Schema, options: OutputOptions) -> None:
        self.place = place
        self.row_count = 0
        self.waiting_rows = 0
        self.waiting_bytes = 0
        self.byte_count = 0
        self._schema = schema
        self._stored_schema = stored_schema(schema, options.kind.format)
        self._options = options
        self._waiting: list[pa.RecordBatch] = []
        self._file: Any = place.filesystem.open_output_stream(
            place.path, compression=options.kind.compression
        )
        self._writer: Any = None if options.kind.format == PARQUET else self._open_writer()

    def put(self, batch: pa.RecordBatch) -> None:
        """Take rows; they wait for `flush`."""
        self._waiting.append(batch)
        self.row_count += batch.num_rows
        self.waiting_rows += batch.num_rows
        self.waiting_bytes += batch.nbytes

    def flush(self, *, is_last: bool = False) -> None:
        """Write what waits; with a row group size whole groups only, until the last call."""
        size = self._options.row_group_rows
        count = self.waiting_rows
        if size is not None and not is_last:
            count -= count % size
        if count == 0:
            return
        table = pa.Table.from_batches(self._waiting, self._schema)
        rest = table.slice(count)
        self._waiting = rest.to_batches()
        self.waiting_rows = rest.num_rows
        self.waiting_bytes = rest.nbytes
        self._write(table.slice(0, count))

    def size_estimate(self) -> int:
        """Return the bytes written so far, as far as they have left the writer."""
        return int(self._file.tell())

    def finish(self) -> None:
        """Complete the file and wait until it is on the disk."""
        self.flush(is_last=True)
        if self._writer is None and self._options.kind.format == PARQUET:
            self._writer = self._open_parquet(self._stored_schema.empty_table())
        if self._writer is not None:
            self._writer.close()
        self._file.close()
        self._writer = self._file = None
        if self.place.is_local:
            self.byte_count = os.path.getsize(self.place.path)
            sync(self.place.path)
        else:
            self.byte_count = self.place.filesystem.get_file_info(self.place.path).size

    def discard(self) -> None:
        """Remove the file if it is there."""
        file, self._file, self._writer = self._file, None, None
        self._waiting = []
        if file is not None:
            try:
                file.close()  # ends an upload, which then can be removed
            except (OSError, pa.ArrowException):
                pass  # a full disk refuses this, too
        try:
            self.place.filesystem.delete_file(self.place.path)
        except FileNotFoundError:
            pass

    def _open_parquet(self, first: pa.Table) -> pq.ParquetWriter:
        """Return a writer that makes dictionaries for the columns that repeat in these rows."""
        return pq.ParquetWriter(
            self._file,
            self._stored_schema,
            compression=self._options.codec or "snappy",
            use_dictionary=[
                name
                for name, column in zip(first.column_names, first.columns, strict=True)
                if _repeats(column)
            ],
        )

    def _open_writer(self) -> Any:
        options, form = self._options, self._options.kind.format
        if form == CSV:
            if options.has_header:
                names = pa.record_batch([[name] for name in self._schema.names], self._schema.names)
                self._file.write(text_from_rows(names, self._text_options()))
            return None
        if form == NDJSON:
            return None
        ipc = pa.ipc.IpcWriteOptions(compression=options.codec)
        if form == ARROW_STREAM:
            return pa.ipc.new_stream(self._file, self._schema, options=ipc)
        return pa.ipc.new_file(self._file, self._schema, options=ipc)

    def _write(self, table: pa.Table) -> None:
        form = self._options.kind.format
        if form == PARQUET:
            table = stored_table(table, self._stored_schema)
            if self._writer is None:
                self._writer = self._open_parquet(table)
            self._writer.write_table(table, row_group_size=self._options.row_group_rows)
        elif self._writer is None:
            for batch in table.to_batches():
                self._file.write(text_from_rows(batch, self._text_options()))
        elif form == ARROW_STREAM:
            self._writer.write_table(table, max_chunksize=self._options.row_group_rows)
        else:
            for batch in table.to_batches(self._options.row_group_rows):
                found = measure(batch)
                metadata = None if found is None else {STATISTICS_KEY: found.pack()}
                self._writer.write_batch(batch, custom_metadata=metadata)

    def _text_options(self) -> dict[str, Any]:
        options = self._options
        return {
            "format": options.kind.format,
            "delimiter": options.delimiter,
            "quote": options.quote,
            "null_values": [options.null_value],
        }


def check_types(schema: pa.Schema, options: OutputOptions, title: str) -> None:
    """Refuse columns whose type the format has no form for.

    Raises
    ------
    InvalidJobError
        If there is one.
    """
    if options.kind.format not in (PARQUET, CSV, NDJSON):
        return
    for field in schema:
        empty = pa.schema([field]).empty_table()
        try:
            if options.kind.format == PARQUET:
                stored = stored_schema(empty.schema, PARQUET)
                pq.write_table(stored_table(empty, stored), pa.BufferOutputStream())
            else:
                rows = pa.RecordBatch.from_arrays([pa.nulls(0, field.type)], [field.name])
                text_from_rows(rows, {"format": options.kind.format})
        except (pa.ArrowException, SabotError) as error:
            raise InvalidJobError(
                f"{title}: parameter 'format': column {field.name!r} is {field.type}, which has no "
                f"form in {options.kind.format}; write another format, cast it in a MAP, or leave "
                "it out with a SELECT"
            ) from error


def _repeats(column: pa.ChunkedArray) -> bool:
    """Return whether a dictionary pays: half or more of the values are repeated.

    A text that is seen again is long, so more rows are looked at before it is said not to be.
    """
    kind = column.type
    if pt.is_string(kind) or pt.is_large_string(kind):
        return _has_repeats(column, _SAMPLE_ROWS) or _has_repeats(column, _SAMPLE_TEXTS)
    if not (pt.is_integer(kind) or pt.is_floating(kind) or pt.is_temporal(kind)):
        return not pt.is_boolean(kind)
    if pt.is_float16(kind) or pt.is_interval(kind):
        return False
    return _has_repeats(column, _SAMPLE_ROWS)


def _has_repeats(column: pa.ChunkedArray, count: int) -> bool:
    sample = column.slice(0, count)
    return bool(2 * pc.count_distinct(sample).as_py() <= len(sample))


def sync(path: str) -> None:
    """Wait until a file or folder of this machine is on the disk."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
