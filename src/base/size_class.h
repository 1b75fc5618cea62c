// SPDX-License-Identifier: Apache-2.0
/*
 * size_class.h - the sizes that blocks of the memory cache come in.
 *
 * Multiples of 64 to 512, above that four steps in each doubling. A class has a little more room
 * than its step (128 bytes, from 32 KiB on one page): that is the header and padding of a buffer
 * with a power of two of rows, and it keeps blocks from all starting at the same cache set.
 */
#ifndef SABOT_BASE_SIZE_CLASS_H
#define SABOT_BASE_SIZE_CLASS_H

#include <assert.h>
#include <stddef.h>

#include "base/memory.h"

enum {
    SB_STEPS_PER_DOUBLING = 4,
    SB_LINEAR_STEP = 64,
    SB_LINEAR_COUNT = 8, // to 512
    SB_SMALL_SHIFT = 9,  // from 512
    SB_SMALL_ROOM = 128,
    SB_LARGE_SHIFT = 15, // from 32 KiB
    SB_LARGE_ROOM = 4096,
    SB_LARGE_SHIFT_END = 46, // to 64 TiB

    /* Classes from this one on are for SB_MEMORY_LARGE bytes and more. */
    SB_SIZE_CLASS_LARGE = SB_LINEAR_COUNT +
        (SB_LARGE_SHIFT - SB_SMALL_SHIFT) * SB_STEPS_PER_DOUBLING + 1,
    SB_SIZE_CLASS_COUNT = SB_SIZE_CLASS_LARGE +
        (SB_LARGE_SHIFT_END - SB_LARGE_SHIFT) * SB_STEPS_PER_DOUBLING,
};

static_assert(SB_MEMORY_LARGE == 1 << SB_LARGE_SHIFT, "where large classes begin");

/* The first step of at least `size`; step 0 is 1 << shift. */
static inline int sb_size_step(size_t size, int shift)
{
    int top;
    size_t step;

    if (size <= (size_t)1 << shift) {
        return 0;
    }
    top = 63 - __builtin_clzll((unsigned long long)size);
    step = (size_t)1 << (top - 2);
    return (top - shift) * SB_STEPS_PER_DOUBLING +
           (int)((size - ((size_t)1 << top) + step - 1) / step);
}

static inline size_t sb_size_of_step(int index, int shift)
{
    int top = shift + index / SB_STEPS_PER_DOUBLING;

    return ((size_t)1 << top) + (size_t)(index % SB_STEPS_PER_DOUBLING) * ((size_t)1 << (top - 2));
}

/* The class of a block of `size` bytes; SB_SIZE_CLASS_COUNT or more when there is none. */
static inline int sb_size_class(size_t size)
{
    if (size <= SB_LINEAR_COUNT * SB_LINEAR_STEP) {
        return size == 0 ? 0 : (int)((size - 1) / SB_LINEAR_STEP);
    }
    if (size < SB_MEMORY_LARGE) {
        return SB_LINEAR_COUNT + sb_size_step(size - SB_SMALL_ROOM, SB_SMALL_SHIFT);
    }
    return SB_SIZE_CLASS_LARGE + sb_size_step(size - SB_LARGE_ROOM, SB_LARGE_SHIFT);
}

/* The bytes that a block of the class has. */
static inline size_t sb_size_class_capacity(int index)
{
    if (index < SB_LINEAR_COUNT) {
        return (size_t)(index + 1) * SB_LINEAR_STEP;
    }
    if (index < SB_SIZE_CLASS_LARGE) {
        return sb_size_of_step(index - SB_LINEAR_COUNT, SB_SMALL_SHIFT) + SB_SMALL_ROOM;
    }
    return sb_size_of_step(index - SB_SIZE_CLASS_LARGE, SB_LARGE_SHIFT) + SB_LARGE_ROOM;
}

#endif
