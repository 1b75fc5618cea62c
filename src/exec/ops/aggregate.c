// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate.c - groups rows by key and folds each group into one row.
 *
 * The local half aggregates into a table that stays in L2 and sends the table's rows, cut by key
 * group, when it is full. Where keys hardly ever repeat that is wasted work, so after a table that
 * filled with little to merge it sends rows as they come, for a while. The group half folds both
 * kinds of blocks into its table, which is all the state there is, and emits one row per key at
 * the end. Without keys the local half is one row, which goes to group 0.
 */
#include "exec/ops/aggregate_internal.h"
#include "exec/ops/ops.h"
#include "exec/row_snapshot.h"

enum {
    LOCAL_BYTES_MAX = 512 * 1024, // of rows and index of the local table: half of a usual L2
    LOCAL_HEAP_MAX = 1024 * 1024, // of its text
    MERGES_WORTHWHILE = 2,        // rows in for each row out that make a local table pay
    BYPASS_TABLES = 32,           // rows sent as they come before trying again, in full tables
    EMIT_ROWS_MAX = 64 * 1024,
};

struct aggregate_local {
    struct sb_row_table table;
    int64_t row_limit;      // of the table
    int64_t absorbed_count; // rows folded into the table since it was empty
    int64_t bypass_count;   // rows still to be sent as they come
    struct sb_row_scatter raws;
    struct sb_row_scatter states;
    struct sb_row_chunk *chunk;
};

struct aggregate_group {
    struct sb_row_table table;
};

static struct sb_aggregate *aggregate_from(struct sb_op *op)
{
    return (struct sb_aggregate *)op;
}

static void aggregate_destroy(struct sb_op *op)
{
    struct sb_aggregate *aggregate = aggregate_from(op);
    struct sb_aggregate plan = *aggregate;

    sb_op_free(op, sizeof *aggregate); // first: groups use the layouts
    sb_aggregate_plan_deinit(&plan);
}

static int32_t vector_count_max(const struct sb_aggregate *aggregate)
{
    int32_t values = aggregate->arg_count > aggregate->step_count ? aggregate->arg_count
                                                                  : aggregate->step_count;
    return aggregate->key_count + values;
}

// --- local half ----------------------------------------------------------------------------------

static void aggregate_local_destroy(struct sb_op *op, int32_t port, void *state)
{
    struct aggregate_local *local = state;

    sb_row_table_deinit(&local->table);
    sb_row_scatter_deinit(&local->raws);
    sb_row_scatter_deinit(&local->states);
    sb_row_chunk_destroy(local->chunk);
    sb_memory_free(op->memory, local, sizeof *local);
}

static enum sb_status aggregate_local_create(struct sb_op *op, int32_t port, struct sb_op_ctx *ctx,
                                             void **out)
{
    struct sb_aggregate *aggregate = aggregate_from(op);
    struct aggregate_local *local = sb_memory_alloc_zeroed(op->memory, sizeof *local);

    if (local == NULL) {
        return sb_error_no_memory(ctx->error, "local state", (int64_t)sizeof *local);
    }
    sb_row_table_init(&local->table, op->memory, &aggregate->state_layout, aggregate->initial_row);
    sb_row_scatter_init(&local->raws, op, &aggregate->raw_layout, SB_AGGREGATE_RAW);
    sb_row_scatter_init(&local->states, op, &aggregate->state_layout, SB_AGGREGATE_STATE);
    // A row and the two to four slots it has in the index.
    local->row_limit = LOCAL_BYTES_MAX / (8 * (aggregate->state_layout.row_words + 3));
    if (sb_row_chunk_create(op->memory, vector_count_max(aggregate), &local->chunk, ctx->error) !=
        SB_OK) {
        aggregate_local_destroy(op, port, local);
        return SB_NO_MEMORY;
    }
    *out = local;
    return SB_OK;
}

/* Sends the rows of the local table and empties it. */
static enum sb_status local_table_send(struct sb_aggregate *aggregate,
                                       struct aggregate_local *local, struct sb_op_ctx *ctx)
{
    const struct sb_row_layout *layout = &aggregate->state_layout;
    struct sb_row_chunk *chunk = local->chunk;
    struct sb_row_cursor cursor = {0};
    int64_t merged = local->absorbed_count - local->table.store.row_count;
    int64_t count;

