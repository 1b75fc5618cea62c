# SPDX-License-Identifier: Apache-2.0
"""Columns of every type as CSV and NDJSON, and back."""

import base64
import datetime
import decimal
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import sabot
from pipelines import line, rows, run

D = decimal.Decimal
MDN = pa.MonthDayNano

# name -> type, values, what NDJSON says
SCALARS: dict[str, tuple[pa.DataType, list[Any], list[Any]]] = {
    "float16": (pa.float16(), [1.5, -0.0, float("inf"), 65504.0], [1.5, -0.0, "inf", 65504.0]),
    "decimal32": (pa.decimal32(7, 2), [D("1.25"), D("-99999.99")], [1.25, -99999.99]),
    "decimal64": (pa.decimal64(18, 0), [D(10**17), D(-1)], [10**17, -1]),
    "decimal256": (
        pa.decimal256(76, 3), [D("1.250"), D("-0.001"), D("0.000"), D(10**70)],
        [1.25, -0.001, 0.0, 1e70],
    ),
    "decimal256_whole": (pa.decimal256(40, 0), [D(0), D(-7), D(10**39)], [0, -7, 10**39]),
    "time32": (
        pa.time32("s"), [datetime.time(0, 0), datetime.time(23, 59, 59)], ["00:00:00", "23:59:59"],
    ),
    "time64": (
        pa.time64("us"), [datetime.time(1, 2, 3, 4), datetime.time(0, 0)],
        ["01:02:03.000004", "00:00:00.000000"],
    ),
    "duration": (pa.duration("us"), [0, -1, 2**63 - 1, -(2**63)], [0, -1, 2**63 - 1, -(2**63)]),
    "interval": (
        pa.month_day_nano_interval(),
        [MDN([0, 0, 0]), MDN([-13, 2, -1]), MDN([1, -2, 3_000_000_004])],
        ["P0M0DT0.000000000S", "P-13M2DT-0.000000001S", "P1M-2DT3.000000004S"],
    ),
    "fixed_size_binary": (
        pa.binary(3), [b"abc", b"\0,\n", b'"""'],
        [base64.b64encode(v).decode() for v in (b"abc", b"\0,\n", b'"""')],
    ),
}  # fmt: skip


def column(name: str) -> pa.Array:
    type_, values, _ = SCALARS[name]
    return pa.array([None, *values, None, *values], type_)


def same(found: pa.ChunkedArray, given: pa.Array) -> None:
    assert found.type == given.type
    assert repr(found.to_pylist()) == repr(given.to_pylist())


@pytest.mark.parametrize("suffix", ["csv", "ndjson"])
@pytest.mark.parametrize("name", sorted(SCALARS))
def test_values_come_back(name: str, suffix: str, tmp_path: Path) -> None:
    given = column(name)
    table = pa.table({"i": range(len(given)), "c": given})
    path = tmp_path / f"rows.{suffix}"
    run(line({"data": table.to_batches(max_chunksize=3)}, sink={"path": str(path)}))
    found = rows(line({"path": str(path), "schema": table.schema}), worker_count=1)
    found.validate(full=True)
    same(found["c"], given)
    if suffix == "ndjson":
        cells = [json.loads(text)["c"] for text in path.read_text().splitlines()]
        expected = SCALARS[name][2]
        assert cells == [None, *expected, None, *expected]


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (pa.time32("s"), '"24:00:00"'),
        (pa.duration("s"), '"PT1S"'),
        (pa.duration("s"), "9223372036854775808"),
        (pa.month_day_nano_interval(), '"P1.5M"'),
        (pa.month_day_nano_interval(), '"P"'),
        (pa.month_day_nano_interval(), '"P1DT"'),
        (pa.month_day_nano_interval(), '"P99999999999M"'),
        (pa.decimal256(40, 2), "0.001"),
        (pa.decimal256(40, 2), "1e39"),
        (pa.decimal256(40, 2), '"--1"'),
        (pa.decimal32(5, 2), "1000"),
        (pa.binary(3), '"YWI="'),
        (pa.float16(), '"half"'),
    ],
)
def test_text_that_is_no_value_is_malformed(type_: pa.DataType, text: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.ndjson"
    path.write_text(f'{{"c": {text}}}\n')
    source = {"path": str(path), "schema": pa.schema([("c", type_)])}
    with pytest.raises(sabot.SabotError, match="column 'c'"):
        rows(line(source), worker_count=1)
    assert rows(line({**source, "on_error": "drop"}), worker_count=1).num_rows == 0


@pytest.mark.parametrize(
    ("text", "months", "days", "nanos"),
    [
        ("P1Y2M", 14, 0, 0),
        ("P1W", 0, 7, 0),
        ("PT1H1M1.5S", 0, 0, 3_661_500_000_000),
        ("P-1MT-0.5S", -1, 0, -500_000_000),
    ],
)
def test_intervals_are_iso_durations(
    text: str, months: int, days: int, nanos: int, tmp_path: Path
) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"c\n{text}\n")
    schema = pa.schema([("c", pa.month_day_nano_interval())])
    found = rows(line({"path": str(path), "schema": schema}), worker_count=1)
    assert found["c"].to_pylist() == [MDN([months, days, nanos])]


