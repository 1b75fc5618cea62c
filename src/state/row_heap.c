// SPDX-License-Identifier: Apache-2.0
#include "state/row_heap.h"

enum {
    BLOCK_SIZE_MIN = 1024,
    BLOCK_SIZE_MAX = 256 * 1024,
};

struct sb_row_heap_block {
    struct sb_row_heap_block *next;
    int64_t size; // of `bytes`
    uint8_t bytes[];
};

static void block_free(struct sb_row_heap *heap, struct sb_row_heap_block *block)
{
    sb_memory_free(heap->memory, block, sizeof *block + (size_t)block->size);
}

void sb_row_heap_deinit(struct sb_row_heap *heap)
{
    struct sb_memory *memory = heap->memory;

    while (heap->blocks != NULL) {
        struct sb_row_heap_block *block = heap->blocks;
        heap->blocks = block->next;
        block_free(heap, block);
    }
    *heap = (struct sb_row_heap){.memory = memory};
}

void sb_row_heap_reset(struct sb_row_heap *heap)
{
    struct sb_row_heap_block *kept = heap->blocks;

    if (kept == NULL) {
        return;
    }
    while (kept->next != NULL) {
        struct sb_row_heap_block *block = kept->next;
        kept->next = block->next;
        block_free(heap, block);
    }
    heap->next = kept->bytes;
    heap->end = kept->bytes + kept->size;
    heap->bytes_used = 0;
}

enum sb_status sb_row_heap_alloc(struct sb_row_heap *heap, int64_t size, uint8_t **out,
                                 struct sb_error *err)
{
    if (heap->end - heap->next < size) {
        int64_t block_size = heap->blocks == NULL ? BLOCK_SIZE_MIN : 2 * heap->bytes_used;
        struct sb_row_heap_block *block;

        block_size = block_size < BLOCK_SIZE_MIN ? BLOCK_SIZE_MIN : block_size;
        block_size = block_size > BLOCK_SIZE_MAX ? BLOCK_SIZE_MAX : block_size;
        block_size = block_size < size ? size : block_size;
        block = sb_memory_alloc(heap->memory, sizeof *block + (size_t)block_size);
        if (block == NULL) {
            return sb_error_no_memory(err, "text of keyed state", block_size);
        }
        block->next = heap->blocks;
        block->size = block_size;
        heap->blocks = block;
        heap->next = block->bytes;
        heap->end = block->bytes + block_size;
    }
    *out = heap->next;
    heap->next += size;
    heap->bytes_used += size;
    return SB_OK;
}
