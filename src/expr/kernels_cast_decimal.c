// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_cast_decimal.c - decimals from and to integers, booleans, floats and other decimals.
 *
 * Towards fewer digits behind the point a decimal is rounded half away from zero; towards an
 * integer it loses its fraction. A value with more digits than the precision fails. For
 * comparison only there is a form that saturates instead.
 */
#include <string.h>

#include "expr/cast_failure.h"
#include "expr/decimal.h"
#include "expr/kernel_loops.h"
#include "expr/kernels.h"
#include "expr/tree.h"

static const char does_not_fit[] = "does not fit";

/* The nearest of the two ends of 128 bits. */
static sb_int128 saturated(sb_int128 value)
{
    const sb_int128 greatest = (sb_int128)(~(sb_uint128)0 >> 1);

    return value < 0 ? -greatest - 1 : greatest;
}

/* Digits behind the point that the argument has. */
static int32_t argument_scale(const struct sb_kernel_call *call)
{
    const struct sb_type *type = &call->node->arguments[0]->type;

    return type->id == SB_TYPE_DECIMAL128 ? type->scale : 0;
}

#define EXACT_TO_DECIMAL(name, F)                                                                  \
    static enum sb_status name##_to_decimal(struct sb_kernel_call *call)                           \
    {                                                                                              \
        const F *a = sb_kernel_argument(call, 0)->values;                                          \
        sb_int128 *out = call->out;                                                                \
        const struct sb_type *type = &call->node->type;                                            \
        const sb_int128 limit = sb_decimal_power(type->precision);                                 \
        const int32_t shift = type->scale - argument_scale(call);                                  \
        const bool is_short = shift >= 0 && shift <= 18;                                           \
        const int64_t factor = is_short ? (int64_t)sb_decimal_power(shift) : 1;                    \
        for (int32_t i = 0; i < call->count; i++) {                                                \
            const sb_int128 x = (sb_int128)a[i];                                                   \
            bool is_ok = true;                                                                     \
            if (is_short && (int64_t)x == x) {                                                     \
                out[i] = (sb_int128)(int64_t)x * factor;                                           \
            } else {                                                                               \
                is_ok = sb_decimal_rescale(x, shift, &out[i]);                                     \
            }                                                                                      \
            if (sb_unlikely(!is_ok || !sb_decimal_fits(out[i], limit))) {                          \
                out[i] = 0;                                                                        \
                SB_TRY_RETURN(sb_cast_row_failed(call, i, does_not_fit));                          \
            }                                                                                      \
        }                                                                                          \
        return SB_OK;                                                                              \
    }                                                                                              \
    static enum sb_status name##_to_decimal_saturated(struct sb_kernel_call *call)                 \
    {                                                                                              \
        const F *a = sb_kernel_argument(call, 0)->values;                                          \
        sb_int128 *out = call->out;                                                                \
        const int32_t shift = call->node->type.scale - argument_scale(call);                       \
        for (int32_t i = 0; i < call->count; i++) {                                                \
            if (!sb_decimal_rescale((sb_int128)a[i], shift, &out[i])) {                            \
                out[i] = saturated((sb_int128)a[i]);                                               \
            }                                                                                      \
        }                                                                                          \
        return SB_OK;                                                                              \
    }

EXACT_TO_DECIMAL(i8, int8_t)
EXACT_TO_DECIMAL(i16, int16_t)
EXACT_TO_DECIMAL(i32, int32_t)
EXACT_TO_DECIMAL(i64, int64_t)
EXACT_TO_DECIMAL(u8, uint8_t)
EXACT_TO_DECIMAL(u16, uint16_t)
EXACT_TO_DECIMAL(u32, uint32_t)
EXACT_TO_DECIMAL(u64, uint64_t)
EXACT_TO_DECIMAL(i128, sb_int128)

#define FLOAT_TO_DECIMAL(name, F)                                                                  \
    static enum sb_status name##_to_decimal(struct sb_kernel_call *call)                           \
    {                                                                                              \
        const F *a = sb_kernel_argument(call, 0)->values;                                          \
        sb_int128 *out = call->out;                                                                \
        const struct sb_type *type = &call->node->type;                                            \
        for (int32_t i = 0; i < call->count; i++) {                                                \
            if (!sb_decimal_from_double((double)a[i], type->precision, type->scale, &out[i])) {    \
                out[i] = 0;                                                                        \
                SB_TRY_RETURN(sb_cast_row_failed(call, i, does_not_fit));                          \
            }                                                                                      \
        }                                                                                          \
        return SB_OK;                                                                              \
    }

FLOAT_TO_DECIMAL(f32, float)
FLOAT_TO_DECIMAL(f64, double)

/* The whole part; false when even that is too long (a negative scale). */
static inline bool whole_part(sb_int128 value, int32_t scale, sb_int128 *out)
{
    if (scale <= 0) {
        return sb_decimal_rescale(value, -scale, out);
    }
    *out = value / sb_decimal_power(scale);
    return true;
}

#define DECIMAL_TO_INTEGER(name, T)                                                                \
    static enum sb_status decimal_to_##name(struct sb_kernel_call *call)                           \
    {                                                                                              \
        const sb_int128 *a = sb_kernel_argument(call, 0)->values;                                  \
        const int32_t scale = argument_scale(call);                                                \
        T *out = call->out;                                                                        \
        for (int32_t i = 0; i < call->count; i++) {                                                \
            sb_int128 whole;                                                                       \
            const bool is_whole = whole_part(a[i], scale, &whole);                                 \
            out[i] = (T)whole;                                                                     \
            if (sb_unlikely(!is_whole || (sb_int128)out[i] != whole)) {                            \
                SB_TRY_RETURN(sb_cast_row_failed(call, i, does_not_fit));                          \
            }                                                                                      \
        }                                                                                          \
        return SB_OK;                                                                              \
    }

