# SPDX-License-Identifier: Apache-2.0
"""The graph as an object: nodes, connections, order, checks."""

import pyarrow as pa
import pytest

from pipelines import line, node, quote_enrichment
from sabot import BaseOperator, InvalidJobError, JobGraph, OperatorType, StreamOperatorNode, col

ROWS = {"data": [{"n": 1, "s": "a"}]}


def test_node_is_named_after_its_type_and_id():
    one = StreamOperatorNode(OperatorType.HASH_JOIN, operator_id="12345678-9")
    assert one.name == "hash_join_12345678"
    assert StreamOperatorNode("filter", "mine").name == "mine"


def test_node_defaults():
    one = StreamOperatorNode()
    assert one.operator_type is OperatorType.MAP
    assert one.parameters == {}
    assert (one.max_parallelism, one.memory_mb, one.cpu_cores) == (128, 256, 0.5)
    assert one.parallelism is None
    assert one.function is None
    assert StreamOperatorNode().operator_id != one.operator_id


@pytest.mark.parametrize(
    ("one", "is_stateful"),
    [
        (node("aggregate"), True),
        (node("hash_join"), True),
        (node("tumbling_window"), True),
        (node("distinct"), True),
        (node("map"), False),
        (StreamOperatorNode("map", stateful=True), True),
        (StreamOperatorNode("hash_join", stateful=False), True),
        (StreamOperatorNode("map", key_by=["k"], stateful=False), True),
        (StreamOperatorNode("map", parameters={"key_by": ["k"]}), True),
    ],
)
def test_node_knows_whether_it_is_stateful(one, is_stateful):
    assert one.stateful is is_stateful


def test_key_by_takes_one_name():
    assert StreamOperatorNode("aggregate", key_by="k").key_by == ["k"]


def test_operator_types_are_lower_case():
    assert all(kind.value == kind.name.lower() for kind in OperatorType)


def test_first_connection_is_the_left_side():
    graph = quote_enrichment(ROWS, ROWS)
    join = next(n for n in graph.operators.values() if n.name == "enrich_quotes")
    names = [graph.operators[key].name for key in join.upstream_ids]
    assert names == ["filter_high_value", "select_security_columns"]
    assert [edge.port for edge in graph.edges if edge.downstream == join.operator_id] == [0, 1]


def test_connect_refuses_unknown_ids():
    graph = line(ROWS)
    with pytest.raises(ValueError, match="no operator 'nowhere'"):
        graph.connect("nowhere", next(iter(graph.operators)))


def test_add_operator_refuses_an_id_twice():
    graph = JobGraph()
    one = node("sink")
    graph.add_operator(one)
    with pytest.raises(InvalidJobError, match="is taken"):
        graph.add_operator(one)


def test_add_operator_refuses_other_things():
    with pytest.raises(TypeError, match="expected a StreamOperatorNode"):
        JobGraph().add_operator("filter")


def test_add_operator_wraps_an_operator_object():
    class Mine(BaseOperator):
        pass

    graph = JobGraph()
    one = graph.operators[graph.add_operator(Mine())]
    assert (one.operator_type, one.name) == (OperatorType.CUSTOM, "Mine")


def test_register_operator_refuses_classes_without_process_batch():
    with pytest.raises(TypeError, match="process_batch"):
        JobGraph().register_operator(int)


def test_sources_and_sinks():
    graph = quote_enrichment(ROWS, ROWS)
    assert [n.name for n in graph.get_sources()] == ["load_quotes", "load_securities"]
    assert [n.name for n in graph.get_sinks()] == ["output_enriched"]
    assert len(graph.operators) == 6


def test_topological_sort_puts_inputs_first_and_is_stable():
    graph = JobGraph()
    sink = graph.add_operator(node("sink", "sink"))
    middle = graph.add_operator(node("limit", "middle", count=1))
    source = graph.add_operator(node("source", "source", **ROWS))
    graph.connect(middle, sink)
    graph.connect(source, middle)
    assert [n.name for n in graph.topological_sort()] == ["source", "middle", "sink"]


def test_cycle_is_named():
    graph = line(ROWS, node("limit", "one", count=1), node("limit", "two", count=1))
    one, two = (n.operator_id for n in graph.operators.values() if n.name in ("one", "two"))
    graph.connect(two, one)
    with pytest.raises(InvalidJobError, match="'one' -> 'two' -> 'one'"):
        graph.validate()


def test_mode_is_checked():
    with pytest.raises(InvalidJobError, match="allowed: 'batch', 'streaming'"):
        JobGraph(mode="fast")


def test_explain_is_deterministic():
    graph = quote_enrichment(
        {"data": {"instrumentId": [1], "price": [1.0]}},
        {"data": {"ID": [1], "CUSIP": ["a"], "NAME": ["b"], "SECTOR": ["c"]}},
    )
    text = graph.explain()
    assert text == graph.explain()
    names = ("load_quotes", "filter_high_value", "enrich_quotes", "output_enriched")
    assert all(name in text for name in names)
    assert graph.explain("json").startswith("{")
    with pytest.raises(ValueError, match="allowed: 'text', 'json'"):
        graph.explain("xml")


def test_parameters_are_never_changed():
    parameters = {"predicate": col("n") > 0}
    data = {"data": [{"n": 1}]}
    graph = line(data, StreamOperatorNode("filter", "f", parameters))
    graph.run()
    assert list(parameters) == ["predicate"]
    assert list(graph.get_sources()[0].parameters) == ["data"]
    assert graph.get_sources()[0].parameters["data"] == [{"n": 1}]


def test_two_collecting_sinks_need_two_names():
    graph = line(ROWS)
    other = graph.add_operator(node("sink", "out"))
    graph.connect(graph.get_sources()[0].operator_id, other)
    with pytest.raises(InvalidJobError, match="another collecting sink"):
        graph.validate()


def test_validate_starts_a_generator_once():
    starts = []

    def numbers():
        starts.append(1)
        yield pa.record_batch({"n": [1, 2]})

    graph = line({"data": numbers})
    assert graph.validate() is True
    graph.explain()
    assert graph.run()["rows_out"] == 2
    assert len(starts) == 1


@pytest.mark.parametrize("parallelism", [1, 3])
def test_parallelism_is_the_number_of_workers(parallelism):
    assert line(ROWS).run(parallelism=parallelism)["metrics"]["worker_count"] == parallelism


@pytest.mark.parametrize("parallelism", [0, -1, "two"])
def test_parallelism_is_checked(parallelism):
    with pytest.raises(InvalidJobError, match="parallelism"):
        line(ROWS).run(parallelism=parallelism)


def test_graph_prints_what_it_is():
    assert repr(line(ROWS)) == "JobGraph('line', mode='batch', 2 operators, 1 edges)"
