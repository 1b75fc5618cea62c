// SPDX-License-Identifier: Apache-2.0
/*
 * first_rows.c - DISTINCT by some of the columns, over input that does not end.
 *
 * The first row of a key leaves when it comes. Which row that is must not depend on how fast
 * workers are, so there is one group, which sees the rows of a split in order. (Over bounded input
 * DISTINCT by columns is an aggregate of first rows, which may run anywhere: order decides at the
 * end.) State: the keys seen, for as long as the job runs.
 */
#include "columnar/selection.h"
#include "exec/ops/ops.h"
#include "exec/ops/seen_keys.h"
#include "state/row_table.h"

struct first_rows {
    struct sb_op base;
    int32_t key_count;
    const int32_t *columns; // [key_count]
    struct sb_seen_keys keys;
};

struct first_rows_group {
    struct sb_row_table seen;
    struct sb_row_chunk *chunk;
};

static struct first_rows *first_rows_from(struct sb_op *op)
{
    return (struct first_rows *)op;
}

static void first_rows_destroy(struct sb_op *op)
{
    struct first_rows plan = *first_rows_from(op);

    sb_op_free(op, sizeof plan); // first: the group uses the layout
    sb_seen_keys_deinit(&plan.keys);
}

static void first_rows_group_destroy(struct sb_op *op, void *state)
{
    struct first_rows_group *group = state;

    sb_row_table_deinit(&group->seen);
    sb_row_chunk_destroy(group->chunk);
    sb_memory_free(op->memory, group, sizeof *group);
}

static enum sb_status first_rows_group_create(struct sb_op *op, int32_t group_index,
                                              struct sb_op_ctx *ctx, void **out)
{
    struct first_rows *rows = first_rows_from(op);
    struct first_rows_group *group = sb_memory_alloc_zeroed(op->memory, sizeof *group);
    enum sb_status status;

    if (group == NULL) {
        return sb_error_no_memory(ctx->error, "the keys seen", (int64_t)sizeof *group);
    }
    sb_row_table_init(&group->seen, op->memory, &rows->keys.layout, rows->keys.initial_row);
    status = sb_row_chunk_create(op->memory, rows->key_count, &group->chunk, ctx->error);
    if (status != SB_OK) {
        first_rows_group_destroy(op, group);
        return status;
    }
    *out = group;
    return SB_OK;
}

/* Positions in the batch of rows whose key is new. */
static enum sb_status fresh_find(struct first_rows *rows, struct first_rows_group *group,
                                 const struct sb_batch *batch, uint32_t *positions,
                                 int64_t *position_count, struct sb_error *err)
{
    struct sb_row_chunk *chunk = group->chunk;
    const uint32_t *selected = sb_batch_rows(batch);

    *position_count = 0;
    for (int64_t first = 0; first < batch->row_count; first += SB_ROW_CHUNK) {
        int64_t count = batch->row_count - first;
        uint16_t fresh[SB_ROW_CHUNK];
        int64_t fresh_count;

        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        for (int32_t k = 0; k < rows->key_count; k++) {
            SB_TRY_RETURN(sb_row_vector_load(&batch->columns[rows->columns[k]], selected, first,
                                             count, SB_ROW_CANONICAL, &chunk->scratches[k],
                                             &chunk->vectors[k], err));
        }
        sb_row_chunk_hash(chunk, rows->key_count, count);
        SB_TRY_RETURN(sb_row_table_insert(&group->seen, chunk->vectors, chunk->hashes, count,
                                          chunk->rows, fresh, &fresh_count, err));
        for (int64_t i = 0; i < fresh_count; i++) {
            uint32_t row = (uint32_t)(first + fresh[i]);
            positions[(*position_count)++] = selected == NULL ? row : selected[row];
        }
    }
    return SB_OK;
}

static enum sb_status first_rows_on_batch(struct sb_op *op, void *state, int32_t port,
                                          struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct sb_selection *selection = NULL;
    int64_t count = 0;
    enum sb_status status;

    SB_TRY_OUT(sb_selection_create(op->memory, batch->row_count, &selection, ctx->error));
    SB_TRY_OUT(fresh_find(first_rows_from(op), state, batch, selection->rows, &count, ctx->error));
    sb_op_count(ctx, SB_LEDGER_MERGED, batch->row_count - count);
    sb_selection_release(batch->selection);
    batch->selection = selection;
    batch->selection_first = 0;
    batch->row_count = count;
    return sb_op_emit(ctx, batch);

out:
    sb_selection_release(selection);
    sb_batch_deinit(batch);
    return status;
}

static enum sb_status first_rows_state_schema(struct sb_op *op, struct sb_memory *memory,
                                              struct sb_schema **out, struct sb_error *err)
{
    *out = sb_schema_retain(first_rows_from(op)->keys.state_schema);
    return SB_OK;
}

static enum sb_status first_rows_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct first_rows_group *group = state;

    return sb_seen_keys_save(&first_rows_from(op)->keys, &group->seen, group->chunk, ctx);
}

static enum sb_status first_rows_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                                         struct sb_op_ctx *ctx)
{
    struct first_rows_group *group = state;
    enum sb_status status = sb_seen_keys_restore(&first_rows_from(op)->keys, &group->seen, batch,
                                                 group->chunk, ctx->error);

    sb_batch_deinit(batch);
    return status;
}

static const struct sb_op_vtable first_rows_vtable = {
    .name = "distinct",
    .placement = SB_OP_SINGLE,
    .build_port = SB_NO_PORT,
    .destroy = first_rows_destroy,
    .on_batch = first_rows_on_batch,
    .group_create = first_rows_group_create,
    .group_destroy = first_rows_group_destroy,
    .state_schema = first_rows_state_schema,
    .snapshot = first_rows_snapshot,
    .restore = first_rows_restore,
};

enum sb_status sb_first_rows_create(const struct sb_op_options *options, struct sb_op **out,
                                    struct sb_error *err)
{
    struct first_rows *rows;
    enum sb_status status;

    *out = NULL;
    SB_TRY_RETURN(sb_op_alloc(&first_rows_vtable, sizeof *rows, options, &rows, err));
    rows->key_count = options->node->spec.distinct.key_count;
    rows->columns = options->node->spec.distinct.keys;
    status = sb_seen_keys_init(&rows->keys, options->memory, options->node->inputs[0]->schema,
                               rows->columns, rows->key_count, err);
    if (status != SB_OK) {
        first_rows_destroy(&rows->base);
        return status;
    }
    *out = &rows->base;
    return SB_OK;
}
