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
#include "plan/wire_writer.h"

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

/* The wire form of a step; a new reference. NULL when out of memory. */
static json_t *step_json(const struct sb_node *node)
{
    json_t *parameters = json_object_get(node->json, "parameters");

    return sb_operator_json(node->type_name, node->id, node->name,
                            json_is_object(parameters) ? json_incref(parameters) : json_object());
}

/* Adds what the node does; false when out of memory. */
static bool steps_add(json_t *steps, const struct sb_node *node)
{
    if (node->type == SB_NODE_FUSED) {
        const json_t *own = json_object_get(json_object_get(node->json, "parameters"), "steps");
        return json_array_extend(steps, (json_t *)(uintptr_t)own) == 0;
    }
    return json_array_append_new(steps, step_json(node)) == 0;
}

/* {"steps": [...]}; NULL when out of memory. */
static json_t *run_parameters(struct sb_node *const *run, int32_t count)
{
    json_t *steps = json_array();
    bool is_failed = steps == NULL;

    for (int32_t i = 0; i < count && !is_failed; i++) {
        is_failed = !steps_add(steps, run[i]);
    }
    if (is_failed) {
        json_decref(steps);
        return NULL;
    }
    return json_pack("{s:o}", "steps", steps);
}

static enum sb_status run_fuse(struct sb_optimization *optimization, struct sb_node *const *run,
                               int32_t count)
{
    struct sb_graph_edit *edit = &optimization->edit;
    struct sb_node *last = run[count - 1];
    json_t *parameters;

    SB_TRY_RETURN(sb_trace_add(optimization, last,
                               sb_trace_text(optimization, "%d operators from '%s' to '%s'", count,
                                             run[0]->name, last->name),
                               "one operator",
                               "each looks at one row at a time, and nobody else gets its rows"));
    SB_TRY_RETURN(sb_edit_set_parts(edit, last, run, count, optimization->err));
    parameters = run_parameters(run, count);
    if (parameters == NULL) {
        return sb_optimization_no_memory(optimization);
    }
    for (int32_t i = 0; i + 1 < count; i++) {
        enum sb_status status = sb_edit_remove(edit, run[i], optimization->err);

        if (status != SB_OK) {
            json_decref(parameters);
            return status;
        }
    }
    SB_TRY_RETURN(sb_edit_replace(edit, last, "fused", parameters, optimization->err));
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
