// SPDX-License-Identifier: Apache-2.0
#include "exec/row_snapshot.h"

enum { SAVE_ROWS_MAX = 64 * 1024 };

static size_t writers_size(const struct sb_row_saver *saver)
{
    return sizeof *saver->writers * (size_t)saver->schema->field_count;
}

enum sb_status sb_row_saver_init(struct sb_row_saver *saver, struct sb_memory *memory,
                                 struct sb_schema *schema, int64_t row_count, struct sb_error *err)
{
    *saver = (struct sb_row_saver){.memory = memory, .schema = schema};
    saver->capacity = row_count < SB_ROW_CHUNK    ? SB_ROW_CHUNK
                      : row_count < SAVE_ROWS_MAX ? row_count
                                                  : SAVE_ROWS_MAX;
    saver->writers = sb_memory_alloc_zeroed(memory, writers_size(saver));
    return saver->writers != NULL
               ? SB_OK
               : sb_error_no_memory(err, "a snapshot", (int64_t)writers_size(saver));
}

void sb_row_saver_deinit(struct sb_row_saver *saver)
{
    if (saver->writers != NULL) {
        for (int32_t f = 0; f < saver->schema->field_count; f++) {
            sb_column_writer_deinit(&saver->writers[f]);
        }
        sb_memory_free(saver->memory, saver->writers, writers_size(saver));
        saver->writers = NULL;
    }
}

enum sb_status sb_row_saver_finish(struct sb_row_saver *saver, struct sb_op_ctx *ctx)
{
    struct sb_batch batch;
    enum sb_status status;

    if (saver->row_count == 0) {
        return SB_OK;
    }
    SB_TRY_RETURN(
        sb_batch_init(&batch, saver->memory, saver->schema, saver->row_count, ctx->error));
    for (int32_t f = 0; f < saver->schema->field_count; f++) {
        SB_TRY_OUT(sb_column_writer_finish(&saver->writers[f], saver->row_count, &batch.columns[f],
                                           ctx->error));
    }
    saver->row_count = 0;
    return sb_op_save(ctx, &batch);

out:
    sb_batch_deinit(&batch);
    return status;
}

enum sb_status sb_row_saver_add(struct sb_row_saver *saver, const struct sb_row_vector *vectors,
                                int64_t count, struct sb_op_ctx *ctx)
{
    if (saver->row_count + count > saver->capacity) {
        SB_TRY_RETURN(sb_row_saver_finish(saver, ctx));
    }
    for (int32_t f = 0; f < saver->schema->field_count; f++) {
        if (saver->row_count == 0) {
            sb_column_writer_deinit(&saver->writers[f]);
            SB_TRY_RETURN(sb_column_writer_init(&saver->writers[f], saver->memory,
                                                &saver->schema->fields[f].type, saver->capacity,
                                                ctx->error));
        }
        SB_TRY_RETURN(sb_column_writer_append(&saver->writers[f], &vectors[f], count, ctx->error));
    }
    saver->row_count += count;
    return SB_OK;
}

enum sb_status sb_row_saver_add_rows(struct sb_row_saver *saver, const struct sb_row_layout *layout,
                                     uint64_t *const *rows, int64_t count, const uint8_t *base,
                                     struct sb_row_chunk *chunk, struct sb_op_ctx *ctx)
{
    sb_debug_assert(layout->field_count == saver->schema->field_count);
    for (int32_t f = 0; f < layout->field_count; f++) {
        sb_row_field_load(&layout->fields[f], rows, count, base, &chunk->scratches[f],
                          &chunk->vectors[f]);
    }
    return sb_row_saver_add(saver, chunk->vectors, count, ctx);
}

enum sb_status sb_row_saver_add_store(struct sb_row_saver *saver,
                                      const struct sb_row_layout *layout,
                                      const struct sb_row_store *store, struct sb_row_chunk *chunk,
                                      struct sb_op_ctx *ctx)
{
    struct sb_row_cursor cursor = {0};
    int64_t count;

    while ((count = sb_row_cursor_next(&cursor, store, SB_ROW_CHUNK, chunk->rows)) > 0) {
        SB_TRY_RETURN(sb_row_saver_add_rows(saver, layout, chunk->rows, count, NULL, chunk, ctx));
    }
    return SB_OK;
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
