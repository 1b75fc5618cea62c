# SPDX-License-Identifier: Apache-2.0
"""The embedded topic log: durable topics in one directory, without a broker."""

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from .directory import TopicDirectory
from .routing import KeyHash
from .topic import Topic


class TopicLog:
    """The topics below ``<data_dir>/topics``.

    One process owns a directory; several `TopicLog` of one process share it, from any thread. An
    option left out means the default, or what the directory was opened with in this process.

    Parameters
    ----------
    data_dir
        Created if missing.
    durability
        ``'fsync'`` (default): an append returns when its rows are on the disk. ``'os'``: when the
        operating system has them; a crash of the process loses nothing, one of the machine may
        lose the newest rows.
    segment_bytes
        A segment file that reaches this size is followed by a new one. Default 128 MiB.
    on_damage
        ``'refuse'`` (default): acknowledged rows that are damaged are an error when a topic is
        opened. ``'cut'``: the newest segment of a partition is cut there; a copy stays beside it.
    hash_keys
        Hash of an array of keys, as uint64; see `sabot.connect.topic_log.routing.hash_keys`.
    clock_ms
        Gives the time for records without a timestamp, in ms since 1970.
    address
        Where other processes reach the owner; named to them in the error.

    Raises
    ------
    TopicDirectoryLockedError
        If another process owns the directory.

    Examples
    --------
    >>> import tempfile
    >>> with TopicLog(tempfile.mkdtemp()) as log:
    ...     orders = log.topic("orders")
    ...     orders.append([{"id": 1, "price": 2.5}, {"id": 2, "price": 4.0}])
    ...     orders.read().to_pylist()
    {0: (0, 1)}
    [{'id': 1, 'price': 2.5}, {'id': 2, 'price': 4.0}]
    """

    def __init__(
        self,
        data_dir: str | os.PathLike[str],
        *,
        durability: str | None = None,
        segment_bytes: int | None = None,
        on_damage: str | None = None,
        hash_keys: KeyHash | None = None,
        clock_ms: Callable[[], int] | None = None,
        address: str | None = None,
    ) -> None:
        options = {
            "durability": durability,
            "segment_bytes": segment_bytes,
            "on_damage": on_damage,
            "hash_keys": hash_keys,
            "clock_ms": clock_ms,
            "address": address,
        }
        given = {name: value for name, value in options.items() if value is not None}
        self._directory = TopicDirectory.acquire(Path(data_dir), given)
        self._is_closed = False

    @property
    def path(self) -> Path:
        """The directory of the topics."""
        return self._directory.path

    def topics(self) -> list[str]:
        """Return the names of the topics."""
        return self._directory.names()

    def topic(self, name: str, partitions: int | None = None, *, create: bool = True) -> Topic:
        """Return a topic, created on first use with 1 partition unless `partitions` says more.

        Raises
        ------
        TopicNameError
            If the name is not allowed.
        TopicValueError
            If the topic exists with another number of partitions.
        UnknownTopicError
            If it does not exist and `create` is False.
        """
        return self._directory.open(name, partitions, create=create)

    def create(self, name: str, partitions: int = 1, schema: pa.Schema | None = None) -> Topic:
        """Create a topic that does not exist yet, with the types of `schema` if given."""
        return self._directory.create(name, partitions, schema)

    def delete(self, name: str) -> None:
        """Remove a topic, its rows and its positions."""
        self._directory.delete(name)

    def close(self) -> None:
        """Give the directory back; the last one in this process unlocks it."""
        if not self._is_closed:
            self._is_closed = True
            self._directory.release()

    def __enter__(self) -> "TopicLog":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
