// SPDX-License-Identifier: Apache-2.0
#include "plan/graphs.h"

#define ENDS                                                                                       \
    "{'operator_id': 's', 'operator_type': 'source'}, "                                            \
    "{'operator_id': 'o', 'operator_type': 'sink'}"
#define EDGE "{'from': 's', 'to': 'o', 'port': 0}"

static void reads_every_key_of_the_graph(void **state)
{
    struct sb_graph *graph = graphs_create(
        "{'version': 1, 'job_id': 'job-0123456789ab', 'job_name': 'quotes', 'mode': 'streaming',"
        " 'default_parallelism': 8, 'checkpoint_interval_ms': 1000, 'state_backend': 'memory',"
        " 'operators': [{'operator_id': '0123456789', 'operator_type': 'source', 'name': null,"
        "   'parameters': {}, 'function': null, 'stateful': false, 'key_by': null,"
        "   'parallelism': 2, 'max_parallelism': 64, 'memory_mb': 256, 'cpu_cores': 0.5},"
        "  {'operator_id': 'o', 'operator_type': 'sink', 'name': 'end', 'parallelism': null}],"
        " 'edges': [{'from': '0123456789', 'to': 'o', 'port': 0}]}");
    const struct sb_node *source = sb_graph_node(graph, "0123456789");
    const struct sb_node *sink = sb_graph_node(graph, "o");

    assert_string_equal(graph->job_id, "job-0123456789ab");
    assert_string_equal(graph->job_name, "quotes");
    assert_true(graph->is_streaming);
    assert_int_equal(graph->default_parallelism, 8);
    assert_int_equal(graph->node_count, 2);
    assert_string_equal(source->name, "source_01234567");
    assert_int_equal(source->parallelism, 2);
    assert_int_equal(source->max_parallelism, 64);
    assert_int_equal(source->output_count, 1);
    assert_ptr_equal(source->outputs[0], sink);
    assert_int_equal(source->output_ports[0], 0);
    assert_string_equal(sink->name, "end");
    assert_string_equal(sink->type_name, "sink");
    assert_int_equal(sink->parallelism, 0);
    assert_int_equal(sink->max_parallelism, 128);
    assert_ptr_equal(sink->inputs[0], source);
    assert_null(sb_graph_node(graph, "x"));
    sb_graph_destroy(graph);
}

static void has_defaults_for_all_but_version_and_operators(void **state)
{
    struct sb_graph *graph =
        graphs_create("{'version': 1, 'operators': [" ENDS "], 'edges': [" EDGE "]}");

    assert_string_equal(graph->job_id, "");
    assert_string_equal(graph->job_name, "unnamed_job");
    assert_false(graph->is_streaming);
    assert_int_equal(graph->default_parallelism, 4);
    assert_string_equal(sb_graph_node(graph, "s")->name, "source_s");
    sb_graph_destroy(graph);
}

static void writes_the_json_as_it_came(void **state)
{
    char *json = graphs_json(
        "{'job_name':'ä\\u0001\\n','version':1,'mode':'batch','operators':[{'operator_type':'sink',"
        "'operator_id':'o'},{'operator_id':'s','operator_type':'source','cpu_cores':0.5,"
        "'memory_mb':9007199254740993,'parameters':{'topic':null,'path':'p'}}],"
        "'edges':[{'to':'o','from':'s'}]}");
    struct sb_graph *graph;
    struct sb_graph *again;
    struct sb_error err = {0};
    char *first;
    char *second;

    assert_int_equal(sb_graph_create_from_json(json, strlen(json), &graph, &err), SB_OK);
    assert_int_equal(sb_graph_to_json(graph, &first, &err), SB_OK);
    assert_string_equal(first, json);
    assert_int_equal(sb_graph_create_from_json(first, strlen(first), &again, &err), SB_OK);
    assert_int_equal(sb_graph_to_json(again, &second, &err), SB_OK);
    assert_string_equal(second, json);
    sb_string_free(first);
    sb_string_free(second);
    sb_string_free(NULL);
    sb_graph_destroy(graph);
    sb_graph_destroy(again);
    sb_graph_destroy(NULL);
    free(json);
}

