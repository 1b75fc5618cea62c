// SPDX-License-Identifier: Apache-2.0
/*
 * distinct.c - each different row once.
 *
 * The whole row is the key, so it does not matter which of several equal rows is kept: the group
 * half emits a row when it is first seen, batch and stream alike. The local half drops rows that it
 * has sent lately. State: the rows seen, for as long as the job runs. -0.0 and NaN leave as the one
 * value that they are equal to.
 */
#include "exec/ops/ops.h"
#include "exec/ops/seen_keys.h"
#include "exec/row_recent.h"
#include "exec/row_scatter.h"
#include "state/column_writer.h"

struct distinct {
    struct sb_op base;
    struct sb_seen_keys keys; // every column
};

struct distinct_local {
    struct sb_row_chunk *chunk;
    struct sb_row_recent recent;
    struct sb_row_scatter rows;
};

struct distinct_group {
    struct sb_row_table seen;
};

static struct distinct *distinct_from(struct sb_op *op)
{
    return (struct distinct *)op;
}

static void distinct_destroy(struct sb_op *op)
{
    struct distinct plan = *distinct_from(op);

    sb_op_free(op, sizeof plan); // first: groups use the layout
    sb_seen_keys_deinit(&plan.keys);
}

// --- the local half ------------------------------------------------------------------------------

static void distinct_local_destroy(struct sb_op *op, int32_t port, void *state)
{
    struct distinct_local *local = state;

    sb_row_chunk_destroy(local->chunk);
    sb_row_recent_deinit(&local->recent);
    sb_row_scatter_deinit(&local->rows);
    sb_memory_free(op->memory, local, sizeof *local);
}

static enum sb_status distinct_local_create(struct sb_op *op, int32_t port, struct sb_op_ctx *ctx,
                                            void **out)
{
    struct distinct *distinct = distinct_from(op);
    struct distinct_local *local = sb_memory_alloc_zeroed(op->memory, sizeof *local);
    enum sb_status status;

    if (local == NULL) {
        return sb_error_no_memory(ctx->error, "local state", (int64_t)sizeof *local);
    }
    sb_row_recent_init(&local->recent, op->memory, &distinct->keys.layout,
                       distinct->keys.initial_row);
    sb_row_scatter_init(&local->rows, op, &distinct->keys.layout, 0);
    status = sb_row_chunk_create(op->memory, distinct->keys.layout.field_count, &local->chunk,
                                 ctx->error);
    if (status != SB_OK) {
        distinct_local_destroy(op, port, local);
        return status;
    }
    *out = local;
    return SB_OK;
}

/* Rows that a row like them was there for before. */
static void count_repeated(struct sb_op_ctx *ctx, int64_t count)
{
    sb_op_count(ctx, SB_LEDGER_MERGED, count);
    sb_op_count(ctx, SB_LEDGER_HELD, -count);
}

static enum sb_status distinct_on_batch(struct sb_op *op, void *state, int32_t port,
                                        struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct distinct *distinct = distinct_from(op);
    struct distinct_local *local = state;
    struct sb_row_chunk *chunk = local->chunk;
    int32_t field_count = distinct->keys.layout.field_count;
    enum sb_status status = SB_OK;

    sb_op_count(ctx, SB_LEDGER_HELD, batch->row_count);
    for (int64_t first = 0; first < batch->row_count; first += SB_ROW_CHUNK) {
        int64_t count = batch->row_count - first;
        uint64_t hashes[SB_ROW_CHUNK];
        int64_t kept;

        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        for (int32_t f = 0; f < field_count; f++) {
            SB_TRY_OUT(sb_row_vector_load(&batch->columns[f], sb_batch_rows(batch), first, count,
                                          SB_ROW_CANONICAL, &chunk->scratches[f],
                                          &chunk->vectors[f], ctx->error));
        }
        sb_row_chunk_hash(chunk, field_count, count);
        memcpy(hashes, chunk->hashes, sizeof *hashes * (size_t)count);
        kept = count;
        SB_TRY_OUT(
            sb_row_recent_pick(&local->recent, hashes, field_count, chunk, &kept, ctx->error));
        count_repeated(ctx, count - kept);
        SB_TRY_OUT(sb_row_scatter_append(&local->rows, chunk, kept, ctx));
    }

out:
    sb_batch_deinit(batch);
    return status;
}

static enum sb_status distinct_on_flush(struct sb_op *op, void *state, int32_t port,
                                        struct sb_op_ctx *ctx)
{
    struct distinct_local *local = state;

    return sb_row_scatter_flush(&local->rows, ctx);
}

// --- the group half ------------------------------------------------------------------------------

static void distinct_group_destroy(struct sb_op *op, void *state)
{
    struct distinct_group *group = state;

    sb_row_table_deinit(&group->seen);
    sb_memory_free(op->memory, group, sizeof *group);
}

static enum sb_status distinct_group_create(struct sb_op *op, int32_t group_index,
                                            struct sb_op_ctx *ctx, void **out)
{
    struct distinct *distinct = distinct_from(op);
    struct distinct_group *group = sb_memory_alloc_zeroed(op->memory, sizeof *group);

    if (group == NULL) {
        return sb_error_no_memory(ctx->error, "a key group", (int64_t)sizeof *group);
    }
    sb_row_table_init(&group->seen, op->memory, &distinct->keys.layout, distinct->keys.initial_row);
    *out = group;
    return SB_OK;
}

/* Rows of the chunk's vectors as one batch to the consumers. */
static enum sb_status rows_emit(struct sb_op *op, const struct sb_row_chunk *chunk, int64_t count,
                                struct sb_op_ctx *ctx)
{
    struct sb_schema *schema = op->node->schema;
    struct sb_column_writer writer;
    struct sb_batch batch;
    enum sb_status status;