STRUCT = pa.struct([("a", pa.int64()), ("b", pa.string())])
ZONED = pa.timestamp("s", "Europe/Berlin")

# type, values, what NDJSON says
NESTED: dict[str, tuple[pa.DataType, list[Any], list[Any]]] = {
    "list": (pa.list_(pa.int32()), [[1, None], []], [[1, None], []]),
    "list_text": (pa.list_(pa.string()), [['a"b', "ü\n"], [""]], [['a"b', "ü\n"], [""]]),
    "list_list": (pa.list_(pa.list_(pa.bool_())), [[[True], None, []]], [[[True], None, []]]),
    "list_view": (pa.list_view(pa.int8()), [[1, 2], []], [[1, 2], []]),
    "fixed_size_list": (pa.list_(pa.int16(), 2), [[1, None], [3, 4]], [[1, None], [3, 4]]),
    "struct": (STRUCT, [{"a": 1, "b": "x"}, {"a": None, "b": "y" * 30}], []),
    "list_struct": (pa.list_(STRUCT), [[{"a": 1, "b": None}, None]], []),
    "struct_empty": (pa.struct([]), [{}], [{}]),
    "map": (
        pa.map_(pa.string(), pa.int64()), [[("k", 1), ("l", None)], []],
        [[["k", 1], ["l", None]], []],
    ),
    "map_numbers": (pa.map_(pa.int32(), pa.string()), [[(1, "x")]], [[[1, "x"]]]),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), ["a", "b", "a"], ["a", "b", "a"]),
    "list_zoned": (
        pa.list_(ZONED),
        [[datetime.datetime(2024, 7, 1, tzinfo=datetime.UTC)]],
        [["2024-07-01T02:00:00+02:00"]],
    ),
    "list_times": (pa.list_(pa.time32("s")), [[datetime.time(1, 2, 3)]], [["01:02:03"]]),
    "list_binary": (pa.list_(pa.binary()), [[b"\xff"]], [["/w=="]]),
    "list_dictionary": (
        pa.list_(pa.dictionary(pa.int8(), pa.string())), [["a", "a"]], [["a", "a"]],
    ),
    "struct_decimal256": (
        pa.struct([("d", pa.decimal256(50, 1)), ("l", pa.list_(pa.float32()))]),
        [{"d": D("-1.5"), "l": [0.5]}], [{"d": -1.5, "l": [0.5]}],
    ),
}  # fmt: skip


def nested_column(name: str) -> pa.Array:
    type_, values, _ = NESTED[name]
    return pa.array([None, *values, None, *values], type_)[1:]


@pytest.mark.parametrize("name", sorted(NESTED))
def test_nested_values_are_json(name: str, tmp_path: Path) -> None:
    given = nested_column(name)
    _, values, expected = NESTED[name]
    path = tmp_path / "rows.ndjson"
    table = pa.table({"i": range(len(given)), "c": given})
    run(line({"data": table.to_batches(max_chunksize=2)}, sink={"path": str(path)}))
    cells = [json.loads(text)["c"] for text in path.read_text().splitlines()]
    expected = expected or values
    assert cells == [*expected, None, *expected]


def test_encoded_columns_are_their_values_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    table = pa.table({"d": nested_column("dictionary"), "i": range(7)})
    run(line({"data": table}, sink={"path": str(path)}))
    assert path.read_text().splitlines() == ["d,i", "a,0", "b,1", "a,2", ",3", "a,4", "b,5", "a,6"]


def test_csv_has_no_lists(tmp_path: Path) -> None:
    table = pa.table({"c": [[1]]})
    with pytest.raises(
        sabot.SabotError, match=r"'c' is list<.*no form in csv; write another format"
    ):
        run(line({"data": table}, sink={"path": str(tmp_path / "rows.csv")}))
