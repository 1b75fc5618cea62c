# SPDX-License-Identifier: Apache-2.0
"""The embedded topic log: durable topics of Arrow rows on the local disk."""

from .errors import (
    TopicClosedError,
    TopicCorruptError,
    TopicDirectoryLockedError,
    TopicError,
    TopicNameError,
    TopicSchemaError,
    TopicValueError,
    TopicWriteError,
    UnknownTopicError,
)
from .log import TopicLog
from .partition import Partition
from .split import TopicSplit
from .tail import TopicTail
from .topic import Topic

__all__ = [
    "Partition",
    "Topic",
    "TopicClosedError",
    "TopicCorruptError",
    "TopicDirectoryLockedError",
    "TopicError",
    "TopicLog",
    "TopicNameError",
    "TopicSchemaError",
    "TopicSplit",
    "TopicTail",
    "TopicValueError",
    "TopicWriteError",
    "UnknownTopicError",
]
