// SPDX-License-Identifier: Apache-2.0
/*
 * selectivity.c - which share of rows a condition lets pass, and what it leaves of their columns.
 *
 * Conjuncts are taken one after another: each narrows the domains that the next one sees, so that
 * `x > 5 and x < 10` is the share of a range. Conditions on different columns are taken for
 * independent. What nothing is known of has the shares of estimate.h.
 */
#include <math.h>
#include <string.h>

#include "expr/bind.h"
#include "expr/like.h"
#include "expr/type_rules.h"
#include "optimize/estimate_internal.h"

/* What a condition says of a row, by how likely it is; the rest is false. */
struct chances {
    double is_true;
    double is_null;
};

struct condition {
    const struct sb_schema *schema;
    double rows;
    int32_t column_count;
    const struct sb_column_estimate *columns;
    struct sb_column_estimate *own; // the same, once one of them was narrowed
    struct sb_arena *arena;
};

/* One side of a comparison. */
struct operand {
    int32_t column; // -1 = none
    bool is_constant;
    struct sb_scalar constant;
    bool is_adaptable; // the constant was written without a type
};

/* A constant among the values of a column. */
struct position {
    double place;       // NaN = it says nothing
    bool is_exact;      // a value of the type; else it lies behind the one at `place`
    bool is_impossible; // outside of what the type can hold
};

enum comparison { EQUAL, NOT_EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, COMPARISON_COUNT };

static const char *const comparisons[COMPARISON_COUNT] = {
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
};

static bool is_call(const struct sb_expr *expr, const char *name)
{
    return expr->kind == SB_EXPR_CALL && strcmp(expr->function->name, name) == 0;
}

/* The only column that the expression reads; -1 = none or several. */
static int32_t only_column(const struct condition *condition, const struct sb_expr *expr)
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

/* NULL when memory was refused. */
static struct sb_column_estimate *column_own(struct condition *condition, int32_t column)
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

static enum sb_status condition_no_memory(const struct condition *condition, struct sb_error *err)
{
    return sb_error_no_memory(err, "estimates",
                              condition->column_count * (int64_t)sizeof *condition->columns);
}

static double null_share(const struct condition *condition, int32_t column)
{
    return sb_share_or_zero(condition->columns[column].null_share);
}

/* The share of rows in which a column that the expression reads is null. */
static double null_share_of(const struct condition *condition, const struct sb_expr *expr)
{
    const struct sb_estimate estimate = {
        .rows = condition->rows,
        .column_count = condition->column_count,
        .columns = condition->columns,
    };

    return sb_estimate_expression_nulls(&estimate, expr, condition->schema);
}

/* What is left of an expression without columns; it says nothing when it is not folded. */
static enum sb_status fold(struct condition *condition, const struct sb_expr *expr,
                           struct operand *out, struct sb_error *err)
{
    const struct sb_bound_expr *bound;
    struct sb_error why = {0};
    enum sb_status status = sb_expr_bind(expr, condition->schema, condition->arena, &bound, &why);

    if (status == SB_NO_MEMORY) {
        return condition_no_memory(condition, err);
    }
    if (status == SB_OK && bound->root->kind == SB_BOUND_CONSTANT) {
        out->is_constant = true;
        out->constant = bound->root->constant;
        out->constant.type = bound->root->type;
    }
    return SB_OK;
}

static bool reads_columns(const struct sb_expr *expr)
{
    if (expr->kind == SB_EXPR_COLUMN) {
        return true;
    }
    for (int32_t i = 0; i < expr->argument_count; i++) {
        if (reads_columns(expr->arguments[i])) {
            return true;
        }
    }
    return false;
}

static enum sb_status operand_read(struct condition *condition, const struct sb_expr *expr,
                                   struct operand *out, struct sb_error *err)
{
    *out = (struct operand){.column = -1};
    if (expr->kind == SB_EXPR_COLUMN) {
        out->column = sb_schema_index(condition->schema, expr->column);
        return SB_OK;
    }
    if (expr->kind == SB_EXPR_LITERAL) {
        out->is_constant = true;
        out->constant = expr->literal;
        out->is_adaptable = !expr->has_type;
        return SB_OK;
    }
    return reads_columns(expr) ? SB_OK : fold(condition, expr, out, err);
}

