# SPDX-License-Identifier: Apache-2.0
"""Statistics say what is true of the rows, or nothing; and files of them may be damaged."""

import datetime as dt
import errno
import json
import os
import zlib

import pyarrow as pa
import pytest

from sabot import col
from sabot.connect.statistics import BatchStatistics, ColumnStatistics, Pruning, measure
from sabot.connect.topic_log import TopicLog, TopicWriteError
from sabot.connect.topic_log import statistics as segment_statistics

COUNT = 2_000


def of(values, kind=None):
    """Return the statistics of one column."""
    array = values if isinstance(values, pa.Array) else pa.array(values, kind)
    found = measure(pa.RecordBatch.from_arrays([array], ["x"]))
    return None if found is None else found.columns["x"]


def may_pass(predicate, **columns):
    statistics = BatchStatistics(
        COUNT, {name: ColumnStatistics(*each) for name, each in columns.items()}
    )
    kinds = {"i": pa.int64(), "f": pa.float64(), "s": pa.string(), "b": pa.bool_()}
    kinds |= {"t": pa.timestamp("ms"), "d": pa.date32()}
    return Pruning([predicate], pa.schema(kinds)).may_pass(statistics)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([5, -3] * COUNT, pa.int8(), (0, -3, 5)),
        ([2**64 - 1, None] * COUNT, pa.uint64(), (COUNT, 2**64 - 1, 2**64 - 1)),
        ([None] * COUNT, pa.int32(), (COUNT, None, None)),
        ([1.5, float("nan")] * COUNT, pa.float64(), (0, 1.5, None)),
        ([float("nan")] * COUNT, pa.float32(), (0, None, None)),
        ([1.0, float("inf"), float("-inf")] * COUNT, pa.float64(), (0, None, None)),
        ([0.0, -0.0, None] * COUNT, pa.float64(), (COUNT, 0.0, 0.0)),
        (["a", None] * COUNT + ["b"], pa.large_string(), (COUNT, "a", "b")),
        (["b"] * COUNT + ["a"], pa.string(), (0, "a", "b")),
        ([str(i * i % 7) for i in range(COUNT)], pa.string(), (0, None, None)),  # in no order
        ([None] * COUNT, pa.string(), (COUNT, None, None)),
        (["ä" * 70] * COUNT, pa.string(), (0, "ä" * 64, "ä" * 63 + "å")),
        (["\U0010ffff" * 70] * COUNT, pa.string(), (0, "\U0010ffff" * 64, None)),
        (["a" + "\U0010ffff" * 70] * COUNT, pa.string(), (0, "a" + "\U0010ffff" * 63, "b")),
        (
            ["a" * 63 + "\ud7ff" * 9] * COUNT,
            pa.string(),
            (0, "a" * 63 + "\ud7ff", "a" * 63 + "\ue000"),
        ),
        ([True, None] * COUNT, pa.bool_(), (COUNT, True, True)),
        ([dt.date(1970, 1, 3)] * COUNT, pa.date32(), (0, 2, 2)),
        (
            [dt.datetime(1970, 1, 1, 0, 0, 2)] * COUNT,
            pa.timestamp("ns", "UTC"),
            (0, 2 * 10**9, 2 * 10**9),
        ),
        ([dt.timedelta(seconds=-1)] * COUNT, pa.duration("us"), (0, -(10**6), -(10**6))),
        ([dt.time(0, 0, 1)] * COUNT, pa.time32("ms"), (0, 1_000, 1_000)),
    ],
)
def test_bounds_hold_for_every_value(values, kind, expected):
    assert of(values, kind) == expected


def test_some_types_have_no_bounds():
    for kind in (
        pa.decimal128(9, 2),
        pa.list_(pa.int8()),
        pa.binary(),
        pa.date64(),
        pa.string_view(),
    ):
        assert measure(pa.RecordBatch.from_arrays([pa.nulls(COUNT, kind)], ["x"])) is None
    encoded = pa.array(["x"] * COUNT).dictionary_encode()
    assert measure(pa.RecordBatch.from_arrays([encoded], ["x"])) is None


