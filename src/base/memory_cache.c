// SPDX-License-Identifier: Apache-2.0
/*
 * memory_cache.c - superblocks, the free blocks of each size class, and those that threads keep.
 *
 * There is no record of a superblock but its address: whether all its blocks are free is found when
 * trimming, by sorting the class's free blocks by address and counting neighbours.
 */
#include "base/memory_cache.h"

#include <pthread.h>
#include <stdatomic.h>

#include <sabot/library.h>

#include "base/assert.h"
#include "base/memory_pages.h"
#include "base/size_class.h"

enum {
    HUGE_PAGE = 2 * 1024 * 1024,
    // What a thread takes from a class at once, and the most of it that it keeps is twice that.
    TRANSFER_SIZE = 64 * 1024,
    TRANSFER_COUNT_MAX = 64,
};

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

static struct block_class classes[SB_SIZE_CLASS_COUNT];
static pthread_once_t classes_once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_key;         // its destructor empties a thread's lists
static int64_t unused_bytes_max;         // set once
static _Atomic int64_t trim_above;       // unused bytes that start a trim
static _Atomic int64_t mapped_bytes;     // from the system
static _Atomic int64_t handed_out_bytes; // of those, in use or kept by a thread

struct thread_list {
    struct free_block *free;
    int32_t count;
};

static _Thread_local struct {
    bool is_open;  // the destructor is registered
    bool is_ended; // it has run: blocks go past the lists
    struct thread_list lists[SB_SIZE_CLASS_LARGE];
} thread_blocks;

static void thread_blocks_end(void *unused);

static void classes_init(void)
{
    for (int i = 0; i < SB_SIZE_CLASS_COUNT; i++) {
        pthread_mutex_init(&classes[i].lock, NULL);
    }
    unused_bytes_max = sb_pages_machine_bytes() / 4;
    atomic_store(&trim_above, unused_bytes_max);
    sb_assert(pthread_key_create(&thread_key, thread_blocks_end) == 0);
}

static bool class_is_carved(int index)
{
    return sb_size_class_capacity(index) < HUGE_PAGE;
}

// Large enough that at most an eighth is left over behind the last block.
static size_t superblock_size(int index)
{
    size_t capacity = sb_size_class_capacity(index);

    return capacity <= HUGE_PAGE / 7   ? HUGE_PAGE
           : capacity <= HUGE_PAGE / 3 ? 2 * HUGE_PAGE
                                       : 4 * HUGE_PAGE;
}

static int32_t superblock_block_count(int index)
{
    return (int32_t)(superblock_size(index) / sb_size_class_capacity(index));
}

