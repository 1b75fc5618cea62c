# SPDX-License-Identifier: Apache-2.0
"""CSV and NDJSON: what is read, what is malformed, and what is written reads back."""

import bz2
import datetime as dt
import gzip
import json
import math
import os
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pytest

from pipelines import ledger_is_balanced, line, node, ordered, rows, run
from sabot import InvalidJobError, JobFailedError
from sabot.connect.topic_log import TopicLog
from sabot.expressions import col


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path, **source):
    return rows(line({"path": path, **source}))


# --- what is read --------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("batch_rows", [0, 1, 7, 1000])
def test_csv(tmp_path, workers, batch_rows):
    path = write(
        tmp_path / "a.csv",
        'n,x,b,d,t,s\n1,1.5,true,2024-02-29,2024-01-01 12:30:00,a\n-2,,false,,,"b, ""c"""\n'
        '3,1e300,,1999-12-31,1970-01-01 00:00:00,""\n4,nan,true,2000-01-01,,\n',
    )
    source = line({"path": path})
    out = rows(source, worker_count=workers, morsel_rows_max=batch_rows)
    assert out.schema.types == [
        pa.int64(),
        pa.float64(),
        pa.bool_(),
        pa.date32(),
        pa.timestamp("s"),
        pa.string(),
    ]
    assert out["n"].to_pylist() == [1, -2, 3, 4]
    assert out["x"].to_pylist()[:3] == [1.5, None, 1e300]
    assert math.isnan(out["x"][3].as_py())
    assert out["b"].to_pylist() == [True, False, None, True]
    assert out["d"].to_pylist()[:2] == [dt.date(2024, 2, 29), None]
    assert out["t"].to_pylist()[0] == dt.datetime(2024, 1, 1, 12, 30)
    assert out["s"].to_pylist() == ["a", 'b, "c"', "", None]


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("batch_rows", [0, 1, 7, 1000])
def test_ndjson(tmp_path, workers, batch_rows):
    path = write(
        tmp_path / "a.ndjson",
        '{"n": 1, "x": 1.5, "s": "a", "b": true}\n\n'
        '{"s": "\\u00e9\\n\\ud83d\\ude00", "n": -2, "new": {"k": [1, "}"]}}\r\n'
        ' { "n" : null , "x":2e3,"s":null,"b":false } \n{"x": -0.25, "n": 9007199254740993}',
    )
    schema = {"n": "int64", "x": "float64", "s": "string", "b": "bool"}
    out = rows(
        line({"path": path, "schema": schema}), worker_count=workers, morsel_rows_max=batch_rows
    )
    assert out.to_pydict() == {
        "n": [1, -2, None, 9007199254740993],
        "x": [1.5, None, 2000.0, -0.25],
        "s": ["a", "é\n😀", None, None],
        "b": [True, None, False, None],
    }


def test_dialect(tmp_path):
    path = write(tmp_path / "a.txt", "# made by hand\nA|B\n'x|y'|NA\n'it\\'s'|2\r\nNA|'NA'\n")
    source = {
        "format": "csv",
        "delimiter": "|",
        "quote": "'",
        "escape": "\\",
        "null_values": ["NA"],
        "skip_rows": 1,
    }
    out = read(path, **source, column_types={"B": "string"})
    assert out.to_pylist() == [
        {"A": "x|y", "B": None},
        {"A": "it's", "B": "2"},
        {"A": None, "B": "NA"},
    ]


def test_names_of_columns(tmp_path):
    path = write(tmp_path / "a.csv", "1,2\n3,4\n")
    assert read(path, header=False).column_names == ["f0", "f1"]
    assert read(path, column_names=["a", "b"])["a"].to_pylist() == [1, 3]
    assert read(path, column_names=["a", "b"], header=True)["a"].to_pylist() == [3]
    assert read(write(tmp_path / "t.tsv", "a\tb\n1\t2\n")).to_pylist() == [{"a": 1, "b": 2}]
    assert read(write(tmp_path / "bom.csv", b"\xef\xbb\xbfa\n1\n")).to_pylist() == [{"a": 1}]


def test_one_column_with_nulls(tmp_path):
    path = write(tmp_path / "a.csv", "s\na\n\n\nb")
    assert read(path)["s"].to_pylist() == ["a", None, None, "b"]
    assert read(write(tmp_path / "b.csv", "s,t\na,b\n\n\nc,d\n")).num_rows == 2


