// SPDX-License-Identifier: Apache-2.0
/*
 * filter.c - keeps the rows for which a boolean expression is true.
 *
 * State: none. Nothing is copied: what passes is a selection over the same columns. Cost: the
 * expression, and four bytes per row that passes.
 */
#include "exec/ops/ops.h"

struct filter {
    struct sb_op base;
    const struct sb_bound_expr *predicate;
};

static enum sb_status filter_on_batch(struct sb_op *op, void *state, int32_t port,
                                      struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct filter *filter = (struct filter *)op;
    int64_t row_count = batch->row_count;
    enum sb_status status = sb_expr_filter(filter->predicate, batch, ctx->scratch, ctx->error);

    (void)state;
    (void)port;
    if (status != SB_OK) {
        sb_batch_deinit(batch);
        return status;
    }
    sb_op_count(ctx, SB_LEDGER_FILTERED, row_count - batch->row_count);
    return sb_op_emit(ctx, batch);
}

static void filter_destroy(struct sb_op *op)
{
    sb_op_free(op, sizeof(struct filter));
}

static const struct sb_op_vtable filter_vtable = {
    .name = "filter",
    .placement = SB_OP_INLINE,
    .build_port = SB_NO_PORT,
    .destroy = filter_destroy,
    .on_batch = filter_on_batch,
};

enum sb_status sb_filter_create(const struct sb_op_options *options, struct sb_op **out,
                                struct sb_error *err)
{
    struct filter *filter;

    SB_TRY_RETURN(sb_op_alloc(&filter_vtable, sizeof *filter, options, &filter, err));
    filter->predicate = options->node->spec.filter.bound;
    *out = &filter->base;
    return SB_OK;
}
