# SPDX-License-Identifier: Apache-2.0
"""Functions, classes and operator objects on the wire: pickled by cloudpickle, checksummed.

An object that came from the wire, or went there once, keeps its record, so that a graph that is
written twice reads the same.
"""

from __future__ import annotations

import base64
import hashlib
import sys
import weakref
from collections.abc import Mapping
from typing import Any

from sabot.errors import InvalidJobError

__all__ = ["decode_function", "encode_function"]

KIND = "cloudpickle"
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

_records: weakref.WeakKeyDictionary[Any, dict[str, str]] = weakref.WeakKeyDictionary()


def encode_function(function: Any, title: str) -> dict[str, str]:
    """Return the record of a function.

    Parameters
    ----------
    function
        A function, class or object.
    title
        The operator, for the error.

    Raises
    ------
    InvalidJobError
        If it cannot be pickled.
    """
    record = _known_record(function)
    if record is None:
        import cloudpickle

        try:
            data = cloudpickle.dumps(function)
        except Exception as error:
            raise InvalidJobError(
                f"{title}: {function!r} cannot travel: {error}; use only what can be pickled in a "
                "function, its closure and its globals"
            ) from error
        record = {
            "kind": KIND,
            "python": _PYTHON,
            "sha256": hashlib.sha256(data).hexdigest(),
            "data": base64.b64encode(data).decode(),
        }
        _remember(function, record)
    return dict(record)


def decode_function(record: Mapping[str, Any], title: str) -> Any:
    """Return the function of a record. This runs code: take records from trusted peers only.

    Raises
    ------
    InvalidJobError
        If the record is damaged, or of another Python version.
    """
    import cloudpickle

    if record.get("kind") != KIND:
        raise InvalidJobError(
            f"{title}: function of kind {record.get('kind')!r}; expected {KIND!r}"
        )
    if record.get("python") != _PYTHON:
        raise InvalidJobError(
            f"{title}: the function was made by Python {record.get('python')} and this is Python "
            f"{_PYTHON}; run both with the same minor version"
        )
    data = base64.b64decode(record["data"])
    if hashlib.sha256(data).hexdigest() != record.get("sha256"):
        raise InvalidJobError(f"{title}: the function is damaged: its sha256 differs")
    function = cloudpickle.loads(data)
    _remember(function, dict(record))
    return function


def _known_record(function: Any) -> dict[str, str] | None:
    try:
        return _records.get(function)
    except TypeError:  # no weak references, or no hash
        return None


def _remember(function: Any, record: dict[str, str]) -> None:
    try:
        _records[function] = record
    except TypeError:
        pass
