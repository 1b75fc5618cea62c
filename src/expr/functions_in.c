// SPDX-License-Identifier: Apache-2.0
/*
 * functions_in.c - in: whether a value is one of a list.
 *
 * Constants are placed among the values of the first argument's type, once, and become a set; those
 * that are no value of it cannot be met. Other members are compared one by one.
 */
#include "expr/functions.h"
#include "expr/kernels.h"
#include "expr/type_rules.h"
#include "expr/value_set.h"

/* The constants among the members. */
struct members {
    union sb_value *values;
    int32_t count;
    bool has_null;
    bool has_constants;
};

static enum sb_status members_add(struct sb_binder *binder, const char *name,
                                  const struct sb_bound_node *value,
                                  const struct sb_bound_node *member, struct members *members)
{
    const struct sb_bound_node *const two[2] = {value, member};
    bool is_possible;
    enum sb_relation relation;
    struct sb_scalar scalar;

    members->has_constants = true;
    if (member->constant.is_null) {
        members->has_null = true;
        return SB_OK;
    }
    SB_TRY_RETURN(
        sb_bind_place(binder, member, &value->type, name, &is_possible, &relation, &scalar));
    if (!is_possible) {
        return sb_bind_refuse(binder, name, two, 2,
                              "they are of different kinds; cast one to the type of the other");
    }
    if (relation == SB_RELATION_EXACT) {
        members->values[members->count++] = scalar.value;
    }
    return SB_OK;
}

/* Whether `value` is in the set of `members`. */
static enum sb_status bind_member(struct sb_binder *binder, const char *name,
                                  const struct sb_bound_node *value, const struct members *members,
                                  const struct sb_bound_node **out)
{
    const struct sb_value_set *set =
        sb_value_set_create(binder->arena, sb_physical_of(&value->type), members->values,
                            members->count, members->has_null);
    const struct sb_type boolean = sb_type_of(SB_TYPE_BOOL);

    if (set == NULL) {
        return sb_bind_no_memory(binder);
    }
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = boolean,
                            .kernels = sb_kernel_table()->member,
                            .is_nullable = members->has_null,
                            .prepared = set,
                            .argument_count = 1,
                            .arguments = &value,
                        },
                        out);
}

static enum sb_status resolve_in(struct sb_binder *binder, const struct sb_expr *expr,
                                 const struct sb_bound_node **arguments,
                                 const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const struct sb_type boolean = sb_type_of(SB_TYPE_BOOL);
    const int32_t count = expr->argument_count;
    struct members members = {0};
    const struct sb_bound_node **choices;
    int32_t choice_count = 0;

    SB_TRY_RETURN(sb_bind_share(binder, &arguments[0]));
    if (sb_bound_is_null(arguments[0])) {
        return sb_bind_null(binder, &boolean, out);
    }
    members.values = sb_arena_alloc(binder->arena, (size_t)count * sizeof members.values[0]);
    choices = sb_arena_alloc(binder->arena, (size_t)count * sizeof choices[0]);
    if (members.values == NULL || choices == NULL) {
        return sb_bind_no_memory(binder);
    }
    for (int32_t i = 1; i < count; i++) {
        if (arguments[i]->kind == SB_BOUND_CONSTANT) {
            SB_TRY_RETURN(members_add(binder, name, arguments[0], arguments[i], &members));
        } else {
            const struct sb_bound_node *sides[2] = {arguments[0], arguments[i]};
            choice_count++;
            SB_TRY_RETURN(sb_bind_function(binder, "equal", sides, 2, &choices[choice_count]));
        }
    }
    if (choice_count == 0 || members.has_constants) {
        SB_TRY_RETURN(bind_member(binder, name, arguments[0], &members, &choices[0]));
        return sb_bind_function(binder, "or", choices, choice_count + 1, out);
    }
    return sb_bind_function(binder, "or", choices + 1, choice_count, out);
}

static const struct sb_function functions[] = {
    {
        .name = "in",
        .argument_min = 1,
        .argument_max = -1,
        .signature = "value, member, ... of one kind",
        .summary = "Whether the value equals a member. Null if it equals none and a member is "
                   "null. Long lists of literals cost no more than short ones.",
        .example = "['b', 'a', 'b', null]",
        .result = "true",
        .resolve = resolve_in,
    },
};

const struct sb_function_list sb_functions_in = SB_FUNCTION_LIST("Comparison", functions);
