// SPDX-License-Identifier: Apache-2.0
#include "plan/graphs.h"

#define COLUMNS "id: int64, at: timestamp[us], day: date32, name: utf8"

static void graph_text(char *text, size_t size, const char *mode, const char *source,
                       const char *sink)
{
    snprintf(text, size,
             "{'version': 1, 'mode': '%s', 'operators': ["
             "{'operator_id': 's', 'operator_type': 'source', 'name': 's', 'parameters': {%s}},"
             "{'operator_id': 'o', 'operator_type': 'sink', 'name': 'o', 'parameters': {%s}}],"
             "'edges': [{'from': 's', 'to': 'o'}]}",
             mode, source, sink);
}

static struct sb_graph *graph_of(const char *mode, const char *source, const char *sink)
{
    char text[2048];
    struct sb_graph *graph;

    graph_text(text, sizeof text, mode, source, sink);
    graph = graphs_create(text);
    if (strstr(source, "generator") == NULL) {
        graphs_declare(graph, "s", COLUMNS);
    }
    graphs_validate(graph, NULL);
    return graph;
}

static void assert_refused(const char *source, const char *sink, const char *message)
{
    char text[2048];
    struct sb_graph *graph;
    struct sb_error err = {0};
    enum sb_status status;

    graph_text(text, sizeof text, "batch", source, sink);
    status = graphs_try_create(text, &graph, &err);
    if (status == SB_OK) {
        if (strstr(source, "generator") == NULL) {
            graphs_declare(graph, "s", COLUMNS);
        }
        status = graphs_try_validate(graph, NULL, NULL, &err);
        sb_graph_destroy(graph);
    }
    assert_int_equal(status, SB_INVALID);
    assert_string_equal(err.message, message);
}

static void assert_source(const char *mode, const char *parameters, const char *target,
                          bool is_endless)
{
    struct sb_graph *graph = graph_of(mode, parameters, "");
    const struct sb_node *source = sb_graph_node(graph, "s");

    assert_string_equal(source->spec.source.target, target);
    assert_int_equal(source->spec.source.is_endless, is_endless);
    assert_ptr_equal(sb_graph_node(graph, "o")->endless_source, is_endless ? source : NULL);
    sb_graph_destroy(graph);
}

static void tells_where_rows_come_from_and_whether_they_end(void **state)
{
    assert_source("batch", "", "stream", false);
    assert_source("batch", "'topic': 'q'", "topic 'q'", false);
    assert_source("streaming", "'kafka_topic': 'q'", "topic 'q'", true);
    assert_source("streaming", "'topic': 'q', 'kafka_topic': 'q', 'bounded': true", "topic 'q'",
                  false);
    assert_source("batch", "'topic': 'q', 'bounded': false", "topic 'q'", true);
    assert_source("streaming", "'path': 'a.parquet'", "path 'a.parquet'", false);
    assert_source("streaming", "'path': ['a']", "path 'a'", false);
    assert_source("streaming", "'path': ['a', 'b']", "2 paths", false);
    assert_source("streaming", "'data': {'kind': 'bound'}", "memory", false);
    assert_source("streaming", "'table': {'kind': 'bound'}, 'bounded': false", "memory", true);
    assert_source("batch",
                  "'generator': {'rows': 0, 'columns': [{'name': 'a', 'kind': "
                  "'sequence'}]}, 'bounded': false",
                  "generator", true);
}

static void reads_event_time(void **state)
{
    struct sb_graph *graph = graph_of("batch", "'timestamp_column': 'at', 'lateness_ms': 5", "");
    const struct sb_source_spec *spec = &sb_graph_node(graph, "s")->spec.source;

    assert_string_equal(spec->timestamp_column, "at");
    assert_int_equal(spec->timestamp_index, 1);
    assert_int_equal(spec->lateness_us, 5000);
    sb_graph_destroy(graph);

    graph = graph_of("batch", "'timestamp_column': 'id'", "");
    assert_int_equal(sb_graph_node(graph, "s")->spec.source.timestamp_index, 0);
    sb_graph_destroy(graph);
    graph = graph_of("batch", "'timestamp_column': 'day'", "");
    assert_int_equal(sb_graph_node(graph, "s")->spec.source.timestamp_index, 2);
    sb_graph_destroy(graph);
    graph = graph_of("batch", "", "");
    assert_null(sb_graph_node(graph, "s")->spec.source.timestamp_column);
    assert_int_equal(sb_graph_node(graph, "s")->spec.source.timestamp_index, -1);
    sb_graph_destroy(graph);
}

