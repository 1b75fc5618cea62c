# SPDX-License-Identifier: Apache-2.0
"""Rows come back from a topic as they went in; offsets, splits, names."""

import datetime as dt
import decimal
import threading

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import ipc

from sabot.connect.topic_log import (
    TopicClosedError,
    TopicError,
    TopicLog,
    TopicNameError,
    TopicSchemaError,
    TopicValueError,
    UnknownTopicError,
)


@pytest.fixture
def log(tmp_path):
    with TopicLog(tmp_path, durability="os", clock_ms=lambda: 1_000) as log:
        yield log


def numbers(first, count):
    return pa.table({"n": pa.array(range(first, first + count), pa.int64())})


POINT = pa.struct([("x", pa.float64()), ("tags", pa.list_(pa.string()))])
COLUMNS = {
    "int8": pa.array([1, None, -128], pa.int8()),
    "int64": pa.array([2**63 - 1, None, -(2**63)], pa.int64()),
    "uint64": pa.array([2**64 - 1, None, 0], pa.uint64()),
    "float16": pa.array([1.5, None, 0.25], pa.float16()),
    "float64": pa.array([-0.0, None, float("inf")], pa.float64()),
    "bool": pa.array([True, None, False]),
    "string": pa.array(["", None, "ü\u2028\n"]),
    "large_string": pa.array(["a", None, "b" * 1000], pa.large_string()),
    "string_view": pa.array(["a", None, "b" * 1000], pa.string_view()),
    "binary": pa.array([b"", None, b"\x00\xff"]),
    "fixed_binary": pa.array([b"abc", None, b"\x00\xff "], pa.binary(3)),
    "date32": pa.array([dt.date(1, 1, 1), None, dt.date(2030, 2, 28)], pa.date32()),
    "time64": pa.array([1, None, 86_399_999_999_999], pa.time64("ns")),
    "timestamp_s": pa.array([0, None, -1], pa.timestamp("s")),
    "timestamp_ns_tz": pa.array([0, None, 2**62], pa.timestamp("ns", "Europe/Berlin")),
    "duration": pa.array([0, None, -5], pa.duration("us")),
    "interval": pa.array([(1, 2, 3), None, (0, 0, 0)], pa.month_day_nano_interval()),
    "decimal128": pa.array([decimal.Decimal("1.50"), None, decimal.Decimal("-9.99")]),
    "decimal256": pa.array([decimal.Decimal(10) ** 60, None, decimal.Decimal(-1)]),
    "list": pa.array([[1, None], None, []], pa.list_(pa.int32())),
    "large_list": pa.array([["a"], None, []], pa.large_list(pa.string())),
    "list_view": pa.array([["a"], None, []], pa.list_view(pa.string())),
    "fixed_list": pa.array([[1.0, None], None, [2.0, 3.0]], pa.list_(pa.float32(), 2)),
    "struct": pa.array([{"x": 1.0, "tags": ["a", None]}, None, {"x": None, "tags": []}], POINT),
    "list_struct": pa.array([[{"x": 1.0, "tags": None}, None], None, []], pa.list_(POINT)),
    "map": pa.array([[("a", 1)], None, [("b", None)]], pa.map_(pa.string(), pa.int64())),
    "dictionary": pa.array(["a", None, "b"]).dictionary_encode(),
    "list_dictionary": pa.array(
        [["a"], None, ["b", "a"]], pa.list_(pa.dictionary(pa.int8(), pa.string()))
    ),
    "run_ends": pc.run_end_encode(pa.array(["a", "a", None])),
    "uuid": pa.array([b"0123456789abcdef", None, b"\0" * 16], pa.uuid()),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_any_type_comes_back_equal(tmp_path, name):
    table = pa.table({"c": COLUMNS[name]})
    with TopicLog(tmp_path, durability="os") as log:
        topic = log.topic("t")
        topic.append(table)
        topic.append(table.slice(1))
        topic.append(table.slice(0, 1))
    with TopicLog(tmp_path, durability="os") as log:
        whole = log.topic("t").read()
        later = log.topic("t").partition(0).read(4, 6)
        tail = log.topic("t").partition(0).tail(1).read(0)
    expected = pa.concat_tables([table, table.slice(1), table.slice(0, 1)])
    assert whole.schema == expected.schema
    assert whole.equals(expected)
    assert later.equals(expected.slice(4, 2))
    assert pa.table(tail).equals(expected.slice(1))
    whole.validate(full=True)


def test_nan_comes_back(log):
    topic = log.topic("t")
    topic.append([float("nan"), 1.0])
    assert pc.is_nan(topic.read()["value"]).to_pylist() == [True, False]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"a": 1}, [{"a": 1}]),
        ([{"b": 1, "a": "x"}, {"c": 2.5, "b": None}], None),
        (7, [{"value": 7}]),
        ("text", [{"value": "text"}]),
        ([b"a", None], [{"value": b"a"}, {"value": None}]),
        ((i for i in range(3)), [{"value": 0}, {"value": 1}, {"value": 2}]),
        (pa.array([1, 2], pa.int8()), [{"value": 1}, {"value": 2}]),
        (pa.chunked_array([[1], [2]]), [{"value": 1}, {"value": 2}]),
        (numbers(0, 2), [{"n": 0}, {"n": 1}]),
        (numbers(0, 2).to_batches(), [{"n": 0}, {"n": 1}]),
        ([numbers(0, 1), numbers(1, 1)], [{"n": 0}, {"n": 1}]),
        (pl.DataFrame({"n": [0, 1]}), [{"n": 0}, {"n": 1}]),
        (pl.Series([0, 1]), [{"value": 0}, {"value": 1}]),
        (numbers(0, 2).to_reader(), [{"n": 0}, {"n": 1}]),
    ],
)
def test_takes_every_kind_of_data(log, data, expected):
    topic = log.topic("t")
    topic.append(data)
    if expected is None:  # fields keep the order in which they first occur
        expected = [{"b": 1, "a": "x", "c": None}, {"b": None, "a": None, "c": 2.5}]
        assert topic.schema.names == ["b", "a", "c"]
    assert topic.read().to_pylist() == expected


