// SPDX-License-Identifier: Apache-2.0
/*
 * selectivity.c - which share of rows a condition lets pass, and what it leaves of their columns.
 *
 * Conjuncts are taken one after another: each narrows the domains that the next one sees, so that
 * `x > 5 and x < 10` is the share of a range. Conditions on different columns are taken for
 * independent. What nothing is known of has the shares of estimate.h. Here is how conditions
 * combine; selectivity_comparison.c has those that compare values.
 */
#include <math.h>
#include <string.h>

#include "expr/tree.h"
#include "optimize/selectivity_internal.h"

struct sb_column_estimate *sb_condition_own_column(struct sb_condition *condition, int32_t column)
{
    if (condition->own == NULL) {
        condition->own =
            sb_arena_copy(condition->arena, condition->columns,
                          (size_t)condition->column_count * sizeof *condition->columns);
        if (condition->own == NULL) {
            return NULL;
        }
        condition->columns = condition->own;
    }
    return &condition->own[column];
}

enum sb_status sb_condition_no_memory(const struct sb_condition *condition, struct sb_error *err)
{
    return sb_error_no_memory(err, "estimates",
                              condition->column_count * (int64_t)sizeof *condition->columns);
}

double sb_condition_null_share(const struct sb_condition *condition, const struct sb_expr *expr)
{
    const struct sb_estimate estimate = {
        .rows = condition->rows,
        .column_count = condition->column_count,
        .columns = condition->columns,
    };

    return sb_estimate_expression_nulls(&estimate, expr, condition->schema);
}

static bool is_call(const struct sb_expr *expr, const char *name)
{
    return expr->kind == SB_EXPR_CALL && strcmp(expr->function->name, name) == 0;
}

/* The only column that the expression reads; -1 = none or several. */
static int32_t only_column(const struct sb_condition *condition, const struct sb_expr *expr)
{
    int32_t column = -1;

    if (expr->kind == SB_EXPR_COLUMN) {
        return sb_schema_index(condition->schema, expr->column);
    }
    for (int32_t i = 0; i < expr->argument_count; i++) {
        int32_t other;

        if (expr->arguments[i]->kind == SB_EXPR_LITERAL) {
            continue;
        }
        other = only_column(condition, expr->arguments[i]);
        if (other < 0 || (column >= 0 && other != column)) {
            return -1;
        }
        column = other;
    }
    return column;
}

static enum sb_status null_test(struct sb_condition *condition, const struct sb_expr *expr,
                                bool is_negated, bool narrows, struct sb_chances *out,
                                struct sb_error *err)
{
    int32_t column = expr->arguments[0]->kind == SB_EXPR_COLUMN
                         ? sb_schema_index(condition->schema, expr->arguments[0]->column)
                         : -1;
    double nulls = SB_ESTIMATE_NULL;
    struct sb_column_estimate *own;

    if (column >= 0 && condition->columns[column].null_share >= 0) {
        nulls = condition->columns[column].null_share;
    }
    *out = (struct sb_chances){.is_true = is_negated ? 1 - nulls : nulls};
    if (column < 0 || !narrows) {
        return SB_OK;
    }
    own = sb_condition_own_column(condition, column);
    if (own == NULL) {
        return sb_condition_no_memory(condition, err);
    }
    if (is_negated) {
        own->rows *= 1 - nulls;
        own->null_share = 0;
    } else {
        own->rows *= nulls;
        own->null_share = 1;
        own->distinct = 0;
    }
    return SB_OK;
}

