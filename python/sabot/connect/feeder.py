# SPDX-License-Identifier: Apache-2.0
"""A thread that feeds batches from Python to a job.

The engine never pulls Python iterables: this thread does, and pushes. `push` blocks while the job
is over its budgets, so a generator is asked no faster than its rows are used.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sabot.errors import JobCanceledError, SabotError

if TYPE_CHECKING:
    import pyarrow as pa

    from sabot._core import Job

__all__ = ["Feeder"]

_OPERATOR = re.compile(r"^operator '[^']*' \(source\): ")


class Feeder(threading.Thread):
    """Pushes batches into one split until they end, fail, or nobody wants them any more.

    Parameters
    ----------
    job, operator_id
        Where the rows go; a new split is added at once.
    batches
        The rows, in the schema of the source. Closed at the end if it has ``close``.
    interrupt
        Called by `stop` to wake `batches` where it waits; None if it cannot be woken.

    Attributes
    ----------
    failure
        What `batches` raised.
    """

    def __init__(
        self,
        job: Job,
        operator_id: str,
        batches: Iterable[pa.RecordBatch],
        interrupt: Callable[[], None] | None = None,
    ) -> None:
        self._split = job.add_push_split(operator_id)
        super().__init__(name=f"sabot-feed-{operator_id[:8]}-{self._split}", daemon=True)
        self._job = job
        self._operator_id = operator_id
        self._batches = batches
        self._interrupt = interrupt
        self._is_stopped = False
        self.failure: BaseException | None = None

    def stop(self) -> None:
        """Ask the thread to end; rows that come later are dropped."""
        self._is_stopped = True
        if self._interrupt is not None:
            self._interrupt()

    def run(self) -> None:
        """Push until the end."""
        sentence = None
        try:
            try:
                self._push_all()
            finally:
                close = getattr(self._batches, "close", None)
                if close is not None:
                    close()
        except BaseException as error:
            if not self._is_stopped:
                self.failure = error
                sentence = _sentence_of(error)
        try:
            self._job.push_end(self._operator_id, self._split, sentence)
        except SabotError:
            pass  # the job ended first

    def _push_all(self) -> None:
        for batch in self._batches:
            if self._is_stopped:
                return
            if batch.num_rows == 0:
                continue
            try:
                self._job.push(self._operator_id, self._split, batch)
            except JobCanceledError:
                return


def _sentence_of(error: BaseException) -> str:
    """Return what failed; the engine puts the operator in front, so it is not said twice."""
    if isinstance(error, SabotError):
        return _OPERATOR.sub("", str(error))
    return f"{type(error).__name__}: {error}"
