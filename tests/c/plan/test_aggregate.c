// SPDX-License-Identifier: Apache-2.0
#include "plan/graphs.h"

#define COLUMNS                                                                                     \
    "k: utf8 not null, d: date32, i: int32 not null, u: uint16, f: float32, x: decimal128(10, 2), " \
    "b: bool"

static void assert_columns(const char *rest, const char *expected)
{
    struct sb_graph *graph = graphs_chain("aggregate", rest, COLUMNS, NULL);

    graphs_assert_schema(graph, "n", expected);
    sb_graph_destroy(graph);
}

static void assert_refused(const char *rest, enum sb_status status, const char *message)
{
    graphs_assert_chain_refused("aggregate", rest, COLUMNS, NULL, status, message);
}

static void gives_keys_then_results(void **state)
{
    struct sb_graph *graph = graphs_chain(
        "aggregate",
        "'parameters': {'key_by': ['d', 'k'], 'aggregate': ['sum', 'count'], 'column': ['i', 'f']}",
        COLUMNS, NULL);
    const struct sb_aggregate_spec *spec = &sb_graph_node(graph, "n")->spec.aggregate;

    graphs_assert_schema(graph, "n",
                         "d: date32, k: utf8 not null, i_sum: int64 not null, i_count: int64 not "
                         "null, f_sum: float64, f_count: int64 not null");
    assert_int_equal(spec->key_count, 2);
    assert_int_equal(spec->keys[0], 1);
    assert_int_equal(spec->keys[1], 0);
    assert_int_equal(spec->call_count, 4);
    assert_int_equal(spec->calls[0].function, SB_AGGREGATE_SUM);
    assert_int_equal(spec->calls[0].column, 2);
    assert_int_equal(spec->calls[0].result.id, SB_TYPE_INT64);
    assert_string_equal(spec->calls[3].name, "f_count");
    assert_int_equal(spec->calls[3].function, SB_AGGREGATE_COUNT);
    sb_graph_destroy(graph);
}

static void results_have_the_documented_types(void **state)
{
    assert_columns("'parameters': {'key_by': 'k', 'aggregate': 'sum', 'column': "
                   "['i', 'u', 'f', 'x']}",
                   "k: utf8 not null, i_sum: int64 not null, u_sum: uint64, f_sum: float64, "
                   "x_sum: decimal128(38, 2)");
    assert_columns("'parameters': {'key_by': 'k', 'aggregate': ['avg', 'mean'], 'column': "
                   "['i', 'x']}",
                   "k: utf8 not null, i_avg: float64 not null, i_mean: float64 not null, x_avg: "
                   "float64, x_mean: float64");
    assert_columns("'parameters': {'key_by': 'k', 'aggregate': ['min', 'max'], 'column': "
                   "['d', 'u', 'x', 'b', 'k']}",
                   "k: utf8 not null, d_min: date32, d_max: date32, u_min: uint16, u_max: uint16, "
                   "x_min: decimal128(10, 2), x_max: decimal128(10, 2), b_min: bool, b_max: bool, "
                   "k_min: utf8 not null, k_max: utf8 not null");
}

static void without_keys_results_may_be_null(void **state)
{
    assert_columns("'parameters': {'aggregate': ['sum', 'count', 'min'], 'column': 'i'}",
                   "i_sum: int64, i_count: int64 not null, i_min: int32");
}

static void counts_rows(void **state)
{
    struct sb_graph *graph = graphs_chain(
        "aggregate", "'parameters': {'aggregate': 'count', 'column': '*'}", COLUMNS, NULL);

    graphs_assert_schema(graph, "n", "count: int64 not null");
    assert_int_equal(sb_graph_node(graph, "n")->spec.aggregate.calls[0].function,
                     SB_AGGREGATE_COUNT_ROWS);
    assert_int_equal(sb_graph_node(graph, "n")->spec.aggregate.calls[0].column, -1);
    sb_graph_destroy(graph);
    assert_columns("'parameters': {'aggregate': ['count'], 'group_by': 'b'}",
                   "b: bool, count: int64 not null");
    assert_columns("'parameters': {'aggregations': {'n': ['*', 'count']}}", "n: int64 not null");
}

static void accepts_every_spelling(void **state)
{
    assert_columns("'key_by': 'k', 'parameters': {'aggregate': 'max', 'aggregate_column': 'i'}",
                   "k: utf8 not null, i_max: int32 not null");
    assert_columns("'key_by': ['k'], 'parameters': {'group_by': 'k', 'key_by': ['k'], 'aggregate': "
                   "'max', 'aggregate_column': 'i', 'column': ['i'], 'emit': 'final'}",
                   "k: utf8 not null, i_max: int32 not null");
    assert_columns("'parameters': {'key_by': 'k', 'aggregations': {'top': ['i', 'max'], 'k_low': "
                   "['k', 'min']}}",
                   "k: utf8 not null, top: int32 not null, k_low: utf8 not null");
}

