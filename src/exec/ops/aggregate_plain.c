// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_plain.c - the kernels of plain state rows: a word or three per step, no nulls.
 */
#include "exec/ops/aggregate_internal.h"

uint64_t sb_plain_initial(const struct sb_plain_step *step)
{
    bool is_min = step->kind == SB_STEP_MIN;

    if (step->kind != SB_STEP_MIN && step->kind != SB_STEP_MAX) {
        return 0; // also as a double
    }
    switch (step->arg_kind) {
    case SB_ROW_FLOAT:
        return is_min ? SB_HASH_NAN : sb_float_word(-__builtin_inf());
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
        FOLD(sb_float_order(value) < sb_float_order(old) ? value : old);
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
        FOLD(sb_float_order(value) > sb_float_order(old) ? value : old);
    } else if (kind == SB_ROW_UINT) {
        FOLD(value > old ? value : old);
    } else {
        FOLD((int64_t)value > (int64_t)old ? value : old);
    }
}

static inline double number_load(enum sb_row_kind kind, uint64_t word)
{
    return kind == SB_ROW_FLOAT ? sb_float_load(word)
           : kind == SB_ROW_INT ? (double)(int64_t)word
                                : (double)word;
}

static inline struct sb_moments moments_load(const uint64_t *words)
{
    return (struct sb_moments){(int64_t)words[0], sb_float_load(words[1]), sb_float_load(words[2])};
}

static inline void moments_store(uint64_t *words, const struct sb_moments *moments)
{
    words[0] = (uint64_t)moments->count;
    words[1] = sb_float_word(moments->mean);
    words[2] = sb_float_word(moments->squares);
}

static inline __attribute__((always_inline)) void moments_add(enum sb_row_kind kind, int32_t word,
                                                              uint64_t *const *rows,
                                                              const uint64_t *values,
                                                              int64_t stride, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        struct sb_moments moments = moments_load(rows[i] + word);
        sb_moments_add(&moments, number_load(kind, values[i * stride]));
        moments_store(rows[i] + word, &moments);
    }
}

static void moments_fold(const struct sb_plain_step *step, bool is_state, uint64_t *const *rows,
                         const uint64_t *values, int64_t stride, int64_t count)
{
    if (!is_state) {
        switch (step->arg_kind) {
        case SB_ROW_FLOAT:
            moments_add(SB_ROW_FLOAT, step->word, rows, values, stride, count);
            break;
        case SB_ROW_UINT:
            moments_add(SB_ROW_UINT, step->word, rows, values, stride, count);
            break;
        default:
            moments_add(SB_ROW_INT, step->word, rows, values, stride, count);
            break;
        }
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        struct sb_moments moments = moments_load(rows[i] + step->word);
        struct sb_moments other = moments_load(values + i * stride);
        sb_moments_merge(&moments, &other);
        moments_store(rows[i] + step->word, &moments);
    }
}