static enum sb_status position_find(struct condition *condition, int32_t column,
                                    const struct operand *operand, struct position *out,
                                    struct sb_error *err)
{
    const struct sb_type type = sb_type_computed(&condition->schema->fields[column].type);
    const struct sb_bound_node constant = {
        .kind = SB_BOUND_CONSTANT,
        .type = operand->constant.type,
        .is_adaptable = operand->is_adaptable,
        .constant = operand->constant,
    };
    struct sb_error why = {0};
    struct sb_binder binder = {.schema = condition->schema, .arena = condition->arena, .err = &why};
    enum sb_relation relation = SB_RELATION_EXACT;
    struct sb_scalar scalar = {.is_null = true};
    bool is_possible = false;
    enum sb_status status =
        sb_bind_place(&binder, &constant, &type, "", &is_possible, &relation, &scalar);

    *out = (struct position){.place = NAN};
    if (status == SB_NO_MEMORY) {
        return condition_no_memory(condition, err);
    }
    if (status != SB_OK || !is_possible) {
        return SB_OK; // validation refuses it, or a cast decides
    }
    if (relation == SB_RELATION_BELOW || relation == SB_RELATION_ABOVE) {
        out->place = relation == SB_RELATION_BELOW ? -INFINITY : INFINITY;
        out->is_impossible = true;
        return SB_OK;
    }
    out->place = sb_column_place(&condition->columns[column], &scalar);
    out->is_exact = relation == SB_RELATION_EXACT;
    return SB_OK;
}

static double equal_share(const struct sb_column_estimate *column, const struct position *position)
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
static double below_share(const struct sb_column_estimate *column, const struct position *position,
                          bool is_inclusive)
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
static double above_share(const struct sb_column_estimate *column, const struct position *position,
                          bool is_inclusive)
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
                               const struct position *position)
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
                              const struct position *position, double share)
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

