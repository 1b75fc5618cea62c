// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_time_make.c - times from numbers, and clocks as instants of a zone.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "expr/kernels_time.h"
#include "expr/time_chunk.h"
#include "expr/tree.h"

static const int64_t *integers(const struct sb_kernel_call *call, int32_t index)
{
    return sb_kernel_argument(call, index)->values;
}

static bool make_days(int64_t year, int64_t month, int64_t day, int64_t *out)
{
    if (year < -5877641 || year > 5881580 || month < 1 || month > 12 || day < 1 ||
        day > sb_days_in_month(year, (int32_t)month)) {
        return false;
    }
    *out = sb_days_from_civil(year, (int32_t)month, day);
    return *out == (int32_t)*out;
}

static enum sb_status make_date_vectors(struct sb_kernel_call *call)
{
    int32_t *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        const int64_t year = integers(call, 0)[i];
        const int64_t month = integers(call, 1)[i];
        const int64_t day = integers(call, 2)[i];
        int64_t days = 0;
        if (!make_days(year, month, day, &days)) {
            if (sb_kernel_counts(call, i)) {
                return sb_error_set(call->err, SB_FAILED,
                                    "%s: there is no day %" PRId64 "-%" PRId64 "-%" PRId64,
                                    call->node->name, year, month, day);
            }
            days = 0;
        }
        out[i] = (int32_t)days;
    }
    return SB_OK;
}

static bool make_micros(const struct sb_kernel_call *call, int32_t row, int64_t *out)
{
    const int64_t hour = integers(call, 3)[row];
    const int64_t minute = integers(call, 4)[row];
    const double second = ((const double *)sb_kernel_argument(call, 5)->values)[row];
    int64_t days;

    if (!make_days(integers(call, 0)[row], integers(call, 1)[row], integers(call, 2)[row], &days) ||
        hour < 0 || hour > 23 || minute < 0 || minute > 59 || !(second >= 0 && second < 60) ||
        __builtin_mul_overflow(days, INT64_C(86400000000), out)) {
        return false;
    }
    return !__builtin_add_overflow(
        *out, (hour * 60 + minute) * 60000000 + (int64_t)floor(second * 1e6 + 0.5), out);
}

static enum sb_status make_timestamp_vectors(struct sb_kernel_call *call)
{
    struct sb_zone_cursor cursor = sb_zone_cursor_of(call->node->prepared);
    int64_t *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        int64_t earliest;
        int64_t latest;
        int64_t local;
        out[i] = 0;
        if (!make_micros(call, i, &out[i])) {
            if (sb_kernel_counts(call, i)) {
                return sb_error_set(call->err, SB_FAILED,
                                    "%s: there is no time %" PRId64 "-%" PRId64 "-%" PRId64
                                    " %" PRId64 ":%" PRId64 ":%g in timestamp[us]",
                                    call->node->name, integers(call, 0)[i], integers(call, 1)[i],
                                    integers(call, 2)[i], integers(call, 3)[i],
                                    integers(call, 4)[i],
                                    ((const double *)sb_kernel_argument(call, 5)->values)[i]);
            }
            out[i] = 0;
        }
        if (cursor.zone != NULL) {
            local = sb_floor_divide(out[i], 1000000);
            (void)sb_zone_cursor_local(&cursor, local, &earliest, &latest);
            out[i] += (earliest - local) * 1000000;
        }
    }
    return SB_OK;
}

static const char outside[] = "is outside of the result's range";

/* A count of units that are `parameter` to the second, as ticks of the result. */
static enum sb_status to_timestamp_integer(struct sb_kernel_call *call)
{
    const int64_t per_second = sb_time_ticks_per_second(&call->node->type);
    const int64_t *values = integers(call, 0);
    const int64_t factor =
        per_second > call->node->parameter ? per_second / call->node->parameter : 1;
    int64_t *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        if (sb_unlikely(__builtin_mul_overflow(values[i], factor, &out[i]))) {
            SB_TRY_RETURN(sb_time_row_failed(call, 0, i, outside));
            out[i] = 0;
        }
    }
    return SB_OK;
}

