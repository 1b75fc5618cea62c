# SPDX-License-Identifier: Apache-2.0
"""Streams: what each method gives, that they are lazy and immutable, and how they fail."""

import asyncio
import itertools
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import assert_ledger_balances, ordered
from sabot import BaseOperator, InvalidJobError, JobFailedError, OperatorType, Stream, col

TABLE = pa.table(
    {
        "k": ["a", "b", "a", None, "ü"],
        "n": pa.array([1, 2, 3, None, 5]),
        "x": [0.5, float("nan"), -0.0, 2.0, None],
    }
)


def rows(stream):
    return stream.to_pylist()


def numbers(count=5):
    return Stream.from_table({"n": range(count)})


def is_available(kind):
    return kind in [k.value for k in OperatorType] and OperatorType(kind).is_available


def needs(kind):
    return pytest.mark.skipif(not is_available(kind), reason=f"no operator {kind} yet")


# --- sources -------------------------------------------------------------------------------------


def batches_function():
    yield from TABLE.to_batches(max_chunksize=2)


async def async_batches():
    for batch in TABLE.to_batches(max_chunksize=2):
        yield batch


@pytest.mark.parametrize(
    "stream",
    [
        Stream.from_table(TABLE),
        Stream.from_table(TABLE, batch_size=1),
        Stream.from_table(TABLE.combine_chunks().to_batches()[0]),
        Stream.from_batches(TABLE.to_batches(max_chunksize=2)),
        Stream.from_batches(batches_function),
        Stream.from_batches(async_batches, schema=TABLE.schema),
        Stream.from_pylist(TABLE.to_pylist()),
        Stream.from_dicts(TABLE.to_pylist(), schema=TABLE.schema),
    ],
)
def test_every_source_gives_its_rows_again_and_again(stream):
    for _ in range(2):
        assert ordered(stream.collect()).to_pydict().__repr__() == repr(ordered(TABLE).to_pydict())
    assert stream.schema == TABLE.schema


def test_no_batches_and_no_rows():
    assert Stream.from_batches([], schema=TABLE.schema).collect().schema == TABLE.schema
    assert Stream.from_table(TABLE.slice(0, 0)).count() == 0
    assert list(Stream.from_table(TABLE.slice(0, 0))) == []


def test_parquet_in_and_out(tmp_path):
    path = tmp_path / "in.parquet"
    pq.write_table(TABLE, path)
    stream = Stream.from_parquet(path, columns=["k"], filters=[("n", ">", 1), ("n", "!=", 5)])
    assert rows(stream) == [{"k": "b"}, {"k": "a"}]
    assert rows(Stream.from_parquet(path, ["n"], col("k") == "ü")) == [{"n": 5}]
    result = Stream.from_parquet(path).to_parquet(tmp_path / "out.parquet")
    assert_ledger_balances(result)
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 5
    with pytest.raises(InvalidJobError, match=r"Stream.from_parquet: filters: \('n', '~', 1\)"):
        Stream.from_parquet(path, filters=[("n", "~", 1)])


def test_filters_spare_files_and_row_groups(tmp_path):
    table = pa.table({"part": [1, 1, 2, 3], "n": [1, 2, 3, 4], "t": ["a", "b", "c", None]})
    Stream.from_table(table).to_parquet(tmp_path / "parts", partition_by=["part"])
    stream = Stream.from_parquet(tmp_path / "parts", ["n"], [("part", "in", [2, 3])])
    assert sorted(row["n"] for row in rows(stream)) == [3, 4]
    counts = stream.to_graph().run()["metrics"]["sources"]["from_parquet_1"]
    assert (counts["files"], counts["files_skipped"]) == (2, 1)
    others = Stream.from_parquet(tmp_path / "parts", filters=[("part", "not in", [2, 3])])
    assert others.count() == 2
    assert Stream.from_parquet(tmp_path / "parts", filters=col("t").is_null()).count() == 1


def test_topic_in_and_out(tmp_path):
    Stream.from_table(TABLE).to_topic("events", data_dir=str(tmp_path))
    stream = Stream.from_topic("events", data_dir=str(tmp_path))
    assert stream.count() == 5
    follow = Stream.from_topic("events", follow=True, data_dir=str(tmp_path))
    assert len(follow.take(3)) == 3
    with pytest.raises(InvalidJobError, match=r"Stream.collect: the stream has no end"):
        follow.collect()


