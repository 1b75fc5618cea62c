# SPDX-License-Identifier: Apache-2.0
"""FILTERs, MAPs and SELECTs as one operator give the rows they give one by one.

Steps are drawn at random from the test's seed, over rows with every kind of trouble, on one to
eight workers, in batches of every size; where SQL says the same, DuckDB is asked.
"""

import random

import pyarrow as pa
import pytest

from duckdb_rows import CUTS, checked, sql
from nasty import nasty
from pipelines import line, node, ordered, run, through_snapshot
from sabot import InvalidJobError, JobFailedError, JobGraph, call, col, lit, when

SEEDS = range(12)


def step(kind, name, **parameters):
    """Return an operator of the wire form, without edges."""
    return {
        "operator_type": kind,
        "operator_id": name,
        "name": name,
        "parameters": {key: wire(value) for key, value in parameters.items()},
    }


def wire(value):
    if isinstance(value, dict):
        return {key: one.to_dict() for key, one in value.items()}
    return value.to_dict() if hasattr(value, "to_dict") else value


def alone(steps):
    return [node(s["operator_type"], s["name"], **s["parameters"]) for s in steps]


def fused(steps):
    return node("fused", "all", steps=steps)


class Drawing:
    """Steps over what columns there are, by kind."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.numbers = ["id", "k", "small", "x"]
        self.texts = ["w"]
        self.flags = ["flag"]
        self.made = 0

    def name(self):
        self.made += 1
        return f"c{self.made}"

    def number(self, depth=0):
        rng = self.rng
        kind = rng.randrange(2 if depth > 2 else 7)
        if kind == 0:
            return lit(float(rng.randrange(-3, 9)))
        if kind == 1:
            return col(rng.choice(self.numbers)).cast("float64")
        if kind == 2:
            return self.number(depth + 1).coalesce(self.number(depth + 1))
        if kind == 3:
            return (
                when(self.condition(depth + 1))
                .then(self.number(depth + 1))
                .otherwise(self.number(depth + 1))
            )
        if kind == 4:
            return self.number(depth + 1) - self.number(depth + 1)
        if kind == 5:
            return self.number(depth + 1) * self.number(depth + 1)
        return self.number(depth + 1) + self.number(depth + 1)

    def text(self):
        one = col(self.rng.choice(self.texts))
        return self.rng.choice(
            [one, call("upper", one), one.coalesce("?"), call("reverse", one), one.nullif("a")]
        )

    def condition(self, depth=0):
        rng = self.rng
        kind = rng.randrange(5 if depth > 1 else 8)
        if kind == 0:
            return self.number(depth + 1).is_null()
        if kind == 1:
            return self.text() >= rng.choice(["", "a", "y", "日"])
        if kind == 2:
            return col(rng.choice(self.flags))
        if kind in (3, 4):
            return self.number(depth + 1) > self.number(depth + 1)
        if kind == 5:
            return ~self.condition(depth + 1)
        left, right = self.condition(depth + 1), self.condition(depth + 1)
        return left & right if kind == 6 else left | right

    def step(self):
        rng = self.rng
        kind = rng.randrange(6)
        if kind < 3:
            return step("filter", self.name(), predicate=self.condition() | self.condition())
        if kind == 3:
            names = [self.numbers, self.texts, self.flags]
            for one in names:
                one[:] = rng.sample(one, rng.randrange(1, len(one) + 1))
            columns = [name for one in names for name in one if name != "id"]
            rng.shuffle(columns)
            self.numbers.append("id") if "id" not in self.numbers else None
            return step("select", self.name(), columns=[*columns, "id"])
        expressions = {}
        fresh = [(self.name(), self.number(), self.numbers) for _ in range(rng.randrange(1, 4))]
        if rng.random() < 0.5:
            fresh.append((self.name(), self.text(), self.texts))
        if rng.random() < 0.5:
            fresh.append((self.name(), self.condition(), self.flags))
        if len(self.numbers) > 1 and rng.random() < 0.4:  # in the place of one that was there
            old = rng.choice([name for name in self.numbers if name != "id"])
            expressions[old] = self.number()
        for name, expression, known in fresh:
            expressions[name] = expression
            known.append(name)
        return step("map", self.name(), expressions=expressions)


@pytest.mark.parametrize("seed", SEEDS)
def test_any_steps(seed):
    drawing = Drawing(seed)
    steps = [drawing.step() for _ in range(drawing.rng.randrange(2, 8))]
    table = nasty(seed, 3000)
    expected = run(line({"data": table}, *alone(steps)))["outputs"]["out"].sort_by("id")
    for workers, rows in [(1, 65_536), (2, 7), (8, 1000), (1, 1)]:
        some = table if rows > 1 else table.slice(0, 200)
        wanted = expected if rows > 1 else expected.slice(0, 0)
        found = run(line({"data": some}, fused(steps)), worker_count=workers, morsel_rows_max=rows)[
            "outputs"
        ]["out"].sort_by("id")
        if rows == 1:
            wanted = run(line({"data": some}, *alone(steps)))["outputs"]["out"].sort_by("id")
        assert found.schema == wanted.schema
        assert repr(found.to_pylist()) == repr(wanted.to_pylist())  # NaN is NaN, -0.0 is not 0.0


@pytest.mark.parametrize("cut", CUTS, ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_what_sql_gives(seed, cut):
    table = nasty(seed, 900)
    steps = [
        step("filter", "some", predicate=(col("k") > 3) | col("w").is_null()),
        step("map", "twice", expressions={"y": col("x") * 2.0, "k": col("k").coalesce(0) + 1}),
        step("filter", "more", predicate=(col("y") > -20.0) & (col("k") < 30)),
        step("map", "thrice", expressions={"z": col("y") + col("k"), "v": call("upper", col("w"))}),
        step("select", "four", columns=["id", "z", "v", "k"]),
    ]
    query = """
        SELECT id, y + k AS z, upper(w) AS v, k FROM (
            SELECT id, w, x * 2 AS y, coalesce(k, 0) + 1 AS k FROM t WHERE k > 3 OR w IS NULL)
        WHERE y > -20 AND k < 30
    """
    checked(line({"data": table}, fused(steps)), sql(query, t=table), cut)


def test_nothing_comes_and_nothing_passes():
    table = nasty(1, 2000)
    steps = [
        step("filter", "none", predicate=col("id") < 0),
        step("map", "m", expressions={"y": col("x") + 1.0}),
    ]
    for some in (table, table.slice(0, 0)):
        found = run(line({"data": some}, fused(steps)))["outputs"]["out"]
        assert found.num_rows == 0
        assert found.column_names == [*table.column_names, "y"]


def test_the_ledger_counts_rows_as_one_operator():
    steps = [
        step("filter", "a", predicate=col("id") >= 10),
        step("map", "m", expressions={"y": col("id") * 2}),
        step("filter", "b", predicate=col("y") < 100),
    ]
    ledger = run(line({"data": pa.table({"id": range(1000)})}, fused(steps)))["ledger"]
    one = ledger.to_pylist()[1]
    assert (one["rows_in"], one["rows_out"], one["rows_filtered"]) == (1000, 40, 960)


def test_an_error_names_the_step():
    steps = [
        step("filter", "positive", predicate=col("id") >= 0),
        step("map", "rest", expressions={"y": 100 % (col("id") - 500)}),
        step("select", "last", columns=["y"]),
    ]
    table = pa.table({"id": range(1000)})
    with pytest.raises(JobFailedError) as one:
        run(line({"data": table}, fused(steps)))
    with pytest.raises(JobFailedError) as other:
        run(line({"data": table}, *alone(steps)))
    assert str(one.value) == str(other.value)
    assert "operator 'rest' (map): column 'y': " in str(one.value)
    # a filter before it spares the row
    steps.insert(1, step("filter", "not", predicate=col("id") != 500))
    assert run(line({"data": table}, fused(steps)))["outputs"]["out"].num_rows == 999


def test_it_goes_on_from_a_snapshot():
    steps = [
        step("filter", "a", predicate=col("id") % 3 != 0),
        step("map", "m", expressions={"y": col("id") * col("id")}),
    ]
    batches = [pa.record_batch({"id": range(i * 100, i * 100 + 100)}) for i in range(20)]

    def build(source):
        graph = JobGraph("fused")
        for one in (node("source", "src", **source), fused(steps), node("sink", "out")):
            one.operator_id = one.name
            graph.add_operator(one)
        graph.connect("src", "all")
        graph.connect("all", "out")
        return graph

    result = through_snapshot(build, batches, at=7, worker_counts=(1, 2))
    expected = run(line({"data": pa.Table.from_batches(batches)}, *alone(steps)))
    assert ordered(result["outputs"]["out"]) == ordered(expected["outputs"]["out"])


def updates(*steps):
    """Return a graph in which rows of an aggregate replace earlier ones in front of the steps."""
    table = pa.table({"k": [1, 1, 2, 2, 2], "v": [1, 2, 3, 4, 5]})
    count = node("aggregate", "count", key_by="k", aggregate="sum", column="v", emit="update")
    return line({"data": table}, count, *steps)


def test_updates_pass_where_they_would_one_by_one():
    steps = [
        step("map", "m", expressions={"twice": col("v_sum") * 2}),
        step("select", "s", columns=["k", "twice"]),
    ]
    found = run(updates(fused(steps)), morsel_rows_max=1)["outputs"]["out"].to_pylist()
    assert {row["k"]: row["twice"] for row in found} == {1: 6, 2: 24}
    steps.append(step("filter", "f", predicate=col("twice") > 1))
    with pytest.raises(InvalidJobError, match=r"operator 'f' \(filter\): cannot take updates"):
        run(updates(fused(steps)))


def test_a_wrong_step_is_refused_by_name():
    for steps, message in [
        ([], "parameter 'steps': is empty"),
        ([step("limit", "l", count=3)], "item 0: an operator of type 'limit' can be no step"),
        ([step("select", "s", columns=["nobody"])], "operator 's'.*there is no column 'nobody'"),
        ([{"operator_type": "map", "function": {}}], "item 0: key 'function': is unknown"),
        ([{"operator_type": "map"}], "operator 'map'.*'expressions': is missing"),
    ]:
        with pytest.raises(InvalidJobError, match=message):
            run(line({"data": pa.table({"id": [1]})}, fused(steps)))
