// SPDX-License-Identifier: Apache-2.0
/*
 * time_unit.h - the units in which clocks and calendars count, and the parts of a time.
 */
#ifndef SABOT_EXPR_TIME_UNIT_H
#define SABOT_EXPR_TIME_UNIT_H

#include <stdbool.h>
#include <stdint.h>

/* Ascending; those before SB_CALENDAR_DAY have a fixed length. */
enum sb_calendar_unit {
    SB_CALENDAR_NANOSECOND,
    SB_CALENDAR_MICROSECOND,
    SB_CALENDAR_MILLISECOND,
    SB_CALENDAR_SECOND,
    SB_CALENDAR_MINUTE,
    SB_CALENDAR_HOUR,
    SB_CALENDAR_DAY,
    SB_CALENDAR_WEEK,
    SB_CALENDAR_MONTH,
    SB_CALENDAR_QUARTER,
    SB_CALENDAR_YEAR,
};
enum { SB_CALENDAR_UNIT_COUNT = SB_CALENDAR_YEAR + 1 };

enum sb_time_part {
    SB_PART_YEAR,
    SB_PART_ISO_YEAR, // of the week's Thursday
    SB_PART_QUARTER,
    SB_PART_MONTH,
    SB_PART_WEEK, // ISO 8601
    SB_PART_DAY,
    SB_PART_DAY_OF_WEEK,     // 0 = Sunday
    SB_PART_ISO_DAY_OF_WEEK, // 1 = Monday to 7
    SB_PART_DAY_OF_YEAR,
    SB_PART_HOUR,
    SB_PART_MINUTE,
    SB_PART_SECOND,
    SB_PART_MILLISECOND, // of the minute, seconds included; as in SQL
    SB_PART_MICROSECOND,
    SB_PART_NANOSECOND,
    SB_PART_EPOCH, // seconds since 1970, float64
};
enum { SB_TIME_PART_COUNT = SB_PART_EPOCH + 1 };

/* "month", "months"; false: no such unit. The part also knows "dow", "isodow", "doy", "isoyear". */
bool sb_calendar_unit_parse(const char *text, int64_t size, enum sb_calendar_unit *out);
bool sb_time_part_parse(const char *text, int64_t size, enum sb_time_part *out);

const char *sb_calendar_unit_name(enum sb_calendar_unit unit);

/* All names, for messages: "nanosecond, ..., year". */
extern const char *const sb_calendar_unit_names;
extern const char *const sb_time_part_names;

/* Nanoseconds of one of the units up to the week; longer units have none. */
int64_t sb_calendar_unit_nanos(enum sb_calendar_unit unit);

#endif
