// SPDX-License-Identifier: Apache-2.0
/*
 * What a source filters and projects itself, and what it asks of whoever opens it.
 */
#include "plan/graphs.h"

#include "plan/event_time_internal.h"

#define DELIVERED "id: int64, at: timestamp[us], price: float64, name: utf8"
#define DEAR "{'call': 'greater', 'args': [{'col': 'price'}, {'lit': 100}]}"
#define NAMED "{'call': 'equal', 'args': [{'col': 'name'}, {'lit': 'x'}]}"
#define OLD "{'call': 'less', 'args': [{'col': 'id'}, {'lit': 5}]}"
#define GENERATOR                                                                                  \
    "'generator': {'rows': 10, 'columns': [{'name': 'id', 'kind': 'sequence'}, "                   \
    "{'name': 'price', 'kind': 'uniform_float'}, "                                                 \
    "{'name': 'at', 'kind': 'timestamp'}, {'name': 'k', 'kind': 'uniform_int', 'high': 9}]}"

static void graph_text(char *text, size_t size, const char *mode, const char *source)
{
    snprintf(text, size,
             "{'version': 1, 'mode': '%s', 'operators': ["
             "{'operator_id': 's', 'operator_type': 'source', 'name': 's', 'parameters': {%s}},"
             "{'operator_id': 'o', 'operator_type': 'sink', 'name': 'o'}],"
             "'edges': [{'from': 's', 'to': 'o'}]}",
             mode, source);
}

static struct sb_graph *graph_create(const char *source)
{
    char text[2048];

    graph_text(text, sizeof text, "batch", source);
    return graphs_create(text);
}

static struct sb_graph *graph_of(const char *source, const char *delivered)
{
    struct sb_graph *graph = graph_create(source);

    if (delivered != NULL) {
        graphs_declare(graph, "s", delivered);
    }
    graphs_validate(graph, NULL);
    return graph;
}

static void assert_refused(const char *source, const char *message)
{
    struct sb_graph *graph = graph_create(source);
    struct sb_error err = {0};

    if (strstr(source, "generator") == NULL) {
        graphs_declare(graph, "s", DELIVERED);
    }
    assert_int_equal(graphs_try_validate(graph, NULL, NULL, &err), SB_INVALID);
    assert_string_equal(err.message, message);
    sb_graph_destroy(graph);
}

static const struct sb_source_spec *spec_of(const struct sb_graph *graph)
{
    return &sb_graph_node(graph, "s")->spec.source;
}

static void emits_its_columns_in_their_order(void **state)
{
    struct sb_graph *graph = graph_of("'columns': ['name', 'id']", DELIVERED);

    graphs_assert_schema(graph, "s", "name: utf8, id: int64");
    assert_int_equal(spec_of(graph)->scan.column_count, 2);
    assert_int_equal(spec_of(graph)->scan.columns[0], 3);
    assert_int_equal(spec_of(graph)->scan.columns[1], 0);
    assert_null(spec_of(graph)->scan.predicate);
    sb_graph_destroy(graph);

    graph = graph_of("'columns': ['id', 'at', 'price', 'name']", DELIVERED);
    assert_false(sb_scan_is_needed(&spec_of(graph)->scan)); // they come like that
    sb_graph_destroy(graph);
    graph = graph_of("'filters': []", DELIVERED);
    assert_false(sb_scan_is_needed(&spec_of(graph)->scan));
    sb_graph_destroy(graph);
}

static void filters_what_it_is_given_and_not_what_it_emits(void **state)
{
    struct sb_graph *graph =
        graph_of("'columns': ['name'], 'filters': [" DEAR ", " OLD "]", DELIVERED);

    graphs_assert_schema(graph, "s", "name: utf8");
    assert_non_null(spec_of(graph)->scan.predicate);
    assert_int_equal(sb_bound_expr_type(spec_of(graph)->scan.bound)->id, SB_TYPE_BOOL);
    sb_graph_destroy(graph);
}

static void refuses_filters_that_are_none(void **state)
{
    assert_refused("'filters': {'call': 'add', 'args': [{'col': 'id'}, {'lit': 1}]}",
                   "operator 's' (source): parameter 'filters': gives int64; allowed: an "
                   "expression that gives bool");
    assert_refused("'filters': [" DEAR ", {'col': 'name'}]",
                   "operator 's' (source): parameter 'filters[1]': gives utf8; allowed: an "
                   "expression that gives bool");
    assert_refused(
        "'filters': [" DEAR ", 7]",
        "operator 's' (source): parameter 'filters[1]': expression 7: expected an object "
        "with \"col\", \"lit\" or \"call\"");
    assert_refused("'filters': [" NAMED ", {'call': 'is_null', 'args': [{'col': 'prise'}]}]",
                   "operator 's' (source): parameter 'filters[1]': unknown column 'prise'; the "
                   "columns are id: int64, at: timestamp[us], price: float64, name: utf8");
    assert_refused("'columns': []",
                   "operator 's' (source): parameter 'columns': is empty; name at least one");
    assert_refused("'columns': ['id', 'id']",
                   "operator 's' (source): its rows would have two columns named 'id'; name each "
                   "once in 'columns'");
    assert_refused(
        "'columns': ['prize'], " GENERATOR,
        "operator 's' (source): parameter 'columns': there is no column 'prize' (did you "
        "mean 'price'?); columns: id: int64, price: float64, at: timestamp[ms], k: "
        "int64");
}

