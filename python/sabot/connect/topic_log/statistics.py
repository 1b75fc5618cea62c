# SPDX-License-Identifier: Apache-2.0
"""What is known of the rows of a segment's batches, in a file beside its index.

The file only helps to leave batches out: what it lacks, or has damaged, is read. So nobody waits
for it to be on disk, and a segment without it is whole. It has an entry per long batch, little
endian:

===== ======= ==================================================================
bytes type    field
===== ======= ==================================================================
0-3   bytes   magic ``SBTS``
4     u8      version of the entry's format (1)
5-7           zero
8     u32     number of bytes behind this head
12    i64     offset of the first row
20    u32     CRC-32 of the batch, as in its index record
24    u32     CRC-32 of bytes 0-23
===== ======= ==================================================================

Behind the head is what `BatchStatistics.pack` makes, with a checksum of its own. An entry counts
when the index has a batch at that offset with that checksum: what an undone append, or a version of
Sabot that does not know these files, has left behind speaks of no batch.
"""

import os
import struct
import zlib
from pathlib import Path

from sabot.connect.statistics import BatchStatistics

from .durable import write_at
from .index import IndexRecord

_MAGIC = b"SBTS"
_HEAD = struct.Struct("<4sB3xIqI")
_CRC = struct.Struct("<I")
_HEAD_SIZE = _HEAD.size + _CRC.size

VERSION = 1

assert _HEAD_SIZE == 28


class SegmentStatistics:
    """The entries of one segment's file."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._places: dict[tuple[int, int], tuple[int, int]] = {}
        self.size = 0  # of the whole entries
        while (head := _unpack_head(packed, self.size)) is not None:
            version, size, first_offset, data_crc = head
            begin = self.size + _HEAD_SIZE
            if begin + size > len(packed):
                break
            if version == VERSION:
                self._places[first_offset, data_crc] = begin, begin + size
            self.size = begin + size

    @classmethod
    def load(cls, path: Path) -> "SegmentStatistics":
        """Return the entries of a file; none if it is missing."""
        try:
            return cls(path.read_bytes())
        except FileNotFoundError:
            return cls(b"")

    def of(self, record: IndexRecord) -> BatchStatistics | None:
        """Return what is known of a batch."""
        begin, end = self._places.get((record.first_offset, record.data_crc), (0, 0))
        return BatchStatistics.unpack(self._packed[begin:end]) if end else None


class StatisticsWriter:
    """The file of a segment that takes appends; opened with its first entry."""

    def __init__(self, path: Path, *, create: bool) -> None:
        self._path = path
        self._is_new = create
        self._fd: int | None = None
        self._size = 0
        self._published_size = 0

    def put(self, record: IndexRecord, statistics: BatchStatistics) -> None:
        """Add an entry behind the last one."""
        body = statistics.pack()
        head = _HEAD.pack(_MAGIC, VERSION, len(body), record.first_offset, record.data_crc)
        entry = head + _CRC.pack(zlib.crc32(head)) + body
        write_at(self._open(), memoryview(entry), self._size)
        self._size += len(entry)

    def publish(self) -> None:
        """Keep what was put."""
        self._published_size = self._size

    def rewind(self) -> None:
        """Take back what was put since the last `publish`."""
        self._size = self._published_size
        if self._fd is not None:
            os.ftruncate(self._fd, self._size)

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _open(self) -> int:
        if self._fd is None:
            kept = 0 if self._is_new else SegmentStatistics.load(self._path).size
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            os.ftruncate(self._fd, kept)  # what is torn would hide what comes behind
            self._size = self._published_size = kept
        return self._fd


def _unpack_head(packed: bytes, position: int) -> tuple[int, int, int, int] | None:
    head = packed[position : position + _HEAD_SIZE]
    if len(head) < _HEAD_SIZE or not head.startswith(_MAGIC):
        return None
    if _CRC.unpack_from(head, _HEAD.size)[0] != zlib.crc32(head[: _HEAD.size]):
        return None
    _, version, size, first_offset, data_crc = _HEAD.unpack_from(head)
    return version, size, first_offset, data_crc
