// SPDX-License-Identifier: Apache-2.0
/*
 * selectivity_operand.c - one side of a comparison, and its place among the values of a column.
 *
 * Expressions without columns are folded to the constant that they will be. A constant is taken to
 * the column's type by the rules that comparisons follow when they run.
 */
#include <math.h>

#include "expr/bind.h"
#include "expr/type_rules.h"
#include "optimize/selectivity_internal.h"

/* What is left of an expression without columns; it says nothing when it is not folded. */
static enum sb_status fold(struct sb_condition *condition, const struct sb_expr *expr,
                           struct sb_operand *out, struct sb_error *err)
{
    const struct sb_bound_expr *bound;
    struct sb_error why = {0};
    enum sb_status status =
        sb_expr_resolve(expr, condition->schema, condition->arena, &bound, &why);

    if (status == SB_NO_MEMORY) {
        return sb_condition_no_memory(condition, err);
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

enum sb_status sb_operand_read(struct sb_condition *condition, const struct sb_expr *expr,
                               struct sb_operand *out, struct sb_error *err)
{
    *out = (struct sb_operand){.column = -1};
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

enum sb_status sb_position_find(struct sb_condition *condition, int32_t column,
                                const struct sb_operand *operand, struct sb_position *out,
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

    *out = (struct sb_position){.place = NAN};
    if (status == SB_NO_MEMORY) {
        return sb_condition_no_memory(condition, err);
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
