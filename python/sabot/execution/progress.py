# SPDX-License-Identifier: Apache-2.0
"""Progress of a run, on a terminal and only there."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sabot.errors import JobCanceledError
from sabot.execution.result import rows_read

if TYPE_CHECKING:
    from sabot.execution.run import Run

__all__ = ["Progress"]

_SHOWN_AFTER_SECONDS = 0.5


class Progress:
    """A bar per source on stderr, for runs longer than half a second.

    Shows nothing when stderr is no terminal, or outside the main thread: several runs would write
    over each other.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._started = time.perf_counter()
        self._display: Any = None
        self._tasks: dict[str, Any] = {}
        self._is_wanted = (
            sys.stderr is not None
            and sys.stderr.isatty()
            and threading.current_thread() is threading.main_thread()
        )

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._display is not None:
            self.update()
            self._display.stop()
            self._display = None

    def update(self) -> None:
        """Show the counters as of now."""
        if not self._is_wanted:
            return
        elapsed = time.perf_counter() - self._started
        if self._display is None:
            if elapsed < _SHOWN_AFTER_SECONDS:
                return
            self._open()
        try:
            metrics = self._run.metrics()
        except JobCanceledError:
            return  # the job is closed
        for op in metrics["operators"]:
            if op["type"] == "source":
                self._show(op, elapsed)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Display

        self._display = Display(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.completed:>14,.0f} rows"),
            TextColumn("{task.fields[rate]:>14,.0f} rows/s"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._display.start()

    def _show(self, op: dict[str, Any], elapsed: float) -> None:
        operator_id = op["operator_id"]
        rows = rows_read([op]) if op["type"] == "source" else op["rows_out"]
        if operator_id not in self._tasks:
            self._tasks[operator_id] = self._display.add_task(
                op["name"], total=self._run.row_count(operator_id), rate=0.0
            )
        self._display.update(self._tasks[operator_id], completed=rows, rate=rows / elapsed)
