// SPDX-License-Identifier: Apache-2.0
#include "plan/graphs.h"

#define COLUMNS "a: int64, b: float64, c: utf8, d: int8"

/* source src -> node n -> aggregate -> sink: the sink needs the sum of `wanted` alone. */
static void assert_chain_requires(const char *type, const char *parameters, const char *wanted,
                                  const char *expected)
{
    char text[2048];
    struct sb_graph *graph;

    snprintf(text, sizeof text,
             "{'version': 1, 'job_id': 'j', 'job_name': 'n', 'operators': ["
             "{'operator_id': 'src', 'operator_type': 'source', 'name': 'src', 'parameters': "
             "{'data': {'kind': 'bound'}}},"
             "{'operator_id': 'n', 'operator_type': '%s', 'name': 'n', 'parameters': {%s}},"
             "{'operator_id': 'g', 'operator_type': 'aggregate', 'name': 'g', 'parameters': "
             "{'aggregations': {'x': ['%s', 'count']}}},"
             "{'operator_id': 'out', 'operator_type': 'sink', 'name': 'out', 'parameters': {}}],"
             "'edges': [{'from': 'src', 'to': 'n', 'port': 0}, {'from': 'n', 'to': 'g', 'port': 0},"
             "{'from': 'g', 'to': 'out', 'port': 0}]}",
             type, parameters, wanted);
    graph = graphs_create(text);
    graphs_declare(graph, "src", COLUMNS);
    graphs_validate(graph, NULL);
    graphs_assert_wanted(graph, "src", expected);
    sb_graph_destroy(graph);
}

static void follows_columns_through_each_operator(void **state)
{
    assert_chain_requires("filter", "'column': 'b', 'value': 1.5", "a", "a b ");
    assert_chain_requires("filter", "'column': 'b', 'value': 1.5", "b", "b ");
    assert_chain_requires("limit", "'count': 5", "c", "c ");
    // a column that only passes; one that a condition reads; one that a MAP makes from another
    assert_chain_requires("fused",
                          "'steps': [{'operator_type': 'filter', 'parameters': {'column': 'b', "
                          "'value': 1.5}}, {'operator_type': 'map', 'parameters': {'expressions': "
                          "{'x': {'call': 'add', 'args': [{'col': 'd'}, {'lit': 1}]}}}}]",
                          "a", "a b d ");
    // a SELECT among the steps names its columns, wanted or not
    assert_chain_requires("fused",
                          "'steps': [{'operator_type': 'select', 'parameters': {'columns': ['c', "
                          "'d']}}, {'operator_type': 'filter', 'parameters': {'column': 'd', "
                          "'value': 1}}]",
                          "d", "c d ");
    assert_chain_requires("select", "'columns': ['d', 'a']", "a", "a ");
    assert_chain_requires(
        "map", "'expressions': {'a': {'call': 'add', 'args': [{'col': 'd'}, {'lit': 1}]}}", "a",
        "d ");
    assert_chain_requires(
        "map", "'expressions': {'a': {'call': 'add', 'args': [{'col': 'd'}, {'lit': 1}]}}", "c",
        "c d ");
    assert_chain_requires("aggregate", "'key_by': ['c'], 'aggregations': {'s': ['b', 'sum']}", "c",
                          "b c ");
}

