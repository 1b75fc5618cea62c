// SPDX-License-Identifier: Apache-2.0
/*
 * test_operator_fusion.c - which runs become one operator, under which name, and for whom.
 */
#include "optimize/shapes.h"
#include "plan/wire_writer.h"

static const struct sb_optimizer_options fusion = {.operator_fusion = true};

#define MEMORY "'data': {'kind': 'bound'}"
#define QUOTES {"q", "source", MEMORY "|k: int64, price: float64, name: utf8"}
#define SINK {"o", "sink", ""}
#define END {NULL, NULL, NULL}
#define FILTER(ID) {ID, "filter", "'column': 'price', 'value': 1"}
#define MAP(ID)                                                                                    \
    {ID, "map",                                                                                    \
     "'expressions': {'price': {'call': 'multiply', 'args': [{'col': 'price'}, {'lit': 2}]}}"}
#define SELECT(ID) {ID, "select", "'columns': ['k', 'price']"}

static void assert_fused(const struct shape_node *nodes, const char *edges, const char *expected,
                         int32_t count)
{
    shapes_assert(nodes, edges, fusion, expected,
                  (struct sb_optimizer_report){.operators_fused = count});
}

static void a_run_becomes_its_last_operator(void **state)
{
    assert_fused((const struct shape_node[]){QUOTES, FILTER("f"), MAP("m"), SELECT("s"), SINK, END},
                 "q>f f>m m>s s>o", "o(s{f m s}(q))", 2);
}

static void one_operator_is_no_run(void **state)
{
    assert_fused((const struct shape_node[]){QUOTES, MAP("m"), SINK, END}, "q>m m>o", "o(m(q))", 0);
}

static void a_run_ends_where_rows_go_to_two(void **state)
{
    assert_fused(
        (const struct shape_node[]){
            QUOTES, FILTER("f"), MAP("m"), SELECT("s"), FILTER("g"), SINK, {"p", "sink", ""}, END},
        "q>f f>m m>s s>g g>o m>p", "o(g{s g}(m{f m}(q))); p(*m)", 2);
}

static void a_run_ends_at_what_keeps_rows_or_is_opaque(void **state)
{
    assert_fused((const struct shape_node[]){QUOTES,
                                             FILTER("f"),
                                             MAP("m"),
                                             {"l", "limit", "'count': 5"},
                                             SELECT("s"),
                                             FILTER("g"),
                                             SINK,
                                             END},
                 "q>f f>m m>l l>s s>g g>o", "o(g{s g}(l(m{f m}(q))))", 2);
    assert_fused(
        (const struct shape_node[]){
            QUOTES, FILTER("f"), MAP("m"), {"u", "union", ""}, SELECT("s"), FILTER("g"), SINK, END},
        "q>f f>m m>u u>s s>g g>o", "o(g{s g}(u(m{f m}(q))))", 2);
}

/* The graph with functions, as JSON; nothing becomes one with them. */
static void functions_stay_alone(void **state)
{
    struct sb_graph *graph = graphs_create(
        "{'version': 1, 'operators': ["
        "{'operator_id': 'q', 'operator_type': 'source', 'parameters': {" MEMORY "}},"
        "{'operator_id': 'f', 'operator_type': 'filter', 'name': 'f', 'function': {'kind': 'cloudpickle'}},"
        "{'operator_id': 's', 'operator_type': 'select', 'name': 's', 'parameters': {'columns': ['k']}},"
        "{'operator_id': 'o', 'operator_type': 'sink', 'name': 'o'}],"
        "'edges': [{'from': 'q', 'to': 'f'}, {'from': 'f', 'to': 's'}, {'from': 's', 'to': 'o'}]}");
    struct sb_optimizer_report report;
    struct sb_graph *optimized;

    graphs_declare(graph, "q", "k: int64");
    graphs_validate(graph, "mask: bool");
    optimized = shapes_optimize(graph, &fusion, &report);
    assert_int_equal(report.operators_fused, 0);
    assert_int_equal(optimized->node_count, 4);
    sb_string_free(report.trace);
    sb_graph_destroy(optimized);
    sb_graph_destroy(graph);
}

static struct sb_graph *placed_graph(const char *map_keys)
{
    char text[2048];
    struct sb_graph *graph;

