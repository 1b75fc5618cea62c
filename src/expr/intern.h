// SPDX-License-Identifier: Apache-2.0
/*
 * intern.h - one node for all bound nodes that compute the same.
 *
 * Two nodes are the same when they call the same kernels with the same settings over the same
 * nodes, read the same column, or hold the same bits. Nodes that several others read are marked
 * `is_shared` in the end, so that a program computes them once. What binding prepared for one call
 * alone (a pattern, a set of members) makes it differ from every other.
 */
#ifndef SABOT_EXPR_INTERN_H
#define SABOT_EXPR_INTERN_H

#include "expr/tree.h"

/* A node of the interner's own. */
struct sb_interned {
    struct sb_bound_node node;  // first: arguments of interned nodes are interned
    struct sb_interned *before; // made before it, as all that it reads was
    uint64_t hash;
    int32_t use_count; // by nodes and roots that are needed
    int32_t depth;     // calls below it, down to boundaries
    int32_t boundary;  // the last boundary at or below it, counted from 1; 0 = none
    bool is_boundary;  // computed ahead of what reads it: set by whoever compiles (pipeline.c)
};

/* What stands for the columns that an expression reads. */
struct sb_intern_columns {
    struct sb_interned *const *nodes; // NULL in it: column passing[i] of the batch
    const int32_t *passing;
};

/* What became of a node that several others share. */
struct sb_intern_memo {
    const struct sb_bound_node *from;
    struct sb_interned *to;
};

struct sb_interner {
    struct sb_arena *arena;
    struct sb_interned *last;   // made
    struct sb_interned **slots; // open addressing, a power of two of them
    int32_t capacity;
    int32_t count;
    struct sb_intern_memo *memo; // likewise, by address; of the copies since it was forgotten
    int32_t memo_capacity;
    int32_t memo_count;
    bool is_full; // memory was refused
};

/* An empty interner draws nothing from `arena` before the first node. */
static inline void sb_interner_init(struct sb_interner *interner, struct sb_arena *arena)
{
    *interner = (struct sb_interner){.arena = arena};
}

/*
 * The interner's node that is like `node`, whose arguments are the interner's already. `origin` is
 * of the node made when there is none yet. NULL when memory was refused.
 */
struct sb_interned *sb_interner_node(struct sb_interner *interner, const struct sb_bound_node *node,
                                     int32_t origin);

/* The tree at `root`, interned. `columns` NULL: as they are. NULL when memory was refused. */
struct sb_interned *sb_interner_copy(struct sb_interner *interner, const struct sb_bound_node *root,
                                     const struct sb_intern_columns *columns, int32_t origin);

/* The copies to come have other `columns` than those before. */
void sb_interner_forget(struct sb_interner *interner);

/*
 * Marks what several nodes read. Before that, `use_count` of a root says how often it is one. What
 * only others read that nobody needs does not count.
 */
void sb_interner_mark_shared(struct sb_interner *interner);

/*
 * `root` with equal calls made one. `root` itself when it has too few to share any; NULL when
 * memory was refused.
 */
const struct sb_bound_node *sb_bound_share_equal(const struct sb_bound_node *root,
                                                 struct sb_arena *arena);

#endif
