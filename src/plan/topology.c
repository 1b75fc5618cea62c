// SPDX-License-Identifier: Apache-2.0
/*
 * topology.c - edges become ports; every input is connected once; cycles are named; nodes sorted.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plan/graph_internal.h"
#include "plan/node_class.h"
#include "plan/text.h"

// "input 1 (right)"
static const char *input_text(const struct sb_node *node, int32_t port, char buffer[64])
{
    const char *const *names = node->class->input_names;

    if (names != NULL && port < node->class->inputs_max) {
        snprintf(buffer, 64, "input %" PRId32 " (%s)", port, names[port]);
    } else {
        snprintf(buffer, 64, "input %" PRId32, port);
    }
    return buffer;
}

static enum sb_status check_ends(const struct sb_graph *graph, struct sb_error *err)
{
    bool has_source = false;
    bool has_sink = false;

    for (int32_t i = 0; i < graph->node_count; i++) {
        has_source |= graph->nodes[i]->type == SB_NODE_SOURCE;
        has_sink |= graph->nodes[i]->type == SB_NODE_SINK;
    }
    if (!has_source) {
        return sb_error_set(err, SB_INVALID,
                            "graph: has no source; add an operator of type "
                            "'source'");
    }
    if (!has_sink) {
        return sb_error_set(err, SB_INVALID, "graph: has no sink; add an operator of type 'sink'");
    }
    return SB_OK;
}

static enum sb_status check_edge(const struct sb_edge *edge, struct sb_error *err)
{
    if (edge->from->type == SB_NODE_SINK) {
        return sb_error_set(err, SB_INVALID, "%s: has no output, and an edge leads from it to %s",
                            edge->from->label, edge->to->label);
    }
    if (edge->to->class->inputs_max == 0) {
        return sb_error_set(err, SB_INVALID, "%s: has no input, and an edge leads to it from %s",
                            edge->to->label, edge->from->label);
    }
    return SB_OK;
}

static enum sb_status alloc_ports(struct sb_graph *graph, struct sb_node *node,
                                  struct sb_error *err)
{
    size_t inputs = (size_t)node->input_count + 1; // an empty list still has an address
    size_t outputs = (size_t)node->output_count + 1;

    node->inputs = sb_arena_alloc_zeroed(&graph->arena, inputs * sizeof *node->inputs);
    node->outputs = sb_arena_alloc_zeroed(&graph->arena, outputs * sizeof *node->outputs);
    node->output_ports = sb_arena_alloc_zeroed(&graph->arena, outputs * sizeof *node->output_ports);
    if (node->inputs == NULL || node->outputs == NULL || node->output_ports == NULL) {
        return sb_node_no_memory(node, err, (inputs + 2 * outputs) * sizeof *node->inputs);
    }
    node->output_count = 0; // counted again while they are filled
    return SB_OK;
}

static enum sb_status connect_edge(const struct sb_edge *edge, struct sb_error *err)
{
    struct sb_node *from = edge->from;
    struct sb_node *to = edge->to;
    char input[64];

    if (edge->port < to->input_count) {
        if (to->inputs[edge->port] != NULL) {
            return sb_error_set(err, SB_INVALID,
                                "%s: two edges lead to %s, from %s and from %s; give each input "
                                "one edge",
                                to->label, input_text(to, edge->port, input),
                                to->inputs[edge->port]->label, from->label);
        }
        to->inputs[edge->port] = from;
    }
    from->outputs[from->output_count] = to;
    from->output_ports[from->output_count] = edge->port;
    from->output_count++;
    return SB_OK;
}

// Every edge to the node has a port of its own, or it lies beyond input_count.
static enum sb_status check_inputs(const struct sb_node *node, struct sb_error *err)
{
    const struct sb_node_class *class = node->class;
    int32_t expected =
        node->input_count > class->inputs_min ? node->input_count : class->inputs_min;
    char input[64];
    char allowed[64];

    if (class->inputs_min == class->inputs_max) {
        snprintf(allowed, sizeof allowed, "%" PRId32 " input%s", class->inputs_min,
                 class->inputs_min == 1 ? "" : "s");
    } else {
        snprintf(allowed, sizeof allowed, "inputs 0, 1, 2, ... without a gap");
    }
    if (node->input_count > class->inputs_max) {
        return sb_error_set(err, SB_INVALID, "%s: %" PRId32 " edges lead to it; allowed: %s%s",
                            node->label, node->input_count, allowed,
                            class->inputs_max == 1 ? " (a union joins several)" : "");
    }
    for (int32_t port = 0; port < expected; port++) {
        if (port >= node->input_count || node->inputs[port] == NULL) {
            return sb_error_set(err, SB_INVALID, "%s: %s is not connected; allowed: %s",
                                node->label, input_text(node, port, input), allowed);
        }
    }
    return SB_OK;
}

// One node on the path of the walk, and the input to look at next.
struct step {
    struct sb_node *node;
    int32_t port;
};

// The path from where the node was met first to where it is met again, as the rows would run.
static enum sb_status cycle_error(const struct step *path, int32_t depth,
                                  const struct sb_node *again, struct sb_error *err)
{
    char names[640];
    char shown[SB_SHORT_SIZE];
    size_t size;
    int32_t cut = 0;
    int32_t i;

    snprintf(names, sizeof names, "'%s'", sb_short(again->name, shown));
    for (i = depth - 1; path[i].node != again; i--) {
        size = strlen(names);
        if (size + SB_SHORT_SIZE * 2 + 32 > sizeof names) {
            cut++;
            continue;
        }
        snprintf(names + size, sizeof names - size, " -> '%s'",
                 sb_short(path[i].node->name, shown));
    }
    size = strlen(names);
    if (cut > 0) {
        snprintf(names + size, sizeof names - size, " -> %" PRId32 " more", cut);
        size = strlen(names);
    }
    snprintf(names + size, sizeof names - size, " -> '%s'", sb_short(again->name, shown));
    return sb_error_set(err, SB_INVALID,
                        "graph: the edges form a cycle: %s; rows must flow from sources to sinks",
                        names);
}

enum mark { UNSEEN = 0, ON_PATH, SORTED };

// Depth first from each node in listed order, inputs before the node: a listing that is sorted
// already stays as it is.
static enum sb_status sort_from(struct sb_graph *graph, struct sb_node *start, uint8_t *marks,
                                struct step *path, int32_t *sorted_count, struct sb_error *err)
{
    int32_t depth = 0;

    if (marks[start->index] == SORTED) {
        return SB_OK;
    }
    path[depth++] = (struct step){.node = start};
    marks[start->index] = ON_PATH;
    while (depth > 0) {
        struct step *top = &path[depth - 1];

        if (top->port == top->node->input_count) {
            marks[top->node->index] = SORTED;
            graph->sorted[(*sorted_count)++] = top->node;
            depth--;
            continue;
        }
        struct sb_node *input = top->node->inputs[top->port++];
        if (marks[input->index] == ON_PATH) {
            return cycle_error(path, depth, input, err);
        }
        if (marks[input->index] == UNSEEN) {
            marks[input->index] = ON_PATH;
            path[depth++] = (struct step){.node = input};
        }
    }
    return SB_OK;
}

enum sb_status sb_graph_sort(struct sb_graph *graph, struct sb_error *err)
{
    size_t count = (size_t)graph->node_count;
    uint8_t *marks = sb_arena_alloc_zeroed(&graph->arena, count * sizeof *marks);
    struct step *path = sb_arena_alloc(&graph->arena, count * sizeof *path);
    int32_t sorted_count = 0;

    graph->sorted = sb_arena_alloc_zeroed(&graph->arena, count * sizeof(struct sb_node *));
    if (marks == NULL || path == NULL || graph->sorted == NULL) {
        return sb_error_no_memory(err, "graph", (int64_t)(count * sizeof *path));
    }
    for (int32_t i = 0; i < graph->node_count; i++) {
        SB_TRY_RETURN(sort_from(graph, graph->nodes[i], marks, path, &sorted_count, err));
    }
    sb_assert(sorted_count == graph->node_count);
    return SB_OK;
}

enum sb_status sb_graph_connect(struct sb_graph *graph, const struct sb_edge *edges,
                                int32_t edge_count, struct sb_error *err)
{
    SB_TRY_RETURN(check_ends(graph, err));
    for (int32_t i = 0; i < edge_count; i++) {
        SB_TRY_RETURN(check_edge(&edges[i], err));
        edges[i].to->input_count++;
        edges[i].from->output_count++;
    }
    for (int32_t i = 0; i < graph->node_count; i++) {
        SB_TRY_RETURN(alloc_ports(graph, graph->nodes[i], err));
    }
    for (int32_t i = 0; i < edge_count; i++) {
        SB_TRY_RETURN(connect_edge(&edges[i], err));
    }
    for (int32_t i = 0; i < graph->node_count; i++) {
        SB_TRY_RETURN(check_inputs(graph->nodes[i], err));
    }
    return sb_graph_sort(graph, err);
}
