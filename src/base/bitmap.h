// SPDX-License-Identifier: Apache-2.0
/*
 * bitmap.h - Arrow bitmaps: least significant bit first, any bit offset.
 */
#ifndef SABOT_BASE_BITMAP_H
#define SABOT_BASE_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

static inline bool sb_bitmap_get(const uint8_t *bitmap, int64_t index)
{
    return (bitmap[index >> 3] >> (index & 7)) & 1;
}

static inline void sb_bitmap_set(uint8_t *bitmap, int64_t index)
{
    bitmap[index >> 3] = (uint8_t)(bitmap[index >> 3] | (1u << (index & 7)));
}

static inline void sb_bitmap_clear(uint8_t *bitmap, int64_t index)
{
    bitmap[index >> 3] = (uint8_t)(bitmap[index >> 3] & ~(1u << (index & 7)));
}

static inline int64_t sb_bitmap_size(int64_t bit_count)
{
    return (bit_count + 7) >> 3;
}

/* Set bits in [offset, offset + count). */
int64_t sb_bitmap_count(const uint8_t *bitmap, int64_t offset, int64_t count);

/* Copies `count` bits to bit 0 of `to`; bits past `count` in the last byte become 0. */
void sb_bitmap_copy(uint8_t *to, const uint8_t *from, int64_t offset, int64_t count);

/* One byte (0 or 1) per bit, and back. */
void sb_bitmap_unpack(uint8_t *to_bytes, const uint8_t *from, int64_t offset, int64_t count);
void sb_bitmap_pack(uint8_t *to, const uint8_t *from_bytes, int64_t count);

/* Sets bits [offset, offset + count). */
void sb_bitmap_fill(uint8_t *bitmap, int64_t offset, int64_t count);

#endif
