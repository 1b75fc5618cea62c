// SPDX-License-Identifier: Apache-2.0
#include "columnar/batch.h"

#include <string.h>

static size_t columns_size(const struct sb_schema *schema)
{
    return (size_t)schema->field_count * sizeof(struct sb_column);
}

enum sb_status sb_batch_init(struct sb_batch *batch, struct sb_memory *memory,
                             struct sb_schema *schema, int64_t row_count, struct sb_error *err)
{
    struct sb_column *columns;

    sb_assert(row_count >= 0);
    sb_assert(row_count < UINT32_MAX);
    *batch = (struct sb_batch){0};
    columns = sb_memory_alloc_zeroed(memory, columns_size(schema));
    if (columns == NULL) {
        return sb_error_no_memory(err, "batch", (int64_t)columns_size(schema));
    }
    *batch = (struct sb_batch){
        .schema = sb_schema_retain(schema),
        .memory = memory,
        .columns = columns,
        .column_length = row_count,
        .row_count = row_count,
    };
    return SB_OK;
}

void sb_batch_deinit(struct sb_batch *batch)
{
    if (batch->columns != NULL) {
        for (int32_t i = 0; i < batch->schema->field_count; i++) {
            sb_column_deinit(&batch->columns[i]);
        }
        sb_memory_free(batch->memory, batch->columns, columns_size(batch->schema));
    }
    sb_selection_release(batch->selection);
    sb_schema_release(batch->schema);
    *batch = (struct sb_batch){0};
}

void sb_batch_move(struct sb_batch *to, struct sb_batch *from)
{
    *to = *from;
    *from = (struct sb_batch){0};
}

enum sb_status sb_batch_share(struct sb_batch *to, const struct sb_batch *from,
                              struct sb_error *err)
{
    *to = (struct sb_batch){0};
    if (from->schema == NULL) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_batch_init(to, from->memory, from->schema, from->row_count, err));
    for (int32_t i = 0; i < from->schema->field_count; i++) {
        sb_column_share(&to->columns[i], &from->columns[i]);
    }
    to->column_length = from->column_length;
    to->selection = sb_selection_retain(from->selection);
    to->selection_first = from->selection_first;
    return SB_OK;
}

void sb_batch_slice(struct sb_batch *batch, int64_t first, int64_t count)
{
    sb_assert(first >= 0);
    sb_assert(count >= 0);
    sb_assert(first <= batch->row_count - count);
    if (batch->schema == NULL || (first == 0 && count == batch->row_count)) {
        return;
    }
    batch->row_count = count;
    if (batch->selection != NULL) {
        batch->selection_first += first;
        return;
    }
    batch->column_length = count;
    for (int32_t i = 0; i < batch->schema->field_count; i++) {
        sb_column_slice(&batch->columns[i], first, count);
    }
}

// Whether the selection is one run of rows, which a slice says without copying. A short run is
// copied all the same, so that a few rows do not hold on to a whole column.
static bool selection_is_slice(const struct sb_batch *batch)
{
    const uint32_t *rows = sb_batch_rows(batch);
    int64_t count = batch->row_count;

    if (count == 0 || count < batch->column_length / 4) {
        return false;
    }
    return (int64_t)rows[count - 1] - rows[0] == count - 1; // they ascend
}

enum sb_status sb_batch_flatten(struct sb_batch *batch, struct sb_error *err)
{
    const uint32_t *rows = sb_batch_rows(batch);
    enum sb_status status = SB_OK;
    int32_t done = 0;

    if (rows == NULL) {
        return SB_OK;
    }
    if (selection_is_slice(batch)) {
        for (int32_t i = 0; i < batch->schema->field_count; i++) {
            sb_column_slice(&batch->columns[i], rows[0], batch->row_count);
        }
    } else {
        struct sb_column *columns =
            sb_memory_alloc_zeroed(batch->memory, columns_size(batch->schema));

        if (columns == NULL) {
            return sb_error_no_memory(err, "batch", (int64_t)columns_size(batch->schema));
        }
        for (; done < batch->schema->field_count; done++) {
            status = sb_column_gather(&batch->columns[done], rows, batch->row_count, batch->memory,
                                      &columns[done], err);
            if (status != SB_OK) {
                break;
            }
        }
        // On failure the batch keeps what it had.
        for (int32_t i = 0; i < batch->schema->field_count; i++) {
            if (status == SB_OK) {
                struct sb_column old = batch->columns[i];

                batch->columns[i] = columns[i];
                columns[i] = old;
            }
            sb_column_deinit(&columns[i]);
        }
        sb_memory_free(batch->memory, columns, columns_size(batch->schema));
    }
    if (status == SB_OK) {
        sb_selection_release(batch->selection);
        batch->selection = NULL;
        batch->selection_first = 0;
        batch->column_length = batch->row_count;
    }
    return status;
}

int64_t sb_batch_bytes(const struct sb_batch *batch)
{
    int64_t bytes = 0;

    if (batch->schema == NULL || batch->column_length == 0) {
        return 0;
    }
    for (int32_t i = 0; i < batch->schema->field_count; i++) {
        bytes += sb_column_size_estimate(&batch->columns[i]);
    }
    return (int64_t)((double)bytes * (double)batch->row_count / (double)batch->column_length);
}
