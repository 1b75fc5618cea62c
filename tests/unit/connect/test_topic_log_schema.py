# SPDX-License-Identifier: Apache-2.0
"""A topic's schema widens by nullable columns; what does not fit is refused, nothing written."""

import decimal

import pyarrow as pa
import pytest

from sabot.connect.topic_log import TopicLog, TopicSchemaError
from sabot.connect.topic_log.fit import fit_type


@pytest.fixture
def log(tmp_path):
    with TopicLog(tmp_path, durability="os") as log:
        yield log


def test_new_fields_widen_and_old_rows_read_null(tmp_path):
    with TopicLog(tmp_path) as log:
        topic = log.topic("t")
        topic.append([{"a": 1}])
        topic.append([{"a": 2, "b": "x"}])
        topic.append([{"b": "y"}])
    with TopicLog(tmp_path) as log:
        topic = log.topic("t")
        assert topic.schema == pa.schema([("a", pa.int64()), ("b", pa.string())])
        expected = [{"a": 1, "b": None}, {"a": 2, "b": "x"}, {"a": None, "b": "y"}]
        assert topic.read().to_pylist() == expected
        assert [split.row_count for split in topic.splits()] == [1, 2]  # one segment per schema
        assert all(split.schema == topic.schema for split in topic.splits())
        first, second = (split.open().read_all() for split in topic.splits())
        assert first.column_names == ["a"]  # as stored; the engine adds what lacks
        assert second.column_names == ["a", "b"]


def test_a_split_reads_only_the_wanted_columns(log):
    topic = log.topic("t")
    topic.append([{"a": 1, "b": 2, "c": 3}])
    topic.append([{"d": 4}])
    splits = topic.splits(columns=["d", "a"])
    assert [split.schema.names for split in splits] == [["d", "a"], ["d", "a"]]
    assert splits[0].open().schema.names == ["a"]
    assert topic.read(columns=["d", "a"]).to_pylist() == [{"d": None, "a": 1}, {"d": 4, "a": None}]
    only_new = topic.splits(columns=["d"])[0]
    assert only_new.open().read_all().num_rows == 1  # rows are countable without the column
    assert only_new.read().to_pylist() == [{"d": None}]


def test_an_incompatible_type_is_refused_and_nothing_written(log, tmp_path):
    topic = log.topic("orders")
    topic.append([{"id": 1}])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(TopicSchemaError) as error:
        topic.append([numbers_table(), pa.table({"new": [1], "id": ["x"]})])
    for word in ("'orders'", "'id'", "int64", "string"):
        assert word in str(error.value)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert topic.schema.names == ["id"]
    assert topic.append([{"id": 2}]) == {0: (1, 1)}


def numbers_table():
    return pa.table({"id": pa.array([5], pa.int64())})


def test_a_value_that_does_not_fit_is_refused(log):
    topic = log.create("t", schema=pa.schema([("n", pa.int8()), ("d", pa.decimal128(4, 2))]))
    topic.append([{"n": 127, "d": decimal.Decimal("1.5")}])
    with pytest.raises(TopicSchemaError, match="column 'n' is int8, and int64 does not fit"):
        topic.append([{"n": 128}])
    with pytest.raises(TopicSchemaError, match="column 'd'"):
        topic.append([{"d": decimal.Decimal("1.555")}])
    assert topic.read().to_pylist() == [{"n": 127, "d": decimal.Decimal("1.50")}]


def test_a_column_of_nulls_takes_its_type_later(tmp_path):
    with TopicLog(tmp_path, durability="os") as log:
        topic = log.topic("t")
        topic.append([{"a": 1, "b": None, "tags": [], "s": {"x": None}}])
        assert topic.schema.field("b").type == pa.null()
    with TopicLog(tmp_path, durability="os") as log:
        topic = log.topic("t")
        topic.append([{"a": 2, "b": 2.5, "tags": ["x"], "s": {"x": 1, "y": "new"}}])
        topic.append([{"a": 3, "b": None, "tags": [], "s": {"x": None}}])
        assert topic.read().to_pylist() == [
            {"a": 1, "b": None, "tags": [], "s": {"x": None, "y": None}},
            {"a": 2, "b": 2.5, "tags": ["x"], "s": {"x": 1, "y": "new"}},
            {"a": 3, "b": None, "tags": [], "s": {"x": None, "y": None}},
        ]
        assert len(topic.splits()) == 2  # the third append fits the second segment
        for split in topic.splits():  # what the segment has is of the unified type
            opened = split.open().schema
            assert all(field.type == topic.schema.field(field.name).type for field in opened)


