// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/memory_cache.h"
#include "base/memory_pages.h"

// The address sanitizer sees the exact end of each block only when the block is its own.
#if defined(__SANITIZE_ADDRESS__)
#define MEMORY_HAS_CACHE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEMORY_HAS_CACHE 0
#endif
#endif
#ifndef MEMORY_HAS_CACHE
#define MEMORY_HAS_CACHE 1
#endif

static struct sb_memory global_memory = {.reference_count = 1};

struct sb_memory *sb_memory_create(int64_t limit_bytes)
{
    struct sb_memory *memory = calloc(1, sizeof *memory);

    sb_assert(limit_bytes >= 0);
    if (memory != NULL) {
        atomic_init(&memory->reference_count, 1);
        memory->limit_bytes = limit_bytes;
    }
    return memory;
}

struct sb_memory *sb_memory_global(void)
{
    return &global_memory;
}

int64_t sb_memory_machine_bytes(void)
{
    return sb_pages_machine_bytes();
}

struct sb_memory *sb_memory_retain(struct sb_memory *memory)
{
    int32_t before = atomic_fetch_add_explicit(&memory->reference_count, 1, memory_order_relaxed);

    sb_assert(before > 0);
    return memory;
}

void sb_memory_release(struct sb_memory *memory)
{
    int32_t before;

    if (memory == NULL) {
        return;
    }
    before = atomic_fetch_sub_explicit(&memory->reference_count, 1, memory_order_acq_rel);
    sb_assert(before > 0);
    if (before == 1) {
        sb_assert(memory != &global_memory);
        sb_assert(atomic_load(&memory->used_bytes) == 0);
        free(memory);
    }
}

int64_t sb_memory_block_size(size_t size)
{
    return (int64_t)sb_memory_cache_capacity(size);
}

static bool budget_take(struct sb_memory *memory, int64_t size)
{
    int64_t used = atomic_load_explicit(&memory->used_bytes, memory_order_relaxed);
    int64_t peak;

    do {
        if (memory->limit_bytes > 0 && size > memory->limit_bytes - used) {
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(&memory->used_bytes, &used, used + size,
                                                    memory_order_relaxed, memory_order_relaxed));
    used += size;
    peak = atomic_load_explicit(&memory->peak_bytes, memory_order_relaxed);
    while (used > peak &&
           !atomic_compare_exchange_weak_explicit(&memory->peak_bytes, &peak, used,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
    return true;
}

static void budget_return(struct sb_memory *memory, int64_t size)
{
    int64_t before = atomic_fetch_sub_explicit(&memory->used_bytes, size, memory_order_relaxed);

    sb_assert(before >= size);
}

static void *block_alloc(size_t size, bool *is_zeroed)
{
#if MEMORY_HAS_CACHE
    return sb_memory_cache_alloc(size, is_zeroed);
#else
    void *block;

    *is_zeroed = false;
    return posix_memalign(&block, SB_MEMORY_ALIGNMENT, size == 0 ? 1 : size) == 0 ? block : NULL;
#endif
}

static void block_free(void *block, size_t size)
{
#if MEMORY_HAS_CACHE
    sb_memory_cache_free(block, size);
#else
    (void)size;
    free(block);
#endif
}

// Whether this call is the one a test wants refused. Only then it must be counted exactly.
static bool call_count(struct sb_memory *memory)
{
    int64_t before;

    if (sb_unlikely(memory->fail_at != 0)) {
        before = atomic_fetch_add_explicit(&memory->call_count, 1, memory_order_relaxed);
        return before + 1 == memory->fail_at;
    }
    before = atomic_load_explicit(&memory->call_count, memory_order_relaxed);
    atomic_store_explicit(&memory->call_count, before + 1, memory_order_relaxed);
    return false;
}

static void *alloc(struct sb_memory *memory, size_t size, bool *is_zeroed)
{
    int64_t block_size = sb_memory_block_size(size);
    void *block;

    *is_zeroed = false;
    if (call_count(memory) || block_size == 0 || !budget_take(memory, block_size)) {
        return NULL;
    }
    block = block_alloc(size, is_zeroed);
    if (block == NULL) {
        budget_return(memory, block_size);
    }
    return block;
}

void *sb_memory_alloc(struct sb_memory *memory, size_t size)
{
    bool is_zeroed;

    return alloc(memory, size, &is_zeroed);
}

void *sb_memory_alloc_zeroed(struct sb_memory *memory, size_t size)
{
    bool is_zeroed;
    void *block = alloc(memory, size, &is_zeroed);

    if (block != NULL && !is_zeroed) {
        memset(block, 0, size);
    }
    return block;
}

void *sb_memory_realloc(struct sb_memory *memory, void *block, size_t old_size, size_t new_size)
{
    void *larger;

    if (block == NULL) {
        return sb_memory_alloc(memory, new_size);
    }
    if (MEMORY_HAS_CACHE && sb_memory_block_size(old_size) == sb_memory_block_size(new_size)) {
        return call_count(memory) ? NULL : block;
    }
    larger = sb_memory_alloc(memory, new_size);
    if (larger != NULL) {
        memcpy(larger, block, old_size < new_size ? old_size : new_size);
        sb_memory_free(memory, block, old_size);
    }
    return larger;
}

void sb_memory_free(struct sb_memory *memory, void *block, size_t size)
{
    if (block == NULL) {
        return;
    }
    block_free(block, size);
    budget_return(memory, sb_memory_block_size(size));
}