static void refuses_wrong_source_parameters(void **state)
{
    assert_refused("'topic': 'a', 'kafka_topic': 'b'", "",
                   "operator 's' (source): parameter 'kafka_topic': means the same as 'topic', and "
                   "the two differ; give one");
    assert_refused("'kafka_topic': 'a', 'path': 'b'", "",
                   "operator 's' (source): parameter 'path': 'kafka_topic' is given, too; allowed: "
                   "one of topic, path, data, generator");
    assert_refused("'topic': 't', 'delimiter': ';'", "",
                   "operator 's' (source): parameter 'delimiter': goes with 'path', but the rows "
                   "come from: topic 't'; leave it out");
    assert_refused("'path': 'p', 'start': 'latest'", "",
                   "operator 's' (source): parameter 'start': goes with 'topic', but the rows come "
                   "from: path 'p'; leave it out");
    assert_refused(
        "'data': {}, 'format': 'csv'", "",
        "operator 's' (source): parameter 'format': 'csv' goes with 'path', but the rows "
        "come from: memory; leave it out");
    assert_refused("'format': 'parket'", "",
                   "operator 's' (source): parameter 'format': 'parket' is unknown (did you mean "
                   "'parquet'?); allowed: arrow, json, ndjson, parquet, csv");
    assert_refused("'path': 7", "",
                   "operator 's' (source): parameter 'path': is an integer; allowed: text or a "
                   "list of text");
    assert_refused("'columns': ['id', 'nmae']", "",
                   "operator 's' (source): parameter 'columns': there is no column 'nmae' (did you "
                   "mean 'name'?); columns: id: int64, at: timestamp[us], day: date32, name: utf8");
    assert_refused("'timestamp_column': 'ts'", "",
                   "operator 's' (source): parameter 'timestamp_column': there is no column 'ts'; "
                   "columns: id: int64, at: timestamp[us], day: date32, name: utf8");
    assert_refused("'timestamp_column': 'name'", "",
                   "operator 's' (source): parameter 'timestamp_column': column 'name' is utf8; "
                   "allowed: a timestamp, a date or int64 (milliseconds)");
    assert_refused("'lateness_ms': 9223372036854775807", "",
                   "operator 's' (source): parameter 'lateness_ms': is 9223372036854775807; "
                   "allowed: an integer from 0 to 9223372036854775");
    assert_refused("'bounded': 'yes'", "",
                   "operator 's' (source): parameter 'bounded': is text; allowed: true or false");
}

static void refuses_two_columns_of_one_name(void **state)
{
    char text[1024];
    struct sb_error err = {0};
    struct sb_graph *graph;

    graph_text(text, sizeof text, "batch", "", "");
    graph = graphs_create(text);
    graphs_declare(graph, "s", "a: int64, b: utf8, a: utf8");
    assert_int_equal(graphs_try_validate(graph, NULL, NULL, &err), SB_INVALID);
    assert_string_equal(err.message, "operator 's' (source): its rows would have two columns named "
                                     "'a'; rename one where the rows come from");
    sb_graph_destroy(graph);
}

