# SPDX-License-Identifier: Apache-2.0
"""An operator whose batches are worked on in pieces, by every processor."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import Any

import pyarrow as pa

from sabot.operators.base_operator import BaseOperator
from sabot.operators.parallel_processor import SPLIT_ROWS_MIN, ParallelProcessor

__all__ = ["MorselDrivenOperator"]


class MorselDrivenOperator(BaseOperator):
    """Wraps an operator: batches of 10,000 rows and more go to it as morsels, several at once.

    The result is that of the wrapped operator alone, in the same order. An operator that keeps
    something from one batch to the next (`BaseOperator.is_stateful`, or a ``finish`` of its own)
    gets whole batches, one after another. A failing morsel fails the batch.

    Parameters
    ----------
    wrapped_operator
        Its ``process_morsel`` is called by several threads at once.
    num_workers, morsel_size_kb
        As of `ParallelProcessor`.
    enabled
        False lets everything through to the wrapped operator.

    Examples
    --------
    >>> class Halved(BaseOperator):
    ...     def process_batch(self, batch):
    ...         return batch.slice(0, batch.num_rows // 2)
    >>> operator = MorselDrivenOperator(Halved([pa.record_batch({"n": range(100)})]))
    >>> [batch.num_rows for batch in operator]
    [50]
    """

    def __init__(
        self,
        wrapped_operator: BaseOperator,
        num_workers: int = 0,
        morsel_size_kb: int = 64,
        enabled: bool = True,
    ) -> None:
        if not hasattr(wrapped_operator, "process_batch"):
            raise TypeError(
                "MorselDrivenOperator: expected an operator with process_batch(), found "
                f"{wrapped_operator!r}"
            )
        self.wrapped_operator = wrapped_operator
        self.enabled = enabled
        self._processor = ParallelProcessor(num_workers, morsel_size_kb)

    @property
    def source(self) -> Iterable[pa.RecordBatch] | AsyncIterable[pa.RecordBatch] | None:  # type: ignore[override]
        """What the wrapped operator reads."""
        return getattr(self.wrapped_operator, "source", None)

    def process_batch(self, batch: pa.RecordBatch) -> Any:
        """Return the wrapped operator's rows, in the order of the batch."""
        if not self.enabled or self._is_sequential():
            return self.wrapped_operator.process_batch(batch)
        process = getattr(self.wrapped_operator, "process_morsel", None)
        process = process or self.wrapped_operator.process_batch
        if batch.num_rows < SPLIT_ROWS_MIN:
            return process(batch)
        return self._processor.process(batch, process)

    def open(self, ctx: Any) -> None:
        """Open the wrapped operator."""
        self.wrapped_operator.open(ctx)

    def on_watermark(self, ts: int) -> Any:
        """Tell the wrapped operator."""
        return self.wrapped_operator.on_watermark(ts)

    def snapshot(self) -> Any:
        """Return the wrapped operator's state."""
        return self.wrapped_operator.snapshot()

    def restore(self, obj: Any) -> None:
        """Give the wrapped operator its state."""
        self.wrapped_operator.restore(obj)

    def finish(self) -> Any:
        """Return the wrapped operator's last rows."""
        return self.wrapped_operator.finish()

    def close(self) -> None:
        """Close the wrapped operator."""
        self.wrapped_operator.close()

    def get_partition_keys(self) -> list[str] | None:
        """Return the wrapped operator's keys."""
        return self.wrapped_operator.get_partition_keys()

    def is_stateful(self) -> bool:
        """Return whether the wrapped operator keeps anything."""
        return self.wrapped_operator.is_stateful()

    def get_operator_name(self) -> str:
        """Return the wrapped operator's name."""
        return self.wrapped_operator.get_operator_name()

    def get_schema(self) -> pa.Schema | None:
        """Return the wrapped operator's columns."""
        return self.wrapped_operator.get_schema()

    def get_parallelism_hint(self) -> int:
        """Return the number of workers."""
        return self._processor.num_workers

    def _is_sequential(self) -> bool:
        cls = type(self.wrapped_operator)
        has_end = getattr(cls, "finish", BaseOperator.finish) is not BaseOperator.finish
        return has_end or self.wrapped_operator.is_stateful()
