// SPDX-License-Identifier: Apache-2.0
#include "plan/graphs.h"

#include "plan/statistics.h"

#define COLUMNS                                                                                    \
    "a: int64, b: float64, c: utf8, d: date32, e: decimal128(9, 2), f: list<item: int32>, "        \
    "g: timestamp[us, Europe/Berlin], h: dictionary<int32, utf8>, i: int8"

struct telling {
    struct sb_graph *graph;
    const char *id;
    const char *json;
    struct sb_error *err;
};

static enum sb_status tell_attempt(struct sb_memory *memory, void *context)
{
    const struct telling *telling = context;

    *telling->err = (struct sb_error){0};
    return sb_graph_set_source_statistics(telling->graph, telling->id, telling->json,
                                          strlen(telling->json), telling->err);
}

static enum sb_status tell(struct sb_graph *graph, const char *id, const char *text,
                           struct sb_error *err)
{
    char *json = graphs_json(text);
    struct telling telling = {graph, id, json, err};
    enum sb_status status = test_refusals(sb_memory_global(), tell_attempt, &telling);

    free(json);
    return status;
}

static struct sb_graph *graph_create(void)
{
    struct sb_graph *graph =
        graphs_create("{'version': 1, 'operators': [{'operator_id': 's', 'operator_type': "
                      "'source', 'name': 'quotes'}, {'operator_id': 'out', 'operator_type': "
                      "'sink', 'name': 'out'}], 'edges': [{'from': 's', 'to': 'out'}]}");

    graphs_declare(graph, "s", COLUMNS);
    return graph;
}

static const struct sb_column_statistics *column_of(const struct sb_graph *graph, const char *name)
{
    const struct sb_node *node = sb_graph_node(graph, "s");
    const struct sb_schema *schema = node->declared_schema;
    int32_t hint = 0;

    return sb_statistics_column(node->statistics, &schema->fields[sb_schema_index(schema, name)],
                                &hint);
}

