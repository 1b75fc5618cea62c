// SPDX-License-Identifier: Apache-2.0
/*
 * functions_arithmetic.c - add, subtract, multiply, divide, modulo, negate: which types they take
 * and give.
 *
 * Integers stay integers of the wider width, an integer with a float becomes float64, decimals
 * keep exact scales: a sum has the larger scale, a product the sum of both, a quotient at least
 * six digits.
 */
#include "expr/decimal.h"
#include "expr/functions.h"
#include "expr/kernels.h"
#include "expr/time_arguments.h"
#include "expr/type_rules.h"

enum { QUOTIENT_SCALE_MIN = 6 };

static const char numbers_hint[] = "both arguments must be numbers; cast them";

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static int32_t capped(int32_t precision)
{
    return precision < SB_DECIMAL_DIGITS ? precision : SB_DECIMAL_DIGITS;
}

/* The smallest decimal that holds a constant integer. */
static struct sb_type constant_decimal_type(const struct sb_scalar *scalar)
{
    sb_int128 value = sb_value_integer(sb_physical_of(&scalar->type), &scalar->value);
    int32_t digits = 1;

    for (; value > 9 || value < -9; value /= 10) {
        digits++;
    }
    return sb_type_decimal(digits, 0);
}

/* The smallest decimal that holds a float literal as it is written, at most 38 digits. */
static enum sb_status float_literal_as_decimal(struct sb_binder *binder, const char *name,
                                               const struct sb_bound_node **argument)
{
    for (int32_t scale = 1; scale < SB_DECIMAL_DIGITS; scale++) {
        const struct sb_type type = sb_type_decimal(SB_DECIMAL_DIGITS, scale);
        const struct sb_bound_node *node = NULL;
        SB_TRY_RETURN(sb_bind_adapt(binder, *argument, &type, name, &node));
        if (node != NULL) {
            struct sb_scalar scalar = node->constant;
            sb_int128 value = scalar.value.i128;
            scalar.type.precision = scale;
            for (int32_t digits = 0; value != 0; value /= 10) {
                scalar.type.precision = larger(scale, ++digits);
            }
            return sb_bind_constant(binder, &scalar, argument);
        }
    }
    return sb_error_set(binder->err, SB_INVALID,
                        "%s: the float literal has no exact decimal form; write it as a decimal "
                        "or cast the column to float64",
                        name);
}

/* An argument of a decimal operation as a decimal of scale 0 or more. */
static enum sb_status argument_as_decimal(struct sb_binder *binder, const char *name,
                                          const struct sb_bound_node **argument)
{
    const struct sb_bound_node *node = *argument;
    struct sb_type type;

    if (sb_type_is_float(node->type.id)) {
        if (node->kind == SB_BOUND_CONSTANT && node->is_adaptable && !node->constant.is_null) {
            return float_literal_as_decimal(binder, name, argument);
        }
        return sb_bind_refuse(binder, name, argument, 1,
                              "a float beside a decimal; cast one of them");
    }
    if (node->type.id == SB_TYPE_DECIMAL128) {
        if (node->type.scale >= 0) {
            return SB_OK;
        }
        type = sb_type_decimal(capped(node->type.precision - node->type.scale), 0);
    } else if (node->kind == SB_BOUND_CONSTANT && !node->constant.is_null) {
        type = constant_decimal_type(&node->constant);
    } else {
        type = sb_type_as_decimal(&node->type);
    }
    return sb_bind_cast(binder, node, &type, name, SB_CAST_STRICT, argument);
}

static enum sb_status rescale(struct sb_binder *binder, const char *name, int32_t scale,
                              const struct sb_bound_node **argument)
{
    const struct sb_type *from = &(*argument)->type;
    const struct sb_type type =
        sb_type_decimal(capped(from->precision - from->scale + scale), scale);

    return sb_bind_cast(binder, *argument, &type, name, SB_CAST_STRICT, argument);
}

