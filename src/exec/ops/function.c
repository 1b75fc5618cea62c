// SPDX-License-Identifier: Apache-2.0
/*
 * function.c - rows through a function the engine cannot see into.
 *
 * MAP and FLAT_MAP (rows -> rows) and FILTER (rows -> one bool column) run on every worker at once
 * and keep nothing. REDUCE and CUSTOM have one instance that sees its input in order and is called
 * a last time, without rows, at the end. Their state lives outside the engine, which carries it
 * through snapshots as bytes; a function bound without hooks cannot be asked for it.
 */
#include "columnar/arrow.h"
#include "exec/ops/ops.h"

struct function {
    struct sb_op base;
    struct sb_op_binding binding;
    struct ArrowSchema input; // as the function gets it
    struct sb_schema *output; // as the function gives it
};

/* What a call gave back, as a batch of `schema`; empty when nothing came. Takes `array`. */
static enum sb_status function_take(struct function *function, struct sb_schema *schema,
                                    enum sb_status status, struct ArrowArray *array,
                                    struct sb_batch *out, struct sb_op_ctx *ctx)
{
    *out = (struct sb_batch){0};
    if (status != SB_OK) {
        if (array->release != NULL) {
            array->release(array);
        }
        return status;
    }
    if (array->release == NULL) {
        return SB_OK;
    }
    return sb_batch_import(function->base.memory, schema, array, out, ctx->error);
}

/* Calls the function; `array` (NULL at the end) is taken. `out` is empty when no rows came back. */
static enum sb_status function_call(struct function *function, struct ArrowArray *array,
                                    struct sb_batch *out, int64_t *failed_count,
                                    struct sb_op_ctx *ctx)
{
    const struct sb_op_binding *binding = &function->binding;
    struct ArrowArray result = {0};
    enum sb_status status;

    *failed_count = 0;
    if (binding->hooks.on_batch != NULL) {
        status = binding->hooks.on_batch(binding->context, array, &function->input, &result,
                                         failed_count, ctx->error);
    } else {
        status = binding->function(binding->context, array, &function->input, &result, ctx->error);
    }
    return function_take(function, function->output, status, &result, out, ctx);
}

/* Writes the rows that went in and did not come out, or the other way round, into the ledger. */
static enum sb_status function_settle(int64_t in_count, int64_t failed_count, int64_t out_count,
                                      enum sb_ledger_entry less, struct sb_op_ctx *ctx)
{
    if (failed_count < 0 || failed_count > in_count) {
        return sb_error_set(ctx->error, SB_FAILED,
                            "the function says that %lld rows of a batch of %lld rows failed",
                            (long long)failed_count, (long long)in_count);
    }
    in_count -= failed_count;
    sb_op_count(ctx, SB_LEDGER_FAILED, failed_count);
    if (out_count < in_count) {
        sb_op_count(ctx, less, in_count - out_count);
    } else {
        sb_op_count(ctx, SB_LEDGER_ADDED, out_count - in_count);
    }
    return SB_OK;
}

static enum sb_status function_on_rows(struct function *function, struct sb_batch *batch,
                                       enum sb_ledger_entry less, struct sb_op_ctx *ctx)
{
    int64_t row_count = batch->row_count;
    int64_t failed_count;
    struct ArrowArray array;
    struct sb_batch result;
    enum sb_status status;

    SB_TRY_RETURN(sb_batch_export(batch, &array, ctx->error));
    SB_TRY_RETURN(function_call(function, &array, &result, &failed_count, ctx));
    status = function_settle(row_count, failed_count, result.row_count, less, ctx);
    if (status != SB_OK) {
        sb_batch_deinit(&result);
        return status;
    }
    return sb_op_emit(ctx, &result);
}

static enum sb_status function_on_batch(struct sb_op *op, void *state, int32_t port,
                                        struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    (void)state;
    (void)port;
    return function_on_rows((struct function *)op, batch, SB_LEDGER_FILTERED, ctx);
}

