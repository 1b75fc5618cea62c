# SPDX-License-Identifier: Apache-2.0
"""Writing: the open files of a partition's last segment, and one append that can be undone."""

import logging
import os
import zlib
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from sabot.connect.statistics import BatchStatistics, measure

from .durable import flush_directory, flush_file, write_at
from .index import FLAG_PRIOR_DURABLE, KIND_BATCH, KIND_SCHEMA, IndexRecord, SegmentIndex
from .schema import TIMESTAMP, has_dictionaries
from .segment import Segment
from .statistics import StatisticsWriter

_log = logging.getLogger(__name__)


class SegmentWriter:
    """The two open files of the segment that takes appends, and where their next bytes go."""

    def __init__(self, segment: Segment, schema: pa.Schema, *, create: bool) -> None:
        self.segment = segment
        self.schema = schema
        self.next_offset = segment.end_offset
        self.data_size = segment.index.end_position
        self.index_size = segment.index.size
        self._header = schema.serialize()
        self._staged = bytearray()  # records in the file that no reader sees yet
        self._statistics = StatisticsWriter(segment.statistics_path, create=create)
        flags = os.O_RDWR | (os.O_CREAT | os.O_TRUNC if create else 0)
        self._index_fd = os.open(segment.index_path, flags, 0o644)
        try:
            self._data_fd = os.open(segment.data_path, flags, 0o644)
        except OSError:
            os.close(self._index_fd)
            raise

    def start(self) -> None:
        """Begin a new segment: both names are on disk before any byte is."""
        flush_directory(self.segment.data_path.parent)
        self._put(KIND_SCHEMA, 0, 0, (0, 0), self._header)

    @property
    def is_empty(self) -> bool:
        return self.next_offset == self.segment.first_offset

    def encode(self, batch: pa.RecordBatch) -> pa.Buffer:
        """Return the stream's bytes for `batch`, its dictionaries included."""
        if not has_dictionaries(self.schema):
            return batch.serialize()
        # A stream of its own repeats the dictionaries, so every batch can be read by itself.
        stream = pa.BufferOutputStream()
        writer = ipc.new_stream(stream, self.schema)
        writer.write_batch(batch)
        return stream.getvalue().slice(self._header.size)

    def put(
        self,
        data: pa.Buffer,
        row_count: int,
        times: tuple[int, int],
        flags: int,
        statistics: BatchStatistics | None,
    ) -> None:
        """Write an encoded batch and its record behind the last ones."""
        record = self._put(KIND_BATCH, flags, row_count, times, data)
        if statistics is not None:
            self._statistics.put(record, statistics)

    def flush(self) -> None:
        flush_file(self._data_fd)
        flush_file(self._index_fd)

    def publish(self) -> None:
        """Show what was put to readers."""
        self.segment.index.extend(self._staged)
        self._staged = bytearray()
        self._statistics.publish()

    def rewind(self) -> None:
        """Take back what was put since the last `publish`."""
        index = self.segment.index
        self.next_offset, self._staged = index.end_offset, bytearray()
        self.data_size, self.index_size = index.end_position, index.size
        os.ftruncate(self._index_fd, self.index_size)
        os.ftruncate(self._data_fd, self.data_size)
        self._statistics.rewind()

    def close(self) -> None:
        self._statistics.close()
        os.close(self._data_fd)
        os.close(self._index_fd)

    def _put(
        self, kind: int, flags: int, row_count: int, times: tuple[int, int], data: pa.Buffer
    ) -> IndexRecord:
        view = memoryview(data)
        record = IndexRecord(
            kind,
            flags,
            self.next_offset,
            row_count,
            self.data_size,
            len(view),
            *times,
            zlib.crc32(view),
        )
        packed = record.pack()
        write_at(self._data_fd, view, self.data_size)
        write_at(self._index_fd, memoryview(packed), self.index_size)
        self._staged += packed
        self.next_offset += row_count
        self.data_size += len(view)
        self.index_size += len(packed)
        return record


class WriteOptions(NamedTuple):
    """What an append needs to know: flush before it returns, and the size that ends a segment."""

    durable: bool
    segment_bytes: int


class PartitionAppend:
    """The batches of one append to one partition: written, then published or undone as a whole.

    Parameters
    ----------
    directory
        The partition's directory.
    writer
        The open writer of the last segment, or None.
    next_offset
        Offset of the next row, for a first segment.
    options
        See `WriteOptions`.
    """

    def __init__(
        self, directory: Path, writer: SegmentWriter | None, next_offset: int, options: WriteOptions
    ) -> None:
        self._directory = directory
        self._options = options
        self._resumed = writer
        self._created: list[SegmentWriter] = []
        self._new_segments: list[Segment] = []  # those of _created, and one that failed to start
        self._first_offset = next_offset
        self._next_offset = next_offset
        # The first batch behind flushed ones says so; recovery tells damage from a tear by it.
        self._flags = FLAG_PRIOR_DURABLE if options.durable else 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Put `batch` behind the last one, in a new segment where the old one is full or narrow."""
        writer = self._writer_for(batch.schema)
        data = writer.encode(batch)
        if not writer.is_empty and writer.data_size + data.size > self._options.segment_bytes:
            writer = self._roll(batch.schema)
        writer.put(data, batch.num_rows, _time_range(batch), self._flags, measure(batch))
        self._flags = 0
        self._next_offset = writer.next_offset

    def flush(self) -> None:
        """Wait until every byte of the append is on the disk, if the options say so."""
        if self._options.durable and self._current is not None:
            self._current.flush()

    def publish(self) -> tuple[SegmentWriter | None, list[Segment]]:
        """Show the batches; return the writer for the next append and the segments created."""
        writers = [*([self._resumed] if self._resumed else []), *self._created]
        for writer in writers:
            writer.publish()
        for writer in writers[:-1]:
            writer.close()
        return self._current, self._new_segments

    def undo(self) -> bool:
        """Remove every byte of the append; False if the disk refuses even that."""
        for writer in self._created:
            writer.close()
        try:
            for segment in self._new_segments:
                segment.remove_files()
            if self._new_segments:
                flush_directory(self._directory)  # a name that came back would hide later rows
            if self._resumed is not None:
                self._resumed.rewind()
        except OSError as error:
            _log.error("%s: cannot cut an undone append: %s", self._directory, error)
            return False
        return True

    @property
    def offsets(self) -> tuple[int, int]:
        """Offsets of the first and the last row written."""
        return self._first_offset, self._next_offset - 1

    @property
    def _current(self) -> SegmentWriter | None:
        return self._created[-1] if self._created else self._resumed

    def _writer_for(self, schema: pa.Schema) -> SegmentWriter:
        writer = self._current
        if writer is None or not writer.schema.equals(schema):
            return self._roll(schema)
        return writer

    def _roll(self, schema: pa.Schema) -> SegmentWriter:
        if self._current is not None:
            self._current.flush()  # only a last segment may ever be torn
        start = self._next_offset
        segment = Segment(self._directory, start, index=SegmentIndex(start))
        self._new_segments.append(segment)
        writer = SegmentWriter(segment, schema, create=True)
        self._created.append(writer)
        writer.start()
        self._flags = 0
        return writer


def _time_range(batch: pa.RecordBatch) -> tuple[int, int]:
    times = pc.min_max(batch.column(TIMESTAMP).cast(pa.int64()))
    return times["min"].as_py(), times["max"].as_py()
