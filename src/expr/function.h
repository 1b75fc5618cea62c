// SPDX-License-Identifier: Apache-2.0
/*
 * function.h - what the engine knows about a function, and how it gets its types.
 *
 * To add a function: write its kernels and a table of struct sb_kernel_set by physical type, write
 * (or reuse) a resolve hook, and add one struct sb_function to the list of its file; registry.c
 * names the files. Parsing, EXPLAIN, folding, evaluation and the reference page follow from it.
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
    int32_t argument_max; // -1 = any number

    /*
     * For docs/reference/functions.md, which is made of these; all of them are required. The
     * example is the list of arguments as JSON with ' for ": a value alone is a literal, a nested
     * expression is written in the wire form. What else the call needs may follow:
     * "['12'], 'type': 'int32'". A test runs it.
     */
    const char *signature; // "number, number"
    const char *summary;   // one sentence
    const char *example;
    const char *result; // of the example, as a test writes a cell: 'text', 12.50, 2024-02-29, null

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

/* The heading under which the reference has the function at `index`. */
const char *sb_function_category(int32_t index);

#endif
