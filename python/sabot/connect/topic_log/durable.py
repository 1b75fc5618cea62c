# SPDX-License-Identifier: Apache-2.0
"""File operations that survive a crash: whole writes, flushed directories, atomic replacement."""

import contextlib
import os
from pathlib import Path

_flush_data = getattr(os, "fdatasync", os.fsync)


def write_at(fd: int, data: memoryview, position: int) -> None:
    """Write all of `data` at `position`, however few bytes one call takes."""
    while len(data) > 0:
        written = os.pwrite(fd, data, position)
        data = data[written:]
        position += written


def flush_file(fd: int) -> None:
    """Return when the bytes of `fd` are on the disk."""
    _flush_data(fd)


def flush_directory(path: Path) -> None:
    """Return when the names inside `path` are on the disk."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def replace_file(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Give `path` new content, all of it or none of it, whatever happens on the way."""
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            write_at(fd, memoryview(content), 0)
            if durable:
                os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if durable:
        flush_directory(path.parent)
