// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_time_trunc.c - the beginning of the hour, day, month, ... that a time is in; the last day
 * of its month.
 *
 * With a zone it is the zone's hour, day or month. Of an hour shown twice it is the beginning of
 * the one that the time is in; days and longer units begin at the first instant that the zone's
 * calendar calls so.
 */
#include "expr/kernels_time.h"
#include "expr/time_chunk.h"

static inline int32_t day_truncated(int32_t day, bool is_narrow, enum sb_calendar_unit unit)
{
    const struct sb_civil civil = sb_time_civil(day, is_narrow);

    switch (unit) {
    case SB_CALENDAR_WEEK:
        return day - sb_weekday(day);
    case SB_CALENDAR_MONTH:
        return day - civil.day + 1;
    case SB_CALENDAR_QUARTER:
        return (int32_t)((int64_t)day - civil.day_of_year + 1 +
                         sb_days_before_month(sb_year_is_leap(civil.year),
                                              (civil.month + 2) / 3 * 3 - 2));
    case SB_CALENDAR_YEAR:
        return day - civil.day_of_year + 1;
    default:
        return day;
    }
}

#define UNIT_LOOP(UNIT)                                                                            \
    case UNIT:                                                                                     \
        if (chunk->is_narrow) {                                                                    \
            for (int32_t i = 0; i < count; i++) {                                                  \
                days[i] = day_truncated(days[i], true, UNIT);                                      \
            }                                                                                      \
        } else {                                                                                   \
            for (int32_t i = 0; i < count; i++) {                                                  \
                days[i] = day_truncated(days[i], false, UNIT);                                     \
            }                                                                                      \
        }                                                                                          \
        break

static void days_truncate(struct sb_time_chunk *chunk, enum sb_calendar_unit unit, int32_t count)
{
    int32_t *restrict days = chunk->days;

    switch (unit) {
        UNIT_LOOP(SB_CALENDAR_WEEK);
        UNIT_LOOP(SB_CALENDAR_MONTH);
        UNIT_LOOP(SB_CALENDAR_QUARTER);
        UNIT_LOOP(SB_CALENDAR_YEAR);
    default:
        sb_assert(unit == SB_CALENDAR_DAY);
        break;
    }
    for (int32_t i = 0; i < count; i++) {
        chunk->ticks[i] = 0;
    }
}

/* `step` is a constant where this is inlined; a remainder below the least value fails. */
static inline bool ticks_truncate(const int64_t *restrict values, int32_t count, int64_t step,
                                  int64_t *restrict out)
{
    int64_t failed = 0;

    for (int32_t i = 0; i < count; i++) {
        const int64_t value = values[i];
        out[i] = (int64_t)((uint64_t)value - (uint64_t)sb_floor_modulo(value, step));
        failed |= out[i] > value;
    }
    return failed == 0;
}

#define STEP_CASE(STEP)                                                                            \
    case STEP:                                                                                     \
        return ticks_truncate(values, count, STEP, out)

static bool ticks_truncate_by_step(const int64_t *values, int32_t count, int64_t step, int64_t *out)
{
    switch (step) {
        STEP_CASE(60);
        STEP_CASE(3600);
        STEP_CASE(86400);
        STEP_CASE(1000);
        STEP_CASE(60000);
        STEP_CASE(3600000);
        STEP_CASE(86400000);
        STEP_CASE(1000000);
        STEP_CASE(60000000);
        STEP_CASE(INT64_C(3600000000));
        STEP_CASE(INT64_C(86400000000));
        STEP_CASE(INT64_C(1000000000));
        STEP_CASE(INT64_C(60000000000));
        STEP_CASE(INT64_C(3600000000000));
        STEP_CASE(INT64_C(86400000000000));
    default:
        return ticks_truncate(values, count, step, out);
    }
}

static enum sb_status truncation_failed(struct sb_kernel_call *call)
{
    const int64_t *values = sb_kernel_argument(call, 0)->values;
    const int64_t *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        if (out[i] > values[i]) {
            SB_TRY_RETURN(sb_time_row_failed(
                call, 0, i, "gives a time that the type of the result cannot hold"));
        }
    }
    return SB_OK;
}