static void says_where_the_json_is_wrong(void **state)
{
    graphs_assert_refused("", SB_INVALID,
                          "graph: the JSON is wrong at line 1, column 0: '[' or '{' expected near "
                          "end of file");
    graphs_assert_refused("{'version': 1,\n 'operators': [}", SB_INVALID,
                          "graph: the JSON is wrong at line 2, column 16: unexpected token near "
                          "'}'");
    graphs_assert_refused("{'version': 1, 'version': 1}", SB_INVALID,
                          "graph: the JSON is wrong at line 1, column 24: duplicate object key "
                          "near '\"version\"'");
    graphs_assert_refused("{'version': 1} x", SB_INVALID,
                          "graph: the JSON is wrong at line 1, column 16: end of file expected "
                          "near 'x'");
    graphs_assert_refused("[]", SB_INVALID, "graph: the JSON is a list; allowed: an object");
}

static void refuses_json_that_is_nested_too_deep(void **state)
{
    enum { DEPTH_MAX = 1000, OUTER_LEVELS = 4 }; // graph, operators, operator, parameters
    char deep[2 * DEPTH_MAX + 1] = "";
    char rest[2 * DEPTH_MAX + 64];
    char text[4096];
    struct sb_graph *graph;

    for (int levels = DEPTH_MAX - OUTER_LEVELS; levels <= DEPTH_MAX - OUTER_LEVELS + 1; levels++) {
        memset(deep, '[', (size_t)levels);
        memset(deep + levels, ']', (size_t)levels);
        snprintf(rest, sizeof rest, "'parameters': {'x': %s}", deep);
        graphs_chain_text(text, sizeof text, "custom", rest);
        if (levels == DEPTH_MAX - OUTER_LEVELS) {
            graph = graphs_create(text);
            sb_graph_destroy(graph);
        } else {
            graphs_assert_refused(text, SB_INVALID,
                                  "graph: objects and lists are nested more than 1000 deep; split "
                                  "long expressions over several operators");
        }
    }
}

static void refuses_what_is_wrong_about_the_graph(void **state)
{
    graphs_assert_refused("{'version': 2, 'shape': 1}", SB_INVALID,
                          "graph: key 'version': 2 is unknown; allowed: 1");
    graphs_assert_refused("{'operators': []}", SB_INVALID,
                          "graph: key 'version': is missing; allowed: an integer from 1 to 1");
    graphs_assert_refused("{'version': '1'}", SB_INVALID,
                          "graph: key 'version': is text; allowed: an integer from 1 to 1");
    graphs_assert_refused("{'version': 1, 'job_nam': 'x'}", SB_INVALID,
                          "graph: key 'job_nam': is unknown (did you mean 'job_name'?); allowed: "
                          "version, job_id, job_name, mode, default_parallelism, "
                          "checkpoint_interval_ms, state_backend, operators, edges");
    graphs_assert_refused("{'version': 1, 'operators': [], 'mode': 'stream'}", SB_INVALID,
                          "graph: key 'mode': 'stream' is unknown; allowed: batch, streaming");
    graphs_assert_refused("{'version': 1, 'operators': [], 'default_parallelism': 0}", SB_INVALID,
                          "graph: key 'default_parallelism': is 0; allowed: an integer from 1 to "
                          "32768");
    graphs_assert_refused("{'version': 1, 'operators': {}}", SB_INVALID,
                          "graph: key 'operators': is an object; allowed: a list");
    graphs_assert_refused("{'version': 1}", SB_INVALID,
                          "graph: key 'operators': is missing; allowed: a list");
    graphs_assert_refused("{'version': 1, 'operators': []}", SB_INVALID,
                          "graph: key 'operators': is empty; a graph has at least a source and a "
                          "sink");
    graphs_assert_refused("{'version': 1, 'state_backend': 'disk', 'operators': []}", SB_INVALID,
                          "graph: key 'state_backend': 'disk' is unknown; allowed: auto, memory, "
                          "rocksdb, tonbo, redis");
}

