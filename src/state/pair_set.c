// SPDX-License-Identifier: Apache-2.0
#include "state/pair_set.h"

enum {
    CHUNK = SB_WORD_SET_CHUNK,
    DENSE_MIN = 1024, // values of a key, at least
    DENSE_RANGE = 64, // numbers for each value, at most
    WIDER_GROWTH = 2, // times as many values before a range is made wider
};
static_assert((int)SB_WORD_SET_CHUNK <= (int)SB_WORD_CHUNK, "one guess a chunk");

static const uint64_t new_key[SB_PAIR_WORDS] = {
    [SB_PAIR_LOW] = UINT64_MAX,
    [SB_PAIR_DENSE_FROM] = DENSE_MIN,
};

void sb_pair_set_init(struct sb_pair_set *set, struct sb_memory *memory, enum sb_row_kind kind)
{
    *set = (struct sb_pair_set){
        .memory = memory,
        .flip = kind == SB_ROW_INT ? UINT64_C(1) << 63 : 0,
        .may_be_dense = kind != SB_ROW_FLOAT,
    };
    sb_word_set_init(&set->sparse, memory, 2);
    sb_word_table_init(&set->keys, memory, SB_PAIR_WORDS, new_key);
}

static struct sb_word_bits *key_bits(const uint64_t *key)
{
    return (struct sb_word_bits *)(uintptr_t)key[SB_PAIR_BITS];
}

/* Row `at` of the keys. */
static uint64_t *key_at(const struct sb_pair_set *set, int64_t at)
{
    int64_t number = at + 1;

    return set->keys.segments[number >> SB_WORD_SEGMENT_BITS] +
           (number & (SB_WORD_SEGMENT_ROWS - 1)) * SB_PAIR_WORDS;
}

void sb_pair_set_deinit(struct sb_pair_set *set)
{
    for (int64_t k = 0; set->dense_count > 0 && k < set->keys.row_count; k++) {
        sb_word_bits_destroy(set->memory, key_bits(key_at(set, k)));
    }
    set->dense_count = 0;
    set->dense_bytes = 0;
    sb_word_set_deinit(&set->sparse);
    sb_word_table_deinit(&set->keys);
}

// --- the sparse form -----------------------------------------------------------------------------

/* Finds or makes the rows of up to CHUNK keys. */
static enum sb_status keys_find(struct sb_pair_set *set, const uint64_t *keys, int64_t stride,
                                int64_t count, uint64_t **rows, struct sb_error *err)
{
    SB_TRY_RETURN(sb_word_table_guess(&set->keys, keys, stride, count, rows, err));
    for (int64_t i = 0; i < count; i++) {
        rows[i] = sb_word_table_settle(&set->keys, keys[i * stride], rows[i]);
    }
    return SB_OK;
}

/* Counts pairs that were new. */
static enum sb_status fresh_count(struct sb_pair_set *set, const uint64_t *keys,
                                  const uint64_t *values, int64_t stride, const uint16_t *fresh,
                                  int64_t count, struct sb_error *err)
{
    uint64_t picked[2 * CHUNK]; // as far as guessing reads ahead
    uint64_t *rows[CHUNK];
    int64_t i = 0;

    if (count == 0) {
        return SB_OK;
    }
    do {
        picked[i] = keys[fresh[i] * stride];
    } while (++i < count);
    SB_TRY_RETURN(keys_find(set, picked, 1, count, rows, err));
    for (i = 0; i < count; i++) {
        uint64_t number = values[fresh[i] * stride] ^ set->flip;
        uint64_t *row = rows[i];

        row[SB_PAIR_COUNT]++;
        row[SB_PAIR_LOW] = number < row[SB_PAIR_LOW] ? number : row[SB_PAIR_LOW];
        row[SB_PAIR_HIGH] = number > row[SB_PAIR_HIGH] ? number : row[SB_PAIR_HIGH];
    }
    return SB_OK;
}

// --- the dense form ------------------------------------------------------------------------------

