# SPDX-License-Identifier: Apache-2.0
"""What every sink offers, and which one a SINK operator means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from sabot.connect.redaction import redact
from sabot.errors import InvalidJobError

if TYPE_CHECKING:
    import pyarrow as pa

    from sabot.execution.node import StreamOperatorNode

__all__ = ["Writer", "open_writer", "sink_kind", "sink_target"]


class Writer(Protocol):
    """Where the rows of one sink go. One thread calls `write` and `finish`.

    A writer shows nothing half done: what must be whole appears with `publish`, which comes when
    the whole job has succeeded; otherwise `discard` removes it.
    """

    def write(self, batch: pa.RecordBatch) -> None:
        """Take the next rows."""
        ...

    def finish(self) -> None:
        """Make what was written durable; no rows follow."""
        ...

    def publish(self) -> None:
        """Make it visible."""
        ...

    def discard(self) -> None:
        """Remove what is not published; also after a failure, and more than once."""
        ...


def sink_kind(node: StreamOperatorNode) -> Literal["collect", "stream", "count"]:
    """Return what the engine does with the rows of a sink."""
    parameters = node.parameters
    if parameters.get("discard"):
        return "count"
    keys = ("path", "topic", "kafka_topic", "callback")
    return "stream" if any(parameters.get(key) is not None for key in keys) else "collect"


def sink_target(node: StreamOperatorNode) -> str:
    """Return where the rows go, for logs."""
    parameters = node.parameters
    topic = parameters.get("topic") or parameters.get("kafka_topic")
    if topic:
        return str(topic)
    if parameters.get("path") is not None:
        return redact(parameters["path"])
    if parameters.get("callback") is not None:
        return "callback"
    return "nowhere" if parameters.get("discard") else "memory"


def open_writer(node: StreamOperatorNode, schema: pa.Schema, data_dir: str) -> Writer:
    """Return the writer of a sink whose rows leave the engine while the job runs.

    Raises
    ------
    InvalidJobError
        If the target cannot be written.
    """
    parameters = node.parameters
    if parameters.get("path") is not None:
        from sabot.connect.file_sink import FileWriter

        return FileWriter(node, schema)
    if parameters.get("callback") is not None:
        from sabot.connect.callback_sink import CallbackWriter

        return CallbackWriter(node)
    if parameters.get("topic") or parameters.get("kafka_topic"):
        from sabot.connect.topic_sink import TopicWriter

        return TopicWriter(node, schema, data_dir)
    raise InvalidJobError(f"{node.title}: has no path, topic or callback")