static void refuses_what_is_wrong_about_an_operator(void **state)
{
    graphs_assert_refused("{'version': 1, 'operators': [7]}", SB_INVALID,
                          "graph: key 'operators': item 0 is not an object");
    graphs_assert_refused("{'version': 1, 'operators': [{}]}", SB_INVALID,
                          "operators[0]: key 'operator_id': is missing; allowed: text");
    graphs_assert_refused("{'version': 1, 'operators': [{'operator_id': ''"
                          ", 'operator_type': 'sink'}]}",
                          SB_INVALID, "operators[0]: key 'operator_id': is empty");
    graphs_assert_refused("{'version': 1, 'operators': [{'operator_id': 1, 'name': 'a'}]}",
                          SB_INVALID,
                          "operator 'a': key 'operator_id': is an integer; allowed: "
                          "text");
    graphs_assert_refused("{'version': 1, 'operators': [{'operator_id': 'a'}]}", SB_INVALID,
                          "operators[0]: key 'operator_type': is missing; allowed: text");
    graphs_assert_refused(
        "{'version': 1, 'operators': [{'operator_id': 'a', 'operator_type': 'fliter'}]}",
        SB_INVALID,
        "operator 'a': key 'operator_type': 'fliter' is unknown (did you mean 'filter'?); allowed: "
        "source, sink, filter, map, select, union, hash_join, aggregate, group_by, distinct, limit, "
        "custom, reduce, flat_map, sort, top_n, fused");
    graphs_assert_refused("{'version': 1, 'operators': [{'operator_id': 'a', 'operator_type': "
                          "'sink', 'paralelism': 1}]}",
                          SB_INVALID,
                          "operators[0]: key 'paralelism': is unknown (did you mean "
                          "'parallelism'?); allowed: operator_id, operator_type, name, parameters, "
                          "function, stateful, key_by, parallelism, max_parallelism, memory_mb, "
                          "cpu_cores, parts");
    graphs_assert_refused("{'version': 1, 'operators': [{'operator_id': 'a', 'operator_type': "
                          "'sink', 'name': 'out', 'parallelism': 9, 'max_parallelism': 8}]}",
                          SB_INVALID,
                          "operator 'out' (sink): key 'parallelism': is 9; allowed: an integer "
                          "from 1 to max_parallelism, which is 8");
    graphs_assert_refused("{'version': 1, 'operators': [{'operator_id': 'a', 'operator_type': "
                          "'sink', 'name': 'out', 'cpu_cores': -0.5}]}",
                          SB_INVALID,
                          "operator 'out': key 'cpu_cores': is -0.5; allowed: a number from 0");
    graphs_assert_refused("{'version': 1, 'operators': [{'operator_id': 'a', 'operator_type': "
                          "'sink', 'name': 'out', 'key_by': ['x', 1]}]}",
                          SB_INVALID,
                          "operator 'out': key 'key_by': item 1 of the list is an integer; "
                          "allowed: text or a list of text");
    graphs_assert_refused("{'version': 1, 'operators': [{'operator_id': 'a', 'operator_type': "
                          "'limit', 'name': 'l', 'parameters': {'count': 1}, "
                          "'function': {'kind': 'cloudpickle'}}]}",
                          SB_INVALID,
                          "operator 'l' (limit): key 'function': an operator of this type takes no "
                          "function; allowed: null");
    graphs_assert_refused("{'version': 1, 'operators': [{'operator_id': 'a', 'operator_type': "
                          "'map', 'name': 'm', 'function': {'data': ''}}]}",
                          SB_INVALID,
                          "operator 'm' (map): key 'function': has no text 'kind'; allowed: "
                          "{\"kind\": \"cloudpickle\", ...}");
    graphs_assert_refused(
        "{'version': 1, 'operators': [" ENDS ", {'operator_id': 's', 'operator_type': 'limit', "
        "'name': 'l', 'parameters': {'count': 1}}]}",
        SB_INVALID,
        "operator 'l' (limit): key 'operator_id': 's' is the id of operator 'source_s' (source), "
        "too; ids must differ");
}

#define PARTS(LIST)                                                                                \
    "{'version': 1, 'operators': [{'operator_id': 's', 'operator_type': 'source', 'parts': " LIST  \
    "}, {'operator_id': 'o', 'operator_type': 'sink'}], 'edges': [" EDGE "]}"

static void reads_whose_work_an_operator_does(void **state)
{
    struct sb_graph *graph =
        graphs_create(PARTS("[{'operator_id': 's', 'operator_type': 'source', 'name': 'quotes'}, "
                            "{'operator_id': 'f', 'operator_type': 'filter', 'name': null}]"));
    const struct sb_node *source = sb_graph_node(graph, "s");

    assert_int_equal(source->part_count, 2);
    assert_string_equal(source->parts[0].name, "quotes");
    assert_string_equal(source->parts[1].id, "f");
    assert_string_equal(source->parts[1].type_name, "filter");
    assert_string_equal(source->parts[1].name, "f");
    assert_int_equal(sb_graph_node(graph, "o")->part_count, 0);
    sb_graph_destroy(graph);
    graphs_assert_refused(PARTS("['s']"), SB_INVALID,
                          "operator 'source_s' (source): key 'parts': item 0 is not an object; "
                          "allowed: {\"operator_id\": ..., \"operator_type\": ..., \"name\": ...}");
    graphs_assert_refused(PARTS("[{'operator_id': 's', 'name': 's'}]"), SB_INVALID,
                          "operator 'source_s' (source): key 'parts': item 0: key "
                          "'operator_type': is missing; allowed: text");
}

