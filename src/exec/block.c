// SPDX-License-Identifier: Apache-2.0
#include "exec/block.h"

struct sb_block *sb_block_create(struct sb_memory *memory, int64_t capacity)
{
    struct sb_block *block = sb_memory_alloc(memory, sizeof *block + (size_t)capacity);

    if (block == NULL) {
        return NULL;
    }
    block->next = NULL;
    block->capacity = capacity;
    block->bytes_used = 0;
    block->row_count = 0;
    block->group = 0;
    return block;
}

void sb_block_destroy(struct sb_memory *memory, struct sb_block *block)
{
    if (block != NULL) {
        sb_memory_free(memory, block, sizeof *block + (size_t)block->capacity);
    }
}
