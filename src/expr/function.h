// SPDX-License-Identifier: Apache-2.0
/*
 * function.h - what the engine knows about a function, and how it gets its types.
 *
 * To add a function: write its kernels and a table of struct sb_kernel_set by physical type, write
 * (or reuse) a resolve hook, and add one struct sb_function to the list of its file; registry.c
 * names the files. Parsing, EXPLAIN, folding, evaluation and the reference pages follow from it.
 */
#ifndef SABOT_EXPR_FUNCTION_H
#define SABOT_EXPR_FUNCTION_H

#include "columnar/schema.h"
#include "expr/kernel.h"

struct sb_bound_node;
struct sb_expr;

/* One binding in progress. */
struct sb_binder {
    const struct sb_schema *schema;
    struct sb_arena *arena;
    struct sb_error *err;
};

/* How tightly the infix forms bind in EXPLAIN. */
enum {
    SB_PRECEDENCE_OR = 1,
    SB_PRECEDENCE_AND,
    SB_PRECEDENCE_NOT,
    SB_PRECEDENCE_COMPARE,
    SB_PRECEDENCE_SUM,
    SB_PRECEDENCE_PRODUCT,
    SB_PRECEDENCE_SIGN,
};

struct sb_function {
    const char *name;   // in the wire form
    const char *infix;  // how EXPLAIN prints it: " + " between arguments, "-" before a single one,
                        // " is null" (begins with a blank) behind it; NULL = name(...)
    int32_t precedence; // of the infix form
    int32_t argument_min;
    int32_t argument_max;  // -1 = any number
    const char *signature; // for the reference: "number, number"
    const char *summary;   // for the reference: one sentence

    /*
     * Checks the arguments' types, inserts casts and gives the bound call. `arguments` may be
     * changed. Required.
     */
    enum sb_status (*resolve)(struct sb_binder *binder, const struct sb_expr *expr,
                              const struct sb_bound_node **arguments,
                              const struct sb_bound_node **out);
    int32_t detail; // for hooks shared by several functions
};

/* NULL when there is none. */
const struct sb_function *sb_function_find(const char *name);

/* Every function, by position; NULL past the last. For messages and the reference. */
const struct sb_function *sb_function_at(int32_t index);

#endif
