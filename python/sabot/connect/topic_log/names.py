# SPDX-License-Identifier: Apache-2.0
"""Names that become file names: topics and consumer groups."""

import re
from urllib.parse import quote, unquote

from .errors import TopicNameError

_TOPIC = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
_GROUP_SIZE_MAX = 200


def check_topic_name(name: str) -> str:
    """Return `name` if it is a topic name, else raise `TopicNameError` with the rule."""
    if not isinstance(name, str) or not _TOPIC.fullmatch(name):
        raise TopicNameError(
            f"topic name {name!r} is not allowed: use 1 to 200 letters, digits, '.', '_' or '-', "
            "and do not start with '.'"
        )
    return name


def group_file_name(group: str) -> str:
    """Return the file name that keeps the positions of `group`; any text is escaped."""
    if not isinstance(group, str) or not group:
        raise TopicNameError(f"group name {group!r} is not allowed: use a text that is not empty")
    stem = quote(group, safe="")
    if len(stem) > _GROUP_SIZE_MAX:
        raise TopicNameError(
            f"group name {group!r} is not allowed: {len(stem)} bytes when escaped, "
            f"at most {_GROUP_SIZE_MAX}"
        )
    return f"{stem}.json"


def group_of_file(file_name: str) -> str:
    """Return the group whose positions `file_name` keeps."""
    return unquote(file_name.removesuffix(".json"))
