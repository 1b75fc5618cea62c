// SPDX-License-Identifier: Apache-2.0
#include "time/watermark.h"

enum sb_status sb_watermark_tracker_init(struct sb_watermark_tracker *tracker,
                                         struct sb_memory *memory, int32_t channel_count,
                                         struct sb_error *err)
{
    size_t size = sizeof *tracker->channels * (size_t)channel_count;

    tracker->memory = memory;
    tracker->channel_count = 0;
    tracker->watermark_us = SB_WATERMARK_NONE;
    tracker->channels = sb_memory_alloc(memory, size);
    if (tracker->channels == NULL) {
        return sb_error_no_memory(err, "the watermarks", (int64_t)size);
    }
    tracker->channel_count = channel_count;
    for (int32_t i = 0; i < channel_count; i++) {
        tracker->channels[i] = SB_WATERMARK_NONE;
    }
    return SB_OK;
}

void sb_watermark_tracker_deinit(struct sb_watermark_tracker *tracker)
{
    if (tracker->channels != NULL) {
        sb_memory_free(tracker->memory, tracker->channels,
                       sizeof *tracker->channels * (size_t)tracker->channel_count);
    }
    tracker->channels = NULL;
    tracker->channel_count = 0;
}

int64_t sb_watermark_tracker_update(struct sb_watermark_tracker *tracker, int32_t channel,
                                    int64_t watermark_us)
{
    int64_t lowest = SB_WATERMARK_END;

    sb_assert(channel >= 0 && channel < tracker->channel_count);
    if (watermark_us > tracker->channels[channel]) {
        tracker->channels[channel] = watermark_us;
    }
    for (int32_t i = 0; i < tracker->channel_count; i++) {
        lowest = tracker->channels[i] < lowest ? tracker->channels[i] : lowest;
    }
    if (lowest > tracker->watermark_us) {
        tracker->watermark_us = lowest;
    }
    return tracker->watermark_us;
}
