// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_math.c - logarithms, powers, angles; kinds of floats; rounding of floats to digits.
 *
 * What is outside of a function's domain gives what IEEE 754 says: NaN or an infinity. The C
 * library's results can differ in the last bit between its versions.
 */
#include "expr/kernels_math.h"

#include <math.h>

#include "expr/kernel_loops.h"
#include "expr/tree.h"

static const double degrees_per_radian = 57.29577951308232;
static const double radians_per_degree = 0.017453292519943295;

#define MATH_1(name, ROW) SB_LOOP_1(name, double, double, out[i] = ROW)
#define MATH_2(name, ROW) SB_LOOPS_2(name, double, double, double, out[i] = ROW)

MATH_1(cbrt_rows, cbrt(x))
MATH_1(exp_rows, exp(x))
MATH_1(ln_rows, log(x))
MATH_1(log10_rows, log10(x))
MATH_1(log2_rows, log2(x))
MATH_1(sin_rows, sin(x))
MATH_1(cos_rows, cos(x))
MATH_1(tan_rows, tan(x))
MATH_1(asin_rows, asin(x))
MATH_1(acos_rows, acos(x))
MATH_1(atan_rows, atan(x))
MATH_1(degrees_rows, x *degrees_per_radian)
MATH_1(radians_rows, x *radians_per_degree)
MATH_2(log_rows, log(x) / log(y))
MATH_2(power_rows, pow(x, y))
MATH_2(atan2_rows, atan2(x, y))

const struct sb_kernel_set *sb_kernels_math(enum sb_math math)
{
    static const struct sb_kernel_set kernels[SB_MATH_COUNT] = {
        [SB_MATH_CBRT] = {.vectors = cbrt_rows},
        [SB_MATH_EXP] = {.vectors = exp_rows},
        [SB_MATH_LN] = {.vectors = ln_rows},
        [SB_MATH_LOG10] = {.vectors = log10_rows},
        [SB_MATH_LOG2] = {.vectors = log2_rows},
        [SB_MATH_SIN] = {.vectors = sin_rows},
        [SB_MATH_COS] = {.vectors = cos_rows},
        [SB_MATH_TAN] = {.vectors = tan_rows},
        [SB_MATH_ASIN] = {.vectors = asin_rows},
        [SB_MATH_ACOS] = {.vectors = acos_rows},
        [SB_MATH_ATAN] = {.vectors = atan_rows},
        [SB_MATH_DEGREES] = {.vectors = degrees_rows},
        [SB_MATH_RADIANS] = {.vectors = radians_rows},
        [SB_MATH_LOG] = {SB_SLOTS_2(log_rows)},
        [SB_MATH_POWER] = {SB_SLOTS_2(power_rows)},
        [SB_MATH_ATAN2] = {SB_SLOTS_2(atan2_rows)},
    };

    return &kernels[math];
}

SB_LOOP_1(is_nan_f32, float, uint8_t, out[i] = isnan(x) != 0)
SB_LOOP_1(is_nan_f64, double, uint8_t, out[i] = isnan(x) != 0)
SB_LOOP_1(is_finite_f32, float, uint8_t, out[i] = isfinite(x) != 0)
SB_LOOP_1(is_finite_f64, double, uint8_t, out[i] = isfinite(x) != 0)
SB_LOOP_1(is_infinite_f32, float, uint8_t, out[i] = isinf(x) != 0)
SB_LOOP_1(is_infinite_f64, double, uint8_t, out[i] = isinf(x) != 0)

const struct sb_kernel_set *sb_kernels_float_test(enum sb_float_test test, bool is_double)
{
    static const struct sb_kernel_set kernels[][2] = {
        [SB_FLOAT_IS_NAN] = {{.vectors = is_nan_f32}, {.vectors = is_nan_f64}},
        [SB_FLOAT_IS_FINITE] = {{.vectors = is_finite_f32}, {.vectors = is_finite_f64}},
        [SB_FLOAT_IS_INFINITE] = {{.vectors = is_infinite_f32}, {.vectors = is_infinite_f64}},
    };

    return &kernels[test][is_double];
}

/* Where the scaled value is out of range there are no digits to lose, or none left. */
static inline double round_to(double x, double factor, bool is_before_point)
{
    const double scaled = is_before_point ? x / factor : x * factor;

    if (!isfinite(scaled) || !isfinite(factor)) {
        return is_before_point && isfinite(x) ? copysign(0.0, x) : x;
    }
    return is_before_point ? round(scaled) * factor : round(scaled) / factor;
}

#define ROUND_DIGITS(name, T)                                                                      \
    static enum sb_status name(struct sb_kernel_call *call)                                        \
    {                                                                                              \
        const T *restrict a = sb_kernel_argument(call, 0)->values;                                 \
        T *restrict out = call->out;                                                               \
        const int64_t digits = call->node->parameter;                                              \
        const double factor = pow(10.0, (double)(digits < 0 ? -digits : digits));                  \
        for (int32_t i = 0; i < call->count; i++) {                                                \
            out[i] = (T)round_to((double)a[i], factor, digits < 0);                                \
        }                                                                                          \
        return SB_OK;                                                                              \
    }

ROUND_DIGITS(round_digits_f32, float)
ROUND_DIGITS(round_digits_f64, double)

const struct sb_kernel_set *sb_kernels_round_digits(enum sb_physical physical)
{
    static const struct sb_kernel_set single = {.vectors = round_digits_f32};
    static const struct sb_kernel_set two = {.vectors = round_digits_f64};

    return physical == SB_PHYSICAL_F32 ? &single : physical == SB_PHYSICAL_F64 ? &two : NULL;
}
