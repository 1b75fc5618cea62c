// SPDX-License-Identifier: Apache-2.0
/*
 * word_bits.h - which numbers of a range are there: one bit each.
 */
#ifndef SABOT_STATE_WORD_BITS_H
#define SABOT_STATE_WORD_BITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

struct sb_word_bits {
    uint64_t low; // the first number; a multiple of 64
    int64_t word_count;
    uint64_t words[];
};

/* For numbers from `low` to `high`, none of them there; NULL when refused. */
struct sb_word_bits *sb_word_bits_create(struct sb_memory *memory, uint64_t low, uint64_t high);
void sb_word_bits_destroy(struct sb_memory *memory, struct sb_word_bits *bits); // NULL is fine

static inline int64_t sb_word_bits_size(const struct sb_word_bits *bits)
{
    return (int64_t)sizeof *bits + 8 * bits->word_count;
}

/* Puts in what `other` has, whose range lies within. */
void sb_word_bits_copy(struct sb_word_bits *bits, const struct sb_word_bits *other);

/* The word with the bit of a number, NULL when it is out of range. */
static inline uint64_t *sb_word_bits_find(struct sb_word_bits *bits, uint64_t number)
{
    uint64_t word = (number - bits->low) >> 6;

    return word < (uint64_t)bits->word_count ? bits->words + word : NULL;
}

/* Sets the bit of a number in its word: whether it was not there. */
static inline bool sb_word_bits_put(uint64_t *word, uint64_t number)
{
    uint64_t old = *word;

    *word = old | UINT64_C(1) << (number & 63);
    return (old >> (number & 63) & 1) == 0;
}

/* Up to `count` further numbers, at least 64, in order; 0 at the end. `*word` begins at 0. */
int64_t sb_word_bits_next(const struct sb_word_bits *bits, int64_t *word, int64_t count,
                          uint64_t *numbers);

#endif
