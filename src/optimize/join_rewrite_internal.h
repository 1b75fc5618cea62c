// SPDX-License-Identifier: Apache-2.0
/*
 * join_rewrite_internal.h - a chain on its way to another order.
 *
 * Columns are settled first, then joins are built from the relations up, each with what must stand
 * in front of it; what comes out at the root is restored last.
 */
#ifndef SABOT_OPTIMIZE_JOIN_REWRITE_INTERNAL_H
#define SABOT_OPTIMIZE_JOIN_REWRITE_INTERNAL_H

#include "optimize/join_rewrite.h"

struct sb_rewrite_name; // of join_rewrite_columns.c

/* A column of a relation; with no class and not wanted, nobody needs it. */
struct sb_rewrite_column {
    const char *name; // in the chain
    int32_t class;    // -1 = none
    bool is_wanted;   // behind the chain, as this relation's own value
    const char *copy; // what its own value is called, where the class has others; NULL = no copy
};

/* A relation or a step, as far as it is built. */
struct sb_rewrite_side {
    struct sb_node *node;
    uint64_t relations;
    int32_t *carriers; // by class: the relation whose column travels; -1 = none
};

struct sb_rewrite {
    struct sb_graph_edit *edit;
    struct sb_join_chain *chain;
    const struct sb_join_tree *tree;
    struct sb_arena *arena;
    struct sb_rewrite_column **columns; // [relation][column of its schema]
    bool *is_served;                    // by class: a column behind the chain is what travels
    int32_t *carriers;                  // by class: the relation whose column comes out at the root
    struct sb_rewrite_name *names;      // a hash table
    uint32_t name_mask;
    struct sb_rewrite_side *sides; // relations, then steps
    struct sb_schema *schema;      // of the exit, as it shall stay
    struct sb_error *err;
};

static inline const struct sb_schema *sb_rewrite_schema(const struct sb_rewrite *rewrite,
                                                        int32_t relation)
{
    return rewrite->chain->relations[relation].node->schema;
}

static inline bool sb_rewrite_column_is_needed(const struct sb_rewrite_column *column)
{
    return column->class >= 0 || column->is_wanted;
}

// join_rewrite.c

SB_MUST_CHECK enum sb_status sb_rewrite_no_memory(const struct sb_rewrite *rewrite);

/* Zeroes, of the arena. */
SB_MUST_CHECK enum sb_status sb_rewrite_alloc(struct sb_rewrite *rewrite, int64_t count,
                                              size_t size, void *out);

// join_rewrite_columns.c: which columns travel, and by which names

/* Fills in `columns`, `is_served` and `carriers`. */
SB_MUST_CHECK enum sb_status sb_rewrite_settle_columns(struct sb_rewrite *rewrite);

// join_rewrite_select.c: SELECTs and MAPs before, between and behind the joins

/* Between a relation and its join: what is needed, by the names it has in the chain. */
SB_MUST_CHECK enum sb_status sb_rewrite_adapt_relation(struct sb_rewrite *rewrite, int32_t relation,
                                                       struct sb_node *join, int32_t port);

/* Between two joins: without the keys that are not needed any more. */
SB_MUST_CHECK enum sb_status sb_rewrite_adapt_step(struct sb_rewrite *rewrite,
                                                   const struct sb_rewrite_side *side,
                                                   struct sb_node *join, int32_t port);

/* Behind the root: the columns as they were, for all that the exit feeds. */
SB_MUST_CHECK enum sb_status sb_rewrite_restore_outputs(struct sb_rewrite *rewrite);

#endif
