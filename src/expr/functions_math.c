// SPDX-License-Identifier: Apache-2.0
/*
 * functions_math.c - roundings, roots, logarithms, angles, kinds of floats.
 *
 * Roundings keep the type of integers and floats and take digits from decimals. All others compute
 * in float64 and give what IEEE 754 says outside of their domain.
 */
#include "expr/decimal.h"
#include "expr/functions.h"
#include "expr/kernels.h"
#include "expr/kernels_math.h"
#include "expr/type_rules.h"

/* Digits that round keeps, at most: beyond them nothing changes in a double. */
enum { ROUND_DIGITS_MAX = 400 };

static enum sb_status check_number(struct sb_binder *binder, const char *name,
                                   const struct sb_bound_node **argument)
{
    const struct sb_type number = sb_type_of(SB_TYPE_FLOAT64);

    if (sb_bound_is_untyped_null(*argument)) {
        return sb_bind_null(binder, &number, argument);
    }
    if (!sb_type_is_numeric(&(*argument)->type)) {
        return sb_bind_refuse(binder, name, argument, 1, "the argument must be a number; cast it");
    }
    return SB_OK;
}

static enum sb_status bind_1(struct sb_binder *binder, const char *name,
                             const struct sb_kernel_set *kernels, const struct sb_type *type,
                             int64_t parameter, const struct sb_bound_node *argument,
                             const struct sb_bound_node **out)
{
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = name,
                            .type = *type,
                            .kernels = kernels,
                            .parameter = parameter,
                            .argument_count = 1,
                            .arguments = &argument,
                        },
                        out);
}

static enum sb_status as_doubles(struct sb_binder *binder, const struct sb_expr *expr,
                                 const struct sb_bound_node **arguments)
{
    const struct sb_type type = sb_type_of(SB_TYPE_FLOAT64);

    for (int32_t i = 0; i < expr->argument_count; i++) {
        SB_TRY_RETURN(check_number(binder, expr->function->name, &arguments[i]));
        SB_TRY_RETURN(sb_bind_cast(binder, arguments[i], &type, expr->function->name,
                                   SB_CAST_STRICT, &arguments[i]));
    }
    return SB_OK;
}

static enum sb_status resolve_math(struct sb_binder *binder, const struct sb_expr *expr,
                                   const struct sb_bound_node **arguments,
                                   const struct sb_bound_node **out)
{
    SB_TRY_RETURN(as_doubles(binder, expr, arguments));
    return sb_bind_call(binder,
                        &(struct sb_call_options){
                            .name = expr->function->name,
                            .type = sb_type_of(SB_TYPE_FLOAT64),
                            .kernels = sb_kernels_math((enum sb_math)expr->function->detail),
                            .argument_count = expr->argument_count,
                            .arguments = arguments,
                        },
                        out);
}

static enum sb_status resolve_sqrt(struct sb_binder *binder, const struct sb_expr *expr,
                                   const struct sb_bound_node **arguments,
                                   const struct sb_bound_node **out)
{
    SB_TRY_RETURN(as_doubles(binder, expr, arguments));
    return bind_1(binder, expr->function->name, sb_kernel_table()->rounding(SB_ROUNDING_SQRT, true),
                  &arguments[0]->type, 0, arguments[0], out);
}

/* A decimal without its last `shift` digits, of scale `scale`. */
static enum sb_status round_decimal(struct sb_binder *binder, const char *name,
                                    enum sb_decimal_rounding rounding,
                                    const struct sb_bound_node *argument, int32_t shift,
                                    int32_t scale, const struct sb_bound_node **out)
{
    const int32_t carry = rounding != SB_DECIMAL_TRUNC;
    const int32_t precision = argument->type.precision - argument->type.scale + scale + carry;
    const struct sb_type type = sb_type_decimal(precision < 1                   ? 1
                                                : precision > SB_DECIMAL_DIGITS ? SB_DECIMAL_DIGITS
                                                                                : precision,
                                                scale);

    return bind_1(binder, name, sb_kernels_decimal_rounding(rounding), &type, shift, argument, out);
}

