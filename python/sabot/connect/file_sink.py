# SPDX-License-Identifier: Apache-2.0
"""A sink that writes files: whole, or not at all.

Every file is written under a hidden name (it begins with a point), which readers pass over. When
the job has succeeded the files take their names; a job that fails removes them, and one that is
killed leaves hidden files only.
"""

from __future__ import annotations

import os
import posixpath
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow.fs import FileSelector, FileType

from sabot.connect.file_format import ARROW_STREAM, CSV, PARQUET, SUFFIXES, FileKind, file_kind
from sabot.connect.file_system import Place, find_place
from sabot.connect.output_file import OutputFile, OutputOptions, check_types, sync
from sabot.connect.partitioning import split_by_partition
from sabot.connect.paths import is_hidden
from sabot.errors import InvalidJobError

if TYPE_CHECKING:
    from sabot.execution.node import StreamOperatorNode

__all__ = ["FileWriter", "WriteCounts"]

_ROWS_PER_WRITE = 131_072  # at least so many rows in a row group, but the last
_BYTES_PER_WRITE = 16 * 2**20  # rows that wait count against the job's memory
_BYTES_WAITING = 64 * 2**20  # in all files together
_OPEN_FILES = 100
_FOLDER_PARAMETERS = ("partition_by", "max_rows_per_file", "max_file_size_mb")
_SUFFIX_OF = {"gzip": ".gz", "zstd": ".zst", "bz2": ".bz2", "lz4": ".lz4", "brotli": ".br"}


@dataclass
class WriteCounts:
    """What a sink has written, for progress and the result's metrics."""

    files: int = 0
    rows: int = 0
    bytes: int = 0


