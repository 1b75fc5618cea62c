// SPDX-License-Identifier: Apache-2.0
/*
 * test_estimate.c - rows of operators, where the statistics say all that there is to know.
 */
#include "optimize/estimates.h"

#define COLUMNS                                                                                    \
    "a: int64, b: float64, c: utf8, d: date32, e: bool, f: int32, g: decimal128(10, 2), "          \
    "h: timestamp[us], k: utf8 not null, l: list<item: int32>"

/* a is a key; c has ten values and nulls; of f nothing is known. */
static const char statistics[] =
    "{'row_count': 1000, 'columns': {"
    "'a': {'min': 0, 'max': 999, 'null_count': 0},"
    "'b': {'min': 0, 'max': 100.0, 'null_count': 0},"
    "'c': {'min': 'item_00', 'max': 'item_99', 'null_count': 100, 'distinct_count': 10},"
    "'d': {'min': '2024-01-01', 'max': '2024-01-31', 'null_count': 0},"
    "'e': {'null_count': 500},"
    "'g': {'min': '1.00', 'max': '3.00', 'null_count': 0},"
    "'h': {'min': '2024-01-01T00:00:00', 'max': '2024-01-02T00:00:00', 'null_count': 0},"
    "'k': {'min': 'a', 'max': 'a', 'distinct_count': 1, 'average_width': 1}}}";

/* s -> the nodes, each {'operator_type', 'parameters'} -> out. */
static struct sb_graph *chain(const char *const *nodes, int32_t count, const char *columns,
                              const char *told, const char *resolved)
{
    char text[8192];
    size_t size = 0;
    struct sb_graph *graph;

    size += (size_t)snprintf(text, sizeof text,
                             "{'version': 1, 'operators': [{'operator_id': 's', 'operator_type': "
                             "'source', 'name': 's', 'parameters': {}}");
    for (int32_t i = 0; i < count; i++) {
        size += (size_t)snprintf(text + size, sizeof text - size,
                                 ", {'operator_id': 'n%d', 'name': 'n%d', %s}", i, i, nodes[i]);
    }
    size += (size_t)snprintf(text + size, sizeof text - size,
                             ", {'operator_id': 'out', 'operator_type': 'sink', 'name': 'out'}], "
                             "'edges': [{'from': 's', 'to': '%s'}",
                             count > 0 ? "n0" : "out");
    for (int32_t i = 0; i < count; i++) {
        char to[16];

        snprintf(to, sizeof to, i + 1 < count ? "n%d" : "out", i + 1);
        size += (size_t)snprintf(text + size, sizeof text - size, ", {'from': 'n%d', 'to': '%s'}",
                                 i, to);
    }
    size += (size_t)snprintf(text + size, sizeof text - size, "]}");
    assert_in_range(size, 1, sizeof text - 1);
    graph = graphs_create(text);
    graphs_declare(graph, "s", columns);
    if (told != NULL) {
        estimates_tell(graph, "s", told);
    }
    graphs_validate(graph, resolved);
    return graph;
}

static void assert_rows_of(const char *const *nodes, int32_t count, const char *told,
                           const char *resolved, double expected)
{
    struct sb_graph *graph = chain(nodes, count, COLUMNS, told, resolved);
    struct sb_arena arena = {.memory = sb_memory_global()};
    struct sb_estimates estimates = estimates_make(graph, &arena);

    estimates_near(count > 0 ? nodes[count - 1] : "source",
                   estimates_of(&estimates, graph, "out")->rows, expected);
    sb_arena_deinit(&arena);
    sb_graph_destroy(graph);
}

static void assert_chain_rows(const char *nodes[], int32_t count, double expected)
{
    assert_rows_of(nodes, count, statistics, NULL, expected);
}

#define assert_rows(expected, ...)                                                                 \
    assert_chain_rows((const char *[]){__VA_ARGS__},                                               \
                      (int32_t)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)), expected)

