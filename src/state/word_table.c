// SPDX-License-Identifier: Apache-2.0
#include "state/word_table.h"

#include <inttypes.h>
#include <string.h>

enum {
    PAIR_BITS_MIN = 4,
    PAIR_BITS_MAX = 30,
    ROW_CAPACITY_MIN = 16,
    SEGMENT_CAPACITY_MIN = 16,
    PREFETCH_BYTES = 128 * 1024, // a table of at most so many bytes needs no prefetch
};

void sb_word_table_init(struct sb_word_table *table, struct sb_memory *memory, int32_t row_words,
                        const uint64_t *initial)
{
    *table = (struct sb_word_table){
        .memory = memory,
        .initial = initial,
        .row_words = row_words,
    };
}

static size_t rows_size(const struct sb_word_table *table, int64_t count)
{
    return sizeof(uint64_t) * (size_t)table->row_words * (size_t)count;
}

static size_t segments_size(int64_t capacity)
{
    return sizeof(uint64_t *) * (size_t)capacity;
}

static size_t pairs_size(int32_t pair_bits)
{
    return sizeof(uint64_t) << pair_bits;
}

void sb_word_table_deinit(struct sb_word_table *table)
{
    for (int64_t done = 0; done < table->row_capacity; done += SB_WORD_SEGMENT_ROWS) {
        int64_t count = table->row_capacity - done;
        count = count < SB_WORD_SEGMENT_ROWS ? count : SB_WORD_SEGMENT_ROWS;
        sb_memory_free(table->memory, table->segments[done >> SB_WORD_SEGMENT_BITS],
                       rows_size(table, count));
    }
    if (table->segments != NULL) {
        sb_memory_free(table->memory, table->segments, segments_size(table->segment_capacity));
    }
    if (table->pairs != NULL) {
        sb_memory_free(table->memory, table->pairs, pairs_size(table->pair_bits));
    }
    sb_word_table_init(table, table->memory, table->row_words, table->initial);
}

static inline uint64_t *row_at(uint64_t *const *segments, int64_t row_words, uint32_t number)
{
    return segments[number >> SB_WORD_SEGMENT_BITS] +
           (int64_t)(number & (SB_WORD_SEGMENT_ROWS - 1)) * row_words;
}

// --- entries -------------------------------------------------------------------------------------

/* With half of the entries used, rows have numbers of one bit more than pairs; the rest is tag. */
static inline uint32_t number_mask(int32_t pair_bits)
{
    return ((uint32_t)2 << pair_bits) - 1;
}

static inline uint32_t tag_of(uint64_t hash, uint32_t mask)
{
    return (uint32_t)hash & ~mask;
}

static inline uint64_t home_of(uint64_t hash, int32_t pair_bits)
{
    return hash >> (64 - pair_bits);
}

/* Puts an entry into the first pair from `at` on that has room. */
static inline void entry_put(uint64_t *pairs, int32_t pair_bits, uint64_t at, uint32_t entry)
{
    uint64_t mask = ((uint64_t)1 << pair_bits) - 1;

    while (pairs[at] >> 32 != 0) {
        at = (at + 1) & mask;
    }
    pairs[at] |= pairs[at] == 0 ? entry : (uint64_t)entry << 32;
}

/* Room for one more segment's address. */
static enum sb_status segments_reserve(struct sb_word_table *table, struct sb_error *err)
{
    int64_t needed = (table->row_capacity >> SB_WORD_SEGMENT_BITS) + 1;
    int64_t capacity =
        table->segment_capacity == 0 ? SEGMENT_CAPACITY_MIN : 2 * table->segment_capacity;
    uint64_t **segments;

    if (needed <= table->segment_capacity) {
        return SB_OK;
    }
    segments = table->segments == NULL ? sb_memory_alloc(table->memory, segments_size(capacity))
                                       : sb_memory_realloc(table->memory, table->segments,
                                                           segments_size(table->segment_capacity),
                                                           segments_size(capacity));
    if (segments == NULL) {
        return sb_error_no_memory(err, "rows of keyed state", (int64_t)segments_size(capacity));
    }
    table->segments = segments;
    table->segment_capacity = capacity;
    return SB_OK;
}

