# SPDX-License-Identifier: Apache-2.0
"""What every source offers, and which one a SOURCE operator means."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sabot.errors import InvalidJobError

if TYPE_CHECKING:
    import pyarrow as pa

    from sabot._core import Job
    from sabot.connect.data_file import ReadCounts
    from sabot.connect.feeder import Feeder
    from sabot.connect.source_statistics import SourceStatistics
    from sabot.execution.node import StreamOperatorNode
    from sabot.expressions import Expr

__all__ = ["Source", "SourceSettings", "open_source"]


@dataclass(frozen=True)
class SourceSettings:
    """What a source must know beside its parameters.

    Attributes
    ----------
    is_streaming
        Whether topics go on for ever.
    data_dir
        Directory of the embedded topics.
    worker_count
        Engine threads that may read at the same time.
    """

    is_streaming: bool
    data_dir: str
    worker_count: int


class Source(Protocol):
    """Rows that can be bound to a job.

    Attributes
    ----------
    schema
        Of the rows, after projection.
    is_endless
        Whether rows may come for ever.
    is_reusable
        Whether it can wait, unused, for a later run of the graph.
    row_count
        How many rows there are, or None if nobody knows.
    """

    schema: pa.Schema
    is_endless: bool
    is_reusable: bool
    row_count: int | None

    @property
    def counts(self) -> ReadCounts | None:
        """What was read and what narrowing has spared; None where that is not counted."""
        ...

    def narrow(self, columns: Collection[str] | None, predicate: Expr | None = None) -> bool:
        """Read no more than is needed, from now on; called before `bind`, maybe more than once.

        Parameters
        ----------
        columns
            Columns of `schema` to give, in its order; None for all.
        predicate
            Rows that fail it are not needed. A source may leave out what it can tell cheaply (files
            of a hive partition, row groups) and gives the rest as it is: who needs the rows
            filtered filters them.

        Returns
        -------
        bool
            Whether that saves anything; if not, everything is as before.
        """
        ...

    def statistics(self, columns: Sequence[str]) -> SourceStatistics | None:
        """Return what is known, or found in about a millisecond, of all rows before any filter.

        Parameters
        ----------
        columns
            Columns of `schema` to tell of.
        """
        ...

    def bind(self, job: Job, operator_id: str) -> Sequence[Feeder]:
        """Add the splits to the job; return the threads that feed those the engine cannot pull."""
        ...

    def describe(self) -> str:
        """Return what is read, for errors: a path, a topic."""
        ...

    def finish(self) -> None:
        """Make visible what the source itself has written: the job has succeeded."""
        ...

    def close(self) -> None:
        """Give back what it holds; the job is over, or there was none."""
        ...


def open_source(node: StreamOperatorNode, settings: SourceSettings) -> Source | None:
    """Return the source of a node; None where the engine makes the rows, or finds the mistake.

    Raises
    ------
    InvalidJobError
        If what it names does not exist or cannot be read.
    """
    parameters = node.parameters
    kinds = [key for key in _OPENERS if parameters.get(key) is not None]
    if not kinds and parameters.get("generator") is None:
        raise InvalidJobError(
            f"{node.title}: nothing says what it reads; give one of: data, path, topic, generator"
        )
    if len(kinds) != 1 or parameters.get("generator") is not None:
        return None
    return _OPENERS[kinds[0]](node, settings)


def _open_memory(node: StreamOperatorNode, settings: SourceSettings) -> Source:
    from sabot.connect.memory_source import open_memory

    return open_memory(node, settings)


def _open_files(node: StreamOperatorNode, settings: SourceSettings) -> Source:
    from sabot.connect.file_source import open_files

    return open_files(node, settings)


def _open_topic(node: StreamOperatorNode, settings: SourceSettings) -> Source:
    from sabot.connect.topic_source import open_topic

    return open_topic(node, settings)


_OPENERS: dict[str, Any] = {
    "data": _open_memory,
    "table": _open_memory,
    "path": _open_files,
    "topic": _open_topic,
    "kafka_topic": _open_topic,
}
