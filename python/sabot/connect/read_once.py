# SPDX-License-Identifier: Apache-2.0
"""Rows that can be read only once, and whether they were: an empty result would be a silent lie."""

from __future__ import annotations

import weakref
from typing import Any

from sabot.errors import InvalidJobError

__all__ = ["check_unread", "mark_read"]

_read: weakref.WeakSet[Any] = weakref.WeakSet()


def mark_read(data: Any) -> None:
    """Remember that reading has begun; objects that nobody can remember are passed over."""
    try:
        _read.add(data)
    except TypeError:  # no weak references, or no hash
        pass


def check_unread(data: Any, title: str) -> None:
    """Refuse rows whose reading has begun.

    Raises
    ------
    InvalidJobError
        If they were given to a source before.
    """
    try:
        is_read = data in _read
    except TypeError:
        return
    if is_read:
        raise InvalidJobError(
            f"{title}: parameter 'data': this {type(data).__name__} was read before; give a new "
            "one, or a function that makes one"
        )
