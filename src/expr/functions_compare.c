// SPDX-License-Identifier: Apache-2.0
/*
 * functions_compare.c - the six comparisons: what may be compared, and in which type.
 *
 * A constant is placed among the values of the other side's type, so that a column is never
 * converted to meet a literal. Two columns meet in a type that holds both exactly; where there is
 * none (int64 with uint64 or float64) a kernel compares the two as they are.
 */
#include "expr/functions.h"
#include "expr/kernels.h"
#include "expr/type_rules.h"

enum operator {
    OPERATOR_EQUAL,
    OPERATOR_NOT_EQUAL,
    OPERATOR_LESS,
    OPERATOR_LESS_EQUAL,
    OPERATOR_GREATER,
    OPERATOR_GREATER_EQUAL,
};

/* The operator with its sides exchanged. */
static enum operator mirrored(enum operator operator)
{
    static const enum operator mirror[] = {
        [OPERATOR_EQUAL] = OPERATOR_EQUAL,  [OPERATOR_NOT_EQUAL] = OPERATOR_NOT_EQUAL,
        [OPERATOR_LESS] = OPERATOR_GREATER, [OPERATOR_LESS_EQUAL] = OPERATOR_GREATER_EQUAL,
        [OPERATOR_GREATER] = OPERATOR_LESS, [OPERATOR_GREATER_EQUAL] = OPERATOR_LESS_EQUAL,
    };

    return mirror[operator];
}

/* The call, of arguments whose physical types have a kernel: `greater` is `less` mirrored. */
static enum sb_status compare(struct sb_binder *binder, const char *name, enum operator operator,
                              const struct sb_bound_node *left, const struct sb_bound_node *right,
                              const struct sb_bound_node **out)
{
    const struct sb_bound_node *arguments[2] = {left, right};
    enum sb_physical a = sb_physical_of(&left->type);
    enum sb_physical b = sb_physical_of(&right->type);
    enum sb_comparison comparison;
    struct sb_call_options options = {
        .name = name,
        .type = sb_type_of(SB_TYPE_BOOL),
        .argument_count = 2,
        .arguments = arguments,
    };

    if (operator == OPERATOR_GREATER || operator == OPERATOR_GREATER_EQUAL) {
        return compare(binder, name, mirrored(operator), right, left, out);
    }
    comparison = (enum sb_comparison)operator;
    options.kernels = a == b ? sb_kernel_table()->compare(comparison, a)
                             : sb_kernel_table()->compare_mixed(comparison, a, b);
    sb_assert(options.kernels != NULL);
    return sb_bind_call(binder, &options, out);
}

static_assert((int)OPERATOR_LESS_EQUAL == (int)SB_COMPARE_LESS_EQUAL,
              "the first four operators have kernels of the same number");

/* The same answer for every row that is not null. */
static enum sb_status always(struct sb_binder *binder, const char *name, bool truth,
                             const struct sb_bound_node *argument, const struct sb_bound_node **out)
{
    return sb_bind_call(
        binder,
        &(struct sb_call_options){
            .name = name,
            .type = sb_type_of(SB_TYPE_BOOL),
            .kernels = sb_kernel_table()->logic(truth ? SB_LOGIC_TRUE : SB_LOGIC_FALSE),
            .argument_count = 1,
            .arguments = &argument,
        },
        out);
}

static enum sb_status compare_placed(struct sb_binder *binder, const char *name,
                                     enum operator operator, const struct sb_bound_node *node,
                                     enum sb_relation relation, const struct sb_scalar *scalar,
                                     const struct sb_bound_node **out)
{
    const bool is_upward = operator == OPERATOR_GREATER || operator == OPERATOR_GREATER_EQUAL;
    const struct sb_bound_node *constant;

    if (relation != SB_RELATION_EXACT) {
        if (operator == OPERATOR_EQUAL || operator == OPERATOR_NOT_EQUAL) {
            return always(binder, name, operator == OPERATOR_NOT_EQUAL, node, out);
        }
        if (relation != SB_RELATION_BETWEEN) {
            return always(binder, name, is_upward == (relation == SB_RELATION_BELOW), node, out);
        }
        // the neighbour below the constant is the last that is less
        operator = is_upward ? OPERATOR_GREATER : OPERATOR_LESS_EQUAL;
    }
    SB_TRY_RETURN(sb_bind_constant(binder, scalar, &constant));
    return compare(binder, name, operator, node, constant, out);
}

