# SPDX-License-Identifier: Apache-2.0
"""How far each consumer group has read a topic: one small file per group, replaced whole."""

import threading
from collections.abc import Mapping
from pathlib import Path

from .checked_json import pack_checked, unpack_checked
from .durable import replace_file
from .errors import TopicCorruptError
from .names import group_file_name, group_of_file

_VERSION = 1


class GroupPositions:
    """The committed positions of one topic.

    Parameters
    ----------
    directory
        Where the files are; it exists.
    durable
        Flush each commit to the disk before it returns.
    """

    def __init__(self, directory: Path, *, durable: bool) -> None:
        self._directory = directory
        self._durable = durable
        self._lock = threading.Lock()  # one read-change-write at a time

    def commit(self, group: str, offsets: Mapping[int, int]) -> None:
        """Set the offset to read next for some partitions; the others keep theirs."""
        with self._lock:
            merged = {**self._load(group), **offsets}
            content = {
                "version": _VERSION,
                "offsets": {str(number): merged[number] for number in sorted(merged)},
            }
            path = self._directory / group_file_name(group)
            replace_file(path, pack_checked(content), durable=self._durable)

    def committed(self, group: str) -> dict[int, int]:
        """Return the positions of `group`: empty if it never committed."""
        with self._lock:
            return self._load(group)

    def groups(self) -> list[str]:
        """Return the groups that have committed."""
        return sorted(group_of_file(path.name) for path in self._directory.glob("*.json"))

    def _load(self, group: str) -> dict[int, int]:
        path = self._directory / group_file_name(group)
        try:
            content = unpack_checked(path.read_bytes())
            return {int(number): int(offset) for number, offset in content["offsets"].items()}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TopicCorruptError(
                f"{path}: no positions of a group: {error}; restore the file, or remove it to let "
                "the group start over"
            ) from error
