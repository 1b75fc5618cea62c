# SPDX-License-Identifier: Apache-2.0
"""Batches left out by statistics: no row is missing, and something is left out."""

import datetime as dt
import functools
import operator
import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import line, node, run
from sabot import col, lit
from sabot.connect.topic_log import TopicLog
from sabot.execution.plan import Plan

SEED = random.randrange(2**32)
ROWS = 60_000
EPOCH = dt.datetime(2024, 1, 1)


def make_rows(rng: np.random.Generator) -> pa.Table:
    """Return rows whose values come in runs, so that a batch has few of them."""
    place = np.arange(ROWS) / ROWS

    def some(values: pa.Array, share: float = 0.05) -> pa.Array:
        return pa.array(values.to_pylist(), values.type, mask=rng.random(ROWS) < share)

    floats = np.round(place * 20 - 10 + rng.normal(0, 0.3, ROWS))
    floats[rng.random(ROWS) < 0.00002] = np.nan  # in some batches
    floats[: ROWS // 20] = -0.0
    floats[-5] = np.inf
    names = ["", "a", "ab", "é", "long " * 14, "long " * 14 + "z", "日本語", "\U0010ffff" * 70]
    return pa.table(
        {
            "i": pa.array((place * 1000).astype("int64")),
            "u": some(pa.array((place * 50).astype("uint8") + rng.integers(0, 9, ROWS, "uint8"))),
            "f": some(pa.array(floats)),
            "g": pa.array(floats.astype("float32")),
            "s": some(pa.array([names[int(x * 7.99)] for x in place])),
            "b": some(pa.array(place > 0.7)),
            "d": some(pa.array((place * 300).astype("int32"), pa.date32())),
            "t": pa.array(
                (place * 1e9).astype("int64") + 1_704_067_200_000_000, pa.timestamp("us")
            ),
            "n": pa.array([None if 0.2 < x < 0.6 else int(x * 9) for x in place], pa.int32()),
        }
    )


def make_predicate(rng: random.Random, table: pa.Table, depth: int = 2):
    """Return a random condition over constants that are, or nearly are, in the rows."""
    kind = rng.randrange(8)
    if depth and kind < 3:
        sides = [make_predicate(rng, table, depth - 1) for _ in range(2)]
        return sides[0] & sides[1] if kind < 2 else sides[0] | sides[1]
    if depth and kind == 3:
        return ~make_predicate(rng, table, depth - 1)
    name = rng.choice(table.column_names)
    column = col(name)
    if kind == 4:
        return rng.choice([column.is_null(), column.is_not_null()])

    def constant():
        value = table[name][rng.randrange(ROWS)].as_py()
        if value is None:
            value = next(one.as_py() for one in table[name] if one.is_valid)
        if isinstance(value, bool | str):
            return value
        if isinstance(value, dt.date):
            return value + dt.timedelta(days=rng.choice([0, -400, 400]))
        return value + rng.choice([0, 0, 1, -1, 5_000, -5_000] if value == value else [0])

    if name == "g":  # what a float32 compares with must be one
        return rng.choice([operator.lt, operator.ge])(column, float(np.float32(constant())))
    if kind == 5:
        return column.is_in([constant() for _ in range(rng.randint(1, 3))])
    if kind == 6:
        return column.between(constant(), constant())
    compare = rng.choice(
        [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
    )
    if rng.random() < 0.3:
        return compare(lit(constant()), column)
    return compare(column, constant())


def to_arrow_file(table: pa.Table, tmp_path) -> dict:
    """Write a file with the engine's own sink."""
    batches = table.to_batches(max_chunksize=3_000)
    place = {"path": tmp_path / "rows.arrow"}
    run(line({"data": pa.Table.from_batches(batches)}, sink={**place, "row_group_size": 3_000}))
    return place


def to_parquet(table: pa.Table, tmp_path) -> dict:
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=3_000)
    return {"path": tmp_path / "rows.parquet"}


def to_topic(table: pa.Table, tmp_path, segment_bytes: int = 1 << 19) -> dict:
    with TopicLog(tmp_path, durability="os", segment_bytes=segment_bytes) as log:
        topic = log.topic("rows", partitions=2)
        for number, batch in enumerate(table.to_batches(max_chunksize=3_000)):
            topic.append(batch, partition=number * 3 // 40 % 2)
    return {"topic": "rows", "data_dir": str(tmp_path)}


def skipped(counts: dict) -> int:
    return sum(counts[name] for name in counts if name in ("row_groups_skipped", "batches_skipped"))


def assert_same(found: pa.Table, expected: pa.Table, text: str) -> None:
    """Compare rows; a NaN is like itself, and -0.0 is not like 0.0."""
    assert found.num_rows == expected.num_rows, text
    for name in expected.column_names:
        sides = [table[name].combine_chunks() for table in (found, expected)]
        if pa.types.is_floating(sides[0].type):
            bits = pa.int64() if name == "f" else pa.int32()
            sides = [side.view(bits) for side in sides]
        assert sides[0].equals(sides[1]), text


@functools.cache
def shared_rows() -> pa.Table:
    return make_rows(np.random.default_rng(SEED))


@pytest.mark.parametrize("write", [to_arrow_file, to_parquet, to_topic])
def test_no_row_is_missing(write, tmp_path):
    table, rng = shared_rows(), random.Random(SEED)
    place = write(table, tmp_path)
    spared = 0
    for number in range(25):
        predicate = make_predicate(rng, table)
        pruned = run(line({**place, "filters": predicate}))
        whole = run(line(place, node("filter", "f", predicate=predicate)), optimize=False)
        text = f"seed {SEED}, predicate {number}: {predicate}"
        assert_same(pruned["outputs"]["out"], whole["outputs"]["out"], text)
        spared += skipped(pruned["metrics"]["sources"]["src"])
    assert spared > 50


@pytest.mark.parametrize(
    ("predicate", "batches"),
    [
        (col("i") >= 950, 1),
        (col("i") < 0, 0),
        ((col("i") == 10) | (col("i") == 990), 2),
        (col("n").is_null(), 8),
        (col("b"), 6),
        (col("t") < EPOCH + dt.timedelta(seconds=30), 1),
        (col("i") * 2 < 0, 20),  # nothing is known of it
    ],
)
@pytest.mark.parametrize("write", [to_arrow_file, to_topic])
def test_batches_are_skipped_and_counted(write, predicate, batches, tmp_path):
    result = run(line({**write(shared_rows(), tmp_path), "filters": predicate}))
    counts = result["metrics"]["sources"]["src"]
    if write is to_topic and predicate is not None and batches == 2:
        assert counts["batches"] >= 2  # short gaps are read
    else:
        assert (counts["batches"], counts["batches_skipped"]) == (batches, 20 - batches)
    if write is to_topic:
        assert counts["segments"] + counts["segments_skipped"] > 4
        assert (counts["segments"] == 0) == (batches == 0)
    read = result["ledger"].to_pylist()[0]["rows_in"]
    assert read < ROWS or batches == 20


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize("write", [to_arrow_file, to_topic])
def test_a_filter_behind_the_source_is_enough(write, optimize, tmp_path):
    counting = node("aggregate", "a", aggregations={"rows": ("*", "count")})
    place = write(shared_rows(), tmp_path)
    graph = line(place, node("filter", "f", predicate=col("i") >= 950), counting)
    result = run(graph, optimize=optimize)
    assert result["outputs"]["out"]["rows"].to_pylist() == [ROWS // 20]
    skipped_count = result["metrics"]["sources"]["src"]["batches_skipped"]
    assert skipped_count == (19 if optimize else 0)


def test_a_topic_without_statistics_is_read_whole(tmp_path):
    place = to_topic(shared_rows(), tmp_path)
    for path in tmp_path.glob("topics/rows/*/*.statistics"):
        path.unlink()
    result = run(line({**place, "filters": col("i") >= 950}))
    counts = result["metrics"]["sources"]["src"]
    assert (counts["batches"], counts["batches_skipped"]) == (20, 0)
    assert result["outputs"]["out"].num_rows == ROWS // 20


def test_a_foreign_arrow_file_is_read_whole(tmp_path):
    with pa.ipc.new_file(tmp_path / "rows.arrow", shared_rows().schema) as writer:
        writer.write_table(shared_rows(), max_chunksize=3_000)
    result = run(line({"path": tmp_path / "rows.arrow", "filters": col("i") >= 950}))
    assert result["metrics"]["sources"]["src"]["batches_skipped"] == 0
    assert result["outputs"]["out"].num_rows == ROWS // 20


def test_a_partition_wins_over_the_statistics_of_a_column_with_its_name(tmp_path):
    (tmp_path / "i=7").mkdir()
    to_arrow_file(shared_rows(), tmp_path / "i=7")
    found = run(line({"path": tmp_path, "filters": col("i") == 7, "columns": ["i"]}))
    assert found["outputs"]["out"].num_rows == ROWS
    none = run(line({"path": tmp_path, "filters": col("i") == 8, "columns": ["s"]}))
    assert none["outputs"]["out"].num_rows == 0


def test_columns_that_came_later_are_null_before(tmp_path):
    with TopicLog(tmp_path, durability="os") as log:
        topic = log.topic("rows")
        topic.append(pa.table({"a": range(5_000)}))
        topic.append(pa.table({"a": range(5_000), "b": ["x"] * 5_000}))
    place = {"topic": "rows", "data_dir": str(tmp_path)}
    for predicate, rows, batches in [
        (col("b") == "x", 5_000, 1),
        (col("b").is_null(), 5_000, 1),
        (col("b").is_null() | (col("b") == "x"), 10_000, 2),
        (col("a") < 10, 20, 2),
    ]:
        result = run(line({**place, "filters": predicate}))
        assert result["outputs"]["out"].num_rows == rows, predicate
        assert result["metrics"]["sources"]["src"]["batches"] == batches, predicate


def test_files_that_are_read_in_a_wider_type_are_not_judged(tmp_path):
    for name, kind in (("narrow", pa.int32()), ("wide", pa.int64())):
        table = pa.table({"n": pa.array(range(5_000), kind)})
        run(line({"data": table}, sink={"path": tmp_path / f"{name}.arrow"}))
    result = run(line({"path": tmp_path, "filters": col("n") > 6_000}))
    assert result["outputs"]["out"].num_rows == 0
    counts = result["metrics"]["sources"]["src"]
    assert (counts["batches"], counts["batches_skipped"]) == (1, 1)


def test_a_topic_is_read_from_where_it_is_asked_to_start(tmp_path):
    place = to_topic(shared_rows(), tmp_path, segment_bytes=1 << 27)
    with TopicLog(tmp_path) as log:
        log.topic("rows").commit("g", {0: 12_501, 1: 2_499})
    start = {**place, "start": "committed", "group_id": "g"}
    with TopicLog(tmp_path) as log:
        kept = pa.concat_tables(
            log.topic("rows").partition(number).read(start)
            for number, start in ((0, 12_501), (1, 2_499))
        )
    for predicate in (col("i") > 400, col("i") < 230, (col("i") < 220) | (col("i") > 610)):
        pruned = run(line({**start, "filters": predicate}))["outputs"]["out"]
        whole = run(line({"data": kept}, node("filter", "f", predicate=predicate)), optimize=False)
        assert 0 < pruned.num_rows < kept.num_rows
        assert_same(pruned, whole["outputs"]["out"], str(predicate))


def test_dictionaries_are_left_out_by_the_segment(tmp_path):
    batch = pa.table({"k": pa.array(["x", "y"] * 3_000).dictionary_encode(), "n": [0] * 6_000})
    with TopicLog(tmp_path, durability="os", segment_bytes=60_000) as log:
        for start in (0, 6_000, 12_000):
            numbers = pa.array(range(start, start + 6_000))
            log.topic("rows").append(batch.set_column(1, "n", numbers))
    place = {"topic": "rows", "data_dir": str(tmp_path)}
    result = run(line({**place, "filters": col("n") >= 17_998}))
    assert result["outputs"]["out"]["k"].to_pylist() == ["x", "y"]
    assert result["metrics"]["sources"]["src"]["segments_skipped"] == 2


def test_event_time_without_end_needs_every_row(tmp_path):
    place = to_topic(shared_rows(), tmp_path)
    graph = line({**place, "filters": col("i") < 0, "timestamp_column": "t"}, mode="streaming")
    plan = Plan.build(graph)
    (source,) = plan.sources.values()
    assert source.is_endless
    assert source.counts is None
    request = plan.core.source_request(next(iter(plan.sources)))
    plan.close()
    assert '"filters":null' in request


def test_malformed_rows_are_told_of_every_partition(tmp_path):
    for part in (1, 2):
        folder = tmp_path / "in" / f"part={part}"
        folder.mkdir(parents=True)
        (folder / "rows.csv").write_text("n\n1\nbad\n3\n")
    place = {
        "path": tmp_path / "in",
        "schema": {"n": pa.int64(), "part": pa.int64()},
        "filters": col("part") == 2,
    }
    for policy, files in (("drop", 2), ("dead_letter", 2)):
        more = {"on_error": policy}
        if policy == "dead_letter":
            more["dead_letter"] = str(tmp_path / "bad.ndjson")
        result = run(line({**place, **more}))
        assert result["outputs"]["out"]["n"].to_pylist() == [1, 3]
        assert result["metrics"]["sources"]["src"]["files"] == files
        assert result["ledger"].to_pylist()[0]["rows_failed"] == 2
