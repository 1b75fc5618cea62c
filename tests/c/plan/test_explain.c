// SPDX-License-Identifier: Apache-2.0
#include <sabot/job.h>

#include "plan/graphs.h"

#define ENRICHMENT                                                                                 \
    "{'version': 1, 'job_id': 'job-0123456789ab', 'job_name': 'quote_enrichment', 'operators': ["  \
    "{'operator_id': 'q', 'operator_type': 'source', 'name': 'load_quotes', 'parameters': "        \
    "{'kafka_topic': 'market.quotes', 'format': 'arrow'}},"                                        \
    "{'operator_id': 'f', 'operator_type': 'filter', 'name': 'filter_high_value', 'parameters': "  \
    "{'column': 'price', 'value': 100.0}},"                                                        \
    "{'operator_id': 'r', 'operator_type': 'source', 'name': 'load_securities', 'parameters': "    \
    "{'topic': 'reference.securities', 'timestamp_column': 'at'}},"                                \
    "{'operator_id': 'c', 'operator_type': 'select', 'name': 'select_security_columns', "          \
    "'parameters': {'columns': ['ID', 'CUSIP']}},"                                                 \
    "{'operator_id': 'j', 'operator_type': 'hash_join', 'name': 'enrich_quotes', 'parameters': "   \
    "{'left_key': 'instrumentId', 'right_key': 'ID'}},"                                            \
    "{'operator_id': 'o', 'operator_type': 'sink', 'name': 'output_enriched', 'parameters': "      \
    "{'topic': 'enriched.quotes'}}], 'edges': ["                                                   \
    "{'from': 'q', 'to': 'f'}, {'from': 'f', 'to': 'j', 'port': 0}, {'from': 'r', 'to': 'c'},"     \
    "{'from': 'c', 'to': 'j', 'port': 1}, {'from': 'j', 'to': 'o'}]}"

static struct sb_graph *enrichment(void)
{
    struct sb_graph *graph = graphs_create(ENRICHMENT);

    graphs_declare(graph, "q", "instrumentId: int64 not null, price: float64");
    graphs_declare(graph, "r", "ID: int64, at: timestamp[us, UTC], CUSIP: utf8");
    return graph;
}

static void assert_text(const struct sb_graph *graph, const char *expected)
{
    struct sb_error err = {0};
    char *text;

    assert_int_equal(sb_graph_explain(graph, SB_EXPLAIN_TEXT, &text, &err), SB_OK);
    assert_string_equal(text, expected);
    sb_string_free(text);
}

static void draws_the_tree_from_the_sink_up(void **state)
{
    struct sb_graph *graph = enrichment();

    graphs_validate(graph, NULL);
    assert_text(
        graph,
        "job 'quote_enrichment', batch\n"
        "sink 'output_enriched'  target: topic 'enriched.quotes'\n"
        "└─ hash_join 'enrich_quotes'  join_type: inner; on: instrumentId = ID; stores: "
        "right side  -> instrumentId, price, CUSIP\n"
        "   ├─ left: filter 'filter_high_value'  predicate: price > 100.0  -> instrumentId, price\n"
        "   │  └─ source 'load_quotes'  target: topic 'market.quotes'; format: arrow  -> "
        "instrumentId, price\n"
        "   └─ right: select 'select_security_columns'  columns: ID, CUSIP  -> ID, CUSIP\n"
        "      └─ source 'load_securities'  target: topic 'reference.securities'; "
        "timestamp_column: at  -> ID, at, CUSIP\n");
    sb_graph_destroy(graph);
}

static void needs_no_schemas(void **state)
{
    struct sb_graph *graph = enrichment();

    assert_text(graph,
                "job 'quote_enrichment', batch\n"
                "sink 'output_enriched'  target: topic 'enriched.quotes'\n"
                "└─ hash_join 'enrich_quotes'  join_type: inner; on: instrumentId = ID; "
                "stores: right side\n"
                "   ├─ left: filter 'filter_high_value'  predicate: price > 100.0\n"
                "   │  └─ source 'load_quotes'  target: topic 'market.quotes'; format: arrow\n"
                "   └─ right: select 'select_security_columns'  columns: ID, CUSIP\n"
                "      └─ source 'load_securities'  target: topic 'reference.securities'; "
                "timestamp_column: at\n");
    sb_graph_destroy(graph);
}

