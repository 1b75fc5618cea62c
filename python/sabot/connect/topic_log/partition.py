# SPDX-License-Identifier: Apache-2.0
"""One partition: segments in order, what of them is visible, and the ways to read it."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from sabot.connect.statistics import Pruning

from .errors import TopicClosedError, TopicValueError
from .recovery import open_segments
from .schema import OFFSET, read_schema
from .segment import Segment
from .split import TopicSplit
from .tail import TopicTail
from .writer import PartitionAppend, SegmentWriter, WriteOptions

_GAP_ROWS_MIN = 16_384  # that make it worth to read a segment in two parts


class Cover(NamedTuple):
    """Batch records of one segment that hold the rows from `first_offset` on."""

    segment: Segment
    first_batch: int
    last_batch: int
    first_offset: int
    row_count: int
    skip_rows: int


class Partition:
    """An ordered log of rows; offsets start at 0 and have no gaps.

    Reading is safe from any thread, beside an append; appends go through `Topic.append`.
    """

    def __init__(
        self,
        topic: str,
        number: int,
        directory: Path,
        stored_schema: Callable[[], pa.Schema],
        *,
        write_options: WriteOptions,
        on_damage: str,
    ) -> None:
        self.topic = topic
        self.number = number
        self._directory = directory
        self._stored_schema = stored_schema
        self._options = write_options
        self.changed = threading.Condition()  # guards the fields below
        self._segments = open_segments(directory, on_damage)
        self._writer: SegmentWriter | None = None  # None: the last segment is not open for writing
        self._closed: str | None = None

    @property
    def start_offset(self) -> int:
        """Offset of the oldest row."""
        with self.changed:
            return self._segments[0].first_offset if self._segments else 0

    @property
    def end_offset(self) -> int:
        """Offset of the next row to be appended."""
        with self.changed:
            return self._segments[-1].end_offset if self._segments else 0

    @property
    def segment_schema(self) -> pa.Schema | None:
        """The schema of the newest segment, if there is one."""
        return self._segments[-1].schema if self._segments else None

    def splits(
        self,
        start: int | None = None,
        end: int | None = None,
        *,
        columns: Sequence[str] | None = None,
        with_metadata: bool = False,
        pruning: Pruning | None = None,
    ) -> list[TopicSplit]:
        """Return the rows from offset `start` up to `end`, cut at segments, in order.

        Parameters
        ----------
        start, end
            Offsets, `end` exclusive; by default the oldest row and the end as of now.
        columns
            Value columns to read, in this order; all by default. ``_timestamp`` and ``_key`` may
            be among them.
        with_metadata
            Put ``_timestamp``, and ``_key`` if the topic has keys, in front.
        pruning
            Leave batches out that it can tell have no row it wants.

        Raises
        ------
        TopicValueError
            If an offset lies outside of the partition.
        UnknownTopicError
            If the topic has no such column.
        """
        covers = self._cover(start, end)
        schema = self.schema_of(columns, with_metadata)  # after the rows: it has all their columns
        if pruning is not None and pruning.is_useful:
            covers = [part for cover in covers for part in _prune(cover, pruning)]
        splits = []
        for cover in covers:
            index = cover.segment.index
            records = [index[i] for i in range(cover.first_batch, cover.last_batch + 1)]
            splits.append(
                TopicSplit(
                    topic=self.topic,
                    partition=self.number,
                    schema=schema,
                    first_offset=cover.first_offset,
                    row_count=cover.row_count,
                    skip_rows=cover.skip_rows,
                    limit_rows=cover.row_count,
                    min_timestamp_ms=min(record.min_timestamp_ms for record in records),
                    max_timestamp_ms=max(record.max_timestamp_ms for record in records),
                    _segment=cover.segment,
                    _first_batch=cover.first_batch,
                    _last_batch=cover.last_batch,
                )
            )
        return splits

    def read(
        self,
        start: int | None = None,
        end: int | None = None,
        *,
        columns: Sequence[str] | None = None,
        with_metadata: bool = False,
    ) -> pa.Table:
        """Return rows as one table; arguments as in `splits`.

        With metadata, ``_offset`` comes first.
        """
        splits = self.splits(start, end, columns=columns, with_metadata=with_metadata)
        if splits:
            return pa.concat_tables(split.read(with_offsets=with_metadata) for split in splits)
        schema = self.schema_of(columns, with_metadata)
        if with_metadata:
            schema = schema.insert(0, pa.field(OFFSET, pa.int64()))
        return schema.empty_table()

    def tail(
        self,
        start: int | None = None,
        *,
        columns: Sequence[str] | None = None,
        with_metadata: bool = False,
        stop: threading.Event | None = None,
    ) -> TopicTail:
        """Return an iterator over the batches from `start` on that waits for new rows.

        Parameters
        ----------
        start
            Offset of the first row; the oldest by default.
        columns, with_metadata
            As in `splits`. The schema is fixed by the first batch.
        stop
            Ends the iteration within 0.1 s of being set; `TopicTail.stop` ends it at once.
        """
        first = self.start_offset if start is None else start
        self._check_offset(first, "start")
        return TopicTail(self, first, columns, with_metadata, stop)

    def verify(self) -> None:
        """Read every byte and compare checksums; raise `TopicCorruptError` if one differs."""
        with self.changed:
            segments = list(self._segments)
        for segment in segments:
            segment.verify()

    def cover(self, start: int, row_count_max: int) -> Cover:
        """Return what one segment has from `start` on, whole batches up to about this many rows."""
        with self.changed:
            i = self._find(start)
            segment = self._segments[i]
            end = segment.end_offset
        return _cover_segment(segment, start, min(end, start + row_count_max))

    def schema_of(self, columns: Sequence[str] | None, with_metadata: bool) -> pa.Schema:
        """Return the schema a reader gets as of now."""
        return read_schema(self._stored_schema(), columns, with_metadata, self.topic)

    def raise_if_closed(self) -> None:
        if self._closed is not None:
            raise TopicClosedError(self._closed)

    def begin_append(self) -> PartitionAppend:
        """Start an append; the caller holds the topic's append lock."""
        self.raise_if_closed()
        if self._writer is None and self._segments:
            last = self._segments[-1]
            self._writer = SegmentWriter(last, last.schema, create=False)
        return PartitionAppend(self._directory, self._writer, self.end_offset, self._options)

    def publish(self, append: PartitionAppend) -> None:
        """Make an append visible and wake those who wait for it."""
        with self.changed:
            self._writer, created = append.publish()
            self._segments.extend(created)
            self.changed.notify_all()

    def undo(self, append: PartitionAppend) -> None:
        """Remove an append that failed."""
        if not append.undo():
            self.close(
                f"topic {self.topic!r}: {self._directory}: the disk refused to remove a failed "
                "append; close the log and open it again"
            )

    def close(self, reason: str) -> None:
        """Close the files; appends and waiting readers raise `reason` from now on."""
        with self.changed:
            if self._closed is None:
                self._closed = reason
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self.changed.notify_all()

    def _cover(self, start: int | None, end: int | None) -> list[Cover]:
        with self.changed:
            start = self.start_offset if start is None else start
            end = self.end_offset if end is None else end
            self._check_offset(start, "start")
            self._check_offset(end, "end")
            if start >= end:
                return []
            segments = self._segments[self._find(start) :]
        covers = []
        for segment in segments:
            if segment.first_offset >= end:
                break
            first = max(start, segment.first_offset)
            covers.append(_cover_segment(segment, first, min(end, segment.end_offset)))
        return covers

    def _find(self, offset: int) -> int:
        low, high = 0, len(self._segments)
        while high - low > 1:
            middle = (low + high) // 2
            if self._segments[middle].first_offset <= offset:
                low = middle
            else:
                high = middle
        return low

    def _check_offset(self, offset: int, name: str) -> None:
        low, high = self.start_offset, self.end_offset
        if not low <= offset <= high:
            raise TopicValueError(
                f"topic {self.topic!r}, partition {self.number}: {name}={offset} is outside of "
                f"the offsets {low} to {high}"
            )


