// SPDX-License-Identifier: Apache-2.0
/*
 * time_text.h - dates and timestamps as ISO 8601 text and back; time units; fixed zones.
 *
 * The calendar is the proleptic Gregorian one. This version carries no time zone database: UTC
 * and fixed offsets are known, of a named zone only that its values are UTC instants.
 */
#ifndef SABOT_EXPR_TIME_TEXT_H
#define SABOT_EXPR_TIME_TEXT_H

#include <stdbool.h>

#include "columnar/type.h"
#include "expr/vector.h"

enum {
    SB_TIME_TEXT_SIZE = 48,
    SB_SECONDS_PER_DAY = 86400,
    SB_MILLIS_PER_DAY = 86400000,
};

/* 1, 1000, 1000000 or 1000000000. */
int64_t sb_unit_per_second(enum sb_time_unit unit);

/* a / b towards minus infinity; b > 0. */
static inline int64_t sb_floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* What is left of it: 0 to b - 1. */
static inline int64_t sb_floor_modulo(int64_t a, int64_t b)
{
    return a % b + (a % b < 0 ? b : 0);
}

/* Seconds east of UTC for NULL, "UTC", "+05:30", ...; false for a named zone. */
bool sb_zone_offset(const char *zone, int64_t *seconds);

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

/* Whole units since the epoch, in 128 bits, and whether digits were left over. */
sb_int128 sb_time_in_unit(const struct sb_time *time, enum sb_time_unit unit, bool *is_exact);

/* "2024-02-29"; years past 9999 get a sign. Returns the length. */
int32_t sb_date_format(int64_t days, char *buffer);

/* "2024-02-29T12:30:15.123"; with "Z" or the offset when `zone` is not NULL. */
int32_t sb_timestamp_format(int64_t value, enum sb_time_unit unit, const char *zone, char *buffer);

#endif