static void names_the_types_that_come_later(void **state)
{
    static const char *const types[] = {
        "tumbling_window", "sliding_window", "session_window", "interval_join", "asof_join",
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char json[256];
        char message[512];

        snprintf(json, sizeof json,
                 "{'version': 1, 'operators': [{'operator_id': 'a', 'name': 'w', "
                 "'operator_type': '%s'}]}",
                 types[i]);
        snprintf(message, sizeof message,
                 "operator 'w' (%s): this version does not run operators of type '%s' yet; those "
                 "it runs: source, sink, filter, map, select, union, hash_join, aggregate, "
                 "group_by, distinct, limit, custom, reduce, flat_map, sort, top_n, fused",
                 types[i], types[i]);
        graphs_assert_refused(json, SB_UNSUPPORTED, message);
    }
}

static void refuses_what_is_wrong_about_parameters(void **state)
{
    graphs_assert_chain_refused("limit", "", "a: int64", NULL, SB_INVALID,
                                "operator 'n' (limit): parameter 'count': is missing; allowed: an "
                                "integer from 0, or offset alone");
    graphs_assert_chain_refused("limit", "'parameters': {'count': null}", "a: int64", NULL,
                                SB_INVALID,
                                "operator 'n' (limit): parameter 'count': is missing; allowed: an "
                                "integer from 0, or offset alone");
    graphs_assert_chain_refused("limit", "'parameters': {'cuont': 5}", "a: int64", NULL, SB_INVALID,
                                "operator 'n' (limit): parameter 'cuont': is unknown (did you mean "
                                "'count'?); allowed: count, offset");
    graphs_assert_chain_refused("limit", "'parameters': {'count': -1}", "a: int64", NULL,
                                SB_INVALID,
                                "operator 'n' (limit): parameter 'count': is -1; allowed: an "
                                "integer from 0");
    graphs_assert_chain_refused("limit", "'parameters': {'count': 1.5}", "a: int64", NULL,
                                SB_INVALID,
                                "operator 'n' (limit): parameter 'count': is a number with a "
                                "fraction; allowed: an integer from 0");
    graphs_assert_chain_refused("limit", "'parameters': {'count': true}", "a: int64", NULL,
                                SB_INVALID,
                                "operator 'n' (limit): parameter 'count': is true; allowed: an "
                                "integer from 0");
    graphs_assert_chain_refused("limit", "'parameters': []", "a: int64", NULL, SB_INVALID,
                                "operator 'n': key 'parameters': is a list; allowed: an object");
    graphs_assert_chain_refused(
        "union", "'parameters': {'by': 1}", "a: int64", NULL, SB_INVALID,
        "operator 'n' (union): parameter 'by': is unknown; allowed: reconcile");
}

static void refuses_what_is_wrong_about_an_edge(void **state)
{
    graphs_assert_refused("{'version': 1, 'operators': [" ENDS "], 'edges': [1]}", SB_INVALID,
                          "graph: key 'edges': item 0 is not an object");
    graphs_assert_refused("{'version': 1, 'operators': [" ENDS "], 'edges': [{'from': 's'}]}",
                          SB_INVALID, "edges[0]: key 'to': is missing; allowed: text");
    graphs_assert_refused("{'version': 1, 'operators': [" ENDS "], 'edges': [" EDGE
                          ", {'from': 's', 'to': 'p'}]}",
                          SB_INVALID, "edges[1]: key 'to': no operator has the operator_id 'p'");
    graphs_assert_refused("{'version': 1, 'operators': [" ENDS "], 'edges': [{'from': 'x', 'to': "
                          "'o'}]}",
                          SB_INVALID, "edges[0]: key 'from': no operator has the operator_id 'x'");
    graphs_assert_refused("{'version': 1, 'operators': [" ENDS "], 'edges': [{'from': 's', 'to': "
                          "'o', 'port': -1}]}",
                          SB_INVALID,
                          "edges[0]: key 'port': is -1; allowed: an integer from 0 to 100000");
    graphs_assert_refused("{'version': 1, 'operators': [" ENDS "], 'edges': [{'from': 's', 'to': "
                          "'o', 'side': 0}]}",
                          SB_INVALID, "edges[0]: key 'side': is unknown; allowed: from, to, port");
}

