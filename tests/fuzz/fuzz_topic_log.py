# SPDX-License-Identifier: Apache-2.0
"""Damaged files of a topic log: what opens gives rows that were appended, the rest is an error.

An input is a program of damage in bytes: which of a few topics, then steps that flip, cut, splice,
swap, remove and forge its files. An input that reaches a new line or jump of the topic log's code
joins the corpus, from which the next inputs are made, as libFuzzer does it.

    python tests/fuzz/fuzz_topic_log.py --seconds 60 --crashes DIR CORPUS [SEEDS]
    python tests/fuzz/fuzz_topic_log.py FILE
"""

import argparse
import faulthandler
import hashlib
import logging
import random
import resource
import shutil
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pyarrow as pa

from sabot.connect import topic_log
from sabot.connect.topic_log import Topic, TopicCorruptError, TopicError, TopicLog

_SOURCES = str(Path(topic_log.__file__).parent)
_INPUT_SIZE_MAX = 256
_STEP_SIZE = 8
_RECORD = struct.Struct("<4sBBHqqqqqqI")
_SECONDS_PER_INPUT_MAX = 30


class Base(NamedTuple):
    """The files of an undamaged topic, and its rows."""

    files: dict[str, bytes]
    rows: list[dict[str, Any]]
    schema: pa.Schema


def _numbers(topic: Topic) -> None:
    for first in range(0, 40, 8):
        n = list(range(first, first + 8))
        topic.append(pa.table({"n": n, "s": [f"row {i}" if i % 3 else None for i in n]}), keys="k")
        topic.append(pa.table({"n": n, "s": [f"text of row {i}" for i in n]}))


def _widening(topic: Topic) -> None:
    topic.append([{"a": 1}, {"a": None}])
    topic.append([{"a": 2, "b": {"x": [1, None], "y": "z"}}])
    topic.append([{"b": None}, {"b": {"x": [], "y": None, "w": 1.5}}])


def _dictionaries(topic: Topic) -> None:
    for words in (["a", "b", "a"], ["c", None], ["b"]):
        topic.append(pa.table({"w": pa.array(words).dictionary_encode()}))


def _one_batch(topic: Topic) -> None:
    topic.append(pa.table({"n": [7, 8, 9]}), timestamps=[3, 1, 2])


_MAKERS: list[tuple[Callable[[Topic], None], str, int]] = [
    (_numbers, "fsync", 2500),  # several segments
    (_numbers, "os", 1 << 20),
    (_widening, "fsync", 1 << 20),
    (_dictionaries, "fsync", 1200),
    (_dictionaries, "os", 1 << 20),
    (_one_batch, "fsync", 1 << 20),
]


def make_bases(folder: Path) -> list[Base]:
    """Write each topic once and keep its files."""
    bases = []
    for i, (fill, durability, segment_bytes) in enumerate(_MAKERS):
        data = folder / f"base{i}"
        with TopicLog(
            data, durability=durability, segment_bytes=segment_bytes, clock_ms=lambda: 1_000
        ) as log:
            topic = log.topic("t")
            fill(topic)
            topic.commit("g", {0: 2})
            table = topic.read(with_metadata=True)
        root = data / "topics" / "t"
        files = {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}
        bases.append(Base(dict(sorted(files.items())), table.to_pylist(), table.schema))
    return bases


