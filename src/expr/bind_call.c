// SPDX-License-Identifier: Apache-2.0
/*
 * bind_call.c - the tools of resolve hooks: constants, calls, casts, refusals.
 *
 * Calls whose arguments are all constant are run here and become constants; so does every call that
 * hands a null on and has one for an argument.
 */
#include <string.h>

#include "base/time_zone.h"
#include "expr/bind.h"
#include "expr/kernels.h"
#include "expr/type_rules.h"

enum sb_status sb_bind_no_memory(struct sb_binder *binder)
{
    return sb_error_no_memory(binder->err, "expression", sizeof(struct sb_bound_node));
}

enum sb_status sb_bind_constant(struct sb_binder *binder, const struct sb_scalar *scalar,
                                const struct sb_bound_node **out)
{
    struct sb_bound_node *node = sb_arena_alloc_zeroed(binder->arena, sizeof *node);

    if (node == NULL) {
        return sb_bind_no_memory(binder);
    }
    node->kind = SB_BOUND_CONSTANT;
    node->type = scalar->type;
    node->is_nullable = scalar->is_null;
    node->constant = *scalar;
    *out = node;
    return SB_OK;
}

enum sb_status sb_bind_boolean(struct sb_binder *binder, bool value,
                               const struct sb_bound_node **out)
{
    return sb_bind_constant(
        binder, &(struct sb_scalar){.type = sb_type_of(SB_TYPE_BOOL), .value.boolean = value}, out);
}

enum sb_status sb_bind_null(struct sb_binder *binder, const struct sb_type *type,
                            const struct sb_bound_node **out)
{
    return sb_bind_constant(binder, &(struct sb_scalar){.type = *type, .is_null = true}, out);
}

enum sb_status sb_bind_refuse(struct sb_binder *binder, const char *name,
                              const struct sb_bound_node *const *arguments, int32_t argument_count,
                              const char *hint)
{
    char types[4 * SB_TYPE_NAME_SIZE] = "";
    size_t used = 0;

    for (int32_t i = 0; i < argument_count && used + SB_TYPE_NAME_SIZE + 8 < sizeof types; i++) {
        if (i > 0) {
            memcpy(types + used, " and ", 6);
            used += 5;
        }
        if (arguments[i]->type.id == 0) {
            memcpy(types + used, "null", 5);
        } else {
            sb_type_name(&arguments[i]->type, types + used, SB_TYPE_NAME_SIZE);
        }
        used += strlen(types + used);
    }
    return sb_error_set(binder->err, SB_INVALID, "%s does not take %s: %s", name, types, hint);
}

/* No call over more constants than these is run ahead. */
enum { ARGUMENTS_FOLDED_MAX = 8 };

static bool is_foldable(const struct sb_bound_node *node)
{
    if (node->argument_count > ARGUMENTS_FOLDED_MAX) {
        return false;
    }
    for (int32_t i = 0; i < node->argument_count; i++) {
        if (node->arguments[i]->kind != SB_BOUND_CONSTANT) {
            return false;
        }
    }
    return true;
}

static bool has_null_argument(const struct sb_bound_node *node)
{
    for (int32_t i = 0; i < node->argument_count; i++) {
        if (sb_bound_is_null(node->arguments[i])) {
            return true;
        }
    }
    return false;
}

/* Runs a call over constants, one row long. */
static enum sb_status call_fold(struct sb_binder *binder, const struct sb_bound_node *node,
                                const struct sb_bound_node **out)
{
    static const uint8_t no = 0;
    struct sb_vector registers[ARGUMENTS_FOLDED_MAX];
    int32_t positions[ARGUMENTS_FOLDED_MAX];
    uint8_t valid = 1;
    enum sb_status status;
    struct sb_scalar result = {.type = node->type};
    struct sb_kernel_call call = {
        .node = node,
        .registers = registers,
        .arguments = positions,
        .count = 1,
        .out = &result.value,
        .valid_room = &valid,
        .text = binder->arena,
        .err = binder->err,
    };

    for (int32_t i = 0; i < node->argument_count; i++) {
        const struct sb_scalar *argument = &node->arguments[i]->constant;
        positions[i] = i;
        registers[i] = (struct sb_vector){&argument->value, argument->is_null ? &no : NULL};
    }
    status = node->kernels->vectors(&call);
    if (status == SB_FAILED) {
        status = SB_INVALID; // nothing has run: the expression itself is wrong
        if (binder->err != NULL) {
            binder->err->status = status;
        }
    }
    SB_TRY_RETURN(status);
    result.is_null = call.valid != NULL && call.valid[0] == 0;
    return sb_bind_constant(binder, &result, out);
}

enum sb_status sb_bind_call(struct sb_binder *binder, const struct sb_call_options *options,
                            const struct sb_bound_node **out)
{
    struct sb_bound_node *node = sb_arena_alloc_zeroed(binder->arena, sizeof *node);
    const size_t size = (size_t)options->argument_count * sizeof node->arguments[0];

    if (node == NULL) {
        return sb_bind_no_memory(binder);
    }
    *node = (struct sb_bound_node){
        .kind = SB_BOUND_CALL,
        .type = options->type,
        .may_fail = options->kernels->may_fail && !options->is_null_on_error,
        .name = options->name,
        .kernels = options->kernels,
        .null_rule = options->null_rule,
        .guard_rule = options->guard_rule,
        .is_null_on_error = options->is_null_on_error,
        .argument_count = options->argument_count,
        .arguments = sb_arena_copy(binder->arena, options->arguments, size),
        .parameter = options->parameter,
        .prepared = options->prepared,
    };
    if (node->arguments == NULL) {
        return sb_bind_no_memory(binder);
    }
    node->is_nullable = options->is_null_on_error || options->is_nullable;
    for (int32_t i = 0; i < node->argument_count; i++) {
        node->is_nullable |= node->arguments[i]->is_nullable;
        node->may_fail |= node->arguments[i]->may_fail;
    }
    node->is_nullable &= !options->is_never_null;
    if (node->null_rule == SB_NULLS_PROPAGATE && has_null_argument(node)) {
        return sb_bind_null(binder, &node->type, out);
    }
    if (is_foldable(node)) {
        return call_fold(binder, node, out);
    }
    *out = node;
    return SB_OK;
}

