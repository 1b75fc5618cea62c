# SPDX-License-Identifier: Apache-2.0
"""The embedded topics of a node, and the errors of the topic log as errors of the job."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from sabot.errors import InvalidJobError

if TYPE_CHECKING:
    from sabot.connect.topic_log import TopicLog
    from sabot.execution.node import StreamOperatorNode

__all__ = ["default_data_dir", "open_log", "topic_name"]


def default_data_dir() -> str:
    """Return the directory of embedded topics for operators that do not name one."""
    return os.environ.get("SABOT_DATA_DIR", "./sabot_data")


def topic_name(node: StreamOperatorNode) -> str:
    """Return the topic of a node, under either spelling."""
    return str(node.parameters.get("topic") or node.parameters["kafka_topic"])


def open_log(node: StreamOperatorNode, data_dir: str) -> TopicLog:
    """Return the topic log of a node; the caller closes it.

    Raises
    ------
    InvalidJobError
        If a Kafka broker is asked for, or the directory belongs to another process.
    """
    from sabot.connect.topic_log import TopicError, TopicLog

    parameters: dict[str, Any] = node.parameters
    broker = parameters.get("bootstrap_servers") or os.environ.get("SABOT_BROKER")
    if broker:
        raise InvalidJobError(
            f"{node.title}: topic {topic_name(node)!r} on broker {broker!r}: Kafka is not "
            "available in this version; leave out 'bootstrap_servers' and SABOT_BROKER to use the "
            "embedded log"
        )
    directory = parameters.get("data_dir") or data_dir
    try:
        return TopicLog(directory)
    except (TopicError, OSError) as error:
        raise InvalidJobError(
            f"{node.title}: the topics in {directory} cannot be opened: {error}"
        ) from error