static int32_t transfer_count(int index)
{
    size_t count = TRANSFER_SIZE / sb_size_class_capacity(index);

    return count > TRANSFER_COUNT_MAX ? TRANSFER_COUNT_MAX : (int32_t)count;
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

static void handed_out_add(int index, int32_t count)
{
    atomic_fetch_add_explicit(&handed_out_bytes, (int64_t)sb_size_class_capacity(index) * count,
                              memory_order_relaxed);
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
    class->carve_next += sb_size_class_capacity(index);
    class->carve_count--;
    return block;
}

// One block; the caller holds the lock.
static void *block_take(struct block_class *class, int index, bool *is_zeroed)
{
    struct free_block *block = class->free;

    *is_zeroed = false;
    if (block != NULL) {
        class->free = block->next;
        return block;
    }
    *is_zeroed = true;
    return block_carve(class, index);
}

// Whether somebody will empty this thread's lists when it ends.
static bool thread_blocks_open(void)
{
    if (sb_likely(thread_blocks.is_open)) {
        return !thread_blocks.is_ended;
    }
    pthread_once(&classes_once, classes_init);
    thread_blocks.is_open = pthread_setspecific(thread_key, &thread_blocks) == 0;
    return thread_blocks.is_open;
}

static bool list_fill(struct thread_list *list, int index)
{
    struct block_class *class = &classes[index];
    int32_t wanted = thread_blocks_open() ? transfer_count(index) : 1;
    bool is_zeroed;

    pthread_mutex_lock(&class->lock);
    while (list->count < wanted) {
        struct free_block *block = block_take(class, index, &is_zeroed);

        if (block == NULL) {
            break;
        }
        block->next = list->free;
        list->free = block;
        list->count++;
    }
    pthread_mutex_unlock(&class->lock);
    handed_out_add(index, list->count);
    return list->count > 0;
}

// Gives all but `kept` blocks back to their class.
static void list_drain(struct thread_list *list, int index, int32_t kept)
{
    struct block_class *class = &classes[index];
    int32_t drained = list->count - kept;

    if (drained <= 0) {
        return;
    }
    pthread_mutex_lock(&class->lock);
    while (list->count > kept) {
        struct free_block *block = list->free;

        list->free = block->next;
        list->count--;
        block->next = class->free;
        class->free = block;
    }
    pthread_mutex_unlock(&class->lock);
    handed_out_add(index, -drained);
}

static void thread_blocks_drain(void)
{
    for (int i = 0; i < SB_SIZE_CLASS_LARGE; i++) {
        list_drain(&thread_blocks.lists[i], i, 0);
    }
}

static void thread_blocks_end(void *unused)
{
    (void)unused;
    thread_blocks.is_ended = true;
    thread_blocks_drain();
}

static void trim_if_much(void)
{
    if (sb_unlikely(unused_bytes() > atomic_load_explicit(&trim_above, memory_order_relaxed))) {
        sb_memory_trim();
    }
}

static void *small_alloc(int index)
{
    struct thread_list *list = &thread_blocks.lists[index];
    struct free_block *block;

    if (sb_unlikely(list->count == 0) && !list_fill(list, index)) {
        return NULL;
    }
    block = list->free;
    list->free = block->next;
    list->count--;
    return block;
}

static void small_free(void *block, int index)
{
    struct thread_list *list = &thread_blocks.lists[index];
    struct free_block *freed = block;

    freed->next = list->free;
    list->free = freed;
    list->count++;
    if (sb_unlikely(!thread_blocks_open())) {
        list_drain(list, index, 0);
    } else if (sb_unlikely(list->count > 2 * transfer_count(index))) {
        list_drain(list, index, transfer_count(index));
        trim_if_much();
    }
}

static void *large_alloc(int index, bool *is_zeroed)
{
    struct block_class *class = &classes[index];
    void *block;

    pthread_once(&classes_once, classes_init);
    pthread_mutex_lock(&class->lock);
    if (class->free != NULL || class_is_carved(index)) {
        block = block_take(class, index, is_zeroed);
        pthread_mutex_unlock(&class->lock);
    } else {
        pthread_mutex_unlock(&class->lock);
        *is_zeroed = true;
        block = pages_map(sb_size_class_capacity(index), HUGE_PAGE, true);
    }
    if (block != NULL) {
        handed_out_add(index, 1);
    }
    return block;
}

static void large_free(void *block, int index)
{
    struct block_class *class = &classes[index];
    struct free_block *freed = block;

    handed_out_add(index, -1);
    if (!class_is_carved(index) && unused_bytes() > unused_bytes_max) {
        pages_unmap(block, sb_size_class_capacity(index));
        return;
    }
    pthread_mutex_lock(&class->lock);
    freed->next = class->free;
    class->free = freed;
    pthread_mutex_unlock(&class->lock);
    trim_if_much();
}

size_t sb_memory_cache_capacity(size_t size)
{
    int index = sb_size_class(size);

    return index < SB_SIZE_CLASS_COUNT ? sb_size_class_capacity(index) : 0;
}

void *sb_memory_cache_alloc(size_t size, bool *is_zeroed)
{
    int index = sb_size_class(size);

    sb_assert(index < SB_SIZE_CLASS_COUNT);
    if (index < SB_SIZE_CLASS_LARGE) {
        *is_zeroed = false;
        return small_alloc(index);
    }
    return large_alloc(index, is_zeroed);
}

void sb_memory_cache_free(void *block, size_t size)
{
    int index = sb_size_class(size);

    if (index < SB_SIZE_CLASS_LARGE) {
        small_free(block, index);
    } else {
        large_free(block, index);
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

static void class_trim(int index)
{
    struct block_class *class = &classes[index];
    struct free_block *block = NULL;

    pthread_mutex_lock(&class->lock);
    if (class_is_carved(index)) {
        superblocks_trim(class, index);
    } else {
        block = class->free;
        class->free = NULL;
    }
    pthread_mutex_unlock(&class->lock);
    while (block != NULL) {
        struct free_block *next = block->next;

        pages_unmap(block, sb_size_class_capacity(index));
        block = next;
    }
}

void sb_memory_trim(void)
{
    int64_t left;

    pthread_once(&classes_once, classes_init);
    thread_blocks_drain();
    for (int i = 0; i < SB_SIZE_CLASS_COUNT; i++) {
        class_trim(i);
    }
    // What is left lies between blocks in use: trimming again at once would find nothing.
    left = unused_bytes();
    atomic_store_explicit(&trim_above, unused_bytes_max + (left < 0 ? 0 : left),
                          memory_order_relaxed);
}

int64_t sb_memory_cached_bytes(void)
{
    return atomic_load_explicit(&mapped_bytes, memory_order_relaxed);
}