#define FILTER(predicate) "'operator_type': 'filter', 'parameters': {'predicate': " predicate "}"
#define CALL(name, arguments) "{'call': '" name "', 'args': [" arguments "]}"
#define COL(name) "{'col': '" name "'}"
#define LIT(value) "{'lit': " value "}"

static void knows_the_share_of_a_range(void **state)
{
    assert_rows(500, FILTER(CALL("greater", COL("a") ", " LIT("499"))));
    assert_rows(501, FILTER(CALL("greater_equal", COL("a") ", " LIT("499"))));
    assert_rows(499, FILTER(CALL("less", COL("a") ", " LIT("499"))));
    assert_rows(500, FILTER(CALL("less_equal", COL("a") ", " LIT("499"))));
    assert_rows(500, FILTER(CALL("less", LIT("499") ", " COL("a"))));
    assert_rows(100, FILTER(CALL("between", COL("a") ", " LIT("100") ", " LIT("199"))));
    assert_rows(4, FILTER(CALL("and", CALL("greater", COL("a") ", " LIT("5")) ", " //
                               CALL("less", COL("a") ", " LIT("10")))));
    assert_rows(4, FILTER(CALL("greater", COL("a") ", " LIT("5"))),
                FILTER(CALL("less", COL("a") ", " LIT("10"))));
    assert_rows(750, FILTER(CALL("greater", COL("b") ", " LIT("25"))));
    assert_rows(250, FILTER(CALL("between", COL("b") ", " LIT("50") ", " LIT("75"))));
    assert_rows(1000.0 * 21 / 31, FILTER(CALL("greater_equal", COL("d") ", " LIT("'2024-01-11'"))));
    assert_rows(1000.0 * 101 / 201, FILTER(CALL("less_equal", COL("g") ", " LIT("2"))));
    assert_rows(250, FILTER(CALL("less", COL("h") ", " LIT("'2024-01-01T06:00:00'"))));
    assert_rows(900 * 50.0 / 99, FILTER(CALL("less", COL("c") ", " LIT("'item_50'"))));
}

static void knows_what_lies_outside_of_the_range(void **state)
{
    assert_rows(1000, FILTER(CALL("greater", COL("a") ", " LIT("-1"))));
    assert_rows(1, FILTER(CALL("greater", COL("a") ", " LIT("999"))));
    assert_rows(1, FILTER(CALL("equal", COL("a") ", " LIT("5000"))));
    assert_rows(1, FILTER(CALL("equal", COL("a") ", " LIT("1.5"))));
    assert_rows(2, FILTER(CALL("less", COL("a") ", " LIT("1.5"))));
    assert_rows(998, FILTER(CALL("greater", COL("a") ", " LIT("1.5"))));
    assert_rows(1000, FILTER(CALL("less", COL("a") ", " LIT("1e30"))));
    assert_rows(1, FILTER(CALL("greater", COL("a") ", " LIT("1e30"))));
    assert_rows(900, FILTER(CALL("less", COL("c") ", " LIT("'zebra'"))));
    assert_rows(1, FILTER(CALL("less", COL("c") ", " LIT("'apple'"))));
    assert_rows(1, FILTER(CALL("equal", COL("c") ", " LIT("'apple'"))));
}

static void knows_the_share_of_a_value(void **state)
{
    assert_rows(1, FILTER(CALL("equal", COL("a") ", " LIT("7"))));
    assert_rows(999, FILTER(CALL("not_equal", COL("a") ", " LIT("7"))));
    assert_rows(90, FILTER(CALL("equal", COL("c") ", " LIT("'item_42'"))));
    assert_rows(810, FILTER(CALL("not_equal", COL("c") ", " LIT("'item_42'"))));
    assert_rows(810, FILTER(CALL("not", CALL("equal", COL("c") ", " LIT("'item_42'")))));
    assert_rows(3, FILTER(CALL("in", COL("a") ", " LIT("1") ", " LIT("2") ", " LIT("3"))));
    assert_rows(1, FILTER(CALL("in", COL("a") ", " LIT("1") ", " LIT("2000"))));
    assert_rows(
        180,
        FILTER(CALL("in", COL("c") ", " LIT("'item_1'") ", " LIT("'item_2'") ", " LIT("null"))));
    assert_rows(1000, FILTER(CALL("equal", COL("k") ", " LIT("'a'"))));
    assert_rows(1000.0 / 31, FILTER(CALL("equal", COL("d") ", " LIT("'2024-01-11'"))));
    assert_rows(1000.0 / 1000,
                FILTER(CALL("equal", COL("a") ", " CALL("add", LIT("3") ", " LIT("4"))))); // folded
}