static void a_generator_makes_only_what_is_read(void **state)
{
    struct sb_graph *graph = graph_of(
        "'columns': ['k'], 'filters': " DEAR ", 'timestamp_column': 'at', " GENERATOR, NULL);
    const struct sb_source_spec *spec = spec_of(graph);
    const struct sb_node *node = sb_graph_node(graph, "s");

    graphs_assert_schema(graph, "s", "k: int64 not null");
    assert_int_equal(node->delivered->field_count, 3);
    assert_int_equal(spec->generator_column_count, 3);
    assert_string_equal(spec->generator_columns[0].name, "price");
    assert_int_equal(spec->generator_columns[0].number, 1);
    assert_int_equal(spec->generator_columns[2].number, 3);
    assert_int_equal(spec->timestamp_index, 1);
    assert_int_equal(sb_node_event_time(node), -1); // it does not leave
    sb_graph_destroy(graph);
}

static void event_time_moves_with_its_column(void **state)
{
    struct sb_graph *graph = graph_of("'columns': ['id', 'at'], 'timestamp_column': 'at'",
                                      "at: int64, id: int64, x: int64");

    assert_int_equal(spec_of(graph)->timestamp_index, 0);
    assert_int_equal(sb_node_event_time(sb_graph_node(graph, "s")), 1);
    sb_graph_destroy(graph);
}

struct asking {
    const struct sb_graph *graph;
    char **out;
};

static enum sb_status ask(struct sb_memory *memory, void *context)
{
    const struct asking *asking = context;
    struct sb_error err = {0};

    (void)memory;
    return sb_graph_source_request(asking->graph, "s", asking->out, &err);
}

static enum sb_status ask_and_forget(struct sb_memory *memory, void *context)
{
    struct asking *asking = context;
    enum sb_status status = ask(memory, asking);

    sb_string_free(*asking->out);
    return status;
}

static void assert_request(const char *mode, const char *source, const char *expected)
{
    char text[2048];
    char *found = NULL;
    char *json = graphs_json(expected);
    struct asking asking = {.out = &found};
    struct sb_graph *graph;

    graph_text(text, sizeof text, mode, source);
    graph = graphs_create(text); // and never validated
    asking.graph = graph;
    test_json_allocations(ask_and_forget, &asking);
    assert_int_equal(test_refusals(sb_memory_global(), ask, &asking), SB_OK);
    assert_string_equal(found, json);
    sb_string_free(found);
    free(json);
    sb_graph_destroy(graph);
}

static void asks_for_what_it_emits_and_what_it_reads(void **state)
{
    struct sb_graph *graph;
    struct sb_error err = {0};
    char *text;

    assert_request("batch", "", "{'columns':null,'filters':null}");
    assert_request("batch", "'columns': ['b', 'a']", "{'columns':['b','a'],'filters':null}");
    assert_request("batch", "'filters': [{'col': 'f'}]", "{'columns':null,'filters':{'col':'f'}}");
    assert_request("batch",
                   "'columns': ['b', 'f'], 'filters': [{'call': 'and', 'args': [{'col': 'x'}, "
                   "{'col': 'f'}]}, {'call': 'not', 'args': [{'col': 'x'}]}]",
                   "{'columns':['b','f','x'],'filters':{'call':'and','args':[{'col':'x'},"
                   "{'col':'f'},{'call':'not','args':[{'col':'x'}]}]}}");
    assert_request("batch",
                   "'columns': ['b'], 'filters': {'col': 'f'}, 'timestamp_column': 'at', "
                   "'topic': 't'",
                   "{'columns':['b','f','at'],'filters':{'col':'f'}}");
    // its watermarks are those of all rows
    assert_request("streaming",
                   "'columns': ['b'], 'filters': {'col': 'f'}, 'timestamp_column': 'at', "
                   "'topic': 't'",
                   "{'columns':['b','f','at'],'filters':null}");
    assert_request("streaming", "'columns': ['b'], 'filters': {'col': 'f'}, 'topic': 't'",
                   "{'columns':['b','f'],'filters':{'col':'f'}}");

    graph = graph_create("");
    assert_int_equal(sb_graph_source_request(graph, "o", &text, &err), SB_INVALID);
    assert_string_equal(err.message, "graph: no source has the operator_id 'o'");
    sb_graph_destroy(graph);
}

static void explain_shows_the_filters(void **state)
{
    struct sb_graph *graph =
        graph_create("'path': 'p', 'columns': ['id'], 'filters': [" DEAR ", " NAMED "]");
    struct sb_error err = {0};
    char *text;

    assert_int_equal(sb_graph_explain(graph, SB_EXPLAIN_TEXT, &text, &err), SB_OK);
    assert_non_null(strstr(text, "source 's'  target: path 'p'; columns: id; filters: price > 100 "
                                 "and name == 'x'"));
    sb_string_free(text);
    sb_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(emits_its_columns_in_their_order),
        cmocka_unit_test(filters_what_it_is_given_and_not_what_it_emits),
        cmocka_unit_test(refuses_filters_that_are_none),
        cmocka_unit_test(a_generator_makes_only_what_is_read),
        cmocka_unit_test(event_time_moves_with_its_column),
        cmocka_unit_test(asks_for_what_it_emits_and_what_it_reads),
        cmocka_unit_test(explain_shows_the_filters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
