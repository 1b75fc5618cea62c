# SPDX-License-Identifier: Apache-2.0
"""Where malformed rows go when they neither fail the job nor are dropped."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sabot.connect.redaction import has_scheme
from sabot.errors import InvalidJobError

if TYPE_CHECKING:
    from sabot.connect.sink import Writer
    from sabot.execution.node import StreamOperatorNode

__all__ = ["DEAD_LETTER_SCHEMA", "DeadLetter", "check_apart", "open_dead_letter"]

DEAD_LETTER_SCHEMA = pa.schema(
    [
        ("file", pa.string()),
        ("position", pa.int64()),
        ("bytes", pa.binary()),
        ("reason", pa.string()),
    ]
)
_ROWS_PER_BATCH = 1000


class DeadLetter:
    """Collects malformed rows from any thread and writes them as a sink does: all or nothing.

    Parameters
    ----------
    open_writer
        Makes the writer when the first row comes: without malformed rows nothing is written.
    """

    def __init__(self, open_writer: Any) -> None:
        self._open_writer = open_writer
        self._writer: Writer | None = None
        self._rows: list[dict[str, Any]] = []
        self._lock = threading.Lock()  # of all above

    def put(self, file: str, position: int, content: bytes, reason: str) -> None:
        """Take a row."""
        row = {"file": file, "position": position, "bytes": content, "reason": reason}
        with self._lock:
            self._rows.append(row)
            if len(self._rows) >= _ROWS_PER_BATCH:
                self._flush()

    def publish(self) -> None:
        """Make the rows visible."""
        with self._lock:
            if self._rows:
                self._flush()
            if self._writer is not None:
                self._writer.finish()
                self._writer.publish()

    def discard(self) -> None:
        """Remove what is not published."""
        with self._lock:
            self._rows = []
            if self._writer is not None:
                self._writer.discard()

    def _flush(self) -> None:
        if self._writer is None:
            self._writer = self._open_writer()
        self._writer.write(pa.RecordBatch.from_pylist(self._rows, schema=DEAD_LETTER_SCHEMA))
        self._rows = []


def open_dead_letter(node: StreamOperatorNode, data_dir: str) -> DeadLetter | None:
    """Return what parameter ``dead_letter`` of a source means: a file's path, or a topic.

    Raises
    ------
    InvalidJobError
        If it is neither, or the file cannot be there.
    """
    from sabot.connect.sink import open_writer
    from sabot.execution.node import StreamOperatorNode
    from sabot.execution.operator_type import OperatorType

    target = node.parameters.get("dead_letter")
    if target is None:
        return None
    parameters = dict(target) if isinstance(target, dict) else {"path": target}
    allowed = {"path", "topic", "format", "data_dir", "mode"}
    if not set(parameters) <= allowed or ("path" in parameters) == ("topic" in parameters):
        raise InvalidJobError(
            f"{node.title}: parameter 'dead_letter': expected the path of a file, {{'path': ...}} "
            f"or {{'topic': ...}}, found {target!r}"
        )
    sink = StreamOperatorNode(OperatorType.SINK, f"{node.name}.dead_letter", parameters)

    def open_checked() -> Writer:
        try:
            return open_writer(sink, DEAD_LETTER_SCHEMA, data_dir)
        except InvalidJobError as error:
            cause = str(error).removeprefix(f"{sink.title}: ").removeprefix("parameter 'path': ")
            raise InvalidJobError(f"{node.title}: parameter 'dead_letter': {cause}") from error

    if "path" in parameters:
        open_checked().discard()  # so that a wrong place is known before anything runs
    return DeadLetter(open_checked)


def check_apart(node: StreamOperatorNode, files: Iterable[str]) -> None:
    """Refuse dead letters in a file that is read: it would be gone.

    Raises
    ------
    InvalidJobError
        If the path is one of `files`.
    """
    target = node.parameters.get("dead_letter")
    path = target.get("path") if isinstance(target, dict) else target
    if not isinstance(path, str | os.PathLike) or has_scheme(os.fspath(path)):
        return
    real = os.path.realpath(path)
    if any(os.path.realpath(file) == real for file in files):
        raise InvalidJobError(
            f"{node.title}: parameter 'dead_letter': {os.fspath(path)} is read by this source and "
            "would be replaced; name another file"
        )
