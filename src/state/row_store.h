// SPDX-License-Identifier: Apache-2.0
/*
 * row_store.h - the rows of one table: appended, read in order, freed together.
 *
 * Rows lie in segments that double from a few rows to 256 KiB and never move, so a row's address
 * names it for as long as the store lives. Single-threaded.
 */
#ifndef SABOT_STATE_ROW_STORE_H
#define SABOT_STATE_ROW_STORE_H

#include "state/row_layout.h"

struct sb_row_segment;

struct sb_row_store {
    struct sb_memory *memory;
    int32_t row_words;
    int64_t row_count;
    struct sb_row_segment *first;
    struct sb_row_segment *last;
    uint64_t *next; // where the next row of the last segment goes
    uint64_t *end;
    struct sb_row_heap heap; // their long texts
};

void sb_row_store_init(struct sb_row_store *store, struct sb_memory *memory, int32_t row_words);
void sb_row_store_deinit(struct sb_row_store *store);

/* Forgets all rows but keeps the largest segment. */
void sb_row_store_reset(struct sb_row_store *store);

/* One more segment, for at least `rows` rows. */
SB_MUST_CHECK enum sb_status sb_row_store_grow(struct sb_row_store *store, int64_t rows,
                                               struct sb_error *err);

/* A new row, uninitialised. */
SB_MUST_CHECK static inline enum sb_status sb_row_store_append(struct sb_row_store *store,
                                                               uint64_t **row, struct sb_error *err)
{
    if (sb_unlikely(store->next == store->end)) {
        SB_TRY_RETURN(sb_row_store_grow(store, 1, err));
    }
    *row = store->next;
    store->next += store->row_words;
    store->row_count++;
    return SB_OK;
}

/* `count` rows of `words` copied in, in order. */
SB_MUST_CHECK enum sb_status sb_row_store_copy(struct sb_row_store *store, const uint64_t *words,
                                               int64_t count, struct sb_error *err);

/* Reads rows in the order they came; a zeroed cursor begins at the first. */
struct sb_row_cursor {
    struct sb_row_segment *segment;
    int64_t row; // of the segment, next to be read
    bool is_begun;
};

/* Up to `count` further rows; 0 at the end. */
int64_t sb_row_cursor_next(struct sb_row_cursor *cursor, const struct sb_row_store *store,
                           int64_t count, uint64_t **rows);

/* Passes over `count` rows, which there are. */
void sb_row_cursor_skip(struct sb_row_cursor *cursor, const struct sb_row_store *store,
                        int64_t count);

#endif
