# SPDX-License-Identifier: Apache-2.0
"""Constants of expressions: Python values as the wire form writes them, and back.

JSON says bool, int, float and text; what it cannot say travels as a number or string beside the
name of its type (`docs/design/0001-wire-form.md`).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

_EPOCH_DATE = dt.date(1970, 1, 1)
_EPOCH = dt.datetime(1970, 1, 1)
_INT64_MIN, _INT64_MAX, _UINT64_MAX = -(2**63), 2**63 - 1, 2**64 - 1
_JSON_INT_MAX = 2**53  # beyond it some JSON readers round
_UNITS_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}

# What pyarrow calls the types that the engine calls otherwise.
_PYARROW_NAMES = {
    "string": "utf8",
    "large_string": "large_utf8",
    "string_view": "utf8_view",
    "halffloat": "float16",
    "float": "float32",
    "double": "float64",
    "date32[day]": "date32",
    "date64[ms]": "date64",
}


def type_name(type: Any) -> str:
    """Return the engine's name of a type: a name, also pyarrow's, or a `pyarrow.DataType`."""
    text = str(type)
    return _PYARROW_NAMES.get(text, text.replace(", tz=", ", "))


def encode_literal(value: Any, type: str | None) -> dict[str, Any]:
    """Return ``{"lit": ...}`` for a Python value; `type` overrides the type it would take.

    Raises
    ------
    TypeError
        If the value is of a kind that expressions do not know.
    OverflowError
        If an integer has more than 64 bits.
    """
    value = _plain(value)
    encoded, own_type = _encode(value, type)
    if type is None and own_type is None:
        return {"lit": encoded}
    return {"lit": encoded, "type": type or own_type}


def decode_literal(node: Mapping[str, Any]) -> Any:
    """Return the Python value of ``{"lit": ..., "type": ...}``."""
    value, type = node["lit"], node.get("type")
    if value is None or type is None or isinstance(value, bool):
        return value
    if type.startswith("decimal"):
        return Decimal(str(value))
    if "binary" in type:
        return bytes.fromhex(value)
    if type == "date32":
        return _EPOCH_DATE + dt.timedelta(days=int(value))
    if type.startswith("timestamp") and not isinstance(value, str):
        return _decode_timestamp(int(value), type)
    if type == "time64[us]":
        return (_EPOCH + dt.timedelta(microseconds=int(value))).time()
    if type == "duration[us]":
        return dt.timedelta(microseconds=int(value))
    if type.startswith("float"):
        return float(value)
    if type.startswith(("int", "uint")):
        return int(value)
    return value


def _plain(value: Any) -> Any:
    """Return the Python value inside a NumPy or Arrow scalar."""
    if hasattr(value, "as_py"):
        return value.as_py()
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return value.item()
    return value


def _encode(value: Any, type: str | None) -> tuple[Any, str | None]:
    if value is None or isinstance(value, bool | str):
        return value, None
    if isinstance(value, int):
        return _encode_int(value)
    if isinstance(value, float):
        if math.isfinite(value):
            return value, None
        return "NaN" if math.isnan(value) else ("inf" if value > 0 else "-inf"), "float64"
    if isinstance(value, Decimal):
        return _encode_decimal(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex(), "binary"
    if isinstance(value, dt.date) and type is not None and type.startswith("timestamp"):
        value = value if isinstance(value, dt.datetime) else dt.datetime(*value.timetuple()[:3])
    if isinstance(value, dt.datetime):
        return _encode_datetime(value, type)
    if isinstance(value, dt.date):
        return (value - _EPOCH_DATE).days, "date32"
    if isinstance(value, dt.time):
        return _encode_time(value), "time64[us]"
    if isinstance(value, dt.timedelta):
        return value // dt.timedelta(microseconds=1), "duration[us]"
    raise TypeError(
        f"{value!r} cannot be a constant of an expression; expected None, bool, int, float, str, "
        "bytes, Decimal, date, datetime, time or timedelta"
    )


def _encode_int(value: int) -> tuple[int | str, str | None]:
    if abs(value) <= _JSON_INT_MAX:
        return value, None
    if _INT64_MIN <= value <= _INT64_MAX:
        return str(value), "int64"
    if 0 < value <= _UINT64_MAX:
        return str(value), "uint64"
    raise OverflowError(f"{value} has more than 64 bits")


def _encode_decimal(value: Decimal) -> tuple[str, str]:
    if not value.is_finite():
        raise ValueError(f"{value} cannot be a decimal constant; use float({str(value)!r})")
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    scale = max(0, -exponent)
    precision = max(1, scale, len(digits) + max(0, exponent))
    if precision > 38:
        raise OverflowError(f"{value} needs {precision} digits; a decimal128 has 38")
    return f"{value:f}", f"decimal128({precision}, {scale})"


def _encode_time(value: dt.time) -> int:
    if value.tzinfo is not None:
        raise ValueError(f"{value!r} has a zone; a time of day has none, a datetime may")
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    return seconds * 1_000_000 + value.microsecond


def _encode_datetime(value: dt.datetime, type: str | None) -> tuple[int, str]:
    own_type = "timestamp[us]"
    if type is not None and not type.startswith("timestamp"):
        raise TypeError(f"{value!r} cannot be a constant of type {type}; expected a timestamp type")
    if value.tzinfo is not None and type is None:
        own_type = f"timestamp[us, {_zone_name(value)}]"
    if value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    microseconds = (value - _EPOCH) // dt.timedelta(microseconds=1)
    per_second = _UNITS_PER_SECOND[_unit_of(type or own_type)]
    return microseconds * per_second // 1_000_000, own_type


def _zone_name(value: dt.datetime) -> str:
    """Return how the engine calls the zone of a datetime: by name, or as its offset."""
    key = getattr(value.tzinfo, "key", None) or getattr(value.tzinfo, "zone", None)
    if isinstance(key, str):
        return key
    offset = value.utcoffset()
    if not offset:
        return "UTC"
    seconds = int(offset.total_seconds())
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}:{minutes:02}"


def _decode_timestamp(value: int, type: str) -> dt.datetime | int:
    microseconds = value * 1_000_000 // _UNITS_PER_SECOND[_unit_of(type)]
    try:
        moment = _EPOCH + dt.timedelta(microseconds=microseconds)
    except OverflowError:
        return value
    return moment.replace(tzinfo=dt.UTC) if "," in type else moment


def _unit_of(type: str) -> str:
    """Return ``'us'`` of ``'timestamp[us, UTC]'``."""
    unit = type.partition("[")[2].rstrip("]").split(",")[0].strip()
    return unit if unit in _UNITS_PER_SECOND else "us"