static void assert_deciding(const struct sb_graph *graph, const char *id, const char *expected)
{
    const struct sb_schema *schema = sb_graph_node(graph, id)->delivered;
    bool deciding[16];
    char found[256] = "";
    struct sb_error err = {0};

    if (sb_graph_deciding_columns(graph, id, deciding, schema->field_count, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    for (int32_t i = 0; i < schema->field_count; i++) {
        if (deciding[i]) {
            strcat(found, schema->fields[i].name);
            strcat(found, " ");
        }
    }
    assert_string_equal(found, expected);
}

static void conditions_and_keys_decide_how_many_rows_there_are(void **state)
{
    struct sb_graph *graph =
        graphs_chain("filter", "'parameters': {'column': 'b', 'value': 1.5}", COLUMNS, NULL);

    assert_deciding(graph, "s", "b ");
    sb_graph_destroy(graph);
    graph = graphs_chain("aggregate",
                         "'parameters': {'key_by': ['c'], 'aggregations': {'s': ['b', 'sum']}}",
                         COLUMNS, NULL);
    assert_deciding(graph, "s", "c ");
    sb_graph_destroy(graph);
    graph = graphs_chain("distinct", "'parameters': {'columns': ['d', 'a']}", COLUMNS, NULL);
    assert_deciding(graph, "s", "a d ");
    sb_graph_destroy(graph);
    graph = graphs_chain("limit", "'parameters': {'count': 1}", COLUMNS, NULL);
    assert_deciding(graph, "s", "");
    sb_graph_destroy(graph);
    graph = graphs_chain("map", "'function': {'kind': 'bound'}", COLUMNS, "x: int64");
    assert_deciding(graph, "s", "");
    sb_graph_destroy(graph);
}

static void keeps_one_column_to_count_rows(void **state)
{
    assert_chain_requires("limit", "'count': 5", "*", "d ");
}

static void a_sink_needs_all_it_gets(void **state)
{
    struct sb_graph *graph = graphs_chain("limit", "'parameters': {'count': 1}", COLUMNS, NULL);

    graphs_assert_wanted(graph, "s", "a b c d ");
    sb_graph_destroy(graph);
}

static void a_function_needs_everything(void **state)
{
    struct sb_graph *graph =
        graphs_chain("map", "'function': {'kind': 'bound'}", COLUMNS, "x: int64");

    graphs_assert_wanted(graph, "s", "a b c d ");
    sb_graph_destroy(graph);
}

/* left and right -> join -> select -> sink. */
static struct sb_graph *join_create(const char *columns)
{
    char text[2048];
    struct sb_graph *graph;

    snprintf(text, sizeof text,
             "{'version': 1, 'job_id': 'j', 'job_name': 'n', 'operators': ["
             "{'operator_id': 'l', 'operator_type': 'source', 'name': 'l', 'parameters': "
             "{'data': {'kind': 'bound'}, 'timestamp_column': 't'}},"
             "{'operator_id': 'r', 'operator_type': 'source', 'name': 'r', 'parameters': "
             "{'data': {'kind': 'bound'}}},"
             "{'operator_id': 'j', 'operator_type': 'hash_join', 'name': 'j', 'parameters': "
             "{'left_key': 'k', 'right_key': 'id'}},"
             "{'operator_id': 's', 'operator_type': 'select', 'name': 's', 'parameters': "
             "{'columns': [%s]}},"
             "{'operator_id': 'out', 'operator_type': 'sink', 'name': 'out', 'parameters': {}}],"
             "'edges': [{'from': 'l', 'to': 'j', 'port': 0}, {'from': 'r', 'to': 'j', 'port': 1},"
             "{'from': 'j', 'to': 's', 'port': 0}, {'from': 's', 'to': 'out', 'port': 0}]}",
             columns);
    graph = graphs_create(text);
    graphs_declare(graph, "l", "k: int64, x: int64, y: int64, t: timestamp[ms]");
    graphs_declare(graph, "r", "id: int64, x: int64, z: int64");
    graphs_validate(graph, NULL);
    return graph;
}

static void a_join_needs_its_keys_and_what_keeps_its_names(void **state)
{
    struct sb_graph *graph = join_create("'z'");

    graphs_assert_wanted(graph, "l", "k ");
    graphs_assert_wanted(graph, "r", "id z ");
    sb_graph_destroy(graph);

    graph = join_create("'x_right'"); // without the left x it would be called x
    graphs_assert_wanted(graph, "l", "k x ");
    graphs_assert_wanted(graph, "r", "id x ");
    graphs_declare(graph, "l", "k: int64, x: int64, t: timestamp[ms]");
    graphs_declare(graph, "r", "id: int64, x: int64");
    graphs_validate(graph, NULL);
    graphs_assert_schema(graph, "out", "x_right: int64");
    sb_graph_destroy(graph);
}

static void refuses_what_is_no_source(void **state)
{
    struct sb_graph *graph = join_create("'z'");
    struct sb_error err = {0};
    bool required[4];

    assert_int_equal(sb_graph_deciding_columns(graph, "j", required, 4, &err), SB_INVALID);
    assert_int_equal(sb_graph_deciding_columns(graph, "l", required, 3, &err), SB_INVALID);
    assert_string_equal(err.message, "'l' is no source of a validated graph with 3 columns");
    sb_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_columns_through_each_operator),
        cmocka_unit_test(conditions_and_keys_decide_how_many_rows_there_are),
        cmocka_unit_test(keeps_one_column_to_count_rows),
        cmocka_unit_test(a_sink_needs_all_it_gets),
        cmocka_unit_test(a_function_needs_everything),
        cmocka_unit_test(a_join_needs_its_keys_and_what_keeps_its_names),
        cmocka_unit_test(refuses_what_is_no_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
