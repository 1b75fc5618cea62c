# SPDX-License-Identifier: Apache-2.0
"""A Parquet file: its metadata, and readers of row groups for the engine's threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from sabot.connect.hive import typed
from sabot.connect.parquet_statistics import footer_statistics
from sabot.connect.predicate import pruning_expression

if TYPE_CHECKING:
    from sabot._core import Job
    from sabot.connect.data_file import ReadRequest
    from sabot.connect.paths import FoundFile
    from sabot.connect.source_statistics import SourceStatistics

__all__ = ["ParquetFile"]

_BATCH_BYTES = 8 << 20  # a longer row group is decoded in parts of this size
_VARIABLE_BYTES = 16  # of a text or a list, at least
_WINDOW = 1 << 18  # of a column chunk on this machine; far away whole chunks come together

_Conversion = Callable[[pa.RecordBatch], pa.Array]


class ParquetFile:
    """One file; its splits are runs of row groups. See `sabot.connect.data_file.DataFile`."""

    def __init__(self, found: FoundFile) -> None:
        self._place = found.place
        # A fragment judges statistics. It does not read: its scans decode whole row groups, and on
        # threads of Arrow's own beside those of the engine.
        self._fragment = ds.ParquetFileFormat().make_fragment(
            found.place.path, found.place.filesystem
        )
        self._fragment.ensure_complete_metadata()
        self.schema: pa.Schema = self._fragment.physical_schema
        self.row_count: int | None = self._fragment.metadata.num_rows
        self.size = found.size

    def bind(self, job: Job, operator_id: str, request: ReadRequest) -> None:
        """Add runs of the row groups whose statistics do not exclude the predicates."""
        groups = self._row_groups(request)
        request.counts.row_groups += len(groups)
        request.counts.row_groups_skipped += self._fragment.num_row_groups - len(groups)
        run = max(1, -(-len(groups) // max(1, request.split_count)))
        for first in range(0, len(groups), run):
            reader = _RowGroupReader(self._open, self.schema, groups[first : first + run], request)
            job.add_batches(operator_id, reader.schema, reader)

    def statistics(self, names: Sequence[str], piece_count: int) -> SourceStatistics:
        """Return what the footer tells of the columns `names`."""
        found = [self.schema.field(name) for name in names]
        plain = pa.schema([one for one in found if not pa.types.is_nested(one.type)])
        leaves = {name: _leaf_indices(self.schema, {name})[0] for name in plain.names}
        return footer_statistics(self._fragment.metadata, leaves, plain, piece_count)

    def _open(self) -> pq.ParquetFile:
        place = self._place
        return pq.ParquetFile(
            place.path,
            filesystem=place.filesystem,
            metadata=self._fragment.metadata,
            pre_buffer=not place.is_local,
            buffer_size=_WINDOW if place.is_local else 0,
            arrow_extensions_enabled=False,
        )

    def _row_groups(self, request: ReadRequest) -> list[int]:
        groups = list(range(self._fragment.num_row_groups))
        known = pa.schema(
            [one for one in self.schema if one.name not in request.constants]  # those of the file
        )
        expression = pruning_expression(request.predicates, known)
        if expression is None:
            return groups
        try:
            kept = self._fragment.subset(filter=expression, schema=self.schema)
        except (pa.ArrowException, NotImplementedError):
            return groups  # a comparison that pyarrow lacks
        return [group.id for group in kept.row_groups]


class _RowGroupReader:
    """Gives the rows of some row groups, a batch a call; the thread that calls decodes.

    A row group is decoded when it is wanted, whole if it is short: the dictionaries of its columns
    then stay in the cache. The file is open from the first call to the last.

    Attributes
    ----------
    schema
        Of the batches: the columns of the request that the file or its folder has.
    """

    def __init__(
        self,
        open_file: Callable[[], pq.ParquetFile],
        found: pa.Schema,
        groups: Sequence[int],
        request: ReadRequest,
    ) -> None:
        self._open_file = open_file
        self._groups = groups
        fields = [
            one
            for one in request.schema
            if one.name in request.constants or one.name in found.names
        ]
        self.schema = pa.schema(fields)
        read = [one for one in found if one.name in self.schema.names]
        read = [one for one in read if one.name not in request.constants]
        self._leaves = _leaf_indices(found, {one.name for one in read})
        self._read = pa.schema(read)
        self._conversions: list[_Conversion] | None = None
        if not self._read.equals(self.schema):
            self._conversions = [_conversion(one, request, found) for one in fields]
        self._batches = self._decode()

    def __call__(self) -> pa.RecordBatch | None:
        """Return the next rows, or None when there are no more."""
        return next(self._batches, None)

    def _decode(self) -> Iterator[pa.RecordBatch]:
        with self._open_file() as file:
            for group in self._groups:
                rows = self._batch_rows(file.metadata.row_group(group))
                for batch in file.reader.iter_batches(
                    rows, [group], column_indices=self._leaves, use_threads=False
                ):
                    yield self._converted(batch)

    def _batch_rows(self, group: pq.RowGroupMetaData) -> int:
        """Return the rows of equal parts of a row group that are not too long."""
        size = group.num_rows * _row_bytes(group, self._leaves, self._read)
        parts = max(1, -(-size // _BATCH_BYTES))
        return max(1, -(-group.num_rows // parts))

    def _converted(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if self._conversions is None:
            return batch
        columns = [convert(batch) for convert in self._conversions]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


def _conversion(field: pa.Field, request: ReadRequest, found: pa.Schema) -> _Conversion:
    """Return what makes a column of the request of a batch of the file."""
    if field.name in request.constants:
        value = typed(request.constants[field.name], field.type)
        return lambda batch: pa.repeat(value, batch.num_rows)
    if found.field(field.name).type.equals(field.type):
        return lambda batch: batch.column(field.name)
    return lambda batch: batch.column(field.name).cast(field.type)


def _leaf_indices(schema: pa.Schema, names: set[str]) -> list[int]:
    """Return which of the file's physical columns make up the columns of these names."""
    counts = [_leaf_count(field.type) for field in schema]
    ends = accumulate(counts)
    return [
        leaf
        for field, count, end in zip(schema, counts, ends, strict=True)
        if field.name in names
        for leaf in range(end - count, end)
    ]


def _leaf_count(kind: pa.DataType) -> int:
    if isinstance(kind, pa.BaseExtensionType):
        return _leaf_count(kind.storage_type)
    if pa.types.is_dictionary(kind) or kind.num_fields == 0:
        return 1
    return sum(_leaf_count(kind.field(index).type) for index in range(kind.num_fields))


def _row_bytes(group: pq.RowGroupMetaData, leaves: Sequence[int], fields: pa.Schema) -> int:
    """Return about how long a decoded row is: what its types say, or its texts and lists."""
    encoded = sum(group.column(leaf).total_uncompressed_size for leaf in leaves)
    return max(1, sum(_width(one.type) for one in fields), encoded // max(1, group.num_rows))


def _width(kind: pa.DataType) -> int:
    try:
        return max(1, kind.bit_width // 8)
    except ValueError:
        return _VARIABLE_BYTES
