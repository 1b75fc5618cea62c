// SPDX-License-Identifier: Apache-2.0
#include "plan/graphs.h"

static void join_text(char *text, size_t size, const char *mode, const char *right_source,
                      const char *parameters)
{
    snprintf(text, size,
             "{'version': 1, 'mode': '%s', 'operators': ["
             "{'operator_id': 'l', 'operator_type': 'source', 'name': 'quotes', 'parameters': "
             "{'topic': 'q'}},"
             "{'operator_id': 'r', 'operator_type': 'source', 'name': 'securities', 'parameters': "
             "{%s}},"
             "{'operator_id': 'j', 'operator_type': 'hash_join', 'name': 'j', 'parameters': {%s}},"
             "{'operator_id': 'o', 'operator_type': 'sink', 'name': 'o'}],"
             "'edges': [{'from': 'l', 'to': 'j', 'port': 0}, {'from': 'r', 'to': 'j', 'port': 1},"
             "{'from': 'j', 'to': 'o'}]}",
             mode, right_source, parameters);
}

static struct sb_graph *join_of(const char *parameters, const char *left, const char *right)
{
    char text[2048];
    struct sb_graph *graph;

    join_text(text, sizeof text, "batch", "'topic': 's'", parameters);
    graph = graphs_create(text);
    graphs_declare(graph, "l", left);
    graphs_declare(graph, "r", right);
    graphs_validate(graph, NULL);
    return graph;
}

static void assert_refused(const char *parameters, const char *left, const char *right,
                           enum sb_status expected, const char *message)
{
    char text[2048];
    struct sb_graph *graph;
    struct sb_error err = {0};
    enum sb_status status;

    join_text(text, sizeof text, "batch", "'topic': 's'", parameters);
    status = graphs_try_create(text, &graph, &err);
    if (status == SB_OK) {
        graphs_declare(graph, "l", left);
        graphs_declare(graph, "r", right);
        status = graphs_try_validate(graph, NULL, NULL, &err);
        sb_graph_destroy(graph);
    }
    assert_string_equal(err.message, message);
    assert_int_equal(status, expected);
}

#define LEFT "instrumentId: int64 not null, price: float64 not null, NAME: utf8"
#define RIGHT "NAME: utf8 not null, ID: int32, price: float32 not null"

static void gives_left_columns_then_right_columns_without_keys(void **state)
{
    struct sb_graph *graph = join_of("'left_key': 'instrumentId', 'right_key': 'ID'", LEFT, RIGHT);
    const struct sb_join_spec *spec = &sb_graph_node(graph, "j")->spec.join;

    graphs_assert_schema(graph, "j",
                         LEFT ", NAME_right: utf8 not null, price_right: float32 not null");
    assert_int_equal(spec->kind, SB_JOIN_INNER);
    assert_int_equal(spec->key_count, 1);
    assert_int_equal(spec->left_keys[0], 0);
    assert_int_equal(spec->right_keys[0], 1);
    assert_int_equal(spec->key_types[0].id, SB_TYPE_INT64);
    assert_int_equal(spec->right_output_count, 2);
    assert_int_equal(spec->right_outputs[0], 0);
    assert_int_equal(spec->right_outputs[1], 2);
    sb_graph_destroy(graph);
}

static void a_left_join_makes_right_columns_nullable(void **state)
{
    struct sb_graph *graph = join_of(
        "'left_keys': ['NAME', 'instrumentId'], 'right_keys': ['NAME', 'ID'], 'how': 'left', "
        "'suffix': '_r'",
        LEFT, RIGHT);

    assert_int_equal(sb_graph_node(graph, "j")->spec.join.kind, SB_JOIN_LEFT);
    assert_int_equal(sb_graph_node(graph, "j")->spec.join.key_count, 2);
    graphs_assert_schema(graph, "j", LEFT ", price_r: float32");
    sb_graph_destroy(graph);
}

static void accepts_both_spellings_when_they_agree(void **state)
{
    sb_graph_destroy(join_of("'left_key': 'instrumentId', 'left_keys': ['instrumentId'], "
                             "'right_key': ['ID'], 'join_type': 'inner', 'how': 'inner'",
                             LEFT, RIGHT));
    assert_refused("'left_key': 'instrumentId', 'left_keys': ['price'], 'right_key': 'ID'", LEFT,
                   RIGHT, SB_INVALID,
                   "operator 'j' (hash_join): parameter 'left_keys': means the same as 'left_key', "
                   "and the two differ; give one");
    assert_refused("'left_key': 'instrumentId', 'right_key': 'ID', 'how': 'left', 'join_type': "
                   "'inner'",
                   LEFT, RIGHT, SB_INVALID,
                   "operator 'j' (hash_join): parameter 'how': means the same as 'join_type', and "
                   "the two differ; give one");
}