@pytest.mark.parametrize("tail", ["", "\n", "\r\n"])
def test_last_line_needs_no_end(tmp_path, tail):
    assert read(write(tmp_path / "a.csv", f"a,b\n1,x{tail}")).to_pylist() == [{"a": 1, "b": "x"}]
    assert read(write(tmp_path / "a.json", f'{{"a": 1}}{tail}')).to_pylist() == [{"a": 1}]


def test_compressed_by_suffix(tmp_path):
    content = b"n\n" + b"".join(b"%d\n" % n for n in range(300_000))
    for suffix, pack in (
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".zst", lambda text: pa.Codec("zstd").compress(text, asbytes=True)),
    ):
        path = write(tmp_path / f"a.csv{suffix}", pack(content))
        out = rows(line({"path": path}), worker_count=2)
        assert out["n"].to_pylist() == list(range(300_000)), suffix


def test_long_rows_and_many_columns(tmp_path):
    """A row longer than the reader's window, and more columns than its guesses."""
    text = "ä" * 3_000_000
    path = write(tmp_path / "a.csv", f'a,b\n1,"{text}"\n2,x\n')
    assert read(path, column_types={"b": "string"})["b"].to_pylist() == [text, "x"]
    record = {f"c{i}": i for i in range(600)}
    path = write(tmp_path / "a.json", (json.dumps(record) + "\n") * 3)
    assert read(path).to_pylist() == [record] * 3
    names = ",".join(record)
    path = write(tmp_path / "w.csv", names + "\n" + ",".join(map(str, range(600))) + "\n")
    assert read(path).to_pylist() == [record]


def test_only_wanted_columns_are_read(tmp_path):
    path = write(tmp_path / "a.csv", "a,b,c\n1,x,2.5\n2,y,nothing\n")
    result = run(line({"path": path, "columns": ["b", "a"]}))
    assert result["outputs"]["out"].to_pydict() == {"b": ["x", "y"], "a": [1, 2]}
    assert result["metrics"]["sources"]["src"]["columns_skipped"] == 1


def test_parts_of_a_file_begin_with_rows(tmp_path):
    """Quotes with line ends inside, everywhere: parts must not begin in the middle of a row."""
    rng = np.random.default_rng(seed := 11)
    texts = ['a,"b"\nc', "plain", "\n\n\n", '"', "", "x" * 50, '""\n"', ",,,"]
    table = pa.table(
        {
            "n": np.arange(800_000),
            "s": [texts[i] for i in rng.integers(0, len(texts), 800_000)],
        }
    )
    path = tmp_path / "a.csv"
    pc.write_csv(table, path)
    assert os.path.getsize(path) > 8 << 20, seed
    out = rows(line({"path": path}), worker_count=8)
    assert out.sort_by("n").equals(table.select(["n", "s"])), seed
    metrics = run(line({"path": path}, sink={"discard": True}), worker_count=8)
    assert metrics["rows_out"] == 800_000


def test_stray_quotes_do_not_change_where_rows_begin(tmp_path):
    """A quote inside a field is a character like others, in one part and in many."""
    lines = [f'{n},5" pipe,{"" if n % 3 else chr(34)}' for n in range(700_000)]
    path = write(tmp_path / "a.csv", "n,s,t\n" + "\n".join(lines))
    source = {"path": path, "on_error": "drop"}
    counts = {
        run(line(source, sink={"discard": True}), worker_count=workers)["rows_out"]
        for workers in (1, 8)
    }
    assert len(counts) == 1


def test_objects_and_arrays_are_json_text_where_text_is_declared(tmp_path):
    path = write(tmp_path / "a.json", '{"n": 1, "l": [{"a": "]"}]}\n{"n": 2, "l": []}\n')
    out = read(path, column_types={"l": "string"})
    assert out.to_pydict() == {"n": [1, 2], "l": ['[{"a": "]"}]', "[]"]}


# --- malformed rows ------------------------------------------------------------------------------

