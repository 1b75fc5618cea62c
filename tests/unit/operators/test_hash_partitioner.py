# SPDX-License-Identifier: Apache-2.0
"""HashPartitioner is the engine's own assignment of rows to tasks."""

import threading

import numpy as np
import pyarrow as pa
import pytest

from pipelines import line, node, wait_for_rows
from sabot.execution.run import Run, RunOptions
from sabot.operators import HashPartitioner

KEYS = ["", "a", "ab", "long enough to leave twelve", "ünï", None]


def test_golden_values():
    """These may never change: data on disk is laid out by them."""
    hashes = HashPartitioner().hashes
    numbers = pa.record_batch({"k": [0, 1, -1, 2**63 - 1, None]})
    texts = pa.record_batch({"k": KEYS})
    floats = pa.record_batch({"k": [0.0, 1.5, float("nan"), float("inf"), None]})
    assert [hex(value) for value in hashes(numbers, "k")] == GOLDEN["numbers"]
    assert [hex(value) for value in hashes(texts, "k")] == GOLDEN["texts"]
    assert [hex(value) for value in hashes(floats, "k")] == GOLDEN["floats"]
    both = pa.record_batch({"a": [1, None], "b": ["x", None]})
    assert [hex(value) for value in hashes(both, ["a", "b"])] == GOLDEN["both"]


GOLDEN = {
    "both": ["0x4d68992d149f8d00", "0xe52e6f4a59101864"],
    "floats": [
        "0xb16236fc473426a8",
        "0xb58d11cb4b8e78a3",
        "0xbef2d272229f6841",
        "0x3e8e9501ff3847c2",
        "0x9b1f3a6d52c8e047",
    ],
    "numbers": [
        "0x556a3992330d1a93",
        "0xc174ee7052da6641",
        "0x68913b365d4a6a99",
        "0x1d7d636dd74e7407",
        "0x9b1f3a6d52c8e047",
    ],
    "texts": [
        "0xb828cf1bc14a03fa",
        "0x8fabb9278d48034f",
        "0xa974d1c11cdbb878",
        "0x62d816ca0be0eed",
        "0xf7c7666e93d0f766",
        "0x9b1f3a6d52c8e047",
    ],
}


def test_equal_keys_hash_equal():
    hashes = HashPartitioner().hashes
    for values in ([1, 2, None], [0, 7, 100]):
        wide = hashes(pa.record_batch({"k": pa.array(values, pa.int64())}), "k")
        for kind in (pa.int8(), pa.uint16(), pa.uint64()):
            narrow = hashes(pa.record_batch({"k": pa.array(values, kind)}), "k")
            assert narrow.tolist() == wide.tolist()
    zeros = hashes(pa.record_batch({"k": [0.0, -0.0]}), "k")
    assert zeros[0] == zeros[1]
    nans = np.array([0x7FF8000000000001, 0xFFF8000000000000], np.uint64).view(np.float64)
    assert len(set(hashes(pa.record_batch({"k": nans}), "k").tolist())) == 1


@pytest.mark.parametrize("n", [1, 2, 3, 8, 128])
def test_partitions_are_the_rows_in_their_order(n):
    rng = np.random.default_rng(7)
    batch = pa.record_batch(
        {"k": pa.array([KEYS[i] for i in rng.integers(0, 6, 5000)]), "row": range(5000)}
    )
    parts = HashPartitioner().partition(batch, "k", n)
    assert len(parts) == n
    assert sorted(row for part in parts for row in part["row"].to_pylist()) == list(range(5000))
    owner = {}
    for index, part in enumerate(parts):
        assert part["row"].to_pylist() == sorted(part["row"].to_pylist())
        for key in set(part["k"].to_pylist()):
            assert owner.setdefault(key, index) == index
    assert parts[0].schema == batch.schema


def test_no_rows_give_empty_partitions():
    empty = pa.record_batch({"k": pa.array([], pa.int64())})
    assert [part.num_rows for part in HashPartitioner().partition(empty, "k", 3)] == [0, 0, 0]


def test_fewer_tasks_take_over_whole_neighbours():
    """A task of n is split between tasks 2i and 2i + 1 of 2n: rescaling moves key groups only."""
    batch = pa.record_batch({"k": range(1000)})
    few, many = (HashPartitioner().tasks(batch, "k", n) for n in (4, 8))
    assert (many // 2 == few).all()


def test_engine_keeps_state_where_the_partitioner_says():
    go = threading.Event()
    batch = pa.record_batch({"k": [f"key {i}" for i in range(500)], "n": range(500)})

    def gated():
        yield batch
        go.wait(30)

    graph = line(
        {"data": gated, "schema": batch.schema},
        node("aggregate", "sums", key_by=["k"], aggregations={"n": ["n", "sum"]}),
    )
    work = Run(graph, RunOptions(worker_count=2))
    try:
        work.start()
        wait_for_rows(work, 500)
        snapshot = work.snapshot()
    finally:
        go.set()
        work.close()
    sums = graph.topological_sort()[1].operator_id
    part = pa.RecordBatchReader.from_stream(
        snapshot.part_stream(snapshot.part_names().index(sums))
    ).read_all()
    found = dict(zip(part.column(1).to_pylist(), part["key_group"].to_pylist(), strict=True))
    groups = HashPartitioner().key_groups(batch, "k")
    assert found == dict(zip(batch["k"].to_pylist(), groups.tolist(), strict=True))


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda p, b: HashPartitioner(0), r"max_parallelism is 0; allowed: 1 to 32768"),
        (lambda p, b: p.partition(b, "x", 2), r"keys are \['x'\]; the columns are: k"),
        (lambda p, b: p.partition(b, [], 2), r"keys are \[\]"),
        (lambda p, b: p.partition(b, "k", 0), r"0 partitions; allowed: 1 to 128"),
        (lambda p, b: p.partition(b, "k", 129), r"129 partitions; allowed: 1 to 128"),
    ],
)
def test_wrong_uses(use, message):
    with pytest.raises(ValueError, match=message):
        use(HashPartitioner(), pa.record_batch({"k": [1]}))
