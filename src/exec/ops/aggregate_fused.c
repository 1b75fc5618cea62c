// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_fused.c - the usual steps (up to two sums of integers, two of floats, a count) in the
 * same pass that finds the row.
 *
 * A pass of its own per step costs as much as finding the row does. Here every combination is
 * compiled with its numbers as constants; the plan puts steps in the order these kernels expect:
 * integers, floats, count. Whatever is unusual, a sum that would overflow, too, is left to the
 * kernels of aggregate_plain.c.
 */
#include "exec/ops/aggregate_internal.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

enum { INTS_END = 3, FLOATS_END = 3, COUNTS_END = 2 };
enum { AHEAD = 16 }; // keys between the one at work and the one whose pair is fetched

/* Where the values of a row are: `stride` words after those of the row before. */
struct fold_values {
    const uint64_t *ints[INTS_END - 1];
    const uint64_t *floats[FLOATS_END - 1];
    const uint64_t *counts; // NULL = one each
    int64_t stride;
};

/* The words behind the hash, `stride` apart like the values; columns[0] is not looked at. */
struct fold_keys {
    int32_t words; // 0 = word 0 is the key
    int32_t mark_word;
    const uint64_t *columns[1 + SB_PLAIN_KEY_WORDS_MAX];
};

/* The step's word, as a double. */
static ALWAYS_INLINE uint64_t float_add(uint64_t a, uint64_t b)
{
    double x;
    double y;

    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    x += y;
    memcpy(&a, &x, sizeof a);
    return a;
}

/* False when a sum would overflow; then nothing is done. */
static ALWAYS_INLINE bool words_fold(uint64_t *words, const struct fold_values *values, int64_t at,
                                     int ints, int floats, int counts, bool is_state)
{
    int64_t sums[INTS_END];

    for (int n = 0; n < ints; n++) {
        if (sb_unlikely(__builtin_add_overflow((int64_t)words[n], (int64_t)values->ints[n][at],
                                               &sums[n]))) {
            return false;
        }
    }
    for (int n = 0; n < ints; n++) {
        words[n] = (uint64_t)sums[n];
    }
    words += ints;
    for (int n = 0; n < floats; n++) {
        words[n] = float_add(words[n], values->floats[n][at]);
    }
    words += floats;
    if (counts > 0) {
        words[0] += is_state ? values->counts[at] : 1;
    }
    return true;
}

/* Brings the pair of a key that comes soon to the cache. */
static ALWAYS_INLINE void pair_prefetch(const struct sb_word_slots *slots, uint64_t key)
{
    const uint64_t *pair = sb_word_slots_pair(slots, sb_word_slots_hash(key));

    __builtin_prefetch(pair);
    __builtin_prefetch(pair + 8); // the next line
}

/* `key_words` as in the keys: a constant for the usual keys, which saves their loops. */
static ALWAYS_INLINE int64_t slots_absorb(struct sb_word_slots *slots, const uint64_t *words,
                                          const struct fold_keys *keys,
                                          const struct fold_values *values, int64_t count,
                                          int32_t key_words, int ints, int floats, int counts)
{
    const struct sb_word_slots fixed = *slots; // in registers: no store can change it
    const struct fold_keys key_from = *keys;
    const struct fold_values from = *values;
    int32_t first_word = 1 + key_words;

    for (int64_t i = 0; i < count; i++) {
        uint64_t key = words[i];
        uint64_t *pair = sb_word_slots_pair(&fixed, sb_word_slots_hash(key));
        uint64_t *row = sb_word_slots_guess(pair, fixed.row_words, key);

        if (key_words > 0) { // rows of a word's keys are few: what the processor foresees will do
            pair_prefetch(&fixed, words[i + AHEAD < count ? i + AHEAD : i]);
        }
        if (sb_unlikely(row[0] != key || key == SB_WORD_EMPTY)) {
            row = sb_word_slots_upsert_further(slots, pair, key);
            if (row == NULL) {
                return i;
            }
        }
        if (key_words > 0 && sb_unlikely(!sb_plain_key_claim(row, key_words, key_from.mark_word,
                                                             key_from.columns, i))) {
            return i;
        }
        if (!words_fold(row + first_word, &from, i, ints, floats, counts, false)) {
            return i;
        }
    }
    return count;
}

static ALWAYS_INLINE int64_t table_absorb(struct sb_word_table *table, const uint64_t *words,
                                          const struct fold_keys *keys,
                                          const struct fold_values *values, uint64_t *const *rows,
                                          int64_t count, bool is_word, int ints, int floats,
                                          int counts, bool is_state)
{
    const struct fold_keys key_from = *keys;
    const struct fold_values from = *values;
    int32_t first_word = is_word ? 1 : 1 + key_from.words;

    for (int64_t i = 0; i < count; i++) {
        int64_t at = i * from.stride;
        uint64_t *row = sb_word_table_settle(table, words[at], rows[i]);

        if (!is_word && sb_unlikely(!sb_plain_key_claim(row, key_from.words, key_from.mark_word,
                                                        key_from.columns, at))) {
            return i;
        }
        if (!words_fold(row + first_word, &from, at, ints, floats, counts, is_state)) {
            return i;
        }
    }
    return count;
}

// --- one function per combination ----------------------------------------------------------------

#define PATTERN(ints, floats, counts) ((ints) + INTS_END * ((floats) + FLOATS_END * (counts)))

// clang-format off: it finds no rest in this list.
#define EACH_PATTERN(X)                                                                            \
    X(1, 0, 0) X(2, 0, 0) X(0, 1, 0) X(1, 1, 0) X(2, 1, 0) X(0, 2, 0) X(1, 2, 0) X(2, 2, 0)        \
    X(0, 0, 1) X(1, 0, 1) X(2, 0, 1) X(0, 1, 1) X(1, 1, 1) X(2, 1, 1) X(0, 2, 1) X(1, 2, 1)        \
    X(2, 2, 1)
