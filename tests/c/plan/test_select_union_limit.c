// SPDX-License-Identifier: Apache-2.0
#include "plan/graphs.h"

#define COLUMNS "id: int64 not null, price: float64, name: utf8"

static void selects_columns_in_the_order_asked_for(void **state)
{
    struct sb_graph *graph =
        graphs_chain("select", "'parameters': {'columns': ['name', 'id']}", COLUMNS, NULL);
    const struct sb_select_spec *spec = &sb_graph_node(graph, "n")->spec.select;

    graphs_assert_schema(graph, "n", "name: utf8, id: int64 not null");
    graphs_assert_schema(graph, "out", "name: utf8, id: int64 not null");
    assert_int_equal(spec->column_count, 2);
    assert_int_equal(spec->columns[0], 2);
    assert_int_equal(spec->columns[1], 0);
    sb_graph_destroy(graph);
}

static void refuses_wrong_selects(void **state)
{
    graphs_assert_chain_refused("select", "", COLUMNS, NULL, SB_INVALID,
                                "operator 'n' (select): parameter 'columns': is missing; allowed: "
                                "a list of text");
    graphs_assert_chain_refused("select", "'parameters': {'columns': 'id'}", COLUMNS, NULL,
                                SB_INVALID,
                                "operator 'n' (select): parameter 'columns': is text; allowed: a "
                                "list of text");
    graphs_assert_chain_refused("select", "'parameters': {'columns': ['id', null]}", COLUMNS, NULL,
                                SB_INVALID,
                                "operator 'n' (select): parameter 'columns': item 1 of the list is "
                                "null; allowed: a list of text");
    graphs_assert_chain_refused("select", "'parameters': {'columns': []}", COLUMNS, NULL,
                                SB_INVALID,
                                "operator 'n' (select): parameter 'columns': is empty; name at "
                                "least one");
    graphs_assert_chain_refused("select", "'parameters': {'columns': ['pricee']}", COLUMNS, NULL,
                                SB_INVALID,
                                "operator 'n' (select): parameter 'columns': there is no column "
                                "'pricee' (did you mean 'price'?); columns: id: int64, price: "
                                "float64, name: utf8");
    graphs_assert_chain_refused("select", "'parameters': {'columns': ['id', 'id']}", COLUMNS, NULL,
                                SB_INVALID,
                                "operator 'n' (select): its rows would have two columns named "
                                "'id'; name each once in 'columns'");
}

static void suggests_near_words_only(void **state)
{
    graphs_assert_chain_refused("select", "'parameters': {'columns': ['quantity']}", COLUMNS, NULL,
                                SB_INVALID,
                                "operator 'n' (select): parameter 'columns': there is no column "
                                "'quantity'; columns: id: int64, price: float64, name: utf8");
    graphs_assert_chain_refused("select", "'parameters': {'columns': ['NAME']}", COLUMNS, NULL,
                                SB_INVALID,
                                "operator 'n' (select): parameter 'columns': there is no column "
                                "'NAME' (did you mean 'name'?); columns: id: int64, price: "
                                "float64, name: utf8");
    graphs_assert_chain_refused("select", "'parameters': {'columns': ['prcie']}", COLUMNS, NULL,
                                SB_INVALID,
                                "operator 'n' (select): parameter 'columns': there is no column "
                                "'prcie' (did you mean 'price'?); columns: id: int64, price: "
                                "float64, name: utf8");
}

static void checks_the_key_by_of_any_operator(void **state)
{
    sb_graph_destroy(graphs_chain("limit", "'parameters': {'count': 1}, 'key_by': ['id', 'name']",
                                  COLUMNS, NULL));
    graphs_assert_chain_refused("limit", "'parameters': {'count': 1}, 'key_by': 'idd'", COLUMNS,
                                NULL, SB_INVALID,
                                "operator 'n' (limit): parameter 'key_by': there is no column "
                                "'idd' (did you mean 'id'?); columns: id: int64, price: float64, "
                                "name: utf8");
}

static void limits_rows_not_columns(void **state)
{
    struct sb_graph *graph =
        graphs_chain("limit", "'parameters': {'count': 9223372036854775807}", COLUMNS, NULL);

    assert_true(sb_graph_node(graph, "n")->spec.limit.count == INT64_MAX);
    graphs_assert_schema(graph, "n", COLUMNS);
    sb_graph_destroy(graph);
    graph = graphs_chain("limit", "'parameters': {'count': 0}", COLUMNS, NULL);
    assert_int_equal(sb_graph_node(graph, "n")->spec.limit.count, 0);
    sb_graph_destroy(graph);
}

static struct sb_graph *union_by(const char *parameters, const char *first, const char *second)
{
    char text[1024];
    struct sb_graph *graph;

    snprintf(text, sizeof text,
             "{'version': 1, 'operators': ["
             "{'operator_id': 'a', 'operator_type': 'source', 'name': 'a'},"
             "{'operator_id': 'b', 'operator_type': 'source', 'name': 'b'},"
             "{'operator_id': 'u', 'operator_type': 'union', 'name': 'u', 'parameters': {%s}},"
             "{'operator_id': 'o', 'operator_type': 'sink', 'name': 'o'}],"
             "'edges': [{'from': 'a', 'to': 'u', 'port': 0}, {'from': 'b', 'to': 'u', 'port': 1},"
             "{'from': 'u', 'to': 'o'}]}",
             parameters);
    graph = graphs_create(text);
    graphs_declare(graph, "a", first);
    graphs_declare(graph, "b", second);
    return graph;
}

static struct sb_graph *union_of(const char *first, const char *second)
{
    return union_by("", first, second);
}