static enum sb_status resolve_whole(struct sb_binder *binder, const struct sb_expr *expr,
                                    const struct sb_bound_node **arguments,
                                    const struct sb_bound_node **out)
{
    static const enum sb_decimal_rounding of_decimals[] = {
        [SB_ROUNDING_FLOOR] = SB_DECIMAL_FLOOR,
        [SB_ROUNDING_CEIL] = SB_DECIMAL_CEIL,
        [SB_ROUNDING_TRUNC] = SB_DECIMAL_TRUNC,
        [SB_ROUNDING_ROUND] = SB_DECIMAL_ROUND,
    };
    const char *name = expr->function->name;
    const enum sb_rounding rounding = (enum sb_rounding)expr->function->detail;
    const struct sb_type *type;

    SB_TRY_RETURN(check_number(binder, name, &arguments[0]));
    type = &arguments[0]->type;
    if (sb_type_is_float(type->id)) {
        return bind_1(binder, name,
                      sb_kernel_table()->rounding(rounding, type->id == SB_TYPE_FLOAT64), type, 0,
                      arguments[0], out);
    }
    if (type->id == SB_TYPE_DECIMAL128 && type->scale > 0) {
        return round_decimal(binder, name, of_decimals[rounding], arguments[0], type->scale, 0,
                             out);
    }
    *out = arguments[0];
    return SB_OK;
}

/* Whole numbers, of which the digits before the point go: by way of a decimal. */
static enum sb_status round_integer(struct sb_binder *binder, const char *name,
                                    const struct sb_bound_node *argument, int32_t digits,
                                    const struct sb_bound_node **out)
{
    const struct sb_type wide = sb_type_as_decimal(&argument->type);
    const struct sb_type *type = &argument->type;

    SB_TRY_RETURN(sb_bind_cast(binder, argument, &wide, name, SB_CAST_STRICT, &argument));
    SB_TRY_RETURN(round_decimal(binder, name, SB_DECIMAL_ROUND, argument, -digits, 0, &argument));
    return sb_bind_cast(binder, argument, type, name, SB_CAST_STRICT, out);
}

static enum sb_status round_digits(struct sb_binder *binder, const char *name,
                                   const struct sb_bound_node *argument, int32_t digits,
                                   const struct sb_bound_node **out)
{
    const struct sb_type *type = &argument->type;

    if (sb_type_is_float(type->id)) {
        return bind_1(binder, name, sb_kernels_round_digits(sb_physical_of(type)), type, digits,
                      argument, out);
    }
    if (type->id == SB_TYPE_DECIMAL128 && digits < type->scale) {
        return round_decimal(binder, name, SB_DECIMAL_ROUND, argument, type->scale - digits,
                             digits > 0 ? digits : 0, out);
    }
    if (sb_type_is_integer(type->id) && digits < 0) {
        return round_integer(binder, name, argument, digits, out);
    }
    *out = argument;
    return SB_OK;
}

static enum sb_status resolve_round(struct sb_binder *binder, const struct sb_expr *expr,
                                    const struct sb_bound_node **arguments,
                                    const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const struct sb_bound_node *digits = arguments[1];
    sb_int128 count;

    if (expr->argument_count == 1) {
        return resolve_whole(binder, expr, arguments, out);
    }
    SB_TRY_RETURN(check_number(binder, name, &arguments[0]));
    if (digits->kind != SB_BOUND_CONSTANT || digits->constant.is_null ||
        !sb_type_is_integer(digits->type.id)) {
        return sb_error_set(binder->err, SB_INVALID,
                            "%s: the number of digits is an integer literal, such as 2", name);
    }
    count = sb_value_integer(sb_physical_of(&digits->type), &digits->constant.value);
    if (count > ROUND_DIGITS_MAX || count < -ROUND_DIGITS_MAX) {
        count = count < 0 ? -ROUND_DIGITS_MAX : ROUND_DIGITS_MAX;
    }
    return round_digits(binder, name, arguments[0], (int32_t)count, out);
}