def test_short_batches_and_broken_text_have_none():
    assert of([1] * 1_023) is None
    assert of([1] * 1_024) == (0, 1, 1)
    values = pa.py_buffer(b"\xff" * COUNT)
    offsets = pa.array(range(COUNT + 1), pa.int32()).buffers()[1]
    broken = pa.Array.from_buffers(pa.string(), COUNT, [None, offsets, values])
    batch = pa.RecordBatch.from_arrays([broken, pa.array(range(COUNT))], ["x", "n"])
    assert set(measure(batch).columns) == {"n"}


def test_a_slice_has_the_statistics_of_its_rows():
    array = pa.array([9_999, *range(COUNT), None]).slice(1, COUNT)
    assert of(array) == (0, 0, COUNT - 1)


@pytest.mark.parametrize(
    ("predicate", "columns", "expected"),
    [
        (col("i") > 5, {"i": (0, 1, 5)}, False),
        (col("i") >= 5, {"i": (0, 1, 5)}, True),
        (col("i") < 1, {"i": (0, 1, 5)}, False),
        (col("i") <= 1, {"i": (0, 1, 5)}, True),
        (col("i") == 6, {"i": (0, 1, 5)}, False),
        (col("i") == 6, {"i": (COUNT, None, None)}, False),
        (col("i") == 6, {"i": (3, None, None)}, True),
        (col("i") == 6, {}, True),
        (col("i") != 1, {"i": (0, 1, 1)}, False),
        (col("i") != 1, {"i": (0, 1, 2)}, True),
        (col("i") != 1, {"i": (0, 1, None)}, True),
        (col("i") != 1, {"i": (0, None, None)}, True),
        (col("f") != 0.0, {"f": (0, -0.0, 0.0)}, False),
        (col("i") % 2 != 1, {"i": (0, 1, 1)}, True),  # not understood
        (col("i") == 5.0, {"i": (0, 6, 9)}, False),
        (col("i") == 2.0**53, {"i": (0, 2**53 + 1, 2**53 + 1)}, True),  # compared as doubles
        (col("f") > 1e308, {"f": (0, 1.0, None)}, True),  # NaN
        (col("f") > 2.0, {"f": (0, 1.0, 2.0)}, False),
        (col("f") == -0.0, {"f": (0, 0.0, 0.0)}, True),
        (col("f") >= float("nan"), {"f": (0, 0.0, 0.0)}, True),
        (col("s") >= "é", {"s": (0, "a", "z")}, False),
        (col("s") >= "b", {"s": (0, "a", "z")}, True),
        (col("s") == "", {"s": (0, "a", "z")}, False),
        (col("b"), {"b": (0, False, False)}, False),
        (col("b"), {"b": (0, False, True)}, True),
        (col("t") < dt.datetime(1970, 1, 1), {"t": (0, 0, 9)}, False),
        (col("t") <= dt.datetime(1970, 1, 1), {"t": (0, 0, 9)}, True),
        (col("d") == dt.date(1970, 1, 11), {"d": (0, 0, 9)}, False),
        (col("i").is_null(), {"i": (0, 1, 5)}, False),
        (col("i").is_null(), {"i": (1, 1, 5)}, True),
        (col("i").is_not_null(), {"i": (COUNT, None, None)}, False),
        (col("i").between(6, 9), {"i": (0, 1, 5)}, False),
        (col("i").is_in([0, 7]), {"i": (0, 1, 5)}, False),
        (col("i").is_in([0, 4]), {"i": (0, 1, 5)}, True),
        (col("i").is_in([0, None]), {"i": (0, 1, 5)}, True),  # null may be among them
        ((col("i") > 9) | (col("f") > 9.0), {"i": (0, 1, 5), "f": (0, 1.0, 5.0)}, False),
        ((col("i") > 9) | (col("f") * 2 > 9), {"i": (0, 1, 5)}, True),
        ((col("i") > 9) & (col("f") * 2 > 9), {"i": (0, 1, 5)}, False),
        (~(col("i") > 0), {"i": (0, 1, 5)}, False),
        (~(col("i") > 1), {"i": (0, 1, 5)}, True),
        (~(col("f") < 5.0), {"f": (0, 1.0, None)}, True),  # NaN
        (~(col("f") < 5.0), {"f": (0, 1.0, 4.0)}, False),
        (~col("i").between(1, 5), {"i": (0, 1, 5)}, False),
        (~col("i").between(2, 5), {"i": (0, 1, 5)}, True),
        (~((col("i") > 0) | (col("f") > 0.0)), {"i": (0, 1, 5)}, False),
        (~((col("i") > 0) & (col("f") > 0.0)), {"i": (0, 1, 5)}, True),
        (~((col("i") > 0) & col("b")), {"i": (0, 1, 5), "b": (0, True, True)}, False),
        (~(~(col("i") > 9)), {"i": (0, 1, 5)}, False),
        (~col("i").is_null(), {"i": (COUNT, None, None)}, False),
        (~col("i").is_in([1]), {"i": (0, 1, 1)}, True),
        (~((col("i") % 2) == 1), {"i": (0, 1, 5)}, True),
        (col("i") > "x", {"i": (0, 1, 5)}, True),  # the engine says what is wrong
    ],
)
def test_only_what_cannot_pass_is_left_out(predicate, columns, expected):
    assert may_pass(predicate, **columns) is expected


