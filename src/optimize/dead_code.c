// SPDX-License-Identifier: Apache-2.0
/*
 * dead_code.c - operators whose rows reach no sink go.
 */
#include "optimize/pass.h"

enum sb_status sb_dead_code_run(struct sb_optimization *optimization)
{
    const struct sb_graph *graph = optimization->edit.graph;

    for (int32_t i = graph->node_count - 1; i >= 0; i--) { // consumers before what feeds them
        struct sb_node *node = graph->sorted[i];

        if (node->output_count > 0 || node->type == SB_NODE_SINK) {
            continue;
        }
        SB_TRY_RETURN(sb_trace_add(optimization, node, "in the graph", "gone",
                                   "no sink gets any of its rows"));
        sb_edit_drop(&optimization->edit, node);
        optimization->report.dead_code_eliminated++;
    }
    return SB_OK;
}