enum sb_status sb_bind_retype(struct sb_binder *binder, const struct sb_bound_node *argument,
                              const struct sb_type *type, const struct sb_bound_node **out)
{
    struct sb_bound_node *node = sb_arena_alloc_zeroed(binder->arena, sizeof *node);
    const struct sb_bound_node **arguments =
        sb_arena_copy(binder->arena, &argument, sizeof argument);

    if (node == NULL || arguments == NULL) {
        return sb_bind_no_memory(binder);
    }
    if (argument->kind == SB_BOUND_CONSTANT) {
        *node = *argument;
        node->constant.type = *type;
        node->is_adaptable = false;
    } else {
        *node = (struct sb_bound_node){
            .kind = SB_BOUND_RETYPE,
            .is_nullable = argument->is_nullable,
            .may_fail = argument->may_fail,
            .argument_count = 1,
            .arguments = arguments,
        };
    }
    node->type = *type;
    *out = node;
    return SB_OK;
}

/* The zone whose clock decides what the cast gives; NULL when an instant stays one. */
static enum sb_status cast_zone(struct sb_binder *binder, const struct sb_type *from,
                                const struct sb_type *to, const struct sb_zone **out)
{
    *out = NULL;
    if (from->zone != NULL && to->zone == NULL) {
        return sb_zone_find(from->zone, out, binder->err);
    }
    if (from->zone == NULL && to->zone != NULL) {
        return sb_zone_find(to->zone, out, binder->err);
    }
    return SB_OK;
}

/*
 * A type that is stored narrower than it is computed: `computed` first, whose range is then the
 * narrow one's.
 */
static enum sb_status bind_cast_narrow(struct sb_binder *binder, const struct sb_bound_node *node,
                                       const struct sb_type *type, const struct sb_type *computed,
                                       const char *name, enum sb_cast_mode mode,
                                       const struct sb_bound_node **out)
{
    char text[SB_TYPE_NAME_SIZE];

    if (sb_physical_of(type) != sb_physical_of(computed)) { // encoded, fixed_size_binary
        return sb_error_set(binder->err, SB_INVALID,
                            "%s: results of type %s are not made; cast to the type of its values",
                            name, sb_type_name(type, text, sizeof text));
    }
    SB_TRY_RETURN(sb_bind_cast(binder, node, computed, name, mode, &node));
    if (type->id == SB_TYPE_FLOAT16) {
        SB_TRY_RETURN(sb_bind_call(binder,
                                   &(struct sb_call_options){
                                       .name = name,
                                       .type = *type,
                                       .kernels = &sb_kernels_half,
                                       .is_null_on_error = mode == SB_CAST_NULL,
                                       .argument_count = 1,
                                       .arguments = &node,
                                   },
                                   out));
        return SB_OK;
    }
    return sb_bind_retype(binder, node, type, out);
}

enum sb_status sb_bind_cast(struct sb_binder *binder, const struct sb_bound_node *node,
                            const struct sb_type *type, const char *name, enum sb_cast_mode mode,
                            const struct sb_bound_node **out)
{
    const char *hint = "there is no such cast";
    const struct sb_kernel_set *kernels;
    const struct sb_zone *zone;
    struct sb_type step;
    char from[SB_TYPE_NAME_SIZE];
    char to[SB_TYPE_NAME_SIZE];

    if (sb_bound_is_null(node)) {
        return sb_bind_null(binder, type, out);
    }
    if (sb_type_equal(&node->type, type)) {
        *out = node;
        return SB_OK;
    }
    if (sb_type_is_retypable(&node->type, type)) {
        return sb_bind_retype(binder, node, type, out);
    }
    step = sb_type_computed(type);
    if (!sb_type_equal(&step, type)) {
        return bind_cast_narrow(binder, node, type, &step, name, mode, out);
    }
    if (sb_type_is_integer(node->type.id) && sb_type_is_counted(type->id) &&
        !sb_type_is_clock(type->id)) {
        step = sb_type_count(type);
        SB_TRY_RETURN(sb_bind_cast(binder, node, &step, name, mode, &node));
        return sb_bind_retype(binder, node, type, out);
    }
    if (sb_type_is_counted(node->type.id) && sb_type_is_integer(type->id)) {
        step = sb_type_count(&node->type);
        SB_TRY_RETURN(sb_bind_retype(binder, node, &step, &node));
        return sb_bind_cast(binder, node, type, name, mode, out);
    }
    kernels = sb_kernels_cast(&node->type, type, mode, &hint);
    if (kernels == NULL) {
        return sb_error_set(binder->err, SB_INVALID, "%s: no cast from %s to %s: %s", name,
                            sb_type_name(&node->type, from, sizeof from),
                            sb_type_name(type, to, sizeof to), hint);
    }
    SB_TRY_RETURN(cast_zone(binder, &node->type, type, &zone));
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = *type,
                            .kernels = kernels,
                            .prepared = zone,
                            .is_null_on_error = mode == SB_CAST_NULL && kernels->may_fail,
                            .argument_count = 1,
                            .arguments = &node,
                        },
                        out);
}