/* Makes the first segment larger, for at least `row_count` rows if it can. */
static enum sb_status first_segment_grow(struct sb_word_table *table, int64_t row_count,
                                         struct sb_error *err)
{
    int64_t capacity = table->row_capacity == 0 ? ROW_CAPACITY_MIN : 4 * table->row_capacity;
    uint64_t *rows;

    capacity = capacity < row_count ? row_count : capacity;
    capacity = capacity > SB_WORD_SEGMENT_ROWS / 2 ? SB_WORD_SEGMENT_ROWS : capacity;
    rows = table->row_capacity == 0 ? sb_memory_alloc(table->memory, rows_size(table, capacity))
                                    : sb_memory_realloc(table->memory, table->segments[0],
                                                        rows_size(table, table->row_capacity),
                                                        rows_size(table, capacity));
    if (rows == NULL) {
        return sb_error_no_memory(err, "rows of keyed state", (int64_t)rows_size(table, capacity));
    }
    if (table->row_capacity == 0) {
        memset(rows, 0, rows_size(table, 1));
    }
    table->segments[0] = rows;
    table->row_capacity = capacity;
    return SB_OK;
}

static enum sb_status segment_add(struct sb_word_table *table, struct sb_error *err)
{
    uint64_t *rows = sb_memory_alloc(table->memory, rows_size(table, SB_WORD_SEGMENT_ROWS));

    if (rows == NULL) {
        return sb_error_no_memory(err, "rows of keyed state",
                                  (int64_t)rows_size(table, SB_WORD_SEGMENT_ROWS));
    }
    table->segments[table->row_capacity >> SB_WORD_SEGMENT_BITS] = rows;
    table->row_capacity += SB_WORD_SEGMENT_ROWS;
    return SB_OK;
}

static enum sb_status rows_reserve(struct sb_word_table *table, int64_t row_count,
                                   struct sb_error *err)
{
    while (row_count > table->row_capacity) {
        SB_TRY_RETURN(segments_reserve(table, err));
        SB_TRY_RETURN(table->row_capacity < SB_WORD_SEGMENT_ROWS
                          ? first_segment_grow(table, row_count, err)
                          : segment_add(table, err));
    }
    return SB_OK;
}

static enum sb_status pairs_resize(struct sb_word_table *table, int32_t pair_bits,
                                   struct sb_error *err)
{
    uint64_t *pairs;

    if (pair_bits > PAIR_BITS_MAX) {
        return sb_error_set(err, SB_UNSUPPORTED, "%" PRId64 " keys in one key group",
                            table->row_count);
    }
    pairs = sb_memory_alloc_zeroed(table->memory, pairs_size(pair_bits));
    if (pairs == NULL) {
        return sb_error_no_memory(err, "an index of keyed state", (int64_t)pairs_size(pair_bits));
    }
    for (int64_t n = 1; n <= table->row_count; n++) {
        uint64_t hash =
            sb_word_slots_hash(row_at(table->segments, table->row_words, (uint32_t)n)[0]);
        entry_put(pairs, pair_bits, home_of(hash, pair_bits),
                  tag_of(hash, number_mask(pair_bits)) | (uint32_t)n);
    }
    if (table->pairs != NULL) {
        sb_memory_free(table->memory, table->pairs, pairs_size(table->pair_bits));
    }
    table->pairs = pairs;
    table->pair_bits = pair_bits;
    return SB_OK;
}

/* Room for `count` more rows. */
static enum sb_status table_reserve(struct sb_word_table *table, int64_t count,
                                    struct sb_error *err)
{
    int32_t pair_bits = table->pairs == NULL ? PAIR_BITS_MIN : table->pair_bits;

    SB_TRY_RETURN(rows_reserve(table, 1 + table->row_count + count, err));
    while ((int64_t)1 << pair_bits < table->row_count + count) {
        pair_bits++;
    }
    return table->pairs != NULL && pair_bits == table->pair_bits
               ? SB_OK
               : pairs_resize(table, pair_bits, err);
}

