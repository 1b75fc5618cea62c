// SPDX-License-Identifier: Apache-2.0
/*
 * decimal.c - exact decimal arithmetic in 128 bits, with 256 where a division needs them.
 */
#include "expr/decimal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "expr/number_text.h"

#define E19 UINT64_C(10000000000000000000)
#define SMALL(n) (sb_int128)(n)
#define LARGE(n) ((sb_int128)E19 * (sb_int128)(n))

static const sb_int128 powers[SB_DECIMAL_DIGITS + 1] = {
    SMALL(1),
    SMALL(10),
    SMALL(100),
    SMALL(1000),
    SMALL(10000),
    SMALL(100000),
    SMALL(1000000),
    SMALL(10000000),
    SMALL(100000000),
    SMALL(1000000000),
    SMALL(10000000000),
    SMALL(100000000000),
    SMALL(1000000000000),
    SMALL(10000000000000),
    SMALL(100000000000000),
    SMALL(1000000000000000),
    SMALL(10000000000000000),
    SMALL(100000000000000000),
    SMALL(1000000000000000000),
    LARGE(1),
    LARGE(10),
    LARGE(100),
    LARGE(1000),
    LARGE(10000),
    LARGE(100000),
    LARGE(1000000),
    LARGE(10000000),
    LARGE(100000000),
    LARGE(1000000000),
    LARGE(10000000000),
    LARGE(100000000000),
    LARGE(1000000000000),
    LARGE(10000000000000),
    LARGE(100000000000000),
    LARGE(1000000000000000),
    LARGE(10000000000000000),
    LARGE(100000000000000000),
    LARGE(1000000000000000000),
    LARGE(E19),
};

sb_int128 sb_decimal_power(int32_t exponent)
{
    sb_assert(exponent >= 0 && exponent <= SB_DECIMAL_DIGITS);
    return powers[exponent];
}

void sb_integer_limits(enum sb_type_id integer, sb_int128 *least, sb_int128 *greatest)
{
    const int32_t bits = 8 * sb_type_width(integer);

    sb_assert(sb_type_is_integer(integer));
    if (sb_type_is_signed(integer)) {
        *greatest = ((sb_int128)1 << (bits - 1)) - 1;
        *least = -*greatest - 1;
    } else {
        *greatest = ((sb_int128)1 << bits) - 1;
        *least = 0;
    }
}

static sb_uint128 int128_magnitude(sb_int128 value)
{
    return value < 0 ? -(sb_uint128)value : (sb_uint128)value;
}

/* False: the magnitude has no room beside a sign. */
static bool int128_with_sign(sb_uint128 magnitude, bool is_negative, sb_int128 *out)
{
    if (magnitude >> 127 != 0) {
        return false;
    }
    *out = is_negative ? -(sb_int128)magnitude : (sb_int128)magnitude;
    return true;
}

/* The 256-bit product of two magnitudes. */
static void magnitude_multiply(sb_uint128 a, sb_uint128 b, sb_uint128 *high, sb_uint128 *low)
{
    const uint64_t a0 = (uint64_t)a;
    const uint64_t a1 = (uint64_t)(a >> 64);
    const uint64_t b0 = (uint64_t)b;
    const uint64_t b1 = (uint64_t)(b >> 64);
    const sb_uint128 p00 = (sb_uint128)a0 * b0;
    const sb_uint128 p01 = (sb_uint128)a0 * b1;
    const sb_uint128 p10 = (sb_uint128)a1 * b0;
    const sb_uint128 p11 = (sb_uint128)a1 * b1;
    const sb_uint128 middle = (p00 >> 64) + (uint64_t)p01 + (uint64_t)p10;

    *low = (middle << 64) | (uint64_t)p00;
    *high = p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64);
}

bool sb_int128_multiply(sb_int128 a, sb_int128 b, sb_int128 *out)
{
    sb_uint128 high;
    sb_uint128 low;

    if (sb_likely((int64_t)a == a && (int64_t)b == b)) {
        *out = (sb_int128)(int64_t)a * (int64_t)b;
        return true;
    }
    magnitude_multiply(int128_magnitude(a), int128_magnitude(b), &high, &low);
    return high == 0 && int128_with_sign(low, (a < 0) != (b < 0), out);
}

