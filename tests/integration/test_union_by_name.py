# SPDX-License-Identifier: Apache-2.0
"""UNION by name: columns of all inputs, null where one lacks them, in types that hold them all."""

import datetime as dt
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from nasty import nasty
from pipelines import node, run
from sabot import InvalidJobError, JobGraph, Stream, col

CUTS = [(workers, rows) for workers in (1, 2, 8) for rows in (1, 7, 1000, 65_536)]


def united(*tables, behind=(), mode="batch", cut=None):
    """Return a graph that unites tables by name, each behind a filter if asked for."""
    graph = JobGraph("union", mode=mode)
    union = graph.add_operator(node("union", "u", reconcile="by_name"))
    for i, table in enumerate(tables):
        data = table if cut is None else (lambda t=table: iter(t.to_batches(cut)))
        schema = {} if cut is None else {"schema": table.schema}
        last = graph.add_operator(node("source", f"s{i}", data=data, **schema))
        for j, one in enumerate(behind):
            step = graph.add_operator(node("filter", f"f{i}_{j}", predicate=one))
            graph.connect(last, step)
            last = step
        graph.connect(last, union)
    graph.connect(union, graph.add_operator(node("sink", "out")))
    return graph


def counted(table):
    """Return the rows as a multiset, NaN equal to NaN."""
    return sorted(repr(row) for row in table.to_pylist())


def duckdb_union(tables, where="true"):
    connection = duckdb.connect()
    for i, table in enumerate(tables):
        connection.register(f"t{i}", table)
    parts = [f"SELECT * FROM t{i} WHERE {where}" for i in range(len(tables))]
    return connection.sql(" UNION ALL BY NAME ".join(parts)).to_arrow_table()


def inputs(seed):
    a, b, c = nasty(seed, 400), nasty(seed + 10, 300), nasty(seed + 20, 0)
    b = b.select(["w", "small", "id"]).set_column(1, "small", b["small"].cast(pa.int32()))
    b = b.append_column("extra", pa.array([dt.date(2020, 1, 1)] * 300))
    return [a, b, c.select(["x", "id"])]


@pytest.mark.parametrize("seed", range(2))
def test_like_duckdb(seed):
    tables = inputs(seed)
    expected = duckdb_union(tables)
    for workers, batch_rows in CUTS:
        result = run(united(*tables), worker_count=workers, morsel_rows_max=batch_rows)
        found = result["outputs"]["out"]
        assert found.schema.names == expected.schema.names
        assert found.schema.types == expected.schema.types
        assert counted(found) == counted(expected)


@pytest.mark.parametrize("cut", [1, 7, 1000])
def test_streams_behind_filters(cut):
    tables = [
        table.select([n for n in ("small", "w", "id") if n in table.column_names])
        for table in inputs(3)
    ]
    expected = duckdb_union(tables, "id % 3 <> 0")
    graph = united(*tables, behind=[col("id") % 3 != 0], mode="streaming", cut=cut)
    found = run(graph, worker_count=2)["outputs"]["out"]
    assert counted(found) == counted(expected)


D = Decimal
TYPES = [
    (pa.array([1], pa.int64()), pa.array([2**64 - 1], pa.uint64()), pa.decimal128(20)),
    (pa.array([-1], pa.int8()), pa.array([255], pa.uint8()), pa.int16()),
    (pa.array([3], pa.int32()), pa.array([1.5], pa.float32()), pa.float64()),
    (pa.array([1.5], pa.float16()), pa.array([2.5], pa.float32()), pa.float32()),
    (pa.array([D("1.5")]), pa.array([D("12.25")], pa.decimal64(9, 2)), pa.decimal128(9, 2)),
    (pa.array([D("1.5")]), pa.array([7], pa.int8()), pa.decimal128(4, 1)),
    (pa.array([D("1.5")]), pa.array([2.5]), pa.float64()),
    (pa.array(["ä" * 20], pa.string_view()), pa.array(["b"]), pa.string_view()),
    (pa.array(["a"]), pa.array(["b"], pa.large_string()), pa.string()),
    (pa.array(["a", None]).dictionary_encode(), pa.array(["b"]), pa.string()),
    (pa.array(["a"]), pa.array(["b"]).dictionary_encode(), pa.string()),
    (pa.array([None]), pa.array([[1, None]]), pa.list_(pa.int64())),
    (pa.array([b"abc"], pa.binary(3)), pa.array([b"z"]), pa.binary()),
    (pa.array([dt.date(2020, 1, 1)]), pa.array([dt.datetime(2020, 1, 1, 2)]), pa.timestamp("us")),
]


@pytest.mark.parametrize("types", TYPES, ids=lambda types: f"{types[0].type}, {types[1].type}")
def test_types_meet(types):
    first, second, expected = types
    tables = [pa.table({"x": first}), pa.table({"x": second})]
    found = run(united(*tables), worker_count=1)["outputs"]["out"]
    assert found.schema.field("x").type == expected
    given = [*first.to_pylist(), *second.to_pylist()]
    if pa.types.is_floating(expected):
        given = [float(value) for value in given]
    if pa.types.is_timestamp(expected):
        given[0] = dt.datetime(2020, 1, 1)
    assert sorted(map(str, found["x"].cast(expected).to_pylist())) == sorted(
        str(pa.scalar(v, expected).as_py()) for v in given
    )


def test_types_that_do_not_meet_are_refused():
    graph = united(pa.table({"x": [1]}), pa.table({"y": [1]}), pa.table({"x": ["a"]}))
    message = r"column 'x' is int64 in input 0 and utf8 in input 2, which no type unites"
    with pytest.raises(InvalidJobError, match=message):
        run(graph)
    with pytest.raises(InvalidJobError, match=r"'by_nme' is unknown .* strict, by_name"):
        Stream.from_table({"a": [1]}).union(
            Stream.from_table({"a": [1]}), reconcile="by_nme"
        ).to_pylist()


def test_stream_union():
    left, right = Stream.from_table({"a": [1], "b": ["x"]}), Stream.from_table({"c": [2.5]})
    found = left.union(right, reconcile="by_name").to_pylist()
    expected = [{"a": 1, "b": "x", "c": None}, {"a": None, "b": None, "c": 2.5}]
    assert sorted(found, key=str) == sorted(expected, key=str)
