// SPDX-License-Identifier: Apache-2.0
/*
 * functions_boolean.c - and, or, not, is_null, is_not_null, coalesce.
 *
 * And, or and coalesce of many arguments are trees of two, as flat as can be. Their second
 * argument is guarded: it raises errors only for the rows that the first leaves undecided.
 */
#include "expr/functions.h"
#include "expr/kernels.h"
#include "expr/type_rules.h"

/* and or or of two booleans; constants decide at once. */
static enum sb_status bind_logic(struct sb_binder *binder, const struct sb_function *function,
                                 const struct sb_bound_node *left,
                                 const struct sb_bound_node *right,
                                 const struct sb_bound_node **out)
{
    const bool is_and = function->detail == SB_GUARD_NOT_FALSE;
    const struct sb_bound_node *arguments[2] = {left, right};

    if (left->kind == SB_BOUND_CONSTANT && !left->constant.is_null) {
        *out = left->constant.value.boolean == is_and ? right : left;
        return SB_OK;
    }
    if (right->kind == SB_BOUND_CONSTANT && !right->constant.is_null &&
        right->constant.value.boolean == is_and) {
        *out = left;
        return SB_OK;
    }
    return sb_bind_call(
        binder,
        &(struct sb_call_options){
            .name = function->name,
            .type = left->type,
            .kernels = sb_kernel_table()->logic(is_and ? SB_LOGIC_AND : SB_LOGIC_OR),
            .null_rule = SB_NULLS_HANDLED,
            .guard_rule = (enum sb_guard_rule)function->detail,
            .argument_count = 2,
            .arguments = arguments,
        },
        out);
}

static enum sb_status bind_coalesce(struct sb_binder *binder, const struct sb_function *function,
                                    const struct sb_bound_node *left,
                                    const struct sb_bound_node *right,
                                    const struct sb_bound_node **out)
{
    const struct sb_bound_node *arguments[2] = {left, right};

    if (left->kind == SB_BOUND_CONSTANT) {
        *out = left->constant.is_null ? right : left;
        return SB_OK;
    }
    if (sb_bound_is_null(right)) {
        *out = left;
        return SB_OK;
    }
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = function->name,
                            .type = left->type,
                            .kernels = sb_kernel_table()->coalesce(sb_physical_of(&left->type)),
                            .null_rule = SB_NULLS_HANDLED,
                            .guard_rule = SB_GUARD_NULL,
                            .is_never_null = !left->is_nullable || !right->is_nullable,
                            .argument_count = 2,
                            .arguments = arguments,
                        },
                        out);
}

/* `count` arguments of one type, halved until two are left. */
static enum sb_status bind_halves(struct sb_binder *binder, const struct sb_function *function,
                                  const struct sb_bound_node *const *arguments, int32_t count,
                                  const struct sb_bound_node **out)
{
    const int32_t half = (count + 1) / 2;
    const struct sb_bound_node *left;
    const struct sb_bound_node *right;

    if (count == 1) {
        *out = arguments[0];
        return SB_OK;
    }
    SB_TRY_RETURN(bind_halves(binder, function, arguments, half, &left));
    SB_TRY_RETURN(bind_halves(binder, function, arguments + half, count - half, &right));
    return function->detail == SB_GUARD_NULL ? bind_coalesce(binder, function, left, right, out)
                                             : bind_logic(binder, function, left, right, out);
}

static enum sb_status check_boolean(struct sb_binder *binder, const char *name,
                                    const struct sb_bound_node **argument)
{
    const struct sb_type boolean = sb_type_of(SB_TYPE_BOOL);

    if (sb_bound_is_untyped_null(*argument)) {
        return sb_bind_null(binder, &boolean, argument);
    }
    if ((*argument)->type.id != SB_TYPE_BOOL) {
        return sb_bind_refuse(binder, name, argument, 1,
                              "arguments are booleans; compare it with something");
    }
    return SB_OK;
}

static enum sb_status resolve_logic(struct sb_binder *binder, const struct sb_expr *expr,
                                    const struct sb_bound_node **arguments,
                                    const struct sb_bound_node **out)
{
    for (int32_t i = 0; i < expr->argument_count; i++) {
        SB_TRY_RETURN(check_boolean(binder, expr->function->name, &arguments[i]));
    }
    return bind_halves(binder, expr->function, arguments, expr->argument_count, out);
}

