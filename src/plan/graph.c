// SPDX-License-Identifier: Apache-2.0
/*
 * graph.c - the life of a graph: made from JSON, told its source schemas, validated, destroyed.
 */
#include "plan/graph.h"

#include <string.h>

#include "columnar/arrow.h"
#include "plan/graph_internal.h"
#include "plan/json.h"
#include "plan/node_class.h"
#include "plan/statistics.h"
#include "plan/text.h"
#include "plan/wire_writer.h"

static enum sb_status parse(const char *json, size_t size, json_t **out, struct sb_error *err)
{
    enum sb_status status = sb_json_read(json, size, out, err);

    if (status != SB_OK) {
        sb_error_prefix(err, "graph");
    }
    return status;
}

enum sb_status sb_graph_create_from_json(const char *json, size_t size, struct sb_graph **out,
                                         struct sb_error *err)
{
    struct sb_graph *graph;
    struct sb_edge *edges;
    int32_t edge_count;
    enum sb_status status;

    *out = NULL;
    graph = sb_memory_alloc_zeroed(sb_memory_global(), sizeof *graph);
    if (graph == NULL) {
        return sb_error_no_memory(err, "graph", sizeof *graph);
    }
    sb_arena_init(&graph->arena, sb_memory_global());
    sb_arena_init(&graph->derived, sb_memory_global());
    SB_TRY_OUT(parse(json, size, &graph->json, err));
    SB_TRY_OUT(sb_graph_read(graph, &edges, &edge_count, err));
    SB_TRY_OUT(sb_graph_connect(graph, edges, edge_count, err));
    *out = graph;
    return SB_OK;

out:
    sb_graph_destroy(graph);
    return status;
}

void sb_graph_forget(struct sb_graph *graph)
{
    for (int32_t i = 0; i < graph->node_count; i++) {
        struct sb_node *node = graph->nodes[i];

        if (node != NULL) {
            sb_schema_release(node->schema);
            node->schema = NULL;
            sb_schema_release(node->delivered);
            node->delivered = NULL;
            node->endless_source = NULL;
            node->update_source = NULL;
            node->parsed = NULL;
            memset(&node->spec, 0, sizeof node->spec);
        }
    }
    sb_arena_deinit(&graph->derived);
    graph->is_validated = false;
}

void sb_graph_destroy(struct sb_graph *graph)
{
    if (graph == NULL) {
        return;
    }
    sb_graph_forget(graph);
    for (int32_t i = 0; i < graph->node_count; i++) {
        if (graph->nodes[i] != NULL) {
            sb_schema_release(graph->nodes[i]->declared_schema);
            sb_statistics_release(graph->nodes[i]->statistics);
        }
    }
    json_decref(graph->json);
    json_decref(graph->made);
    sb_arena_deinit(&graph->arena);
    sb_memory_free(sb_memory_global(), graph, sizeof *graph);
}

struct sb_node *sb_graph_node(const struct sb_graph *graph, const char *operator_id)
{
    int32_t first = 0;
    int32_t end = graph->node_count;

    while (first < end) {
        int32_t middle = first + (end - first) / 2;
        int order = strcmp(graph->by_id[middle]->id, operator_id);

        if (order == 0) {
            return graph->by_id[middle];
        }
        if (order < 0) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return NULL;
}

static enum sb_status find_node(const struct sb_graph *graph, const char *operator_id,
                                struct sb_node **out, struct sb_error *err)
{
    char shown[SB_SHORT_SIZE];

    *out = sb_graph_node(graph, operator_id);
    if (*out == NULL) {
        return sb_error_set(err, SB_INVALID, "graph: no operator has the operator_id '%s'",
                            sb_short(operator_id, shown));
    }
    return SB_OK;
}

static enum sb_status declare_schema(struct sb_graph *graph, const char *operator_id,
                                     const struct ArrowSchema *schema, struct sb_error *err)
{
    struct sb_schema *declared;
    struct sb_node *node;
    enum sb_status status;

    SB_TRY_RETURN(find_node(graph, operator_id, &node, err));
    if (node->type != SB_NODE_SOURCE) {
        return sb_node_error(node, NULL, SB_INVALID, err,
                             "its columns follow from its input; only a source is told them");
    }
    status = sb_schema_import(sb_memory_global(), schema, &declared, err);
    if (status != SB_OK) {
        sb_error_prefix(err, "%s", node->label);
        return status;
    }
    if (node->declared_schema != NULL && sb_schema_equal(node->declared_schema, declared)) {
        sb_schema_release(declared); // nothing new: what was validated stays so
        return SB_OK;
    }
    sb_graph_forget(graph);
    sb_schema_release(node->declared_schema);
    node->declared_schema = declared;
    return SB_OK;
}

enum sb_status sb_graph_set_source_schema(struct sb_graph *graph, const char *operator_id,
                                          struct ArrowSchema *schema, struct sb_error *err)
{
    enum sb_status status = declare_schema(graph, operator_id, schema, err);