// clang-format on

static bool step_is_int(const struct sb_plain_step *step)
{
    return step->kind == SB_STEP_SUM && step->arg_kind == SB_ROW_INT;
}

static bool step_is_float(const struct sb_plain_step *step)
{
    return step->kind == SB_STEP_SUM && step->arg_kind == SB_ROW_FLOAT;
}

int32_t sb_fused_pattern(const struct sb_plain_step *steps, int32_t count)
{
    int32_t ints = 0;
    int32_t floats = 0;
    int32_t counts = 0;

    while (ints < count && step_is_int(&steps[ints])) {
        ints++;
    }
    while (ints + floats < count && step_is_float(&steps[ints + floats])) {
        floats++;
    }
    while (ints + floats + counts < count &&
           steps[ints + floats + counts].kind == SB_STEP_COUNT_ROWS) {
        counts++;
    }
    return ints + floats + counts == count && ints < INTS_END && floats < FLOATS_END &&
                   counts < COUNTS_END
               ? PATTERN(ints, floats, counts)
               : 0;
}

int32_t sb_fused_rank(const struct sb_plain_step *step)
{
    return step_is_int(step)                  ? 0
           : step_is_float(step)              ? 1
           : step->kind == SB_STEP_COUNT_ROWS ? 2
                                              : 3;
}

/* Step p's values begin at words[p] or, `words` NULL, at its word of `base`. */
static void values_init(struct fold_values *values, const struct sb_aggregate *aggregate,
                        const uint64_t *const *columns, const uint64_t *base, bool is_state,
                        int64_t stride)
{
    int32_t ints = 0;
    int32_t floats = 0;

    *values = (struct fold_values){.stride = stride};
    for (int32_t p = 0; p < aggregate->plain_step_count; p++) {
        const struct sb_plain_step *step = &aggregate->plain_steps[p];
        int32_t word = is_state ? step->word : step->raw_word;
        const uint64_t *from = word < 0 ? NULL : columns != NULL ? columns[word] : base + word;

        if (step_is_int(step)) {
            values->ints[ints++] = from;
        } else if (step_is_float(step)) {
            values->floats[floats++] = from;
        } else {
            values->counts = from;
        }
    }
}

/* Word w of the first key is at columns[w][first] or, `columns` NULL, at base[w]. */
static void keys_init(struct fold_keys *keys, const struct sb_aggregate *aggregate,
                      const uint64_t *const *columns, int64_t first, const uint64_t *base)
{
    keys->words = aggregate->plain_key_words;
    keys->mark_word = aggregate->plain_mark_word;
    for (int32_t w = 1; w <= keys->words; w++) {
        keys->columns[w] = columns != NULL ? columns[w] + first : base + w;
    }
}

int64_t sb_fused_absorb_columns(const struct sb_aggregate *aggregate, struct sb_word_slots *slots,
                                const uint64_t *const *columns, int64_t first, int64_t count)
{
    const uint64_t *words = columns[0] + first;
    struct fold_keys keys;
    struct fold_values values;

    keys_init(&keys, aggregate, columns, first, NULL);
    values_init(&values, aggregate, columns, NULL, false, 1);
    for (int n = 0; n < INTS_END - 1; n++) {
        values.ints[n] = values.ints[n] == NULL ? NULL : values.ints[n] + first;
        values.floats[n] = values.floats[n] == NULL ? NULL : values.floats[n] + first;
    }
#define ABSORB(key_words, ints, floats, counts)                                                    \
    slots_absorb(slots, words, &keys, &values, count, key_words, ints, floats, counts)
#define ABSORB_CASE(ints, floats, counts)                                                          \
    case PATTERN(ints, floats, counts):                                                            \
        return keys.words == 0   ? ABSORB(0, ints, floats, counts)                                 \
               : keys.words == 2 ? ABSORB(2, ints, floats, counts)                                 \
               : keys.words == 3 ? ABSORB(3, ints, floats, counts)                                 \
                                 : ABSORB(keys.words, ints, floats, counts);
    switch (aggregate->fused_pattern) {
        EACH_PATTERN(ABSORB_CASE)
    default:
        sb_assert(!"a pattern");
        return 0;
    }
#undef ABSORB_CASE
#undef ABSORB
}

int64_t sb_fused_absorb_rows(const struct sb_aggregate *aggregate, struct sb_word_table *table,
                             const uint64_t *words, int64_t stride, bool is_state,
                             uint64_t *const *rows, int64_t count)
{
    struct fold_keys keys;
    struct fold_values values;

    keys_init(&keys, aggregate, NULL, 0, words);
    values_init(&values, aggregate, NULL, words, is_state, stride);
#define ABSORB(is_word, ints, floats, counts, is_state)                                            \
    table_absorb(table, words, &keys, &values, rows, count, is_word, ints, floats, counts, is_state)
#define ABSORB_CASE(ints, floats, counts)                                                          \
    case PATTERN(ints, floats, counts):                                                            \
        if (keys.words == 0) {                                                                     \
            return is_state ? ABSORB(true, ints, floats, counts, true)                             \
                            : ABSORB(true, ints, floats, counts, false);                           \
        }                                                                                          \
        return is_state ? ABSORB(false, ints, floats, counts, true)                                \
                        : ABSORB(false, ints, floats, counts, false);
    switch (aggregate->fused_pattern) {
        EACH_PATTERN(ABSORB_CASE)
    default:
        sb_assert(!"a pattern");
        return 0;
    }
#undef ABSORB_CASE
#undef ABSORB
}
