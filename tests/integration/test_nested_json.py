# SPDX-License-Identifier: Apache-2.0
"""Objects and arrays of NDJSON: types that are inferred, values that are read, against others."""

import datetime as dt
import json
import math
import random
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.json as pj
import pytest

import sabot
from pipelines import ledger_is_balanced, line, rows, run


def write(path: Path, *objects: Any) -> Path:
    lines = [one if isinstance(one, str) else json.dumps(one) for one in objects]
    path.write_text("\n".join(lines) + "\n")
    return path


def read(path: Path, **source: Any) -> pa.Table:
    table = rows(line({"path": path, **source}), worker_count=1)
    table.validate(full=True)
    return table


# --- types ---------------------------------------------------------------------------------------

UTC = pa.timestamp("s", "UTC")


def noon(hour: int, zone: Any = dt.UTC) -> dt.datetime:
    return dt.datetime(2024, 7, 1, hour, tzinfo=zone)


INFERRED: list[tuple[list[Any], pa.DataType, list[Any]]] = [
    (
        [{"a": {"z": 1}}, {"a": {"y": "x", "z": 1.5}}, {}, {"a": None}, {"a": {}}],
        pa.struct([("z", pa.float64()), ("y", pa.string())]),
        [{"z": 1.0, "y": None}, {"z": 1.5, "y": "x"}, None, None, {"z": None, "y": None}],
    ),
    ([{"a": []}, {"a": [None, 2]}], pa.list_(pa.int64()), [[], [None, 2]]),
    ([{"a": [1, 2.5]}], pa.list_(pa.float64()), [[1.0, 2.5]]),
    (
        [{"a": [{"b": [True]}]}, {"a": [{"c": 1}, None]}],
        pa.list_(pa.struct([("b", pa.list_(pa.bool_())), ("c", pa.int64())])),
        [[{"b": [True], "c": None}], [{"b": None, "c": 1}, None]],
    ),
    # No value tells the type: text, which holds any.
    ([{"a": []}, {"a": [None]}], pa.list_(pa.string()), [[], [None]]),
    ([{"a": {}}], pa.string(), ["{}"]),
    ([{"a": [{}]}], pa.list_(pa.string()), [["{}"]]),
    ([{"a": {"b": None}}], pa.struct([("b", pa.string())]), [{"b": None}]),
    # Values of several kinds: text as JSON has it, in the innermost place where they meet.
    ([{"a": 1}, {"a": {"b": 1}}, {"a": "s"}], pa.string(), ["1", '{"b": 1}', "s"]),
    ([{"a": [1]}, {"a": {"b": 1}}], pa.string(), ["[1]", '{"b": 1}']),
    ([{"a": [1, "x", [2]]}], pa.list_(pa.string()), [["1", "x", "[2]"]]),
    (
        [{"a": {"b": 1, "c": 2}}, {"a": {"b": True, "c": 3}}],
        pa.struct([("b", pa.string()), ("c", pa.int64())]),
        [{"b": "1", "c": 2}, {"b": "true", "c": 3}],
    ),
    # Times with a zone are instants; what the engine has no type for is text.
    ([{"a": "2024-07-01T12:00:00Z"}, {"a": None}], UTC, [noon(12), None]),
    (
        [{"a": ["2024-07-01 12:00+02:00", "2024-07-01T12:00:00Z"]}],
        pa.list_(UTC),
        [[noon(10), noon(12)]],
    ),
    (
        [{"a": {"b": "2024-07-01 12:00"}}],
        pa.struct([("b", pa.timestamp("s"))]),
        [{"b": noon(12, None)}],
    ),
    (
        [{"a": "2024-07-01 12:00Z"}, {"a": "2024-07-01"}],
        pa.string(),
        ["2024-07-01 12:00Z", "2024-07-01"],
    ),
    ([{"a": "2024-07-01T12"}], pa.string(), ["2024-07-01T12"]),
    # Numbers that are too large.
    ([{"a": [2**64, 1]}], pa.list_(pa.float64()), [[float(2**64), 1.0]]),
    (['{"a": [1e400, 1]}'], pa.list_(pa.float64()), [[math.inf, 1.0]]),
    (['{"a": ["\\ud83d\\ude00\\u0000\\n"]}'], pa.list_(pa.string()), [["😀\0\n"]]),
]


