// SPDX-License-Identifier: Apache-2.0
/*
 * test_wire_fuzz.c - whatever the JSON says, the plan answers with a status and a sentence.
 *
 * Good graphs are damaged in two ways: bytes are changed, and values of the parsed JSON are
 * swapped for others, which gets further in. What is accepted lives its whole life.
 */
#include "plan/graphs.h"
#include "support/seed.h"

static const char *const graphs[] = {
    "{'version': 1, 'job_id': 'j', 'job_name': 'n', 'mode': 'batch', 'default_parallelism': 4,"
    "'checkpoint_interval_ms': 60000, 'state_backend': 'auto', 'operators': ["
    "{'operator_id': 's', 'operator_type': 'source', 'name': 's', 'parameters': {'topic': 't', "
    "'columns': ['b', 'a'], 'filters': [{'call': 'less', 'args': [{'col': 'a'}, {'lit': 9}]}, "
    "{'call': 'is_not_null', 'args': [{'col': 'at'}]}], 'timestamp_column': 'at', 'lateness_ms': 5, 'bounded': true}, 'function': "
    "null, 'stateful': false, 'key_by': null, 'parallelism': 1, 'max_parallelism': 128, "
    "'memory_mb': 256, 'cpu_cores': 0.5},"
    "{'operator_id': 'f', 'operator_type': 'filter', 'name': 'f', 'parameters': {'column': 'a', "
    "'value': 100, 'operator': '>='}},"
    "{'operator_id': 'm', 'operator_type': 'map', 'name': 'm', 'parameters': {'expressions': {'x': "
    "{'call': 'add', 'args': [{'col': 'a'}, {'lit': 1, 'type': 'int64'}]}, 'y': {'call': 'cast', "
    "'args': [{'col': 'b'}], 'type': 'float64', 'on_error': 'null'}}, 'keep': true}},"
    "{'operator_id': 'g', 'operator_type': 'aggregate', 'name': 'g', 'key_by': ['b'], "
    "'parameters': {'aggregate': ['sum', 'count'], 'column': ['a', 'x']}},"
    "{'operator_id': 'o', 'operator_type': 'sink', 'name': 'o', 'parameters': {'path': 'p', "
    "'key_column': 'b'}}],"
    "'edges': [{'from': 's', 'to': 'f', 'port': 0}, {'from': 'f', 'to': 'm', 'port': 0},"
    "{'from': 'm', 'to': 'g', 'port': 0}, {'from': 'g', 'to': 'o', 'port': 0}]}",
    "{'version': 1, 'operators': ["
    "{'operator_id': 's', 'operator_type': 'source', 'parameters': {'generator': {'rows': 10, "
    "'seed': 7, 'splits': 2, 'columns': [{'name': 'a', 'kind': 'sequence', 'start': 1, 'step': 2}, "
    "{'name': 'k', 'kind': 'uniform_int', 'low': 0, 'high': 9}, {'name': 'p', 'kind': "
    "'uniform_float', 'low': 0.5, 'high': 1.5}, {'name': 'b', 'kind': 'string', 'prefix': 'x', "
    "'low': 0, 'high': 9}, {'name': 'at', 'kind': 'timestamp', 'start_ms': 0, 'step_ms': 1}]}}},"
    "{'operator_id': 'r', 'operator_type': 'source', 'parameters': {'data': {'kind': 'bound'}}},"
    "{'operator_id': 'u', 'operator_type': 'union'},"
    "{'operator_id': 'j', 'operator_type': 'hash_join', 'parameters': {'left_keys': ['a'], "
    "'right_key': 'a', 'how': 'left', 'suffix': '_r'}},"
    "{'operator_id': 'c', 'operator_type': 'select', 'parameters': {'columns': ['a', 'b']}},"
    "{'operator_id': 'x', 'operator_type': 'custom', 'function': {'kind': 'cloudpickle'}},"
    "{'operator_id': 'd', 'operator_type': 'reduce', 'function': {'kind': 'cloudpickle'}, "
    "'parameters': {'initial': 0, 'emit': 'final'}},"
    "{'operator_id': 'l', 'operator_type': 'limit', 'parameters': {'count': 5}},"
    "{'operator_id': 'w', 'operator_type': 'aggregate', 'parameters': {'aggregations': {'n': ['*', "
    "'count'], 'top': ['a', 'max']}}},"
    "{'operator_id': 'o', 'operator_type': 'sink', 'parameters': {'discard': true}},"
    "{'operator_id': 'p', 'operator_type': 'sink'}],"
    "'edges': [{'from': 's', 'to': 'u', 'port': 0}, {'from': 's', 'to': 'u', 'port': 1},"
    "{'from': 'u', 'to': 'j', 'port': 0}, {'from': 'r', 'to': 'j', 'port': 1},"
    "{'from': 'j', 'to': 'c'}, {'from': 'c', 'to': 'x'}, {'from': 'x', 'to': 'd'}, {'from': 'd', 'to': 'l'},"
    "{'from': 'l', 'to': 'o'}, {'from': 'j', 'to': 'w'}, {'from': 'w', 'to': 'p'}]}",
};

enum {
    GRAPH_COUNT = sizeof graphs / sizeof graphs[0],
    ROUND_COUNT = 20000,
};

static void declare_all(struct sb_graph *graph)
{
    for (int32_t i = 0; i < graph->node_count; i++) {
        struct ArrowSchema schema;

        if (graph->nodes[i]->type == SB_NODE_SOURCE &&
            !json_is_object(json_object_get(graph->nodes[i]->parameters, "generator"))) {
            struct sb_error err = {0};

            graphs_schema_export("a: int64, b: utf8, at: timestamp[ms]", &schema);
            assert_int_equal(sb_graph_set_source_schema(graph, graph->nodes[i]->id, &schema, &err),
                             SB_OK);
        }
    }
}

