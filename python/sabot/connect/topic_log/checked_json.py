# SPDX-License-Identifier: Apache-2.0
"""Small JSON files that say when they are damaged: an object with a CRC-32 of the rest."""

import json
import zlib
from typing import Any

_CHECKSUM = "crc32"


def pack_checked(content: dict[str, Any]) -> bytes:
    """Return `content` as JSON text, with its checksum."""
    return json.dumps(content | {_CHECKSUM: _checksum(content)}, indent=1).encode()


def unpack_checked(data: bytes) -> dict[str, Any]:
    """Return what was packed.

    Raises
    ------
    ValueError
        If these bytes are not what `pack_checked` made.
    """
    content = json.loads(data)
    if not isinstance(content, dict):
        raise ValueError("it holds no object")
    if content.pop(_CHECKSUM, None) != _checksum(content):
        raise ValueError("it does not match its checksum")
    return content


def _checksum(content: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(content).encode())
