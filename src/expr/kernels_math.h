// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_math.h - kernels of the functions of numbers that no instruction set speeds up.
 */
#ifndef SABOT_EXPR_KERNELS_MATH_H
#define SABOT_EXPR_KERNELS_MATH_H

#include "expr/kernel.h"

/* Of one float64, then of two. */
enum sb_math {
    SB_MATH_CBRT,
    SB_MATH_EXP,
    SB_MATH_LN,
    SB_MATH_LOG10,
    SB_MATH_LOG2,
    SB_MATH_SIN,
    SB_MATH_COS,
    SB_MATH_TAN,
    SB_MATH_ASIN,
    SB_MATH_ACOS,
    SB_MATH_ATAN,
    SB_MATH_DEGREES,
    SB_MATH_RADIANS,
    SB_MATH_LOG, // of the first to the base of the second
    SB_MATH_POWER,
    SB_MATH_ATAN2,
};
enum { SB_MATH_COUNT = SB_MATH_ATAN2 + 1 };

const struct sb_kernel_set *sb_kernels_math(enum sb_math math);

/* What kind of number a float64 or float32 is; gives a boolean. */
enum sb_float_test {
    SB_FLOAT_IS_NAN,
    SB_FLOAT_IS_FINITE,
    SB_FLOAT_IS_INFINITE,
};

const struct sb_kernel_set *sb_kernels_float_test(enum sb_float_test test, bool is_double);

/* Of two integers of one type, which is the result's; a shift's second is an int64. */
enum sb_integer_operation {
    SB_INTEGER_FLOOR_DIVIDE,
    SB_INTEGER_AND,
    SB_INTEGER_OR,
    SB_INTEGER_XOR,
    SB_INTEGER_SHIFT_LEFT,
    SB_INTEGER_SHIFT_RIGHT,
};
enum { SB_INTEGER_OPERATION_COUNT = SB_INTEGER_SHIFT_RIGHT + 1 };

const struct sb_kernel_set *sb_kernels_integer(enum sb_integer_operation operation,
                                               enum sb_physical physical);

/* Of one integer. */
enum sb_integer_function {
    SB_INTEGER_ABS,
    SB_INTEGER_SIGN,
    SB_INTEGER_NOT,
};
enum { SB_INTEGER_FUNCTION_COUNT = SB_INTEGER_NOT + 1 };

const struct sb_kernel_set *sb_kernels_integer_function(enum sb_integer_function function,
                                                        enum sb_physical physical);

/*
 * Rounds to `parameter` digits behind the point (below zero: before it), half away from zero:
 * floats. NULL for others.
 */
const struct sb_kernel_set *sb_kernels_round_digits(enum sb_physical physical);

/* How a decimal loses digits. */
enum sb_decimal_rounding {
    SB_DECIMAL_ROUND, // half away from zero
    SB_DECIMAL_FLOOR,
    SB_DECIMAL_CEIL,
    SB_DECIMAL_TRUNC,
};
enum { SB_DECIMAL_ROUNDING_COUNT = SB_DECIMAL_TRUNC + 1 };

/*
 * `parameter` digits are cut off; the result has the scale of its type, below which zeros are put
 * back. Overflow of the precision is an error.
 */
const struct sb_kernel_set *sb_kernels_decimal_rounding(enum sb_decimal_rounding rounding);

/* abs and sign (a decimal128(1, 0)) of decimals. */
extern const struct sb_kernel_set sb_kernels_decimal_abs;
extern const struct sb_kernel_set sb_kernels_decimal_sign;

#endif
