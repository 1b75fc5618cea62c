// SPDX-License-Identifier: Apache-2.0
#include "optimize/shapes.h"

static const struct sb_optimizer_options projections = {.projection_pushdown = true};
static const struct sb_optimizer_options both = {.filter_pushdown = true,
                                                 .projection_pushdown = true};

#define MEMORY "'data': {'kind': 'bound'}"
#define QUOTES {"q", "source", MEMORY "|k: int64, price: float64, name: utf8, size: int8"}
#define SECURITIES {"r", "source", MEMORY "|id: int64, price: float64, sector: utf8"}
#define SINK {"o", "sink", ""}
#define END {NULL, NULL, NULL}
#define JOIN {"j", "hash_join", "'left_key': 'k', 'right_key': 'id'"}
#define TWICE                                                                                      \
    {"m", "map",                                                                                   \
     "'expressions': {'twice': {'call': 'multiply', 'args': [{'col': 'price'}, {'lit': 2}]}}"}

static void assert_narrowed(const struct shape_node *nodes, const char *edges, const char *expected,
                            int32_t count)
{
    shapes_assert(nodes, edges, projections, expected,
                  (struct sb_optimizer_report){.projections_pushed = count});
}

static void a_select_becomes_the_columns_of_its_source(void **state)
{
    assert_narrowed(
        (const struct shape_node[]){QUOTES, {"c", "select", "'columns': ['name', 'k']"}, SINK, END},
        "q>c c>o", "o(q{name,k})", 1);
}

static void a_sink_needs_all(void **state)
{
    assert_narrowed((const struct shape_node[]){QUOTES, SINK, END}, "q>o", "o(q)", 0);
}

static void an_aggregate_needs_its_columns(void **state)
{
    assert_narrowed((const struct shape_node[]){QUOTES,
                                                {"g", "aggregate",
                                                 "'key_by': ['name'], 'aggregations': "
                                                 "{'s': ['price', 'sum']}"},
                                                SINK,
                                                END},
                    "q>g g>o", "o(g(q{price,name}))", 1);
}

static void assert_calls_narrowed(const char *type, const char *parameters, const char *columns,
                                  const char *expected)
{
    assert_narrowed(
        (const struct shape_node[]){
            QUOTES, {"g", type, parameters}, {"c", "select", columns}, SINK, END},
        "q>g g>c c>o", expected, 1);
}

#define THREE_CALLS                                                                                \
    "'key_by': ['name'], 'aggregations': {'s': ['price', 'sum'], 'm': ['size', 'max'], "           \
    "'n': ['k', 'count']}"

static void calls_that_nobody_needs_are_not_made(void **state)
{
    assert_calls_narrowed("aggregate", THREE_CALLS, "'columns': ['m', 'name']",
                          "o(c{m,name}(g(q{name,size})))");
    assert_calls_narrowed("group_by", THREE_CALLS, "'columns': ['s']", "o(c{s}(g(q{price,name})))");
    assert_calls_narrowed("aggregate",
                          "'key_by': 'name', 'aggregate': ['sum', 'max'], 'column': ['price', 'k']",
                          "'columns': ['price_max']", "o(c{price_max}(g(q{price,name})))");
}

static void one_call_stays_when_only_keys_are_needed(void **state)
{
    assert_calls_narrowed("aggregate", THREE_CALLS, "'columns': ['name']",
                          "o(c{name}(g(q{k,name})))");
}

static void calls_of_updates_stay(void **state)
{
    assert_narrowed((const struct shape_node[]){QUOTES,
                                                {"g", "aggregate",
                                                 "'emit': 'update', 'key_by': ['name'], "
                                                 "'aggregations': {'s': ['price', 'sum'], "
                                                 "'m': ['size', 'max']}"},
                                                {"c", "select", "'columns': ['name', 's']"},
                                                SINK,
                                                END},
                    "q>g g>c c>o", "o(c{name,s}(g(q{price,name,size})))", 1);
}

static void counting_needs_the_cheapest_column(void **state)
{
    assert_narrowed(
        (const struct shape_node[]){
            QUOTES, {"g", "aggregate", "'aggregations': {'n': ['*', 'count']}"}, SINK, END},
        "q>g g>o", "o(g(q{size}))", 1);
}

static void what_two_need_is_read_for_both(void **state)
{
    assert_narrowed((const struct shape_node[]){QUOTES,
                                                {"c", "select", "'columns': ['k']"},
                                                SINK,
                                                {"d", "select", "'columns': ['name', 'k']"},
                                                {"p", "sink", ""},
                                                END},
                    "q>c c>o q>d d>p", "o(c{k}(q{k,name})); p(d{name,k}(*q))", 1);
}

static void expressions_that_nobody_needs_are_not_computed(void **state)
{
    assert_narrowed(
        (const struct shape_node[]){
            QUOTES, TWICE, {"c", "select", "'columns': ['name']"}, SINK, END},
        "q>m m>c c>o", "o(q{name})", 1);
    assert_narrowed(
        (const struct shape_node[]){
            QUOTES, TWICE, {"c", "select", "'columns': ['twice']"}, SINK, END},
        "q>m m>c c>o", "o(c{twice}(m(q{price})))", 1);
}