static void knows_the_share_of_nulls(void **state)
{
    assert_rows(100, FILTER(CALL("is_null", COL("c"))));
    assert_rows(900, FILTER(CALL("is_not_null", COL("c"))));
    assert_rows(1, FILTER(CALL("is_null", COL("a"))));
    assert_rows(1, FILTER(CALL("is_null", COL("k")))); // not nullable
    assert_rows(1000 * SB_ESTIMATE_NULL, FILTER(CALL("is_null", COL("f"))));
    assert_rows(250, FILTER(COL("e")));
    assert_rows(250, FILTER(CALL("not", COL("e"))));
    assert_rows(900, FILTER(CALL("is_not_null", COL("c"))), FILTER(CALL("is_not_null", COL("c"))));
}

static void combines_conditions(void **state)
{
    assert_rows(20, FILTER(CALL("or", CALL("less", COL("a") ", " LIT("10")) ", " //
                                CALL("greater_equal", COL("a") ", " LIT("990")))));
    assert_rows(45, FILTER(CALL("and", CALL("less", COL("a") ", " LIT("500")) ", " //
                                CALL("equal", COL("c") ", " LIT("'item_1'")))));
    assert_rows(1000 * (1 - 0.5 * 0.91),
                FILTER(CALL("or", CALL("less", COL("a") ", " LIT("500")) ", " //
                            CALL("equal", COL("c") ", " LIT("'item_1'")))));
    assert_rows(500, FILTER(CALL("and", CALL("less", COL("a") ", " LIT("500")) ", " LIT("true"))));
    assert_rows(1, FILTER(CALL("and", CALL("less", COL("a") ", " LIT("500")) ", " LIT("false"))));
    assert_rows(190, FILTER(CALL("or", CALL("is_null", COL("c")) ", " //
                                 CALL("equal", COL("c") ", " LIT("'item_1'")))));
}

static void has_defaults_where_nothing_is_known(void **state)
{
    assert_rows(100, FILTER(CALL("equal", COL("f") ", " LIT("3"))));
    assert_rows(1000.0 / 3, FILTER(CALL("greater", COL("f") ", " LIT("3"))));
    assert_rows(250, FILTER(CALL("between", COL("f") ", " LIT("3") ", " LIT("5"))));
    assert_rows(250, FILTER(CALL("and", CALL("greater", COL("f") ", " LIT("3")) ", " //
                                 CALL("less", COL("f") ", " LIT("5")))));
    assert_rows(90, FILTER(CALL("like", COL("c") ", " LIT("'%x%'"))));
    assert_rows(1000.0 / 3, FILTER(CALL("less", COL("a") ", " COL("b"))));
    assert_rows(1, FILTER(CALL("equal", COL("a") ", " COL("f")))); // a has 1000 values
}

static void groups_by_distinct_values(void **state)
{
#define GROUP(keys)                                                                                \
    "'operator_type': 'aggregate', 'parameters': {'key_by': [" keys                                \
    "], 'aggregations': {'n': ['*', 'count']}}"
    assert_rows(11, GROUP("'c'")); // ten values and null
    assert_rows(1000, GROUP("'a'"));
    assert_rows(31, GROUP("'d'"));
    assert_rows(31 * 11, GROUP("'d', 'c'"));
    assert_rows(100, GROUP("'f'")); // SB_ESTIMATE_GROUP_ROWS
    assert_rows(1, "'operator_type': 'aggregate', 'parameters': {'aggregations': {'n': ['*', "
                   "'count']}}");
    assert_rows(500, FILTER(CALL("less", COL("a") ", " LIT("500"))), GROUP("'a'"));
    // of 31 days, a tenth of the rows still meet nearly all
    assert_rows(31, FILTER(CALL("less", COL("a") ", " LIT("500"))), GROUP("'d'"));
    assert_rows(1, FILTER(CALL("equal", COL("c") ", " LIT("'item_1'"))), GROUP("'c'"));
    assert_rows(11, "'operator_type': 'distinct', 'parameters': {'columns': ['c']}");
    assert_rows(12,
                "'operator_type': 'map', 'parameters': {'expressions': {'m': " //
                CALL("month", COL("d")) "}}",
                GROUP("'m'"));
}

