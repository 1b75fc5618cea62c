// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_group.c - the group half: the rows of one key group, folded into its tables.
 *
 * Blocks wait until there are as many rows as the tables have: then each visit brings the whole
 * table into the cache for many rows, instead of missing it for a few. What waits is part of the
 * state; a snapshot (aggregate_group_snapshot.c) applies it first.
 */
#include "exec/ops/aggregate_group_internal.h"

enum { PENDING_ROWS_MIN = 8 * 1024 };
static_assert((int)SB_WORD_SEGMENT_ROWS <= SB_ROW_CHUNK, "a run of rows fits a vector");

static size_t entries_size(const struct sb_aggregate *aggregate)
{
    return sizeof(struct sb_row_table) * (size_t)aggregate->collector_count;
}

static size_t distincts_size(const struct sb_aggregate *aggregate)
{
    return sizeof(struct sb_distinct_group) * (size_t)aggregate->collector_count;
}

static enum sb_status collected_init(const struct sb_aggregate *aggregate,
                                     struct sb_aggregate_group *group, struct sb_error *err)
{
    if (aggregate->collector_count == 0) {
        return SB_OK;
    }
    group->entries = sb_memory_alloc_zeroed(aggregate->op.memory, entries_size(aggregate));
    if (group->entries == NULL) {
        return sb_error_no_memory(err, "a key group", (int64_t)entries_size(aggregate));
    }
    group->distincts = sb_memory_alloc_zeroed(aggregate->op.memory, distincts_size(aggregate));
    if (group->distincts == NULL) {
        return sb_error_no_memory(err, "a key group", (int64_t)distincts_size(aggregate));
    }
    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        const struct sb_aggregate_collector *collector = &aggregate->collectors[c];
        sb_row_table_init(&group->entries[c], aggregate->op.memory, &collector->entries,
                          collector->initial_entry);
        if (collector->is_words) {
            sb_distinct_group_init(&group->distincts[c], aggregate, c);
        }
    }
    return SB_OK;
}

enum sb_status sb_aggregate_group_create(struct sb_op *op, int32_t group_index,
                                         struct sb_op_ctx *ctx, void **out)
{
    struct sb_aggregate *aggregate = sb_aggregate_from(op);
    struct sb_aggregate_group *group = sb_memory_alloc_zeroed(op->memory, sizeof *group);

    if (group == NULL) {
        return sb_error_no_memory(ctx->error, "a key group", (int64_t)sizeof *group);
    }
    sb_row_table_init(&group->full, op->memory, &aggregate->state_layout, aggregate->initial_row);
    sb_word_table_init(&group->plain, op->memory, aggregate->plain_state.row_words,
                       aggregate->plain_initial_row);
    group->pending_last = &group->pending;
    group->index = group_index;
    group->round = 1;
    group->values.memory = op->memory;
    sb_row_store_init(&group->changed, op->memory, 1);
    *out = group;
    return collected_init(aggregate, group, ctx->error);
}

void sb_aggregate_collected_drop(const struct sb_aggregate *aggregate,
                                 struct sb_aggregate_group *group)
{
    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        if (group->entries != NULL) {
            sb_row_table_deinit(&group->entries[c]);
        }
        if (group->distincts != NULL && aggregate->collectors[c].is_words) {
            sb_distinct_group_deinit(&group->distincts[c]);
        }
    }
    sb_row_heap_deinit(&group->values);
}

static struct sb_block *pending_pop(struct sb_aggregate_group *group)
{
    struct sb_block *block = group->pending;

    if (block != NULL) {
        group->pending = block->next;
        group->pending_row_count -= block->row_count;
        if (group->pending == NULL) {
            group->pending_last = &group->pending;
        }
    }
    return block;
}

void sb_aggregate_group_destroy(struct sb_op *op, void *state)
{
    struct sb_aggregate_group *group = state;
    struct sb_block *block;

    while ((block = pending_pop(group)) != NULL) {
        sb_block_destroy(op->memory, block);
    }
    sb_row_table_deinit(&group->full);
    sb_word_table_deinit(&group->plain);
    sb_aggregate_collected_drop(sb_aggregate_from(op), group);
    if (group->entries != NULL) {
        sb_memory_free(op->memory, group->entries, entries_size(sb_aggregate_from(op)));
    }
    if (group->distincts != NULL) {
        sb_memory_free(op->memory, group->distincts, distincts_size(sb_aggregate_from(op)));
    }
    sb_row_store_deinit(&group->changed);
    sb_memory_free(op->memory, group, sizeof *group);
}