static enum sb_status resolve_decimal(struct sb_binder *binder, const struct sb_function *function,
                                      const struct sb_bound_node **arguments,
                                      const struct sb_bound_node **out)
{
    const enum sb_operation operation = (enum sb_operation)function->detail;
    struct sb_call_options options = {
        .name = function->name,
        .kernels = sb_kernels_decimal(operation),
        .argument_count = 2,
        .arguments = arguments,
    };
    const struct sb_type *a;
    const struct sb_type *b;
    int32_t scale;

    SB_TRY_RETURN(argument_as_decimal(binder, function->name, &arguments[0]));
    SB_TRY_RETURN(argument_as_decimal(binder, function->name, &arguments[1]));
    a = &arguments[0]->type;
    b = &arguments[1]->type;
    switch (operation) {
    case SB_ARITHMETIC_MULTIPLY:
        scale = a->scale + b->scale;
        if (scale > SB_DECIMAL_DIGITS) {
            return sb_bind_refuse(binder, function->name, arguments, 2,
                                  "the product would have more than 38 digits behind the point; "
                                  "cast an argument to a smaller scale");
        }
        options.type = sb_type_decimal(capped(a->precision + b->precision), scale);
        break;
    case SB_ARITHMETIC_DIVIDE:
        scale = larger(larger(a->scale, b->scale), QUOTIENT_SCALE_MIN);
        options.parameter = scale - a->scale + b->scale;
        if (options.parameter > SB_DECIMAL_DIGITS) {
            return sb_bind_refuse(binder, function->name, arguments, 2,
                                  "the scales are too large; cast the divisor to a smaller one");
        }
        options.type = sb_type_decimal(capped(a->precision - a->scale + b->scale + scale), scale);
        break;
    default: // a common scale for both
        scale = larger(a->scale, b->scale);
        SB_TRY_RETURN(rescale(binder, function->name, scale, &arguments[0]));
        SB_TRY_RETURN(rescale(binder, function->name, scale, &arguments[1]));
        a = &arguments[0]->type;
        b = &arguments[1]->type;
        options.type = operation == SB_ARITHMETIC_MODULO
                           ? *b
                           : sb_type_decimal(capped(larger(a->precision, b->precision) + 1), scale);
        break;
    }
    return sb_bind_call(binder, &options, out);
}

/* A constant that uint64 holds goes with uint64, though constants are int64 by themselves. */
static enum sb_status adapt_unsigned(struct sb_binder *binder, const char *name,
                                     const struct sb_bound_node **arguments)
{
    for (int32_t i = 0; i < 2; i++) {
        const struct sb_bound_node *other = arguments[1 - i];
        if (arguments[i]->kind == SB_BOUND_CONSTANT && !arguments[i]->constant.is_null &&
            sb_type_is_integer(arguments[i]->type.id) && other->type.id == SB_TYPE_UINT64) {
            SB_TRY_RETURN(sb_bind_adapt(binder, arguments[i], &other->type, name, &arguments[i]));
        }
    }
    return SB_OK;
}

static enum sb_status resolve_numbers(struct sb_binder *binder, const struct sb_function *function,
                                      const struct sb_bound_node **arguments,
                                      const struct sb_bound_node **out)
{
    const enum sb_operation operation = (enum sb_operation)function->detail;
    struct sb_type type;

    SB_TRY_RETURN(adapt_unsigned(binder, function->name, arguments));
    if (operation == SB_ARITHMETIC_DIVIDE) {
        type = sb_type_of(SB_TYPE_FLOAT64);
    } else if (!sb_type_common_number(&arguments[0]->type, &arguments[1]->type, &type)) {
        return sb_bind_refuse(binder, function->name, arguments, 2,
                              "no integer type holds both; cast one to the type of the other");
    }
    for (int32_t i = 0; i < 2; i++) {
        SB_TRY_RETURN(sb_bind_cast(binder, arguments[i], &type, function->name, SB_CAST_STRICT,
                                   &arguments[i]));
    }
    return sb_bind_call(
        binder,
        &(struct sb_call_options){
            .name = function->name,
            .type = type,
            .kernels = sb_kernel_table()->arithmetic(operation, sb_physical_of(&type)),
            .argument_count = 2,
            .arguments = arguments,
        },
        out);
}

static enum sb_status resolve_arithmetic(struct sb_binder *binder, const struct sb_expr *expr,
                                         const struct sb_bound_node **arguments,
                                         const struct sb_bound_node **out)
{
    const struct sb_function *function = expr->function;

    for (int32_t i = 0; i < 2; i++) {
        if (sb_bound_is_untyped_null(arguments[i])) {
            const struct sb_type *other = &arguments[1 - i]->type;
            if (other->id == 0) {
                return sb_bind_refuse(binder, function->name, arguments, 2, "give one null a type");
            }
            SB_TRY_RETURN(sb_bind_null(binder, other, &arguments[i]));
        }
    }
    if (sb_type_is_counted(arguments[0]->type.id) || sb_type_is_counted(arguments[1]->type.id)) {
        return sb_bind_time_arithmetic(binder, function->name, (enum sb_operation)function->detail,
                                       arguments, out);
    }
    if (!sb_type_is_numeric(&arguments[0]->type) || !sb_type_is_numeric(&arguments[1]->type)) {
        return sb_bind_refuse(binder, function->name, arguments, 2, numbers_hint);
    }
    if (arguments[0]->type.id == SB_TYPE_DECIMAL128 ||
        arguments[1]->type.id == SB_TYPE_DECIMAL128) {
        return resolve_decimal(binder, function, arguments, out);
    }
    return resolve_numbers(binder, function, arguments, out);
}

