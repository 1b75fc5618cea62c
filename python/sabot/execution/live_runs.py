# SPDX-License-Identifier: Apache-2.0
"""Runs that are at work, so that none outlives the interpreter.

The engine's own exit hook joins its threads. This one comes before it and also lets the sinks'
threads remove what they have half written.
"""

from __future__ import annotations

import atexit
import threading
from typing import TYPE_CHECKING

from sabot.errors import JobCanceledError

if TYPE_CHECKING:
    from sabot.execution.run import Run

__all__ = ["add", "remove"]

_runs: set[Run] = set()
_lock = threading.Lock()
_is_ending = threading.Event()


def add(run: Run) -> None:
    """Note a run that is about to start.

    Raises
    ------
    JobCanceledError
        If the interpreter is ending.
    """
    with _lock:
        if _is_ending.is_set():
            raise JobCanceledError("the interpreter is ending; no new job can start")
        _runs.add(run)
    with run.graph._runs_lock:
        run.graph._runs.append(run)


def remove(run: Run) -> None:
    """Forget a run that is closed; unknown ones are fine."""
    with _lock:
        _runs.discard(run)
    with run.graph._runs_lock:
        if run in run.graph._runs:
            run.graph._runs.remove(run)


def _close_all() -> None:
    with _lock:
        _is_ending.set()
        runs = list(_runs)
    for run in runs:
        run.stop("cancel")
    for run in runs:
        run.close()


atexit.register(_close_all)
