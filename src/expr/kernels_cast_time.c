// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_cast_time.c - between dates and timestamps of any unit and zone, times of day, and
 * durations of any unit.
 *
 * A coarser unit rounds down, towards the past, so that order is kept. Between a zone and none the
 * clock on the wall is kept: a clock that was shown twice is the earlier instant, one that was
 * never shown is moved forward with the clocks. Between two zones the instant is kept and nothing
 * is computed. The zone is what binding prepared.
 */
#include "expr/cast_failure.h"
#include "expr/kernels.h"
#include "expr/time_text.h"
#include "expr/tree.h"
#include "expr/type_rules.h"

/* Ticks of the value per day: dates count days, or milliseconds for date64. */
static int64_t ticks_per_day(const struct sb_type *type)
{
    switch (type->id) {
    case SB_TYPE_DATE32:
        return 1;
    case SB_TYPE_DATE64:
        return SB_MILLIS_PER_DAY;
    default:
        return SB_SECONDS_PER_DAY * sb_unit_per_second(type->unit);
    }
}

/* What turns a value of one type into one of another: value * factor / divisor. */
struct conversion {
    int64_t factor;
    int64_t divisor;
    int64_t step;        // the result is a multiple of it: date64 counts whole days
    int64_t from_second; // ticks of a second before and after
    int64_t to_second;
    int64_t from_day; // of a timestamp that becomes a time of day: ticks of a day; else 0
};

static struct conversion conversion_of(const struct sb_type *from, const struct sb_type *to)
{
    const int64_t from_ticks = ticks_per_day(from);
    const int64_t to_ticks = ticks_per_day(to);
    struct conversion out = {
        .factor = 1,
        .divisor = 1,
        .step = 1,
        .from_second = from_ticks / SB_SECONDS_PER_DAY,
        .to_second = to_ticks / SB_SECONDS_PER_DAY,
    };

    if (from_ticks > to_ticks) {
        out.divisor = from_ticks / to_ticks;
    } else {
        out.factor = to_ticks / from_ticks;
    }
    if (sb_type_is_clock(to->id) && from->id == SB_TYPE_TIMESTAMP) {
        out.from_day = from_ticks;
    }
    if (to->id == SB_TYPE_DATE64 && from->id == SB_TYPE_TIMESTAMP) {
        out.step = SB_MILLIS_PER_DAY;
    }
    return out;
}

static inline sb_int128 floor_divide(sb_int128 a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* From an instant to the clock of its zone. */
static inline sb_int128 shift_to_local(const struct conversion *conversion, int64_t value,
                                       struct sb_zone_cursor *cursor)
{
    const int64_t seconds = sb_floor_divide(value, conversion->from_second);

    return value + (sb_int128)sb_zone_cursor_offset(cursor, seconds) * conversion->from_second;
}

/* From a clock to the instant that showed it. */
static inline sb_int128 shift_to_instant(const struct conversion *conversion, sb_int128 value,
                                         struct sb_zone_cursor *cursor)
{
    const sb_int128 seconds = floor_divide(value, conversion->to_second);
    int64_t earliest;
    int64_t latest;

    if (seconds > INT64_MAX - 2 * SB_SECONDS_PER_DAY ||
        seconds < INT64_MIN + 2 * SB_SECONDS_PER_DAY) {
        return (sb_int128)INT64_MAX + 1; // the instant may not fit, the clock perhaps does not
    }
    (void)sb_zone_cursor_local(cursor, (int64_t)seconds, &earliest, &latest);
    return value + ((sb_int128)earliest - seconds) * conversion->to_second;
}

static inline bool time_convert(const struct conversion *conversion, struct sb_zone_cursor *cursor,
                                bool is_to_instant, int64_t value, int64_t least, int64_t greatest,
                                int64_t *out)
{
    sb_int128 result = value;

    if (cursor->zone != NULL && !is_to_instant) {
        result = shift_to_local(conversion, value, cursor);
    }
    if (conversion->from_day > 0) {
        result -= floor_divide(result, conversion->from_day) * conversion->from_day;
    }
    result = conversion->divisor > 1 ? floor_divide(result, conversion->divisor)
                                     : result * conversion->factor;
    if (cursor->zone != NULL && is_to_instant) {
        result = shift_to_instant(conversion, result, cursor);
    }
    if (conversion->step > 1) {
        result = floor_divide(result, conversion->step) * conversion->step;
    }
    *out = (int64_t)result;
    return result >= least && result <= greatest;
}

static enum sb_status time_vectors(struct sb_kernel_call *call)
{
    const struct sb_type *from = &call->node->arguments[0]->type;
    const struct sb_type *to = &call->node->type;
    const struct conversion conversion = conversion_of(from, to);
    struct sb_zone_cursor cursor = sb_zone_cursor_of(call->node->prepared);
    const bool is_to_instant = to->zone != NULL;
    const bool is_from_narrow = from->id == SB_TYPE_DATE32 || from->id == SB_TYPE_TIME32;
    const bool is_narrow = to->id == SB_TYPE_DATE32 || to->id == SB_TYPE_TIME32;
    const int64_t least = is_narrow ? INT32_MIN : INT64_MIN;
    const int64_t greatest = is_narrow ? INT32_MAX : INT64_MAX;
    const void *values = sb_kernel_argument(call, 0)->values;

    for (int32_t i = 0; i < call->count; i++) {
        const int64_t value =
            is_from_narrow ? ((const int32_t *)values)[i] : ((const int64_t *)values)[i];
        int64_t result;
        if (!time_convert(&conversion, &cursor, is_to_instant, value, least, greatest, &result)) {
            SB_TRY_RETURN(sb_cast_row_failed(call, i, "does not fit"));
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

const struct sb_kernel_set *sb_kernels_cast_time(const struct sb_type *from,
                                                 const struct sb_type *to, const char **hint)
{
    static const struct sb_kernel_set kernels = {.vectors = time_vectors, .may_fail = true};

    if ((sb_type_is_temporal(from->id) && sb_type_is_temporal(to->id)) ||
        (sb_type_is_clock(to->id) &&
         (sb_type_is_clock(from->id) || from->id == SB_TYPE_TIMESTAMP)) ||
        (from->id == SB_TYPE_DURATION && to->id == SB_TYPE_DURATION)) {
        return &kernels;
    }
    *hint = sb_type_is_clock(from->id) || sb_type_is_clock(to->id)
                ? "times of day come from timestamps, text and each other"
            : from->id == SB_TYPE_DURATION || to->id == SB_TYPE_DURATION
                ? "durations turn into each other and integers"
                : "dates and timestamps turn into each other, integers and text";
    return NULL;
}