/* The column of the filter is read, and goes before the join copies rows. */
static void columns_go_before_rows_are_copied(void **state)
{
    assert_narrowed((const struct shape_node[]){QUOTES,
                                                SECURITIES,
                                                {"f", "filter", "'column': 'size', 'value': 1"},
                                                JOIN,
                                                {"c", "select", "'columns': ['sector']"},
                                                SINK,
                                                END},
                    "q>f f>j r>j.1 j>c c>o",
                    "o(c{sector}(j{k=id}(j.1{k}(f{size > 1}(q{k,size})), r{id,sector})))", 2);
}

static void a_scan_filters_what_it_does_not_give(void **state)
{
    shapes_assert((const struct shape_node[]){QUOTES,
                                              SECURITIES,
                                              {"f", "filter", "'column': 'size', 'value': 1"},
                                              JOIN,
                                              {"c", "select", "'columns': ['sector']"},
                                              SINK,
                                              END},
                  "q>f f>j r>j.1 j>c c>o", both,
                  "o(c{sector}(j{k=id}(q{k|size > 1}, r{id,sector})))",
                  (struct sb_optimizer_report){.filters_pushed = 1, .projections_pushed = 2});
}

/* Were the left one gone, the right one would have its name. */
static void a_name_with_a_suffix_keeps_it(void **state)
{
    assert_narrowed(
        (const struct shape_node[]){
            QUOTES, SECURITIES, JOIN, {"c", "select", "'columns': ['price_right']"}, SINK, END},
        "q>j r>j.1 j>c c>o", "o(c{price_right}(j{k=id}(q{k,price}, r{id,price})))", 2);
}

static void distinct_needs_its_columns(void **state)
{
    assert_narrowed((const struct shape_node[]){QUOTES,
                                                {"d", "distinct", "'columns': ['name']"},
                                                {"c", "select", "'columns': ['k']"},
                                                SINK,
                                                END},
                    "q>d d>c c>o", "o(c{k}(d(q{k,name})))", 1);
    assert_narrowed(
        (const struct shape_node[]){
            QUOTES, {"d", "distinct", ""}, {"c", "select", "'columns': ['k']"}, SINK, END},
        "q>d d>c c>o", "o(c{k}(d(q)))", 0);
}

static void a_time_of_a_source_is_read_though_nobody_needs_it(void **state)
{
    const struct shape_node nodes[] = {
        {"q", "source", MEMORY ", 'timestamp_column': 'at'|k: int64, at: timestamp[ms], n: utf8"},
        {"c", "select", "'columns': ['k']"},
        SINK,
        END};
    struct sb_graph *graph = shapes_graph(nodes, "q>c c>o", NULL);
    struct sb_graph *optimized = shapes_optimize(graph, &projections, NULL);
    struct sb_error err = {0};
    char *request;

    assert_int_equal(sb_graph_source_request(optimized, "q", &request, &err), SB_OK);
    assert_string_equal(request, "{\"columns\":[\"k\",\"at\"],\"filters\":null}");
    sb_string_free(request);
    sb_graph_destroy(optimized);
    sb_graph_destroy(graph);
}

static void a_function_needs_everything(void **state)
{
    char *json = graphs_json(
        "{'version': 1, 'job_id': 'j', 'job_name': 'n', 'operators': ["
        "{'operator_id': 's', 'operator_type': 'source', 'name': 's', 'parameters': {" MEMORY "}},"
        "{'operator_id': 'm', 'operator_type': 'map', 'name': 'm', 'parameters': {}, 'function': "
        "{'kind': 'bound'}},"
        "{'operator_id': 'c', 'operator_type': 'select', 'name': 'c', 'parameters': {'columns': "
        "['a']}},"
        "{'operator_id': 'o', 'operator_type': 'sink', 'name': 'o', 'parameters': {}}], 'edges': ["
        "{'from': 's', 'to': 'm'}, {'from': 'm', 'to': 'c'}, {'from': 'c', 'to': 'o'}]}");
    struct sb_optimizer_report report;
    struct sb_graph *optimized;
    struct sb_graph *graph;

    graph = graphs_create(json);
    graphs_declare(graph, "s", "a: int64, b: utf8");
    graphs_validate(graph, "a: int64, c: utf8");
    optimized = shapes_optimize(graph, &projections, &report);
    assert_int_equal(report.projections_pushed, 0);
    assert_string_equal(report.trace, "[]");
    sb_string_free(report.trace);
    sb_graph_destroy(optimized);
    sb_graph_destroy(graph);
    free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_select_becomes_the_columns_of_its_source),
        cmocka_unit_test(a_sink_needs_all),
        cmocka_unit_test(an_aggregate_needs_its_columns),
        cmocka_unit_test(calls_that_nobody_needs_are_not_made),
        cmocka_unit_test(one_call_stays_when_only_keys_are_needed),
        cmocka_unit_test(calls_of_updates_stay),
        cmocka_unit_test(counting_needs_the_cheapest_column),
        cmocka_unit_test(what_two_need_is_read_for_both),
        cmocka_unit_test(expressions_that_nobody_needs_are_not_computed),
        cmocka_unit_test(columns_go_before_rows_are_copied),
        cmocka_unit_test(a_scan_filters_what_it_does_not_give),
        cmocka_unit_test(a_name_with_a_suffix_keeps_it),
        cmocka_unit_test(distinct_needs_its_columns),
        cmocka_unit_test(a_time_of_a_source_is_read_though_nobody_needs_it),
        cmocka_unit_test(a_function_needs_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