/* Whether a key's values are worth bits, or bits of a wider range. */
static bool key_is_dense(const uint64_t *key)
{
    const struct sb_word_bits *bits = key_bits(key);
    uint64_t range = key[SB_PAIR_HIGH] - key[SB_PAIR_LOW];

    if (key[SB_PAIR_COUNT] < key[SB_PAIR_DENSE_FROM] || range / DENSE_RANGE >= key[SB_PAIR_COUNT]) {
        return false;
    }
    return bits == NULL || key[SB_PAIR_LOW] < bits->low ||
           (key[SB_PAIR_HIGH] - bits->low) >> 6 >= (uint64_t)bits->word_count;
}

/* Gives a key bits for all its range, for now with what its bits have had. */
static enum sb_status key_widen(struct sb_pair_set *set, uint64_t *key, struct sb_error *err)
{
    struct sb_word_bits *old = key_bits(key);
    struct sb_word_bits *bits =
        sb_word_bits_create(set->memory, key[SB_PAIR_LOW], key[SB_PAIR_HIGH]);

    if (bits == NULL) {
        return sb_error_no_memory(err, "a set of values",
                                  (int64_t)((key[SB_PAIR_HIGH] - key[SB_PAIR_LOW]) / 8));
    }
    if (old == NULL) {
        set->dense_count++;
    } else {
        set->dense_bytes -= sb_word_bits_size(old);
        sb_word_bits_copy(bits, old);
        sb_word_bits_destroy(set->memory, old);
    }
    set->dense_bytes += sb_word_bits_size(bits);
    key[SB_PAIR_BITS] = (uint64_t)(uintptr_t)bits;
    key[SB_PAIR_DENSE_FROM] = WIDER_GROWTH * key[SB_PAIR_COUNT];
    return SB_OK;
}

/*
 * Puts those of `count` values into bits that have some; rows[i] is the key's. The places of the
 * others are `left`, their number is returned. Counts what was new if `counts`.
 */
static int64_t bits_put(const struct sb_pair_set *set, uint64_t *const *rows,
                        const uint64_t *values, int64_t stride, int64_t count, bool counts,
                        uint16_t *left)
{
    static uint64_t nobody[1]; // never written: no value is put there
    uint64_t *words[CHUNK];
    uint16_t covered[CHUNK];
    int64_t covered_count = 0;
    int64_t left_count = 0;

    for (int64_t i = 0; i < count; i++) {
        struct sb_word_bits *bits = key_bits(rows[i]);
        uint64_t *word =
            bits == NULL ? NULL : sb_word_bits_find(bits, values[i * stride] ^ set->flip);

        words[covered_count] = word == NULL ? nobody : word;
        __builtin_prefetch(words[covered_count], 1);
        covered[covered_count] = (uint16_t)i;
        left[left_count] = (uint16_t)i;
        covered_count += word != NULL;
        left_count += word == NULL;
    }
    for (int64_t i = 0; i < covered_count; i++) {
        uint64_t number = values[covered[i] * stride] ^ set->flip;
        bool is_new = sb_word_bits_put(words[i], number);
        rows[covered[i]][SB_PAIR_COUNT] += counts && is_new;
    }
    return left_count;
}

/* Moves what bits can take out of the set, by making it anew with the rest. */
static enum sb_status sparse_sift(struct sb_pair_set *set, struct sb_error *err)
{
    uint64_t keys[2 * CHUNK];
    uint64_t values[CHUNK];
    uint64_t *const columns[] = {keys, values};
    struct sb_word_set sparse;
    int64_t position = 0;
    int64_t count;
    enum sb_status status = SB_OK;

    sb_word_set_init(&sparse, set->memory, 2);
    while ((count = sb_word_set_next(&set->sparse, &position, CHUNK, columns)) > 0) {
        const uint64_t *const from[] = {keys, values};
        uint64_t *rows[CHUNK];
        uint16_t left[CHUNK];
        int64_t left_count;

        SB_TRY_OUT(keys_find(set, keys, 1, count, rows, err));
        left_count = bits_put(set, rows, values, 1, count, false, left);
        for (int64_t i = 0; i < left_count; i++) {
            keys[i] = keys[left[i]];
            values[i] = values[left[i]];
        }
        SB_TRY_OUT(sb_word_set_reserve(&sparse, left_count, err));
        sb_word_set_insert(&sparse, from, 1, left_count, left);
    }
    sb_word_set_deinit(&set->sparse);
    set->sparse = sparse;
    return SB_OK;

out:
    sb_word_set_deinit(&sparse);
    return status;
}

