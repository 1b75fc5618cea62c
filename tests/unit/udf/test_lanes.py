# SPDX-License-Identifier: Apache-2.0
"""The lanes agree: an expression over columns is the same as a loop over their values."""

import math
import os
import random

import numpy as np
import pyarrow as pa
import pytest

from pipelines import line, node, rows
from sabot import InvalidJobError, JobFailedError
from sabot.udf import BatchView
from sabot.udf.element import Int64, UInt64
from sabot.udf.float_constants import with_numpy_floats
from sabot.udf.lane import lane_of

SEED = int(os.environ.get("SB_TEST_SEED", random.SystemRandom().randrange(2**32)))

INTEGERS = [0, 1, -1, 2, 7, -7, 100, 2**31, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63), None]
FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 1e300, -1e300, 5e-324, math.inf, -math.inf, math.nan, None]
COLUMNS = {
    "i": (pa.int64(), INTEGERS),
    "j": (pa.int64(), INTEGERS),
    "s": (pa.int8(), [0, 1, -1, 127, -128, None]),
    "h": (pa.uint16(), [0, 1, 65_535, None]),
    "u": (pa.uint64(), [0, 1, 2**63, 2**64 - 1, None]),
    "x": (pa.float64(), FLOATS),
    "y": (pa.float64(), FLOATS),
    "f": (pa.float32(), [0.0, -0.0, 1.5, 3e38, math.inf, math.nan, None]),
    "b": (pa.bool_(), [True, False, None]),
    "t": (pa.string(), ["", "a", "long enough to leave twelve", "ünï", None]),
}
ARITHMETIC = ["+", "-", "*", "/", "//", "%"]
COMPARISONS = ["<", "<=", ">", ">=", "==", "!="]


def batch_of(rng, count):
    return pa.record_batch(
        {
            name: pa.array([rng.choice(values) for _ in range(count)], kind)
            for name, (kind, values) in COLUMNS.items()
        }
    )


def number(rng, depth):
    """Return the text of an expression over numbers, such as ``((i + 2) / x)``."""
    if depth == 0 or rng.random() < 0.2:
        return rng.choice(["i", "j", "s", "h", "x", "y", "f", "2", "-3", "0", "0.5"])
    if rng.random() < 0.15:
        return f"(-{number(rng, depth - 1)})"
    operator = rng.choice(ARITHMETIC)
    return f"({number(rng, depth - 1)} {operator} {number(rng, depth - 1)})"


def condition(rng, depth):
    return f"({number(rng, depth)} {rng.choice(COMPARISONS)} {number(rng, depth)})"


def evaluated(function):
    """Return what a function gives, or the kind of its error."""
    try:
        with np.errstate(all="ignore"):
            return function()
    except (ZeroDivisionError, OverflowError, TypeError) as error:
        return type(error).__name__


def by_columns(text, names, batch):
    view = BatchView(batch)
    value = with_numpy_floats(eval(f"lambda {', '.join(names)}: {text}"))(
        **{name: view[name] for name in names}
    )
    return value.to_arrow()


def by_rows(text, names, batch):
    """Run the expression with one value after another."""
    view = BatchView(batch)
    function = with_numpy_floats(eval(f"lambda {', '.join(names)}: {text}"))
    result = []
    for i in range(len(view)):
        values = {name: view[name][i] for name in names}
        value = function(**{k: MISSING if v is None else v for k, v in values.items()})
        result.append(None if value is MISSING else value)
    return result


class Missing:
    """A value that is not there: every operation with it gives it back."""

    def _missing(self, *others):
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _missing
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _missing
    __neg__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__ = __ne__ = _missing
    __array_ufunc__ = None  # NumPy's numbers leave the operation to this class
    __hash__ = None


MISSING = Missing()


def same(a, b):
    if a is None or b is None or isinstance(a, str) or isinstance(b, str):
        return a == b
    if isinstance(a, float) and math.isnan(a):
        return isinstance(b, float) and math.isnan(b)
    is_float = isinstance(a, float)
    return (
        a == b and is_float == isinstance(b, float) and math.copysign(1, a) == math.copysign(1, b)
    )


