# SPDX-License-Identifier: Apache-2.0
"""What a file is: its format and its compression, by declaration or by name."""

from __future__ import annotations

import posixpath
from typing import Any, NamedTuple

from sabot.errors import InvalidJobError

__all__ = [
    "ARROW_FILE",
    "ARROW_STREAM",
    "CSV",
    "NDJSON",
    "PARQUET",
    "SUFFIXES",
    "FileKind",
    "file_kind",
]

PARQUET = "parquet"
CSV = "csv"
NDJSON = "ndjson"
ARROW_FILE = "arrow file"
ARROW_STREAM = "arrow stream"

_BY_SUFFIX = {
    ".parquet": PARQUET,
    ".pq": PARQUET,
    ".csv": CSV,
    ".tsv": CSV,
    ".ndjson": NDJSON,
    ".jsonl": NDJSON,
    ".json": NDJSON,
    ".arrow": ARROW_FILE,
    ".feather": ARROW_FILE,
    ".ipc": ARROW_FILE,
    ".arrows": ARROW_STREAM,
}
_BY_NAME = {
    "parquet": PARQUET,
    "csv": CSV,
    "json": NDJSON,
    "ndjson": NDJSON,
    "arrow": ARROW_FILE,
}
SUFFIXES = {
    PARQUET: ".parquet",
    CSV: ".csv",
    NDJSON: ".ndjson",
    ARROW_FILE: ".arrow",
    ARROW_STREAM: ".arrows",
}
_COMPRESSIONS = {
    ".gz": "gzip",
    ".zst": "zstd",
    ".bz2": "bz2",
    ".lz4": "lz4",
    ".br": "brotli",
}
_READABLE = (
    "Parquet (.parquet, .pq), CSV (.csv, .tsv), NDJSON (.ndjson, .jsonl, .json), Arrow files "
    "(.arrow, .feather, .ipc), streams (.arrows); all but Parquet also with .gz, .zst, .bz2, .lz4 "
    "or .br behind"
)


class FileKind(NamedTuple):
    """What a file is.

    Attributes
    ----------
    format
        One of the constants of this module.
    compression
        Of the whole file, as pyarrow calls it, or None.
    """

    format: str
    compression: str | None

    @property
    def is_text(self) -> bool:
        """Whether rows are lines of text."""
        return self.format in (CSV, NDJSON)


def file_kind(path: str, declared: Any, title: str, compression: Any = None) -> FileKind:
    """Return what a file is: as declared, else by its suffixes.

    Parameters
    ----------
    path
        The file; only its name counts.
    declared
        Parameter ``format``, or None.
    title
        The operator, for errors.
    compression
        Parameter ``compression``, where it means the whole file, or None.

    Raises
    ------
    InvalidJobError
        If the format is unknown or not clear.
    """
    if declared is not None and declared not in _BY_NAME:
        allowed = ", ".join(repr(name) for name in _BY_NAME)
        raise InvalidJobError(
            f"{title}: parameter 'format': {declared!r} is unknown; allowed: {allowed}"
        )
    stem, suffix = posixpath.splitext(path.lower())
    by_name = _COMPRESSIONS.get(suffix)
    if by_name is not None:
        suffix = posixpath.splitext(stem)[1]
    kind = _BY_SUFFIX.get(suffix)
    if declared is not None and not (declared == "arrow" and kind == ARROW_STREAM):
        kind = _BY_NAME[declared]
    if kind is None:
        raise InvalidJobError(
            f"{title}: parameter 'path': {path}: the format is not clear from the name; name it "
            f"with parameter 'format', or use a suffix of: {_READABLE}"
        )
    if compression is not None:
        by_name = _compression_of(compression, title)
    if kind == PARQUET and by_name is not None:
        raise InvalidJobError(
            f"{title}: parameter 'path': {path}: a Parquet file is compressed inside; unpack it, "
            "or name another format"
        )
    return FileKind(kind, by_name)


def _compression_of(compression: Any, title: str) -> str | None:
    allowed = sorted({*_COMPRESSIONS.values(), "none"})
    if compression not in allowed:
        raise InvalidJobError(
            f"{title}: parameter 'compression': {compression!r} is unknown for a whole file; "
            f"allowed: {', '.join(repr(name) for name in allowed)}"
        )
    return None if compression == "none" else str(compression)
