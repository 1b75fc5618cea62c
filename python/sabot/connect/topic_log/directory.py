# SPDX-License-Identifier: Apache-2.0
"""The owner of a topic directory: one process, shared by every `TopicLog` inside of it."""

import contextlib
import fcntl
import json
import os
import shutil
import socket
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from .durable import flush_directory, write_at
from .errors import (
    TopicClosedError,
    TopicDirectoryLockedError,
    TopicError,
    TopicValueError,
    UnknownTopicError,
)
from .names import check_topic_name
from .options import TopicLogOptions
from .topic import Topic

_LOCK_FILE = ".lock"
_DELETED_PREFIX = ".deleted-"

_owners: dict[tuple[int, int], "TopicDirectory"] = {}  # by device and inode of the directory
_owners_lock = threading.Lock()


class TopicDirectory:
    """``<data_dir>/topics``, locked for this process, and the topics opened in it.

    Made by `acquire` and given back by `release`, which close it with the last user.
    """

    def __init__(self, path: Path, identity: tuple[int, int], options: TopicLogOptions) -> None:
        self.path = path
        self.options = options
        self._identity = identity
        self._user_count = 0  # guarded by _owners_lock
        self._topics: dict[str, Topic] = {}
        self._lock = threading.Lock()  # guards the topics
        self._lock_fd = _lock_directory(path, options.address)
        for leftover in path.glob(f"{_DELETED_PREFIX}*"):
            shutil.rmtree(leftover, ignore_errors=True)

    @classmethod
    def acquire(cls, data_dir: Path, given: dict[str, Any]) -> "TopicDirectory":
        """Lock the directory, or join the owner in this process.

        Raises
        ------
        TopicDirectoryLockedError
            If another process owns it.
        TopicValueError
            If the owner in this process has other options.
        """
        path = data_dir / "topics"
        path.mkdir(parents=True, exist_ok=True)
        status = path.stat()
        identity = (status.st_dev, status.st_ino)
        with _owners_lock:
            owner = _owners.get(identity)
            if owner is None:
                owner = cls(path, identity, TopicLogOptions(**given))
                _owners[identity] = owner
            elif replace(owner.options, **given) != owner.options:
                raise TopicValueError(
                    f"{path} is open in this process with {owner.options}; open it with the same "
                    "options, or leave them out"
                )
            owner._user_count += 1
            return owner

    def release(self) -> None:
        """Close the directory if no one else uses it."""
        with _owners_lock:
            self._user_count -= 1
            if self._user_count > 0 or _owners.get(self._identity) is not self:
                return
            del _owners[self._identity]
            for topic in self._topics.values():
                topic.close(f"topic {topic.name!r} was closed")
            os.close(self._lock_fd)

    def names(self) -> list[str]:
        return sorted(path.name for path in self.path.iterdir() if Topic.exists_at(path))

    def create(self, name: str, partition_count: int, schema: pa.Schema | None) -> Topic:
        with self._lock:
            if Topic.exists_at(self._path_of(name)):
                raise TopicError(f"topic {name!r} exists already in {self.path}; choose a new name")
            return self._create(name, partition_count, schema)

    def open(self, name: str, partition_count: int | None, *, create: bool) -> Topic:
        with self._lock:
            path = self._path_of(name)
            if name not in self._topics:
                if not Topic.exists_at(path):
                    if create:
                        return self._create(name, partition_count or 1, None)
                    raise UnknownTopicError(f"no topic {name!r} in {self.path}; create it first")
                self._topics[name] = Topic(name, path, self.options)
            topic = self._topics[name]
            if partition_count not in (None, len(topic.partitions)):
                raise TopicValueError(
                    f"topic {name!r} has {len(topic.partitions)} partitions, not "
                    f"{partition_count}; their number is fixed when a topic is created"
                )
            return topic

    def delete(self, name: str) -> None:
        with self._lock:
            path = self._path_of(name)
            if not Topic.exists_at(path):
                raise UnknownTopicError(f"no topic {name!r} in {self.path}")
            topic = self._topics.pop(name, None)
            if topic is not None:
                topic.close(f"topic {name!r} was deleted")
            grave = self.path / f"{_DELETED_PREFIX}{os.urandom(8).hex()}"
            os.rename(path, grave)
            flush_directory(self.path)
            shutil.rmtree(grave, ignore_errors=True)

    def _create(self, name: str, partition_count: int, schema: pa.Schema | None) -> Topic:
        if partition_count < 1:
            raise TopicValueError(
                f"topic {name!r}: partitions={partition_count} must be at least 1"
            )
        path = self._path_of(name)
        Topic.create_files(path, partition_count, schema, self.options)
        self._topics[name] = Topic(name, path, self.options)
        return self._topics[name]

    def _path_of(self, name: str) -> Path:
        if _owners.get(self._identity) is not self:
            raise TopicClosedError(f"{self.path} is closed, or owned by a parent process")
        return self.path / check_topic_name(name)


def _lock_directory(path: Path, address: str | None) -> int:
    lock_path = path / _LOCK_FILE
    fd = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "address": address}
        os.ftruncate(fd, 0)
        write_at(fd, memoryview(json.dumps(owner).encode()), 0)
    except BlockingIOError:
        content = os.pread(fd, 4096, 0)
        os.close(fd)
        raise TopicDirectoryLockedError(_describe_owner(path, content)) from None
    except BaseException:
        os.close(fd)
        raise
    return fd


def _describe_owner(path: Path, content: bytes) -> str:
    owner: dict[str, Any] = {}
    with contextlib.suppress(ValueError):
        owner = json.loads(content)
    address = owner.get("address")
    remedy = f"reach the topics through {address}" if address else "stop that process"
    return (
        f"{path} is owned by process {owner.get('pid', '(unknown)')} on host "
        f"{owner.get('host', '(unknown)')}; {remedy}, or choose another data_dir"
    )


def _forget_in_child() -> None:
    # The lock belongs to the parent: a child must neither write nor keep the lock alive.
    global _owners_lock
    _owners_lock = threading.Lock()
    for owner in _owners.values():
        os.close(owner._lock_fd)
    _owners.clear()


os.register_at_fork(after_in_child=_forget_in_child)
