# SPDX-License-Identifier: Apache-2.0
"""One topic: appends that hold as a whole, reading over its partitions, positions of groups."""

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from sabot.connect.statistics import Pruning

from .durable import flush_directory
from .errors import TopicClosedError, TopicValueError, TopicWriteError, UnknownTopicError
from .metadata import FILE_NAME, TopicMetadata
from .options import TopicLogOptions
from .partition import Partition
from .positions import GroupPositions
from .records import add_metadata
from .routing import Router
from .schema import (
    EMPTY_STORED,
    check_value_columns,
    conform_batch,
    visible_schema,
    widen_schema,
    written_schema,
)
from .split import TopicSplit
from .values import to_batches
from .writer import PartitionAppend

_GROUPS = "groups"


class Topic:
    """A named, durable log of Arrow rows in one or more partitions; made by `TopicLog.topic`.

    All methods may be called from any thread. Appends to one topic go one after the other.
    """

    def __init__(self, name: str, directory: Path, options: TopicLogOptions) -> None:
        self.name = name
        self._directory = directory
        self._options = options
        self._owner_pid = os.getpid()
        self._append_lock = threading.Lock()  # guards the metadata and every partition's tail
        self._metadata = TopicMetadata.load(directory)
        count = self._metadata.partition_count
        self._router = Router(count, options.hash_keys)
        self._positions = GroupPositions(directory / _GROUPS, durable=options.is_durable)
        self._partitions = tuple(
            Partition(
                name,
                number,
                directory / str(number),
                lambda: self._metadata.stored_schema,
                write_options=options.write_options,
                on_damage=options.on_damage,
            )
            for number in range(count)
        )
        self._adopt_segment_schemas()

    @staticmethod
    def create_files(
        directory: Path, partition_count: int, schema: pa.Schema | None, options: TopicLogOptions
    ) -> None:
        """Make the files of a new topic; the last one written makes it exist."""
        topic = directory.name
        stored = EMPTY_STORED
        if schema is not None:
            check_value_columns(schema, topic)
            stored = widen_schema(stored, schema, topic=topic, is_inferred=False)
        for name in (_GROUPS, *map(str, range(partition_count))):
            (directory / name).mkdir(parents=True, exist_ok=True)
        TopicMetadata(partition_count, options.clock_ms(), stored).save(directory)
        flush_directory(directory)
        flush_directory(directory.parent)

    @staticmethod
    def exists_at(directory: Path) -> bool:
        return (directory / FILE_NAME).is_file()

    @property
    def schema(self) -> pa.Schema:
        """The value columns, all nullable; those never seen with a value are of type null."""
        return visible_schema(self._metadata.stored_schema)

    @property
    def partitions(self) -> tuple[Partition, ...]:
        return self._partitions

    def partition(self, number: int) -> Partition:
        """Return one partition."""
        if number not in range(len(self._partitions)):
            raise UnknownTopicError(
                f"topic {self.name!r} has no partition {number!r}; it has "
                f"0 to {len(self._partitions) - 1}"
            )
        return self._partitions[number]

    def start_offsets(self) -> dict[int, int]:
        """Return the offset of the oldest row of each partition."""
        return {partition.number: partition.start_offset for partition in self._partitions}

    def end_offsets(self) -> dict[int, int]:
        """Return the offset of the next row of each partition."""
        return {partition.number: partition.end_offset for partition in self._partitions}

    def check_fits(self, schema: pa.Schema) -> None:
        """Raise `TopicSchemaError` if rows of these columns could not be appended."""
        check_value_columns(schema, self.name)
        widen_schema(self._metadata.stored_schema, schema, topic=self.name, is_inferred=False)

    def append(
        self,
        data: Any,
        *,
        format: str = "arrow",
        keys: Any = None,
        key_column: str | None = None,
        timestamps: Any = None,
        timestamp_column: str | None = None,
        partition: int | None = None,
    ) -> dict[int, tuple[int, int]]:
        """Append rows; they are durable (see `TopicLog`) and visible when this returns.

        Parameters
        ----------
        data
            A table, batch, anything with ``__arrow_c_stream__`` or ``__arrow_c_array__``, or a list
            of these; a dict or a list of dicts; one or more plain values (column ``value``).
        format
            ``'json'``: `data` is JSON text, one value per line.
        keys, key_column
            The records' keys: one for all, one per row, or the name of a column. They choose the
            partition: hash of the key modulo the number of partitions.
        timestamps, timestamp_column
            The records' timestamps: integers (ms) or Arrow timestamps; now by default.
        partition
            Put all rows there. Without it and without keys, batches take turns.

        Returns
        -------
        dict
            First and last offset of the rows in each partition that got some.

        Raises
        ------
        TopicSchemaError
            A column does not fit the topic; nothing was written.
        TopicValueError
            The data or an argument makes no sense; nothing was written.
        TopicWriteError
            The disk refused; nothing is visible and the topic can be used.
        """
        batches, is_inferred = to_batches(data, format, self.name)
        for batch in batches:
            check_value_columns(batch.schema, self.name)
        batches = add_metadata(
            batches,
            keys=keys,
            key_column=key_column,
            timestamps=timestamps,
            timestamp_column=timestamp_column,
            now_ms=self._options.clock_ms(),
            topic=self.name,
        )
        with self._append_lock:
            return self._append(batches, is_inferred, partition)

    def splits(
        self,
        starts: Mapping[int, int] | None = None,
        ends: Mapping[int, int] | None = None,
        *,
        columns: Sequence[str] | None = None,
        with_metadata: bool = False,
        pruning: Pruning | None = None,
    ) -> list[TopicSplit]:
        """Return the splits of all partitions; see `Partition.splits`.

        `starts` and `ends` give offsets by partition; those missing mean the oldest row and now.
        """
        starts, ends = starts or {}, ends or {}
        return [
            split
            for partition in self._partitions
            for split in partition.splits(
                starts.get(partition.number),
                ends.get(partition.number),
                columns=columns,
                with_metadata=with_metadata,
                pruning=pruning,
            )
        ]

    def read(
        self, *, columns: Sequence[str] | None = None, with_metadata: bool = False
    ) -> pa.Table:
        """Return every row, partition after partition; see `Partition.read`."""
        tables = [p.read(columns=columns, with_metadata=with_metadata) for p in self._partitions]
        # A column may have become known between two partitions: take the widest schema.
        return pa.concat_tables(tables, promote_options="default")

    def commit(self, group: str, offsets: Mapping[int, int]) -> None:
        """Note the offset that `group` reads next, for some partitions, all at once.

        Raises
        ------
        TopicValueError
            If an offset lies behind the end; no position changed.
        """
        self._raise_if_foreign()
        for number, offset in offsets.items():
            end = self.partition(number).end_offset
            if not 0 <= offset <= end:
                raise TopicValueError(
                    f"topic {self.name!r}, group {group!r}: offset {offset} of partition {number} "
                    f"is outside of 0 to {end}"
                )
        self._positions.commit(group, offsets)

    def committed(self, group: str) -> dict[int, int]:
        """Return the offset that `group` reads next, by partition; empty if it never committed."""
        return self._positions.committed(group)

    def groups(self) -> list[str]:
        """Return the groups that have committed positions."""
        return self._positions.groups()

    def verify(self) -> None:
        """Compare every stored byte with its checksum; raise `TopicCorruptError` if one differs."""
        for partition in self._partitions:
            partition.verify()

    def close(self, reason: str) -> None:
        """Close the files (`TopicLog` does it)."""
        with self._append_lock:
            for partition in self._partitions:
                partition.close(reason)

    def _append(
        self, batches: list[pa.RecordBatch], is_inferred: bool, partition: int | None
    ) -> dict[int, tuple[int, int]]:
        self._raise_if_foreign()
        old = stored = self._metadata.stored_schema
        for batch in batches:
            stored = widen_schema(stored, batch.schema, topic=self.name, is_inferred=is_inferred)
        written = written_schema(stored)
        routed: dict[int, list[pa.RecordBatch]] = {}
        for batch in batches:
            conformed = conform_batch(batch, written, self.name)
            for number, part in self._route(conformed, partition):
                routed.setdefault(number, []).append(part)

        appends: dict[int, PartitionAppend] = {}
        try:
            for number in routed:
                appends[number] = self.partition(number).begin_append()
            for number, parts in routed.items():
                for part in parts:
                    appends[number].write(part)
            for append in appends.values():
                append.flush()
            if stored is not old:
                self._save_schema(stored)
        except BaseException as error:
            for number, append in appends.items():
                self._partitions[number].undo(append)
            if isinstance(error, OSError):
                raise TopicWriteError(
                    f"topic {self.name!r}: {self._directory}: the append failed and left nothing "
                    f"behind: {error}; make room or mend the disk, then append again"
                ) from error
            raise
        for number, append in appends.items():
            self._partitions[number].publish(append)
        return {number: append.offsets for number, append in appends.items()}

    def _route(
        self, batch: pa.RecordBatch, partition: int | None
    ) -> list[tuple[int, pa.RecordBatch]]:
        if partition is None:
            return self._router.route(batch)
        return [(self.partition(partition).number, batch)] if batch.num_rows else []

    def _save_schema(self, stored: pa.Schema) -> None:
        metadata = TopicMetadata(self._metadata.partition_count, self._metadata.created_ms, stored)
        metadata.save(self._directory)
        self._metadata = metadata

    def _adopt_segment_schemas(self) -> None:
        """Take columns from segments whose append ended before it could note them."""
        stored = self._metadata.stored_schema
        for partition in self._partitions:
            segment = partition.segment_schema
            if segment is not None:
                stored = widen_schema(stored, segment, topic=self.name, is_inferred=False)
        if stored is not self._metadata.stored_schema:
            self._save_schema(stored)

    def _raise_if_foreign(self) -> None:
        if self._owner_pid != os.getpid():
            raise TopicClosedError(
                f"topic {self.name!r} was opened by process {self._owner_pid}, which this one was "
                "forked from and which owns the directory; send the rows to the owner"
            )
