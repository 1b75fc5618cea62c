// SPDX-License-Identifier: Apache-2.0
/*
 * optimizer.c - the passes in their order, over one copy of the graph.
 */
#include "optimize/pass.h"

void sb_optimizer_options_init(struct sb_optimizer_options *options)
{
    *options = (struct sb_optimizer_options){
        .filter_pushdown = true,
        .projection_pushdown = true,
        .join_reordering = true,
        .operator_fusion = true,
        .dead_code_elimination = true,
    };
}

enum sb_status sb_optimization_no_memory(struct sb_optimization *optimization)
{
    return sb_error_no_memory(optimization->err, "the optimizer", SB_MEMORY_ALIGNMENT);
}

void *sb_optimization_alloc(struct sb_optimization *optimization, int64_t count, size_t size)
{
    // An empty list still has an address.
    void *bytes =
        sb_arena_alloc_zeroed(&optimization->arena, (count == 0 ? 1 : (size_t)count) * size);

    if (bytes == NULL) {
        sb_optimization_no_memory(optimization);
    }
    return bytes;
}

enum { ROUNDS_MAX = 4 };

struct pass {
    const char *name;
    enum sb_status (*run)(struct sb_optimization *optimization);
    bool is_wanted;
    bool reads_specs; // else it looks at edges alone
};

static enum sb_status passes_run(struct sb_optimization *optimization, const struct pass *passes,
                                 int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        if (!passes[i].is_wanted) {
            continue;
        }
        if (optimization->edit.is_stale) {
            SB_TRY_RETURN(passes[i].reads_specs
                              ? sb_edit_derive(&optimization->edit, optimization->err)
                              : sb_edit_sort(&optimization->edit, optimization->err));
        }
        optimization->pass = passes[i].name;
        SB_TRY_RETURN(passes[i].run(optimization));
    }
    return SB_OK;
}

static enum sb_status all_passes_run(struct sb_optimization *optimization,
                                     const struct sb_optimizer_options *options)
{
    const struct pass dead_code = {"dead_code_elimination", sb_dead_code_run,
                                   options->dead_code_elimination, false};
    const struct pass moving[] = {
        dead_code, // first: it keeps the filters above it where they are
        {"filter_pushdown", sb_filter_pushdown_run, options->filter_pushdown, true},
        {"projection_pushdown", sb_projection_pushdown_run, options->projection_pushdown, true},
        {"join_reordering", sb_join_reordering_run, options->join_reordering, true},
        {"operator_fusion", sb_merge_limits_run, options->operator_fusion, true},
        {"operator_fusion", sb_unique_rows_run, options->operator_fusion, true},
        {"operator_fusion", sb_equal_sources_run, options->operator_fusion, true},
    };
    const struct pass last[] = {
        {"operator_fusion", sb_operator_fusion_run, options->operator_fusion, true},
        dead_code,
    };
    bool is_changed = true;

    // joins in another order have other places for conditions and columns, and conditions on keys
    // may reach one more join each time
    for (int32_t i = 0; i < ROUNDS_MAX && is_changed; i++) {
        const struct sb_trace_entry *before = optimization->trace_last;

        SB_TRY_RETURN(passes_run(optimization, moving, sizeof moving / sizeof *moving));
        is_changed = optimization->trace_last != before;
    }
    return passes_run(optimization, last, sizeof last / sizeof *last);
}

enum sb_status sb_graph_optimize(const struct sb_graph *graph,
                                 const struct sb_optimizer_options *options, struct sb_graph **out,
                                 struct sb_optimizer_report *report, struct sb_error *err)
{
    struct sb_optimization optimization = {.options = options, .err = err};
    enum sb_status status;

    if (!graph->is_validated) {
        return sb_error_set(err, SB_INVALID, "only a validated graph can be optimized");
    }
    sb_arena_init(&optimization.arena, sb_memory_global());
    SB_TRY_OUT(sb_edit_init(&optimization.edit, graph, err));
    SB_TRY_OUT(all_passes_run(&optimization, options));
    if (report != NULL) {
        SB_TRY_OUT(sb_trace_write(&optimization, &optimization.report.trace));
    }
    SB_TRY_OUT(sb_edit_finish(&optimization.edit, out, err));
    if (report != NULL) {
        *report = optimization.report;
        optimization.report.trace = NULL; // the caller's
    }

out:
    sb_string_free(optimization.report.trace);
    sb_edit_deinit(&optimization.edit);
    sb_arena_deinit(&optimization.arena);
    return status;
}
