// SPDX-License-Identifier: Apache-2.0
/*
 * functions_condition.c - case, if_else, nullif, between, least, greatest.
 *
 * A case is a chain of selects between two values. Both are computed for all rows of a chunk, which
 * is cheaper than parting them, but under guards: no value raises an error for a row that takes
 * another one.
 */
#include "expr/functions.h"
#include "expr/kernels.h"
#include "expr/type_rules.h"

static enum sb_status check_condition(struct sb_binder *binder, const char *name,
                                      const struct sb_bound_node **condition)
{
    const struct sb_type boolean = sb_type_of(SB_TYPE_BOOL);

    if (sb_bound_is_untyped_null(*condition)) {
        return sb_bind_null(binder, &boolean, condition);
    }
    if ((*condition)->type.id != SB_TYPE_BOOL) {
        return sb_bind_refuse(binder, name, condition, 1,
                              "a condition is a boolean; compare it with something");
    }
    return SB_OK;
}

static enum sb_status bind_select(struct sb_binder *binder, const char *name,
                                  const struct sb_bound_node *condition,
                                  const struct sb_bound_node *first,
                                  const struct sb_bound_node *second,
                                  const struct sb_bound_node **out)
{
    const struct sb_bound_node *arguments[3] = {condition, first, second};

    if (condition->kind == SB_BOUND_CONSTANT) {
        *out = !condition->constant.is_null && condition->constant.value.boolean ? first : second;
        return SB_OK;
    }
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = first->type,
                            .kernels = sb_kernel_table()->select(sb_physical_of(&first->type)),
                            .null_rule = SB_NULLS_HANDLED,
                            .guard_rule = SB_GUARD_SELECT,
                            .is_never_null = !first->is_nullable && !second->is_nullable,
                            .argument_count = 3,
                            .arguments = arguments,
                        },
                        out);
}

/* The values, in order and with the last one, in a type that holds all; an untyped null if none. */
static enum sb_status unify_values(struct sb_binder *binder, const struct sb_expr *expr,
                                   const struct sb_bound_node **arguments,
                                   const struct sb_bound_node ***out, int32_t *value_count)
{
    const int32_t pair_count = expr->argument_count / 2;
    const struct sb_bound_node **values =
        sb_arena_alloc(binder->arena, (size_t)(pair_count + 1) * sizeof values[0]);
    struct sb_type type = {0};

    if (values == NULL) {
        return sb_bind_no_memory(binder);
    }
    for (int32_t i = 0; i < pair_count; i++) {
        values[i] = arguments[2 * i + 1];
    }
    if (expr->argument_count % 2 == 1) {
        values[pair_count] = arguments[expr->argument_count - 1];
    } else {
        SB_TRY_RETURN(sb_bind_null(binder, &type, &values[pair_count]));
    }
    *out = values;
    *value_count = pair_count + 1;
    return sb_bind_unify(binder, expr->function->name, values, pair_count + 1, &type);
}

static enum sb_status resolve_case(struct sb_binder *binder, const struct sb_expr *expr,
                                   const struct sb_bound_node **arguments,
                                   const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const struct sb_bound_node **values = NULL;
    const struct sb_bound_node *result;
    int32_t value_count = 1;

    SB_TRY_RETURN(unify_values(binder, expr, arguments, &values, &value_count));
    result = values[value_count - 1];
    for (int32_t i = value_count - 2; i >= 0; i--) {
        SB_TRY_RETURN(check_condition(binder, name, &arguments[2 * i]));
        if (result->type.id != 0) { // or nothing but nulls without a type
            SB_TRY_RETURN(bind_select(binder, name, arguments[2 * i], values[i], result, &result));
        }
    }
    *out = result;
    return SB_OK;
}

static enum sb_status resolve_nullif(struct sb_binder *binder, const struct sb_expr *expr,
                                     const struct sb_bound_node **arguments,
                                     const struct sb_bound_node **out)
{
    const struct sb_bound_node *null;
    const struct sb_bound_node *value;
    const struct sb_bound_node *is_equal;

    SB_TRY_RETURN(sb_bind_share(binder, &arguments[0]));
    value = arguments[0];
    if (sb_bound_is_untyped_null(value)) {
        *out = value;
        return SB_OK;
    }
    SB_TRY_RETURN(sb_bind_null(binder, &value->type, &null));
    SB_TRY_RETURN(sb_bind_function(binder, "equal", arguments, 2, &is_equal));
    return bind_select(binder, expr->function->name, is_equal, null, value, out);
}