static enum sb_status resolve_not(struct sb_binder *binder, const struct sb_expr *expr,
                                  const struct sb_bound_node **arguments,
                                  const struct sb_bound_node **out)
{
    SB_TRY_RETURN(check_boolean(binder, expr->function->name, &arguments[0]));
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = expr->function->name,
                            .type = arguments[0]->type,
                            .kernels = sb_kernel_table()->logic(SB_LOGIC_NOT),
                            .argument_count = 1,
                            .arguments = arguments,
                        },
                        out);
}

static enum sb_status resolve_null_test(struct sb_binder *binder, const struct sb_expr *expr,
                                        const struct sb_bound_node **arguments,
                                        const struct sb_bound_node **out)
{
    const bool is_null_wanted = expr->function->detail == SB_LOGIC_IS_NULL;

    if (arguments[0]->kind == SB_BOUND_CONSTANT) {
        return sb_bind_boolean(binder, arguments[0]->constant.is_null == is_null_wanted, out);
    }
    return sb_bind_call(
        binder,
        &(struct sb_call_options){
            .name = expr->function->name,
            .type = sb_type_of(SB_TYPE_BOOL),
            .kernels = sb_kernel_table()->logic((enum sb_logic)expr->function->detail),
            .null_rule = SB_NULLS_HANDLED,
            .is_never_null = true,
            .argument_count = 1,
            .arguments = arguments,
        },
        out);
}

static enum sb_status resolve_coalesce(struct sb_binder *binder, const struct sb_expr *expr,
                                       const struct sb_bound_node **arguments,
                                       const struct sb_bound_node **out)
{
    struct sb_type type;

    SB_TRY_RETURN(
        sb_bind_unify(binder, expr->function->name, arguments, expr->argument_count, &type));
    if (type.id == 0) { // nothing but nulls: the one they are
        *out = arguments[0];
        return SB_OK;
    }
    return bind_halves(binder, expr->function, arguments, expr->argument_count, out);
}

static const struct sb_function functions[] = {
    {
        .name = "and",
        .infix = " and ",
        .precedence = SB_PRECEDENCE_AND,
        .argument_min = 1,
        .argument_max = -1,
        .signature = "bool, ...",
        .summary = "False if any is false, else null if any is null, else true.",
        .example = "[false, {'lit': null, 'type': 'bool'}]",
        .result = "false",
        .resolve = resolve_logic,
        .detail = SB_GUARD_NOT_FALSE,
    },
    {
        .name = "or",
        .infix = " or ",
        .precedence = SB_PRECEDENCE_OR,
        .argument_min = 1,
        .argument_max = -1,
        .signature = "bool, ...",
        .summary = "True if any is true, else null if any is null, else false.",
        .example = "[false, {'lit': null, 'type': 'bool'}]",
        .result = "null",
        .resolve = resolve_logic,
        .detail = SB_GUARD_NOT_TRUE,
    },
    {
        .name = "not",
        .infix = "not ",
        .precedence = SB_PRECEDENCE_NOT,
        .argument_min = 1,
        .argument_max = 1,
        .signature = "bool",
        .summary = "The opposite.",
        .example = "[true]",
        .result = "false",
        .resolve = resolve_not,
    },
    {
        .name = "is_null",
        .infix = " is null",
        .precedence = SB_PRECEDENCE_COMPARE,
        .argument_min = 1,
        .argument_max = 1,
        .signature = "any",
        .summary = "Whether there is no value. Never null.",
        .example = "[null]",
        .result = "true",
        .resolve = resolve_null_test,
        .detail = SB_LOGIC_IS_NULL,
    },
    {
        .name = "is_not_null",
        .infix = " is not null",
        .precedence = SB_PRECEDENCE_COMPARE,
        .argument_min = 1,
        .argument_max = 1,
        .signature = "any",
        .summary = "Whether there is a value. Never null.",
        .example = "[0]",
        .result = "true",
        .resolve = resolve_null_test,
        .detail = SB_LOGIC_IS_NOT_NULL,
    },
    {
        .name = "coalesce",
        .argument_min = 1,
        .argument_max = -1,
        .signature = "any, ... of one kind",
        .summary = "The first argument that is not null.",
        .example = "[null, 2, 3]",
        .result = "2",
        .resolve = resolve_coalesce,
        .detail = SB_GUARD_NULL,
    },
};

const struct sb_function_list sb_functions_boolean = SB_FUNCTION_LIST("Logic and nulls", functions);