def test_json_lines_keep_the_types_of_json(log):
    topic = log.topic("t")
    topic.append('{"id": 1, "at": "2024-01-01 00:00:00"}\n\n{"id": 2, "x": [1.5]}\n', format="json")
    topic.append([b'{"id": 3, "at": "no time"}'], format="json")
    assert topic.schema.field("at").type == pa.string()
    assert topic.read().to_pylist() == [
        {"id": 1, "at": "2024-01-01 00:00:00", "x": None},
        {"id": 2, "at": None, "x": [1.5]},
        {"id": 3, "at": "no time", "x": None},
    ]


def test_json_text_fills_a_declared_timestamp(log):
    topic = log.create("t", schema=pa.schema([("at", pa.timestamp("ms")), ("f", pa.float32())]))
    topic.append('{"at": "2024-01-01T00:00:01", "f": 1}', format="json")
    assert topic.read().to_pylist() == [{"at": dt.datetime(2024, 1, 1, 0, 0, 1), "f": 1.0}]


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        ('{"a": 1}\n{"a": \n', {"format": "json"}, ["JSON line 1"]),
        (["1, 2"], {"format": "json"}, ["JSON line 0"]),
        (["1", "2"], {"format": "xml"}, ["'xml'", "'json'"]),
        ([{"a": 1}, {"a": "x"}], {}, ["'t'"]),
        ([{"a": 1}, 2], {}, ["'t'"]),
        ([{"a": 1}, None], {}, ["record 1 is None"]),
        ([{}], {}, ["no record has a field"]),
        ([{1: 2}], {}, ["'t'"]),
        ([1, 2], {"keys": ["a"]}, ["1 keys for 2 rows"]),
        ([1, 2], {"keys": "a", "key_column": "value"}, ["not both"]),
        ([1, 2], {"timestamps": "now"}, ["timestamps are string"]),
    ],
)
def test_data_that_makes_no_sense_is_refused_with_its_place(log, data, options, words):
    topic = log.topic("t")
    with pytest.raises(TopicValueError) as error:
        topic.append(data, **options)
    for word in words:
        assert word in str(error.value)
    assert topic.end_offsets() == {0: 0}
    assert topic.schema.names == []