static void refuses_spellings_that_differ(void **state)
{
    assert_refused("'key_by': 'd', 'parameters': {'group_by': 'k', 'aggregate': 'count'}",
                   SB_INVALID,
                   "operator 'n' (aggregate): parameter 'group_by': means the same as the "
                   "operator's own key_by, and the two differ; give one");
    assert_refused("'parameters': {'column': 'i', 'aggregate_column': 'u', 'aggregate': 'sum'}",
                   SB_INVALID,
                   "operator 'n' (aggregate): parameter 'aggregate_column': means the same as "
                   "'column', and the two differ; give one");
    assert_refused("'parameters': {'aggregations': {'a': ['i', 'sum']}, 'aggregate': 'sum'}",
                   SB_INVALID,
                   "operator 'n' (aggregate): parameter 'aggregations': does not go with "
                   "'aggregate'; allowed: aggregations, or aggregate with column");
}

#define FUNCTIONS                                                                                  \
    "sum, count, mean, avg, min, max, first, last, stddev, variance, stddev_pop, variance_pop, "   \
    "count_distinct, list, median, p1 .. p99, approx_count_distinct, approx_median, "              \
    "approx_p1 .. approx_p99"

static void refuses_wrong_calls(void **state)
{
    assert_refused("'parameters': {'key_by': 'k'}", SB_INVALID,
                   "operator 'n' (aggregate): parameter 'aggregate': is missing; allowed: a "
                   "function or a list of functions, or aggregations");
    assert_refused("'parameters': {'aggregate': []}", SB_INVALID,
                   "operator 'n' (aggregate): parameter 'aggregate': is empty; ask for at least "
                   "one function");
    assert_refused("'parameters': {'aggregations': {}}", SB_INVALID,
                   "operator 'n' (aggregate): parameter 'aggregations': is empty; ask for at least "
                   "one function");
    assert_refused("'parameters': {'aggregate': 'sum'}", SB_INVALID,
                   "operator 'n' (aggregate): parameter 'column': is missing or empty; name the "
                   "columns to aggregate, or '*' to count rows");
    assert_refused("'parameters': {'aggregate': 'summ', 'column': 'i'}", SB_INVALID,
                   "operator 'n' (aggregate): parameter 'aggregate': 'summ' is unknown (did you "
                   "mean 'sum'?); allowed: " FUNCTIONS);
    assert_refused(
        "'parameters': {'aggregate': 'p100', 'column': 'i'}", SB_INVALID,
        "operator 'n' (aggregate): parameter 'aggregate': 'p100' is unknown; allowed: " FUNCTIONS);
    assert_refused("'parameters': {'aggregations': {'a': ['i', 'approx_p0']}}", SB_INVALID,
                   "operator 'n' (aggregate): parameter 'aggregations': 'approx_p0' is unknown; "
                   "allowed: " FUNCTIONS);
    assert_refused("'parameters': {'aggregate': 'sum', 'column': '*'}", SB_INVALID,
                   "operator 'n' (aggregate): parameter 'column': '*' is given to 'sum'; allowed: "
                   "'*' with count, a column with the others");
    assert_refused("'parameters': {'aggregate': 'sum', 'column': 'k'}", SB_INVALID,
                   "operator 'n' (aggregate): parameter 'column': 'k' is utf8; allowed with sum: "
                   "integers, floats, decimals, durations");
    assert_refused("'parameters': {'aggregate': 'mean', 'aggregate_column': 'b'}", SB_INVALID,
                   "operator 'n' (aggregate): parameter 'aggregate_column': 'b' is bool; allowed "
                   "with mean: integers, floats, decimals, durations");
    assert_refused("'parameters': {'aggregate': 'sum', 'column': 'ii'}", SB_INVALID,
                   "operator 'n' (aggregate): parameter 'column': there is no column 'ii' (did you "
                   "mean 'i'?); columns: k: utf8, d: date32, i: int32, u: uint16, f: float32, x: "
                   "decimal128(10, 2), b: bool");
    assert_refused("'parameters': {'aggregations': {'a': ['i']}}", SB_INVALID,
                   "operator 'n' (aggregate): parameter 'aggregations': 'a' is not a pair; "
                   "allowed: [column, function]");
    assert_refused("'parameters': {'aggregations': {'a': 'sum'}}", SB_INVALID,
                   "operator 'n' (aggregate): parameter 'aggregations': 'a' is not a pair; "
                   "allowed: [column, function]");
}

