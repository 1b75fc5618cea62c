// SPDX-License-Identifier: Apache-2.0
/*
 * fused.c - filters, maps and selects as one operator, in one pass over the batch.
 *
 * State: none, but for how many rows passed lately, which no snapshot needs. What the steps share
 * is computed once, and columns between them are not made. Errors name the operator that the step
 * was.
 */
#include "exec/ops/ops.h"
#include "plan/graph.h"

struct fused {
    struct sb_op base;
    const struct sb_fused_spec *spec;
};

/* "operator 'total' (map): column 'sum': ..." as if the step were an operator of its own. */
static void name_error(const struct fused *fused, const struct sb_pipeline_place *failed,
                       struct sb_error *err)
{
    const struct sb_node *node =
        failed->step < 0 ? fused->base.node : fused->spec->steps[failed->step];

    if (failed->expression >= 0) {
        sb_error_prefix(err, "column '%s'", node->spec.map.names[failed->expression]);
    }
    sb_error_prefix(err, "operator '%s' (%s)", node->name, node->type_name);
}

static enum sb_status fused_local_create(struct sb_op *op, int32_t port, struct sb_op_ctx *ctx,
                                         void **local)
{
    struct sb_pipeline_history *history = sb_memory_alloc_zeroed(ctx->memory, sizeof *history);

    (void)port;
    *local = history;
    if (history == NULL) {
        sb_error_no_memory(ctx->error, "an operator", sizeof *history);
        name_error((const struct fused *)op, &(struct sb_pipeline_place){-1, -1}, ctx->error);
        return SB_NO_MEMORY;
    }
    return SB_OK;
}

static void fused_local_destroy(struct sb_op *op, int32_t port, void *local)
{
    (void)port;
    sb_memory_free(op->memory, local, sizeof(struct sb_pipeline_history));
}

static enum sb_status fused_on_batch(struct sb_op *op, void *state, int32_t port,
                                     struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    const struct fused *fused = (const struct fused *)op;
    const int64_t row_count = batch->row_count;
    struct sb_pipeline_place failed;
    struct sb_batch result;
    enum sb_status status = sb_pipeline_run(fused->spec->pipeline, batch, op->node->schema, state,
                                            ctx->scratch, &result, &failed, ctx->error);

    (void)port;
    if (status != SB_OK) {
        name_error(fused, &failed, ctx->error);
        return status;
    }
    sb_op_count(ctx, SB_LEDGER_FILTERED, row_count - result.row_count);
    return sb_op_emit(ctx, &result);
}

static void fused_destroy(struct sb_op *op)
{
    sb_op_free(op, sizeof(struct fused));
}

static const struct sb_op_vtable fused_vtable = {
    .name = "fused",
    .placement = SB_OP_INLINE,
    .build_port = SB_NO_PORT,
    .destroy = fused_destroy,
    .names_errors = true,
    .local_create = fused_local_create,
    .local_destroy = fused_local_destroy,
    .on_batch = fused_on_batch,
};

enum sb_status sb_fused_create(const struct sb_op_options *options, struct sb_op **out,
                               struct sb_error *err)
{
    struct fused *fused;

    SB_TRY_RETURN(sb_op_alloc(&fused_vtable, sizeof *fused, options, &fused, err));
    fused->spec = &options->node->spec.fused;
    *out = &fused->base;
    return SB_OK;
}