/* Both sides as int128: the common scale, saturated where a side leaves it. */
static enum sb_status compare_decimals(struct sb_binder *binder, const char *name,
                                       enum operator operator,
                                       const struct sb_bound_node **arguments,
                                       const struct sb_bound_node **out)
{
    int32_t scale = 0;

    for (int32_t i = 0; i < 2; i++) {
        const struct sb_type type = sb_type_as_decimal(&arguments[i]->type);
        scale = type.scale > scale ? type.scale : scale;
        SB_TRY_RETURN(
            sb_bind_cast(binder, arguments[i], &type, name, SB_CAST_SATURATE, &arguments[i]));
    }
    for (int32_t i = 0; i < 2; i++) {
        const struct sb_type type = sb_type_decimal(38, scale);
        SB_TRY_RETURN(
            sb_bind_cast(binder, arguments[i], &type, name, SB_CAST_SATURATE, &arguments[i]));
    }
    return compare(binder, name, operator, arguments[0], arguments[1], out);
}

/* Timestamps of two units: counts of the finer one in 128 bits, which hold them all. */
static enum sb_status compare_timestamps(struct sb_binder *binder, const char *name,
                                         enum operator operator,
                                         const struct sb_bound_node **arguments,
                                         const struct sb_bound_node **out)
{
    const enum sb_time_unit left = arguments[0]->type.unit;
    const enum sb_time_unit right = arguments[1]->type.unit;
    const int32_t digits_finer[2] = {
        left < right ? 3 * (int32_t)(right - left) : 0,
        right < left ? 3 * (int32_t)(left - right) : 0,
    };

    for (int32_t i = 0; i < 2 && left != right; i++) {
        const struct sb_type count = sb_type_of(SB_TYPE_INT64);
        const struct sb_type wide = sb_type_decimal(19 + digits_finer[i], digits_finer[i]);
        SB_TRY_RETURN(
            sb_bind_cast(binder, arguments[i], &count, name, SB_CAST_STRICT, &arguments[i]));
        SB_TRY_RETURN(
            sb_bind_cast(binder, arguments[i], &wide, name, SB_CAST_SATURATE, &arguments[i]));
    }
    return compare(binder, name, operator, arguments[0], arguments[1], out);
}

/* Integers and floats. Narrow ones are widened; 64-bit ones of two kinds stay as they are. */
static enum sb_status compare_numbers(struct sb_binder *binder, const char *name,
                                      enum operator operator,
                                      const struct sb_bound_node **arguments,
                                      const struct sb_bound_node **out)
{
    const bool has_float =
        sb_type_is_float(arguments[0]->type.id) || sb_type_is_float(arguments[1]->type.id);
    struct sb_type common;
    const bool is_common = sb_type_common_number(&arguments[0]->type, &arguments[1]->type, &common);

    for (int32_t i = 0; i < 2; i++) {
        const enum sb_type_id id = arguments[i]->type.id;
        struct sb_type type = common;
        if (sb_type_is_integer(id) && has_float && sb_type_width(id) == 8) {
            continue;
        }
        if (!is_common) { // uint64 and something signed
            type = sb_type_of(sb_type_is_signed(id) ? SB_TYPE_INT64 : SB_TYPE_UINT64);
        }
        SB_TRY_RETURN(
            sb_bind_cast(binder, arguments[i], &type, name, SB_CAST_STRICT, &arguments[i]));
    }
    return compare(binder, name, operator, arguments[0], arguments[1], out);
}

static enum sb_status compare_columns(struct sb_binder *binder, const char *name,
                                      enum operator operator,
                                      const struct sb_bound_node **arguments,
                                      const struct sb_bound_node **out)
{
    const struct sb_type *left = &arguments[0]->type;
    const struct sb_type *right = &arguments[1]->type;

    if (left->id == SB_TYPE_DECIMAL128 || right->id == SB_TYPE_DECIMAL128) {
        return compare_decimals(binder, name, operator, arguments, out);
    }
    if (sb_type_is_number(left)) {
        return compare_numbers(binder, name, operator, arguments, out);
    }
    if (left->id == SB_TYPE_TIMESTAMP) {
        return compare_timestamps(binder, name, operator, arguments, out);
    }
    for (int32_t i = 0; i < 2 && left->id != right->id && sb_type_is_temporal(left->id); i++) {
        const struct sb_type type = sb_type_of(SB_TYPE_DATE64);
        SB_TRY_RETURN(
            sb_bind_cast(binder, arguments[i], &type, name, SB_CAST_STRICT, &arguments[i]));
    }
    return compare(binder, name, operator, arguments[0], arguments[1], out);
}

