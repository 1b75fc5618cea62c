# SPDX-License-Identifier: Apache-2.0
"""Which task owns a row: the engine's one hash, as an object."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from sabot._core import hash_rows

__all__ = ["HashPartitioner"]


class HashPartitioner:
    """Spreads rows over tasks by their keys, as every keyed operator of the engine does.

    ``key_group = hash mod max_parallelism``, ``task = floor(key_group * n / max_parallelism)``. The
    hash is equal on every machine, in every process and version; widths of integers do not matter,
    -0.0 equals 0.0, all NaN are equal, and null is a key, too.

    Parameters
    ----------
    max_parallelism
        Key groups: the most tasks there can ever be.

    Examples
    --------
    >>> batch = pa.record_batch({"k": ["a", "b", "a", "c"], "n": [1, 2, 3, 4]})
    >>> [part["n"].to_pylist() for part in HashPartitioner().partition(batch, ["k"], 2)]
    [[2], [1, 3, 4]]
    """

    def __init__(self, max_parallelism: int = 128) -> None:
        if not isinstance(max_parallelism, int) or not 1 <= max_parallelism <= 2**15:
            raise ValueError(
                f"HashPartitioner: max_parallelism is {max_parallelism!r}; allowed: 1 to 32768"
            )
        self.max_parallelism = max_parallelism

    def hashes(self, batch: pa.RecordBatch, keys: Sequence[str] | str) -> np.ndarray:
        """Return the 64-bit hash of each row's keys, as uint64.

        Raises
        ------
        ValueError
            If there is no such column.
        """
        names = [keys] if isinstance(keys, str) else list(keys)
        missing = [name for name in names if name not in batch.schema.names]
        if missing or not names:
            raise ValueError(
                f"HashPartitioner: keys are {names}; the columns are: "
                f"{', '.join(batch.schema.names)}"
            )
        return np.frombuffer(hash_rows(batch.select(names)), np.uint64)

    def key_groups(self, batch: pa.RecordBatch, keys: Sequence[str] | str) -> np.ndarray:
        """Return the key group of each row, as int64."""
        return (self.hashes(batch, keys) % np.uint64(self.max_parallelism)).astype(np.int64)

    def tasks(self, batch: pa.RecordBatch, keys: Sequence[str] | str, n: int) -> np.ndarray:
        """Return the task of each row among `n`, as int64."""
        if not isinstance(n, int) or not 1 <= n <= self.max_parallelism:
            raise ValueError(
                f"HashPartitioner: {n!r} partitions; allowed: 1 to {self.max_parallelism}, the "
                "max_parallelism"
            )
        return self.key_groups(batch, keys) * n // self.max_parallelism

    def partition(
        self, batch: pa.RecordBatch, keys: Sequence[str] | str, n: int
    ) -> list[pa.RecordBatch]:
        """Return `n` batches, one per task, each with its rows in their order."""
        tasks = self.tasks(batch, keys, n)
        if n == 1:
            return [batch]
        gathered = batch.take(pa.array(np.argsort(tasks, kind="stable")))
        ends = np.cumsum(np.bincount(tasks, minlength=n))
        starts = [0, *ends[:-1].tolist()]
        return [
            gathered.slice(start, end - start)
            for start, end in zip(starts, ends.tolist(), strict=True)
        ]
