# SPDX-License-Identifier: Apache-2.0
"""One segment: an Arrow IPC stream file, the index beside it, and zero-copy reading of both.

A segment's rows start at the offset in its file name. Only batches in `index` exist; bytes behind
them may belong to an append under way, and are never mapped.
"""

import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow import ipc

from .errors import TopicCorruptError, TopicError
from .index import IndexRecord, SegmentIndex, UnknownRecordError, unpack_record
from .schema import TIMESTAMP, has_dictionaries
from .statistics import SegmentStatistics

DATA_SUFFIX = ".arrows"
INDEX_SUFFIX = ".index"
STATISTICS_SUFFIX = ".statistics"


class Segment:
    """The files ``<first_offset>.arrows`` and ``<first_offset>.index`` of one partition.

    ``<first_offset>.statistics`` may stand beside them.

    Parameters
    ----------
    directory
        The partition's directory.
    first_offset
        Offset of the first row.
    index
        The valid records; without it they are read when first needed, and must end at
        `end_offset`.
    end_offset
        Where the next segment starts; needed without `index`.
    """

    def __init__(
        self,
        directory: Path,
        first_offset: int,
        *,
        index: SegmentIndex | None = None,
        end_offset: int = 0,
    ) -> None:
        self.first_offset = first_offset
        self.data_path = directory / f"{first_offset:020d}{DATA_SUFFIX}"
        self.index_path = directory / f"{first_offset:020d}{INDEX_SUFFIX}"
        self.statistics_path = directory / f"{first_offset:020d}{STATISTICS_SUFFIX}"
        self._sealed_end = end_offset
        self._index = index
        self._schema: pa.Schema | None = None
        self._lock = threading.Lock()  # guards the two lazy fields above

    @property
    def end_offset(self) -> int:
        return self._sealed_end if self._index is None else self._index.end_offset

    @property
    def index(self) -> SegmentIndex:
        with self._lock:
            if self._index is None:
                self._index = self._load_index()
            return self._index

    @property
    def schema(self) -> pa.Schema:
        """The stored columns of every batch in this segment."""
        index = self.index
        with self._lock:
            if self._schema is None:
                with self.reading():
                    self._schema = ipc.read_schema(self._map(index[0].end_position))
            return self._schema

    @property
    def has_dictionaries(self) -> bool:
        return has_dictionaries(self.schema)

    def statistics(self) -> SegmentStatistics:
        """Return what is known of its batches; read anew each time."""
        return SegmentStatistics.load(self.statistics_path)

    def reader(self, first: int, last: int, columns: Sequence[str]) -> pa.RecordBatchReader:
        """Stream batch records `first` to `last`, in C++ alone: no call takes the GIL.

        Gives those `columns` that the segment has, in its order; without any, the timestamps.
        """
        included = self._included(columns)
        if first == 1:
            options = ipc.IpcReadOptions(included_fields=included)
            with self.reading():
                return ipc.open_stream(self._map(self.index[last].end_position), options=options)
        schema = pa.schema([self.schema.field(i) for i in included])
        return pa.Table.from_batches(self.batches(first, last, columns), schema).to_reader()

    def batches(self, first: int, last: int, columns: Sequence[str]) -> list[pa.RecordBatch]:
        """Return batch records `first` to `last`, mapped from the file.

        Gives the same columns as `reader`. Batches with dictionaries are copied.
        """
        included = self._included(columns)
        index = self.index
        with self.reading():
            mapped = self._map(index[last].end_position)
            return [self._batch(mapped, index[i]).select(included) for i in range(first, last + 1)]

    def sample(self, position: int, columns: Sequence[str], row_count: int) -> pa.RecordBatch:
        """Return the first rows of one record, in the `columns` that the segment has.

        Arrow has looked at all of it, so that it may compute with it.
        """
        record = self.index[position]
        with self.reading():
            batch = self._batch(self._map(record.end_position), record)
            wanted = [i for i, name in enumerate(self.schema.names) if name in columns]
            batch = batch.select(wanted).slice(0, row_count)
            batch.validate(full=True)
        return batch

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Say which file it is when Arrow cannot read what is inside."""
        try:
            yield
        except MemoryError:
            raise
        except (pa.ArrowException, OSError) as error:
            raise TopicCorruptError(
                f"{self.data_path}: is damaged: {error}; restore the file from a copy"
            ) from error

    def verify(self) -> None:
        """Compare every byte with its checksum; raise `TopicCorruptError` if one differs."""
        index = self.index
        with self.reading():
            mapped = memoryview(self._map(index.end_position))
        for i in range(len(index)):
            record = index[i]
            if _crc(mapped, record) != record.data_crc:
                raise TopicCorruptError(
                    f"{self.data_path}: bytes {record.position} to {record.end_position} (offsets "
                    f"{record.first_offset} to {record.end_offset - 1}) do not match their "
                    "checksum; restore the file from a copy"
                )

    def remove_files(self) -> None:
        """Remove what exists of the files."""
        for path in (self.data_path, self.index_path, self.statistics_path):
            path.unlink(missing_ok=True)

    def check_row_count(self, found: int, expected: int) -> None:
        """Raise `TopicCorruptError` unless as many rows were found as the index says."""
        if found != expected:
            raise TopicCorruptError(
                f"{self.data_path}: holds {found} rows where the index says {expected}; restore "
                "both files from a copy"
            )

    def _batch(self, mapped: pa.Buffer, record: IndexRecord) -> pa.RecordBatch:
        message = mapped.slice(record.position, record.length)
        if self.has_dictionaries:
            stream = pa.BufferOutputStream()
            stream.write(mapped.slice(0, self.index[0].length))
            stream.write(message)
            batch = ipc.open_stream(stream.getvalue()).read_next_batch()
        else:
            batch = ipc.read_record_batch(message, self.schema)
        self.check_row_count(batch.num_rows, record.row_count)
        return batch

    def _included(self, columns: Sequence[str]) -> list[int]:
        wanted = set(columns)
        included = [i for i, name in enumerate(self.schema.names) if name in wanted]
        return included or [self.schema.get_field_index(TIMESTAMP)]

    def _map(self, size: int) -> pa.Buffer:
        mapped = pa.memory_map(str(self.data_path)).read_buffer(size)
        if mapped.size < size:
            raise TopicCorruptError(
                f"{self.data_path}: {mapped.size} bytes where the index needs {size}; restore the "
                "file from a copy"
            )
        return mapped

    def _load_index(self) -> SegmentIndex:
        packed = self.index_path.read_bytes() if self.index_path.exists() else b""
        index, _ = read_index(self.first_offset, packed, self.index_path)
        if index.end_offset != self._sealed_end or index.size != len(packed):
            raise TopicCorruptError(
                f"{self.index_path}: whole records reach offset {index.end_offset} and byte "
                f"{index.size} of {len(packed)}, but the next segment starts at offset "
                f"{self._sealed_end}; restore the file from a copy"
            )
        return index


def read_index(
    first_offset: int, packed: bytes, path: Path, data: memoryview | None = None
) -> tuple[SegmentIndex, str]:
    """Return the records of `packed` up to the first bad one, and what is wrong with that one.

    With `data`, the bytes of the ``.arrows`` file, each batch is checked against its checksum too.
    """
    index = SegmentIndex(first_offset)
    while index.size < len(packed):
        try:
            record = unpack_record(packed, index.size)
        except UnknownRecordError as error:
            raise TopicError(
                f"{path}: {error} at byte {index.size} is not known to this version of Sabot; "
                "read it with the version that wrote it"
            ) from error
        if record is None:
            return index, "an index record is not whole"
        if not index.follows(record):
            return index, "an index record does not follow the one before it"
        if data is not None and record.end_position > len(data):
            return index, "a batch is not whole"
        if data is not None and _crc(data, record) != record.data_crc:
            return index, "a batch does not match its checksum"
        index.extend(record.pack())
    return index, "bytes follow the last batch"


def _crc(data: memoryview, record: IndexRecord) -> int:
    return zlib.crc32(data[record.position : record.end_position])
