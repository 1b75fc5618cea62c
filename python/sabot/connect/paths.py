# SPDX-License-Identifier: Apache-2.0
"""Files that a ``path`` parameter means, and the format they are in."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sabot.errors import InvalidJobError

__all__ = ["ARROW_FILE", "ARROW_STREAM", "PARQUET", "file_format", "find_files"]

PARQUET = "parquet"
ARROW_FILE = "arrow file"
ARROW_STREAM = "arrow stream"

_BY_SUFFIX = {
    ".parquet": PARQUET,
    ".pq": PARQUET,
    ".arrow": ARROW_FILE,
    ".feather": ARROW_FILE,
    ".ipc": ARROW_FILE,
    ".arrows": ARROW_STREAM,
}
_READABLE = "Parquet (.parquet, .pq), Arrow files (.arrow, .feather, .ipc), streams (.arrows)"


def find_files(path: Any, title: str) -> list[Path]:
    """Return the files of a path, in order.

    Parameters
    ----------
    path
        A file, a directory (with what is below it), a pattern with ``*``, ``?``, ``[]`` or ``**``,
        or a list of these. Names that begin with ``.`` or ``_`` are passed over in directories.
    title
        The operator, for errors.

    Raises
    ------
    InvalidJobError
        If there is no such file.
    """
    if isinstance(path, str | os.PathLike):
        return _find_one(os.fspath(path), title)
    if isinstance(path, Sequence) and path:
        return [file for item in path for file in find_files(item, title)]
    raise InvalidJobError(
        f"{title}: parameter 'path': expected a path or a list of paths, found {path!r}"
    )


def _find_one(path: str, title: str) -> list[Path]:
    if os.path.isfile(path):
        return [Path(path)]
    if os.path.isdir(path):
        found = sorted(file for file in Path(path).rglob("*") if _is_data(file, Path(path)))
        kind = "the directory has no data file"
    elif glob.has_magic(path):
        found = sorted(Path(name) for name in glob.glob(path, recursive=True))
        found = [file for file in found if file.is_file()]
        kind = "no file matches the pattern"
    else:
        found, kind = [], "no such file or directory"
    if not found:
        raise InvalidJobError(
            f"{title}: parameter 'path': {path}: {kind}; the current directory is {os.getcwd()}"
        )
    return found


def _is_data(file: Path, root: Path) -> bool:
    parts = file.relative_to(root).parts
    return file.is_file() and not any(part.startswith((".", "_")) for part in parts)


def file_format(path: Path, declared: Any, title: str) -> str:
    """Return the format of a file: as declared, else by its suffix.

    Raises
    ------
    InvalidJobError
        If the format is unknown or not read by this version.
    """
    if declared not in (None, "arrow", PARQUET):
        raise InvalidJobError(
            f"{title}: parameter 'format': {declared!r} files are not available in this version; "
            "allowed: 'arrow', 'parquet'"
        )
    by_suffix = _BY_SUFFIX.get(path.suffix.lower())
    if declared == PARQUET:
        return PARQUET
    if declared == "arrow":
        return by_suffix if by_suffix in (ARROW_FILE, ARROW_STREAM) else ARROW_FILE
    if by_suffix is None:
        raise InvalidJobError(
            f"{title}: parameter 'path': {path}: the format is not clear from the name; name it "
            f"with parameter 'format', or use a suffix of: {_READABLE}"
        )
    return by_suffix
