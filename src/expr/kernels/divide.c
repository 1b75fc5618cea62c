// SPDX-License-Identifier: Apache-2.0
/*
 * divide.c - divide of floats; modulo of integers and floats.
 *
 * Modulo takes the sign of the divisor, as in Python. An integer divisor of zero is an error;
 * float division and modulo by zero follow IEEE 754.
 */
#include <math.h>

#include "expr/decimal.h"
#include "expr/kernel_loops.h"
#include "expr/kernels/target.h"

SB_LOOPS_2(divide_f64, double, double, double, out[i] = x / y)

static inline double modulo_float(double x, double y)
{
    double rest = fmod(x, y);

    if (rest != 0) {
        return (rest < 0) != (y < 0) ? rest + y : rest;
    }
    return copysign(0.0, y);
}

static inline double modulo_one_f64(double x, double y)
{
    return y == 0 || y != y || x != x ? NAN : modulo_float(x, y);
}

static inline float modulo_one_f32(float x, float y)
{
    return (float)modulo_one_f64(x, y);
}

SB_LOOPS_2(modulo_f32, float, float, float, out[i] = modulo_one_f32(x, y))
SB_LOOPS_2(modulo_f64, double, double, double, out[i] = modulo_one_f64(x, y))

static enum sb_status modulo_by_zero(struct sb_kernel_call *call, const uint8_t *left,
                                     int32_t left_step, const uint8_t *right, int32_t right_step)
{
    const enum sb_physical physical = sb_physical_of(&call->node->type);
    const int32_t width = sb_physical_width(physical);

    for (int32_t i = 0; i < call->count; i++) {
        char text[SB_DECIMAL_TEXT_SIZE];
        if (!sb_kernel_counts(call, i) ||
            sb_value_integer(physical, right + (int64_t)i * right_step * width) != 0) {
            continue;
        }
        sb_decimal_format(sb_value_integer(physical, left + (int64_t)i * left_step * width), 0,
                          text);
        return sb_error_set(call->err, SB_FAILED, "%s: division by zero: %s %% 0", call->node->name,
                            text);
    }
    return SB_OK;
}

/* The divisor 0 is replaced by 1 and reported afterwards; -1 would trap on the least value. */
#define MODULO_LOOP(name, T, X, Y, STEP_A, STEP_B, IS_MINUS_ONE, ADJUST)                           \
    static enum sb_status name(struct sb_kernel_call *call)                                        \
    {                                                                                              \
        const T *restrict a = sb_kernel_argument(call, 0)->values;                                 \
        const T *restrict b = sb_kernel_argument(call, 1)->values;                                 \
        T *restrict out = call->out;                                                               \
        const int32_t count = call->count;                                                         \
        bool has_zero = false;                                                                     \
        for (int32_t i = 0; i < count; i++) {                                                      \
            const T x = X;                                                                         \
            const T y = Y;                                                                         \
            const T divisor = y == 0 || (IS_MINUS_ONE) ? 1 : y;                                    \
            const T rest = (T)(x % divisor);                                                       \
            has_zero |= y == 0;                                                                    \
            out[i] = (T)(ADJUST);                                                                  \
        }                                                                                          \
        return has_zero                                                                            \
                   ? modulo_by_zero(call, (const uint8_t *)a, STEP_A, (const uint8_t *)b, STEP_B)  \
                   : SB_OK;                                                                        \
    }

#define MODULO_TYPE(suffix, T, IS_MINUS_ONE, ADJUST)                                               \
    MODULO_LOOP(modulo_##suffix##_vectors, T, a[i], b[i], 1, 1, IS_MINUS_ONE, ADJUST)              \
    MODULO_LOOP(modulo_##suffix##_constant_right, T, a[i], b[0], 1, 0, IS_MINUS_ONE, ADJUST)       \
    MODULO_LOOP(modulo_##suffix##_constant_left, T, a[0], b[i], 0, 1, IS_MINUS_ONE, ADJUST)

#define SIGNED_MODULO(suffix, T)                                                                   \
    MODULO_TYPE(suffix, T, y == -1,                                                                \
                rest != 0 && (rest < 0) != (divisor < 0) ? rest + divisor : rest)
#define UNSIGNED_MODULO(suffix, T) MODULO_TYPE(suffix, T, false, rest)

SIGNED_MODULO(i8, int8_t)
SIGNED_MODULO(i16, int16_t)
SIGNED_MODULO(i32, int32_t)
SIGNED_MODULO(i64, int64_t)
UNSIGNED_MODULO(u8, uint8_t)
UNSIGNED_MODULO(u16, uint16_t)
UNSIGNED_MODULO(u32, uint32_t)
UNSIGNED_MODULO(u64, uint64_t)

static const struct sb_kernel_set modulo_kernels[SB_PHYSICAL_COUNT] = {
    [SB_PHYSICAL_I8] = {SB_SLOTS_2(modulo_i8), .may_fail = true},
    [SB_PHYSICAL_I16] = {SB_SLOTS_2(modulo_i16), .may_fail = true},
    [SB_PHYSICAL_I32] = {SB_SLOTS_2(modulo_i32), .may_fail = true},
    [SB_PHYSICAL_I64] = {SB_SLOTS_2(modulo_i64), .may_fail = true},
    [SB_PHYSICAL_U8] = {SB_SLOTS_2(modulo_u8), .may_fail = true},
    [SB_PHYSICAL_U16] = {SB_SLOTS_2(modulo_u16), .may_fail = true},
    [SB_PHYSICAL_U32] = {SB_SLOTS_2(modulo_u32), .may_fail = true},
    [SB_PHYSICAL_U64] = {SB_SLOTS_2(modulo_u64), .may_fail = true},
    [SB_PHYSICAL_F32] = {SB_SLOTS_2(modulo_f32)},
    [SB_PHYSICAL_F64] = {SB_SLOTS_2(modulo_f64)},
};

const struct sb_kernel_set *kernels_divide(enum sb_operation operation, enum sb_physical physical)
{
    static const struct sb_kernel_set divide = {SB_SLOTS_2(divide_f64)};

    if (operation == SB_ARITHMETIC_DIVIDE && physical == SB_PHYSICAL_F64) {
        return &divide;
    }
    if (operation == SB_ARITHMETIC_MODULO && modulo_kernels[physical].vectors != NULL) {
        return &modulo_kernels[physical];
    }
    return NULL;
}