static enum sb_status resolve_abs(struct sb_binder *binder, const struct sb_expr *expr,
                                  const struct sb_bound_node **arguments,
                                  const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    const bool is_abs = expr->function->detail == SB_ROUNDING_ABS;
    const struct sb_kernel_set *kernels;
    struct sb_type type;

    SB_TRY_RETURN(check_number(binder, name, &arguments[0]));
    type = arguments[0]->type;
    if (sb_type_is_float(type.id)) {
        kernels = sb_kernel_table()->rounding((enum sb_rounding)expr->function->detail,
                                              type.id == SB_TYPE_FLOAT64);
    } else if (type.id == SB_TYPE_DECIMAL128) {
        kernels = is_abs ? &sb_kernels_decimal_abs : &sb_kernels_decimal_sign;
        type = is_abs ? type : sb_type_decimal(1, 0);
    } else {
        kernels = sb_kernels_integer_function(is_abs ? SB_INTEGER_ABS : SB_INTEGER_SIGN,
                                              sb_physical_of(&type));
        if (kernels->vectors == NULL) { // unsigned
            *out = arguments[0];
            return SB_OK;
        }
    }
    return bind_1(binder, name, kernels, &type, 0, arguments[0], out);
}

static enum sb_status resolve_float_test(struct sb_binder *binder, const struct sb_expr *expr,
                                         const struct sb_bound_node **arguments,
                                         const struct sb_bound_node **out)
{
    const enum sb_float_test test = (enum sb_float_test)expr->function->detail;
    const struct sb_type boolean = sb_type_of(SB_TYPE_BOOL);
    const struct sb_kernel_set *kernels;

    SB_TRY_RETURN(check_number(binder, expr->function->name, &arguments[0]));
    if (sb_type_is_float(arguments[0]->type.id)) {
        kernels = sb_kernels_float_test(test, arguments[0]->type.id == SB_TYPE_FLOAT64);
    } else { // of all others every value is finite
        kernels =
            sb_kernel_table()->logic(test == SB_FLOAT_IS_FINITE ? SB_LOGIC_TRUE : SB_LOGIC_FALSE);
    }
    return bind_1(binder, expr->function->name, kernels, &boolean, 0, arguments[0], out);
}

#define WITH_1(function_name, hook, kind, sentence, arguments, outcome)                            \
    {                                                                                              \
        .name = function_name,                                                                     \
        .argument_min = 1,                                                                         \
        .argument_max = 1,                                                                         \
        .signature = "number",                                                                     \
        .summary = sentence,                                                                       \
        .example = arguments,                                                                      \
        .result = outcome,                                                                         \
        .resolve = hook,                                                                           \
        .detail = kind,                                                                            \
    }
#define WITH_2(function_name, kind, names, sentence, arguments, outcome)                           \
    {                                                                                              \
        .name = function_name,                                                                     \
        .argument_min = 2,                                                                         \
        .argument_max = 2,                                                                         \
        .signature = names,                                                                        \
        .summary = sentence,                                                                       \
        .example = arguments,                                                                      \
        .result = outcome,                                                                         \
        .resolve = resolve_math,                                                                   \
        .detail = kind,                                                                            \
    }

