# SPDX-License-Identifier: Apache-2.0
"""Joins whose two keys are of different types match by value, against loops over the values."""

import datetime
import decimal
import random
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import sabot
from pipelines import node, rows

D = decimal.Decimal
decimal.getcontext().prec = 80
ENCODED = "encoded"  # a run-end encoded type is made by encoding the plain one

TEXTS = ["", "a", "twelve bytes", "thirteen bytes", "grüße aus köln", "x" * 40]
REALS = [0.0, -0.0, 1.5, -2.25, float("inf"), float("nan"), 1000.0]
SECONDS = [datetime.timedelta(seconds=s) for s in (0, 1, 2, -3, 86_000)]
TIMES = [datetime.time(0, 0, s) for s in (0, 1, 59)]
WHOLE = [D(0), D(1), D(-1), D(99), D(-99)]
CENTS = [D("0.00"), D("1.00"), D("-1.00"), D("1.25"), D("99.00")]
HUGE = [D(0), D(1), D(-99), D("1e60"), D("-1e60"), D("1.25")]
BYTES = [b"abc", b"\0\0\0", b"xyz"]
BYTES_20 = [b"a" * 20, b"b" * 20, b"\0" * 20]

# left type, left values, right type, right values, type of an outer join's key
PAIRS: dict[str, tuple[pa.DataType, list[Any], pa.DataType, list[Any], pa.DataType]] = {
    "dictionary_plain": (
        pa.dictionary(pa.int8(), pa.string()), TEXTS, pa.large_string(), TEXTS[2:], pa.string(),
    ),
    "plain_dictionary": (
        pa.string_view(), TEXTS, pa.dictionary(pa.uint16(), pa.string()), TEXTS[1:],
        pa.string_view(),
    ),
    "two_dictionaries": (
        pa.dictionary(pa.int8(), pa.string()), TEXTS[:4], pa.dictionary(pa.int32(), pa.string()),
        TEXTS[3:], pa.string(),
    ),
    "dictionaries_of_numbers": (
        pa.dictionary(pa.int8(), pa.int16()), [1, -1, 300], pa.dictionary(pa.int32(), pa.uint8()),
        [0, 1, 200], pa.int16(),
    ),
    "runs_plain": (
        pa.run_end_encoded(pa.int16(), pa.float64()), REALS, pa.float32(), REALS, pa.float64(),
    ),
    "runs_dictionary": (
        pa.run_end_encoded(pa.int32(), pa.string()), TEXTS, pa.dictionary(pa.int8(), pa.string()),
        TEXTS, pa.string(),
    ),
    "halves_floats": (pa.float16(), REALS, pa.float32(), [*REALS, 0.1], pa.float32()),
    "doubles_halves": (pa.float64(), [*REALS, 0.1], pa.float16(), REALS, pa.float64()),
    "decimal32_64": (pa.decimal32(5, 2), CENTS, pa.decimal64(10, 0), WHOLE, pa.decimal64(12, 2)),
    "decimal128_32": (pa.decimal128(20, 6), CENTS, pa.decimal32(5, 2), CENTS, pa.decimal128(20, 6)),
    "decimal64_64": (pa.decimal64(10, 2), CENTS, pa.decimal64(12, 2), CENTS, pa.decimal64(12, 2)),
    "decimal256_128": (
        pa.decimal256(70, 2), HUGE, pa.decimal128(20, 4), CENTS, pa.decimal256(72, 4),
    ),
    "decimal32_256": (
        pa.decimal32(5, 2), CENTS, pa.decimal256(70, 5), HUGE, pa.decimal256(70, 5),
    ),
    "decimal256_256": (
        pa.decimal256(66, 5), HUGE, pa.decimal256(64, 2), HUGE, pa.decimal256(67, 5),
    ),
    "scales_far_apart": (
        pa.decimal128(38, 38), [D("1e-38"), D(0)], pa.decimal128(38, -2), [D(0), D(100)],
        pa.decimal256(76, 38),
    ),
    "fixed_binary": (pa.binary(3), BYTES, pa.binary(), [*BYTES, b"ab"], pa.binary()),
    "binary_fixed": (
        pa.binary_view(), [*BYTES_20, b"ab"], pa.binary(20), BYTES_20, pa.binary_view(),
    ),
    "time32_time64": (pa.time32("s"), TIMES, pa.time64("ns"), TIMES, pa.time64("ns")),
    "time64_time32": (pa.time64("us"), TIMES, pa.time32("ms"), TIMES, pa.time64("us")),
    "time32_time32": (pa.time32("ms"), TIMES, pa.time32("s"), TIMES, pa.time32("ms")),
    "durations": (pa.duration("s"), SECONDS, pa.duration("us"), SECONDS, pa.duration("us")),
}  # fmt: skip