static void cuts_and_multiplies_rows(void **state)
{
    assert_rows(5, "'operator_type': 'limit', 'parameters': {'count': 5}");
    assert_rows(0, "'operator_type': 'limit', 'parameters': {'count': 0}");
    assert_rows(10, "'operator_type': 'limit', 'parameters': {'count': 50, 'offset': 990}");
    assert_rows(0, "'operator_type': 'limit', 'parameters': {'count': 50, 'offset': 5000}");
    assert_rows(7, "'operator_type': 'top_n', 'parameters': {'by': 'a', 'count': 7}");
    assert_rows(1000, "'operator_type': 'sort', 'parameters': {'by': 'a'}");
    assert_rows(1000 * SB_ESTIMATE_ELEMENTS,
                "'operator_type': 'flat_map', 'parameters': {'column': 'l'}");
}

static void passes_values_through_select_and_map(void **state)
{
    assert_rows(90, "'operator_type': 'select', 'parameters': {'columns': ['c', 'a']}",
                FILTER(CALL("equal", COL("c") ", " LIT("'item_1'"))));
    assert_rows(90, "'operator_type': 'map', 'parameters': {'expressions': {'z': " COL("c") "}}",
                FILTER(CALL("equal", COL("z") ", " LIT("'item_1'"))));
    assert_rows(90,
                "'operator_type': 'map', 'parameters': {'expressions': {'z': " //
                CALL("upper", COL("c")) "}}",
                FILTER(CALL("equal", COL("z") ", " LIT("'ITEM_1'"))));
}

static void a_fused_operator_is_estimated_step_by_step(void **state)
{
    assert_rows(
        45,
        "'operator_type': 'fused', 'parameters': {'steps': ["
        "{'operator_type': 'filter', 'parameters': {'predicate': " //
        CALL("less",
             COL("a") ", " LIT(
                 "500")) "}},"
                         "{'operator_type': 'map', 'parameters': {'expressions': {'z': " COL(
                             "c") "}}},"
                                  "{'operator_type': 'filter', 'parameters': {'predicate': " //
        CALL(
            "equal",
            COL("z") ", " LIT(
                "'item_1'")) "}},"
                             "{'operator_type': 'select', 'parameters': {'columns': ['d', 'z']}}]}");
}

static void an_empty_source_stays_empty(void **state)
{
    const char *nodes[] = {FILTER(CALL("equal", COL("a") ", " LIT("1"))), GROUP("'c'")};

    assert_rows_of(nodes, 1, "{'row_count': 0, 'columns': {'a': {'null_count': 0}}}", NULL, 0);
    assert_rows_of(nodes, 2, "{'row_count': 0}", NULL, 0);
}

static void a_function_hides_what_comes_behind(void **state)
{
    const char *nodes[] = {"'operator_type': 'map', 'function': {'kind': 'bound'}"};
    struct sb_graph *graph = chain(nodes, 1, "a: int64", "{'row_count': 70}", "a: int64");
    struct sb_arena arena = {.memory = sb_memory_global()};
    struct sb_estimates estimates = estimates_make(graph, &arena);

    assert_true(estimates_of(&estimates, graph, "s")->is_known);
    estimates_near("map", estimates_of(&estimates, graph, "n0")->rows, 70);
    assert_false(sb_estimate_has_distinct(estimates_of(&estimates, graph, "n0"), 0));
    sb_arena_deinit(&arena);
    sb_graph_destroy(graph);
}

