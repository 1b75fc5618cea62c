// SPDX-License-Identifier: Apache-2.0
/*
 * graph_internal.h - the steps from JSON text to a graph with edges.
 */
#ifndef SABOT_PLAN_GRAPH_INTERNAL_H
#define SABOT_PLAN_GRAPH_INTERNAL_H

#include "plan/graph.h"

enum {
    SB_GRAPH_OPERATOR_COUNT_MAX = 10000,
    SB_GRAPH_EDGE_COUNT_MAX = 100000,
    SB_GRAPH_DEPTH_MAX = 1000, // of nested JSON: what walks it needs stack, 512 KiB on some threads
};

/* One edge of the wire form. */
struct sb_edge {
    struct sb_node *from;
    struct sb_node *to;
    int32_t port;
};

/* Fills all of `graph` but the edges from graph->json; `*edges` lives in the graph's arena. */
SB_MUST_CHECK enum sb_status sb_graph_read(struct sb_graph *graph, struct sb_edge **edges,
                                           int32_t *edge_count, struct sb_error *err);

/* Connects the nodes, checks ports, finds cycles, sorts. */
SB_MUST_CHECK enum sb_status sb_graph_connect(struct sb_graph *graph, const struct sb_edge *edges,
                                              int32_t edge_count, struct sb_error *err);

/* Reads one operator; it is not in graph->nodes yet. `json` must live as long as the graph. */
SB_MUST_CHECK enum sb_status sb_node_read(struct sb_graph *graph, int32_t index, json_t *json,
                                          struct sb_node **out, struct sb_error *err);

/*
 * Checks `parameters` (NULL = none) against the node's class and sets node->parameters and
 * node->arguments, which read them: they must live as long as the graph.
 */
SB_MUST_CHECK enum sb_status sb_node_read_parameters(struct sb_graph *graph, struct sb_node *node,
                                                     json_t *parameters, struct sb_error *err);

/* Fills graph->sorted; the error names a cycle. */
SB_MUST_CHECK enum sb_status sb_graph_sort(struct sb_graph *graph, struct sb_error *err);

/* Fills graph->by_id; equal ids are an error. */
SB_MUST_CHECK enum sb_status sb_graph_index(struct sb_graph *graph, struct sb_error *err);

/* Derives what a node gives, when that of all its inputs is known. */
struct sb_derivation;
SB_MUST_CHECK enum sb_status sb_node_derive(struct sb_node *node, struct sb_derivation *derivation,
                                            struct sb_error *err);

/* Drops what validation made. Nodes may be missing when the graph was only half read. */
void sb_graph_forget(struct sb_graph *graph);

#endif
