// SPDX-License-Identifier: Apache-2.0
#include "base/memory_cache.h"

#include <pthread.h>
#include <stdatomic.h>

#include <sabot/library.h>

#include "base/assert.h"
#include "base/memory.h"
#include "base/memory_pages.h"

enum {
    CLASS_SHIFT_MIN = 15, // 32 KiB
    CLASS_SHIFT_END = 46, // nothing of 64 TiB or more
    CLASS_STEPS = 4,
    CLASS_COUNT = (CLASS_SHIFT_END - CLASS_SHIFT_MIN) * CLASS_STEPS,
    CLASS_PAGE = 4096,
    HUGE_PAGE = 2 * 1024 * 1024,
};

static_assert(SB_MEMORY_LARGE == 1 << CLASS_SHIFT_MIN, "the smallest class serves large blocks");

// A free block, linked through its first bytes.
struct free_block {
    struct free_block *next;
};

struct block_class {
    _Alignas(64) pthread_mutex_t lock; // guards all below
    struct free_block *free;
    uint8_t *carve_next; // of the newest superblock, what was never handed out
    int32_t carve_count;
    int32_t superblock_count;
};

static struct block_class classes[CLASS_COUNT];
static pthread_once_t classes_once = PTHREAD_ONCE_INIT;
static int64_t unused_bytes_max;         // set once
static _Atomic int64_t trim_above;       // unused bytes that start a trim
static _Atomic int64_t mapped_bytes;     // from the system
static _Atomic int64_t handed_out_bytes; // of those, in blocks in use

static void classes_init(void)
{
    for (int i = 0; i < CLASS_COUNT; i++) {
        pthread_mutex_init(&classes[i].lock, NULL);
    }
    unused_bytes_max = sb_pages_machine_bytes() / 4;
    atomic_store(&trim_above, unused_bytes_max);
}

static int class_index(size_t size)
{
    int shift;
    size_t step;

    // The page on top of each class serves the first bytes above a step.
    size = size <= SB_MEMORY_LARGE + CLASS_PAGE ? SB_MEMORY_LARGE : size - CLASS_PAGE;
    shift = 63 - __builtin_clzll((unsigned long long)size);
    if (shift >= CLASS_SHIFT_END) {
        return CLASS_COUNT;
    }
    step = (size_t)1 << (shift - 2);
    return (shift - CLASS_SHIFT_MIN) * CLASS_STEPS +
           (int)((size - ((size_t)1 << shift) + step - 1) / step);
}

static size_t class_step_size(int index)
{
    int shift = CLASS_SHIFT_MIN + index / CLASS_STEPS;

    return ((size_t)1 << shift) + (size_t)(index % CLASS_STEPS) * ((size_t)1 << (shift - 2));
}

static size_t class_capacity(int index)
{
    return class_step_size(index) + CLASS_PAGE;
}

static bool class_is_carved(int index)
{
    return class_step_size(index) < HUGE_PAGE;
}

// Large enough that at most an eighth is left over behind the last block.
static size_t superblock_size(int index)
{
    size_t size = class_step_size(index);

    return size <= 256 * 1024 ? HUGE_PAGE : size <= 512 * 1024 ? 2 * HUGE_PAGE : 4 * HUGE_PAGE;
}

static int32_t superblock_block_count(int index)
{
    return (int32_t)(superblock_size(index) / class_capacity(index));
}

static void *pages_map(size_t size, size_t alignment, bool is_huge)
{
    void *pages = sb_pages_map(size, alignment, is_huge);

    if (pages != NULL) {
        atomic_fetch_add_explicit(&mapped_bytes, (int64_t)size, memory_order_relaxed);
    }
    return pages;
}

static void pages_unmap(void *pages, size_t size)
{
    atomic_fetch_sub_explicit(&mapped_bytes, (int64_t)size, memory_order_relaxed);
    sb_pages_unmap(pages, size);
}

static int64_t unused_bytes(void)
{
    return atomic_load_explicit(&mapped_bytes, memory_order_relaxed) -
           atomic_load_explicit(&handed_out_bytes, memory_order_relaxed);
}

// The next block of the newest superblock, or of a new one; the caller holds the lock.
static void *block_carve(struct block_class *class, int index)
{
    void *block;

    if (class->carve_count == 0) {
        // The first superblock of a class gets small pages: a job that needs one block of each of
        // many classes should not touch 2 MiB for each.
        bool is_huge = class->superblock_count > 0;
        uint8_t *superblock = pages_map(superblock_size(index), superblock_size(index), is_huge);

        if (superblock == NULL) {
            return NULL;
        }
        class->superblock_count++;
        class->carve_next = superblock;
        class->carve_count = superblock_block_count(index);
    }
    block = class->carve_next;
    class->carve_next += class_capacity(index);
    class->carve_count--;
    return block;
}

size_t sb_memory_cache_capacity(size_t size)
{
    int index = class_index(size);

    return index < CLASS_COUNT ? class_capacity(index) : 0;
}

