// SPDX-License-Identifier: Apache-2.0
/*
 * memory.h - the allocator every byte of a job is drawn from.
 *
 * An allocator counts against one limit (the job's memory budget) and refuses above it: a refusal
 * is NULL, never an abort. Sizes come back with the free, so blocks carry no header. Blocks come
 * from a process-wide cache of huge-page regions that is recycled between jobs (no page fault after
 * warm-up) and given back by sb_memory_trim(); memory_cache.h says how. What counts against the
 * limit is the size of the block, at most a quarter (and 4 KiB) above what was asked for. Every
 * block is aligned to 64 bytes. Thread-safe. Under the address sanitizer each block is its own.
 */
#ifndef SABOT_BASE_MEMORY_H
#define SABOT_BASE_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SB_MEMORY_ALIGNMENT = 64,
    SB_MEMORY_LARGE = 32 * 1024, // from here on blocks are not kept by threads
};

struct sb_memory {
    _Atomic int32_t reference_count;
    _Atomic int64_t used_bytes;
    _Atomic int64_t peak_bytes;
    int64_t limit_bytes;        // 0 = no limit
    _Atomic int64_t call_count; // allocations asked for; threads at once may miss some
    int64_t fail_at; // tests: the call of this number (from 1) is refused, counting all; 0 = never
};

/* One reference, the caller's; NULL when the machine has no memory left. */
struct sb_memory *sb_memory_create(int64_t limit_bytes);
struct sb_memory *sb_memory_retain(struct sb_memory *memory);

/* The last release asserts that all was freed. What outlives a job (exported arrays) retains. */
void sb_memory_release(struct sb_memory *memory);

/* NULL when over the limit or out of memory. `size` 0 gives a block of 64 bytes. */
void *sb_memory_alloc(struct sb_memory *memory, size_t size);
void *sb_memory_alloc_zeroed(struct sb_memory *memory, size_t size);

/* Keeps min(old_size, new_size) bytes; on NULL the old block is still there. */
void *sb_memory_realloc(struct sb_memory *memory, void *block, size_t old_size, size_t new_size);

/* `size` is what was asked for. NULL is fine. */
void sb_memory_free(struct sb_memory *memory, void *block, size_t size);

/* The process-wide allocator of things that belong to no job (graphs, imported schemas). */
struct sb_memory *sb_memory_global(void);

/* What a block of `size` really takes, and what is counted for it: sizes are rounded up. */
int64_t sb_memory_block_size(size_t size);

/* Bytes of memory this process may use: the machine's, or its control group's if that is less. */
int64_t sb_memory_machine_bytes(void);

/* Bytes the cache holds from the operating system, in use or not. */
int64_t sb_memory_cached_bytes(void);

#endif
