# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C, stop(), cancellation, and an interpreter that ends while the engine works."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import line, node
from sabot import JobCanceledError, Stream
from sabot.execution.run import Run

PRELUDE = """
import os, sys, threading, time
from pipelines import line, node
from sabot import JobCanceledError

def endless():
    n = 0
    while True:
        yield {"n": n}
        n += 1
        if n == 2000:
            print("ready", flush=True)

def stuck():
    yield {"n": 0}
    print("ready", flush=True)
    threading.Event().wait()

path = sys.argv[1]
"""


class Program:
    """A Python program in a process of its own, which says 'ready' when its job is at work."""

    def __init__(self, text, path):
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-c", PRELUDE + text, str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )

    def wait_until_ready(self):
        assert self.process.stdout.readline() == "ready\n", self.process.stderr.read()

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def end(self):
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


def test_ctrl_c_cancels_a_bounded_job(tmp_path):
    program = Program(
        """
try:
    line({"data": endless}, sink={"path": path}).run()
except KeyboardInterrupt:
    print("interrupted")
""",
        tmp_path / "o.parquet",
    )
    program.wait_until_ready()
    program.interrupt()
    assert program.end()[:2] == (0, "interrupted\n")
    assert os.listdir(tmp_path) == []


def test_ctrl_c_drains_an_endless_job(tmp_path):
    program = Program(
        """
try:
    line({"data": endless, "bounded": False}, sink={"path": path}, mode="streaming").run()
except KeyboardInterrupt:
    print("interrupted")
""",
        tmp_path / "o.parquet",
    )
    program.wait_until_ready()
    program.interrupt()
    assert program.end()[:2] == (0, "interrupted\n")
    numbers = pq.read_table(tmp_path / "o.parquet")["n"].to_pylist()
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 0


@pytest.mark.parametrize("bounded", [True, False])
def test_ctrl_c_while_a_generator_blocks(tmp_path, bounded):
    program = Program(f'line({{"data": stuck, "bounded": {bounded}}}).run()', tmp_path)
    program.wait_until_ready()
    program.interrupt()
    code, _, err = program.end()
    assert code == -signal.SIGINT
    assert err.strip().endswith("KeyboardInterrupt")


def test_ctrl_c_inside_a_function(tmp_path):
    program = Program(
        """
def slow(batch):
    os.write(1, b"ready\\n")  # whole, though several workers write
    time.sleep(0.2)
    return batch["n"]

data = {"n": list(range(100_000))}
line({"data": data}, node("map", "m", slow, schema={"n": "int64", "m": "int64"})).run()
""",
        tmp_path,
    )
    program.wait_until_ready()
    program.interrupt()
    code, _, err = program.end()
    assert code == -signal.SIGINT, err
    assert "KeyboardInterrupt" in err


@pytest.mark.parametrize(
    "ending",
    [
        "",
        "sys.exit(0)",
        "os.environ['X'] = '1'",
        "import gc; gc.collect()",
    ],
)
def test_exit_with_running_threads(tmp_path, ending):
    program = Program(
        f"""
graph = line(
    {{"data": endless, "bounded": False}},
    node("map", "m", lambda batch: batch["n"] + 1),
    sink={{"path": path}},
    mode="streaming",
)

def run():
    try:
        graph.run()
    except JobCanceledError:
        pass

threading.Thread(target=run, daemon=True).start()
while not any(name.endswith(".tmp") for name in os.listdir(os.path.dirname(path))):
    pass
{ending}
""",
        tmp_path / "o.parquet",
    )
    code, _, err = program.end()
    assert (code, err) == (0, "")
    assert os.listdir(tmp_path) == []


def test_exit_with_forgotten_jobs(tmp_path):
    program = Program(
        """
from sabot.execution.run import Run
runs = []
for _ in range(4):
    run = Run(line({"data": endless, "bounded": False}, node("map", "m", lambda b: b["n"] + 1)))
    run.start()
    runs.append(run)
""",
        tmp_path,
    )
    code, _, err = program.end()
    assert (code, err) == (0, "")


def test_exit_while_a_generator_blocks(tmp_path):
    program = Program(
        """
from sabot.execution.run import Run
run = Run(line({"data": stuck, "bounded": False}))
run.start()
""",
        tmp_path,
    )
    code, _, err = program.end()
    assert (code, err) == (0, "")


