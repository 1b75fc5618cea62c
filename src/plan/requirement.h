// SPDX-License-Identifier: Apache-2.0
/*
 * requirement.h - which columns operators need of what feeds them.
 */
#ifndef SABOT_PLAN_REQUIREMENT_H
#define SABOT_PLAN_REQUIREMENT_H

#include "plan/graph.h"

/*
 * Marks `required[i]` for the columns of input `port` without which `node` cannot give those of its
 * own that are `wanted`. A sink, and whatever does not say, needs all. Marks only, never clears.
 */
void sb_node_require(const struct sb_node *node, const bool *wanted, int32_t port, bool *required);

/*
 * Marks what the steps of a `fused` node need of its input, one after the other, the last one
 * first. `require` does it for one; of what is wanted of a step it may want more.
 */
void sb_steps_require(const struct sb_node *node,
                      void (*require)(const struct sb_node *step, bool *wanted, bool *required),
                      const bool *wanted, bool *required);

/*
 * If no column is wanted, wants the cheapest to keep: a batch without columns has no rows either.
 */
void sb_schema_want_any(const struct sb_schema *schema, bool *wanted);

/* How many columns of `schema` are marked. */
int32_t sb_columns_count(const struct sb_schema *schema, const bool *marked);

/* The names of those that are; NULL when out of memory. */
json_t *sb_columns_json(const struct sb_schema *schema, const bool *marked);

/*
 * `columns[node->index][i]`: whether anybody needs column i; of a graph that is sorted and derived.
 * SELECTs need no more than is needed of them, unless `selects_stay` as they are.
 */
SB_MUST_CHECK enum sb_status sb_graph_wanted(const struct sb_graph *graph, bool selects_stay,
                                             struct sb_arena *arena, bool ***columns,
                                             struct sb_error *err);

#endif