/* The last instant not behind `value` at which the zone showed `local`; both in seconds. */
static int64_t shown_before(struct sb_zone_cursor *cursor, int64_t local, int64_t value)
{
    int64_t earliest;
    int64_t latest;

    if (sb_zone_cursor_local(cursor, local, &earliest, &latest) == SB_LOCAL_TWICE &&
        latest <= value) {
        return latest;
    }
    return earliest;
}

/* Up to the hour, by the clock of a zone. */
static void ticks_truncate_local(struct sb_kernel_call *call, int64_t step, int64_t per_second)
{
    struct sb_zone_cursor cursor = sb_zone_cursor_of(call->node->prepared);
    const int64_t *values = sb_kernel_argument(call, 0)->values;
    int64_t *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        const int64_t second = sb_floor_divide(values[i], per_second);
        const int64_t offset = sb_zone_cursor_offset(&cursor, second);
        const int64_t shift = sb_floor_modulo(offset * per_second, step);
        const int64_t rest = (sb_floor_modulo(values[i], step) + shift) % step;
        out[i] = (int64_t)((uint64_t)values[i] - (uint64_t)rest);
        if (sb_unlikely(rest >= per_second &&
                        sb_floor_divide(out[i], per_second) < cursor.span.begin)) {
            // the clocks were set within this hour
            const int64_t local = sb_floor_divide(out[i], per_second) + offset;
            out[i] = shown_before(&cursor, local, second) * per_second;
        }
    }
}

static enum sb_status trunc_vectors(struct sb_kernel_call *call)
{
    const enum sb_calendar_unit unit = (enum sb_calendar_unit)call->node->parameter;
    const struct sb_type *type = &call->node->type;
    const struct sb_zone *zone = call->node->prepared;
    const int64_t per_second = sb_time_ticks_per_second(type);
    struct sb_time_chunk chunk;

    if (type->id == SB_TYPE_TIMESTAMP &&
        (unit < SB_CALENDAR_DAY || (unit == SB_CALENDAR_DAY && zone == NULL))) {
        const int64_t nanos_per_tick = 1000000000 / per_second;
        const int64_t nanos = sb_calendar_unit_nanos(unit);
        const int64_t step = nanos < nanos_per_tick ? 1 : nanos / nanos_per_tick;
        if (zone != NULL) {
            ticks_truncate_local(call, step, per_second);
            return truncation_failed(call);
        }
        return ticks_truncate_by_step(sb_kernel_argument(call, 0)->values, call->count, step,
                                      call->out)
                   ? SB_OK
                   : truncation_failed(call);
    }
    SB_TRY_RETURN(sb_time_chunk_read(call, 0, zone, &chunk));
    days_truncate(&chunk, unit, call->count);
    return sb_time_chunk_write(call, zone, &chunk);
}

static enum sb_status last_day_vectors(struct sb_kernel_call *call)
{
    struct sb_time_chunk chunk;
    int32_t *out = call->out;

    SB_TRY_RETURN(sb_time_chunk_read(call, 0, call->node->prepared, &chunk));
    for (int32_t i = 0; i < call->count; i++) {
        const struct sb_civil civil = sb_time_civil(chunk.days[i], chunk.is_narrow);
        const int64_t day =
            (int64_t)chunk.days[i] - civil.day + sb_days_in_month(civil.year, civil.month);
        out[i] = (int32_t)day;
        if (sb_unlikely(out[i] != day)) {
            SB_TRY_RETURN(
                sb_time_row_failed(call, 0, i, "is in the last month that a date32 reaches"));
        }
    }
    return SB_OK;
}

const struct sb_kernel_set sb_kernels_time_trunc = {.vectors = trunc_vectors, .may_fail = true};
const struct sb_kernel_set sb_kernels_last_day = {.vectors = last_day_vectors, .may_fail = true};
