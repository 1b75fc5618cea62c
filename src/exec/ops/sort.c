// SPDX-License-Identifier: Apache-2.0
/*
 * sort.c - all rows, in the order of some columns.
 *
 * Workers collect batches as they come and note what the keys have in common. At the end all
 * groups work at once, in two passes and the end:
 *
 *   plan       group 0 brings the batches into the order of the input, chooses the bits of the key
 *              and, from a sample, the borders of as many ranges as there is work for
 *   partition  each group makes the entries of its share of the batches and puts them by range
 *   end        group r takes range r of all shares, sorts it, gathers its rows and emits them; the
 *              groups' rows reach consumers in the order of the groups
 *
 * State: the rows as they came, with where they stood. It belongs to group 0; local halves hand
 * their batches over under `lock`, and send an empty block to say so. Rows wait in memory.
 */
#include <string.h>

#include "exec/ops/ops.h"
#include "exec/ops/sort_partition.h"

enum {
    PASS_PLAN,
    PASS_PARTITION,
    PASS_COUNT,
};

struct sort_local {
    struct sb_sort_list list;
};

// --- collecting ----------------------------------------------------------------------------------

static enum sb_status sort_local_create(struct sb_op *op, int32_t port, struct sb_op_ctx *ctx,
                                        void **local)
{
    struct sort_local *made = sb_memory_alloc_zeroed(op->memory, sizeof *made);

    (void)port;
    if (made == NULL) {
        return sb_error_no_memory(ctx->error, "rows that wait to be sorted", (int64_t)sizeof *made);
    }
    *local = made;
    return SB_OK;
}

static void sort_local_destroy(struct sb_op *op, int32_t port, void *local)
{
    struct sort_local *old = local;

    (void)port;
    sb_sort_list_deinit(&old->list, op, ((struct sb_sort *)op)->order);
    sb_memory_free(op->memory, old, sizeof *old);
}

static enum sb_status sort_on_batch(struct sb_op *op, void *state, int32_t port,
                                    struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct sort_local *local = state;
    struct sb_sort_batch kept = {0};
    uint64_t first[2];

    (void)port;
    if (batch->row_count == 0) {
        sb_batch_deinit(batch);
        return SB_OK;
    }
    sb_op_order(ctx, batch->row_count, first);
    sb_op_count(ctx, SB_LEDGER_HELD, batch->row_count);
    sb_batch_move(&kept.batch, batch);
    kept.first = (sb_uint128)first[1] << 64 | first[0];
    return sb_sort_list_add(&local->list, op, ((struct sb_sort *)op)->order, &kept, ctx->error);
}

static enum sb_status sort_on_flush(struct sb_op *op, void *state, int32_t port,
                                    struct sb_op_ctx *ctx)
{
    struct sb_sort *sort = (struct sb_sort *)op;
    struct sort_local *local = state;
    struct sb_block *block;
    enum sb_status status;

    (void)port;
    if (local->list.count == 0) {
        return SB_OK;
    }
    block = sb_block_create(ctx->memory, 0);
    if (block == NULL) {
        return sb_error_no_memory(ctx->error, "a block", (int64_t)sizeof *block);
    }
    pthread_mutex_lock(&sort->lock);
    status = sb_sort_list_append(&sort->list, &local->list, op, sort->order, ctx->error);
    pthread_mutex_unlock(&sort->lock);
    if (status != SB_OK) {
        sb_block_destroy(ctx->memory, block);
        return status;
    }
    return sb_op_send(ctx, block);
}

static enum sb_status sort_group_create(struct sb_op *op, int32_t group, struct sb_op_ctx *ctx,
                                        void **state)
{
    (void)ctx;
    *state = &((struct sb_sort *)op)->groups[group];
    return SB_OK;
}

static void sort_group_destroy(struct sb_op *op, void *state)
{
    (void)op;
    (void)state; // the operator's own
}

static enum sb_status sort_on_block(struct sb_op *op, void *state, struct sb_block *block,
                                    struct sb_op_ctx *ctx)
{
    (void)op;
    (void)state;
    sb_block_destroy(ctx->memory, block); // the rows are in the list already
    return SB_OK;
}