@pytest.mark.parametrize("case", range(len(INFERRED)))
def test_types_are_inferred(case: int, tmp_path: Path) -> None:
    objects, kind, values = INFERRED[case]
    found = read(write(tmp_path / "a.ndjson", *objects))
    assert found.schema.field("a").type == kind
    assert found["a"].to_pylist() == values


def test_types_of_files_go_together(tmp_path: Path) -> None:
    write(tmp_path / "1.json", {"a": {"x": 1, "l": []}})
    write(tmp_path / "2.json", {"a": {"y": "s", "x": 2.5, "l": [{"k": 1}]}})
    write(tmp_path / "3.json", {"a": {}})
    found = read(tmp_path)
    inner = pa.list_(pa.struct([("k", pa.int64())]))
    kind = pa.struct([("x", pa.float64()), ("l", inner), ("y", pa.string())])
    assert found.schema.field("a").type == kind
    assert sorted(map(repr, found["a"].to_pylist())) == sorted(
        map(
            repr,
            [
                {"x": 1.0, "l": [], "y": None},
                {"x": 2.5, "l": [{"k": 1}], "y": "s"},
                {"x": None, "l": None, "y": None},
            ],
        )
    )


def test_a_malformed_row_does_not_change_the_types(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", '{"a": {"b": 1}}', '{"a": {"b": [}', '{"a": {"b": 2}}')
    found = read(path, on_error="drop")
    assert found["a"].to_pylist() == [{"b": 1}, {"b": 2}]


def test_what_lies_too_deep_is_text(tmp_path: Path) -> None:
    deep = "[" * 200 + "]" * 200
    found = read(write(tmp_path / "a.json", f'{{"n": 1, "a": {deep}}}', '{"n": 2}'))
    value: Any = found["a"][0].as_py()
    depth = 0
    while isinstance(value, list):
        (value,) = value
        depth += 1
    assert depth == 32
    assert value == "[" * 168 + "]" * 168


def test_thousands_of_levels_are_an_error_or_a_malformed_row(tmp_path: Path) -> None:
    deep = '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"
    with pytest.raises(sabot.InvalidJobError, match=r"hundreds deep.*declare the columns"):
        line({"path": write(tmp_path / "a.json", deep)}).validate()
    path = write(tmp_path / "b.json", '{"a": 1}', deep)
    with pytest.raises(sabot.JobFailedError, match=r"line 2.*more than 1000 objects and arrays"):
        read(path)
    assert read(path, on_error="drop")["a"].to_pylist() == [1]


def test_types_without_a_form_are_refused_before_anything_runs(tmp_path: Path) -> None:
    lists = pa.dictionary(pa.int8(), pa.list_(pa.int8()))
    for name, text, kind in [
        ("a.csv", "c\n1\n", pa.list_(pa.int64())),
        ("a.csv", "c\n1\n", pa.struct([("a", pa.int64())])),
        ("a.csv", "c\n1\n", pa.map_(pa.string(), pa.int64())),
        ("a.json", '{"c": 1}\n', lists),
        ("a.json", '{"c": 1}\n', pa.list_(lists)),
    ]:
        (tmp_path / name).write_text(text)
        for parameter in ("schema", "column_types"):
            source = {"path": tmp_path / name, parameter: {"c": kind}}
            with pytest.raises(
                sabot.InvalidJobError, match=f"'{parameter}': column 'c' is .*has no form in"
            ):
                line(source).validate()


# --- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2, 8])
@pytest.mark.parametrize("batch_rows", [0, 1, 7, 1000])
def test_declared_types(workers: int, batch_rows: int, tmp_path: Path) -> None:
    item = pa.struct([("x", pa.int32()), ("y", pa.timestamp("s", "UTC"))])
    schema = pa.schema(
        [
            ("n", pa.int64()),
            ("s", item),
            ("l", pa.list_(item)),
            ("L", pa.large_list(pa.large_string())),
            ("f", pa.list_(pa.decimal128(9, 2), 2)),
            ("m", pa.map_(pa.string(), item)),
            ("d", pa.dictionary(pa.int8(), pa.string())),
            ("v", pa.string_view()),
        ]
    )
    one = {"y": "2024-02-29T01:02:03Z", "x": 5, "other": [{}]}
    expected = []
    with (tmp_path / "a.json").open("w") as file:
        for n in range(3000):
            text = None if n % 7 == 0 else f"text {n % 11} of some length"
            value = {
                "s": one if n % 3 else None,
                "l": [one] * (n % 4),
                "L": None if n % 5 == 0 else [text],
                "f": [n / 4, None],
                "m": {f"k{i}": one for i in range(n % 3)},
                "d": text,
                "v": text,
                "n": n,
            }
            file.write(json.dumps(value) + "\n")
            expected.append(value)
    found = rows(
        line({"path": tmp_path / "a.json", "schema": schema}),
        worker_count=workers,
        morsel_rows_max=batch_rows,
    )
    found.validate(full=True)
    assert found.schema == schema
    item_value = {"x": 5, "y": pa.scalar(1709168523, pa.timestamp("s", "UTC")).as_py()}
    for n, row in enumerate(sorted(found.to_pylist(), key=lambda row: row["n"])):
        given = expected[n]
        assert row["n"] == n
        assert row["s"] == (item_value if n % 3 else None)
        assert row["l"] == [item_value] * (n % 4)
        assert [float(row["f"][0]), row["f"][1]] == given["f"]
        assert row["m"] == [(key, item_value) for key in given["m"]]
        assert [row[name] for name in "Ldv"] == [given[name] for name in "Ldv"]


def test_malformed_nested_values(tmp_path: Path) -> None:
    schema = pa.schema([("n", pa.int64()), ("a", pa.struct([("b", pa.list_(pa.int8()))]))])
    bad = '{"n": 2, "a": {"b": [1, 2, 300]}}'
    path = write(tmp_path / "a.json", '{"n": 1, "a": {"b": [1]}}', bad, '{"n": 3}')
    source = {"path": path, "schema": schema}
    position = path.read_text().index(bad)
    message = f"{path}, line 2, byte {position}: malformed row: column 'a.b[2]': '300' is no int8"
    with pytest.raises(sabot.JobFailedError) as failed:
        run(line(source))
    assert message in str(failed.value)
    result = run(line({**source, "on_error": "drop"}))
    assert result["outputs"]["out"].to_pydict() == {"n": [1, 3], "a": [{"b": [1]}, None]}
    assert ledger_is_balanced(result)
    dead = tmp_path / "dead.parquet"
    run(line({**source, "on_error": "dead_letter", "dead_letter": dead}))
    (letter,) = rows(line({"path": dead})).to_pylist()
    assert letter == {
        "file": str(path),
        "position": position,
        "bytes": bad.encode(),
        "reason": "column 'a.b[2]': '300' is no int8",
    }


def test_entries_of_maps_stay_as_they_are(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.json",
        '{"m": {"2": 1, "1": null, "2": 3}}', '{"m": [[7, 8]]}', '{"m": []}', '{"m": null}', "{}",
    )  # fmt: skip
    found = read(path, schema={"m": pa.map_(pa.int32(), pa.int64())})
    assert found["m"].to_pylist() == [[(2, 1), (1, None), (2, 3)], [(7, 8)], [], None, None]


# --- against others ------------------------------------------------------------------------------

TEXTS = [
    "",
    "x",
    'a "quoted" text',
    "back\\slash",
    "new\nline\t",
    "é😀",
    "\0\x01\x1f",
    "]}{[,:" * 3,
]


def random_type(rng: random.Random, depth: int) -> Any:
    """Return a shape: a name of a scalar, ["list", shape] or {field: shape}."""
    kind = rng.random()
    if depth == 0 or kind < 0.45:
        return rng.choice(["int", "float", "text", "bool"])
    if kind < 0.7:
        return ["list", random_type(rng, depth - 1)]
    names = rng.sample(["a", "b", "c", "ö", "a b", 'q"', "long name of a field"], rng.randint(1, 4))
    return {name: random_type(rng, depth - 1) for name in names}


def random_value(rng: random.Random, shape: Any) -> Any:
    if rng.random() < 0.15:
        return None
    if isinstance(shape, list):
        return [random_value(rng, shape[1]) for _ in range(rng.choice([0, 1, 1, 2, 5]))]
    if isinstance(shape, dict):
        names = [name for name in shape if rng.random() < 0.8]
        rng.shuffle(names)
        return {name: random_value(rng, shape[name]) for name in names}
    if shape == "int":
        return rng.choice([0, -1, 7, 2**63 - 1, -(2**63), rng.randrange(10**6)])
    if shape == "float":
        return rng.choice([0.5, -1e300, 5e-324, 0.1, rng.random()])
    if shape == "bool":
        return rng.random() < 0.5
    return rng.choice(TEXTS)


def arrow_type(shape: Any) -> pa.DataType:
    if isinstance(shape, list):
        return pa.list_(arrow_type(shape[1]))
    if isinstance(shape, dict):
        return pa.struct([(name, arrow_type(inner)) for name, inner in shape.items()])
    kinds = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "text": pa.string()}
    return kinds[shape]


