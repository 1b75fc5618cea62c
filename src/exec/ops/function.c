// SPDX-License-Identifier: Apache-2.0
/*
 * function.c - rows through a function the engine cannot see into.
 *
 * MAP (rows -> rows) and FILTER (rows -> one bool column) run on every worker at once; CUSTOM has
 * one instance that sees its input in order and is called a last time, without rows, at the end.
 * The state of a CUSTOM function lives outside the engine, so a snapshot refuses it by name.
 */
#include "columnar/arrow.h"
#include "exec/ops/ops.h"

struct function {
    struct sb_op base;
    struct sb_op_binding binding;
    struct ArrowSchema input; // as the function gets it
    struct sb_schema *output; // as the function gives it
};

/* Calls the function; `array` (NULL at the end) is taken. `out` is empty when no rows came back. */
static enum sb_status function_call(struct function *function, struct ArrowArray *array,
                                    struct sb_batch *out, struct sb_op_ctx *ctx)
{
    struct ArrowArray result = {0};
    enum sb_status status = function->binding.function(function->binding.context, array,
                                                       &function->input, &result, ctx->error);

    *out = (struct sb_batch){0};
    if (status != SB_OK) {
        if (result.release != NULL) {
            result.release(&result);
        }
        return status;
    }
    if (result.release == NULL) {
        return SB_OK;
    }
    return sb_batch_import(ctx->memory, function->output, &result, out, ctx->error);
}

static enum sb_status function_on_batch(struct sb_op *op, void *state, int32_t port,
                                        struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct function *function = (struct function *)op;
    int64_t row_count = batch->row_count;
    struct ArrowArray array;
    struct sb_batch result;

    (void)state;
    (void)port;
    SB_TRY_RETURN(sb_batch_export(batch, &array, ctx->error));
    SB_TRY_RETURN(function_call(function, &array, &result, ctx));
    if (result.row_count < row_count) {
        sb_op_count(ctx, SB_LEDGER_FILTERED, row_count - result.row_count);
    } else {
        sb_op_count(ctx, SB_LEDGER_ADDED, result.row_count - row_count);
    }
    return sb_op_emit(ctx, &result);
}

static enum sb_status mask_select(const struct sb_column *mask, struct sb_memory *memory,
                                  struct sb_batch *batch, struct sb_error *err)
{
    struct sb_selection *selection;
    int64_t count = 0;

    SB_TRY_RETURN(sb_selection_create(memory, batch->row_count, &selection, err));
    for (int64_t i = 0; i < batch->row_count; i++) {
        selection->rows[count] = (uint32_t)i;
        count += sb_bitmap_get(mask->values, mask->offset + i) && !sb_column_is_null(mask, i);
    }
    batch->selection = selection;
    batch->selection_first = 0;
    batch->row_count = count;
    return SB_OK;
}

static enum sb_status function_filter_on_batch(struct sb_op *op, void *state, int32_t port,
                                               struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct function *function = (struct function *)op;
    struct sb_batch shared = {0};
    struct sb_batch mask = {0};
    struct ArrowArray array;
    enum sb_status status;

    (void)state;
    (void)port;
    SB_TRY_OUT(sb_batch_flatten(batch, ctx->error));
    SB_TRY_OUT(sb_batch_share(&shared, batch, ctx->error));
    SB_TRY_OUT(sb_batch_export(&shared, &array, ctx->error));
    SB_TRY_OUT(function_call(function, &array, &mask, ctx));
    if (mask.row_count != batch->row_count) {
        status = sb_error_set(ctx->error, SB_FAILED,
                              "the function returned a mask of %lld rows for a batch of %lld rows",
                              (long long)mask.row_count, (long long)batch->row_count);
        goto out;
    }
    SB_TRY_OUT(mask_select(&mask.columns[0], ctx->memory, batch, ctx->error));
    sb_op_count(ctx, SB_LEDGER_FILTERED, mask.row_count - batch->row_count);
    sb_batch_deinit(&mask);
    return sb_op_emit(ctx, batch);

out:
    sb_batch_deinit(&mask);
    sb_batch_deinit(batch);
    return status;
}

