// SPDX-License-Identifier: Apache-2.0
/*
 * time_chunk.h - dates, timestamps and times of day of a chunk as what calendars and clocks show,
 * and back.
 *
 * Temporal kernels work in two steps: values become days and ticks of the day (of the zone's clock,
 * if there is one), and loops over these do the rest. Days are those a date32 holds, years
 * -5877641 to 5881580; a value beyond them is an error that names it.
 */
#ifndef SABOT_EXPR_TIME_CHUNK_H
#define SABOT_EXPR_TIME_CHUNK_H

#include "base/calendar.h"
#include "base/time_zone.h"
#include "expr/program.h"

struct sb_time_chunk {
    bool is_narrow;               // sb_civil_narrow holds for all days
    int32_t days[SB_EXPR_CHUNK];  // of the local calendar
    int64_t ticks[SB_EXPR_CHUNK]; // since local midnight, in the type's unit; 0 for dates
};

/* Ticks of a value of the type per day and per second: 1 and 0 for date32. */
int64_t sb_time_ticks_per_day(const struct sb_type *type);
int64_t sb_time_ticks_per_second(const struct sb_type *type);

/* Argument `index` of the call as days and ticks; `zone` NULL: as the values are. */
SB_MUST_CHECK enum sb_status sb_time_chunk_read(struct sb_kernel_call *call, int32_t index,
                                                const struct sb_zone *zone,
                                                struct sb_time_chunk *out);

/* Days and ticks as values of the call's type into call->out: what does not fit is an error. */
SB_MUST_CHECK enum sb_status sb_time_chunk_write(struct sb_kernel_call *call,
                                                 const struct sb_zone *zone,
                                                 const struct sb_time_chunk *chunk);

/* An error that names argument `index` of the row and says `why`, if the row counts. */
enum sb_status sb_time_row_failed(struct sb_kernel_call *call, int32_t index, int32_t row,
                                  const char *why);

static inline struct sb_civil sb_time_civil(int32_t days, bool is_narrow)
{
    return is_narrow ? sb_civil_narrow(days) : sb_civil_from_days(days);
}

#endif
