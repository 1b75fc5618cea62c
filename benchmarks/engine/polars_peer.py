# SPDX-License-Identifier: Apache-2.0
"""Polars, with both of its engines. POLARS_MAX_THREADS counts when this is imported."""

from __future__ import annotations

import os
from collections.abc import Callable

import polars as pl
import pyarrow as pa

STREAMING = "Polars: stream"
IN_MEMORY = "Polars: memory"


def frame_of(table: pa.Table) -> pl.LazyFrame:
    """Return the table as a frame in one piece, which Polars likes best."""
    frame = pl.from_arrow(table, rechunk=True)
    assert isinstance(frame, pl.DataFrame)
    return frame.lazy()


def polars_runs(query: pl.LazyFrame, threads: int) -> dict[str, Callable[[], pl.DataFrame]]:
    """Return the runs of a query.

    Raises
    ------
    RuntimeError
        If Polars was imported with another number of threads.
    """
    if pl.thread_pool_size() != threads:
        raise RuntimeError(
            f"Polars has {pl.thread_pool_size()} threads, not {threads}; POLARS_MAX_THREADS is "
            f"{os.environ.get('POLARS_MAX_THREADS')!r} and must be set before the import"
        )
    return {
        STREAMING: lambda: query.collect(engine="streaming"),
        IN_MEMORY: lambda: query.collect(engine="in-memory"),
    }
