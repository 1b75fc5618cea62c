// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_step.c - the kernels of AGGREGATE: values into fields of state rows.
 *
 * A kernel takes a vector of values and the row each belongs to. Sums of floats are plain sums in
 * the order rows come; sums of integers and decimals are kept in 128 bits and checked once, at the
 * end, so that the result does not depend on that order.
 */
#include "exec/ops/aggregate_internal.h"

typedef sb_aggregate_int128 int128;
typedef sb_aggregate_uint128 uint128;

static inline bool is_null(const struct sb_row_vector *vector, int64_t i)
{
    return vector->nulls != NULL && vector->nulls[i];
}

// --- counts --------------------------------------------------------------------------------------

static void counts_add(const struct sb_row_field *field, uint64_t *const *rows,
                       const struct sb_row_vector *added, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        rows[i][field->word] += added->words[i];
    }
}

static void rows_count(const struct sb_row_field *field, uint64_t *const *rows,
                       const uint8_t *nulls, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        rows[i][field->word] += nulls == NULL || !nulls[i];
    }
}

// --- sums ----------------------------------------------------------------------------------------

static enum sb_status decimal_overflow(struct sb_error *err)
{
    return sb_error_set(err, SB_FAILED, "a sum of decimals left the range of 128 bits");
}

static inline int128 sum_value(const struct sb_row_vector *vector, int64_t i)
{
    switch (vector->kind) {
    case SB_ROW_INT:
        return (int64_t)vector->words[i];
    case SB_ROW_UINT:
        return (int128)vector->words[i];
    default:
        return sb_wide_load(vector->words + 2 * i);
    }
}

static enum sb_status wides_add(const struct sb_row_field *field, uint64_t *const *rows,
                                const struct sb_row_vector *vector, int64_t count,
                                struct sb_error *err)
{
    for (int64_t i = 0; i < count; i++) {
        uint64_t *row = rows[i];
        int128 sum;

        if (is_null(vector, i)) {
            continue;
        }
        if (__builtin_add_overflow(sb_wide_load(row + field->word), sum_value(vector, i), &sum)) {
            return decimal_overflow(err);
        }
        sb_wide_store(row + field->word, sum);
        row[field->null_word] &= ~field->null_bit;
    }
    return SB_OK;
}

static void floats_add(const struct sb_row_field *field, uint64_t *const *rows,
                       const struct sb_row_vector *vector, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        if (!is_null(vector, i)) {
            uint64_t *row = rows[i];
            row[field->word] =
                sb_float_word(sb_float_load(row[field->word]) + sb_float_load(vector->words[i]));
            row[field->null_word] &= ~field->null_bit;
        }
    }
}

// --- minima and maxima ---------------------------------------------------------------------------

/* Below, equal or above 0 as `a` is. Words of a text are a view with an address. */
static inline int values_compare(enum sb_row_kind kind, const uint64_t *a, const uint64_t *b)
{
    switch (kind) {
    case SB_ROW_INT:
        return ((int64_t)a[0] > (int64_t)b[0]) - ((int64_t)a[0] < (int64_t)b[0]);
    case SB_ROW_UINT:
        return (a[0] > b[0]) - (a[0] < b[0]);
    case SB_ROW_FLOAT:
        return (sb_float_order(a[0]) > sb_float_order(b[0])) -
               (sb_float_order(a[0]) < sb_float_order(b[0]));
    case SB_ROW_WIDE:
        return (sb_wide_load(a) > sb_wide_load(b)) - (sb_wide_load(a) < sb_wide_load(b));
    default:
        return sb_text_compare(a, b);
    }
}

enum { TEXT_HEADER = sizeof(int64_t) }; // before long bytes: how many there is room for

