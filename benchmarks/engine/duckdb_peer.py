# SPDX-License-Identifier: Apache-2.0
"""DuckDB, in this process, in memory.

It is asked twice: over the Arrow tables where they are, and over its own tables, which it may lay
out and count as it likes. Order need not be kept, since Sabot's joins and groups keep none either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import pyarrow as pa

ARROW = "DuckDB: arrow"
OWN = "DuckDB: own"
OWN_TO_OWN = "DuckDB: own to own"


class DuckDBPeer:
    """A database with every table as ``<name>_arrow`` and ``<name>_own``."""

    def __init__(self, tables: Mapping[str, pa.Table], threads: int) -> None:
        self._tables = tuple(tables)
        self._connection = duckdb.connect(config={"threads": threads})
        self._connection.execute("SET preserve_insertion_order = false")
        for name, table in tables.items():
            self._connection.register(f"{name}_arrow", table)
            self._connection.execute(f"CREATE TABLE {name}_own AS SELECT * FROM {name}_arrow")

    def fetch(self, query: str) -> Callable[[], pa.Table]:
        """Return a run of `query` as it is, to an Arrow table."""
        return lambda: self._connection.sql(query).to_arrow_table()

    def execute(self, statement: str) -> None:
        """Do something whose result is not looked at."""
        self._connection.execute(statement)

    def runs(self, query: str, *, is_large: bool = False) -> dict[str, Callable[[], Any]]:
        """Return the runs of a query that names its tables in braces, like ``{numbers}``.

        Parameters
        ----------
        is_large
            The result is, so that its export counts: also ask for a table of DuckDB's own.
        """
        own = query.format(**{name: f"{name}_own" for name in self._tables})
        arrow = query.format(**{name: f"{name}_arrow" for name in self._tables})
        runs: dict[str, Callable[[], Any]] = {ARROW: self.fetch(arrow), OWN: self.fetch(own)}
        if is_large:
            runs[OWN_TO_OWN] = self.store(own)
        return runs

    def store(self, query: str) -> Callable[[], Callable[[], pa.Table]]:
        """Return a run of `query` into a table of DuckDB's own."""

        def run() -> Callable[[], pa.Table]:
            self._connection.execute(f"CREATE OR REPLACE TABLE result AS {query}")
            return self.fetch("FROM result")

        return run
