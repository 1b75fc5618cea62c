// SPDX-License-Identifier: Apache-2.0
#include "plan/graphs.h"

#define COLUMNS                                                                                    \
    "id: int64 not null, l: list<item: utf8>, f: fixed_size_list<x: int8 not null>[2], "           \
    "m: map<utf8, int64>"

static void elements_take_the_place_of_their_list(void **state)
{
    struct sb_graph *graph =
        graphs_chain("flat_map", "'parameters': {'column': 'l'}", COLUMNS, NULL);

    graphs_assert_schema(graph, "n",
                         "id: int64 not null, l: utf8, f: fixed_size_list<x: int8 not null>[2], "
                         "m: map<utf8, int64>");
    assert_int_equal(sb_graph_node(graph, "n")->spec.unnest.column, 1);
    assert_false(sb_graph_node(graph, "n")->spec.unnest.keeps_empty);
    sb_graph_destroy(graph);
    graph = graphs_chain("flat_map", "'parameters': {'column': 'm', 'output_column': 'entry'}",
                         COLUMNS, NULL);
    graphs_assert_schema(graph, "n",
                         "id: int64 not null, l: list<item: utf8>, f: fixed_size_list<x: int8 not "
                         "null>[2], entry: struct<key: utf8 not null, value: int64> not null");
    sb_graph_destroy(graph);
}

static void kept_rows_make_elements_nullable(void **state)
{
    struct sb_graph *graph =
        graphs_chain("flat_map", "'parameters': {'column': 'f'}", COLUMNS, NULL);

    graphs_assert_schema(graph, "n",
                         "id: int64 not null, l: list<item: utf8>, f: int8 not null, "
                         "m: map<utf8, int64>");
    sb_graph_destroy(graph);
    graph = graphs_chain("flat_map", "'parameters': {'column': 'f', 'keep_empty': true}", COLUMNS,
                         NULL);
    graphs_assert_schema(graph, "n",
                         "id: int64 not null, l: list<item: utf8>, f: int8, m: map<utf8, int64>");
    assert_true(sb_graph_node(graph, "n")->spec.unnest.keeps_empty);
    sb_graph_destroy(graph);
}

static void refuses_what_is_no_list(void **state)
{
    graphs_assert_chain_refused("flat_map", "'parameters': {'column': 'id'}", COLUMNS, NULL,
                                SB_INVALID,
                                "operator 'n' (flat_map): parameter 'column': 'id' is int64; "
                                "allowed: columns of type list, large_list, fixed_size_list, "
                                "list_view, large_list_view, map");
    graphs_assert_chain_refused("flat_map", "'parameters': {'column': 'tags'}",
                                "l: list<item: utf8>", NULL, SB_INVALID,
                                "operator 'n' (flat_map): parameter 'column': there is no column "
                                "'tags'; columns: l: list<item: utf8>");
    graphs_assert_chain_refused("flat_map", "'parameters': {'column': 'l', 'output_column': 'id'}",
                                "id: int64, l: list<item: utf8>", NULL, SB_INVALID,
                                "operator 'n' (flat_map): its rows would have two columns named "
                                "'id'; give 'output_column' another name");
    graphs_assert_chain_refused("flat_map", "'parameters': {'column': 'l', 'jit': 'off'}", COLUMNS,
                                NULL, SB_INVALID,
                                "operator 'n' (flat_map): parameter 'jit': is about a function, "
                                "and there is no function; allowed: column, keep_empty, "
                                "output_column");
}

static void only_wanted_columns_and_the_list_are_read(void **state)
{
    struct sb_graph *graph = graphs_create(
        "{'version': 1, 'operators': ["
        "{'operator_id': 's', 'operator_type': 'source', 'name': 's'},"
        "{'operator_id': 'n', 'operator_type': 'flat_map', 'name': 'n', 'parameters': "
        "{'column': 'l', 'output_column': 'x'}},"
        "{'operator_id': 'p', 'operator_type': 'select', 'name': 'p', 'parameters': "
        "{'columns': ['m']}},"
        "{'operator_id': 'o', 'operator_type': 'sink', 'name': 'o'}],"
        "'edges': [{'from': 's', 'to': 'n'}, {'from': 'n', 'to': 'p'}, {'from': 'p', 'to': 'o'}]}");

    graphs_declare(graph, "s", COLUMNS);
    graphs_validate(graph, NULL);
    graphs_assert_wanted(graph, "s", "l m ");
    sb_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_take_the_place_of_their_list),
        cmocka_unit_test(kept_rows_make_elements_nullable),
        cmocka_unit_test(refuses_what_is_no_list),
        cmocka_unit_test(only_wanted_columns_and_the_list_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
