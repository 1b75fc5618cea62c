// SPDX-License-Identifier: Apache-2.0
/*
 * graph_edit_copy.c - nodes that share what they know with the original's, and edges of their own.
 */
#include <string.h>

#include "plan/graph_edit_internal.h"
#include "plan/graph_internal.h"
#include "plan/node_class.h"
#include "plan/parts.h"
#include "plan/statistics.h"

enum sb_status sb_edit_no_memory(struct sb_error *err)
{
    return sb_error_no_memory(err, "the optimized graph", SB_MEMORY_ALIGNMENT);
}

enum sb_status sb_edit_alloc(struct sb_graph_edit *edit, int64_t count, size_t size, void *out,
                             struct sb_error *err)
{
    // An empty list still has an address.
    void *allocated =
        sb_arena_alloc_zeroed(&edit->graph->arena, (count == 0 ? 1 : (size_t)count) * size);

    memcpy(out, &allocated, sizeof allocated);
    return allocated == NULL ? sb_edit_no_memory(err) : SB_OK;
}

enum sb_status sb_edit_keep(struct sb_graph_edit *edit, json_t *json, struct sb_error *err)
{
    struct sb_graph *graph = edit->graph;

    if (graph->made == NULL) {
        graph->made = json_array();
    }
    return json == NULL || json_array_append_new(graph->made, json) != 0 ? sb_edit_no_memory(err)
                                                                         : SB_OK;
}

/* Texts and arguments of a node that is equal to `from`, which may go before it. */
static enum sb_status node_keep_texts(struct sb_graph_edit *edit, struct sb_node *node,
                                      const struct sb_node *from, struct sb_error *err)
{
    struct sb_arena *arena = &edit->graph->arena;

    node->name = sb_arena_copy_string(arena, from->name);
    node->label = sb_arena_copy_string(arena, from->label);
    if (node->name == NULL || node->label == NULL) {
        return sb_edit_no_memory(err);
    }
    if (from->arguments != NULL) {
        size_t size =
            (size_t)(sb_parameter_count(from->class->parameters) + 1) * sizeof *from->arguments;

        node->arguments = sb_arena_copy(arena, from->arguments, size);
        if (node->arguments == NULL) {
            return sb_edit_no_memory(err);
        }
    }
    return SB_OK;
}

static enum sb_status steps_copy(struct sb_graph_edit *edit, struct sb_node *node,
                                 const struct sb_node *from, struct sb_error *err)
{
    SB_TRY_RETURN(sb_edit_alloc(edit, from->step_count, sizeof *node->steps, &node->steps, err));
    for (int32_t i = 0; i < from->step_count; i++) {
        SB_TRY_RETURN(sb_edit_alloc(edit, 1, sizeof **node->steps, &node->steps[i], err));
        *node->steps[i] = *from->steps[i];
        SB_TRY_RETURN(node_keep_texts(edit, node->steps[i], from->steps[i], err));
    }
    return SB_OK;
}

static enum sb_status node_copy(struct sb_graph_edit *edit, const struct sb_node *from,
                                struct sb_error *err)
{
    struct sb_node *node;

    SB_TRY_RETURN(sb_edit_alloc(edit, 1, sizeof *node, &node, err));
    *node = *from;
    node->schema = sb_schema_retain(from->schema);
    node->declared_schema = sb_schema_retain(from->declared_schema);
    node->delivered = sb_schema_retain(from->delivered);
    node->statistics = sb_statistics_retain(from->statistics);
    edit->graph->nodes[from->index] = node; // who destroys the graph releases what is counted
    SB_TRY_RETURN(node_keep_texts(edit, node, from, err));
    if (!sb_parts_keep(node, &edit->graph->arena)) {
        return sb_edit_no_memory(err);
    }
    if (from->step_count > 0) {
        SB_TRY_RETURN(steps_copy(edit, node, from, err));
    }
    SB_TRY_RETURN(sb_edit_alloc(edit, from->input_count, sizeof *node->inputs, &node->inputs, err));
    SB_TRY_RETURN(
        sb_edit_alloc(edit, from->output_count, sizeof *node->outputs, &node->outputs, err));
    return sb_edit_alloc(edit, from->output_count, sizeof *node->output_ports, &node->output_ports,
                         err);
}

/* Edges to the nodes of the copy; every node is there. */
static void node_connect(struct sb_graph *graph, const struct sb_node *from)
{
    struct sb_node *node = graph->nodes[from->index];

    for (int32_t i = 0; i < from->input_count; i++) {
        node->inputs[i] = graph->nodes[from->inputs[i]->index];
    }
    for (int32_t i = 0; i < from->output_count; i++) {
        node->outputs[i] = graph->nodes[from->outputs[i]->index];
        node->output_ports[i] = from->output_ports[i];
    }
    if (from->endless_source != NULL) {
        node->endless_source = graph->nodes[from->endless_source->index];
    }
    if (from->update_source != NULL) {
        node->update_source = graph->nodes[from->update_source->index];
    }
}

enum sb_status sb_edit_init(struct sb_graph_edit *edit, const struct sb_graph *original,
                            struct sb_error *err)
{
    struct sb_graph *graph = sb_memory_alloc_zeroed(sb_memory_global(), sizeof *graph);
    enum sb_status status;

    sb_assert(original->is_validated);
    *edit = (struct sb_graph_edit){.original = original, .graph = graph};
    if (graph == NULL) {
        return sb_edit_no_memory(err);
    }
    sb_arena_init(&graph->arena, sb_memory_global());
    sb_arena_init(&graph->derived, sb_memory_global());
    sb_arena_init(&edit->scratch, sb_memory_global());
    graph->json = json_incref(original->json);
    graph->is_edited = true;
    graph->job_id = original->job_id;
    graph->job_name = original->job_name;
    graph->is_streaming = original->is_streaming;
    graph->default_parallelism = original->default_parallelism;
    if (original->made != NULL) {
        SB_TRY_OUT(sb_edit_keep(edit, json_incref(original->made), err));
    }
    edit->node_capacity = original->node_count * 2 + 8;
    SB_TRY_OUT(sb_edit_alloc(edit, edit->node_capacity, sizeof *graph->nodes, &graph->nodes, err));
    graph->node_count = original->node_count;
    for (int32_t i = 0; i < original->node_count; i++) {
        SB_TRY_OUT(node_copy(edit, original->nodes[i], err));
    }
    SB_TRY_OUT(
        sb_edit_alloc(edit, original->node_count, sizeof *graph->sorted, &graph->sorted, err));
    for (int32_t i = 0; i < original->node_count; i++) {
        node_connect(graph, original->nodes[i]);
        graph->sorted[i] = graph->nodes[original->sorted[i]->index];
    }
    edit->sorted_count = original->node_count;
    return SB_OK;

out:
    sb_edit_deinit(edit);
    return status;
}

void sb_edit_deinit(struct sb_graph_edit *edit)
{
    sb_graph_destroy(edit->graph);
    sb_arena_deinit(&edit->scratch);
    *edit = (struct sb_graph_edit){0};
}
