// SPDX-License-Identifier: Apache-2.0
/*
 * sort_entries.c - entries in order: radix passes over the bits that differ.
 *
 * A piece is sorted by its highest PASS_BITS * PASSES_MAX differing bits, from the lowest byte of
 * them to the highest; that is stable, and few rows of most data still tie afterwards. Runs of
 * equal bits are pieces again, by the bits below. Short pieces are sorted by insertion. The depth
 * is bounded by the bits of a key.
 */
#include <string.h>

#include "exec/ops/sort_internal.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

enum {
    PASS_BITS = 8,
    PASS_SIZE = 1 << PASS_BITS,
    PASSES_MAX = 3,
    INSERTION_MAX = 24,
};

static ALWAYS_INLINE void entry_copy(uint64_t *restrict to, const uint64_t *restrict from,
                                     int32_t words)
{
    memcpy(to, from, sizeof *to * (size_t)words);
}

static ALWAYS_INLINE void insertion_sort(uint64_t *entries, int64_t count, int32_t words)
{
    for (int64_t i = 1; i < count; i++) {
        uint64_t moved[SB_SORT_WORDS_MAX];
        int64_t to = i;

        entry_copy(moved, entries + i * words, words);
        while (to > 0 && !sb_sort_entry_is_up_to(entries + (to - 1) * words, moved, words)) {
            entry_copy(entries + to * words, entries + (to - 1) * words, words);
            to--;
        }
        if (to != i) {
            entry_copy(entries + to * words, moved, words);
        }
    }
}

/* One stable pass by PASS_BITS bits from `shift` on of word `word`. */
static ALWAYS_INLINE void radix_pass(const uint64_t *restrict from, uint64_t *restrict to,
                                     int64_t count, int32_t words, int32_t word, int32_t shift,
                                     const uint32_t *counts)
{
    uint32_t places[PASS_SIZE];
    uint32_t place = 0;

    for (int32_t i = 0; i < PASS_SIZE; i++) {
        places[i] = place;
        place += counts[i];
    }
    for (int64_t i = 0; i < count; i++) {
        const uint64_t *entry = from + i * words;
        uint32_t bucket = (uint32_t)(entry[word] >> shift) & (PASS_SIZE - 1);

        entry_copy(to + (int64_t)places[bucket]++ * words, entry, words);
    }
}

/* By bits [low, low + bits) of word `word`, at most PASSES_MAX passes. */
static ALWAYS_INLINE void radix_sort(uint64_t *entries, uint64_t *spare, int64_t count,
                                     int32_t words, int32_t word, int32_t low, int32_t bits)
{
    uint32_t counts[PASSES_MAX][PASS_SIZE] = {{0}};
    int32_t pass_count = (bits + PASS_BITS - 1) / PASS_BITS;
    uint64_t *from = entries;
    uint64_t *to = spare;

    for (int64_t i = 0; i < count; i++) {
        uint64_t value = entries[i * words + word] >> low;

        for (int32_t p = 0; p < pass_count; p++) {
            counts[p][(value >> (p * PASS_BITS)) & (PASS_SIZE - 1)]++;
        }
    }
    for (int32_t p = 0; p < pass_count; p++) {
        uint64_t *other = from;
        radix_pass(from, to, count, words, word, low + p * PASS_BITS, counts[p]);
        from = to;
        to = other;
    }
    if (from != entries) {
        memcpy(entries, from, sizeof *from * (size_t)(count * words));
    }
}

/* Sorts by the key bits of `word`, below those in `known`, and all words behind. */
static ALWAYS_INLINE void piece_sort(uint64_t *entries, uint64_t *spare, int64_t count,
                                     int32_t words, const struct sb_sort_layout *layout,
                                     int32_t word);

static void piece_sort_1(uint64_t *entries, uint64_t *spare, int64_t count,
                         const struct sb_sort_layout *layout, int32_t word)
{
    piece_sort(entries, spare, count, 1, layout, word);
}

