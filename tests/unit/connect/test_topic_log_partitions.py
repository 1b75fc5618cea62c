# SPDX-License-Identifier: Apache-2.0
"""Which partition rows go to, and how far each group has read."""

import pyarrow as pa
import pytest

from sabot.connect.topic_log import TopicLog, TopicValueError
from sabot.connect.topic_log.routing import hash_keys


@pytest.fixture
def log(tmp_path):
    with TopicLog(tmp_path, durability="os") as log:
        yield log


def test_keys_choose_the_partition_and_keep_their_order(log):
    topic = log.topic("t", partitions=4)
    rows = [{"user": f"u{i % 50}", "n": i} for i in range(1000)]
    first = topic.append(rows[:500], key_column="user")
    topic.append(rows[500:], key_column="user")
    assert set(first) == {0, 1, 2, 3}
    homes = {}
    for partition in topic.partitions:
        table = partition.read(with_metadata=True)
        assert table["_key"].to_pylist() == table["user"].to_pylist()
        by_user = {}
        for row in table.to_pylist():
            assert homes.setdefault(row["user"], partition.number) == partition.number
            by_user.setdefault(row["user"], []).append(row["n"])
        assert all(ns == sorted(ns) for ns in by_user.values())
    assert sorted(topic.read()["n"].to_pylist()) == list(range(1000))
    assert sum(topic.end_offsets().values()) == 1000


def test_equal_keys_of_different_width_share_a_partition(log):
    topic = log.topic("t", partitions=8)
    keys = [[5], pa.array([5], pa.int8()), pa.array([5], pa.uint64())]
    homes = {tuple(log.topic(f"t{i}", 8).append([1], keys=key)) for i, key in enumerate(keys)}
    assert len(homes) == 1
    assert set(topic.append([1, 2], keys=[0.0, -0.0])) == set(topic.append([1], keys=[0.0]))


@pytest.mark.parametrize(
    ("keys", "hashes"),
    [
        ([1, 2, None], [13940028912812320321, 1862168595808382340, None]),
        (pa.array([1, 2], pa.int8()), [13940028912812320321, 1862168595808382340]),
        (["a", "é"], [10352571747966387023, 16600984465575970681]),
        ([b"a"], [10352571747966387023]),
        ([-0.0, float("nan")], [12781839149585147560, 13759291199219263553]),
        (
            pa.array(["x", "y", "x"]).dictionary_encode(),
            [13942387885971311389, 161748606914103158, 13942387885971311389],
        ),
    ],
)
def test_the_hash_is_the_engines_and_never_changes(keys, hashes):
    """A topic written today is read by every later version: these numbers are for ever."""
    keys = keys if isinstance(keys, pa.DictionaryArray) else pa.array(keys)
    assert hash_keys(keys).to_pylist() == hashes


def test_an_own_hash_is_used(tmp_path):
    def by_value(keys):
        return keys.cast(pa.uint64())

    with TopicLog(tmp_path, durability="os", hash_keys=by_value) as log:
        topic = log.topic("t", partitions=3)
        assert topic.append([1, 2, 3, 4], keys=[0, 5, 2, 3]) == {0: (0, 1), 2: (0, 1)}
        assert topic.partition(2).read()["value"].to_pylist() == [2, 3]


def test_batches_without_keys_take_turns(log):
    topic = log.topic("t", partitions=3)
    homes = [next(iter(topic.append([i]))) for i in range(6)]
    assert homes == [0, 1, 2, 0, 1, 2]
    assert topic.append([6], partition=2) == {2: (2, 2)}
    homes = [next(iter(topic.append([i], keys=[None]))) for i in range(3)]
    assert homes == [0, 1, 2]


def test_positions_are_kept_per_group(tmp_path):
    with TopicLog(tmp_path) as log:
        topic = log.topic("t", partitions=2)
        topic.append(list(range(5)), partition=0)
        assert topic.committed("g") == {}
        topic.commit("g", {0: 3})
        topic.commit("g", {1: 0})
        topic.commit("../evil/ü", {0: 5})
        with pytest.raises(TopicValueError, match="offset 6 of partition 0 is outside of 0 to 5"):
            topic.commit("g", {1: 0, 0: 6})
    with TopicLog(tmp_path) as log:
        topic = log.topic("t")
        assert topic.committed("g") == {0: 3, 1: 0}
        assert topic.committed("../evil/ü") == {0: 5}
        assert topic.groups() == ["../evil/ü", "g"]
    assert not list(tmp_path.rglob("evil*"))