/* The layouts of blocks by format. */
static const struct sb_row_layout *block_layout(const struct sb_aggregate *aggregate,
                                                int32_t format)
{
    return format == SB_AGGREGATE_RAW ? &aggregate->raw_layout
           : format == SB_AGGREGATE_STATE
               ? &aggregate->state_layout
               : &aggregate->collectors[format - SB_AGGREGATE_COLLECTED].layout;
}

enum sb_status sb_aggregate_rows_changed(const struct sb_aggregate *aggregate,
                                         struct sb_aggregate_group *group, uint64_t *const *rows,
                                         int64_t count, struct sb_error *err)
{
    int32_t word;

    if (!aggregate->emits_updates) {
        return SB_OK;
    }
    word = aggregate->state_layout.fields[aggregate->key_count + aggregate->round_field].word;
    for (int64_t i = 0; i < count; i++) {
        uint64_t *address;
        if (rows[i][word] != (uint64_t)group->round) {
            SB_TRY_RETURN(sb_row_store_append(&group->changed, &address, err));
            *address = (uint64_t)(uintptr_t)rows[i];
            rows[i][word] = (uint64_t)group->round;
        }
    }
    return SB_OK;
}

// --- full blocks ---------------------------------------------------------------------------------

/* A chunk of a block in the chunk's vectors. */
static enum sb_status full_chunk_apply(const struct sb_aggregate *aggregate,
                                       struct sb_aggregate_group *group, int32_t format,
                                       struct sb_row_chunk *chunk, int64_t count,
                                       struct sb_op_ctx *ctx)
{
    struct sb_row_table *table = &group->full;
    int64_t rows_before = table->store.row_count;

    if (format >= SB_AGGREGATE_COLLECTED) {
        return sb_aggregate_collect(aggregate, group, format - SB_AGGREGATE_COLLECTED, chunk, count,
                                    ctx);
    }
    SB_TRY_RETURN(format == SB_AGGREGATE_RAW
                      ? sb_aggregate_table_update(aggregate, table, chunk, count, ctx->error)
                      : sb_aggregate_table_merge(aggregate, table, chunk, count, ctx->error));
    sb_aggregate_count_merged(ctx, count, table->store.row_count - rows_before);
    return sb_aggregate_rows_changed(aggregate, group, chunk->rows, count, ctx->error);
}

static enum sb_status full_block_apply(const struct sb_aggregate *aggregate,
                                       struct sb_aggregate_group *group, struct sb_block *block,
                                       struct sb_row_chunk *chunk, struct sb_op_ctx *ctx)
{
    int32_t format = sb_row_block(block)->format;
    const struct sb_row_layout *layout = block_layout(aggregate, format);
    uint64_t *rows = sb_row_block(block)->rows;

    for (int64_t first = 0; first < block->row_count; first += SB_ROW_CHUNK) {
        int64_t count = block->row_count - first;
        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        sb_row_chunk_point(chunk, rows + first * layout->row_words, layout->row_words, count);
        for (int64_t i = 0; i < count; i++) {
            chunk->hashes[i] = chunk->rows[i][layout->hash_word];
        }
        for (int32_t f = 0; f < layout->field_count; f++) {
            sb_row_field_load(&layout->fields[f], chunk->rows, count, block->data,
                              &chunk->scratches[f], &chunk->vectors[f]);
        }
        SB_TRY_RETURN(full_chunk_apply(aggregate, group, format, chunk, count, ctx));
    }
    return SB_OK;
}

// --- pending blocks ------------------------------------------------------------------------------

/* The words of a collector. */
static enum sb_status words_block_apply(const struct sb_aggregate *aggregate,
                                        struct sb_aggregate_group *group, int32_t c,
                                        struct sb_block *block, struct sb_error *err)
{
    const struct sb_row_block *header = sb_row_block(block);
    const uint64_t *columns[SB_WORD_SET_WIDTH_MAX] = {header->rows, header->rows + 1};

