# SPDX-License-Identifier: Apache-2.0
"""A sink that appends to an embedded topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sabot.connect.topic_store import open_log, topic_name
from sabot.errors import InvalidJobError

if TYPE_CHECKING:
    import pyarrow as pa

    from sabot.execution.node import StreamOperatorNode

__all__ = ["TopicWriter"]


class TopicWriter:
    """Appends each batch; an append is visible at once and holds as a whole.

    A job that fails leaves the batches it has appended. Appends tied to checkpoints, which readers
    see all at once, come with the checkpoints.

    Raises
    ------
    InvalidJobError
        If the topic cannot be opened, or does not take these columns.
    """

    def __init__(self, node: StreamOperatorNode, schema: pa.Schema, data_dir: str) -> None:
        from sabot.connect.topic_log import TopicError

        self._log = open_log(node, data_dir)
        self._schema = schema
        self._is_empty = True
        self._key_column = node.parameters.get("key_column")
        try:
            self._topic = self._log.topic(topic_name(node), node.parameters.get("partitions"))
            self._topic.check_fits(schema)
        except TopicError as error:
            self._log.close()
            raise InvalidJobError(f"{node.title}: {error}") from error

    def write(self, batch: pa.RecordBatch) -> None:
        """Append a batch."""
        self._topic.append(batch, key_column=self._key_column)
        self._is_empty = False

    def finish(self) -> None:
        """Leave the columns of no rows behind, so that they can be read; appends are durable."""
        if self._is_empty:
            self._topic.append(self._schema.empty_table())

    def publish(self) -> None:
        """Do nothing: every append is visible."""

    def discard(self) -> None:
        """Let go of the log."""
        self._log.close()