static enum sb_status resolve_between(struct sb_binder *binder, const struct sb_expr *expr,
                                      const struct sb_bound_node **arguments,
                                      const struct sb_bound_node **out)
{
    const struct sb_bound_node *bounds[2];

    SB_TRY_RETURN(sb_bind_share(binder, &arguments[0]));
    for (int32_t i = 0; i < 2; i++) {
        const struct sb_bound_node *sides[2] = {arguments[0], arguments[i + 1]};
        SB_TRY_RETURN(sb_bind_function(binder, i == 0 ? "greater_equal" : "less_equal", sides, 2,
                                       &bounds[i]));
    }
    return sb_bind_function(binder, "and", bounds, 2, out);
}

/* `count` arguments of one type, halved until two are left. */
static enum sb_status bind_extreme(struct sb_binder *binder, const struct sb_function *function,
                                   const struct sb_bound_node *const *arguments, int32_t count,
                                   const struct sb_bound_node **out)
{
    const int32_t half = (count + 1) / 2;
    const struct sb_bound_node *sides[2];

    if (count == 1) {
        *out = arguments[0];
        return SB_OK;
    }
    SB_TRY_RETURN(bind_extreme(binder, function, arguments, half, &sides[0]));
    SB_TRY_RETURN(bind_extreme(binder, function, arguments + half, count - half, &sides[1]));
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = function->name,
                            .type = sides[0]->type,
                            .kernels = sb_kernel_table()->extreme(function->detail != 0,
                                                                  sb_physical_of(&sides[0]->type)),
                            .null_rule = SB_NULLS_HANDLED,
                            .is_never_null = !sides[0]->is_nullable || !sides[1]->is_nullable,
                            .argument_count = 2,
                            .arguments = sides,
                        },
                        out);
}

static enum sb_status resolve_extreme(struct sb_binder *binder, const struct sb_expr *expr,
                                      const struct sb_bound_node **arguments,
                                      const struct sb_bound_node **out)
{
    struct sb_type type;

    SB_TRY_RETURN(
        sb_bind_unify(binder, expr->function->name, arguments, expr->argument_count, &type));
    if (type.id == 0) { // nothing but nulls
        *out = arguments[0];
        return SB_OK;
    }
    if (sb_physical_of(&type) == SB_PHYSICAL_ROW) {
        return sb_bind_refuse(binder, expr->function->name, arguments, expr->argument_count,
                              "values of this type are not compared in expressions");
    }
    return bind_extreme(binder, expr->function, arguments, expr->argument_count, out);
}

static const struct sb_function functions[] = {
    {
        .name = "case",
        .argument_min = 2,
        .argument_max = -1,
        .signature = "bool, value, ..., else",
        .summary = "The value behind the first condition that is true, else the last value, or "
                   "null without one. Null is not true. A value that is not taken raises no error.",
        .example = "[{'call': 'less', 'args': [7, 5]}, 'low', true, 'high', 'none']",
        .result = "'high'",
        .resolve = resolve_case,
    },
    {
        .name = "if_else",
        .argument_min = 3,
        .argument_max = 3,
        .signature = "bool, value, value",
        .summary = "The first value where the condition is true, else the second, also where the "
                   "condition is null. The value that is not taken raises no error.",
        .example = "[{'call': 'equal', 'args': [1, null]}, 'yes', 'no']",
        .result = "'no'",
        .resolve = resolve_case,
    },
    {
        .name = "nullif",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "a, b of one kind",
        .summary = "Null where the two are equal, else the first.",
        .example = "['-', '-']",
        .result = "null",
        .resolve = resolve_nullif,
    },
    {
        .name = "between",
        .argument_min = 3,
        .argument_max = 3,
        .signature = "value, low, high of one kind",
        .summary = "Whether the value is at least low and at most high; as value >= low and value "
                   "<= high.",
        .example = "[5, 1, 5]",
        .result = "true",
        .resolve = resolve_between,
    },
    {
        .name = "least",
        .argument_min = 1,
        .argument_max = -1,
        .signature = "any, ... of one kind",
        .summary = "The least of the arguments that are not null; null if all are.",
        .example = "[3, null, 2]",
        .result = "2",
        .resolve = resolve_extreme,
        .detail = false,
    },
    {
        .name = "greatest",
        .argument_min = 1,
        .argument_max = -1,
        .signature = "any, ... of one kind",
        .summary = "The greatest of the arguments that are not null; null if all are. NaN is "
                   "greater than every number.",
        .example = "[3, null, 2]",
        .result = "3",
        .resolve = resolve_extreme,
        .detail = true,
    },
};

const struct sb_function_list sb_functions_condition = SB_FUNCTION_LIST("Conditions", functions);