def test_bounds_of_another_type_or_number_of_rows_do_not_count():
    pruning = Pruning([col("x") > 5], pa.schema({"x": pa.int64()}))
    known = BatchStatistics(COUNT, {"x": ColumnStatistics(0, 1, 2)})
    assert not pruning.judge(known, pa.schema({"x": pa.int64()}), COUNT)
    assert pruning.judge(known, pa.schema({"x": pa.int32()}), COUNT)
    assert pruning.judge(known, pa.schema({"x": pa.int64()}), COUNT - 1)
    assert pruning.judge(None, pa.schema({"x": pa.int64()}), COUNT)
    assert not pruning.judge(None, pa.schema({"y": pa.int64()}), COUNT)  # null in every row
    wrong = BatchStatistics(COUNT, {"x": ColumnStatistics(0, "a", "b")})
    assert pruning.judge(wrong, pa.schema({"x": pa.int64()}), COUNT)


def test_what_is_packed_comes_back_or_nothing_does():
    found = measure(pa.record_batch({"n": range(COUNT), "s": ["é"] * COUNT}))
    packed = found.pack()
    assert BatchStatistics.unpack(packed) == found
    assert BatchStatistics.unpack(None) is None
    for position in range(len(packed)):
        damaged = bytearray(packed)
        damaged[position] ^= 1
        assert BatchStatistics.unpack(bytes(damaged)) is None
    for text in (b"[1]", b"{}", b'{"version":1,"rows":1,"columns":{"n":[1]}}', b"\xff"):
        assert BatchStatistics.unpack(b"%08x" % zlib.crc32(text) + text) is None
    other = json.dumps({"version": 2, "rows": 1, "columns": {}}).encode()
    assert BatchStatistics.unpack(b"%08x" % zlib.crc32(other) + other) is None


# --- the files of topic segments ---


def batches_read(data_dir, low):
    """Return how many batches are read for rows from `low` on, which must all be there."""
    with TopicLog(data_dir, durability="os") as log:
        topic = log.topic("t")
        pruning = Pruning([col("n") >= low], pa.schema({"n": pa.int64()}))
        splits = topic.splits(pruning=pruning)
        found = [one for split in splits for one in split.read()["n"].to_pylist() if one >= low]
        every = [one for one in topic.read()["n"].to_pylist() if one >= low]
    assert found == every
    return sum(split.batch_count for split in splits)


