// SPDX-License-Identifier: Apache-2.0
/*
 * join_order_internal.h - sets of relations, and the two ways to order them.
 */
#ifndef SABOT_OPTIMIZE_JOIN_ORDER_INTERNAL_H
#define SABOT_OPTIMIZE_JOIN_ORDER_INTERNAL_H

#include "optimize/join_order.h"

/* Relations that are joined, or could be, and what joining them further would cost. */
struct sb_join_set {
    uint64_t relations;
    uint64_t neighbors; // outside, with a column in one class
    double rows;
    struct sb_join_side side; // with the rows rounded
    struct sb_join_side_cost cost;
    double *least; // by class: the fewest distinct values of a column in it; 0 = none there
};

/* One set for each relation, as `*out`. */
SB_MUST_CHECK enum sb_status sb_join_sets_create(const struct sb_join_graph *graph,
                                                 struct sb_arena *scratch, struct sb_join_set **out,
                                                 struct sb_error *err);

/* `out` has room in `least`, and may be `a`. */
void sb_join_set_union(const struct sb_join_graph *graph, const struct sb_join_set *a,
                       const struct sb_join_set *b, struct sb_join_set *out);

/* Of the join alone, without its inputs'. `left` probes. */
static inline double sb_join_set_cost(const struct sb_join_set *left,
                                      const struct sb_join_set *right, double output_rows)
{
    return sb_join_cost(left->side.rows, &left->cost, &right->cost, output_rows);
}

/* Whether it may be stored: what must stay the leftmost relation is not in it. */
static inline bool sb_join_set_may_build(const struct sb_join_graph *graph,
                                         const struct sb_join_set *set)
{
    return graph->first_probe < 0 || (set->relations >> graph->first_probe & 1) == 0;
}

/*
 * Adds the best of all trees that join `sets` to `tree`, by dynamic programming over connected
 * unions: time 3^n, memory 2^n. `sides` says what the sets are in steps. Where nothing is better it
 * is as `written`, which has its relations filled in; NULL unless the sets are the relations.
 */
SB_MUST_CHECK enum sb_status sb_join_order_exact(const struct sb_join_graph *graph,
                                                 const struct sb_join_set *sets,
                                                 const int32_t *sides, int32_t count,
                                                 const struct sb_join_tree *written,
                                                 struct sb_arena *scratch,
                                                 struct sb_join_tree *tree, struct sb_error *err);

/* The next best join again and again, until `exact_count` sets are left for the exact way. */
SB_MUST_CHECK enum sb_status sb_join_order_greedy(const struct sb_join_graph *graph,
                                                  const struct sb_join_set *relations,
                                                  int32_t exact_count, struct sb_arena *scratch,
                                                  struct sb_join_tree *out, struct sb_error *err);

#endif
