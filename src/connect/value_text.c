// SPDX-License-Identifier: Apache-2.0
#include "connect/value_text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/int256.h"
#include "columnar/value_bytes.h"
#include "expr/decimal.h"
#include "expr/number_text.h"
#include "expr/time_text.h"

enum {
    NANO_DIGITS = 9,
    MILLI_DIGITS = 3,
    DIGITS_MAX = 256, // of a decimal, zeros included
};

bool sb_value_text_has(enum sb_type_id id)
{
    switch (id) {
    case SB_TYPE_FLOAT16:
    case SB_TYPE_DECIMAL32:
    case SB_TYPE_DECIMAL64:
    case SB_TYPE_DECIMAL256:
    case SB_TYPE_TIME32:
    case SB_TYPE_TIME64:
    case SB_TYPE_DURATION:
    case SB_TYPE_INTERVAL_MONTH:
    case SB_TYPE_INTERVAL_DAY_TIME:
    case SB_TYPE_INTERVAL_MONTH_DAY_NANO:
        return true;
    default:
        return false;
    }
}

// --- decimal256 ----------------------------------------------------------------------------------

/* Divides by ten; returns the rest. */
static char last_digit(struct sb_int256 *value)
{
    sb_uint128 rest = 0;

    for (int32_t w = 3; w >= 0; w--) {
        rest = rest << 64 | value->words[w];
        value->words[w] = (uint64_t)(rest / 10);
        rest %= 10;
    }
    return (char)('0' + (int)rest);
}

static bool is_zero(const struct sb_int256 *value)
{
    return (value->words[0] | value->words[1] | value->words[2] | value->words[3]) == 0;
}

static int32_t decimal256_format(const uint8_t *bytes, int32_t scale, char *buffer)
{
    struct sb_int256 value;
    char digits[SB_VALUE_TEXT_SIZE];
    int32_t count = 0;
    int32_t size = 0;

    memcpy(&value, bytes, sizeof value);
    if (sb_int256_is_negative(&value)) {
        buffer[size++] = '-';
        value = sb_int256_negate(value);
    }
    for (int32_t i = scale; i < 0 && !is_zero(&value); i++) {
        digits[count++] = '0';
    }
    while (!is_zero(&value) || count <= (scale > 0 ? scale : 0)) {
        digits[count++] = last_digit(&value);
    }
    while (count > 0) {
        buffer[size++] = digits[--count];
        if (count == scale && scale > 0) {
            buffer[size++] = '.';
        }
    }
    return size;
}

/* The digits of "-12.50e3" without its point, and the power of ten behind them. */
static bool digits_read(const char *text, int64_t size, char *digits, int32_t *count,
                        int32_t *exponent)
{
    bool has_point = false;
    int64_t i = 0;

    *count = 0;
    *exponent = 0;
    for (; i < size && (text[i] == '.' || (text[i] >= '0' && text[i] <= '9')); i++) {
        if (text[i] == '.') {
            if (has_point) {
                return false;
            }
            has_point = true;
            continue;
        }
        if (*count == DIGITS_MAX) {
            return false;
        }
        digits[(*count)++] = text[i];
        *exponent -= has_point;
    }
    if (*count == 0) {
        return false;
    }
    if (i < size && (text[i] == 'e' || text[i] == 'E')) {
        sb_int128 power;
        if (!sb_integer_parse(text + i + 1, size - i - 1, &power) || power < -DIGITS_MAX ||
            power > DIGITS_MAX) {
            return false;
        }
        *exponent += (int32_t)power;
        i = size;
    }
    return i == size;
}

/* Exact: digits behind the scale must be zeros. */
static bool decimal256_parse(const struct sb_type *type, const char *text, int64_t size, void *out)
{
    struct sb_int256 value = {0};
    char digits[DIGITS_MAX];
    bool is_negative = size > 0 && *text == '-';
    int32_t count;
    int32_t exponent;
    int32_t first = 0;

    if (!digits_read(text + is_negative, size - is_negative, digits, &count, &exponent)) {
        return false;
    }
    for (exponent += type->scale; exponent < 0 && count > 0; exponent++) {
        if (digits[--count] != '0') {
            return false;
        }
    }
    while (first < count && digits[first] == '0') {
        first++;
    }
    if (first < count && count - first + exponent > type->precision) {
        return false;
    }
    for (; first < count; first++) {
        struct sb_int256 digit = {{(uint64_t)(digits[first] - '0')}};
        if (!sb_int256_scale(&value, 1) || !sb_int256_add(&value, &digit, &value)) {
            return false;
        }
    }
    if (!is_zero(&value) && !sb_int256_scale(&value, exponent)) {
        return false;
    }
    value = is_negative ? sb_int256_negate(value) : value;
    memcpy(out, &value, sizeof value);
    return true;
}

