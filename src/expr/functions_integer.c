// SPDX-License-Identifier: Apache-2.0
/*
 * functions_integer.c - floor_divide and the bits of integers.
 */
#include "expr/functions.h"
#include "expr/kernels.h"
#include "expr/kernels_math.h"
#include "expr/type_rules.h"

static const char integers_hint[] = "the arguments must be integers; cast them";

static enum sb_status check_integer(struct sb_binder *binder, const char *name,
                                    const struct sb_bound_node **argument)
{
    const struct sb_type integer = sb_type_of(SB_TYPE_INT64);

    if (sb_bound_is_untyped_null(*argument)) {
        return sb_bind_null(binder, &integer, argument);
    }
    return sb_type_is_integer((*argument)->type.id)
               ? SB_OK
               : sb_bind_refuse(binder, name, argument, 1, integers_hint);
}

/* Both in the wider type; a literal goes with uint64 if it can. */
static enum sb_status unify_integers(struct sb_binder *binder, const char *name,
                                     const struct sb_bound_node **arguments)
{
    struct sb_type type;

    for (int32_t i = 0; i < 2; i++) {
        const struct sb_type *other = &arguments[1 - i]->type;
        if (arguments[i]->kind == SB_BOUND_CONSTANT && !arguments[i]->constant.is_null &&
            other->id == SB_TYPE_UINT64) {
            SB_TRY_RETURN(sb_bind_adapt(binder, arguments[i], other, name, &arguments[i]));
        }
    }
    if (!sb_type_common_number(&arguments[0]->type, &arguments[1]->type, &type)) {
        return sb_bind_refuse(binder, name, arguments, 2,
                              "no integer type holds both; cast one to the type of the other");
    }
    for (int32_t i = 0; i < 2; i++) {
        SB_TRY_RETURN(
            sb_bind_cast(binder, arguments[i], &type, name, SB_CAST_STRICT, &arguments[i]));
    }
    return SB_OK;
}

static enum sb_status bind_integers(struct sb_binder *binder, const char *name,
                                    enum sb_integer_operation operation,
                                    const struct sb_bound_node **arguments,
                                    const struct sb_bound_node **out)
{
    const struct sb_type type = arguments[0]->type;

    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = type,
                            .kernels = sb_kernels_integer(operation, sb_physical_of(&type)),
                            .argument_count = 2,
                            .arguments = arguments,
                        },
                        out);
}

static enum sb_status resolve_bits(struct sb_binder *binder, const struct sb_expr *expr,
                                   const struct sb_bound_node **arguments,
                                   const struct sb_bound_node **out)
{
    const char *name = expr->function->name;

    SB_TRY_RETURN(check_integer(binder, name, &arguments[0]));
    SB_TRY_RETURN(check_integer(binder, name, &arguments[1]));
    SB_TRY_RETURN(unify_integers(binder, name, arguments));
    return bind_integers(binder, name, (enum sb_integer_operation)expr->function->detail, arguments,
                         out);
}

static bool is_number(const struct sb_bound_node *argument)
{
    return argument->type.id != 0 && sb_type_is_number(&argument->type);
}

static enum sb_status resolve_floor_divide(struct sb_binder *binder, const struct sb_expr *expr,
                                           const struct sb_bound_node **arguments,
                                           const struct sb_bound_node **out)
{
    if (is_number(arguments[0]) && is_number(arguments[1]) &&
        (sb_type_is_float(arguments[0]->type.id) || sb_type_is_float(arguments[1]->type.id))) {
        SB_TRY_RETURN(sb_bind_function(binder, "divide", arguments, 2, out));
        return sb_bind_function(binder, "floor", out, 1, out);
    }
    return resolve_bits(binder, expr, arguments, out);
}

static enum sb_status resolve_shift(struct sb_binder *binder, const struct sb_expr *expr,
                                    const struct sb_bound_node **arguments,
                                    const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const struct sb_type count = sb_type_of(SB_TYPE_INT64);

    SB_TRY_RETURN(check_integer(binder, name, &arguments[0]));
    SB_TRY_RETURN(check_integer(binder, name, &arguments[1]));
    SB_TRY_RETURN(sb_bind_cast(binder, arguments[1], &count, name, SB_CAST_STRICT, &arguments[1]));
    return bind_integers(binder, name, (enum sb_integer_operation)expr->function->detail, arguments,
                         out);
}

static enum sb_status resolve_bit_not(struct sb_binder *binder, const struct sb_expr *expr,
                                      const struct sb_bound_node **arguments,
                                      const struct sb_bound_node **out)
{
    SB_TRY_RETURN(check_integer(binder, expr->function->name, &arguments[0]));
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = expr->function->name,
                            .type = arguments[0]->type,
                            .kernels = sb_kernels_integer_function(
                                SB_INTEGER_NOT, sb_physical_of(&arguments[0]->type)),
                            .argument_count = 1,
                            .arguments = arguments,
                        },
                        out);
}

static const struct sb_function functions[] = {
    {
        .name = "floor_divide",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "integer, integer or float, float",
        .summary = "The quotient rounded down, an integer of integers, float64 with a float. An "
                   "integer divided by zero and overflow are errors.",
        .example = "[-7, 2]",
        .result = "-4",
        .resolve = resolve_floor_divide,
        .detail = SB_INTEGER_FLOOR_DIVIDE,
    },
    {
        .name = "bit_and",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "integer, integer",
        .summary = "The bits that are set in both.",
        .example = "[12, 10]",
        .result = "8",
        .resolve = resolve_bits,
        .detail = SB_INTEGER_AND,
    },
    {
        .name = "bit_or",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "integer, integer",
        .summary = "The bits that are set in one or both.",
        .example = "[12, 10]",
        .result = "14",
        .resolve = resolve_bits,
        .detail = SB_INTEGER_OR,
    },
    {
        .name = "bit_xor",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "integer, integer",
        .summary = "The bits that are set in one of the two.",
        .example = "[12, 10]",
        .result = "6",
        .resolve = resolve_bits,
        .detail = SB_INTEGER_XOR,
    },
    {
        .name = "bit_not",
        .argument_min = 1,
        .argument_max = 1,
        .signature = "integer",
        .summary = "The bits that are not set, in the same type.",
        .example = "[{'lit': 12, 'type': 'uint8'}]",
        .result = "243",
        .resolve = resolve_bit_not,
    },
    {
        .name = "shift_left",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "integer, count",
        .summary = "The bits moved up, in the same type; what leaves on top is lost. A count below "
                   "zero or not below the bits of the type is an error.",
        .example = "[1, 10]",
        .result = "1024",
        .resolve = resolve_shift,
        .detail = SB_INTEGER_SHIFT_LEFT,
    },
    {
        .name = "shift_right",
        .argument_min = 2,
        .argument_max = 2,
        .signature = "integer, count",
        .summary = "The bits moved down, in the same type; the sign stays. A count below zero or "
                   "not below the bits of the type is an error.",
        .example = "[-16, 2]",
        .result = "-4",
        .resolve = resolve_shift,
        .detail = SB_INTEGER_SHIFT_RIGHT,
    },
};

const struct sb_function_list sb_functions_integer = SB_FUNCTION_LIST("Numbers", functions);
