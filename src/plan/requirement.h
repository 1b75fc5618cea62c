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
 * If no column is wanted, wants the cheapest to keep: a batch without columns has no rows either.
 */
void sb_schema_want_any(const struct sb_schema *schema, bool *wanted);

/* `columns[node->index][i]`: whether anybody needs column i; of a graph that is sorted and derived.
 */
SB_MUST_CHECK enum sb_status sb_graph_wanted(const struct sb_graph *graph, struct sb_arena *arena,
                                             bool ***columns, struct sb_error *err);

#endif
