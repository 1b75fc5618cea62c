// SPDX-License-Identifier: Apache-2.0
/*
 * estimate_internal.h - what operators, columns and conditions tell each other about estimates.
 */
#ifndef SABOT_OPTIMIZE_ESTIMATE_INTERNAL_H
#define SABOT_OPTIMIZE_ESTIMATE_INTERNAL_H

#include "optimize/estimate.h"
#include "plan/statistics.h"

static inline double sb_share_clamp(double share)
{
    return share > 0 ? (share < 1 ? share : 1) : 0; // NaN is 0, too
}

static inline double sb_share_or_zero(double share)
{
    return share > 0 ? share : 0; // negative = unknown
}

/* At least one row comes of some: what is thought to be empty would make all joins free. */
static inline double sb_estimate_rows_clamp(double rows, double input_rows)
{
    return input_rows <= 0 ? 0 : (rows > 1 ? rows : 1); // NaN is 1, too
}

// estimate.c: what operators fill in; `out->column_count` is set

SB_MUST_CHECK enum sb_status sb_estimate_no_memory(struct sb_error *err);

/* Room for the columns of `out`; NULL when memory was refused. */
struct sb_column_estimate *sb_estimate_columns_alloc(struct sb_arena *arena,
                                                     const struct sb_estimate *out);

/* The columns at `positions` of `from`, in their order. */
SB_MUST_CHECK enum sb_status sb_estimate_columns_pick(const struct sb_estimate *from,
                                                      const int32_t *positions,
                                                      struct sb_arena *arena,
                                                      struct sb_estimate *out,
                                                      struct sb_error *err);

/* Columns of which nothing is known but their types. */
SB_MUST_CHECK enum sb_status sb_estimate_opaque(const struct sb_node *node, double rows,
                                                struct sb_arena *arena, struct sb_estimate *out,
                                                struct sb_error *err);

// estimate_column.c: one column

/* What the type alone tells of a column of so many rows. */
struct sb_column_estimate sb_column_estimate_of_type(const struct sb_field *field, double rows);

/* The same with what was told of it. */
struct sb_column_estimate sb_column_estimate_of_statistics(
    const struct sb_field *field, const struct sb_column_statistics *statistics, double rows);

/* How many of `distinct` values that fill `rows` rows evenly are among `kept` of these. */
double sb_distinct_kept(double distinct, double rows, double kept);

/* How many of `cells` equally likely values `rows` rows meet. */
double sb_distinct_met(double cells, double rows);

/* Where a value of the column's type lies on its line; NaN when its line is not known. */
double sb_column_place(const struct sb_column_estimate *column, const struct sb_scalar *value);

/*
 * The share of the domain below `place`, or not above it; negative when the range is unknown.
 * Infinite places are fine.
 */
double sb_column_share_below(const struct sb_column_estimate *column, double place,
                             bool is_inclusive);

/* Whether a value there can be in the domain at all. */
bool sb_column_may_have(const struct sb_column_estimate *column, double place);

static inline bool sb_column_has_range(const struct sb_column_estimate *column)
{
    return column->least <= column->greatest;
}

/*
 * A condition on the column itself let `share` of its rows pass, none of them null, and `distinct`
 * values (negative = the same share of them).
 */
void sb_column_narrow(struct sb_column_estimate *column, double share, double distinct);

/* The range becomes smaller where the new one is. NaN = no bound. */
void sb_column_clip(struct sb_column_estimate *column, double least, double greatest);

/* Whether places of the two are on one line, so that they compare. */
bool sb_columns_compare(const struct sb_column_estimate *a, const struct sb_column_estimate *b);

// selectivity.c: conditions

/*
 * The share of rows that pass, and in `*columns` the domains that are left of theirs: the same
 * array, or a new one in `arena`.
 */
SB_MUST_CHECK enum sb_status sb_estimate_condition(const struct sb_estimate *estimate,
                                                   const struct sb_expr *predicate,
                                                   const struct sb_schema *schema,
                                                   struct sb_arena *arena, double *share,
                                                   const struct sb_column_estimate **columns,
                                                   struct sb_error *err);

// estimate_expression.c: what is computed

/* How many different values the expression has over the domains; negative = unknown. */
double sb_estimate_expression_distinct(const struct sb_estimate *estimate,
                                       const struct sb_expr *expr, const struct sb_schema *schema);

/* The share of rows in which a column that the expression reads is null. */
double sb_estimate_expression_nulls(const struct sb_estimate *estimate, const struct sb_expr *expr,
                                    const struct sb_schema *schema);

/* The expression as a column of type and name `field`. */
struct sb_column_estimate sb_estimate_expression(const struct sb_estimate *estimate,
                                                 const struct sb_expr *expr,
                                                 const struct sb_schema *schema,
                                                 const struct sb_field *field);

// estimate_source.c, estimate_union.c, estimate_group.c, estimate_join.c: one operator

SB_MUST_CHECK enum sb_status sb_estimate_source(const struct sb_node *node, struct sb_arena *arena,
                                                struct sb_estimate *out, struct sb_error *err);

SB_MUST_CHECK enum sb_status sb_estimate_union(const struct sb_node *node,
                                               const struct sb_estimates *inputs,
                                               struct sb_arena *arena, struct sb_estimate *out,
                                               struct sb_error *err);

SB_MUST_CHECK enum sb_status sb_estimate_aggregate(const struct sb_node *node,
                                                   const struct sb_estimate *input,
                                                   struct sb_arena *arena, struct sb_estimate *out,
                                                   struct sb_error *err);

/* The first row of each key. */
SB_MUST_CHECK enum sb_status sb_estimate_distinct_rows(const struct sb_node *node,
                                                       const struct sb_estimate *input,
                                                       struct sb_arena *arena,
                                                       struct sb_estimate *out,
                                                       struct sb_error *err);

SB_MUST_CHECK enum sb_status sb_estimate_join(const struct sb_node *node,
                                              const struct sb_estimate *left,
                                              const struct sb_estimate *right,
                                              struct sb_arena *arena, struct sb_estimate *out,
                                              struct sb_error *err);

#endif