def test_offsets_continue_over_batches_and_openings(tmp_path):
    with TopicLog(tmp_path, durability="os") as log:
        topic = log.topic("t")
        assert topic.append([1, 2, 3]) == {0: (0, 2)}
        assert topic.append([numbers(0, 2), numbers(2, 3)]) == {0: (3, 7)}
        assert topic.append([]) == {}
    with TopicLog(tmp_path, durability="os") as log:
        topic = log.topic("t")
        assert topic.append({"n": 9}) == {0: (8, 8)}
        assert topic.start_offsets() == {0: 0}
        assert topic.end_offsets() == {0: 9}


def test_metadata_columns_come_on_request(log):
    topic = log.topic("t")
    topic.append([1, 2])
    topic.append([3, 4], keys=["a", None], timestamps=[5, None])
    topic.append(
        pa.table({"value": [5], "at": pa.array([7_999], pa.timestamp("us"))}), timestamp_column="at"
    )
    assert topic.read(columns=["value"]).column_names == ["value"]
    rows = topic.read(columns=["value"], with_metadata=True)
    assert rows.column_names == ["_offset", "_timestamp", "_key", "value"]
    assert rows["_offset"].to_pylist() == [0, 1, 2, 3, 4]
    assert rows["_timestamp"].cast(pa.int64()).to_pylist() == [1_000, 1_000, 5, 1_000, 7]
    assert rows["_key"].to_pylist() == [None, None, "a", None, None]
    assert topic.read(columns=["_key"]).column_names == ["_key"]


def test_an_empty_topic_reads_as_an_empty_table(log):
    topic = log.create("t", schema=pa.schema([("n", pa.int32())]))
    assert topic.read(with_metadata=True).schema.names == ["_offset", "_timestamp", "n"]
    assert topic.read().schema == pa.schema([("n", pa.int32())])
    assert topic.splits() == []
    assert log.topic("new").read().num_rows == 0


@pytest.mark.parametrize("name", ["_timestamp", "_key", "_offset"])
def test_reserved_columns_are_refused(log, name):
    with pytest.raises(TopicSchemaError, match=f"'{name}' is reserved"):
        log.topic("t").append([{name: 1}])


def test_any_arrow_reader_opens_a_segment(log, tmp_path):
    log.topic("t").append([{"n": 1}, {"n": 2}])
    path = tmp_path / "topics" / "t" / "0" / f"{0:020d}.arrows"
    assert ipc.open_stream(path.read_bytes()).read_all()["n"].to_pylist() == [1, 2]
    assert pl.read_ipc_stream(path)["n"].to_list() == [1, 2]


def test_segments_roll_at_their_size(tmp_path):
    with TopicLog(tmp_path, durability="os", segment_bytes=4096) as log:
        topic = log.topic("t")
        for i in range(40):
            topic.append(numbers(i * 50, 50))
        assert topic.read()["n"].to_pylist() == list(range(2000))
        paths = sorted((tmp_path / "topics" / "t" / "0").glob("*.arrows"))
        assert len(paths) > 5
        assert all(path.stat().st_size <= 4096 for path in paths)
        assert [int(path.stem) for path in paths] == [
            split.first_offset for split in topic.splits()
        ]
        topic.append([numbers(2000 + i * 50, 50) for i in range(40)])  # rolls inside one append
    with TopicLog(tmp_path, durability="os") as log:
        topic = log.topic("t")
        assert topic.read()["n"].to_pylist() == list(range(4000))
        topic.verify()


@pytest.mark.parametrize("segment_bytes", [1, 3000, 2**20])
def test_every_range_of_offsets_reads_its_rows(tmp_path, segment_bytes):
    with TopicLog(tmp_path, durability="os", segment_bytes=segment_bytes) as log:
        topic = log.topic("t")
        for first in range(0, 24, 3):
            topic.append(numbers(first, 3))
        partition = topic.partition(0)
        for start in range(25):
            for end in range(start, 25):
                expected = list(range(start, end))
                assert partition.read(start, end)["n"].to_pylist() == expected
                splits = partition.splits(start, end)
                assert sum(split.row_count for split in splits) == len(expected)
                by_hand = [  # as the engine reads
                    row["n"]
                    for split in splits
                    for row in split.open()
                    .read_all()
                    .slice(split.skip_rows, split.limit_rows)
                    .to_pylist()
                ]
                assert by_hand == expected


