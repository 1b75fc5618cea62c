# SPDX-License-Identifier: Apache-2.0
"""A topic's own file, ``topic.json``: its partitions and schema. It makes the topic exist."""

import base64
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import ipc

from .checked_json import pack_checked, unpack_checked
from .durable import replace_file
from .errors import TopicCorruptError, TopicError

FILE_NAME = "topic.json"
_VERSION = 1


@dataclass(frozen=True)
class TopicMetadata:
    """What ``topic.json`` says.

    Attributes
    ----------
    partition_count
        Fixed when the topic is created.
    created_ms
        Milliseconds since 1970, UTC.
    stored_schema
        Reserved and value columns.
    """

    partition_count: int
    created_ms: int
    stored_schema: pa.Schema

    def save(self, directory: Path) -> None:
        """Write the file, whole or not at all."""
        content = {
            "version": _VERSION,
            "partitions": self.partition_count,
            "created_ms": self.created_ms,
            "schema": base64.b64encode(self.stored_schema.serialize()).decode(),
            "schema_text": {field.name: str(field.type) for field in self.stored_schema},
        }
        replace_file(directory / FILE_NAME, pack_checked(content))

    @classmethod
    def load(cls, directory: Path) -> "TopicMetadata":
        """Read the file."""
        path = directory / FILE_NAME
        try:
            content = unpack_checked(path.read_bytes())
            version = content["version"]
            if version != _VERSION:
                raise TopicError(
                    f"{path}: version {version} is not known to this version of Sabot; read it "
                    "with the version that wrote it"
                )
            schema = ipc.read_schema(pa.py_buffer(base64.b64decode(content["schema"])))
            return cls(content["partitions"], content["created_ms"], schema)
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise TopicCorruptError(
                f"{path}: no description of a topic: {error}; restore the file from a copy"
            ) from error