static void assert_by_name(const char *first, const char *second, const char *expected)
{
    struct sb_graph *graph = union_by("'reconcile': 'by_name'", first, second);

    graphs_validate(graph, NULL);
    graphs_assert_schema(graph, "u", expected);
    sb_graph_destroy(graph);
}

static void unites_columns_by_name(void **state)
{
    assert_by_name("a: int64 not null, b: utf8", "c: bool not null, a: int64 not null",
                   "a: int64 not null, b: utf8, c: bool");
    assert_by_name("i: int8, j: uint8, k: uint64, l: int16",
                   "i: int32, j: int8, k: int8, l: float32",
                   "i: int32, j: int16, k: decimal128(20, 0), l: float64");
    assert_by_name("d: decimal128(5, 1), e: decimal64(9, 3), f: float16",
                   "d: int8, e: decimal128(4, 4), f: float32",
                   "d: decimal128(5, 1), e: decimal128(10, 4), f: float32");
    assert_by_name("t: utf8, u: dictionary<int8, utf8>, n: null",
                   "t: utf8_view, u: utf8, n: date32", "t: utf8, u: utf8, n: date32");
    assert_by_name("s: timestamp[s], d: date32, e: date32",
                   "s: timestamp[us], d: date64, "
                   "e: timestamp[ms]",
                   "s: timestamp[us], d: date64, e: timestamp[ms]");
}

static void refuses_names_whose_types_do_not_meet(void **state)
{
    struct sb_graph *graph = union_by("'reconcile': 'by_name'", "a: int64, b: utf8", "b: int8");
    struct sb_error err = {0};

    assert_int_equal(graphs_try_validate(graph, NULL, NULL, &err), SB_INVALID);
    assert_string_equal(err.message, "operator 'u' (union): parameter 'reconcile': column 'b' is "
                                     "utf8 in input 0 and int8 in input 1, which no type unites; "
                                     "cast one of them in a map before the union");
    sb_graph_destroy(graph);
}

static void by_name_reads_wanted_columns_only(void **state)
{
    struct sb_graph *graph = graphs_create(
        "{'version': 1, 'operators': ["
        "{'operator_id': 'a', 'operator_type': 'source', 'name': 'a'},"
        "{'operator_id': 'b', 'operator_type': 'source', 'name': 'b'},"
        "{'operator_id': 'u', 'operator_type': 'union', 'name': 'u', 'parameters': {'reconcile': "
        "'by_name'}},"
        "{'operator_id': 's', 'operator_type': 'select', 'name': 's', 'parameters': {'columns': "
        "['y']}},"
        "{'operator_id': 'o', 'operator_type': 'sink', 'name': 'o'}],"
        "'edges': [{'from': 'a', 'to': 'u', 'port': 0}, {'from': 'b', 'to': 'u', 'port': 1},"
        "{'from': 'u', 'to': 's'}, {'from': 's', 'to': 'o'}]}");

    graphs_declare(graph, "a", "x: int64, y: int64");
    graphs_declare(graph, "b", "z: int64, y: int8");
    graphs_validate(graph, NULL);
    graphs_assert_wanted(graph, "a", "y ");
    graphs_assert_wanted(graph, "b", "y ");
    sb_graph_destroy(graph);
}

static void assert_union_refused(const char *first, const char *second, const char *message)
{
    struct sb_graph *graph = union_of(first, second);
    struct sb_error err = {0};

    assert_int_equal(graphs_try_validate(graph, NULL, NULL, &err), SB_INVALID);
    assert_string_equal(err.message, message);
    sb_graph_destroy(graph);
}

static void unites_equal_columns(void **state)
{
    struct sb_graph *graph = union_of("a: int64 not null, b: timestamp[ms, UTC], c: utf8 not null",
                                      "a: int64, b: timestamp[ms, UTC], c: utf8 not null");

    graphs_validate(graph, NULL);
    graphs_assert_schema(graph, "u", "a: int64, b: timestamp[ms, UTC], c: utf8 not null");
    sb_graph_destroy(graph);
    sb_graph_destroy(graphs_chain("union", "", COLUMNS, NULL));
}

static void refuses_to_unite_different_columns(void **state)
{
    assert_union_refused("a: int64, b: utf8", "a: int64, b: large_utf8",
                         "operator 'u' (union): column 1 is 'b: utf8' in input 0 and 'b: "
                         "large_utf8' in input 1; columns must be equal by name, order and type "
                         "(use select or map before the union)");
    assert_union_refused("a: int64, b: utf8", "b: utf8, a: int64",
                         "operator 'u' (union): column 0 is 'a: int64' in input 0 and 'b: utf8' in "
                         "input 1; columns must be equal by name, order and type (use select or "
                         "map before the union)");
    assert_union_refused("a: int64, b: utf8", "a: int64",
                         "operator 'u' (union): input 0 has the columns (a: int64, b: utf8) and "
                         "input 1 (a: int64); columns must be equal by name, order and type (use "
                         "select or map before the union)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selects_columns_in_the_order_asked_for),
        cmocka_unit_test(refuses_wrong_selects),
        cmocka_unit_test(suggests_near_words_only),
        cmocka_unit_test(checks_the_key_by_of_any_operator),
        cmocka_unit_test(limits_rows_not_columns),
        cmocka_unit_test(unites_equal_columns),
        cmocka_unit_test(refuses_to_unite_different_columns),
        cmocka_unit_test(unites_columns_by_name),
        cmocka_unit_test(refuses_names_whose_types_do_not_meet),
        cmocka_unit_test(by_name_reads_wanted_columns_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
