# SPDX-License-Identifier: Apache-2.0
"""Paths as messages may show them."""

from __future__ import annotations

import os
import re

__all__ = ["has_scheme", "redact"]

_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+://")


def has_scheme(path: str) -> bool:
    """Return whether a path is a URI."""
    return _SCHEME.match(path) is not None


def redact(path: str | os.PathLike[str]) -> str:
    """Return a path or URI without user, password and query.

    Examples
    --------
    >>> redact("s3://key:secret@bucket/a.csv?endpoint_override=x")
    's3://bucket/a.csv'
    >>> redact("/data/a?.csv")
    '/data/a?.csv'
    """
    text = os.fspath(path)
    if not has_scheme(text):
        return text
    scheme, rest = text.split("://", 1)
    if "=" in rest.partition("?")[2]:  # else the question mark is a pattern's
        rest = rest.partition("?")[0]
    authority, slash, tail = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{tail}"