DECIMAL_TO_INTEGER(i8, int8_t)
DECIMAL_TO_INTEGER(i16, int16_t)
DECIMAL_TO_INTEGER(i32, int32_t)
DECIMAL_TO_INTEGER(i64, int64_t)
DECIMAL_TO_INTEGER(u8, uint8_t)
DECIMAL_TO_INTEGER(u16, uint16_t)
DECIMAL_TO_INTEGER(u32, uint32_t)
DECIMAL_TO_INTEGER(u64, uint64_t)

SB_LOOP_1(decimal_to_bool, sb_int128, uint8_t, out[i] = x != 0)

static enum sb_status decimal_to_f64(struct sb_kernel_call *call)
{
    const sb_int128 *a = sb_kernel_argument(call, 0)->values;
    const int32_t scale = argument_scale(call);
    double *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        out[i] = sb_decimal_to_double(a[i], scale);
    }
    return SB_OK;
}

static enum sb_status decimal_to_f32(struct sb_kernel_call *call)
{
    const sb_int128 *a = sb_kernel_argument(call, 0)->values;
    const int32_t scale = argument_scale(call);
    float *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        out[i] = (float)sb_decimal_to_double(a[i], scale);
    }
    return SB_OK;
}

static const struct sb_kernel_set to_decimal[SB_PHYSICAL_COUNT] = {
    [SB_PHYSICAL_BOOL] = {.vectors = u8_to_decimal, .may_fail = true},
    [SB_PHYSICAL_I8] = {.vectors = i8_to_decimal, .may_fail = true},
    [SB_PHYSICAL_I16] = {.vectors = i16_to_decimal, .may_fail = true},
    [SB_PHYSICAL_I32] = {.vectors = i32_to_decimal, .may_fail = true},
    [SB_PHYSICAL_I64] = {.vectors = i64_to_decimal, .may_fail = true},
    [SB_PHYSICAL_U8] = {.vectors = u8_to_decimal, .may_fail = true},
    [SB_PHYSICAL_U16] = {.vectors = u16_to_decimal, .may_fail = true},
    [SB_PHYSICAL_U32] = {.vectors = u32_to_decimal, .may_fail = true},
    [SB_PHYSICAL_U64] = {.vectors = u64_to_decimal, .may_fail = true},
    [SB_PHYSICAL_F32] = {.vectors = f32_to_decimal, .may_fail = true},
    [SB_PHYSICAL_F64] = {.vectors = f64_to_decimal, .may_fail = true},
    [SB_PHYSICAL_I128] = {.vectors = i128_to_decimal, .may_fail = true},
};

static const struct sb_kernel_set to_decimal_saturated[SB_PHYSICAL_COUNT] = {
    [SB_PHYSICAL_I8] = {.vectors = i8_to_decimal_saturated},
    [SB_PHYSICAL_I16] = {.vectors = i16_to_decimal_saturated},
    [SB_PHYSICAL_I32] = {.vectors = i32_to_decimal_saturated},
    [SB_PHYSICAL_I64] = {.vectors = i64_to_decimal_saturated},
    [SB_PHYSICAL_U8] = {.vectors = u8_to_decimal_saturated},
    [SB_PHYSICAL_U16] = {.vectors = u16_to_decimal_saturated},
    [SB_PHYSICAL_U32] = {.vectors = u32_to_decimal_saturated},
    [SB_PHYSICAL_U64] = {.vectors = u64_to_decimal_saturated},
    [SB_PHYSICAL_I128] = {.vectors = i128_to_decimal_saturated},
};

static const struct sb_kernel_set from_decimal[SB_PHYSICAL_COUNT] = {
    [SB_PHYSICAL_BOOL] = {.vectors = decimal_to_bool},
    [SB_PHYSICAL_I8] = {.vectors = decimal_to_i8, .may_fail = true},
    [SB_PHYSICAL_I16] = {.vectors = decimal_to_i16, .may_fail = true},
    [SB_PHYSICAL_I32] = {.vectors = decimal_to_i32, .may_fail = true},
    [SB_PHYSICAL_I64] = {.vectors = decimal_to_i64, .may_fail = true},
    [SB_PHYSICAL_U8] = {.vectors = decimal_to_u8, .may_fail = true},
    [SB_PHYSICAL_U16] = {.vectors = decimal_to_u16, .may_fail = true},
    [SB_PHYSICAL_U32] = {.vectors = decimal_to_u32, .may_fail = true},
    [SB_PHYSICAL_U64] = {.vectors = decimal_to_u64, .may_fail = true},
    [SB_PHYSICAL_F32] = {.vectors = decimal_to_f32},
    [SB_PHYSICAL_F64] = {.vectors = decimal_to_f64},
};

const struct sb_kernel_set *sb_kernels_cast_decimal(const struct sb_type *from,
                                                    const struct sb_type *to,
                                                    enum sb_cast_mode mode)
{
    if (to->id != SB_TYPE_DECIMAL128) {
        return &from_decimal[sb_physical_of(to)];
    }
    return mode == SB_CAST_SATURATE ? &to_decimal_saturated[sb_physical_of(from)]
                                    : &to_decimal[sb_physical_of(from)];
}
