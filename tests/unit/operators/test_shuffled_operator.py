# SPDX-License-Identifier: Apache-2.0
"""Operators whose rows are spread over tasks by key."""

import re

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipelines import line, node, rows
from sabot.operators import BaseOperator, ShuffledOperator

BATCH = pa.record_batch({"k": [i % 7 for i in range(700)], "n": range(700)})


class Sums(ShuffledOperator):
    """Sums n per key."""

    def __init__(self, source=None):
        super().__init__(["k"], source)
        self.sums = {}

    def process_batch(self, batch):
        for key, n in zip(batch["k"].to_pylist(), batch["n"].to_pylist(), strict=True):
            self.sums[key] = self.sums.get(key, 0) + n

    def finish(self):
        return pa.record_batch({"k": list(self.sums), "n": list(self.sums.values())})

    def get_schema(self):
        return BATCH.schema

    def snapshot(self):
        return self.sums

    def restore(self, obj):
        self.sums = obj


def expected():
    return {k: sum(range(k, 700, 7)) for k in range(7)}


def test_is_keyed_and_stateful():
    operator = Sums()
    assert isinstance(operator, BaseOperator)
    assert operator.requires_shuffle()
    assert operator.is_stateful()
    assert operator.get_partition_keys() == ["k"]
    assert operator.get_num_partitions() == 1


def test_one_task_owns_every_row():
    assert Sums().owned_rows(BATCH).equals(BATCH)
    result = rows(line({"data": pa.table(BATCH)}, node("custom", "sums", Sums(), operator="Sums")))
    assert dict(zip(*result.to_pydict().values(), strict=True)) == expected()


@pytest.mark.parametrize("tasks", [2, 5, 128])
def test_tasks_together_give_what_one_gives(tasks):
    found = {}
    for index in range(tasks):
        operator = Sums()
        operator.set_shuffle_config(tasks, index)
        operator.process_batch(operator.owned_rows(BATCH))
        assert not set(operator.sums) & set(found)
        found |= operator.sums
    assert found == expected()
    assert operator.get_num_partitions() == operator.get_parallelism_hint() == tasks


def test_partition_follows_the_configuration():
    operator = Sums()
    operator.set_shuffle_config(num_partitions=3, task_index=2, max_parallelism=16)
    parts = operator.partition(BATCH)
    assert len(parts) == 3
    assert sum(part.num_rows for part in parts) == 700
    assert pc.sum(operator.owned_rows(BATCH)["n"]) == pc.sum(parts[2]["n"])


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda: ShuffledOperator([]), "partition_keys are []"),
        (lambda: ShuffledOperator([1]), "expected names of columns"),
        (lambda: Sums().set_shuffle_config(0), "Sums: num_partitions is 0; allowed: 1 to 128"),
        (lambda: Sums().set_shuffle_config(129), "num_partitions is 129"),
        (lambda: Sums().set_shuffle_config(2, 2), "task_index is 2; allowed: 0 to 1"),
    ],
)
def test_wrong_uses(use, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        use()
