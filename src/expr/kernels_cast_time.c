// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_cast_time.c - between dates and timestamps of any unit and zone.
 *
 * A coarser unit rounds down, towards the past, so that order is kept. Between a zone and none the
 * clock on the wall is kept; that needs the zone's offset, which this version knows for UTC and
 * fixed offsets only. Between two zones the instant is kept and nothing is computed.
 */
#include "expr/cast_failure.h"
#include "expr/kernels.h"
#include "expr/time_text.h"
#include "expr/tree.h"

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

/* What turns a value of one type into one of another: (value + shift) * factor / divisor. */
struct conversion {
    int64_t shift;
    int64_t factor;
    int64_t divisor;
    int64_t step; // the result is a multiple of it: date64 counts whole days
};

static struct conversion conversion_of(const struct sb_type *from, const struct sb_type *to)
{
    const int64_t from_ticks = ticks_per_day(from);
    const int64_t to_ticks = ticks_per_day(to);
    const bool has_from_zone = from->id == SB_TYPE_TIMESTAMP && from->zone != NULL;
    const bool has_to_zone = to->id == SB_TYPE_TIMESTAMP && to->zone != NULL;
    struct conversion out = {.factor = 1, .divisor = 1, .step = 1};
    int64_t offset = 0;

    if (has_from_zone && !has_to_zone) { // to the clock on the wall
        (void)sb_zone_offset(from->zone, &offset);
        out.shift = offset * (from_ticks / SB_SECONDS_PER_DAY);
    }
    if (!has_from_zone && has_to_zone) {
        // the other way it is applied to the result, whose ticks can say it
        (void)sb_zone_offset(to->zone, &offset);
        out.shift = -offset * (to_ticks / SB_SECONDS_PER_DAY);
    }
    if (from_ticks > to_ticks) {
        out.divisor = from_ticks / to_ticks;
    } else {
        out.factor = to_ticks / from_ticks;
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

static bool time_convert(const struct conversion *conversion, bool is_shift_last, int64_t value,
                         int64_t least, int64_t greatest, int64_t *out)
{
    sb_int128 result = value;

    if (!is_shift_last) {
        result += conversion->shift;
    }
    result = conversion->divisor > 1 ? floor_divide(result, conversion->divisor)
                                     : result * conversion->factor;
    if (is_shift_last) {
        result += conversion->shift;
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
    const bool is_shift_last = to->id == SB_TYPE_TIMESTAMP && to->zone != NULL;
    const bool is_narrow = to->id == SB_TYPE_DATE32;
    const int64_t least = is_narrow ? INT32_MIN : INT64_MIN;
    const int64_t greatest = is_narrow ? INT32_MAX : INT64_MAX;
    const void *values = sb_kernel_argument(call, 0)->values;

    for (int32_t i = 0; i < call->count; i++) {
        const int64_t value = from->id == SB_TYPE_DATE32 ? ((const int32_t *)values)[i]
                                                         : ((const int64_t *)values)[i];
        int64_t result;
        if (!time_convert(&conversion, is_shift_last, value, least, greatest, &result)) {
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
    const bool has_from_zone = from->id == SB_TYPE_TIMESTAMP && from->zone != NULL;
    const bool has_to_zone = to->id == SB_TYPE_TIMESTAMP && to->zone != NULL;
    int64_t offset;

    if (!sb_type_is_temporal(from->id) || !sb_type_is_temporal(to->id)) {
        *hint = "dates and timestamps turn into each other, integers and text";
        return NULL;
    }
    if (has_from_zone != has_to_zone &&
        !(sb_zone_offset(from->zone, &offset) && sb_zone_offset(to->zone, &offset))) {
        *hint = "that needs the time zone database, which this version lacks; UTC and fixed "
                "offsets such as +01:00 work";
        return NULL;
    }
    return &kernels;
}
