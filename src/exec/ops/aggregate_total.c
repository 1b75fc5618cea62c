// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_total.c - sums and counts of all rows, straight from the columns of a batch.
 *
 * Without keys, and where every step is a sum of numbers or a count, nothing needs to be brought
 * into the form of keyed rows: each column is read once. Columns with a null go the usual way.
 */
#include "columnar/column_total.h"
#include "exec/ops/aggregate_internal.h"
#include "exec/ops/aggregate_words.h"

/* Bits are read when more than 1 in this many rows exists: then every cache line is read anyway. */
enum { BITS_ABOVE = 16 };

static bool step_is_total(const struct sb_aggregate *aggregate,
                          const struct sb_aggregate_step *step, const struct sb_batch *batch)
{
    const struct sb_aggregate_arg *arg;
    const struct sb_column *column;

    if (step->kind == SB_STEP_COUNT_ROWS) {
        return true;
    }
    if (step->arg < 0 || aggregate->args[step->arg].column < 0 ||
        (step->kind != SB_STEP_COUNT && step->kind != SB_STEP_SUM)) {
        return false;
    }
    arg = &aggregate->args[step->arg];
    column = &batch->columns[arg->column];
    return sb_column_null_count(column) == 0 &&
           (step->kind == SB_STEP_COUNT || sb_column_has_total(column->type->id));
}

bool sb_aggregate_is_total(const struct sb_aggregate *aggregate, const struct sb_batch *batch)
{
    if (aggregate->key_count > 0 || aggregate->collector_count > 0) {
        return false;
    }
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        if (!step_is_total(aggregate, &aggregate->steps[s], batch)) {
            return false;
        }
    }
    return true;
}

/* Many rows by their bits, few by their numbers. */
static struct sb_column_total batch_total(const struct sb_batch *batch,
                                          const struct sb_column *column)
{
    const uint8_t *bits = sb_batch_bits(batch);

    if (bits != NULL && batch->row_count * BITS_ABOVE > batch->column_length) {
        return sb_column_total_of_bits(column, bits, batch->column_length);
    }
    return sb_column_total(column, sb_batch_rows(batch), batch->row_count);
}

enum sb_status sb_aggregate_total(const struct sb_aggregate *aggregate,
                                  const struct sb_batch *batch, uint64_t *row,
                                  struct sb_row_heap *heap, struct sb_error *err)
{
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        const struct sb_aggregate_step *step = &aggregate->steps[s];
        const struct sb_row_field *field = sb_aggregate_field(aggregate, s);
        struct sb_row_vector one = {.kind = field->kind};
        struct sb_column_total total;
        uint64_t words[2] = {0};

        if (sb_step_is_count(step->kind)) {
            row[field->word] += (uint64_t)batch->row_count;
            continue;
        }
        total = batch_total(batch, &batch->columns[aggregate->args[step->arg].column]);
        if (field->kind == SB_ROW_FLOAT) {
            words[0] = sb_float_word(total.sum);
        } else {
            sb_wide_store(words, (sb_aggregate_int128)total.high * ((sb_aggregate_int128)1 << 32) +
                                     (sb_aggregate_int128)total.low);
        }
        one.words = words;
        SB_TRY_RETURN(sb_aggregate_merge(aggregate, s, &row, &one, 1, heap, err));
    }
    return SB_OK;
}
