// SPDX-License-Identifier: Apache-2.0
/*
 * number_text.c - reading and printing numbers.
 *
 * Most doubles in data have at most 15 digits and a small exponent: those are one exact
 * multiplication or division (Clinger, "How to read floating point numbers accurately", PLDI
 * 1990). Up to 19 digits with at most 19 behind the point are one exact integer division. The rest
 * goes through strtod with the point of the current locale put in.
 */
#include "expr/number_text.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "expr/decimal.h"

/* The powers of ten that a double holds. */
static const double exact_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                      1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                      1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static bool text_is(const char *text, int64_t size, const char *word)
{
    return size == (int64_t)strlen(word) && strncasecmp(text, word, (size_t)size) == 0;
}

static bool double_parse_word(const char *text, int64_t size, double *out)
{
    const bool has_sign = size > 0 && (*text == '-' || *text == '+');
    const double sign = has_sign && *text == '-' ? -1.0 : 1.0;

    text += has_sign;
    size -= has_sign;
    if (text_is(text, size, "inf") || text_is(text, size, "infinity")) {
        *out = sign * (double)INFINITY;
        return true;
    }
    *out = (double)NAN;
    return text_is(text, size, "nan");
}

/* The longest number that is read; digits past it would not change a double. */
enum { NUMBER_TEXT_MAX = 1100 };

struct number_parts {
    uint64_t digits; // the first 19, as an integer
    int32_t digit_count;
    int64_t exponent; // of ten, for `digits`
};

/* False: not written like a number. */
static bool number_scan(const char *text, int64_t size, struct number_parts *out)
{
    const char *next = text;
    const char *end = text + size;
    bool has_point = false;
    bool has_digit = false;

    *out = (struct number_parts){0};
    if (next < end && (*next == '-' || *next == '+')) {
        next++;
    }
    for (; next < end; next++) {
        if (*next == '.' && !has_point) {
            has_point = true;
            continue;
        }
        if (*next < '0' || *next > '9') {
            break;
        }
        has_digit = true;
        if (out->digit_count > 0 || *next != '0') {
            if (out->digit_count < 19) {
                out->digits = out->digits * 10 + (uint64_t)(*next - '0');
            } else {
                out->exponent++;
            }
            out->digit_count++;
        }
        out->exponent -= has_point;
    }
    if (!has_digit) {
        return false;
    }
    if (next < end && (*next == 'e' || *next == 'E')) {
        int64_t exponent = 0;
        bool is_negative = false;
        next++;
        if (next < end && (*next == '-' || *next == '+')) {
            is_negative = *next == '-';
            next++;
        }
        if (next == end) {
            return false;
        }
        for (; next < end && *next >= '0' && *next <= '9'; next++) {
            exponent = exponent < 1000000 ? exponent * 10 + (*next - '0') : exponent;
        }
        out->exponent += is_negative ? -exponent : exponent;
    }
    return next == end;
}

/* A copy that strtod reads in the current locale; false when there is no room. */
static bool number_localise(const char *text, int64_t size, char buffer[NUMBER_TEXT_MAX + 8])
{
    const char *point = localeconv()->decimal_point;
    const size_t point_size = strlen(point);
    size_t used = 0;

    if (size > NUMBER_TEXT_MAX || point_size > 7) {
        return false;
    }
    for (int64_t i = 0; i < size; i++) {
        if (text[i] == '.') {
            memcpy(buffer + used, point, point_size);
            used += point_size;
        } else {
            buffer[used++] = text[i];
        }
    }
    buffer[used] = 0;
    return true;
}

/* 2^exponent, a normal double. */
static double power_of_two(int32_t exponent)
{
    const uint64_t bits = (uint64_t)(1023 + exponent) << 52;
    double out;

    memcpy(&out, &bits, sizeof out);
    return out;
}

/*
 * digits / 10^places (1 to 19), rounded once: the quotient has 64 bits and a remainder, from which
 * rounding half to even follows.
 */
static double divide_exactly(uint64_t digits, int32_t places)
{
    const uint64_t power = (uint64_t)sb_decimal_power(places);
    const int32_t power_shift = __builtin_clzll(power);
    const int32_t digits_shift = __builtin_clzll(digits | 1);
    const uint64_t divisor = power << power_shift;
    const uint64_t dividend = digits << digits_shift;
    const int32_t shift = dividend < divisor ? 64 : 63;
    const sb_uint128 wide = (sb_uint128)dividend << shift;
    const uint64_t quotient = (uint64_t)(wide / divisor);
    const bool has_rest = wide != (sb_uint128)quotient * divisor;
    const uint64_t dropped = quotient & 0x7ff;
    uint64_t mantissa = quotient >> 11;

    if (digits == 0) {
        return 0.0;
    }
    mantissa += dropped > 0x400 || (dropped == 0x400 && (has_rest || (mantissa & 1) != 0));
    return (double)mantissa * power_of_two(11 - shift - digits_shift + power_shift);
}

bool sb_double_parse(const char *text, int64_t size, double *out)
{
    struct number_parts parts;
    char buffer[NUMBER_TEXT_MAX + 8];

    if (!number_scan(text, size, &parts)) {
        return double_parse_word(text, size, out);
    }
    if (parts.digit_count <= 15 && parts.exponent >= -22 && parts.exponent <= 22) {
        const double digits = (double)parts.digits;
        const double value = parts.exponent < 0 ? digits / exact_powers[-parts.exponent]
                                                : digits * exact_powers[parts.exponent];
        *out = *text == '-' ? -value : value;
        return true;
    }
    if (parts.digit_count <= 19 && parts.exponent < 0 && parts.exponent >= -19) {
        const double value = divide_exactly(parts.digits, (int32_t)-parts.exponent);
        *out = *text == '-' ? -value : value;
        return true;
    }
    if (!number_localise(text, size, buffer)) {
        return false;
    }
    *out = strtod(buffer, NULL);
    return true;
}