static const struct sb_function functions[] = {
    WITH_1("abs", resolve_abs, SB_ROUNDING_ABS,
           "The size of the number, in its type. Of the least integer of a type it is an error.",
           "[-7]", "7"),
    WITH_1(
        "sign", resolve_abs, SB_ROUNDING_SIGN,
        "1, 0 or -1 in the type of the number, decimal128(1, 0) of decimals. Zeros and NaN stay.",
        "[-2.5]", "-1.0"),
    WITH_1(
        "floor", resolve_whole, SB_ROUNDING_FLOOR,
        "The nearest whole number that is not above; a decimal loses its scale, other types stay.",
        "[-2.5]", "-3.0"),
    WITH_1(
        "ceil", resolve_whole, SB_ROUNDING_CEIL,
        "The nearest whole number that is not below; a decimal loses its scale, other types stay.",
        "[-2.5]", "-2.0"),
    WITH_1("trunc", resolve_whole, SB_ROUNDING_TRUNC,
           "The number without what is behind the point; a decimal loses its scale, other types "
           "stay.",
           "[-2.5]", "-2.0"),
    {
        .name = "round",
        .argument_min = 1,
        .argument_max = 2,
        .signature = "number, digits (a literal)",
        .summary = "Rounded to that many digits behind the point (below zero: before it; without: "
                   "0), half away from zero. A decimal has the scale of the digits, other types "
                   "stay. Floats are computed as round(x * 10^digits) / 10^digits.",
        .example = "[{'lit': '-2.345', 'type': 'decimal128(5, 3)'}, 2]",
        .result = "-2.35",
        .resolve = resolve_round,
        .detail = SB_ROUNDING_ROUND,
    },
    WITH_1("sqrt", resolve_sqrt, 0, "The square root as float64; NaN below zero.", "[9]", "3.0"),
    WITH_1("cbrt", resolve_math, SB_MATH_CBRT, "The cube root as float64.", "[8]", "2.0"),
    WITH_1("exp", resolve_math, SB_MATH_EXP, "e to the power of the number, as float64.", "[0]",
           "1.0"),
    WITH_1("ln", resolve_math, SB_MATH_LN,
           "The natural logarithm as float64; -inf of 0, NaN below.", "[1]", "0.0"),
    WITH_1("log10", resolve_math, SB_MATH_LOG10,
           "The logarithm to base 10 as float64; -inf of 0, NaN below.", "[1000]", "3.0"),
    WITH_1("log2", resolve_math, SB_MATH_LOG2,
           "The logarithm to base 2 as float64; -inf of 0, NaN below.", "[8]", "3.0"),
    WITH_2("log", SB_MATH_LOG, "number, base", "ln(number) / ln(base), as float64.", "[8, 2]",
           "3.0"),
    WITH_2("power", SB_MATH_POWER, "number, exponent",
           "The number to the power of the exponent, as float64.", "[2, 10]", "1024.0"),
    WITH_1("sin", resolve_math, SB_MATH_SIN, "The sine of an angle in radians, as float64.", "[0]",
           "0.0"),
    WITH_1("cos", resolve_math, SB_MATH_COS, "The cosine of an angle in radians, as float64.",
           "[0]", "1.0"),
    WITH_1("tan", resolve_math, SB_MATH_TAN, "The tangent of an angle in radians, as float64.",
           "[0]", "0.0"),
    WITH_1("asin", resolve_math, SB_MATH_ASIN,
           "The angle in radians whose sine it is; NaN outside of -1 to 1.", "[0]", "0.0"),
    WITH_1("acos", resolve_math, SB_MATH_ACOS,
           "The angle in radians whose cosine it is; NaN outside of -1 to 1.", "[1]", "0.0"),
    WITH_1("atan", resolve_math, SB_MATH_ATAN, "The angle in radians whose tangent it is.", "[0]",
           "0.0"),
    WITH_2("atan2", SB_MATH_ATAN2, "y, x",
           "The angle in radians from the x axis to the point (x, y).", "[0, 1]", "0.0"),
    WITH_1("degrees", resolve_math, SB_MATH_DEGREES, "An angle in radians in degrees.",
           "[3.141592653589793]", "180.0"),
    WITH_1("radians", resolve_math, SB_MATH_RADIANS, "An angle in degrees in radians.", "[180]",
           "3.141592653589793"),
    WITH_1("is_nan", resolve_float_test, SB_FLOAT_IS_NAN, "Whether the number is NaN.",
           "[{'lit': 'NaN', 'type': 'float64'}]", "true"),
    WITH_1("is_finite", resolve_float_test, SB_FLOAT_IS_FINITE,
           "Whether the number is neither NaN nor infinite.",
           "[{'lit': '-inf', 'type': 'float64'}]", "false"),
    WITH_1("is_infinite", resolve_float_test, SB_FLOAT_IS_INFINITE,
           "Whether the number is infinite.", "[{'lit': '-inf', 'type': 'float64'}]", "true"),
};

const struct sb_function_list sb_functions_math = SB_FUNCTION_LIST("Numbers", functions);