static void says_what_is_known(void **state)
{
    struct sb_graph *graph = chain(NULL, 0, COLUMNS, NULL, NULL);
    struct sb_arena arena = {.memory = sb_memory_global()};
    struct sb_estimates estimates = estimates_make(graph, &arena);

    assert_false(estimates_of(&estimates, graph, "out")->is_known);
    estimates_near("rows", estimates_of(&estimates, graph, "out")->rows, SB_ESTIMATE_ROWS);
    sb_arena_deinit(&arena);
    estimates_tell(graph, "s", statistics);
    estimates = estimates_make(graph, &arena);
    assert_true(estimates_of(&estimates, graph, "out")->is_known);
    sb_arena_deinit(&arena);
    sb_graph_destroy(graph);
}

static void knows_how_wide_rows_are(void **state)
{
    struct sb_graph *graph = chain(NULL, 0, COLUMNS, statistics, NULL);
    struct sb_arena arena = {.memory = sb_memory_global()};
    struct sb_estimates estimates = estimates_make(graph, &arena);
    const struct sb_estimate *source = estimates_of(&estimates, graph, "s");
    bool columns[10] = {true, false, false, true, true, [8] = true};

    estimates_near("a, d, e, k", sb_estimate_width(source, columns), 8 + 4 + 1 + 1);
    columns[2] = true;
    estimates_near("with c", sb_estimate_width(source, columns), 14 + SB_ESTIMATE_VARIABLE_WIDTH);
    assert_true(sb_estimate_width(source, NULL) > sb_estimate_width(source, columns));
    sb_arena_deinit(&arena);
    sb_graph_destroy(graph);
}

/* Rows of a text column between `least` and `greatest` below `value`, of 1000. */
static void assert_text_below(const char *least, const char *greatest, const char *value,
                              double expected)
{
    const char *nodes[1];
    char told[256];
    char filter[256];
    struct sb_graph *graph;
    struct sb_arena arena = {.memory = sb_memory_global()};
    struct sb_estimates estimates;

    snprintf(told, sizeof told,
             "{'row_count': 1000, 'columns': {'c': {'min': '%s', 'max': '%s', 'null_count': 0}}}",
             least, greatest);
    snprintf(filter, sizeof filter,
             "'operator_type': 'filter', 'parameters': {'column': 'c', 'operator': '<', 'value': "
             "'%s'}",
             value);
    nodes[0] = filter;
    graph = chain(nodes, 1, "c: utf8", told, NULL);
    estimates = estimates_make(graph, &arena);
    if (fabs(estimates_of(&estimates, graph, "n0")->rows - expected) > 50) {
        fail_msg("'%s' to '%s', below '%s': %g, expected %g", least, greatest, value,
                 estimates_of(&estimates, graph, "n0")->rows, expected);
    }
    sb_arena_deinit(&arena);
    sb_graph_destroy(graph);
}

static void texts_have_places_by_their_letters(void **state)
{
    assert_text_below("aaa", "zzz", "mmm", 480);
    assert_text_below("id-1000", "id-9999", "id-5000", 444);
    assert_text_below("", "zz", "m", 480);
    assert_text_below("Berlin", "Zurich", "Munich", 500);
    assert_text_below("a", "\xc3\xbf", "m", 122); // beyond ASCII
    assert_text_below("!", "~", "P", 500);
    assert_text_below("same", "same", "same", 1);
    assert_text_below("same", "same", "sand", 1000);
    assert_text_below("prefix-a", "prefix-z", "prefiy", 1000);
    assert_text_below("prefix-a", "prefix-z", "prefix", 1);
}

