// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_plain.c - the kernels of plain state rows: a word per step, no nulls.
 */
#include "exec/ops/aggregate_internal.h"

static inline double float_load(uint64_t word)
{
    double value;

    memcpy(&value, &word, sizeof value);
    return value;
}

static inline uint64_t float_word(double value)
{
    uint64_t word;

    memcpy(&word, &value, sizeof word);
    return word;
}

/* A canonical double's bits as an integer of the same order: NaN above all. */
static inline int64_t float_order(uint64_t word)
{
    return (int64_t)(word ^ ((uint64_t)((int64_t)word >> 63) >> 1));
}

uint64_t sb_plain_initial(const struct sb_plain_step *step)
{
    bool is_min = step->kind == SB_STEP_MIN;

    if (step->kind != SB_STEP_MIN && step->kind != SB_STEP_MAX) {
        return 0; // also as a double
    }
    switch (step->arg_kind) {
    case SB_ROW_FLOAT:
        return is_min ? SB_HASH_NAN : float_word(-__builtin_inf());
    case SB_ROW_UINT:
        return is_min ? UINT64_MAX : 0;
    default:
        return is_min ? (uint64_t)INT64_MAX : (uint64_t)INT64_MIN;
    }
}

// --- folding -------------------------------------------------------------------------------------

static int64_t ints_add(int32_t word, uint64_t *const *rows, const uint64_t *values, int64_t stride,
                        int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t sum;
        if (sb_unlikely(__builtin_add_overflow((int64_t)rows[i][word], (int64_t)values[i * stride],
                                               &sum))) {
            return i;
        }
        rows[i][word] = (uint64_t)sum;
    }
    return count;
}

static int64_t uints_add(int32_t word, uint64_t *const *rows, const uint64_t *values,
                         int64_t stride, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint64_t sum;
        if (sb_unlikely(__builtin_add_overflow(rows[i][word], values[i * stride], &sum))) {
            return i;
        }
        rows[i][word] = sum;
    }
    return count;
}

/* Folds without a way to fail: `result` of `old` and `value`. */
#define FOLD(result)                                                                               \
    do {                                                                                           \
        for (int64_t i = 0; i < count; i++) {                                                      \
            uint64_t old = rows[i][word];                                                          \
            uint64_t value = values[i * stride];                                                   \
            rows[i][word] = (result);                                                              \
        }                                                                                          \
    } while (0)

static void mins_take(enum sb_row_kind kind, int32_t word, uint64_t *const *rows,
                      const uint64_t *values, int64_t stride, int64_t count)
{
    if (kind == SB_ROW_FLOAT) {
        FOLD(float_order(value) < float_order(old) ? value : old);
    } else if (kind == SB_ROW_UINT) {
        FOLD(value < old ? value : old);
    } else {
        FOLD((int64_t)value < (int64_t)old ? value : old);
    }
}

static void maxs_take(enum sb_row_kind kind, int32_t word, uint64_t *const *rows,
                      const uint64_t *values, int64_t stride, int64_t count)
{
    if (kind == SB_ROW_FLOAT) {
        FOLD(float_order(value) > float_order(old) ? value : old);
    } else if (kind == SB_ROW_UINT) {
        FOLD(value > old ? value : old);
    } else {
        FOLD((int64_t)value > (int64_t)old ? value : old);
    }
}

int64_t sb_plain_fold(const struct sb_plain_step *step, uint64_t *const *rows,
                      const uint64_t *values, int64_t stride, int64_t count)
{
    int32_t word = step->word;

    switch (step->kind) {
    case SB_STEP_COUNT_ROWS:
    case SB_STEP_COUNT:
        if (values == NULL) {
            for (int64_t i = 0; i < count; i++) {
                rows[i][word]++;
            }
        } else {
            FOLD(old + value);
        }
        break;
    case SB_STEP_SUM:
        if (step->arg_kind == SB_ROW_INT) {
            return ints_add(word, rows, values, stride, count);
        }
        if (step->arg_kind == SB_ROW_UINT) {
            return uints_add(word, rows, values, stride, count);
        }
        FOLD(float_word(float_load(old) + float_load(value)));
        break;
    case SB_STEP_MIN:
        mins_take(step->arg_kind, word, rows, values, stride, count);
        break;
    case SB_STEP_MAX:
        maxs_take(step->arg_kind, word, rows, values, stride, count);
        break;
    }
    return count;
}

// --- to and from the full form -------------------------------------------------------------------

static void words_load(const uint64_t *rows, int32_t row_words, int32_t word, int64_t count,
                       uint64_t *words)
{
    for (int64_t i = 0; i < count; i++) {
        words[i] = rows[i * row_words + word];
    }
}

