# SPDX-License-Identifier: Apache-2.0
"""Sums, means, quantiles, extremes and distinct counts of every type that has them."""

import datetime
import decimal
import math
import random
import statistics
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import sabot
from pipelines import line, node, rows, through_snapshot

D = decimal.Decimal
ROWS = 300
KEYS = 7
CENTS = ["0.00", "1.25", "-1.25", "99999.99", "-0.01"]
LARGE = [*CENTS, "1e70", "-1e70", "123456789012345678901234567890123456789012345678.99"]

# name -> type, values, type of the sum
NUMBERS: dict[str, tuple[pa.DataType, list[Any], pa.DataType]] = {
    "float16": (pa.float16(), [0.5, -0.25, 1000.0, 0.0], pa.float64()),
    "decimal32": (pa.decimal32(7, 2), [D(v) for v in CENTS], pa.decimal128(38, 2)),
    "decimal64": (pa.decimal64(15, 2), [D(v) for v in CENTS], pa.decimal128(38, 2)),
    "decimal128": (pa.decimal128(30, 2), [D(v) for v in CENTS], pa.decimal128(38, 2)),
    "decimal256": (pa.decimal256(74, 2), [D(v) for v in LARGE], pa.decimal256(76, 2)),
    "decimal256_small": (pa.decimal256(40, 2), [D(v) for v in CENTS], pa.decimal256(76, 2)),
    "duration": (pa.duration("us"), [0, 1, -5, 10**15, 2**53 + 1], pa.duration("us")),
    "dictionary_int": (pa.dictionary(pa.int8(), pa.int32()), [1, -1, 2**31 - 1], pa.int64()),
    "dictionary_duration": (
        pa.dictionary(pa.int8(), pa.duration("ns")), [3, -4, 10**12], pa.duration("ns"),
    ),
    "runs_float": (pa.run_end_encoded(pa.int16(), pa.float64()), [0.5, 7.0, -2.0], pa.float64()),
    "runs_decimal": (
        pa.run_end_encoded(pa.int32(), pa.decimal64(9, 2)), [D(v) for v in CENTS],
        pa.decimal128(38, 2),
    ),
}  # fmt: skip


def array(name: str, seed: int) -> tuple[pa.Array, list[Any]]:
    """Return a column and the exact numbers in it."""
    type_, values, _ = NUMBERS[name]
    rng = random.Random(f"{name} {seed}")
    chosen = [None if rng.random() < 0.2 else rng.choice(values) for _ in range(ROWS)]
    if pa.types.is_run_end_encoded(type_):
        plain = pa.array(chosen, type_.value_type)
        return pc.run_end_encode(plain, run_end_type=type_.run_end_type), chosen
    if pa.types.is_dictionary(type_):
        return pa.array(chosen, type_.value_type).dictionary_encode().cast(type_), chosen
    return pa.array(chosen, type_), chosen


def number(cell: Any) -> Any:
    return cell if cell is None or isinstance(cell, (int, float, D)) else cell.value


def numbers(column: pa.ChunkedArray) -> list[Any]:
    """Return durations as their integers."""
    return [cell.value if pa.types.is_duration(column.type) else cell.as_py() for cell in column]


def nearest(total: int, count: int) -> int:
    quotient = Fraction(abs(total), count)
    rounded = math.floor(quotient + Fraction(1, 2))
    return rounded if total >= 0 else -rounded


@pytest.mark.parametrize("is_keyed", [False, True])
@pytest.mark.parametrize(("workers", "batch_rows"), [(1, 1000), (2, 7), (8, 64)])
@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_sums_and_means(name: str, workers: int, batch_rows: int, is_keyed: bool) -> None:
    column, values = array(name, 1)
    keys = [i % KEYS if is_keyed else 0 for i in range(ROWS)]
    table = pa.table({"k": pa.array(keys, pa.int64()), "c": column})
    wanted: dict[str, tuple[str, str]] = {"sum": ("c", "sum"), "mean": ("c", "mean")}
    is_duration = pa.types.is_duration(NUMBERS[name][2])
    if not is_duration:
        wanted |= {"median": ("c", "median"), "variance": ("c", "variance")}
    step = node("aggregate", "a", aggregations=wanted, **({"key_by": ["k"]} if is_keyed else {}))
    source = {"data": table.to_batches(max_chunksize=batch_rows)}
    found = rows(line(source, step), worker_count=workers, morsel_rows_max=batch_rows)
    found.validate(full=True)
    assert found.schema.field("sum").type == NUMBERS[name][2]
    place = found["k"].to_pylist() if is_keyed else [0]
    with decimal.localcontext(prec=100):
        for at, key in enumerate(place):
            group = [v for v, k in zip(values, keys, strict=True) if k == key and v is not None]
            assert numbers(found["sum"])[at] == sum(group)
            mean = numbers(found["mean"])[at]
            if is_duration:
                assert mean == nearest(sum(group), len(group))
                continue
            scale = max(abs(float(v)) for v in group)
            assert mean == pytest.approx(float(sum(group) / len(group)), abs=scale * 1e-12)
            exact = [Fraction(v) for v in group]
            assert found["median"][at].as_py() == pytest.approx(float(statistics.median(exact)))
            variance = float(statistics.variance(exact))
            assert found["variance"][at].as_py() == pytest.approx(variance, rel=1e-9)


