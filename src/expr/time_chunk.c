// SPDX-License-Identifier: Apache-2.0
/*
 * time_chunk.c - see time_chunk.h. A constant argument has a value per row here.
 */
#include "expr/time_chunk.h"

#include <string.h>

#include "expr/time_text.h"
#include "expr/tree.h"

static const char out_of_years[] = "is outside of the years -5877641 to 5881580";

int64_t sb_time_ticks_per_second(const struct sb_type *type)
{
    return type->id == SB_TYPE_DATE32   ? 0
           : type->id == SB_TYPE_DATE64 ? 1000
                                        : sb_unit_per_second(type->unit);
}

int64_t sb_time_ticks_per_day(const struct sb_type *type)
{
    return type->id == SB_TYPE_DATE32 ? 1 : SB_SECONDS_PER_DAY * sb_time_ticks_per_second(type);
}

enum sb_status sb_time_row_failed(struct sb_kernel_call *call, int32_t index, int32_t row,
                                  const char *why)
{
    const struct sb_bound_node *argument = call->node->arguments[index];
    const int32_t width = sb_physical_width(sb_physical_of(&argument->type));
    const uint8_t *values = sb_kernel_argument(call, index)->values;
    struct sb_scalar scalar = {.type = argument->type};
    const char *text;

    if (!sb_kernel_counts(call, row)) {
        return SB_OK;
    }
    memcpy(&scalar.value, values + (int64_t)row * width, (size_t)width);
    text = sb_scalar_text(&scalar, call->text);
    return sb_error_set(call->err, SB_FAILED, "%s: %s %s", call->node->name,
                        text == NULL ? "a value" : text, why);
}

static bool are_narrow(const int32_t *days, int32_t count)
{
    int32_t least = 0;
    int32_t most = 0;

    for (int32_t i = 0; i < count; i++) {
        least = days[i] < least ? days[i] : least;
        most = days[i] > most ? days[i] : most;
    }
    return least >= SB_NARROW_DAY_LEAST && most <= SB_NARROW_DAY_MOST;
}

/* The compiler divides by a constant. False: a day is out of range. */
static inline bool split(const int64_t *restrict values, int32_t count, int64_t per_day,
                         struct sb_time_chunk *restrict out)
{
    int64_t failed = 0;

    for (int32_t i = 0; i < count; i++) {
        const int64_t day = sb_floor_divide(values[i], per_day);
        out->days[i] = (int32_t)day;
        out->ticks[i] = sb_floor_rest(values[i], day, per_day);
        failed |= day ^ (int32_t)day;
    }
    return failed == 0;
}

static bool split_by_unit(const int64_t *values, int32_t count, int64_t per_day,
                          struct sb_time_chunk *out)
{
    switch (per_day / SB_SECONDS_PER_DAY) {
    case 1:
        return split(values, count, SB_SECONDS_PER_DAY, out);
    case 1000:
        return split(values, count, INT64_C(86400000), out);
    case 1000000:
        return split(values, count, INT64_C(86400000000), out);
    default:
        return split(values, count, INT64_C(86400000000000), out);
    }
}

static inline bool split_local(const int64_t *restrict values, int32_t count, int64_t per_second,
                               struct sb_zone_cursor *cursor, struct sb_time_chunk *restrict out)
{
    int64_t failed = 0;

    for (int32_t i = 0; i < count; i++) {
        const int64_t instant = sb_floor_divide(values[i], per_second);
        // the offset is small beside what fails below
        const int64_t local =
            (int64_t)((uint64_t)instant + (uint64_t)sb_zone_cursor_offset(cursor, instant));
        const int64_t day = sb_floor_divide(local, SB_SECONDS_PER_DAY);
        out->days[i] = (int32_t)day;
        out->ticks[i] = sb_floor_rest(local, day, SB_SECONDS_PER_DAY) * per_second +
                        sb_floor_rest(values[i], instant, per_second);
        failed |= day ^ (int32_t)day;
    }
    return failed == 0;
}