    if (schema->release != NULL) {
        schema->release(schema);
    }
    return status;
}

// An operator's own key_by must name columns; a join is keyed by its join keys anyway.
static enum sb_status check_key_by(const struct sb_node *node, struct sb_derivation *derivation,
                                   struct sb_error *err)
{
    struct sb_names keys;
    int32_t index;

    if (node->key_by == NULL || node->input_count != 1) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_names_read(node->key_by, derivation->arena, &keys, err));
    for (int32_t i = 0; i < keys.count; i++) {
        SB_TRY_RETURN(
            sb_node_column(node, "key_by", node->inputs[0]->schema, keys.names[i], &index, err));
    }
    return SB_OK;
}

// What takes no updates would count a row and the row that replaces it.
static enum sb_status check_updates(struct sb_node *node, struct sb_error *err)
{
    for (int32_t i = 0; i < node->input_count && node->update_source == NULL; i++) {
        node->update_source = node->inputs[i]->update_source;
    }
    if (node->update_source == NULL || node->class->takes_updates) {
        return SB_OK;
    }
    return sb_node_error(node, NULL, SB_INVALID, err,
                         "cannot take updates, rows that replace earlier ones of the same key, and "
                         "%s emits them; allowed behind it: map, select, union, custom, sink. Over "
                         "input that ends, set `emit: \"final\"` there",
                         node->update_source->label);
}

enum sb_status sb_node_derive(struct sb_node *node, struct sb_derivation *derivation,
                              struct sb_error *err)
{
    for (int32_t i = 0; i < node->input_count && node->endless_source == NULL; i++) {
        node->endless_source = node->inputs[i]->endless_source;
    }
    SB_TRY_RETURN(check_updates(node, err));
    SB_TRY_RETURN(check_key_by(node, derivation, err));
    SB_TRY_RETURN(node->class->derive(node, derivation, err));
    sb_assert(node->schema != NULL);
    return SB_OK;
}

enum sb_status sb_graph_validate(struct sb_graph *graph, sb_schema_resolver resolver, void *context,
                                 struct sb_error *err)
{
    struct sb_derivation derivation = {
        .arena = &graph->derived,
        .scratch = &graph->derived, // what is validated runs
        .is_streaming = graph->is_streaming,
        .resolver = resolver,
        .context = context,
    };

    if (graph->is_validated) {
        return SB_OK; // jobs may share it by now
    }
    sb_graph_forget(graph);
    for (int32_t i = 0; i < graph->node_count; i++) {
        enum sb_status status = sb_node_derive(graph->sorted[i], &derivation, err);

        if (status != SB_OK) {
            sb_graph_forget(graph);
            return status;
        }
    }
    graph->is_validated = true;
    return SB_OK;
}

enum sb_status sb_graph_output_schema(const struct sb_graph *graph, const char *operator_id,
                                      struct ArrowSchema *out, struct sb_error *err)
{
    struct sb_node *node;

    SB_TRY_RETURN(find_node(graph, operator_id, &node, err));
    if (!graph->is_validated) {
        return sb_node_error(node, NULL, SB_INVALID, err,
                             "its columns are not known before sb_graph_validate()");
    }
    return sb_schema_export(node->schema, out, err);
}

enum sb_status sb_graph_to_json(const struct sb_graph *graph, char **out, struct sb_error *err)
{
    struct sb_text text = {.memory = sb_memory_global()};
    json_t *json = sb_graph_json(graph);

    if (json == NULL) {
        return sb_error_no_memory(err, "graph", SB_MEMORY_ALIGNMENT);
    }
    sb_text_append_json(&text, json, JSON_COMPACT);
    json_decref(json);
    return sb_text_finish(&text, out, err);
}
