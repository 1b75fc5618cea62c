# SPDX-License-Identifier: Apache-2.0
"""Lists, structs, maps and encoded columns in expressions, against plain Python."""

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from tests.pipelines import line, node, rows

from sabot import InvalidJobError, _core, col, lit
from sabot.expressions import Expr, call

COUNT = 2500
POINT = pa.struct({"x": pa.int64(), "y": pa.string()})
LISTS = [
    pa.list_(pa.int64()),
    pa.large_list(pa.int64()),
    pa.list_view(pa.int64()),
    pa.large_list_view(pa.int64()),
]


def evaluate(data: Any, condition: Expr | None = None, **expressions: Expr) -> pa.Table:
    operators = [node("map", "m", expressions=expressions)]
    if condition is not None:
        operators.insert(0, node("filter", "f", predicate=condition))
    return rows(line({"data": data}, *operators)).select(list(expressions))


def maybe(rng: random.Random, make: Callable[[], Any]) -> Any:
    return None if rng.random() < 0.2 else make()


def element(items: list[Any] | None, at: int | None) -> Any:
    if items is None or at is None or not -len(items) <= at < len(items):
        return None
    return items[at]


@pytest.mark.parametrize("type_", LISTS, ids=str)
@pytest.mark.parametrize("seed", range(2))
def test_lists(type_: pa.DataType, seed: int) -> None:
    rng = random.Random(seed)
    lists = [
        maybe(rng, lambda: [maybe(rng, lambda: rng.randrange(4)) for _ in range(rng.randrange(5))])
        for _ in range(COUNT)
    ]
    at = [maybe(rng, lambda: rng.randrange(-6, 6)) for _ in range(COUNT)]
    table = pa.table({"l": pa.array(lists, type_), "at": pa.array(at, pa.int8())})
    table = pa.concat_tables([table.slice(0, 7), table.slice(7, 1200), table.slice(1207)])
    expressions = {
        "length": col("l").list_length(),
        "one": col("l").list_element(col("at")),
        "last": col("l").list_element(-1),
        "has": col("l").list_contains(2),
    }
    expected = {
        "length": [None if x is None else len(x) for x in lists],
        "one": [element(x, i) for x, i in zip(lists, at, strict=True)],
        "last": [element(x, -1) for x in lists],
        "has": [None if x is None else 2 in x for x in lists],
    }
    assert evaluate(table, **expressions).to_pydict() == expected
    # behind a filter the rows have gaps
    some = evaluate(table, col("at") > 0, **expressions).to_pydict()
    kept = [row for row, i in enumerate(at) if i is not None and i > 0]
    assert some == {name: [values[row] for row in kept] for name, values in expected.items()}


@pytest.mark.parametrize("seed", range(2))
def test_structs_and_maps(seed: int) -> None:
    rng = random.Random(seed)
    words = ["", "a", "Grüße aus der Ferne", "twelve bytes"]
    structs = [
        maybe(
            rng,
            lambda: {
                "x": maybe(rng, lambda: rng.randrange(9)),
                "y": maybe(rng, lambda: rng.choice(words)),
                "l": maybe(rng, lambda: [rng.randrange(3)] * rng.randrange(3)),
            },
        )
        for _ in range(COUNT)
    ]

    def entries() -> list[Any]:
        return [(word, maybe(rng, rng.random)) for word in words if rng.random() < 0.5]

    maps = [maybe(rng, entries) for _ in range(COUNT)]
    key = [maybe(rng, lambda: rng.choice(words)) for _ in range(COUNT)]
    table = pa.table(
        {
            "s": pa.array(
                structs,
                pa.struct({"x": pa.int32(), "y": pa.string_view(), "l": pa.list_(pa.int8())}),
            ),
            "m": pa.array(maps, pa.map_(pa.string(), pa.float64())),
            "key": pa.array(key, pa.large_string()),
        }
    ).slice(3)
    found = evaluate(
        table,
        x=col("s").struct_field("x") + 1,
        y=col("s").struct_field("y"),
        l=col("s").struct_field("l"),
        first=col("s").struct_field("l").list_element(0),
        value=col("m").map_value(col("key")),
        a=col("m").map_value("a"),
        length=col("m").list_length(),
    ).to_pydict()
    fields = {name: [None if row is None else row[name] for row in structs[3:]] for name in "xyl"}
    assert found["x"] == [None if x is None else x + 1 for x in fields["x"]]
    assert found["y"] == fields["y"]
    assert found["l"] == fields["l"]
    assert found["first"] == [element(x, 0) for x in fields["l"]]
    tables = [None if row is None else dict(row) for row in maps[3:]]
    assert found["value"] == [
        None if row is None or k is None else row.get(k)
        for row, k in zip(tables, key[3:], strict=True)
    ]
    assert found["a"] == [None if row is None else row.get("a") for row in tables]
    assert found["length"] == [None if row is None else len(row) for row in tables]


