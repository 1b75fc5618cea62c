# SPDX-License-Identifier: Apache-2.0
"""Arrow IPC files and streams; plain local ones are mapped into memory and read without a copy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as ds

from sabot.connect.sampling import table_statistics
from sabot.connect.scan import scan_fragment, scan_table
from sabot.connect.source_statistics import SourceStatistics
from sabot.connect.statistics import STATISTICS_KEY, BatchStatistics, Pruning

if TYPE_CHECKING:
    from sabot._core import Job
    from sabot.connect.data_file import ReadRequest
    from sabot.connect.file_system import Place
    from sabot.connect.paths import FoundFile

__all__ = ["IpcFile", "IpcStream"]

_BATCHES_LOOKED = 4  # for statistics


class IpcFile:
    """An Arrow file; its splits are runs of batches. See `sabot.connect.data_file.DataFile`.

    A file with compressed buffers is one split, decoded by the engine's thread as it goes: opening
    its batches here would decode them all at once. So is one in an object store.
    """

    def __init__(self, found: FoundFile, compression: str | None) -> None:
        self._place = found.place
        self._is_whole = compression is not None
        self._source = _open_random(found.place, compression)
        self._reader = pa.ipc.open_file(self._source)
        self.schema: pa.Schema = self._reader.schema
        self._is_mapped = self._is_whole or (
            found.place.is_local and (self._reader.num_record_batches == 0 or self._shares_memory())
        )
        self.row_count: int | None = None
        self.size = found.size

    def bind(self, job: Job, operator_id: str, request: ReadRequest) -> None:
        """Add runs of batches, or the file as one split."""
        if not self._is_mapped:
            fragment = ds.IpcFileFormat().make_fragment(self._place.path, self._place.filesystem)
            job.add_stream(operator_id, scan_fragment(fragment, request))
            return
        batches = self._batches(request)
        run = max(1, -(-len(batches) // max(1, request.split_count)))
        for first in range(0, len(batches), run):
            table = pa.Table.from_batches(batches[first : first + run], self.schema)
            job.add_stream(operator_id, scan_table(table, request))

    def statistics(self, names: Sequence[str], piece_count: int) -> SourceStatistics:
        """Return what a few batches tell, if they are mapped: nothing is decoded for it."""
        count = self._reader.num_record_batches
        if not self._is_mapped:
            return SourceStatistics()
        pieces = min(piece_count, _BATCHES_LOOKED)
        looked = sorted({index * count // pieces for index in range(pieces)})
        batches = [self._reader.get_batch(index) for index in looked] if count else []
        if any(batch.num_rows < 0 for batch in batches):
            return SourceStatistics()  # the engine says what is wrong with it
        rows = round(sum(batch.num_rows for batch in batches) * count / max(1, len(batches)))
        table = pa.Table.from_batches(batches, self.schema).select(list(names))
        if not _is_sound(table):
            return SourceStatistics()
        return table_statistics(table, names, rows)

    def _batches(self, request: ReadRequest) -> list[pa.RecordBatch]:
        """Return the batches whose statistics do not exclude the predicates."""
        known = [one for one in request.schema if one.name not in request.constants]
        pruning = Pruning(request.predicates, pa.schema(known))  # those of the file
        kept = []
        for index in range(self._reader.num_record_batches):
            batch, metadata = self._reader.get_batch_with_custom_metadata(index)
            found = (metadata or {}).get(STATISTICS_KEY) if pruning.is_useful else None
            if pruning.judge(BatchStatistics.unpack(found), self.schema, batch.num_rows):
                kept.append(batch)
        request.counts.batches += len(kept)
        request.counts.batches_skipped += self._reader.num_record_batches - len(kept)
        return kept

    def _shares_memory(self) -> bool:
        """Return whether the buffers of the first batch lie in the mapped file."""
        self._source.seek(0)
        content = self._source.read_buffer()
        begin, end = content.address, content.address + content.size
        return all(
            buffer is None or buffer.size == 0 or begin <= buffer.address < end
            for column in self._reader.get_batch(0).columns
            for buffer in column.buffers()
        )


class IpcStream:
    """An Arrow stream in a file, which is one split."""

    row_count: int | None = None

    def __init__(self, found: FoundFile, compression: str | None) -> None:
        self._place = found.place
        self._compression = compression
        with self._open() as reader:
            self.schema: pa.Schema = reader.schema
        self.size = found.size

    def bind(self, job: Job, operator_id: str, request: ReadRequest) -> None:
        """Add the whole stream; the engine takes the columns it needs by name.

        One whose columns must be changed is read into memory first.
        """
        is_plain = not request.constants and all(
            field.name in self.schema.names
            and self.schema.field(field.name).type.equals(field.type)
            for field in request.schema
        )
        if is_plain:
            job.add_stream(operator_id, self._open())
            return
        job.add_stream(operator_id, scan_table(self._open().read_all(), request))

    def statistics(self, names: Sequence[str], piece_count: int) -> SourceStatistics:
        """Return about how many rows there are, by the size of the first batch."""
        if self._compression is not None or not self._place.is_local:
            return SourceStatistics()
        with self._open() as reader:
            first = next(iter(reader), None)
        if first is None:
            return SourceStatistics(0)
        rows = round(self.size * first.num_rows / max(1, first.get_total_buffer_size()))
        return SourceStatistics(max(rows, first.num_rows))

    def _open(self) -> pa.RecordBatchReader:
        place = self._place
        if place.is_local and self._compression is None:
            return pa.ipc.open_stream(pa.memory_map(place.path))
        return pa.ipc.open_stream(
            place.filesystem.open_input_stream(place.path, compression=self._compression)
        )


def _is_sound(table: pa.Table) -> bool:
    """Return whether pyarrow may compute with the rows: it believes lengths and offsets."""
    try:
        table.validate(full=True)
    except pa.ArrowException:
        return False
    return True


def _open_random(place: Place, compression: str | None) -> Any:
    if compression is not None:
        with place.filesystem.open_input_stream(place.path, compression=compression) as stream:
            return pa.BufferReader(stream.read())
    if place.is_local:
        return pa.memory_map(place.path)
    return place.filesystem.open_input_file(place.path)
