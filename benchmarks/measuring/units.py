# SPDX-License-Identifier: Apache-2.0
"""Numbers as people read them."""

from __future__ import annotations


def short_count(count: int) -> str:
    """Return ``10k`` or ``1m`` for round counts.

    Examples
    --------
    >>> [short_count(count) for count in (100, 10_000, 1_000_000)]
    ['100', '10k', '1m']
    """
    for size, letter in ((10**6, "m"), (10**3, "k")):
        if count >= size and count % size == 0:
            return f"{count // size}{letter}"
    return str(count)


def milliseconds(value: float) -> str:
    """Return three significant digits, or whole milliseconds."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