enum sb_status sb_aggregate_text_reserve(uint64_t *field, int64_t size, struct sb_row_heap *heap,
                                         uint8_t **out, struct sb_error *err)
{
    int64_t used = sb_text_heap_size(field[0]);
    const uint8_t *old = (const uint8_t *)(uintptr_t)field[1];
    int64_t room = 0;
    uint8_t *bytes;

    if (used > 0) {
        memcpy(&room, old - TEXT_HEADER, sizeof room);
        *out = (uint8_t *)(uintptr_t)field[1];
    }
    if (room >= size) {
        return SB_OK;
    }
    room = 2 * room < size ? size : 2 * room;
    SB_TRY_RETURN(sb_row_heap_alloc(heap, TEXT_HEADER + room, &bytes, err));
    memcpy(bytes, &room, sizeof room);
    *out = bytes + TEXT_HEADER;
    if (used > 0) {
        memcpy(*out, old, (size_t)used);
    }
    field[1] = (uint64_t)(uintptr_t)*out;
    return SB_OK;
}

enum sb_status sb_aggregate_text_put(uint64_t *field, const uint64_t *text,
                                     struct sb_row_heap *heap, struct sb_error *err)
{
    int64_t size = sb_text_heap_size(text[0]);
    uint8_t *bytes;

    if (size == 0) {
        field[0] = text[0];
        field[1] = text[1];
        return SB_OK;
    }
    SB_TRY_RETURN(sb_aggregate_text_reserve(field, size, heap, &bytes, err));
    memcpy(bytes, (const void *)(uintptr_t)text[1], (size_t)size);
    field[0] = text[0];
    field[1] = (uint64_t)(uintptr_t)bytes;
    return SB_OK;
}

static inline __attribute__((always_inline)) enum sb_status bests_take(
    enum sb_row_kind kind, int sign, const struct sb_row_field *field, uint64_t *const *rows,
    const struct sb_row_vector *vector, int64_t count, struct sb_row_heap *heap,
    struct sb_error *err)
{
    int32_t width = sb_row_kind_words(kind);

    for (int64_t i = 0; i < count; i++) {
        const uint64_t *value = vector->words + width * i;
        uint64_t *row = rows[i];

        if (is_null(vector, i) || (!sb_row_is_null(field, row) &&
                                   sign * values_compare(kind, value, row + field->word) <= 0)) {
            continue;
        }
        if (kind == SB_ROW_TEXT) {
            SB_TRY_RETURN(sb_aggregate_text_put(row + field->word, value, heap, err));
        } else {
            memcpy(row + field->word, value, sizeof *value * (size_t)width);
        }
        row[field->null_word] &= ~field->null_bit;
    }
    return SB_OK;
}

static enum sb_status best_take(int sign, const struct sb_row_field *field, uint64_t *const *rows,
                                const struct sb_row_vector *vector, int64_t count,
                                struct sb_row_heap *heap, struct sb_error *err)
{
    switch (field->kind) {
    case SB_ROW_INT:
        return bests_take(SB_ROW_INT, sign, field, rows, vector, count, heap, err);
    case SB_ROW_UINT:
        return bests_take(SB_ROW_UINT, sign, field, rows, vector, count, heap, err);
    case SB_ROW_FLOAT:
        return bests_take(SB_ROW_FLOAT, sign, field, rows, vector, count, heap, err);
    case SB_ROW_WIDE:
        return bests_take(SB_ROW_WIDE, sign, field, rows, vector, count, heap, err);
    default:
        return bests_take(SB_ROW_TEXT, sign, field, rows, vector, count, heap, err);
    }
}

// --- first and last ------------------------------------------------------------------------------

/* Keeps the value whose order is the least (sign -1) or the greatest. */
static enum sb_status ordered_take(int sign, bool takes_nulls, const struct sb_row_field *fields,
                                   uint64_t *const *rows, const struct sb_row_vector *order,
                                   const struct sb_row_vector *value, int64_t count,
                                   struct sb_row_heap *heap, struct sb_error *err)
{
    const struct sb_row_field *kept = &fields[1];
    int32_t width = sb_row_kind_words(kept->kind);