@pytest.mark.parametrize(
    "later",
    [
        pa.array([[1]], pa.list_view(pa.int8())),
        pa.array(["a"]).dictionary_encode(),
        pa.array([b"0123456789abcdef"], pa.uuid()),
        pa.RunEndEncodedArray.from_arrays([1], ["a"]),
    ],
    ids=lambda array: str(array.type),
)
def test_a_column_of_nulls_may_take_any_type(log, later):
    topic = log.topic("t")
    topic.append([None])
    topic.append(later)
    assert topic.schema.field("value").type == later.type
    assert topic.read()["value"].to_pylist() == [None, *later.to_pylist()]


def test_a_crash_before_the_schema_was_noted_loses_no_column(tmp_path):
    metadata = tmp_path / "topics" / "t" / "topic.json"
    with TopicLog(tmp_path) as log:
        log.topic("t").append([{"a": 1}])
        before = metadata.read_bytes()
        log.topic("t").append([{"b": 2}])
    metadata.write_bytes(before)
    with TopicLog(tmp_path) as log:
        assert log.topic("t").read().to_pylist() == [{"a": 1, "b": None}, {"a": None, "b": 2}]
    assert metadata.read_bytes() != before


def test_rows_without_any_known_value_count(log):
    topic = log.topic("t")
    topic.append([None, None])
    assert topic.read().to_pylist() == [{"value": None}, {"value": None}]
    topic.append([5])
    assert topic.read()["value"].to_pylist() == [None, None, 5]


def test_a_table_without_rows_brings_its_schema(log):
    topic = log.topic("t")
    topic.append(pa.table({"n": pa.array([], pa.int16())}))
    topic.append(pa.schema([("m", pa.string())]).empty_table())
    assert topic.schema == pa.schema([("n", pa.int16()), ("m", pa.string())])
    assert topic.end_offsets() == {0: 0}


def test_required_fields_become_nullable(log):
    topic = log.topic("t")
    schema = pa.schema([pa.field("n", pa.int64(), nullable=False)])
    topic.append(pa.table({"n": [1]}, schema=schema))
    topic.append([{"m": 1}])
    assert topic.read()["n"].to_pylist() == [1, None]


def test_columns_that_occur_twice_are_refused(log):
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["n", "n"])
    with pytest.raises(TopicSchemaError, match="'n' occurs twice"):
        log.topic("t").append(table)


def test_key_types_are_checked_like_columns(log):
    topic = log.topic("t")
    topic.append([1], keys="a")
    with pytest.raises(TopicSchemaError, match="column '_key' is string, and int64"):
        topic.append([1], keys=5)


def test_dictionaries_and_plain_values_mix(log):
    topic = log.topic("t")
    topic.append(pa.table({"s": ["a", "b"]}))
    topic.append(pa.table({"s": pa.array(["c"]).dictionary_encode()}))
    assert topic.schema.field("s").type == pa.string()
    assert topic.read()["s"].to_pylist() == ["a", "b", "c"]


TZ = pa.timestamp("ms", "UTC")


@pytest.mark.parametrize(
    ("stored", "incoming", "is_inferred", "expected"),
    [
        (pa.int64(), pa.int32(), False, pa.int64()),
        (pa.int64(), pa.uint32(), False, pa.int64()),
        (pa.int64(), pa.uint64(), False, None),
        (pa.uint64(), pa.uint8(), False, pa.uint64()),
        (pa.uint8(), pa.uint64(), False, None),
        (pa.uint64(), pa.int8(), False, None),
        (pa.int32(), pa.int64(), False, None),
        (pa.int32(), pa.int64(), True, pa.int32()),
        (pa.float64(), pa.int32(), False, pa.float64()),
        (pa.float64(), pa.int64(), False, None),
        (pa.float64(), pa.int64(), True, pa.float64()),
        (pa.int64(), pa.float64(), True, None),
        (pa.float64(), pa.float32(), False, pa.float64()),
        (pa.float32(), pa.float64(), False, None),
        (pa.string(), pa.large_string(), False, pa.string()),
        (pa.string(), pa.binary(), False, None),
        (pa.int64(), pa.bool_(), True, None),
        (pa.string(), pa.int64(), True, None),
        (TZ, pa.timestamp("s", "Europe/Berlin"), False, TZ),
        (TZ, pa.timestamp("ns", "UTC"), False, None),
        (TZ, pa.timestamp("s"), True, None),
        (pa.decimal128(10, 2), pa.decimal128(5, 1), False, pa.decimal128(10, 2)),
        (pa.decimal128(10, 2), pa.decimal128(5, 3), False, None),
        (pa.list_(pa.null()), pa.list_(pa.int8()), False, pa.list_(pa.int8())),
        (pa.list_(pa.int64()), pa.list_(pa.string()), True, None),
        (pa.list_(pa.int8(), 2), pa.list_(pa.int8(), 3), False, None),
        (pa.struct([("a", pa.int8())]), pa.int8(), False, None),
        (pa.int8(), pa.null(), False, pa.int8()),
    ],
)
def test_what_fits_into_a_column(stored, incoming, is_inferred, expected):
    assert fit_type(stored, incoming, is_inferred=is_inferred) == expected
