# SPDX-License-Identifier: Apache-2.0
"""Rows one by one, for whoever wants them: sugar above batches."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sabot.api.stream import Stream

__all__ = ["Records"]


class Records:
    """The rows of a stream as dicts, for ``for`` and ``async for``; the engine works in batches."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for batch in self._stream:
            yield from batch.to_pylist()

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        async for batch in self._stream:
            for record in batch.to_pylist():
                yield record

    def __repr__(self) -> str:
        return f"{self._stream!r}.records()"