def random_file(rng: random.Random, path: Path) -> pa.Schema:
    shapes = {f"c{i}": random_type(rng, 4) for i in range(rng.randint(1, 4))}
    separators = rng.choice([None, (",", ":"), (" , ", " : ")])
    lines = [
        json.dumps(
            random_value(rng, shapes) or {}, separators=separators, ensure_ascii=rng.random() < 0.5
        )
        for _ in range(rng.choice([1, 3, 60]))
    ]
    path.write_text(rng.choice(["\n", "\r\n", "\n\n"]).join(lines))
    return pa.schema([(name, arrow_type(shape)) for name, shape in shapes.items()])


def test_random_values_are_what_pyarrow_reads(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    path = tmp_path / "a.ndjson"
    for _ in range(25):
        schema = random_file(rng, path)
        expected = pj.read_json(
            path, parse_options=pj.ParseOptions(schema, unexpected_field_behavior="ignore")
        )
        found = rows(
            line({"path": path, "schema": schema}),
            worker_count=1,
            morsel_rows_max=rng.choice([1, 7, 0]),
        )
        found.validate(full=True)
        assert found.schema == schema, seed
        assert found.to_pylist() == expected.select(schema.names).to_pylist(), seed
        # Written, it reads back; and what is inferred holds the same values.
        run(line({"data": found}, sink={"path": tmp_path / "b.ndjson"}))
        assert read(tmp_path / "b.ndjson", schema=schema).equals(found), seed
        inferred = read(tmp_path / "b.ndjson")
        for name in inferred.column_names:
            if inferred.schema.field(name).type == schema.field(name).type:
                assert inferred[name].to_pylist() == found[name].to_pylist(), seed


def duck_type(shape: Any) -> str:
    if isinstance(shape, list):
        return f"{duck_type(shape[1])}[]"
    if isinstance(shape, dict):
        quoted = [
            '"' + name.replace('"', '""') + '" ' + duck_type(inner) for name, inner in shape.items()
        ]
        return f"STRUCT({', '.join(quoted)})"
    return {"int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN", "text": "VARCHAR"}[shape]


def test_random_values_are_what_duckdb_reads(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    path = tmp_path / "a.ndjson"
    for _ in range(25):
        # DuckDB has no field names that differ in case alone, and no NUL in texts.
        shape = random_type(rng, 4)
        values = [random_value(rng, shape) for _ in range(40)]
        text = "".join(json.dumps({"n": n, "c": value}) + "\n" for n, value in enumerate(values))
        path.write_text(text.replace("\\u0000", ""))
        columns = {"n": "BIGINT", "c": duck_type(shape)}
        expected = duckdb.execute(
            "SELECT c FROM read_json(?, format = 'newline_delimited', columns = $2) ORDER BY n",
            [str(path), columns],
        ).fetchall()
        schema = pa.schema([("n", pa.int64()), ("c", arrow_type(shape))])
        found = read(path, schema=schema)
        assert found["c"].to_pylist() == [one for (one,) in expected], seed
