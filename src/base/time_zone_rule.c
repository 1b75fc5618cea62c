// SPDX-License-Identifier: Apache-2.0
/*
 * time_zone_rule.c - the rule at the end of a TZif file: "CET-1CEST,M3.5.0,M10.5.0/3".
 *
 * It holds for all years after the last transition of the file. The calendar repeats every 400
 * years, so an instant is brought within 400 of 1970 and its span is moved back.
 */
#include <string.h>

#include "base/calendar.h"
#include "base/time_zone_internal.h"

#define CYCLE_SECONDS (INT64_C(146097) * SB_SECONDS_PER_DAY)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool read_char(const char **next, char wanted)
{
    *next += **next == wanted;
    return (*next)[-1] == wanted;
}

static bool read_number(const char **next, int32_t most, int32_t *out)
{
    int32_t value = 0;
    int32_t digits = 0;

    for (; is_digit(**next) && digits < 4; (*next)++, digits++) {
        value = value * 10 + (**next - '0');
    }
    *out = value;
    return digits > 0 && value <= most;
}

/* "CET", "<+0330>": only skipped. */
static bool skip_name(const char **next)
{
    const char *start = *next;

    if (*start == '<') {
        *next = strchr(start, '>');
        if (*next == NULL) {
            return false;
        }
        (*next)++;
        return true;
    }
    while ((**next >= 'A' && **next <= 'Z') || (**next >= 'a' && **next <= 'z')) {
        (*next)++;
    }
    return *next - start >= 3;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool read_time(const char **next, int32_t *out)
{
    const bool is_negative = **next == '-';
    int32_t hours;
    int32_t minutes = 0;
    int32_t seconds = 0;

    *next += **next == '-' || **next == '+';
    if (!read_number(next, 167, &hours)) {
        return false;
    }
    if (**next == ':') {
        (*next)++;
        if (!read_number(next, 59, &minutes)) {
            return false;
        }
    }
    if (**next == ':') {
        (*next)++;
        if (!read_number(next, 59, &seconds)) {
            return false;
        }
    }
    *out = hours * 3600 + minutes * 60 + seconds;
    *out = is_negative ? -*out : *out;
    return true;
}

/* ",M3.5.0/2", ",J60", ",59". */
static bool read_change(const char **next, struct sb_zone_change *out)
{
    bool is_read;

    *out = (struct sb_zone_change){.kind = SB_CHANGE_DAY_OF_YEAR, .seconds = 2 * 3600};
    if (!read_char(next, ',')) {
        return false;
    }
    if (**next == 'M') {
        (*next)++;
        out->kind = SB_CHANGE_WEEKDAY;
        is_read = read_number(next, 12, &out->month) && read_char(next, '.') &&
                  read_number(next, 5, &out->week) && read_char(next, '.') &&
                  read_number(next, 6, &out->day) && out->month > 0 && out->week > 0;
    } else if (**next == 'J') {
        (*next)++;
        out->kind = SB_CHANGE_JULIAN;
        is_read = read_number(next, 365, &out->day) && out->day > 0;
    } else {
        is_read = read_number(next, 365, &out->day);
    }
    if (is_read && **next == '/') {
        (*next)++;
        is_read = read_time(next, &out->seconds);
    }
    return is_read;
}

bool sb_zone_rule_parse(const char *text, struct sb_zone_rule *out)
{
    const char *next = text;
    int32_t west;

    *out = (struct sb_zone_rule){0};
    if (!skip_name(&next) || !read_time(&next, &west)) {
        return false;
    }
    out->winter_offset = -west;
    if (*next == 0) {
        return true;
    }
    out->has_summer = true;
    out->summer_offset = out->winter_offset + 3600;
    if (!skip_name(&next)) {
        return false;
    }
    if (*next != ',') {
        if (!read_time(&next, &west)) {
            return false;
        }
        out->summer_offset = -west;
    }
    return read_change(&next, &out->to_summer) && read_change(&next, &out->to_winter) && *next == 0;
}

/* The local second, by the clock before it, at which the clocks are set in `year`. */
static int64_t change_local(const struct sb_zone_change *change, int64_t year)
{
    const int64_t new_year = sb_days_from_civil(year, 1, 1);
    const bool is_leap = sb_year_is_leap(year);
    int64_t day = new_year + change->day;

    if (change->kind == SB_CHANGE_JULIAN) {
        day += is_leap && change->day >= 60 ? 0 : -1;
    } else if (change->kind == SB_CHANGE_WEEKDAY) {
        const int64_t first = sb_days_from_civil(year, change->month, 1);
        const int64_t last = first + sb_days_in_month(year, change->month) - 1;
        day = first + sb_floor_modulo(change->day + 6 - sb_weekday(first), 7);
        day += 7 * (change->week - 1);
        day -= day > last ? 7 : 0;
    }
    return day * SB_SECONDS_PER_DAY + change->seconds;
}

struct sb_zone_span sb_zone_rule_span(const struct sb_zone_rule *rule, int64_t instant)
{
    const int64_t shift = instant / CYCLE_SECONDS * CYCLE_SECONDS; // towards 0: never overflows
    const int64_t within = instant - shift;
    const int64_t year = sb_civil_from_days(sb_floor_divide(within, SB_SECONDS_PER_DAY)).year;
    struct sb_zone_span span = {INT64_MIN, INT64_MAX, rule->winter_offset};

    if (!rule->has_summer) {
        return span;
    }
    // the last change at or before the instant, and the first one after it
    for (int64_t y = year - 1; y <= year + 1; y++) {
        const int64_t to_summer = change_local(&rule->to_summer, y) - rule->winter_offset;
        const int64_t to_winter = change_local(&rule->to_winter, y) - rule->summer_offset;
        const int64_t changes[2] = {to_summer < to_winter ? to_summer : to_winter,
                                    to_summer < to_winter ? to_winter : to_summer};
        for (int32_t i = 0; i < 2; i++) {
            if (changes[i] <= within) {
                span.begin = changes[i];
                span.offset = changes[i] == to_summer ? rule->summer_offset : rule->winter_offset;
            } else if (span.end == INT64_MAX) {
                span.end = changes[i];
            }
        }
    }
    if (__builtin_add_overflow(span.begin, shift, &span.begin)) {
        span.begin = INT64_MIN;
    }
    if (__builtin_add_overflow(span.end, shift, &span.end)) {
        span.end = INT64_MAX;
    }
    return span;
}
