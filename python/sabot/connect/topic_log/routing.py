# SPDX-License-Identifier: Apache-2.0
"""Which partition a record goes to: by the hash of its key, else batch by batch in turn."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from .schema import KEY

#: Gives one uint64 per key; equal keys give equal hashes on every machine, for ever.
KeyHash = Callable[[pa.Array], pa.Array]


def hash_keys(keys: pa.Array) -> pa.Array:
    """Return the engine's stable hash of each key; null stays null.

    Widths of integers do not matter, -0.0 equals 0.0, and all NaN are equal: what is one key to a
    join or a group is in one partition.
    """
    from sabot._core import hash_rows

    if isinstance(keys, pa.DictionaryArray):
        keys = keys.dictionary_decode()
    if len(keys) == 0:
        return pa.array([], pa.uint64())
    content = pa.py_buffer(hash_rows(pa.record_batch([keys], ["key"])))
    hashes = pa.Array.from_buffers(pa.uint64(), len(keys), [None, content])
    return pc.if_else(keys.is_valid(), hashes, None) if keys.null_count else hashes


class Router:
    """Spreads the batches of one topic over its partitions.

    Parameters
    ----------
    partition_count
        At least 1.
    key_hash
        Partition = hash mod `partition_count`.
    """

    def __init__(self, partition_count: int, key_hash: KeyHash) -> None:
        self._partition_count = partition_count
        self._key_hash = key_hash
        self._turn = 0

    def route(self, batch: pa.RecordBatch) -> list[tuple[int, pa.RecordBatch]]:
        """Return the parts of `batch` with their partitions; rows keep their order in each."""
        if batch.num_rows == 0:
            return []
        if self._partition_count == 1:
            return [(0, batch)]
        if KEY not in batch.schema.names:
            return [(self._next_turn(), batch)]
        keys = batch.column(KEY)
        if keys.null_count == len(keys):
            return [(self._next_turn(), batch)]
        count = pa.scalar(self._partition_count, pa.uint64())
        numbers = pc.modulo(self._key_hash(keys), count).cast(pa.int32())
        if keys.null_count:
            numbers = pc.fill_null(numbers, self._next_turn())
        parts = []
        for number in sorted(pc.unique(numbers).to_pylist()):
            parts.append((number, batch.filter(pc.equal(numbers, number))))
        return parts

    def _next_turn(self) -> int:
        number = self._turn
        self._turn = (number + 1) % self._partition_count
        return number
