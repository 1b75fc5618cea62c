// SPDX-License-Identifier: Apache-2.0
/*
 * stream_join_snapshot.c - the stored rows of both sides as rows of one table: a row has values in
 * the columns of its own side and nulls in the other's.
 */
#include "exec/ops/stream_join_internal.h"
#include "exec/row_snapshot.h"

enum { SIDE, IS_MATCHED, FIELDS }; // columns of the state

/* The first column of a side's fields. */
static int32_t side_first(const struct sb_stream_join *join, int32_t side)
{
    return FIELDS + (side == SB_LEFT ? 0 : join->sides[SB_LEFT].layout.field_count);
}

static void nulls_set(const struct sb_stream_join *join, int32_t side, struct sb_row_chunk *chunk)
{
    int32_t first = side_first(join, side);

    for (int32_t f = 0; f < join->sides[side].layout.field_count; f++) {
        struct sb_row_scratch *scratch = &chunk->scratches[first + f];
        memset(scratch->words, 0, sizeof scratch->words);
        memset(scratch->nulls, 1, sizeof scratch->nulls);
        chunk->vectors[first + f] = (struct sb_row_vector){join->sides[side].layout.fields[f].kind,
                                                           scratch->words, scratch->nulls};
    }
}

/* The vectors of a state row's columns for some rows of a side. */
static void rows_load(const struct sb_stream_join *join, int32_t side,
                      struct sb_stream_row *const *rows, int64_t count, struct sb_row_chunk *chunk)
{
    const struct sb_row_layout *layout = &join->sides[side].layout;
    int32_t first = side_first(join, side);

    for (int64_t i = 0; i < count; i++) {
        chunk->rows[i] = rows[i]->words;
        chunk->scratches[SIDE].words[i] = (uint64_t)side;
        chunk->scratches[IS_MATCHED].words[i] = rows[i]->is_matched;
    }
    for (int32_t c = SIDE; c <= IS_MATCHED; c++) {
        chunk->vectors[c] =
            (struct sb_row_vector){.kind = SB_ROW_UINT, .words = chunk->scratches[c].words};
    }
    for (int32_t f = 0; f < layout->field_count; f++) {
        sb_row_field_load(&layout->fields[f], chunk->rows, count, NULL,
                          &chunk->scratches[first + f], &chunk->vectors[first + f]);
    }
}

enum sb_status sb_stream_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct sb_stream_join *join = sb_stream_join_from(op);
    struct sb_stream_group *group = state;
    struct sb_stream_row *rows[SB_ROW_CHUNK];
    struct sb_row_saver saver = {0};
    struct sb_row_chunk *chunk;
    int64_t count;
    enum sb_status status;

    SB_TRY_RETURN(
        sb_row_chunk_create(op->memory, join->state_schema->field_count, &chunk, ctx->error));
    SB_TRY_OUT(sb_row_saver_init(&saver, op->memory, join->state_schema,
                                 group->sides[SB_LEFT].row_count + group->sides[SB_RIGHT].row_count,
                                 ctx->error));
    for (int32_t side = SB_LEFT; side <= SB_RIGHT; side++) {
        struct sb_stream_walk walk = {0};

        nulls_set(join, !side, chunk);
        while ((count = sb_stream_rows_next(&group->sides[side], &walk, SB_ROW_CHUNK, rows)) > 0) {
            rows_load(join, side, rows, count, chunk);
            SB_TRY_OUT(sb_row_saver_add(&saver, chunk->vectors, count, ctx));
        }
    }
    SB_TRY_OUT(sb_row_saver_finish(&saver, ctx));

out:
    sb_row_saver_deinit(&saver);
    sb_row_chunk_destroy(chunk);
    return status;
}

/* How many rows from `first` on are of the same side. */
static int64_t side_run(const uint8_t *sides, int64_t first, int64_t end)
{
    int64_t count = 1;

    while (count < SB_ROW_CHUNK && first + count < end && sides[first + count] == sides[first]) {
        count++;
    }
    return count;
}

static enum sb_status rows_restore(struct sb_stream_join *join, struct sb_stream_group *group,
                                   int32_t side, const struct sb_batch *batch, int64_t first,
                                   int64_t count, struct sb_row_chunk *chunk, struct sb_error *err)
{
    const struct sb_row_layout *layout = &join->sides[side].layout;
    const uint8_t *is_matched = sb_column_fixed(&batch->columns[IS_MATCHED], 1);
    uint64_t matched[SB_ROW_CHUNK];
    struct sb_block *block;
    enum sb_status status;

    for (int32_t f = 0; f < layout->field_count; f++) {
        SB_TRY_RETURN(sb_row_vector_load(&batch->columns[side_first(join, side) + f], NULL, first,
                                         count, SB_ROW_PLAIN, &chunk->scratches[f],
                                         &chunk->vectors[f], err));
    }
    for (int64_t i = 0; i < count; i++) {
        matched[i] = is_matched[first + i];
    }
    sb_row_chunk_hash(chunk, join->key_count, count);
    SB_TRY_RETURN(sb_row_block_make(join->op.memory, layout, side, chunk, count, &block, err));
    status = sb_stream_group_store(join, group, side, block, matched, err);
    sb_block_destroy(join->op.memory, block);
    return status;
}

enum sb_status sb_stream_restore(struct sb_op *op, void *group, struct sb_batch *batch,
                                 struct sb_op_ctx *ctx)
{
    struct sb_stream_join *join = sb_stream_join_from(op);
    struct sb_row_chunk *chunk = NULL;
    const uint8_t *sides;
    int64_t count;
    enum sb_status status;

    SB_TRY_OUT(sb_batch_flatten(batch, ctx->error));
    SB_TRY_OUT(
        sb_row_chunk_create(op->memory, join->state_schema->field_count, &chunk, ctx->error));
    sides = sb_column_fixed(&batch->columns[SIDE], 1);
    for (int64_t first = 0; first < batch->row_count; first += count) {
        count = side_run(sides, first, batch->row_count);
        if (sides[first] > SB_RIGHT) {
            status = sb_error_set(ctx->error, SB_CORRUPT, "the snapshot has a row of side %d of 2",
                                  (int)sides[first]);
            goto out;
        }
        SB_TRY_OUT(rows_restore(join, group, sides[first], batch, first, count, chunk, ctx->error));
    }

out:
    sb_row_chunk_destroy(chunk);
    sb_batch_deinit(batch);
    return status;
}
