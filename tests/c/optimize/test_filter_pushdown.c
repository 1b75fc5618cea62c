// SPDX-License-Identifier: Apache-2.0
#include "optimize/shapes.h"

static const struct sb_optimizer_options filters = {.filter_pushdown = true};

#define MEMORY "'data': {'kind': 'bound'}"
#define QUOTES {"q", "source", MEMORY "|k: int64, price: float64, name: utf8"}
#define SECURITIES {"r", "source", MEMORY "|id: int64, price: float64, sector: utf8"}
#define SINK {"o", "sink", ""}
#define END {NULL, NULL, NULL}
#define JOIN(HOW) {"j", "hash_join", "'left_key': 'k', 'right_key': 'id', 'how': '" HOW "'"}
#define JOINED "q>j r>j.1 j>f f>o"

static struct shape_node comparison(const char *parameters)
{
    return (struct shape_node){"f", "filter", parameters};
}

static void assert_pushed(const struct shape_node *nodes, const char *edges, const char *expected,
                          int32_t count)
{
    shapes_assert(nodes, edges, filters, expected,
                  (struct sb_optimizer_report){.filters_pushed = count});
}

/* q, r -> join -> filter -> sink */
static void assert_join(const char *how, const char *filter, const char *expected, int32_t count)
{
    char join[256];

    snprintf(join, sizeof join, "'left_key': 'k', 'right_key': 'id', 'how': '%s'", how);
    assert_pushed(
        (const struct shape_node[]){
            QUOTES, SECURITIES, {"j", "hash_join", join}, comparison(filter), SINK, END},
        JOINED, expected, count);
}

static void the_scan_takes_a_filter(void **state)
{
    assert_pushed(
        (const struct shape_node[]){QUOTES, comparison("'column': 'price', 'value': 1"), SINK, END},
        "q>f f>o", "o(q{|price > 1})", 1);
}

static void a_scan_that_others_read_keeps_its_rows(void **state)
{
    assert_pushed(
        (const struct shape_node[]){
            QUOTES, comparison("'column': 'price', 'value': 1"), SINK, {"p", "sink", ""}, END},
        "q>f f>o q>p", "o(f{price > 1}(q)); p(*q)", 0);
}

static void what_others_read_is_not_crossed(void **state)
{
    assert_pushed((const struct shape_node[]){QUOTES,
                                              {"s", "sort", "'by': 'k'"},
                                              comparison("'column': 'price', 'value': 1"),
                                              SINK,
                                              {"p", "sink", ""},
                                              END},
                  "q>s s>f f>o s>p", "o(f{price > 1}(s(q))); p(*s)", 0);
}

static void it_crosses_a_map_that_does_not_write_its_column(void **state)
{
    const char *map = "'expressions': {'twice': {'call': 'multiply', 'args': [{'col': 'price'}, "
                      "{'lit': 2}]}}";

    assert_pushed(
        (const struct shape_node[]){
            QUOTES, {"m", "map", map}, comparison("'column': 'price', 'value': 1"), SINK, END},
        "q>m m>f f>o", "o(m(q{|price > 1}))", 1);
    assert_pushed(
        (const struct shape_node[]){
            QUOTES, {"m", "map", map}, comparison("'column': 'twice', 'value': 1"), SINK, END},
        "q>m m>f f>o", "o(f{twice > 1}(m(q)))", 0);
}

static void a_conjunction_is_taken_apart(void **state)
{
    const char *map = "'expressions': {'twice': {'call': 'multiply', 'args': [{'col': 'price'}, "
                      "{'lit': 2}]}}";
    const char *both = "'predicate': {'call': 'and', 'args': ["
                       "{'call': 'greater', 'args': [{'col': 'twice'}, {'lit': 1}]},"
                       "{'call': 'less', 'args': [{'col': 'k'}, {'lit': 5}]}]}";

    assert_pushed(
        (const struct shape_node[]){QUOTES, {"m", "map", map}, comparison(both), SINK, END},
        "q>m m>f f>o", "o(f{twice > 1}(m(q{|k < 5})))", 1);
}

static void it_goes_to_the_side_that_owns_its_column(void **state)
{
    assert_join("inner", "'column': 'name', 'operator': '==', 'value': 'x'",
                "o(j{k=id}(q{|name == 'x'}, r))", 1);
    assert_join("inner", "'column': 'sector', 'operator': '==', 'value': 'x'",
                "o(j{k=id}(q, r{|sector == 'x'}))", 1);
    assert_join("inner", "'column': 'price_right', 'value': 3", "o(j{k=id}(q, r{|price > 3}))", 1);
    assert_join("inner", "'column': 'price', 'value': 3", "o(j{k=id}(q{|price > 3}, r))", 1);
}