static enum sb_status sort_on_end_pass(struct sb_op *op, void *state, int32_t pass,
                                       struct sb_op_ctx *ctx)
{
    struct sb_sort *sort = (struct sb_sort *)op;
    const struct sb_sort_group *group = state;

    if (pass == PASS_PLAN) {
        return group->index == 0 ? sb_sort_plan(sort, ctx->error) : SB_OK;
    }
    return sb_sort_partition(sort, &sort->shares[group->index], ctx->error);
}

// --- the end -------------------------------------------------------------------------------------

static int64_t range_row_count(const struct sb_sort *sort, int32_t range)
{
    int64_t count = 0;

    for (int32_t g = 0; g < sort->base.group_count; g++) {
        const struct sb_sort_share *share = &sort->shares[g];
        if (share->row_count > 0) {
            count += share->range_starts[range + 1] - share->range_starts[range];
        }
    }
    return count;
}

/* The entries of a range, in the order of their places. */
static void range_copy(const struct sb_sort *sort, int32_t range, uint64_t *entries)
{
    int32_t words = sort->layout.words;

    for (int32_t g = 0; g < sort->base.group_count; g++) {
        const struct sb_sort_share *share = &sort->shares[g];
        int64_t count;

        if (share->row_count == 0) {
            continue;
        }
        count = share->range_starts[range + 1] - share->range_starts[range];
        memcpy(entries, share->entries + (int64_t)share->range_starts[range] * words,
               sizeof *entries * (size_t)(count * words));
        entries += count * words;
    }
}

static enum sb_status range_sort(const struct sb_sort *sort, int32_t range, int64_t count,
                                 uint64_t *entries, struct sb_error *err)
{
    struct sb_memory *memory = sort->base.memory;
    size_t size = sizeof *entries * (size_t)(count * sort->layout.words);
    uint64_t *spare = sb_memory_alloc(memory, size);

    if (spare == NULL) {
        return sb_error_no_memory(err, "the entries of rows", (int64_t)size);
    }
    range_copy(sort, range, entries);
    sb_sort_entries(&sort->layout, entries, spare, count);
    sb_sort_ties(&sort->layout, sort->order, &sort->list, entries, spare, count);
    sb_memory_free(memory, spare, size);
    return SB_OK;
}

/* In pieces of about equal size. */
static enum sb_status range_emit(const struct sb_sort *sort, const uint64_t *entries, int64_t count,
                                 struct sb_op_ctx *ctx)
{
    int64_t pieces = (count + SB_SORT_PIECE_ROWS - 1) / SB_SORT_PIECE_ROWS;

    for (int64_t i = 0; i < pieces; i++) {
        int64_t first = count * i / pieces;
        int64_t end = count * (i + 1) / pieces;
        struct sb_batch batch;

        SB_TRY_RETURN(sb_sort_gather(&sort->layout, &sort->list, sort->base.node->schema,
                                     entries + first * sort->layout.words, end - first, ctx->memory,
                                     &batch, ctx->error));
        sb_op_count(ctx, SB_LEDGER_HELD, first - end);
        SB_TRY_RETURN(sb_op_emit(ctx, &batch));
    }
    return SB_OK;
}

static enum sb_status sort_range(struct sb_sort *sort, int32_t range, struct sb_op_ctx *ctx)
{
    int64_t count = range_row_count(sort, range);
    size_t size = sizeof(uint64_t) * (size_t)(count * sort->layout.words);
    uint64_t *entries;
    enum sb_status status;

    if (count == 0) {
        return SB_OK;
    }
    entries = sb_memory_alloc(sort->base.memory, size);
    if (entries == NULL) {
        return sb_error_no_memory(ctx->error, "the entries of rows", (int64_t)size);
    }
    SB_TRY_OUT(range_sort(sort, range, count, entries, ctx->error));
    status = range_emit(sort, entries, count, ctx);

out:
    sb_memory_free(sort->base.memory, entries, size);
    return status;
}