/* numerator / denominator, rounded half up; 2^128 > denominator > 0. False: over 128 bits. */
static bool magnitude_divide(sb_uint128 high, sb_uint128 low, sb_uint128 denominator,
                             sb_uint128 *out)
{
    sb_uint128 quotient;
    sb_uint128 rest;

    if (high == 0) {
        quotient = low / denominator;
        rest = low % denominator;
    } else if (high >= denominator) {
        return false;
    } else { // schoolbook, one bit at a time: only for quotients of very large decimals
        quotient = 0;
        rest = high;
        for (int32_t bit = 127; bit >= 0; bit--) {
            const bool carry = rest >> 127 != 0;
            rest = (rest << 1) | ((low >> bit) & 1);
            quotient <<= 1;
            if (carry || rest >= denominator) {
                rest -= denominator;
                quotient |= 1;
            }
        }
    }
    if (rest >= denominator - rest) {
        quotient++;
        if (quotient == 0) {
            return false;
        }
    }
    *out = quotient;
    return true;
}

bool sb_decimal_divide(sb_int128 a, sb_int128 b, int32_t shift, sb_int128 *out)
{
    sb_uint128 high;
    sb_uint128 low;
    sb_uint128 quotient;

    sb_debug_assert(b != 0);
    magnitude_multiply(int128_magnitude(a), (sb_uint128)sb_decimal_power(shift), &high, &low);
    return magnitude_divide(high, low, int128_magnitude(b), &quotient) &&
           int128_with_sign(quotient, (a < 0) != (b < 0), out);
}

bool sb_decimal_rescale(sb_int128 value, int32_t shift, sb_int128 *out)
{
    if (shift >= 0) {
        return shift <= SB_DECIMAL_DIGITS ? sb_int128_multiply(value, powers[shift], out)
                                          : (*out = 0, value == 0);
    }
    if (shift < -SB_DECIMAL_DIGITS) {
        *out = 0;
        return true;
    }
    return sb_decimal_divide(value, powers[-shift], 0, out);
}

int32_t sb_decimal_format(sb_int128 value, int32_t scale, char *buffer)
{
    char digits[SB_DECIMAL_TEXT_SIZE];
    sb_uint128 rest = int128_magnitude(value);
    int32_t count = 0;
    int32_t size = 0;

    for (; count < -scale && value != 0; count++) {
        digits[count] = '0'; // a negative scale counts in hundreds, thousands, ...
    }
    for (; rest >> 64 != 0; rest /= 10) {
        digits[count++] = (char)('0' + (int)(rest % 10));
    }
    for (uint64_t low = (uint64_t)rest; low != 0 || count == 0 || count <= scale; low /= 10) {
        digits[count++] = (char)('0' + (int)(low % 10));
    }
    if (value < 0) {
        buffer[size++] = '-';
    }
    while (count > 0) {
        if (count == scale && scale > 0) {
            buffer[size++] = '.';
        }
        buffer[size++] = digits[--count];
    }
    buffer[size] = 0;
    return size;
}

/* A number taken apart: where its digits are and where the point stands. */
struct decimal_text {
    const char *digits; // digits and at most one point
    const char *end;
    bool is_negative;
    int64_t point; // digits before the point, the exponent counted in
};

