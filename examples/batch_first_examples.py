#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Batches first: the same operators over rows that end and rows that do not.

What this demonstrates
    One stream of operators over a table, over batches as they come, with `for` and with
    `async for`; one operator class by itself and inside a job; rows one by one as sugar above.

Prerequisites
    Sabot; nothing else.

Runtime
    Under two seconds.

Next steps
    06_reference/fintech_pipeline/arrow_optimized_enrichment.py.

Run
    python examples/batch_first_examples.py
"""

import asyncio
import itertools
import sys
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from sabot import BaseOperator, Stream, col

ROWS = 10_000
PRICES = pa.table({"id": range(ROWS), "price": [float(i % 500) for i in range(ROWS)]})


def dear_with_tax(prices: Stream) -> Stream:
    """Return the operators of every part: dear prices, with tax."""
    return prices.filter(col("price") > 450).map(total=col("price") * 1.1).select("id", "total")


def endless_prices() -> Iterator[pa.RecordBatch]:
    """Yield the prices in small batches, again and again."""
    for _ in itertools.count():
        yield from PRICES.to_batches(max_chunksize=250)


class Cents(BaseOperator):
    """Rounds totals to cents, batch by batch."""

    def process_batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the batch with rounded totals."""
        return batch.set_column(1, "total", pc.round(batch["total"], 2))


async def read_some(stream: Stream, rows: int) -> list[dict[str, float]]:
    """Return the first rows of a stream that never ends."""
    found = []
    async for record in stream.records():
        found.append(record)
        if len(found) == rows:
            break
    return found


def main() -> int:
    """Run the example; return 0 if its results agree."""
    print("1. A table: the rows end, so they can be collected")
    table = Stream.from_table(PRICES, batch_size=1_000)
    bounded = dear_with_tax(table).apply(Cents())
    expected = bounded.collect()
    print(f"   {ROWS:,} rows in, {expected.num_rows:,} out")

    print("2. The same operators, batch after batch")
    batches = list(bounded)
    in_batches = pa.Table.from_batches(batches)
    print(f"   {len(batches)} batches, {in_batches.num_rows:,} rows")

    print("3. The same operators over rows that never end, with `async for`")
    endless = Stream.from_batches(endless_prices, schema=PRICES.schema, bounded=False)
    live = asyncio.run(read_some(dear_with_tax(endless).apply(Cents()), expected.num_rows))
    print(f"   the first {len(live):,} rows, then the loop is left and the job ends")

    print("4. One of the operators by itself, without a job")
    plain = dear_with_tax(Stream.from_table(PRICES)).collect()
    alone = pa.Table.from_batches(list(Cents(plain.to_batches())))

    same = [
        in_batches.to_pylist() == expected.to_pylist(),
        live == expected.to_pylist(),
        alone.to_pylist() == expected.to_pylist(),
    ]
    print(f"5. Summary: {sum(same)} of {len(same)} other ways give the rows of the first")
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main())