MALFORMED_CSV = [
    ("1,x\nabc,y\n3,z\n", 1, "column 'n': 'abc' is no int64"),
    ("1,x\n2\n3,z\n", 1, "it has 1 field, expected 2"),
    ("1,x\n2,y,z\n3,z\n", 1, "it has 3 fields, expected 2"),
    ('1,x\n2,"y"z\n3,z\n', 1, "field 2: there is text behind the closing quote"),
    ('1,x\n3,z\n2,"y\n', 2, "field 2: a quote is never closed"),
    (b"1,x\n2,\xff\xfe\n3,z\n", 1, "column 's': '\\xff\\xfe' is no valid UTF-8"),
    ("1,x\n9223372036854775808,y\n3,z\n", 1, "column 'n': '9223372036854775808' is no int64"),
    ("1,x\n2.5,y\n3,z\n", 1, "column 'n': '2.5' is no int64"),
]
MALFORMED_JSON = [
    ('{"n": "x"}', "column 'n': 'x' is no int64"),
    ('{"n": 1.5}', "column 'n': '1.5' is no int64"),
    ('{"n": 1', "a comma or the closing brace is missing"),
    ('{"n": 1} x', "there is text behind the object"),
    ("[1]", "it is no JSON object"),
    ("n", "it is no JSON object"),
    ('{"n" 1}', "a colon is missing behind a key"),
    ('{"n": tru}', "a value is no JSON"),
    ('{"n": 01}', "a value is no JSON"),
    ('{"n": }', "a value is no JSON"),
    ("{n: 1}", "a key in quotes is missing"),
    ('{"n": 1, "n": 2}', "a key appears twice"),
    ('{"s": "\\x"}', "a string has a wrong escape"),
    ('{"s": "\\ud800"}', "a string has a wrong escape"),
    ('{"s": "abc}', "a value is no JSON"),
    ('{"n": 1,}', "a key in quotes is missing"),
    ('{"n": [1}', "a value is no JSON"),
    (b'{"s": "\xff"}', "column 's': '\\xff' is no valid UTF-8"),
]
TYPES = {"n": "int64", "s": "string"}


def cases(tmp_path):
    for content, index, reason in MALFORMED_CSV:
        content = content if isinstance(content, bytes) else content.encode()
        lines = content.split(b"\n")
        position = len(b"n,s\n") + sum(len(one) + 1 for one in lines[:index])
        path = write(tmp_path / "a.csv", b"n,s\n" + content)
        yield path, position, lines[index], reason, index + 2, [1, 3]
    for bad, reason in MALFORMED_JSON:
        bad = bad if isinstance(bad, bytes) else bad.encode()
        first = b'{"n": 1, "s": "x"}\n'
        path = write(tmp_path / "a.json", first + bad + b'\n{"n": 3, "s": "z"}\n')
        yield path, len(first), bad, reason, 2, [1, 3]


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("batch_rows", [0, 1, 2])
def test_malformed_rows(tmp_path, workers, batch_rows):
    count = 0
    for path, position, content, reason, number, kept in cases(tmp_path):
        source = {"path": path, "schema": TYPES}
        options = {"worker_count": workers, "morsel_rows_max": batch_rows}
        with pytest.raises(JobFailedError) as failed:
            run(line(source), **options)
        message = str(failed.value)
        assert f"{path}, line {number}, byte {position}: malformed row: {reason}" in message
        assert "'on_error'" in message

        result = run(line({**source, "on_error": "drop"}), **options)
        assert result["outputs"]["out"]["n"].to_pylist() == kept
        assert ledger_is_balanced(result)
        assert result["ledger"]["rows_failed"].to_pylist()[0] == 1

        dead = tmp_path / "dead.parquet"
        run(line({**source, "on_error": "dead_letter", "dead_letter": dead}), **options)
        assert read(dead).to_pylist() == [
            {
                "file": str(path),
                "position": position,
                "bytes": content,
                "reason": reason,
            }
        ]
        count += 1
    assert count == len(MALFORMED_CSV) + len(MALFORMED_JSON)


def test_dead_letters_of_a_failed_job_are_not_published(tmp_path):
    path = write(tmp_path / "a.csv", "n\n1\nx\n3\n")
    source = {"path": path, "schema": {"n": "int64"}, "on_error": "dead_letter"}

    def boom(batch):
        raise ValueError("boom")

    dead = tmp_path / "dead.parquet"
    with pytest.raises(JobFailedError, match="boom"):
        line({**source, "dead_letter": str(dead)}, node("filter", "f", boom)).run()
    assert sorted(os.listdir(tmp_path)) == ["a.csv"]
    line({**source, "dead_letter": {"topic": "dead", "data_dir": str(tmp_path)}}).run()
    with TopicLog(tmp_path) as log:
        assert log.topic("dead").read()["bytes"].to_pylist() == [b"x"]


