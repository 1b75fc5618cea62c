// SPDX-License-Identifier: Apache-2.0
#include "state/row_store.h"

enum {
    SEGMENT_BYTES_MIN = 512,
    SEGMENT_BYTES_MAX = 256 * 1024,
};

struct sb_row_segment {
    struct sb_row_segment *next;
    size_t size;       // as allocated
    int64_t row_count; // of a segment that is not the last
    _Alignas(64) uint64_t words[];
};

void sb_row_store_init(struct sb_row_store *store, struct sb_memory *memory, int32_t row_words)
{
    *store = (struct sb_row_store){
        .memory = memory,
        .row_words = row_words,
        .heap = {.memory = memory},
    };
}

void sb_row_store_deinit(struct sb_row_store *store)
{
    struct sb_row_segment *segment = store->first;

    while (segment != NULL) {
        struct sb_row_segment *next = segment->next;
        sb_memory_free(store->memory, segment, segment->size);
        segment = next;
    }
    sb_row_heap_deinit(&store->heap);
    sb_row_store_init(store, store->memory, store->row_words);
}

static int64_t segment_capacity(const struct sb_row_store *store,
                                const struct sb_row_segment *segment)
{
    return (int64_t)((segment->size - sizeof *segment) / 8) / store->row_words;
}

static int64_t segment_row_count(const struct sb_row_store *store,
                                 const struct sb_row_segment *segment)
{
    return segment == store->last ? (store->next - segment->words) / store->row_words
                                  : segment->row_count;
}

void sb_row_store_reset(struct sb_row_store *store)
{
    struct sb_row_segment *segment = store->first;

    if (segment == NULL) {
        return;
    }
    while (segment != store->last) { // segments grow, so the last is the largest
        struct sb_row_segment *next = segment->next;
        sb_memory_free(store->memory, segment, segment->size);
        segment = next;
    }
    store->first = segment;
    store->row_count = 0;
    store->next = segment->words;
    store->end = segment->words + segment_capacity(store, segment) * store->row_words;
    sb_row_heap_reset(&store->heap);
}

enum sb_status sb_row_store_grow(struct sb_row_store *store, int64_t rows, struct sb_error *err)
{
    int64_t row_bytes = (int64_t)store->row_words * 8;
    int64_t bytes = store->row_count * row_bytes; // as much again
    struct sb_row_segment *segment;
    size_t size;

    bytes = bytes < SEGMENT_BYTES_MIN ? SEGMENT_BYTES_MIN : bytes;
    bytes = bytes > SEGMENT_BYTES_MAX ? SEGMENT_BYTES_MAX : bytes;
    bytes = bytes < rows * row_bytes ? rows * row_bytes : bytes;
    size = sizeof *segment + (size_t)(bytes / row_bytes * row_bytes);
    segment = sb_memory_alloc(store->memory, size);
    if (segment == NULL) {
        return sb_error_no_memory(err, "rows of keyed state", (int64_t)size);
    }
    segment->next = NULL;
    segment->size = size;
    if (store->last == NULL) {
        store->first = segment;
    } else {
        store->last->row_count = segment_row_count(store, store->last);
        store->last->next = segment;
    }
    store->last = segment;
    store->next = segment->words;
    store->end = segment->words + segment_capacity(store, segment) * store->row_words;
    return SB_OK;
}

enum sb_status sb_row_store_copy(struct sb_row_store *store, const uint64_t *words, int64_t count,
                                 struct sb_error *err)
{
    while (count > 0) {
        int64_t room = (store->end - store->next) / store->row_words;

        if (room == 0) {
            SB_TRY_RETURN(sb_row_store_grow(store, 1, err));
            continue;
        }
        room = room < count ? room : count;
        memcpy(store->next, words, (size_t)(room * store->row_words) * 8);
        store->next += room * store->row_words;
        store->row_count += room;
        words += room * store->row_words;
        count -= room;
    }
    return SB_OK;
}

/* The next rows of one segment, at most `count`; 0 at the end. */
static int64_t cursor_take(struct sb_row_cursor *cursor, const struct sb_row_store *store,
                           int64_t count, uint64_t **first)
{
    int64_t left;

    if (!cursor->is_begun) {
        cursor->segment = store->first;
        cursor->is_begun = true;
    }
    while (cursor->segment != NULL && cursor->row == segment_row_count(store, cursor->segment)) {
        cursor->segment = cursor->segment->next;
        cursor->row = 0;
    }
    if (cursor->segment == NULL) {
        return 0;
    }
    *first = cursor->segment->words + cursor->row * store->row_words;
    left = segment_row_count(store, cursor->segment) - cursor->row;
    left = left < count ? left : count;
    cursor->row += left;
    return left;
}

int64_t sb_row_cursor_next(struct sb_row_cursor *cursor, const struct sb_row_store *store,
                           int64_t count, uint64_t **rows)
{
    int64_t read_count = 0;
    uint64_t *first;
    int64_t taken;

    while (read_count < count &&
           (taken = cursor_take(cursor, store, count - read_count, &first)) > 0) {
        for (int64_t i = 0; i < taken; i++) {
            rows[read_count++] = first + i * store->row_words;
        }
    }
    return read_count;
}

void sb_row_cursor_skip(struct sb_row_cursor *cursor, const struct sb_row_store *store,
                        int64_t count)
{
    uint64_t *first;

    while (count > 0) {
        int64_t taken = cursor_take(cursor, store, count, &first);
        sb_assert(taken > 0);
        count -= taken;
    }
}
