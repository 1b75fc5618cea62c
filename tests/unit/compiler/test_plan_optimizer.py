# SPDX-License-Identifier: Apache-2.0
"""PlanOptimizer: the reference graph, statistics, the trace, and graphs as objects."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import (
    QUOTES_PASSING,
    enriched,
    line,
    node,
    ordered,
    quote_enrichment,
    quotes,
    rows,
    run,
    securities,
)
from sabot import BaseOperator, InvalidJobError, JobGraph, col
from sabot.compiler.optimizations.filter_pushdown import FilterPushdown
from sabot.compiler.optimizations.join_reordering import JoinReordering
from sabot.compiler.optimizations.operator_fusion import OperatorFusion
from sabot.compiler.optimizations.projection_pushdown import ProjectionPushdown
from sabot.compiler.plan_optimizer import OptimizationStats, PlanOptimizer

TABLE = pa.table({"k": [1, 2, 1, 3], "x": [1.0, 2.0, 3.0, 4.0], "t": ["a", "b", "c", "d"]})
FLAGS = [
    "filter_pushdown",
    "projection_pushdown",
    "join_reordering",
    "operator_fusion",
    "dead_code_elimination",
]


def only(name):
    return PlanOptimizer(**{f"enable_{flag}": flag == name for flag in FLAGS})


def names(graph):
    return sorted(one.name for one in graph.operators.values())


def named(graph, name):
    return next(one for one in graph.operators.values() if one.name == name)


def filtered():
    return line(
        {"data": TABLE},
        node("map", "twice", expressions={"y": col("x") * 2}),
        node("filter", "f", column="k", value=1, operator="=="),
    )


# --- the reference graph -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    path = str(tmp_path_factory.mktemp("topics"))
    for topic, table in (("market.quotes", quotes()), ("reference.securities", securities())):
        line({"data": table}, sink={"topic": topic, "data_dir": path}).run()
    return path


def reference_graph(data_dir):
    return quote_enrichment(
        {"topic": "market.quotes", "format": "arrow", "data_dir": data_dir},
        {"topic": "reference.securities", "format": "arrow", "data_dir": data_dir},
        {"topic": "enriched.quotes", "data_dir": data_dir},
    )


def test_reference_graph_over_topics(data_dir):
    graph = reference_graph(data_dir)
    optimizer = PlanOptimizer()
    optimized = optimizer.optimize(graph)
    stats = optimizer.get_stats()
    counts = (
        stats.filters_pushed,
        stats.projections_pushed,
        stats.joins_reordered,
        stats.operators_fused,
    )
    assert counts == (1, 1, 0, 0)
    assert stats.total_optimizations() == 2
    result = run(optimized, optimize=False)
    assert result["rows_out"] == QUOTES_PASSING
    assert result["rows_in"] == 11_000
    written = rows(line({"topic": "enriched.quotes", "data_dir": data_dir}))
    assert written.num_rows == QUOTES_PASSING
    assert ordered(written).equals(ordered(enriched().select(written.column_names)))


def test_reference_graph_says_what_it_did(data_dir):
    optimizer = PlanOptimizer()
    optimized = optimizer.optimize(reference_graph(data_dir))
    parts = [part["name"] for part in named(optimized, "load_quotes").parts]
    assert parts == ["load_quotes", "filter_high_value"]
    trace = optimizer.get_trace()
    assert all(
        set(step) == {"pass", "operator", "before", "after", "reason"} and all(step.values())
        for step in trace
    )
    first = trace[0]
    assert (first["pass"], first["operator"]) == ("filter_pushdown", "filter_high_value")
    assert first["after"] == "in the scan of 'load_quotes'"


# --- statistics and switches ---------------------------------------------------------------------


def test_statistics_are_zero_before_the_first_run():
    assert PlanOptimizer().get_stats() == OptimizationStats()
    assert PlanOptimizer().get_trace() == []


def test_statistics_belong_to_one_run():
    optimizer = PlanOptimizer()
    optimizer.optimize(filtered())
    once = optimizer.get_stats()
    assert once.filters_pushed == 1
    optimizer.optimize(filtered())
    assert optimizer.get_stats() == once
    optimizer.optimize(line({"data": TABLE}))
    assert optimizer.get_stats() == OptimizationStats()
    assert optimizer.get_trace() == []


def test_dead_code_is_counted_but_not_in_the_total():
    stats = OptimizationStats(1, 2, 3, 4, 5)
    assert stats.total_optimizations() == 10
    assert stats.dead_code_eliminated == 5


def test_every_pass_can_be_switched_off():
    optimizer = PlanOptimizer(*[False] * 5)
    optimized = optimizer.optimize(filtered())
    assert optimizer.get_stats() == OptimizationStats()
    assert names(optimized) == ["f", "out", "src", "twice"]
    assert repr(optimizer) == "PlanOptimizer(nothing)"


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        (FilterPushdown, "filter_pushdown"),
        (ProjectionPushdown, "projection_pushdown"),
        (JoinReordering, "join_reordering"),
        (OperatorFusion, "operator_fusion"),
    ],
)
def test_each_pass_is_an_optimizer_of_its_own(cls, name):
    optimizer = cls()
    assert optimizer.passes == only(name).passes
    graph = filtered()
    assert rows(optimizer.optimize(graph), optimize=False).equals(rows(graph, optimize=False))
    assert {step["pass"] for step in optimizer.get_trace()} <= {name}


def test_a_run_can_be_given_an_optimizer():
    optimizer = PlanOptimizer(enable_projection_pushdown=False)
    result = filtered().run(optimize=optimizer)
    assert optimizer.get_stats().filters_pushed == 1
    assert optimizer.get_stats().projections_pushed == 0
    assert result["outputs"]["out"]["y"].to_pylist() == [2.0, 6.0]


def test_the_time_is_the_optimizers_own():
    assert filtered().run(optimize=False)["optimization_time_ms"] == 0.0
    assert 0.0 < filtered().run()["optimization_time_ms"] < 50.0


# --- graphs as objects ---------------------------------------------------------------------------


def test_the_argument_is_untouched():
    graph = filtered()
    before = graph.to_dict()
    parameters = {key: dict(one.parameters) for key, one in graph.operators.items()}
    optimized = PlanOptimizer().optimize(graph)
    assert graph.to_dict() == before
    assert optimized is not graph
    for key, one in graph.operators.items():
        assert one.parameters == parameters[key]
        assert one is not optimized.operators.get(key)
        assert one.parts == []


def test_an_optimized_graph_is_a_graph():
    graph = filtered()
    optimized = PlanOptimizer().optimize(graph)
    assert optimized.validate()
    assert "filters: k == 1" in optimized.explain()
    assert rows(optimized).equals(rows(graph))
    assert rows(optimized, optimize=False).equals(rows(graph, optimize=False))
    again = PlanOptimizer()
    assert names(again.optimize(optimized)) == names(optimized)
    assert again.get_stats() == OptimizationStats()
    assert again.get_trace() == []


def test_an_optimized_graph_travels():
    optimized = PlanOptimizer().optimize(filtered())
    form = json.loads(json.dumps(optimized.to_dict()))
    copy = JobGraph.from_dict(form)
    assert copy.to_dict() == form
    assert named(copy, "src").parts == named(optimized, "src").parts != []
    assert rows(copy).equals(rows(filtered()))


def test_an_optimized_file_source_travels(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(TABLE, path)
    graph = line({"path": str(path)}, node("filter", "f", predicate=col("k") == 1))
    copy = JobGraph.from_dict(PlanOptimizer().optimize(graph).to_dict())
    assert named(copy, "src").parameters["path"] == str(path)
    assert rows(copy)["t"].to_pylist() == ["a", "c"]


def test_functions_classes_and_rows_come_along():
    class Tag(BaseOperator):
        def process_batch(self, batch):
            return batch.append_column("tag", pa.array(["t"] * len(batch), pa.string()))

    graph = line(
        {"data": TABLE},
        node("filter", "f", column="k", value=1, operator="=="),
        node("map", "m", lambda batch: batch["x"] * 10, output_column="z"),
        node("custom", "c", operator="Tag"),
    )
    graph.register_operator(Tag)
    optimizer = PlanOptimizer()
    optimized = optimizer.optimize(graph)
    assert optimizer.get_stats().filters_pushed == 1
    assert named(optimized, "m").function is named(graph, "m").function
    assert named(optimized, "src").parameters["data"] is TABLE
    assert rows(optimized)["z"].to_pylist() == [10.0, 30.0]
    assert rows(optimized)["tag"].to_pylist() == ["t", "t"]


def test_a_generator_is_read_once():
    begun = []

    def items():
        begun.append(1)
        yield {"k": 1, "x": 1.0}
        yield {"k": 2, "x": 2.0}

    graph = line({"data": items()}, node("filter", "f", column="k", value=1, operator="=="))
    optimizer = PlanOptimizer()
    for _ in range(2):
        optimized = optimizer.optimize(graph)
        optimized.explain()
        graph.explain(optimize=True)
    assert rows(optimized)["x"].to_pylist() == [1.0]
    assert begun == [1]
    with pytest.raises(InvalidJobError, match="was read before"):
        graph.run()


def test_a_generator_function_serves_both_graphs():
    def items():
        yield from ({"k": i, "x": i} for i in range(4))

    graph = line({"data": items}, node("filter", "f", column="k", value=1, operator=">"))
    optimized = PlanOptimizer().optimize(graph)
    assert rows(graph)["x"].to_pylist() == rows(optimized)["x"].to_pylist() == [2, 3]


def test_the_unoptimized_graph_reads_everything_afterwards():
    graph = line({"data": TABLE}, node("select", "s", columns=["t"]))
    PlanOptimizer().optimize(graph).run()
    graph.explain(optimize=True)
    result = run(graph, optimize=False)
    assert result["ledger"]["name"].to_pylist() == ["src", "s", "out"]
    assert result["outputs"]["out"]["t"].to_pylist() == TABLE["t"].to_pylist()


def test_a_wrong_graph_is_refused():
    graph = line({"data": TABLE}, node("filter", "f", column="zz", value=1))
    with pytest.raises(InvalidJobError, match="'zz'"):
        PlanOptimizer().optimize(graph)


# --- what people see -----------------------------------------------------------------------------


def test_metrics_and_ledger_name_what_runs_and_its_parts():
    result = run(filtered())
    ledger = {row["name"]: row for row in result["ledger"].to_pylist()}
    assert "f" not in ledger
    assert ledger["src"]["parts"] == ["src", "f"]
    assert ledger["twice"]["parts"] == []
    assert (ledger["src"]["rows_in"], ledger["src"]["rows_out"]) == (4, 2)
    parts = {op["name"]: op["parts"] for op in result["metrics"]["operators"]}
    assert parts == {"src": ["src", "f"], "twice": [], "out": []}


def test_the_log_has_the_operators_that_were_merged(caplog):
    graph = line(
        {"data": TABLE},
        node("filter", "f", column="k", value=1, operator="=="),
        node("select", "s", columns=["t"]),
    )
    with caplog.at_level("INFO", logger="sabot"):
        result = run(graph)
    assert len(result["metrics"]["operators"]) == 2
    assert [record.getMessage() for record in caplog.records] == [
        "[local] Executing source: src",
        "  → Loaded 4 rows",
        "[local] Executing filter: f",
        "  → Filtered: 4 → 2 rows (50.0% retained)",
        "[local] Executing select: s",
        "  → Selected 1 columns: t",
        "[local] Executing sink: out",
        "  → Written 2 rows to memory",
    ]


def test_explain_shows_both_plans_and_the_story():
    text = filtered().explain(optimize=True)
    assert text == filtered().explain(optimize=True).replace("\r", "")
    drawn, runs = text.index("As it was drawn:"), text.index("As it runs:")
    assert drawn < text.index("filter 'f'") < runs < text.index("filters: k == 1")
    assert "Optimizer: 1 rewrite (1 filter pushed):" in text
    assert "  1. filter_pushdown: 'f': behind 'twice' -> in the scan of 'src'" in text


def test_explain_of_what_cannot_be_better_shows_one_plan():
    text = line({"data": TABLE}).explain(optimize=True)
    assert "As it" not in text
    assert text.endswith("Optimizer: nothing to change\n")


def test_explain_names_the_passes_that_are_off():
    text = filtered().explain(optimize=PlanOptimizer(enable_filter_pushdown=False))
    assert "(switched off: filter_pushdown)" in text


def test_explain_as_json():
    plan = json.loads(filtered().explain("json", optimize=True))
    assert [op["name"] for op in plan["drawn"]["operators"]] == ["src", "twice", "f", "out"]
    assert [op["name"] for op in plan["optimized"]["operators"]] == ["src", "twice", "out"]
    assert plan["stats"]["filters_pushed"] == 1
    assert plan["passes"]["join_reordering"] is True
    assert plan["trace"][0]["operator"] == "f"


def test_explain_after_a_run_has_the_rows_that_came():
    graph = filtered()
    graph.run()
    runs = graph.explain(optimize=True).split("As it runs:")[1]
    assert "2 rows (~" in runs
    only_drawn = graph.explain(optimize=False)
    assert "filter 'f'" in only_drawn
    assert "estimated" not in only_drawn
