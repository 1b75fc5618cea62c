// SPDX-License-Identifier: Apache-2.0
/*
 * test_estimate_join.c - pairs that a join finds, where keys are spread evenly.
 */
#include "optimize/estimates.h"

/* 100,000 orders of 1,000 customers, on 365 days; a tenth has no customer. */
#define ORDERS "o: int64, customer: int64, region: int32, day: date32, n: int64"
static const char orders[] =
    "{'row_count': 100000, 'columns': {'o': {'min': 1, 'max': 100000, 'null_count': 0},"
    "'customer': {'min': 1, 'max': 1000, 'null_count': 10000, 'distinct_count': 1000},"
    "'region': {'min': 1, 'max': 10, 'null_count': 0, 'distinct_count': 10},"
    "'day': {'min': '2024-01-01', 'max': '2024-12-30', 'null_count': 0}}}";

#define CUSTOMERS "id: int64, region: int32, age: int32, m: int64"
static const char customers[] =
    "{'row_count': 1000, 'columns': {'id': {'min': 1, 'max': 1000, 'null_count': 0},"
    "'region': {'min': 1, 'max': 10, 'null_count': 0, 'distinct_count': 10},"
    "'age': {'min': 1, 'max': 100, 'null_count': 0, 'distinct_count': 100}}}";

/* Rows of the join of the two, filtered first. */
static double join_rows(const char *left_filter, const char *right_filter, const char *join,
                        const char *left_told, const char *right_told)
{
    char text[4096];
    struct sb_graph *graph;
    struct sb_arena arena = {.memory = sb_memory_global()};
    struct sb_estimates estimates;
    double rows;

    snprintf(text, sizeof text,
             "{'version': 1, 'operators': ["
             "{'operator_id': 'l', 'operator_type': 'source', 'name': 'l', 'parameters': {%s}},"
             "{'operator_id': 'r', 'operator_type': 'source', 'name': 'r', 'parameters': {%s}},"
             "{'operator_id': 'j', 'operator_type': 'hash_join', 'name': 'j', 'parameters': {%s}},"
             "{'operator_id': 'out', 'operator_type': 'sink', 'name': 'out'}],"
             "'edges': [{'from': 'l', 'to': 'j', 'port': 0}, {'from': 'r', 'to': 'j', 'port': 1},"
             "{'from': 'j', 'to': 'out'}]}",
             left_filter, right_filter, join);
    graph = graphs_create(text);
    graphs_declare(graph, "l", ORDERS);
    graphs_declare(graph, "r", CUSTOMERS);
    estimates_tell(graph, "l", left_told);
    estimates_tell(graph, "r", right_told);
    graphs_validate(graph, NULL);
    estimates = estimates_make(graph, &arena);
    rows = estimates_of(&estimates, graph, "out")->rows;
    sb_arena_deinit(&arena);
    sb_graph_destroy(graph);
    return rows;
}

#define KEYS "'left_key': 'customer', 'right_key': 'id'"
#define FIRST_HUNDRED(column)                                                                      \
    "'filters': {'call': 'less_equal', 'args': [{'col': '" column "'}, {'lit': 100}]}"
#define FIRST_TEN(column)                                                                          \
    "'filters': {'call': 'less_equal', 'args': [{'col': '" column "'}, {'lit': 10}]}"

static void assert_join(const char *left_filter, const char *right_filter, const char *join,
                        double expected)
{
    estimates_near(join, join_rows(left_filter, right_filter, join, orders, customers), expected);
}

static void every_key_finds_its_row(void **state)
{
    assert_join("", "", KEYS, 90000);
    assert_join("", "", KEYS ", 'how': 'left'", 100000);
    assert_join("", "", KEYS ", 'how': 'semi'", 90000);
    assert_join("", "", KEYS ", 'how': 'anti'", 10000);
    assert_join("", "", KEYS ", 'how': 'right'", 90000);
    assert_join("", "", KEYS ", 'how': 'outer'", 100000);
}

static void filters_of_either_side_count(void **state)
{
    assert_join("", FIRST_TEN("age"), KEYS, 9000);
    assert_join("", FIRST_HUNDRED("id"), KEYS, 9000);
    assert_join(FIRST_HUNDRED("customer"), "", KEYS, 9000);
    assert_join(FIRST_HUNDRED("customer"), FIRST_HUNDRED("id"), KEYS, 9000); // the same rows
    assert_join(FIRST_HUNDRED("o"), FIRST_TEN("age"), KEYS, 9); // 100 orders, a tenth, not null
    assert_join("", FIRST_TEN("age"), KEYS ", 'how': 'left'", 100000);
    assert_join("", FIRST_TEN("age"), KEYS ", 'how': 'semi'", 9000);
    assert_join("", FIRST_TEN("age"), KEYS ", 'how': 'anti'", 91000);
}

static void many_meet_many(void **state)
{
    assert_join("", "", "'left_key': 'region', 'right_key': 'region'", 100000 * 1000.0 / 10);
}

static void keys_without_a_common_value_meet_nothing(void **state)
{
    static const char elsewhere[] =
        "{'row_count': 1000, 'columns': {'id': {'min': 5001, 'max': 6000, 'null_count': 0}}}";
    static const char beside[] =
        "{'row_count': 1000, 'columns': {'id': {'min': 501, 'max': 1500, 'null_count': 0}}}";

    estimates_near("apart", join_rows("", "", KEYS, orders, elsewhere), 1);
    estimates_near("beside", join_rows("", "", KEYS, orders, beside), 45000);
}