// --- intervals -----------------------------------------------------------------------------------

/* "T-1.500S": `value` of 10^-digits seconds. */
static int32_t seconds_format(int64_t value, int32_t digits, char *buffer, size_t size)
{
    uint64_t amount = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    uint64_t power = digits == NANO_DIGITS ? 1000000000 : 1000;

    return snprintf(buffer, size, "T%s%" PRIu64 ".%0*" PRIu64 "S", value < 0 ? "-" : "",
                    amount / power, digits, amount % power);
}

struct interval {
    int64_t months;
    int64_t days;
    int64_t nanos;
};

static int32_t interval_format(enum sb_type_id id, const uint8_t *bytes, char *buffer)
{
    int32_t parts[2] = {0};
    int64_t nanos;
    int32_t size;

    if (id == SB_TYPE_INTERVAL_MONTH) {
        memcpy(parts, bytes, sizeof parts[0]);
        return snprintf(buffer, SB_VALUE_TEXT_SIZE, "P%" PRId32 "M", parts[0]);
    }
    memcpy(parts, bytes, sizeof parts);
    if (id == SB_TYPE_INTERVAL_DAY_TIME) {
        size = snprintf(buffer, SB_VALUE_TEXT_SIZE, "P%" PRId32 "D", parts[0]);
        return size + seconds_format(parts[1], MILLI_DIGITS, buffer + size,
                                     SB_VALUE_TEXT_SIZE - (size_t)size);
    }
    memcpy(&nanos, bytes + sizeof parts, sizeof nanos);
    size = snprintf(buffer, SB_VALUE_TEXT_SIZE, "P%" PRId32 "M%" PRId32 "D", parts[0], parts[1]);
    return size +
           seconds_format(nanos, NANO_DIGITS, buffer + size, SB_VALUE_TEXT_SIZE - (size_t)size);
}

/* A number and its letter: "-1.5S" as billionths. Returns behind it, or NULL. */
static const char *part_read(const char *at, const char *end, sb_int128 *billionths, char *letter)
{
    bool is_negative = at < end && *at == '-';
    bool has_point = false;
    int32_t digits = 0;
    int32_t decimals = 0;

    *billionths = 0;
    for (at += is_negative; at < end && (*at == '.' || (*at >= '0' && *at <= '9')); at++) {
        if (*at == '.') {
            if (has_point || digits == 0) {
                return NULL;
            }
            has_point = true;
            continue;
        }
        if (++digits > 20 || (has_point && ++decimals > NANO_DIGITS)) {
            return NULL;
        }
        *billionths = *billionths * 10 + (*at - '0');
    }
    for (; decimals < NANO_DIGITS; decimals++) {
        *billionths *= 10;
    }
    if (digits == 0 || at == end) {
        return NULL;
    }
    *billionths = is_negative ? -*billionths : *billionths;
    *letter = *at;
    return at + 1;
}

/* Adds `billionths` of `unit` to `total`; false when that is no integer of 64 bits. */
static bool part_add(sb_int128 billionths, int64_t unit, int64_t *total)
{
    const sb_int128 billion = 1000000000;
    sb_int128 sum;

    if (billionths % billion != 0) {
        return false;
    }
    sum = billionths / billion * unit + *total;
    *total = (int64_t)sum;
    return sum >= INT64_MIN && sum <= INT64_MAX;
}

static bool interval_read(const char *text, int64_t size, struct interval *out)
{
    const char *at = text;
    const char *end = text + size;
    bool is_time = false;

    *out = (struct interval){0};
    if (size < 3 || *at++ != 'P') {
        return false;
    }
    while (at < end) {
        sb_int128 value;
        char letter;
        bool is_right;

        if (*at == 'T' && !is_time) {
            is_time = true;
            at++;
        }
        at = part_read(at, end, &value, &letter);
        if (at == NULL) {
            return false;
        }
        if (!is_time) {
            is_right = letter == 'Y'   ? part_add(value, 12, &out->months)
                       : letter == 'M' ? part_add(value, 1, &out->months)
                       : letter == 'W' ? part_add(value, 7, &out->days)
                                       : letter == 'D' && part_add(value, 1, &out->days);
        } else {
            int64_t seconds = letter == 'H' ? 3600 : letter == 'M' ? 60 : letter == 'S' ? 1 : 0;
            sb_int128 nanos = value * seconds + out->nanos;

            is_right = seconds != 0 && nanos >= INT64_MIN && nanos <= INT64_MAX;
            out->nanos = (int64_t)nanos;
        }
        if (!is_right) {
            return false;
        }
    }
    return true;
}