/* Room for `count` more pairs in the set: less is needed where keys have become dense. */
static enum sb_status sparse_reserve(struct sb_pair_set *set, int64_t count, struct sb_error *err)
{
    bool has_changed = false;

    if (set->may_be_dense && set->sparse.row_count >= DENSE_MIN &&
        !sb_word_set_has_room(&set->sparse, count)) {
        for (int64_t k = 0; k < set->keys.row_count; k++) {
            uint64_t *key = key_at(set, k);
            if (key_is_dense(key)) {
                SB_TRY_RETURN(key_widen(set, key, err));
                has_changed = true;
            }
        }
        if (has_changed) {
            SB_TRY_RETURN(sparse_sift(set, err));
        }
    }
    return sb_word_set_reserve(&set->sparse, count, err);
}

static enum sb_status sparse_insert(struct sb_pair_set *set, const uint64_t *keys,
                                    const uint64_t *values, int64_t stride, int64_t count,
                                    struct sb_error *err)
{
    const uint64_t *const columns[] = {keys, values};
    uint16_t fresh[CHUNK];
    int64_t found = sb_word_set_insert(&set->sparse, columns, stride, count, fresh);

    return fresh_count(set, keys, values, stride, fresh, found, err);
}

/* The same where some keys have bits. */
static enum sb_status mixed_insert(struct sb_pair_set *set, const uint64_t *keys,
                                   const uint64_t *values, int64_t stride, int64_t count,
                                   struct sb_error *err)
{
    uint64_t left_keys[CHUNK];
    uint64_t left_values[CHUNK];
    uint64_t *rows[CHUNK];
    uint16_t left[CHUNK];
    int64_t left_count;

    SB_TRY_RETURN(keys_find(set, keys, stride, count, rows, err));
    left_count = bits_put(set, rows, values, stride, count, true, left);
    for (int64_t i = 0; i < left_count; i++) {
        left_keys[i] = keys[left[i] * stride];
        left_values[i] = values[left[i] * stride];
    }
    return left_count == 0 ? SB_OK : sparse_insert(set, left_keys, left_values, 1, left_count, err);
}

enum sb_status sb_pair_set_insert(struct sb_pair_set *set, const uint64_t *keys,
                                  const uint64_t *values, int64_t stride, int64_t count,
                                  struct sb_error *err)
{
    for (int64_t first = 0; first < count; first += CHUNK) {
        int64_t part = count - first < CHUNK ? count - first : CHUNK;

        SB_TRY_RETURN(sparse_reserve(set, part, err));
        SB_TRY_RETURN((set->dense_count > 0 ? mixed_insert : sparse_insert)(
            set, keys + first * stride, values + first * stride, stride, part, err));
    }
    return SB_OK;
}

// --- reading -------------------------------------------------------------------------------------

int64_t sb_pair_set_next(const struct sb_pair_set *set, struct sb_pair_cursor *cursor,
                         int64_t count, uint64_t *keys, uint64_t *values)
{
    uint64_t *const columns[] = {keys, values};
    int64_t found = sb_word_set_next(&set->sparse, &cursor->sparse, count, columns);

    while (found == 0 && set->dense_count > 0 && cursor->key < set->keys.row_count) {
        const uint64_t *key = key_at(set, cursor->key);
        const struct sb_word_bits *bits = key_bits(key);

        found = bits == NULL ? 0 : sb_word_bits_next(bits, &cursor->word, count, values);
        for (int64_t i = 0; i < found; i++) {
            keys[i] = key[SB_PAIR_KEY];
            values[i] ^= set->flip;
        }
        if (bits == NULL || cursor->word == bits->word_count) {
            cursor->key++;
            cursor->word = 0;
        }
    }
    return found;
}
