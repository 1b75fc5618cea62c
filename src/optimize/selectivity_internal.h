// SPDX-License-Identifier: Apache-2.0
/*
 * selectivity_internal.h - a condition as it is read, and the parts it is taken apart into.
 */
#ifndef SABOT_OPTIMIZE_SELECTIVITY_INTERNAL_H
#define SABOT_OPTIMIZE_SELECTIVITY_INTERNAL_H

#include "optimize/estimate_internal.h"

/* What a condition says of a row, by how likely it is; the rest is false. */
struct sb_chances {
    double is_true;
    double is_null;
};

/* Whose columns it reads, and what is left of their domains so far. */
struct sb_condition {
    const struct sb_schema *schema;
    double rows;
    int32_t column_count;
    const struct sb_column_estimate *columns;
    struct sb_column_estimate *own; // the same, once one of them was narrowed
    struct sb_arena *arena;
};

/* One side of a comparison. */
struct sb_operand {
    int32_t column; // -1 = none
    bool is_constant;
    struct sb_scalar constant;
    bool is_adaptable; // the constant was written without a type
};

/* A constant among the values of a column. */
struct sb_position {
    double place;       // NaN = it says nothing
    bool is_exact;      // a value of the type; else it lies behind the one at `place`
    bool is_impossible; // outside of what the type can hold
};

// selectivity.c: what all of them do to a condition

/* The column, to be narrowed; NULL when memory was refused. */
struct sb_column_estimate *sb_condition_own_column(struct sb_condition *condition, int32_t column);

SB_MUST_CHECK enum sb_status sb_condition_no_memory(const struct sb_condition *condition,
                                                    struct sb_error *err);

/* The share of rows in which a column that the expression reads is null. */
double sb_condition_null_share(const struct sb_condition *condition, const struct sb_expr *expr);

static inline double sb_condition_column_nulls(const struct sb_condition *condition, int32_t column)
{
    return sb_share_or_zero(condition->columns[column].null_share);
}

// selectivity_operand.c: what a column is compared with

SB_MUST_CHECK enum sb_status sb_operand_read(struct sb_condition *condition,
                                             const struct sb_expr *expr, struct sb_operand *out,
                                             struct sb_error *err);

/* Where the constant `operand` lies among the values of the column. */
SB_MUST_CHECK enum sb_status sb_position_find(struct sb_condition *condition, int32_t column,
                                              const struct sb_operand *operand,
                                              struct sb_position *out, struct sb_error *err);

/*
 * selectivity_comparison.c: values compared with each other. Each gives its chances, and if
 * `narrows`, leaves of the column's domain what passes.
 */

/* Whether it is one of ==, !=, <, <=, >, >=. */
bool sb_condition_compares(const struct sb_expr *expr);

SB_MUST_CHECK enum sb_status sb_condition_compare(struct sb_condition *condition,
                                                  const struct sb_expr *expr, bool narrows,
                                                  struct sb_chances *out, struct sb_error *err);

SB_MUST_CHECK enum sb_status sb_condition_between(struct sb_condition *condition,
                                                  const struct sb_expr *expr, bool narrows,
                                                  struct sb_chances *out, struct sb_error *err);

/* x in (values). */
SB_MUST_CHECK enum sb_status sb_condition_in(struct sb_condition *condition,
                                             const struct sb_expr *expr, bool narrows,
                                             struct sb_chances *out, struct sb_error *err);

/* A column of booleans, or a constant, as a condition; any other is a guess. */
SB_MUST_CHECK enum sb_status sb_condition_truth(struct sb_condition *condition,
                                                const struct sb_expr *expr, bool narrows,
                                                struct sb_chances *out, struct sb_error *err);

#endif
