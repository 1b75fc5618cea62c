// SPDX-License-Identifier: Apache-2.0
/*
 * bitmap.c - bit runs of foreign bitmaps: no byte is read that holds none of the bits asked for.
 */
#include "base/bitmap.h"

#include <string.h>

#include "base/word.h"

// `count` (1..64) bits from bit `offset`; the bits above them are 0.
static uint64_t bits_load(const uint8_t *bitmap, int64_t offset, int64_t count)
{
    const uint8_t *bytes = bitmap + (offset >> 3);
    int shift = (int)(offset & 7);
    int64_t byte_count = (shift + count + 7) >> 3; // 1..9
    uint64_t bits = 0;

    if (byte_count >= 8) {
        bits = sb_word_load64(bytes) >> shift;
        if (byte_count == 9) {
            bits |= (uint64_t)bytes[8] << (64 - shift);
        }
    } else {
        for (int64_t i = 0; i < byte_count; i++) {
            bits |= (uint64_t)bytes[i] << (8 * i);
        }
        bits >>= shift;
    }
    return count == 64 ? bits : bits & ((UINT64_C(1) << count) - 1);
}

int64_t sb_bitmap_count(const uint8_t *bitmap, int64_t offset, int64_t count)
{
    int64_t set_count = 0;
    int64_t i = 0;

    for (; i + 64 <= count; i += 64) {
        set_count += __builtin_popcountll(bits_load(bitmap, offset + i, 64));
    }
    if (i < count) {
        set_count += __builtin_popcountll(bits_load(bitmap, offset + i, count - i));
    }
    return set_count;
}

void sb_bitmap_copy(uint8_t *to, const uint8_t *from, int64_t offset, int64_t count)
{
    int64_t i = 0;

    if ((offset & 7) == 0) {
        memcpy(to, from + (offset >> 3), (size_t)(count >> 3));
        i = count & ~INT64_C(7);
    }
    for (; i + 64 <= count; i += 64) {
        sb_word_store64(to + (i >> 3), bits_load(from, offset + i, 64));
    }
    for (; i < count; i += 8) {
        int64_t left = count - i < 8 ? count - i : 8;

        to[i >> 3] = (uint8_t)bits_load(from, offset + i, left);
    }
}

// Bit i of the byte becomes byte i: each lane of the product keeps its own bit, then 0 or not 0
// becomes 0 or 1.
static uint64_t byte_spread(uint64_t bits)
{
    uint64_t lanes = (bits * UINT64_C(0x0101010101010101)) & UINT64_C(0x8040201008040201);

    return ((lanes + UINT64_C(0x7f7f7f7f7f7f7f7f)) | lanes) >> 7 & UINT64_C(0x0101010101010101);
}

// The inverse: bytes of 0 or 1 become the bits of the top byte of the product.
static uint8_t bytes_gather(uint64_t bytes)
{
    return (uint8_t)((bytes * UINT64_C(0x0102040810204080)) >> 56);
}

void sb_bitmap_unpack(uint8_t *to_bytes, const uint8_t *from, int64_t offset, int64_t count)
{
    int64_t i = 0;

    for (; i + 64 <= count; i += 64) {
        uint64_t bits = bits_load(from, offset + i, 64);

        for (int j = 0; j < 8; j++) {
            sb_word_store64(to_bytes + i + 8 * j, byte_spread((bits >> (8 * j)) & 0xff));
        }
    }
    for (; i < count; i++) {
        to_bytes[i] = sb_bitmap_get(from, offset + i);
    }
}

void sb_bitmap_pack(uint8_t *to, const uint8_t *from_bytes, int64_t count)
{
    int64_t i = 0;

    for (; i + 8 <= count; i += 8) {
        to[i >> 3] = bytes_gather(sb_word_load64(from_bytes + i));
    }
    if (i < count) {
        unsigned bits = 0;

        for (int64_t j = i; j < count; j++) {
            bits |= (unsigned)from_bytes[j] << (j - i);
        }
        to[i >> 3] = (uint8_t)bits;
    }
}

void sb_bitmap_fill(uint8_t *bitmap, int64_t offset, int64_t count)
{
    int64_t end = offset + count;

    for (; offset < end && (offset & 7) != 0; offset++) {
        sb_bitmap_set(bitmap, offset);
    }
    if (end - offset >= 8) {
        memset(bitmap + (offset >> 3), 0xff, (size_t)((end - offset) >> 3));
        offset += (end - offset) & ~INT64_C(7);
    }
    for (; offset < end; offset++) {
        sb_bitmap_set(bitmap, offset);
    }
}