    for (int64_t i = 0; i < count; i++) {
        const uint64_t *words = value->words + width * i;
        uint64_t *row = rows[i];

        if (is_null(order, i) || (!takes_nulls && is_null(value, i)) ||
            (!sb_row_is_null(&fields[0], row) &&
             sign * values_compare(SB_ROW_WIDE, order->words + 2 * i, row + fields[0].word) <= 0)) {
            continue;
        }
        memcpy(row + fields[0].word, order->words + 2 * i, 2 * sizeof *row);
        if (kept->kind == SB_ROW_TEXT) {
            SB_TRY_RETURN(sb_aggregate_text_put(row + kept->word, words, heap, err));
        } else {
            memcpy(row + kept->word, words, sizeof *words * (size_t)width);
        }
        row[fields[0].null_word] &= ~fields[0].null_bit;
        row[kept->null_word] &= ~kept->null_bit;
        row[kept->null_word] |= is_null(value, i) ? kept->null_bit : 0;
    }
    return SB_OK;
}

// --- steps ---------------------------------------------------------------------------------------

enum sb_status sb_aggregate_update(const struct sb_aggregate *aggregate, int32_t s,
                                   uint64_t *const *rows, const struct sb_row_vector *args,
                                   int64_t count, struct sb_row_heap *heap, struct sb_error *err)
{
    const struct sb_aggregate_step *step = &aggregate->steps[s];
    const struct sb_row_field *field = sb_aggregate_field(aggregate, s);
    const struct sb_row_vector *arg = step->arg < 0 ? NULL : &args[step->arg];

    switch (step->kind) {
    case SB_STEP_COUNT_ROWS:
        rows_count(field, rows, NULL, count);
        return SB_OK;
    case SB_STEP_COUNT:
        rows_count(field, rows, arg->nulls, count);
        return SB_OK;
    case SB_STEP_MOMENTS:
        sb_aggregate_moments_update(step, field, rows, arg, count);
        return SB_OK;
    case SB_STEP_FIRST:
    case SB_STEP_LAST:
    case SB_STEP_FIRST_ROW:
        return ordered_take(step->kind == SB_STEP_LAST ? 1 : -1, step->kind == SB_STEP_FIRST_ROW,
                            field, rows, &args[aggregate->order_arg], arg, count, heap, err);
    case SB_STEP_DISTINCT_SKETCH:
    case SB_STEP_QUANTILE_SKETCH:
        return sb_aggregate_sketch_update(step, field, rows, arg, count, heap, err);
    default:
        return sb_aggregate_merge(aggregate, s, rows, arg, count, heap, err);
    }
}

enum sb_status sb_aggregate_merge(const struct sb_aggregate *aggregate, int32_t s,
                                  uint64_t *const *rows, const struct sb_row_vector *others,
                                  int64_t count, struct sb_row_heap *heap, struct sb_error *err)
{
    const struct sb_aggregate_step *step = &aggregate->steps[s];
    const struct sb_row_field *field = sb_aggregate_field(aggregate, s);

    switch (step->kind) {
    case SB_STEP_COUNT_ROWS:
    case SB_STEP_COUNT:
        counts_add(field, rows, others, count);
        return SB_OK;
    case SB_STEP_SUM:
        if (field->kind == SB_ROW_FLOAT) {
            floats_add(field, rows, others, count);
            return SB_OK;
        }
        if (field->kind == SB_ROW_TEXT) {
            return sb_decimal256_sums_add(field, rows, others, count, heap, err);
        }
        return wides_add(field, rows, others, count, err);
    case SB_STEP_MIN:
        return best_take(-1, field, rows, others, count, heap, err);
    case SB_STEP_MAX:
        return best_take(1, field, rows, others, count, heap, err);
    case SB_STEP_MOMENTS:
        sb_aggregate_moments_merge(field, rows, others, count);
        return SB_OK;
    case SB_STEP_FIRST:
    case SB_STEP_LAST:
    case SB_STEP_FIRST_ROW:
        return ordered_take(step->kind == SB_STEP_LAST ? 1 : -1, step->kind == SB_STEP_FIRST_ROW,
                            field, rows, &others[0], &others[1], count, heap, err);
    case SB_STEP_DISTINCT_SKETCH:
    case SB_STEP_QUANTILE_SKETCH:
        return sb_aggregate_sketch_merge(step, field, rows, others, count, heap, err);
    case SB_STEP_DISTINCT:
    case SB_STEP_VALUES:
    case SB_STEP_LIST:
        return SB_OK; // what they have is beside the rows
    }
    return SB_OK;
}

