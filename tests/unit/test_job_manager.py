# SPDX-License-Identifier: Apache-2.0
"""Submitting, asking, waiting and canceling in this process."""

import asyncio
import json
import re
import threading

import pytest

from pipelines import line, node
from sabot import InvalidJobError, JobManager, SabotError

ROWS = {"data": {"n": [1, 2, 3]}}
KEYS = {
    "job_id",
    "status",
    "optimization_time_ms",
    "execution_time_ms",
    "outputs",
    "rows_in",
    "rows_out",
    "metrics",
}


class Endless:
    """A source that goes on until nobody wants its rows."""

    def __init__(self):
        self.wanted = threading.Event()

    def graph(self):
        def numbers():
            yield {"n": 0}
            self.wanted.set()
            yield from ({"n": n} for n in range(1, 10**9))

        source = {"data": numbers, "bounded": False}
        return line(source, sink={"discard": True}, mode="streaming")


def manage(work):
    """Run ``work(manager)`` with a JobManager of its own."""

    async def main():
        async with JobManager() as manager:
            return await work(manager)

    return asyncio.run(main())


def test_bounded_job_is_awaited():
    result = manage(lambda manager: manager.submit_job(line(ROWS)))
    assert set(result) >= KEYS
    assert re.fullmatch(r"job-[0-9a-f]{12}", result["job_id"])
    assert result["status"] == "completed"
    assert (result["rows_in"], result["rows_out"]) == (3, 3)
    assert result["outputs"]["out"]["n"].to_pylist() == [1, 2, 3]
    assert isinstance(result["optimization_time_ms"], float)
    assert isinstance(result["execution_time_ms"], float)
    assert result["metrics"]["peak_memory_bytes"] > 0


def test_status_of_a_finished_job():
    async def work(manager):
        result = await manager.submit_job(line(ROWS))
        return await manager.get_job_status(result["job_id"])

    status = manage(work)
    assert (status["state"], status["status"], status["job_name"]) == (
        "completed",
        "completed",
        "line",
    )
    assert status["completed_tasks"] == status["total_tasks"] == 2
    assert status["submitted_at"] <= status["started_at"] <= status["completed_at"]
    assert status["error_message"] is None


@pytest.mark.parametrize("form", [lambda g: g.to_dict(), lambda g: json.dumps(g.to_dict())])
def test_takes_the_wire_form(form):
    result = manage(lambda manager: manager.submit_job(form(line(ROWS))))
    assert result["rows_out"] == 3


def test_endless_job_returns_when_it_runs_and_is_canceled():
    async def work(manager):
        result = await manager.submit_job(Endless().graph())
        status = await manager.get_job_status(result["job_id"])
        canceled = await manager.cancel_job(result["job_id"])
        again = await manager.cancel_job(result["job_id"])
        return result, status, canceled, again

    result, status, canceled, again = manage(work)
    assert (result["status"], status["state"]) == ("running", "running")
    assert canceled["state"] == again["state"] == "canceled"
    assert canceled["completed_tasks"] == 0


def test_closing_cancels_what_runs():
    async def work(manager):
        result = await manager.submit_job(Endless().graph())
        await manager.close()
        return await manager.get_job_status(result["job_id"])

    assert manage(work)["state"] == "canceled"


def test_timeout_returns_running():
    async def work(manager):
        result = await manager.submit_job(Endless().graph(), wait=True, timeout_s=0.05)
        await manager.cancel_job(result["job_id"])
        return result

    assert manage(work)["status"] == "running"


def test_failed_job_is_a_result():
    def boom(batch):
        if len(batch):
            raise ValueError("boom")
        return batch["n"] > 0

    async def work(manager):
        result = await manager.submit_job(line(ROWS, node("filter", "f", boom)))
        return result, await manager.get_job_status(result["job_id"])

    result, status = manage(work)
    assert result["status"] == status["state"] == "failed"
    assert "operator 'f' (filter)" in result["error"]
    assert "ValueError: boom" in status["error_message"]


def test_invalid_job_is_an_error_and_leaves_no_job():
    async def work(manager):
        with pytest.raises(InvalidJobError, match="'f'"):
            await manager.submit_job(line(ROWS, node("filter", "f", column="x", value=1)))
        return manager.list_jobs()

    assert manage(work) == []


def test_job_id_attaches_to_a_job():
    async def work(manager):
        first = await manager.submit_job(line(ROWS), job_id="job-mine")
        second = await manager.submit_job(line(ROWS), job_id="job-mine")
        return first, second, manager.list_jobs()

    first, second, jobs = manage(work)
    assert first["job_id"] == second["job_id"] == "job-mine"
    assert len(jobs) == 1
    assert second["outputs"]["out"].num_rows == 3


def test_job_id_attaches_to_a_job_that_starts():
    async def work(manager):
        results = await asyncio.gather(
            *(manager.submit_job(line(ROWS), job_id="job-mine") for _ in range(5))
        )
        return results, manager.list_jobs()

    results, jobs = manage(work)
    assert len(jobs) == 1
    assert all(result["outputs"] is results[0]["outputs"] for result in results)


def test_job_that_starts_can_be_canceled():
    async def work(manager):
        submitted = asyncio.create_task(
            manager.submit_job(Endless().graph(), wait=True, job_id="job-long")
        )
        await asyncio.sleep(0)
        canceled = await manager.cancel_job("job-long")
        return canceled, await submitted

    canceled, submitted = manage(work)
    assert canceled["state"] == submitted["status"] == "canceled"


def test_list_is_newest_first_and_filters():
    async def work(manager):
        for name in ("one", "two"):
            await manager.submit_job(line(ROWS), job_id=name)
        return manager.list_jobs(), manager.list_jobs("failed")

    jobs, failed = manage(work)
    assert [job["job_id"] for job in jobs] == ["two", "one"]
    assert failed == []


def test_unknown_job_is_a_key_error():
    with pytest.raises(KeyError, match="job-none"):
        manage(lambda manager: manager.get_job_status("job-none"))


def test_event_loop_goes_on_while_a_job_runs():
    async def work(manager):
        endless = Endless()
        submitted = asyncio.create_task(
            manager.submit_job(endless.graph(), wait=True, job_id="job-long")
        )
        await asyncio.to_thread(endless.wanted.wait)
        await manager.cancel_job("job-long")
        return await submitted

    assert manage(work)["status"] == "canceled"


@pytest.mark.parametrize("job", [5, "not json", ["list"], "[1]"])
def test_other_things_are_refused(job):
    with pytest.raises(InvalidJobError):
        manage(lambda manager: manager.submit_job(job))


@pytest.mark.parametrize("option", [{"dbos_url": "postgresql://x/y"}, {"broker": "localhost:9092"}])
def test_durable_parts_are_refused_not_imitated(option):
    with pytest.raises(SabotError, match="not available in this version"):
        JobManager(**option)