void *sb_memory_cache_alloc(size_t size, bool *is_zeroed)
{
    int index = class_index(size);
    struct block_class *class = &classes[index];
    void *block;

    sb_assert(index < CLASS_COUNT);
    pthread_once(&classes_once, classes_init);
    *is_zeroed = false;
    pthread_mutex_lock(&class->lock);
    block = class->free;
    if (block != NULL) {
        class->free = class->free->next;
    } else if (class_is_carved(index)) {
        *is_zeroed = true;
        block = block_carve(class, index);
    }
    pthread_mutex_unlock(&class->lock);
    if (block == NULL && !class_is_carved(index)) {
        *is_zeroed = true;
        block = pages_map(class_capacity(index), HUGE_PAGE, true);
    }
    if (block != NULL) {
        atomic_fetch_add_explicit(&handed_out_bytes, (int64_t)class_capacity(index),
                                  memory_order_relaxed);
    }
    return block;
}

void sb_memory_cache_free(void *block, size_t size)
{
    int index = class_index(size);
    struct block_class *class = &classes[index];
    size_t capacity = class_capacity(index);
    struct free_block *freed = block;

    atomic_fetch_sub_explicit(&handed_out_bytes, (int64_t)capacity, memory_order_relaxed);
    if (!class_is_carved(index) && unused_bytes() > unused_bytes_max) {
        pages_unmap(block, capacity);
        return;
    }
    pthread_mutex_lock(&class->lock);
    freed->next = class->free;
    class->free = freed;
    pthread_mutex_unlock(&class->lock);
    if (unused_bytes() > atomic_load_explicit(&trim_above, memory_order_relaxed)) {
        sb_memory_trim();
    }
}

static struct free_block *blocks_merge(struct free_block *a, struct free_block *b)
{
    struct free_block *merged = NULL;
    struct free_block **tail = &merged;

    while (a != NULL && b != NULL) {
        struct free_block **least = a < b ? &a : &b;

        *tail = *least;
        *least = (*least)->next;
        tail = &(*tail)->next;
    }
    *tail = a != NULL ? a : b;
    return merged;
}

// By address, so that the blocks of one superblock become neighbours.
static struct free_block *blocks_sort(struct free_block *blocks)
{
    struct free_block *runs[48] = {NULL}; // runs[i] is empty or 2^i blocks
    struct free_block *sorted = NULL;
    size_t i;

    while (blocks != NULL) {
        struct free_block *run = blocks;

        blocks = blocks->next;
        run->next = NULL;
        for (i = 0; runs[i] != NULL; i++) {
            run = blocks_merge(runs[i], run);
            runs[i] = NULL;
        }
        runs[i] = run;
    }
    for (i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        sorted = blocks_merge(runs[i], sorted);
    }
    return sorted;
}

// Gives the superblocks back whose blocks are all free; the caller holds the lock.
static void superblocks_trim(struct block_class *class, int index)
{
    size_t size = superblock_size(index);
    struct free_block **tail = &class->free;
    struct free_block *block;

    while (class->carve_count > 0) { // so that the newest superblock counts as free, too
        struct free_block *carved = block_carve(class, index);

        carved->next = class->free;
        class->free = carved;
    }
    block = blocks_sort(class->free);
    while (block != NULL) {
        uint8_t *superblock = (uint8_t *)((uintptr_t)block & ~(uintptr_t)(size - 1));
        struct free_block *first = block;
        struct free_block *last = block;
        int32_t free_count = 1;

        while (last->next != NULL && (uint8_t *)last->next < superblock + size) {
            last = last->next;
            free_count++;
        }
        block = last->next;
        if (free_count == superblock_block_count(index)) {
            pages_unmap(superblock, size);
            class->superblock_count--;
        } else {
            *tail = first;
            tail = &last->next;
        }
    }
    *tail = NULL;
}

void sb_memory_trim(void)
{
    int64_t left;

    pthread_once(&classes_once, classes_init);
    for (int i = 0; i < CLASS_COUNT; i++) {
        struct block_class *class = &classes[i];
        struct free_block *block = NULL;

        pthread_mutex_lock(&class->lock);
        if (class_is_carved(i)) {
            superblocks_trim(class, i);
        } else {
            block = class->free;
            class->free = NULL;
        }
        pthread_mutex_unlock(&class->lock);
        while (block != NULL) {
            struct free_block *next = block->next;

            pages_unmap(block, class_capacity(i));
            block = next;
        }
    }
    // What is left lies between blocks in use: trimming again at once would find nothing.
    left = unused_bytes();
    if (left < 0) {
        left = 0;
    }
    atomic_store_explicit(&trim_above, unused_bytes_max + left, memory_order_relaxed);
}

int64_t sb_memory_cached_bytes(void)
{
    return atomic_load_explicit(&mapped_bytes, memory_order_relaxed);
}
