// SPDX-License-Identifier: Apache-2.0
/*
 * decimal.h - 128-bit integers as decimals: powers of ten, scaling, division, text.
 *
 * A decimal128(p, s) is an integer of at most p digits, of which s stand behind the point. Every
 * function that could leave 38 digits says so.
 */
#ifndef SABOT_EXPR_DECIMAL_H
#define SABOT_EXPR_DECIMAL_H

#include <stdbool.h>

#include "expr/vector.h"

enum {
    SB_DECIMAL_DIGITS = 38,
    SB_DECIMAL_TEXT_SIZE = 96, // sign, 39 digits, 38 zeros of a negative scale, point, end
};

/* 10^exponent, 0..38. */
sb_int128 sb_decimal_power(int32_t exponent);

/* The most positive and negative values of an integer type. */
void sb_integer_limits(enum sb_type_id integer, sb_int128 *least, sb_int128 *greatest);

/* Whether -power < value < power, in one comparison; a power of ten has room for it. */
static inline bool sb_decimal_fits(sb_int128 value, sb_int128 power)
{
    return (sb_uint128)value + (sb_uint128)(power - 1) < 2 * (sb_uint128)power - 1;
}

/* False: the product needs more than 127 bits. */
bool sb_int128_multiply(sb_int128 a, sb_int128 b, sb_int128 *out);

/* value * 10^shift (shift below zero divides, half away from zero). False: over 127 bits. */
bool sb_decimal_rescale(sb_int128 value, int32_t shift, sb_int128 *out);

/* a * 10^shift / b, half away from zero; b is not 0, shift is 0..38. False: over 127 bits. */
bool sb_decimal_divide(sb_int128 a, sb_int128 b, int32_t shift, sb_int128 *out);

/* "-12.50"; `buffer` has SB_DECIMAL_TEXT_SIZE bytes. Returns the length. */
int32_t sb_decimal_format(sb_int128 value, int32_t scale, char *buffer);

enum sb_decimal_parse {
    SB_DECIMAL_OK,
    SB_DECIMAL_SYNTAX, // not a number
    SB_DECIMAL_RANGE,  // too many digits for the precision
};

/*
 * "12.5", "-1.25e3". Digits that the scale has no room for are rounded half away from zero, and
 * `*is_exact` is then false.
 */
enum sb_decimal_parse sb_decimal_parse(const char *text, int64_t size, int32_t precision,
                                       int32_t scale, sb_int128 *out, bool *is_exact);

/* The nearest double. */
double sb_decimal_to_double(sb_int128 value, int32_t scale);

/* False: NaN, infinite or over the precision. Half away from zero, of the double's exact value. */
bool sb_decimal_from_double(double value, int32_t precision, int32_t scale, sb_int128 *out);

#endif
