# SPDX-License-Identifier: Apache-2.0
"""The index of one segment: one checksummed record per batch, which is also its commit record.

A record is 64 bytes, little endian, so that record `i` of a file starts at byte `64 * i` whatever
the others look like. Record 0 describes the schema message, record `i` the `i`-th batch.

===== ======= ==================================================================
bytes type    field
===== ======= ==================================================================
0-3   bytes   magic ``SBTL``
4     u8      version of the record format (1)
5     u8      kind: 1 schema, 2 batch
6-7   u16     flags: 1 = all records before this one were on disk when it was written
8     i64     offset of the first row
16    i64     number of rows
24    i64     position of the first byte in the ``.arrows`` file
32    i64     number of bytes
40    i64     smallest timestamp in ms (0 without rows)
48    i64     largest timestamp in ms (0 without rows)
56    u32     CRC-32 of the bytes in the ``.arrows`` file
60    u32     CRC-32 of bytes 0-59 of this record
===== ======= ==================================================================
"""

import bisect
import struct
import zlib
from typing import NamedTuple

_MAGIC = b"SBTL"
_LAYOUT = struct.Struct("<4sBBHqqqqqqI")
_CRC = struct.Struct("<I")
_OFFSET = struct.Struct("<q")

VERSION = 1
RECORD_SIZE = 64
KIND_SCHEMA = 1
KIND_BATCH = 2
FLAG_PRIOR_DURABLE = 1

assert _LAYOUT.size + _CRC.size == RECORD_SIZE


class IndexRecord(NamedTuple):
    """Where one batch lies, what it covers and how to check it."""

    kind: int
    flags: int
    first_offset: int
    row_count: int
    position: int
    length: int
    min_timestamp_ms: int
    max_timestamp_ms: int
    data_crc: int

    @property
    def end_offset(self) -> int:
        return self.first_offset + self.row_count

    @property
    def end_position(self) -> int:
        return self.position + self.length

    def pack(self) -> bytes:
        body = _LAYOUT.pack(_MAGIC, VERSION, *self)
        return body + _CRC.pack(zlib.crc32(body))


class UnknownRecordError(Exception):
    """A whole record of a version or kind that this Sabot does not know."""


def unpack_record(data: bytes | bytearray | memoryview, position: int = 0) -> IndexRecord | None:
    """Return the record at byte `position`, or None if these bytes are no whole record."""
    body = bytes(data[position : position + RECORD_SIZE])
    if len(body) < RECORD_SIZE or not body.startswith(_MAGIC):
        return None
    if _CRC.unpack_from(body, _LAYOUT.size)[0] != zlib.crc32(body[: _LAYOUT.size]):
        return None
    _, version, kind, *fields = _LAYOUT.unpack_from(body)
    if version != VERSION or kind not in (KIND_SCHEMA, KIND_BATCH):
        raise UnknownRecordError(f"record version {version}, kind {kind}")
    return IndexRecord(kind, *fields)


class SegmentIndex:
    """The valid records of one segment, kept packed: 64 bytes per batch."""

    def __init__(self, first_offset: int) -> None:
        self._first_offset = first_offset
        self._records = bytearray()

    def __len__(self) -> int:
        """Number of records: the schema and the batches."""
        return len(self._records) // RECORD_SIZE

    def __getitem__(self, i: int) -> IndexRecord:
        record = unpack_record(self._records, i * RECORD_SIZE)
        assert record is not None
        return record

    @property
    def size(self) -> int:
        """Bytes of the records."""
        return len(self._records)

    @property
    def end_offset(self) -> int:
        return self[len(self) - 1].end_offset if self._records else self._first_offset

    @property
    def end_position(self) -> int:
        return self[len(self) - 1].end_position if self._records else 0

    def extend(self, packed: bytes | bytearray) -> None:
        """Add packed records that follow the last one."""
        self._records += packed

    def follows(self, record: IndexRecord) -> bool:
        """Whether `record` is what must come next: no gap in offsets, bytes or kinds."""
        return (
            record.kind == (KIND_BATCH if self._records else KIND_SCHEMA)
            and record.first_offset == self.end_offset
            and record.position == self.end_position
        )

    def find(self, offset: int) -> int:
        """Return the number of the batch record that covers `offset`."""

        def first_offset(i: int) -> int:
            return _OFFSET.unpack_from(self._records, i * RECORD_SIZE + 8)[0]

        return bisect.bisect_right(range(len(self)), offset, lo=1, key=first_offset) - 1
