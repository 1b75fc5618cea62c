// SPDX-License-Identifier: Apache-2.0
#include "exec/ops/aggregate_internal.h"

enum sb_status sb_aggregate_table_update(const struct sb_aggregate *aggregate,
                                         struct sb_row_table *table, struct sb_row_chunk *chunk,
                                         int64_t count, struct sb_error *err)
{
    SB_TRY_RETURN(
        sb_row_table_upsert(table, chunk->vectors, chunk->hashes, count, chunk->rows, err));
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        if (!sb_step_is_collecting(aggregate->steps[s].kind)) {
            SB_TRY_RETURN(sb_aggregate_update(aggregate, s, chunk->rows,
                                              &chunk->vectors[aggregate->key_count], count,
                                              &table->store.heap, err));
        }
    }
    return SB_OK;
}

enum sb_status sb_aggregate_table_merge(const struct sb_aggregate *aggregate,
                                        struct sb_row_table *table, struct sb_row_chunk *chunk,
                                        int64_t count, struct sb_error *err)
{
    SB_TRY_RETURN(
        sb_row_table_upsert(table, chunk->vectors, chunk->hashes, count, chunk->rows, err));
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        SB_TRY_RETURN(
            sb_aggregate_merge(aggregate, s, chunk->rows,
                               &chunk->vectors[aggregate->key_count + aggregate->steps[s].field],
                               count, &table->store.heap, err));
    }
    return SB_OK;
}