def test_kafka_is_refused_by_name():
    with pytest.raises(InvalidJobError, match=r"Stream.from_kafka: topic 'x'.*from_topic"):
        Stream.from_kafka("x")
    with pytest.raises(InvalidJobError, match=r"Stream.to_kafka: topic 'x'.*to_topic"):
        numbers().to_kafka("x")


# --- transforms ----------------------------------------------------------------------------------


def test_filter_map_select():
    stream = Stream.from_table(TABLE)
    assert stream.filter(col("n") > 1).count() == 3
    assert stream.filter(lambda b: b["n"] > 1).count() == 3
    assert rows(stream.map(m=col("n") + 1).select("m").limit(2)) == [{"m": 2}, {"m": 3}]
    assert rows(stream.map({"m": col("n") + 1}, c="c").select("c", "m").limit(1)) == [
        {"c": "c", "m": 2}
    ]
    assert rows(stream.map(lambda b: {"m": b["n"] * 2}).limit(1)) == [{"m": 2}]
    assert rows(stream.select(["x", "k"]).limit(1)) == [{"x": 0.5, "k": "a"}]
    assert rows(stream.select("k", m=col("n") * 10).limit(1)) == [{"k": "a", "m": 10}]


def test_groups():
    stream = Stream.from_table(TABLE)
    assert rows(stream.aggregate(n=("n", "sum"), rows=("*", "count"))) == [{"n": 11, "rows": 5}]
    sums = stream.group_by("k").aggregate({"s": ("n", "sum")}).to_pylist()
    assert sorted(sums, key=repr) == sorted(
        [{"k": "a", "s": 4}, {"k": "b", "s": 2}, {"k": None, "s": None}, {"k": "ü", "s": 5}],
        key=repr,
    )
    assert {"k": "a", "count": 2} in rows(stream.group_by(["k"]).count())


def test_reduce():
    stream = numbers().reduce(lambda value, batch: value + batch["n"].sum(), 0)
    assert rows(stream) == [{"reduce_1": 10}]
    assert rows(stream.named("total")) == [{"total": 10}]
    last = numbers().reduce(lambda _, batch: {"n": batch["n"][-1]}, schema={"n": "int64"})
    assert rows(last) == [{"n": 4}]


def test_join_and_union():
    left, right = numbers(3), Stream.from_table({"id": [1, 2, 7], "s": ["x", "y", "z"]})
    assert rows(left.join(right, "n", "id")) == [{"n": 1, "s": "x"}, {"n": 2, "s": "y"}]
    assert left.join(right, ["n"], ["id"], how="left").count() == 3
    assert left.join(left.map(m=col("n")), on="n").count() == 3
    assert left.union(left, left).count() == 9
    assert left.union() is left


@needs("sort")
def test_sort():
    stream = Stream.from_table(TABLE).sort("n", descending=True, nulls="first").select("n")
    assert [row["n"] for row in rows(stream)] == [None, 5, 3, 2, 1]


@needs("top_n")
def test_top_n():
    assert rows(numbers(9).top_n(2, "n")) == [{"n": 8}, {"n": 7}]
    assert rows(numbers(9).top_n(2, "n", descending=False, offset=1)) == [{"n": 1}, {"n": 2}]


@needs("distinct")
def test_distinct():
    stream = Stream.from_table({"a": [1, 1, 2, 2], "b": [1, 1, 1, 2]})
    assert stream.distinct().count() == 3
    assert stream.distinct("a").count() == 2


@needs("flat_map")
def test_flat_map():
    def words(batch):
        for text in batch["s"]:
            yield [{"word": word} for word in (text or "").split()]

    stream = Stream.from_table({"s": ["a b", None, "", "c"]})
    assert rows(stream.flat_map(words)) == [{"word": "a"}, {"word": "b"}, {"word": "c"}]


class Doubled(BaseOperator):
    """Doubles every row."""

    def process_batch(self, batch):
        return [batch, batch]


def test_apply():
    assert numbers(3).apply(Doubled()).count() == 6