@pytest.mark.parametrize("part", range(4))
def test_columns_and_rows_agree(part):
    rng = random.Random(SEED + part)
    compared = 0
    for _ in range(400):
        text = condition(rng, 1) if rng.random() < 0.3 else number(rng, 3)
        names = sorted({word.strip("()-") for word in text.split()} & set(COLUMNS))
        if not names:
            continue
        batch = batch_of(rng, rng.choice([0, 1, 3, 17]))
        vector = evaluated(lambda t=text, n=names, b=batch: by_columns(t, n, b))
        single = evaluated(lambda t=text, n=names, b=batch: by_rows(t, n, b))
        where = f"seed {SEED} part {part}: {text} over {batch.to_pydict()}"
        if isinstance(vector, str) or isinstance(single, str):
            assert vector == single or batch.num_rows == 0, (where, vector, single)
            continue
        found = vector.to_pylist()
        assert len(found) == len(single), where
        assert all(map(same, found, single)), (where, found, single)
        compared += 1
    assert compared > 100


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (INTEGERS, INTEGERS),
        (INTEGERS, FLOATS),
        ([0, 1, 2**63, 2**64 - 1, None], [0, 1, 2**63, 2**64 - 1, None]),
    ],
)
@pytest.mark.parametrize("operator", [*ARITHMETIC, *COMPARISONS])
def test_every_pair_of_nasty_values(operator, left, right):
    kinds = [pa.uint64() if 2**64 - 1 in side else None for side in (left, right)]
    for a in left:
        for b in right:
            batch = pa.record_batch(
                {
                    "a": pa.array([a, None, a], kinds[0] or pa.int64()).slice(0, 1),
                    "b": pa.array(
                        [b], kinds[1] or (pa.float64() if right is FLOATS else pa.int64())
                    ),
                }
            )
            text = f"a {operator} b"
            vector = evaluated(lambda t=text, p=batch: by_columns(t, ["a", "b"], p).to_pylist()[0])
            single = evaluated(lambda t=text, p=batch: by_rows(t, ["a", "b"], p)[0])
            assert same(vector, single), (text, a, b, vector, single)


def test_elements_are_the_numbers_they_stand_for():
    assert (Int64(5), hash(Int64(5)), f"{Int64(5)}", [10, 20][Int64(1)]) == (5, hash(5), "5", 20)
    assert Int64(7) // 2 == 3
    assert 7 // Int64(2) == 3
    assert divmod(Int64(7), 2) == (3, 1)
    assert Int64(2) ** 3 == 8
    assert pow(Int64(2), 3, 5) == 3
    assert (Int64(-8) >> 1, Int64(1) << 63, Int64(1) << 64, ~Int64(0)) == (-4, -(2**63), 0, -1)
    assert (Int64(6) & 3, Int64(6) | 1, Int64(6) ^ 2) == (2, 7, 4)
    assert isinstance(Int64(2**63 - 1) * 2, Int64)
    assert (UInt64(2**64 - 1) + 1, abs(Int64(-(2**63)))) == (0, -(2**63))
    assert math.sqrt(Int64(9)) == 3.0
    for wrong in (lambda: Int64(1) + "x", lambda: Int64(1) + None, lambda: Int64(1) << 0.5):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(TypeError, match="unsigned"):
        UInt64(1) + Int64(1)
    with pytest.raises(OverflowError, match="does not fit 64 bits"):
        Int64(1) + 2**70
    import pickle

    assert type(pickle.loads(pickle.dumps(Int64(3)))) is Int64


# --- which lane ----------------------------------------------------------------------------------


def looped(batch):
    total = []
    for i in range(len(batch)):
        total.append(batch["n"][i])
    return total


def listed(batch):
    names = batch["n"]
    return [n + 1 for n in names]


def mapped(batch):
    return list(map(str, batch["n"]))


def vectorised(batch):
    for name in ("n", "n"):
        batch[name] = batch[name] + 1
    for name in batch.column_names:
        batch[name] = np.sqrt(batch[name])
    return batch


@pytest.mark.parametrize(
    ("function", "name", "reason"),
    [
        (looped, "row-wise", "a for loop over rows in line"),
        (listed, "row-wise", "a comprehension over rows in line"),
        (mapped, "row-wise", "list() over rows"),
        (vectorised, "vectorised", "no loop over rows"),
        (lambda b: b["n"] * 2, "vectorised", "no loop over rows"),
        (lambda b: [n + 1 for n in b["n"]], "row-wise", "a comprehension"),
        (len, "vectorised", "its source is not known"),
        (eval("lambda b: b['n']"), "vectorised", "its source is not known"),
    ],
)
def test_lane_is_found_in_the_source(function, name, reason):
    lane = lane_of(function)
    assert lane.name == name, lane
    assert reason in lane.reason


