// SPDX-License-Identifier: Apache-2.0
/*
 * word_slots.h - rows with one 64-bit key, in the slots of the index itself.
 *
 * The fast form of a table for one integer-like key: a row is its key and a few words, and finding
 * it touches one place in memory. Slots come in pairs: a key's home is a pair, both of its keys are
 * compared without a branch, and a pair that is full overflows into the next one. At most half the
 * slots are used, so that hardly any probe looks at a second pair and branches are foreseen. Rows
 * move when the table grows. Small tables stay in L1 or L2: the local half of an aggregate. Large
 * ones cost one cache miss a probe: the build side of a join.
 */
#ifndef SABOT_STATE_WORD_SLOTS_H
#define SABOT_STATE_WORD_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/memory.h"

/* What the key of an empty slot reads; the row of the key that equals it is kept apart. */
#define SB_WORD_EMPTY UINT64_C(0x5ab07a11b0a7e5d1)

enum { SB_WORD_SLOTS_CHUNK = 256 }; // keys to handle at a time: their rows stay in L1

struct sb_word_slots {
    struct sb_memory *memory;
    const uint64_t *initial; // borrowed: the words of a new row; its key is put in
    uint64_t *rows;          // 2 * pair_count of them, then the one of the key SB_WORD_EMPTY
    int64_t pair_count;
    int64_t row_count;
    int32_t row_words;
    bool has_empty_key;
};

void sb_word_slots_init(struct sb_word_slots *slots, struct sb_memory *memory, int32_t row_words,
                        const uint64_t *initial);
void sb_word_slots_deinit(struct sb_word_slots *slots);

/* Room for at least `row_count` rows at half load; the rows that are there move. */
SB_MUST_CHECK enum sb_status sb_word_slots_resize(struct sb_word_slots *slots, int64_t row_count,
                                                  struct sb_error *err);

/* Forgets all rows. */
void sb_word_slots_reset(struct sb_word_slots *slots);

/*
 * Finds or makes the rows of keys[0..count), and says of how many: it stops before a new key when
 * half of the slots are used.
 */
int64_t sb_word_slots_upsert(struct sb_word_slots *slots, const uint64_t *keys, int64_t count,
                             uint64_t **rows);

/*
 * Copies a row in for which there is room; false when its key is there. `pair` is the key's by
 * whatever hash the caller uses for all keys; a table filled so is not resized.
 */
bool sb_word_slots_insert(struct sb_word_slots *slots, const uint64_t *pair, const uint64_t *row);

/* Where the table is at: slot by slot, up to `count` rows further; 0 at the end. */
int64_t sb_word_slots_next(const struct sb_word_slots *slots, int64_t *position, int64_t count,
                           uint64_t **rows);

/* The hash of tables that upsert: one product, for keys that need not be spread any further. */
static inline uint64_t sb_word_slots_hash(uint64_t key)
{
    return sb_hash_mix(key ^ UINT64_C(0x2d358dccaa6c78a5), UINT64_C(0x8bb84b93962eacc9));
}

/* Where a hash points to among `pair_count` (less than 2^32) pairs, by its high half. */
static inline uint64_t sb_word_slots_home(uint64_t hash, int64_t pair_count)
{
    return ((hash >> 32) * (uint64_t)pair_count) >> 32;
}

/* The first row of a hash's pair. */
static inline uint64_t *sb_word_slots_pair(const struct sb_word_slots *slots, uint64_t hash)
{
    return slots->rows +
           2 * sb_word_slots_home(hash, slots->pair_count) * (uint64_t)slots->row_words;
}

/* The row of a key that is not in its pair, or NULL. */
uint64_t *sb_word_slots_find_further(const struct sb_word_slots *slots, const uint64_t *pair,
                                     uint64_t key);

/* The row of a pair that may be the key's: the second if it is that, else the first. No branch. */
static inline uint64_t *sb_word_slots_guess(uint64_t *pair, int32_t row_words, uint64_t key)
{
    return pair + ((uint64_t)row_words & -(uint64_t)(pair[row_words] == key));
}

/* The same row, made when there is none; NULL when half of the slots are used. */
uint64_t *sb_word_slots_upsert_further(struct sb_word_slots *slots, const uint64_t *pair,
                                       uint64_t key);

/* The row of a key, or NULL. `pair` is the key's. */
static inline uint64_t *sb_word_slots_find(const struct sb_word_slots *slots, uint64_t *pair,
                                           uint64_t key)
{
    uint64_t *row = sb_word_slots_guess(pair, slots->row_words, key);

    if (sb_likely(row[0] == key && key != SB_WORD_EMPTY)) {
        return row;
    }
    return sb_word_slots_find_further(slots, pair, key);
}

#endif
