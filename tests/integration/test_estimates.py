# SPDX-License-Identifier: Apache-2.0
"""Estimated rows, beside the rows that came: within a factor of two where values are even."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import line, node, quote_enrichment, quotes, rows, securities
from sabot import JobGraph
from sabot.execution.plan import Plan
from sabot.expressions import col

ORDERS, CUSTOMERS, PRODUCTS = 200_000, 10_000, 400


def tables():
    rng = np.random.default_rng(3)
    orders = pa.table(
        {
            "order": np.arange(ORDERS),
            "customer": rng.integers(0, CUSTOMERS, ORDERS),
            "product": [f"product {i:04d}" for i in rng.integers(0, PRODUCTS, ORDERS)],
            "day": pa.array(rng.integers(19_000, 19_365, ORDERS).astype("int32"), pa.date32()),
            "price": rng.random(ORDERS) * 1_000,
            "coupon": pa.array(rng.integers(0, 50, ORDERS), mask=rng.random(ORDERS) < 0.8),
        }
    )
    customers = pa.table(
        {
            "id": rng.permutation(CUSTOMERS),
            "country": [f"country {i}" for i in rng.integers(0, 30, CUSTOMERS)],
            "age": rng.integers(18, 98, CUSTOMERS).astype("int8"),
        }
    )
    products = pa.table(
        {
            "sku": [f"product {i:04d}" for i in range(PRODUCTS)],
            "group": rng.integers(0, 20, PRODUCTS),
        }
    )
    return {"orders": orders, "customers": customers, "products": products}


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Return the parameters of sources, in memory and of files."""
    folder = tmp_path_factory.mktemp("orders")
    found = {"memory": {}, "parquet": {}}
    for name, table in tables().items():
        found["memory"][name] = {"data": table}
        pq.write_table(table, folder / f"{name}.parquet", row_group_size=30_000)
        found["parquet"][name] = {"path": folder / f"{name}.parquet"}
    return found


def joined(sources, how="inner"):
    """Return orders > 800 of the first quarter, with customers over 57, with products, counted."""
    graph = JobGraph("orders")
    ids = {name: graph.add_operator(node("source", name, **one)) for name, one in sources.items()}
    dear = graph.add_operator(
        node("filter", "dear", predicate=(col("price") > 800) & (col("day") < "2022-04-02"))
    )
    old = graph.add_operator(node("filter", "old", column="age", operator=">", value=57))
    first = graph.add_operator(
        node("hash_join", "first", left_key="customer", right_key="id", how=how)
    )
    second = graph.add_operator(node("hash_join", "second", left_key="product", right_key="sku"))
    counted = graph.add_operator(
        node(
            "aggregate", "counted", key_by=["country", "group"], aggregations={"n": ("*", "count")}
        )
    )
    out = graph.add_operator(node("sink", "out"))
    for up, down in (
        (ids["orders"], dear),
        (dear, first),
        (ids["customers"], old),
        (old, first),
        (first, second),
        (ids["products"], second),
        (second, counted),
        (counted, out),
    ):
        graph.connect(up, down)
    return graph


def plan(graph):
    return {op["name"]: op for op in json.loads(graph.explain("json"))["operators"]}


def assert_near(graph, factor=2.0):
    graph.run(optimize=False)
    for name, op in plan(graph).items():
        low, high = sorted((max(1, op["estimated_rows"]), max(1, op["rows"])))
        assert high / low <= factor, (name, op["estimated_rows"], op["rows"])
        assert op["busy_ms"] >= 0


@pytest.mark.parametrize("place", ["memory", "parquet"])
def test_joins_and_groups_are_estimated_within_a_factor_of_two(sources, place):
    assert_near(joined(sources[place]))


@pytest.mark.parametrize("place", ["memory", "parquet"])
@pytest.mark.parametrize("how", ["left", "right", "outer"])
def test_outer_joins_are_estimated(sources, place, how):
    assert_near(joined(sources[place], how))


@pytest.mark.parametrize("place", ["memory", "parquet"])
@pytest.mark.parametrize("how", ["semi", "anti"])
def test_semi_joins_are_estimated(sources, place, how):
    graph = JobGraph("semi")
    orders = graph.add_operator(node("source", "orders", **sources[place]["orders"]))
    customers = graph.add_operator(node("source", "customers", **sources[place]["customers"]))
    old = graph.add_operator(node("filter", "old", column="age", operator=">", value=77))
    join = graph.add_operator(
        node("hash_join", "join", left_key="customer", right_key="id", how=how)
    )
    out = graph.add_operator(node("sink", "out"))
    for up, down in ((orders, join), (customers, old), (old, join), (join, out)):
        graph.connect(up, down)
    assert_near(graph, 1.2)


