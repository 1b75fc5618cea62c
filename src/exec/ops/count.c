// SPDX-License-Identifier: Apache-2.0
/*
 * count.c - a sink that drops its rows; the ledger has counted them.
 *
 * State: none, so nothing is brought in order for it.
 */
#include "exec/ops/ops.h"

static enum sb_status count_on_batch(struct sb_op *op, void *state, int32_t port,
                                     struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    (void)op;
    (void)state;
    (void)port;
    return sb_op_emit(ctx, batch); // to nobody
}

static void count_destroy(struct sb_op *op)
{
    sb_op_free(op, sizeof *op);
}

static const struct sb_op_vtable count_vtable = {
    .name = "sink",
    .placement = SB_OP_INLINE,
    .build_port = SB_NO_PORT,
    .destroy = count_destroy,
    .on_batch = count_on_batch,
};

enum sb_status sb_count_create(const struct sb_op_options *options, struct sb_op **out,
                               struct sb_error *err)
{
    return sb_op_alloc(&count_vtable, sizeof **out, options, out, err);
}
