# SPDX-License-Identifier: Apache-2.0
"""An embedded topic as a source: to the end it has now, or for ever."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sabot.connect.data_file import ReadCounts
from sabot.connect.feeder import Feeder
from sabot.connect.predicate import conjuncts
from sabot.connect.rows import project
from sabot.connect.sampling import table_statistics
from sabot.connect.source_filters import filters_of, read_columns
from sabot.connect.source_statistics import SourceStatistics, widened
from sabot.connect.statistics import Pruning
from sabot.connect.topic_store import open_log, topic_name
from sabot.errors import InvalidJobError

if TYPE_CHECKING:
    from sabot._core import Job
    from sabot.connect.source import Source, SourceSettings
    from sabot.connect.topic_log import Partition, Topic, TopicLog
    from sabot.execution.node import StreamOperatorNode
    from sabot.expressions import Expr

__all__ = ["BoundedTopicSource", "EndlessTopicSource", "open_topic"]

_SAMPLE_ROWS = 16_384  # of a batch that is looked at for statistics


class _TopicSource:
    """What both kinds share: the log, which stays open as long as rows are read."""

    is_reusable = False  # the end is where the topic is when the job starts

    def __init__(
        self, log: TopicLog, topic: Topic, schema: pa.Schema, starts: dict[int, int]
    ) -> None:
        self._log = log
        self._topic = topic
        self._starts = starts
        self._is_closed = False
        self.schema = schema

    def narrow(self, columns: Collection[str] | None, predicate: Expr | None = None) -> bool:
        """Do nothing: segments are mapped, and a column that nobody reads costs nothing."""
        return False

    def statistics(self, columns: Sequence[str]) -> SourceStatistics | None:
        """Return None: nobody knows how many rows will come."""
        return None

    def describe(self) -> str:
        """Return the topic, for errors."""
        return f"topic {self._topic.name!r}"

    def finish(self) -> None:
        """Do nothing: it has written nothing."""

    def close(self) -> None:
        """Let go of the log."""
        self._is_closed = True
        self._log.close()


class BoundedTopicSource(_TopicSource):
    """The rows a topic has when the source is made; read by the engine's threads.

    Attributes
    ----------
    counts
        What of the topic is read, and what statistics have spared.
    """

    is_endless = False

    def __init__(
        self, log: TopicLog, topic: Topic, schema: pa.Schema, starts: dict[int, int]
    ) -> None:
        super().__init__(log, topic, schema, starts)
        self._ends = topic.end_offsets()
        self._predicates: list[Expr] = []
        self._splits = topic.splits(starts, self._ends, columns=schema.names)
        self.row_count: int | None = sum(split.row_count for split in self._splits)
        self._all_splits = self._splits
        self.counts = ReadCounts(
            segments=len(self._splits),
            batches=sum(split.batch_count for split in self._splits),
            columns=len(schema),
        )

    def statistics(self, columns: Sequence[str]) -> SourceStatistics:
        """Return how many rows there are, and what batches of two segments tell of the columns."""
        total = sum(split.row_count for split in self._all_splits)
        if not self._all_splits or not columns or self._is_closed:
            return SourceStatistics(total)
        ends = sorted({0, len(self._all_splits) - 1})
        looked = [self._all_splits[index] for index in ends]
        samples = [split.sample(columns, _SAMPLE_ROWS) for split in looked]
        tables = [pa.Table.from_batches([batch]) for batch in samples]
        found = pa.concat_tables(tables, promote_options="permissive")
        names = [
            name
            for name in columns
            if name in found.schema.names
            and found.schema.field(name).type.equals(self.schema.field(name).type)
        ]
        told = table_statistics(found, names, total)
        columns_told = dict(told.columns)
        for edge in (edge for split in looked for edge in split.edges()):
            for name in set(names) & set(edge.columns) & set(columns_told):
                bounds = edge.columns[name]
                columns_told[name] = widened(columns_told[name], bounds.least, bounds.greatest)
        return SourceStatistics(total, columns_told)

    def narrow(self, columns: Collection[str] | None, predicate: Expr | None = None) -> bool:
        """Leave out the batches whose statistics exclude the predicate.

        Columns stay: segments are mapped, and one that nobody reads costs nothing.
        """
        if predicate is None:
            return False
        self._predicates += conjuncts(predicate)
        self._splits = self._topic.splits(
            self._starts,
            self._ends,
            columns=self.schema.names,
            pruning=Pruning(self._predicates, self.schema),
        )
        self._count()
        return True

    def _count(self) -> None:
        splits, counts = self._splits, self.counts
        total = counts.segments + counts.segments_skipped, counts.batches + counts.batches_skipped
        counts.segments = len({(split.partition, split.segment_offset) for split in splits})
        counts.batches = sum(split.batch_count for split in splits)
        counts.segments_skipped = total[0] - counts.segments
        counts.batches_skipped = total[1] - counts.batches
        self.row_count = sum(split.row_count for split in splits)

    def bind(self, job: Job, operator_id: str) -> Sequence[Feeder]:
        """Add one split per segment."""
        for split in self._splits:
            job.add_stream(
                operator_id,
                split.open(),
                skip_rows=split.skip_rows,
                limit_rows=split.limit_rows,
            )
        return ()


class EndlessTopicSource(_TopicSource):
    """The rows of a topic, and those to come; a thread per partition waits for them."""

    is_endless = True
    counts: ReadCounts | None = None
    row_count: int | None = None

    def bind(self, job: Job, operator_id: str) -> Sequence[Feeder]:
        """Return the threads that follow the partitions."""
        return [self._follow(job, operator_id, part) for part in self._topic.partitions]

    def _follow(self, job: Job, operator_id: str, partition: Partition) -> Feeder:
        tail = partition.tail(self._starts[partition.number], columns=self.schema.names)
        return Feeder(job, operator_id, _conformed(tail, self.schema), tail.stop)


def _conformed(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield batch if batch.schema.equals(schema) else batch.select(schema.names).cast(schema)


def open_topic(node: StreamOperatorNode, settings: SourceSettings) -> Source:
    """Return the source of a node with ``topic`` (or ``kafka_topic``).

    Raises
    ------
    InvalidJobError
        If there is no such topic, or it never had a row.
    """
    from sabot.connect.topic_log import TopicError

    title, name, parameters = node.title, topic_name(node), node.parameters
    log = open_log(node, settings.data_dir)
    try:
        if name not in log.topics():
            known = ", ".join(log.topics()) or "none"
            raise InvalidJobError(
                f"{title}: there is no topic {name!r} in {log.path}; the topics are: {known}. "
                "Write to it first, or create it with a schema"
            )
        topic = log.topic(name, create=False)
        schema = topic.schema
        names = project(schema, read_columns(node), title)
        schema = pa.schema([schema.field(column) for column in names])
        if not names:
            raise InvalidJobError(
                f"{title}: topic {name!r} has never had a row, so its columns are unknown; write "
                "to it first, or create it with a schema"
            )
        starts = _starts(topic, parameters, title)
        is_bounded = parameters.get("bounded")
        if is_bounded is None:
            is_bounded = not settings.is_streaming
        kind = BoundedTopicSource if is_bounded else EndlessTopicSource
        source = kind(log, topic, schema, starts)
        source.narrow(None, filters_of(node))
        return source
    except TopicError as error:
        log.close()
        raise InvalidJobError(f"{title}: {error}") from error
    except BaseException:
        log.close()
        raise


def _starts(topic: Topic, parameters: dict[str, Any], title: str) -> dict[int, int]:
    start = parameters.get("start", "earliest")
    if start == "latest":
        return topic.end_offsets()
    if start == "committed":
        group = parameters.get("group_id")
        if not group:
            raise InvalidJobError(
                f"{title}: parameter 'start': 'committed' needs parameter 'group_id', the group "
                "whose position it is"
            )
        return {**topic.start_offsets(), **topic.committed(group)}
    return topic.start_offsets()