    SB_TRY_RETURN(sb_batch_init(&batch, op->memory, schema, count, ctx->error));
    for (int32_t f = 0; f < schema->field_count; f++) {
        status =
            sb_column_writer_init(&writer, op->memory, &schema->fields[f].type, count, ctx->error);
        if (status == SB_OK) {
            status = sb_column_writer_append(&writer, &chunk->vectors[f], count, ctx->error);
        }
        if (status == SB_OK) {
            status = sb_column_writer_finish(&writer, count, &batch.columns[f], ctx->error);
        }
        if (status != SB_OK) {
            sb_column_writer_deinit(&writer);
            sb_batch_deinit(&batch);
            return status;
        }
    }
    sb_op_count(ctx, SB_LEDGER_HELD, -count);
    return sb_op_emit(ctx, &batch);
}

/* Rows [first, first + count) of a block: those not seen before leave. */
static enum sb_status rows_apply(struct sb_op *op, struct distinct_group *group,
                                 struct sb_block *block, int64_t first, int64_t count,
                                 struct sb_row_chunk *chunk, struct sb_op_ctx *ctx)
{
    const struct sb_row_layout *layout = &distinct_from(op)->keys.layout;
    uint16_t fresh[SB_ROW_CHUNK];
    int64_t fresh_count;

    sb_row_chunk_point(chunk, sb_row_block(block)->rows + first * layout->row_words,
                       layout->row_words, count);
    for (int64_t i = 0; i < count; i++) {
        chunk->hashes[i] = chunk->rows[i][layout->hash_word];
    }
    for (int32_t f = 0; f < layout->field_count; f++) {
        sb_row_field_load(&layout->fields[f], chunk->rows, count, block->data, &chunk->scratches[f],
                          &chunk->vectors[f]);
    }
    SB_TRY_RETURN(sb_row_table_insert(&group->seen, chunk->vectors, chunk->hashes, count,
                                      chunk->rows, fresh, &fresh_count, ctx->error));
    count_repeated(ctx, count - fresh_count);
    if (fresh_count == 0) {
        return SB_OK;
    }
    sb_row_chunk_pick(chunk, layout->field_count, fresh, fresh_count);
    return rows_emit(op, chunk, fresh_count, ctx);
}

static enum sb_status distinct_on_block(struct sb_op *op, void *state, struct sb_block *block,
                                        struct sb_op_ctx *ctx)
{
    struct sb_row_chunk *chunk = NULL;
    enum sb_status status = sb_row_chunk_create(
        op->memory, distinct_from(op)->keys.layout.field_count, &chunk, ctx->error);

    for (int64_t first = 0; first < block->row_count && status == SB_OK; first += SB_ROW_CHUNK) {
        int64_t count = block->row_count - first;
        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        status = rows_apply(op, state, block, first, count, chunk, ctx);
    }
    sb_row_chunk_destroy(chunk);
    sb_block_destroy(op->memory, block);
    return status;
}

// --- state ---------------------------------------------------------------------------------------

static enum sb_status distinct_state_schema(struct sb_op *op, struct sb_memory *memory,
                                            struct sb_schema **out, struct sb_error *err)
{
    *out = sb_schema_retain(distinct_from(op)->keys.state_schema);
    return SB_OK;
}

static enum sb_status distinct_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    const struct sb_seen_keys *keys = &distinct_from(op)->keys;
    struct distinct_group *group = state;
    struct sb_row_chunk *chunk;
    enum sb_status status;

    SB_TRY_RETURN(sb_row_chunk_create(op->memory, keys->layout.field_count, &chunk, ctx->error));
    status = sb_seen_keys_save(keys, &group->seen, chunk, ctx);
    sb_row_chunk_destroy(chunk);
    return status;
}

static enum sb_status distinct_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                                       struct sb_op_ctx *ctx)
{
    const struct sb_seen_keys *keys = &distinct_from(op)->keys;
    struct distinct_group *group = state;
    struct sb_row_chunk *chunk = NULL;
    enum sb_status status;

    SB_TRY_OUT(sb_row_chunk_create(op->memory, keys->layout.field_count, &chunk, ctx->error));
    SB_TRY_OUT(sb_seen_keys_restore(keys, &group->seen, batch, chunk, ctx->error));

out:
    sb_row_chunk_destroy(chunk);
    sb_batch_deinit(batch);
    return status;
}

static const struct sb_op_vtable distinct_vtable = {
    .name = "distinct",
    .placement = SB_OP_KEYED,
    .build_port = SB_NO_PORT,
    .destroy = distinct_destroy,
    .local_create = distinct_local_create,
    .local_destroy = distinct_local_destroy,
    .on_batch = distinct_on_batch,
    .on_flush = distinct_on_flush,
    .group_create = distinct_group_create,
    .group_destroy = distinct_group_destroy,
    .on_block = distinct_on_block,
    .state_schema = distinct_state_schema,
    .snapshot = distinct_snapshot,
    .restore = distinct_restore,
};

enum sb_status sb_distinct_create(const struct sb_op_options *options, struct sb_op **out,
                                  struct sb_error *err)
{
    const struct sb_schema *schema = options->node->inputs[0]->schema;
    struct distinct *distinct;
    enum sb_status status;

    *out = NULL;
    SB_TRY_RETURN(sb_op_alloc(&distinct_vtable, sizeof *distinct, options, &distinct, err));
    distinct->base.flushes_each_run = options->node->spec.distinct.emits_at_once;
    status =
        sb_seen_keys_init(&distinct->keys, options->memory, schema, NULL, schema->field_count, err);
    if (status != SB_OK) {
        distinct_destroy(&distinct->base);
        return status;
    }
    *out = &distinct->base;
    return SB_OK;
}
