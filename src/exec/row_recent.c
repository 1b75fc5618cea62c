// SPDX-License-Identifier: Apache-2.0
#include "exec/row_recent.h"

enum {
    BYTES_MAX = 512 * 1024, // of rows and index
    HEAP_MAX = 1024 * 1024, // of long texts
    WORTHWHILE = 2,         // keys for each new one that make it pay
    BYPASS_TABLES = 32,     // keys passed on before trying again, in full tables
};

void sb_row_recent_init(struct sb_row_recent *recent, struct sb_memory *memory,
                        const struct sb_row_layout *layout, const uint64_t *initial)
{
    *recent = (struct sb_row_recent){.rows_max = BYTES_MAX / (8 * (layout->row_words + 3))};
    sb_row_table_init(&recent->table, memory, layout, initial);
}

void sb_row_recent_deinit(struct sb_row_recent *recent)
{
    sb_row_table_deinit(&recent->table);
}

static bool recent_is_full(const struct sb_row_recent *recent)
{
    return recent->table.store.row_count >= recent->rows_max ||
           recent->table.store.heap.bytes_used >= HEAP_MAX;
}

enum sb_status sb_row_recent_pick(struct sb_row_recent *recent, const uint64_t *hashes,
                                  int32_t vector_count, struct sb_row_chunk *chunk, int64_t *count,
                                  struct sb_error *err)
{
    uint16_t fresh[SB_ROW_CHUNK];
    int64_t fresh_count;

    if (recent->bypass_count > 0) {
        recent->bypass_count -= *count;
        return SB_OK;
    }
    if (recent_is_full(recent)) {
        if (recent->tried_count < WORTHWHILE * recent->table.store.row_count) {
            recent->bypass_count = BYPASS_TABLES * recent->rows_max;
        }
        recent->tried_count = 0;
        sb_row_table_reset(&recent->table);
    }
    recent->tried_count += *count;
    SB_TRY_RETURN(sb_row_table_insert(&recent->table, chunk->vectors, hashes, *count, chunk->rows,
                                      fresh, &fresh_count, err));
    sb_row_chunk_pick(chunk, vector_count, fresh, fresh_count);
    *count = fresh_count;
    return SB_OK;
}
