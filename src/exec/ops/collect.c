// SPDX-License-Identifier: Apache-2.0
/*
 * collect.c - keeps every row for whoever asks after the end.
 *
 * State: the rows themselves. They come in order per source split; at the end splits follow one
 * another, so rows of a bounded source keep the order they were read in.
 */
#include "exec/ops/collect.h"

#include <stdlib.h>
#include <string.h>

#include "exec/ops/ops.h"

struct kept_batch {
    struct sb_batch batch;
    int64_t origin;
    int64_t arrival;
};

struct collect_group {
    int64_t batch_count;
    int64_t batch_capacity;
    struct kept_batch *batches;
};

static enum sb_status collect_group_create(struct sb_op *op, int32_t group, struct sb_op_ctx *ctx,
                                           void **state)
{
    struct collect_group *kept = sb_memory_alloc_zeroed(op->memory, sizeof *kept);

    (void)group;
    if (kept == NULL) {
        return sb_error_no_memory(ctx->error, "collected rows", (int64_t)sizeof *kept);
    }
    *state = kept;
    return SB_OK;
}

static void collect_group_destroy(struct sb_op *op, void *state)
{
    struct collect_group *kept = state;

    for (int64_t i = 0; i < kept->batch_count; i++) {
        sb_batch_deinit(&kept->batches[i].batch);
    }
    sb_memory_free(op->memory, kept->batches, sizeof *kept->batches * (size_t)kept->batch_capacity);
    sb_memory_free(op->memory, kept, sizeof *kept);
}

static enum sb_status collect_add(struct sb_op *op, struct collect_group *kept, int64_t origin,
                                  struct sb_batch *batch, struct sb_error *err)
{
    if (kept->batch_count == kept->batch_capacity) {
        int64_t capacity = kept->batch_capacity == 0 ? 16 : kept->batch_capacity * 2;
        struct kept_batch *grown = sb_memory_realloc(op->memory, kept->batches,
                                                     sizeof *grown * (size_t)kept->batch_capacity,
                                                     sizeof *grown * (size_t)capacity);
        if (grown == NULL) {
            sb_batch_deinit(batch);
            return sb_error_no_memory(err, "collected rows", (int64_t)sizeof *grown * capacity);
        }
        kept->batches = grown;
        kept->batch_capacity = capacity;
    }
    sb_batch_move(&kept->batches[kept->batch_count].batch, batch);
    kept->batches[kept->batch_count].origin = origin;
    kept->batches[kept->batch_count].arrival = kept->batch_count;
    kept->batch_count++;
    return SB_OK;
}

static enum sb_status collect_on_batch(struct sb_op *op, void *state, int32_t port,
                                       struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    (void)port;
    sb_op_count(ctx, SB_LEDGER_HELD, batch->row_count);
    return collect_add(op, state, sb_op_origin(ctx), batch, ctx->error);
}

static int kept_batch_compare(const void *left, const void *right)
{
    const struct kept_batch *a = left;
    const struct kept_batch *b = right;

    if (a->origin != b->origin) {
        return a->origin < b->origin ? -1 : 1;
    }
    return a->arrival < b->arrival ? -1 : 1;
}

static enum sb_status collect_on_end(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct collect_group *kept = state;

    (void)op;
    (void)ctx;
    if (kept->batch_count > 1) {
        qsort(kept->batches, (size_t)kept->batch_count, sizeof *kept->batches, kept_batch_compare);
    }
    return SB_OK;
}

static enum sb_status collect_state_schema(struct sb_op *op, struct sb_memory *memory,
                                           struct sb_schema **out, struct sb_error *err)
{
    (void)memory;
    (void)err;
    *out = sb_schema_retain(op->node->schema);
    return SB_OK;
}

static enum sb_status collect_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct collect_group *kept = state;

    (void)op;
    for (int64_t i = 0; i < kept->batch_count; i++) {
        struct sb_batch shared;
        SB_TRY_RETURN(sb_batch_share(&shared, &kept->batches[i].batch, ctx->error));
        SB_TRY_RETURN(sb_op_save(ctx, &shared));
    }
    return SB_OK;
}

static enum sb_status collect_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                                      struct sb_op_ctx *ctx)
{
    return collect_add(op, state, INT64_MIN, batch, ctx->error); // before all that is to come
}

static void collect_destroy(struct sb_op *op)
{
    sb_op_free(op, sizeof *op);
}

static const struct sb_op_vtable collect_vtable = {
    .name = "sink",
    .placement = SB_OP_SINGLE,
    .build_port = SB_NO_PORT,
    .destroy = collect_destroy,
    .on_batch = collect_on_batch,
    .group_create = collect_group_create,
    .group_destroy = collect_group_destroy,
    .on_end = collect_on_end,
    .state_schema = collect_state_schema,
    .snapshot = collect_snapshot,
    .restore = collect_restore,
};

enum sb_status sb_collect_create(const struct sb_op_options *options, struct sb_op **out,
                                 struct sb_error *err)
{
    return sb_op_alloc(&collect_vtable, sizeof **out, options, out, err);
}

bool sb_collect_is(const struct sb_op *op)
{
    return op->vtable == &collect_vtable;
}

int64_t sb_collect_batch_count(const struct sb_op *op)
{
    const struct collect_group *kept = op->groups[0];

    return kept != NULL ? kept->batch_count : 0;
}

const struct sb_batch *sb_collect_batch(const struct sb_op *op, int64_t index)
{
    const struct collect_group *kept = op->groups[0];

    return &kept->batches[index].batch;
}