// --- lookups -------------------------------------------------------------------------------------

static uint64_t *row_make(struct sb_word_table *table, uint64_t key)
{
    uint64_t *row = row_at(table->segments, table->row_words, (uint32_t)++table->row_count);

    row[0] = key;
    for (int32_t w = 1; w < table->row_words; w++) {
        row[w] = table->initial[w];
    }
    return row;
}

uint64_t *sb_word_table_resolve(struct sb_word_table *table, uint64_t key)
{
    uint64_t hash = sb_word_slots_hash(key);
    uint32_t mask = number_mask(table->pair_bits);
    uint32_t tag = tag_of(hash, mask);
    uint64_t end = ((uint64_t)1 << table->pair_bits) - 1;

    for (uint64_t at = home_of(hash, table->pair_bits);; at = (at + 1) & end) {
        uint64_t pair = table->pairs[at];
        for (int half = 0; half < 2; half++, pair >>= 32) {
            uint32_t entry = (uint32_t)pair;
            uint64_t *row = row_at(table->segments, table->row_words, entry & mask);
            if (entry == 0) {
                row = row_make(table, key);
                entry_put(table->pairs, table->pair_bits, at, tag | (uint32_t)table->row_count);
                return row;
            }
            if ((entry & ~mask) == tag && row[0] == key) {
                return row;
            }
        }
    }
}

/*
 * The entry of a key: the one with its tag in its pair or, where that is full, in those that
 * follow; 0 when there is none. Which of the two it is cannot be foreseen, so no branch asks.
 */
static inline uint32_t entry_find(const uint64_t *pairs, uint64_t at, uint64_t end, uint32_t tag,
                                  uint32_t mask)
{
    for (;;) {
        uint64_t pair = pairs[at];
        uint32_t first = (uint32_t)pair;
        uint32_t second = (uint32_t)(pair >> 32);
        uint32_t is_second = -(uint32_t)((second & ~mask) == tag);
        uint32_t entry = (second & is_second) | (first & ~is_second);

        if (sb_likely((entry & ~mask) == tag || second == 0)) {
            return entry;
        }
        at = (at + 1) & end;
    }
}

static inline void rows_guess(const struct sb_word_table *table, const uint64_t *keys,
                              int64_t stride, int64_t count, bool is_large, uint64_t **guesses)
{
    const uint64_t *pairs = table->pairs;
    uint64_t *const *segments = table->segments;
    int64_t row_words = table->row_words;
    int32_t pair_bits = table->pair_bits;
    uint64_t end = ((uint64_t)1 << pair_bits) - 1;
    uint32_t mask = number_mask(pair_bits);
    uint64_t homes[SB_WORD_CHUNK];
    uint32_t tags[SB_WORD_CHUNK];

    for (int64_t i = 0; i < count; i++) {
        uint64_t hash = sb_word_slots_hash(keys[i * stride]);
        homes[i] = home_of(hash, pair_bits);
        tags[i] = tag_of(hash, mask);
        __builtin_prefetch(keys + (i + SB_WORD_CHUNK) * stride); // the next chunk
        if (is_large) {
            __builtin_prefetch(&pairs[homes[i]], 1);
        }
    }
    for (int64_t i = 0; i < count; i++) {
        uint32_t entry = entry_find(pairs, homes[i], end, tags[i], mask);
        guesses[i] = row_at(segments, row_words, entry & mask);
        if (is_large) {
            __builtin_prefetch(guesses[i], 1);
        }
    }
}

enum sb_status sb_word_table_guess(struct sb_word_table *table, const uint64_t *keys,
                                   int64_t stride, int64_t count, uint64_t **rows,
                                   struct sb_error *err)
{
    sb_debug_assert(count <= SB_WORD_CHUNK);
    SB_TRY_RETURN(table_reserve(table, count, err));
    if (rows_size(table, table->row_count) + pairs_size(table->pair_bits) > PREFETCH_BYTES) {
        rows_guess(table, keys, stride, count, true, rows);
    } else {
        rows_guess(table, keys, stride, count, false, rows);
    }
    return SB_OK;
}
