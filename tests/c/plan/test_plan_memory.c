// SPDX-License-Identifier: Apache-2.0
/*
 * test_plan_memory.c - every allocation of a graph's life refused in turn: ours, and jansson's.
 */
#include "plan/graphs.h"
#include "support/allocation.h"

static const char graph_text[] =
    "{'version': 1, 'job_name': 'everything', 'operators': ["
    "{'operator_id': 'q', 'operator_type': 'source', 'name': 'q', 'parameters': {'path': 'p'}},"
    "{'operator_id': 'g', 'operator_type': 'source', 'name': 'g', 'parameters': {'columns': "
    "['price', 'id'], 'filters': [{'call': 'less', 'args': [{'col': 'id'}, {'lit': 5}]}, "
    "{'call': 'is_not_null', 'args': [{'col': 'price'}]}], 'generator': "
    "{'rows': 10, 'columns': [{'name': 'id', 'kind': 'sequence'}, {'name': 'price', 'kind': "
    "'uniform_float'}]}}},"
    "{'operator_id': 'f', 'operator_type': 'filter', 'name': 'f', 'parameters': {'column': "
    "'price', 'value': 1.5}},"
    "{'operator_id': 'ff', 'operator_type': 'filter', 'name': 'ff', 'function': {'kind': 'x'}},"
    "{'operator_id': 'm', 'operator_type': 'map', 'name': 'm', 'parameters': {'expressions': "
    "{'twice': {'call': 'add', 'args': [{'col': 'price'}, {'col': 'price'}]}}}},"
    "{'operator_id': 'c', 'operator_type': 'select', 'name': 'c', 'parameters': {'columns': "
    "['price', 'id']}},"
    "{'operator_id': 'j', 'operator_type': 'hash_join', 'name': 'j', 'parameters': {'left_key': "
    "'id', 'right_key': 'id', 'how': 'left'}},"
    "{'operator_id': 'u', 'operator_type': 'union', 'name': 'u'},"
    "{'operator_id': 'a', 'operator_type': 'aggregate', 'name': 'a', 'parameters': {'key_by': "
    "'id', 'aggregate': ['sum', 'count'], 'column': ['price', 'twice']}},"
    "{'operator_id': 'l', 'operator_type': 'limit', 'name': 'l', 'parameters': {'count': 3}},"
    "{'operator_id': 's', 'operator_type': 'sort', 'name': 's', 'parameters': {'by': "
    "[{'column': 'price', 'descending': true}, 'id'], 'nulls': 'first'}},"
    "{'operator_id': 'o', 'operator_type': 'sink', 'name': 'o'},"
    "{'operator_id': 'p', 'operator_type': 'sink', 'name': 'p', 'parameters': {'path': 'x'}}],"
    "'edges': [{'from': 'q', 'to': 'f'}, {'from': 'f', 'to': 'm'}, {'from': 'm', 'to': 'ff'},"
    "{'from': 'ff', 'to': 'j', 'port': 0}, {'from': 'g', 'to': 'c'},"
    "{'from': 'c', 'to': 'j', 'port': 1}, {'from': 'j', 'to': 'u', 'port': 0},"
    "{'from': 'j', 'to': 'u', 'port': 1}, {'from': 'u', 'to': 'a'}, {'from': 'a', 'to': 'l'},"
    "{'from': 'l', 'to': 'o'}, {'from': 'j', 'to': 's'}, {'from': 's', 'to': 'p'}]}";

static const char statistics[] =
    "{\"row_count\": 10, \"columns\": {\"id\": {\"min\": 1, \"max\": 5, \"null_count\": 0}, "
    "\"price\": {\"average_width\": 8}}}";

// The ABI structs of the test itself are made beforehand: what is refused is the plan's memory.
static char *json;

static int make_json(void **state)
{
    json = graphs_json(graph_text);
    return 0;
}

static int free_json(void **state)
{
    free(json);
    return 0;
}

// Static structs with a release that frees nothing.
static void release_static(struct ArrowSchema *schema)
{
    schema->release = NULL;
}

static struct ArrowSchema id = {.format = "l", .name = "id", .release = release_static};
static struct ArrowSchema price = {.format = "g", .name = "price", .release = release_static};
static struct ArrowSchema mask = {.format = "b", .name = "mask", .release = release_static};
static struct ArrowSchema *columns[] = {&id, &price};
static struct ArrowSchema *mask_columns[] = {&mask};

static struct ArrowSchema struct_of(struct ArrowSchema **children, int64_t count)
{
    return (struct ArrowSchema){.format = "+s",
                                .name = "",
                                .n_children = count,
                                .children = children,
                                .release = release_static};
}

static enum sb_status resolve_mask(void *context, const char *operator_id,
                                   const struct ArrowSchema *input, struct ArrowSchema *output,
                                   struct sb_error *err)
{
    *output = struct_of(mask_columns, 1);
    return SB_OK;
}

// A whole life. The first status that is not SB_OK.
static enum sb_status live(void)
{
    struct ArrowSchema schema = struct_of(columns, 2);
    struct sb_error err = {0};
    struct sb_graph *graph;
    bool required[2];
    char *text;
    enum sb_status status;

    SB_TRY_RETURN(sb_graph_create_from_json(json, strlen(json), &graph, &err));
    SB_TRY_OUT(sb_graph_set_source_schema(graph, "q", &schema, &err));
    SB_TRY_OUT(sb_graph_set_source_statistics(graph, "q", statistics, strlen(statistics), &err));
    SB_TRY_OUT(sb_graph_validate(graph, resolve_mask, NULL, &err));
    SB_TRY_OUT(sb_graph_explain(graph, SB_EXPLAIN_TEXT, &text, &err));
    sb_string_free(text);
    SB_TRY_OUT(sb_graph_explain(graph, SB_EXPLAIN_JSON, &text, &err));
    sb_string_free(text);
    SB_TRY_OUT(sb_graph_to_json(graph, &text, &err));
    sb_string_free(text);
    SB_TRY_OUT(sb_graph_output_schema(graph, "a", &schema, &err));
    schema.release(&schema);
    SB_TRY_OUT(sb_graph_deciding_columns(graph, "q", required, 2, &err));

out:
    if (status != SB_OK) {
        assert_int_equal(err.status, status);
        assert_true(err.message[0] != '\0');
    }
    sb_graph_destroy(graph);
    return status;
}

static enum sb_status attempt(struct sb_memory *memory, void *context)
{
    return live();
}

static void survives_every_refused_allocation(void **state)
{
    test_global_allocations(attempt, NULL);
}

static void survives_every_refused_allocation_of_jansson(void **state)
{
    test_json_allocations(attempt, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_every_refused_allocation),
        cmocka_unit_test(survives_every_refused_allocation_of_jansson),
    };

    return cmocka_run_group_tests(tests, make_json, free_json);
}