static enum sb_status column_with_constant(struct condition *condition, enum comparison comparison,
                                           int32_t column, const struct operand *constant,
                                           bool narrows, struct chances *out, struct sb_error *err)
{
    double nulls = null_share(condition, column);
    struct position position;
    struct sb_column_estimate *own;
    double share;

    if (constant->constant.is_null) {
        *out = (struct chances){.is_null = 1};
        return SB_OK;
    }
    SB_TRY_RETURN(position_find(condition, column, constant, &position, err));
    share = comparison_share(&condition->columns[column], comparison, &position);
    *out = (struct chances){.is_true = share * (1 - nulls), .is_null = nulls};
    if (narrows) {
        own = column_own(condition, column);
        if (own == NULL) {
            return condition_no_memory(condition, err);
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
static double computed_share(const struct condition *condition, enum comparison comparison,
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

static enum sb_status compare(struct condition *condition, const struct sb_expr *expr,
                              enum comparison comparison, bool narrows, struct chances *out,
                              struct sb_error *err)
{
    struct operand left;
    struct operand right;
    double nulls;

    SB_TRY_RETURN(operand_read(condition, expr->arguments[0], &left, err));
    SB_TRY_RETURN(operand_read(condition, expr->arguments[1], &right, err));
    if (left.column >= 0 && right.is_constant) {
        return column_with_constant(condition, comparison, left.column, &right, narrows, out, err);
    }
    if (right.column >= 0 && left.is_constant) {
        return column_with_constant(condition, mirrored(comparison), right.column, &left, narrows,
                                    out, err);
    }
    nulls = null_share_of(condition, expr);
    *out = (struct chances){
        .is_true = (1 - nulls) *
                   computed_share(condition, comparison, expr->arguments[0], expr->arguments[1]),
        .is_null = nulls,
    };
    return SB_OK;
}

static enum sb_status between(struct condition *condition, const struct sb_expr *expr, bool narrows,
                              struct chances *out, struct sb_error *err)
{
    const struct sb_column_estimate *columns = condition->columns;
    struct sb_column_estimate *own = condition->own;
    struct chances upper;
    struct operand value;
    struct operand least;
    struct operand greatest;

    SB_TRY_RETURN(operand_read(condition, expr->arguments[0], &value, err));
    SB_TRY_RETURN(operand_read(condition, expr->arguments[1], &least, err));
    SB_TRY_RETURN(operand_read(condition, expr->arguments[2], &greatest, err));
    if (value.column < 0 || !least.is_constant || !greatest.is_constant) {
        *out = (struct chances){.is_null = null_share_of(condition, expr)};
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
static enum sb_status in_constants(struct condition *condition, const struct sb_expr *expr,
                                   int32_t column, bool narrows, bool *is_constant,
                                   struct chances *out, struct sb_error *err)
{
    struct sb_column_estimate *own;
    double nulls = null_share(condition, column);
    double least = INFINITY;
    double greatest = -INFINITY;
    double share = 0;
    int32_t count = 0;

    *is_constant = false;
    for (int32_t i = 1; i < expr->argument_count; i++) {
        struct operand member;
        struct position position;
        double equal;

        SB_TRY_RETURN(operand_read(condition, expr->arguments[i], &member, err));
        if (!member.is_constant) {
            return SB_OK;
        }
        if (member.constant.is_null) {
            continue;
        }
        SB_TRY_RETURN(position_find(condition, column, &member, &position, err));
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
    *out = (struct chances){.is_true = share * (1 - nulls), .is_null = nulls};
    if (narrows) {
        own = column_own(condition, column);
        if (own == NULL) {
            return condition_no_memory(condition, err);
        }
        sb_column_narrow(own, share,
                         own->distinct >= 0 ? fmin(own->distinct, fmax(count, 1)) : count);
        if (least <= greatest) {
            sb_column_clip(own, least, greatest);
        }
    }
    return SB_OK;
}

static enum sb_status in(struct condition *condition, const struct sb_expr *expr, bool narrows,
                         struct chances *out, struct sb_error *err)
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
    nulls = null_share_of(condition, expr->arguments[0]);
    share = 0;
    for (int32_t i = 1; i < expr->argument_count; i++) {
        share += computed_share(condition, EQUAL, expr->arguments[0], expr->arguments[i]);
    }
    *out = (struct chances){.is_true = sb_share_clamp(share) * (1 - nulls), .is_null = nulls};
    return SB_OK;
}

static enum sb_status null_test(struct condition *condition, const struct sb_expr *expr,
                                bool is_negated, bool narrows, struct chances *out,
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
    *out = (struct chances){.is_true = is_negated ? 1 - nulls : nulls};
    if (column < 0 || !narrows) {
        return SB_OK;
    }
    own = column_own(condition, column);
    if (own == NULL) {
        return condition_no_memory(condition, err);
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

/* A column of booleans, or a constant, as a condition. */
static enum sb_status truth(struct condition *condition, const struct sb_expr *expr, bool narrows,
                            struct chances *out, struct sb_error *err)
{
    struct operand operand;

    SB_TRY_RETURN(operand_read(condition, expr, &operand, err));
    if (operand.column >= 0) {
        const struct operand yes = {
            .is_constant = true,
            .constant = {.type = sb_type_of(SB_TYPE_BOOL), .value.boolean = 1},
        };

        return column_with_constant(condition, EQUAL, operand.column, &yes, narrows, out, err);
    }
    if (operand.is_constant) {
        *out = (struct chances){
            .is_true = !operand.constant.is_null && operand.constant.value.boolean,
            .is_null = operand.constant.is_null,
        };
        return SB_OK;
    }
    *out = (struct chances){.is_null = null_share_of(condition, expr)};
    out->is_true = SB_ESTIMATE_CONDITION * (1 - out->is_null);
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

static enum sb_status chances_of(struct condition *condition, const struct sb_expr *expr,
                                 bool narrows, struct chances *out, struct sb_error *err);

static enum sb_status all_of(struct condition *condition, const struct sb_expr *expr, bool narrows,
                             struct chances *out, struct sb_error *err)
{
    double is_true = 1;
    double is_not_false = 1;

    for (int32_t i = 0; i < expr->argument_count; i++) {
        struct chances one;

        SB_TRY_RETURN(chances_of(condition, expr->arguments[i], narrows, &one, err));
        is_true *= one.is_true;
        is_not_false *= sb_share_clamp(one.is_true + one.is_null);
    }
    *out = (struct chances){.is_true = is_true, .is_null = is_not_false - is_true};
    return SB_OK;
}

/* Of one column, alternatives exclude each other; of several, they are independent. */
static enum sb_status any_of(struct condition *condition, const struct sb_expr *expr, bool narrows,
                             struct chances *out, struct sb_error *err)
{
    int32_t column = only_column(condition, expr);
    double sum = 0;
    double none = 1;
    double is_false = 1;
    double share;

    for (int32_t i = 0; i < expr->argument_count; i++) {
        struct chances one;

        SB_TRY_RETURN(chances_of(condition, expr->arguments[i], false, &one, err));
        sum += one.is_true;
        none *= 1 - one.is_true;
        is_false *= sb_share_clamp(1 - one.is_true - one.is_null);
    }
    share = column >= 0 ? sb_share_clamp(sum) : 1 - none;
    *out = (struct chances){.is_true = share, .is_null = sb_share_clamp(none - is_false)};
    if (column >= 0 && narrows) {
        struct sb_column_estimate *own = column_own(condition, column);
        double nulls;

        if (own == NULL) {
            return condition_no_memory(condition, err);
        }
        nulls = own->null_share; // an alternative may be that it is null
        own->rows *= share;
        own->distinct = own->distinct < 0 ? -1 : fmax(own->distinct * share, 1);
        own->null_share = nulls > 0 ? sb_share_clamp(nulls * share) : nulls;
    }
    return SB_OK;
}

/* A condition of which only the share is known, and that only one column decides. */
static enum sb_status narrow_by_share(struct condition *condition, const struct sb_expr *expr,
                                      const struct chances *chances, struct sb_error *err)
{
    int32_t column = only_column(condition, expr);
    struct sb_column_estimate *own;
    double present;

    if (column < 0) {
        return SB_OK;
    }
    own = column_own(condition, column);
    if (own == NULL) {
        return condition_no_memory(condition, err);
    }
    present = 1 - sb_share_or_zero(own->null_share);
    sb_column_narrow(own, present > 0 ? sb_share_clamp(chances->is_true / present) : 0, -1);
    return SB_OK;
}

static enum sb_status chances_of(struct condition *condition, const struct sb_expr *expr,
                                 bool narrows, struct chances *out, struct sb_error *err)
{
    if (expr->kind != SB_EXPR_CALL) {
        return truth(condition, expr, narrows, out, err);
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
    for (int32_t i = 0; i < COMPARISON_COUNT; i++) {
        if (is_call(expr, comparisons[i])) {
            return compare(condition, expr, (enum comparison)i, narrows, out, err);
        }
    }
    if (is_call(expr, "between")) {
        return between(condition, expr, narrows, out, err);
    }
    if (is_call(expr, "in")) {
        return in(condition, expr, narrows, out, err);
    }
    if (is_call(expr, "not")) {
        SB_TRY_RETURN(chances_of(condition, expr->arguments[0], false, out, err));
        out->is_true = sb_share_clamp(1 - out->is_true - out->is_null);
    } else if (is_pattern(expr->function->name)) {
        out->is_null = null_share_of(condition, expr);
        out->is_true = SB_ESTIMATE_PATTERN * (1 - out->is_null);
    } else {
        SB_TRY_RETURN(truth(condition, expr, false, out, err));
    }
    return narrows ? narrow_by_share(condition, expr, out, err) : SB_OK;
}

enum sb_status sb_estimate_condition(const struct sb_estimate *estimate,
                                     const struct sb_expr *predicate,
                                     const struct sb_schema *schema, struct sb_arena *arena,
                                     double *share, const struct sb_column_estimate **columns,
                                     struct sb_error *err)
{
    struct condition condition = {
        .schema = schema,
        .rows = estimate->rows,
        .column_count = estimate->column_count,
        .columns = estimate->columns,
        .arena = arena,
    };
    struct chances chances;

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