static bool is_pattern(const char *name)
{
    static const char *const names[] = {"like",        "ilike",     "contains",
                                        "starts_with", "ends_with", "regexp_matches"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum sb_status chances_of(struct sb_condition *condition, const struct sb_expr *expr,
                                 bool narrows, struct sb_chances *out, struct sb_error *err);

static enum sb_status all_of(struct sb_condition *condition, const struct sb_expr *expr,
                             bool narrows, struct sb_chances *out, struct sb_error *err)
{
    double is_true = 1;
    double is_not_false = 1;

    for (int32_t i = 0; i < expr->argument_count; i++) {
        struct sb_chances one;

        SB_TRY_RETURN(chances_of(condition, expr->arguments[i], narrows, &one, err));
        is_true *= one.is_true;
        is_not_false *= sb_share_clamp(one.is_true + one.is_null);
    }
    *out = (struct sb_chances){.is_true = is_true, .is_null = is_not_false - is_true};
    return SB_OK;
}

/* Of one column, alternatives exclude each other; of several, they are independent. */
static enum sb_status any_of(struct sb_condition *condition, const struct sb_expr *expr,
                             bool narrows, struct sb_chances *out, struct sb_error *err)
{
    int32_t column = only_column(condition, expr);
    double sum = 0;
    double none = 1;
    double is_false = 1;
    double share;

    for (int32_t i = 0; i < expr->argument_count; i++) {
        struct sb_chances one;

        SB_TRY_RETURN(chances_of(condition, expr->arguments[i], false, &one, err));
        sum += one.is_true;
        none *= 1 - one.is_true;
        is_false *= sb_share_clamp(1 - one.is_true - one.is_null);
    }
    share = column >= 0 ? sb_share_clamp(sum) : 1 - none;
    *out = (struct sb_chances){.is_true = share, .is_null = sb_share_clamp(none - is_false)};
    if (column >= 0 && narrows) {
        struct sb_column_estimate *own = sb_condition_own_column(condition, column);
        double nulls;

        if (own == NULL) {
            return sb_condition_no_memory(condition, err);
        }
        nulls = own->null_share; // an alternative may be that it is null
        own->rows *= share;
        own->distinct = own->distinct < 0 ? -1 : fmax(own->distinct * share, 1);
        own->null_share = nulls > 0 ? sb_share_clamp(nulls * share) : nulls;
    }
    return SB_OK;
}

/* A condition of which only the share is known, and that only one column decides. */
static enum sb_status narrow_by_share(struct sb_condition *condition, const struct sb_expr *expr,
                                      const struct sb_chances *chances, struct sb_error *err)
{
    int32_t column = only_column(condition, expr);
    struct sb_column_estimate *own;
    double present;

    if (column < 0) {
        return SB_OK;
    }
    own = sb_condition_own_column(condition, column);
    if (own == NULL) {
        return sb_condition_no_memory(condition, err);
    }
    present = 1 - sb_share_or_zero(own->null_share);
    sb_column_narrow(own, present > 0 ? sb_share_clamp(chances->is_true / present) : 0, -1);
    return SB_OK;
}

static enum sb_status chances_of(struct sb_condition *condition, const struct sb_expr *expr,
                                 bool narrows, struct sb_chances *out, struct sb_error *err)
{
    if (expr->kind != SB_EXPR_CALL) {
        return sb_condition_truth(condition, expr, narrows, out, err);
    }
    if (is_call(expr, "and")) {
        return all_of(condition, expr, narrows, out, err);
    }
    if (is_call(expr, "or")) {
        return any_of(condition, expr, narrows, out, err);
    }
    if (is_call(expr, "is_null") || is_call(expr, "is_not_null")) {
        return null_test(condition, expr, is_call(expr, "is_not_null"), narrows, out, err);
    }
    if (sb_condition_compares(expr)) {
        return sb_condition_compare(condition, expr, narrows, out, err);
    }
    if (is_call(expr, "between")) {
        return sb_condition_between(condition, expr, narrows, out, err);
    }
    if (is_call(expr, "in")) {
        return sb_condition_in(condition, expr, narrows, out, err);
    }
    if (is_call(expr, "not")) {
        SB_TRY_RETURN(chances_of(condition, expr->arguments[0], false, out, err));
        out->is_true = sb_share_clamp(1 - out->is_true - out->is_null);
    } else if (is_pattern(expr->function->name)) {
        out->is_null = sb_condition_null_share(condition, expr);
        out->is_true = SB_ESTIMATE_PATTERN * (1 - out->is_null);
    } else {
        SB_TRY_RETURN(sb_condition_truth(condition, expr, false, out, err));
    }
    return narrows ? narrow_by_share(condition, expr, out, err) : SB_OK;
}

enum sb_status sb_estimate_condition(const struct sb_estimate *estimate,
                                     const struct sb_expr *predicate,
                                     const struct sb_schema *schema, struct sb_arena *arena,
                                     double *share, const struct sb_column_estimate **columns,
                                     struct sb_error *err)
{
    struct sb_condition condition = {
        .schema = schema,
        .rows = estimate->rows,
        .column_count = estimate->column_count,
        .columns = estimate->columns,
        .arena = arena,
    };
    struct sb_chances chances;

    SB_TRY_RETURN(chances_of(&condition, predicate, true, &chances, err));
    *share = sb_share_clamp(chances.is_true);
    *columns = condition.columns;
    return SB_OK;
}

enum sb_status sb_estimate_selectivity(const struct sb_estimate *estimate,
                                       const struct sb_expr *predicate,
                                       const struct sb_schema *schema, struct sb_arena *scratch,
                                       double *out, struct sb_error *err)
{
    const struct sb_column_estimate *columns;

    return sb_estimate_condition(estimate, predicate, schema, scratch, out, &columns, err);
}