static void piece_sort_2(uint64_t *entries, uint64_t *spare, int64_t count,
                         const struct sb_sort_layout *layout, int32_t word)
{
    piece_sort(entries, spare, count, 2, layout, word);
}

static void piece_sort_3(uint64_t *entries, uint64_t *spare, int64_t count,
                         const struct sb_sort_layout *layout, int32_t word)
{
    piece_sort(entries, spare, count, 3, layout, word);
}

static ALWAYS_INLINE void piece_sort_again(uint64_t *entries, uint64_t *spare, int64_t count,
                                           int32_t words, const struct sb_sort_layout *layout,
                                           int32_t word)
{
    switch (words) {
    case 1:
        piece_sort_1(entries, spare, count, layout, word);
        break;
    case 2:
        piece_sort_2(entries, spare, count, layout, word);
        break;
    default:
        piece_sort_3(entries, spare, count, layout, word);
        break;
    }
}

/* The key bits of `word` in which entries differ. */
static ALWAYS_INLINE uint64_t differing_bits(const uint64_t *entries, int64_t count, int32_t words,
                                             const struct sb_sort_layout *layout, int32_t word)
{
    uint64_t first = entries[word];
    uint64_t differing = 0;

    for (int64_t i = 1; i < count; i++) {
        differing |= entries[i * words + word] ^ first;
    }
    if (words == 1) { // the place below the key is in order already
        differing = differing >> layout->place_bits << layout->place_bits;
    }
    return differing;
}

static ALWAYS_INLINE void piece_sort(uint64_t *entries, uint64_t *spare, int64_t count,
                                     int32_t words, const struct sb_sort_layout *layout,
                                     int32_t word)
{
    uint64_t differing = 0;
    int32_t top;
    int32_t low;
    int64_t run = 0;
    bool has_more;

    if (count <= INSERTION_MAX) {
        insertion_sort(entries, count, words);
        return;
    }
    for (; word < layout->key_words; word++) {
        differing = differing_bits(entries, count, words, layout, word);
        if (differing != 0) {
            break;
        }
    }
    if (differing == 0) {
        return; // equal keys, in the order of their places
    }
    top = 64 - __builtin_clzll(differing);
    low = __builtin_ctzll(differing);
    has_more = top - low > PASSES_MAX * PASS_BITS;
    low = has_more ? top - PASSES_MAX * PASS_BITS : low;
    radix_sort(entries, spare, count, words, word, low, top - low);
    if (!has_more && word + 1 >= layout->key_words) {
        return;
    }
    for (int64_t i = 1; i <= count; i++) {
        if (i == count || (entries[i * words + word] ^ entries[run * words + word]) >> low != 0) {
            if (i - run > INSERTION_MAX) {
                piece_sort_again(entries + run * words, spare, i - run, words, layout,
                                 has_more ? word : word + 1);
            } else if (i - run > 1) {
                insertion_sort(entries + run * words, i - run, words);
            }
            run = i;
        }
    }
}

void sb_sort_entries(const struct sb_sort_layout *layout, uint64_t *entries, uint64_t *spare,
                     int64_t count)
{
    sb_assert(count <= UINT32_MAX);
    piece_sort_again(entries, spare, count, layout->words, layout, 0);
}

// --- ties ----------------------------------------------------------------------------------------

struct tie {
    const struct sb_sort_layout *layout;
    const struct sb_order_spec *order;
    const struct sb_sort_list *list;
};

/* The key columns of the batch where a row is. */
static const struct sb_column *tie_row(const struct tie *tie, const uint64_t *entry, int64_t *row)
{
    uint64_t place = sb_sort_entry_place(tie->layout, entry);

    *row = (int64_t)(place & ((UINT64_C(1) << tie->layout->row_bits) - 1));
    return tie->list->batches[place >> tie->layout->row_bits].keys;
}

