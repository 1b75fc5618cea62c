# SPDX-License-Identifier: Apache-2.0
"""``async for`` over an operator: finite sources, endless ones, and stopping."""

import asyncio
import itertools

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sabot import BaseOperator


class Doubled(BaseOperator):
    """Doubles n."""

    closed = False

    def process_batch(self, batch):
        return pa.record_batch({"n": pc.multiply(batch["n"], 2)})

    def close(self):
        self.closed = True


def batch(*values):
    return pa.record_batch({"n": list(values)})


async def endless():
    for i in itertools.count():
        yield batch(i)
        await asyncio.sleep(0)


async def collect(operator):
    return [value async for part in operator for value in part["n"].to_pylist()]


def test_finite_source():
    assert asyncio.run(collect(Doubled([batch(1, 2), batch(3)]))) == [2, 4, 6]


def test_async_source():
    async def numbers():
        yield batch(1)
        yield batch(2)

    assert asyncio.run(collect(Doubled(numbers()))) == [2, 4]


def test_chain():
    assert asyncio.run(collect(Doubled(Doubled([batch(1)])))) == [4]


def test_endless_source_until_the_loop_is_left():
    async def main():
        operator = Doubled(endless())
        got = []
        iterator = operator.__aiter__()
        async for part in iterator:
            got += part["n"].to_pylist()
            if len(got) == 5:
                break
        await iterator.aclose()
        return got, operator.closed

    assert asyncio.run(main()) == ([0, 2, 4, 6, 8], True)


def test_other_tasks_run_beside_a_finite_source():
    async def main():
        order = []

        async def other():
            order.append("other")

        task = asyncio.create_task(other())
        async for _ in Doubled([batch(1), batch(2)]):
            order.append("batch")
        await task
        return order

    assert asyncio.run(main()) == ["batch", "other", "batch"]


def test_for_over_an_async_source_says_what_to_do():
    with pytest.raises(TypeError, match="use 'async for'"):
        list(Doubled(endless()))
