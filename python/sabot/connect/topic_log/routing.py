# SPDX-License-Identifier: Apache-2.0
"""Which partition a record goes to: by the hash of its key, else batch by batch in turn."""

import hashlib
import math
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .schema import KEY

#: Gives one uint64 per key; equal keys give equal hashes on every machine, for ever.
KeyHash = Callable[[pa.Array], pa.Array]


def hash_keys(keys: pa.Array) -> pa.Array:
    """Hash each distinct key once with BLAKE2b; null stays null.

    Widths of integers do not matter, -0.0 equals 0.0, and all NaN are equal. The engine's own hash
    takes this place where the engine is loaded (`TopicLog(hash_keys=...)`).
    """
    encoded = keys if isinstance(keys, pa.DictionaryArray) else pc.dictionary_encode(keys)
    distinct = encoded.dictionary.to_pylist()
    hashes = [None if key is None else _hash(key) for key in distinct]
    return pa.array(hashes, pa.uint64()).take(encoded.indices)


def _hash(key: Any) -> int:
    if isinstance(key, float):
        key = "nan" if math.isnan(key) else int(key) if key.is_integer() else key
    kind = "s" if isinstance(key, str) else "b" if isinstance(key, bytes) else "v"
    content = key if isinstance(key, bytes) else str(key).encode()
    return int.from_bytes(
        hashlib.blake2b(content, digest_size=8, person=kind.encode()).digest(), "little"
    )


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