static bool decimal_text_read(const char *text, int64_t size, struct decimal_text *out)
{
    const char *end = text + size;
    const char *next = text;
    int64_t digit_count = 0;
    int64_t point = -1;
    int64_t exponent = 0;

    out->is_negative = next < end && *next == '-';
    if (next < end && (*next == '-' || *next == '+')) {
        next++;
    }
    out->digits = next;
    for (; next < end && ((*next >= '0' && *next <= '9') || (*next == '.' && point < 0)); next++) {
        if (*next == '.') {
            point = digit_count;
        } else {
            digit_count++;
        }
    }
    out->end = next;
    if (digit_count == 0) {
        return false;
    }
    if (next < end && (*next == 'e' || *next == 'E')) {
        const bool is_negative = next + 1 < end && next[1] == '-';
        next += 1 + (next + 1 < end && (next[1] == '-' || next[1] == '+'));
        if (next == end) {
            return false;
        }
        for (; next < end && *next >= '0' && *next <= '9'; next++) {
            exponent = exponent < 1000000 ? exponent * 10 + (*next - '0') : exponent;
        }
        exponent = is_negative ? -exponent : exponent;
    }
    out->point = (point < 0 ? digit_count : point) + exponent;
    return next == end;
}

enum sb_decimal_parse sb_decimal_parse(const char *text, int64_t size, int32_t precision,
                                       int32_t scale, sb_int128 *out, bool *is_exact)
{
    const sb_int128 limit = sb_decimal_power(precision);
    struct decimal_text parts;
    sb_int128 value = 0;
    int64_t wanted; // digits to keep
    int64_t position = 0;
    bool is_rounded_up = false;

    *is_exact = true;
    *out = 0;
    if (!decimal_text_read(text, size, &parts)) {
        return SB_DECIMAL_SYNTAX;
    }
    wanted = parts.point + scale;
    for (const char *next = parts.digits; next < parts.end; next++) {
        if (*next == '.') {
            continue;
        }
        if (position < wanted) {
            if (value >= limit / 10) {
                return SB_DECIMAL_RANGE;
            }
            value = value * 10 + (*next - '0');
        } else if (*next != '0') {
            *is_exact = false;
            is_rounded_up |= position == wanted && *next >= '5';
        }
        position++;
    }
    for (; position < wanted && value != 0; position++) {
        if (value >= limit / 10) {
            return SB_DECIMAL_RANGE;
        }
        value *= 10;
    }
    value += is_rounded_up;
    if (value >= limit) {
        return SB_DECIMAL_RANGE;
    }
    *out = parts.is_negative ? -value : value;
    return SB_DECIMAL_OK;
}

double sb_decimal_to_double(sb_int128 value, int32_t scale)
{
    char text[SB_DECIMAL_TEXT_SIZE];
    double out = 0;

    if (scale >= 0 && scale <= 22 && value < ((sb_int128)1 << 53) &&
        value > -((sb_int128)1 << 53)) {
        return (double)value / (double)powers[scale]; // both exact, so one rounding
    }
    if (scale == 0) {
        return (double)value;
    }
    if (!sb_double_parse(text, sb_decimal_format(value, scale, text), &out)) {
        sb_assert(!"a formatted decimal is a number");
    }
    return out;
}

bool sb_decimal_from_double(double value, int32_t precision, int32_t scale, sb_int128 *out)
{
    bool is_exact;
    char text[512];
    int size;

    *out = 0;
    if (!(fabs(value) < 1e39)) {
        return false;
    }
    if (scale >= 0 && scale <= 22) {
        const double power = (double)powers[scale];
        const double product = value * power;
        if (fabs(product) < 0x1p52) {
            // product + error is exact; only at a half does the error decide
            const double error = fma(value, power, -product);
            double whole = round(product);
            const double rest = product - whole;
            if (fabs(rest) == 0.5 && error != 0 && (error > 0) != (whole > product)) {
                whole += rest > 0 ? 1 : -1;
            }
            *out = (sb_int128)whole;
            return sb_decimal_fits(*out, sb_decimal_power(precision));
        }
    }
    // more digits than any double of this size has, so that the text is exact
    size = snprintf(text, sizeof text, "%.*f", 180, value);
    for (int i = 0; i < size; i++) { // the point of a foreign locale
        if ((text[i] < '0' || text[i] > '9') && text[i] != '-') {
            text[i] = '.';
        }
    }
    return sb_decimal_parse(text, size, precision, scale, out, &is_exact) == SB_DECIMAL_OK;
}
