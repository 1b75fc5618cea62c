// SPDX-License-Identifier: Apache-2.0
/*
 * calendar.h - day numbers and the proleptic Gregorian calendar, both ways.
 *
 * Days count from 1970-01-01. The general forms hold for any day of an int64 of seconds; the
 * narrow form (Neri and Schneider, "Euclidean affine functions and their application to calendar
 * algorithms", 2022) is loops of 32-bit multiplications for years -32800 to 2900000.
 */
#ifndef SABOT_BASE_CALENDAR_H
#define SABOT_BASE_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

enum { SB_SECONDS_PER_DAY = 86400, SB_MILLIS_PER_DAY = 86400000 };

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

/*
 * The same where the quotient is known. The multiple next to the least int64 is out of range, the
 * rest is not: it is computed without sign.
 */
static inline int64_t sb_floor_rest(int64_t a, int64_t quotient, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)quotient * (uint64_t)b);
}

struct sb_civil {
    int64_t year;
    int32_t month;       // 1 to 12
    int32_t day;         // 1 to 31
    int32_t day_of_year; // 1 to 366
};

static inline bool sb_year_is_leap(int64_t year)
{
    return (year & 3) == 0 && (year % 100 != 0 || (year & 15) == 0);
}

static inline int32_t sb_days_in_month(int64_t year, int32_t month)
{
    // 31 where the lowest bit and bit 3 differ, else 30; February apart
    return month == 2 ? 28 + sb_year_is_leap(year) : 30 | ((month ^ (month >> 3)) & 1);
}

/* The day before 1 January of `year`, counted from the day before 1 January of year 0. */
static inline int64_t sb_days_before_year(int64_t year)
{
    const int64_t y = year - 1;

    return 366 + y * 365 + sb_floor_divide(y, 4) - sb_floor_divide(y, 100) +
           sb_floor_divide(y, 400);
}

/* Days of the year before `month`, 0 for January. */
static inline int32_t sb_days_before_month(bool is_leap, int32_t month)
{
    // (979 * m - 2919) / 32 of the paper gives March to December; January and February are plain
    return month <= 2 ? 31 * (month - 1) : (979 * month - 2919) / 32 + 59 + is_leap;
}

enum { SB_DAYS_BEFORE_EPOCH = 719528 }; // from 0000-01-01 to 1970-01-01

/* The day number of a date; the month is 1 to 12, the day may be any number. */
static inline int64_t sb_days_from_civil(int64_t year, int32_t month, int64_t day)
{
    return sb_days_before_year(year) + sb_days_before_month(sb_year_is_leap(year), month) + day -
           1 - SB_DAYS_BEFORE_EPOCH;
}

/* The days for which sb_civil_narrow holds. */
#define SB_NARROW_DAY_LEAST (-12699422)
#define SB_NARROW_DAY_MOST 1061042401

/* Without a branch, in 32 bits; the compiler drops what the caller does not read. */
static inline struct sb_civil sb_civil_narrow(int32_t days)
{
    const uint32_t n = (uint32_t)days + 719468 + 146097 * 82; // years begin in March
    const uint32_t n1 = 4 * n + 3;
    const uint32_t century = n1 / 146097;
    const uint32_t n2 = n1 % 146097 | 3;
    const uint64_t p2 = UINT64_C(2939745) * n2;
    const uint32_t year_of_century = (uint32_t)(p2 >> 32);
    const uint32_t day_of_year = (uint32_t)p2 / 2939745 / 4; // from 1 March
    const uint32_t n3 = 2141 * day_of_year + 197913;
    const uint32_t is_next = day_of_year >= 306; // January and February
    const int32_t year = (int32_t)(100 * century + year_of_century) - 400 * 82 + (int32_t)is_next;
    // of the year that is over in February: the leap day is the last
    const int32_t is_leap = (year & 3) == 0 && (year_of_century != 0 || (century & 3) == 0);

    return (struct sb_civil){
        .year = year,
        .month = (int32_t)((n3 >> 16) - (is_next ? 12 : 0)),
        .day = (int32_t)((n3 & 0xffff) / 2141 + 1),
        .day_of_year = (int32_t)day_of_year + (is_next ? -305 : 60 + is_leap),
    };
}

/* Any day. */
static inline struct sb_civil sb_civil_from_days(int64_t days)
{
    // 400 years are 146097 days; within them the narrow form holds
    const int64_t era = sb_floor_divide(days, 146097);
    struct sb_civil civil = sb_civil_narrow((int32_t)(days - era * 146097));

    civil.year += 400 * era;
    return civil;
}

/* 0 = Monday to 6 = Sunday; 1970-01-01 was a Thursday. */
static inline int32_t sb_weekday(int64_t days)
{
    return (int32_t)sb_floor_modulo(days + 3, 7);
}

#endif