// Whether it was accepted, to know that the fuzzing reaches everything.
static bool live(const char *json, size_t size)
{
    struct sb_error err = {0};
    struct sb_graph *graph;
    char *text;
    enum sb_status status = sb_graph_create_from_json(json, size, &graph, &err);

    if (status == SB_OK) {
        assert_int_equal(sb_graph_explain(graph, SB_EXPLAIN_TEXT, &text, &err), SB_OK);
        sb_string_free(text);
        declare_all(graph);
        status = sb_graph_validate(graph, graphs_resolver, "a: int64, b: utf8", &err);
        assert_int_equal(sb_graph_explain(graph, SB_EXPLAIN_JSON, &text, NULL), SB_OK);
        sb_string_free(text);
        sb_graph_destroy(graph);
    }
    if (status != SB_OK) {
        assert_true(status == SB_INVALID || status == SB_UNSUPPORTED);
        assert_int_equal(err.status, status);
        assert_true(err.message[0] != '\0');
    }
    return status == SB_OK;
}

static void damaged_text_never_crashes(void **state)
{
    static const char signs[] = "{}[]\",:0123456789-.eE truefalsn\\u\x80\xff";
    uint64_t random = test_seed();

    for (int round = 0; round < ROUND_COUNT; round++) {
        char *json = graphs_json(graphs[test_random(&random) % GRAPH_COUNT]);
        size_t size = strlen(json);
        int changes = 1 + (int)(test_random(&random) % 3);

        for (int i = 0; i < changes; i++) {
            size_t at = test_random(&random) % size;

            if (test_random(&random) % 4 == 0) {
                size_t count = 1 + test_random(&random) % 8;

                count = count > size - at ? size - at : count;
                memmove(json + at, json + at + count, size - at - count);
                size -= count;
                if (size == 0) {
                    break;
                }
            } else {
                json[at] = signs[test_random(&random) % (sizeof signs - 1)];
            }
        }
        live(json, size);
        free(json);
    }
}

// What stands in for a value.
static json_t *odd_value(uint64_t *random)
{
    static const char *const words[] = {
        "",      "a",         "b",         "at",  "s",       "*",   "x",    "source",
        "union", "hash_join", "streaming", "sum", "parquet", "ä\n", "sort", "cast"};

    switch (test_random(random) % 12) {
    case 0:
        return json_null();
    case 1:
        return json_true();
    case 2:
        return json_false();
    case 3:
        return json_integer(0);
    case 4:
        return json_integer(-1);
    case 5:
        return json_integer(INT64_MAX - (int64_t)(test_random(random) % 2));
    case 6:
        return json_integer(INT64_MIN);
    case 7:
        return json_real(1e300);
    case 8:
        return json_array();
    case 9:
        return json_object();
    default:
        return json_string(words[test_random(random) % (sizeof words / sizeof words[0])]);
    }
}

static void gather_places(json_t *json, json_t **containers, size_t *count, size_t room)
{
    const char *key;
    size_t i;
    json_t *value;

    if (!json_is_object(json) && !json_is_array(json)) {
        return;
    }
    assert_true(*count < room);
    containers[(*count)++] = json;
    json_object_foreach(json, key, value)
    {
        gather_places(value, containers, count, room);
    }
    json_array_foreach(json, i, value)
    {
        gather_places(value, containers, count, room);
    }
}

static void change_array(json_t *array, json_t *value, uint64_t *random)
{
    size_t size = json_array_size(array);

    if (size == 0 || test_random(random) % 8 == 0) {
        json_array_append_new(array, value);
    } else if (test_random(random) % 4 == 0) {
        json_array_append_new(array, json_deep_copy(json_array_get(array, size - 1)));
        json_decref(value);
    } else {
        json_array_set_new(array, test_random(random) % size, value);
    }
}

static void change_object(json_t *object, json_t *value, uint64_t *random)
{
    size_t size = json_object_size(object);
    void *place = json_object_iter(object);

    if (size == 0 || test_random(random) % 16 == 0) {
        json_object_set_new(object, "columns", value);
        return;
    }
    for (size_t skip = test_random(random) % size; skip > 0; skip--) {
        place = json_object_iter_next(object, place);
    }
    if (test_random(random) % 4 == 0) {
        json_object_del(object, json_object_iter_key(place));
        json_decref(value);
    } else {
        json_object_iter_set_new(object, place, value);
    }
}

static void change(json_t *json, uint64_t *random)
{
    json_t *containers[512];
    size_t count = 0;
    json_t *chosen;

    gather_places(json, containers, &count, sizeof containers / sizeof containers[0]);
    chosen = containers[test_random(random) % count];
    if (json_is_array(chosen)) {
        change_array(chosen, odd_value(random), random);
    } else {
        change_object(chosen, odd_value(random), random);
    }
}

static void odd_values_never_crash(void **state)
{
    uint64_t random = test_seed();
    int accepted = 0;

    for (int round = 0; round < ROUND_COUNT; round++) {
        char *text = graphs_json(graphs[test_random(&random) % GRAPH_COUNT]);
        json_t *json = json_loads(text, 0, NULL);
        int changes = (int)(test_random(&random) % 4);

        free(text);
        assert_non_null(json);
        for (int i = 0; i < changes; i++) {
            change(json, &random);
        }
        text = json_dumps(json, JSON_COMPACT);
        accepted += live(text, strlen(text));
        json_decref(json);
        free(text);
    }
    assert_in_range(accepted, ROUND_COUNT / 20, ROUND_COUNT - ROUND_COUNT / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_text_never_crashes),
        cmocka_unit_test(odd_values_never_crash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
