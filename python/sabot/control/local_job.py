# SPDX-License-Identifier: Apache-2.0
"""A job that runs in this process, with the states and numbers of a submitted one."""

from __future__ import annotations

import asyncio
import threading
import time
from os import PathLike
from typing import TYPE_CHECKING, Any

from sabot.errors import JobCanceledError
from sabot.execution.result import rows_read
from sabot.execution.run import Run, RunOptions

if TYPE_CHECKING:
    from sabot.compiler.plan_optimizer import PlanOptimizer
    from sabot.execution.job_graph import JobGraph

__all__ = ["LocalJob"]

_ENDED = frozenset({"completed", "failed", "canceled"})


class LocalJob:
    """One submitted graph: ``pending → optimizing → compiling → deploying → running → completed``.

    The engine is waited for in a thread of its own; every operator counts as one task.
    """

    def __init__(
        self,
        graph: JobGraph,
        job_id: str,
        data_dir: str | PathLike[str] | None,
        *,
        optimize: bool | PlanOptimizer = True,
    ) -> None:
        self.job_id = job_id
        self._graph = graph
        self._run = Run(graph, RunOptions(job_id=job_id, data_dir=data_dir, optimize=optimize))
        self._state = "pending"
        self._submitted_at = time.time()
        self._started_at: float | None = None
        self._completed_at: float | None = None
        self._result: dict[str, Any] = {}
        self._metrics: dict[str, Any] | None = None
        self._error: BaseException | None = None
        self._is_ended = threading.Event()

    @property
    def is_endless(self) -> bool:
        """Whether the job goes on until it is canceled."""
        return self._run.is_endless

    async def start(self) -> None:
        """Check the graph and start the engine.

        Raises
        ------
        InvalidJobError
            If the graph is wrong.
        """
        self._state = "compiling"
        try:
            await asyncio.to_thread(self._run.start)
        except BaseException:
            self._state = "failed"
            await asyncio.to_thread(self._run.close)
            raise
        self._state = "running"
        self._started_at = time.time()
        threading.Thread(target=self._work, name=f"sabot-{self.job_id}", daemon=True).start()

    async def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the job has ended; return whether it has."""
        loop = asyncio.get_running_loop()
        ended = loop.create_future()

        def tell() -> None:
            if not ended.done():
                ended.set_result(None)

        def watch() -> None:
            self._is_ended.wait(timeout_s)
            try:
                loop.call_soon_threadsafe(tell)
            except RuntimeError:
                pass  # the loop is closed, nobody waits

        threading.Thread(target=watch, name=f"sabot-wait-{self.job_id}", daemon=True).start()
        await ended
        return self._is_ended.is_set()

    async def cancel(self) -> None:
        """Stop at once and wait for the threads; nothing if the job has ended."""
        if self._state not in _ENDED:
            self._state = "canceling"
            self._run.stop("cancel")
            await self.wait()

    def result(self) -> dict[str, Any]:
        """Return what `JobManager.submit_job` does."""
        metrics = self._counters()
        operators = metrics["operators"]
        result = {
            "job_id": self.job_id,
            "status": self._state if self._state in _ENDED else "running",
            "optimization_time_ms": self._run.optimization_ms,
            "execution_time_ms": metrics["elapsed_ns"] / 1e6,
            "outputs": {},
            "rows_in": rows_read(operators),
            "rows_out": sum(op["rows_in"] for op in operators if op["type"] == "sink"),
            "metrics": {"peak_memory_bytes": metrics["memory_peak_bytes"], "operators": operators},
            **self._result,
        }
        if self._error is not None:
            result["error"] = str(self._error)
        return result

    def status(self) -> dict[str, Any]:
        """Return what `JobManager.get_job_status` does."""
        total = len(self._graph.operators)
        task_state = {"completed": "finished", "failed": "failed", "canceled": "canceled"}.get(
            self._state, "running"
        )
        return {
            "state": self._state,
            "status": self._state,
            "job_id": self.job_id,
            "job_name": self._graph.job_name,
            "completed_tasks": total if self._state == "completed" else 0,
            "total_tasks": total,
            "tasks": {task_state: total},
            "submitted_at": self._submitted_at,
            "started_at": self._started_at,
            "completed_at": self._completed_at,
            "error_message": None if self._error is None else str(self._error),
            "failure_count": 1 if self._state == "failed" else 0,
        }

    def _work(self) -> None:
        """Wait for the engine and take its result; the thread of the job."""
        try:
            self._run.wait()
            self._result = self._run.finish()
            state = "completed"
        except JobCanceledError:
            state = "canceled"
        except BaseException as error:
            self._error = error
            state = "failed"
        self._metrics = self._counters()
        self._run.close()
        self._completed_at = time.time()
        self._state = state
        self._is_ended.set()

    def _counters(self) -> dict[str, Any]:
        if self._metrics is not None:
            return self._metrics
        try:
            return self._run.metrics()
        except JobCanceledError:  # closed by the exit hook
            return {"elapsed_ns": 0, "memory_peak_bytes": 0, "operators": []}
