// SPDX-License-Identifier: Apache-2.0
/*
 * pair_set.h - a set of (key, value), both one word, that counts the values of each key.
 *
 * Pairs stand in one set of two words, however many keys there are. The values of a key that has
 * many of them close together (at most 64 numbers of the range for each that is there) become a bit
 * each instead: no more than a word a value, most often far less, and never made anew as they
 * become more. That is decided when the set would have to grow; whatever comes outside of the
 * range stands in the set again, until the range is worth being wider.
 */
#ifndef SABOT_STATE_PAIR_SET_H
#define SABOT_STATE_PAIR_SET_H

#include "state/row_vector.h"
#include "state/word_bits.h"
#include "state/word_set.h"
#include "state/word_table.h"

/* The words of a row of `keys`. */
enum {
    SB_PAIR_KEY,
    SB_PAIR_COUNT, // of its values
    SB_PAIR_LOW,   // of the numbers that its values are
    SB_PAIR_HIGH,
    SB_PAIR_BITS,       // address of the dense ones; 0 = none
    SB_PAIR_DENSE_FROM, // how many values there must be before bits are thought of
    SB_PAIR_WORDS,
};

struct sb_pair_set {
    struct sb_memory *memory;
    struct sb_word_set sparse;
    struct sb_word_table keys;
    uint64_t flip;       // makes a value a number that is ordered like it
    bool may_be_dense;   // values are integers
    int64_t dense_count; // keys with bits
    int64_t dense_bytes;
};

/* `kind` is that of the values. */
void sb_pair_set_init(struct sb_pair_set *set, struct sb_memory *memory, enum sb_row_kind kind);
void sb_pair_set_deinit(struct sb_pair_set *set);

/*
 * Inserts `count` pairs: keys[i * stride], values[i * stride]. After a failure the set is good for
 * nothing but to be deinited.
 */
SB_MUST_CHECK enum sb_status sb_pair_set_insert(struct sb_pair_set *set, const uint64_t *keys,
                                                const uint64_t *values, int64_t stride,
                                                int64_t count, struct sb_error *err);

/* Where a reader of all pairs is; zeros to begin with. */
struct sb_pair_cursor {
    int64_t sparse;
    int64_t key; // row of `keys`
    int64_t word;
};

/* Up to `count` (at least 64) further pairs; 0 at the end. */
int64_t sb_pair_set_next(const struct sb_pair_set *set, struct sb_pair_cursor *cursor,
                         int64_t count, uint64_t *keys, uint64_t *values);

/* What one pass over its memory costs, in pairs. */
static inline int64_t sb_pair_set_weight(const struct sb_pair_set *set)
{
    return set->sparse.row_count + set->dense_bytes / 16;
}

#endif
