// SPDX-License-Identifier: Apache-2.0
#include "plan/graphs.h"

#define COLUMNS "id: int64 not null, price: float64, name: utf8, flag: bool"
#define PRICE_TWICE "{'call': 'multiply', 'args': [{'col': 'price'}, {'lit': 2.0}]}"
#define ID_NEXT "{'call': 'add', 'args': [{'col': 'id'}, {'lit': 1}]}"

static void filters_by_a_comparison(void **state)
{
    struct sb_graph *graph =
        graphs_chain("filter", "'parameters': {'column': 'price', 'value': 100.0}", COLUMNS, NULL);
    const struct sb_filter_spec *spec = &sb_graph_node(graph, "n")->spec.filter;

    assert_non_null(spec->predicate);
    assert_int_equal(sb_bound_expr_type(spec->bound)->id, SB_TYPE_BOOL);
    graphs_assert_schema(graph, "n", COLUMNS);
    sb_graph_destroy(graph);
    sb_graph_destroy(
        graphs_chain("filter", "'parameters': {'column': 'name', 'operator': '==', 'value': 'x'}",
                     COLUMNS, NULL));
    sb_graph_destroy(
        graphs_chain("filter", "'parameters': {'column': 'flag', 'operator': '!=', 'value': false}",
                     COLUMNS, NULL));
}

static void filters_by_an_expression(void **state)
{
    struct sb_graph *graph = graphs_chain(
        "filter",
        "'parameters': {'predicate': {'call': 'and', 'args': [{'col': 'flag'}, {'call': 'greater', "
        "'args': [" PRICE_TWICE ", {'col': 'id'}]}]}}",
        COLUMNS, NULL);

    assert_non_null(sb_graph_node(graph, "n")->spec.filter.bound);
    graphs_assert_schema(graph, "n", COLUMNS);
    sb_graph_destroy(graph);
}

static void refuses_wrong_filters(void **state)
{
    graphs_assert_chain_refused("filter", "", COLUMNS, NULL, SB_INVALID,
                                "operator 'n' (filter): parameter 'column': is missing; allowed: "
                                "column with value and operator, or predicate, or a function");
    graphs_assert_chain_refused("filter", "'parameters': {'column': 'price'}", COLUMNS, NULL,
                                SB_INVALID,
                                "operator 'n' (filter): parameter 'value': is missing or null, and "
                                "no row compares with null; allowed: a constant, or a predicate "
                                "with is_null");
    graphs_assert_chain_refused("filter",
                                "'parameters': {'column': 'price', 'value': 1, 'predicate': {}}",
                                COLUMNS, NULL, SB_INVALID,
                                "operator 'n' (filter): parameter 'column': does not go with "
                                "'predicate'; allowed: column with value and operator, or "
                                "predicate, or a function");
    graphs_assert_chain_refused("filter",
                                "'parameters': {'column': 'price', 'value': 1, 'operator': '='}",
                                COLUMNS, NULL, SB_INVALID,
                                "operator 'n' (filter): parameter 'operator': '=' is unknown (did "
                                "you mean '=='?); allowed: ==, !=, >, >=, <, <=");
    graphs_assert_chain_refused("filter",
                                "'parameters': {'column': 'price', 'value': 1, 'operator': '=>'}",
                                COLUMNS, NULL, SB_INVALID,
                                "operator 'n' (filter): parameter 'operator': '=>' is unknown (did "
                                "you mean '>='?); allowed: ==, !=, >, >=, <, <=");
    graphs_assert_chain_refused("filter", "'parameters': {'column': 'pric', 'value': 1}", COLUMNS,
                                NULL, SB_INVALID,
                                "operator 'n' (filter): parameter 'column': there is no column "
                                "'pric' (did you mean 'price'?); columns: id: int64, price: "
                                "float64, name: utf8, flag: bool");
    graphs_assert_chain_refused("filter", "'parameters': {'predicate': " PRICE_TWICE "}", COLUMNS,
                                NULL, SB_INVALID,
                                "operator 'n' (filter): parameter 'predicate': gives float64; "
                                "allowed: an expression that gives bool");
}

