// SPDX-License-Identifier: Apache-2.0
/*
 * join_rewrite.h - the joins of a chain, connected in another order.
 */
#ifndef SABOT_OPTIMIZE_JOIN_REWRITE_H
#define SABOT_OPTIMIZE_JOIN_REWRITE_H

#include "optimize/join_chain.h"
#include "plan/graph_edit.h"

/*
 * Connects the joins of the chain as `tree` says. Each step is done by the join that joined the
 * same relations before, if there is one; the last one stays the root. Behind the root come the
 * same columns by the same names. Relations are taken from the edges they come over now.
 */
SB_MUST_CHECK enum sb_status sb_join_chain_rewrite(struct sb_graph_edit *edit,
                                                   struct sb_join_chain *chain,
                                                   const struct sb_join_tree *tree,
                                                   struct sb_arena *arena, struct sb_error *err);

#endif
