// SPDX-License-Identifier: Apache-2.0
/*
 * search.c - bytes in bytes.
 *
 * A block of 64 places is looked at together: where the first and the last byte of the part are
 * right, the rest is compared.
 */
#include <string.h>

#include "expr/kernels/target.h"

enum { BLOCK = 64 };

/* A bit per place of a block at which the first and last byte are right. */
static inline uint64_t block_places(const uint8_t *restrict first, const uint8_t *restrict last,
                                    uint8_t head, uint8_t tail)
{
    uint8_t flags[BLOCK] __attribute__((aligned(BLOCK)));
    uint8_t any = 0;
    uint64_t places = 0;

    for (int32_t i = 0; i < BLOCK; i++) {
        flags[i] = (first[i] == head) & (last[i] == tail);
        any |= flags[i];
    }
    if (any == 0) {
        return 0;
    }
    for (int32_t i = 0; i < BLOCK; i += 8) {
        uint64_t word;
        memcpy(&word, flags + i, sizeof word);
        // gathers the lowest bits of 8 bytes
        places |= (word * UINT64_C(0x0102040810204080) >> 56) << i;
    }
    return places;
}

const uint8_t *kernel_find(const uint8_t *bytes, int64_t size, const uint8_t *part,
                           int64_t part_size)
{
    const int64_t places = size - part_size + 1;
    int64_t at = 0;

    if (part_size == 0) {
        return bytes;
    }
    if (part_size == 1) {
        return size > 0 ? memchr(bytes, part[0], (size_t)size) : NULL;
    }
    for (; at + BLOCK <= places; at += BLOCK) {
        uint64_t found =
            block_places(bytes + at, bytes + at + part_size - 1, part[0], part[part_size - 1]);
        for (; found != 0; found &= found - 1) {
            const uint8_t *place = bytes + at + __builtin_ctzll(found);
            if (memcmp(place, part, (size_t)part_size) == 0) {
                return place;
            }
        }
    }
    for (; at < places; at++) {
        if (bytes[at] == part[0] && memcmp(bytes + at, part, (size_t)part_size) == 0) {
            return bytes + at;
        }
    }
    return NULL;
}
