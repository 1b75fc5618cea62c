// SPDX-License-Identifier: Apache-2.0
/*
 * scan.c - a source's own `filters` and `columns`, at the head of its stage.
 *
 * State: none. Nothing is copied: what passes is a selection over the delivered columns, and those
 * that are not emitted are let go. Cost: the expression, four bytes per row that passes, and
 * O(columns) per batch.
 */
#include "exec/ops/ops.h"

struct scan {
    struct sb_op base;
    const struct sb_scan_spec *spec;
};

/* Takes `batch`; `*out` has the columns that the source emits. */
static enum sb_status scan_project(const struct scan *scan, struct sb_batch *batch,
                                   struct sb_op_ctx *ctx, struct sb_batch *out)
{
    enum sb_status status;

    SB_TRY_OUT(
        sb_batch_init(out, ctx->memory, scan->base.node->schema, batch->row_count, ctx->error));
    out->column_length = batch->column_length;
    out->selection = sb_selection_retain(batch->selection);
    out->selection_first = batch->selection_first;
    for (int32_t i = 0; i < scan->spec->column_count; i++) {
        sb_batch_adopt_column(out, i, &batch->columns[scan->spec->columns[i]]); // each goes once
    }

out:
    sb_batch_deinit(batch);
    return status;
}

static enum sb_status scan_on_batch(struct sb_op *op, void *state, int32_t port,
                                    struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    const struct scan *scan = (const struct scan *)op;
    int64_t row_count = batch->row_count;
    enum sb_status status = SB_OK;
    struct sb_batch projected;

    (void)state;
    (void)port;
    if (scan->spec->bound != NULL) {
        SB_TRY_OUT(sb_expr_filter(scan->spec->bound, batch, ctx->scratch, ctx->error));
        sb_op_count(ctx, SB_LEDGER_FILTERED, row_count - batch->row_count);
    }
    if (scan->spec->columns == NULL || batch->row_count == 0) {
        return sb_op_emit(ctx, batch);
    }
    SB_TRY_RETURN(scan_project(scan, batch, ctx, &projected));
    return sb_op_emit(ctx, &projected);

out:
    sb_batch_deinit(batch);
    return status;
}

static void scan_destroy(struct sb_op *op)
{
    sb_op_free(op, sizeof(struct scan));
}

static const struct sb_op_vtable scan_vtable = {
    .name = "scan",
    .placement = SB_OP_INLINE,
    .build_port = SB_NO_PORT,
    .destroy = scan_destroy,
    .on_batch = scan_on_batch,
};

enum sb_status sb_scan_create(const struct sb_op_options *options, struct sb_op **out,
                              struct sb_error *err)
{
    struct scan *scan;

    SB_TRY_RETURN(sb_op_alloc(&scan_vtable, sizeof *scan, options, &scan, err));
    scan->spec = &options->node->spec.source.scan;
    *out = &scan->base;
    return SB_OK;
}
