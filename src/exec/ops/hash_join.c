// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join.c - rows of the left input beside the rows of the right with equal keys.
 *
 * The right input is the build side: its rows go to their key group by blocks and stay there; when
 * all have come, each group makes one index over them, of the right size at once. Then the left
 * input is probed where it is, on every worker, against all groups, which nobody changes any more
 * (hash_join_probe.c). A null key matches nothing: build rows with one are dropped on the spot.
 */
#include "exec/ops/hash_join_internal.h"
#include "exec/ops/ops.h"
#include "exec/row_snapshot.h"

struct join_build {
    struct sb_row_scatter scatter;
    struct sb_row_chunk *chunk;
    uint32_t positions[SB_ROW_CHUNK]; // of the rows whose keys are not null
};

static void hash_join_destroy(struct sb_op *op)
{
    struct sb_hash_join plan;

    sb_join_direct_deinit(sb_hash_join_from(op));
    plan = *sb_hash_join_from(op);
    sb_op_free(op, sizeof plan); // first: groups use the layout
    sb_hash_join_plan_deinit(&plan);
}

// --- local half ----------------------------------------------------------------------------------

static void build_destroy(struct sb_op *op, struct join_build *build)
{
    sb_row_scatter_deinit(&build->scatter);
    sb_row_chunk_destroy(build->chunk);
    sb_memory_free(op->memory, build, sizeof *build);
}

static enum sb_status build_create(struct sb_op *op, struct sb_op_ctx *ctx, void **out)
{
    struct sb_hash_join *join = sb_hash_join_from(op);
    struct join_build *build = sb_memory_alloc_zeroed(op->memory, sizeof *build);

    if (build == NULL) {
        return sb_error_no_memory(ctx->error, "local state", (int64_t)sizeof *build);
    }
    sb_row_scatter_init(&build->scatter, op, &join->layout, 0);
    if (sb_row_chunk_create(op->memory, join->layout.field_count, &build->chunk, ctx->error) !=
        SB_OK) {
        build_destroy(op, build);
        return SB_NO_MEMORY;
    }
    *out = build;
    return SB_OK;
}

static enum sb_status hash_join_local_create(struct sb_op *op, int32_t port, struct sb_op_ctx *ctx,
                                             void **out)
{
    return port == SB_JOIN_BUILD_PORT ? build_create(op, ctx, out)
                                      : sb_hash_join_probe_create(op, ctx, out);
}

static void hash_join_local_destroy(struct sb_op *op, int32_t port, void *local)
{
    if (port == SB_JOIN_BUILD_PORT) {
        build_destroy(op, local);
    } else {
        sb_hash_join_probe_destroy(op, local);
    }
}

static enum sb_status payload_load(const struct sb_hash_join *join, const struct sb_batch *batch,
                                   int64_t first, int64_t count, struct sb_row_chunk *chunk,
                                   struct sb_error *err)
{
    for (int32_t p = 0; p < join->payload_count; p++) {
        int32_t f = join->key_count + p;
        SB_TRY_RETURN(sb_row_vector_load(&batch->columns[join->payload[p]], sb_batch_rows(batch),
                                         first, count, SB_ROW_PLAIN, &chunk->scratches[f],
                                         &chunk->vectors[f], err));
    }
    return SB_OK;
}

/* Removes rows from the chunk's hashes and vectors. Returns how many are left. */
static int64_t chunk_drop(struct sb_row_chunk *chunk, const uint8_t *dropped, int64_t count)
{
    int64_t kept = 0;

    for (int32_t f = 0; f < chunk->vector_count; f++) {
        struct sb_row_vector *vector = &chunk->vectors[f];
        struct sb_row_scratch *scratch = &chunk->scratches[f];
        int32_t width = sb_row_kind_words(vector->kind);

        kept = 0;
        for (int64_t i = 0; i < count; i++) {
            if (!dropped[i]) {
                memmove(scratch->words + width * kept, vector->words + width * i,
                        sizeof *scratch->words * (size_t)width);
                if (vector->nulls != NULL) {
                    scratch->nulls[kept] = vector->nulls[i];
                }
                kept++;
            }
        }
        vector->words = scratch->words;
    }
    return kept;
}

