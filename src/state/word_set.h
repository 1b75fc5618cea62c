// SPDX-License-Identifier: Apache-2.0
/*
 * word_set.h - a set of rows of one or two words: all of a row is its key.
 *
 * The form for what is only there or not: the values of a distinct count, alone or each under its
 * key. Rows lie in the slots themselves, one place in memory a probe; a row that finds its slot
 * taken goes to the next one. Zeros mark an empty slot, so that fresh pages need not be written
 * twice; whether the row of zeros is there is kept apart. Slots follow the order of hashes, so a
 * table that grows is read and written in order. Insertion goes a chunk at a time, and asks for
 * the slots of a chunk before it looks at them where the table is not likely to be cached.
 */
#ifndef SABOT_STATE_WORD_SET_H
#define SABOT_STATE_WORD_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

enum {
    SB_WORD_SET_CHUNK = 256,
    SB_WORD_SET_WIDTH_MAX = 2,
};

struct sb_word_set {
    struct sb_memory *memory;
    uint64_t *rows; // [slot_count * row_words]
    int64_t slot_count;
    int64_t row_count; // with the row of zeros
    int32_t row_words;
    bool has_zeros; // the row of zeros
};

void sb_word_set_init(struct sb_word_set *set, struct sb_memory *memory, int32_t row_words);
void sb_word_set_deinit(struct sb_word_set *set);

/* Forgets all rows but keeps memory. */
void sb_word_set_reset(struct sb_word_set *set);

/* Whether there is room for `count` more rows: half of the slots stay empty. */
static inline bool sb_word_set_has_room(const struct sb_word_set *set, int64_t count)
{
    return 2 * (set->row_count + count) <= set->slot_count;
}

/* Room for `count` more rows. */
SB_MUST_CHECK enum sb_status sb_word_set_reserve(struct sb_word_set *set, int64_t count,
                                                 struct sb_error *err);

/*
 * Inserts `count` (at most SB_WORD_SET_CHUNK) rows for which there is room: word w of row i is
 * columns[w][i * stride]. Returns how many were new, and their numbers in `fresh`, ascending; it
 * has room for `count`.
 */
int64_t sb_word_set_insert(struct sb_word_set *set, const uint64_t *const *columns, int64_t stride,
                           int64_t count, uint16_t *fresh);

/*
 * Up to `count` further rows, word w of each in columns[w]; 0 at the end. `*position` begins at 0.
 */
int64_t sb_word_set_next(const struct sb_word_set *set, int64_t *position, int64_t count,
                         uint64_t *const *columns);

#endif