static void draws_what_feeds_several_operators_once(void **state)
{
    struct sb_graph *graph = graphs_create(
        "{'version': 1, 'mode': 'streaming', 'operators': ["
        "{'operator_id': 's', 'operator_type': 'source', 'name': 's', 'parameters': {'topic': "
        "'t'}}, {'operator_id': 'l', 'operator_type': 'limit', 'name': 'l', 'parameters': "
        "{'count': 5}}, {'operator_id': 'u', 'operator_type': 'union', 'name': 'u'},"
        "{'operator_id': 'o', 'operator_type': 'sink', 'name': 'a\\nb'},"
        "{'operator_id': 'p', 'operator_type': 'sink', 'name': 'p', 'parameters': {'discard': "
        "true}}, {'operator_id': 'x', 'operator_type': 'limit', 'name': 'x', 'parameters': "
        "{'count': 1}}],"
        "'edges': [{'from': 's', 'to': 'l'}, {'from': 'l', 'to': 'u', 'port': 0}, {'from': 'l', "
        "'to': 'u', 'port': 1}, {'from': 'u', 'to': 'o'}, {'from': 's', 'to': 'p'},"
        "{'from': 's', 'to': 'x'}]}");

    assert_text(graph, "job 'unnamed_job', streaming\n"
                       "sink 'a b'  target: collect\n"
                       "└─ union 'u'\n"
                       "   ├─ [1] limit 'l'  count: 5\n"
                       "   │  └─ [2] source 's'  target: topic 't'; endless\n"
                       "   └─ [1] limit 'l', see above\n"
                       "sink 'p'  target: discard\n"
                       "└─ [2] source 's', see above\n"
                       "not needed by a sink:\n"
                       "limit 'x'  count: 1\n"
                       "└─ [2] source 's', see above\n");
    sb_graph_destroy(graph);
}

static void shows_aggregates_maps_and_functions(void **state)
{
    struct sb_graph *graph = graphs_create(
        "{'version': 1, 'operators': ["
        "{'operator_id': 's', 'operator_type': 'source', 'name': 's', 'parameters': {'generator': "
        "{'rows': 1, 'columns': [{'name': 'k', 'kind': 'sequence'}, {'name': 'p', 'kind': "
        "'uniform_float'}]}}},"
        "{'operator_id': 'm', 'operator_type': 'map', 'name': 'm', 'parameters': {'keep': false, "
        "'expressions': {'k': {'col': 'k'}, 'q': {'call': 'add', 'args': [{'col': 'p'}, {'lit': "
        "1.0}]}}}},"
        "{'operator_id': 'f', 'operator_type': 'filter', 'name': 'f', 'function': {'kind': "
        "'cloudpickle'}, 'parameters': {'columns': ['q']}},"
        "{'operator_id': 'a', 'operator_type': 'aggregate', 'name': 'a', 'key_by': ['k'], "
        "'parameters': {'aggregate': ['sum', 'count'], 'column': 'q'}},"
        "{'operator_id': 'c', 'operator_type': 'custom', 'name': 'c', 'parameters': {'operator': "
        "'Thing'}},"
        "{'operator_id': 'o', 'operator_type': 'sink', 'name': 'o'}],"
        "'edges': [{'from': 's', 'to': 'm'}, {'from': 'm', 'to': 'f'}, {'from': 'f', 'to': 'a'}, "
        "{'from': 'a', 'to': 'c'}, {'from': 'c', 'to': 'o'}]}");

    assert_text(graph, "job 'unnamed_job', batch\n"
                       "sink 'o'  target: collect\n"
                       "└─ custom 'c'  operator: Thing\n"
                       "   └─ aggregate 'a'  key_by: k; calls: q_sum = sum(q), q_count = count(q)\n"
                       "      └─ filter 'f'  columns: q; function\n"
                       "         └─ map 'm'  expressions: k = k, q = p + 1.0; keep: false\n"
                       "            └─ source 's'  target: generator\n");
    sb_graph_destroy(graph);
}

static void shows_wrong_parameters_as_they_are(void **state)
{
    struct sb_graph *graph = graphs_create(
        "{'version': 1, 'operators': ["
        "{'operator_id': 's', 'operator_type': 'source', 'name': 's'},"
        "{'operator_id': 'f', 'operator_type': 'filter', 'name': 'f', 'parameters': {'predicate': "
        "{'cal': 'x'}}},"
        "{'operator_id': 'j', 'operator_type': 'hash_join', 'name': 'j', 'parameters': "
        "{'left_key': ['a', 'b'], 'right_key': 'c', 'suffix': '_r'}},"
        "{'operator_id': 'a', 'operator_type': 'aggregate', 'name': 'a', 'parameters': {'emit': "
        "'final'}},"
        "{'operator_id': 'm', 'operator_type': 'map', 'name': 'm', 'parameters': {'expressions': "
        "{'x': 7}}},"
        "{'operator_id': 'o', 'operator_type': 'sink', 'name': 'o'}],"
        "'edges': [{'from': 's', 'to': 'f'}, {'from': 'f', 'to': 'j'}, {'from': 's', 'to': 'j', "
        "'port': 1}, {'from': 'j', 'to': 'a'}, {'from': 'a', 'to': 'm'}, {'from': 'm', 'to': "
        "'o'}]}");

    assert_text(graph, "job 'unnamed_job', batch\n"
                       "sink 'o'  target: collect\n"
                       "└─ map 'm'  expressions: 7\n"
                       "   └─ aggregate 'a'  emit: final\n"
                       "      └─ hash_join 'j'  left_key: a, b; right_key: c; suffix: _r\n"
                       "         ├─ left: filter 'f'  predicate: {\"cal\": \"x\"}\n"
                       "         │  └─ [1] source 's'  target: stream\n"
                       "         └─ right: [1] source 's', see above\n");
    sb_graph_destroy(graph);
}