    while ((count = sb_row_cursor_next(&cursor, &local->table.store, SB_ROW_CHUNK, chunk->rows)) >
           0) {
        for (int64_t i = 0; i < count; i++) {
            chunk->hashes[i] = chunk->rows[i][layout->hash_word];
        }
        for (int32_t f = 0; f < layout->field_count; f++) {
            sb_row_field_load(&layout->fields[f], chunk->rows, count, NULL, &chunk->scratches[f],
                              &chunk->vectors[f]);
        }
        SB_TRY_RETURN(sb_row_scatter_append(&local->states, chunk, count, ctx));
    }
    sb_op_count(ctx, SB_LEDGER_MERGED, merged);
    sb_op_count(ctx, SB_LEDGER_HELD, -merged);
    sb_row_table_reset(&local->table);
    local->absorbed_count = 0;
    return SB_OK;
}

static enum sb_status vectors_load(const struct sb_aggregate *aggregate,
                                   const struct sb_batch *batch, int64_t first, int64_t count,
                                   struct sb_row_chunk *chunk, struct sb_error *err)
{
    const uint32_t *rows = sb_batch_rows(batch);

    for (int32_t k = 0; k < aggregate->key_count; k++) {
        SB_TRY_RETURN(sb_row_vector_load(&batch->columns[aggregate->keys[k]], rows, first, count,
                                         SB_ROW_CANONICAL, &chunk->scratches[k],
                                         &chunk->vectors[k], err));
    }
    for (int32_t a = 0; a < aggregate->arg_count; a++) {
        const struct sb_aggregate_arg *arg = &aggregate->args[a];
        int32_t v = aggregate->key_count + a;
        SB_TRY_RETURN(sb_row_vector_load(&batch->columns[arg->column], rows, first, count,
                                         arg->reading, &chunk->scratches[v], &chunk->vectors[v],
                                         err));
    }
    return SB_OK;
}

/* Folds the values in the chunk's vectors into the rows of their keys. */
static enum sb_status table_update(const struct sb_aggregate *aggregate, struct sb_row_table *table,
                                   struct sb_row_chunk *chunk, int64_t count, struct sb_error *err)
{
    SB_TRY_RETURN(
        sb_row_table_upsert(table, chunk->vectors, chunk->hashes, count, chunk->rows, err));
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        int32_t arg = aggregate->steps[s].arg;
        const struct sb_row_vector *vector =
            arg < 0 ? NULL : &chunk->vectors[aggregate->key_count + arg];
        SB_TRY_RETURN(sb_aggregate_update(aggregate, s, chunk->rows, vector, count,
                                          &table->store.heap, err));
    }
    return SB_OK;
}

/* The same without keys: one row takes all. */
static enum sb_status table_reduce(const struct sb_aggregate *aggregate, struct sb_row_table *table,
                                   struct sb_row_chunk *chunk, int64_t count, struct sb_error *err)
{
    SB_TRY_RETURN(sb_row_table_upsert(table, NULL, chunk->hashes, 1, chunk->rows, err));
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        int32_t arg = aggregate->steps[s].arg;
        SB_TRY_RETURN(sb_aggregate_reduce(aggregate, s, chunk->rows[0],
                                          arg < 0 ? NULL : &chunk->vectors[arg], count,
                                          &table->store.heap, err));
    }
    return SB_OK;
}

static enum sb_status local_chunk_apply(struct sb_aggregate *aggregate,
                                        struct aggregate_local *local, int64_t count,
                                        struct sb_op_ctx *ctx)
{
    struct sb_row_table *table = &local->table;

