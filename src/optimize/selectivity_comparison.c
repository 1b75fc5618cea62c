// SPDX-License-Identifier: Apache-2.0
/*
 * selectivity_comparison.c - values compared: ==, <, between, in, and a boolean compared with true.
 *
 * A column with constants is the share of its domain there, and narrows it. Anything else is judged
 * by how many values there are.
 */
#include <math.h>
#include <string.h>

#include "expr/tree.h"
#include "expr/type_rules.h"
#include "optimize/selectivity_internal.h"

enum comparison { EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, COMPARISON_COUNT };

static const char *const comparisons[COMPARISON_COUNT] = {
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
};

/* COMPARISON_COUNT = it is none. */
static enum comparison comparison_of(const struct sb_expr *expr)
{
    int32_t i = 0;

    while (i < COMPARISON_COUNT && strcmp(expr->function->name, comparisons[i]) != 0) {
        i++;
    }
    return (enum comparison)i;
}

bool sb_condition_compares(const struct sb_expr *expr)
{
    return expr->kind == SB_EXPR_CALL && comparison_of(expr) < COMPARISON_COUNT;
}

static double equal_share(const struct sb_column_estimate *column,
                          const struct sb_position *position)
{
    if (position->is_impossible || !sb_column_may_have(column, position->place) ||
        (!position->is_exact && !isnan(position->place))) {
        return 0;
    }
    if (column->least == column->greatest && !isnan(position->place)) {
        return 1;
    }
    return column->distinct < 0 ? SB_ESTIMATE_EQUAL : 1 / fmax(column->distinct, 1);
}

/* Below `position`, or not above it; of the rows that are not null. */
static double below_share(const struct sb_column_estimate *column,
                          const struct sb_position *position, bool is_inclusive)
{
    bool has_other_bound = !isnan(column->least) || !isnan(column->greatest);
    double share =
        sb_column_share_below(column, position->place, is_inclusive || !position->is_exact);

    if (share >= 0) {
        return share;
    }
    if (isinf(position->place)) {
        return position->place > 0 ? 1 : 0;
    }
    return has_other_bound && !sb_column_has_range(column) ? SB_ESTIMATE_BETWEEN / SB_ESTIMATE_RANGE
                                                           : SB_ESTIMATE_RANGE;
}

/* The complement, but of what nothing is known of. */
static double above_share(const struct sb_column_estimate *column,
                          const struct sb_position *position, bool is_inclusive)
{
    if (!sb_column_has_range(column) && !isinf(position->place)) {
        return below_share(column, position, is_inclusive);
    }
    if (isnan(position->place)) {
        return SB_ESTIMATE_RANGE;
    }
    return 1 - below_share(column, position, !is_inclusive);
}

static double comparison_share(const struct sb_column_estimate *column, enum comparison comparison,
                               const struct sb_position *position)
{
    switch (comparison) {
    case EQUAL:
        return equal_share(column, position);
    case NOT_EQUAL:
        return 1 - equal_share(column, position);
    case LESS:
    case LESS_EQUAL:
        return below_share(column, position, comparison == LESS_EQUAL);
    default:
        return above_share(column, position, comparison == GREATER_EQUAL);
    }
}

/* The domain behind a comparison that let `share` of it pass. */
static void comparison_narrow(struct sb_column_estimate *column, enum comparison comparison,
                              const struct sb_position *position, double share)
{
    bool is_open = position->is_exact && (comparison == LESS || comparison == GREATER);
    double step = is_open || (!position->is_exact && comparison >= GREATER) ? column->step : 0;

    sb_column_narrow(column, share, comparison == EQUAL ? 1 : -1);
    if (isinf(position->place) || isnan(position->place) || share <= 0) {
        return;
    }
    switch (comparison) {
    case EQUAL:
        sb_column_clip(column, position->place, position->place);
        break;
    case NOT_EQUAL:
        break;
    case LESS:
    case LESS_EQUAL:
        sb_column_clip(column, NAN, position->place - step);
        break;
    default:
        sb_column_clip(column, position->place + step, NAN);
        break;
    }
}

