#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How much of a job over Parquet files is pyarrow's decoder and encoder, which Sabot uses.

Processor time of three things in turn: decoding the columns that the job needs, by as many threads
and in the same parts; encoding the rows that it writes; the job.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from engine.case import Settings
from engine.cases import CASES
from engine.sabot_run import SABOT

_GROUP = ["account", "amount"]
_PART = 8 << 20  # bytes, as in sabot.connect.parquet_file
_ROWS_PER_WRITE = 131_072  # as in sabot.connect.file_sink


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000_000, help="as of ./dev bench")
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    options = parse_arguments()
    for compression in ("none", "snappy", "zstd"):
        measure(f"parquet_{compression}_group", f"events.{compression}.parquet", _GROUP, options)
    measure("parquet_filter_parquet", "events.parquet", None, options)


def measure(name: str, file: str, columns: list[str] | None, options: argparse.Namespace) -> None:
    """Print the medians of one case."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(options.rows, 1, 0.0, options.threads, 7, Path(folder))
        job = CASES[name].prepare(settings).runs[SABOT]
        path = Path(folder) / file
        parts: dict[str, Callable[[], Any]] = {
            "decoder": lambda: decode(path, columns, options.threads),
            "job": job,
        }
        if columns is None:
            written = pq.read_table(path).filter(pc.field("amount") > 500).combine_chunks()
            parts["encoder"] = lambda: encode(written, Path(folder) / "encoded.parquet")
        times: dict[str, list[float]] = {part: [] for part in parts}
        for turn in range(options.repeat + 1):
            for part, run in parts.items():
                begin = time.process_time()
                run()
                if turn > 0:  # the first is for warming up
                    times[part].append((time.process_time() - begin) * 1000)
        medians = {part: statistics.median(values) for part, values in times.items()}
        shares = "".join(
            f", {part} {value:.1f} ms = {100 * value / medians['job']:.0f} %"
            for part, value in medians.items()
            if part != "job"
        )
        print(f"{name}: {medians['job']:.1f} ms of processor time{shares}", flush=True)


def decode(path: Path, columns: list[str] | None, thread_count: int) -> None:
    """Decode columns, each row group by one of the threads, and let the rows go."""
    metadata = pq.read_metadata(path)
    left = iter(range(metadata.num_row_groups))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                group = next(left, None)
            if group is None:
                return
            width = 8 * len(columns) if columns else 48
            parts = -(-metadata.row_group(group).num_rows * width // _PART)
            with pq.ParquetFile(
                path, metadata=metadata, pre_buffer=False, buffer_size=1 << 18
            ) as f:
                rows = -(-metadata.row_group(group).num_rows // parts)
                for _ in f.iter_batches(rows, [group], columns=columns, use_threads=False):
                    pass

    threads = [threading.Thread(target=work) for _ in range(thread_count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def encode(table: pa.Table, path: Path) -> None:
    """Write rows as the sink would."""
    with pq.ParquetWriter(path, table.schema, use_dictionary=["account", "city"]) as writer:
        for first in range(0, table.num_rows, _ROWS_PER_WRITE):
            writer.write_table(table.slice(first, _ROWS_PER_WRITE))


if __name__ == "__main__":
    main()
