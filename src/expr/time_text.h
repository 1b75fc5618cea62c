// SPDX-License-Identifier: Apache-2.0
/*
 * time_text.h - dates and timestamps as ISO 8601 text and back; time units.
 *
 * The calendar is the proleptic Gregorian one.
 */
#ifndef SABOT_EXPR_TIME_TEXT_H
#define SABOT_EXPR_TIME_TEXT_H

#include <stdbool.h>

#include "base/calendar.h"
#include "base/time_zone.h"
#include "columnar/type.h"
#include "expr/vector.h"

enum {
    SB_TIME_TEXT_SIZE = 48,
};

/* 1, 1000, 1000000 or 1000000000. */
int64_t sb_unit_per_second(enum sb_time_unit unit);

/* A time as it was written. */
struct sb_time {
    int64_t days;    // since 1970-01-01
    int64_t seconds; // of the day, less what the written offset says
    int32_t nanos;
    bool has_clock;
    bool has_offset;
};

/* "2024-02-29", "2024-02-29T12:30[:15[.123456789]][Z|+hh[:mm]]", a space instead of T. */
bool sb_time_parse(const char *text, int64_t size, struct sb_time *out);

/* "12:30[:15[.123456789]]" as seconds and nanoseconds of day 0. */
bool sb_clock_parse(const char *text, int64_t size, struct sb_time *out);

/* "12:30:15.123", of units since midnight. */
int32_t sb_clock_format(int64_t value, enum sb_time_unit unit, char *buffer);

/*
 * Brings a time to UTC. Text without an offset is a clock in `zone`: shown twice, the earlier
 * instant counts; never shown, it is moved forward by as much as the clocks were. `zone` NULL: the
 * type has no zone, and false when the text has an offset.
 */
bool sb_time_settle(struct sb_time *time, struct sb_zone_cursor *zone);

/* Whole units since the epoch, in 128 bits, and whether digits were left over. */
sb_int128 sb_time_in_unit(const struct sb_time *time, enum sb_time_unit unit, bool *is_exact);

/* "2024-02-29"; years past 9999 get a sign. Returns the length. */
int32_t sb_date_format(int64_t days, char *buffer);

/* "2024-02-29T12:30:15.123"; by the clock of `zone`, with "Z" or the offset, unless it is NULL. */
int32_t sb_timestamp_format(int64_t value, enum sb_time_unit unit, struct sb_zone_cursor *zone,
                            char *buffer);

#endif