static enum sb_status build_batch(struct sb_hash_join *join, struct join_build *build,
                                  const struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct sb_row_chunk *chunk = build->chunk;
    uint8_t nulls[SB_ROW_CHUNK];
    const uint8_t *dropped;

    for (int64_t first = 0; first < batch->row_count; first += SB_ROW_CHUNK) {
        int64_t count = batch->row_count - first;
        int64_t kept;

        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        SB_TRY_RETURN(sb_hash_join_load_keys(join, SB_JOIN_BUILD_PORT, batch, first, count, chunk,
                                             ctx->error));
        SB_TRY_RETURN(payload_load(join, batch, first, count, chunk, ctx->error));
        dropped = sb_hash_join_null_keys(join, chunk, count, nulls);
        kept = dropped == NULL ? count : chunk_drop(chunk, dropped, count);
        for (int32_t k = 0; k < join->key_count; k++) {
            chunk->vectors[k].nulls = NULL;
        }
        sb_row_chunk_hash(chunk, join->key_count, kept);
        SB_TRY_RETURN(sb_row_scatter_append(&build->scatter, chunk, kept, ctx));
        sb_op_count(ctx, SB_LEDGER_HELD, kept);
        sb_op_count(ctx, SB_LEDGER_FILTERED, count - kept);
    }
    return SB_OK;
}

static enum sb_status hash_join_on_batch(struct sb_op *op, void *local, int32_t port,
                                         struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    enum sb_status status;

    if (port == SB_JOIN_PROBE_PORT) {
        return sb_hash_join_probe(op, local, batch, ctx);
    }
    status = build_batch(sb_hash_join_from(op), local, batch, ctx);
    sb_batch_deinit(batch);
    return status;
}

static enum sb_status hash_join_on_flush(struct sb_op *op, void *local, int32_t port,
                                         struct sb_op_ctx *ctx)
{
    return port == SB_JOIN_BUILD_PORT
               ? sb_row_scatter_flush(&((struct join_build *)local)->scatter, ctx)
               : SB_OK;
}

// --- group half ----------------------------------------------------------------------------------

static enum sb_status hash_join_group_create(struct sb_op *op, int32_t group_index,
                                             struct sb_op_ctx *ctx, void **out)
{
    struct sb_hash_join *join = sb_hash_join_from(op);
    struct sb_join_group *group = sb_memory_alloc_zeroed(op->memory, sizeof *group);

    if (group == NULL) {
        return sb_error_no_memory(ctx->error, "a key group", (int64_t)sizeof *group);
    }
    sb_row_table_init(&group->table, op->memory, &join->layout, NULL);
    group->low = UINT64_MAX;
    *out = group;
    return SB_OK;
}

static void hash_join_group_destroy(struct sb_op *op, void *state)
{
    struct sb_join_group *group = state;

    sb_row_table_deinit(&group->table);
    sb_memory_free(op->memory, group, sizeof *group);
}

/* Moves the long texts of rows from a block into the store's heap. */
static enum sb_status texts_keep(const struct sb_row_layout *layout, uint64_t *const *rows,
                                 int64_t count, const uint8_t *base, struct sb_row_store *store,
                                 struct sb_error *err)
{
    for (int32_t f = 0; f < layout->field_count; f++) {
        if (layout->fields[f].kind != SB_ROW_TEXT) {
            continue;
        }
        for (int64_t i = 0; i < count; i++) {
            uint64_t *text = rows[i] + layout->fields[f].word;
            if (!sb_text_is_inline(text[0])) {
                text[1] += (uint64_t)(uintptr_t)base;
                SB_TRY_RETURN(sb_row_text_keep(text, &store->heap, err));
            }
        }
    }
    return SB_OK;
}

static enum sb_status hash_join_on_block(struct sb_op *op, void *state, struct sb_block *block,
                                         struct sb_op_ctx *ctx)
{
    const struct sb_row_layout *layout = &sb_hash_join_from(op)->layout;
    struct sb_row_store *store = &((struct sb_join_group *)state)->table.store;
    struct sb_row_cursor cursor = {0};
    uint64_t *rows[SB_ROW_CHUNK];
    int64_t count;
    int64_t rows_before = store->row_count;
    enum sb_status status;

    SB_TRY_OUT(sb_row_store_copy(store, sb_row_block(block)->rows, block->row_count, ctx->error));
    sb_join_direct_observe(sb_hash_join_from(op), state,
                           sb_row_block(block)->rows + layout->fields[0].word, layout->row_words,
                           block->row_count);
    sb_row_cursor_skip(&cursor, store, rows_before);
    while (layout->has_text &&
           (count = sb_row_cursor_next(&cursor, store, SB_ROW_CHUNK, rows)) > 0) {
        SB_TRY_OUT(texts_keep(layout, rows, count, block->data, store, ctx->error));
    }

out:
    sb_block_destroy(op->memory, block);
    return status;
}

