# SPDX-License-Identifier: Apache-2.0
"""Errors of the topic log; each message names the topic or file and the remedy."""

from sabot.errors import SabotError


class TopicError(SabotError):
    """Base of every error of the topic log."""


class TopicNameError(TopicError, ValueError):
    """A topic or group name breaks the naming rule."""


class UnknownTopicError(TopicError, LookupError):
    """No such topic, partition or column."""


class TopicValueError(TopicError, ValueError):
    """The data or an argument of an append or a read makes no sense."""


class TopicSchemaError(TopicError, ValueError):
    """A column's type does not fit the topic; nothing was written."""


class TopicWriteError(TopicError):
    """The disk refused an append; nothing became visible and the topic is as before."""


class TopicCorruptError(TopicError):
    """Acknowledged data is damaged: more than the torn end that a crash leaves."""


class TopicClosedError(TopicError):
    """The topic was closed, deleted, or opened by the process this one was forked from."""


class TopicDirectoryLockedError(TopicError):
    """Another process owns the directory."""
