# SPDX-License-Identifier: Apache-2.0
"""What this machine can do at most, measured when asked: the ceiling of every other number."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

_DISK_BYTES = 1 << 30
_BLOCK_BYTES = 4 << 20
_DISK_PASSES = 3


@dataclass(frozen=True)
class Machine:
    """The processor, and the two rates that no engine can beat."""

    processor: str
    cores: int
    memory_bytes: int
    read_bytes_per_second: float
    disk_bytes_per_second: float
    system: str

    def describe(self) -> str:
        return (
            f"{self.processor}, {self.cores} cores, {self.memory_bytes / 2**30:.0f} GiB; "
            f"memory read {self.read_bytes_per_second / 1e9:.1f} GB/s on all cores; "
            f"disk write {self.disk_bytes_per_second / 1e6:.0f} MB/s with fsync; {self.system}"
        )


def measure_machine(bandwidth_bench: Path, folder: Path) -> Machine:
    """Return what this machine is and does now.

    Parameters
    ----------
    bandwidth_bench
        The compiled program of benchmarks/c/.
    folder
        Where a gibibyte is written, and removed again.
    """
    cores = len(os.sched_getaffinity(0))
    return Machine(
        processor=_processor(),
        cores=cores,
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        read_bytes_per_second=_read_rate(bandwidth_bench, cores),
        disk_bytes_per_second=_disk_rate(folder),
        system=f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _read_rate(program: Path, threads: int) -> float:
    done = subprocess.run([program, str(threads)], check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout)["bytes_per_second"])


def _disk_rate(folder: Path) -> float:
    block = os.urandom(_BLOCK_BYTES)  # nothing below may compress it
    rates = []
    for _ in range(_DISK_PASSES):
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            begin = time.perf_counter()
            for _ in range(_DISK_BYTES // _BLOCK_BYTES):
                file.write(block)
            os.fsync(file.fileno())
            rates.append(_DISK_BYTES / (time.perf_counter() - begin))
    return statistics.median(rates)