static enum sb_status hash_join_on_end(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    return sb_hash_join_link(sb_hash_join_from(op), state, ctx->error);
}

// --- snapshots -----------------------------------------------------------------------------------

static enum sb_status hash_join_state_schema(struct sb_op *op, struct sb_memory *memory,
                                             struct sb_schema **out, struct sb_error *err)
{
    *out = sb_schema_retain(sb_hash_join_from(op)->state_schema);
    return SB_OK;
}

static enum sb_status hash_join_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct sb_hash_join *join = sb_hash_join_from(op);
    const struct sb_row_store *store = &((struct sb_join_group *)state)->table.store;
    struct sb_row_saver saver = {0};
    struct sb_row_chunk *chunk;
    enum sb_status status;

    SB_TRY_RETURN(sb_row_chunk_create(op->memory, join->layout.field_count, &chunk, ctx->error));
    SB_TRY_OUT(
        sb_row_saver_init(&saver, op->memory, join->state_schema, store->row_count, ctx->error));
    SB_TRY_OUT(sb_row_saver_add_store(&saver, &join->layout, store, chunk, ctx));
    SB_TRY_OUT(sb_row_saver_finish(&saver, ctx));

out:
    sb_row_saver_deinit(&saver);
    sb_row_chunk_destroy(chunk);
    return status;
}

/* Appends the rows in the chunk's vectors. */
static enum sb_status chunk_store(const struct sb_row_layout *layout, struct sb_row_store *store,
                                  struct sb_row_chunk *chunk, int64_t count, struct sb_error *err)
{
    for (int64_t i = 0; i < count; i++) {
        SB_TRY_RETURN(sb_row_store_append(store, &chunk->rows[i], err));
        memset(chunk->rows[i], 0, sizeof *chunk->rows[i] * (size_t)layout->row_words);
        chunk->rows[i][layout->hash_word] = chunk->hashes[i];
    }
    for (int32_t f = 0; f < layout->field_count; f++) {
        sb_row_field_store(&layout->fields[f], chunk->rows, count, &chunk->vectors[f]);
    }
    return texts_keep(layout, chunk->rows, count, NULL, store, err);
}

static enum sb_status hash_join_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                                        struct sb_op_ctx *ctx)
{
    struct sb_hash_join *join = sb_hash_join_from(op);
    struct sb_row_store *store = &((struct sb_join_group *)state)->table.store;
    struct sb_row_chunk *chunk = NULL;
    enum sb_status status;

    SB_TRY_OUT(sb_row_chunk_create(op->memory, join->layout.field_count, &chunk, ctx->error));
    for (int64_t first = 0; first < batch->row_count; first += SB_ROW_CHUNK) {
        int64_t count = batch->row_count - first;
        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        SB_TRY_OUT(sb_row_snapshot_load(batch, first, count, join->key_count, chunk, ctx->error));
        SB_TRY_OUT(chunk_store(&join->layout, store, chunk, count, ctx->error));
        sb_join_direct_observe(join, state, chunk->vectors[0].words, 1, count);
    }

out:
    sb_row_chunk_destroy(chunk);
    sb_batch_deinit(batch);
    return status;
}

static const struct sb_op_vtable hash_join_vtable = {
    .name = "hash_join",
    .placement = SB_OP_KEYED,
    .build_port = SB_JOIN_BUILD_PORT,
    .emits_only_at_end = true,
    .destroy = hash_join_destroy,
    .local_create = hash_join_local_create,
    .local_destroy = hash_join_local_destroy,
    .on_batch = hash_join_on_batch,
    .on_flush = hash_join_on_flush,
    .group_create = hash_join_group_create,
    .group_destroy = hash_join_group_destroy,
    .on_block = hash_join_on_block,
    .on_end = hash_join_on_end,
    .state_schema = hash_join_state_schema,
    .snapshot = hash_join_snapshot,
    .restore = hash_join_restore,
};

enum sb_status sb_hash_join_create(const struct sb_op_options *options, struct sb_op **out,
                                   struct sb_error *err)
{
    struct sb_hash_join *join;
    enum sb_status status;

    *out = NULL;
    SB_TRY_RETURN(sb_op_alloc(&hash_join_vtable, sizeof *join, options, &join, err));
    status = sb_hash_join_plan(join, options, err);
    if (status != SB_OK) {
        hash_join_destroy(&join->op);
        return status;
    }
    *out = &join->op;
    return SB_OK;
}
