// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_time_pattern.c - strftime and strptime over a chunk; the pattern is compiled.
 */
#include "expr/cast_failure.h"
#include "expr/kernels_time.h"
#include "expr/time_chunk.h"
#include "expr/time_pattern.h"
#include "expr/tree.h"

static enum sb_status strftime_vectors(struct sb_kernel_call *call)
{
    const struct sb_time_pattern *pattern = call->node->prepared;
    const struct sb_type *type = &call->node->arguments[0]->type;
    const int64_t per_second = type->id == SB_TYPE_DATE32 ? 1 : sb_time_ticks_per_second(type);
    const int64_t *values = sb_kernel_argument(call, 0)->values;
    const size_t room = (size_t)call->count * (size_t)pattern->text_size + 1;
    struct sb_zone_cursor cursor = sb_zone_cursor_of(pattern->zone);
    struct sb_bytes *out = call->out;
    struct sb_time_chunk chunk;
    char *next;

    SB_TRY_RETURN(sb_time_chunk_read(call, 0, pattern->zone, &chunk));
    next = sb_arena_alloc(call->text, room);
    if (next == NULL) {
        return sb_error_no_memory(call->err, "text", (int64_t)room);
    }
    for (int32_t i = 0; i < call->count; i++) {
        out[i] = (struct sb_bytes){(const uint8_t *)next, 0};
        if (call->valid != NULL && !call->valid[i]) {
            continue;
        }
        const struct sb_clock clock = {
            .days = chunk.days[i],
            .seconds = chunk.ticks[i] / per_second,
            .nanos = (int32_t)(chunk.ticks[i] % per_second * (1000000000 / per_second)),
            .offset = pattern->zone == NULL
                          ? 0
                          : sb_zone_cursor_offset(&cursor, sb_floor_divide(values[i], per_second)),
        };
        out[i].size = sb_time_pattern_write(pattern, &clock, next);
        next += out[i].size;
    }
    return SB_OK;
}

static bool text_read(const struct sb_time_pattern *pattern, struct sb_bytes text,
                      int64_t per_second, int64_t *out)
{
    struct sb_clock clock;
    sb_int128 ticks;

    if (!sb_time_pattern_read(pattern, (const char *)text.data, text.size, &clock)) {
        return false;
    }
    ticks = ((sb_int128)clock.days * SB_SECONDS_PER_DAY + clock.seconds) * per_second +
            clock.nanos / (1000000000 / per_second);
    *out = (int64_t)ticks;
    return ticks == *out;
}

static enum sb_status text_failed(struct sb_kernel_call *call, int32_t row, struct sb_bytes text)
{
    const struct sb_time_pattern *pattern = call->node->prepared;

    if (call->node->is_null_on_error) {
        return sb_cast_row_failed(call, row, "");
    }
    if (!sb_kernel_counts(call, row)) {
        return SB_OK;
    }
    return sb_error_set(call->err, SB_FAILED, "%s: '%.*s' is no time in the pattern '%.80s'",
                        call->node->name, text.size > 60 ? 60 : (int)text.size,
                        (const char *)text.data, pattern->source);
}

static enum sb_status strptime_vectors(struct sb_kernel_call *call)
{
    const int64_t per_second = sb_time_ticks_per_second(&call->node->type);
    const struct sb_bytes *texts = sb_kernel_argument(call, 0)->values;
    int64_t *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        out[i] = 0;
        if ((call->valid == NULL || call->valid[i]) &&
            !text_read(call->node->prepared, texts[i], per_second, &out[i])) {
            out[i] = 0;
            SB_TRY_RETURN(text_failed(call, i, texts[i]));
        }
    }
    return SB_OK;
}

const struct sb_kernel_set sb_kernels_strftime = {.vectors = strftime_vectors, .may_fail = true};
const struct sb_kernel_set sb_kernels_strptime = {.vectors = strptime_vectors, .may_fail = true};
