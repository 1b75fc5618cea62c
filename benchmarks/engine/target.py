# SPDX-License-Identifier: Apache-2.0
"""One number that must stay below a limit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A measured value beside its limit.

    Attributes
    ----------
    limit
        The largest good value; None for a number that is only reported.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool:
        return self.limit is None or self.value <= self.limit