    if (aggregate->key_count == 0) {
        local->absorbed_count += count;
        return table_reduce(aggregate, table, local->chunk, count, ctx->error);
    }
    if (local->bypass_count > 0) {
        local->bypass_count -= count;
        return sb_row_scatter_append(&local->raws, local->chunk, count, ctx);
    }
    SB_TRY_RETURN(table_update(aggregate, table, local->chunk, count, ctx->error));
    local->absorbed_count += count;
    if (table->store.row_count >= local->row_limit ||
        table->store.heap.bytes_used >= LOCAL_HEAP_MAX) {
        if (local->absorbed_count < MERGES_WORTHWHILE * table->store.row_count) {
            local->bypass_count = BYPASS_TABLES * local->row_limit;
        }
        SB_TRY_RETURN(local_table_send(aggregate, local, ctx));
    }
    return SB_OK;
}

static enum sb_status aggregate_on_batch(struct sb_op *op, void *state, int32_t port,
                                         struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct sb_aggregate *aggregate = aggregate_from(op);
    struct aggregate_local *local = state;
    enum sb_status status = SB_OK;

    sb_op_count(ctx, SB_LEDGER_HELD, batch->row_count);
    for (int64_t first = 0; first < batch->row_count; first += SB_ROW_CHUNK) {
        int64_t count = batch->row_count - first;
        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        SB_TRY_OUT(vectors_load(aggregate, batch, first, count, local->chunk, ctx->error));
        sb_row_chunk_hash(local->chunk, aggregate->key_count, count);
        SB_TRY_OUT(local_chunk_apply(aggregate, local, count, ctx));
    }

out:
    sb_batch_deinit(batch);
    return status;
}

static enum sb_status aggregate_on_flush(struct sb_op *op, void *state, int32_t port,
                                         struct sb_op_ctx *ctx)
{
    struct aggregate_local *local = state;

    SB_TRY_RETURN(local_table_send(aggregate_from(op), local, ctx));
    SB_TRY_RETURN(sb_row_scatter_flush(&local->raws, ctx));
    return sb_row_scatter_flush(&local->states, ctx);
}

// --- group half ----------------------------------------------------------------------------------

static enum sb_status aggregate_group_create(struct sb_op *op, int32_t group_index,
                                             struct sb_op_ctx *ctx, void **out)
{
    struct sb_aggregate *aggregate = aggregate_from(op);
    struct aggregate_group *group = sb_memory_alloc_zeroed(op->memory, sizeof *group);

    if (group == NULL) {
        return sb_error_no_memory(ctx->error, "a key group", (int64_t)sizeof *group);
    }
    sb_row_table_init(&group->table, op->memory, &aggregate->state_layout, aggregate->initial_row);
    *out = group;
    return SB_OK;
}

static void aggregate_group_destroy(struct sb_op *op, void *state)
{
    struct aggregate_group *group = state;

    sb_row_table_deinit(&group->table);
    sb_memory_free(op->memory, group, sizeof *group);
}

/* Folds the steps in the chunk's vectors into the rows of their keys. */
static enum sb_status table_merge(const struct sb_aggregate *aggregate, struct sb_row_table *table,
                                  struct sb_row_chunk *chunk, int64_t count, struct sb_error *err)
{
    SB_TRY_RETURN(
        sb_row_table_upsert(table, chunk->vectors, chunk->hashes, count, chunk->rows, err));
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        SB_TRY_RETURN(sb_aggregate_merge(aggregate, s, chunk->rows,
                                         &chunk->vectors[aggregate->key_count + s], count,
                                         &table->store.heap, err));
    }
    return SB_OK;
}

static enum sb_status block_apply(struct sb_aggregate *aggregate, struct sb_row_table *table,
                                  const struct sb_block *block, struct sb_row_chunk *chunk,
                                  struct sb_error *err)
{
    const struct sb_row_block *header = sb_row_block(block);
    bool is_raw = header->format == SB_AGGREGATE_RAW;
    const struct sb_row_layout *layout =
        is_raw ? &aggregate->raw_layout : &aggregate->state_layout;

