// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_moments.c - variance and standard deviation, by mean and squared distances.
 *
 * Neither takes the difference of two large sums, so numbers far from 0 lose nothing. Moments of
 * parts merge; the last bits depend on the order of the additions, as those of float sums do.
 */
#include <math.h>

#include "exec/ops/aggregate_internal.h"

double sb_aggregate_number(const struct sb_aggregate_step *step, const struct sb_row_vector *vector,
                           int64_t i)
{
    switch (vector->kind) {
    case SB_ROW_INT:
        return (double)(int64_t)vector->words[i];
    case SB_ROW_UINT:
        return (double)vector->words[i];
    case SB_ROW_FLOAT:
        return sb_float_load(vector->words[i]);
    case SB_ROW_WIDE:
        return (double)sb_wide_load(vector->words + 2 * i) / step->unit;
    default: {
        struct sb_int256 value = sb_decimal256_load(vector->words + 2 * i);
        return sb_int256_double(&value) / step->unit;
    }
    }
}

static inline bool is_null(const struct sb_row_vector *vector, int64_t i)
{
    return vector->nulls != NULL && vector->nulls[i];
}

static inline struct sb_moments moments_load(const struct sb_row_field *fields, const uint64_t *row)
{
    return (struct sb_moments){
        .count = (int64_t)row[fields[0].word],
        .mean = sb_float_load(row[fields[1].word]),
        .squares = sb_float_load(row[fields[2].word]),
    };
}

static inline void moments_store(const struct sb_row_field *fields, uint64_t *row,
                                 const struct sb_moments *moments)
{
    row[fields[0].word] = (uint64_t)moments->count;
    row[fields[1].word] = sb_float_word(moments->mean);
    row[fields[2].word] = sb_float_word(moments->squares);
}

void sb_aggregate_moments_update(const struct sb_aggregate_step *step,
                                 const struct sb_row_field *fields, uint64_t *const *rows,
                                 const struct sb_row_vector *arg, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        struct sb_moments moments;

        if (!is_null(arg, i)) {
            moments = moments_load(fields, rows[i]);
            sb_moments_add(&moments, sb_aggregate_number(step, arg, i));
            moments_store(fields, rows[i], &moments);
        }
    }
}

void sb_aggregate_moments_merge(const struct sb_row_field *fields, uint64_t *const *rows,
                                const struct sb_row_vector *others, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        struct sb_moments moments = moments_load(fields, rows[i]);
        struct sb_moments other = {
            .count = (int64_t)others[0].words[i],
            .mean = sb_float_load(others[1].words[i]),
            .squares = sb_float_load(others[2].words[i]),
        };

        sb_moments_merge(&moments, &other);
        moments_store(fields, rows[i], &moments);
    }
}

/* Two passes without a division each: what a chunk comes to is merged as one. */
void sb_aggregate_moments_reduce(const struct sb_aggregate_step *step,
                                 const struct sb_row_field *fields, uint64_t *row,
                                 const struct sb_row_vector *arg, int64_t count)
{
    struct sb_moments moments = moments_load(fields, row);
    struct sb_moments chunk = {0};
    double numbers[SB_ROW_CHUNK];
    double sums[4] = {0};

    for (int64_t i = 0; i < count; i++) {
        numbers[chunk.count] = sb_aggregate_number(step, arg, i);
        chunk.count += !is_null(arg, i);
    }
    for (int64_t i = 0; i < chunk.count; i++) {
        sums[i & 3] += numbers[i];
    }
    chunk.mean = ((sums[0] + sums[1]) + (sums[2] + sums[3])) / (double)chunk.count;
    for (int64_t i = 0; i < chunk.count; i++) {
        double distance = numbers[i] - chunk.mean;
        chunk.squares += distance * distance;
    }
    sb_moments_merge(&moments, &chunk);
    moments_store(fields, row, &moments);
}

bool sb_aggregate_moments_finish(enum sb_aggregate_function function,
                                 const struct sb_moments *moments, double *out)
{
    bool is_sample = function == SB_AGGREGATE_VARIANCE || function == SB_AGGREGATE_STDDEV;
    bool is_root = function == SB_AGGREGATE_STDDEV || function == SB_AGGREGATE_STDDEV_POP;
    int64_t divisor = moments->count - is_sample;

    if (divisor < 1) {
        return false;
    }
    *out = moments->squares / (double)divisor;
    *out = is_root ? sqrt(*out) : *out;
    return true;
}