static void a_condition_on_the_key_is_for_both_sides(void **state)
{
    assert_join("inner", "'column': 'k', 'value': 3", "o(j{k=id}(q{|k > 3}, r{|id > 3}))", 1);
    assert_join("left", "'column': 'k', 'value': 3", "o(j{k=id}(q{|k > 3}, r{|id > 3}))", 1);
    assert_join("semi", "'column': 'k', 'value': 3", "o(j{k=id}(q{|k > 3}, r{|id > 3}))", 1);
    assert_join("anti", "'column': 'k', 'value': 3", "o(j{k=id}(q{|k > 3}, r{|id > 3}))", 1);
    assert_join("right", "'column': 'k', 'value': 3", "o(j{k=id}(q{|k > 3}, r{|id > 3}))", 1);
}

static void outer_joins_keep_what_they_fill_with_nulls(void **state)
{
    assert_join("outer", "'column': 'k', 'value': 3", "o(f{k > 3}(j{k=id}(q, r)))", 0);
    assert_join("left", "'column': 'sector', 'operator': '==', 'value': 'x'",
                "o(f{sector == 'x'}(j{k=id}(q, r)))", 0);
    assert_join("right", "'column': 'name', 'operator': '==', 'value': 'x'",
                "o(f{name == 'x'}(j{k=id}(q, r)))", 0);
    assert_join("left", "'column': 'name', 'operator': '==', 'value': 'x'",
                "o(j{k=id}(q{|name == 'x'}, r))", 1);
    assert_join("right", "'column': 'sector', 'operator': '==', 'value': 'x'",
                "o(j{k=id}(q, r{|sector == 'x'}))", 1);
}

/* Rows without a partner would make it fail now. */
static void a_condition_that_may_fail_stays_behind_what_drops_rows(void **state)
{
    const char *division = "'predicate': {'call': 'greater', 'args': [{'call': 'cast', 'args': "
                           "[{'col': 'name'}], 'type': 'int64'}, {'lit': 1}]}";

    assert_join("inner", division, "o(f{cast(name as int64) > 1}(j{k=id}(q, r)))", 0);
    assert_join("left", division, "o(j{k=id}(q{|cast(name as int64) > 1}, r))", 1);
}

static void what_guards_a_condition_stays_before_it(void **state)
{
    const char *guarded =
        "'predicate': {'call': 'and', 'args': ["
        "{'call': 'greater', 'args': [{'col': 'sector'}, {'lit': 'a'}]},"
        "{'call': 'greater', 'args': [{'call': 'cast', 'args': [{'col': 'name'}], 'type': "
        "'int64'}, {'lit': 1}]},"
        "{'call': 'less', 'args': [{'col': 'price'}, {'lit': 5}]}]}";

    assert_join("left", guarded,
                "o(f{sector > 'a' and cast(name as int64) > 1}(j{k=id}(q{|price < 5}, r)))", 1);
}

static void filters_in_a_row_become_one(void **state)
{
    assert_pushed((const struct shape_node[]){QUOTES,
                                              {"l", "limit", "'count': 10"},
                                              {"e", "filter", "'column': 'k', 'value': 2"},
                                              comparison("'column': 'price', 'value': 1"),
                                              SINK,
                                              END},
                  "q>l l>e e>f f>o", "o(e{k > 2 and price > 1}(l(q)))", 1);
}

static void a_union_takes_it_in_every_branch(void **state)
{
    assert_pushed(
        (const struct shape_node[]){QUOTES,
                                    {"p", "source", MEMORY "|k: int64, price: float64, name: utf8"},
                                    {"u", "union", ""},
                                    comparison("'column': 'price', 'value': 1"),
                                    SINK,
                                    END},
        "q>u p>u.1 u>f f>o", "o(u(q{|price > 1}, p{|price > 1}))", 1);
}

static void groups_are_dropped_by_their_keys(void **state)
{
    const char *count = "'key_by': ['name'], 'aggregations': {'n': ['*', 'count']}";

    assert_pushed((const struct shape_node[]){QUOTES,
                                              {"g", "aggregate", count},
                                              comparison("'column': 'name', 'value': 'x'"),
                                              SINK,
                                              END},
                  "q>g g>f f>o", "o(g(q{|name > 'x'}))", 1);
    assert_pushed(
        (const struct shape_node[]){
            QUOTES, {"g", "aggregate", count}, comparison("'column': 'n', 'value': 1"), SINK, END},
        "q>g g>f f>o", "o(f{n > 1}(g(q)))", 0);
}

