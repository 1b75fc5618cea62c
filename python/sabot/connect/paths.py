# SPDX-License-Identifier: Apache-2.0
"""Files that a ``path`` parameter means, in an order that is always the same."""

from __future__ import annotations

import glob
import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pyarrow.fs import FileInfo, FileSelector, FileType

from sabot.connect.file_system import Place, find_place
from sabot.connect.hive import partitions_of
from sabot.errors import InvalidJobError

__all__ = ["FoundFile", "find_files", "is_hidden"]


@dataclass(frozen=True)
class FoundFile:
    """A file to read.

    Attributes
    ----------
    place
        Where it is.
    size
        Bytes.
    partitions
        Of its folders ``key=value``, from the outside in; values as text, None for null.
    """

    place: Place
    size: int
    partitions: dict[str, str | None]

    def __str__(self) -> str:
        return self.place.shown


def find_files(parameters: dict[str, Any], title: str) -> list[FoundFile]:
    """Return the files of parameter ``path``, sorted within each item of a list.

    A path is a file, a folder (with all below it), or a pattern with ``*``, ``?``, ``[]`` or
    ``**``. Names that begin with ``.`` or ``_`` are passed over in folders, those with ``.`` also
    by patterns that do not begin so.

    Raises
    ------
    InvalidJobError
        If there is no such file, unless ``schema`` says what an empty folder has.
    """
    path = parameters["path"]
    items = [path] if isinstance(path, str | os.PathLike) else path
    if not isinstance(items, Sequence) or not items:
        raise InvalidJobError(
            f"{title}: parameter 'path': expected a path or a list of paths, found {path!r}"
        )
    found: list[FoundFile] = []
    for item in items:
        if not isinstance(item, str | os.PathLike):
            raise InvalidJobError(
                f"{title}: parameter 'path': expected a path or a list of paths, found {item!r} in "
                "the list"
            )
        place = find_place(item, parameters, title)
        try:
            found.extend(_find(place, parameters, title))
        except OSError as error:
            raise InvalidJobError(
                f"{title}: parameter 'path': {place.shown} cannot be listed: {error}"
            ) from error
    return found


def _find(place: Place, parameters: dict[str, Any], title: str) -> list[FoundFile]:
    path = place.path if place.is_local else place.path.rstrip("/")
    info = place.filesystem.get_file_info(path)
    is_hive = parameters.get("hive")
    if info.type is FileType.File:
        root = "" if is_hive else None
        return [_found(place, info, root)]
    if info.type is FileType.Directory:
        infos = _files_below(place, path)
        kind, root = "the folder has no data file", path
    elif glob.has_magic(path):
        root = _fixed_part(path)
        infos = _files_matching(place, path, root)
        kind = "no file matches the pattern"
    else:
        infos, kind, root = [], "no such file or folder", path
    if not infos and (parameters.get("schema") is None or info.type is not FileType.Directory):
        here = f"; the current directory is {os.getcwd()}" if place.is_local else ""
        raise InvalidJobError(f"{title}: parameter 'path': {place.shown}: {kind}{here}")
    infos.sort(key=lambda info: info.path)
    return [_found(place, info, None if is_hive is False else root) for info in infos]


def _found(place: Place, info: FileInfo, root: str | None) -> FoundFile:
    shown = info.path
    if not place.is_local and "://" in place.shown:
        shown = f"{place.shown.split('://', 1)[0]}://{info.path}"
    if root is None:
        partitions = {}
    else:
        folder = posixpath.dirname(info.path)
        partitions = partitions_of(folder[len(root) :] if folder.startswith(root) else folder)
    return FoundFile(Place(place.filesystem, info.path, shown), info.size, partitions)


def _files_below(place: Place, folder: str) -> list[FileInfo]:
    if place.is_local:
        infos = place.filesystem.get_file_info(list(_names_below(folder)))
    else:
        infos = place.filesystem.get_file_info(FileSelector(folder, recursive=True))
    start = len(folder.rstrip("/")) + 1
    return [
        info for info in infos if info.type is FileType.File and not is_hidden(info.path[start:])
    ]


def _names_by_walking(pattern: str, root: str) -> list[str]:
    """Return what a pattern with ``**`` matches; `glob` would go round links that lead up again."""
    if root and not os.path.isdir(root):
        return []
    matches = re.compile(_regex_of(pattern)).fullmatch
    names = _names_below(root or os.curdir, passes_over_hidden=False)
    return [name for name in (n if root else n[2:] for n in names) if matches(name)]


def _names_below(folder: str, *, passes_over_hidden: bool = True) -> Iterator[str]:
    """Yield the files below a folder of this machine; links that lead up again are not followed."""
    above: dict[str, frozenset[tuple[int, int]]] = {folder: frozenset()}
    for parent, folders, files in os.walk(folder, onerror=_raise, followlinks=True):
        status = os.stat(parent)
        seen = above.pop(parent)
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen |= {(status.st_dev, status.st_ino)}
        if passes_over_hidden:
            folders[:] = [name for name in folders if not is_hidden(f"{name}/")]
        above.update({os.path.join(parent, name): seen for name in folders})
        yield from (os.path.join(parent, name) for name in files)


def _raise(error: OSError) -> None:
    raise error


def is_hidden(relative: str) -> bool:
    """Return whether a name begins so that it is no data; ``_day=1`` is a column's folder."""
    *folders, name = relative.split("/")
    return name.startswith((".", "_")) or any(
        folder.startswith(".") or (folder.startswith("_") and "=" not in folder)
        for folder in folders
    )


def _fixed_part(pattern: str) -> str:
    """Return the folder that a pattern begins with and that has no pattern in it."""
    parts = []
    for part in pattern.split("/")[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return "/".join(parts) or ("/" if pattern.startswith("/") else "")


def _files_matching(place: Place, pattern: str, root: str) -> list[FileInfo]:
    if place.is_local:
        names = _names_by_walking(pattern, root) if "**" in pattern else glob.glob(pattern)
        infos = place.filesystem.get_file_info(names)
        return [info for info in infos if info.type is FileType.File]
    try:
        infos = place.filesystem.get_file_info(FileSelector(root, recursive=True))
    except FileNotFoundError:
        return []
    matches = re.compile(_regex_of(pattern)).fullmatch
    return [info for info in infos if info.type is FileType.File and matches(info.path)]


def _regex_of(pattern: str) -> str:
    """Return what `glob` matches, as a regular expression."""
    parts = []
    names = pattern.split("/")
    for index, name in enumerate(names):
        is_last = index == len(names) - 1
        if name == "**":
            parts.append(r"(?:[^/.][^/]*/)*" if not is_last else r"(?:[^/.][^/]*/)*[^/.][^/]*")
            continue
        dot = r"(?!\.)" if not name.startswith(".") else ""
        parts.append(dot + _regex_of_name(name) + ("" if is_last else "/"))
    return "".join(parts)


def _regex_of_name(name: str) -> str:
    out, at = "", 0
    while at < len(name):
        char = name[at]
        close = name.find("]", at + 2) if char == "[" else -1
        if char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif close > 0:
            inside = name[at + 1 : close].replace("\\", r"\\")
            out += "[" + ("^" + inside[1:] if inside.startswith("!") else inside) + "]"
            at = close
        else:
            out += re.escape(char)
        at += 1
    return out
