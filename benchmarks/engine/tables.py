# SPDX-License-Identifier: Apache-2.0
"""Seeded rows for the engines to work on."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_CHUNK_ROWS = 1 << 20  # DuckDB reads the chunks of a table side by side
_PARQUET_ROWS = 500_000  # per row group
SECTORS = ["Energy", "Materials", "Industrials", "Health Care", "Financials", "Utilities"]


def chunked(columns: Mapping[str, np.ndarray | pa.Array]) -> pa.Table:
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


class Keys(Enum):
    """What numbers 0, 1, 2, ... become as keys."""

    DENSE = "dense"  # themselves
    SPREAD = "spread"  # int64 all over its range
    PAIR = "pair"  # two int64 columns
    TEXT = "text"  # "customer-00000042": 17 bytes

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return ("key", "part") if self is Keys.PAIR else ("key",)

    @property
    def suffix(self) -> str:
        """Of the names of cases."""
        return "" if self is Keys.SPREAD else f"_{self.value}"

    def columns(self, ids: np.ndarray) -> dict[str, np.ndarray | pa.Array]:
        """Return the key columns of `ids`."""
        if self is Keys.DENSE:
            return {"key": ids}
        if self is Keys.SPREAD:
            return {"key": spread(ids)}
        if self is Keys.PAIR:
            return {"key": spread(ids // 10), "part": ids % 10}
        return {"key": _texts(ids)}


def _texts(ids: np.ndarray) -> pa.Array:
    distinct = pa.array(np.arange(ids.max(initial=0) + 1))
    digits = pc.utf8_lpad(pc.cast(distinct, pa.string()), width=8, padding="0")
    return pc.binary_join_element_wise("customer", digits, "-").take(pa.array(ids))


def probe_and_build(rows: int, build_rows: int, seed: int, keys: Keys) -> tuple[pa.Table, pa.Table]:
    """Distinct build keys in random order with an int64 `payload`; each probe key has a match."""
    random = np.random.default_rng(seed)
    build = keys.columns(random.permutation(build_rows))
    probe = keys.columns(random.integers(0, build_rows, rows))
    return chunked(probe), chunked(build | {"payload": random.integers(0, 10**6, build_rows)})


def grouped(rows: int, groups: int, seed: int, keys: Keys) -> pa.Table:
    """Keys uniform over the groups, `v` int64 below a million, `x` float64 in [0, 1)."""
    random = np.random.default_rng(seed)
    return chunked(
        keys.columns(random.integers(0, groups, rows))
        | {"v": random.integers(0, 10**6, rows), "x": random.random(rows)}
    )


def skewed(rows: int, groups: int, seed: int, hot_percent: int) -> pa.Table:
    """As `grouped`, but one key has so many of 100 rows."""
    random = np.random.default_rng(seed)
    ids = random.integers(0, groups, rows)
    ids[random.integers(0, 100, rows) < hot_percent] = groups // 2
    return chunked({"key": spread(ids), "v": random.integers(0, 10**6, rows)})


def distinct_keys(count: int) -> np.ndarray:
    """Return the keys that `grouped` and `skewed` draw from."""
    return spread(np.arange(count))


def sortable(rows: int, seed: int) -> pa.Table:
    """`n` int64 all over its range, `t` text of 17 bytes in random order, `x` and `v` beside."""
    random = np.random.default_rng(seed)
    ids = random.permutation(rows)
    return chunked(
        {
            "n": spread(ids),
            "t": _texts(ids),
            "x": random.random(rows),
            "v": random.integers(0, 10**6, rows),
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


def events(rows: int, accounts: int, seed: int) -> pa.Table:
    """Payments: `id`, `account`, `amount` below a thousand in cents, `city`, `at`."""
    random = np.random.default_rng(seed)
    cities = pa.array(["Zürich", "Paris", "London", "New York", "Tokyo", "Singapore"])
    return pa.table(
        {
            "id": np.arange(rows),
            "account": random.integers(0, accounts, rows),
            "amount": np.round(random.uniform(0.0, 1000.0, rows), 2),
            "city": cities.take(pa.array(random.integers(0, len(cities), rows))),
            "at": pa.array(1_700_000_000_000 + np.arange(rows), pa.timestamp("ms")),
        }
    )
