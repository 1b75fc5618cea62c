// SPDX-License-Identifier: Apache-2.0
/*
 * parts.h - whose work a node of an optimized graph does: operators as the user drew them.
 *
 * An operator without parts does its own work.
 */
#ifndef SABOT_PLAN_PARTS_H
#define SABOT_PLAN_PARTS_H

#include "plan/graph.h"

/* Sets the parts of `node` from the wire form's list (NULL = none), which must outlive it. */
SB_MUST_CHECK enum sb_status sb_parts_read(const json_t *list, struct sb_graph *graph,
                                           struct sb_node *node, struct sb_error *err);

/* Those of `node`, which is a copy of one that may go before it. False when out of memory. */
bool sb_parts_keep(struct sb_node *node, struct sb_arena *arena);

/*
 * `node` does the work of all `nodes`, each of which is there once: of their own parts, or of
 * themselves when they have none; each once. It may be one of them. False when out of memory.
 */
bool sb_parts_unite(struct sb_node *node, struct sb_node *const *nodes, int32_t count,
                    struct sb_arena *arena);

#endif
