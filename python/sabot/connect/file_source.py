# SPDX-License-Identifier: Apache-2.0
"""Files as a source: read by the engine's threads, in pieces, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from sabot.connect.ipc_file import IpcFile, IpcStream
from sabot.connect.parquet_file import ParquetFile
from sabot.connect.paths import ARROW_STREAM, PARQUET, file_format, find_files
from sabot.connect.rows import project, schema_of
from sabot.errors import InvalidJobError

if TYPE_CHECKING:
    from sabot._core import Job
    from sabot.connect.feeder import Feeder
    from sabot.connect.source import Source, SourceSettings
    from sabot.execution.node import StreamOperatorNode

__all__ = ["DataFile", "FileSource", "open_files"]

_SPLITS_PER_WORKER = 8  # enough to even out pieces of different size


class DataFile(Protocol):
    """One file whose metadata has been read.

    Attributes
    ----------
    path
        Where it is.
    schema
        Its columns.
    piece_count
        Pieces that can be read side by side: row groups, batches.
    row_count
        Rows, or None where the metadata does not tell.
    """

    path: Path
    schema: pa.Schema
    piece_count: int
    row_count: int | None

    def open(self, first: int, count: int, columns: list[str]) -> pa.RecordBatchReader:
        """Return pieces `first` to ``first + count - 1``, without the GIL when pulled."""
        ...


class FileSource:
    """Files of one schema."""

    is_endless = False
    is_reusable = False  # a file may change until the job runs

    def __init__(self, files: Sequence[DataFile], schema: pa.Schema, split_count_max: int) -> None:
        self._files = files
        self._split_count_max = split_count_max
        self.schema = schema
        counts = [file.row_count for file in files]
        self.row_count = None if None in counts else sum(count or 0 for count in counts)

    def narrow(self, columns: Sequence[str]) -> bool:
        """Read only these columns of the files."""
        self.schema = pa.schema([self.schema.field(name) for name in columns])
        return True

    def bind(self, job: Job, operator_id: str) -> Sequence[Feeder]:
        """Add one split per run of pieces; a file has at least one."""
        piece_count = sum(file.piece_count for file in self._files)
        run = max(1, -(-piece_count // self._split_count_max))
        for file in self._files:
            columns = [name for name in self.schema.names if name in file.schema.names]
            for first in range(0, file.piece_count, run):
                count = min(run, file.piece_count - first)
                job.add_stream(operator_id, file.open(first, count, columns))
        return ()

    def describe(self) -> str:
        """Return the path, or how many there are."""
        if len(self._files) == 1:
            return str(self._files[0].path)
        return f"{len(self._files)} files, the first is {self._files[0].path}"

    def close(self) -> None:
        """Do nothing: the engine has released its readers."""


def open_files(node: StreamOperatorNode, settings: SourceSettings) -> Source:
    """Return the source of a node with ``path``: every file is opened and its columns are known.

    Raises
    ------
    InvalidJobError
        If a file is missing, empty, cut off or of another schema.
    """
    title, parameters = node.title, node.parameters
    if parameters.get("bounded") is False:
        raise InvalidJobError(
            f"{title}: parameter 'bounded': files end; leave it out, or use a topic"
        )
    paths = find_files(parameters["path"], title)
    files = [_open_file(path, parameters.get("format"), title) for path in paths]
    schema = _unified_schema(files, title)
    if parameters.get("schema") is not None:
        declared = schema_of(parameters["schema"], title)
        schema = pa.schema([schema.field(name) for name in project(schema, declared.names, title)])
        _check_declared(schema, declared, title)
    names = project(schema, parameters.get("columns"), title)
    return FileSource(
        files,
        pa.schema([schema.field(name) for name in names]),
        settings.worker_count * _SPLITS_PER_WORKER,
    )


def _open_file(path: Path, declared_format: str | None, title: str) -> DataFile:
    kind = file_format(path, declared_format, title)
    try:
        if path.stat().st_size == 0:
            raise InvalidJobError(
                f"{title}: parameter 'path': {path} is empty (0 bytes): no {kind}; write it again, "
                "or leave it out"
            )
        if kind == PARQUET:
            return ParquetFile(path)
        return IpcStream(path) if kind == ARROW_STREAM else IpcFile(path)
    except (pa.ArrowException, OSError) as error:
        raise InvalidJobError(
            f"{title}: parameter 'path': {path} cannot be read as {kind}: {error}; the file is "
            "damaged or cut off, or of another format"
        ) from error


def _unified_schema(files: Sequence[DataFile], title: str) -> pa.Schema:
    schema = files[0].schema.remove_metadata()
    for file in files[1:]:
        other = file.schema.remove_metadata()
        if other.equals(schema):
            continue
        try:
            schema = pa.unify_schemas([schema, other])
        except pa.ArrowException as error:
            raise InvalidJobError(
                f"{title}: parameter 'path': the columns of {file.path} do not fit those of "
                f"{files[0].path}: {error}"
            ) from error
    return schema


def _check_declared(found: pa.Schema, declared: pa.Schema, title: str) -> None:
    for field in declared:
        kind = found.field(field.name).type
        if not kind.equals(field.type):
            raise InvalidJobError(
                f"{title}: parameter 'schema': column {field.name!r} is {kind} in the files, not "
                f"{field.type}; declare {kind} and cast it in a MAP"
            )
