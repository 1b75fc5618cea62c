// SPDX-License-Identifier: Apache-2.0
#include "optimize/shapes.h"

static const struct sb_optimizer_options fusion = {.operator_fusion = true};

#define QUOTES {"q", "source", "'data': {'kind': 'bound'}|k: int64, price: int32, name: utf8"}
#define SINK {"o", "sink", ""}
#define END {NULL, NULL, NULL}
#define GROUPS                                                                                     \
    {"g", "aggregate",                                                                             \
     "'key_by': ['k', 'name'], 'aggregations': {'n': ['k', 'count'], 'p': ['price', 'max']}"}
#define DISTINCT(COLUMNS) {"d", "distinct", COLUMNS}

static void assert_gone(const struct shape_node *nodes, const char *edges, const char *expected,
                        int32_t count)
{
    shapes_assert(nodes, edges, fusion, expected,
                  (struct sb_optimizer_report){.operators_fused = count});
}

static void groups_differ_in_their_keys(void **state)
{
    assert_gone((const struct shape_node[]){QUOTES, GROUPS, DISTINCT(""), SINK, END}, "q>g g>d d>o",
                "o(g(q))", 1);
    assert_gone((const struct shape_node[]){QUOTES, GROUPS,
                                            DISTINCT("'columns': ['name', 'k', 'p']"), SINK, END},
                "q>g g>d d>o", "o(g(q))", 1);
    // two groups may agree in one key
    assert_gone((const struct shape_node[]){QUOTES, GROUPS, DISTINCT("'columns': ['name', 'p']"),
                                            SINK, END},
                "q>g g>d d>o", "o(d(g(q)))", 0);
    // of one row no two agree
    assert_gone(
        (const struct shape_node[]){QUOTES,
                                    {"g", "aggregate", "'aggregations': {'n': ['k', 'count']}"},
                                    DISTINCT(""),
                                    SINK,
                                    END},
        "q>g g>d d>o", "o(g(q))", 1);
}

/* It makes one of zeros of both signs, and of NaNs. */
static void floats_are_compared(void **state)
{
    static const char groups[] = "'key_by': 'k', 'aggregations': {'p': ['x', 'max']}";
    const struct shape_node source = {"q", "source",
                                      "'data': {'kind': 'bound'}|k: int64, x: float64"};

    assert_gone(
        (const struct shape_node[]){source, {"g", "aggregate", groups}, DISTINCT(""), SINK, END},
        "q>g g>d d>o", "o(d(g(q)))", 0);
    assert_gone(
        (const struct shape_node[]){
            source, {"g", "aggregate", groups}, DISTINCT("'columns': ['k']"), SINK, END},
        "q>g g>d d>o", "o(g(q))", 1);
}

static void rows_stay_unique_on_their_way(void **state)
{
    assert_gone((const struct shape_node[]){QUOTES,
                                            GROUPS,
                                            {"f", "filter", "'column': 'n', 'value': 1"},
                                            {"s", "sort", "'by': 'p'"},
                                            {"c", "select", "'columns': ['name', 'n', 'k']"},
                                            {"l", "limit", "'count': 200000"},
                                            DISTINCT(""),
                                            SINK,
                                            END},
                "q>g g>f f>s s>c c>l l>d d>o", "o(l{0-200000}(c{name,n,k}(s(f{n > 1}(g(q))))))", 1);
    // a SELECT may leave a key out
    assert_gone(
        (const struct shape_node[]){
            QUOTES, GROUPS, {"c", "select", "'columns': ['name', 'n']"}, DISTINCT(""), SINK, END},
        "q>g g>c c>d d>o", "o(d(c{name,n}(g(q))))", 0);
    // and a MAP put something else in its place
    assert_gone((const struct shape_node[]){QUOTES,
                                            GROUPS,
                                            {"m", "map",
                                             "'expressions': {'k': {'call': 'modulo', 'args': "
                                             "[{'col': 'k'}, {'lit': 3}]}}"},
                                            DISTINCT(""),
                                            SINK,
                                            END},
                "q>g g>m m>d d>o", "o(d(m(g(q))))", 0);
    assert_gone((const struct shape_node[]){QUOTES,
                                            GROUPS,
                                            {"m", "map",
                                             "'expressions': {'n': {'call': 'modulo', 'args': "
                                             "[{'col': 'n'}, {'lit': 3}]}}"},
                                            DISTINCT(""),
                                            SINK,
                                            END},
                "q>g g>m m>d d>o", "o(m(g(q)))", 1);
    // a union has the rows of both
    assert_gone(
        (const struct shape_node[]){
            QUOTES, GROUPS, {"h", "distinct", ""}, {"u", "union", ""}, DISTINCT(""), SINK, END},
        "q>g g>u g>h h>u.1 u>d d>o", "o(d(u(g(q), *g)))", 1);
}

static void distinct_rows_are_distinct(void **state)
{
    assert_gone((const struct shape_node[]){QUOTES, {"e", "distinct", ""}, DISTINCT(""), SINK, END},
                "q>e e>d d>o", "o(e(q))", 1);
    assert_gone((const struct shape_node[]){QUOTES,
                                            {"e", "distinct", "'columns': ['k']"},
                                            DISTINCT("'columns': ['k', 'name']"),
                                            SINK,
                                            END},
                "q>e e>d d>o", "o(e(q))", 1);
    assert_gone((const struct shape_node[]){QUOTES,
                                            {"e", "distinct", "'columns': ['k', 'name']"},
                                            DISTINCT("'columns': ['k']"),
                                            SINK,
                                            END},
                "q>e e>d d>o", "o(d(e(q)))", 0);
}

/* What a DISTINCT held up goes on at once: a second optimization finds nothing to do. */
static void conditions_go_on_where_it_was(void **state)
{
    struct sb_optimizer_options options = {.operator_fusion = true, .filter_pushdown = true};

    shapes_assert((const struct shape_node[]){QUOTES,
                                              GROUPS,
                                              {"s", "sort", "'by': 'p'"},
                                              DISTINCT("'columns': ['k', 'name']"),
                                              {"f", "filter", "'column': 'n', 'value': 1"},
                                              SINK,
                                              END},
                  "q>g g>s s>d d>f f>o", options, "o(s(f{n > 1}(g(q))))",
                  (struct sb_optimizer_report){.operators_fused = 1, .filters_pushed = 1});
}

static void what_others_get_is_theirs(void **state)
{
    assert_gone(
        (const struct shape_node[]){QUOTES, GROUPS, DISTINCT(""), SINK, {"p", "sink", ""}, END},
        "q>g g>d d>o g>p", "o(g(q)); p(*g)", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_differ_in_their_keys),
        cmocka_unit_test(floats_are_compared),
        cmocka_unit_test(rows_stay_unique_on_their_way),
        cmocka_unit_test(distinct_rows_are_distinct),
        cmocka_unit_test(conditions_go_on_where_it_was),
        cmocka_unit_test(what_others_get_is_theirs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