static bool fits_int32(int64_t value)
{
    return value >= INT32_MIN && value <= INT32_MAX;
}

static bool interval_parse(enum sb_type_id id, const char *text, int64_t size, void *out)
{
    const int64_t milli = 1000000;
    struct interval interval;
    int32_t parts[2];

    if (!interval_read(text, size, &interval) || !fits_int32(interval.months) ||
        !fits_int32(interval.days)) {
        return false;
    }
    if (id == SB_TYPE_INTERVAL_MONTH) {
        parts[0] = (int32_t)interval.months;
        memcpy(out, parts, sizeof parts[0]);
        return interval.days == 0 && interval.nanos == 0;
    }
    if (id == SB_TYPE_INTERVAL_DAY_TIME) {
        parts[0] = (int32_t)interval.days;
        parts[1] = (int32_t)(interval.nanos / milli);
        memcpy(out, parts, sizeof parts);
        return interval.months == 0 && interval.nanos % milli == 0 &&
               fits_int32(interval.nanos / milli);
    }
    parts[0] = (int32_t)interval.months;
    parts[1] = (int32_t)interval.days;
    memcpy(out, parts, sizeof parts);
    memcpy((uint8_t *)out + sizeof parts, &interval.nanos, sizeof interval.nanos);
    return true;
}

// --- all -----------------------------------------------------------------------------------------

int32_t sb_value_text_format(const struct sb_column *column, int64_t row, char *buffer,
                             bool *is_bare)
{
    const struct sb_type *type = column->type;
    const int32_t width = sb_type_width(type->id);
    const uint8_t *bytes = (const uint8_t *)sb_column_fixed(column, width) + row * width;
    int32_t narrow = 0;
    int64_t value = 0;
    uint16_t half;

    *is_bare = true;
    switch (type->id) {
    case SB_TYPE_FLOAT16:
        memcpy(&half, bytes, sizeof half);
        *is_bare = isfinite(sb_float16_read(half));
        return sb_float_format((float)sb_float16_read(half), buffer);
    case SB_TYPE_DECIMAL256:
        return decimal256_format(bytes, type->scale, buffer);
    case SB_TYPE_INTERVAL_MONTH:
    case SB_TYPE_INTERVAL_DAY_TIME:
    case SB_TYPE_INTERVAL_MONTH_DAY_NANO:
        *is_bare = false;
        return interval_format(type->id, bytes, buffer);
    default:
        break;
    }
    if (width == 4) {
        memcpy(&narrow, bytes, sizeof narrow);
        value = narrow;
    } else {
        memcpy(&value, bytes, sizeof value);
    }
    if (type->id == SB_TYPE_TIME32 || type->id == SB_TYPE_TIME64) {
        *is_bare = false;
        return sb_clock_format(value, type->unit, buffer);
    }
    return sb_decimal_format(value, sb_type_is_decimal(type->id) ? type->scale : 0, buffer);
}

static bool word_store(const struct sb_type *type, sb_int128 value, void *out)
{
    const int64_t word = (int64_t)value;
    const int32_t narrow = (int32_t)value;

    if (sb_type_width(type->id) == 4) {
        memcpy(out, &narrow, sizeof narrow);
        return value >= INT32_MIN && value <= INT32_MAX;
    }
    memcpy(out, &word, sizeof word);
    return value >= INT64_MIN && value <= INT64_MAX;
}

bool sb_value_text_parse(const struct sb_type *type, const char *text, int64_t size, void *out)
{
    struct sb_time time;
    sb_int128 value;
    bool is_exact;
    double number;
    uint16_t half;

    switch (type->id) {
    case SB_TYPE_FLOAT16:
        if (!sb_double_parse(text, size, &number)) {
            return false;
        }
        half = sb_float16_write(number);
        memcpy(out, &half, sizeof half);
        return true;
    case SB_TYPE_DECIMAL256:
        return decimal256_parse(type, text, size, out);
    case SB_TYPE_DECIMAL32:
    case SB_TYPE_DECIMAL64:
        return sb_decimal_parse(text, size, type->precision, type->scale, &value, &is_exact) ==
                   SB_DECIMAL_OK &&
               word_store(type, value, out);
    case SB_TYPE_TIME32:
    case SB_TYPE_TIME64:
        return sb_clock_parse(text, size, &time) &&
               word_store(type, sb_time_in_unit(&time, type->unit, &is_exact), out);
    case SB_TYPE_DURATION:
        return sb_integer_parse(text, size, &value) && word_store(type, value, out);
    default:
        return interval_parse(type->id, text, size, out);
    }
}
