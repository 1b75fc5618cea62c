// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_group_snapshot.c - the rows of a key group into a snapshot, and back.
 *
 * Rows of both forms are saved as keys and columns of steps, and what was collected beside them.
 */
#include "exec/ops/aggregate_group_internal.h"
#include "exec/row_snapshot.h"

static enum sb_status plain_save(struct sb_aggregate *aggregate, const struct sb_word_table *table,
                                 struct sb_row_saver *saver, struct sb_row_chunk *chunk,
                                 struct sb_op_ctx *ctx)
{
    for (int64_t first = 0, count; first < table->row_count; first += count) {
        const uint64_t *rows;

        count = table->row_count - first;
        rows = sb_word_table_run(table, first, &count);
        sb_plain_rows_load(aggregate, rows, count, chunk);
        SB_TRY_RETURN(sb_row_saver_add(saver, chunk->vectors, count, ctx));
    }
    return SB_OK;
}

/* Rows of the full form; the columns of collectors are null in them. */
static enum sb_status full_save(struct sb_aggregate *aggregate, const struct sb_row_store *store,
                                struct sb_row_saver *saver, struct sb_row_chunk *chunk,
                                struct sb_op_ctx *ctx)
{
    static const uint64_t zeros[2 * SB_ROW_CHUNK];
    const struct sb_schema *schema = aggregate->state_schema;
    int32_t field_count = aggregate->key_count + aggregate->column_count;
    struct sb_row_cursor cursor = {0};
    uint8_t all_null[SB_ROW_CHUNK];
    int64_t count;

    memset(all_null, 1, sizeof all_null);
    while ((count = sb_row_cursor_next(&cursor, store, SB_ROW_CHUNK, chunk->rows)) > 0) {
        for (int32_t f = 0; f < field_count; f++) {
            sb_row_field_load(&aggregate->state_layout.fields[f], chunk->rows, count, NULL,
                              &chunk->scratches[f], &chunk->vectors[f]);
        }
        for (int32_t f = field_count; f < schema->field_count; f++) {
            chunk->vectors[f] =
                (struct sb_row_vector){sb_row_kind(&schema->fields[f].type), zeros, all_null};
        }
        SB_TRY_RETURN(sb_row_saver_add(saver, chunk->vectors, count, ctx));
    }
    return SB_OK;
}

/* A key may be saved twice, from each form once; restoring merges. No block is pending. */
enum sb_status sb_aggregate_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct sb_aggregate *aggregate = sb_aggregate_from(op);
    struct sb_aggregate_group *group = state;
    struct sb_row_saver saver = {0};
    struct sb_row_chunk *chunk;
    enum sb_status status;

    SB_TRY_RETURN(
        sb_row_chunk_create(op->memory, sb_aggregate_vector_count(aggregate), &chunk, ctx->error));
    SB_TRY_OUT(sb_row_saver_init(&saver, op->memory, aggregate->state_schema,
                                 group->plain.row_count + group->full.store.row_count, ctx->error));
    SB_TRY_OUT(plain_save(aggregate, &group->plain, &saver, chunk, ctx));
    SB_TRY_OUT(full_save(aggregate, &group->full.store, &saver, chunk, ctx));
    SB_TRY_OUT(sb_aggregate_collected_save(aggregate, group, &saver, chunk, ctx));
    SB_TRY_OUT(sb_row_saver_finish(&saver, ctx));

out:
    sb_row_saver_deinit(&saver);
    sb_row_chunk_destroy(chunk);
    return status;
}

/*
 * Takes rows of state or, with `c` not negative, values of a collector out of a restored chunk.
 * `from` stays as it is.
 */
static enum sb_status restore_some(struct sb_aggregate *aggregate, struct sb_aggregate_group *group,
                                   int32_t c, const struct sb_row_chunk *from, int64_t count,
                                   struct sb_row_chunk *chunk, struct sb_op_ctx *ctx)
{
    int32_t collector_at = aggregate->key_count + aggregate->column_count;
    const struct sb_row_vector *collectors = &from->vectors[collector_at];
    int32_t vector_count = c < 0 ? collector_at : aggregate->key_count + 1;
    uint16_t places[SB_ROW_CHUNK];
    int64_t found = 0;