void sb_plain_rows_load(const struct sb_aggregate *aggregate, const uint64_t *rows, int64_t count,
                        struct sb_row_chunk *chunk)
{
    int32_t row_words = aggregate->plain_state.row_words;

    for (int32_t f = 0; f < aggregate->state_layout.field_count; f++) {
        const struct sb_row_field *field = &aggregate->state_layout.fields[f];
        const struct sb_aggregate_step *step = f == 0 ? NULL : &aggregate->steps[f - 1];
        int32_t word = f == 0 ? 0 : aggregate->plain_steps[step->plain].word;
        uint64_t *words = chunk->scratches[f].words;

        chunk->vectors[f] = (struct sb_row_vector){field->kind, words, NULL};
        if (field->kind != SB_ROW_WIDE) {
            words_load(rows, row_words, word, count, words);
            continue;
        }
        for (int64_t i = 0; i < count; i++) {
            uint64_t sum = rows[i * row_words + word];
            words[2 * i] = sum;
            words[2 * i + 1] = step->arg_kind == SB_ROW_INT ? (uint64_t)((int64_t)sum >> 63) : 0;
        }
    }
}

/* Whether 128-bit sums fit the word of a plain row. */
static bool sums_fit(const struct sb_row_vector *sums, enum sb_row_kind arg_kind, int64_t count)
{
    uint64_t misfits = 0;

    for (int64_t i = 0; i < count; i++) {
        uint64_t low = sums->words[2 * i];
        uint64_t sign = arg_kind == SB_ROW_INT ? (uint64_t)((int64_t)low >> 63) : 0;
        misfits |= sums->words[2 * i + 1] ^ sign;
    }
    return misfits == 0;
}

/* Steps that share a word have the same values: counts, where nothing was null. */
static bool counts_agree(const struct sb_aggregate *aggregate, const struct sb_row_chunk *chunk,
                         int32_t step, int64_t count)
{
    for (int32_t other = 0; other < step; other++) {
        if (aggregate->steps[other].plain == aggregate->steps[step].plain &&
            memcmp(chunk->vectors[1 + other].words, chunk->vectors[1 + step].words,
                   sizeof(uint64_t) * (size_t)count) != 0) {
            return false;
        }
    }
    return true;
}

bool sb_plain_rows_store(const struct sb_aggregate *aggregate, const struct sb_row_chunk *chunk,
                         int64_t count, uint64_t *rows)
{
    int32_t row_words = aggregate->plain_state.row_words;

    for (int32_t f = 0; f < aggregate->state_layout.field_count; f++) {
        const struct sb_row_vector *vector = &chunk->vectors[f];
        const struct sb_aggregate_step *step = f == 0 ? NULL : &aggregate->steps[f - 1];
        int32_t word = f == 0 ? 0 : aggregate->plain_steps[step->plain].word;
        int32_t width = sb_row_kind_words(vector->kind);

        if (vector->nulls != NULL ||
            (vector->kind == SB_ROW_WIDE && !sums_fit(vector, step->arg_kind, count))) {
            return false;
        }
        if (f > 0 && !counts_agree(aggregate, chunk, f - 1, count)) {
            return false;
        }
        for (int64_t i = 0; i < count; i++) {
            rows[i * row_words + word] = vector->words[i * width];
        }
    }
    return true;
}

void sb_plain_keys_load(const struct sb_aggregate *aggregate, const uint64_t *rows, int64_t count,
                        struct sb_row_scratch *scratch, struct sb_row_vector *out)
{
    *out = (struct sb_row_vector){aggregate->plain_state.fields[0].kind, scratch->words, NULL};
    words_load(rows, aggregate->plain_state.row_words, 0, count, scratch->words);
}

void sb_plain_finish(const struct sb_aggregate *aggregate,
                     const struct sb_aggregate_call_plan *call, const uint64_t *rows, int64_t count,
                     struct sb_row_scratch *scratch, struct sb_row_vector *out)
{
    const struct sb_aggregate_step *step = &aggregate->steps[call->step];
    int32_t row_words = aggregate->plain_state.row_words;
    int32_t word = aggregate->plain_steps[step->plain].word;
    int32_t count_word;

    *out = (struct sb_row_vector){sb_row_kind(&call->call->result), scratch->words, NULL};
    words_load(rows, row_words, word, count, scratch->words);
    if (call->call->function != SB_AGGREGATE_MEAN) {
        return;
    }
    count_word = aggregate->plain_steps[aggregate->steps[call->count_step].plain].word;
    for (int64_t i = 0; i < count; i++) {
        uint64_t sum = scratch->words[i];
        double total = step->arg_kind == SB_ROW_FLOAT ? float_load(sum)
                       : step->arg_kind == SB_ROW_INT ? (double)(int64_t)sum
                                                      : (double)sum;
        scratch->words[i] = float_word(total / (double)(int64_t)rows[i * row_words + count_word]);
    }
}