# --- inside one process --------------------------------------------------------------------------


def numbers():
    n = 0
    while True:
        yield {"n": n}
        n += 1


def test_stop_from_another_thread_keeps_what_was_read():
    seen, enough = [], threading.Event()

    def see(batch):
        seen.extend(batch["n"].to_pylist())
        if len(seen) > 1000:
            enough.set()

    graph = line({"data": numbers, "bounded": False}, sink={"callback": see}, mode="streaming")
    stopper = threading.Thread(target=lambda: (enough.wait(), graph.stop()))
    stopper.start()
    result = graph.run()
    stopper.join()
    assert result["status"] == "completed"
    assert seen == list(range(result["rows_out"]))


def test_stop_from_inside_a_function():
    def stop_at_100(batch):
        if 100 in batch["n"].to_numpy():
            graph.stop()
        return batch["n"] >= 0

    graph = line({"data": numbers, "bounded": False}, node("filter", "f", stop_at_100))
    assert graph.run()["rows_out"] > 100


def test_stop_before_and_after_a_run_does_nothing():
    graph = line({"data": {"n": [1]}})
    graph.stop()
    assert graph.run()["rows_out"] == 1
    graph.stop()


def test_cancel_is_an_error_of_the_run():
    run = Run(line({"data": numbers, "bounded": False}))
    run.start()
    run.stop("cancel")
    with pytest.raises(JobCanceledError):
        run.wait()
    run.close()
    run.close()


def test_cancel_does_not_wait_for_the_rows_of_a_key():
    """Each row has 30,000 partners: a morsel alone would take minutes to join."""
    rows = pa.table({"k": np.zeros(30_000, np.int64)})
    source = Stream.from_table(rows, batch_size=30_000)
    graph = source.join(Stream.from_table(rows), "k", "k").aggregate(n=("k", "sum")).to_graph()
    run = Run(graph)
    run.start()
    while all(
        one["type"] != "hash_join" or one["rows_out"] == 0 for one in run.metrics()["operators"]
    ):
        time.sleep(0.001)
    begin = time.monotonic()
    run.stop("cancel")
    with pytest.raises(JobCanceledError):
        run.wait()
    run.close()
    assert time.monotonic() - begin < 2.0


def test_jobs_that_nobody_holds_are_closed():
    import gc

    from sabot.execution import live_runs

    before = threading.active_count()
    run = Run(line({"data": numbers, "bounded": False}, node("map", "m", lambda b: b["n"])))
    run.start()
    feeder = run._feeders[0]
    live_runs.remove(run)
    feeder.stop()
    del run
    gc.collect()
    feeder.join(10)
    assert not feeder.is_alive()
    assert threading.active_count() <= before


def test_closing_inside_a_function_is_refused():
    caught = []

    def close(batch):
        if len(batch) and not caught:
            try:
                run._job.close()
            except RuntimeError as error:
                caught.append(error)
        return batch["n"] >= 0

    run = Run(line({"data": {"n": [1]}}, node("filter", "f", close)))
    run.start()
    run.wait()
    run.finish()
    run.close()
    assert "cannot be closed inside" in str(caught[0])


def test_run_async_leaves_the_loop_free():
    async def main():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        result = await line({"data": {"n": list(range(100_000))}}).run_async()
        ticking.cancel()
        return result["rows_out"], ticks

    count, ticks = asyncio.run(main())
    assert count == 100_000
    assert ticks > 0


def test_run_async_is_canceled_with_its_task():
    started = threading.Event()

    def waited_for():
        for record in numbers():
            started.set()
            yield record

    async def main():
        graph = line({"data": waited_for, "bounded": False}, sink={"discard": True})
        task = asyncio.create_task(graph.run_async())
        await asyncio.to_thread(started.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return list(graph._runs)

    assert asyncio.run(main()) == []


def test_async_generator_that_waits_is_woken():
    async def silent():
        yield {"n": 1}
        await asyncio.Event().wait()

    run = Run(line({"data": silent, "bounded": False}))
    run.start()
    feeder = run._feeders[0]
    run.stop()
    run.wait()
    run.finish()
    run.close()
    feeder.join(10)
    assert not feeder.is_alive()