// The rest of the message is the expression's own.
static void assert_refused_with(const char *type, const char *rest, const char *beginning)
{
    char text[4096];
    struct sb_error err = {0};
    struct sb_graph *graph;

    graphs_chain_text(text, sizeof text, type, rest);
    graph = graphs_create(text);
    graphs_declare(graph, "s", COLUMNS);
    assert_int_equal(graphs_try_validate(graph, NULL, NULL, &err), SB_INVALID);
    if (strncmp(err.message, beginning, strlen(beginning)) != 0) {
        fail_msg("%s does not begin with %s", err.message, beginning);
    }
    sb_graph_destroy(graph);
}

static void says_where_an_expression_is_wrong(void **state)
{
    assert_refused_with("filter", "'parameters': {'predicate': {'col': 'pric'}}",
                        "operator 'n' (filter): parameter 'predicate': ");
    assert_refused_with("filter", "'parameters': {'predicate': {'cool': 'x'}}",
                        "operator 'n' (filter): parameter 'predicate': ");
    assert_refused_with("filter", "'parameters': {'column': 'price', 'value': 'x'}",
                        "operator 'n' (filter): parameter 'value': ");
    assert_refused_with("filter", "'parameters': {'column': 'price', 'value': [1]}",
                        "operator 'n' (filter): parameter 'value': ");
    assert_refused_with("map",
                        "'parameters': {'expressions': {'a': " ID_NEXT ", 'b': {'col': 'x'}}}",
                        "operator 'n' (map): parameter 'expressions': column 'b': ");
    assert_refused_with("map", "'parameters': {'expressions': {'a': 7}}",
                        "operator 'n' (map): parameter 'expressions': column 'a': ");
}

static void maps_replace_and_append_columns(void **state)
{
    struct sb_graph *graph = graphs_chain("map",
                                          "'parameters': {'expressions': {'twice': " PRICE_TWICE
                                          ", 'price': " ID_NEXT ", 'next': " ID_NEXT "}}",
                                          COLUMNS, NULL);
    const struct sb_map_spec *spec = &sb_graph_node(graph, "n")->spec.map;
    static const int32_t expected[] = {0, -2, 2, 3, -1, -3};

    graphs_assert_schema(graph, "n",
                         "id: int64 not null, price: int64 not null, name: utf8, flag: bool, "
                         "twice: float64, next: int64 not null");
    assert_false(spec->is_function);
    assert_true(spec->is_keeping);
    assert_int_equal(spec->expression_count, 3);
    assert_string_equal(spec->names[0], "twice");
    assert_string_equal(spec->names[1], "price");
    assert_memory_equal(spec->source_columns, expected, sizeof expected);
    sb_graph_destroy(graph);
}

static void maps_without_keeping_give_their_expressions_only(void **state)
{
    struct sb_graph *graph =
        graphs_chain("map",
                     "'parameters': {'keep': false, 'expressions': {'twice': " PRICE_TWICE
                     ", 'id': {'col': 'name'}}}",
                     COLUMNS, NULL);
    const struct sb_map_spec *spec = &sb_graph_node(graph, "n")->spec.map;

    graphs_assert_schema(graph, "n", "twice: float64, id: utf8");
    assert_false(spec->is_keeping);
    assert_int_equal(spec->source_columns[0], -1);
    assert_int_equal(spec->source_columns[1], -2);
    sb_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_by_a_comparison),
        cmocka_unit_test(filters_by_an_expression),
        cmocka_unit_test(refuses_wrong_filters),
        cmocka_unit_test(says_where_an_expression_is_wrong),
        cmocka_unit_test(maps_replace_and_append_columns),
        cmocka_unit_test(maps_without_keeping_give_their_expressions_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
