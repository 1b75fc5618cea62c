// SPDX-License-Identifier: Apache-2.0
/*
 * gates.h - which joins need their probe rows kept aside so that the plan cannot wait for itself.
 *
 * A stage that probes a join waits for the join's build side. When that build side, by any way,
 * waits for rows of the same stage (a self-join of one source, say), nobody could move. Such a
 * join's probe input is spooled: the rows wait in memory until the build side is complete.
 */
#ifndef SABOT_EXEC_GATES_H
#define SABOT_EXEC_GATES_H

#include "exec/op.h"

struct sb_gates {
    struct sb_memory *memory;
    const struct sb_graph *graph;
    struct sb_op *const *ops;
    bool *is_spooled; // by node index
    int32_t node_count;
    /*
     * needs[a * vertex_count + b]: the stage a cannot end before b has. Vertices: 2 per node, the
     * stage that begins at the node (2i: source or groups) and its spool (2i + 1).
     */
    int32_t vertex_count;
    uint8_t *needs;
    uint8_t *roots; // roots[node * vertex_count + v]: the node stands in stage v
};

SB_MUST_CHECK enum sb_status sb_gates_init(struct sb_gates *gates, struct sb_memory *memory,
                                           const struct sb_graph *graph, struct sb_op *const *ops,
                                           struct sb_error *err);
void sb_gates_deinit(struct sb_gates *gates);
bool sb_gates_is_spooled(const struct sb_gates *gates, int32_t node_index);

#endif