static enum sb_status custom_group_create(struct sb_op *op, int32_t group, struct sb_op_ctx *ctx,
                                          void **state)
{
    (void)group;
    (void)ctx;
    *state = op; // it keeps nothing here
    return SB_OK;
}

static void custom_group_destroy(struct sb_op *op, void *state)
{
    (void)op;
    (void)state;
}

static enum sb_status custom_on_end(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct sb_batch result;

    (void)state;
    SB_TRY_RETURN(function_call((struct function *)op, NULL, &result, ctx));
    sb_op_count(ctx, SB_LEDGER_ADDED, result.row_count);
    return sb_op_emit(ctx, &result);
}

static bool custom_ends_without_input(const struct sb_op *op)
{
    (void)op;
    return true;
}

static enum sb_status custom_state_schema(struct sb_op *op, struct sb_memory *memory,
                                          struct sb_schema **out, struct sb_error *err)
{
    (void)op;
    (void)memory;
    (void)out;
    return sb_error_set(
        err, SB_UNSUPPORTED,
        "the state of a custom function cannot be part of a snapshot in this version");
}

static enum sb_status custom_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct sb_schema *schema = NULL;

    (void)state;
    return custom_state_schema(op, ctx->memory, &schema, ctx->error);
}

static enum sb_status custom_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                                     struct sb_op_ctx *ctx)
{
    sb_batch_deinit(batch);
    return custom_snapshot(op, state, ctx);
}

static void function_destroy(struct sb_op *op)
{
    struct function *function = (struct function *)op;

    if (function->input.release != NULL) {
        function->input.release(&function->input);
    }
    sb_schema_release(function->output);
    sb_op_free(op, sizeof *function);
}

static const struct sb_op_vtable map_function_vtable = {
    .name = "map",
    .placement = SB_OP_INLINE,
    .build_port = SB_NO_PORT,
    .destroy = function_destroy,
    .on_batch = function_on_batch,
};

static const struct sb_op_vtable filter_function_vtable = {
    .name = "filter",
    .placement = SB_OP_INLINE,
    .build_port = SB_NO_PORT,
    .destroy = function_destroy,
    .on_batch = function_filter_on_batch,
};

static const struct sb_op_vtable custom_vtable = {
    .name = "custom",
    .placement = SB_OP_SINGLE,
    .build_port = SB_NO_PORT,
    .destroy = function_destroy,
    .on_batch = function_on_batch,
    .group_create = custom_group_create,
    .group_destroy = custom_group_destroy,
    .on_end = custom_on_end,
    .ends_without_input = custom_ends_without_input,
    .state_schema = custom_state_schema,
    .snapshot = custom_snapshot,
    .restore = custom_restore,
};

enum sb_status sb_function_create(const struct sb_op_options *options, struct sb_op **out,
                                  struct sb_error *err)
{
    const struct sb_node *node = options->node;
    const struct sb_op_vtable *vtable = node->type == SB_NODE_MAP      ? &map_function_vtable
                                        : node->type == SB_NODE_FILTER ? &filter_function_vtable
                                                                       : &custom_vtable;
    struct sb_field mask = {.name = "mask", .type = {.id = SB_TYPE_BOOL}, .is_nullable = true};
    struct function *function;
    enum sb_status status;

    if (options->binding.function == NULL) {
        return sb_error_set(
            err, SB_INVALID,
            "the graph names a function, but none was bound with sb_job_bind_function()");
    }
    SB_TRY_RETURN(sb_op_alloc(vtable, sizeof *function, options, &function, err));
    function->binding = options->binding;
    SB_TRY_OUT(sb_schema_export(node->inputs[0]->schema, &function->input, err));
    if (node->type == SB_NODE_FILTER) {
        SB_TRY_OUT(sb_schema_create(options->memory, &mask, 1, &function->output, err));
    } else {
        function->output = sb_schema_retain(node->schema);
    }
    *out = &function->base;
    return SB_OK;

out:
    function_destroy(&function->base);
    return status;
}