    for (int64_t i = 0; i < count; i++) {
        bool is_null = collectors->nulls != NULL && collectors->nulls[i];
        places[found] = (uint16_t)i;
        found += c < 0 ? is_null : !is_null && (int64_t)collectors->words[i] == c;
    }
    if (found == 0) {
        return SB_OK;
    }
    for (int32_t v = 0; v < vector_count; v++) {
        const struct sb_row_vector *vector = &from->vectors[v];
        if (c >= 0 && v == aggregate->key_count) {
            vector = &from->vectors[collector_at + 1 + c];
        }
        sb_row_vector_gather(vector, places, found, &chunk->scratches[v], &chunk->vectors[v]);
    }
    sb_row_chunk_hash(chunk, aggregate->key_count, found);
    return c < 0 ? sb_aggregate_table_merge(aggregate, &group->full, chunk, found, ctx->error)
                 : sb_aggregate_collect(aggregate, group, c, chunk, found, ctx);
}

static enum sb_status collected_restore(struct sb_aggregate *aggregate,
                                        struct sb_aggregate_group *group,
                                        const struct sb_row_chunk *from, int64_t count,
                                        struct sb_op_ctx *ctx)
{
    struct sb_row_chunk *chunk;
    enum sb_status status = SB_OK;

    SB_TRY_RETURN(sb_row_chunk_create(aggregate->op.memory, sb_aggregate_vector_count(aggregate),
                                      &chunk, ctx->error));
    for (int32_t c = -1; c < aggregate->collector_count && status == SB_OK; c++) {
        status = restore_some(aggregate, group, c, from, count, chunk, ctx);
    }
    sb_row_chunk_destroy(chunk);
    return status;
}

/* The chunk's vectors as plain rows, if they fit. */
static enum sb_status plain_restore(struct sb_aggregate *aggregate,
                                    struct sb_aggregate_group *group, struct sb_row_chunk *chunk,
                                    int64_t count, bool *is_done, struct sb_error *err)
{
    int64_t row_words = aggregate->plain_state.row_words;
    size_t size = sizeof(uint64_t) * (size_t)(row_words * count);
    uint64_t *words;
    enum sb_status status = SB_OK;

    *is_done = false;
    if (!aggregate->is_plain) {
        return SB_OK;
    }
    words = sb_memory_alloc(aggregate->op.memory, size);
    if (words == NULL) {
        return sb_error_no_memory(err, "restored rows", (int64_t)size);
    }
    *is_done = sb_plain_rows_store(aggregate, chunk, count, words);
    for (int64_t first = 0; *is_done && first < count; first += SB_WORD_CHUNK) {
        const uint64_t *rows = words + first * row_words;
        int64_t part = count - first < SB_WORD_CHUNK ? count - first : SB_WORD_CHUNK;
        SB_TRY_OUT(sb_word_table_guess(&group->plain, rows, row_words, part, chunk->rows, err));
        SB_TRY_OUT(sb_aggregate_plain_absorb(aggregate, group, rows, row_words, false, chunk->rows,
                                             part, err));
    }

out:
    sb_memory_free(aggregate->op.memory, words, size);
    return status;
}

static enum sb_status chunk_restore(struct sb_aggregate *aggregate,
                                    struct sb_aggregate_group *group, struct sb_row_chunk *chunk,
                                    int64_t count, struct sb_op_ctx *ctx)
{
    bool is_done;

    if (aggregate->collector_count > 0) {
        return collected_restore(aggregate, group, chunk, count, ctx);
    }
    SB_TRY_RETURN(plain_restore(aggregate, group, chunk, count, &is_done, ctx->error));
    return is_done ? SB_OK
                   : sb_aggregate_table_merge(aggregate, &group->full, chunk, count, ctx->error);
}

enum sb_status sb_aggregate_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                                    struct sb_op_ctx *ctx)
{
    struct sb_aggregate *aggregate = sb_aggregate_from(op);
    struct sb_aggregate_group *group = state;
    int64_t rows_before = group->full.store.row_count + group->plain.row_count;
    struct sb_row_chunk *chunk = NULL;
    enum sb_status status;

    SB_TRY_OUT(
        sb_row_chunk_create(op->memory, sb_aggregate_vector_count(aggregate), &chunk, ctx->error));
    for (int64_t first = 0; first < batch->row_count; first += SB_ROW_CHUNK) {
        int64_t count = batch->row_count - first;

        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        SB_TRY_OUT(
            sb_row_snapshot_load(batch, first, count, aggregate->key_count, chunk, ctx->error));
        SB_TRY_OUT(chunk_restore(aggregate, group, chunk, count, ctx));
    }
    sb_row_store_reset(&group->changed); // what had changed was emitted before the snapshot
    group->round++;
    if (aggregate->collector_count == 0) {
        sb_aggregate_count_merged(ctx, batch->row_count,
                                  group->full.store.row_count + group->plain.row_count -
                                      rows_before);
    }

out:
    sb_row_chunk_destroy(chunk);
    sb_batch_deinit(batch);
    return status;
}