static void cuts_long_names_in_messages_at_a_whole_character(void **state)
{
    char name[401] = "";
    char json[1024];
    struct sb_error err = {0};
    struct sb_graph *graph;

    for (int i = 0; i < 200; i++) {
        strcat(name, "ä");
    }
    snprintf(json, sizeof json,
             "{'version': 1, 'operators': [{'operator_id': 'a', 'operator_type': 'select', "
             "'name': '%s'}]}",
             name);
    assert_int_equal(graphs_try_create(json, &graph, &err), SB_INVALID);
    assert_non_null(strstr(err.message, "ä…' (select): parameter 'columns': is missing"));
    assert_true(strlen(err.message) < 250);
}

static void takes_schemas_for_sources_only(void **state)
{
    struct sb_graph *graph =
        graphs_create("{'version': 1, 'operators': [" ENDS "], 'edges': [" EDGE "]}");
    struct ArrowSchema schema;
    struct sb_error err = {0};

    graphs_schema_export("a: int64", &schema);
    assert_int_equal(sb_graph_set_source_schema(graph, "o", &schema, &err), SB_INVALID);
    assert_null(schema.release);
    assert_string_equal(err.message, "operator 'sink_o' (sink): its columns follow from its input; "
                                     "only a source is told them");
    graphs_schema_export("a: int64", &schema);
    assert_int_equal(sb_graph_set_source_schema(graph, "x", &schema, &err), SB_INVALID);
    assert_null(schema.release);
    assert_string_equal(err.message, "graph: no operator has the operator_id 'x'");
    assert_int_equal(graphs_try_validate(graph, NULL, NULL, &err), SB_INVALID);
    assert_string_equal(err.message, "operator 'source_s' (source): its columns are not known; "
                                     "declare them with sb_graph_set_source_schema()");
    assert_int_equal(sb_graph_output_schema(graph, "o", &schema, &err), SB_INVALID);
    assert_string_equal(err.message, "operator 'sink_o' (sink): its columns are not known before "
                                     "sb_graph_validate()");
    sb_graph_destroy(graph);
}

static void derives_again_when_a_source_is_told_other_columns(void **state)
{
    struct sb_graph *graph =
        graphs_create("{'version': 1, 'operators': [" ENDS "], 'edges': [" EDGE "]}");
    struct ArrowSchema schema;
    struct sb_error err = {0};
    const struct sb_schema *first;

    graphs_declare(graph, "s", "a: int64");
    graphs_validate(graph, NULL);
    graphs_assert_schema(graph, "o", "a: int64");
    first = sb_graph_node(graph, "o")->schema;
    graphs_validate(graph, NULL); // jobs may share what the first one made
    graphs_declare(graph, "s", "a: int64");
    assert_true(graph->is_validated);
    assert_ptr_equal(sb_graph_node(graph, "o")->schema, first);

    graphs_declare(graph, "s", "b: utf8 not null");
    assert_false(graph->is_validated);
    graphs_validate(graph, NULL);
    graphs_assert_schema(graph, "o", "b: utf8 not null");
    assert_int_equal(sb_graph_output_schema(graph, "o", &schema, &err), SB_OK);
    assert_int_equal(schema.n_children, 1);
    assert_string_equal(schema.children[0]->name, "b");
    schema.release(&schema);
    sb_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_key_of_the_graph),
        cmocka_unit_test(has_defaults_for_all_but_version_and_operators),
        cmocka_unit_test(writes_the_json_as_it_came),
        cmocka_unit_test(says_where_the_json_is_wrong),
        cmocka_unit_test(refuses_json_that_is_nested_too_deep),
        cmocka_unit_test(refuses_what_is_wrong_about_the_graph),
        cmocka_unit_test(refuses_what_is_wrong_about_an_operator),
        cmocka_unit_test(reads_whose_work_an_operator_does),
        cmocka_unit_test(names_the_types_that_come_later),
        cmocka_unit_test(refuses_what_is_wrong_about_parameters),
        cmocka_unit_test(refuses_what_is_wrong_about_an_edge),
        cmocka_unit_test(cuts_long_names_in_messages_at_a_whole_character),
        cmocka_unit_test(takes_schemas_for_sources_only),
        cmocka_unit_test(derives_again_when_a_source_is_told_other_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
