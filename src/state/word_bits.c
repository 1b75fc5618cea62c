// SPDX-License-Identifier: Apache-2.0
#include "state/word_bits.h"

#include <string.h>

#include "base/assert.h"

struct sb_word_bits *sb_word_bits_create(struct sb_memory *memory, uint64_t low, uint64_t high)
{
    int64_t word_count = (int64_t)((high >> 6) - (low >> 6) + 1);
    struct sb_word_bits *bits;

    sb_assert(low <= high);
    bits = sb_memory_alloc_zeroed(memory, sizeof *bits + 8 * (size_t)word_count);
    if (bits != NULL) {
        bits->low = low & ~UINT64_C(63);
        bits->word_count = word_count;
    }
    return bits;
}

void sb_word_bits_destroy(struct sb_memory *memory, struct sb_word_bits *bits)
{
    if (bits != NULL) {
        sb_memory_free(memory, bits, (size_t)sb_word_bits_size(bits));
    }
}

void sb_word_bits_copy(struct sb_word_bits *bits, const struct sb_word_bits *other)
{
    int64_t first = (int64_t)((other->low - bits->low) >> 6);

    sb_assert(other->low >= bits->low && first + other->word_count <= bits->word_count);
    memcpy(bits->words + first, other->words, 8 * (size_t)other->word_count);
}

int64_t sb_word_bits_next(const struct sb_word_bits *bits, int64_t *word, int64_t count,
                          uint64_t *numbers)
{
    int64_t found = 0;

    sb_debug_assert(count >= 64);
    for (; *word < bits->word_count && found + 64 <= count; ++*word) {
        for (uint64_t left = bits->words[*word]; left != 0; left &= left - 1) {
            numbers[found++] = bits->low + 64 * (uint64_t)*word + (uint64_t)__builtin_ctzll(left);
        }
    }
    return found;
}