/* Below 0, 0, or above 0, by the columns that are not whole in the key. */
static int tie_compare(const struct tie *tie, const uint64_t *left, const uint64_t *right)
{
    int64_t row_a;
    int64_t row_b;
    const struct sb_column *a = tie_row(tie, left, &row_a);
    const struct sb_column *b = tie_row(tie, right, &row_b);

    for (int32_t k = tie->layout->first_inexact; k < tie->order->key_count; k++) {
        const struct sb_order_key *key = &tie->order->keys[k];
        bool is_null_a = sb_column_is_null(&a[k], row_a);
        bool is_null_b = sb_column_is_null(&b[k], row_b);
        int found;

        if (is_null_a || is_null_b) {
            found = (int)is_null_a - (int)is_null_b;
            found = key->nulls_first ? -found : found;
        } else {
            found = sb_sort_value_compare(&a[k], row_a, &b[k], row_b);
            found = key->is_descending ? -found : found;
        }
        if (found != 0) {
            return found;
        }
    }
    return 0;
}

static void tie_insertion_sort(const struct tie *tie, uint64_t *entries, int64_t count)
{
    int32_t words = tie->layout->words;

    for (int64_t i = 1; i < count; i++) {
        uint64_t moved[SB_SORT_WORDS_MAX];
        int64_t to = i;

        entry_copy(moved, entries + i * words, words);
        while (to > 0 && tie_compare(tie, entries + (to - 1) * words, moved) > 0) {
            entry_copy(entries + to * words, entries + (to - 1) * words, words);
            to--;
        }
        entry_copy(entries + to * words, moved, words);
    }
}

/* Merges [0, middle) and [middle, count) of `from`; equal ones of the left come first. */
static void tie_merge(const struct tie *tie, const uint64_t *from, int64_t middle, int64_t count,
                      uint64_t *to)
{
    int32_t words = tie->layout->words;
    int64_t left = 0;
    int64_t right = middle;

    for (int64_t i = 0; i < count; i++) {
        bool is_left = right == count || (left < middle && tie_compare(tie, from + left * words,
                                                                       from + right * words) <= 0);
        entry_copy(to + i * words, from + (is_left ? left++ : right++) * words, words);
    }
}

/* A stable merge sort from short runs up. */
static void tie_sort(const struct tie *tie, uint64_t *entries, uint64_t *spare, int64_t count)
{
    int32_t words = tie->layout->words;
    uint64_t *from = entries;
    uint64_t *to = spare;

    for (int64_t i = 0; i < count; i += INSERTION_MAX) {
        int64_t size = count - i < INSERTION_MAX ? count - i : INSERTION_MAX;
        tie_insertion_sort(tie, entries + i * words, size);
    }
    for (int64_t width = INSERTION_MAX; width < count; width *= 2) {
        uint64_t *other = from;
        for (int64_t i = 0; i < count; i += 2 * width) {
            int64_t size = count - i < 2 * width ? count - i : 2 * width;
            tie_merge(tie, from + i * words, size < width ? size : width, size, to + i * words);
        }
        from = to;
        to = other;
    }
    if (from != entries) {
        memcpy(entries, from, sizeof *from * (size_t)(count * words));
    }
}

static bool keys_are_equal(const struct sb_sort_layout *layout, const uint64_t *a,
                           const uint64_t *b)
{
    if (layout->words == 1) {
        return (a[0] ^ b[0]) >> layout->place_bits == 0;
    }
    return a[0] == b[0] && (layout->words == 2 || a[1] == b[1]);
}

void sb_sort_ties(const struct sb_sort_layout *layout, const struct sb_order_spec *order,
                  const struct sb_sort_list *list, uint64_t *entries, uint64_t *spare,
                  int64_t count)
{
    struct tie tie = {.layout = layout, .order = order, .list = list};
    int32_t words = layout->words;
    int64_t run = 0;

    if (layout->first_inexact == order->key_count) {
        return;
    }
    for (int64_t i = 1; i <= count; i++) {
        if (i == count || !keys_are_equal(layout, entries + i * words, entries + run * words)) {
            if (i - run > 1) {
                tie_sort(&tie, entries + run * words, spare, i - run);
            }
            run = i;
        }
    }
}