static void refuses_wrong_keys_and_names(void **state)
{
    assert_refused("'parameters': {'key_by': 'kk', 'aggregate': 'count'}", SB_INVALID,
                   "operator 'n' (aggregate): parameter 'key_by': there is no column 'kk' (did you "
                   "mean 'k'?); columns: k: utf8, d: date32, i: int32, u: uint16, f: float32, x: "
                   "decimal128(10, 2), b: bool");
    assert_refused("'parameters': {'group_by': ['k', 'd', 'k'], 'aggregate': 'count'}", SB_INVALID,
                   "operator 'n' (aggregate): parameter 'group_by': names 'k' twice; name each "
                   "column once");
    assert_refused("'parameters': {'aggregate': ['max', 'max'], 'column': 'i'}", SB_INVALID,
                   "operator 'n' (aggregate): its rows would have two columns named 'i_max'; name "
                   "the outputs with 'aggregations'");
    assert_refused("'parameters': {'key_by': 'k', 'aggregations': {'k': ['i', 'max']}}", SB_INVALID,
                   "operator 'n' (aggregate): its rows would have two columns named 'k'; name the "
                   "outputs with 'aggregations'");
}

#define STREAM(aggregate, more)                                                                    \
    "{'version': 1, 'mode': 'streaming', 'operators': ["                                           \
    "{'operator_id': 's', 'operator_type': 'source', 'name': 's', 'parameters': {'topic': 't'}},"  \
    "{'operator_id': 'n', 'operator_type': 'group_by', 'name': 'n', 'parameters': {" aggregate     \
    "}}, " more ", {'operator_id': 'o', 'operator_type': 'sink'}],"                                \
    "'edges': [{'from': 's', 'to': 'n'}, {'from': 'n', 'to': 'm'}, {'from': 'm', 'to': 'o'}]}"

#define NEXT(type, parameters)                                                                     \
    "{'operator_id': 'm', 'name': 'm', 'operator_type': '" type "', 'parameters': {" parameters "}}"

static void expect_stream(const char *json, enum sb_status status, const char *message)
{
    struct sb_error err = {0};
    struct sb_graph *graph = graphs_create(json);

    graphs_declare(graph, "s", COLUMNS);
    assert_int_equal(graphs_try_validate(graph, NULL, NULL, &err), status);
    assert_string_equal(err.message, message);
    if (status == SB_OK) {
        assert_ptr_equal(sb_graph_node(graph, "o")->update_source, sb_graph_node(graph, "n"));
        assert_true(sb_graph_node(graph, "n")->spec.aggregate.emits_updates);
    }
    sb_graph_destroy(graph);
}

static void endless_input_means_updates(void **state)
{
    expect_stream(STREAM("'aggregate': 'count'", NEXT("select", "'columns': ['count']")), SB_OK,
                  "");
    expect_stream(STREAM("'aggregate': 'count', 'emit': 'update'", NEXT("union", "")), SB_OK, "");
    expect_stream(STREAM("'aggregate': 'count', 'emit': 'final'", NEXT("union", "")), SB_INVALID,
                  "operator 'n' (group_by): parameter 'emit': is 'final', and its input does not "
                  "end, because of operator 's' (source); allowed: update, or `bounded: true` "
                  "there");
    assert_refused("'parameters': {'aggregate': 'count', 'emit': 'always'}", SB_INVALID,
                   "operator 'n' (aggregate): parameter 'emit': 'always' is unknown; allowed: "
                   "final, update");
}

static void updates_go_only_where_rows_may_be_replaced(void **state)
{
    static const char *const nodes[] = {
        STREAM("'aggregate': 'count'", NEXT("aggregate", "'aggregate': 'count'")),
        STREAM("'aggregate': 'count'", NEXT("distinct", "")),
        STREAM("'aggregate': 'count'", NEXT("filter", "'column': 'count', 'value': 3")),
        STREAM("'aggregate': 'count'", NEXT("limit", "'count': 3")),
    };
    static const char *const types[] = {"aggregate", "distinct", "filter", "limit"};

    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        char message[512];
        snprintf(message, sizeof message,
                 "operator 'm' (%s): cannot take updates, rows that replace earlier ones of the "
                 "same key, and operator 'n' (group_by) emits them; allowed behind it: map, "
                 "select, union, custom, sink. Over input that ends, set `emit: \"final\"` there",
                 types[i]);
        expect_stream(nodes[i], SB_INVALID, message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_keys_then_results),
        cmocka_unit_test(results_have_the_documented_types),
        cmocka_unit_test(without_keys_results_may_be_null),
        cmocka_unit_test(counts_rows),
        cmocka_unit_test(accepts_every_spelling),
        cmocka_unit_test(refuses_spellings_that_differ),
        cmocka_unit_test(refuses_wrong_calls),
        cmocka_unit_test(refuses_wrong_keys_and_names),
        cmocka_unit_test(endless_input_means_updates),
        cmocka_unit_test(updates_go_only_where_rows_may_be_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
