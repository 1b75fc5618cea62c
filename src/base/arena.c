// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"

enum {
    ARENA_ALIGNMENT = 16,
    ARENA_BLOCK_SIZE_MIN = 4 * 1024,
    ARENA_BLOCK_SIZE_MAX = 1024 * 1024,
};

struct sb_arena_block {
    struct sb_arena_block *next;
    size_t size; // with this header
};

static_assert(sizeof(struct sb_arena_block) % ARENA_ALIGNMENT == 0,
              "the first allocation of a block is aligned");

struct sb_arena_cleanup {
    struct sb_arena_cleanup *next;
    void (*cleanup)(void *object);
    void *object;
};

void sb_arena_init(struct sb_arena *arena, struct sb_memory *memory)
{
    *arena = (struct sb_arena){.memory = memory};
}

static void blocks_free(struct sb_arena *arena, struct sb_arena_block *block)
{
    while (block != NULL) {
        struct sb_arena_block *next = block->next;

        arena->bytes_used -= (int64_t)block->size;
        sb_memory_free(arena->memory, block, block->size);
        block = next;
    }
}

static void cleanups_run(struct sb_arena *arena)
{
    while (arena->cleanups != NULL) {
        struct sb_arena_cleanup *cleanup = arena->cleanups;

        arena->cleanups = cleanup->next;
        cleanup->cleanup(cleanup->object);
    }
}

void sb_arena_deinit(struct sb_arena *arena)
{
    cleanups_run(arena);
    blocks_free(arena, arena->blocks);
    sb_assert(arena->bytes_used == 0);
    *arena = (struct sb_arena){.memory = arena->memory};
}

static void block_use(struct sb_arena *arena, struct sb_arena_block *block)
{
    arena->next = (uint8_t *)(block + 1);
    arena->end = (uint8_t *)block + block->size;
}

void sb_arena_reset(struct sb_arena *arena)
{
    cleanups_run(arena);
    if (arena->blocks != NULL) {
        blocks_free(arena, arena->blocks->next);
        arena->blocks->next = NULL;
        block_use(arena, arena->blocks);
    }
}

static struct sb_arena_block *block_create(struct sb_arena *arena, size_t size)
{
    struct sb_arena_block *block = sb_memory_alloc(arena->memory, size);

    if (block != NULL) {
        block->size = size;
        arena->bytes_used += (int64_t)size;
    }
    return block;
}

// What is large beside a block gets one of its own, behind the newest, which goes on being filled.
static void *alloc_alone(struct sb_arena *arena, size_t size)
{
    struct sb_arena_block *block = block_create(arena, sizeof *block + size);

    if (block == NULL) {
        return NULL;
    }
    block->next = arena->blocks->next;
    arena->blocks->next = block;
    return block + 1;
}

static void *alloc_in_new_block(struct sb_arena *arena, size_t size)
{
    size_t block_size = ARENA_BLOCK_SIZE_MIN;
    struct sb_arena_block *block;
    void *allocated;

    if (arena->blocks != NULL) {
        block_size = arena->blocks->size * 2;
        if (block_size > ARENA_BLOCK_SIZE_MAX) {
            block_size = ARENA_BLOCK_SIZE_MAX;
        }
        if (size > block_size / 4) {
            return alloc_alone(arena, size);
        }
    }
    while (block_size < sizeof *block + size) { // the first block only
        block_size *= 2;
    }
    block = block_create(arena, block_size);
    if (block == NULL) {
        return NULL;
    }
    block->next = arena->blocks;
    arena->blocks = block;
    block_use(arena, block);
    allocated = arena->next;
    arena->next += size;
    return allocated;
}

void *sb_arena_alloc(struct sb_arena *arena, size_t size)
{
    if (size > SIZE_MAX / 4) {
        return NULL;
    }
    size = (size + ARENA_ALIGNMENT - 1) & ~(size_t)(ARENA_ALIGNMENT - 1);
    if (arena->blocks != NULL && size <= (size_t)(arena->end - arena->next)) {
        void *allocated = arena->next;

        arena->next += size;
        return allocated;
    }
    return alloc_in_new_block(arena, size);
}

void *sb_arena_alloc_zeroed(struct sb_arena *arena, size_t size)
{
    void *allocated = sb_arena_alloc(arena, size);

    if (allocated != NULL) {
        memset(allocated, 0, size);
    }
    return allocated;
}

void *sb_arena_copy(struct sb_arena *arena, const void *bytes, size_t size)
{
    void *copy = sb_arena_alloc(arena, size);

    if (copy != NULL && size > 0) {
        memcpy(copy, bytes, size);
    }
    return copy;
}

char *sb_arena_copy_string(struct sb_arena *arena, const char *text)
{
    return sb_arena_copy(arena, text, strlen(text) + 1);
}

char *sb_arena_format(struct sb_arena *arena, const char *format, ...)
{
    va_list args;
    va_list again;
    char *text = NULL;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    if (length >= 0) {
        text = sb_arena_alloc(arena, (size_t)length + 1);
    }
    if (text != NULL) {
        vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    va_end(args);
    return text;
}

bool sb_arena_on_end(struct sb_arena *arena, void (*cleanup)(void *object), void *object)
{
    struct sb_arena_cleanup *entry = sb_arena_alloc(arena, sizeof *entry);

    if (entry == NULL) {
        return false;
    }
    *entry = (struct sb_arena_cleanup){arena->cleanups, cleanup, object};
    arena->cleanups = entry;
    return true;
}