static void refuses_wrong_keys(void **state)
{
    assert_refused("'right_key': 'ID'", LEFT, RIGHT, SB_INVALID,
                   "operator 'j' (hash_join): parameter 'left_key': is missing; allowed: text or a "
                   "list of text");
    assert_refused("'left_key': [], 'right_key': []", LEFT, RIGHT, SB_INVALID,
                   "operator 'j' (hash_join): parameter 'left_key': is empty; name at least one "
                   "column");
    assert_refused("'left_keys': ['NAME', 'price'], 'right_key': 'ID'", LEFT, RIGHT, SB_INVALID,
                   "operator 'j' (hash_join): parameter 'right_key': has 1 columns and 'left_keys' "
                   "has 2; allowed: as many on both sides");
    assert_refused("'left_key': 'ID', 'right_key': 'ID'", LEFT, RIGHT, SB_INVALID,
                   "operator 'j' (hash_join): parameter 'left_key': there is no column 'ID'; "
                   "columns: instrumentId: int64, price: float64, NAME: utf8");
    assert_refused("'left_key': 'instrumentId', 'right_keys': ['Id']", LEFT, RIGHT, SB_INVALID,
                   "operator 'j' (hash_join): parameter 'right_keys': there is no column 'Id' (did "
                   "you mean 'ID'?); columns: NAME: utf8, ID: int32, price: float32");
    assert_refused("'left_key': 'instrumentId', 'right_key': 'NAME'", LEFT, RIGHT, SB_INVALID,
                   "operator 'j' (hash_join): parameter 'left_key': left 'instrumentId' is int64 "
                   "and right 'NAME' is utf8, which have no values in common; cast one in a map "
                   "before the join");
}

static void refuses_unknown_kinds(void **state)
{
    assert_refused("'left_key': 'instrumentId', 'right_key': 'ID', 'how': 'full'", LEFT, RIGHT,
                   SB_INVALID,
                   "operator 'j' (hash_join): parameter 'how': 'full' is unknown; allowed: inner, "
                   "left, right, outer, semi, anti");
}

static void unmatched_right_rows_widen_the_left_keys(void **state)
{
    struct sb_graph *graph =
        join_of("'left_key': 'ID', 'right_key': 'instrumentId', 'how': 'outer'", RIGHT, LEFT);

    graphs_assert_schema(graph, "j",
                         "NAME: utf8, ID: int64, price: float32, price_right: float64, "
                         "NAME_right: utf8");
    sb_graph_destroy(graph);
    assert_refused("'left_keys': ['k', 'k'], 'right_keys': ['a', 'b'], 'how': 'right'", "k: int64",
                   "a: int64, b: int64", SB_INVALID,
                   "operator 'j' (hash_join): parameter 'left_keys': 'k' stands there twice, and a "
                   "right row without a match has two values for it; copy the column in a map "
                   "before the 'right' join");
}

static void semi_and_anti_joins_keep_left_columns_alone(void **state)
{
    struct sb_graph *graph =
        join_of("'left_key': 'instrumentId', 'right_key': 'ID', 'how': 'anti'", LEFT, RIGHT);

    graphs_assert_schema(graph, "j", LEFT);
    sb_graph_destroy(graph);
}

static void refuses_names_that_clash_with_the_suffix_too(void **state)
{
    assert_refused("'left_key': 'k', 'right_key': 'k'", "k: int64, a: utf8, a_right: utf8",
                   "k: int64, a: utf8", SB_INVALID,
                   "operator 'j' (hash_join): its rows would have two columns named 'a_right'; "
                   "rename one before the join, or choose another 'suffix'");
    assert_refused("'left_key': 'k', 'right_key': 'k', 'suffix': ''", "k: int64, a: utf8",
                   "k: int64, a: utf8", SB_INVALID,
                   "operator 'j' (hash_join): its rows would have two columns named 'a'; rename "
                   "one before the join, or choose another 'suffix'");
}

