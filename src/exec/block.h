// SPDX-License-Identifier: Apache-2.0
/*
 * block.h - bytes that the local half of a keyed operator sends to one key group.
 *
 * What is inside is the operator's own affair; the exchange moves and counts blocks. Content is
 * position-independent (offsets, no pointers), so that a block may one day cross a network.
 */
#ifndef SABOT_EXEC_BLOCK_H
#define SABOT_EXEC_BLOCK_H

#include <stdint.h>

#include "base/memory.h"

struct sb_block {
    struct sb_block *next; // the exchange's
    int64_t capacity;      // bytes in `data`
    int64_t bytes_used;
    int64_t row_count;
    int32_t group;
    _Alignas(64) uint8_t data[];
};

/* NULL when refused. Sizes of 64 KiB minus the header recycle best. */
struct sb_block *sb_block_create(struct sb_memory *memory, int64_t capacity);
void sb_block_destroy(struct sb_memory *memory, struct sb_block *block); // NULL is fine

#endif