def test_a_split_does_not_see_later_appends(log):
    topic = log.topic("t")
    topic.append(numbers(0, 3))
    (split,) = topic.splits()
    reader = split.open()
    topic.append(numbers(3, 3))
    assert reader.read_all().num_rows == 3
    assert split.read()["n"].to_pylist() == [0, 1, 2]


def test_a_split_in_the_middle_starts_near_its_rows(log):
    plain, encoded = log.topic("plain"), log.topic("encoded")
    for first in range(0, 30, 10):
        plain.append(numbers(first, 10))
        encoded.append(pa.table({"n": numbers(first, 10)["n"].dictionary_encode()}))
    (split,) = plain.splits({0: 25})
    assert (split.skip_rows, split.limit_rows) == (5, 5)
    (split,) = encoded.splits({0: 25})  # mapped from the start: its dictionaries are in the way
    assert (split.skip_rows, split.limit_rows) == (25, 5)
    assert split.read()["n"].to_pylist() == [25, 26, 27, 28, 29]


def test_splits_bound_the_timestamps(log):
    topic = log.topic("t")
    topic.append([1, 2], timestamps=[50, 20])
    topic.append([3], timestamps=[70])
    (split,) = topic.splits()
    assert (split.min_timestamp_ms, split.max_timestamp_ms) == (20, 70)


def test_offsets_outside_and_unknown_columns_are_refused(log):
    topic = log.topic("t")
    topic.append(numbers(0, 3))
    with pytest.raises(TopicValueError, match="end=4 is outside of the offsets 0 to 3"):
        topic.partition(0).read(0, 4)
    with pytest.raises(UnknownTopicError, match="no column 'x'; it has n"):
        topic.read(columns=["x"])
    with pytest.raises(UnknownTopicError, match="no partition 1"):
        topic.partition(1)


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "../x", "a b", "x" * 201, 7])
def test_names_that_could_escape_are_refused(log, name):
    with pytest.raises(TopicNameError, match="use 1 to 200 letters"):
        log.topic(name)
    assert log.topics() == []


def test_topics_are_created_listed_and_deleted(tmp_path):
    with TopicLog(tmp_path) as log:
        first = log.topic("b.out", partitions=2)
        log.create("a")
        assert log.topics() == ["a", "b.out"]
        assert log.topic("b.out") is first
        with pytest.raises(TopicError, match="'a' exists already"):
            log.create("a")
        with pytest.raises(TopicValueError, match="has 2 partitions, not 3"):
            log.topic("b.out", partitions=3)
        with pytest.raises(UnknownTopicError, match="no topic 'c'"):
            log.topic("c", create=False)
        log.delete("b.out")
        with pytest.raises(TopicClosedError, match=r"'b\.out' was deleted"):
            first.append([1])
        assert log.topics() == ["a"]
        assert log.topic("b.out").end_offsets() == {0: 0}
        assert sorted(path.name for path in log.path.iterdir()) == [".lock", "a", "b.out"]


def test_threads_append_and_read_at_once(log):
    topic = log.topic("t")
    failures = []

    def write(writer):
        for i in range(25):
            topic.append(pa.table({"writer": [writer] * 3, "n": [3 * i, 3 * i + 1, 3 * i + 2]}))

    def read():
        while any(thread.is_alive() for thread in writers):
            rows = topic.read().to_pylist()
            if [row["n"] % 3 for row in rows] != [i % 3 for i in range(len(rows))]:
                failures.append(rows)

    writers = [threading.Thread(target=write, args=(i,)) for i in range(4)]
    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in [*writers, *readers]:
        thread.start()
    for thread in [*writers, *readers]:
        thread.join()
    assert not failures
    rows = topic.read().to_pylist()
    for writer in range(4):
        assert [row["n"] for row in rows if row["writer"] == writer] == list(range(75))
