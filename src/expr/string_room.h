// SPDX-License-Identifier: Apache-2.0
/*
 * string_room.h - what kernels that read and make text share.
 *
 * Every row's bytes can be read, also a null row's. A kernel that makes text reckons what its chunk
 * needs, takes that room at once, and fills it; it skips rows that do not count, but gives each of
 * them a text. New text lives as long as the chunk, so a chunk's worth is what memory has to hold.
 */
#ifndef SABOT_EXPR_STRING_ROOM_H
#define SABOT_EXPR_STRING_ROOM_H

#include <string.h>

#include "expr/kernel.h"

/* Longer ones are an error: a few functions could make any text much longer. */
enum { SB_STRING_SIZE_MAX = 64 * 1024 * 1024 };

/* `size` bytes for new text, in `*out`. */
SB_MUST_CHECK enum sb_status sb_string_room(struct sb_kernel_call *call, int64_t size,
                                            uint8_t **out);

/* "repeat: a text of 1000000000 bytes; at most ...". */
enum sb_status sb_string_too_long(struct sb_kernel_call *call, int64_t size);

/* Appends and returns what is behind. */
static inline uint8_t *sb_string_put(uint8_t *to, struct sb_bytes text)
{
    if (text.size == 0) {
        return to; // may be NULL, where no row has a text
    }
    memcpy(to, text.data, (size_t)text.size);
    return to + text.size;
}

static inline const struct sb_bytes *sb_strings(const struct sb_kernel_call *call, int32_t index)
{
    return sb_kernel_argument(call, index)->values;
}

static inline const int64_t *sb_string_numbers(const struct sb_kernel_call *call, int32_t index)
{
    return sb_kernel_argument(call, index)->values;
}

static inline struct sb_bytes sb_string_part(struct sb_bytes text, int64_t first, int64_t end)
{
    return (struct sb_bytes){text.size > 0 ? text.data + first : text.data, end - first};
}

static const struct sb_bytes sb_string_empty = {(const uint8_t *)"", 0};

#endif