bool sb_float_parse(const char *text, int64_t size, float *out)
{
    struct number_parts parts;
    char buffer[NUMBER_TEXT_MAX + 8];
    double value;

    if (!number_scan(text, size, &parts)) {
        const bool is_word = double_parse_word(text, size, &value);
        *out = (float)value;
        return is_word;
    }
    if (!number_localise(text, size, buffer)) {
        return false;
    }
    *out = strtof(buffer, NULL); // through a double it would be rounded twice
    return true;
}

/* Digits d.ddd... and their exponent of ten, written as Python prints floats. */
static int32_t format_digits(bool is_negative, const char *digits, int32_t digit_count,
                             int32_t exponent, char *buffer)
{
    int32_t size = 0;

    while (digit_count > 1 && digits[digit_count - 1] == '0') {
        digit_count--;
    }
    if (is_negative) {
        buffer[size++] = '-';
    }
    if (exponent < -4 || exponent >= 16) {
        buffer[size++] = digits[0];
        if (digit_count > 1) {
            buffer[size++] = '.';
            memcpy(buffer + size, digits + 1, (size_t)digit_count - 1);
            size += digit_count - 1;
        }
        return size + snprintf(buffer + size, 6, "e%c%02d", exponent < 0 ? '-' : '+',
                               (exponent < 0 ? -exponent : exponent) % 1000);
    }
    if (exponent < 0) {
        memcpy(buffer + size, "0.000", 5);
        size += 1 - exponent;
        memcpy(buffer + size, digits, (size_t)digit_count);
        size += digit_count;
        buffer[size] = 0;
        return size;
    }
    for (int32_t i = 0; i <= exponent || i < digit_count; i++) {
        if (i == exponent + 1) {
            buffer[size++] = '.';
        }
        buffer[size++] = i < digit_count ? digits[i] : '0';
    }
    if (digit_count <= exponent + 1) {
        buffer[size++] = '.';
        buffer[size++] = '0';
    }
    buffer[size] = 0;
    return size;
}

/* "-d.ddde+xx" as printf gives it. */
static int32_t format_scientific(const char *text, char *buffer)
{
    char digits[24];
    int32_t digit_count = 0;
    const bool is_negative = *text == '-';

    for (; *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9') {
            digits[digit_count++] = *text;
        }
    }
    return format_digits(is_negative, digits, digit_count, atoi(text + 1), buffer);
}

/*
 * Prices and counts: few digits behind the point. digits / 10^places is one correctly rounded
 * division, as reading the text back would be; with at most 15 digits no shorter text exists.
 * Returns 0 when the value is not of that kind.
 */
static int32_t format_few_places(double value, char *buffer)
{
    const double magnitude = fabs(value);
    char digits[24];

    if (!(magnitude >= 1e-4 && magnitude < 1e15)) {
        return 0;
    }
    for (int32_t places = 0; places <= 18; places++) {
        const double scaled = rint(magnitude * exact_powers[places]);
        if (scaled >= 1e15) {
            return 0;
        }
        if (scaled / exact_powers[places] == magnitude) {
            uint64_t rest = (uint64_t)scaled;
            int32_t digit_count = 0;
            for (uint64_t left = rest; left != 0; left /= 10) {
                digit_count++;
            }
            for (int32_t i = digit_count - 1; i >= 0; i--, rest /= 10) {
                digits[i] = (char)('0' + rest % 10);
            }
            return format_digits(value < 0, digits, digit_count, digit_count - 1 - places, buffer);
        }
    }
    return 0;
}

static int32_t format_word(double value, char *buffer)
{
    const char *word = value != value ? "nan" : value > 0 ? "inf" : "-inf";

    memcpy(buffer, word, strlen(word) + 1);
    return (int32_t)strlen(word);
}

int32_t sb_double_format(double value, char *buffer)
{
    char scientific[40];
    int32_t size;

    if (!isfinite(value)) {
        return format_word(value, buffer);
    }
    size = format_few_places(value, buffer);
    if (size > 0) {
        return size;
    }
    // subnormal values have fewer digits than that to tell them apart
    for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        snprintf(scientific, sizeof scientific, "%.*e", digits - 1, value);
        if (strtod(scientific, NULL) == value) {
            break;
        }
    }
    return format_scientific(scientific, buffer);
}

int32_t sb_float_format(float value, char *buffer)
{
    char scientific[40];

    if (!isfinite(value)) {
        return format_word((double)value, buffer);
    }
    for (int digits = fabsf(value) < FLT_MIN ? 1 : 6; digits <= 9; digits++) {
        snprintf(scientific, sizeof scientific, "%.*e", digits - 1, (double)value);
        if (strtof(scientific, NULL) == value) {
            break;
        }
    }
    return format_scientific(scientific, buffer);
}

bool sb_integer_parse(const char *text, int64_t size, sb_int128 *out)
{
    const bool has_sign = size > 0 && (*text == '-' || *text == '+');
    const int64_t digit_count = size - has_sign;
    sb_int128 value = 0;

    if (digit_count < 1 || digit_count > 38) {
        return false;
    }
    for (int64_t i = has_sign; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (text[i] - '0');
    }
    *out = *text == '-' ? -value : value;
    return true;
}

bool sb_boolean_parse(const char *text, int64_t size, bool *out)
{
    *out = text_is(text, size, "true") || text_is(text, size, "1");
    return *out || text_is(text, size, "false") || text_is(text, size, "0");
}
