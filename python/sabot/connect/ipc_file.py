# SPDX-License-Identifier: Apache-2.0
"""Arrow IPC files and streams, mapped into memory: plain ones are read without a copy."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow.fs import LocalFileSystem

__all__ = ["IpcFile", "IpcStream"]


class IpcFile:
    """An Arrow file; its pieces are batches. See `sabot.connect.file_source.DataFile`.

    A compressed file is one piece, decoded by the engine's thread as it goes: opening its batches
    here would decode them all at once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._map = pa.memory_map(str(path))
        self._reader = pa.ipc.open_file(self._map)
        self.schema: pa.Schema = self._reader.schema
        self._is_mapped = self._reader.num_record_batches == 0 or self._shares_memory()
        self.piece_count: int = self._reader.num_record_batches if self._is_mapped else 1
        self.row_count: int | None = None

    def open(self, first: int, count: int, columns: list[str]) -> pa.RecordBatchReader:
        """Return a run of batches."""
        if self._is_mapped:
            batches = [self._reader.get_batch(i) for i in range(first, first + count)]
            return pa.Table.from_batches(batches, self.schema).select(columns).to_reader()
        return ds.Scanner.from_fragment(
            ds.IpcFileFormat().make_fragment(str(self.path), LocalFileSystem()),
            schema=self.schema,
            columns=columns,
            use_threads=False,
            batch_readahead=0,
            fragment_readahead=0,
        ).to_reader()

    def _shares_memory(self) -> bool:
        """Return whether the buffers of the first batch lie in the mapped file."""
        self._map.seek(0)
        content = self._map.read_buffer()
        begin, end = content.address, content.address + content.size
        return all(
            buffer is None or buffer.size == 0 or begin <= buffer.address < end
            for column in self._reader.get_batch(0).columns
            for buffer in column.buffers()
        )


class IpcStream:
    """An Arrow stream in a file, which is one piece."""

    piece_count = 1
    row_count: int | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        with pa.ipc.open_stream(pa.memory_map(str(path))) as reader:
            self.schema: pa.Schema = reader.schema

    def open(self, first: int, count: int, columns: list[str]) -> pa.RecordBatchReader:
        """Return the whole stream; the engine takes the columns it needs by name."""
        return pa.ipc.open_stream(pa.memory_map(str(self.path)))
