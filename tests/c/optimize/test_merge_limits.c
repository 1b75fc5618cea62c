// SPDX-License-Identifier: Apache-2.0
#include "optimize/shapes.h"

static const struct sb_optimizer_options fusion = {.operator_fusion = true};

#define QUOTES {"q", "source", "'data': {'kind': 'bound'}|k: int64, price: float64, name: utf8"}
#define SINK {"o", "sink", ""}
#define OTHER_SINK {"p", "sink", ""}
#define END {NULL, NULL, NULL}
#define SORT {"s", "sort", "'by': 'price', 'descending': true"}
#define LIMIT(ID, RANGE) {ID, "limit", RANGE}
#define MAP                                                                                        \
    {"m", "map", "'expressions': {'x': {'call': 'modulo', 'args': [{'lit': 9}, {'col': 'k'}]}}"}
#define SELECT {"c", "select", "'columns': ['k', 'price']"}

static void assert_merged(const struct shape_node *nodes, const char *edges, const char *expected,
                          int32_t count)
{
    shapes_assert(nodes, edges, fusion, expected,
                  (struct sb_optimizer_report){.operators_fused = count});
}

static void sort_and_limit_are_top_n(void **state)
{
    const struct shape_node nodes[] = {QUOTES, SORT, LIMIT("l", "'count': 10, 'offset': 3"), SINK,
                                       END};
    struct sb_graph *graph = shapes_graph(nodes, "q>s s>l l>o", NULL);
    struct sb_optimizer_report report;
    struct sb_graph *optimized = shapes_optimize(graph, &fusion, &report);
    const struct sb_node *top;

    assert_merged(nodes, "q>s s>l l>o", "o(s{3-13}(q))", 1);
    graphs_validate(optimized, NULL);
    top = sb_graph_node(optimized, "s");
    assert_int_equal(top->type, SB_NODE_TOP_N);
    assert_int_equal(top->spec.top_n.count, 10);
    assert_int_equal(top->spec.top_n.offset, 3);
    assert_true(top->spec.top_n.order.keys[0].is_descending);
    assert_int_equal(top->part_count, 2);
    sb_string_free(report.trace);
    sb_graph_destroy(optimized);
    sb_graph_destroy(graph);
}

static void a_limit_goes_below_what_keeps_rows(void **state)
{
    assert_merged(
        (const struct shape_node[]){QUOTES, SORT, MAP, SELECT, LIMIT("l", "'count': 4"), SINK, END},
        "q>s s>m m>c c>l l>o", "o(c{m c}(s{0-4}(q)))", 2);
    // but not below a filter, whose rows it counts
    assert_merged((const struct shape_node[]){QUOTES,
                                              SORT,
                                              {"f", "filter", "'column': 'k', 'value': 1"},
                                              LIMIT("l", "'count': 4"),
                                              SINK,
                                              END},
                  "q>s s>f f>l l>o", "o(l(f{k > 1}(s(q))))", 0);
    // nor where there is nothing to be one with: behind it, fewer workers would do the work
    assert_merged((const struct shape_node[]){QUOTES, MAP, LIMIT("l", "'count': 4"), SINK, END},
                  "q>m m>l l>o", "o(l(m(q)))", 0);
}

static void rows_that_others_get_stay(void **state)
{
    assert_merged(
        (const struct shape_node[]){QUOTES, SORT, LIMIT("l", "'count': 4"), SINK, OTHER_SINK, END},
        "q>s s>l l>o s>p", "o(l(s(q))); p(*s)", 0);
    assert_merged((const struct shape_node[]){QUOTES, SORT, MAP, LIMIT("l", "'count': 4"), SINK,
                                              OTHER_SINK, END},
                  "q>s s>m m>l l>o m>p", "o(l(m(s(q)))); p(*m)", 0);
    assert_merged((const struct shape_node[]){QUOTES, LIMIT("k", "'count': 9"),
                                              LIMIT("l", "'count': 4"), SINK, OTHER_SINK, END},
                  "q>k k>l l>o k>p", "o(l(k(q))); p(*k)", 0);
}

static void many_rows_stay_sorted(void **state)
{
    assert_merged(
        (const struct shape_node[]){QUOTES, SORT, LIMIT("l", "'count': 100001"), SINK, END},
        "q>s s>l l>o", "o(l(s(q)))", 0);
    assert_merged((const struct shape_node[]){QUOTES, SORT, LIMIT("l", "'offset': 5"), SINK, END},
                  "q>s s>l l>o", "o(l(s(q)))", 0);
    assert_merged(
        (const struct shape_node[]){
            QUOTES, SORT, LIMIT("l", "'offset': 9223372036854775807, 'count': 1"), SINK, END},
        "q>s s>l l>o", "o(l(s(q)))", 0);
}

static void of_a_part_a_part(void **state)
{
    static const struct {
        const char *inner;
        const char *outer;
        const char *expected;
    } cases[] = {
        {"'count': 9", "'count': 4", "o(k{0-4}(q))"},
        {"'count': 4", "'count': 9", "o(k{0-4}(q))"},
        {"'count': 9, 'offset': 2", "'count': 4, 'offset': 3", "o(k{5-9}(q))"},
        {"'count': 9, 'offset': 2", "'count': 20, 'offset': 3", "o(k{5-11}(q))"},
        {"'count': 9, 'offset': 2", "'offset': 30", "o(k{32-32}(q))"},
        {"'offset': 2", "'offset': 3", "o(k{5--1}(q))"},
        {"'offset': 2", "'count': 3", "o(k{2-5}(q))"},
        {"'count': 0", "'count': 3", "o(k{0-0}(q))"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_merged((const struct shape_node[]){QUOTES, LIMIT("k", cases[i].inner),
                                                  LIMIT("l", cases[i].outer), SINK, END},
                      "q>k k>l l>o", cases[i].expected, 1);
    }
    assert_merged((const struct shape_node[]){QUOTES,
                                              {"t", "top_n", "'by': 'k', 'count': 9"},
                                              LIMIT("l", "'count': 4, 'offset': 7"),
                                              SINK,
                                              END},
                  "q>t t>l l>o", "o(t{7-9}(q))", 1);
}

static void three_are_one(void **state)
{
    assert_merged((const struct shape_node[]){QUOTES, SORT, LIMIT("a", "'count': 50"), MAP,
                                              LIMIT("b", "'offset': 10"), LIMIT("c", "'count': 5"),
                                              SINK, END},
                  "q>s s>a a>m m>b b>c c>o", "o(m(s{10-15}(q)))", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sort_and_limit_are_top_n),
        cmocka_unit_test(a_limit_goes_below_what_keeps_rows),
        cmocka_unit_test(rows_that_others_get_stay),
        cmocka_unit_test(many_rows_stay_sorted),
        cmocka_unit_test(of_a_part_a_part),
        cmocka_unit_test(three_are_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
