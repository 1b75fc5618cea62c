# SPDX-License-Identifier: Apache-2.0
"""Rows of a batch by their hive partition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sabot.connect.hive import folder_of

__all__ = ["split_by_partition"]

_PLAIN_OF = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}


def split_by_partition(
    batch: pa.RecordBatch, names: Sequence[str]
) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield the folder and the rows, without the partition columns, of each partition.

    Rows keep their order within a partition. The batch is gathered once, whatever the number of
    partitions.
    """
    keys = [batch.column(name).cast(pa.string()) for name in names]
    code = np.zeros(batch.num_rows, np.int64)
    for key in keys:
        encoded = pc.dictionary_encode(key, null_encoding="encode")
        indices = encoded.indices.to_numpy(zero_copy_only=False)
        # Numbered anew for each column, so that no product of counts overflows.
        code = np.unique(code * len(encoded.dictionary) + indices, return_inverse=True)[1]
    order = np.argsort(code, kind="stable")
    bounds = np.flatnonzero(np.diff(code[order], prepend=-1, append=-1))
    rest = batch.select([name for name in batch.schema.names if name not in names])
    rows = rest if code[order[0]] == code[order[-1]] else _gather(rest, order)
    for begin, end in pairwise(bounds):
        row = int(order[begin])
        values = [key[row].as_py() for key in keys]
        yield folder_of(names, values), rows.slice(int(begin), int(end - begin))


def _gather(batch: pa.RecordBatch, order: np.ndarray) -> pa.RecordBatch:
    """Return the rows in another order."""
    indices = pa.array(order)
    columns = [_gather_column(column, indices) for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _gather_column(column: pa.Array, indices: pa.Array) -> pa.Array:
    plain = _PLAIN_OF.get(column.type)
    if plain is not None:
        return column.cast(plain).take(indices).cast(column.type)
    try:
        return column.take(indices)
    except pa.ArrowNotImplementedError:  # run ends, and what has views inside
        pieces = [column.slice(i, 1) for i in indices.to_pylist()]
        return pa.concat_arrays(pieces)