def test_wrong_options_are_refused(tmp_path):
    path = write(tmp_path / "a.csv", "n\n1\n")
    for source, message in [
        ({"on_error": "dead_letter"}, "'on_error'.*'dead_letter'"),
        ({"on_error": "ignore"}, "'on_error'.*allowed: fail, drop, dead_letter"),
        ({"delimiter": ";;"}, "'delimiter': expected one ASCII character"),
        ({"delimiter": '"'}, "'delimiter'.*is the quote"),
        ({"format": "json", "delimiter": ";"}, "'delimiter'.*is no CSV file"),
        (
            {"column_types": {"m": "int64"}},
            "'column_types': there is no column 'm'.*columns are: n",
        ),
        ({"schema": {"m": "int64"}}, "'schema': there is no column 'm'"),
        ({"column_names": ["a", "a"]}, "'column_names': 'a' is there twice"),
        ({"delimeter": ";"}, "'delimeter': is unknown.*did you mean 'delimiter'"),
        ({"format": "xml"}, "'format'"),
        ({"compression": "rar"}, "'compression'"),
    ]:
        with pytest.raises(InvalidJobError, match=message):
            line({"path": path, **source}).validate()
    twice = write(tmp_path / "t.csv", "a,a\n1,2\n")
    with pytest.raises(InvalidJobError, match="names column 'a' twice"):
        line({"path": twice}).validate()


# --- round trips ---------------------------------------------------------------------------------

EVERYTHING = pa.table(
    {
        "i8": pa.array([-128, 127, None], pa.int8()),
        "u64": pa.array([0, 2**64 - 1, None], pa.uint64()),
        "i64": pa.array([-(2**63), 2**63 - 1, None], pa.int64()),
        "f32": pa.array([0.1, -math.inf, None], pa.float32()),
        "f64": pa.array([0.1, 5e-324, None], pa.float64()),
        "b": pa.array([True, False, None]),
        "d32": pa.array([dt.date(1, 1, 1), dt.date(9999, 12, 31), None], pa.date32()),
        "d64": pa.array([dt.date(1970, 1, 1), dt.date(2024, 2, 29), None], pa.date64()),
        "ts": pa.array([0, -1, None], pa.timestamp("ns")),
        "tz": pa.array([0, 1721379600_000, None], pa.timestamp("ms", "Europe/Berlin")),
        "dec": pa.array(
            [Decimal("-1.50"), Decimal("12345678901234567890.12"), None], pa.decimal128(38, 2)
        ),
        "s": pa.array(['a"\\\n\t\r,é😀\x01', "", None]),
        "ls": pa.array(["null", "x" * 100, None], pa.large_string()),
        "bin": pa.array([b'\x00\xff\n"', b"", None], pa.binary()),
    }
)


@pytest.mark.parametrize("batch_rows", [0, 1, 2])
@pytest.mark.parametrize("name", ["o.csv", "o.ndjson", "o.csv.gz", "o.json.zst", "o.jsonl.bz2"])
def test_every_type_reads_back(tmp_path, name, batch_rows):
    path = tmp_path / name
    table = EVERYTHING
    if ".csv" in name:  # where no byte is zero in a text
        table = table.set_column(13, "bin", pa.array([b'\xff\n"', b"", None], pa.binary()))
    run(line({"data": table}, sink={"path": path}), morsel_rows_max=batch_rows)
    assert os.listdir(tmp_path) == [name]
    out = rows(line({"path": path, "schema": table.schema}), morsel_rows_max=batch_rows)
    assert out.equals(table)


def test_special_floats_read_back(tmp_path):
    table = pa.table({"x": [math.nan, math.inf, -math.inf, -0.0, 1e16]})
    for name in ("o.csv", "o.ndjson"):
        run(line({"data": table}, sink={"path": tmp_path / name}))
        out = read(tmp_path / name, schema={"x": "float64"})["x"].to_pylist()
        assert math.isnan(out[0])
        assert out[1:] == [math.inf, -math.inf, -0.0, 1e16]
        assert math.copysign(1, out[3]) == -1


def test_csv_of_a_dialect(tmp_path):
    table = pa.table({"a;b": ["x;y", None, "NULL", "it's"], "n": [1, None, 3, 4]})
    sink = {"path": tmp_path / "o.csv", "delimiter": ";", "quote": "'", "null_value": "NULL"}
    run(line({"data": table}, sink=sink))
    assert (tmp_path / "o.csv").read_text() == (
        "'a;b';n\n'x;y';1\nNULL;NULL\n'NULL';3\n'it''s';4\n"
    )
    back = {"delimiter": ";", "quote": "'", "null_values": "NULL"}
    assert read(tmp_path / "o.csv", **back).equals(table)
    run(line({"data": table}, sink={"path": tmp_path / "n.csv", "header": False}))
    assert (tmp_path / "n.csv").read_text().startswith("x;y,1\n")


