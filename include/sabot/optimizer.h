// SPDX-License-Identifier: Apache-2.0
/*
 * optimizer.h - another graph that gives the same rows with less work.
 */
#ifndef SABOT_OPTIMIZER_H
#define SABOT_OPTIMIZER_H

#include <stdbool.h>
#include <stdint.h>

#include <sabot/graph.h>

/* The passes, which run in this order. */
struct sb_optimizer_options {
    bool filter_pushdown;       // filters towards the sources, and into them
    bool projection_pushdown;   // only the columns that somebody needs
    bool join_reordering;       // chains of inner joins, cheapest first
    bool operator_fusion;       // runs of operators without state as one
    bool dead_code_elimination; // operators from which no sink is reached
};

/* What the passes have changed; all zero: nothing. */
struct sb_optimizer_report {
    int32_t filters_pushed;       // FILTERs that moved, or that another operator has taken over
    int32_t projections_pushed;   // sources that read fewer columns
    int32_t joins_reordered;      // joins of other inputs than before
    int32_t operators_fused;      // operators merged away
    int32_t dead_code_eliminated; // operators removed
    char *trace; // JSON: a list of {pass, operator, before, after, reason}, in the order in which
                 // it happened; free with sb_string_free()
};

/* Every pass on. */
SB_API void sb_optimizer_options_init(struct sb_optimizer_options *options);

/*
 * Makes an optimized copy of a validated graph, which is not touched. `*out` has a wire form of its
 * own; its sources know their columns as before, but it is not validated: whoever runs it first
 * does that. Its nodes say in `parts` which operators they stand for, where that is not themselves.
 * Free with sb_graph_destroy(). `report` is filled when SB_OK is returned; it may be NULL.
 */
SB_API enum sb_status sb_graph_optimize(const struct sb_graph *graph,
                                        const struct sb_optimizer_options *options,
                                        struct sb_graph **out, struct sb_optimizer_report *report,
                                        struct sb_error *err);

#endif