static int64_t valid_count(const uint8_t *nulls, int64_t count)
{
    int64_t valid = count;

    for (int64_t i = 0; nulls != NULL && i < count; i++) {
        valid -= nulls[i];
    }
    return valid;
}

/* Null values are 0 and add nothing. Halves of 32 bits cannot overflow within a chunk. */
static int128 ints_total(const struct sb_row_vector *vector, int64_t count)
{
    uint64_t low = 0;
    int64_t high = 0;

    for (int64_t i = 0; i < count; i++) {
        low += (uint32_t)vector->words[i];
    }
    if (vector->kind == SB_ROW_INT) {
        for (int64_t i = 0; i < count; i++) {
            high += (int64_t)vector->words[i] >> 32;
        }
    } else {
        for (int64_t i = 0; i < count; i++) {
            high += (int64_t)(vector->words[i] >> 32);
        }
    }
    return (int128)high * ((int128)1 << 32) + (int128)low;
}

/* Eight sums side by side, so that one addition need not wait for the one before. */
static double floats_total(const uint64_t *words, int64_t count)
{
    double sums[8] = {0};
    int64_t i = 0;

    for (; i + 8 <= count; i += 8) {
        for (int lane = 0; lane < 8; lane++) {
            sums[lane] += sb_float_load(words[i + lane]);
        }
    }
    for (; i < count; i++) {
        sums[0] += sb_float_load(words[i]);
    }
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) +
           ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

enum sb_status sb_aggregate_reduce(const struct sb_aggregate *aggregate, int32_t s, uint64_t *row,
                                   const struct sb_row_vector *args, int64_t count,
                                   struct sb_row_heap *heap, struct sb_error *err)
{
    const struct sb_aggregate_step *step = &aggregate->steps[s];
    const struct sb_row_field *field = sb_aggregate_field(aggregate, s);
    const struct sb_row_vector *arg = step->arg < 0 ? NULL : &args[step->arg];
    int64_t valid =
        arg == NULL || step->kind == SB_STEP_FIRST_ROW ? count : valid_count(arg->nulls, count);
    struct sb_row_vector one = {.kind = field->kind};
    uint64_t words[2] = {0};

    if (sb_step_is_count(step->kind)) {
        row[field->word] += (uint64_t)valid;
        return SB_OK;
    }
    if (valid == 0 || sb_step_is_collecting(step->kind)) {
        return SB_OK;
    }
    one.words = words;
    if (step->kind == SB_STEP_SUM && (arg->kind == SB_ROW_INT || arg->kind == SB_ROW_UINT)) {
        sb_wide_store(words, ints_total(arg, count));
        return sb_aggregate_merge(aggregate, s, &row, &one, 1, heap, err);
    }
    if (step->kind == SB_STEP_SUM && arg->kind == SB_ROW_FLOAT) {
        words[0] = sb_float_word(floats_total(arg->words, count));
        return sb_aggregate_merge(aggregate, s, &row, &one, 1, heap, err);
    }
    if (step->kind == SB_STEP_MOMENTS) {
        sb_aggregate_moments_reduce(step, field, row, arg, count);
        return SB_OK;
    }
    uint64_t *rows[SB_ROW_CHUNK];
    for (int64_t i = 0; i < count; i++) {
        rows[i] = row;
    }
    return sb_aggregate_update(aggregate, s, rows, args, count, heap, err);
}
