# SPDX-License-Identifier: Apache-2.0
"""Functions of dates and timestamps against DuckDB and against Python's datetime and zoneinfo."""

import datetime as dt
import os
import random
import sys
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
from tests.pipelines import line, node, rows

from sabot import col
from sabot.expressions import Expr

UNITS = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"]
PARTS = {
    "year": "year",
    "iso_year": "isoyear",
    "quarter": "quarter",
    "month": "month",
    "week": "week",
    "day": "day",
    "day_of_week": "dow",
    "iso_day_of_week": "isodow",
    "day_of_year": "doy",
    "hour": "hour",
    "minute": "minute",
    "second": "second",
    "millisecond": "millisecond",
    "microsecond": "microsecond",
}
ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
]
EPOCH = dt.datetime(1970, 1, 1)


@pytest.fixture(scope="module")
def rng() -> random.Random:
    seed = int(os.environ.get("SB_TEST_SEED", random.randrange(2**32)))
    sys.stdout.write(f"SB_TEST_SEED = {seed}\n")
    return random.Random(seed)


def moments(rng: random.Random, first: int, last: int, count: int) -> list[dt.datetime | None]:
    """Return random times of the years from `first` to `last`, month ends and nulls among them."""
    low = (dt.datetime(first, 1, 1) - EPOCH) // dt.timedelta(microseconds=1)
    high = (dt.datetime(last, 1, 1) - EPOCH) // dt.timedelta(microseconds=1)
    out: list[dt.datetime | None] = [None]
    while len(out) < count:
        at = EPOCH + dt.timedelta(microseconds=rng.randrange(low, high))
        if rng.random() < 0.3:
            at = at.replace(day=1) - dt.timedelta(microseconds=rng.randrange(2))
        if rng.random() < 0.1:
            at = at.replace(hour=0, minute=0, second=0, microsecond=0)
        out.append(at)
    return out


def evaluate(table: pa.Table, expressions: dict[str, Expr], **options: Any) -> pa.Table:
    graph = line({"data": table}, node("map", "m", expressions=expressions))
    return rows(graph, **options).select(list(expressions))


def check(table: pa.Table, expressions: dict[str, tuple[Expr, str]], settings: str = "") -> None:
    """Compare each expression with its SQL over `t`."""
    ours = evaluate(table, {name: pair[0] for name, pair in expressions.items()})
    with duckdb.connect() as connection:
        connection.execute(settings)
        connection.register("t", table)
        texts = ", ".join(f"{sql} as {name}" for name, (_, sql) in expressions.items())
        theirs = connection.sql(f"select {texts} from t").to_arrow_table()
    for name in expressions:
        found, expected = ours[name].to_pylist(), theirs[name].to_pylist()
        for row, (a, b) in enumerate(zip(found, expected, strict=True)):
            if isinstance(a, dt.date) and isinstance(b, dt.datetime):
                b = b.date() if not isinstance(a, dt.datetime) else b
            assert a == b, f"{expressions[name][1]} of {table.slice(row, 1).to_pylist()}"


def test_parts_and_truncation_agree_with_duckdb(rng: random.Random) -> None:
    table = pa.table(
        {
            "a": pa.array(moments(rng, 1200, 9000, 3000), pa.timestamp("us")),
            "d": pa.array([at and at.date() for at in moments(rng, 1, 9999, 3000)], pa.date32()),
        }
    )
    check(
        table,
        {
            **{f"p_{ours}": (col("a").date_part(ours), f"date_part('{sql}', a)")
               for ours, sql in PARTS.items()},
            **{f"t_{unit}": (col("a").date_trunc(unit), f"date_trunc('{unit}', a)")
               for unit in UNITS},
            **{f"d_{unit}": (col("d").date_trunc(unit), f"date_trunc('{unit}', d)")
               for unit in UNITS[3:]},
            **{f"e_{ours}": (col("d").date_part(ours), f"date_part('{sql}', d)")
               for ours, sql in list(PARTS.items())[:9]},
            "last": (col("d").last_day(), "last_day(d)"),
            "epoch": (col("a").epoch(), "epoch(a)"),
            "text": (
                col("a").strftime("%Y-%m-%d %H:%M:%S.%f %j %a %b %p %I %y"),
                "strftime(a, '%Y-%m-%d %H:%M:%S.%f %j %a %b %p %I %y')",
            ),
        },
    )  # fmt: skip


