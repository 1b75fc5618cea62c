// SPDX-License-Identifier: Apache-2.0
/*
 * tree.h - the two trees: parsed (names) and bound (columns, types, kernels). Read-only once built.
 */
#ifndef SABOT_EXPR_TREE_H
#define SABOT_EXPR_TREE_H

#include "expr/expr.h"
#include "expr/function.h"
#include "expr/scalar.h"

enum sb_expr_kind {
    SB_EXPR_COLUMN,
    SB_EXPR_LITERAL,
    SB_EXPR_CALL,
};

enum {
    SB_EXPR_DEPTH_MAX = 256,
    SB_EXPR_ARGUMENTS_MAX = 4096,
};

/* As it was written. */
struct sb_expr {
    enum sb_expr_kind kind;
    const char *column;                 // COLUMN
    struct sb_scalar literal;           // LITERAL
    bool has_type;                      // LITERAL: the type was written, not guessed
    const struct sb_function *function; // CALL
    int32_t argument_count;
    const struct sb_expr **arguments;
    struct sb_type cast_type; // CALL of cast
    bool is_null_on_error;
};

enum sb_bound_kind {
    SB_BOUND_COLUMN,
    SB_BOUND_CONSTANT,
    SB_BOUND_CALL,
    SB_BOUND_RETYPE, // the argument's bits under another type
};

/* Bound to a schema: every argument already has the type its kernel wants. */
struct sb_bound_node {
    enum sb_bound_kind kind;
    struct sb_type type;
    bool is_nullable;
    bool is_adaptable; // CONSTANT written without a type: takes the one it meets
    bool may_fail;     // this node or one below it can raise an error on a row
    int32_t column;    // COLUMN
    struct sb_scalar constant;

    const char *name; // CALL: for messages, the function as the user wrote it
    const struct sb_kernel_set *kernels;
    enum sb_null_rule null_rule;
    enum sb_guard_rule guard_rule;
    bool is_null_on_error;
    int32_t argument_count;
    const struct sb_bound_node **arguments;
    int64_t parameter;    // what a kernel needs beside types; the kernel's file says what
    const void *prepared; // the same for what binding built; lives in the arena or the process
    bool is_shared;       // CALL that several nodes have for an argument: computed once
    bool is_whole;        // CALL that holds for every row at hand, whoever asks: no guard matters
    int32_t origin;       // which of the expressions of a pipeline wrote it (pipeline.h)
};

struct sb_bound_expr {
    const struct sb_bound_node *root;
    const struct sb_program *program;
    bool is_column; // a column as it is: shared, not computed
    /* Of a boolean expression: the arguments of its outermost `and`, in order. */
    int32_t conjunct_count;
    const struct sb_program **conjuncts;
};

#endif