static void a_generator_knows_itself(void **state)
{
    struct sb_graph *graph = graphs_create(
        "{'version': 1, 'operators': [{'operator_id': 's', 'operator_type': 'source', 'name': 's', "
        "'parameters': {'generator': {'rows': 1000, 'columns': [{'name': 'i', 'kind': 'sequence', "
        "'start': 10, 'step': 5}, {'name': 'u', 'kind': 'uniform_int', 'low': 1, 'high': 20}, "
        "{'name': 'x', 'kind': 'uniform_float', 'low': 0, 'high': 4}, {'name': 't', 'kind': "
        "'timestamp', 'start_ms': 0, 'step_ms': 1000}, {'name': 'w', 'kind': 'string', 'low': 1, "
        "'high': 50}]}}}, {'operator_id': 'f', 'operator_type': 'filter', 'name': 'f', "
        "'parameters': {'column': 'i', 'operator': '<', 'value': 2510}}, {'operator_id': 'out', "
        "'operator_type': 'sink', 'name': 'out'}], 'edges': [{'from': 's', 'to': 'f'}, {'from': "
        "'f', 'to': 'out'}]}");
    struct sb_arena arena = {.memory = sb_memory_global()};
    struct sb_estimates estimates;
    const struct sb_estimate *source;

    graphs_validate(graph, NULL);
    estimates = estimates_make(graph, &arena);
    source = estimates_of(&estimates, graph, "s");
    assert_true(source->is_known);
    estimates_near("rows", source->rows, 1000);
    estimates_near("i", sb_estimate_distinct(source, 0), 1000);
    estimates_near("u", sb_estimate_distinct(source, 1), 20);
    estimates_near("t", source->columns[3].greatest, 999);
    estimates_near("w", sb_estimate_distinct(source, 4), 50);
    estimates_near("filter", estimates_of(&estimates, graph, "f")->rows, 500);
    sb_arena_deinit(&arena);
    sb_graph_destroy(graph);
}

static void a_source_filters_and_projects(void **state)
{
    struct sb_graph *graph = graphs_create(
        "{'version': 1, 'operators': [{'operator_id': 's', 'operator_type': 'source', 'name': 's', "
        "'parameters': {'columns': ['c', 'd'], 'filters': {'call': 'less', 'args': [{'col': 'a'}, "
        "{'lit': 100}]}}}, {'operator_id': 'f', 'operator_type': 'filter', 'name': 'f', "
        "'parameters': {'column': 'c', 'operator': '==', 'value': 'item_1'}}, {'operator_id': "
        "'out', 'operator_type': 'sink', 'name': 'out'}], 'edges': [{'from': 's', 'to': 'f'}, "
        "{'from': 'f', 'to': 'out'}]}");
    struct sb_arena arena = {.memory = sb_memory_global()};
    struct sb_estimates estimates;

    graphs_declare(graph, "s", COLUMNS);
    estimates_tell(graph, "s", statistics);
    graphs_validate(graph, NULL);
    estimates = estimates_make(graph, &arena);
    assert_int_equal(estimates_of(&estimates, graph, "s")->column_count, 2);
    estimates_near("source", estimates_of(&estimates, graph, "s")->rows, 100);
    estimates_near("filter", estimates_of(&estimates, graph, "f")->rows, 9);
    sb_arena_deinit(&arena);
    sb_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_share_of_a_range),
        cmocka_unit_test(knows_what_lies_outside_of_the_range),
        cmocka_unit_test(knows_the_share_of_a_value),
        cmocka_unit_test(knows_the_share_of_nulls),
        cmocka_unit_test(combines_conditions),
        cmocka_unit_test(has_defaults_where_nothing_is_known),
        cmocka_unit_test(groups_by_distinct_values),
        cmocka_unit_test(cuts_and_multiplies_rows),
        cmocka_unit_test(passes_values_through_select_and_map),
        cmocka_unit_test(a_fused_operator_is_estimated_step_by_step),
        cmocka_unit_test(an_empty_source_stays_empty),
        cmocka_unit_test(a_function_hides_what_comes_behind),
        cmocka_unit_test(says_what_is_known),
        cmocka_unit_test(knows_how_wide_rows_are),
        cmocka_unit_test(texts_have_places_by_their_letters),
        cmocka_unit_test(a_generator_knows_itself),
        cmocka_unit_test(a_source_filters_and_projects),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
