# SPDX-License-Identifier: Apache-2.0
"""Opening a partition after any end of its last writer.

All segments but the last were flushed before the next one was created, so a crash can tear only the
last. Its torn tail, everything from the first batch whose record or bytes are not whole, is cut.

A tear is not damage. A record flagged "all before me were on disk" that stands behind a bad one
proves that acknowledged, flushed bytes have changed since: that is refused, unless told to cut.
"""

import itertools
import logging
import os
import shutil
from pathlib import Path

import pyarrow as pa

from .durable import flush_directory, flush_file
from .errors import TopicCorruptError
from .index import FLAG_PRIOR_DURABLE, RECORD_SIZE, SegmentIndex, UnknownRecordError, unpack_record
from .segment import DATA_SUFFIX, INDEX_SUFFIX, Segment, read_index

_log = logging.getLogger(__name__)


def open_segments(directory: Path, on_damage: str) -> list[Segment]:
    """Return the segments of a partition in order, the last one checked and its torn tail cut.

    Raises
    ------
    TopicCorruptError
        If flushed data is damaged and `on_damage` is not ``'cut'``.
    """
    starts = sorted(
        {int(p.stem) for p in directory.iterdir() if p.suffix in (DATA_SUFFIX, INDEX_SUFFIX)}
    )
    last = None
    while starts and last is None:
        last = _recover(directory, starts.pop(), on_damage)
    if last is None:
        return []
    bounds = itertools.pairwise([*starts, last.first_offset])
    sealed = [Segment(directory, start, end_offset=end) for start, end in bounds]
    return [*sealed, last]


def _recover(directory: Path, first_offset: int, on_damage: str) -> Segment | None:
    segment = Segment(directory, first_offset, index=SegmentIndex(first_offset))
    packed = _read(segment.index_path)
    data = _map(segment.data_path)
    index, fault = read_index(first_offset, packed or b"", segment.index_path, data)

    damage = _damage(segment, packed, data, index)
    if damage and on_damage != "cut":
        raise TopicCorruptError(
            f"{damage}; restore the file from a copy, or open the log with on_damage='cut' to keep "
            f"offsets below {index.end_offset} only"
        )
    keep_data, keep_index = index.end_position, index.size
    if len(index) < 2:  # a schema without a batch is no segment
        keep_data = keep_index = 0
    del data
    for path, keep in ((segment.data_path, keep_data), (segment.index_path, keep_index)):
        _cut(path, keep, fault, keep_copy=bool(damage))
    if keep_index == 0:
        segment.remove_files()
        flush_directory(directory)
        return None
    return Segment(directory, first_offset, index=index)


def _damage(
    segment: Segment, packed: bytes | None, data: memoryview | None, index: SegmentIndex
) -> str | None:
    """Say what cannot be the work of a crash, or None."""
    # Both names are flushed before the first byte is written to either file.
    if packed is None and data:
        return f"{segment.index_path} is missing beside {segment.data_path}"
    if data is None and packed:
        return f"{segment.data_path} is missing beside {segment.index_path}"
    packed = packed or b""
    flushed = None
    for position in range(index.size + RECORD_SIZE, len(packed), RECORD_SIZE):
        try:
            record = unpack_record(packed, position)
        except UnknownRecordError:
            break
        if record is not None and record.flags & FLAG_PRIOR_DURABLE:
            flushed = record.first_offset
    if flushed is not None:
        return (
            f"{segment.data_path}: the batch at offset {index.end_offset}, byte "
            f"{index.end_position}, was on disk and is damaged now (offsets up to {flushed - 1} "
            "were acknowledged)"
        )
    return None


def _cut(path: Path, keep: int, fault: str, *, keep_copy: bool) -> None:
    try:
        fd = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        size = os.fstat(fd).st_size
        if size > keep:
            if keep_copy:
                shutil.copyfile(path, path.with_name(f"{path.name}.damaged"))
            _log.warning("%s: cut %d bytes from byte %d on: %s", path, size - keep, keep, fault)
            os.ftruncate(fd, keep)
        flush_file(fd)  # what is kept counts as flushed from here on
    finally:
        os.close(fd)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _map(path: Path) -> memoryview | None:
    try:
        size = path.stat().st_size
        return memoryview(pa.memory_map(str(path)).read_buffer(size) if size else b"")
    except FileNotFoundError:
        return None
