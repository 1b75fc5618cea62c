// SPDX-License-Identifier: Apache-2.0
/*
 * map.c - columns computed by expressions, beside or instead of those that came.
 *
 * State: none. Columns that stay are shared; with a selection they are gathered, since computed
 * columns are dense.
 */
#include "exec/ops/ops.h"

struct map {
    struct sb_op base;
    const struct sb_map_spec *spec;
};

static enum sb_status map_column(const struct map *map, const struct sb_batch *batch,
                                 int32_t source, struct sb_column *out, struct sb_op_ctx *ctx)
{
    if (source < 0) {
        enum sb_status status =
            sb_expr_evaluate(map->spec->bound[-1 - source], batch, ctx->scratch, out, ctx->error);
        if (status != SB_OK) {
            sb_error_prefix(ctx->error, "column '%s'", map->spec->names[-1 - source]);
        }
        return status;
    }
    if (batch->selection == NULL) {
        sb_column_share(out, &batch->columns[source]);
        return SB_OK;
    }
    return sb_column_gather(&batch->columns[source], sb_batch_rows(batch), batch->row_count,
                            ctx->memory, out, ctx->error);
}

/* All expressions in one pass. */
static enum sb_status map_together(const struct map *map, struct sb_batch *batch,
                                   struct sb_op_ctx *ctx)
{
    struct sb_pipeline_history history = {0}; // no row drops out
    struct sb_pipeline_place failed;
    struct sb_batch result;
    enum sb_status status = sb_pipeline_run(map->spec->pipeline, batch, map->base.node->schema,
                                            &history, ctx->scratch, &result, &failed, ctx->error);

    if (status == SB_OK) {
        return sb_op_emit(ctx, &result);
    }
    if (failed.expression >= 0) {
        sb_error_prefix(ctx->error, "column '%s'", map->spec->names[failed.expression]);
    }
    return status;
}

static enum sb_status map_on_batch(struct sb_op *op, void *state, int32_t port,
                                   struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    const struct map *map = (const struct map *)op;
    struct sb_batch result = {0};
    enum sb_status status;

    (void)state;
    (void)port;
    if (map->spec->pipeline != NULL) {
        return map_together(map, batch, ctx);
    }
    SB_TRY_OUT(sb_batch_init(&result, ctx->memory, op->node->schema, batch->row_count, ctx->error));
    for (int32_t i = 0; i < op->node->schema->field_count; i++) {
        struct sb_column column = {0};
        SB_TRY_OUT(map_column(map, batch, map->spec->source_columns[i], &column, ctx));
        sb_batch_adopt_column(&result, i, &column);
    }
    sb_batch_deinit(batch);
    return sb_op_emit(ctx, &result);

out:
    sb_batch_deinit(&result);
    sb_batch_deinit(batch);
    return status;
}

static void map_destroy(struct sb_op *op)
{
    sb_op_free(op, sizeof(struct map));
}

static const struct sb_op_vtable map_vtable = {
    .name = "map",
    .placement = SB_OP_INLINE,
    .build_port = SB_NO_PORT,
    .destroy = map_destroy,
    .on_batch = map_on_batch,
};

enum sb_status sb_map_create(const struct sb_op_options *options, struct sb_op **out,
                             struct sb_error *err)
{
    struct map *map;

    SB_TRY_RETURN(sb_op_alloc(&map_vtable, sizeof *map, options, &map, err));
    map->spec = &options->node->spec.map;
    *out = &map->base;
    return SB_OK;
}
