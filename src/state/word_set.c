// SPDX-License-Identifier: Apache-2.0
#include "state/word_set.h"

#include <string.h>

#include "base/hash.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

enum {
    SLOT_COUNT_MIN = 16,
    PREFETCH_BYTES = 256 * 1024, // a set of at most so many bytes needs no prefetch
};

void sb_word_set_init(struct sb_word_set *set, struct sb_memory *memory, int32_t row_words)
{
    sb_assert(row_words >= 1 && row_words <= SB_WORD_SET_WIDTH_MAX);
    *set = (struct sb_word_set){.memory = memory, .row_words = row_words};
}

static size_t rows_size(const struct sb_word_set *set)
{
    return sizeof *set->rows * (size_t)(set->slot_count * set->row_words);
}

void sb_word_set_deinit(struct sb_word_set *set)
{
    if (set->rows != NULL) {
        sb_memory_free(set->memory, set->rows, rows_size(set));
    }
    *set = (struct sb_word_set){.memory = set->memory, .row_words = set->row_words};
}

void sb_word_set_reset(struct sb_word_set *set)
{
    if (set->rows != NULL) {
        memset(set->rows, 0, rows_size(set));
    }
    set->row_count = 0;
    set->has_zeros = false;
}

/* Key groups take the low bits of the stable hash; this is another one, taken from the top. */
static ALWAYS_INLINE uint64_t row_hash(uint64_t first, uint64_t second, int32_t row_words)
{
    uint64_t word = first ^ UINT64_C(0x2d358dccaa6c78a5);

    if (row_words == 2) {
        word = word * UINT64_C(0x9e3779b97f4a7c15) ^ second;
    }
    return sb_hash_mix(word, UINT64_C(0x8bb84b93962eacc9));
}

/* The slot a hash points to: hashes in order, slots in order. */
static ALWAYS_INLINE int64_t hash_home(uint64_t hash, int64_t slot_count)
{
    return (int64_t)(((sb_uint128)hash * (uint64_t)slot_count) >> 64);
}

/* Finds the row's slot, from `slot` on, and fills it if it is empty: whether it was. Not zeros. */
static ALWAYS_INLINE bool slot_take(uint64_t *rows, const uint64_t *end, uint64_t *slot,
                                    uint64_t first, uint64_t second, int32_t row_words)
{
    for (;;) {
        if (slot[0] == first && (row_words == 1 || slot[1] == second)) {
            return false;
        }
        if ((slot[0] | (row_words == 1 ? 0 : slot[1])) == 0) {
            slot[0] = first;
            if (row_words == 2) {
                slot[1] = second;
            }
            return true;
        }
        slot += row_words;
        slot = slot == end ? rows : slot;
    }
}

/* All rows but the one of zeros, in order: they arrive at the new slots in order, too. */
static ALWAYS_INLINE void rows_move(struct sb_word_set *set, const struct sb_word_set *old,
                                    int32_t row_words)
{
    const uint64_t *end = set->rows + set->slot_count * row_words;
    const uint64_t *places[SB_WORD_SET_CHUNK];

    for (int64_t s = 0; s < old->slot_count;) {
        int64_t count = 0;

        for (; s < old->slot_count && count < SB_WORD_SET_CHUNK; s++) { // no branch on the data
            const uint64_t *row = old->rows + s * row_words;
            places[count] = row;
            count += (row[0] | (row_words == 1 ? 0 : row[1])) != 0;
        }
        for (int64_t i = 0; i < count; i++) {
            uint64_t first = places[i][0];
            uint64_t second = row_words == 1 ? 0 : places[i][1];
            int64_t home = hash_home(row_hash(first, second, row_words), set->slot_count);
            slot_take(set->rows, end, set->rows + home * row_words, first, second, row_words);
        }
    }
}

enum sb_status sb_word_set_reserve(struct sb_word_set *set, int64_t count, struct sb_error *err)
{
    struct sb_word_set old = *set;
    int64_t needed = 2 * (set->row_count + count);

    if (sb_word_set_has_room(set, count)) {
        return SB_OK;
    }
    needed = needed < SLOT_COUNT_MIN ? SLOT_COUNT_MIN : needed;
    set->slot_count = needed < 2 * old.slot_count ? 2 * old.slot_count : needed;
    set->rows = sb_memory_alloc_zeroed(set->memory, rows_size(set));
    if (set->rows == NULL) {
        size_t size = rows_size(set);
        *set = old;
        return sb_error_no_memory(err, "a set of values", (int64_t)size);
    }
    if (set->row_words == 1) {
        rows_move(set, &old, 1);
    } else {
        rows_move(set, &old, 2);
    }
    sb_word_set_deinit(&old);
    return SB_OK;
}

static ALWAYS_INLINE int64_t rows_insert(struct sb_word_set *set, const uint64_t *const *columns,
                                         int64_t stride, int64_t count, uint16_t *fresh,
                                         int32_t row_words, bool is_large)
{
    const uint64_t *firsts = columns[0];
    const uint64_t *seconds = row_words == 1 ? NULL : columns[1];
    uint64_t *rows = set->rows;
    int64_t slot_count = set->slot_count;
    const uint64_t *end = rows + slot_count * row_words;
    uint64_t *slots[SB_WORD_SET_CHUNK];
    int64_t found = 0;

    for (int64_t i = 0; i < count; i++) {
        uint64_t second = row_words == 1 ? 0 : seconds[i * stride];
        uint64_t hash = row_hash(firsts[i * stride], second, row_words);
        slots[i] = rows + hash_home(hash, slot_count) * row_words;
        if (is_large) {
            __builtin_prefetch(slots[i], 1);
        }
    }
    for (int64_t i = 0; i < count; i++) {
        uint64_t first = firsts[i * stride];
        uint64_t second = row_words == 1 ? 0 : seconds[i * stride];

        fresh[found] = (uint16_t)i;
        if (sb_unlikely((first | second) == 0)) {
            found += !set->has_zeros;
            set->has_zeros = true;
        } else {
            found += slot_take(rows, end, slots[i], first, second, row_words);
        }
    }
    set->row_count += found;
    return found;
}

int64_t sb_word_set_insert(struct sb_word_set *set, const uint64_t *const *columns, int64_t stride,
                           int64_t count, uint16_t *fresh)
{
    bool is_large = rows_size(set) > PREFETCH_BYTES;

    sb_debug_assert(count <= SB_WORD_SET_CHUNK);
    sb_debug_assert(sb_word_set_has_room(set, count));
    if (set->row_words == 1) {
        return is_large ? rows_insert(set, columns, stride, count, fresh, 1, true)
                        : rows_insert(set, columns, stride, count, fresh, 1, false);
    }
    return is_large ? rows_insert(set, columns, stride, count, fresh, 2, true)
                    : rows_insert(set, columns, stride, count, fresh, 2, false);
}

int64_t sb_word_set_next(const struct sb_word_set *set, int64_t *position, int64_t count,
                         uint64_t *const *columns)
{
    int32_t row_words = set->row_words;
    int64_t found = 0;
    int64_t at = *position;

    for (; at < set->slot_count && found < count; at++) {
        const uint64_t *row = set->rows + at * row_words;
        uint64_t bits = 0;

        for (int32_t w = 0; w < row_words; w++) {
            columns[w][found] = row[w];
            bits |= row[w];
        }
        found += bits != 0;
    }
    if (at == set->slot_count && found < count) {
        if (set->has_zeros) {
            for (int32_t w = 0; w < row_words; w++) {
                columns[w][found] = 0;
            }
            found++;
        }
        at++;
    }
    *position = at;
    return found;
}
