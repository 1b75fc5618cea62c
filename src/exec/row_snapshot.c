// SPDX-License-Identifier: Apache-2.0
#include "exec/row_snapshot.h"

#include "state/column_writer.h"

enum { SAVE_ROWS_MAX = 64 * 1024 };

static enum sb_status column_save(struct sb_column *column, const struct sb_row_store *store,
                                  struct sb_row_cursor cursor, const struct sb_row_field *field,
                                  const struct sb_type *type, int64_t row_count,
                                  struct sb_row_chunk *chunk, struct sb_error *err)
{
    struct sb_column_writer writer;
    enum sb_status status;

    SB_TRY_RETURN(sb_column_writer_init(&writer, store->memory, type, row_count, err));
    for (int64_t done = 0; done < row_count;) {
        int64_t count = row_count - done < SB_ROW_CHUNK ? row_count - done : SB_ROW_CHUNK;
        count = sb_row_cursor_next(&cursor, store, count, chunk->rows);
        sb_row_field_load(field, chunk->rows, count, NULL, &chunk->scratches[0],
                          &chunk->vectors[0]);
        SB_TRY_OUT(sb_column_writer_append(&writer, &chunk->vectors[0], count, err));
        done += count;
    }
    SB_TRY_OUT(sb_column_writer_finish(&writer, row_count, column, err));
    return SB_OK;

out:
    sb_column_writer_deinit(&writer);
    return status;
}

enum sb_status sb_row_snapshot_save(const struct sb_row_store *store,
                                    const struct sb_row_layout *layout, struct sb_schema *schema,
                                    struct sb_op_ctx *ctx)
{
    struct sb_row_cursor cursor = {0};
    struct sb_batch batch = {0};
    struct sb_row_chunk *chunk;
    enum sb_status status = SB_OK;

    sb_assert(schema->field_count == layout->field_count);
    SB_TRY_RETURN(sb_row_chunk_create(store->memory, 1, &chunk, ctx->error));
    for (int64_t done = 0; done < store->row_count;) {
        int64_t count = store->row_count - done;

        count = count < SAVE_ROWS_MAX ? count : SAVE_ROWS_MAX;
        SB_TRY_OUT(sb_batch_init(&batch, store->memory, schema, count, ctx->error));
        for (int32_t f = 0; f < layout->field_count; f++) {
            SB_TRY_OUT(column_save(&batch.columns[f], store, cursor, &layout->fields[f],
                                   &schema->fields[f].type, count, chunk, ctx->error));
        }
        sb_row_cursor_skip(&cursor, store, count);
        status = sb_op_save(ctx, &batch);
        batch = (struct sb_batch){0};
        SB_TRY_OUT(status);
        done += count;
    }

out:
    sb_batch_deinit(&batch);
    sb_row_chunk_destroy(chunk);
    return status;
}

enum sb_status sb_row_snapshot_load(const struct sb_batch *batch, int64_t first, int64_t count,
                                    int32_t key_count, struct sb_row_chunk *chunk,
                                    struct sb_error *err)
{
    for (int32_t f = 0; f < batch->schema->field_count; f++) {
        SB_TRY_RETURN(sb_row_vector_load(&batch->columns[f], sb_batch_rows(batch), first, count,
                                         SB_ROW_PLAIN, &chunk->scratches[f], &chunk->vectors[f],
                                         err));
    }
    sb_row_chunk_hash(chunk, key_count, count);
    return SB_OK;
}
