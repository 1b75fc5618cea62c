# SPDX-License-Identifier: Apache-2.0
"""Following a partition: batches as they are appended, for the thread behind a streaming source."""

import threading
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from .schema import conform_batch

if TYPE_CHECKING:
    from .partition import Partition

_EVENT_POLL_SECONDS = 0.1
_ROWS_PER_READ_MAX = 65_536


class TopicTail:
    """An iterator over the batches of a partition that waits at the end for more.

    Small batches that are there already come joined, so that a reader that lags catches up fast.
    One thread reads; any thread may call `stop`.

    Attributes
    ----------
    position
        Offset of the row that comes next: what to commit once the batches so far are processed.
    """

    def __init__(
        self,
        partition: "Partition",
        start: int,
        columns: Sequence[str] | None,
        with_metadata: bool,
        stop: threading.Event | None,
    ) -> None:
        self.position = start
        self._partition = partition
        self._columns = columns
        self._with_metadata = with_metadata
        self._event = stop
        self._stopped = False
        self._schema: pa.Schema | None = None

    def stop(self) -> None:
        """End the iteration, also while it waits."""
        with self._partition.changed:
            self._stopped = True
            self._partition.changed.notify_all()

    @property
    def is_stopped(self) -> bool:
        return self._stopped or (self._event is not None and self._event.is_set())

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return self

    def __next__(self) -> pa.RecordBatch:
        batch = self.read()
        if batch is None:
            raise StopIteration
        return batch

    def read(self, timeout: float | None = None) -> pa.RecordBatch | None:
        """Return the next batch; None if stopped, or if `timeout` seconds bring no row.

        Raises
        ------
        TopicClosedError
            If the topic is closed or deleted meanwhile.
        """
        if not self._wait(timeout):
            return None
        if self._schema is None:
            self._schema = self._partition.schema_of(self._columns, self._with_metadata)
        cover = self._partition.cover(self.position, _ROWS_PER_READ_MAX)
        first = cover.segment.index.find(self.position)
        batches = cover.segment.batches(first, cover.last_batch, self._schema.names)
        skip = self.position - cover.segment.index[first].first_offset
        with cover.segment.reading():
            if len(batches) > 1:  # joining follows offsets, which a damaged file may have wrong
                for batch in batches:
                    batch.validate(full=True)
            joined = batches[0] if len(batches) == 1 else pa.concat_batches(batches)
            rows = joined.slice(skip, cover.row_count)
            batch = conform_batch(rows, self._schema, self._partition.topic)
        self.position += batch.num_rows
        return batch

    def _wait(self, timeout: float | None) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        partition = self._partition
        with partition.changed:
            while not self.is_stopped:
                partition.raise_if_closed()
                if partition.end_offset > self.position:
                    return True
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return False
                if self._event is not None:
                    left = min(_EVENT_POLL_SECONDS, left or _EVENT_POLL_SECONDS)
                partition.changed.wait(left)
        return False
