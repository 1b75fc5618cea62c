// SPDX-License-Identifier: Apache-2.0
/*
 * arena.h - many small allocations with one life, freed together.
 *
 * A zeroed arena with `memory` set is ready. Blocks double from 4 KiB to 1 MiB. Single-threaded.
 */
#ifndef SABOT_BASE_ARENA_H
#define SABOT_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

struct sb_arena_block;
struct sb_arena_cleanup;

struct sb_arena {
    struct sb_memory *memory;
    struct sb_arena_block *blocks; // newest first
    struct sb_arena_cleanup *cleanups;
    uint8_t *next;
    uint8_t *end;
    int64_t bytes_used; // drawn from `memory`
};

void sb_arena_init(struct sb_arena *arena, struct sb_memory *memory);
void sb_arena_deinit(struct sb_arena *arena);

/* Keeps the newest block for reuse, gives the others back. */
void sb_arena_reset(struct sb_arena *arena);

/*
 * Calls `cleanup(object)` at the reset or end of the arena, last one first: for what an object in
 * the arena holds outside of it. False when memory was refused.
 */
bool sb_arena_on_end(struct sb_arena *arena, void (*cleanup)(void *object), void *object);

/* Aligned to 16 bytes; NULL when refused. */
void *sb_arena_alloc(struct sb_arena *arena, size_t size);
void *sb_arena_alloc_zeroed(struct sb_arena *arena, size_t size);
char *sb_arena_copy_string(struct sb_arena *arena, const char *text);
void *sb_arena_copy(struct sb_arena *arena, const void *bytes, size_t size);
char *sb_arena_format(struct sb_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