// As what the keys "a" of the two sides meet; NULL = they do not.
static void assert_key_type(const char *left, const char *right, const char *expected)
{
    char text[2048];
    char columns[2][64];
    struct sb_graph *graph;
    struct sb_error err = {0};
    enum sb_status status;
    char name[SB_TYPE_NAME_SIZE];

    join_text(text, sizeof text, "batch", "", "'left_key': 'a', 'right_key': 'a'");
    graph = graphs_create(text);
    snprintf(columns[0], sizeof columns[0], "a: %s", left);
    snprintf(columns[1], sizeof columns[1], "a: %s", right);
    graphs_declare(graph, "l", columns[0]);
    graphs_declare(graph, "r", columns[1]);
    status = graphs_try_validate(graph, NULL, NULL, &err);
    if (expected == NULL) {
        assert_int_equal(status, SB_INVALID);
    } else {
        assert_int_equal(status, SB_OK);
        assert_string_equal(
            sb_type_name(&sb_graph_node(graph, "j")->spec.join.key_types[0], name, sizeof name),
            expected);
    }
    sb_graph_destroy(graph);
}

static void keys_meet_as_a_type_that_holds_both(void **state)
{
    assert_key_type("int8", "int8", "int8");
    assert_key_type("int8", "int32", "int64");
    assert_key_type("uint32", "int8", "int64");
    assert_key_type("uint8", "uint16", "int64");
    assert_key_type("uint64", "uint8", "uint64");
    assert_key_type("uint64", "int64", "uint64");
    assert_key_type("int8", "uint64", "uint64");
    assert_key_type("float32", "float64", "float64");
    assert_key_type("float32", "float32", "float32");
    assert_key_type("float64", "int64", NULL);
    assert_key_type("bool", "bool", "bool");
    assert_key_type("bool", "int8", NULL);
    assert_key_type("utf8", "utf8_view", "utf8");
    assert_key_type("large_utf8", "utf8", "large_utf8");
    assert_key_type("binary", "binary_view", "binary");
    assert_key_type("binary", "utf8", NULL);
    assert_key_type("date32", "date32", "date32");
    assert_key_type("date32", "date64", "date64");
    assert_key_type("date32", "timestamp[ms]", NULL);
    assert_key_type("timestamp[ms]", "timestamp[ms]", "timestamp[ms]");
    assert_key_type("timestamp[ms]", "timestamp[us]", "timestamp[us]");
    assert_key_type("timestamp[ns, UTC]", "timestamp[s, Europe/Berlin]", "timestamp[ns, UTC]");
    assert_key_type("timestamp[ms, UTC]", "timestamp[ms]", NULL);
    assert_key_type("decimal128(10, 2)", "decimal128(12, 2)", "decimal128(10, 2)");
    assert_key_type("decimal128(10, 2)", "decimal128(10, 3)", "decimal128(38, 3)");
    assert_key_type("decimal128(10, 2)", "int64", NULL);
}

// A graph in streaming mode; the right source is a topic, or what `right_source` says.
static enum sb_status validate_stream(const char *right_source, const char *parameters,
                                      const char *columns, struct sb_graph **graph,
                                      struct sb_error *err)
{
    char text[2048];

    join_text(text, sizeof text, "streaming", right_source, parameters);
    *graph = graphs_create(text);
    graphs_declare(*graph, "l", columns);
    graphs_declare(*graph, "r", columns);
    return graphs_try_validate(*graph, NULL, NULL, err);
}

static void assert_stream_refused(const char *right_source, const char *parameters,
                                  const char *columns, const char *message)
{
    struct sb_error err = {0};
    struct sb_graph *graph;

    assert_int_equal(validate_stream(right_source, parameters, columns, &graph, &err), SB_INVALID);
    assert_string_equal(err.message, message);
    sb_graph_destroy(graph);
}

static const struct sb_join_spec *stream_spec(struct sb_graph *graph)
{
    return &sb_graph_node(graph, "j")->spec.join;
}

static void a_right_side_that_ends_is_loaded_first(void **state)
{
    struct sb_error err = {0};
    struct sb_graph *graph;

    assert_int_equal(validate_stream("'topic': 's', 'bounded': true",
                                     "'left_key': 'k', 'right_key': 'k'", "k: int64", &graph, &err),
                     SB_OK);
    assert_false(stream_spec(graph)->is_symmetric);
    assert_string_equal(sb_graph_node(graph, "j")->endless_source->name, "quotes");
    sb_graph_destroy(graph);
}