def append(data_dir, *starts, size=20_000):
    with TopicLog(data_dir, durability="os") as log:
        for start in starts:
            log.topic("t").append(pa.table({"n": range(start, start + size)}))


def statistics_file(data_dir):
    return data_dir / "topics" / "t" / "0" / f"{0:020d}.statistics"


def test_appends_of_many_openings_have_statistics(tmp_path):
    append(tmp_path, 0, 20_000)
    append(tmp_path, 40_000)
    append(tmp_path, 60_000)
    assert batches_read(tmp_path, 65_000) == 1
    assert batches_read(tmp_path, 45_000) == 2
    assert batches_read(tmp_path, 99_000) == 0


def test_a_damaged_file_only_means_reading_more(tmp_path):
    append(tmp_path, 0, 20_000, 40_000, 60_000)
    path = statistics_file(tmp_path)
    whole = path.read_bytes()
    size = len(whole) // 4
    for position in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[position] ^= 255
        path.write_bytes(damaged)
        assert 1 <= batches_read(tmp_path, 65_000) <= 4
    for end in (0, 3, size, len(whole) - 1):
        path.write_bytes(whole[:end])
        assert batches_read(tmp_path, 65_000) >= 1
    # what is torn is cut before more comes, so that it hides nothing
    path.write_bytes(whole[: len(whole) - 5])
    append(tmp_path, 80_000)
    assert batches_read(tmp_path, 81_000) == 2
    path.unlink()
    assert batches_read(tmp_path, 81_000) == 5


def test_entries_of_a_later_version_are_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr(segment_statistics, "VERSION", 2)
    append(tmp_path, 0)
    monkeypatch.setattr(segment_statistics, "VERSION", 1)
    append(tmp_path, 20_000, 40_000)
    assert batches_read(tmp_path, 50_000) == 2


def test_entries_of_an_append_that_was_undone_speak_of_no_batch(tmp_path, monkeypatch):
    append(tmp_path, 0, 20_000)
    stale = statistics_file(tmp_path).read_bytes()

    with TopicLog(tmp_path, durability="fsync") as log:
        topic = log.topic("t")

        def refuse(fd):
            raise OSError(errno.ENOSPC, "no space")

        with monkeypatch.context() as patch:
            patch.setattr("sabot.connect.topic_log.writer.flush_file", refuse)
            with pytest.raises(TopicWriteError):
                topic.append(pa.table({"n": range(5_000)}))
        assert statistics_file(tmp_path).read_bytes() == stale
        topic.append(pa.table({"n": range(90_000, 95_000)}))
    assert batches_read(tmp_path, 94_000) == 1


def test_entries_of_rows_that_were_cut_do_not_speak_of_those_that_came_instead(tmp_path):
    append(tmp_path, 0)
    path = statistics_file(tmp_path)
    append(tmp_path, 20_000)
    size = path.stat().st_size
    index = path.with_suffix(".index")
    os.truncate(index, index.stat().st_size - 1)  # the second batch is torn off
    append(tmp_path, 90_000)  # at the same offset, as long
    both = path.read_bytes()
    assert batches_read(tmp_path, 110_000) == 0
    assert len(both) > size
    path.write_bytes(both[:size])  # as a version without statistics would have left it
    assert batches_read(tmp_path, 95_000) == 1  # nothing is known of what is there now


def test_a_log_that_older_versions_wrote_has_none(tmp_path, monkeypatch):
    monkeypatch.setattr("sabot.connect.topic_log.writer.measure", lambda batch: None)
    append(tmp_path, 0, 20_000)
    assert not statistics_file(tmp_path).exists()
    monkeypatch.undo()
    append(tmp_path, 40_000)
    assert batches_read(tmp_path, 41_000) == 3
    assert batches_read(tmp_path, 70_000) == 2
