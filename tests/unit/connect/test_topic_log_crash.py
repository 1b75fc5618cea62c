# SPDX-License-Identifier: Apache-2.0
"""Whatever ends a writer, a topic opens with whole batches, and loses none it acknowledged."""

import errno
import logging
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
import zlib

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sabot.connect.topic_log import (
    TopicCorruptError,
    TopicError,
    TopicLog,
    TopicWriteError,
    durable,
)

RECORD_SIZE = 64  # of the index


class TopicFiles:
    """The two files of a topic's only segment, to be damaged and put back."""

    def __init__(self, data_dir):
        self.data_dir = data_dir
        partition = data_dir / "topics" / "t" / "0"
        self.data = partition / f"{0:020d}.arrows"
        self.index = partition / f"{0:020d}.index"
        self.content = {path: path.read_bytes() for path in (self.data, self.index)}

    def put(self, path, content):
        for other, original in self.content.items():
            other.write_bytes(original)
        path.write_bytes(content)

    def batch_end(self, number):
        """Return where a batch ends in the data file, by its record in the index."""
        record = self.content[self.index][number * RECORD_SIZE : (number + 1) * RECORD_SIZE]
        return int.from_bytes(record[24:32], "little") + int.from_bytes(record[32:40], "little")

    def values(self, **options):
        with TopicLog(self.data_dir, **options) as log:
            return log.topic("t").read()["value"].to_pylist()

    def values_after_append(self):
        """Open, append one value, open again."""
        with TopicLog(self.data_dir, durability="os") as log:
            topic = log.topic("t")
            before = topic.read()["value"].to_pylist()
            if before:  # nothing but these batches is left in the files
                assert self.index.stat().st_size == RECORD_SIZE * (1 + len(before) // 2)
                assert self.data.stat().st_size == self.batch_end(len(before) // 2)
            topic.append(["next"])
        with TopicLog(self.data_dir, durability="os") as log:
            topic = log.topic("t")
            topic.verify()
            assert topic.read()["value"].to_pylist() == [*before, "next"]
        return before


@pytest.fixture
def fast_dir(tmp_path):
    """A directory in memory, where there is one: these tests need no disk, and run often."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as path:
        yield pathlib.Path(path)


@pytest.fixture
def files(fast_dir):
    with TopicLog(fast_dir) as log:
        topic = log.topic("t")
        for i in range(3):
            topic.append([f"row {2 * i}", f"row {2 * i + 1}"])
    return TopicFiles(fast_dir)


ROWS = [f"row {i}" for i in range(6)]


def last_batch_start(files):
    return files.batch_end(2)


def test_a_batch_torn_at_any_byte_is_cut(files, caplog):
    content = files.content[files.data]
    for size in range(last_batch_start(files), len(content)):
        caplog.clear()
        files.put(files.data, content[:size])
        assert files.values_after_append() == ROWS[:4]
        assert f"{files.index}: cut {RECORD_SIZE} bytes" in caplog.text
        torn = size - last_batch_start(files)
        assert (f"{files.data}: cut {torn} bytes" in caplog.text) == (torn > 0)


def test_an_index_record_torn_at_any_byte_is_cut(files, caplog):
    content = files.content[files.index]
    for size in range(len(content) - RECORD_SIZE, len(content)):
        caplog.clear()
        files.put(files.index, content[:size])
        assert files.values_after_append() == ROWS[:4]
        assert f"{files.data}: cut" in caplog.text


@pytest.mark.parametrize("tail", [b"\0" * 200, b"garbage", bytes(range(256)) * 3, b"SBTL" * 16])
@pytest.mark.parametrize("name", ["data", "index"])
def test_bytes_behind_the_last_batch_are_cut(files, caplog, name, tail):
    path = getattr(files, name)
    files.put(path, files.content[path] + tail)
    assert files.values_after_append() == ROWS
    assert f"{path}: cut {len(tail)} bytes" in caplog.text


def test_zeros_in_place_of_the_last_batch_are_cut(files):
    start, content = last_batch_start(files), files.content[files.data]
    files.put(files.data, content[:start] + bytes(len(content) - start))
    assert files.values_after_append() == ROWS[:4]


def test_a_whole_log_opens_without_a_warning(files, caplog):
    with caplog.at_level(logging.INFO):
        assert files.values_after_append() == ROWS
    assert caplog.text == ""


def test_any_corrupted_byte_of_the_last_batch_cuts_it(files):
    content = files.content[files.data]
    for position in range(last_batch_start(files), len(content), 7):
        files.put(files.data, flip(content, position))
        assert files.values_after_append() == ROWS[:4]


def test_any_corrupted_byte_of_the_last_index_record_cuts_its_batch(files):
    content = files.content[files.index]
    for position in range(len(content) - RECORD_SIZE, len(content)):
        files.put(files.index, flip(content, position))
        assert files.values_after_append() == ROWS[:4]


def flip(content, position):
    return content[:position] + bytes([content[position] ^ 0x10]) + content[position + 1 :]


@pytest.mark.parametrize("position", [0, 100, 500])
def test_damage_before_flushed_batches_is_refused_not_cut(files, caplog, position):
    damaged = flip(files.content[files.data], position)
    files.put(files.data, damaged)
    with pytest.raises(TopicCorruptError) as error:
        files.values()
    assert str(files.data) in str(error.value)
    assert "offsets up to 3 were acknowledged" in str(error.value)
    assert files.data.read_bytes() == damaged

    kept = files.values(on_damage="cut")
    assert kept == ROWS[: len(kept)]
    assert len(kept) < 4
    assert files.data.with_name(f"{files.data.name}.damaged").read_bytes() == damaged
    assert str(files.data) in caplog.text


@pytest.mark.parametrize("name", ["data", "index"])
def test_a_missing_file_is_refused(files, name):
    path = getattr(files, name)
    path.unlink()
    with pytest.raises(TopicCorruptError, match="is missing beside"):
        files.values()


def test_a_record_of_a_later_version_is_refused_not_cut(files):
    record = bytearray(files.content[files.index][-RECORD_SIZE:])
    record[4] = 2
    record[60:] = zlib.crc32(record[:60]).to_bytes(4, "little")
    changed = files.content[files.index][:-RECORD_SIZE] + bytes(record)
    files.put(files.index, changed)
    with pytest.raises(TopicError, match="version 2, kind 2 at byte 192 is not known"):
        files.values()
    assert files.index.read_bytes() == changed


def test_damage_in_an_older_segment_is_found(tmp_path):
    with TopicLog(tmp_path, segment_bytes=1) as log:
        topic = log.topic("t")
        for i in range(3):
            topic.append([i])
    first = sorted((tmp_path / "topics" / "t" / "0").glob("*.arrows"))[0]
    index = first.with_suffix(".index")
    original = index.read_bytes()
    first.write_bytes(flip(first.read_bytes(), first.stat().st_size - 9))
    with TopicLog(tmp_path) as log, pytest.raises(TopicCorruptError, match=str(first)):
        log.topic("t").verify()
    index.write_bytes(original[:-1])
    with TopicLog(tmp_path) as log:
        topic = log.topic("t")
        with pytest.raises(TopicCorruptError, match=str(index)):
            topic.read()
        assert topic.partition(0).read(1, 3)["value"].to_pylist() == [1, 2]


def test_a_crash_before_the_first_batch_leaves_an_empty_topic(files):
    for size in (0, 10, RECORD_SIZE, RECORD_SIZE + 5):
        files.put(files.index, files.content[files.index][:size])
        files.data.write_bytes(files.content[files.data][: 4 * size])
        assert files.values_after_append() == []


def test_a_crash_while_a_segment_starts_continues_in_the_one_before(tmp_path):
    with TopicLog(tmp_path) as log:
        log.topic("t").append(["a"])
    partition = tmp_path / "topics" / "t" / "0"
    for round_, content in enumerate((b"", b"\0" * 100)):
        (partition / f"{1:020d}.arrows").write_bytes(content)
        (partition / f"{1:020d}.index").write_bytes(b"")
        with TopicLog(tmp_path) as log:
            topic = log.topic("t")
            topic.append(["b"])
            assert topic.read()["value"].to_pylist() == ["a", "b", "b"][: round_ + 2]
        assert len(list(partition.glob("*.arrows"))) == 1


class FailingDisk:
    """Makes the n-th file operation fail, once."""

    def __init__(self, monkeypatch):
        self.countdown = None
        for name in ("pwrite", "replace", "open"):
            monkeypatch.setattr(os, name, self._wrap(getattr(os, name)))
        monkeypatch.setattr(durable, "_flush_data", self._wrap(durable._flush_data))
        monkeypatch.setattr(os, "fsync", self._wrap(os.fsync))

    def _wrap(self, function):
        def call(*arguments, **options):
            if self.countdown is not None:
                self.countdown -= 1
                if self.countdown == 0:
                    if function.__name__ == "pwrite":  # half of it arrives
                        fd, data, position = arguments
                        function(fd, data[: len(data) // 2], position)
                    raise OSError(errno.EIO, "made to fail")
            return function(*arguments, **options)

        return call


def refusal_of(append):
    """Return the text of the `TopicWriteError` that `append` raises, or None."""
    try:
        append()
    except TopicWriteError as error:
        return str(error)
    return None


@pytest.mark.parametrize("durability", ["fsync", "os"])
def test_any_failing_file_operation_leaves_the_topic_as_it_was(tmp_path, monkeypatch, durability):
    disk = FailingDisk(monkeypatch)
    options = {"durability": durability, "segment_bytes": 1500}
    failures = 0
    with TopicLog(tmp_path, **options) as log:
        topic = log.topic("t", partitions=2)
        for n in range(1, 60):
            rows = topic.read().to_pylist()
            ends, names = topic.end_offsets(), topic.schema.names
            # Wide enough to roll, into both partitions, with a new column each time.
            batches = [pa.table({"v": [n] * 40, f"c{n}": [n] * 40}) for _ in range(4)]
            disk.countdown = n
            message = refusal_of(lambda b=batches: topic.append(b))
            if message is None:
                break
            failures += 1
            disk.countdown = None
            assert "'t'" in message
            assert str(tmp_path / "topics" / "t") in message
            assert topic.read().to_pylist() == rows
            assert topic.end_offsets() == ends
            assert topic.schema.names == names
            topic.append({"v": n})
        else:
            pytest.fail("an append takes fewer operations than this")
        disk.countdown = None
        assert failures > 10
        rows = topic.read().to_pylist()
    with TopicLog(tmp_path, **options) as log:
        topic = log.topic("t")
        topic.verify()
        assert topic.read().to_pylist() == rows


def test_a_tail_that_cannot_be_cut_closes_the_partition(tmp_path, monkeypatch):
    with TopicLog(tmp_path) as log:
        topic = log.topic("t")
        topic.append([1])
        with monkeypatch.context() as patch:
            patch.setattr(durable, "_flush_data", failing)
            patch.setattr(os, "ftruncate", failing)
            with pytest.raises(TopicWriteError):
                topic.append([2])
        with pytest.raises(TopicError, match="close the log and open it again"):
            topic.append([3])
        assert topic.read()["value"].to_pylist() == [1]


def failing(*_):
    raise OSError(errno.EIO, "made to fail")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB, or a directory whose files may not be larger."""
    path = tmp_path / "small"
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(path)]
    if (
        os.geteuid() == 0
        and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    ):
        yield path
        subprocess.run(["umount", "-l", str(path)], check=True)
        return
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, limits[1]))
    yield path
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_refuses_the_append_and_keeps_the_topic(small_disk):
    big = pa.table({"v": range(10_000)})
    with TopicLog(small_disk) as log:
        topic = log.topic("t")
        count, message = 0, None
        while count < 10 and (message := refusal_of(lambda: topic.append(big))) is None:
            count += 1
        assert "topic 't'" in message
        assert str(small_disk) in message
        assert 1 <= count < 10
        assert topic.end_offsets() == {0: count * 10_000}
        topic.append([{"v": -1}])
    with TopicLog(small_disk) as log:
        topic = log.topic("t")
        topic.verify()
        assert topic.read()["v"].to_pylist() == [*list(range(10_000)) * count, -1]