static void reads_values_as_the_column_types(void **state)
{
    struct sb_graph *graph = graph_create();
    struct sb_error err = {0};
    const struct sb_column_statistics *column;

    if (tell(graph, "s",
             "{'row_count': 1000, 'columns': {"
             "'a': {'min': '-5', 'max': 9007199254740993, 'null_count': 3, 'distinct_count': 7, "
             "'average_width': 8},"
             "'b': {'min': 'NaN', 'max': 'inf'}, 'c': {'min': 'a', 'max': 'b', 'average_width': "
             "3.5}, 'd': {'min': '2024-02-29', 'max': 20000}, 'e': {'min': '-1.50', 'max': '2.25'},"
             "'f': {'null_count': 1}, 'g': {'min': '2024-01-01T00:00:00Z', 'max': null},"
             "'h': {'min': 'x', 'max': 'y'}}}",
             &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(sb_graph_node(graph, "s")->statistics->row_count, 1000);
    column = column_of(graph, "a");
    assert_int_equal(column->least.value.i64, -5);
    assert_true(column->greatest.value.i64 == INT64_C(9007199254740993));
    assert_int_equal(column->null_count, 3);
    assert_int_equal(column->distinct_count, 7);
    assert_true(column->average_width == 8);
    column = column_of(graph, "b");
    assert_true(column->least.is_null); // NaN says nothing
    assert_false(column->greatest.is_null);
    assert_int_equal(column->null_count, -1);
    assert_int_equal(column->distinct_count, -1);
    assert_true(column->average_width < 0);
    assert_int_equal(column_of(graph, "d")->least.value.i32, 19782);
    assert_true(column_of(graph, "e")->least.value.i128 == -150);
    assert_true(column_of(graph, "f")->least.is_null);
    assert_true(column_of(graph, "g")->least.value.i64 == INT64_C(1704067200000000));
    assert_true(column_of(graph, "g")->greatest.is_null);
    assert_int_equal(column_of(graph, "h")->greatest.value.bytes.data[0], 'y');
    assert_null(column_of(graph, "i"));
    sb_graph_destroy(graph);
}

static void survives_validation_and_fewer_columns(void **state)
{
    struct sb_graph *graph = graph_create();
    struct sb_error err = {0};

    assert_int_equal(tell(graph, "s", "{'row_count': 5, 'columns': {'c': {'min': 'p'}}}", &err),
                     SB_OK);
    graphs_validate(graph, NULL);
    graphs_declare(graph, "s", "c: utf8");
    graphs_validate(graph, NULL);
    assert_int_equal(sb_graph_node(graph, "s")->statistics->row_count, 5);
    assert_int_equal(column_of(graph, "c")->least.value.bytes.data[0], 'p');
    graphs_declare(graph, "s", "c: int64"); // it was told of text
    assert_null(column_of(graph, "c"));
    sb_graph_destroy(graph);
}

static void outlives_its_graph(void **state)
{
    struct sb_graph *graph = graph_create();
    struct sb_error err = {0};
    struct sb_statistics *statistics;

    assert_int_equal(tell(graph, "s", "{'row_count': 5, 'columns': {'c': {'min': 'p'}}}", &err),
                     SB_OK);
    statistics = sb_statistics_retain(sb_graph_node(graph, "s")->statistics);
    assert_int_equal(tell(graph, "s", "{}", &err), SB_OK);
    assert_int_equal(sb_graph_node(graph, "s")->statistics->row_count, -1);
    sb_graph_destroy(graph);
    assert_int_equal(statistics->columns[0].least.value.bytes.data[0], 'p');
    sb_statistics_release(statistics);
    sb_statistics_release(NULL);
    assert_null(sb_statistics_retain(NULL));
}

static void assert_refused(const char *id, const char *json, const char *message)
{
    struct sb_graph *graph = graph_create();
    struct sb_error err = {0};

    assert_int_equal(tell(graph, id, json, &err), SB_INVALID);
    assert_string_equal(err.message, message);
    assert_null(sb_graph_node(graph, "s")->statistics);
    sb_graph_destroy(graph);
}

#define WHERE "operator 'quotes' (source): statistics"

static void says_what_is_wrong(void **state)
{
    assert_refused("x", "{}", "graph: no operator has the operator_id 'x'");
    assert_refused("out", "{}",
                   "operator 'out' (sink): its rows follow from its input; only a source has "
                   "statistics");
    assert_refused("s", "[]",
                   WHERE ": are no object; allowed: {\"row_count\": ..., \"columns\": {...}}");
    assert_refused("s", "{'rows': 5}",
                   WHERE ": key 'rows': is unknown; allowed: row_count, columns");
    assert_refused("s", "{'row_count': -1}",
                   WHERE ": key 'row_count': is -1; allowed: an integer from 0");
    assert_refused("s", "{'row_count': 1.5}",
                   WHERE ": key 'row_count': is a number with a fraction; allowed: an integer from "
                         "0");
    assert_refused("s", "{'columns': {'a': 5}}",
                   WHERE ": column 'a': is no object; allowed: an object with min, max, "
                         "null_count, distinct_count, average_width");
    assert_refused("s", "{'columns': {'a': {'min': 'x'}}}",
                   WHERE ": column 'a': key 'min': literal \"x\" is no int64: expected an integer, "
                         "as a number or as digits in a string");
    assert_refused("s", "{'columns': {'i': {'max': 128}}}",
                   WHERE ": column 'i': key 'max': literal 128 is no int8: expected an integer in "
                         "the range of the type");
    assert_refused("s", "{'columns': {'f': {'max': 3}}}",
                   WHERE ": column 'f': key 'max': values of list<item: int32> have no least and "
                         "no greatest here; leave it out");
    assert_refused("s", "{'columns': {'a': {'min': 3, 'max': 2}}}",
                   WHERE ": column 'a': 'min' is above 'max'");
    assert_refused("s", "{'columns': {'c': {'min': 'ab', 'max': 'a'}}}",
                   WHERE ": column 'c': 'min' is above 'max'");
    assert_refused("s", "{'columns': {'b': {'min': 1.5, 'max': -1.5}}}",
                   WHERE ": column 'b': 'min' is above 'max'");
    assert_refused("s", "{'row_count': 5, 'columns': {'a': {'null_count': 6}}}",
                   WHERE ": column 'a': key 'null_count': is 6, and there are 5 rows");
    assert_refused("s", "{'row_count': 5, 'columns': {'a': {'distinct_count': 6}}}",
                   WHERE ": column 'a': key 'distinct_count': is 6, and there are 5 rows");
}

static void names_an_unknown_column(void **state)
{
    struct sb_graph *graph = graph_create();
    struct sb_error err = {0};

    assert_int_equal(tell(graph, "s", "{'columns': {'price': {}}}", &err), SB_INVALID);
    assert_non_null(strstr(err.message, "'price'"));
    assert_non_null(strstr(err.message, "a: int64, b: float64"));
    sb_graph_destroy(graph);
}

static void needs_the_columns_first(void **state)
{
    struct sb_graph *graph =
        graphs_create("{'version': 1, 'operators': [{'operator_id': 's', 'operator_type': "
                      "'source', 'name': 's'}, {'operator_id': 'out', 'operator_type': "
                      "'sink', 'name': 'out'}], 'edges': [{'from': 's', 'to': 'out'}]}");
    struct sb_error err = {0};

    assert_int_equal(tell(graph, "s", "{}", &err), SB_INVALID);
    assert_string_equal(err.message,
                        "operator 's' (source): statistics are read by its columns' types; declare "
                        "its schema first (a generator needs neither)");
    sb_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_values_as_the_column_types),
        cmocka_unit_test(survives_validation_and_fewer_columns),
        cmocka_unit_test(outlives_its_graph),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(names_an_unknown_column),
        cmocka_unit_test(needs_the_columns_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