def test_ndjson_is_json(tmp_path):
    run(line({"data": EVERYTHING}, sink={"path": tmp_path / "o.ndjson"}))
    records = [json.loads(one) for one in (tmp_path / "o.ndjson").read_text().splitlines()]
    assert [record["s"] for record in records] == EVERYTHING["s"].to_pylist()
    assert records[1]["u64"] == 2**64 - 1
    assert records[0]["bin"] == "AP8KIg=="
    assert list(records[2]) == EVERYTHING.column_names


# --- many files ----------------------------------------------------------------------------------


def test_files_of_different_columns(tmp_path):
    write(tmp_path / "1.csv", "a,b\n1,x\n")
    write(tmp_path / "2.csv", "b,a,c\ny,2.5,true\n")
    write(tmp_path / "3.csv", "")
    write(tmp_path / "4.csv", "a\n")
    out = read(tmp_path)
    assert out.schema.types == [pa.float64(), pa.string(), pa.bool_()]
    assert ordered(out).to_pylist() == [
        {"a": 1.0, "b": "x", "c": None},
        {"a": 2.5, "b": "y", "c": True},
    ]


def test_files_whose_types_do_not_fit(tmp_path):
    write(tmp_path / "1.csv", "a\n1\n")
    write(tmp_path / "2.csv", "a\nx\n")
    with pytest.raises(InvalidJobError, match=r"'a' is int64 in .*1\.csv and string in .*2\.csv"):
        line({"path": tmp_path}).validate()
    assert ordered(read(tmp_path, schema={"a": "string"}))["a"].to_pylist() == ["1", "x"]


def test_empty_files_and_folders(tmp_path):
    path = write(tmp_path / "e.csv", "")
    with pytest.raises(InvalidJobError, match="declare parameter 'schema'"):
        line({"path": path}).validate()
    assert read(path, schema={"n": "int64"}).num_rows == 0
    (tmp_path / "none").mkdir()
    assert read(tmp_path / "none", schema={"n": "int64"}).schema.types == [pa.int64()]
    assert read(write(tmp_path / "h.csv", "a,b\n")).column_names == ["a", "b"]


def test_hive_folders_of_text(tmp_path):
    for year in (2023, 2024):
        for city in ("Bonn", "New%20York", "__HIVE_DEFAULT_PARTITION__"):
            folder = tmp_path / f"year={year}" / f"city={city}"
            folder.mkdir(parents=True)
            write(folder / "f.csv", f"n\n{year}\n")
    out = ordered(read(tmp_path))
    assert out.column_names == ["n", "year", "city"]
    assert out["year"].to_pylist() == [2023] * 3 + [2024] * 3
    assert set(out["city"].to_pylist()) == {"Bonn", "New York", None}
    result = run(line({"path": tmp_path, "filters": (col("year") == 2024) & (col("n") > 0)}))
    assert result["outputs"]["out"]["n"].to_pylist() == [2024] * 3
    assert result["metrics"]["sources"]["src"]["files_skipped"] == 3


# --- headers, line ends and encodings that other programs write ----------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("option", [{}, {"escape": "\\"}, {"quote": "'"}])
def test_a_stray_quote_in_the_header_hides_no_row(tmp_path, end, option):
    quote = option.get("quote", '"')
    content = f"a 5{quote},b{end}1,x{end}2,{quote}y{end}z{quote}{end}"
    out = read(write(tmp_path / "a.csv", content), **option)
    assert out.to_pydict() == {f"a 5{quote}": [1, 2], "b": ["x", f"y{end}z"]}


def test_a_header_may_have_line_ends_in_quotes(tmp_path):
    path = write(tmp_path / "a.csv", '"a\n""b""",c\n1,2\n')
    assert read(path).to_pydict() == {'a\n"b"': [1], "c": [2]}


