// SPDX-License-Identifier: Apache-2.0
/*
 * select.c - some of the columns, in the order asked for.
 *
 * State: none. Cost: O(columns) per batch; no row is touched.
 */
#include "exec/ops/ops.h"

struct select {
    struct sb_op base;
    const struct sb_select_spec *spec;
};

static enum sb_status select_on_batch(struct sb_op *op, void *state, int32_t port,
                                      struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    const struct select *select = (const struct select *)op;
    struct sb_batch result = {0};
    enum sb_status status =
        sb_batch_init(&result, ctx->memory, op->node->schema, batch->row_count, ctx->error);

    (void)state;
    (void)port;
    if (status != SB_OK) {
        sb_batch_deinit(batch);
        return status;
    }
    result.column_length = batch->column_length;
    result.selection = sb_selection_retain(batch->selection);
    result.selection_first = batch->selection_first;
    for (int32_t i = 0; i < select->spec->column_count; i++) {
        // Names are unique, so nobody else here needs the column: it moves.
        sb_batch_adopt_column(&result, i, &batch->columns[select->spec->columns[i]]);
    }
    sb_batch_deinit(batch);
    return sb_op_emit(ctx, &result);
}

static void select_destroy(struct sb_op *op)
{
    sb_op_free(op, sizeof(struct select));
}

static const struct sb_op_vtable select_vtable = {
    .name = "select",
    .placement = SB_OP_INLINE,
    .build_port = SB_NO_PORT,
    .destroy = select_destroy,
    .on_batch = select_on_batch,
};

enum sb_status sb_select_create(const struct sb_op_options *options, struct sb_op **out,
                                struct sb_error *err)
{
    struct select *select;

    SB_TRY_RETURN(sb_op_alloc(&select_vtable, sizeof *select, options, &select, err));
    select->spec = &options->node->spec.select;
    *out = &select->base;
    return SB_OK;
}
