// SPDX-License-Identifier: Apache-2.0
#include "exec/gates.h"

#include <string.h>

static bool gates_is_join(const struct sb_gates *gates, const struct sb_node *node)
{
    const struct sb_op *op = gates->ops[node->index];

    return op != NULL && op->vtable->placement == SB_OP_KEYED &&
           op->vtable->build_port != SB_NO_PORT;
}

static bool gates_begins_stage(const struct sb_gates *gates, const struct sb_node *node)
{
    const struct sb_op *op = gates->ops[node->index];

    return node->type == SB_NODE_SOURCE || op->vtable->placement != SB_OP_INLINE;
}

static uint8_t *gates_roots(const struct sb_gates *gates, const struct sb_node *node)
{
    return gates->roots + (size_t)node->index * (size_t)gates->vertex_count;
}

static uint8_t *gates_needs(const struct sb_gates *gates, int32_t vertex)
{
    return gates->needs + (size_t)vertex * (size_t)gates->vertex_count;
}

static void gates_merge(const struct sb_gates *gates, uint8_t *into, const uint8_t *from)
{
    for (int32_t v = 0; v < gates->vertex_count; v++) {
        into[v] |= from[v];
    }
}

/* A join's rows go on in the stages of its probe input; its groups begin a stage of their own. */
static void gates_place_join(struct sb_gates *gates, const struct sb_node *join)
{
    int32_t build_vertex = 2 * join->index;
    int32_t spool_vertex = build_vertex + 1;
    int32_t build_port = gates->ops[join->index]->vtable->build_port;
    uint8_t *roots = gates_roots(gates, join);

    gates_merge(gates, gates_needs(gates, build_vertex),
                gates_roots(gates, join->inputs[build_port]));
    for (int32_t port = 0; port < join->input_count; port++) {
        const uint8_t *probe = gates_roots(gates, join->inputs[port]);
        if (port == build_port) {
            continue;
        }
        if (gates->is_spooled[join->index]) {
            gates_merge(gates, gates_needs(gates, spool_vertex), probe);
            roots[spool_vertex] = 1;
        } else {
            gates_merge(gates, roots, probe);
        }
    }
    for (int32_t v = 0; v < gates->vertex_count; v++) {
        if (roots[v]) {
            gates_needs(gates, v)[build_vertex] = 1;
        }
    }
}

static void gates_place(struct sb_gates *gates)
{
    memset(gates->needs, 0, (size_t)gates->vertex_count * (size_t)gates->vertex_count);
    memset(gates->roots, 0, (size_t)gates->node_count * (size_t)gates->vertex_count);
    for (int32_t i = 0; i < gates->node_count; i++) {
        const struct sb_node *node = gates->graph->sorted[i];

        if (gates_is_join(gates, node)) {
            gates_place_join(gates, node);
            continue;
        }
        for (int32_t port = 0; port < node->input_count; port++) {
            uint8_t *into = gates_begins_stage(gates, node) ? gates_needs(gates, 2 * node->index)
                                                            : gates_roots(gates, node);
            gates_merge(gates, into, gates_roots(gates, node->inputs[port]));
        }
        if (gates_begins_stage(gates, node)) {
            gates_roots(gates, node)[2 * node->index] = 1;
        }
    }
}

/* Makes `needs` transitive. */
static void gates_close(struct sb_gates *gates)
{
    for (int32_t via = 0; via < gates->vertex_count; via++) {
        for (int32_t v = 0; v < gates->vertex_count; v++) {
            if (gates_needs(gates, v)[via]) {
                gates_merge(gates, gates_needs(gates, v), gates_needs(gates, via));
            }
        }
    }
}

/* A join whose gate stands on a cycle; NULL when there is none. */
static const struct sb_node *gates_find_cycle(const struct sb_gates *gates)
{
    for (int32_t i = 0; i < gates->node_count; i++) {
        const struct sb_node *node = gates->graph->sorted[i];
        const uint8_t *roots = gates_roots(gates, node);

        if (!gates_is_join(gates, node) || gates->is_spooled[node->index]) {
            continue;
        }
        for (int32_t v = 0; v < gates->vertex_count; v++) {
            if (roots[v] && gates_needs(gates, 2 * node->index)[v]) {
                return node;
            }
        }
    }
    return NULL;
}

enum sb_status sb_gates_init(struct sb_gates *gates, struct sb_memory *memory,
                             const struct sb_graph *graph, struct sb_op *const *ops,
                             struct sb_error *err)
{
    const struct sb_node *join;
    bool has_join = false;

    *gates = (struct sb_gates){
        .memory = memory,
        .graph = graph,
        .ops = ops,
        .node_count = graph->node_count,
        .vertex_count = 2 * graph->node_count,
    };
    for (int32_t i = 0; i < graph->node_count; i++) {
        has_join = has_join || gates_is_join(gates, graph->nodes[i]);
    }
    gates->is_spooled =
        sb_memory_alloc_zeroed(memory, sizeof *gates->is_spooled * (size_t)graph->node_count);
    if (gates->is_spooled == NULL) {
        return sb_error_no_memory(err, "the plan", graph->node_count);
    }
    if (!has_join) {
        return SB_OK;
    }
    gates->needs =
        sb_memory_alloc(memory, (size_t)gates->vertex_count * (size_t)gates->vertex_count);
    gates->roots = sb_memory_alloc(memory, (size_t)gates->node_count * (size_t)gates->vertex_count);
    if (gates->needs == NULL || gates->roots == NULL) {
        return sb_error_no_memory(err, "the plan",
                                  (int64_t)gates->vertex_count * gates->vertex_count);
    }
    do { // every turn spools one more join, so this ends
        gates_place(gates);
        gates_close(gates);
        join = gates_find_cycle(gates);
        if (join != NULL) {
            gates->is_spooled[join->index] = true;
        }
    } while (join != NULL);
    return SB_OK;
}

void sb_gates_deinit(struct sb_gates *gates)
{
    size_t nodes = (size_t)gates->node_count;
    size_t vertices = (size_t)gates->vertex_count;

    if (gates->memory == NULL) {
        return;
    }
    sb_memory_free(gates->memory, gates->is_spooled, sizeof *gates->is_spooled * nodes);
    sb_memory_free(gates->memory, gates->needs, vertices * vertices);
    sb_memory_free(gates->memory, gates->roots, nodes * vertices);
    *gates = (struct sb_gates){0};
}

bool sb_gates_is_spooled(const struct sb_gates *gates, int32_t node_index)
{
    return gates->is_spooled[node_index];
}
