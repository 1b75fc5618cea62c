# SPDX-License-Identifier: Apache-2.0
"""How many rows make a morsel of a size."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MORSEL_ROWS_MIN", "row_width"]

MORSEL_ROWS_MIN = 1_000
_VARIABLE_BYTES = 16  # what a text, a list and so on counts for


def row_width(schema: pa.Schema) -> int:
    """Return the bytes of a row, at least 1; values of no fixed width count 16."""
    bits = 0
    for field in schema:
        try:
            bits += field.type.bit_width
        except ValueError:
            bits += 8 * _VARIABLE_BYTES
    return max(1, (bits + 7) // 8)