    for (int64_t first = 0; first < block->row_count; first += SB_ROW_CHUNK) {
        int64_t count = block->row_count - first;
        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        sb_row_chunk_point(chunk, (uint64_t *)header->rows + first * layout->row_words,
                           layout->row_words, count);
        for (int64_t i = 0; i < count; i++) {
            chunk->hashes[i] = chunk->rows[i][layout->hash_word];
        }
        for (int32_t f = 0; f < layout->field_count; f++) {
            sb_row_field_load(&layout->fields[f], chunk->rows, count, block->data,
                              &chunk->scratches[f], &chunk->vectors[f]);
        }
        SB_TRY_RETURN(is_raw ? table_update(aggregate, table, chunk, count, err)
                             : table_merge(aggregate, table, chunk, count, err));
    }
    return SB_OK;
}

static enum sb_status aggregate_on_block(struct sb_op *op, void *state, struct sb_block *block,
                                         struct sb_op_ctx *ctx)
{
    struct sb_aggregate *aggregate = aggregate_from(op);
    struct sb_row_table *table = &((struct aggregate_group *)state)->table;
    int64_t rows_before = table->store.row_count;
    struct sb_row_chunk *chunk = NULL;
    enum sb_status status;
    int64_t merged;

    SB_TRY_OUT(sb_row_chunk_create(op->memory, vector_count_max(aggregate), &chunk, ctx->error));
    status = block_apply(aggregate, table, block, chunk, ctx->error);
    merged = block->row_count - (table->store.row_count - rows_before);
    sb_op_count(ctx, SB_LEDGER_MERGED, merged);
    sb_op_count(ctx, SB_LEDGER_HELD, -merged);

out:
    sb_row_chunk_destroy(chunk);
    sb_block_destroy(op->memory, block);
    return status;
}

// --- output --------------------------------------------------------------------------------------

static enum sb_status column_finish(struct sb_aggregate *aggregate, int32_t column,
                                    const struct sb_row_store *store, struct sb_row_cursor cursor,
                                    struct sb_row_chunk *chunk, struct sb_batch *batch,
                                    struct sb_error *err)
{
    struct sb_row_vector *vector = &chunk->vectors[0];
    int64_t row_count = batch->row_count;
    struct sb_column_writer writer;
    enum sb_status status;

    SB_TRY_RETURN(sb_column_writer_init(&writer, store->memory,
                                        &batch->schema->fields[column].type, row_count, err));
    for (int64_t done = 0; done < row_count;) {
        int64_t count = row_count - done < SB_ROW_CHUNK ? row_count - done : SB_ROW_CHUNK;
        count = sb_row_cursor_next(&cursor, store, count, chunk->rows);
        if (column < aggregate->key_count) {
            sb_row_field_load(&aggregate->state_layout.fields[column], chunk->rows, count, NULL,
                              &chunk->scratches[0], vector);
        } else {
            SB_TRY_OUT(sb_aggregate_finish(aggregate,
                                           &aggregate->calls[column - aggregate->key_count],
                                           chunk->rows, count, &chunk->scratches[0], vector, err));
        }
        SB_TRY_OUT(sb_column_writer_append(&writer, vector, count, err));
        done += count;
    }
    SB_TRY_OUT(sb_column_writer_finish(&writer, row_count, &batch->columns[column], err));
    return SB_OK;

out:
    sb_column_writer_deinit(&writer);
    return status;
}

/* Emits one row per key of the table. */
static enum sb_status table_emit(struct sb_aggregate *aggregate, const struct sb_row_store *store,
                                 struct sb_op_ctx *ctx)
{
    struct sb_schema *schema = aggregate->op.node->schema;
    struct sb_row_cursor cursor = {0};
    struct sb_batch batch = {0};
    struct sb_row_chunk *chunk;
    enum sb_status status = SB_OK;

    SB_TRY_RETURN(sb_row_chunk_create(store->memory, 1, &chunk, ctx->error));
    for (int64_t done = 0; done < store->row_count;) {
        int64_t count = store->row_count - done;

        count = count < EMIT_ROWS_MAX ? count : EMIT_ROWS_MAX;
        SB_TRY_OUT(sb_batch_init(&batch, store->memory, schema, count, ctx->error));
        for (int32_t f = 0; f < schema->field_count; f++) {
            SB_TRY_OUT(column_finish(aggregate, f, store, cursor, chunk, &batch, ctx->error));
        }
        sb_row_cursor_skip(&cursor, store, count);
        sb_op_count(ctx, SB_LEDGER_HELD, -count);
        status = sb_op_emit(ctx, &batch);
        batch = (struct sb_batch){0};
        SB_TRY_OUT(status);
        done += count;
    }

out:
    sb_batch_deinit(&batch);
    sb_row_chunk_destroy(chunk);
    return status;
}