def test_branches_share_what_they_share():
    calls = []

    def noted(batch):
        if len(batch):
            calls.append(len(batch))
        return batch

    base = numbers(10).map(noted, schema={"n": "int64"})
    even, odd = base.filter(col("n") % 2 == 0), base.filter(col("n") % 2 == 1)
    both = even.union(odd)
    assert sorted(row["n"] for row in rows(both)) == list(range(10))
    assert sum(calls) == 10
    assert len(both.to_graph().get_sources()) == 1
    assert even.count() == odd.count() == 5


def test_streams_do_not_change_and_nothing_runs_early():
    def boom():
        raise AssertionError("read too early")
        yield

    stream = Stream.from_batches(boom, schema=TABLE.schema).filter(col("n") > 0)
    before = repr(stream)
    stream.map(m=col("n")).limit(1)
    assert repr(stream) == before == "Stream: from_batches() → filter((col('n') > 0))"


def test_graph_is_the_same_each_time():
    stream = numbers().filter(col("n") > 1).join(numbers(), on="n")
    forms = [stream.to_graph().to_dict() for _ in range(2)]
    for form in forms:
        form["job_id"] = ""
    assert forms[0] == forms[1]
    assert "filter_1" in stream.explain()
    assert '"filter_1"' in stream.explain("json")


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.parallel(2),
        lambda s: s.parallel(8, morsel_size_kb=1),
        lambda s: s.sequential(),
        lambda s: s.parallel(),
    ],
)
def test_how_it_runs_changes_no_row(change):
    stream = numbers(30_000).filter(col("n") % 3 == 0).map(lambda b: b["n"] + 1)
    assert change(stream).collect().equals(stream.collect())


def test_parallel_cuts_by_size():
    stream = numbers(50_000).parallel(2, morsel_size_kb=16)
    assert max(batch.num_rows for batch in stream) <= 16 * 1024 // 8
    assert max(b.num_rows for b in numbers(50_000).parallel(2, morsel_size_kb=1)) <= 1000


# --- ends ----------------------------------------------------------------------------------------


def test_iterating():
    stream = numbers(10).filter(col("n") > 6)
    assert [n for batch in stream for n in batch["n"].to_pylist()] == [7, 8, 9]
    assert [record["n"] for record in stream.records()] == [7, 8, 9]

    async def read():
        batches = [batch async for batch in stream]
        records = [record async for record in stream.records()]
        return sum(batch.num_rows for batch in batches), records

    assert asyncio.run(read()) == (3, [{"n": 7}, {"n": 8}, {"n": 9}])


def endless():
    for i in itertools.count():
        yield pa.record_batch({"n": [i]})


def test_endless_stream_until_the_loop_is_left():
    stream = Stream.from_batches(endless, schema=pa.schema([("n", pa.int64())]), bounded=False)
    got = []
    for record in stream.filter(col("n") % 2 == 0).records():
        got.append(record["n"])
        if len(got) == 50:
            break
    assert got == list(range(0, 100, 2))
    assert [row["n"] for row in stream.take(3)] == [0, 1, 2]
    assert stream.limit(4).count() == 4
    for end in ("collect", "to_pylist", "count"):
        with pytest.raises(InvalidJobError, match=f"Stream.{end}: the stream has no end"):
            getattr(stream, end)()


def test_leaving_the_loop_ends_every_thread():
    before = {thread.ident for thread in threading.enumerate()}
    stream = Stream.from_batches(endless, schema=pa.schema([("n", pa.int64())]), bounded=False)

    async def leave():
        iterator = aiter(stream)
        await anext(iterator)
        await iterator.aclose()

    asyncio.run(leave())
    iterator = iter(stream)
    next(iterator)
    iterator.close()
    after = [thread for thread in threading.enumerate() if thread.ident not in before]
    for thread in after:
        thread.join(30)
    assert [thread.name for thread in after if thread.is_alive()] == []


def test_other_tasks_run_beside_an_async_loop():
    async def main():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(tick())
        total = 0
        async for batch in numbers(1000).map(lambda b: b["n"] * 2, output_column="n"):
            total += sum(batch["n"].to_pylist())
        task.cancel()
        return total, ticks

    total, ticks = asyncio.run(main())
    assert total == 999_000
    assert ticks > 1