def test_explain_shows_the_lane():
    graph = line({"data": pa.table({"n": [1]})}, node("map", "m", listed))
    assert "lane: row-wise: a comprehension over rows in line" in graph.explain()
    assert "row-wise" in graph.explain("json")
    graph = line({"data": pa.table({"n": [1]})}, node("filter", "f", lambda b: b["n"] > 0))
    assert "lane: vectorised: no loop over rows" in graph.explain()


def test_the_lane_does_not_travel():
    graph = line({"data": pa.table({"n": [1]})}, node("map", "m", listed))
    assert "lane" not in repr(graph.to_dict()["operators"][1]["parameters"])


@pytest.mark.parametrize("kind", ["map", "filter", "reduce"])
@pytest.mark.parametrize(
    ("jit", "message"),
    [
        ("scalar", r"parameter 'jit': 'scalar' asks for a compiled lane, which this version does"),
        ("array", r"parameter 'jit': 'array' asks for a compiled lane"),
        ("fast", r"parameter 'jit': 'fast'.*auto, off, scalar, array"),
    ],
)
def test_lanes_that_are_not_there_are_refused(kind, jit, message):
    function = (lambda v, b: 0) if kind == "reduce" else (lambda b: b["n"] > 0)
    with pytest.raises(InvalidJobError, match=message):
        line({"data": pa.table({"n": [1]})}, node(kind, "o", function, jit=jit)).validate()


@pytest.mark.parametrize("jit", ["auto", "off"])
def test_lanes_that_are_there(jit):
    data = pa.table({"n": [1, 2, None]})
    graph = line({"data": data}, node("map", "m", listed_or_none, jit=jit))
    assert rows(graph)["m"].to_pylist() == [2, 3, None]


def listed_or_none(batch):
    return [None if n is None else n + 1 for n in batch["n"]]


# --- errors --------------------------------------------------------------------------------------


def divided(batch):
    return [100 // n for n in batch["n"]]


def divided_at_once(batch):
    return 100 // batch["n"]


@pytest.mark.parametrize("function", [divided, divided_at_once])
@pytest.mark.parametrize("batch_rows", [1, 7, 1000])
@pytest.mark.parametrize("workers", [1, 8])
def test_rows_that_fail_are_skipped_and_counted(function, workers, batch_rows):
    from pipelines import run

    data = pa.table({"n": [n % 10 for n in range(2000)]})
    graph = line({"data": data}, node("map", "m", function, on_error="skip"))
    result = run(graph, worker_count=workers, morsel_rows_max=batch_rows)
    assert result["outputs"]["out"]["m"].to_pylist() == [
        100 // (n % 10) for n in range(2000) if n % 10
    ]
    ledger = result["ledger"].to_pylist()[1]
    assert (ledger["rows_in"], ledger["rows_failed"], ledger["rows_out"]) == (2000, 200, 1800)
    assert ledger["rows_filtered"] == 0


def test_a_filter_skips_rows_that_fail():
    from pipelines import run

    data = pa.table({"n": [0, 1, 50, 0, 200]})
    graph = line({"data": data}, node("filter", "f", lambda b: 100 // b["n"] > 1, on_error="skip"))
    result = run(graph)
    assert result["outputs"]["out"]["n"].to_pylist() == [1, 50]
    ledger = result["ledger"].to_pylist()[1]
    assert (ledger["rows_failed"], ledger["rows_filtered"]) == (2, 1)


def test_rows_fail_the_job_unless_told():
    data = pa.table({"n": [1, 0]})
    for function in (divided, divided_at_once):
        with pytest.raises(JobFailedError, match=r"ZeroDivisionError: integer division by zero"):
            rows(line({"data": data}, node("map", "m", function)))
    with pytest.raises(InvalidJobError, match=r"'dead_letter' asks for a side output"):
        line({"data": data}, node("map", "m", divided, on_error="dead_letter")).validate()
    with pytest.raises(InvalidJobError, match=r"parameter 'on_error'.*fail, skip, dead_letter"):
        line({"data": data}, node("map", "m", divided, on_error="retry")).validate()
