// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_time_part.c - year, month, hour, ... of dates, timestamps and times of day.
 *
 * Each part is a loop over days or ticks of the day (time_chunk.h); the calendar loops are written
 * for days that fit 32 bits of arithmetic and, for the rest, once more.
 */
#include "expr/kernels_time.h"
#include "expr/time_chunk.h"

/* `civil` is the calendar's day of row i. */
#define CIVIL_LOOP(DAY, RESULT)                                                                    \
    do {                                                                                           \
        if (chunk->is_narrow) {                                                                    \
            for (int32_t i = 0; i < count; i++) {                                                  \
                const struct sb_civil civil = sb_civil_narrow(DAY);                                \
                out[i] = RESULT;                                                                   \
            }                                                                                      \
        } else {                                                                                   \
            for (int32_t i = 0; i < count; i++) {                                                  \
                const struct sb_civil civil = sb_civil_from_days((int64_t)DAY);                    \
                out[i] = RESULT;                                                                   \
            }                                                                                      \
        }                                                                                          \
    } while (0)

#define LOOP(RESULT)                                                                               \
    do {                                                                                           \
        for (int32_t i = 0; i < count; i++) {                                                      \
            out[i] = RESULT;                                                                       \
        }                                                                                          \
    } while (0)

/* The Thursday of the week that a day is in: its year is the week's. */
static inline int32_t thursday_of(int32_t day)
{
    return day - sb_weekday(day) + 3;
}

static void calendar_part(const struct sb_time_chunk *restrict chunk, enum sb_time_part part,
                          int32_t count, int64_t *restrict out)
{
    const int32_t *restrict days = chunk->days;

    switch (part) {
    case SB_PART_YEAR:
        CIVIL_LOOP(days[i], civil.year);
        break;
    case SB_PART_QUARTER:
        CIVIL_LOOP(days[i], (civil.month + 2) / 3);
        break;
    case SB_PART_MONTH:
        CIVIL_LOOP(days[i], civil.month);
        break;
    case SB_PART_DAY:
        CIVIL_LOOP(days[i], civil.day);
        break;
    case SB_PART_DAY_OF_YEAR:
        CIVIL_LOOP(days[i], civil.day_of_year);
        break;
    case SB_PART_ISO_YEAR:
        CIVIL_LOOP(thursday_of(days[i]), civil.year);
        break;
    case SB_PART_WEEK:
        CIVIL_LOOP(thursday_of(days[i]), (civil.day_of_year + 6) / 7);
        break;
    case SB_PART_DAY_OF_WEEK:
        LOOP(sb_floor_modulo((int64_t)days[i] + 4, 7));
        break;
    default:
        sb_assert(part == SB_PART_ISO_DAY_OF_WEEK);
        LOOP(sb_weekday(days[i]) + 1);
        break;
    }
}

/* `per_second` is a constant where this is inlined. */
static inline void clock_part(const int64_t *restrict ticks, enum sb_time_part part, int32_t count,
                              int64_t per_second, int64_t *restrict out)
{
    switch (part) {
    case SB_PART_HOUR:
        LOOP(ticks[i] / (3600 * per_second));
        break;
    case SB_PART_MINUTE:
        LOOP(ticks[i] / (60 * per_second) % 60);
        break;
    case SB_PART_SECOND:
        LOOP(ticks[i] / per_second % 60);
        break;
    case SB_PART_MILLISECOND:
        LOOP(per_second <= 1000 ? ticks[i] % (60 * per_second) * (1000 / per_second)
                                : ticks[i] % (60 * per_second) / (per_second / 1000));
        break;
    case SB_PART_MICROSECOND:
        LOOP(per_second <= 1000000 ? ticks[i] % (60 * per_second) * (1000000 / per_second)
                                   : ticks[i] % (60 * per_second) / (per_second / 1000000));
        break;
    default:
        sb_assert(part == SB_PART_NANOSECOND);
        LOOP(ticks[i] % (60 * per_second) * (1000000000 / per_second));
        break;
    }
}

static void clock_part_by_unit(const struct sb_time_chunk *chunk, enum sb_time_part part,
                               int32_t count, int64_t per_second, int64_t *out)
{
    switch (per_second) {
    case 0: // a date: midnight
    case 1:
        clock_part(chunk->ticks, part, count, 1, out);
        break;
    case 1000:
        clock_part(chunk->ticks, part, count, 1000, out);
        break;
    case 1000000:
        clock_part(chunk->ticks, part, count, 1000000, out);
        break;
    default:
        clock_part(chunk->ticks, part, count, 1000000000, out);
        break;
    }
}

static enum sb_status part_vectors(struct sb_kernel_call *call)
{
    const enum sb_time_part part = (enum sb_time_part)call->node->parameter;
    const struct sb_type *type = &call->node->arguments[0]->type;
    struct sb_time_chunk chunk;

    SB_TRY_RETURN(sb_time_chunk_read(call, 0, call->node->prepared, &chunk));
    if (part >= SB_PART_HOUR) {
        clock_part_by_unit(&chunk, part, call->count, sb_time_ticks_per_second(type), call->out);
    } else {
        calendar_part(&chunk, part, call->count, call->out);
    }
    return SB_OK;
}

/* Seconds since 1970-01-01 UTC, or on the clock of a type without zone. */
static enum sb_status epoch_vectors(struct sb_kernel_call *call)
{
    const struct sb_type *type = &call->node->arguments[0]->type;
    const void *values = sb_kernel_argument(call, 0)->values;
    const double per_second = (double)sb_time_ticks_per_second(type);
    double *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        out[i] = type->id == SB_TYPE_DATE32
                     ? (double)((const int32_t *)values)[i] * SB_SECONDS_PER_DAY
                     : (double)((const int64_t *)values)[i] / per_second;
    }
    return SB_OK;
}

const struct sb_kernel_set *sb_kernels_time_part(enum sb_time_part part)
{
    static const struct sb_kernel_set parts = {.vectors = part_vectors, .may_fail = true};
    static const struct sb_kernel_set epoch = {.vectors = epoch_vectors};

    return part == SB_PART_EPOCH ? &epoch : &parts;
}
