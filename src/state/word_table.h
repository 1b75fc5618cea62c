// SPDX-License-Identifier: Apache-2.0
/*
 * word_table.h - rows with one 64-bit key, dense, behind a small index.
 *
 * The form for large tables that grow: rows lie one after another, in segments, in the order their
 * keys came. So nothing but a 32-bit index is made anew when the table grows, and reading all of
 * it is a scan. An index entry is a row's number (from 1; 0 is empty) under a tag of hash bits.
 * Entries come in pairs of 64 bits, one load; at most half are used. Lookups go a chunk at a time:
 * index, row, compare.
 */
#ifndef SABOT_STATE_WORD_TABLE_H
#define SABOT_STATE_WORD_TABLE_H

#include "state/word_slots.h"

enum {
    SB_WORD_CHUNK = 256,
    SB_WORD_SEGMENT_BITS = 10,
    SB_WORD_SEGMENT_ROWS = 1 << SB_WORD_SEGMENT_BITS,
};

struct sb_word_table {
    struct sb_memory *memory;
    const uint64_t *initial; // borrowed: the words of a new row; its key is put in
    int32_t row_words;
    int64_t row_count;
    int64_t row_capacity; // with row 0, which is nobody's
    uint64_t **segments;  // of SB_WORD_SEGMENT_ROWS; the first one grows until it has as many
    int64_t segment_capacity;
    int32_t pair_bits;
    uint64_t *pairs; // [1 << pair_bits]
};

void sb_word_table_init(struct sb_word_table *table, struct sb_memory *memory, int32_t row_words,
                        const uint64_t *initial);
void sb_word_table_deinit(struct sb_word_table *table);

/*
 * Makes room for `count` (at most SB_WORD_CHUNK) more rows and guesses the rows of as many keys,
 * `stride` words apart, from the index alone. Each guess is settled afterwards, in order, before
 * the next call: a small table's rows move with it.
 */
SB_MUST_CHECK enum sb_status sb_word_table_guess(struct sb_word_table *table, const uint64_t *keys,
                                                 int64_t stride, int64_t count, uint64_t **rows,
                                                 struct sb_error *err);

/* The row of a key for which the guess was wrong; made when there is none. */
uint64_t *sb_word_table_resolve(struct sb_word_table *table, uint64_t key);

/* The row of a key, made when there is none. */
static inline uint64_t *sb_word_table_settle(struct sb_word_table *table, uint64_t key,
                                             uint64_t *guess)
{
    return sb_likely(guess[0] == key && guess != table->segments[0])
               ? guess
               : sb_word_table_resolve(table, key);
}

/* Rows [first, first + *count) from 0 on; shortens `*count` to what lies one after another. */
static inline const uint64_t *sb_word_table_run(const struct sb_word_table *table, int64_t first,
                                                int64_t *count)
{
    int64_t number = first + 1;
    int64_t at = number & (SB_WORD_SEGMENT_ROWS - 1);

    *count = *count < SB_WORD_SEGMENT_ROWS - at ? *count : SB_WORD_SEGMENT_ROWS - at;
    return table->segments[number >> SB_WORD_SEGMENT_BITS] + at * table->row_words;
}

#endif