static void cuts_what_is_long(void **state)
{
    char columns[2048] = "";
    struct sb_error err = {0};
    struct sb_graph *graph;
    char *text;

    for (int i = 0; i < 30; i++) {
        size_t size = strlen(columns);

        snprintf(columns + size, sizeof columns - size, "%scolumn_%d: int64", i ? ", " : "", i);
    }
    graph = graphs_chain("union", "", columns, NULL);
    assert_int_equal(sb_graph_explain(graph, SB_EXPLAIN_TEXT, &text, &err), SB_OK);
    assert_non_null(strstr(text, "column_11, … 18 more\n"));
    sb_string_free(text);
    sb_graph_destroy(graph);
}

static void draws_chains_of_any_length(void **state)
{
    enum { COUNT = 3000 };
    size_t room = COUNT * 200;
    char *text = malloc(room);
    struct sb_error err = {0};
    struct sb_graph *graph;
    size_t size;
    char *drawn;

    assert_non_null(text);
    size = (size_t)snprintf(text, room,
                            "{'version': 1, 'operators': ["
                            "{'operator_id': '0', 'operator_type': 'source'},"
                            "{'operator_id': 'o', 'operator_type': 'sink'}");
    for (int i = 1; i < COUNT; i++) {
        size += (size_t)snprintf(text + size, room - size,
                                 ",{'operator_id': '%d', 'operator_type': 'union'}", i);
    }
    size += (size_t)snprintf(text + size, room - size, "], 'edges': [{'from': '%d', 'to': 'o'}",
                             COUNT - 1);
    for (int i = 1; i < COUNT; i++) {
        size += (size_t)snprintf(text + size, room - size, ",{'from': '%d', 'to': '%d'}", i - 1, i);
    }
    snprintf(text + size, room - size, "]}");
    graph = graphs_create(text);
    assert_int_equal(sb_graph_explain(graph, SB_EXPLAIN_TEXT, &drawn, &err), SB_OK);
    assert_in_range(strlen(drawn), COUNT * 10, COUNT * 250);
    sb_string_free(drawn);
    sb_graph_destroy(graph);
    free(text);
}

static void lists_operators_as_json(void **state)
{
    struct sb_graph *graph = enrichment();
    struct sb_error err = {0};
    char *text;
    json_t *json;
    const json_t *join;
    char *expected = graphs_json(
        "{'id': 'j', 'name': 'enrich_quotes', 'type': 'hash_join', 'inputs': ['f', 'c'], "
        "'details': {'join_type': 'inner', 'on': ['instrumentId = ID'], 'stores': 'right side'}, "
        "'schema': ["
        "{'name': 'instrumentId', 'type': 'int64', 'nullable': false},"
        "{'name': 'price', 'type': 'float64', 'nullable': true},"
        "{'name': 'CUSIP', 'type': 'utf8', 'nullable': true}], 'estimated_rows': null}");
    json_t *expected_join = json_loads(expected, 0, NULL);

    graphs_validate(graph, NULL);
    assert_int_equal(sb_graph_explain(graph, SB_EXPLAIN_JSON, &text, &err), SB_OK);
    json = json_loads(text, 0, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "job_id")), "job-0123456789ab");
    assert_string_equal(json_string_value(json_object_get(json, "job_name")), "quote_enrichment");
    assert_string_equal(json_string_value(json_object_get(json, "mode")), "batch");
    assert_int_equal(json_array_size(json_object_get(json, "operators")), 6);
    join = json_array_get(json_object_get(json, "operators"), 4);
    assert_true(json_equal(join, expected_join));
    json_decref(json);
    json_decref(expected_join);
    sb_string_free(text);
    sb_graph_destroy(graph);
    free(expected);

    graph = enrichment();
    assert_int_equal(sb_graph_explain(graph, SB_EXPLAIN_JSON, &text, &err), SB_OK);
    assert_non_null(strstr(text, "\"schema\":null"));
    sb_string_free(text);
    sb_graph_destroy(graph);
}

