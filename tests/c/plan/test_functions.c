// SPDX-License-Identifier: Apache-2.0
/*
 * test_functions.c - operators whose function the engine cannot see into.
 */
#include "plan/graphs.h"

#define COLUMNS "id: int64 not null, price: float64, name: utf8"
#define FUNCTION "'function': {'kind': 'cloudpickle', 'data': ''}"

static void a_map_function_gives_the_resolved_columns(void **state)
{
    struct sb_graph *graph =
        graphs_chain("map", FUNCTION ", 'parameters': {'columns': ['id'], 'output_column': 'x'}",
                     COLUMNS, "x: float32, y: timestamp[ns, Europe/Berlin] not null");

    assert_true(sb_graph_node(graph, "n")->has_function);
    assert_true(sb_graph_node(graph, "n")->spec.map.is_function);
    graphs_assert_schema(graph, "n", "x: float32, y: timestamp[ns, Europe/Berlin] not null");
    graphs_assert_schema(graph, "out", "x: float32, y: timestamp[ns, Europe/Berlin] not null");
    sb_graph_destroy(graph);
}

static void a_filter_function_keeps_the_columns(void **state)
{
    struct sb_graph *graph = graphs_chain("filter", FUNCTION ", 'parameters': {'columns': ['id']}",
                                          COLUMNS, "mask: bool");

    assert_null(sb_graph_node(graph, "n")->spec.filter.predicate);
    assert_null(sb_graph_node(graph, "n")->spec.filter.bound);
    graphs_assert_schema(graph, "n", COLUMNS);
    sb_graph_destroy(graph);
}

static void a_custom_operator_takes_any_parameters(void **state)
{
    struct sb_graph *graph = graphs_chain(
        "custom", "'parameters': {'operator': 'my.Thing', 'anything': [{}]}", COLUMNS, "x: int64");

    graphs_assert_schema(graph, "n", "x: int64");
    sb_graph_destroy(graph);
    sb_graph_destroy(graphs_chain("custom", FUNCTION, COLUMNS, "x: int64"));
}

static void a_reduce_gives_the_resolved_columns(void **state)
{
    struct sb_graph *graph =
        graphs_chain("reduce", FUNCTION ", 'parameters': {'initial': [1, {}], 'emit': 'update'}",
                     COLUMNS, "total: int64, n: float64");

    graphs_assert_schema(graph, "n", "total: int64, n: float64");
    sb_graph_destroy(graph);
    graphs_assert_chain_refused("reduce", "", COLUMNS, "x: int64", SB_INVALID,
                                "operator 'n' (reduce): has no function; it takes one of two "
                                "arguments, the value so far and a batch, that returns the new "
                                "value");
    graphs_assert_chain_refused("reduce", FUNCTION, COLUMNS, "a: int8, a: int8", SB_INVALID,
                                "operator 'n' (reduce): its rows would have two columns named 'a'; "
                                "the function must name one differently");
}

static void a_flat_map_function_gives_the_resolved_columns(void **state)
{
    struct sb_graph *graph = graphs_chain("flat_map", FUNCTION, COLUMNS, "word: utf8");

    graphs_assert_schema(graph, "n", "word: utf8");
    sb_graph_destroy(graph);
    graphs_assert_chain_refused("flat_map", "", COLUMNS, "x: int64", SB_INVALID,
                                "operator 'n' (flat_map): parameter 'column': is missing; allowed: "
                                "the name of a list column, or a function of a batch that returns "
                                "any number of rows");
    graphs_assert_chain_refused("flat_map", FUNCTION ", 'parameters': {'keep_empty': true}",
                                COLUMNS, "x: int64", SB_INVALID,
                                "operator 'n' (flat_map): parameter 'keep_empty': does not go with "
                                "a function; allowed: schema, jit");
}

static void refuses_what_the_resolver_gives(void **state)
{
    graphs_assert_chain_refused("map", FUNCTION, COLUMNS, NULL, SB_INVALID,
                                "operator 'n' (map): runs a function, and nobody tells its output "
                                "columns; pass a schema resolver to sb_graph_validate()");
    graphs_assert_chain_refused("custom", "", COLUMNS, "", SB_INVALID,
                                "operator 'n' (custom): the schema resolver gave no schema for its "
                                "function");
    graphs_assert_chain_refused("custom", "", COLUMNS, "!division by zero", SB_FAILED,
                                "operator 'n' (custom): division by zero");
    graphs_assert_chain_refused("custom", "", COLUMNS, "!", SB_FAILED,
                                "operator 'n' (custom): the schema of its function is not known");
    graphs_assert_chain_refused("map", FUNCTION, COLUMNS, "a: int8, a: int8", SB_INVALID,
                                "operator 'n' (map): its rows would have two columns named 'a'; "
                                "its function must name one differently");
    graphs_assert_chain_refused("custom", FUNCTION, COLUMNS, "a: int8, a: int8", SB_INVALID,
                                "operator 'n' (custom): its rows would have two columns named 'a'; "
                                "the operator must name one differently");
    graphs_assert_chain_refused("filter", FUNCTION, COLUMNS, "a: int8", SB_INVALID,
                                "operator 'n' (filter): its function gives (a: int8); allowed: one "
                                "column of bool");
    graphs_assert_chain_refused("filter", FUNCTION, COLUMNS, "a: bool, b: bool", SB_INVALID,
                                "operator 'n' (filter): its function gives (a: bool, b: bool); "
                                "allowed: one column of bool");
}

