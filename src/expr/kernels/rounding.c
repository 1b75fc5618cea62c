// SPDX-License-Identifier: Apache-2.0
/*
 * rounding.c - functions of one float that are a few instructions: roundings, abs, sign, sqrt.
 */
#include <math.h>

#include "expr/kernel_loops.h"
#include "expr/kernels/target.h"

/* Half away from zero; the difference is exact, so 0.49999999999999994 stays below. */
static inline double round_away(double x)
{
    const double whole = trunc(x);

    return fabs(x - whole) >= 0.5 ? whole + copysign(1.0, x) : whole;
}

#define ROUNDING(name, T, ROW) SB_LOOP_1(name, T, T, out[i] = (T)(ROW))

/* NaN and the zeros stay. */
#define SIGN(x) ((x) > 0 ? 1 : (x) < 0 ? -1 : (x))

ROUNDING(floor_f32, float, floorf(x))
ROUNDING(floor_f64, double, floor(x))
ROUNDING(ceil_f32, float, ceilf(x))
ROUNDING(ceil_f64, double, ceil(x))
ROUNDING(trunc_f32, float, truncf(x))
ROUNDING(trunc_f64, double, trunc(x))
ROUNDING(round_f32, float, round_away((double)x))
ROUNDING(round_f64, double, round_away(x))
ROUNDING(abs_f32, float, fabsf(x))
ROUNDING(abs_f64, double, fabs(x))
ROUNDING(sign_f32, float, SIGN(x))
ROUNDING(sign_f64, double, SIGN(x))
ROUNDING(sqrt_f64, double, sqrt(x))

const struct sb_kernel_set *kernels_rounding(enum sb_rounding rounding, bool is_double)
{
    static const struct sb_kernel_set kernels[SB_ROUNDING_COUNT][2] = {
        [SB_ROUNDING_FLOOR] = {{.vectors = floor_f32}, {.vectors = floor_f64}},
        [SB_ROUNDING_CEIL] = {{.vectors = ceil_f32}, {.vectors = ceil_f64}},
        [SB_ROUNDING_TRUNC] = {{.vectors = trunc_f32}, {.vectors = trunc_f64}},
        [SB_ROUNDING_ROUND] = {{.vectors = round_f32}, {.vectors = round_f64}},
        [SB_ROUNDING_ABS] = {{.vectors = abs_f32}, {.vectors = abs_f64}},
        [SB_ROUNDING_SIGN] = {{.vectors = sign_f32}, {.vectors = sign_f64}},
        [SB_ROUNDING_SQRT] = {{.vectors = NULL}, {.vectors = sqrt_f64}},
    };

    return &kernels[rounding][is_double];
}
