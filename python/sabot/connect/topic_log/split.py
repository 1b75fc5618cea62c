# SPDX-License-Identifier: Apache-2.0
"""A run of rows in one segment that one engine thread can read by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from sabot.connect.statistics import BatchStatistics

from .schema import OFFSET
from .segment import Segment


@dataclass(frozen=True)
class TopicSplit:
    """Rows `first_offset` to ``first_offset + row_count - 1`` of one partition.

    The reader of `open` gives the columns as the segment has them: it skips `skip_rows`, takes
    `limit_rows`, and matches columns by name to `schema`. Columns that the segment lacks are null;
    columns that `schema` lacks are ignored; those it has are of the type `schema` says.

    Attributes
    ----------
    topic, partition
        Where the rows are from.
    schema
        The unified schema of all splits of one call.
    first_offset, row_count
        The rows.
    skip_rows, limit_rows
        How many rows of the reader come before the first, and how many to take then.
    min_timestamp_ms, max_timestamp_ms
        Bounds of the timestamps (of whole batches, so they may be wider than the rows').
    """

    topic: str
    partition: int
    schema: pa.Schema
    first_offset: int
    row_count: int
    skip_rows: int
    limit_rows: int
    min_timestamp_ms: int
    max_timestamp_ms: int
    _segment: Segment = field(repr=False)
    _first_batch: int = field(repr=False)
    _last_batch: int = field(repr=False)

    @property
    def batch_count(self) -> int:
        """Batches that are read for the rows."""
        return self._last_batch + 1 - self._first_batch

    @property
    def segment_offset(self) -> int:
        """The first offset of the segment, which is its name."""
        return self._segment.first_offset

    def open(self) -> pa.RecordBatchReader:
        """Return a reader whose ``__arrow_c_stream__`` any thread can pull without the GIL."""
        names = self.schema.names
        reader = self._segment.reader(self._first_batch, self._last_batch, names)
        unified = pa.schema(
            [
                own if name not in names else own.with_type(self.schema.field(name).type)
                for name, own in zip(reader.schema.names, reader.schema, strict=True)
            ]
        )
        if unified.equals(reader.schema):
            return reader
        # Arrow's cast ends the process on a batch that says it has fewer rows than none.
        self._segment.verify()
        return reader.cast(unified)

    def sample(self, columns: Sequence[str], row_count: int) -> pa.RecordBatch:
        """Return some rows of about the middle, in the `columns` that are stored there."""
        middle = (self._first_batch + self._last_batch) // 2
        return self._segment.sample(middle, columns, row_count)

    def edges(self) -> list[BatchStatistics]:
        """Return the statistics of the first and the last batch, if these are known."""
        known = self._segment.statistics()
        index = self._segment.index
        found = [known.of(index[number]) for number in {self._first_batch, self._last_batch}]
        return [one for one in found if one is not None]

    def _whole(self) -> pa.Table:
        """Return all rows of the batches; Arrow ends the process on a length below 0."""
        reader = self.open()
        batches = list(reader)
        for batch in batches:
            self._segment.check_row_count(batch.num_rows, max(0, batch.num_rows))
        return pa.Table.from_batches(batches, reader.schema)

    def read(self, *, with_offsets: bool = False) -> pa.Table:
        """Return the rows in the unified schema, with ``_offset`` in front if asked for."""
        with self._segment.reading():
            rows = self._whole().slice(self.skip_rows, self.limit_rows)
            self._segment.check_row_count(rows.num_rows, self.row_count)
            columns = [
                rows[field.name]
                if field.name in rows.schema.names
                else pa.chunked_array([pa.nulls(self.row_count, field.type)])
                for field in self.schema
            ]
            table = pa.Table.from_arrays(columns, schema=self.schema)
        if with_offsets:
            offsets = pa.arange(self.first_offset, self.first_offset + self.row_count)
            table = table.add_column(0, pa.field(OFFSET, pa.int64()), offsets)
        return table