def _cover_segment(segment: Segment, start: int, end: int) -> Cover:
    index = segment.index
    # A batch with dictionaries needs those before it, unless it is copied: read from the start.
    first = 1 if segment.has_dictionaries else index.find(start)
    last = index.find(end - 1)
    return Cover(segment, first, last, start, end - start, start - index[first].first_offset)


def _prune(cover: Cover, pruning: Pruning) -> list[Cover]:
    """Return the parts of a cover whose batches may have rows that are wanted."""
    segment, index = cover.segment, cover.segment.index
    statistics = segment.statistics()
    kept = [
        number
        for number in range(cover.first_batch, cover.last_batch + 1)
        if pruning.judge(statistics.of(index[number]), segment.schema, index[number].row_count)
    ]
    if not kept:
        return []
    if len(kept) == cover.last_batch + 1 - cover.first_batch or segment.has_dictionaries:
        return [cover]
    runs = [[kept[0], kept[0]]]
    for number in kept[1:]:
        gap = index[number].first_offset - index[runs[-1][1]].end_offset
        if gap < _GAP_ROWS_MIN:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    end = cover.first_offset + cover.row_count
    parts = []
    for first, last in runs:
        start = max(cover.first_offset, index[first].first_offset)
        count = min(end, index[last].end_offset) - start
        parts.append(Cover(segment, first, last, start, count, start - index[first].first_offset))
    return parts
