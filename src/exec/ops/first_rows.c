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
#include "exec/row_snapshot.h"
#include "state/row_table.h"

struct first_rows {
    struct sb_op base;
    struct sb_arena arena;
    int32_t key_count;
    const int32_t *keys;
    struct sb_row_layout layout;
    uint64_t *initial_row;
    struct sb_schema *state_schema;
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
    sb_row_layout_deinit(&plan.layout);
    sb_schema_release(plan.state_schema);
    sb_arena_deinit(&plan.arena);
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
    sb_row_table_init(&group->seen, op->memory, &rows->layout, rows->initial_row);
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
            SB_TRY_RETURN(sb_row_vector_load(&batch->columns[rows->keys[k]], selected, first, count,
                                             SB_ROW_CANONICAL, &chunk->scratches[k],
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
    *out = sb_schema_retain(first_rows_from(op)->state_schema);
    return SB_OK;
}

static enum sb_status first_rows_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct first_rows *rows = first_rows_from(op);
    struct first_rows_group *group = state;
    struct sb_row_saver saver = {0};
    enum sb_status status;

    SB_TRY_OUT(sb_row_saver_init(&saver, op->memory, rows->state_schema,
                                 group->seen.store.row_count, ctx->error));
    SB_TRY_OUT(
        sb_row_saver_add_store(&saver, &rows->layout, &group->seen.store, group->chunk, ctx));
    SB_TRY_OUT(sb_row_saver_finish(&saver, ctx));

out:
    sb_row_saver_deinit(&saver);
    return status;
}

static enum sb_status first_rows_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                                         struct sb_op_ctx *ctx)
{
    struct first_rows *rows = first_rows_from(op);
    struct first_rows_group *group = state;
    struct sb_row_chunk *chunk = group->chunk;
    enum sb_status status = SB_OK;

    for (int64_t first = 0; first < batch->row_count; first += SB_ROW_CHUNK) {
        int64_t count = batch->row_count - first;

        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        SB_TRY_OUT(sb_row_snapshot_load(batch, first, count, rows->key_count, chunk, ctx->error));
        SB_TRY_OUT(sb_row_table_upsert(&group->seen, chunk->vectors, chunk->hashes, count,
                                       chunk->rows, ctx->error));
    }

out:
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

static enum sb_status first_rows_plan(struct first_rows *rows, const struct sb_schema *schema,
                                      struct sb_error *err)
{
    int32_t count = rows->key_count;
    enum sb_row_kind *kinds = sb_arena_alloc(&rows->arena, sizeof *kinds * (size_t)count);
    struct sb_field *fields = sb_arena_alloc(&rows->arena, sizeof *fields * (size_t)count);
    struct sb_row_layout_options options = {
        .kinds = kinds,
        .field_count = count,
        .key_count = count,
        .has_hash = true,
        .has_nulls = true,
    };

    if (kinds == NULL || fields == NULL) {
        return sb_error_no_memory(err, "the plan of a distinct", 0);
    }
    for (int32_t k = 0; k < count; k++) {
        fields[k] = schema->fields[rows->keys[k]];
        fields[k].is_nullable = true;
        kinds[k] = sb_row_kind(&fields[k].type);
    }
    SB_TRY_RETURN(sb_row_layout_init(&rows->layout, rows->base.memory, &options, err));
    rows->initial_row = sb_arena_alloc_zeroed(&rows->arena, sizeof *rows->initial_row *
                                                                (size_t)rows->layout.row_words);
    if (rows->initial_row == NULL) {
        return sb_error_no_memory(err, "the plan of a distinct", 0);
    }
    return sb_schema_create(rows->base.memory, fields, count, &rows->state_schema, err);
}

enum sb_status sb_first_rows_create(const struct sb_op_options *options, struct sb_op **out,
                                    struct sb_error *err)
{
    struct first_rows *rows;
    enum sb_status status;

    *out = NULL;
    SB_TRY_RETURN(sb_op_alloc(&first_rows_vtable, sizeof *rows, options, &rows, err));
    sb_arena_init(&rows->arena, options->memory);
    rows->key_count = options->node->spec.distinct.key_count;
    rows->keys = options->node->spec.distinct.keys;
    status = first_rows_plan(rows, options->node->inputs[0]->schema, err);
    if (status != SB_OK) {
        first_rows_destroy(&rows->base);
        return status;
    }
    *out = &rows->base;
    return SB_OK;
}
