// SPDX-License-Identifier: Apache-2.0
/*
 * watermark.h - the event time up to which all rows of several channels have been seen.
 *
 * The watermark of the whole is the minimum over channels that are neither ended nor idle; a
 * channel starts at SB_WATERMARK_NONE; lower values are ignored, so it never goes back. With no
 * channel left it is SB_WATERMARK_END. Not thread-safe.
 */
#ifndef SABOT_TIME_WATERMARK_H
#define SABOT_TIME_WATERMARK_H

#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

#define SB_WATERMARK_NONE INT64_MIN
#define SB_WATERMARK_END INT64_MAX

struct sb_watermark_tracker {
    struct sb_memory *memory;
    int32_t channel_count;
    int64_t *channels;
    int64_t watermark_us; // of the whole, never lower than before
};

SB_MUST_CHECK enum sb_status sb_watermark_tracker_init(struct sb_watermark_tracker *tracker,
                                                       struct sb_memory *memory,
                                                       int32_t channel_count, struct sb_error *err);
void sb_watermark_tracker_deinit(struct sb_watermark_tracker *tracker);

/* Returns the watermark of the whole. SB_WATERMARK_END ends the channel. */
int64_t sb_watermark_tracker_update(struct sb_watermark_tracker *tracker, int32_t channel,
                                    int64_t watermark_us);

#endif