/* What the end needs and nobody after it. */
static void sort_clear(struct sb_sort *sort)
{
    struct sb_memory *memory = sort->base.memory;
    size_t words = (size_t)sort->layout.words;

    for (int32_t g = 0; sort->shares != NULL && g < sort->base.group_count; g++) {
        struct sb_sort_share *share = &sort->shares[g];
        sb_memory_free(memory, share->entries, sizeof(uint64_t) * (size_t)share->row_count * words);
        sb_memory_free(memory, share->range_starts,
                       sizeof(uint32_t) * (size_t)(sort->range_count + 1));
    }
    if (sort->shares != NULL) {
        sb_memory_free(memory, sort->shares, sizeof *sort->shares * (size_t)sort->base.group_count);
    }
    if (sort->borders != NULL) {
        sb_memory_free(memory, sort->borders,
                       sizeof *sort->borders * (size_t)sort->search_count * words);
    }
    if (sort->fields != NULL) {
        sb_memory_free(memory, sort->fields, sizeof *sort->fields * (size_t)sort->order->key_count);
    }
    sort->shares = NULL;
    sort->borders = NULL;
    sort->fields = NULL;
    sb_sort_list_deinit(&sort->list, &sort->base, sort->order);
}

static enum sb_status sort_on_end(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct sb_sort *sort = (struct sb_sort *)op;
    const struct sb_sort_group *group = state;
    enum sb_status status = SB_OK;

    if (group->index < sort->range_count) {
        status = sort_range(sort, group->index, ctx);
    }
    if (atomic_fetch_sub(&sort->ends_left, 1) == 1) {
        sort_clear(sort);
    }
    return status;
}

// --- snapshots -----------------------------------------------------------------------------------

static enum sb_status sort_state_schema(struct sb_op *op, struct sb_memory *memory,
                                        struct sb_schema **out, struct sb_error *err)
{
    return sb_sort_list_schema(op, memory, out, err);
}

static enum sb_status sort_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    const struct sb_sort_group *group = state;

    return group->index == 0 ? sb_sort_list_save(&((struct sb_sort *)op)->list, op, ctx) : SB_OK;
}

static enum sb_status sort_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                                   struct sb_op_ctx *ctx)
{
    struct sb_sort *sort = (struct sb_sort *)op;

    (void)state;
    return sb_sort_list_restore(&sort->list, op, sort->order, batch, ctx);
}

static void sort_destroy(struct sb_op *op)
{
    struct sb_sort *sort = (struct sb_sort *)op;

    sort_clear(sort);
    sb_memory_free(op->memory, sort->groups, sizeof *sort->groups * (size_t)op->group_count);
    pthread_mutex_destroy(&sort->lock);
    sb_op_free(op, sizeof *sort);
}

static const struct sb_op_vtable sort_vtable = {
    .name = "sort",
    .placement = SB_OP_KEYED,
    .build_port = SB_NO_PORT,
    .destroy = sort_destroy,
    .local_create = sort_local_create,
    .local_destroy = sort_local_destroy,
    .on_batch = sort_on_batch,
    .on_flush = sort_on_flush,
    .group_create = sort_group_create,
    .group_destroy = sort_group_destroy,
    .on_block = sort_on_block,
    .emits_only_at_end = true,
    .end_pass_count = PASS_COUNT,
    .on_end_pass = sort_on_end_pass,
    .on_end = sort_on_end,
    .ends_in_order = true,
    .state_schema = sort_state_schema,
    .snapshot = sort_snapshot,
    .restore = sort_restore,
};

enum sb_status sb_sort_create(const struct sb_op_options *options, struct sb_op **out,
                              struct sb_error *err)
{
    struct sb_sort *sort;
    size_t groups_size;

    SB_TRY_RETURN(sb_op_alloc(&sort_vtable, sizeof *sort, options, &sort, err));
    pthread_mutex_init(&sort->lock, NULL);
    sort->order = &options->node->spec.sort;
    groups_size = sizeof *sort->groups * (size_t)sort->base.group_count;
    sort->groups = sb_memory_alloc(options->memory, groups_size);
    if (sort->groups == NULL) {
        sort_destroy(&sort->base);
        return sb_error_no_memory(err, "key groups", (int64_t)groups_size);
    }
    for (int32_t g = 0; g < sort->base.group_count; g++) {
        sort->groups[g].index = g;
    }
    *out = &sort->base;
    return SB_OK;
}
