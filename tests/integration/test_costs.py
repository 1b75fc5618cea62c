# SPDX-License-Identifier: Apache-2.0
"""What Sabot costs when little is asked of it. Each figure is taken in a process of its own."""

import os
import subprocess
import sys


def measured(program):
    """Return the number a program prints."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


RESIDENT = """
import re
def resident_mb():
    with open("/proc/self/status") as file:
        return int(re.search(r"VmRSS:\\s+(\\d+) kB", file.read())[1]) / 1024
"""


def test_idle_engine_takes_less_than_30_mb():
    """The engine with its threads waiting for rows, beyond Python and pyarrow themselves."""
    program = f"""{RESIDENT}
import pyarrow as pa, pyarrow.dataset, numpy
from pipelines import line
from sabot.execution.plan import Plan
import sabot._core as core
before = resident_mb()
graph = line({{"data": lambda: iter([pa.record_batch({{"n": [0]}})])}})
job = core.Job(Plan.build(graph).core, worker_count=8)
source, sink = graph.operators
job.bind_sink(sink, "count")
split = job.add_push_split(source)
job.start()
job.push(source, split, pa.record_batch({{"n": [1]}}))
job.wait(100)
print(resident_mb() - before)
job.push_end(source, split)
job.wait()
"""
    assert measured(program) < 30.0


def test_idle_job_takes_no_processor_time():
    program = """
import time
import pyarrow as pa
from pipelines import line
from sabot.execution.plan import Plan
import sabot._core as core
graph = line({"data": lambda: iter([pa.record_batch({"n": [0]})])})
job = core.Job(Plan.build(graph).core, worker_count=8)
source, sink = graph.operators
job.bind_sink(sink, "count")
split = job.add_push_split(source)
job.start()
job.push(source, split, pa.record_batch({"n": [1]}))
job.wait(200)
begin = time.process_time()
job.wait(1000)
print(time.process_time() - begin)
"""
    assert measured(program) < 0.1


def test_first_result_of_1000_rows_takes_less_than_5_ms():
    program = """
import time
from pipelines import line, node, run
times = []
for _ in range(20):
    graph = line({"data": {"n": list(range(1000))}}, node("filter", "f", column="n", value=500))
    begin = time.perf_counter()
    assert run(graph)["rows_out"] == 499
    times.append((time.perf_counter() - begin) * 1000)
print(min(times))
"""
    assert measured(program) < 5.0


def test_first_result_of_the_reference_graph_takes_less_than_5_ms():
    program = """
import time
from pipelines import quote_enrichment, quotes, run, securities
times = []
for _ in range(20):
    graph = quote_enrichment({"data": quotes()}, {"data": securities().slice(0, 1000)})
    begin = time.perf_counter()
    assert run(graph)["rows_out"] > 0
    times.append((time.perf_counter() - begin) * 1000)
print(min(times))
"""
    assert measured(program) < 5.0


def test_collected_rows_return_their_memory():
    program = f"""{RESIDENT}
import gc
import numpy as np, pyarrow as pa
from pipelines import line, run
import sabot._core as core
data = pa.table({{"x": np.arange(4_000_000)}})
def work():
    from sabot import col
    from pipelines import node
    run(line({{"data": data}}, node("map", "m", expressions={{"y": col("x") * 2}})))
work(); gc.collect(); core.memory_trim()
before = resident_mb()
for _ in range(5):
    work()
gc.collect(); core.memory_trim()
print(resident_mb() - before)
"""
    assert measured(program) < 30.0


def test_a_join_with_many_partners_stops_where_enough_rows_are():
    program = """
import numpy as np
from sabot import Stream
left = Stream.from_table({"k": np.zeros(100_000, np.int64)}, batch_size=100_000)
right = Stream.from_table({"k": np.zeros(2_000, np.int64), "n": np.arange(2_000)})
result = left.join(right, "k", "k").limit(10).to_graph().run()
assert result["rows_out"] == 10
print(result["metrics"]["peak_memory_bytes"] / 2**20)
"""
    assert measured(program) < 100.0
