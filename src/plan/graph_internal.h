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

#endif
