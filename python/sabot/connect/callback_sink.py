# SPDX-License-Identifier: Apache-2.0
"""A sink that calls a function with each batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sabot.errors import InvalidJobError

if TYPE_CHECKING:
    import pyarrow as pa

    from sabot.execution.node import StreamOperatorNode

__all__ = ["CallbackWriter"]


class CallbackWriter:
    """Calls ``parameters['callback']`` with each `pyarrow.RecordBatch`, in order, in one thread."""

    def __init__(self, node: StreamOperatorNode) -> None:
        callback = node.parameters["callback"]
        if not callable(callback):
            raise InvalidJobError(
                f"{node.title}: parameter 'callback': expected a function of one RecordBatch, "
                f"found {callback!r}"
            )
        self._callback: Callable[[pa.RecordBatch], Any] = callback

    def write(self, batch: pa.RecordBatch) -> None:
        """Call the function."""
        self._callback(batch)

    def finish(self) -> None:
        """Do nothing: the function has seen every row."""

    def publish(self) -> None:
        """Do nothing: the function has seen every row."""

    def discard(self) -> None:
        """Do nothing: a call cannot be taken back."""
