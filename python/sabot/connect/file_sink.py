# SPDX-License-Identifier: Apache-2.0
"""A sink that writes one file, whole or not at all."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from sabot.connect.paths import ARROW_STREAM, PARQUET, file_format
from sabot.errors import InvalidJobError

if TYPE_CHECKING:
    from sabot.execution.node import StreamOperatorNode

__all__ = ["FileWriter"]

_ROWS_PER_WRITE = 131_072  # at least so many rows in a row group, but the last
_BYTES_PER_WRITE = 16 * 2**20  # rows that wait count against the job's memory


class FileWriter:
    """Writes a temporary file beside the target, which takes its name when the job has succeeded.

    A file that was there before is replaced then, at once.

    Raises
    ------
    InvalidJobError
        If the directory is missing or cannot be written to.
    """

    def __init__(self, node: StreamOperatorNode, schema: pa.Schema) -> None:
        path = node.parameters["path"]
        self.path = Path(os.fspath(path))
        self._check_target(node.title)
        self._format = file_format(self.path, node.parameters.get("format"), node.title)
        self._temporary = self.path.with_name(f".{self.path.name}.{uuid.uuid4().hex[:8]}.tmp")
        self._schema = schema
        self._waiting: list[pa.RecordBatch] = []
        self._row_count = 0
        self._byte_count = 0
        try:
            self._file: Any = pa.OSFile(str(self._temporary), "wb")
        except OSError as error:
            raise InvalidJobError(
                f"{node.title}: parameter 'path': {self.path} cannot be written: {error}"
            ) from error
        self._writer: Any = self._open_writer()

    def write(self, batch: pa.RecordBatch) -> None:
        """Keep small batches until they make a row group worth having."""
        self._waiting.append(batch)
        self._row_count += batch.num_rows
        self._byte_count += batch.nbytes
        if self._row_count >= _ROWS_PER_WRITE or self._byte_count >= _BYTES_PER_WRITE:
            self._flush()

    def finish(self) -> None:
        """Complete the file and wait until it is on the disk."""
        self._flush()
        self._writer.close()
        self._file.close()
        self._writer = self._file = None
        _sync(self._temporary)

    def publish(self) -> None:
        """Give the file its name."""
        os.replace(self._temporary, self.path)
        _sync(self.path.parent)

    def discard(self) -> None:
        """Remove the temporary file if it is there."""
        file, self._file, self._writer = self._file, None, None
        if file is not None and not file.closed:
            try:
                file.close()
            except OSError:
                pass  # a full disk refuses this, too
        self._temporary.unlink(missing_ok=True)

    def _check_target(self, title: str) -> None:
        if self.path.is_dir():
            raise InvalidJobError(
                f"{title}: parameter 'path': {self.path} is a directory; name a file in it"
            )
        if not self.path.parent.is_dir():
            raise InvalidJobError(
                f"{title}: parameter 'path': there is no directory {self.path.parent}; create it "
                "first"
            )

    def _open_writer(self) -> Any:
        if self._format == PARQUET:
            return pq.ParquetWriter(self._file, self._schema)
        if self._format == ARROW_STREAM:
            return pa.ipc.new_stream(self._file, self._schema)
        return pa.ipc.new_file(self._file, self._schema)

    def _flush(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting, self._schema)
            self._waiting, self._row_count, self._byte_count = [], 0, 0
            self._writer.write_table(table.combine_chunks())


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
