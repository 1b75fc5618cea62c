// SPDX-License-Identifier: Apache-2.0
/*
 * union.c - the rows of several inputs, in no order between the inputs.
 *
 * State: none. Batches of inputs with equal columns pass as they are. By name, columns move to
 * their places, nulls stand for those that an input lacks, and only what has another type is cast.
 */
#include "exec/ops/ops.h"

/* A column of the output, of as many rows as the columns of `result`. */
static enum sb_status union_column(const struct sb_union_spec *spec, int64_t at,
                                   struct sb_batch *batch, const struct sb_batch *result,
                                   const struct sb_type *type, struct sb_column *out,
                                   struct sb_op_ctx *ctx)
{
    int32_t source = spec->source_columns[at];

    if (source < 0) {
        return sb_column_nulls(type, result->column_length, ctx->memory, out, ctx->error);
    }
    if (spec->casts[at] != NULL) {
        return sb_expr_evaluate(spec->casts[at], batch, ctx->scratch, out, ctx->error);
    }
    sb_column_share(out, &batch->columns[source]);
    return SB_OK;
}

static enum sb_status union_by_name(const struct sb_node *node, int32_t port,
                                    struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    const struct sb_union_spec *spec = &node->spec.unite;
    int32_t count = node->schema->field_count;
    struct sb_batch result = {0};
    enum sb_status status = SB_OK;

    if (spec->has_casts[port]) { // casts give dense columns, so the others are made dense, too
        SB_TRY_OUT(sb_batch_flatten(batch, ctx->error));
    }
    SB_TRY_OUT(sb_batch_init(&result, ctx->memory, node->schema, batch->row_count, ctx->error));
    result.column_length = batch->column_length;
    result.selection = sb_selection_retain(batch->selection);
    result.selection_first = batch->selection_first;
    for (int32_t i = 0; i < count; i++) {
        struct sb_column column = {0};

        status = union_column(spec, (int64_t)port * count + i, batch, &result,
                              &node->schema->fields[i].type, &column, ctx);
        if (status != SB_OK) {
            sb_error_prefix(ctx->error, "column '%s' of input %d", node->schema->fields[i].name,
                            port);
            goto out;
        }
        sb_batch_adopt_column(&result, i, &column);
    }
    sb_batch_deinit(batch);
    return sb_op_emit(ctx, &result);

out:
    sb_batch_deinit(&result);
    sb_batch_deinit(batch);
    return status;
}

static enum sb_status union_on_batch(struct sb_op *op, void *state, int32_t port,
                                     struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    (void)state;
    if (op->node->spec.unite.is_by_name) {
        return union_by_name(op->node, port, batch, ctx);
    }
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
