# SPDX-License-Identifier: Apache-2.0
"""What every file of rows offers, and what it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

if TYPE_CHECKING:
    from sabot._core import Job
    from sabot.connect.source_statistics import SourceStatistics
    from sabot.expressions import Expr

__all__ = ["DataFile", "ReadCounts", "ReadRequest"]

#: Called with file, position, bytes and reason of a malformed row, from any thread.
BadRowHandler = Callable[[str, int, bytes, str], object]


@dataclass
class ReadCounts:
    """What pruning has spared, for the result's metrics.

    Attributes
    ----------
    files, files_skipped
        Files opened, and files that partition values exclude.
    row_groups, row_groups_skipped
        Of Parquet files that are opened; skipped by their statistics.
    segments, segments_skipped
        Of a topic; skipped when all their batches are.
    batches, batches_skipped
        Of Arrow files that are mapped, and of topics; skipped by their statistics.
    columns, columns_skipped
        Of the source, read and not read.
    """

    files: int = 0
    files_skipped: int = 0
    row_groups: int = 0
    row_groups_skipped: int = 0
    segments: int = 0
    segments_skipped: int = 0
    batches: int = 0
    batches_skipped: int = 0
    columns: int = 0
    columns_skipped: int = 0


@dataclass(frozen=True)
class ReadRequest:
    """What a source wants of one of its files.

    Attributes
    ----------
    schema
        Columns and types to give; a column the file does not have is null.
    constants
        Columns of `schema` that are the same in every row of this file, as text; None is null.
    predicates
        Rows that fail one of these are not needed.
    split_count
        About so many splits should come of this file.
    on_bad_row
        Takes malformed rows; None if they fail the job or are only counted.
    counts
        To be added to.
    """

    schema: pa.Schema
    constants: dict[str, str | None] = field(default_factory=dict)
    predicates: Sequence[Expr] = ()
    split_count: int = 1
    on_bad_row: BadRowHandler | None = None
    counts: ReadCounts = field(default_factory=ReadCounts)


class DataFile(Protocol):
    """One file whose metadata has been read.

    Attributes
    ----------
    schema
        Its columns. A type that is not known (no value was seen) is null.
    row_count
        Rows, or None where the metadata does not tell.
    size
        Bytes on disk.
    """

    schema: pa.Schema
    row_count: int | None
    size: int

    def bind(self, job: Job, operator_id: str, request: ReadRequest) -> None:
        """Add splits that the engine's threads read, in the order of the rows."""
        ...

    def statistics(self, names: Sequence[str], piece_count: int) -> SourceStatistics:
        """Return what is known, or quickly found, of the rows.

        Parameters
        ----------
        names
            Columns of `schema` to tell of.
        piece_count
            So many row groups or batches may be looked at.
        """
        ...