def test_lists_of_two_columns_meet() -> None:
    table = pa.table({"a": [[1], [2, 3], None], "b": [[4], [5], [6, 7]], "k": [True, False, None]})
    choice = Expr.from_dict(
        {"call": "if_else", "args": [col(name).to_dict() for name in ("k", "a", "b")]}
    )
    found = evaluate(table, l=choice, last=choice.list_element(-1), n=choice.list_length())
    assert found.to_pydict() == {"l": [[1], [5], [6, 7]], "last": [1, 5, 7], "n": [1, 1, 2]}


@pytest.mark.parametrize("seed", range(2))
def test_encoded_and_narrow_columns_are_what_they_stand_for(seed: int) -> None:
    rng = random.Random(seed)
    texts = [maybe(rng, lambda: rng.choice(["a", "bb", "Ü" * 20])) for _ in range(COUNT)]
    numbers = [maybe(rng, lambda: rng.randrange(3)) for _ in range(COUNT)]
    runs = pa.RunEndEncodedArray.from_arrays(
        pa.array(range(5, COUNT + 1, 5), pa.int32()), pa.array(numbers[::5], pa.int64())
    )
    table = pa.table(
        {
            "d": pa.array(texts).dictionary_encode(),
            "r": runs,
            "h": pa.array([None if n is None else n / 2 for n in numbers], pa.float16()),
            "m": pa.array([None if n is None else Decimal(n) for n in numbers], pa.decimal32(4, 1)),
            "f": pa.array([None if n is None else bytes([n] * 3) for n in numbers], pa.binary(3)),
        }
    )
    found = evaluate(
        table,
        d=col("d") == "a",
        text=col("d").cast("utf8"),
        r=col("r") * 2,
        h=col("h") + 1,
        m=col("m") * 2,
        f=col("f") == b"\x01\x01\x01",
    ).to_pydict()
    assert found["d"] == [None if x is None else x == "a" for x in texts]
    assert found["text"] == texts
    assert found["r"] == [
        None if (n := numbers[i - i % 5]) is None else 2 * n for i in range(COUNT)
    ]
    assert found["h"] == [None if n is None else n / 2 + 1 for n in numbers]
    assert found["m"] == [None if n is None else 2 * n for n in numbers]
    assert found["f"] == [None if n is None else n == 1 for n in numbers]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (col("s").struct_field("z"), "struct_field: there is no field 'z'; the fields are x, y"),
        (col("s").list_length(), "list_length does not take struct"),
        (col("l").list_element("x"), "it takes a list and an integer"),
        (col("l").map_value("x"), "it takes a map and a key"),
        (col("l").cast("utf8"), "lists, structs, maps, intervals and decimal256 have no casts"),
        (col("l") == col("l"), "values of this type are not compared in expressions"),
        (call("greatest", col("l"), col("l")), "greatest does not take list<item: int64>"),
        (call("least", col("s"), col("s"), col("s")), "values of this type are not compared"),
        (col("l") + 1, "add does not take"),
        (col("i").cast("dictionary<int32, utf8>"), "results of type dictionary<"),
    ],
)
def test_says_what_is_wrong(expression: Expr, message: str) -> None:
    table = pa.table({"s": [{"x": 1, "y": 2}], "l": [[1]], "i": [1]})
    with pytest.raises(InvalidJobError) as caught:
        evaluate(table, out=expression)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        ([[1, None], None, [], [2]], pa.list_(pa.int64())),
        (
            [{"x": 1, "y": "é"}, None, {"x": None, "y": ""}],
            pa.struct({"x": "int64", "y": "string"}),
        ),
        ([{"k": 1}, None, {}], pa.map_(pa.string(), pa.int64())),
        ([b"abc", None, b"xyz"], pa.binary(3)),
        ([1.5, None, -0.0], pa.float16()),
        ([Decimal("1.50"), None, Decimal("-9.99")], pa.decimal32(9, 2)),
        ([Decimal(10) ** 60, None, Decimal(-1)], pa.decimal256(70)),
        (["a", None, "b", "a"], pa.dictionary(pa.int8(), pa.string())),
    ],
    ids=str,
)
def test_hashes_are_those_of_the_engine(values: list[Any], type_: pa.DataType) -> None:
    data = pa.table({"v": pa.array(values * 700, type_)})
    expected = _core.hash_rows(data.combine_chunks().to_batches()[0])
    found = evaluate(data, v=col("v").hash())["v"].combine_chunks()
    assert found.equals(
        pa.Array.from_buffers(pa.uint64(), len(found), [None, pa.py_buffer(expected)])
    )


def test_hashes_a_null_of_a_nested_type() -> None:
    data = pa.table({"v": pa.array([None, [1]], pa.list_(pa.int64()))})
    null = lit(None).cast("list<item: int64>")
    assert evaluate(data, same=col("v").hash() == null.hash())["same"].to_pylist() == [True, False]
