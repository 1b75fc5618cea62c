// SPDX-License-Identifier: Apache-2.0
/*
 * operator_fusion.c - runs of operators that look at each row alone become one.
 *
 * What can be a step of a `fused` node, the class says. A run ends where rows go to more than one
 * consumer, and where an operator is placed differently from the next. The last operator stays and
 * does the work of all, so who asks for the rows of the run finds them under the same id.
 *
 * The rules that merge other operators, each in a file of its own, go first: what they take away
 * may have stood between two runs.
 */
#include "optimize/pass.h"

#include "plan/node_class.h"

/* Whether the node may be a step, or has steps already. */
static bool is_fusible(const struct sb_node *node)
{
    return (node->class->step != NULL || node->type == SB_NODE_FUSED) && !node->has_function &&
           node->key_by == NULL;
}

/* Whether `next`, which consumes `node`, may be one with it. */
static bool is_joined(const struct sb_node *node, const struct sb_node *next)
{
    return is_fusible(node) && is_fusible(next) && node->output_count == 1 &&
           node->parallelism == next->parallelism && node->max_parallelism == next->max_parallelism;
}

static enum sb_status run_fuse(struct sb_optimization *optimization, struct sb_node *const *run,
                               int32_t count)
{
    const struct sb_node *last = run[count - 1];

    SB_TRY_RETURN(sb_trace_add(optimization, last,
                               sb_trace_text(optimization, "%d operators from '%s' to '%s'", count,
                                             run[0]->name, last->name),
                               "one operator",
                               "each looks at one row at a time, and nobody else gets its rows"));
    SB_TRY_RETURN(sb_edit_fuse(&optimization->edit, run, count, optimization->err));
    optimization->report.operators_fused += count - 1;
    return SB_OK;
}

enum sb_status sb_operator_fusion_run(struct sb_optimization *optimization)
{
    const struct sb_graph *graph = optimization->edit.graph;
    struct sb_node **run =
        sb_optimization_alloc(optimization, graph->node_count, sizeof(struct sb_node *));

    if (run == NULL) {
        return SB_NO_MEMORY;
    }
    for (int32_t i = 0; i < graph->node_count; i++) {
        struct sb_node *node = graph->nodes[i];
        int32_t count = 0;

        if (!sb_edit_has(node) || !is_fusible(node) || is_joined(node->inputs[0], node)) {
            continue; // no operator for this, or none that begins a run
        }
        run[count++] = node;
        while (node->output_count == 1 && is_joined(node, node->outputs[0])) {
            node = node->outputs[0];
            run[count++] = node;
        }
        if (count > 1) {
            SB_TRY_RETURN(run_fuse(optimization, run, count));
        }
    }
    return SB_OK;
}