    snprintf(text, sizeof text,
             "{'version': 1, 'operators': ["
             "{'operator_id': 'q', 'operator_type': 'source', 'parameters': {" MEMORY "}},"
             "{'operator_id': 'f', 'operator_type': 'filter', 'name': 'f', 'parallelism': 2, "
             "'parameters': {'column': 'k', 'value': 1}},"
             "{'operator_id': 's', 'operator_type': 'select', 'name': 's', %s, 'parameters': "
             "{'columns': ['k']}},"
             "{'operator_id': 'o', 'operator_type': 'sink', 'name': 'o'}],"
             "'edges': [{'from': 'q', 'to': 'f'}, {'from': 'f', 'to': 's'}, {'from': 's', 'to': "
             "'o'}]}",
             map_keys);
    graph = graphs_create(text);
    graphs_declare(graph, "q", "k: int64");
    graphs_validate(graph, NULL);
    return graph;
}

static void placement_decides_and_stays(void **state)
{
    static const struct {
        const char *keys;
        int32_t count;
    } cases[] = {
        {"'parallelism': 2", 1},
        {"'parallelism': 3", 0},
        {"'parallelism': 2, 'max_parallelism': 64", 0},
        {"'parallelism': 2, 'key_by': 'k'", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sb_graph *graph = placed_graph(cases[i].keys);
        struct sb_optimizer_report report;
        struct sb_graph *optimized = shapes_optimize(graph, &fusion, &report);

        assert_int_equal(report.operators_fused, cases[i].count);
        assert_int_equal(sb_graph_node(optimized, "s")->parallelism, i == 1 ? 3 : 2);
        sb_string_free(report.trace);
        sb_graph_destroy(optimized);
        sb_graph_destroy(graph);
    }
}

/* The wire form: the steps as they were, the operators they were, and a story. */
static void the_originals_are_in_the_wire_form(void **state)
{
    const struct shape_node nodes[] = {QUOTES, FILTER("f"), SELECT("s"), SINK, END};
    struct sb_graph *graph = shapes_graph(nodes, "q>f f>s s>o", NULL);
    struct sb_optimizer_report report;
    struct sb_graph *optimized = shapes_optimize(graph, &fusion, &report);
    char *expected = graphs_json(
        "{'operator_id': 's', 'operator_type': 'fused', 'name': 's', 'parameters': "
        "{'steps': [{'operator_type': 'filter', 'operator_id': 'f', 'name': 'f', "
        "'parameters': {'column': 'price', 'value': 1}}, {'operator_type': 'select', "
        "'operator_id': 's', 'name': 's', 'parameters': {'columns': ['k', 'price']}}]}, "
        "'parts': [{'operator_id': 'f', 'name': 'f', 'operator_type': 'filter'}, "
        "{'operator_id': 's', 'name': 's', 'operator_type': 'select'}]}");
    json_t *json = json_loads(expected, 0, NULL);
    json_t *whole = sb_graph_json(optimized);
    json_t *operators = json_object_get(whole, "operators");

    assert_non_null(json);
    assert_int_equal(json_array_size(operators), 3);
    assert_true(json_equal(json_array_get(operators, 1), json));
    json_decref(whole);
    assert_non_null(strstr(report.trace, "2 operators from 'f' to 's'"));
    json_decref(json);
    free(expected);
    sb_string_free(report.trace);
    sb_graph_destroy(optimized);
    sb_graph_destroy(graph);
}

/* Drawn by hand, or made before: its steps become steps, and its parts parts. */
static void what_is_fused_takes_part(void **state)
{
    assert_fused(
        (const struct shape_node[]){
            QUOTES,
            FILTER("f"),
            {"h", "fused",
             "'steps': [{'operator_type': 'select', 'name': 'one', 'parameters': "
             "{'columns': ['k', 'price']}}, {'operator_type': 'filter', 'name': 'two', "
             "'parameters': {'column': 'k', 'value': 0}}]"},
            MAP("m"),
            SINK,
            END},
        "q>f f>h h>m m>o", "o(m{f one two m}(q))", 2);
}

/* What an optimized graph was made from may go before it, however often it was optimized. */
static void the_optimized_outlives_its_original(void **state)
{
    const struct shape_node nodes[] = {
        QUOTES,      MAP("m"), FILTER("f"), {"g", "filter", "'column': 'k', 'value': 0"},
        SELECT("s"), SINK,     END};
    const struct sb_optimizer_options all = {true, true, true, true, true};
    struct sb_graph *graph = shapes_graph(nodes, "q>m m>f f>g g>s s>o", NULL);
    struct sb_graph *read = NULL;
    struct sb_error err = {0};
    char *texts[4];

    for (int32_t i = 0; i < 3; i++) {
        struct sb_optimizer_report report;
        struct sb_graph *optimized = shapes_optimize(graph, &all, &report);

        sb_string_free(report.trace);
        sb_graph_destroy(graph);
        graphs_validate(optimized, NULL);
        assert_int_equal(sb_graph_to_json(optimized, &texts[i], &err), SB_OK);
        graph = optimized;
    }
    assert_int_equal(sb_graph_create_from_json(texts[0], strlen(texts[0]), &read, &err), SB_OK);
    assert_int_equal(sb_graph_to_json(read, &texts[3], &err), SB_OK);
    assert_non_null(strstr(texts[0], "\"parts\":[{\"operator_id\":\"q\""));
    for (int32_t i = 1; i < 4; i++) {
        assert_string_equal(texts[i], texts[0]);
        sb_string_free(texts[i]);
    }
    sb_string_free(texts[0]);
    sb_graph_destroy(read);
    sb_graph_destroy(graph);
}

static void long_runs_take_no_long_time(void **state)
{
    enum { COUNT = 1000 };
    struct sb_optimizer_options options = fusion;
    struct sb_optimizer_report report;
    struct sb_graph *optimized;
    struct sb_error err = {0};
    struct sb_graph *graph;
    char *text = calloc(1, 400 * (COUNT + 10));
    size_t size = 0;

    size += (size_t)sprintf(text + size, "{'version': 1, 'operators': [{'operator_id': 'q', "
                                         "'operator_type': 'source', 'parameters': {" MEMORY "}}");
    for (int i = 0; i < COUNT; i++) {
        size += (size_t)sprintf(
            text + size, ", {'operator_id': 'f%d', 'operator_type': '%s', 'parameters': {%s}}", i,
            i % 2 ? "map" : "filter",
            i % 2 ? "'expressions': {'k': {'call': 'add', 'args': [{'col': "
                    "'k'}, {'lit': 1}]}}"
                  : "'column': 'k', 'value': 1");
    }
    size +=
        (size_t)sprintf(text + size, ", {'operator_id': 'o', 'operator_type': 'sink'}], 'edges': "
                                     "[{'from': 'q', 'to': 'f0'}");
    for (int i = 1; i < COUNT; i++) {
        size += (size_t)sprintf(text + size, ", {'from': 'f%d', 'to': 'f%d'}", i - 1, i);
    }
    sprintf(text + size, ", {'from': 'f%d', 'to': 'o'}]}", COUNT - 1);
    for (char *c = text; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    assert_int_equal(sb_graph_create_from_json(text, strlen(text), &graph, &err), SB_OK);
    graphs_declare(graph, "q", "k: int64");
    assert_int_equal(sb_graph_validate(graph, NULL, NULL, &err), SB_OK);
    assert_int_equal(sb_graph_optimize(graph, &options, &optimized, &report, &err), SB_OK);
    assert_int_equal(report.operators_fused, COUNT - 1);
    assert_int_equal(optimized->node_count, 3);
    assert_int_equal(sb_graph_validate(optimized, NULL, NULL, &err), SB_OK);
    sb_string_free(report.trace);
    sb_graph_destroy(optimized);
    sb_graph_destroy(graph);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_becomes_its_last_operator),
        cmocka_unit_test(one_operator_is_no_run),
        cmocka_unit_test(a_run_ends_where_rows_go_to_two),
        cmocka_unit_test(a_run_ends_at_what_keeps_rows_or_is_opaque),
        cmocka_unit_test(functions_stay_alone),
        cmocka_unit_test(placement_decides_and_stays),
        cmocka_unit_test(the_originals_are_in_the_wire_form),
        cmocka_unit_test(what_is_fused_takes_part),
        cmocka_unit_test(the_optimized_outlives_its_original),
        cmocka_unit_test(long_runs_take_no_long_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