static void reads_a_generator(void **state)
{
    struct sb_graph *graph =
        graph_of("batch",
                 "'generator': {'rows': 1000, 'seed': 7, 'splits': 3, 'columns': ["
                 "{'name': 'id', 'kind': 'sequence', 'start': 5, 'step': -2},"
                 "{'name': 'k', 'kind': 'uniform_int', 'low': -1, 'high': 99},"
                 "{'name': 'p', 'kind': 'uniform_float', 'low': 1, 'high': 2.5},"
                 "{'name': 's', 'kind': 'string', 'prefix': 'id_', 'high': 9},"
                 "{'name': 't', 'kind': 'timestamp', 'start_ms': 10, 'step_ms': 3},"
                 "{'name': 'f', 'kind': 'uniform_float'}]}, 'timestamp_column': 't'",
                 "");
    const struct sb_source_spec *spec = &sb_graph_node(graph, "s")->spec.source;
    const struct sb_generator_column *columns = spec->generator_columns;

    graphs_assert_schema(graph, "s",
                         "id: int64 not null, k: int64 not null, p: float64 not null, s: utf8 not "
                         "null, t: timestamp[ms] not null, f: float64 not null");
    assert_true(spec->is_generator);
    assert_int_equal(spec->generator_rows, 1000);
    assert_int_equal(spec->generator_seed, 7);
    assert_int_equal(spec->generator_splits, 3);
    assert_int_equal(spec->generator_column_count, 6);
    assert_int_equal(spec->timestamp_index, 4);
    assert_int_equal(columns[0].start, 5);
    assert_int_equal(columns[0].step, -2);
    assert_int_equal(columns[1].start, -1);
    assert_int_equal(columns[1].high, 99);
    assert_true(columns[2].low_float == 1.0 && columns[2].high_float == 2.5);
    assert_string_equal(columns[3].prefix, "id_");
    assert_int_equal(columns[3].start, 0);
    assert_int_equal(columns[3].high, 9);
    assert_int_equal(columns[4].kind, SB_GENERATOR_TIMESTAMP);
    assert_int_equal(columns[4].start, 10);
    assert_int_equal(columns[4].step, 3);
    assert_true(columns[5].low_float == 0.0 && columns[5].high_float == 1.0);
    sb_graph_destroy(graph);
}

#define GENERATOR(rest) "'generator': {" rest "}"
#define COLUMN(rest) "'generator': {'rows': 10, 'columns': [{'name': 'a', " rest "}]}"
#define WHERE "operator 's' (source): parameter 'generator': "

static void refuses_wrong_generators(void **state)
{
    assert_refused(GENERATOR("'columns': []"), "",
                   WHERE "key 'rows': is missing; allowed: an integer from 0");
    assert_refused(GENERATOR("'rows': 1, 'columns': []"), "",
                   WHERE "key 'columns': is empty; name at least one");
    assert_refused(GENERATOR("'rows': 1, 'colums': []"), "",
                   WHERE "key 'colums': is unknown (did you mean 'columns'?); allowed: rows, seed, "
                         "columns, splits");
    assert_refused(GENERATOR("'rows': 1, 'splits': 0, 'columns': [1]"), "",
                   WHERE "key 'splits': is 0; allowed: an integer from 1 to 65536");
    assert_refused(GENERATOR("'rows': 1, 'columns': [1]"), "",
                   WHERE "columns[0]: is not an object");
    assert_refused(COLUMN("'kind': 'serial'"), "",
                   WHERE "columns[0]: key 'kind': 'serial' is unknown; allowed: sequence, "
                         "uniform_int, uniform_float, string, timestamp");
    assert_refused(COLUMN("'low': 1"), "",
                   WHERE "columns[0]: key 'kind': is missing; allowed: sequence, uniform_int, "
                         "uniform_float, string, timestamp");
    assert_refused(COLUMN("'kind': 'sequence', 'low': 1"), "",
                   WHERE "columns[0]: key 'low': is unknown; allowed: name, kind, start, step");
    assert_refused(COLUMN("'kind': 'sequence', 'step': 9223372036854775807"), "",
                   WHERE "columns[0]: its values leave int64 before row 10; make start, step or "
                         "rows smaller");
    assert_refused(COLUMN("'kind': 'uniform_int'"), "",
                   WHERE "columns[0]: key 'high': is missing; allowed: an integer");
    assert_refused(COLUMN("'kind': 'uniform_int', 'low': 3, 'high': 2"), "",
                   WHERE "columns[0]: key 'high': is 2; allowed: an integer from low, which is 3");
    assert_refused(COLUMN("'kind': 'string', 'low': -9223372036854775808, 'high': 0"), "",
                   WHERE "columns[0]: low and high are further apart than 2^63 - 1");
    assert_refused(COLUMN("'kind': 'uniform_float', 'low': 2.5, 'high': 1"), "",
                   WHERE "columns[0]: key 'high': is 1; allowed: a number from low, which is 2.5");
    assert_refused(COLUMN("'kind': 'uniform_float', 'low': -1.7e308, 'high': 1.7e308"), "",
                   WHERE "columns[0]: low and high are further apart than a float64 holds");
    assert_refused(GENERATOR("'rows': 1, 'columns': [{'name': 'a', 'kind': 'sequence'}, {'name': "
                             "'a', 'kind': 'sequence'}]"),
                   "",
                   "operator 's' (source): its rows would have two columns named 'a'; give the "
                   "generator's columns different names");
}

