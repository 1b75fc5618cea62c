# SPDX-License-Identifier: Apache-2.0
"""Submitting jobs, asking about them, canceling them: in this process, in this version.

Jobs live as long as the process. The durable control plane (a database, agents, recovery,
rescaling) is not there yet: asking for it is an error, never a silent substitute.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sabot.control.local_job import LocalJob
from sabot.errors import InvalidJobError, SabotError
from sabot.execution.job_graph import JobGraph

if TYPE_CHECKING:
    from os import PathLike

    from sabot.compiler.plan_optimizer import PlanOptimizer

__all__ = ["JobManager"]

_LISTED_MAX = 100


class JobManager:
    """Runs graphs and knows their state.

    Parameters
    ----------
    dbos_url, broker, config
        Parts of the durable control plane, not available in this version.
    data_dir
        Directory of embedded topics, for graphs that do not name one; default
        ``SABOT_DATA_DIR``, then ``./sabot_data``.

    Examples
    --------
    >>> import asyncio
    >>> from sabot import JobGraph, OperatorType, StreamOperatorNode
    >>> graph = JobGraph("copy")
    >>> source = graph.add_operator(
    ...     StreamOperatorNode(OperatorType.SOURCE, "rows", {"data": [{"n": 1}, {"n": 2}]})
    ... )
    >>> sink = graph.add_operator(StreamOperatorNode(OperatorType.SINK, "out"))
    >>> graph.connect(source, sink)
    >>> async def main():
    ...     async with JobManager() as manager:
    ...         result = await manager.submit_job(graph)
    ...         status = await manager.get_job_status(result["job_id"])
    ...         return result["status"], result["rows_out"], status["state"]
    >>> asyncio.run(main())
    ('completed', 2, 'completed')
    """

    def __init__(
        self,
        dbos_url: str | None = None,
        *,
        broker: str | None = None,
        data_dir: str | PathLike[str] | None = None,
        config: Any = None,
    ) -> None:
        for name, value in (("dbos_url", dbos_url), ("broker", broker), ("config", config)):
            if value is not None:
                raise SabotError(
                    f"JobManager: {name}={value!r} needs the durable control plane, which is not "
                    "available in this version; leave it out to run jobs in this process"
                )
        self._data_dir = data_dir
        self._jobs: dict[str, LocalJob] = {}
        self._starts: dict[str, asyncio.Task[LocalJob]] = {}  # of jobs that are not there yet

    async def submit_job(
        self,
        graph: JobGraph | Mapping[str, Any] | str,
        *,
        optimize: bool | PlanOptimizer = True,
        wait: bool | None = None,
        job_id: str | None = None,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        """Start a job; wait for it if it ends by itself.

        Parameters
        ----------
        graph
            A `JobGraph`, its wire form, or that as JSON text. Wire forms run pickled code: trust
            where they come from.
        optimize
            As in `JobGraph.run`.
        wait
            Whether to wait for the end; by default for bounded jobs. Endless ones return when they
            run.
        job_id
            Name of the job; that of a job there is attaches to it. Default a fresh one.
        timeout_s
            Return with status ``'running'`` after so long.

        Returns
        -------
        dict
            ``job_id``, ``status`` (``'completed'``, ``'running'``, ``'failed'`` with ``error``,
            ``'canceled'``), ``optimization_time_ms``, ``execution_time_ms``, ``outputs``,
            ``rows_in``, ``rows_out``, ``metrics``, and ``ledger`` of a completed job.

        Raises
        ------
        InvalidJobError
            If the graph is wrong; nothing has run.
        """
        job_id = job_id or _fresh_id()
        job = await self._find(job_id)
        if job is None:
            new = LocalJob(_graph_of(graph), job_id, self._data_dir, optimize=optimize)
            self._starts[job_id] = asyncio.create_task(self._start(new))
            job = await asyncio.shield(self._starts[job_id])
        if wait if wait is not None else not job.is_endless:
            await job.wait(timeout_s)
        return job.result()

    async def get_job_status(self, job_id: str) -> dict[str, Any]:
        """Return the state of a job and the counts of its tasks.

        Raises
        ------
        KeyError
            If there is no such job.
        """
        return (await self._job(job_id)).status()

    async def cancel_job(self, job_id: str) -> dict[str, Any]:
        """Stop a job at once and return its state, ``'canceled'`` unless it had ended before.

        Raises
        ------
        KeyError
            If there is no such job.
        """
        job = await self._job(job_id)
        await job.cancel()
        return job.status()

    def list_jobs(self, status_filter: str | None = None) -> list[dict[str, Any]]:
        """Return the states of the newest 100 jobs, newest first; only those in one state."""
        jobs = [job.status() for job in reversed(self._jobs.values())]
        return [job for job in jobs if status_filter in (None, job["state"])][:_LISTED_MAX]

    async def close(self) -> None:
        """Cancel the jobs that still run and wait for their threads."""
        await asyncio.gather(*self._starts.values(), return_exceptions=True)
        await asyncio.gather(*(job.cancel() for job in self._jobs.values()))

    async def __aenter__(self) -> JobManager:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _start(self, job: LocalJob) -> LocalJob:
        try:
            await job.start()
            self._jobs[job.job_id] = job
        finally:
            del self._starts[job.job_id]
        return job

    async def _find(self, job_id: str) -> LocalJob | None:
        """Return the job of this name; one that starts just now when it has."""
        start = self._starts.get(job_id)
        return self._jobs.get(job_id) if start is None else await asyncio.shield(start)

    async def _job(self, job_id: str) -> LocalJob:
        job = await self._find(job_id)
        if job is None:
            raise KeyError(f"no job {job_id!r}; list_jobs() has those of this JobManager")
        return job


def _fresh_id() -> str:
    return f"job-{uuid.uuid4().hex[:12]}"


def _graph_of(graph: JobGraph | Mapping[str, Any] | str) -> JobGraph:
    if isinstance(graph, JobGraph):
        return graph
    if isinstance(graph, str | bytes):
        try:
            graph = json.loads(graph)
        except ValueError as error:
            raise InvalidJobError(f"the job is not JSON: {error}") from error
    if isinstance(graph, Mapping):
        return JobGraph.from_dict(graph)
    raise InvalidJobError(
        f"expected a JobGraph, its wire form or JSON text, found {type(graph).__name__}"
    )
