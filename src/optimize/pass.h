// SPDX-License-Identifier: Apache-2.0
/*
 * pass.h - what every pass gets: a graph under the knife, an arena to think in, and a trace.
 *
 * A pass is one file that ends in a function `sb_<pass>_run`. It changes the graph with
 * graph_edit.h alone, counts each change in the report, and says in the trace what it did and why.
 */
#ifndef SABOT_OPTIMIZE_PASS_H
#define SABOT_OPTIMIZE_PASS_H

#include <sabot/optimizer.h>

#include "plan/graph_edit.h"

struct sb_trace_entry;
struct sb_crossing; // conjunct.c

struct sb_optimization {
    const struct sb_optimizer_options *options;
    struct sb_graph_edit edit;
    struct sb_arena arena;         // for the time of the optimization
    struct sb_crossing *crossings; // by node->index, while conditions are on their way
    int32_t crossing_count;
    const char *pass;                   // the one at work, for the trace
    struct sb_trace_entry *trace_first; // trace.c
    struct sb_trace_entry *trace_last;
    struct sb_optimizer_report report;
    struct sb_error *err;
};

/* Bytes for the time of the optimization, zeroed; NULL sets the error. */
void *sb_optimization_alloc(struct sb_optimization *optimization, int64_t count, size_t size);

/* Sets the error of a refused allocation. */
enum sb_status sb_optimization_no_memory(struct sb_optimization *optimization);

/*
 * Adds to the trace what happened to `node`. `before` and `after` say where it was or what it was;
 * `reason` why that gives the same rows.
 */
SB_MUST_CHECK enum sb_status sb_trace_add(struct sb_optimization *optimization,
                                          const struct sb_node *node, const char *before,
                                          const char *after, const char *reason);

/* A text for the trace, in the arena; "" when out of memory, which sb_trace_add() refuses. */
const char *sb_trace_text(struct sb_optimization *optimization, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The trace as JSON text, for sb_string_free(). */
SB_MUST_CHECK enum sb_status sb_trace_write(struct sb_optimization *optimization, char **out);

/* The passes, one a file. The graph is sorted and derived before each; key predicates belong to
 * filters. */
SB_MUST_CHECK enum sb_status sb_filter_pushdown_run(struct sb_optimization *optimization);
SB_MUST_CHECK enum sb_status sb_key_predicates_run(struct sb_optimization *optimization);
SB_MUST_CHECK enum sb_status sb_projection_pushdown_run(struct sb_optimization *optimization);
SB_MUST_CHECK enum sb_status sb_join_reordering_run(struct sb_optimization *optimization);
SB_MUST_CHECK enum sb_status sb_operator_fusion_run(struct sb_optimization *optimization);
SB_MUST_CHECK enum sb_status sb_dead_code_run(struct sb_optimization *optimization);

/* The rules of operator fusion, one a file. They count what they merge away. */
SB_MUST_CHECK enum sb_status sb_merge_limits_run(struct sb_optimization *optimization);
SB_MUST_CHECK enum sb_status sb_unique_rows_run(struct sb_optimization *optimization);
SB_MUST_CHECK enum sb_status sb_equal_sources_run(struct sb_optimization *optimization);

#endif
