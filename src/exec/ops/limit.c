// SPDX-License-Identifier: Apache-2.0
/*
 * limit.c - skip `offset` rows, pass the next `count`, then ask upstream to stop.
 *
 * State: rows still owed and rows still to skip, two integers in every snapshot, so a restored
 * limit never passes more than `count` in total. Cost: O(columns) per batch.
 */
#include "exec/ops/ops.h"

#include <inttypes.h>

#include "columnar/builder.h"

struct limit {
    struct sb_op base;
    int64_t count;
    int64_t offset;
};

struct limit_group {
    int64_t rows_left;
    int64_t rows_to_skip;
};

static enum sb_status limit_group_create(struct sb_op *op, int32_t group, struct sb_op_ctx *ctx,
                                         void **state)
{
    struct limit_group *limit = sb_memory_alloc(op->memory, sizeof *limit);

    (void)group;
    if (limit == NULL) {
        return sb_error_no_memory(ctx->error, "the row count", (int64_t)sizeof *limit);
    }
    limit->rows_left = ((struct limit *)op)->count;
    limit->rows_to_skip = ((struct limit *)op)->offset;
    *state = limit;
    return SB_OK;
}

static void limit_group_destroy(struct sb_op *op, void *state)
{
    sb_memory_free(op->memory, state, sizeof(struct limit_group));
}

static enum sb_status limit_on_batch(struct sb_op *op, void *state, int32_t port,
                                     struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct limit_group *limit = state;

    (void)op;
    (void)port;
    if (limit->rows_to_skip > 0 && limit->rows_left > 0) {
        int64_t skipped =
            batch->row_count < limit->rows_to_skip ? batch->row_count : limit->rows_to_skip;
        sb_op_count(ctx, SB_LEDGER_FILTERED, skipped);
        sb_batch_slice(batch, skipped, batch->row_count - skipped);
        limit->rows_to_skip -= skipped;
    }
    if (batch->row_count > limit->rows_left) {
        sb_op_count(ctx, SB_LEDGER_FILTERED, batch->row_count - limit->rows_left);
        sb_batch_slice(batch, 0, limit->rows_left);
    }
    limit->rows_left -= batch->row_count;
    sb_assert(limit->rows_left >= 0);
    if (limit->rows_left == 0) {
        sb_op_stop_upstream(ctx);
    }
    return sb_op_emit(ctx, batch);
}

static enum sb_status limit_state_schema(struct sb_op *op, struct sb_memory *memory,
                                         struct sb_schema **out, struct sb_error *err)
{
    const struct sb_field fields[] = {
        {.name = "rows_left", .type = {.id = SB_TYPE_INT64}},
        {.name = "rows_to_skip", .type = {.id = SB_TYPE_INT64}},
    };

    (void)op;
    return sb_schema_create(memory, fields, 2, out, err);
}

static enum sb_status limit_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    const struct limit_group *limit = state;
    const int64_t values[] = {limit->rows_left, limit->rows_to_skip};
    const struct sb_type type = {.id = SB_TYPE_INT64};
    struct sb_schema *schema = NULL;
    struct sb_batch batch = {0};
    struct sb_column column = {0};
    struct sb_builder builder;
    enum sb_status status;

    sb_builder_init(&builder, ctx->memory, &type);
    SB_TRY_OUT(limit_state_schema(op, ctx->memory, &schema, ctx->error));
    SB_TRY_OUT(sb_batch_init(&batch, ctx->memory, schema, 1, ctx->error));
    for (int32_t i = 0; i < 2; i++) {
        SB_TRY_OUT(sb_builder_append_fixed(&builder, &values[i], ctx->error));
        SB_TRY_OUT(sb_builder_finish(&builder, &column, ctx->error));
        sb_batch_adopt_column(&batch, i, &column);
    }
    status = sb_op_save(ctx, &batch);

out:
    sb_batch_deinit(&batch);
    sb_builder_deinit(&builder);
    sb_schema_release(schema);
    return status;
}

static enum sb_status limit_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                                    struct sb_op_ctx *ctx)
{
    struct limit_group *limit = state;
    int64_t rows_left;
    int64_t rows_to_skip;

    if (batch->row_count != 1) {
        enum sb_status status =
            sb_error_set(ctx->error, SB_CORRUPT,
                         "limit: the state has %" PRId64 " rows, expected 1", batch->row_count);
        sb_batch_deinit(batch);
        return status;
    }
    rows_left = *(const int64_t *)sb_column_fixed(&batch->columns[0], 8);
    rows_to_skip = *(const int64_t *)sb_column_fixed(&batch->columns[1], 8);
    sb_batch_deinit(batch);
    if (rows_left < 0 || rows_left > ((struct limit *)op)->count) {
        return sb_error_set(ctx->error, SB_CORRUPT, "limit: rows_left is %" PRId64, rows_left);
    }
    if (rows_to_skip < 0 || rows_to_skip > ((struct limit *)op)->offset) {
        return sb_error_set(ctx->error, SB_CORRUPT, "limit: rows_to_skip is %" PRId64,
                            rows_to_skip);
    }
    limit->rows_left = rows_left;
    limit->rows_to_skip = rows_to_skip;
    return SB_OK;
}

static void limit_destroy(struct sb_op *op)
{
    sb_op_free(op, sizeof(struct limit));
}

static const struct sb_op_vtable limit_vtable = {
    .name = "limit",
    .placement = SB_OP_SINGLE,
    .build_port = SB_NO_PORT,
    .destroy = limit_destroy,
    .on_batch = limit_on_batch,
    .group_create = limit_group_create,
    .group_destroy = limit_group_destroy,
    .state_schema = limit_state_schema,
    .snapshot = limit_snapshot,
    .restore = limit_restore,
};

enum sb_status sb_limit_create(const struct sb_op_options *options, struct sb_op **out,
                               struct sb_error *err)
{
    struct limit *limit;

    SB_TRY_RETURN(sb_op_alloc(&limit_vtable, sizeof *limit, options, &limit, err));
    limit->count = options->node->spec.limit.count;
    limit->offset = options->node->spec.limit.offset;
    *out = &limit->base;
    return SB_OK;
}