static void refuses_a_declared_schema_for_a_generator(void **state)
{
    char text[1024];
    struct sb_error err = {0};
    struct sb_graph *graph;

    graph_text(text, sizeof text, "batch", COLUMN("'kind': 'sequence'"), "");
    graph = graphs_create(text);
    graphs_declare(graph, "s", "a: int64");
    assert_int_equal(graphs_try_validate(graph, NULL, NULL, &err), SB_INVALID);
    assert_string_equal(err.message, "operator 's' (source): a generator knows its columns; do not "
                                     "declare a schema for it");
    sb_graph_destroy(graph);
}

static void assert_sink(const char *parameters, enum sb_sink_target kind, const char *target)
{
    struct sb_graph *graph = graph_of("batch", "", parameters);
    const struct sb_node *sink = sb_graph_node(graph, "o");

    assert_int_equal(sink->spec.sink.kind, kind);
    assert_string_equal(sink->spec.sink.target, target);
    graphs_assert_schema(graph, "o", COLUMNS);
    sb_graph_destroy(graph);
}

static void tells_where_rows_go(void **state)
{
    assert_sink("", SB_TARGET_COLLECT, "collect");
    assert_sink("'discard': false", SB_TARGET_COLLECT, "collect");
    assert_sink("'discard': true", SB_TARGET_DISCARD, "discard");
    assert_sink("'topic': 't', 'partitions': 4, 'key_column': 'id'", SB_TARGET_STREAM, "topic 't'");
    assert_sink("'kafka_topic': 't', 'delivery': 'at_least_once'", SB_TARGET_STREAM, "topic 't'");
    assert_sink("'path': 'p', 'format': 'parquet', 'discard': false", SB_TARGET_STREAM, "path 'p'");
    assert_sink("'callback': {'kind': 'bound'}", SB_TARGET_STREAM, "callback");
}

static void refuses_wrong_sink_parameters(void **state)
{
    assert_refused("", "'topic': 'a', 'path': 'b'",
                   "operator 'o' (sink): parameter 'path': 'topic' is given, too; allowed: at most "
                   "one of topic, path, callback, discard");
    assert_refused("", "'callback': {}, 'discard': true",
                   "operator 'o' (sink): parameter 'discard': 'callback' is given, too; allowed: "
                   "at most one of topic, path, callback, discard");
    assert_refused("", "'topic': 't', 'key_column': 'ID'",
                   "operator 'o' (sink): parameter 'key_column': there is no column 'ID' (did you "
                   "mean 'id'?); columns: id: int64, at: timestamp[us], day: date32, name: utf8");
    assert_refused("", "'delivery': 'once'",
                   "operator 'o' (sink): parameter 'delivery': 'once' is unknown; allowed: "
                   "exactly_once, at_least_once");
    assert_refused("", "'partitions': 0",
                   "operator 'o' (sink): parameter 'partitions': is 0; allowed: an integer from 1 "
                   "to 32768");
    assert_refused(
        "", "'path': 'p', 'key_column': 'id'",
        "operator 'o' (sink): parameter 'key_column': goes with 'topic', but the rows go "
        "to: path 'p'; leave it out");
    assert_refused("", "'topic': 't', 'mode': 'append'",
                   "operator 'o' (sink): parameter 'mode': goes with 'path', but the rows go to: "
                   "topic 't'; leave it out");
    assert_refused(
        "", "'format': 'csv'",
        "operator 'o' (sink): parameter 'format': 'csv' goes with 'path', but the rows go "
        "to: collect; leave it out");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_where_rows_come_from_and_whether_they_end),
        cmocka_unit_test(reads_event_time),
        cmocka_unit_test(refuses_wrong_source_parameters),
        cmocka_unit_test(refuses_two_columns_of_one_name),
        cmocka_unit_test(reads_a_generator),
        cmocka_unit_test(refuses_wrong_generators),
        cmocka_unit_test(refuses_a_declared_schema_for_a_generator),
        cmocka_unit_test(tells_where_rows_go),
        cmocka_unit_test(refuses_wrong_sink_parameters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