static enum sb_status column_with_constant(struct sb_condition *condition,
                                           enum comparison comparison, int32_t column,
                                           const struct sb_operand *constant, bool narrows,
                                           struct sb_chances *out, struct sb_error *err)
{
    double nulls = sb_condition_column_nulls(condition, column);
    struct sb_position position;
    struct sb_column_estimate *own;
    double share;

    if (constant->constant.is_null) {
        *out = (struct sb_chances){.is_null = 1};
        return SB_OK;
    }
    SB_TRY_RETURN(sb_position_find(condition, column, constant, &position, err));
    share = comparison_share(&condition->columns[column], comparison, &position);
    *out = (struct sb_chances){.is_true = share * (1 - nulls), .is_null = nulls};
    if (narrows) {
        own = sb_condition_own_column(condition, column);
        if (own == NULL) {
            return sb_condition_no_memory(condition, err);
        }
        comparison_narrow(own, comparison, &position, share);
    }
    return SB_OK;
}

static enum comparison mirrored(enum comparison comparison)
{
    static const enum comparison mirror[] = {
        [EQUAL] = EQUAL,  [NOT_EQUAL] = NOT_EQUAL,
        [LESS] = GREATER, [LESS_EQUAL] = GREATER_EQUAL,
        [GREATER] = LESS, [GREATER_EQUAL] = LESS_EQUAL,
    };

    return mirror[comparison];
}

/* Of two columns, or of what is computed: by how many values there are. */
static double computed_share(const struct sb_condition *condition, enum comparison comparison,
                             const struct sb_expr *left, const struct sb_expr *right)
{
    const struct sb_estimate estimate = {
        .rows = condition->rows,
        .column_count = condition->column_count,
        .columns = condition->columns,
    };
    double distinct = fmax(sb_estimate_expression_distinct(&estimate, left, condition->schema),
                           sb_estimate_expression_distinct(&estimate, right, condition->schema));
    double equal = distinct < 1 ? SB_ESTIMATE_EQUAL : 1 / distinct;

    if (comparison == EQUAL) {
        return equal;
    }
    return comparison == NOT_EQUAL ? 1 - equal : SB_ESTIMATE_RANGE;
}

enum sb_status sb_condition_compare(struct sb_condition *condition, const struct sb_expr *expr,
                                    bool narrows, struct sb_chances *out, struct sb_error *err)
{
    enum comparison comparison = comparison_of(expr);
    struct sb_operand left;
    struct sb_operand right;
    double nulls;

    SB_TRY_RETURN(sb_operand_read(condition, expr->arguments[0], &left, err));
    SB_TRY_RETURN(sb_operand_read(condition, expr->arguments[1], &right, err));
    if (left.column >= 0 && right.is_constant) {
        return column_with_constant(condition, comparison, left.column, &right, narrows, out, err);
    }
    if (right.column >= 0 && left.is_constant) {
        return column_with_constant(condition, mirrored(comparison), right.column, &left, narrows,
                                    out, err);
    }
    nulls = sb_condition_null_share(condition, expr);
    *out = (struct sb_chances){
        .is_true = (1 - nulls) *
                   computed_share(condition, comparison, expr->arguments[0], expr->arguments[1]),
        .is_null = nulls,
    };
    return SB_OK;
}

enum sb_status sb_condition_between(struct sb_condition *condition, const struct sb_expr *expr,
                                    bool narrows, struct sb_chances *out, struct sb_error *err)
{
    const struct sb_column_estimate *columns = condition->columns;
    struct sb_column_estimate *own = condition->own;
    struct sb_chances upper;
    struct sb_operand value;
    struct sb_operand least;
    struct sb_operand greatest;

    SB_TRY_RETURN(sb_operand_read(condition, expr->arguments[0], &value, err));
    SB_TRY_RETURN(sb_operand_read(condition, expr->arguments[1], &least, err));
    SB_TRY_RETURN(sb_operand_read(condition, expr->arguments[2], &greatest, err));
    if (value.column < 0 || !least.is_constant || !greatest.is_constant) {
        *out = (struct sb_chances){.is_null = sb_condition_null_share(condition, expr)};
        out->is_true = SB_ESTIMATE_BETWEEN * (1 - out->is_null);
        return SB_OK;
    }
    condition->own = NULL; // what the first half narrows is for the second half alone
    SB_TRY_RETURN(
        column_with_constant(condition, GREATER_EQUAL, value.column, &least, true, out, err));
    SB_TRY_RETURN(
        column_with_constant(condition, LESS_EQUAL, value.column, &greatest, true, &upper, err));
    out->is_true *= upper.is_true;
    if (!narrows) {
        condition->columns = columns;
        condition->own = own;
    }
    return SB_OK;
}

