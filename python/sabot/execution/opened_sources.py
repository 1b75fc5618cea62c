# SPDX-License-Identifier: Apache-2.0
"""Sources that were opened to learn their columns, and wait for a run.

A graph and what optimizers have made of it read the same rows, so they share one pool: a generator
that has begun goes on in whichever of them runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sabot.connect.source_filters import read_columns

if TYPE_CHECKING:
    from sabot.connect.source import Source
    from sabot.execution.node import StreamOperatorNode

__all__ = ["OpenedSources", "fingerprint"]

_BY_IDENTITY = ("data", "table", "schema", "column_types", "filters", "filesystem")
_ASKED_FOR = ("columns", "filters")  # how much is read, not what


class OpenedSources:
    """Opened sources by operator id, none of them narrowed."""

    def __init__(self) -> None:
        self._entries: dict[str, tuple[dict[str, Any], bool, Source]] = {}

    def put(self, node: StreamOperatorNode, source: Source) -> None:
        """Let a source wait that was opened for a node and is not bound."""
        is_whole = read_columns(node) is None
        self._entries[node.operator_id] = (_what_is_read(node), is_whole, source)

    def take(self, node: StreamOperatorNode) -> Source | None:
        """Return a source that reads what the node says, at least its columns; or None."""
        entry = self._entries.pop(node.operator_id, None)
        if entry is None or entry[0] != _what_is_read(node):
            return None
        _, is_whole, source = entry
        columns = read_columns(node)
        if columns is None:
            return source if is_whole else None
        return source if set(columns) <= set(source.schema.names) else None


def fingerprint(node: StreamOperatorNode) -> dict[str, Any]:
    """Return the parameters of a node to be compared, large ones by identity."""
    return {
        key: id(value) if key in _BY_IDENTITY else value for key, value in node.parameters.items()
    }


def _what_is_read(node: StreamOperatorNode) -> dict[str, Any]:
    return {key: value for key, value in fingerprint(node).items() if key not in _ASKED_FOR}
