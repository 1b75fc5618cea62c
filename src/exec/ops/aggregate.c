// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate.c - groups rows by key and folds each group into one row.
 *
 * The local half folds what repeats and sends rows to their key group (aggregate_local.c); the
 * group half folds those into its tables, which are all the state there is (aggregate_group.c).
 * At the end each group emits one row per key, here; with emit = update the rows that changed after
 * each round of blocks. Without keys the local half is one row, which goes to group 0; there is one
 * row of output even over no input.
 */
#include "exec/ops/aggregate_internal.h"
#include "exec/ops/ops.h"

enum { EMIT_ROWS_MAX = 64 * 1024 };

static void aggregate_destroy(struct sb_op *op)
{
    struct sb_aggregate plan = *sb_aggregate_from(op);

    sb_op_free(op, sizeof plan); // first: groups use the layouts
    sb_aggregate_plan_deinit(&plan);
}

// --- output --------------------------------------------------------------------------------------

/* Rows of a group on their way out, of whichever form they are. */
struct group_reader {
    struct sb_aggregate *aggregate;
    const struct sb_aggregate_group *group;
    const struct sb_row_store *store; // the full rows, or the addresses of those that changed
    struct sb_row_cursor cursor;      // of `store`
    int64_t position;                 // plain
};

static bool reader_is_indirect(const struct group_reader *reader)
{
    return reader->store == &reader->group->changed;
}

static int64_t reader_row_count(const struct group_reader *reader)
{
    return reader->store->row_count + reader->group->plain.row_count;
}

static void reader_skip(struct group_reader *reader, int64_t count)
{
    if (reader->group->plain.row_count > 0) {
        reader->position += count;
    } else {
        sb_row_cursor_skip(&reader->cursor, reader->store, count);
    }
}

static int64_t reader_rows(struct group_reader *reader, int64_t count, uint64_t **rows)
{
    count = sb_row_cursor_next(&reader->cursor, reader->store, count, rows);
    if (reader_is_indirect(reader)) {
        for (int64_t i = 0; i < count; i++) {
            rows[i] = (uint64_t *)(uintptr_t)*rows[i];
        }
    }
    return count;
}

static const struct sb_aggregate_call_plan *reader_call(const struct group_reader *reader,
                                                        int32_t column)
{
    const struct sb_aggregate *aggregate = reader->aggregate;

    column = aggregate->outputs == NULL ? column : aggregate->outputs[column];
    return column < aggregate->key_count ? NULL : &aggregate->calls[column - aggregate->key_count];
}

/* Up to SB_ROW_CHUNK values of an output column; returns how many. */
static enum sb_status reader_next(struct group_reader *reader, int32_t column, int64_t *count,
                                  struct sb_row_chunk *chunk, struct sb_error *err)
{
    const struct sb_aggregate *aggregate = reader->aggregate;
    const struct sb_word_table *plain = &reader->group->plain;
    struct sb_row_vector *vector = &chunk->vectors[0];
    const struct sb_aggregate_call_plan *call = reader_call(reader, column);

    column = aggregate->outputs == NULL ? column : aggregate->outputs[column];

    if (plain->row_count > 0) {
        const uint64_t *rows = sb_word_table_run(plain, reader->position, count);
        reader->position += *count;
        if (call == NULL) {
            sb_plain_key_load(aggregate, column, rows, *count, &chunk->scratches[0], vector);
        } else {
            sb_plain_finish(aggregate, call, rows, *count, &chunk->scratches[0], vector);
        }
        return SB_OK;
    }
    *count = reader_rows(reader, *count, chunk->rows);
    if (call == NULL) {
        sb_row_field_load(&aggregate->state_layout.fields[column], chunk->rows, *count, NULL,
                          &chunk->scratches[0], vector);
        return SB_OK;
    }
    return sb_aggregate_finish(aggregate, call, chunk->rows, *count, &chunk->scratches[0], vector,
                               err);
}

static enum sb_status list_emit(struct group_reader reader, int32_t column,
                                struct sb_row_chunk *chunk, struct sb_batch *batch,
                                struct sb_error *err)
{
    const struct sb_aggregate_call_plan *call = reader_call(&reader, column);
    struct sb_builder builder;
    enum sb_status status = SB_OK;

    sb_builder_init(&builder, reader.aggregate->op.memory, &batch->schema->fields[column].type);
    for (int64_t done = 0; done < batch->row_count;) {
        int64_t count = batch->row_count - done;
        count = reader_rows(&reader, count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK, chunk->rows);
        SB_TRY_OUT(
            sb_aggregate_list_append(reader.aggregate, call, chunk->rows, count, &builder, err));
        done += count;
    }
    SB_TRY_OUT(sb_builder_finish(&builder, &batch->columns[column], err));

out:
    sb_builder_deinit(&builder);
    return status;
}