static bool split_local_by_unit(const int64_t *values, int32_t count, int64_t per_second,
                                const struct sb_zone *zone, struct sb_time_chunk *out)
{
    struct sb_zone_cursor cursor = sb_zone_cursor_of(zone);

    switch (per_second) {
    case 1:
        return split_local(values, count, 1, &cursor, out);
    case 1000:
        return split_local(values, count, 1000, &cursor, out);
    case 1000000:
        return split_local(values, count, 1000000, &cursor, out);
    default:
        return split_local(values, count, 1000000000, &cursor, out);
    }
}

/* The row whose day is out of range, and a day for those that do not count. */
static enum sb_status split_failed(struct sb_kernel_call *call, int32_t index, int64_t per_day,
                                   struct sb_time_chunk *out)
{
    const int64_t *values = sb_kernel_argument(call, index)->values;

    for (int32_t i = 0; i < call->count; i++) {
        // a zone moves a value by less than two days
        const int64_t day = sb_floor_divide(values[i], per_day);
        if (day > INT32_MAX - 2 || day < INT32_MIN + 2) {
            SB_TRY_RETURN(sb_time_row_failed(call, index, i, out_of_years));
            out->days[i] = 0;
            out->ticks[i] = 0;
        }
    }
    return SB_OK;
}

enum sb_status sb_time_chunk_read(struct sb_kernel_call *call, int32_t index,
                                  const struct sb_zone *zone, struct sb_time_chunk *out)
{
    const struct sb_type *type = &call->node->arguments[index]->type;
    const void *values = sb_kernel_argument(call, index)->values;
    int64_t wide[SB_EXPR_CHUNK];
    bool fits;

    if (type->id == SB_TYPE_DATE32) {
        memcpy(out->days, values, (size_t)call->count * sizeof out->days[0]);
        memset(out->ticks, 0, (size_t)call->count * sizeof out->ticks[0]);
        out->is_narrow = are_narrow(out->days, call->count);
        return SB_OK;
    }
    if (type->id == SB_TYPE_TIME32) {
        for (int32_t i = 0; i < call->count; i++) {
            wide[i] = ((const int32_t *)values)[i];
        }
        values = wide;
    }
    fits = zone == NULL ? split_by_unit(values, call->count, sb_time_ticks_per_day(type), out)
                        : split_local_by_unit(values, call->count, sb_time_ticks_per_second(type),
                                              zone, out);
    if (!fits) {
        SB_TRY_RETURN(split_failed(call, index, sb_time_ticks_per_day(type), out));
    }
    out->is_narrow = are_narrow(out->days, call->count);
    return SB_OK;
}

/* The instant that shows a clock. */
static inline int64_t instant_of(struct sb_zone_cursor *cursor, int64_t local, bool *is_odd)
{
    int64_t earliest;
    int64_t latest;

    *is_odd = sb_zone_cursor_local(cursor, local, &earliest, &latest) != SB_LOCAL_ONCE;
    return earliest;
}

enum sb_status sb_time_chunk_write(struct sb_kernel_call *call, const struct sb_zone *zone,
                                   const struct sb_time_chunk *chunk)
{
    const struct sb_type *type = &call->node->type;
    const int64_t per_day = sb_time_ticks_per_day(type);
    const int64_t per_second = sb_time_ticks_per_second(type);
    struct sb_zone_cursor cursor = sb_zone_cursor_of(zone);
    int64_t *out = call->out;

    if (type->id == SB_TYPE_DATE32) {
        memcpy(call->out, chunk->days, (size_t)call->count * sizeof chunk->days[0]);
        return SB_OK;
    }
    for (int32_t i = 0; i < call->count; i++) {
        int64_t value;
        bool is_odd;
        bool failed = __builtin_mul_overflow((int64_t)chunk->days[i], per_day, &value);
        failed |= __builtin_add_overflow(value, chunk->ticks[i], &value);
        if (zone != NULL && !failed) {
            const int64_t local = sb_floor_divide(value, per_second);
            const int64_t shift = instant_of(&cursor, local, &is_odd) - local;
            failed = __builtin_add_overflow(value, shift * per_second, &value);
        }
        if (sb_unlikely(failed)) {
            SB_TRY_RETURN(sb_time_row_failed(call, 0, i,
                                             "gives a time that the type of the result "
                                             "cannot hold"));
            value = 0;
        }
        out[i] = value;
    }
    return SB_OK;
}
