// SPDX-License-Identifier: Apache-2.0
/*
 * time_unit.c - see time_unit.h.
 */
#include "expr/time_unit.h"

#include <string.h>
#include <strings.h>

#include "base/assert.h"

static const char *const unit_names[SB_CALENDAR_UNIT_COUNT] = {
    [SB_CALENDAR_NANOSECOND] = "nanosecond",
    [SB_CALENDAR_MICROSECOND] = "microsecond",
    [SB_CALENDAR_MILLISECOND] = "millisecond",
    [SB_CALENDAR_SECOND] = "second",
    [SB_CALENDAR_MINUTE] = "minute",
    [SB_CALENDAR_HOUR] = "hour",
    [SB_CALENDAR_DAY] = "day",
    [SB_CALENDAR_WEEK] = "week",
    [SB_CALENDAR_MONTH] = "month",
    [SB_CALENDAR_QUARTER] = "quarter",
    [SB_CALENDAR_YEAR] = "year",
};

const char *const sb_calendar_unit_names = "nanosecond, microsecond, millisecond, second, minute, "
                                           "hour, day, week, month, quarter and year";

static const char *const part_names[SB_TIME_PART_COUNT] = {
    [SB_PART_YEAR] = "year",
    [SB_PART_ISO_YEAR] = "iso_year",
    [SB_PART_QUARTER] = "quarter",
    [SB_PART_MONTH] = "month",
    [SB_PART_WEEK] = "week",
    [SB_PART_DAY] = "day",
    [SB_PART_DAY_OF_WEEK] = "day_of_week",
    [SB_PART_ISO_DAY_OF_WEEK] = "iso_day_of_week",
    [SB_PART_DAY_OF_YEAR] = "day_of_year",
    [SB_PART_HOUR] = "hour",
    [SB_PART_MINUTE] = "minute",
    [SB_PART_SECOND] = "second",
    [SB_PART_MILLISECOND] = "millisecond",
    [SB_PART_MICROSECOND] = "microsecond",
    [SB_PART_NANOSECOND] = "nanosecond",
    [SB_PART_EPOCH] = "epoch",
};

const char *const sb_time_part_names =
    "year, iso_year, quarter, month, week, day, day_of_week, iso_day_of_week, day_of_year, hour, "
    "minute, second, millisecond, microsecond, nanosecond and epoch";

/* Whether `text` is `name`, or `name` with an s behind it. */
static bool is_name(const char *text, int64_t size, const char *name)
{
    const int64_t length = (int64_t)strlen(name);

    return (size == length || (size == length + 1 && (text[length] | 0x20) == 's')) &&
           strncasecmp(text, name, (size_t)length) == 0;
}

bool sb_calendar_unit_parse(const char *text, int64_t size, enum sb_calendar_unit *out)
{
    for (int32_t i = 0; i < SB_CALENDAR_UNIT_COUNT; i++) {
        if (is_name(text, size, unit_names[i])) {
            *out = (enum sb_calendar_unit)i;
            return true;
        }
    }
    return false;
}

bool sb_time_part_parse(const char *text, int64_t size, enum sb_time_part *out)
{
    static const struct {
        const char *name;
        enum sb_time_part part;
    } short_names[] = {
        {"dow", SB_PART_DAY_OF_WEEK},
        {"isodow", SB_PART_ISO_DAY_OF_WEEK},
        {"doy", SB_PART_DAY_OF_YEAR},
        {"isoyear", SB_PART_ISO_YEAR},
    };

    for (int32_t i = 0; i < SB_TIME_PART_COUNT; i++) {
        if (is_name(text, size, part_names[i])) {
            *out = (enum sb_time_part)i;
            return true;
        }
    }
    for (size_t i = 0; i < sizeof short_names / sizeof short_names[0]; i++) {
        if (is_name(text, size, short_names[i].name)) {
            *out = short_names[i].part;
            return true;
        }
    }
    return false;
}

const char *sb_calendar_unit_name(enum sb_calendar_unit unit)
{
    return unit_names[unit];
}

int64_t sb_calendar_unit_nanos(enum sb_calendar_unit unit)
{
    static const int64_t nanos[] = {
        [SB_CALENDAR_NANOSECOND] = 1,
        [SB_CALENDAR_MICROSECOND] = 1000,
        [SB_CALENDAR_MILLISECOND] = 1000000,
        [SB_CALENDAR_SECOND] = 1000000000,
        [SB_CALENDAR_MINUTE] = INT64_C(60000000000),
        [SB_CALENDAR_HOUR] = INT64_C(3600000000000),
        [SB_CALENDAR_DAY] = INT64_C(86400000000000),
        [SB_CALENDAR_WEEK] = INT64_C(604800000000000),
    };

    sb_assert(unit <= SB_CALENDAR_WEEK);
    return nanos[unit];
}
