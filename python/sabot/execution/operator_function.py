# SPDX-License-Identifier: Apache-2.0
"""What the engine calls for an operator it cannot see into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow as pa

    from sabot._core import ArrowArrayExport

__all__ = ["OperatorFunction"]


class OperatorFunction(Protocol):
    """A function over batches, as the engine calls it.

    Attributes
    ----------
    output_schema
        The columns it gives, fixed by those it gets.
    """

    output_schema: pa.Schema

    def __call__(
        self, schema: object, array: object | None
    ) -> ArrowArrayExport | tuple[ArrowArrayExport, int] | None:
        """Return the rows for a batch, given as capsules; None in and out means no rows.

        A pair is the rows, and how many of the batch's rows failed and are left out.
        """
        ...

    def close(self) -> None:
        """Give back what it holds; the job is over."""
        ...
