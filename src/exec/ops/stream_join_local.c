// SPDX-License-Identifier: Apache-2.0
/*
 * stream_join_local.c - the local half: rows of one side go to their key group.
 *
 * Rows that match nothing (a null key, a null time) go there only when they come out.
 */
#include "exec/ops/stream_join_internal.h"

struct stream_local {
    struct sb_row_scatter scatters[2]; // rows that may match, rows that match nothing
    struct sb_row_chunk *chunk;
};

void sb_stream_local_destroy(struct sb_op *op, int32_t port, void *state)
{
    struct stream_local *local = state;

    sb_row_scatter_deinit(&local->scatters[0]);
    sb_row_scatter_deinit(&local->scatters[1]);
    sb_row_chunk_destroy(local->chunk);
    sb_memory_free(op->memory, local, sizeof *local);
}

enum sb_status sb_stream_local_create(struct sb_op *op, int32_t port, struct sb_op_ctx *ctx,
                                      void **out)
{
    struct sb_stream_join *join = sb_stream_join_from(op);
    const struct sb_row_layout *layout = &join->sides[port].layout;
    struct stream_local *local = sb_memory_alloc_zeroed(op->memory, sizeof *local);
    enum sb_status status;

    if (local == NULL) {
        return sb_error_no_memory(ctx->error, "local state", (int64_t)sizeof *local);
    }
    sb_row_scatter_init(&local->scatters[0], op, layout, SB_STREAM_LEFT + port);
    sb_row_scatter_init(&local->scatters[1], op, layout, SB_STREAM_LEFT_NEVER + port);
    status = sb_row_chunk_create(op->memory, layout->field_count, &local->chunk, ctx->error);
    if (status != SB_OK) {
        sb_stream_local_destroy(op, port, local);
        return status;
    }
    *out = local;
    return SB_OK;
}

/* Times in the join's unit; a row without one, or with one out of range, matches nothing. */
static enum sb_status times_load(const struct sb_stream_side *side, const struct sb_batch *batch,
                                 int64_t first, int64_t count, struct sb_row_chunk *chunk,
                                 uint8_t *bytes, const uint8_t **nevers, struct sb_error *err)
{
    struct sb_row_scratch *scratch = &chunk->scratches[side->keys.count];
    struct sb_row_vector *vector = &chunk->vectors[side->keys.count];

    if (side->time_column < 0) {
        memset(scratch->words, 0, sizeof *scratch->words * (size_t)count);
        *vector = (struct sb_row_vector){.kind = SB_ROW_INT, .words = scratch->words};
        return SB_OK;
    }
    SB_TRY_RETURN(sb_row_vector_load(&batch->columns[side->time_column], sb_batch_rows(batch),
                                     first, count, SB_ROW_PLAIN, scratch, vector, err));
    if (vector->nulls == NULL) {
        memset(scratch->nulls, 0, (size_t)count);
    }
    if (*nevers == NULL) {
        memset(bytes, 0, (size_t)count);
    }
    {
        uint8_t any = *nevers != NULL;
        for (int64_t i = 0; i < count; i++) {
            int64_t time;
            bool overflows =
                __builtin_mul_overflow((int64_t)vector->words[i], side->time_factor, &time);
            scratch->nulls[i] |= overflows;
            scratch->words[i] = scratch->nulls[i] ? 0 : (uint64_t)time;
            bytes[i] |= scratch->nulls[i];
            any |= bytes[i];
        }
        *nevers = any ? bytes : NULL;
    }
    vector->words = scratch->words;
    vector->nulls = scratch->nulls;
    return SB_OK;
}

static enum sb_status chunk_load(const struct sb_stream_side *side, const struct sb_batch *batch,
                                 int64_t first, int64_t count, struct sb_row_chunk *chunk,
                                 uint8_t *bytes, const uint8_t **nevers, struct sb_error *err)
{
    SB_TRY_RETURN(sb_join_keys_load(&side->keys, batch, first, count, chunk, bytes, nevers, err));
    SB_TRY_RETURN(times_load(side, batch, first, count, chunk, bytes, nevers, err));
    for (int32_t i = 0; i < side->stored_count; i++) {
        int32_t f = side->keys.count + 1 + i;
        SB_TRY_RETURN(sb_row_vector_load(&batch->columns[side->stored[i]], sb_batch_rows(batch),
                                         first, count, SB_ROW_PLAIN, &chunk->scratches[f],
                                         &chunk->vectors[f], err));
    }
    return SB_OK;
}

/* Sends the rows of the chunk with nevers[i] == which; NULL = all of them, and `which` is 0. */
static enum sb_status chunk_send(struct stream_local *local, const struct sb_stream_side *side,
                                 const uint8_t *nevers, uint8_t which, int64_t count,
                                 struct sb_op_ctx *ctx)
{
    if (nevers != NULL) {
        count = sb_row_chunk_keep(local->chunk, nevers, which, count);
    }
    if (count == 0) {
        return SB_OK;
    }
    sb_row_chunk_hash(local->chunk, side->keys.count, count);
    return sb_row_scatter_append(&local->scatters[which], local->chunk, count, ctx);
}

static enum sb_status batch_send(struct stream_local *local, const struct sb_stream_side *side,
                                 const struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    uint8_t bytes[SB_ROW_CHUNK];

    for (int64_t first = 0; first < batch->row_count; first += SB_ROW_CHUNK) {
        int64_t count = batch->row_count - first;
        const uint8_t *nevers;

        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        SB_TRY_RETURN(
            chunk_load(side, batch, first, count, local->chunk, bytes, &nevers, ctx->error));
        if (nevers != NULL && side->is_kept) {
            SB_TRY_RETURN(chunk_send(local, side, nevers, 1, count, ctx));
            SB_TRY_RETURN( // once more: the others were thrown out
                chunk_load(side, batch, first, count, local->chunk, bytes, &nevers, ctx->error));
        } else if (nevers != NULL) {
            int64_t never_count = 0;
            for (int64_t i = 0; i < count; i++) {
                never_count += nevers[i];
            }
            sb_op_count(ctx, SB_LEDGER_FILTERED, never_count);
        }
        SB_TRY_RETURN(chunk_send(local, side, nevers, 0, count, ctx));
    }
    return SB_OK;
}

enum sb_status sb_stream_local_batch(struct sb_op *op, void *local, int32_t port,
                                     struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct sb_stream_join *join = sb_stream_join_from(op);
    enum sb_status status = batch_send(local, &join->sides[port], batch, ctx);

    sb_batch_deinit(batch);
    return status;
}

enum sb_status sb_stream_local_flush(struct sb_op *op, void *state, int32_t port,
                                     struct sb_op_ctx *ctx)
{
    struct stream_local *local = state;

    SB_TRY_RETURN(sb_row_scatter_flush(&local->scatters[0], ctx));
    return sb_row_scatter_flush(&local->scatters[1], ctx);
}
