// SPDX-License-Identifier: Apache-2.0
/*
 * rows.c - byte masks: both set, how many, and the positions of those that are.
 *
 * Eight bytes of a mask become eight bits with one multiplication; a table of 2 KiB then gives the
 * positions of the set ones. All eight are stored and the next store goes over what was too much,
 * so there is no branch to predict.
 */
#include <string.h>

#include "expr/kernels/target.h"

void kernel_mask_and(uint8_t *restrict mask, const uint8_t *restrict other, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        mask[i] &= other[i];
    }
}

int32_t kernel_mask_count(const uint8_t *restrict mask, int32_t count)
{
    enum { LANES = 64 };
    static_assert(SB_EXPR_CHUNK / LANES < 256, "a lane counts in one byte");
    uint8_t lanes[LANES] = {0};
    int32_t total = 0;
    int32_t i = 0;

    for (; i + LANES <= count; i += LANES) {
        for (int32_t j = 0; j < LANES; j++) {
            lanes[j] = (uint8_t)(lanes[j] + mask[i + j]);
        }
    }
    for (int32_t j = 0; j < LANES; j++) {
        total += lanes[j];
    }
    for (; i < count; i++) {
        total += mask[i];
    }
    return total;
}

/* Positions of the set bits of a byte, in ascending order. */
#define SET1(b, i, n) ((((b) >> (i)) & 1) && POPCOUNT_BELOW(b, i) == (n) ? (i) : 0)
#define POPCOUNT_BELOW(b, i) BITS((b) & ((1 << (i)) - 1))
#define BITS(b)                                                                                    \
    (((b) & 1) + (((b) >> 1) & 1) + (((b) >> 2) & 1) + (((b) >> 3) & 1) + (((b) >> 4) & 1) +       \
     (((b) >> 5) & 1) + (((b) >> 6) & 1) + (((b) >> 7) & 1))
#define SET(b, n)                                                                                  \
    (SET1(b, 0, n) | SET1(b, 1, n) | SET1(b, 2, n) | SET1(b, 3, n) | SET1(b, 4, n) |               \
     SET1(b, 5, n) | SET1(b, 6, n) | SET1(b, 7, n))
#define ROW1(b)                                                                                    \
    {                                                                                              \
        SET(b, 0), SET(b, 1), SET(b, 2), SET(b, 3), SET(b, 4), SET(b, 5), SET(b, 6), SET(b, 7),    \
    }
#define ROWS4(b) ROW1(b), ROW1((b) + 1), ROW1((b) + 2), ROW1((b) + 3)
#define ROWS16(b) ROWS4(b), ROWS4((b) + 4), ROWS4((b) + 8), ROWS4((b) + 12)
#define ROWS64(b) ROWS16(b), ROWS16((b) + 16), ROWS16((b) + 32), ROWS16((b) + 48)

static const uint8_t set_bits[256][8] = {ROWS64(0), ROWS64(64), ROWS64(128), ROWS64(192)};

/* Bit i is byte i of the word, whose bytes are 0 or 1. */
static inline uint32_t bits_of(const uint8_t *mask)
{
    uint64_t word;

    memcpy(&word, mask, sizeof word);
    return (uint32_t)((word * UINT64_C(0x0102040810204080)) >> 56);
}

int32_t kernel_compress_range(const uint8_t *restrict mask, uint32_t first, int32_t count,
                              uint32_t *restrict out, uint8_t *restrict bits)
{
    uint32_t *next = out;
    uint8_t last = 0;
    int32_t i = 0;

    for (; i + 8 <= count; i += 8) {
        const uint32_t eight = bits_of(mask + i);
        const uint8_t *positions = set_bits[eight];
        bits[i / 8] = (uint8_t)eight;
        for (int32_t j = 0; j < 8; j++) {
            next[j] = first + (uint32_t)i + positions[j];
        }
        next += __builtin_popcount(eight);
    }
    for (int32_t j = i; j < count; j++) {
        last = (uint8_t)(last | mask[j] << (j - i));
        *next = first + (uint32_t)j;
        next += mask[j];
    }
    if (i < count) {
        bits[i / 8] = last;
    }
    return (int32_t)(next - out);
}

/* `out` may be `rows`: a group of eight is read before any of it is written. */
int32_t kernel_compress_rows(const uint8_t *mask, const uint32_t *rows, int32_t count,
                             uint32_t *out)
{
    uint32_t *next = out;
    int32_t i = 0;

    for (; i + 8 <= count; i += 8) {
        const uint32_t bits = bits_of(mask + i);
        const uint8_t *positions = set_bits[bits];
        uint32_t group[8];
        for (int32_t j = 0; j < 8; j++) {
            group[j] = rows[i + positions[j]];
        }
        memcpy(next, group, sizeof group);
        next += __builtin_popcount(bits);
    }
    for (; i < count; i++) {
        *next = rows[i];
        next += mask[i];
    }
    return (int32_t)(next - out);
}
