// SPDX-License-Identifier: Apache-2.0
#include "plan/graphs.h"

#define COLUMNS "id: int64 not null, price: float64, name: utf8, at: timestamp[ms]"
#define TOTAL                                                                                      \
    "{'total': {'call': 'multiply', 'args': [{'col': 'price'}, {'col': 'id'}]}, 'name': {'call': " \
    "'upper', 'args': [{'col': 'name'}]}}"
#define FILTER                                                                                     \
    "{'operator_type': 'filter', 'operator_id': 'f', 'name': 'dear', 'parameters': {'column': "    \
    "'price', 'value': 10.0}}"
#define MAP                                                                                            \
    "{'operator_type': 'map', 'operator_id': 'm', 'name': 'sum', 'parameters': {'expressions': " TOTAL \
    "}}"
#define SELECT                                                                                     \
    "{'operator_type': 'select', 'operator_id': 's', 'name': 'two', 'parameters': {'columns': "    \
    "['total', 'at', 'id']}}"

static void derives_the_steps_one_behind_the_other(void **state)
{
    struct sb_graph *graph = graphs_chain(
        "fused", "'parameters': {'steps': [" FILTER ", " MAP ", " SELECT "]}", COLUMNS, NULL);
    const struct sb_fused_spec *spec = &sb_graph_node(graph, "n")->spec.fused;

    graphs_assert_schema(graph, "n", "total: float64, at: timestamp[ms], id: int64 not null");
    assert_int_equal(spec->step_count, 3);
    assert_string_equal(spec->steps[1]->name, "sum");
    assert_string_equal(spec->steps[1]->id, "m");
    assert_ptr_equal(spec->steps[2]->inputs[0], spec->steps[1]);
    assert_non_null(spec->pipeline);
    sb_graph_destroy(graph);
}

static void derives_again_when_the_source_is_told_other_columns(void **state)
{
    struct sb_graph *graph =
        graphs_chain("fused", "'parameters': {'steps': [" FILTER "]}", COLUMNS, NULL);

    graphs_declare(graph, "s", "price: float32");
    graphs_validate(graph, NULL);
    graphs_assert_schema(graph, "n", "price: float32");
    sb_graph_destroy(graph);
}

static void needs_no_names(void **state)
{
    struct sb_graph *graph = graphs_chain(
        "fused",
        "'parameters': {'steps': [{'operator_type': 'select', 'parameters': {'columns': ['id']}}]}",
        COLUMNS, NULL);

    assert_string_equal(sb_graph_node(graph, "n")->spec.fused.steps[0]->name, "select");
    sb_graph_destroy(graph);
}

static void refuses_wrong_steps(void **state)
{
    graphs_assert_chain_refused(
        "fused", "", COLUMNS, NULL, SB_INVALID,
        "operator 'n' (fused): parameter 'steps': is missing; allowed: a list");
    graphs_assert_chain_refused("fused", "'parameters': {'steps': []}", COLUMNS, NULL, SB_INVALID,
                                "operator 'n' (fused): parameter 'steps': is empty; name at least "
                                "one");
    graphs_assert_chain_refused("fused", "'parameters': {'steps': [" FILTER ", 7]}", COLUMNS, NULL,
                                SB_INVALID,
                                "operator 'n' (fused): parameter 'steps': item 1: is no object; "
                                "allowed: {\"operator_type\": ..., \"operator_id\": ..., \"name\": "
                                "..., \"parameters\": ...}");
    graphs_assert_chain_refused("fused", "'parameters': {'steps': [{'name': 'x'}]}", COLUMNS, NULL,
                                SB_INVALID,
                                "operator 'n' (fused): parameter 'steps': item 0: key "
                                "'operator_type': is missing; allowed: text");
    graphs_assert_chain_refused(
        "fused", "'parameters': {'steps': [{'operator_type': 'limit', 'name': 'x'}]}", COLUMNS,
        NULL, SB_INVALID,
        "operator 'n' (fused): parameter 'steps': item 0: an operator of type 'limit' can be no "
        "step; allowed: filter, map and select, without functions");
    graphs_assert_chain_refused(
        "fused",
        "'parameters': {'steps': [{'operator_type': 'map', 'function': {'kind': 'cloudpickle'}}]}",
        COLUMNS, NULL, SB_INVALID,
        "operator 'n' (fused): parameter 'steps': item 0: key 'function': is unknown; allowed: "
        "operator_type, operator_id, name, parameters");
    graphs_assert_chain_refused("fused", "'parameters': {'steps': [" FILTER ", " SELECT "]}",
                                COLUMNS, NULL, SB_INVALID,
                                "operator 'two' (select): parameter 'columns': there is no column "
                                "'total'; columns: id: int64, price: float64, name: utf8, at: "
                                "timestamp[ms]");
    graphs_assert_chain_refused(
        "fused",
        "'parameters': {'steps': [{'operator_type': 'filter', 'name': 'x', 'parameters': "
        "{'column': 'price', 'value': 1, 'operater': '<'}}]}",
        COLUMNS, NULL, SB_INVALID,
        "operator 'x' (filter): parameter 'operater': is unknown (did you mean 'operator'?); "
        "allowed: column, operator, value, predicate, columns, jit, on_error, lane, schema");
}

static void explains_the_steps(void **state)
{
    struct sb_graph *graph = graphs_chain(
        "fused", "'parameters': {'steps': [" FILTER ", " MAP ", " SELECT "]}", COLUMNS, NULL);
    struct sb_error err = {0};
    char *text;

    assert_int_equal(sb_graph_explain(graph, SB_EXPLAIN_TEXT, &text, &err), SB_OK);
    assert_non_null(strstr(text, "fused 'n'  steps: filter price > 10.0, map total = price * id, "
                                 "name = upper(name), select total, at, id  -> total, at, id\n"));
    sb_string_free(text);
    sb_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives_the_steps_one_behind_the_other),
        cmocka_unit_test(derives_again_when_the_source_is_told_other_columns),
        cmocka_unit_test(needs_no_names),
        cmocka_unit_test(refuses_wrong_steps),
        cmocka_unit_test(explains_the_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
