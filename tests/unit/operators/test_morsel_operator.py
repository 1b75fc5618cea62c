# SPDX-License-Identifier: Apache-2.0
"""Morsels: pieces of a batch on the engine's workers, with the result of the whole batch."""

import asyncio
import os
import threading

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipelines import line, node, rows
from sabot.operators import BaseOperator, MorselDrivenOperator, ParallelProcessor

BATCH = pa.record_batch({"n": range(50_000), "s": [f"text {i % 100}" for i in range(50_000)]})
SMALL = BATCH.slice(0, 9_999)


class Even(BaseOperator):
    """Keeps the even rows, in a batch for each remainder by 4."""

    def __init__(self, source=None):
        super().__init__(source)
        self.threads = set()
        self.sizes = []

    def process_batch(self, batch):
        self.threads.add(threading.get_ident())
        self.sizes.append(batch.num_rows)
        yield batch.filter(pc.equal(pc.bit_wise_and(batch["n"], 1), 0))
        yield batch.slice(0, 0)


class Totals(BaseOperator):
    """Keeps a total; the order of its batches matters."""

    def __init__(self, source=None):
        super().__init__(source)
        self.seen = []

    def process_batch(self, batch):
        self.seen.append(batch.num_rows)

    def finish(self):
        return pa.record_batch({"rows": [sum(self.seen)]})


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("size_kb", [1, 64, 100_000])
@pytest.mark.parametrize("batch", [BATCH, SMALL, BATCH.slice(0, 0), BATCH.slice(7, 20_001)])
def test_result_is_that_of_the_whole_batch_in_order(batch, size_kb, workers):
    alone = pa.Table.from_batches(list(Even([batch])), schema=BATCH.schema)
    cut = MorselDrivenOperator(Even([batch]), workers, size_kb)
    assert pa.Table.from_batches(list(cut), schema=BATCH.schema).equals(alone)


def test_small_batches_stay_whole_and_large_ones_share_their_memory():
    processor = ParallelProcessor(2, morsel_size_kb=1)
    assert processor.cut(SMALL) == [SMALL]
    morsels = processor.cut(BATCH)
    assert {morsel.num_rows for morsel in morsels} == {1000}
    address = BATCH["n"].buffers()[1].address
    assert all(morsel["n"].buffers()[1].address == address for morsel in morsels)
    assert pa.Table.from_batches(morsels).combine_chunks().to_batches()[0].equals(BATCH)


def test_workers_are_the_engine_threads():
    meeting = threading.Barrier(3, timeout=30)
    threads = set()

    def meet(morsel):
        if morsel["n"][0].as_py() < 3000:
            meeting.wait()  # passes only when three are at work at once
        threads.add(threading.get_ident())
        return morsel

    output = ParallelProcessor(3, morsel_size_kb=1).process(BATCH, meet)
    assert threading.get_ident() not in threads
    assert len(threads) == 3
    assert sum(part.num_rows for part in output) == 50_000


def test_worker_count_is_what_the_process_may_use():
    assert ParallelProcessor().num_workers == len(os.sched_getaffinity(0))
    assert ParallelProcessor(5).num_workers == 5


def test_disabled_and_stateful_operators_get_whole_batches():
    operator = Even([BATCH])
    list(MorselDrivenOperator(operator, 4, 1, enabled=False))
    assert operator.sizes == [50_000]
    totals = Totals([BATCH, SMALL])
    batches = list(MorselDrivenOperator(totals, 4, 1))
    assert totals.seen == [50_000, 9_999]
    assert batches[0]["rows"].to_pylist() == [59_999]


def test_a_failing_morsel_fails_the_batch():
    class Failing(BaseOperator):
        def process_batch(self, batch):
            if batch["n"][-1].as_py() >= 40_000:
                raise LookupError("lost")
            return batch

    for workers in (1, 4):
        with pytest.raises(LookupError, match="lost"):
            list(MorselDrivenOperator(Failing([BATCH]), workers, 1))


def test_runs_in_a_job_and_with_async_for():
    operator = MorselDrivenOperator(Even(), 2, 1)
    graph = line(
        {"data": pa.Table.from_batches([BATCH])}, node("custom", "even", operator, operator="Even")
    )
    assert rows(graph).num_rows == 25_000

    async def read():
        source = MorselDrivenOperator(Even([BATCH]), 2, 1)
        return sum([batch.num_rows async for batch in source])

    assert asyncio.run(read()) == 25_000


def test_is_what_it_wraps():
    operator = MorselDrivenOperator(Totals())
    assert operator.get_operator_name() == "Totals"
    assert operator.get_schema() is None
    assert not operator.is_stateful()
    assert not operator.requires_shuffle()


@pytest.mark.parametrize(
    ("use", "error"),
    [
        (lambda: ParallelProcessor(-1), ValueError),
        (lambda: ParallelProcessor(1, 0), ValueError),
        (lambda: MorselDrivenOperator(5), TypeError),
    ],
)
def test_wrong_uses(use, error):
    with pytest.raises(error):
        use()