    return sb_distinct_apply(aggregate, &group->distincts[c], columns, header->row_words,
                             block->row_count, err);
}

static enum sb_status block_apply(const struct sb_aggregate *aggregate,
                                  struct sb_aggregate_group *group, struct sb_block *block,
                                  struct sb_row_chunk **chunk, struct sb_op_ctx *ctx)
{
    int32_t format = sb_row_block(block)->format;
    int32_t c = format - SB_AGGREGATE_COLLECTED - aggregate->collector_count;

    if (c >= 0) {
        return words_block_apply(aggregate, group, c, block, ctx->error);
    }
    if (format == SB_AGGREGATE_PLAIN_RAW || format == SB_AGGREGATE_PLAIN_STATE) {
        return sb_aggregate_plain_block_apply(aggregate, group, block, ctx);
    }
    if (*chunk == NULL) {
        SB_TRY_RETURN(sb_row_chunk_create(aggregate->op.memory,
                                          sb_aggregate_vector_count(aggregate), chunk, ctx->error));
    }
    return full_block_apply(aggregate, group, block, *chunk, ctx);
}

enum sb_status sb_aggregate_group_settle(struct sb_aggregate *aggregate,
                                         struct sb_aggregate_group *group, struct sb_op_ctx *ctx)
{
    enum sb_status status = SB_OK;
    struct sb_row_chunk *chunk = NULL;
    struct sb_block *block;

    while (status == SB_OK && (block = pending_pop(group)) != NULL) {
        status = block_apply(aggregate, group, block, &chunk, ctx);
        sb_block_destroy(aggregate->op.memory, block);
    }
    sb_row_chunk_destroy(chunk);
    return status;
}

/* The rows of the tables that waiting blocks are applied to. */
static int64_t rows_stored(const struct sb_aggregate *aggregate,
                           const struct sb_aggregate_group *group)
{
    int64_t count = group->plain.row_count + group->full.store.row_count;

    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        count += sb_distinct_group_weight(&group->distincts[c]);
    }
    return count;
}

enum sb_status sb_aggregate_on_block(struct sb_op *op, void *state, struct sb_block *block,
                                     struct sb_op_ctx *ctx)
{
    struct sb_aggregate_group *group = state;

    block->next = NULL;
    *group->pending_last = block;
    group->pending_last = &block->next;
    group->pending_row_count += block->row_count;
    if (group->pending_row_count < PENDING_ROWS_MIN ||
        group->pending_row_count < rows_stored(sb_aggregate_from(op), group)) {
        return SB_OK;
    }
    return sb_aggregate_group_settle(sb_aggregate_from(op), group, ctx);
}

enum sb_status sb_aggregate_on_barrier(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    return sb_aggregate_group_settle(sb_aggregate_from(op), state, ctx);
}

enum sb_status sb_aggregate_group_unite(struct sb_aggregate *aggregate,
                                        struct sb_aggregate_group *group, struct sb_op_ctx *ctx)
{
    struct sb_row_chunk *chunk;
    int64_t rows_before;
    enum sb_status status = SB_OK;

    SB_TRY_RETURN(sb_aggregate_group_settle(aggregate, group, ctx));
    SB_TRY_RETURN(sb_distinct_unite(aggregate, group, ctx));
    if (group->full.store.row_count == 0 || group->plain.row_count == 0) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_row_chunk_create(aggregate->op.memory, sb_aggregate_vector_count(aggregate),
                                      &chunk, ctx->error));
    rows_before = group->full.store.row_count;
    for (int64_t first = 0, count; first < group->plain.row_count; first += count) {
        const uint64_t *rows;

        count = group->plain.row_count - first;
        rows = sb_word_table_run(&group->plain, first, &count);
        sb_plain_rows_load(aggregate, rows, count, chunk);
        sb_row_chunk_hash(chunk, aggregate->key_count, count);
        SB_TRY_OUT(sb_aggregate_table_merge(aggregate, &group->full, chunk, count, ctx->error));
    }
    sb_aggregate_count_merged(ctx, group->plain.row_count,
                              group->full.store.row_count - rows_before + group->spilled_count);
    group->spilled_count = 0;
    sb_word_table_deinit(&group->plain);

out:
    sb_row_chunk_destroy(chunk);
    return status;
}