/* x in (constants): as many values as there are constants in its range. */
static enum sb_status in_constants(struct sb_condition *condition, const struct sb_expr *expr,
                                   int32_t column, bool narrows, bool *is_constant,
                                   struct sb_chances *out, struct sb_error *err)
{
    struct sb_column_estimate *own;
    double nulls = sb_condition_column_nulls(condition, column);
    double least = INFINITY;
    double greatest = -INFINITY;
    double share = 0;
    int32_t count = 0;

    *is_constant = false;
    for (int32_t i = 1; i < expr->argument_count; i++) {
        struct sb_operand member;
        struct sb_position position;
        double equal;

        SB_TRY_RETURN(sb_operand_read(condition, expr->arguments[i], &member, err));
        if (!member.is_constant) {
            return SB_OK;
        }
        if (member.constant.is_null) {
            continue;
        }
        SB_TRY_RETURN(sb_position_find(condition, column, &member, &position, err));
        equal = equal_share(&condition->columns[column], &position);
        if (equal > 0) {
            share += equal;
            count++;
            least = fmin(least, position.place); // NaN is passed over
            greatest = fmax(greatest, position.place);
        }
    }
    *is_constant = true;
    share = sb_share_clamp(share);
    *out = (struct sb_chances){.is_true = share * (1 - nulls), .is_null = nulls};
    if (narrows) {
        own = sb_condition_own_column(condition, column);
        if (own == NULL) {
            return sb_condition_no_memory(condition, err);
        }
        sb_column_narrow(own, share,
                         own->distinct >= 0 ? fmin(own->distinct, fmax(count, 1)) : count);
        if (least <= greatest) {
            sb_column_clip(own, least, greatest);
        }
    }
    return SB_OK;
}

enum sb_status sb_condition_in(struct sb_condition *condition, const struct sb_expr *expr,
                               bool narrows, struct sb_chances *out, struct sb_error *err)
{
    int32_t column = expr->arguments[0]->kind == SB_EXPR_COLUMN
                         ? sb_schema_index(condition->schema, expr->arguments[0]->column)
                         : -1;
    bool is_constant = false;
    double nulls;
    double share;

    if (column >= 0) {
        SB_TRY_RETURN(in_constants(condition, expr, column, narrows, &is_constant, out, err));
    }
    if (is_constant) {
        return SB_OK;
    }
    nulls = sb_condition_null_share(condition, expr->arguments[0]);
    share = 0;
    for (int32_t i = 1; i < expr->argument_count; i++) {
        share += computed_share(condition, EQUAL, expr->arguments[0], expr->arguments[i]);
    }
    *out = (struct sb_chances){.is_true = sb_share_clamp(share) * (1 - nulls), .is_null = nulls};
    return SB_OK;
}

enum sb_status sb_condition_truth(struct sb_condition *condition, const struct sb_expr *expr,
                                  bool narrows, struct sb_chances *out, struct sb_error *err)
{
    struct sb_operand operand;

    SB_TRY_RETURN(sb_operand_read(condition, expr, &operand, err));
    if (operand.column >= 0) {
        const struct sb_operand yes = {
            .is_constant = true,
            .constant = {.type = sb_type_of(SB_TYPE_BOOL), .value.boolean = 1},
        };

        return column_with_constant(condition, EQUAL, operand.column, &yes, narrows, out, err);
    }
    if (operand.is_constant) {
        *out = (struct sb_chances){
            .is_true = !operand.constant.is_null && operand.constant.value.boolean,
            .is_null = operand.constant.is_null,
        };
        return SB_OK;
    }
    *out = (struct sb_chances){.is_null = sb_condition_null_share(condition, expr)};
    out->is_true = SB_ESTIMATE_CONDITION * (1 - out->is_null);
    return SB_OK;
}