def column(type_: pa.DataType, values: list[Any], seed: int, count: int) -> pa.Array:
    rng = random.Random(seed)
    chosen = [None if rng.random() < 0.15 else rng.choice(values) for _ in range(count)]
    if pa.types.is_run_end_encoded(type_):
        return pc.run_end_encode(
            pa.array(chosen, type_.value_type), run_end_type=type_.run_end_type
        )
    if pa.types.is_decimal(type_) and type_.scale < 0:
        whole = [None if value is None else value.scaleb(type_.scale) for value in chosen]
        storage = pa.array(whole, pa.decimal128(type_.precision, 0))
        return pa.Array.from_buffers(type_, count, storage.buffers())
    return pa.array(chosen, type_)


def values_of(array: pa.Array | pa.ChunkedArray) -> list[Any]:
    """Return what equals by value: NaN and both zeros as themselves, decimals without zeros."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
    if pa.types.is_run_end_encoded(array.type):
        array = pc.run_end_decode(array)
    if pa.types.is_duration(array.type) or pa.types.is_time(array.type):
        factor = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[array.type.unit]
        storage = pa.int32() if pa.types.is_time32(array.type) else pa.int64()
        numbers = array.cast(storage).to_pylist()
        return [None if number is None else number * factor for number in numbers]
    found = []
    for value in array.to_pylist():
        if isinstance(value, float):
            found.append("nan" if value != value else value + 0.0)
        else:
            found.append(value)
    return found


def join(
    left: pa.Table, right: pa.Table, how: str, batch_rows: int, **parameters: Any
) -> sabot.JobGraph:
    job = sabot.JobGraph("join")
    sides = [
        job.add_operator(node("source", side, data=data.to_batches(max_chunksize=batch_rows)))
        for side, data in (("left", left), ("right", right))
    ]
    joined = job.add_operator(
        node("hash_join", "join", left_key="k", right_key="k", how=how, **parameters)
    )
    out = job.add_operator(node("sink", "out"))
    for side in sides:
        job.connect(side, joined)
    job.connect(joined, out)
    return job


def expected_rows(left: pa.Table, right: pa.Table, how: str) -> list[tuple[Any, ...]]:
    lefts, rights = values_of(left["k"]), values_of(right["k"])
    pairs = [
        (i, j)
        for i, a in enumerate(lefts)
        for j, b in enumerate(rights)
        if a is not None and a == b
    ]
    found: list[tuple[Any, ...]] = [(lefts[i], i, j) for i, j in pairs]
    if how == "outer":
        found += [(a, i, None) for i, a in enumerate(lefts) if i not in {p[0] for p in pairs}]
        found += [(b, None, j) for j, b in enumerate(rights) if j not in {p[1] for p in pairs}]
    return sorted(found, key=repr)


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("how", ["inner", "outer"])
@pytest.mark.parametrize(("workers", "batch_rows"), [(1, 1000), (2, 7), (8, 1)])
@pytest.mark.parametrize("name", sorted(PAIRS))
def test_keys_match_by_value(
    name: str, workers: int, batch_rows: int, how: str, is_stream: bool
) -> None:
    left_type, left_values, right_type, right_values, output = PAIRS[name]
    sizes = (60, 40) if batch_rows > 1 else (20, 15)
    left = pa.table({
        "k": column(left_type, left_values, 1, sizes[0]),
        "i": pa.array(range(sizes[0])),
        "t": pa.array([0] * sizes[0], pa.timestamp("us")),
    })  # fmt: skip
    right = pa.table({
        "k": column(right_type, right_values, 2, sizes[1]),
        "j": pa.array(range(sizes[1])),
        "t": pa.array([0] * sizes[1], pa.timestamp("us")),
    })  # fmt: skip
    parameters = {"within_ms": 1000} if is_stream else {}
    graph = join(left, right, how, batch_rows, **parameters)
    found = rows(graph, worker_count=workers, morsel_rows_max=max(batch_rows, 7))
    found.validate(full=True)
    assert found.schema.field("k").type == (left_type if how == "inner" else output)
    cells = zip(values_of(found["k"]), found["i"].to_pylist(), found["j"].to_pylist(), strict=True)
    assert sorted(cells, key=repr) == expected_rows(left, right, how)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (pa.binary(3), pa.binary(4)),
        (pa.binary(3), pa.string()),
        (pa.duration("s"), pa.time64("us")),
        (pa.dictionary(pa.int8(), pa.string()), pa.int8()),
        (pa.decimal32(5, 0), pa.int32()),
        (pa.float16(), pa.int16()),
    ],
)
def test_other_pairs_are_refused(left: pa.DataType, right: pa.DataType) -> None:
    one, other = (
        pa.table({"k": pa.nulls(1, type_), name: pa.array([1], pa.int64())})
        for type_, name in ((left, "i"), (right, "j"))
    )
    with pytest.raises(sabot.InvalidJobError, match="have no values in common"):
        rows(join(one, other, "inner", 100))
