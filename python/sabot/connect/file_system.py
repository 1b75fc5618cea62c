# SPDX-License-Identifier: Apache-2.0
"""Where files are: this machine, or an object store through pyarrow."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from pyarrow.fs import (
    FileSystem,
    FSSpecHandler,
    GcsFileSystem,
    LocalFileSystem,
    PyFileSystem,
    S3FileSystem,
)

from sabot.connect.redaction import has_scheme, redact
from sabot.errors import InvalidJobError

__all__ = ["Place", "find_place"]

_CLASSES = {"s3": S3FileSystem, "gs": GcsFileSystem, "gcs": GcsFileSystem}
_LOCAL = LocalFileSystem()


@dataclass(frozen=True)
class Place:
    """A path in a file system.

    Attributes
    ----------
    filesystem
        Of pyarrow.
    path
        As the file system spells it.
    shown
        As messages spell it: without credentials.
    """

    filesystem: FileSystem
    path: str
    shown: str

    @property
    def is_local(self) -> bool:
        """Whether plain system calls reach the file."""
        return isinstance(self.filesystem, LocalFileSystem)


def find_place(path: str | os.PathLike[str], parameters: dict[str, Any], title: str) -> Place:
    """Return where a path is: in ``filesystem``, at its scheme, or on this machine.

    Raises
    ------
    InvalidJobError
        If the scheme is unknown or the options do not fit; credentials are not repeated.
    """
    text = os.fspath(path)
    shown = redact(text)
    given = parameters.get("filesystem")
    options = parameters.get("storage_options")
    is_uri = has_scheme(text)
    if given is not None:
        if options is not None:
            raise InvalidJobError(
                f"{title}: parameter 'storage_options': 'filesystem' is given, too; allowed: one"
            )
        inside = text.split("://", 1)[1] if is_uri else text
        return Place(_filesystem_of(given, title), inside, shown)
    if not is_uri:
        if options is not None:
            raise InvalidJobError(
                f"{title}: parameter 'storage_options': {shown} is on this machine; give a URI "
                "such as s3://bucket/path"
            )
        return Place(_LOCAL, text, shown)
    scheme = text.split("://", 1)[0].lower()
    try:
        if scheme == "file":
            return Place(_LOCAL, unquote(urlsplit(text).path), shown)
        if options is not None:
            return Place(_open(scheme, options), text.split("://", 1)[1], shown)
        filesystem, inside = FileSystem.from_uri(text)
    except (pa.ArrowException, OSError, TypeError, ValueError) as error:
        raise InvalidJobError(
            f"{title}: parameter 'path': {shown} cannot be reached: "
            f"{_without_secrets(str(error), text, shown, options)}; "
            "allowed: a path, file://, s3://, gs://, or parameter 'filesystem'"
        ) from None
    return Place(filesystem, inside, shown)


def _open(scheme: str, options: dict[str, Any]) -> FileSystem:
    kind = _CLASSES.get(scheme)
    if kind is None:
        raise ValueError(f"'storage_options' go with {', '.join(_CLASSES)}, not with {scheme}")
    return kind(**options)


def _filesystem_of(given: Any, title: str) -> FileSystem:
    if isinstance(given, FileSystem):
        return given
    if hasattr(given, "protocol") and hasattr(given, "open"):  # fsspec
        return PyFileSystem(FSSpecHandler(given))
    raise InvalidJobError(
        f"{title}: parameter 'filesystem': expected a pyarrow or fsspec file system, found "
        f"{type(given).__name__}"
    )


def _without_secrets(message: str, text: str, shown: str, options: dict[str, Any] | None) -> str:
    message = message.replace(text, shown)
    authority = text.split("://", 1)[1].partition("/")[0]
    secrets = [authority.rpartition("@")[0]] if "@" in authority else []
    secrets += [str(value) for value in (options or {}).values() if isinstance(value, str)]
    for secret in sorted((s for s in secrets if s), key=len, reverse=True):
        message = message.replace(secret, "***")
    return message
