# SPDX-License-Identifier: Apache-2.0
"""One query over one set of rows, as each engine says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Settings:
    """How large and how often.

    Attributes
    ----------
    rows
        Of the large side.
    rounds
        Timed turns of each engine.
    patience
        Seconds to wait for a quiet machine.
    threads
        Of each engine.
    seed
        Of the rows.
    folder
        For files; exists, and is removed afterwards.
    """

    rows: int
    rounds: int
    patience: float
    threads: int
    seed: int
    folder: Path


@dataclass(frozen=True)
class Contest:
    """A case that is ready to run.

    Attributes
    ----------
    rows
        Rows that the query reads on its large side.
    runs
        By ``engine`` or ``engine: variant``; each returns the whole result as `result.table_of`
        takes it.
    keys
        Columns that order the result; none when it has one row.
    """

    rows: int
    runs: Mapping[str, Callable[[], Any]]
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """A row of the report; `prepare` makes the rows and everything that is not timed."""

    name: str
    title: str
    prepare: Callable[[Settings], Contest]