static const char *refusal_hint(const struct sb_type *a, const struct sb_type *b)
{
    if (a->id == SB_TYPE_TIMESTAMP && b->id == SB_TYPE_TIMESTAMP) {
        return "one has a zone and the other has none; cast one of them";
    }
    if (sb_type_is_numeric(a) && sb_type_is_numeric(b)) {
        return "a decimal compares with decimals and integers; cast one of them";
    }
    if (sb_physical_of(a) == SB_PHYSICAL_ROW && sb_type_equal(a, b)) {
        return "values of this type are not compared in expressions";
    }
    return "they are of different kinds; cast one to the type of the other";
}

/* Times of day and durations: they meet in the finer unit. */
static bool are_spans(const struct sb_type *a, const struct sb_type *b)
{
    return (sb_type_is_clock(a->id) || a->id == SB_TYPE_DURATION) &&
           (sb_type_is_clock(b->id) || b->id == SB_TYPE_DURATION);
}

static enum sb_status resolve_compare(struct sb_binder *binder, const struct sb_expr *expr,
                                      const struct sb_bound_node **arguments,
                                      const struct sb_bound_node **out)
{
    const char *name = expr->function->name;
    enum operator operator = (enum operator)expr->function->detail;
    const struct sb_type boolean = sb_type_of(SB_TYPE_BOOL);
    bool is_possible;
    enum sb_relation relation;
    struct sb_scalar scalar;
    struct sb_type common;

    if (sb_bound_is_null(arguments[0]) || sb_bound_is_null(arguments[1])) {
        return sb_bind_null(binder, &boolean, out);
    }
    if (arguments[0]->kind == SB_BOUND_CONSTANT && arguments[1]->kind != SB_BOUND_CONSTANT) {
        const struct sb_bound_node *left = arguments[0];
        arguments[0] = arguments[1];
        arguments[1] = left;
        operator = mirrored(operator);
    }
    if (arguments[1]->kind == SB_BOUND_CONSTANT) {
        SB_TRY_RETURN(sb_bind_place(binder, arguments[1], &arguments[0]->type, name, &is_possible,
                                    &relation, &scalar));
        if (is_possible) {
            return compare_placed(binder, name, operator, arguments[0], relation, &scalar, out);
        }
    }
    if (are_spans(&arguments[0]->type, &arguments[1]->type) &&
        sb_type_common(&arguments[0]->type, &arguments[1]->type, &common)) {
        for (int32_t i = 0; i < 2; i++) {
            SB_TRY_RETURN(
                sb_bind_cast(binder, arguments[i], &common, name, SB_CAST_STRICT, &arguments[i]));
        }
        return compare(binder, name, operator, arguments[0], arguments[1], out);
    }
    if (!sb_type_is_comparable(&arguments[0]->type, &arguments[1]->type)) {
        return sb_bind_refuse(binder, name, arguments, 2,
                              refusal_hint(&arguments[0]->type, &arguments[1]->type));
    }
    return compare_columns(binder, name, operator, arguments, out);
}

#define COMPARISON(function_name, sign, operator, sentence, arguments, truth)                      \
    {                                                                                              \
        .name = function_name,                                                                     \
        .infix = sign,                                                                             \
        .precedence = SB_PRECEDENCE_COMPARE,                                                       \
        .argument_min = 2,                                                                         \
        .argument_max = 2,                                                                         \
        .signature = "a, b of one kind",                                                           \
        .summary = sentence,                                                                       \
        .example = arguments,                                                                      \
        .result = truth,                                                                           \
        .resolve = resolve_compare,                                                                \
        .detail = operator,                                                                        \
    }

static const struct sb_function functions[] = {
    COMPARISON("equal", " == ", OPERATOR_EQUAL, "Whether both are the same value.",
               "[{'lit': 'NaN', 'type': 'float64'}, {'lit': 'NaN', 'type': 'float64'}]", "true"),
    COMPARISON("not_equal", " != ", OPERATOR_NOT_EQUAL, "Whether they are different values.",
               "['a', 'A']", "true"),
    COMPARISON("less", " < ", OPERATOR_LESS, "Whether the first is below the second.", "[2, 2.5]",
               "true"),
    COMPARISON("less_equal", " <= ", OPERATOR_LESS_EQUAL, "Whether the first is not above.",
               "[2, 2]", "true"),
    COMPARISON("greater", " > ", OPERATOR_GREATER, "Whether the first is above the second.",
               "[{'lit': 'NaN', 'type': 'float64'}, 1e308]", "true"),
    COMPARISON("greater_equal", " >= ", OPERATOR_GREATER_EQUAL, "Whether the first is not below.",
               "[{'lit': 19782, 'type': 'date32'}, '2024-02-29']", "true"),
};

const struct sb_function_list sb_functions_compare = SB_FUNCTION_LIST("Comparison", functions);
