# SPDX-License-Identifier: Apache-2.0
"""A thread that moves the rows of one sink from the engine to its writer."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from sabot._core import Stream
    from sabot.connect.sink import Writer

__all__ = ["Drain"]


class Drain(threading.Thread):
    """Pulls a sink's stream into a writer until the stream ends.

    When the writer fails the stream is let go at once, and with it the job fails: rows would be
    lost.

    Attributes
    ----------
    failure
        What the writer raised.
    is_finished
        Whether every row is in the writer, and durable.
    """

    def __init__(self, stream: Stream, writer: Writer, title: str, target: str) -> None:
        super().__init__(name=f"sabot-drain-{title}", daemon=True)
        self._stream: Stream | None = stream
        self.writer = writer
        self.title = title
        self.target = target
        self.failure: BaseException | None = None
        self.is_finished = False

    def run(self) -> None:
        """Pull until the end."""
        reader = pa.RecordBatchReader.from_stream(self._stream)
        self._stream = None
        try:
            while True:
                try:
                    batch = reader.read_next_batch()
                except StopIteration:
                    break
                except (pa.ArrowException, OSError):
                    return  # the job failed; it says why
                if batch.num_rows > 0:
                    self.writer.write(batch)
                del batch
            self.writer.finish()
            self.is_finished = True
        except BaseException as error:
            self.failure = error
        finally:
            reader.close()