def test_foreach_and_take():
    seen = []
    result = numbers(5).foreach(lambda batch: seen.extend(batch["n"].to_pylist()))
    assert (seen, result["status"]) == ([0, 1, 2, 3, 4], "completed")
    assert numbers(5).take(2) == [{"n": 0}, {"n": 1}]
    assert numbers(5).take(0) == []
    assert numbers(2).take(9) == [{"n": 0}, {"n": 1}]


def test_take_of_updates_without_end():
    def batches():
        while True:
            yield pa.record_batch({"k": ["a", "b"], "n": [1, 1]})

    totals = Stream.from_batches(batches, bounded=False).group_by("k").aggregate(s=("n", "sum"))
    assert len(totals.take(5)) == 5
    assert totals.take(0) == []


def test_a_failure_reaches_whoever_reads():
    def fails(batch):
        if len(batch) and batch["n"][-1] >= 3:
            raise KeyError("lost")
        return batch

    stream = Stream.from_table({"n": range(5)}, batch_size=1).map(fails, schema={"n": "int64"})
    with pytest.raises(JobFailedError, match=r"operator 'map_1' \(map\).*lost"):
        list(stream)
    with pytest.raises(JobFailedError, match="lost"):
        stream.collect()

    async def read():
        return [batch async for batch in stream]

    with pytest.raises(JobFailedError, match="lost"):
        asyncio.run(read())


# --- wrong uses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda s: s.filter("n > 1"), r"Stream.filter: expected an expression"),
        (lambda s: s.filter(col("n") > 1, schema={}), r"Stream.filter: 'schema' does not go with"),
        (lambda s: s.map(), r"Stream.map: no columns"),
        (lambda s: s.map(5), r"Stream.map: expected a function of a batch, or expressions"),
        (lambda s: s.map(m=object()), r"Stream.map: column 'm': expected an expression"),
        (lambda s: s.flat_map(5), r"Stream.flat_map: expected a function of a batch"),
        (lambda s: s.select(), r"Stream.select: no columns"),
        (lambda s: s.select(5), r"Stream.select: expected names of columns, found 5"),
        (lambda s: s.group_by(), r"Stream.group_by: no columns"),
        (lambda s: s.group_by("n").aggregate(), r"Stream.group_by: no aggregations"),
        (lambda s: s.aggregate(m="sum"), r"Stream.aggregate: 'm': expected \(column, function\)"),
        (lambda s: s.sort(), r"Stream.sort: no columns"),
        (lambda s: s.limit(-1), r"Stream.limit: expected a number of rows, found -1"),
        (lambda s: s.top_n("n"), r"Stream.top_n: expected a number of rows, found 'n'"),
        (lambda s: s.reduce(0), r"Stream.reduce: expected a function"),
        (lambda s: s.join(s), r"Stream.join: no keys"),
        (lambda s: s.join(TABLE, "n"), r"Stream.join: expected a Stream, found"),
        (lambda s: s.join(s, ["n", "k"], "n"), r"Stream.join: 2 left keys and 1 right keys"),
        (lambda s: s.join(s, "n", on="n"), r"Stream.join: 'on' goes without"),
        (lambda s: s.union(5), r"Stream.union: expected a Stream, found 5"),
        (lambda s: s.parallel(-1), r"Stream.parallel: num_workers is -1"),
        (lambda s: s.parallel(1, 0), r"Stream.parallel: morsel_size_kb is 0"),
        (lambda s: s.named(""), r"Stream.named: expected a name"),
        (lambda s: s.apply(Doubled), r"Stream.apply: expected an object with process_batch"),
        (lambda s: s.named("a").filter(col("n") > 0).named("a").count(), "two steps are named 'a'"),
        (lambda s: s.filter(col("m") > 1).count(), r"operator 'filter_1' \(filter\).*'m'"),
        (lambda s: Stream.from_table(TABLE, 0), r"Stream.from_table: batch_size is 0"),
    ],
)
def test_wrong_uses_name_the_method(use, message):
    with pytest.raises(InvalidJobError, match=message):
        use(numbers())


def test_has_no_truth_value():
    with pytest.raises(TypeError, match="no truth value"):
        bool(numbers())
