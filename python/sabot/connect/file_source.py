# SPDX-License-Identifier: Apache-2.0
"""Files as a source: read by the engine's threads, in pieces, side by side."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sabot.connect.data_file import DataFile, ReadCounts, ReadRequest
from sabot.connect.dead_letter import DeadLetter, check_apart, open_dead_letter
from sabot.connect.file_format import ARROW_STREAM, CSV, PARQUET, FileKind, file_kind
from sabot.connect.file_schema import check_declared, check_names, text_for_unknown, unified_schema
from sabot.connect.hive import partition_types, typed
from sabot.connect.ipc_file import IpcFile, IpcStream
from sabot.connect.parquet_file import ParquetFile
from sabot.connect.paths import FoundFile, find_files
from sabot.connect.predicate import conjuncts, pruning_expression
from sabot.connect.rows import project, schema_of
from sabot.connect.sampling import bound_of
from sabot.connect.source_filters import filters_of, read_columns
from sabot.connect.source_statistics import ColumnSummary, SourceStatistics, merged, scaled
from sabot.connect.text_options import HeaderError, text_options
from sabot.errors import InvalidJobError, JobFailedError

if TYPE_CHECKING:
    from sabot._core import Job
    from sabot.connect.feeder import Feeder
    from sabot.connect.source import Source, SourceSettings
    from sabot.execution.node import StreamOperatorNode
    from sabot.expressions import Expr

__all__ = ["FileSource", "open_files"]

_SPLITS_PER_WORKER = 8  # enough to even out pieces of different size
_FILES_LOOKED = 32  # for statistics; others are taken to be like them
_PIECES_LOOKED = 256  # columns of row groups; a footer's entry takes some microseconds

_File = tuple[FoundFile, DataFile]


class FileSource:
    """Files of one schema, in the order in which they were found.

    Parameters
    ----------
    files
        What was found, opened.
    schema
        Columns of all files together; those of folders ``key=value`` are the last.
    partitions
        Names of the columns that folders have.
    split_count
        About so many pieces are read side by side.
    dead_letter
        Takes malformed rows, or None.
    is_pruned
        Whether what predicates exclude is left out; not where malformed rows are to be told.
    title
        The operator, for errors.
    """

    is_endless = False
    is_reusable = False  # a file may change until the job runs

    def __init__(
        self,
        files: Sequence[tuple[FoundFile, DataFile]],
        schema: pa.Schema,
        partitions: Sequence[str],
        split_count: int,
        dead_letter: DeadLetter | None,
        title: str,
        *,
        is_pruned: bool = True,
    ) -> None:
        self._files = files
        self._full_schema = schema
        self._partitions = partitions
        self._split_count = split_count
        self._dead_letter = dead_letter
        self._title = title
        self._is_pruned = is_pruned
        self._predicates: list[Expr] = []
        self._counts = ReadCounts(columns=len(schema))
        self.schema = schema
        counts = [file.row_count for _, file in files]
        self.row_count = None if None in counts else sum(count or 0 for count in counts)

    @property
    def counts(self) -> ReadCounts:
        """What was read and what was spared; whole once the source is bound."""
        return self._counts

    def narrow(self, columns: Collection[str] | None, predicate: Expr | None = None) -> bool:
        """Read only `columns`, and leave out what `predicate` certainly drops."""
        if columns is not None:
            names = project(self.schema, columns, self._title)
            self.schema = pa.schema([self.schema.field(name) for name in names])
        if self._is_pruned:
            self._predicates += conjuncts(predicate)
        return True

    def statistics(self, columns: Sequence[str]) -> SourceStatistics:
        """Return what footers, folders and first rows tell; of many files, what some tell."""
        looked = _spread(self._files, _FILES_LOOKED)
        own = [name for name in columns if name not in self._partitions]
        pieces = max(1, _PIECES_LOOKED // max(1, len(looked) * max(1, len(own))))
        found = merged([self._file_statistics(file, own, pieces) for _, file in looked], own)
        total = found.row_count
        if self.row_count is not None:
            total = self.row_count
        elif total is not None and len(looked) < len(self._files):
            total = round(total * len(self._files) / len(looked))
        if total is None:
            return SourceStatistics(None, found.columns)
        found = scaled(found, total)
        parts = {
            name: self._partition_summary(name) for name in columns if name in self._partitions
        }
        return SourceStatistics(total, {**found.columns, **parts})

    def bind(self, job: Job, operator_id: str) -> Sequence[Feeder]:
        """Add the splits of every file that the predicate does not exclude."""
        files = self._files_wanted()
        total = sum(file.size for _, file in files) or 1
        self._counts.files = len(files)
        self._counts.files_skipped = len(self._files) - len(files)
        self._counts.columns = len(self.schema)
        self._counts.columns_skipped = len(self._full_schema) - len(self.schema)
        for found, file in files:
            request = ReadRequest(
                schema=self.schema,
                constants={
                    name: found.partitions.get(name)
                    for name in self._partitions
                    if name in self.schema.names
                },
                predicates=self._predicates,
                split_count=max(1, round(self._split_count * file.size / total)),
                on_bad_row=self._dead_letter.put if self._dead_letter is not None else None,
                counts=self._counts,
            )
            try:
                file.bind(job, operator_id, request)
            except (pa.ArrowException, OSError) as error:
                raise JobFailedError(
                    f"{self._title}: {found} cannot be read any more: {error}; it has changed "
                    "since the job was checked, run it again"
                ) from error
        return ()

    def describe(self) -> str:
        """Return the path, or how many there are."""
        if not self._files:
            return "an empty folder"
        first = self._files[0][0]
        return str(first) if len(self._files) == 1 else f"{len(self._files)} files, first {first}"

    def finish(self) -> None:
        """Publish the malformed rows: the job has succeeded."""
        if self._dead_letter is not None:
            self._dead_letter.publish()

    def close(self) -> None:
        """Drop malformed rows that are not published; the engine has released its readers."""
        if self._dead_letter is not None:
            self._dead_letter.discard()

    def _file_statistics(
        self, file: DataFile, names: Sequence[str], piece_count: int
    ) -> SourceStatistics:
        """Return the statistics of a file in the columns of the source."""
        there = [name for name in names if name in file.schema.names]
        found = file.statistics(there, piece_count)
        columns = {
            name: _converted(one, file.schema.field(name).type, self.schema.field(name).type)
            for name, one in found.columns.items()
        }
        for name in set(names) - set(there):
            columns[name] = ColumnSummary(null_count=found.row_count, distinct_count=0)
        return SourceStatistics(found.row_count, columns)

    def _partition_summary(self, name: str) -> ColumnSummary:
        """Return the summary of a column that folders have, as if they had equally many rows."""
        kind = self._full_schema.field(name).type
        texts = {found.partitions.get(name) for found, _ in self._files}
        values = [bound_of(typed(text, kind)) for text in texts if text is not None]
        known = [value for value in values if value is not None]
        nulls = sum(
            file.row_count or 0 for found, file in self._files if found.partitions.get(name) is None
        )
        return ColumnSummary(
            min(known, default=None),
            max(known, default=None),
            nulls if self.row_count is not None or None not in texts else None,
            len(known),
        )

    def _files_wanted(self) -> list[tuple[FoundFile, DataFile]]:
        """Return the files whose partition values do not exclude the predicate."""
        schema = pa.schema([self._full_schema.field(name) for name in self._partitions])
        parts = [part for part in self._predicates if set(part.columns()) <= set(schema.names)]
        expression = pruning_expression(parts, schema)
        if expression is None or not self._files:
            return list(self._files)
        columns = [
            pa.array(
                [
                    typed(found.partitions.get(one.name), one.type).as_py()
                    for found, _ in self._files
                ],
                one.type,
            )
            for one in schema
        ]
        table = pa.Table.from_arrays(columns, schema=schema)
        numbered = table.append_column("", pa.array(range(len(self._files))))
        kept = numbered.filter(expression).column("").to_pylist()
        return [self._files[index] for index in kept]


def _spread(files: Sequence[_File], count: int) -> Sequence[_File]:
    """Return so many of the files, the first and the last among them."""
    last = len(files) - 1
    if last < count:
        return files
    return [files[index * last // (count - 1)] for index in range(count)]


def _converted(column: ColumnSummary, found: pa.DataType, wanted: pa.DataType) -> ColumnSummary:
    """Return the summary of a column that is cast; bounds of another kind say nothing."""
    is_same = found.equals(wanted) or all(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in (found, wanted)
    )
    return column if is_same else replace(column, least=None, greatest=None)


def open_files(node: StreamOperatorNode, settings: SourceSettings) -> Source:
    """Return the source of a node with ``path``: every file is opened and its columns are known.

    Raises
    ------
    InvalidJobError
        If a file is missing, damaged or of a schema that does not fit the others.
    """
    title, parameters = node.title, node.parameters
    if parameters.get("bounded") is False:
        raise InvalidJobError(
            f"{title}: parameter 'bounded': files end; leave it out, or use a topic"
        )
    found = find_files(parameters, title)
    check_apart(node, (one.place.path for one in found if one.place.is_local))
    opened = [(one, file) for one in found if (file := _open_file(one, parameters, title))]
    is_text = bool(opened) and all(
        file_kind(one.place.path, parameters.get("format"), title).is_text for one, _ in opened
    )
    schema = unified_schema([(one, file.schema) for one, file in opened], title, is_text=is_text)
    if schema and parameters.get("column_types") is not None:
        types = schema_of(parameters["column_types"], title, "column_types")
        project(schema, types.names, title, "column_types")
    declared = None
    if parameters.get("schema") is not None:
        declared = schema_of(parameters["schema"], title)
    schema, partitions = _with_partitions(schema, opened, declared, title)
    if declared is not None:
        schema = _declared_schema(schema, declared, opened, is_text=is_text, title=title)
        partitions = [name for name in partitions if name in schema.names]
    elif not schema:
        raise InvalidJobError(
            f"{title}: parameter 'path': {_shown(found)} has no columns and no rows; declare "
            "parameter 'schema'"
        )
    if is_text:
        schema = text_for_unknown(schema, _declared_names(parameters, title))
    source = FileSource(
        opened,
        schema,
        partitions,
        settings.worker_count * _SPLITS_PER_WORKER,
        open_dead_letter(node, settings.data_dir),
        title,
        is_pruned=parameters.get("on_error", "fail") == "fail",
    )
    source.narrow(read_columns(node), filters_of(node))
    return source


def _declared_names(parameters: dict[str, Any], title: str) -> list[str]:
    return [
        name
        for parameter in ("schema", "column_types")
        if parameters.get(parameter) is not None
        for name in schema_of(parameters[parameter], title, parameter).names
    ]


def _open_file(found: FoundFile, parameters: dict[str, Any], title: str) -> DataFile | None:
    """Return the file, or None for an empty one of a format that needs no content."""
    kind = file_kind(
        found.place.path, parameters.get("format"), title, parameters.get("compression")
    )
    options = text_options(
        parameters, str(found), is_csv=kind.format == CSV, is_text=kind.is_text, title=title
    )
    if found.size == 0 and not kind.is_text:
        raise InvalidJobError(
            f"{title}: parameter 'path': {found} is empty (0 bytes): no {kind.format}; write it "
            "again, or leave it out"
        )
    if found.size == 0:
        return None
    try:
        file = _file_of(found, kind, options)
    except HeaderError as error:
        raise InvalidJobError(f"{title}: parameter 'path': {found}: {error}") from error
    except (PermissionError, FileNotFoundError) as error:
        raise InvalidJobError(
            f"{title}: parameter 'path': {found} cannot be opened: {error}"
        ) from error
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InvalidJobError(
            f"{title}: parameter 'path': {found} cannot be read as {kind.format}: {error}; the "
            "file is damaged or cut off, or of another format"
        ) from error
    check_names(file.schema, str(found), title)
    return file


def _file_of(found: FoundFile, kind: FileKind, options: Any) -> DataFile:
    if kind.format == PARQUET:
        return ParquetFile(found)
    if kind.is_text:
        from sabot.connect.text_file import TextFile

        return TextFile(found, kind, options)
    if kind.format == ARROW_STREAM:
        return IpcStream(found, kind.compression)
    return IpcFile(found, kind.compression)


def _with_partitions(
    schema: pa.Schema,
    opened: Sequence[tuple[FoundFile, DataFile]],
    declared: pa.Schema | None,
    title: str,
) -> tuple[pa.Schema, list[str]]:
    """Return the columns with those of folders behind, which win over columns of files."""
    kinds = partition_types([found.partitions for found, _ in opened])
    for name in kinds:
        if declared is not None and name in declared.names:
            kinds[name] = declared.field(name).type
            _check_partition_values(name, kinds[name], opened, title)
    fields = [field for field in schema if field.name not in kinds]
    fields += [pa.field(name, kind) for name, kind in kinds.items()]
    return pa.schema(fields), list(kinds)


def _check_partition_values(
    name: str, kind: pa.DataType, opened: Sequence[tuple[FoundFile, DataFile]], title: str
) -> None:
    for found, _ in opened:
        try:
            typed(found.partitions.get(name), kind)
        except pa.ArrowException as error:
            raise InvalidJobError(
                f"{title}: parameter 'schema': {found}: the folder's {name!r} does not read as "
                f"{kind}: {error}"
            ) from error


def _declared_schema(
    found: pa.Schema,
    declared: pa.Schema,
    opened: Sequence[tuple[FoundFile, DataFile]],
    *,
    is_text: bool,
    title: str,
) -> pa.Schema:
    """Return the declared columns: text is read as what they say, other files must have it."""
    if not opened:
        return declared
    if is_text:
        if found and any(getattr(file, "has_fixed_columns", False) for _, file in opened):
            project(found, declared.names, title, "schema")
        return declared
    project(found, declared.names, title, "schema")
    check_declared(found, declared, title)
    return pa.schema([found.field(name) for name in declared.names])


def _shown(found: Sequence[FoundFile]) -> str:
    return str(found[0]) if len(found) == 1 else f"none of {len(found)} files"