// Ignores its arguments and gives a schema with a type that this version lacks.
static enum sb_status resolve_union(void *context, const char *id, const struct ArrowSchema *input,
                                    struct ArrowSchema *output, struct sb_error *err)
{
    graphs_schema_export("a: int8", output);
    output->children[0]->format = "+us:0";
    return SB_OK;
}

static void refuses_types_the_engine_lacks(void **state)
{
    char text[2048];
    struct sb_error err = {0};
    struct sb_graph *graph;

    graphs_chain_text(text, sizeof text, "custom", "'parameters': {}");
    graph = graphs_create(text);
    graphs_declare(graph, "s", COLUMNS);
    assert_int_equal(graphs_try_validate(graph, resolve_union, NULL, &err), SB_UNSUPPORTED);
    assert_ptr_equal(strstr(err.message, "operator 'n' (custom): "), err.message);
    assert_int_equal(sb_graph_validate(graph, resolve_union, NULL, NULL), SB_UNSUPPORTED);
    sb_graph_destroy(graph);
}

static void refuses_parameters_that_do_not_go_with_functions(void **state)
{
    graphs_assert_chain_refused("map", FUNCTION ", 'parameters': {'expressions': {}}", COLUMNS, "",
                                SB_INVALID,
                                "operator 'n' (map): parameter 'expressions': does not go with a "
                                "function; allowed: output_column, columns");
    graphs_assert_chain_refused("map", FUNCTION ", 'parameters': {'keep': true}", COLUMNS, "",
                                SB_INVALID,
                                "operator 'n' (map): parameter 'keep': does not go with a "
                                "function; allowed: output_column, columns");
    graphs_assert_chain_refused("map", "'parameters': {'output_column': 'x'}", COLUMNS, "",
                                SB_INVALID,
                                "operator 'n' (map): parameter 'output_column': is about a "
                                "function, and there is no function; allowed: expressions, keep");
    graphs_assert_chain_refused("map", "", COLUMNS, "", SB_INVALID,
                                "operator 'n' (map): parameter 'expressions': is missing or empty; "
                                "allowed: an object of column name and expression, or a function");
    graphs_assert_chain_refused("map", FUNCTION ", 'parameters': {'columns': ['x']}", COLUMNS, "",
                                SB_INVALID,
                                "operator 'n' (map): parameter 'columns': there is no column 'x'; "
                                "columns: id: int64, price: float64, name: utf8");
    graphs_assert_chain_refused("filter", FUNCTION ", 'parameters': {'value': 1}", COLUMNS, "",
                                SB_INVALID,
                                "operator 'n' (filter): parameter 'value': does not go with a "
                                "function; allowed: column with value and operator, or predicate, "
                                "or a function");
    graphs_assert_chain_refused("filter", FUNCTION ", 'parameters': {'predicate': {}}", COLUMNS, "",
                                SB_INVALID,
                                "operator 'n' (filter): parameter 'predicate': does not go with a "
                                "function; allowed: column with value and operator, or predicate, "
                                "or a function");
    graphs_assert_chain_refused("filter", FUNCTION ", 'parameters': {'columns': ['Name']}", COLUMNS,
                                "", SB_INVALID,
                                "operator 'n' (filter): parameter 'columns': there is no column "
                                "'Name' (did you mean 'name'?); columns: id: int64, price: "
                                "float64, name: utf8");
    graphs_assert_chain_refused("filter", "'parameters': {'columns': ['id']}", COLUMNS, "",
                                SB_INVALID,
                                "operator 'n' (filter): parameter 'columns': names what a function "
                                "reads, and there is no function");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_function_gives_the_resolved_columns),
        cmocka_unit_test(a_filter_function_keeps_the_columns),
        cmocka_unit_test(a_reduce_gives_the_resolved_columns),
        cmocka_unit_test(a_flat_map_function_gives_the_resolved_columns),
        cmocka_unit_test(a_custom_operator_takes_any_parameters),
        cmocka_unit_test(refuses_what_the_resolver_gives),
        cmocka_unit_test(refuses_types_the_engine_lacks),
        cmocka_unit_test(refuses_parameters_that_do_not_go_with_functions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