/* Rows of a REDUCE go into what it accumulates. */
static enum sb_status reduce_on_batch(struct sb_op *op, void *state, int32_t port,
                                      struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    (void)state;
    (void)port;
    return function_on_rows((struct function *)op, batch, SB_LEDGER_MERGED, ctx);
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
    int64_t failed_count;
    struct ArrowArray array;
    enum sb_status status;

    (void)state;
    (void)port;
    SB_TRY_OUT(sb_batch_flatten(batch, ctx->error));
    SB_TRY_OUT(sb_batch_share(&shared, batch, ctx->error));
    SB_TRY_OUT(sb_batch_export(&shared, &array, ctx->error));
    SB_TRY_OUT(function_call(function, &array, &mask, &failed_count, ctx));
    if (mask.row_count != batch->row_count) {
        status = sb_error_set(ctx->error, SB_FAILED,
                              "the function returned a mask of %lld rows for a batch of %lld rows",
                              (long long)mask.row_count, (long long)batch->row_count);
        goto out;
    }
    SB_TRY_OUT(mask_select(&mask.columns[0], ctx->memory, batch, ctx->error));
    SB_TRY_OUT(
        function_settle(mask.row_count, failed_count, batch->row_count, SB_LEDGER_FILTERED, ctx));
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

static enum sb_status custom_emit(struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    sb_op_count(ctx, SB_LEDGER_ADDED, batch->row_count);
    return sb_op_emit(ctx, batch);
}

static enum sb_status custom_on_watermark(struct sb_op *op, void *state, int64_t watermark_us,
                                          struct sb_op_ctx *ctx)
{
    struct function *function = (struct function *)op;
    const struct sb_op_binding *binding = &function->binding;
    struct ArrowArray array = {0};
    struct sb_batch result;
    enum sb_status status;

    (void)state;
    if (binding->hooks.on_watermark == NULL) {
        return SB_OK;
    }
    status = binding->hooks.on_watermark(binding->context, watermark_us, &array, ctx->error);
    SB_TRY_RETURN(function_take(function, function->output, status, &array, &result, ctx));
    return custom_emit(&result, ctx);
}

static enum sb_status custom_on_end(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    int64_t failed_count;
    struct sb_batch result;

    (void)state;
    SB_TRY_RETURN(function_call((struct function *)op, NULL, &result, &failed_count, ctx));
    return custom_emit(&result, ctx);
}

static bool custom_ends_without_input(const struct sb_op *op)
{
    (void)op;
    return true;
}

static enum sb_status custom_state_schema(struct sb_op *op, struct sb_memory *memory,
                                          struct sb_schema **out, struct sb_error *err)
{
    struct sb_field field = {.name = "state", .type = {.id = SB_TYPE_LARGE_BINARY}};

    (void)op;
    return sb_schema_create(memory, &field, 1, out, err);
}

static enum sb_status custom_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct function *function = (struct function *)op;
    const struct sb_op_binding *binding = &function->binding;
    struct sb_schema *schema = NULL;
    struct ArrowArray array = {0};
    struct sb_batch saved = {0};
    enum sb_status status;

    (void)state;
    if (binding->hooks.snapshot == NULL) {
        return sb_error_set(ctx->error, SB_UNSUPPORTED,
                            "its function was bound without a snapshot hook; bind it with "
                            "sb_job_bind_hooks()");
    }
    SB_TRY_RETURN(custom_state_schema(op, ctx->memory, &schema, ctx->error));
    status = binding->hooks.snapshot(binding->context, &array, ctx->error);
    status = function_take(function, schema, status, &array, &saved, ctx);
    if (status == SB_OK && saved.row_count > 0) {
        status = sb_op_save(ctx, &saved);
    } else {
        sb_batch_deinit(&saved);
    }
    sb_schema_release(schema);
    return status;
}

static enum sb_status custom_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                                     struct sb_op_ctx *ctx)
{
    const struct sb_op_binding *binding = &((struct function *)op)->binding;
    struct ArrowArray array;

    (void)state;
    if (binding->hooks.restore == NULL) {
        sb_batch_deinit(batch);
        return sb_error_set(ctx->error, SB_UNSUPPORTED,
                            "its function was bound without a restore hook; bind it with "
                            "sb_job_bind_hooks()");
    }
    SB_TRY_RETURN(sb_batch_export(batch, &array, ctx->error));
    return binding->hooks.restore(binding->context, &array, ctx->error);
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

static const struct sb_op_vtable flat_map_function_vtable = {
    .name = "flat_map",
    .placement = SB_OP_INLINE,
    .build_port = SB_NO_PORT,
    .destroy = function_destroy,
    .on_batch = function_on_batch,
};

static const struct sb_op_vtable reduce_vtable = {
    .name = "reduce",
    .placement = SB_OP_SINGLE,
    .build_port = SB_NO_PORT,
    .destroy = function_destroy,
    .on_batch = reduce_on_batch,
    .group_create = custom_group_create,
    .group_destroy = custom_group_destroy,
    .on_watermark = custom_on_watermark,
    .on_end = custom_on_end,
    .ends_without_input = custom_ends_without_input,
    .state_schema = custom_state_schema,
    .snapshot = custom_snapshot,
    .restore = custom_restore,
};

static const struct sb_op_vtable custom_vtable = {
    .name = "custom",
    .placement = SB_OP_SINGLE,
    .build_port = SB_NO_PORT,
    .destroy = function_destroy,
    .on_batch = function_on_batch,
    .group_create = custom_group_create,
    .group_destroy = custom_group_destroy,
    .on_watermark = custom_on_watermark,
    .on_end = custom_on_end,
    .ends_without_input = custom_ends_without_input,
    .state_schema = custom_state_schema,
    .snapshot = custom_snapshot,
    .restore = custom_restore,
};

static const struct sb_op_vtable *function_vtable(enum sb_node_type type)
{
    switch (type) {
    case SB_NODE_MAP:
        return &map_function_vtable;
    case SB_NODE_FILTER:
        return &filter_function_vtable;
    case SB_NODE_FLAT_MAP:
        return &flat_map_function_vtable;
    case SB_NODE_REDUCE:
        return &reduce_vtable;
    default:
        sb_assert(type == SB_NODE_CUSTOM);
        return &custom_vtable;
    }
}

enum sb_status sb_function_create(const struct sb_op_options *options, struct sb_op **out,
                                  struct sb_error *err)
{
    const struct sb_node *node = options->node;
    const struct sb_op_vtable *vtable = function_vtable(node->type);
    struct sb_field mask = {.name = "mask", .type = {.id = SB_TYPE_BOOL}, .is_nullable = true};
    struct function *function;
    enum sb_status status;

    if (options->binding.function == NULL && options->binding.hooks.on_batch == NULL) {
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
