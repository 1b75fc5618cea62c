// SPDX-License-Identifier: Apache-2.0
/*
 * rewrite.h - parsed expressions taken apart and put together again, for the optimizer.
 *
 * What is made lives in the arena that is given and shares the parts of what it is made of, which
 * must live as long. Nothing here changes a tree.
 */
#ifndef SABOT_EXPR_REWRITE_H
#define SABOT_EXPR_REWRITE_H

#include "expr/expr.h"

/* Conditions that must all hold, in the order in which they are tested. */
struct sb_conjunction {
    int32_t count;
    const struct sb_expr **conjuncts;
};

/* The arguments of `expr` if it is an `and`, and of those; else itself. */
SB_MUST_CHECK enum sb_status sb_expr_split(const struct sb_expr *expr, struct sb_arena *arena,
                                           struct sb_conjunction *out, struct sb_error *err);

/* The inverse; of at least one. NULL when out of memory. */
const struct sb_expr *sb_expr_unite(const struct sb_conjunction *conjunction,
                                    struct sb_arena *arena);

/*
 * The same condition without `not` where that can be: over comparisons, null tests, `and`, `or` and
 * itself. `expr` itself if nothing changes; NULL when out of memory.
 */
const struct sb_expr *sb_expr_simplify(const struct sb_expr *expr, struct sb_arena *arena);

/* What another schema calls a column. */
struct sb_renaming {
    const char *from;
    const char *to; // lives as long as what is renamed
};

/* Columns without a renaming keep their names. `expr` itself if nothing changes; NULL: no memory.
 */
const struct sb_expr *sb_expr_rename(const struct sb_expr *expr,
                                     const struct sb_renaming *renamings, int32_t count,
                                     struct sb_arena *arena);

/* Whether the two are written alike: same columns, same literals, same calls. */
bool sb_expr_equal(const struct sb_expr *a, const struct sb_expr *b);

/* Whether `schema` has every column that it reads. */
bool sb_expr_reads_only(const struct sb_expr *expr, const struct sb_schema *schema);

/* Whether some row can make it fail, instead of giving a value. */
bool sb_bound_expr_may_fail(const struct sb_bound_expr *bound);

/* Whether it is true whatever the row. */
bool sb_bound_expr_is_true(const struct sb_bound_expr *bound);

#endif