class FileWriter:
    """Writes one file, or a folder of files.

    Raises
    ------
    InvalidJobError
        If a parameter is wrong, or the place is missing or cannot be written to.
    """

    def __init__(self, node: StreamOperatorNode, schema: pa.Schema) -> None:
        parameters = node.parameters
        self.counts = WriteCounts()
        self._title = node.title
        self._target = find_place(parameters["path"], parameters, node.title)
        self._mode = parameters.get("mode") or "overwrite"
        self._is_folder = _is_folder(self._target, parameters)
        self._options = _output_options(self._target, parameters, self._is_folder, node.title)
        self._partition_by = _names(parameters.get("partition_by"))
        _check_partition_types(schema, self._partition_by, node.title)
        self._rows_max = parameters.get("max_rows_per_file")
        size = parameters.get("max_file_size_mb")
        self._bytes_max = None if not size else int(size * 2**20)
        self._files_max = parameters.get("max_open_files") or _OPEN_FILES
        self._schema = _without(schema, self._partition_by, node.title)
        if not self._is_folder and self._target.is_local and os.path.islink(self._target.path):
            # A name that points elsewhere goes on pointing there.
            real = os.path.realpath(self._target.path)
            self._target = Place(self._target.filesystem, real, self._target.shown)
        self._id = uuid.uuid4().hex[:8]
        self._open: OrderedDict[str, OutputFile] = OrderedDict()  # by folder, oldest use first
        self._done: list[tuple[OutputFile, str]] = []  # with the names they get
        self._part_count = 0
        self._check_target()
        check_types(self._schema, self._options, node.title)
        try:
            if not self._partition_by:
                self._file_of("")
            elif self._target.is_local:
                os.makedirs(self._hidden_folder())  # whether that is allowed
        except (OSError, pa.ArrowException) as error:
            self.discard()
            raise InvalidJobError(
                f"{node.title}: parameter 'path': {self._target.shown} cannot be written: {error}"
            ) from error

    def write(self, batch: pa.RecordBatch) -> None:
        """Spread rows over the files of their partitions."""
        if self._partition_by:
            for folder, rows in split_by_partition(batch, self._partition_by):
                self._put(folder, rows)
        else:
            self._put("", batch)
        self.counts.rows += batch.num_rows
        if sum(file.waiting_bytes for file in self._open.values()) > _BYTES_WAITING:
            for file in self._open.values():
                file.flush()

    def finish(self) -> None:
        """Complete the files and wait until they are on the disk."""
        for folder in list(self._open):
            self._finish_file(folder)

    def publish(self) -> None:
        """Give the files their names.

        Raises
        ------
        OSError
            If that fails; files that have their names already lose them again.
        """
        if self._mode == "error":
            self._check_absent()
        if self._is_folder and self._mode == "overwrite":
            self._publish_folder()
        else:
            self._publish_files()

    def discard(self) -> None:
        """Remove what is not published."""
        for file in self._open.values():
            file.discard()
        for file, _ in self._done:
            file.discard()
        self._open.clear()
        self._done.clear()
        self._remove_hidden_folder()

    # --- writing ---------------------------------------------------------------------------------

    def _put(self, folder: str, rows: pa.RecordBatch) -> None:
        while rows.num_rows > 0:
            file = self._file_of(folder)
            count = rows.num_rows
            if self._rows_max is not None:
                count = min(count, self._rows_max - file.row_count)
            file.put(rows.slice(0, count))
            rows = rows.slice(count)
            if self._is_enough(file):
                file.flush()
            if file.row_count == self._rows_max or self._is_too_long(file):
                self._finish_file(folder)

    def _is_enough(self, file: OutputFile) -> bool:
        rows = self._options.row_group_rows or _ROWS_PER_WRITE
        size = _BYTES_PER_WRITE
        if self._bytes_max is not None:
            size = min(size, max(1, self._bytes_max // 4))
        if self._options.row_group_rows is not None:
            return file.waiting_rows >= rows
        return file.waiting_rows >= rows or file.waiting_bytes >= size

    def _is_too_long(self, file: OutputFile) -> bool:
        return self._bytes_max is not None and file.size_estimate() >= self._bytes_max

    def _file_of(self, folder: str) -> OutputFile:
        file = self._open.get(folder)
        if file is None:
            if len(self._open) >= self._files_max:
                self._finish_file(next(iter(self._open)))
            file = self._open[folder] = self._new_file(self._temporary(folder))
        self._open.move_to_end(folder)
        return file

    def _new_file(self, place: Place) -> OutputFile:
        try:
            return OutputFile(place, self._schema, self._options)
        except FileNotFoundError:
            if place.is_local or not self._is_folder:
                raise
            # Not an object store: its folders must be there first.
            place.filesystem.create_dir(posixpath.dirname(place.path), recursive=True)
            return OutputFile(place, self._schema, self._options)

    def _finish_file(self, folder: str) -> None:
        file = self._open[folder]
        file.finish()
        del self._open[folder]
        self._done.append((file, self._name_of(folder)))
        self.counts.files += 1
        self.counts.bytes += file.byte_count

    def _name_of(self, folder: str) -> str:
        if not self._is_folder:
            return self._target.path
        kind = self._options.kind
        suffix = SUFFIXES[kind.format] + _SUFFIX_OF.get(kind.compression or "", "")
        self._part_count += 1
        name = f"part-{self._id}-{self._part_count - 1:05d}{suffix}"
        return posixpath.join(folder, name)  # below the folder

    def _temporary(self, folder: str) -> Place:
        """Return a hidden name: beside the file, or in a hidden folder beside or in the folder."""
        target = self._target
        if not self._is_folder:
            head, tail = posixpath.split(target.path)
            path = posixpath.join(head, f".{tail}.{self._id}.tmp")
        else:
            path = posixpath.join(self._hidden_folder(), f"{len(self._done)}-{uuid.uuid4().hex}")
            if target.is_local:
                os.makedirs(posixpath.dirname(path), exist_ok=True)
        return Place(target.filesystem, path, target.shown)

    def _hidden_folder(self) -> str:
        head, tail = posixpath.split(self._target.path.rstrip("/"))
        return posixpath.join(head, f".{tail}.{self._id}.tmp")

    # --- publishing ------------------------------------------------------------------------------

    def _publish_files(self) -> None:
        """Move every file to its name; each appears at once."""
        moved: list[str] = []
        root = self._target.path.rstrip("/") if self._is_folder else ""
        try:
            for file, name in self._done:
                final = posixpath.join(root, name) if self._is_folder else name
                self._move(file.place.path, final)
                moved.append(final)
        except (OSError, pa.ArrowException):
            if self._is_folder:  # their names are this job's own
                for final in moved:
                    self._target.filesystem.delete_file(final)
            raise
        self._done.clear()
        self._remove_hidden_folder()
        if self._target.is_local:
            folders = {posixpath.dirname(path) or "." for path in moved}
            for folder in sorted(folders):
                sync(folder)

    def _publish_folder(self) -> None:
        """Put the files in the place of those that are there."""
        old = self._data_files()
        self._publish_files()
        if self._target.is_local:
            os.makedirs(self._target.path, exist_ok=True)  # no rows may mean no files
        for path in old:
            self._target.filesystem.delete_file(path)
        if self._target.is_local:
            _remove_empty_folders(self._target.path, {posixpath.dirname(path) for path in old})

    def _move(self, source: str, target: str) -> None:
        if self._target.is_local:
            folder = posixpath.dirname(target)
            if folder:
                os.makedirs(folder, exist_ok=True)
            os.replace(source, target)
            return
        try:
            self._target.filesystem.move(source, target)
        except FileNotFoundError:
            self._target.filesystem.create_dir(posixpath.dirname(target), recursive=True)
            self._target.filesystem.move(source, target)

    def _remove_hidden_folder(self) -> None:
        if not self._is_folder:
            return
        try:
            if self._target.is_local:
                os.rmdir(self._hidden_folder())
            else:
                self._target.filesystem.delete_dir(self._hidden_folder())
        except (OSError, pa.ArrowException):
            pass  # never made, or not empty

    # --- the target ------------------------------------------------------------------------------

    def _check_target(self) -> None:
        target, title = self._target, self._title
        if not self._is_folder and self._mode == "append":
            raise InvalidJobError(
                f"{title}: parameter 'mode': 'append' adds files to a folder, but "
                f"{target.shown} is one file; end the path with '/' and name the 'format'"
            )
        if self._mode == "error":
            try:
                self._check_absent()
            except FileExistsError as error:
                raise InvalidJobError(f"{title}: parameter 'path': {error}") from error
        if self._is_folder and self._mode == "overwrite":
            self._check_overwritable()
        if not target.is_local:
            return
        is_there = os.path.lexists(target.path) and os.path.exists(target.path)
        if is_there and not os.path.isfile(target.path) and not os.path.isdir(target.path):
            raise InvalidJobError(
                f"{title}: parameter 'path': {target.shown} is no file but a pipe or a device; a "
                "file takes its name when it is whole, so name another, or use 'callback'"
            )
        parent = posixpath.dirname(target.path.rstrip("/")) or "."
        if not self._is_folder and os.path.isdir(target.path):
            raise InvalidJobError(
                f"{title}: parameter 'path': {target.shown} is a directory; name a file in it, or "
                "end the path with '/' and name the 'format' to write files into it"
            )
        if self._is_folder and os.path.isfile(target.path):
            raise InvalidJobError(
                f"{title}: parameter 'path': {target.shown} is a file, but a folder of files is to "
                "be written; name another place"
            )
        if not os.path.isdir(parent):
            raise InvalidJobError(
                f"{title}: parameter 'path': there is no directory {parent}; create it first"
            )

    def _check_absent(self) -> None:
        info = self._target.filesystem.get_file_info(self._target.path.rstrip("/"))
        is_there = info.type is FileType.File
        if info.type is FileType.Directory:
            is_there = not self._is_folder or bool(self._data_files())
        if is_there:
            raise FileExistsError(
                f"{self._target.shown} is there already, and parameter 'mode' is 'error'; remove "
                "it, or use 'overwrite'"
            )

    def _check_overwritable(self) -> None:
        """Refuse to replace a folder with other things in it: it may be anybody's home."""
        suffix = SUFFIXES[self._options.kind.format]
        for path in self._data_files():
            if suffix not in posixpath.basename(path):
                raise InvalidJobError(
                    f"{self._title}: parameter 'path': {self._target.shown} has other files in it "
                    f"({posixpath.basename(path)}), which 'overwrite' would remove; name another "
                    "folder, or set parameter 'mode' to 'append'"
                )

    def _data_files(self) -> list[str]:
        """Return the files of the folder that readers see."""
        root = self._target.path.rstrip("/")
        selector = FileSelector(root, recursive=True, allow_not_found=True)
        return [
            info.path
            for info in self._target.filesystem.get_file_info(selector)
            if info.type is FileType.File and not is_hidden(info.path[len(root) + 1 :])
        ]


def _is_folder(target: Place, parameters: dict[str, Any]) -> bool:
    return target.path.endswith("/") or any(
        parameters.get(name) is not None for name in _FOLDER_PARAMETERS
    )


def _names(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _output_options(
    target: Place, parameters: dict[str, Any], is_folder: bool, title: str
) -> OutputOptions:
    declared, codec = parameters.get("format"), parameters.get("compression")
    if is_folder and declared is None:
        declared = "parquet"
    name = "part" if is_folder else target.path
    kind = file_kind(name, declared, title)
    if codec is not None and kind.is_text:
        kind, codec = file_kind(name, declared, title, codec), None
    if kind.format != CSV:
        for option in ("delimiter", "quote", "header", "null_value"):
            if parameters.get(option) is not None:
                raise InvalidJobError(
                    f"{title}: parameter '{option}': goes with CSV, but {kind.format} is written"
                )
    if kind.is_text and parameters.get("row_group_size") is not None:
        raise InvalidJobError(
            f"{title}: parameter 'row_group_size': goes with Parquet and Arrow, but "
            f"{kind.format} is written"
        )
    options = OutputOptions(
        kind=kind,
        codec=_codec(kind, codec, title),
        row_group_rows=parameters.get("row_group_size"),
        delimiter=_byte(parameters, "delimiter", ",", title),
        quote=_byte(parameters, "quote", '"', title),
        null_value=parameters.get("null_value", ""),
        has_header=parameters.get("header", True),
    )
    _check_dialect(options, title)
    return options


def _check_dialect(options: OutputOptions, title: str) -> None:
    """Refuse characters that would make the rows unreadable."""
    if options.delimiter == options.quote:
        raise InvalidJobError(
            f"{title}: parameter 'delimiter': {options.delimiter!r} is the quote, too; name "
            "another with parameter 'quote'"
        )
    used = [options.delimiter, options.quote, "\n", "\r"]
    if any(character in options.null_value for character in used):
        raise InvalidJobError(
            f"{title}: parameter 'null_value': {options.null_value!r} has the delimiter, the quote "
            "or a line end in it, so that it would not read back; name another"
        )


def _check_partition_types(schema: pa.Schema, names: Sequence[str], title: str) -> None:
    """Refuse columns whose values are no names of folders."""
    for index, name in enumerate(names):
        if name in names[:index]:
            raise InvalidJobError(f"{title}: parameter 'partition_by': {name!r} is there twice")
        kind = schema.field(name).type
        is_binary = any(
            check(kind)
            for check in (
                pa.types.is_binary,
                pa.types.is_large_binary,
                pa.types.is_fixed_size_binary,
                pa.types.is_binary_view,
            )
        )
        try:
            if not is_binary:
                pa.nulls(0, kind).cast(pa.string())
        except pa.ArrowException:
            is_binary = True
        if is_binary:
            raise InvalidJobError(
                f"{title}: parameter 'partition_by': column {name!r} is {kind}, whose values are "
                "no names of folders; cast it to text in a MAP, or leave it out"
            )


def _codec(kind: FileKind, codec: Any, title: str) -> str | None:
    if codec is None:
        return None
    allowed: tuple[str, ...] = ("none", "snappy", "gzip", "brotli", "zstd", "lz4")
    if kind.format != PARQUET:
        allowed = ("none", "lz4", "zstd")
    if codec not in allowed:
        raise InvalidJobError(
            f"{title}: parameter 'compression': {codec!r} is not available for "
            f"{'an ' + kind.format if kind.format == ARROW_STREAM else kind.format}; allowed: "
            f"{', '.join(repr(name) for name in allowed)}"
        )
    return None if codec == "none" and kind.format != PARQUET else str(codec)


def _byte(parameters: dict[str, Any], name: str, default: str, title: str) -> str:
    value = parameters.get(name, default)
    if not isinstance(value, str) or len(value) != 1 or not value.isascii() or value in "\r\n":
        raise InvalidJobError(
            f"{title}: parameter '{name}': expected one ASCII character that ends no line, found "
            f"{value!r}"
        )
    return value


def _without(schema: pa.Schema, names: Sequence[str], title: str) -> pa.Schema:
    rest = pa.schema([field for field in schema if field.name not in names])
    if not len(rest):
        raise InvalidJobError(f"{title}: parameter 'partition_by': no column is left for the files")
    return rest


def _remove_empty_folders(root: str, folders: set[str]) -> None:
    for folder in sorted(folders, key=len, reverse=True):
        while folder.rstrip("/") != root.rstrip("/") and folder.startswith(root.rstrip("/")):
            try:
                os.rmdir(folder)
            except OSError:
                break
            folder = posixpath.dirname(folder)
