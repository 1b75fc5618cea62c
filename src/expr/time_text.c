// SPDX-License-Identifier: Apache-2.0
/*
 * time_text.c - the calendar and ISO 8601. Day numbers after Howard Hinnant, "chrono-compatible
 * low-level date algorithms".
 */
#include "expr/time_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int64_t sb_unit_per_second(enum sb_time_unit unit)
{
    static const int64_t per_second[] = {1, 1000, 1000000, 1000000000};

    return per_second[unit];
}

/* Years begin in March, so that the leap day comes last. */
static int64_t days_from_civil(int64_t year, int32_t month, int32_t day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t era = sb_floor_divide(y, 400);
    const int64_t year_of_era = y - era * 400;
    const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *year, int32_t *month, int32_t *day)
{
    const int64_t z = days + 719468;
    const int64_t era = sb_floor_divide(z, 146097);
    const int64_t day_of_era = z - era * 146097;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t shifted_month = (5 * day_of_year + 2) / 153;

    *day = (int32_t)(day_of_year - (153 * shifted_month + 2) / 5 + 1);
    *month = (int32_t)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

static int32_t days_in_month(int64_t year, int32_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && is_leap);
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
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month)) {
        return false;
    }
    *days = days_from_civil(year, month, day);
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

/* "Z", "+hh", "+hhmm", "+hh:mm" to the end of the text. */
static bool read_offset(const char *next, const char *end, int64_t *seconds)
{
    int32_t hours;
    int32_t minutes = 0;
    bool is_west;

    if (end - next == 1 && (*next == 'Z' || *next == 'z')) {
        *seconds = 0;
        return true;
    }
    if (next == end || (*next != '+' && *next != '-')) {
        return false;
    }
    is_west = *next == '-';
    next++;
    if (!read_number(&next, end, 2, &hours)) {
        return false;
    }
    if (next < end) {
        next += *next == ':';
        if (!read_number(&next, end, 2, &minutes)) {
            return false;
        }
    }
    *seconds = (hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
    return next == end && hours < 24 && minutes < 60;
}

bool sb_zone_offset(const char *zone, int64_t *seconds)
{
    static const char *const utc[] = {"UTC", "Etc/UTC", "GMT", "Etc/GMT"};

    *seconds = 0;
    if (zone == NULL) {
        return true;
    }
    for (size_t i = 0; i < sizeof utc / sizeof utc[0]; i++) {
        if (strcasecmp(zone, utc[i]) == 0) {
            return true;
        }
    }
    return read_offset(zone, zone + strlen(zone), seconds);
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
        if (!read_offset(next, end, &offset)) {
            return false;
        }
    }
    out->seconds -= offset;
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
    int64_t year;
    int32_t month;
    int32_t day;

    civil_from_days(days, &year, &month, &day);
    if (year < 0 || year > 9999) {
        return snprintf(buffer, SB_TIME_TEXT_SIZE, "%c%04" PRId64 "-%02d-%02d",
                        year < 0 ? '-' : '+', year < 0 ? -year : year, month, day);
    }
    return snprintf(buffer, SB_TIME_TEXT_SIZE, "%04" PRId64 "-%02d-%02d", year, month, day);
}

int32_t sb_timestamp_format(int64_t value, enum sb_time_unit unit, const char *zone, char *buffer)
{
    static const int8_t fraction_digits[] = {0, 3, 6, 9};
    const int64_t per_second = sb_unit_per_second(unit);
    int64_t seconds = sb_floor_divide(value, per_second);
    const int64_t fraction = sb_floor_modulo(value, per_second);
    int64_t offset = 0;
    int64_t days;
    int32_t size;

    if (!sb_zone_offset(zone, &offset) || __builtin_add_overflow(seconds, offset, &seconds)) {
        offset = 0; // a named zone is printed in UTC
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
        const int64_t minutes = (offset < 0 ? -offset : offset) / 60;
        size += snprintf(buffer + size, (size_t)(SB_TIME_TEXT_SIZE - size),
                         "%c%02" PRId64 ":%02" PRId64, offset < 0 ? '-' : '+', minutes / 60,
                         minutes % 60);
    }
    return size;
}
