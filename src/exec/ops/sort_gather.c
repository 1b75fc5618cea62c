// SPDX-License-Identifier: Apache-2.0
/*
 * sort_gather.c - rows of many batches as one, in the order of entries.
 */
#include "exec/ops/sort_internal.h"

/* Where the rows are: batch and row, for sb_column_interleave. */
static void rows_find(const struct sb_sort_layout *layout, const uint64_t *entries, int64_t count,
                      struct sb_row_place *rows)
{
    uint64_t mask = (UINT64_C(1) << layout->row_bits) - 1;

    for (int64_t i = 0; i < count; i++) {
        uint64_t place = sb_sort_entry_place(layout, entries + i * layout->words);
        rows[i].column = (uint32_t)(place >> layout->row_bits);
        rows[i].row = (uint32_t)(place & mask);
    }
}

enum sb_status sb_sort_gather(const struct sb_sort_layout *layout, const struct sb_sort_list *list,
                              struct sb_schema *schema, const uint64_t *entries, int64_t count,
                              struct sb_memory *memory, struct sb_batch *out, struct sb_error *err)
{
    size_t rows_size = sizeof(struct sb_row_place) * (size_t)count;
    size_t columns_size = sizeof(struct sb_column *) * (size_t)list->count;
    struct sb_row_place *rows = sb_memory_alloc(memory, rows_size);
    const struct sb_column **columns = sb_memory_alloc(memory, columns_size);
    enum sb_status status;

    *out = (struct sb_batch){0};
    if (rows == NULL || columns == NULL) {
        status = sb_error_no_memory(err, "sorted rows", (int64_t)(rows_size + columns_size));
        goto out;
    }
    rows_find(layout, entries, count, rows);
    SB_TRY_OUT(sb_batch_init(out, memory, schema, count, err));
    for (int32_t c = 0; c < schema->field_count; c++) {
        struct sb_column column;

        for (int64_t i = 0; i < list->count; i++) {
            columns[i] = &list->batches[i].batch.columns[c];
        }
        SB_TRY_OUT(sb_column_interleave(columns, list->count, rows, count, memory, &column, err));
        sb_batch_adopt_column(out, c, &column);
    }
    status = SB_OK;

out:
    sb_memory_free(memory, rows, rows_size);
    sb_memory_free(memory, columns, columns_size);
    if (status != SB_OK) {
        sb_batch_deinit(out);
    }
    return status;
}