static enum sb_status resolve_negate(struct sb_binder *binder, const struct sb_expr *expr,
                                     const struct sb_bound_node **arguments,
                                     const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const struct sb_type *type = &arguments[0]->type;
    const struct sb_kernel_set *kernels;

    if (type->id == 0 || !sb_type_is_numeric(type)) {
        return sb_bind_refuse(binder, name, arguments, 1, "the argument must be a number");
    }
    kernels = type->id == SB_TYPE_DECIMAL128
                  ? sb_kernels_decimal(SB_ARITHMETIC_NEGATE)
                  : sb_kernel_table()->arithmetic(SB_ARITHMETIC_NEGATE, sb_physical_of(type));
    if (kernels == NULL) {
        return sb_bind_refuse(binder, name, arguments, 1,
                              "an unsigned number has no negative; cast it to a signed type");
    }
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = *type,
                            .kernels = kernels,
                            .argument_count = 1,
                            .arguments = arguments,
                        },
                        out);
}

static const struct sb_function functions[] = {
    {
        .name = "add",
        .infix = " + ",
        .precedence = SB_PRECEDENCE_SUM,
        .argument_min = 2,
        .argument_max = 2,
        .signature = "number, number",
        .summary = "The sum. Integer and decimal overflow is an error.",
        .example = "[1, 2.5]",
        .result = "3.5",
        .resolve = resolve_arithmetic,
        .detail = SB_ARITHMETIC_ADD,
    },
    {
        .name = "subtract",
        .infix = " - ",
        .precedence = SB_PRECEDENCE_SUM,
        .argument_min = 2,
        .argument_max = 2,
        .signature = "number, number",
        .summary = "The difference. Integer and decimal overflow is an error.",
        .example = "[1, 3]",
        .result = "-2",
        .resolve = resolve_arithmetic,
        .detail = SB_ARITHMETIC_SUBTRACT,
    },
    {
        .name = "multiply",
        .infix = " * ",
        .precedence = SB_PRECEDENCE_PRODUCT,
        .argument_min = 2,
        .argument_max = 2,
        .signature = "number, number",
        .summary = "The product. Integer and decimal overflow is an error.",
        .example = "[{'lit': '1.50', 'type': 'decimal128(5, 2)'}, 3]",
        .result = "4.50",
        .resolve = resolve_arithmetic,
        .detail = SB_ARITHMETIC_MULTIPLY,
    },
    {
        .name = "divide",
        .infix = " / ",
        .precedence = SB_PRECEDENCE_PRODUCT,
        .argument_min = 2,
        .argument_max = 2,
        .signature = "number, number",
        .summary = "The quotient as float64, of decimals as a decimal. A float divided by zero is "
                   "infinite or NaN, a decimal divided by zero is an error.",
        .example = "[7, 2]",
        .result = "3.5",
        .resolve = resolve_arithmetic,
        .detail = SB_ARITHMETIC_DIVIDE,
    },
    {
        .name = "modulo",
        .infix = " % ",
        .precedence = SB_PRECEDENCE_PRODUCT,
        .argument_min = 2,
        .argument_max = 2,
        .signature = "number, number",
        .summary = "The rest of the division that rounds down: its sign is the divisor's. An "
                   "integer or decimal divisor of zero is an error.",
        .example = "[-7, 3]",
        .result = "2",
        .resolve = resolve_arithmetic,
        .detail = SB_ARITHMETIC_MODULO,
    },
    {
        .name = "negate",
        .infix = "-",
        .precedence = SB_PRECEDENCE_SIGN,
        .argument_min = 1,
        .argument_max = 1,
        .signature = "signed number",
        .summary = "The number with the other sign.",
        .example = "[7]",
        .result = "-7",
        .resolve = resolve_negate,
        .detail = SB_ARITHMETIC_NEGATE,
    },
};

const struct sb_function_list sb_functions_arithmetic = SB_FUNCTION_LIST("Arithmetic", functions);
