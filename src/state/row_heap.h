// SPDX-License-Identifier: Apache-2.0
/*
 * row_heap.h - bytes of the long texts that rows of one table point to.
 *
 * Bytes never move and are freed together. Single-threaded. A zeroed heap with `memory` set is
 * ready.
 */
#ifndef SABOT_STATE_ROW_HEAP_H
#define SABOT_STATE_ROW_HEAP_H

#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

struct sb_row_heap_block;

struct sb_row_heap {
    struct sb_memory *memory;
    struct sb_row_heap_block *blocks; // newest first
    uint8_t *next;
    uint8_t *end;
    int64_t bytes_used;
};

void sb_row_heap_deinit(struct sb_row_heap *heap);

/* Frees all bytes but keeps the newest block. */
void sb_row_heap_reset(struct sb_row_heap *heap);

/* Room for `size` bytes at any address. */
SB_MUST_CHECK enum sb_status sb_row_heap_alloc(struct sb_row_heap *heap, int64_t size,
                                               uint8_t **out, struct sb_error *err);

#endif
