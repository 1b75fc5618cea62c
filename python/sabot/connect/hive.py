# SPDX-License-Identifier: Apache-2.0
"""Folders named ``key=value``: columns that files have by where they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote, unquote

import pyarrow as pa

__all__ = ["NULL_FOLDER", "folder_of", "partition_types", "partitions_of", "typed"]

NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"

_INTEGER = re.compile(r"-?\d{1,19}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def partitions_of(folder: str) -> dict[str, str | None]:
    """Return the keys and values of a path, as text; None for null.

    Examples
    --------
    >>> partitions_of("/data/year=2024/city=New%20York")
    {'year': '2024', 'city': 'New York'}
    """
    found = {}
    for part in folder.split("/"):
        key, is_pair, value = part.partition("=")
        if is_pair and key:
            found[unquote(key)] = None if value == NULL_FOLDER else unquote(value)
    return found


def folder_of(names: Sequence[str], values: Iterable[Any]) -> str:
    """Return the folder of a partition; the inverse of `partitions_of`.

    Examples
    --------
    >>> folder_of(["year", "city"], ["2024", "a/b"])
    'year=2024/city=a%2Fb'
    """
    return "/".join(
        f"{_key_of(name)}={_value_of(value)}" for name, value in zip(names, values, strict=True)
    )


def _key_of(name: str) -> str:
    key = quote(name, safe=" ")
    return f"%2E{key[1:]}" if key.startswith(".") else key  # a point would hide the folder


def _value_of(value: str | None) -> str:
    if value is None:
        return NULL_FOLDER
    text = quote(value, safe=" +:,")
    return f"%5F{text[1:]}" if text == NULL_FOLDER else text


def partition_types(partitions: Sequence[dict[str, str | None]]) -> dict[str, pa.DataType]:
    """Return the types of partition columns: int64 or date32 if every value is one, else text."""
    values: dict[str, list[str]] = {}
    for one in partitions:
        for key, value in one.items():
            values.setdefault(key, [])
            if value is not None:
                values[key].append(value)
    return {key: _type_of(found) for key, found in values.items()}


def _type_of(values: Sequence[str]) -> pa.DataType:
    for pattern, kind in ((_INTEGER, pa.int64()), (_DATE, pa.date32())):
        if values and all(pattern.fullmatch(value) for value in values):
            try:
                pa.array(values).cast(kind)
            except pa.ArrowException:
                return pa.string()  # the 31st of February, 2 to the 64
            return kind
    return pa.string()


def typed(value: str | None, kind: pa.DataType) -> pa.Scalar:
    """Return a value as a scalar of its column's type.

    Raises
    ------
    pyarrow.ArrowException
        If it does not read as one.
    """
    return pa.scalar(value, pa.string()).cast(kind)