@pytest.mark.parametrize("name", ["decimal256", "duration", "decimal32"])
def test_sums_come_back_from_snapshots(name: str) -> None:
    column, values = array(name, 2)
    table = pa.table({"k": pa.array([i % KEYS for i in range(ROWS)]), "c": column})

    def build(source: dict[str, Any]) -> sabot.JobGraph:
        graph = sabot.JobGraph("sums")
        nodes = [
            node("source", "src", **source),
            node("aggregate", "sums", key_by=["k"], aggregations={"s": ("c", "sum")}),
            node("sink", "out"),
        ]
        for one in nodes:
            one.operator_id = one.name
            graph.add_operator(one)
        graph.connect("src", "sums")
        graph.connect("sums", "out")
        return graph

    result = through_snapshot(build, table.to_batches(max_chunksize=20), 5, worker_counts=(2, 3))
    found = result["outputs"]["out"]
    with decimal.localcontext(prec=100):
        for key, total in zip(found["k"].to_pylist(), numbers(found["s"]), strict=True):
            assert total == sum(v for v in values[key::KEYS] if v is not None)


@pytest.mark.parametrize(
    ("type_", "value", "advice"),
    [
        (pa.decimal256(76, 0), D("9" * 76), "decimal256(76, 0); cast the column to float64 first"),
        (pa.decimal256(76, 0), D("-" + "9" * 76), "cast the column to float64 first"),
        (pa.duration("ns"), 2**63 - 1, "duration[ns]; cast the column to a coarser unit first"),
    ],
)
def test_a_sum_that_does_not_fit_is_an_error(type_: pa.DataType, value: Any, advice: str) -> None:
    table = pa.table({"c": pa.array([value] * 2, type_)})
    graph = line({"data": table}, node("aggregate", "a", aggregations={"s": ("c", "sum")}))
    with pytest.raises(sabot.SabotError) as raised:
        rows(graph, worker_count=1)
    assert advice in str(raised.value)
    one = rows(
        line({"data": table.slice(1)}, node("aggregate", "a", aggregations={"s": ("c", "sum")}))
    )
    assert numbers(one["s"]) == [value]


EXTREMES: dict[str, tuple[pa.DataType, list[Any], Any, Any]] = {
    "bool": (pa.bool_(), [True, False], False, True),
    "float16": (pa.float16(), [1.5, -2.0, float("nan"), 0.0], -2.0, float("nan")),
    "dictionary_float": (
        pa.dictionary(pa.int8(), pa.float32()), [1.5, -2.0, float("nan")], -2.0, float("nan"),
    ),
    "time32": (pa.time32("s"), [3, 1, 2], datetime.time(0, 0, 1), datetime.time(0, 0, 3)),
    "decimal64": (pa.decimal64(10, 2), [D("1.00"), D("-2.00")], D("-2.00"), D("1.00")),
    "decimal256": (pa.decimal256(70, 0), [D(10**60), D(-10**60), D(0)], D(-10**60), D(10**60)),
    "fixed_size_binary": (pa.binary(2), [b"b\0", b"a\xff", b"a\0"], b"a\0", b"b\0"),
    "dictionary": (
        pa.dictionary(pa.int8(), pa.string()), ["thirteen bytes", "a", "ü"], "a", "ü",
    ),
}  # fmt: skip


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("name", sorted(EXTREMES))
def test_functions_that_keep_the_type(name: str, workers: int) -> None:
    type_, values, low, high = EXTREMES[name]
    table = pa.table({"c": pa.array([None, *values, *values, None], type_)})
    wanted = {f: ("c", f) for f in ("min", "max", "first", "last", "list", "count_distinct")}
    graph = line(
        {"data": table.to_batches(max_chunksize=2)}, node("aggregate", "a", aggregations=wanted)
    )
    found = rows(graph, worker_count=workers)
    found.validate(full=True)
    assert found.schema.field("min").type == type_
    assert found.schema.field("list").type.value_type == type_
    assert repr(found["min"].to_pylist()) == repr([low])
    assert repr(found["max"].to_pylist()) == repr([high])
    cells = table["c"].to_pylist()
    assert repr(found["first"].to_pylist()) == repr([cells[1]])
    assert repr(found["last"].to_pylist()) == repr([cells[-2]])
    assert repr(found["list"].to_pylist()) == repr([cells])
    assert found["count_distinct"].to_pylist() == [len(values)]


def test_distinct_lists_of_floats_are_counted_by_value() -> None:
    values = [[0.0], [-0.0], [float("nan")], [-float("nan")], [1.0]]
    table = pa.table({"c": pa.array(values, pa.list_(pa.float64()))})
    wanted = {"n": ("c", "count_distinct"), "approx": ("c", "approx_count_distinct")}
    found = rows(line({"data": table}, node("aggregate", "a", aggregations=wanted)))
    assert found.to_pylist() == [{"n": 3, "approx": 3}]
