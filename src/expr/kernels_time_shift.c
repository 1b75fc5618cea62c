// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_time_shift.c - a time moved by an amount of a unit, and how many units lie between two.
 *
 * Hours and shorter units are lengths of time. Days and longer ones are places in the calendar,
 * with a zone the zone's: the clock stays what it was. A day that the month lacks is its last.
 */
#include "expr/kernels_time.h"
#include "expr/time_chunk.h"

static const char out_of_range[] = "moved by that amount is out of range";

/* Ticks of one `unit`; days of one for dates. 0: the unit is no multiple of a tick. */
static int64_t ticks_of(const struct sb_type *type, enum sb_calendar_unit unit)
{
    const int64_t nanos_per_day = sb_calendar_unit_nanos(SB_CALENDAR_DAY);
    const int64_t nanos = sb_calendar_unit_nanos(unit);

    return nanos / (nanos_per_day / sb_time_ticks_per_day(type));
}

/* An amount of -amount where the call subtracts; false: it has none. */
static inline bool amount_of(int64_t amount, bool is_subtraction, int64_t *out)
{
    *out = amount;
    return !is_subtraction || !__builtin_sub_overflow(0, amount, out);
}

/* Lengths of time, and days where there is no zone. */
static enum sb_status add_ticks(struct sb_kernel_call *call, bool is_subtraction, int64_t step)
{
    const bool is_narrow = call->node->type.id == SB_TYPE_DATE32;
    const void *values = sb_kernel_argument(call, 0)->values;
    const int64_t *amounts = sb_kernel_argument(call, 1)->values;

    for (int32_t i = 0; i < call->count; i++) {
        const int64_t value =
            is_narrow ? ((const int32_t *)values)[i] : ((const int64_t *)values)[i];
        int64_t ticks;
        int64_t result = 0;
        bool failed = __builtin_mul_overflow(amounts[i], step, &ticks);
        failed |= is_subtraction ? __builtin_sub_overflow(value, ticks, &result)
                                 : __builtin_add_overflow(value, ticks, &result);
        failed |= is_narrow && result != (int32_t)result;
        if (sb_unlikely(failed)) {
            SB_TRY_RETURN(sb_time_row_failed(call, 0, i, out_of_range));
            result = 0;
        }
        if (is_narrow) {
            ((int32_t *)call->out)[i] = (int32_t)result;
        } else {
            ((int64_t *)call->out)[i] = result;
        }
    }
    return SB_OK;
}

static bool day_add_months(int32_t *day, int64_t months, bool is_narrow)
{
    const struct sb_civil civil = sb_time_civil(*day, is_narrow);
    int64_t index;
    int64_t moved;
    int64_t year;
    int32_t month;

    if (__builtin_add_overflow(civil.year * 12 + civil.month - 1, months, &index)) {
        return false;
    }
    year = sb_floor_divide(index, 12);
    month = (int32_t)sb_floor_modulo(index, 12) + 1;
    if (year > 5900000 || year < -5900000) {
        return false;
    }
    const int32_t last = sb_days_in_month(year, month);
    moved = sb_days_from_civil(year, month, civil.day < last ? civil.day : last);
    *day = (int32_t)moved;
    return moved == (int32_t)moved;
}

static bool day_add_days(int32_t *day, int64_t days)
{
    int64_t moved;

    if (__builtin_add_overflow((int64_t)*day, days, &moved)) {
        return false;
    }
    *day = (int32_t)moved;
    return moved == (int32_t)moved;
}

static enum sb_status add_calendar(struct sb_kernel_call *call, bool is_subtraction, bool is_months,
                                   int64_t factor)
{
    const struct sb_zone *zone = call->node->prepared;
    const int64_t *amounts = sb_kernel_argument(call, 1)->values;
    struct sb_time_chunk chunk;

    SB_TRY_RETURN(sb_time_chunk_read(call, 0, zone, &chunk));
    for (int32_t i = 0; i < call->count; i++) {
        int64_t amount;
        const bool fits = amount_of(amounts[i], is_subtraction, &amount) &&
                          !__builtin_mul_overflow(amount, factor, &amount) &&
                          (is_months ? day_add_months(&chunk.days[i], amount, chunk.is_narrow)
                                     : day_add_days(&chunk.days[i], amount));
        if (sb_unlikely(!fits)) {
            SB_TRY_RETURN(sb_time_row_failed(call, 0, i, out_of_range));
            chunk.days[i] = 0;
        }
    }
    return sb_time_chunk_write(call, zone, &chunk);
}