static void a_right_side_without_end_is_joined_as_it_comes(void **state)
{
    struct sb_error err = {0};
    struct sb_graph *graph;

    assert_int_equal(validate_stream("'topic': 's'", "'left_key': 'k', 'right_key': 'k'",
                                     "k: int64", &graph, &err),
                     SB_OK);
    assert_true(stream_spec(graph)->is_symmetric);
    assert_int_equal(stream_spec(graph)->within_us, -1);
    sb_graph_destroy(graph);
    assert_stream_refused(
        "'topic': 's'", "'left_key': 'k', 'right_key': 'k', 'how': 'left'", "k: int64",
        "operator 'j' (hash_join): parameter 'within_ms': is missing: the right side of this "
        "'left' join does not end, because of operator 'securities' (source), so nothing else says "
        "when a row has no match; allowed: milliseconds from 0, or `bounded: true` at the source");
    assert_stream_refused(
        "'topic': 's', 'bounded': true", "'left_key': 'k', 'right_key': 'k', 'how': 'outer'",
        "k: int64",
        "operator 'j' (hash_join): parameter 'within_ms': is missing: the left side of this "
        "'outer' join does not end, because of operator 'quotes' (source), so nothing else says "
        "when a row has no match; allowed: milliseconds from 0, or `bounded: true` at the source");
}

static void joins_by_time_need_times(void **state)
{
    struct sb_error err = {0};
    struct sb_graph *graph = join_of("'left_key': 'k', 'right_key': 'k', 'within_ms': 5",
                                     "k: int64, at: timestamp[ms]", "t: timestamp[s], k: int64");

    assert_true(stream_spec(graph)->is_symmetric);
    assert_int_equal(stream_spec(graph)->within_us, 5000);
    assert_int_equal(stream_spec(graph)->times[0], 1);
    assert_int_equal(stream_spec(graph)->times[1], 0);
    sb_graph_destroy(graph);
    assert_refused("'left_key': 'k', 'right_key': 'k', 'within_ms': 5",
                   "k: int64, at: timestamp[ms]", "k: int64, t: int64", SB_INVALID,
                   "operator 'j' (hash_join): parameter 'right_timestamp_column': is missing: no "
                   "declared `timestamp_column` comes this far, and there is not exactly one "
                   "column of a timestamp type; name one");
    assert_refused("'left_key': 'k', 'right_key': 'k', 'within_ms': 5, 'left_timestamp_column': "
                   "'k'",
                   "k: utf8", "k: utf8, t: timestamp[ms]", SB_INVALID,
                   "operator 'j' (hash_join): parameter 'left_timestamp_column': column 'k' is "
                   "utf8; allowed: a timestamp, a date or int64 (milliseconds)");
    assert_int_equal(validate_stream("'topic': 's'",
                                     "'left_key': 'k', 'right_key': 'k', 'within_ms': 5",
                                     "k: int64, t: timestamp[ms]", &graph, &err),
                     SB_INVALID);
    assert_non_null(strstr(err.message, "declares no `timestamp_column`"));
    sb_graph_destroy(graph);
}

static void bounds_that_do_not_fit_are_refused(void **state)
{
    assert_refused("'left_key': 'k', 'right_key': 'k', 'within_ms': -1", "k: int64", "k: int64",
                   SB_INVALID,
                   "operator 'j' (hash_join): parameter 'within_ms': is -1; allowed: an integer "
                   "from 0 to 1000000000000");
    assert_refused("'left_key': 'k', 'right_key': 'k', 'within_ms': 1, 'state_ttl_ms': 1",
                   "k: int64", "k: int64", SB_INVALID,
                   "operator 'j' (hash_join): parameter 'state_ttl_ms': 'within_ms' is given, too, "
                   "and bounds the state already; give one");
    assert_refused("'left_key': 'k', 'right_key': 'k', 'how': 'left', 'state_ttl_ms': 1",
                   "k: int64", "k: int64", SB_INVALID,
                   "operator 'j' (hash_join): parameter 'state_ttl_ms': goes with inner joins "
                   "alone, since a 'left' join must know when a row has no match; give "
                   "'within_ms' instead");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_left_columns_then_right_columns_without_keys),
        cmocka_unit_test(a_left_join_makes_right_columns_nullable),
        cmocka_unit_test(accepts_both_spellings_when_they_agree),
        cmocka_unit_test(refuses_wrong_keys),
        cmocka_unit_test(refuses_unknown_kinds),
        cmocka_unit_test(unmatched_right_rows_widen_the_left_keys),
        cmocka_unit_test(semi_and_anti_joins_keep_left_columns_alone),
        cmocka_unit_test(refuses_names_that_clash_with_the_suffix_too),
        cmocka_unit_test(keys_meet_as_a_type_that_holds_both),
        cmocka_unit_test(a_right_side_that_ends_is_loaded_first),
        cmocka_unit_test(a_right_side_without_end_is_joined_as_it_comes),
        cmocka_unit_test(joins_by_time_need_times),
        cmocka_unit_test(bounds_that_do_not_fit_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
