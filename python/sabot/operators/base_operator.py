# SPDX-License-Identifier: Apache-2.0
"""The contract of an operator that is written in Python."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BaseOperator"]

Output = Any  # a RecordBatch, an iterable of them, or None


class BaseOperator:
    """Batches in, batches out; subclasses define `process_batch`.

    The same operator runs by itself over any source of batches, with ``for`` and ``async for``, and
    inside a job, where it is one instance that sees all rows, batch by batch.

    Parameters
    ----------
    source
        What ``for`` and ``async for`` read: an iterable or async iterable of
        `pyarrow.RecordBatch`, another operator, or None inside a job.

    Examples
    --------
    >>> import pyarrow as pa
    >>> class Doubled(BaseOperator):
    ...     def process_batch(self, batch):
    ...         return pa.record_batch({"n": pa.compute.multiply(batch["n"], 2)})
    >>> import pyarrow.compute
    >>> for batch in Doubled([pa.record_batch({"n": [1, 2]}), pa.record_batch({"n": [3]})]):
    ...     print(batch["n"].to_pylist())
    [2, 4]
    [6]
    """

    source: Iterable[pa.RecordBatch] | AsyncIterable[pa.RecordBatch] | None = None

    def __init__(
        self, source: Iterable[pa.RecordBatch] | AsyncIterable[pa.RecordBatch] | None = None
    ) -> None:
        self.source = source

    def process_batch(self, batch: pa.RecordBatch) -> Output:
        """Return what becomes of a batch: a batch, an iterable of batches, or None.

        Empty batches and None go nowhere.
        """
        raise NotImplementedError(f"{type(self).__name__} has no process_batch()")

    def process_morsel(self, morsel: Any) -> Output:
        """Return what becomes of a piece of a batch; by default as `process_batch`.

        Parameters
        ----------
        morsel
            A `pyarrow.RecordBatch`, or an object with one as ``batch``.
        """
        return self.process_batch(getattr(morsel, "batch", morsel))

    def open(self, ctx: Any) -> None:
        """Get ready; called once before the first batch. By default nothing."""

    def on_watermark(self, ts: int) -> Output:
        """Take note that no row with a time below `ts` (ms) follows. By default nothing."""
        return None

    def snapshot(self) -> Any:
        """Return the state, for a checkpoint. By default there is none."""
        return None

    def restore(self, obj: Any) -> None:
        """Take the state that `snapshot` returned. By default nothing."""

    def finish(self) -> Output:
        """Return the last rows, after the last batch. By default none."""
        return None

    def close(self) -> None:
        """Give back what `open` took; called once, also after a failure. By default nothing."""

    def requires_shuffle(self) -> bool:
        """Return whether rows with equal keys must meet in one instance."""
        return bool(self.get_partition_keys())

    def get_partition_keys(self) -> list[str] | None:
        """Return the columns that say which rows belong together; None by default."""
        return None

    def is_stateful(self) -> bool:
        """Return whether anything is kept from one batch to the next."""
        return type(self).snapshot is not BaseOperator.snapshot or self.requires_shuffle()

    def get_operator_name(self) -> str:
        """Return the name for logs and plans; by default that of the class."""
        return type(self).__name__

    def get_schema(self) -> pa.Schema | None:
        """Return the columns that come out; None (default) means: try it with an empty batch."""
        return None

    def get_parallelism_hint(self) -> int:
        """Return how many instances make sense."""
        return 1

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Process the whole source."""
        if self.source is None:
            raise TypeError(f"{self.get_operator_name()} has no source to iterate over")
        if not isinstance(self.source, Iterable):
            raise TypeError(
                f"the source of {self.get_operator_name()} is asynchronous; use 'async for'"
            )
        self.open(None)
        try:
            for batch in self.source:
                yield from batches_of(self.process_morsel(batch))
            yield from batches_of(self.finish())
        finally:
            self.close()

    async def __aiter__(self) -> AsyncIterator[pa.RecordBatch]:
        """Process the source until it ends or the loop is left."""
        if self.source is None:
            raise TypeError(f"{self.get_operator_name()} has no source to iterate over")
        self.open(None)
        try:
            async for batch in _async_batches(self.source):
                for output in batches_of(self.process_morsel(batch)):
                    yield output
            for output in batches_of(self.finish()):
                yield output
        finally:
            self.close()


def batches_of(output: Output) -> Iterator[pa.RecordBatch]:
    """Yield the batches that have rows of what `BaseOperator.process_batch` returned."""
    if output is None:
        return
    if hasattr(output, "num_rows"):
        output = output.to_batches() if hasattr(output, "to_batches") else [output]
    for batch in output:
        if batch.num_rows > 0:
            yield batch


async def _async_batches(
    source: Iterable[pa.RecordBatch] | AsyncIterable[pa.RecordBatch],
) -> AsyncIterator[pa.RecordBatch]:
    if isinstance(source, AsyncIterable):
        async for batch in source:
            yield batch
        return
    import asyncio

    for batch in source:
        yield batch
        await asyncio.sleep(0)  # a long finite source lets other tasks run
