// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_decimal_rounding.c - decimals with fewer digits behind the point; their abs and sign.
 */
#include "expr/decimal.h"
#include "expr/kernel_loops.h"
#include "expr/kernels_math.h"
#include "expr/tree.h"

/* `value` without its last `shift` digits (1..38 of them). */
static inline sb_int128 digits_cut(enum sb_decimal_rounding rounding, sb_int128 value,
                                   sb_int128 power)
{
    const sb_int128 whole = value / power;
    const sb_int128 rest = value % power;
    const sb_int128 size = rest < 0 ? -rest : rest;

    switch (rounding) {
    case SB_DECIMAL_ROUND:
        return whole + (size >= power - size ? (value < 0 ? -1 : 1) : 0);
    case SB_DECIMAL_FLOOR:
        return whole - (rest < 0);
    case SB_DECIMAL_CEIL:
        return whole + (rest > 0);
    default:
        return whole;
    }
}

static enum sb_status rounding_report(struct sb_kernel_call *call, sb_int128 value)
{
    char text[SB_DECIMAL_TEXT_SIZE];
    char type[SB_TYPE_NAME_SIZE];

    sb_decimal_format(value, call->node->arguments[0]->type.scale, text);
    return sb_error_set(call->err, SB_FAILED, "%s: overflow: %s in %s", call->node->name, text,
                        sb_type_name(&call->node->type, type, sizeof type));
}

static inline enum sb_status rounding_rows(struct sb_kernel_call *call,
                                           enum sb_decimal_rounding rounding)
{
    const sb_int128 *restrict a = sb_kernel_argument(call, 0)->values;
    sb_int128 *restrict out = call->out;
    const struct sb_type *type = &call->node->type;
    const int32_t shift = (int32_t)call->node->parameter;
    // zeros that come back: the digits cut were more than those behind the point
    const int32_t back = shift - (call->node->arguments[0]->type.scale - type->scale);
    const bool has_digits = shift <= SB_DECIMAL_DIGITS;
    const sb_int128 power = sb_decimal_power(has_digits ? shift : SB_DECIMAL_DIGITS);
    const sb_int128 zeros = sb_decimal_power(back <= SB_DECIMAL_DIGITS ? back : SB_DECIMAL_DIGITS);
    const sb_int128 limit = sb_decimal_power(type->precision);

    for (int32_t i = 0; i < call->count; i++) {
        sb_int128 value = has_digits ? digits_cut(rounding, a[i], power) : 0;
        if (back > 0 && !sb_int128_multiply(value, zeros, &value)) {
            value = limit;
        }
        out[i] = value;
        if (sb_unlikely(!sb_decimal_fits(value, limit)) && sb_kernel_counts(call, i)) {
            return rounding_report(call, a[i]);
        }
    }
    return SB_OK;
}

#define ROUNDING(name, KIND)                                                                       \
    static enum sb_status name(struct sb_kernel_call *call)                                        \
    {                                                                                              \
        return rounding_rows(call, KIND);                                                          \
    }

ROUNDING(round_rows, SB_DECIMAL_ROUND)
ROUNDING(floor_rows, SB_DECIMAL_FLOOR)
ROUNDING(ceil_rows, SB_DECIMAL_CEIL)
ROUNDING(trunc_rows, SB_DECIMAL_TRUNC)

const struct sb_kernel_set *sb_kernels_decimal_rounding(enum sb_decimal_rounding rounding)
{
    static const struct sb_kernel_set kernels[SB_DECIMAL_ROUNDING_COUNT] = {
        [SB_DECIMAL_ROUND] = {.vectors = round_rows, .may_fail = true},
        [SB_DECIMAL_FLOOR] = {.vectors = floor_rows, .may_fail = true},
        [SB_DECIMAL_CEIL] = {.vectors = ceil_rows, .may_fail = true},
        [SB_DECIMAL_TRUNC] = {.vectors = trunc_rows, .may_fail = true},
    };

    return &kernels[rounding];
}

SB_LOOP_1(abs_rows, sb_int128, sb_int128,
          out[i] = (sb_int128)(x < 0 ? 0 - (sb_uint128)x : (sb_uint128)x))
SB_LOOP_1(sign_rows, sb_int128, sb_int128, out[i] = (x > 0) - (x < 0))

const struct sb_kernel_set sb_kernels_decimal_abs = {.vectors = abs_rows};
const struct sb_kernel_set sb_kernels_decimal_sign = {.vectors = sign_rows};
