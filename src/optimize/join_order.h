// SPDX-License-Identifier: Apache-2.0
/*
 * join_order.h - in which order to join relations that are tied by equalities.
 *
 * A pure function of row counts and distinct counts; it knows nothing of graphs and operators.
 * Columns that are equal to each other form a *class*: from a = b and b = c follows a = c, so two
 * relations can be joined when they have columns in one class. How many rows a set of relations
 * gives depends on the set alone, never on the order in which it was joined.
 */
#ifndef SABOT_OPTIMIZE_JOIN_ORDER_H
#define SABOT_OPTIMIZE_JOIN_ORDER_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "optimize/join_cost.h"

enum {
    SB_JOIN_RELATIONS_MAX = 64,
};

struct sb_join_graph {
    int32_t relation_count;
    const struct sb_join_side *relations; // in the order they are written; at least one row each
    int32_t class_count;
    /*
     * [class * relation_count + relation]: how many distinct values the relation's column has, at
     * least 1; 0 = it has none in that class. Connected as a whole.
     */
    const double *distincts;
    int32_t first_probe; // the relation that stays the leftmost, since its order counts; -1 = none
};

/* One join. A side below `relation_count` is a relation, else the step `side - relation_count`. */
struct sb_join_step {
    int32_t left;  // probes
    int32_t right; // is stored
    uint64_t relations;
    double rows; // that come out
};

/* Inputs come before what joins them; the last step is the whole. */
struct sb_join_tree {
    int32_t step_count; // relation_count - 1
    struct sb_join_step steps[SB_JOIN_RELATIONS_MAX - 1];
    double cost;
};

/* Fills in what follows from `left` and `right` of the steps. */
SB_MUST_CHECK enum sb_status sb_join_tree_estimate(const struct sb_join_graph *graph,
                                                   struct sb_arena *scratch,
                                                   struct sb_join_tree *tree, struct sb_error *err);

/*
 * The cheapest tree without cross products; `written` itself, estimated, when that is nearly as
 * good, and of equal trees the one that is more like it.
 */
SB_MUST_CHECK enum sb_status sb_join_order_find(const struct sb_join_graph *graph,
                                                const struct sb_join_tree *written,
                                                struct sb_arena *scratch, struct sb_join_tree *out,
                                                struct sb_error *err);

#endif