# Forks a writer per line of input, so that a kill costs milliseconds and not an import.
KILLED_WRITERS = """
import os, sys
from sabot.connect.topic_log import TopicLog
import pyarrow as pa

def write(data_dir, seed):
    log = TopicLog(data_dir, durability="os", segment_bytes=20_000)
    topic = log.topic("t")
    first = topic.end_offsets()[0]
    while True:
        batches = []
        for size in (1 + first % 7, 30 + (first * seed) % 50):
            ids = pa.array(range(first, first + size), pa.int64())
            columns = {"id": ids, "batch": pa.array([first] * size, pa.int64())}
            columns["size"] = pa.array([size] * size, pa.int64())
            if first > 5000:
                columns["late"] = ids
            batches.append(pa.record_batch(columns))
            first += size
        topic.append(batches)
        os.write(1, b"%d\\n" % first)

pa.array([0])  # loads what it needs, once for all children
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        write(sys.argv[1], int(line))
    os.write(1, b"pid %d\\n" % pid)
    os.waitpid(pid, 0)
    os.write(1, b"dead\\n")
"""


def test_killed_writers_lose_nothing_they_acknowledged(fast_dir):
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201
    chance = random.Random(seed)
    nursery = subprocess.Popen(
        [sys.executable, "-c", KILLED_WRITERS, str(fast_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    acknowledged, torn_count = 0, 0
    try:
        for _ in range(50):
            nursery.stdin.write(b"%d\n" % chance.randrange(1, 100))
            nursery.stdin.flush()
            pid, acks_left = None, chance.randrange(1, 30)
            while (line := nursery.stdout.readline()) != b"dead\n":
                assert line, "the nursery died"
                if line.startswith(b"pid"):
                    pid = int(line.split()[1])
                else:
                    acknowledged = max(acknowledged, int(line))
                    acks_left -= 1
                if pid is not None and acks_left <= 0:  # acks may come before the pid
                    until = time.perf_counter() + chance.random() * 0.0005
                    while time.perf_counter() < until:  # to any point of the next append
                        pass
                    os.kill(pid, signal.SIGKILL)
                    acks_left = sys.maxsize  # once is enough
            torn_count += check_whole_prefix(fast_dir, acknowledged)
    finally:
        nursery.kill()
        nursery.communicate()
    print(f"{acknowledged} rows, {torn_count} kills inside of an append")  # noqa: T201
    assert acknowledged > 5000


def check_whole_prefix(data_dir, acknowledged):
    with TopicLog(data_dir) as log:
        topic = log.topic("t")
        topic.verify()
        rows = topic.read()
    ids, batches, sizes = (rows[name].combine_chunks() for name in ("id", "batch", "size"))
    assert ids.equals(pa.arange(0, len(rows)))
    assert len(rows) >= acknowledged
    assert ids[-1].as_py() == batches[-1].as_py() + sizes[-1].as_py() - 1
    if "late" in rows.schema.names:
        late = rows.filter(pc.greater(batches, 5100))
        assert late["late"].equals(late["id"])
    return len(rows) > acknowledged


def older_segment(tmp_path):
    """Return the files of the first of three segments."""
    with TopicLog(tmp_path, segment_bytes=1) as log:
        for i in range(3):
            log.topic("t").append([[i], [i + 1]])
    data = sorted((tmp_path / "topics" / "t" / "0").glob("*.arrows"))[0]
    return data, data.with_suffix(".index")


def read_every_way(topic):
    """Try each way to read; each must name the damaged file."""
    partition = topic.partition(0)
    ways = (
        topic.read,
        lambda: partition.read(1),
        lambda: partition.tail(0).read(timeout=0),
        lambda: partition.tail(1).read(timeout=0),
    )
    for way in ways:
        with pytest.raises(TopicCorruptError, match=r"\.arrows: "):
            way()


@pytest.mark.parametrize("seed", range(4))
def test_an_older_segment_that_arrow_cannot_read_is_named(tmp_path, seed):
    data, _ = older_segment(tmp_path)
    data.write_bytes(b"\xff" * (8 + seed) + data.read_bytes()[8 + seed :])
    with TopicLog(tmp_path) as log:
        read_every_way(log.topic("t"))


def test_an_older_segment_that_is_gone_is_named(tmp_path):
    data, _ = older_segment(tmp_path)
    data.unlink()
    with TopicLog(tmp_path) as log:
        topic = log.topic("t")
        read_every_way(topic)
        with pytest.raises(TopicCorruptError, match=str(data)):
            topic.verify()


def test_rows_that_the_index_has_and_the_segment_lacks_are_missed(tmp_path):
    data, index = older_segment(tmp_path)
    two = (data.read_bytes(), index.read_bytes())
    with TopicLog(tmp_path / "other", segment_bytes=1) as log:
        log.topic("t").append([[0]])
    other = tmp_path / "other" / "topics" / "t" / "0" / data.name
    data.write_bytes(other.read_bytes() + bytes(len(two[0])))  # one row, where there were two
    with TopicLog(tmp_path) as log:
        read_every_way(log.topic("t"))


@pytest.mark.parametrize("name", ["topic.json", "groups/g.json"])
def test_any_damage_of_a_small_file_is_found(tmp_path, name):
    with TopicLog(tmp_path) as log:
        topic = log.topic("t")
        topic.append([{"name": "a"}])
        topic.commit("g", {0: 1})
    path = tmp_path / "topics" / "t" / name
    content = path.read_bytes()

    def committed():
        with TopicLog(tmp_path) as log:
            return log.topic("t").committed("g")

    for i in range(len(content)):
        path.write_bytes(flip(content, i))
        if not chr(content[i]).isspace():  # which does not count between values
            with pytest.raises(TopicCorruptError, match=str(path)):
                committed()
    path.write_bytes(content)
    assert committed() == {0: 1}