#define STATISTICS "{\"row_count\": 1500, \"columns\": {\"price\": {\"min\": 0, \"max\": 300}}}"
#define SECURITIES "{\"row_count\": 1}"

static void tell(struct sb_graph *graph, const char *id, const char *json)
{
    struct sb_error err = {0};

    assert_int_equal(sb_graph_set_source_statistics(graph, id, json, strlen(json), &err), SB_OK);
}

static void shows_estimated_rows_where_the_sources_tell_theirs(void **state)
{
    struct sb_graph *graph = enrichment();
    struct sb_error err = {0};
    char *text;

    tell(graph, "q", STATISTICS);
    graphs_validate(graph, NULL);
    assert_text(
        graph,
        "job 'quote_enrichment', batch\n"
        "sink 'output_enriched'  target: topic 'enriched.quotes'\n"
        "└─ hash_join 'enrich_quotes'  join_type: inner; on: instrumentId = ID; stores: "
        "right side  -> instrumentId, price, CUSIP\n"
        "   ├─ left: filter 'filter_high_value'  predicate: price > 100.0  ~1,000 rows  -> "
        "instrumentId, price\n"
        "   │  └─ source 'load_quotes'  target: topic 'market.quotes'; format: arrow  ~1,500 rows"
        "  -> instrumentId, price\n"
        "   └─ right: select 'select_security_columns'  columns: ID, CUSIP  -> ID, CUSIP\n"
        "      └─ source 'load_securities'  target: topic 'reference.securities'; "
        "timestamp_column: at  -> ID, at, CUSIP\n");
    tell(graph, "r", SECURITIES);
    assert_int_equal(sb_graph_explain(graph, SB_EXPLAIN_TEXT, &text, &err), SB_OK);
    assert_non_null(strstr(text, "'enriched.quotes'  ~1,000 rows\n"));
    assert_non_null(strstr(text, "timestamp_column: at  ~1 row  -> ID, at, CUSIP\n"));
    sb_string_free(text);
    sb_graph_destroy(graph);
}

static void shows_the_rows_of_a_run_beside_the_estimates(void **state)
{
    const struct sb_operator_metrics metrics[] = {
        {.operator_id = "q", .rows_out = 1500},
        {.operator_id = "f", .rows_in = 1500, .rows_out = 671, .busy_ns = 1500000},
        {.operator_id = "r", .rows_out = 1},
        {.operator_id = "o", .rows_in = 670},
        {.operator_id = "gone", .rows_in = 5},
    };
    struct sb_graph *graph = enrichment();
    struct sb_error err = {0};
    char *text;
    json_t *json;
    json_t *filter;

    tell(graph, "q", STATISTICS);
    graphs_validate(graph, NULL);
    assert_int_equal(sb_graph_explain_run(graph, SB_EXPLAIN_TEXT, metrics, 5, &text, &err), SB_OK);
    assert_non_null(strstr(text, "price > 100.0  671 rows (~1,000 estimated)  -> "));
    assert_non_null(strstr(text, "timestamp_column: at  1 row  -> "));
    assert_non_null(strstr(text, "'enriched.quotes'  670 rows\n"));
    assert_non_null(strstr(text, "right side  -> ")); // it is not in the metrics
    sb_string_free(text);
    assert_int_equal(sb_graph_explain_run(graph, SB_EXPLAIN_JSON, metrics, 5, &text, &err), SB_OK);
    json = json_loads(text, 0, NULL);
    filter = json_array_get(json_object_get(json, "operators"), 1);
    assert_string_equal(json_string_value(json_object_get(filter, "id")), "f");
    assert_int_equal(json_integer_value(json_object_get(filter, "estimated_rows")), 1000);
    assert_int_equal(json_integer_value(json_object_get(filter, "rows")), 671);
    assert_true(json_real_value(json_object_get(filter, "busy_ms")) == 1.5);
    json_decref(json);
    sb_string_free(text);
    sb_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_the_tree_from_the_sink_up),
        cmocka_unit_test(needs_no_schemas),
        cmocka_unit_test(draws_what_feeds_several_operators_once),
        cmocka_unit_test(shows_aggregates_maps_and_functions),
        cmocka_unit_test(shows_wrong_parameters_as_they_are),
        cmocka_unit_test(cuts_what_is_long),
        cmocka_unit_test(draws_chains_of_any_length),
        cmocka_unit_test(lists_operators_as_json),
        cmocka_unit_test(shows_estimated_rows_where_the_sources_tell_theirs),
        cmocka_unit_test(shows_the_rows_of_a_run_beside_the_estimates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