static enum sb_status column_emit(struct group_reader reader, int32_t column,
                                  struct sb_row_chunk *chunk, struct sb_batch *batch,
                                  struct sb_error *err)
{
    int64_t row_count = batch->row_count;
    struct sb_column_writer writer;
    enum sb_status status;

    SB_TRY_RETURN(sb_column_writer_init(&writer, reader.aggregate->op.memory,
                                        &batch->schema->fields[column].type, row_count, err));
    for (int64_t done = 0; done < row_count;) {
        int64_t count = row_count - done < SB_ROW_CHUNK ? row_count - done : SB_ROW_CHUNK;
        SB_TRY_OUT(reader_next(&reader, column, &count, chunk, err));
        SB_TRY_OUT(sb_column_writer_append(&writer, &chunk->vectors[0], count, err));
        done += count;
    }
    SB_TRY_OUT(sb_column_writer_finish(&writer, row_count, &batch->columns[column], err));
    return SB_OK;

out:
    sb_column_writer_deinit(&writer);
    return status;
}

/* Emits one row per key of `store`; `entry` is what that does to the ledger, by `share` a row. */
static enum sb_status group_emit(struct sb_aggregate *aggregate, struct sb_aggregate_group *group,
                                 const struct sb_row_store *store, enum sb_ledger_entry entry,
                                 int64_t share, struct sb_op_ctx *ctx)
{
    struct sb_schema *schema = aggregate->op.node->schema;
    struct group_reader reader = {.aggregate = aggregate, .group = group, .store = store};
    struct sb_batch batch = {0};
    struct sb_row_chunk *chunk;
    enum sb_status status = SB_OK;

    SB_TRY_RETURN(sb_row_chunk_create(aggregate->op.memory, 1, &chunk, ctx->error));
    for (int64_t done = 0; done < reader_row_count(&reader);) {
        int64_t count = reader_row_count(&reader) - done;

        count = count < EMIT_ROWS_MAX ? count : EMIT_ROWS_MAX;
        SB_TRY_OUT(sb_batch_init(&batch, aggregate->op.memory, schema, count, ctx->error));
        for (int32_t f = 0; f < schema->field_count; f++) {
            const struct sb_aggregate_call_plan *call = reader_call(&reader, f);
            bool is_list = call != NULL && call->call->function == SB_AGGREGATE_LIST;
            SB_TRY_OUT(is_list ? list_emit(reader, f, chunk, &batch, ctx->error)
                               : column_emit(reader, f, chunk, &batch, ctx->error));
        }
        reader_skip(&reader, count);
        sb_op_count(ctx, entry, share * count);
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

/* Emits all rows, which were held until now, and forgets them. */
static enum sb_status group_emit_final(struct sb_aggregate *aggregate,
                                       struct sb_aggregate_group *group, struct sb_op_ctx *ctx)
{
    SB_TRY_RETURN(group_emit(aggregate, group, &group->full.store, SB_LEDGER_HELD, -1, ctx));
    sb_row_table_reset(&group->full);
    sb_word_table_deinit(&group->plain);
    sb_aggregate_collected_drop(aggregate, group);
    return SB_OK;
}

// --- final results -------------------------------------------------------------------------------

static enum sb_status aggregate_on_end(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct sb_aggregate *aggregate = sb_aggregate_from(op);
    struct sb_aggregate_group *group = state;

    SB_TRY_RETURN(sb_aggregate_group_unite(aggregate, group, ctx));
    return group_emit_final(aggregate, group, ctx);
}

// --- without keys --------------------------------------------------------------------------------

/* The only row of a group without keys, made if it is not there. */
static enum sb_status global_row(struct sb_aggregate_group *group, uint64_t **row,
                                 struct sb_error *err)
{
    uint64_t hash = 0;

    return sb_row_table_upsert(&group->full, NULL, &hash, 1, row, err);
}

static enum sb_status global_on_end(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    return sb_aggregate_group_unite(sb_aggregate_from(op), state, ctx);
}

/* Distinct values were spread over all groups: their numbers add up in the row of group 0. */
static enum sb_status global_on_finish(struct sb_op *op, struct sb_op_ctx *ctx)
{
    struct sb_aggregate *aggregate = sb_aggregate_from(op);
    struct sb_aggregate_group *first = op->groups[0];
    uint64_t *row;

    if (first->full.store.row_count == 0) {
        sb_op_count(ctx, SB_LEDGER_ADDED, 1);
        sb_op_count(ctx, SB_LEDGER_HELD, 1);
    }
    SB_TRY_RETURN(global_row(first, &row, ctx->error));
    for (int32_t g = 1; g < op->group_count; g++) {
        struct sb_aggregate_group *group = op->groups[g];
        uint64_t *other;

        if (group == NULL || group->full.store.row_count == 0) {
            continue;
        }
        SB_TRY_RETURN(global_row(group, &other, ctx->error));
        for (int32_t s = 0; s < aggregate->step_count; s++) {
            if (aggregate->steps[s].kind == SB_STEP_DISTINCT) {
                row[sb_aggregate_field(aggregate, s)->word] +=
                    other[sb_aggregate_field(aggregate, s)->word];
            }
        }
    }
    return group_emit_final(aggregate, first, ctx);
}

static bool global_ends_without_input(const struct sb_op *op)
{
    return true;
}

// --- updates -------------------------------------------------------------------------------------

/* Emits the rows that have changed since the last time. They stay, so each is one row more. */
static enum sb_status updates_emit(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct sb_aggregate *aggregate = sb_aggregate_from(op);
    struct sb_aggregate_group *group = state;

    SB_TRY_RETURN(sb_aggregate_group_settle(aggregate, group, ctx));
    SB_TRY_RETURN(group_emit(aggregate, group, &group->changed, SB_LEDGER_ADDED, 1, ctx));
    sb_row_store_reset(&group->changed);
    group->round++;
    return SB_OK;
}

static enum sb_status updates_on_end(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct sb_aggregate *aggregate = sb_aggregate_from(op);
    struct sb_aggregate_group *group = state;
    int64_t row_count;
    uint64_t *row;

    SB_TRY_RETURN(updates_emit(op, group, ctx));
    row_count = group->full.store.row_count;
    if (aggregate->key_count == 0 && row_count == 0) {
        SB_TRY_RETURN(global_row(group, &row, ctx->error));
        SB_TRY_RETURN(sb_aggregate_rows_changed(aggregate, group, &row, 1, ctx->error));
        SB_TRY_RETURN(updates_emit(op, group, ctx));
    }
    sb_aggregate_count_merged(ctx, row_count, 0);
    return SB_OK;
}

static bool updates_ends_without_input(const struct sb_op *op)
{
    return ((const struct sb_aggregate *)op)->key_count == 0;
}

// --- the operator --------------------------------------------------------------------------------

static enum sb_status aggregate_state_schema(struct sb_op *op, struct sb_memory *memory,
                                             struct sb_schema **out, struct sb_error *err)
{
    *out = sb_schema_retain(sb_aggregate_from(op)->state_schema);
    return SB_OK;
}

#define AGGREGATE_HOOKS                                                                            \
    .name = "aggregate", .placement = SB_OP_KEYED, .build_port = SB_NO_PORT,                       \
    .destroy = aggregate_destroy, .local_create = sb_aggregate_local_create,                       \
    .local_destroy = sb_aggregate_local_destroy, .on_batch = sb_aggregate_on_batch,                \
    .on_flush = sb_aggregate_on_flush, .group_create = sb_aggregate_group_create,                  \
    .group_destroy = sb_aggregate_group_destroy, .on_block = sb_aggregate_on_block,                \
    .on_barrier = sb_aggregate_on_barrier, .state_schema = aggregate_state_schema,                 \
    .snapshot = sb_aggregate_snapshot, .restore = sb_aggregate_restore

static const struct sb_op_vtable aggregate_vtable = {
    AGGREGATE_HOOKS,
    .emits_only_at_end = true,
    .on_end = aggregate_on_end,
};

static const struct sb_op_vtable global_vtable = {
    AGGREGATE_HOOKS,
    .emits_only_at_end = true,
    .on_end = global_on_end,
    .on_finish = global_on_finish,
    .ends_without_input = global_ends_without_input,
};

static const struct sb_op_vtable updates_vtable = {
    AGGREGATE_HOOKS,
    .on_blocks_end = updates_emit,
    .on_end = updates_on_end,
    .ends_without_input = updates_ends_without_input,
};

enum sb_status sb_aggregate_create(const struct sb_op_options *options, struct sb_op **out,
                                   struct sb_error *err)
{
    const struct sb_aggregate_spec *spec = sb_aggregate_spec(options->node);
    const struct sb_op_vtable *vtable = spec->emits_updates    ? &updates_vtable
                                        : spec->key_count == 0 ? &global_vtable
                                                               : &aggregate_vtable;
    struct sb_aggregate *aggregate;
    enum sb_status status;

    *out = NULL;
    SB_TRY_RETURN(sb_op_alloc(vtable, sizeof *aggregate, options, &aggregate, err));
    status = sb_aggregate_plan(aggregate, options, err);
    if (status != SB_OK) {
        aggregate_destroy(&aggregate->op);
        return status;
    }
    *out = &aggregate->op;
    return SB_OK;
}
