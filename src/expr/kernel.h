// SPDX-License-Identifier: Apache-2.0
/*
 * kernel.h - the contract of the loops that do the work.
 *
 * A kernel computes one function over at most SB_EXPR_CHUNK rows, values of null rows included
 * (they hold something, never a trap). It raises an error only for a row that counts: not null
 * and, under a guard, still undecided. It finds out cheaply whether any row failed and only
 * then looks for the row.
 */
#ifndef SABOT_EXPR_KERNEL_H
#define SABOT_EXPR_KERNEL_H

#include "base/arena.h"
#include "base/error.h"
#include "expr/vector.h"

struct sb_bound_node;

struct sb_kernel_call {
    const struct sb_bound_node *node;
    const struct sb_vector *registers;
    const int32_t *arguments; // positions in `registers`
    int32_t count;            // rows
    void *out;                // values of the result; overlaps no argument
    uint8_t *valid_room;      // where the kernel may write validity of its own
    const uint8_t *valid;     // SB_NULLS_PROPAGATE: where every argument is valid. The kernel may
                              // set it; it is the result's validity afterwards
    const uint8_t *guard;     // rows whose errors count; NULL = all
    struct sb_arena *text;    // for new text; lives as long as the chunk
    struct sb_error *err;
};

typedef enum sb_status (*sb_kernel)(struct sb_kernel_call *call);

/* The forms of one function over one physical type. A slot left NULL is done by `vectors`. */
struct sb_kernel_set {
    sb_kernel vectors;        // every argument has a value per row
    sb_kernel constant_right; // the second argument is a single value
    sb_kernel constant_left;  // the first one is
    bool may_fail;
};

/* What a null argument means. */
enum sb_null_rule {
    SB_NULLS_PROPAGATE, // null in, null out; done outside of the kernel
    SB_NULLS_HANDLED,   // the kernel reads the arguments' validity and sets `valid`
};

/* For which rows the second argument is looked at; elsewhere it raises no error. */
enum sb_guard_rule {
    SB_GUARD_NONE,      // every row
    SB_GUARD_NOT_FALSE, // where the first is true or null (and)
    SB_GUARD_NOT_TRUE,  // where the first is false or null (or)
    SB_GUARD_NULL,      // where the first is null (coalesce)
    SB_GUARD_TRUE,      // where the first is true
    SB_GUARD_SELECT,    // the second where the first is true, the third elsewhere (case)
};
enum { SB_GUARD_KERNEL_COUNT = SB_GUARD_TRUE + 1 };

static inline const struct sb_vector *sb_kernel_argument(const struct sb_kernel_call *call,
                                                         int32_t index)
{
    return &call->registers[call->arguments[index]];
}

/* Whether an error in `row` counts. */
static inline bool sb_kernel_counts(const struct sb_kernel_call *call, int32_t row)
{
    return (call->valid == NULL || call->valid[row]) && (call->guard == NULL || call->guard[row]);
}

#endif