int64_t sb_plain_fold(const struct sb_plain_step *step, bool is_state, uint64_t *const *rows,
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
        FOLD(sb_float_word(sb_float_load(old) + sb_float_load(value)));
        break;
    case SB_STEP_MIN:
        mins_take(step->arg_kind, word, rows, values, stride, count);
        break;
    case SB_STEP_MAX:
        maxs_take(step->arg_kind, word, rows, values, stride, count);
        break;
    case SB_STEP_MOMENTS:
        moments_fold(step, is_state, rows, values, stride, count);
        break;
    default:
        sb_assert(!"a plain step");
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

/* Where a column of the state, which are the fields behind the keys, is in a plain row. */
static int32_t column_word(const struct sb_aggregate *aggregate, int32_t c)
{
    const struct sb_aggregate_column *column = &aggregate->columns[c];

    return aggregate->plain_steps[aggregate->steps[column->step].plain].word + column->part;
}

void sb_plain_rows_load(const struct sb_aggregate *aggregate, const uint64_t *rows, int64_t count,
                        struct sb_row_chunk *chunk)
{
    int32_t row_words = aggregate->plain_state.row_words;

    for (int32_t k = 0; k < aggregate->key_count; k++) {
        sb_plain_key_load(aggregate, k, rows, count, &chunk->scratches[k], &chunk->vectors[k]);
    }
    for (int32_t f = aggregate->key_count; f < aggregate->state_layout.field_count; f++) {
        const struct sb_row_field *field = &aggregate->state_layout.fields[f];
        int32_t c = f - aggregate->key_count;
        const struct sb_aggregate_step *step = &aggregate->steps[aggregate->columns[c].step];
        int32_t word = column_word(aggregate, c);
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
    const struct sb_row_vector *columns = &chunk->vectors[aggregate->key_count];

    for (int32_t other = 0; other < step; other++) {
        if (aggregate->steps[other].plain == aggregate->steps[step].plain &&
            memcmp(columns[aggregate->steps[other].field].words,
                   columns[aggregate->steps[step].field].words,
                   sizeof(uint64_t) * (size_t)count) != 0) {
            return false;
        }
    }
    return true;
}

static bool keys_store(const struct sb_aggregate *aggregate, struct sb_row_chunk *chunk,
                       int64_t count, uint64_t *rows)
{
    int32_t row_words = aggregate->plain_state.row_words;
    const uint64_t *columns[1 + SB_PLAIN_KEY_WORDS_MAX];
    uint64_t words[SB_PLAIN_KEY_WORDS_MAX * SB_ROW_CHUNK];
    uint8_t misfits[SB_ROW_CHUNK] = {0};

    for (int32_t k = 0; k < aggregate->key_count; k++) {
        if (chunk->vectors[k].nulls != NULL) {
            return false;
        }
    }
    if (sb_plain_keys_misfit(aggregate, chunk, count, misfits)) {
        return false;
    }
    sb_plain_keys_pack(aggregate, chunk, count, words, columns);
    for (int32_t w = 0; w <= aggregate->plain_key_words; w++) {
        for (int64_t i = 0; i < count; i++) {
            rows[i * row_words + w] = columns[w][i];
        }
    }
    return true;
}

bool sb_plain_rows_store(const struct sb_aggregate *aggregate, struct sb_row_chunk *chunk,
                         int64_t count, uint64_t *rows)
{
    int32_t row_words = aggregate->plain_state.row_words;

    for (int32_t f = aggregate->key_count; f < aggregate->state_layout.field_count; f++) {
        const struct sb_row_vector *vector = &chunk->vectors[f];
        int32_t c = f - aggregate->key_count;
        const struct sb_aggregate_step *step = &aggregate->steps[aggregate->columns[c].step];
        int32_t word = column_word(aggregate, c);
        int32_t width = sb_row_kind_words(vector->kind);

        if (vector->nulls != NULL ||
            (vector->kind == SB_ROW_WIDE && !sums_fit(vector, step->arg_kind, count)) ||
            !counts_agree(aggregate, chunk, aggregate->columns[c].step, count)) {
            return false;
        }
        for (int64_t i = 0; i < count; i++) {
            rows[i * row_words + word] = vector->words[i * width];
        }
    }
    return keys_store(aggregate, chunk, count, rows);
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
    if (step->kind == SB_STEP_MOMENTS) {
        out->nulls = scratch->nulls;
        for (int64_t i = 0; i < count; i++) {
            struct sb_moments moments = moments_load(rows + i * row_words + word);
            double value = 0.0;
            scratch->nulls[i] =
                !sb_aggregate_moments_finish(call->call->function, &moments, &value);
            scratch->words[i] = sb_float_word(value);
        }
        return;
    }
    words_load(rows, row_words, word, count, scratch->words);
    if (call->call->function != SB_AGGREGATE_MEAN) {
        return;
    }
    count_word = aggregate->plain_steps[aggregate->steps[call->count_step].plain].word;
    if (call->call->result.id == SB_TYPE_DURATION) {
        for (int64_t i = 0; i < count; i++) {
            int64_t valid = (int64_t)rows[i * row_words + count_word];
            scratch->words[i] = (uint64_t)sb_wide_divide((int64_t)scratch->words[i], valid);
        }
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        double total = number_load(step->arg_kind, scratch->words[i]);
        scratch->words[i] =
            sb_float_word(total / (double)(int64_t)rows[i * row_words + count_word]);
    }
}
