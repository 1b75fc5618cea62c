// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_finish.c - the results of AGGREGATE: fields of state rows as columns.
 */
#include "exec/ops/aggregate_internal.h"

typedef sb_aggregate_int128 int128;

static enum sb_status sum_overflow(const struct sb_aggregate_call_plan *call, struct sb_error *err)
{
    enum sb_type_id id = call->call->result.id;
    char name[SB_TYPE_NAME_SIZE];

    return sb_error_set(err, SB_FAILED, "the sum of column '%s' does not fit %s; %s first",
                        call->column_name, sb_type_name(&call->call->result, name, sizeof name),
                        sb_type_is_decimal(id)   ? "cast the column to float64"
                        : id == SB_TYPE_DURATION ? "cast the column to a coarser unit"
                                                 : "cast the column to float64 or "
                                                   "decimal128(38, 0)");
}

/* 128-bit sums in `words`, narrowed in place to what the result can hold. */
static enum sb_status sums_narrow(const struct sb_aggregate_call_plan *call, const uint8_t *nulls,
                                  int64_t count, uint64_t *words, struct sb_error *err)
{
    const int128 decimal_end =
        (int128)UINT64_C(10000000000000000000) * (int128)UINT64_C(10000000000000000000); // 10^38
    enum sb_type_id id = call->call->result.id;

    for (int64_t i = 0; i < count; i++) {
        int128 sum = nulls != NULL && nulls[i] ? 0 : sb_wide_load(words + 2 * i);
        bool fits;

        if (id == SB_TYPE_DECIMAL128) {
            fits = sum < decimal_end && sum > -decimal_end;
        } else if (id == SB_TYPE_UINT64) {
            fits = sum >= 0 && sum <= (int128)UINT64_MAX;
            words[i] = (uint64_t)sum;
        } else {
            fits = sum >= INT64_MIN && sum <= INT64_MAX;
            words[i] = (uint64_t)sum;
        }
        if (sb_unlikely(!fits)) {
            return sum_overflow(call, err);
        }
    }
    return SB_OK;
}

/* Makes `out` of `make`, which is false where the result is null. */
#define EACH_FLOAT(make)                                                                           \
    do {                                                                                           \
        *out = (struct sb_row_vector){SB_ROW_FLOAT, scratch->words, scratch->nulls};               \
        for (int64_t i = 0; i < count; i++) {                                                      \
            const uint64_t *row = rows[i];                                                         \
            double value = 0.0;                                                                    \
            scratch->nulls[i] = !(make);                                                           \
            scratch->words[i] = scratch->nulls[i] ? 0 : sb_float_word(value);                      \
        }                                                                                          \
    } while (0)

static inline bool mean_make(const struct sb_row_field *sum, const struct sb_row_field *divisor,
                             double unit, const uint64_t *row, double *out)
{
    const uint64_t *words = row + sum->word;
    int64_t valid = (int64_t)row[divisor->word];

    switch (sum->kind) {
    case SB_ROW_FLOAT:
        *out = sb_float_load(words[0]);
        break;
    case SB_ROW_WIDE:
        *out = (double)sb_wide_load(words) / unit;
        break;
    default: {
        struct sb_int256 total = sb_decimal256_load(words);
        *out = sb_int256_double(&total) / unit;
        break;
    }
    }
    *out /= (double)valid;
    return valid > 0;
}

/* Means that stay durations: to the nearest unit. */
static void durations_mean(const struct sb_row_field *sum, const struct sb_row_field *divisor,
                           uint64_t *const *rows, int64_t count, struct sb_row_scratch *scratch,
                           struct sb_row_vector *out)
{
    *out = (struct sb_row_vector){SB_ROW_INT, scratch->words, scratch->nulls};
    for (int64_t i = 0; i < count; i++) {
        int64_t valid = (int64_t)rows[i][divisor->word];

        scratch->nulls[i] = valid == 0;
        scratch->words[i] =
            valid == 0 ? 0 : (uint64_t)sb_wide_divide(sb_wide_load(rows[i] + sum->word), valid);
    }
}

static inline bool variance_make(enum sb_aggregate_function function,
                                 const struct sb_row_field *fields, const uint64_t *row,
                                 double *out)
{
    struct sb_moments moments = {
        .count = (int64_t)row[fields[0].word],
        .mean = sb_float_load(row[fields[1].word]),
        .squares = sb_float_load(row[fields[2].word]),
    };

    return sb_aggregate_moments_finish(function, &moments, out);
}

/* The field that a call's result is read from as it is. */
static enum sb_status field_finish(const struct sb_aggregate *aggregate,
                                   const struct sb_aggregate_call_plan *call, uint64_t *const *rows,
                                   int64_t count, struct sb_row_scratch *scratch,
                                   struct sb_row_vector *out, struct sb_error *err)
{
    const struct sb_aggregate_step *step = &aggregate->steps[call->step];
    const struct sb_row_field *field = sb_aggregate_field(aggregate, call->step);

    if (sb_step_is_ordered(step->kind)) {
        field++;
    }
    sb_row_field_load(field, rows, count, NULL, scratch, out);
    if (step->kind == SB_STEP_SUM && field->kind == SB_ROW_WIDE) {
        SB_TRY_RETURN(sums_narrow(call, out->nulls, count, scratch->words, err));
        out->kind = sb_row_kind(&call->call->result);
    } else if (step->kind == SB_STEP_SUM && field->kind == SB_ROW_TEXT) {
        return sb_decimal256_sums_fit(out, count) ? SB_OK : sum_overflow(call, err);
    } else if (sb_step_is_count(step->kind) || step->kind == SB_STEP_DISTINCT) {
        out->nulls = NULL;
    }
    return SB_OK;
}

enum sb_status sb_aggregate_finish(const struct sb_aggregate *aggregate,
                                   const struct sb_aggregate_call_plan *call, uint64_t *const *rows,
                                   int64_t count, struct sb_row_scratch *scratch,
                                   struct sb_row_vector *out, struct sb_error *err)
{
    const struct sb_aggregate_step *step = &aggregate->steps[call->step];
    const struct sb_row_field *field = sb_aggregate_field(aggregate, call->step);
    enum sb_aggregate_function function = call->call->function;

    switch (function) {
    case SB_AGGREGATE_MEAN: {
        const struct sb_row_field *divisor = sb_aggregate_field(aggregate, call->count_step);
        if (call->call->result.id == SB_TYPE_DURATION) {
            durations_mean(field, divisor, rows, count, scratch, out);
            return SB_OK;
        }
        EACH_FLOAT(mean_make(field, divisor, step->unit, row, &value));
        return SB_OK;
    }
    case SB_AGGREGATE_VARIANCE:
    case SB_AGGREGATE_VARIANCE_POP:
    case SB_AGGREGATE_STDDEV:
    case SB_AGGREGATE_STDDEV_POP:
        EACH_FLOAT(variance_make(function, field, row, &value));
        return SB_OK;
    case SB_AGGREGATE_APPROX_COUNT_DISTINCT:
    case SB_AGGREGATE_APPROX_QUANTILE:
        sb_aggregate_sketch_finish(step, field, call->call, rows, count, scratch, out);
        return SB_OK;
    case SB_AGGREGATE_QUANTILE:
        return sb_aggregate_quantiles(aggregate, call, rows, count, scratch, out, err);
    default:
        return field_finish(aggregate, call, rows, count, scratch, out, err);
    }
}