def test_types_are_inferred_behind_a_stray_quote(tmp_path):
    """The sample's last row is cut by the same rule for quotes as the engine's."""
    for rest in ("x,1,2.5\n", 'x,1,2.5\n"y ""z""\n",2,0.5\n'):
        rest *= 150_000  # more than a sample
        out = read(write(tmp_path / "a.csv", '"a",b,c\n5" pipe,1,2.5\n' + rest))
        assert out.schema.types == [pa.string(), pa.int64(), pa.float64()]


@pytest.mark.parametrize("content", ["a,b\r1,2\r3,4\r", "a,b\r1,2\r3,4", 'a,"b\r"\r1,2\r'])
@pytest.mark.parametrize("option", [{}, {"header": False}, {"schema": {"a": "int64"}}])
def test_lines_of_carriage_returns_are_refused(tmp_path, content, option):
    with pytest.raises(InvalidJobError, match="ends with a carriage return alone"):
        read(write(tmp_path / "a.csv", content), **option)


def test_other_encodings_are_named(tmp_path):
    for encoding in ("utf-16", "utf-16-be"):
        bom = "\ufeff" if encoding.endswith("be") else ""
        path = write(tmp_path / "a.csv", f"{bom}a,b\n1,2\n".encode(encoding))
        with pytest.raises(InvalidJobError, match="is UTF-16; convert it to UTF-8"):
            read(path)
    with pytest.raises(InvalidJobError, match="first row is not UTF-8"):
        read(write(tmp_path / "b.csv", "é,b\n1,2\n".encode("latin-1")))


def test_empty_lines_before_the_header_are_passed_over(tmp_path):
    assert read(write(tmp_path / "a.csv", "\r\n\na,b\n1,2\n")).to_pydict() == {"a": [1], "b": [2]}
    with pytest.raises(InvalidJobError, match="has no columns and no rows"):
        read(write(tmp_path / "b.csv", "\n\n"))


def test_files_without_content_have_the_declared_columns(tmp_path):
    write(tmp_path / "bom.csv", b"\xef\xbb\xbf")
    write(tmp_path / "packed.csv.gz", gzip.compress(b""))
    assert read(tmp_path, schema={"a": "int64"}).to_pydict() == {"a": []}


def test_values_of_another_notation_are_text(tmp_path):
    """What pyarrow infers a number or a time from must read as one, or it is a text."""
    out = read(write(tmp_path / "a.csv", "a,b,c\n0x1F,1,0x\n2,2,y\n"))
    assert out.to_pydict() == {"a": ["0x1F", "2"], "b": [1, 2], "c": ["0x", "y"]}
    hours = ["2024-01-01 10", "2024-01-01T11:00"]
    out = read(
        write(tmp_path / "b.csv", "t,u\n" + "".join(f"{t},2024-01-01 10:00\n" for t in hours))
    )
    assert out["t"].to_pylist() == hours
    assert out["u"].to_pylist() == [dt.datetime(2024, 1, 1, 10)] * 2


def test_column_types_may_name_columns_of_some_files(tmp_path):
    write(tmp_path / "1.csv", "a,b\n1,x\n")
    write(tmp_path / "2.csv", "b\ny\n")
    out = read(tmp_path, column_types={"a": "string"})
    assert out.to_pydict() == {"a": ["1", None], "b": ["x", "y"]}
    with pytest.raises(InvalidJobError, match="'column_types': there is no column 'z'"):
        read(tmp_path, column_types={"z": "string"})


def test_types_that_do_not_go_together_can_be_declared(tmp_path):
    write(tmp_path / "1.csv", "a\n1\n")
    write(tmp_path / "2.csv", "a\nx\n")
    with pytest.raises(InvalidJobError, match=r"1\.csv and .*2\.csv.*parameter 'column_types'"):
        read(tmp_path)
    assert read(tmp_path, column_types={"a": "string"})["a"].to_pylist() == ["1", "x"]


def test_a_wrong_place_of_dead_letters_is_refused_first(tmp_path):
    path = write(tmp_path / "a.csv", "a\n1\nx\n")
    source = {"path": path, "schema": {"a": "int64"}, "on_error": "dead_letter"}
    for target, message in [
        (tmp_path / "no" / "dl.csv", r"\(source\): parameter 'dead_letter': there is no directory"),
        (tmp_path / "dl.xyz", r"'dead_letter': .*dl\.xyz: the format is not clear"),
        (path, r"'dead_letter': .*a\.csv is read by this source"),
    ]:
        with pytest.raises(InvalidJobError, match=message):
            line({**source, "dead_letter": target}).run()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.csv"]
    assert path.read_text() == "a\n1\nx\n"
