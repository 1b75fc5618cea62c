# SPDX-License-Identifier: Apache-2.0
"""A Parquet file: its metadata, and readers of row groups for the engine's threads."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow.fs import LocalFileSystem

__all__ = ["ParquetFile"]

_FORMAT = ds.ParquetFileFormat(
    # One thread per row group, so nothing is read ahead: a stalled job holds little memory.
    default_fragment_scan_options=ds.ParquetFragmentScanOptions(
        pre_buffer=False, use_buffered_stream=False
    )
)
_BATCH_ROWS = 65_536


class ParquetFile:
    """One file; its pieces are row groups. See `sabot.connect.file_source.DataFile`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fragment = _FORMAT.make_fragment(str(path), LocalFileSystem())
        self._fragment.ensure_complete_metadata()
        self.schema: pa.Schema = self._fragment.physical_schema
        self.piece_count: int = self._fragment.num_row_groups
        self.row_count: int | None = self._fragment.metadata.num_rows

    def open(self, first: int, count: int, columns: list[str]) -> pa.RecordBatchReader:
        """Return a run of row groups; the thread that pulls it decodes."""
        fragment = self._fragment.subset(row_group_ids=range(first, first + count))
        scanner = ds.Scanner.from_fragment(
            fragment,
            schema=self.schema,
            columns=columns,
            use_threads=False,
            batch_size=_BATCH_ROWS,
            batch_readahead=0,
            fragment_readahead=0,
        )
        return scanner.to_reader()
