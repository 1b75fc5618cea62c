// SPDX-License-Identifier: Apache-2.0
/*
 * union.c - the rows of several inputs with equal columns, in no order between the inputs.
 *
 * State: none. Batches pass as they are.
 */
#include "exec/ops/ops.h"

static enum sb_status union_on_batch(struct sb_op *op, void *state, int32_t port,
                                     struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    (void)op;
    (void)state;
    (void)port;
    return sb_op_emit(ctx, batch);
}

static void union_destroy(struct sb_op *op)
{
    sb_op_free(op, sizeof *op);
}

static const struct sb_op_vtable union_vtable = {
    .name = "union",
    .placement = SB_OP_INLINE,
    .build_port = SB_NO_PORT,
    .destroy = union_destroy,
    .on_batch = union_on_batch,
};

enum sb_status sb_union_create(const struct sb_op_options *options, struct sb_op **out,
                               struct sb_error *err)
{
    return sb_op_alloc(&union_vtable, sizeof **out, options, out, err);
}