static enum sb_status aggregate_on_end(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct sb_aggregate *aggregate = aggregate_from(op);
    struct sb_row_table *table = &((struct aggregate_group *)state)->table;

    if (aggregate->key_count == 0 && table->store.row_count == 0) {
        uint64_t hash = 0;
        uint64_t *row;
        SB_TRY_RETURN(sb_row_table_upsert(table, NULL, &hash, 1, &row, ctx->error));
        sb_op_count(ctx, SB_LEDGER_ADDED, 1);
        sb_op_count(ctx, SB_LEDGER_HELD, 1);
    }
    SB_TRY_RETURN(table_emit(aggregate, &table->store, ctx));
    sb_row_table_reset(table);
    return SB_OK;
}

static bool aggregate_ends_without_input(const struct sb_op *op)
{
    return ((const struct sb_aggregate *)op)->key_count == 0;
}

// --- snapshots -----------------------------------------------------------------------------------

static enum sb_status aggregate_state_schema(struct sb_op *op, struct sb_memory *memory,
                                             struct sb_schema **out, struct sb_error *err)
{
    *out = sb_schema_retain(aggregate_from(op)->state_schema);
    return SB_OK;
}

static enum sb_status aggregate_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct sb_aggregate *aggregate = aggregate_from(op);
    const struct sb_row_table *table = &((struct aggregate_group *)state)->table;

    return sb_row_snapshot_save(&table->store, &aggregate->state_layout, aggregate->state_schema,
                                ctx);
}

static enum sb_status aggregate_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                                        struct sb_op_ctx *ctx)
{
    struct sb_aggregate *aggregate = aggregate_from(op);
    struct sb_row_table *table = &((struct aggregate_group *)state)->table;
    struct sb_row_chunk *chunk = NULL;
    enum sb_status status;

    SB_TRY_OUT(sb_row_chunk_create(op->memory, vector_count_max(aggregate), &chunk, ctx->error));
    for (int64_t first = 0; first < batch->row_count; first += SB_ROW_CHUNK) {
        int64_t count = batch->row_count - first;
        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        SB_TRY_OUT(
            sb_row_snapshot_load(batch, first, count, aggregate->key_count, chunk, ctx->error));
        SB_TRY_OUT(table_merge(aggregate, table, chunk, count, ctx->error));
    }

out:
    sb_row_chunk_destroy(chunk);
    sb_batch_deinit(batch);
    return status;
}

static const struct sb_op_vtable aggregate_vtable = {
    .name = "aggregate",
    .placement = SB_OP_KEYED,
    .build_port = SB_NO_PORT,
    .emits_only_at_end = true,
    .destroy = aggregate_destroy,
    .local_create = aggregate_local_create,
    .local_destroy = aggregate_local_destroy,
    .on_batch = aggregate_on_batch,
    .on_flush = aggregate_on_flush,
    .group_create = aggregate_group_create,
    .group_destroy = aggregate_group_destroy,
    .on_block = aggregate_on_block,
    .on_end = aggregate_on_end,
    .ends_without_input = aggregate_ends_without_input,
    .state_schema = aggregate_state_schema,
    .snapshot = aggregate_snapshot,
    .restore = aggregate_restore,
};

enum sb_status sb_aggregate_create(const struct sb_op_options *options, struct sb_op **out,
                                   struct sb_error *err)
{
    struct sb_aggregate *aggregate;
    enum sb_status status;

    *out = NULL;
    SB_TRY_RETURN(sb_op_alloc(&aggregate_vtable, sizeof *aggregate, options, &aggregate, err));
    status = sb_aggregate_plan(aggregate, options, err);
    if (status != SB_OK) {
        aggregate_destroy(&aggregate->op);
        return status;
    }
    *out = &aggregate->op;
    return SB_OK;
}