static enum sb_status time_add(struct sb_kernel_call *call, bool is_subtraction)
{
    const enum sb_calendar_unit unit = (enum sb_calendar_unit)call->node->parameter;

    switch (unit) {
    case SB_CALENDAR_MONTH:
        return add_calendar(call, is_subtraction, true, 1);
    case SB_CALENDAR_QUARTER:
        return add_calendar(call, is_subtraction, true, 3);
    case SB_CALENDAR_YEAR:
        return add_calendar(call, is_subtraction, true, 12);
    default:
        break;
    }
    if (unit >= SB_CALENDAR_DAY && call->node->prepared != NULL) {
        return add_calendar(call, is_subtraction, false, unit == SB_CALENDAR_WEEK ? 7 : 1);
    }
    return add_ticks(call, is_subtraction, ticks_of(&call->node->type, unit));
}

static enum sb_status add_vectors(struct sb_kernel_call *call)
{
    return time_add(call, false);
}

static enum sb_status subtract_vectors(struct sb_kernel_call *call)
{
    return time_add(call, true);
}

/* Boundaries of `step` ticks between two counts, by the clock of each offset. */
static enum sb_status diff_ticks(struct sb_kernel_call *call, int64_t step)
{
    const struct sb_type *type = &call->node->arguments[0]->type;
    const int64_t per_second = sb_time_ticks_per_second(type);
    struct sb_zone_cursor from = sb_zone_cursor_of(call->node->prepared);
    struct sb_zone_cursor to = from;
    const int64_t *a = sb_kernel_argument(call, 0)->values;
    const int64_t *b = sb_kernel_argument(call, 1)->values;
    int64_t *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        int64_t first = a[i];
        int64_t second = b[i];
        if (from.zone != NULL) {
            const int64_t x = sb_zone_cursor_offset(&from, sb_floor_divide(first, per_second));
            const int64_t y = sb_zone_cursor_offset(&to, sb_floor_divide(second, per_second));
            // whole steps of the offsets move both alike
            first = (int64_t)((uint64_t)first + (uint64_t)sb_floor_modulo(x * per_second, step));
            second = (int64_t)((uint64_t)second + (uint64_t)sb_floor_modulo(y * per_second, step));
        }
        if (sb_unlikely(__builtin_sub_overflow(sb_floor_divide(second, step),
                                               sb_floor_divide(first, step), &out[i]))) {
            SB_TRY_RETURN(sb_time_row_failed(call, 0, i, "is too far away for a count of 64 bits"));
            out[i] = 0;
        }
    }
    return SB_OK;
}

/* The number of the unit that a day is in; differences of it count boundaries. */
static inline int64_t unit_number(int32_t day, bool is_narrow, enum sb_calendar_unit unit)
{
    const struct sb_civil civil = sb_time_civil(day, is_narrow);

    switch (unit) {
    case SB_CALENDAR_WEEK: // weeks begin on Monday
        return sb_floor_divide((int64_t)day + 3, 7);
    case SB_CALENDAR_MONTH:
        return civil.year * 12 + civil.month;
    case SB_CALENDAR_QUARTER:
        return civil.year * 4 + (civil.month - 1) / 3;
    case SB_CALENDAR_YEAR:
        return civil.year;
    default:
        return day;
    }
}

static enum sb_status diff_vectors(struct sb_kernel_call *call)
{
    const enum sb_calendar_unit unit = (enum sb_calendar_unit)call->node->parameter;
    const struct sb_zone *zone = call->node->prepared;
    struct sb_time_chunk from;
    struct sb_time_chunk to;
    int64_t *out = call->out;

    if (unit < SB_CALENDAR_DAY) {
        return diff_ticks(call, ticks_of(&call->node->arguments[0]->type, unit));
    }
    SB_TRY_RETURN(sb_time_chunk_read(call, 0, zone, &from));
    SB_TRY_RETURN(sb_time_chunk_read(call, 1, zone, &to));
    for (int32_t i = 0; i < call->count; i++) {
        out[i] = unit_number(to.days[i], to.is_narrow, unit) -
                 unit_number(from.days[i], from.is_narrow, unit);
    }
    return SB_OK;
}

const struct sb_kernel_set sb_kernels_time_add = {.vectors = add_vectors, .may_fail = true};
const struct sb_kernel_set sb_kernels_time_subtract = {.vectors = subtract_vectors,
                                                       .may_fail = true};
const struct sb_kernel_set sb_kernels_time_diff = {.vectors = diff_vectors, .may_fail = true};
