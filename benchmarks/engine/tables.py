# SPDX-License-Identifier: Apache-2.0
"""Seeded rows for the engines to work on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_CHUNK_ROWS = 1 << 20  # DuckDB reads the chunks of a table side by side
_PARQUET_ROWS = 500_000  # per row group
SECTORS = ["Energy", "Materials", "Industrials", "Health Care", "Financials", "Utilities"]


def chunked(columns: dict[str, np.ndarray]) -> pa.Table:
    """Return a table of slices of the arrays."""
    return pa.Table.from_batches(pa.table(columns).to_batches(max_chunksize=_CHUNK_ROWS))


def spread(ids: np.ndarray) -> np.ndarray:
    """Return distinct int64 keys all over their range (the finalizer of splitmix64)."""
    x = ids.astype(np.uint64)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x.view(np.int64)


def numbers(rows: int, seed: int) -> pa.Table:
    """`k` uniform in 0..99, `v` uniform below a million."""
    random = np.random.default_rng(seed)
    return chunked({"k": random.integers(0, 100, rows), "v": random.integers(0, 10**6, rows)})


def probe_and_build(
    rows: int, build_rows: int, seed: int, *, is_dense: bool
) -> tuple[pa.Table, pa.Table]:
    """Distinct build keys in random order with an int64 `payload`; each probe key has a match."""
    random = np.random.default_rng(seed)
    keys = random.permutation(build_rows)
    probe = random.integers(0, build_rows, rows)
    if not is_dense:
        keys, probe = spread(keys), spread(probe)
    build = {"key": keys, "payload": random.integers(0, 10**6, build_rows)}
    return chunked({"key": probe}), chunked(build)


def grouped(rows: int, groups: int, seed: int, *, is_dense: bool) -> pa.Table:
    """`key` uniform over the groups, `v` int64 below a million, `x` float64 in [0, 1)."""
    random = np.random.default_rng(seed)
    keys = random.integers(0, groups, rows)
    return chunked(
        {
            "key": keys if is_dense else spread(keys),
            "v": random.integers(0, 10**6, rows),
            "x": random.random(rows),
        }
    )


def write_quotes(path: Path, rows: int, securities: int, seed: int, compression: str) -> None:
    """Quotes of random securities; 67 of 100 have a price over 100."""
    random = np.random.default_rng(seed)
    table = pa.table(
        {
            "quoteId": np.arange(rows),
            "instrumentId": random.integers(0, securities, rows),
            "price": np.round(random.uniform(1.0, 301.0, rows), 2),
            "size": random.integers(1, 10_000, rows),
            "timestamp": pa.array(1_700_000_000_000_000 + np.arange(rows), pa.timestamp("us")),
        }
    )
    pq.write_table(table, path, compression=compression, row_group_size=_PARQUET_ROWS)


def write_securities(path: Path, rows: int, seed: int, compression: str) -> None:
    """Securities with two columns more than the query wants."""
    random = np.random.default_rng(seed)
    ids = pa.array(random.permutation(rows))
    digits = pc.utf8_lpad(pc.cast(ids, pa.string()), width=8, padding="0")
    table = pa.table(
        {
            "ID": ids,
            "CUSIP": pc.binary_join_element_wise("C", digits, ""),
            "ISIN": pc.binary_join_element_wise("US", digits, "00", ""),
            "NAME": pc.binary_join_element_wise("Security number ", digits, ""),
            "SECTOR": pa.array(SECTORS).take(pa.array(random.integers(0, len(SECTORS), rows))),
            "COUNTRY": pa.array(["US", "CH", "JP"]).take(pa.array(random.integers(0, 3, rows))),
        }
    )
    pq.write_table(table, path, compression=compression)
