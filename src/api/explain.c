// SPDX-License-Identifier: Apache-2.0
/*
 * explain.c - a plan with the rows that are estimated, and those that came.
 */
#include "plan/explain.h"

#include <string.h>

#include <sabot/job.h>

#include "optimize/estimate.h"

static enum sb_status rows_make(const struct sb_graph *graph, struct sb_arena *arena,
                                struct sb_explain_rows **out, struct sb_error *err)
{
    size_t size = ((size_t)graph->node_count + 1) * sizeof **out;

    *out = sb_arena_alloc(arena, size);
    if (*out == NULL) {
        return sb_error_no_memory(err, "explain", (int64_t)size);
    }
    for (int32_t i = 0; i < graph->node_count; i++) {
        (*out)[i] = (struct sb_explain_rows){.estimated = -1, .actual = -1};
    }
    return SB_OK;
}

/* Of operators whose sources have told their rows. */
static enum sb_status rows_estimate(const struct sb_graph *graph, struct sb_arena *arena,
                                    struct sb_explain_rows *rows, struct sb_error *err)
{
    struct sb_estimates estimates;

    if (!graph->is_validated) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_estimates_make(graph, arena, &estimates, err));
    for (int32_t i = 0; i < graph->node_count; i++) {
        if (estimates.nodes[i].is_known) {
            rows[i].estimated = estimates.nodes[i].rows;
        }
    }
    return SB_OK;
}

static void rows_measure(const struct sb_graph *graph, const struct sb_operator_metrics *metrics,
                         int32_t count, struct sb_explain_rows *rows)
{
    for (int32_t i = 0; i < count; i++) {
        const struct sb_node *node = sb_graph_node(graph, metrics[i].operator_id);

        if (node != NULL) { // the metrics may be of another form of the graph
            rows[node->index].actual =
                node->type == SB_NODE_SINK ? metrics[i].rows_in : metrics[i].rows_out;
            rows[node->index].busy_ns = metrics[i].busy_ns;
        }
    }
}

enum sb_status sb_graph_explain_run(const struct sb_graph *graph, enum sb_explain_format format,
                                    const struct sb_operator_metrics *metrics, int32_t count,
                                    char **out, struct sb_error *err)
{
    struct sb_arena arena = {.memory = sb_memory_global()};
    struct sb_explain_rows *rows;
    enum sb_status status;

    *out = NULL;
    SB_TRY_OUT(rows_make(graph, &arena, &rows, err));
    SB_TRY_OUT(rows_estimate(graph, &arena, rows, err));
    rows_measure(graph, metrics, count, rows);
    SB_TRY_OUT(sb_plan_explain(graph, format, rows, out, err));

out:
    sb_arena_deinit(&arena);
    return status;
}

enum sb_status sb_graph_explain(const struct sb_graph *graph, enum sb_explain_format format,
                                char **out, struct sb_error *err)
{
    return sb_graph_explain_run(graph, format, NULL, 0, out, err);
}