static void of_unknown_keys_the_smaller_side_is_unique(void **state)
{
    estimates_near("unknown",
                   join_rows("", "", "'left_key': 'n', 'right_key': 'm'", orders, customers),
                   100000);
    estimates_near("one unknown",
                   join_rows("", "", "'left_key': 'n', 'right_key': 'id'", orders, customers),
                   100000);
    estimates_near("rows alone", join_rows("", "", KEYS, "{'row_count': 500}", "{'row_count': 30}"),
                   500);
}

static void nulls_meet_when_they_are_equal(void **state)
{
    static const char some_null[] =
        "{'row_count': 1000, 'columns': {'id': {'min': 1, 'max': 900, 'null_count': 100, "
        "'distinct_count': 900}}}";

    estimates_near("not equal", join_rows("", "", KEYS, orders, some_null), 81000);
    estimates_near("equal", join_rows("", "", KEYS ", 'nulls_equal': true", orders, some_null),
                   81000 + 10000 * 100);
}

static void a_key_of_two_columns_is_found(void **state)
{
    // each customer's region is the order's: the second column says nothing new
    assert_join("", "", "'left_key': ['customer', 'region'], 'right_key': ['id', 'region']", 90000);
    assert_join("", FIRST_TEN("age"),
                "'left_key': ['customer', 'region'], 'right_key': ['id', 'region']", 9000);
}

static void an_empty_side_meets_nothing(void **state)
{
    static const char none[] = "{'row_count': 0}";

    estimates_near("right", join_rows("", "", KEYS, orders, none), 0);
    estimates_near("left", join_rows("", "", KEYS, none, customers), 0);
    estimates_near("kept", join_rows("", "", KEYS ", 'how': 'left'", orders, none), 100000);
    estimates_near("anti", join_rows("", "", KEYS ", 'how': 'anti'", orders, none), 100000);
    estimates_near("semi", join_rows("", "", KEYS ", 'how': 'semi'", orders, none), 0);
}

/* orders with customers, with regions: columns of a join are estimated like those of a source. */
static void joins_of_joins_know_their_columns(void **state)
{
    struct sb_graph *graph = graphs_create(
        "{'version': 1, 'operators': ["
        "{'operator_id': 'l', 'operator_type': 'source', 'name': 'l', 'parameters': {}},"
        "{'operator_id': 'r', 'operator_type': 'source', 'name': 'r', 'parameters': {'filters': "
        "{'call': 'less_equal', 'args': [{'col': 'age'}, {'lit': 10}]}}},"
        "{'operator_id': 'x', 'operator_type': 'source', 'name': 'x', 'parameters': {}},"
        "{'operator_id': 'j', 'operator_type': 'hash_join', 'name': 'j', 'parameters': {" KEYS
        "}}, {'operator_id': 'k', 'operator_type': 'hash_join', 'name': 'k', 'parameters': "
        "{'left_key': 'region', 'right_key': 'region'}},"
        "{'operator_id': 'g', 'operator_type': 'aggregate', 'name': 'g', 'parameters': {'key_by': "
        "['customer'], 'aggregations': {'c': ['*', 'count']}}},"
        "{'operator_id': 'out', 'operator_type': 'sink', 'name': 'out'}],"
        "'edges': [{'from': 'l', 'to': 'j', 'port': 0}, {'from': 'r', 'to': 'j', 'port': 1},"
        "{'from': 'j', 'to': 'k', 'port': 0}, {'from': 'x', 'to': 'k', 'port': 1},"
        "{'from': 'k', 'to': 'g'}, {'from': 'g', 'to': 'out'}]}");
    struct sb_arena arena = {.memory = sb_memory_global()};
    struct sb_estimates estimates;
    const struct sb_estimate *joined;

    graphs_declare(graph, "l", ORDERS);
    graphs_declare(graph, "r", CUSTOMERS);
    graphs_declare(graph, "x", "region: int32, name: utf8");
    estimates_tell(graph, "l", orders);
    estimates_tell(graph, "r", customers);
    estimates_tell(graph, "x",
                   "{'row_count': 10, 'columns': {'region': {'min': 1, 'max': 10, 'null_count': "
                   "0}}}");
    graphs_validate(graph, NULL);
    estimates = estimates_make(graph, &arena);
    joined = estimates_of(&estimates, graph, "j");
    estimates_near("join", joined->rows, 9000);
    estimates_near("customers that are left", sb_estimate_distinct(joined, 1), 100);
    estimates_near("regions", sb_estimate_distinct(joined, 2), 10);
    estimates_near("second join", estimates_of(&estimates, graph, "k")->rows, 9000);
    estimates_near("groups", estimates_of(&estimates, graph, "g")->rows, 100);
    sb_arena_deinit(&arena);
    sb_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_finds_its_row),
        cmocka_unit_test(filters_of_either_side_count),
        cmocka_unit_test(many_meet_many),
        cmocka_unit_test(keys_without_a_common_value_meet_nothing),
        cmocka_unit_test(of_unknown_keys_the_smaller_side_is_unique),
        cmocka_unit_test(nulls_meet_when_they_are_equal),
        cmocka_unit_test(a_key_of_two_columns_is_found),
        cmocka_unit_test(an_empty_side_meets_nothing),
        cmocka_unit_test(joins_of_joins_know_their_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
