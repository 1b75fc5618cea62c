// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_snapshot.c - a key group's build rows as a batch of columns, and back.
 */
#include "exec/ops/hash_join_internal.h"
#include "exec/row_snapshot.h"

enum sb_status sb_join_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct sb_hash_join *join = sb_hash_join_from(op);
    struct sb_join_group *group = state;
    int64_t row_count = group->block_row_count + group->apart_row_count + group->slots.row_count +
                        group->table.store.row_count;
    const struct sb_row_layout *layout;
    struct sb_row_saver saver = {0};
    struct sb_join_walk apart = {0};
    struct sb_join_walk walk = {0};
    struct sb_row_chunk *chunk;
    const uint8_t *base;
    int64_t count;
    enum sb_status status;

    SB_TRY_RETURN(sb_row_chunk_create(op->memory, join->layout.field_count, &chunk, ctx->error));
    SB_TRY_OUT(sb_row_saver_init(&saver, op->memory, join->state_schema, row_count, ctx->error));
    while ((count = sb_join_walk_next(join, group, &walk, chunk->rows, &layout, &base)) > 0) {
        SB_TRY_OUT(sb_row_saver_add_rows(&saver, layout, chunk->rows, count, base, chunk, ctx));
    }
    while ((count = sb_join_walk_apart(join, group, &apart, chunk->rows, &layout, &base)) > 0) {
        SB_TRY_OUT(sb_row_saver_add_rows(&saver, layout, chunk->rows, count, base, chunk, ctx));
    }
    SB_TRY_OUT(sb_row_saver_finish(&saver, ctx));

out:
    sb_row_saver_deinit(&saver);
    sb_row_chunk_destroy(chunk);
    return status;
}

/* How many rows from `first` on are marked as the first is: apart, or not. */
static int64_t marks_run(const struct sb_hash_join *join, const struct sb_batch *batch,
                         int64_t first, bool *is_apart)
{
    int64_t count = batch->row_count - first;
    const uint8_t *marks;
    int64_t run = 1;

    count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
    *is_apart = false;
    if (!join->keeps_right) {
        return count;
    }
    marks = sb_column_fixed(&batch->columns[join->mark_field], 1);
    *is_apart = marks[first] == SB_JOIN_NEVER;
    while (run < count && (marks[first + run] == SB_JOIN_NEVER) == *is_apart) {
        run++;
    }
    return run;
}

/* Keeps `count` rows of the chunk, as the block they might have come in. */
static enum sb_status chunk_restore(struct sb_hash_join *join, struct sb_join_group *group,
                                    struct sb_row_chunk *chunk, int64_t count, bool is_apart,
                                    struct sb_join_facts *facts, struct sb_error *err)
{
    bool had_null_payload = facts->has_null_payload;
    int32_t format = SB_JOIN_FORMAT_APART;
    struct sb_block *block;

    if (!is_apart) {
        facts->has_null_payload = false;
        sb_join_facts_note(join, facts, chunk, count);
        format = !join->is_word            ? SB_JOIN_FORMAT_ROWS
                 : facts->has_null_payload ? SB_JOIN_FORMAT_FULL
                                           : SB_JOIN_FORMAT_PLAIN;
        facts->has_null_payload = facts->has_null_payload || had_null_payload;
    }
    SB_TRY_RETURN(sb_row_block_make(join->op.memory, sb_join_layout(join, format), format, chunk,
                                    count, &block, err));
    sb_join_block_keep(group, block);
    return SB_OK;
}

enum sb_status sb_join_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                               struct sb_op_ctx *ctx)
{
    struct sb_hash_join *join = sb_hash_join_from(op);
    struct sb_join_facts facts = {0};
    struct sb_row_chunk *chunk = NULL;
    int64_t count;
    enum sb_status status;

    SB_TRY_OUT(sb_batch_flatten(batch, ctx->error));
    SB_TRY_OUT(sb_row_chunk_create(op->memory, join->layout.field_count, &chunk, ctx->error));
    for (int64_t first = 0; first < batch->row_count; first += count) {
        bool is_apart;

        count = marks_run(join, batch, first, &is_apart);
        SB_TRY_OUT(sb_row_snapshot_load(batch, first, count, join->key_count, chunk, ctx->error));
        SB_TRY_OUT(chunk_restore(join, state, chunk, count, is_apart, &facts, ctx->error));
    }
    sb_join_facts_add(join, &facts);

out:
    sb_row_chunk_destroy(chunk);
    sb_batch_deinit(batch);
    return status;
}
