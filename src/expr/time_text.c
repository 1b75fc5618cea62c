// SPDX-License-Identifier: Apache-2.0
/*
 * time_text.c - ISO 8601, in and out.
 */
#include "expr/time_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int64_t sb_unit_per_second(enum sb_time_unit unit)
{
    static const int64_t per_second[] = {1, 1000, 1000000, 1000000000};

    return per_second[unit];
}

/* Reads exactly `digits` digits. */
static bool read_number(const char **next, const char *end, int32_t digits, int32_t *out)
{
    int32_t value = 0;

    if (end - *next < digits) {
        return false;
    }
    for (int32_t i = 0; i < digits; i++) {
        const char c = (*next)[i];
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    *next += digits;
    *out = value;
    return true;
}

static bool read_char(const char **next, const char *end, char wanted)
{
    if (*next == end || **next != wanted) {
        return false;
    }
    (*next)++;
    return true;
}

static bool read_date(const char **next, const char *end, int64_t *days)
{
    const bool has_sign = *next < end && (**next == '-' || **next == '+');
    const bool is_negative = has_sign && **next == '-';
    int32_t year;
    int32_t month;
    int32_t day;

    *next += has_sign;
    // a signed year has as many digits as it needs, an unsigned one four
    if (has_sign) {
        int32_t digits = 0;
        while (digits < 6 && *next + digits < end && (*next)[digits] >= '0' &&
               (*next)[digits] <= '9') {
            digits++;
        }
        if (digits < 4 || !read_number(next, end, digits, &year)) {
            return false;
        }
    } else if (!read_number(next, end, 4, &year)) {
        return false;
    }
    if (!read_char(next, end, '-') || !read_number(next, end, 2, &month) ||
        !read_char(next, end, '-') || !read_number(next, end, 2, &day)) {
        return false;
    }
    year = is_negative ? -year : year;
    if (month < 1 || month > 12 || day < 1 || day > sb_days_in_month(year, month)) {
        return false;
    }
    *days = sb_days_from_civil(year, month, day);
    return true;
}

static bool read_fraction(const char **next, const char *end, int32_t *nanos)
{
    int32_t digits = 0;

    for (; *next < end && **next >= '0' && **next <= '9'; (*next)++, digits++) {
        if (digits == 9) {
            return false; // finer than a nanosecond
        }
        *nanos = *nanos * 10 + (**next - '0');
    }
    for (int32_t i = digits; i < 9; i++) {
        *nanos *= 10;
    }
    return digits > 0;
}

static bool read_clock(const char **next, const char *end, struct sb_time *out)
{
    int32_t hour;
    int32_t minute;
    int32_t second = 0;

    if (!read_number(next, end, 2, &hour) || !read_char(next, end, ':') ||
        !read_number(next, end, 2, &minute)) {
        return false;
    }
    if (read_char(next, end, ':')) {
        if (!read_number(next, end, 2, &second)) {
            return false;
        }
        if (read_char(next, end, '.') && !read_fraction(next, end, &out->nanos)) {
            return false;
        }
    }
    out->seconds = hour * 3600 + minute * 60 + second;
    return hour < 24 && minute < 60 && second < 60;
}

bool sb_clock_parse(const char *text, int64_t size, struct sb_time *out)
{
    const char *next = text;

    *out = (struct sb_time){.has_clock = true};
    return read_clock(&next, text + size, out) && next == text + size;
}

bool sb_time_parse(const char *text, int64_t size, struct sb_time *out)
{
    const char *next = text;
    const char *end = text + size;
    int64_t offset = 0;

    *out = (struct sb_time){0};
    if (!read_date(&next, end, &out->days)) {
        return false;
    }
    if (next == end) {
        return true;
    }
    if (!read_char(&next, end, 'T') && !read_char(&next, end, ' ') && !read_char(&next, end, 't')) {
        return false;
    }
    out->has_clock = true;
    if (!read_clock(&next, end, out)) {
        return false;
    }
    if (next < end) {
        out->has_offset = true;
        if (!sb_zone_offset_parse(next, end - next, &offset)) {
            return false;
        }
    }
    out->seconds -= offset;
    return true;
}

bool sb_time_settle(struct sb_time *time, struct sb_zone_cursor *zone)
{
    int64_t earliest;
    int64_t latest;

    if (zone == NULL) {
        return !time->has_offset;
    }
    if (!time->has_offset) {
        const int64_t local = time->days * SB_SECONDS_PER_DAY + time->seconds;
        (void)sb_zone_cursor_local(zone, local, &earliest, &latest);
        time->seconds += earliest - local;
        time->has_offset = true;
    }
    return true;
}

sb_int128 sb_time_in_unit(const struct sb_time *time, enum sb_time_unit unit, bool *is_exact)
{
    const int64_t per_second = sb_unit_per_second(unit);
    const int64_t nanos_per_unit = 1000000000 / per_second;
    const int64_t seconds = time->days * SB_SECONDS_PER_DAY + time->seconds;

    *is_exact = time->nanos % nanos_per_unit == 0;
    return (sb_int128)seconds * per_second + time->nanos / nanos_per_unit;
}

int32_t sb_date_format(int64_t days, char *buffer)
{
    const struct sb_civil civil = sb_civil_from_days(days);
    const int64_t year = civil.year;

    if (year < 0 || year > 9999) {
        return snprintf(buffer, SB_TIME_TEXT_SIZE, "%c%04" PRId64 "-%02d-%02d",
                        year < 0 ? '-' : '+', year < 0 ? -year : year, civil.month, civil.day);
    }
    return snprintf(buffer, SB_TIME_TEXT_SIZE, "%04" PRId64 "-%02d-%02d", year, civil.month,
                    civil.day);
}

int32_t sb_clock_format(int64_t value, enum sb_time_unit unit, char *buffer)
{
    static const int8_t fraction_digits[] = {0, 3, 6, 9};
    const int64_t per_second = sb_unit_per_second(unit);
    const int64_t seconds = sb_floor_divide(value, per_second);
    int32_t size = snprintf(buffer, SB_TIME_TEXT_SIZE, "%02" PRId64 ":%02" PRId64 ":%02" PRId64,
                            seconds / 3600, seconds / 60 % 60, seconds % 60);

    if (unit != SB_UNIT_SECOND) {
        size += snprintf(buffer + size, (size_t)(SB_TIME_TEXT_SIZE - size), ".%0*" PRId64,
                         fraction_digits[unit], sb_floor_modulo(value, per_second));
    }
    return size;
}

/* "+01:00", "-00:25:21". */
static int32_t offset_format(int64_t offset, char *buffer, int32_t room)
{
    const int64_t size = offset < 0 ? -offset : offset;
    const char sign = offset < 0 ? '-' : '+';

    if (size % 60 == 0) {
        return snprintf(buffer, (size_t)room, "%c%02" PRId64 ":%02" PRId64, sign, size / 3600,
                        size / 60 % 60);
    }
    return snprintf(buffer, (size_t)room, "%c%02" PRId64 ":%02" PRId64 ":%02" PRId64, sign,
                    size / 3600, size / 60 % 60, size % 60);
}

int32_t sb_timestamp_format(int64_t value, enum sb_time_unit unit, struct sb_zone_cursor *zone,
                            char *buffer)
{
    static const int8_t fraction_digits[] = {0, 3, 6, 9};
    const int64_t per_second = sb_unit_per_second(unit);
    int64_t seconds = sb_floor_divide(value, per_second);
    const int64_t fraction = sb_floor_modulo(value, per_second);
    int64_t offset = zone == NULL ? 0 : sb_zone_cursor_offset(zone, seconds);
    int64_t days;
    int32_t size;

    if (__builtin_add_overflow(seconds, offset, &seconds)) {
        offset = 0; // at the very ends of the range: printed in UTC
    }
    days = sb_floor_divide(seconds, SB_SECONDS_PER_DAY);
    seconds = sb_floor_modulo(seconds, SB_SECONDS_PER_DAY);
    size = sb_date_format(days, buffer);
    size += snprintf(buffer + size, (size_t)(SB_TIME_TEXT_SIZE - size),
                     "T%02" PRId64 ":%02" PRId64 ":%02" PRId64, seconds / 3600, seconds / 60 % 60,
                     seconds % 60);
    if (fraction_digits[unit] > 0) {
        size += snprintf(buffer + size, (size_t)(SB_TIME_TEXT_SIZE - size), ".%0*" PRId64,
                         fraction_digits[unit], fraction);
    }
    if (zone != NULL && offset == 0) {
        buffer[size++] = 'Z';
        buffer[size] = 0;
    } else if (zone != NULL) {
        size += offset_format(offset, buffer + size, SB_TIME_TEXT_SIZE - size);
    }
    return size;
}
