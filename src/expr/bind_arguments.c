// SPDX-License-Identifier: Apache-2.0
/*
 * bind_arguments.c - the tools of hooks that put calls together: a common type for several
 * arguments, an argument used twice, the call of another function.
 */
#include "expr/bind.h"
#include "expr/type_rules.h"

/* Literals follow the others, so they do not take part in a first round. */
static bool follows(const struct sb_bound_node *node)
{
    return node->kind == SB_BOUND_CONSTANT && (node->is_adaptable || node->type.id == 0);
}

static enum sb_status widen(struct sb_binder *binder, const char *name,
                            const struct sb_bound_node *node, struct sb_type *type)
{
    struct sb_type common;

    if (type->id == 0) {
        *type = node->type;
        return SB_OK;
    }
    if (!sb_type_common(type, &node->type, &common)) {
        const struct sb_bound_node so_far = {.type = *type};
        const struct sb_bound_node *const two[2] = {&so_far, node};
        return sb_bind_refuse(binder, name, two, 2,
                              "no type holds both; cast one to the type of the other");
    }
    *type = common;
    return SB_OK;
}

enum sb_status sb_bind_unify(struct sb_binder *binder, const char *name,
                             const struct sb_bound_node **arguments, int32_t argument_count,
                             struct sb_type *type)
{
    *type = (struct sb_type){0};
    for (int32_t i = 0; i < argument_count; i++) {
        if (!follows(arguments[i])) {
            SB_TRY_RETURN(widen(binder, name, arguments[i], type));
        }
    }
    for (int32_t i = 0; i < argument_count; i++) {
        if (follows(arguments[i]) && !arguments[i]->constant.is_null) {
            if (type->id != 0) {
                SB_TRY_RETURN(sb_bind_adapt(binder, arguments[i], type, name, &arguments[i]));
            }
            SB_TRY_RETURN(widen(binder, name, arguments[i], type));
        }
    }
    for (int32_t i = 0; i < argument_count && type->id != 0; i++) {
        SB_TRY_RETURN(
            sb_bind_cast(binder, arguments[i], type, name, SB_CAST_STRICT, &arguments[i]));
    }
    return SB_OK;
}

enum sb_status sb_bind_function(struct sb_binder *binder, const char *function,
                                const struct sb_bound_node **arguments, int32_t argument_count,
                                const struct sb_bound_node **out)
{
    const struct sb_expr expr = {
        .kind = SB_EXPR_CALL,
        .function = sb_function_find(function),
        .argument_count = argument_count,
    };

    return expr.function->resolve(binder, &expr, arguments, out);
}

enum sb_status sb_bind_share(struct sb_binder *binder, const struct sb_bound_node **node)
{
    struct sb_bound_node *copy;

    if (((*node)->kind != SB_BOUND_CALL && (*node)->kind != SB_BOUND_RETYPE) ||
        (*node)->is_shared) {
        return SB_OK;
    }
    copy = sb_arena_copy(binder->arena, *node, sizeof **node);
    if (copy == NULL) {
        return sb_bind_no_memory(binder);
    }
    copy->is_shared = true;
    if (copy->kind == SB_BOUND_RETYPE) {
        const struct sb_bound_node **arguments =
            sb_arena_copy(binder->arena, copy->arguments, sizeof copy->arguments[0]);
        if (arguments == NULL) {
            return sb_bind_no_memory(binder);
        }
        copy->arguments = arguments;
        SB_TRY_RETURN(sb_bind_share(binder, &arguments[0]));
    }
    *node = copy;
    return SB_OK;
}