def test_moving_and_differences_agree_with_duckdb(rng: random.Random) -> None:
    table = pa.table(
        {
            "a": pa.array(moments(rng, 1700, 2300, 3000), pa.timestamp("us")),
            "b": pa.array(moments(rng, 1700, 2300, 3000), pa.timestamp("us")),
            "n": pa.array([rng.randrange(-500, 500) for _ in range(3000)], pa.int32()),
        }
    )
    check(
        table,
        {
            **{f"add_{unit}": (col("a").date_add(col("n"), unit),
                               f"a + to_{unit}s(n)") for unit in UNITS if unit != "quarter"},
            "add_quarter": (col("a").date_add(col("n"), "quarter"), "a + to_months(3 * n)"),
            "sub_month": (col("a").date_sub(col("n"), "month"), "a - to_months(n)"),
            **{f"diff_{unit}": (col("a").date_diff(col("b"), unit),
                                f"date_diff('{unit}', a, b)") for unit in UNITS if unit != "week"},
            "diff_week": (
                col("a").date_diff(col("b"), "week"),
                "date_diff('day', date_trunc('week', a), date_trunc('week', b)) // 7",
            ),
        },
    )  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_zones_agree_with_duckdb(rng: random.Random, zone: str) -> None:
    instants = [at and at.replace(tzinfo=dt.UTC) for at in moments(rng, 1975, 2030, 2000)]
    table = pa.table({"a": pa.array(instants, pa.timestamp("us", zone))})
    check(
        table,
        {
            **{f"p_{ours}": (col("a").date_part(ours), f"date_part('{sql}', a)")
               for ours, sql in PARTS.items()},
            **{f"t_{unit}": (col("a").date_trunc(unit), f"date_trunc('{unit}', a)")
               for unit in ("hour", "day", "week", "month", "year")},
            "clock": (col("a").replace_time_zone(None), f"a at time zone '{zone}'"),
        },
        f"set timezone = '{zone}'",
    )  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_clocks_agree_with_zoneinfo(rng: random.Random, zone: str) -> None:
    """Both ways, far into the past and the future, gaps and folds among them."""
    local = moments(rng, 1850, 2350, 2000)[1:]
    changes = [at for year in (1975, 1999, 2011, 2018, 2024, 2040) for at in around(zone, year)]
    local += changes
    assert zone == "Asia/Kolkata" or len(changes) > 50
    info = ZoneInfo(zone)
    table = pa.table({"a": pa.array(local, pa.timestamp("us"))})
    found = evaluate(
        table,
        {
            "early": col("a").replace_time_zone(zone),
            "late": col("a").replace_time_zone(zone, ambiguous="latest"),
            "back": col("a").replace_time_zone(zone).replace_time_zone(None),
        },
    ).to_pydict()
    for row, at in enumerate(local):
        assert at is not None
        first = at.replace(tzinfo=info).astimezone(dt.UTC)
        second = at.replace(tzinfo=info, fold=1).astimezone(dt.UTC)
        # fold=1 of a clock never shown is the time before: we go forward in both cases
        late = second if second > first else first
        assert found["early"][row].astimezone(dt.UTC) == first, at
        assert found["late"][row].astimezone(dt.UTC) == late, at
        assert found["back"][row] == first.astimezone(info).replace(tzinfo=None), at


def around(zone: str, year: int) -> list[dt.datetime | None]:
    """Return clocks every ten minutes around each change of the offset in `year`."""
    info = ZoneInfo(zone)
    out: list[dt.datetime | None] = []
    at = dt.datetime(year, 1, 1, tzinfo=dt.UTC)
    while at.year == year:
        following = at + dt.timedelta(hours=1)
        if at.astimezone(info).utcoffset() != following.astimezone(info).utcoffset():
            start = at.astimezone(info).replace(tzinfo=None) - dt.timedelta(hours=2)
            out += [start + dt.timedelta(minutes=10 * step) for step in range(36)]
        at = following
    return out


def test_patterns_read_what_they_write(rng: random.Random) -> None:
    table = pa.table({"a": pa.array(moments(rng, 1000, 9999, 1000), pa.timestamp("us"))})
    pattern = "%d.%m.%Y %I:%M:%S.%f %p"
    there = evaluate(table, {"a": col("a").strftime(pattern)})
    back = evaluate(there, {"a": col("a").strptime(pattern)})
    assert back["a"].to_pylist() == table["a"].to_pylist()
    texts = there["a"].to_pylist()
    assert texts[1:] == [at.strftime(pattern) for at in table["a"].to_pylist()[1:]]


@pytest.mark.parametrize(("batch_size", "workers"), [(1, 1), (7, 2), (1000, 8)])
def test_streams_agree_with_batches(rng: random.Random, batch_size: int, workers: int) -> None:
    table = pa.table(
        {"a": pa.array(moments(rng, 1900, 2100, 2500), pa.timestamp("us", "Europe/Berlin"))}
    )
    expressions = {
        "year": col("a").year(),
        "month": col("a").date_trunc("month"),
        "next": col("a").date_add(1, "month"),
        "text": col("a").strftime("%F %T %z"),
    }
    whole = evaluate(table, expressions)
    batches = table.to_batches(max_chunksize=batch_size)
    graph = line({"data": batches}, node("map", "m", expressions=expressions))
    parts = rows(graph, worker_count=workers).select(list(expressions))
    assert parts.to_pylist() == whole.to_pylist()


@pytest.mark.parametrize(
    ("type_", "ticks"),
    [
        (pa.time32("s"), 1),
        (pa.time32("ms"), 10**3),
        (pa.time64("us"), 10**6),
        (pa.time64("ns"), 10**9),
    ],
)
def test_parts_of_times_of_day_agree_with_duckdb(
    rng: random.Random, type_: pa.DataType, ticks: int
) -> None:
    values = [None, 0, 86_400 * ticks - 1, *(rng.randrange(86_400 * ticks) for _ in range(2000))]
    times = pa.array(values, type_)
    parts = ["hour", "minute", "second", "millisecond", "microsecond"]
    ours = evaluate(pa.table({"t": times}), {part: col("t").date_part(part) for part in parts})
    # DuckDB has microseconds alone: what is finer does not reach the parts compared.
    micros = [None if v is None else v * 10**6 // ticks for v in values]
    with duckdb.connect() as connection:
        connection.register("t", pa.table({"t": pa.array(micros, pa.time64("us"))}))
        texts = ", ".join(f"date_part('{part}', t) AS {part}" for part in parts)
        theirs = connection.sql(f"SELECT {texts} FROM t").to_arrow_table()
    for part in parts:
        assert ours[part].to_pylist() == theirs[part].to_pylist(), part