/* -0.0 and 0.0 are one key, and a function may tell them apart. */
static void floats_as_keys_are_not_crossed(void **state)
{
    assert_pushed((const struct shape_node[]){QUOTES,
                                              {"d", "distinct", "'columns': ['price']"},
                                              comparison("'column': 'price', 'value': 1"),
                                              SINK,
                                              END},
                  "q>d d>f f>o", "o(f{price > 1}(d(q)))", 0);
    assert_pushed((const struct shape_node[]){QUOTES,
                                              {"d", "distinct", "'columns': ['k']"},
                                              comparison("'column': 'k', 'value': 1"),
                                              SINK,
                                              END},
                  "q>d d>f f>o", "o(d(q{|k > 1}))", 1);
}

static void it_does_not_cross_limits(void **state)
{
    assert_pushed((const struct shape_node[]){QUOTES,
                                              {"l", "limit", "'count': 10"},
                                              comparison("'column': 'price', 'value': 1"),
                                              SINK,
                                              END},
                  "q>l l>f f>o", "o(f{price > 1}(l(q)))", 0);
    assert_pushed((const struct shape_node[]){QUOTES,
                                              {"t", "top_n", "'by': 'k', 'count': 10"},
                                              comparison("'column': 'price', 'value': 1"),
                                              SINK,
                                              END},
                  "q>t t>f f>o", "o(f{price > 1}(t(q)))", 0);
}

static void a_filter_below_a_join_filters_the_other_side(void **state)
{
    const struct shape_node nodes[] = {
        QUOTES, SECURITIES, JOIN("inner"), comparison("'column': 'k', 'value': 3"), SINK, END};

    assert_pushed(nodes, "q>f f>j r>j.1 j>o", "o(j{k=id}(q{|k > 3}, r{|id > 3}))", 1);
}

static void a_condition_that_is_always_true_goes(void **state)
{
    assert_pushed((const struct shape_node[]){QUOTES,
                                              comparison("'predicate': {'call': 'less', 'args': "
                                                         "[{'lit': 1}, {'lit': 2}]}"),
                                              SINK, END},
                  "q>f f>o", "o(q)", 0);
}

static void negations_are_pushed_into_comparisons(void **state)
{
    const char *neither = "'predicate': {'call': 'not', 'args': [{'call': 'or', 'args': ["
                          "{'call': 'greater', 'args': [{'col': 'price'}, {'lit': 1}]},"
                          "{'call': 'is_null', 'args': [{'col': 'sector'}]}]}]}";
    const char *other = "'predicate': {'call': 'not', 'args': [{'call': 'starts_with', 'args': "
                        "[{'col': 'name'}, {'lit': 'x'}]}]}";

    assert_join("inner", neither, "o(j{k=id}(q{|price <= 1}, r{|sector is not null}))", 1);
    assert_join("inner", other, "o(j{k=id}(q{|not starts_with(name, 'x')}, r))", 1);
}

static void it_moves_whole_with_its_name(void **state)
{
    assert_pushed((const struct shape_node[]){QUOTES,
                                              {"l", "limit", "'count': 10"},
                                              {"s", "sort", "'by': 'k'"},
                                              comparison("'column': 'price', 'value': 1"),
                                              SINK,
                                              END},
                  "q>l l>s s>f f>o", "o(s(f{price > 1}(l(q))))", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scan_takes_a_filter),
        cmocka_unit_test(a_scan_that_others_read_keeps_its_rows),
        cmocka_unit_test(what_others_read_is_not_crossed),
        cmocka_unit_test(it_crosses_a_map_that_does_not_write_its_column),
        cmocka_unit_test(a_conjunction_is_taken_apart),
        cmocka_unit_test(it_goes_to_the_side_that_owns_its_column),
        cmocka_unit_test(a_condition_on_the_key_is_for_both_sides),
        cmocka_unit_test(outer_joins_keep_what_they_fill_with_nulls),
        cmocka_unit_test(a_condition_that_may_fail_stays_behind_what_drops_rows),
        cmocka_unit_test(what_guards_a_condition_stays_before_it),
        cmocka_unit_test(filters_in_a_row_become_one),
        cmocka_unit_test(a_union_takes_it_in_every_branch),
        cmocka_unit_test(groups_are_dropped_by_their_keys),
        cmocka_unit_test(floats_as_keys_are_not_crossed),
        cmocka_unit_test(it_does_not_cross_limits),
        cmocka_unit_test(a_filter_below_a_join_filters_the_other_side),
        cmocka_unit_test(a_condition_that_is_always_true_goes),
        cmocka_unit_test(negations_are_pushed_into_comparisons),
        cmocka_unit_test(it_moves_whole_with_its_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
