// SPDX-License-Identifier: Apache-2.0
/*
 * batch.h - equally long columns that travel together.
 *
 * Rows that exist are `row_count`: all rows of the columns, or those `selection` names. A batch is
 * passed by pointer and *taken*: the taker deinits or moves it in every outcome. The struct itself
 * may live on any stack; its columns array is drawn from `memory`. A zeroed batch is empty and safe
 * to deinit. No batch has 2^32 rows or more.
 */
#ifndef SABOT_COLUMNAR_BATCH_H
#define SABOT_COLUMNAR_BATCH_H

#include <stdint.h>

#include "columnar/column.h"
#include "columnar/schema.h"
#include "columnar/selection.h"

struct sb_batch {
    struct sb_schema *schema; // retained
    struct sb_memory *memory;
    struct sb_column *columns;      // schema->field_count of them
    int64_t column_length;          // rows in each column
    struct sb_selection *selection; // retained; NULL = every row
    int64_t selection_first;        // the selection in use is rows[selection_first..+row_count)
    int64_t row_count;
};

/* Zeroed columns of `schema` (retained), for the caller to fill; column_length = row_count. */
SB_MUST_CHECK enum sb_status sb_batch_init(struct sb_batch *batch, struct sb_memory *memory,
                                           struct sb_schema *schema, int64_t row_count,
                                           struct sb_error *err);
void sb_batch_deinit(struct sb_batch *batch);

/* `to` is uninitialised; `from` is left empty. */
void sb_batch_move(struct sb_batch *to, struct sb_batch *from);

/* A second batch over the same columns; nothing is copied but the column headers. */
SB_MUST_CHECK enum sb_status sb_batch_share(struct sb_batch *to, const struct sb_batch *from,
                                            struct sb_error *err);

/* Narrows to rows [first, first + count) of those that exist; nothing is copied. */
void sb_batch_slice(struct sb_batch *batch, int64_t first, int64_t count);

/* The positions of the rows, or NULL when they are 0..row_count. */
static inline const uint32_t *sb_batch_rows(const struct sb_batch *batch)
{
    return batch->selection == NULL ? NULL : batch->selection->rows + batch->selection_first;
}

/*
 * A bit for each of the column_length rows: whether it exists. NULL when all do, and when nobody
 * has made bits for just these rows.
 */
static inline const uint8_t *sb_batch_bits(const struct sb_batch *batch)
{
    const struct sb_selection *selection = batch->selection;

    return selection != NULL && selection->bit_row_count == batch->row_count ? selection->bits
                                                                             : NULL;
}

/* Makes the rows dense: gathers every column when there is a selection. */
SB_MUST_CHECK enum sb_status sb_batch_flatten(struct sb_batch *batch, struct sb_error *err);

/* Moves `column` to place `index`; its type is the one the batch's schema says from now on. */
static inline void sb_batch_adopt_column(struct sb_batch *batch, int32_t index,
                                         struct sb_column *column)
{
    batch->columns[index] = *column;
    batch->columns[index].type = &batch->schema->fields[index].type;
    *column = (struct sb_column){0};
}

/* Bytes of the rows that exist, estimated: fixed widths plus average text. For morsel sizes. */
int64_t sb_batch_bytes(const struct sb_batch *batch);

#endif