class Damage:
    """A topic's files while the steps of an input change them."""

    def __init__(self, base: Base) -> None:
        self.files = dict(base.files)
        self.is_forged = False  # a checksum was made right again: rows may be wrong, code may not
        self._names = list(base.files)
        self._originals = base.files

    def apply(self, step: bytes) -> None:
        """Do one step: kind, file, place, size, value."""
        kind, file, place, size, value = struct.unpack("<BBHHH", step)
        name = self._names[file % len(self._names)]
        content = bytearray(self.files.get(name, b""))
        at = place % (len(content) + 1)
        end = min(len(content), at + 1 + size % 80)
        match kind % 11:
            case 0 if at < len(content):
                content[at] ^= 1 << value % 8
            case 1:
                content[at:end] = bytes([value % 256]) * (end - at)
            case 2:
                del content[at:]
            case 3:
                del content[at:end]
            case 4:
                content[at:at] = content[at:end]
            case 5:  # bytes of another file, or of the same one elsewhere
                other = self._originals[self._names[value % len(self._names)]]
                begin = size % (len(other) + 1)
                content[at : at + 64] = other[begin : begin + 64]
            case 6:  # two files change names
                other_name = self._names[value % len(self._names)]
                self.files[name], self.files[other_name] = (
                    self._originals[other_name],
                    self._originals[name],
                )
                return
            case 7:
                self.files.pop(name, None)
                return
            case 8:  # whole records: one again, one less
                at -= at % 64
                content[at : at + 64 * (value % 2)] = content[at : at + 64]
            case 9 if name.endswith(".index"):
                self._forge(content, at // 64, size % 7, value)
            case _:
                content += bytes(size % 300) if value % 2 else self._originals[name][at:]
        self.files[name] = bytes(content)

    def _forge(self, content: bytearray, number: int, field: int, value: int) -> None:
        record = content[64 * number : 64 * number + 60]
        if len(record) < 60:
            return
        fields = list(_RECORD.unpack(record))
        odd = (value - 32768, fields[3 + field % 4] + value % 5 - 2, 2**63 - 1 - value, value % 3)
        if field == 6:
            fields[1 + value % 3] = value % 5  # version, kind, flags
        else:
            fields[4 + field] = odd[value % 4]
        body = _RECORD.pack(*fields)
        content[64 * number : 64 * number + 64] = body + struct.pack("<I", zlib.crc32(body))
        self.is_forged = True


def run(program: bytes, bases: list[Base], folder: Path) -> None:
    """Damage a topic as `program` says, open and use it; raise what must not happen."""
    first = program[0] if program else 0
    base = bases[first % len(bases)]
    damage = Damage(base)
    for at in range(1, len(program) - _STEP_SIZE + 1, _STEP_SIZE):
        damage.apply(program[at : at + _STEP_SIZE])
    root = folder / "topics" / "t"
    shutil.rmtree(root, ignore_errors=True)
    for name in ("0", "groups"):
        (root / name).mkdir(parents=True)
    for name, content in damage.files.items():
        (root / name).write_bytes(content)
    policy = "cut" if first >= 128 else "refuse"
    row_count = _use(folder, policy, None if damage.is_forged else base)
    if row_count is not None:
        _use(folder, policy, base, row_count)


def _use(
    folder: Path, policy: str, base: Base | None, rows_expected: int | None = None
) -> int | None:
    """Open, verify, read and follow the topic; with `base` compare and append a row.

    Returns how many rows there must be when it is opened again; None: that is not known.
    """
    try:
        with TopicLog(folder, on_damage=policy, durability="os", clock_ms=lambda: 1_000) as log:
            topic = log.topic("t", create=False)
            is_whole = _is_whole(topic)
            _read_positions(topic)
            rows = _read(topic, is_whole and base is not None)
            if base is None or rows is None:
                return None
            start = topic.partition(0).start_offset
            if rows_expected is None:
                assert rows == base.rows[start : start + len(rows)], "other rows than were appended"
                topic.append(
                    pa.table(
                        {
                            name: pa.nulls(1, topic.schema.field(name).type)
                            for name in topic.schema.names
                        }
                    )
                )
                return len(rows) + 1
            assert len(rows) == rows_expected, "an appended row is gone"
            assert rows[:-1] == base.rows[start : start + len(rows) - 1], "other rows now"
    except TopicError:
        # What was opened, read and appended to once opens again.
        assert rows_expected is None, "does not open again"
    return None


def _is_whole(topic: Topic) -> bool:
    try:
        topic.verify()
    except TopicCorruptError:
        return False
    return True


def _read_positions(topic: Topic) -> None:
    for group in topic.groups():
        try:
            topic.committed(group)
        except TopicError:
            pass


def _read(topic: Topic, is_sound: bool) -> list[dict[str, Any]] | None:
    """Read in each way there is; None unless the rows are sound."""
    partition = topic.partition(0)
    try:
        table = topic.read(with_metadata=True)
        middle = (partition.start_offset + partition.end_offset) // 2
        later = partition.read(middle, with_metadata=True)
        tail = partition.tail(with_metadata=True)
        followed = list(iter(lambda: tail.read(timeout=0), None))
    except TopicError:
        assert not is_sound, "verified, but cannot be read"
        return None
    if not is_sound:
        return None
    table.validate(full=True)
    rows = table.to_pylist()
    assert len(rows) == partition.end_offset - partition.start_offset
    assert later.to_pylist() == [row for row in rows if row["_offset"] >= middle]
    without = [{k: v for k, v in row.items() if k != "_offset"} for row in rows]
    assert [row for batch in followed for row in batch.to_pylist()] == without
    return rows


class Coverage:
    """Jumps between lines of the topic log's sources, seen so far and in the last run."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, int, int]] = set()
        self._now: set[tuple[str, int, int]] = set()

    def collect(self, call: Callable[[], None]) -> int:
        """Run `call` and return how many jumps are new."""
        self._now = set()
        sys.settrace(self._on_call)
        try:
            call()
        finally:
            sys.settrace(None)
            new = self._now - self.seen
            self.seen |= new
        return len(new)

    def lines(self) -> set[tuple[str, int]]:
        return {(file, line) for file, _, line in self.seen}

    def _on_call(self, frame: FrameType, event: str, arg: object) -> Any:
        file = frame.f_code.co_filename
        if not file.startswith(_SOURCES):
            return None
        last = frame.f_code.co_firstlineno

        def on_line(frame: FrameType, event: str, arg: object) -> Any:
            nonlocal last
            if event == "line":
                self._now.add((file, last, frame.f_lineno))
                last = frame.f_lineno
            return on_line

        return on_line


def mutate(program: bytes, other: bytes, rng: random.Random) -> bytes:
    """Return a program near `program`; `other` lends steps."""
    steps = [program[i : i + _STEP_SIZE] for i in range(1, len(program), _STEP_SIZE)]
    lent = [other[i : i + _STEP_SIZE] for i in range(1, len(other), _STEP_SIZE)]
    first = program[:1] if program and rng.random() < 0.8 else rng.randbytes(1)
    for _ in range(rng.randint(1, 3)):
        choice = rng.random()
        at = rng.randint(0, len(steps))
        if not steps or choice < 0.3:
            steps.insert(at, rng.randbytes(_STEP_SIZE))
        elif choice < 0.45:
            del steps[at : at + 1]
        elif choice < 0.6 and lent:
            steps.insert(at, rng.choice(lent))
        else:
            at = min(at, len(steps) - 1)
            step = bytearray(steps[at])
            step[rng.randrange(len(step))] = rng.randrange(256)
            steps[at] = bytes(step)
    return (first + b"".join(steps))[:_INPUT_SIZE_MAX]


def fuzz(arguments: argparse.Namespace, bases: list[Base], folder: Path) -> int:
    """Run inputs until the time is up or one fails; return the exit status."""
    coverage = Coverage()
    rng = random.Random(arguments.seed)
    corpus: list[bytes] = []
    waiting = [path.read_bytes() for place in arguments.inputs for path in sorted(place.iterdir())]
    deadline = time.monotonic() + arguments.seconds
    run_count, last_word = 0, time.monotonic()
    running = arguments.crashes / "running"  # what is left of an input that ends the process
    print(f"seed {arguments.seed}, {len(waiting)} inputs", flush=True)
    for program in _programs(waiting, corpus, rng):
        if time.monotonic() >= deadline:
            break
        running.write_bytes(program)
        faulthandler.dump_traceback_later(_SECONDS_PER_INPUT_MAX, exit=True)
        try:
            is_new = coverage.collect(lambda p=program: run(p, bases, folder)) > 0
        except Exception as error:
            name = f"crash-{hashlib.sha1(program).hexdigest()}"
            running.rename(arguments.crashes / name)
            print(f"{type(error).__name__}: {error}\nwrote {arguments.crashes / name}", flush=True)
            raise
        run_count += 1
        if is_new:
            corpus.append(program)
            (arguments.inputs[0] / hashlib.sha1(program).hexdigest()).write_bytes(program)
        if time.monotonic() - last_word > 60 or (is_new and len(corpus) % 50 == 0):
            last_word = time.monotonic()
            _say(run_count, corpus, coverage)
    faulthandler.cancel_dump_traceback_later()
    running.unlink(missing_ok=True)
    _say(run_count, corpus, coverage)
    return 0


def _programs(waiting: list[bytes], corpus: list[bytes], rng: random.Random) -> Iterator[bytes]:
    yield from waiting
    yield b""
    while True:
        yield mutate(rng.choice(corpus), rng.choice(corpus), rng)


def _say(run_count: int, corpus: list[bytes], coverage: Coverage) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"#{run_count} lines: {len(coverage.lines())} jumps: {len(coverage.seen)} "
        f"corpus: {len(corpus)} cpu: {usage.ru_utime + usage.ru_stime:.0f} s "
        f"rss: {usage.ru_maxrss // 1024} MiB",
        flush=True,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--crashes", type=Path, default=Path())
    parser.add_argument("inputs", nargs="+", type=Path, help="folders, or one input to run")
    arguments = parser.parse_args()
    logging.getLogger("sabot").setLevel(logging.CRITICAL)
    faulthandler.enable()
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        bases = make_bases(Path(name))
        if arguments.inputs[0].is_file():
            for path in arguments.inputs:
                run(path.read_bytes(), bases, Path(name) / "damaged")
            return 0
        return fuzz(arguments, bases, Path(name) / "damaged")


if __name__ == "__main__":
    sys.exit(main())
