# SPDX-License-Identifier: Apache-2.0
"""The base of operators that must see all rows of a key in one place."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Sequence

import pyarrow as pa

from sabot.operators.base_operator import BaseOperator
from sabot.operators.hash_partitioner import HashPartitioner

__all__ = ["ShuffledOperator"]


class ShuffledOperator(BaseOperator):
    """An operator whose rows are spread over its tasks by key; subclasses define `process_batch`.

    In one process it is one task and owns every row. `set_shuffle_config` says which of how many
    tasks this object is; `partition` and `owned_rows` then follow the engine's hash.

    Parameters
    ----------
    partition_keys
        Columns that say which rows belong together.
    source
        As of `BaseOperator`.

    Examples
    --------
    >>> class Last(ShuffledOperator):
    ...     def process_batch(self, batch):
    ...         return batch.slice(batch.num_rows - 1)
    >>> operator = Last(["k"])
    >>> operator.set_shuffle_config(num_partitions=4, task_index=1)
    >>> (operator.requires_shuffle(), operator.get_partition_keys(), operator.get_num_partitions())
    (True, ['k'], 4)
    """

    def __init__(
        self,
        partition_keys: Sequence[str] | str,
        source: Iterable[pa.RecordBatch] | AsyncIterable[pa.RecordBatch] | None = None,
    ) -> None:
        super().__init__(source)
        keys = [partition_keys] if isinstance(partition_keys, str) else list(partition_keys)
        if not keys or not all(isinstance(key, str) for key in keys):
            raise ValueError(
                f"{type(self).__name__}: partition_keys are {keys!r}; expected names of columns"
            )
        self._partition_keys = keys
        self.set_shuffle_config(1)

    def set_shuffle_config(
        self, num_partitions: int, task_index: int = 0, max_parallelism: int = 128
    ) -> None:
        """Say how many tasks there are, and which one this is.

        Raises
        ------
        ValueError
            If there cannot be so many tasks, or no such one.
        """
        partitioner = HashPartitioner(max_parallelism)
        name = type(self).__name__
        if not isinstance(num_partitions, int) or not 1 <= num_partitions <= max_parallelism:
            raise ValueError(
                f"{name}: num_partitions is {num_partitions!r}; allowed: 1 to {max_parallelism}, "
                "the max_parallelism"
            )
        if not isinstance(task_index, int) or not 0 <= task_index < num_partitions:
            raise ValueError(
                f"{name}: task_index is {task_index!r}; allowed: 0 to {num_partitions - 1}"
            )
        self._partitioner = partitioner
        self._num_partitions = num_partitions
        self._task_index = task_index

    def get_num_partitions(self) -> int:
        """Return how many tasks share the rows."""
        return self._num_partitions

    def get_partition_keys(self) -> list[str]:
        """Return the columns that say which rows belong together."""
        return list(self._partition_keys)

    def requires_shuffle(self) -> bool:
        """Return True: rows with equal keys must meet."""
        return True

    def get_parallelism_hint(self) -> int:
        """Return how many tasks share the rows."""
        return self._num_partitions

    def partition(self, batch: pa.RecordBatch) -> list[pa.RecordBatch]:
        """Return a batch per task."""
        return self._partitioner.partition(batch, self._partition_keys, self._num_partitions)

    def owned_rows(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows that belong to this task."""
        return self.partition(batch)[self._task_index]
