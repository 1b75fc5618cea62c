# SPDX-License-Identifier: Apache-2.0
"""A tail gives rows as they are appended, and ends when told to."""

import queue
import threading

import pyarrow as pa
import pytest

from sabot.connect.topic_log import TopicClosedError, TopicLog


@pytest.fixture
def topic(tmp_path):
    with TopicLog(tmp_path, durability="os", segment_bytes=2000) as log:
        yield log.topic("t")


def follow(tail):
    """Run `tail` in a thread; return the thread and the queue of what it gives."""
    got = queue.Queue()

    def run():
        try:
            for batch in tail:
                got.put(batch)
            got.put("end")
        except TopicClosedError as error:
            got.put(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, got


def test_wakes_up_for_each_append(topic):
    topic.append([0, 1])
    tail = topic.partition(0).tail()
    thread, got = follow(tail)
    assert got.get(timeout=10)["value"].to_pylist() == [0, 1]
    for i in range(2, 30):
        topic.append([i])
        assert got.get(timeout=10)["value"].to_pylist() == [i]
    tail.stop()
    thread.join(timeout=10)
    assert got.get_nowait() == "end"
    assert tail.position == 30


def test_an_event_ends_it(topic):
    stop = threading.Event()
    thread, got = follow(topic.partition(0).tail(stop=stop))
    stop.set()
    thread.join(timeout=10)
    assert got.get_nowait() == "end"


def test_deleting_the_topic_ends_it_with_an_error(tmp_path):
    with TopicLog(tmp_path) as log:
        thread, got = follow(log.topic("t").partition(0).tail())
        log.delete("t")
        assert "'t' was deleted" in str(got.get(timeout=10))
        thread.join()


def test_small_batches_come_joined_from_any_start(topic):
    for i in range(40):
        topic.append([2 * i, 2 * i + 1])
    for start in (0, 1, 37, 80):
        tail = topic.partition(0).tail(start)
        batches = []
        while (batch := tail.read(timeout=0)) is not None:
            batches.append(batch)
        assert [v for b in batches for v in b["value"].to_pylist()] == list(range(start, 80))
        assert len(batches) <= len(topic.splits())


def test_large_batches_come_in_pieces(tmp_path):
    with TopicLog(tmp_path, durability="os") as log:
        topic = log.topic("t")
        topic.append(pa.table({"n": range(150_000)}))
        tail = topic.partition(0).tail(10)
        pieces = [tail.read(0) for _ in range(3)]
        assert tail.read(0) is None
        assert max(piece.num_rows for piece in pieces) <= 65_536
        assert [n for piece in pieces for n in piece["n"].to_pylist()] == list(range(10, 150_000))


def test_its_schema_stays_as_at_the_first_batch(topic):
    topic.append([{"a": 1, "b": 2}], keys="k")
    tail = topic.partition(0).tail(columns=["b"], with_metadata=True)
    first = tail.read(0)
    topic.append([{"a": 1, "c": 3}])
    second = tail.read(0)
    assert first.schema.names == ["_timestamp", "_key", "b"]
    assert second.schema == first.schema
    assert second["b"].to_pylist() == [None]


def test_a_timeout_returns_nothing(topic):
    assert topic.partition(0).tail().read(timeout=0.001) is None