/* To the nearest tick. */
static enum sb_status to_timestamp_float(struct sb_kernel_call *call)
{
    const double per_second = (double)sb_time_ticks_per_second(&call->node->type);
    const double factor = per_second / (double)call->node->parameter;
    const double *values = sb_kernel_argument(call, 0)->values;
    int64_t *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        const double ticks = rint(values[i] * factor);
        if (sb_unlikely(!(ticks >= -0x1p63 && ticks < 0x1p63))) {
            SB_TRY_RETURN(sb_time_row_failed(call, 0, i, outside));
            out[i] = 0;
            continue;
        }
        out[i] = (int64_t)ticks;
    }
    return SB_OK;
}

static enum sb_status local_odd(struct sb_kernel_call *call, int32_t row, enum sb_local_kind kind)
{
    char why[160];

    snprintf(why, sizeof why,
             kind == SB_LOCAL_TWICE ? "was shown twice by the clocks of %.60s; choose 'earliest', "
                                      "'latest' or 'null' instead of 'raise'"
                                    : "was never shown by the clocks of %.60s; choose 'earliest', "
                                      "'latest' or 'null' instead of 'raise'",
             call->node->type.zone);
    return sb_time_row_failed(call, 0, row, why);
}

static void row_set_null(struct sb_kernel_call *call, int32_t row)
{
    if (call->valid != call->valid_room) {
        if (call->valid == NULL) {
            memset(call->valid_room, 1, (size_t)call->count);
        } else {
            memcpy(call->valid_room, call->valid, (size_t)call->count);
        }
        call->valid = call->valid_room;
    }
    call->valid_room[row] = 0;
}

static enum sb_status local_to_instant(struct sb_kernel_call *call)
{
    const enum sb_local_rule rule = (enum sb_local_rule)call->node->parameter;
    const int64_t per_second = sb_time_ticks_per_second(&call->node->type);
    struct sb_zone_cursor cursor = sb_zone_cursor_of(call->node->prepared);
    const int64_t *values = integers(call, 0);
    int64_t *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        const int64_t local = sb_floor_divide(values[i], per_second);
        int64_t earliest;
        int64_t latest;
        const enum sb_local_kind kind = sb_zone_cursor_local(&cursor, local, &earliest, &latest);
        const bool is_latest = rule == SB_LOCAL_RULE_LATEST && kind == SB_LOCAL_TWICE;
        int64_t shift;
        if (sb_unlikely(kind != SB_LOCAL_ONCE)) {
            if (rule == SB_LOCAL_RULE_RAISE) {
                SB_TRY_RETURN(local_odd(call, i, kind));
            } else if (rule == SB_LOCAL_RULE_NULL) {
                row_set_null(call, i);
            }
        }
        shift = (is_latest ? latest : earliest) - local;
        if (sb_unlikely(__builtin_add_overflow(values[i], shift * per_second, &out[i]))) {
            SB_TRY_RETURN(sb_time_row_failed(call, 0, i, outside));
            out[i] = 0;
        }
    }
    return SB_OK;
}

const struct sb_kernel_set sb_kernels_make_date = {.vectors = make_date_vectors, .may_fail = true};
const struct sb_kernel_set sb_kernels_make_timestamp = {.vectors = make_timestamp_vectors,
                                                        .may_fail = true};
const struct sb_kernel_set sb_kernels_to_timestamp_integer = {.vectors = to_timestamp_integer,
                                                              .may_fail = true};
const struct sb_kernel_set sb_kernels_to_timestamp_float = {.vectors = to_timestamp_float,
                                                            .may_fail = true};
const struct sb_kernel_set sb_kernels_local_to_instant = {.vectors = local_to_instant,
                                                          .may_fail = true};