@pytest.mark.parametrize("place", ["memory", "parquet"])
@pytest.mark.parametrize(
    "predicate",
    [
        col("price") < 100,
        col("price").between(250, 500),
        (col("day") >= "2022-02-01") & (col("day") < "2022-03-01"),
        col("product") == "product 0077",
        col("product").is_in(["product 0001", "product 0002", "product 0399"]),
        col("product") < "product 0100",
        col("coupon").is_null(),
        col("coupon") < 25,
        ~(col("coupon") < 25),
        (col("price") < 100) | (col("price") > 950),
        (col("price") < 500) & (col("customer") < 1_000),
        col("customer") != 5,
        col("day").month() == 7,
    ],
    ids=str,
)
def test_conditions_are_estimated(sources, place, predicate):
    parameters = sources[place]["orders"]
    assert_near(line(parameters, node("filter", "f", predicate=predicate)), 1.5)


@pytest.mark.parametrize("place", ["memory", "parquet"])
@pytest.mark.parametrize(
    "keys", [["product"], ["day"], ["customer"], ["coupon"], ["day", "coupon"]]
)
def test_groups_are_estimated(sources, place, keys):
    graph = line(sources[place]["orders"], node("distinct", "d", columns=keys))
    assert_near(graph, 1.7)


def test_explain_shows_estimates_before_and_rows_after():
    graph = quote_enrichment({"data": quotes()}, {"data": securities()})
    before = graph.explain()
    assert "'load_quotes'  target: memory  ~1,000 rows  -> " in before
    assert "estimated" not in before
    assert graph.explain() == before
    graph.run(optimize=False)
    after = graph.explain()
    assert "  671 rows (~" in after
    assert "1,000 rows (~1,000 estimated)" in after
    assert graph.explain() == after


def test_explain_of_a_changed_graph_is_of_no_run():
    graph = line({"data": [{"n": i} for i in range(10)]}, node("limit", "l", count=3))
    graph.run()
    assert "'l'  count: 3  3 rows (~3 estimated)" in graph.explain()
    limit = next(one for one in graph.operators.values() if one.name == "l")
    limit.parameters["count"] = 4
    assert "'l'  count: 4  ~4 rows" in graph.explain()
    source = next(one for one in graph.operators.values() if one.name == "src")
    source.parameters["data"] = [{"n": 1}]
    assert "target: memory  ~1 row" in graph.explain()


def test_a_failed_run_leaves_the_plan():
    graph = line(
        {"data": [{"n": 0}]},
        node("map", "m", expressions={"x": (col("n") + 1) % col("n")}),
    )
    with pytest.raises(Exception, match="zero"):
        graph.run()
    assert "~1 row" in graph.explain()


def test_what_nobody_counts_has_no_estimate():
    def generated():
        yield {"n": 1}

    graph = line({"data": generated, "schema": {"n": "int64"}}, node("limit", "l", count=3))
    assert "rows" not in graph.explain()
    assert rows(graph).num_rows == 1
    assert "'src'  target: memory  1 row  -> n" in graph.explain()


def test_a_generator_of_the_engine_counts_itself():
    generator = {"rows": 5_000, "columns": [{"name": "n", "kind": "sequence"}]}
    graph = line({"generator": generator}, node("filter", "f", column="n", operator="<", value=50))
    assert "~5,000 rows" in graph.explain()
    assert "~50 rows" in graph.explain()


@pytest.mark.parametrize(
    ("metrics", "error", "message"),
    [
        (5, TypeError, "a list of dicts"),
        ([5], TypeError, "a list of dicts"),
        ([{}], KeyError, "operator_id"),
        ([{"operator_id": 5}], TypeError, "argument type"),
        ([{"operator_id": "x", "rows_in": 1}], KeyError, "rows_out"),
        ([{"operator_id": "x", "rows_in": "many"}], TypeError, "int"),
    ],
)
def test_metrics_of_another_shape_are_refused(metrics, error, message):
    generator = {"rows": 5, "columns": [{"name": "n", "kind": "sequence"}]}
    plan = Plan.build(line({"generator": generator}))
    with pytest.raises(error, match=message):
        plan.core.explain("text", metrics)
