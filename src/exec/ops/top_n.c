// SPDX-License-Identifier: Apache-2.0
/*
 * top_n.c - the rows [offset, offset + count) of what a SORT would give.
 *
 * A worker keeps candidates: rows that may be among the best `offset + count` of those it has seen.
 * When there are twice as many it sorts them and lets the worse ones go; the worst that stays is
 * its *bound*. Most rows end at a comparison of their first key with the bound. Flushed candidates
 * meet in group 0, which sorts them once more at the end.
 *
 * State: the candidates, each with its number (sb_op_order) as last column. The number is the last
 * key, too, so that ties are those of SORT.
 */
#include <pthread.h>
#include <string.h>

#include "exec/ops/ops.h"
#include "exec/ops/sort_internal.h"
#include "exec/ops/top_n_bound.h"

enum { SPARE_ROWS = 8192 }; // candidates beyond the best before they are sorted, at least

struct top_n {
    struct sb_op base;
    int64_t offset;
    int64_t kept_count;         // offset + count
    struct sb_order_spec order; // of the node, and the number of the row
    struct sb_schema *schema;   // of the input, and the number
    pthread_mutex_t lock;       // of `list`
    struct sb_sort_list list;   // group 0's
};

struct top_n_local {
    struct sb_sort_list list;
    struct sb_top_bound bound;
};

// --- candidates ----------------------------------------------------------------------------------

/* The best rows of the list, in order, as entries; `*entries` is sb_memory of `*size` bytes. */
static enum sb_status list_sort(const struct top_n *top, const struct sb_sort_list *list,
                                struct sb_sort_layout *layout, struct sb_sort_field *fields,
                                uint64_t **entries, size_t *size, struct sb_error *err)
{
    uint64_t *to;

    sb_sort_layout_init(layout, fields, &top->order, list);
    *size = sizeof **entries * (size_t)(2 * list->row_count * layout->words);
    *entries = sb_memory_alloc(top->base.memory, *size);
    if (*entries == NULL) {
        return sb_error_no_memory(err, "the entries of rows", (int64_t)*size);
    }
    to = *entries;
    for (int64_t b = 0; b < list->count; b++) {
        int64_t rows = list->batches[b].batch.row_count;
        sb_sort_entries_make(layout, list, b, 0, rows, to);
        to += rows * layout->words;
    }
    sb_sort_entries(layout, *entries, to, list->row_count);
    sb_sort_ties(layout, &top->order, list, *entries, to, list->row_count);
    return SB_OK;
}

/* Replaces the rows of the list by its best ones, and sets the bound when there are enough. */
static enum sb_status list_reduce(const struct top_n *top, struct sb_sort_list *list,
                                  struct sb_top_bound *bound, struct sb_op_ctx *ctx)
{
    size_t fields_size = sizeof(struct sb_sort_field) * (size_t)top->order.key_count;
    struct sb_sort_field *fields = sb_memory_alloc_zeroed(ctx->memory, fields_size);
    struct sb_sort_list best = {0};
    struct sb_sort_layout layout = {0};
    uint64_t *entries = NULL;
    size_t size = 0;
    int64_t row_count = list->row_count < top->kept_count ? list->row_count : top->kept_count;
    enum sb_status status;

    if (fields == NULL) {
        return sb_error_no_memory(ctx->error, "the plan of the sort", (int64_t)fields_size);
    }
    SB_TRY_OUT(list_sort(top, list, &layout, fields, &entries, &size, ctx->error));
    for (int64_t first = 0; first < row_count; first += SB_SORT_PIECE_ROWS) {
        int64_t left = row_count - first;
        struct sb_sort_batch piece = {0};

        SB_TRY_OUT(sb_sort_gather(&layout, list, top->schema, entries + first * layout.words,
                                  left < SB_SORT_PIECE_ROWS ? left : SB_SORT_PIECE_ROWS,
                                  ctx->memory, &piece.batch, ctx->error));
        SB_TRY_OUT(sb_sort_list_add(&best, &top->base, &top->order, &piece, ctx->error));
    }
    sb_op_count(ctx, SB_LEDGER_HELD, row_count - list->row_count);
    sb_op_count(ctx, SB_LEDGER_FILTERED, list->row_count - row_count);
    sb_sort_list_deinit(list, &top->base, &top->order);
    *list = best;
    best = (struct sb_sort_list){0};
    if (row_count == top->kept_count) {
        const struct sb_sort_batch *last = &list->batches[list->count - 1];
        sb_top_bound_set(bound, &top->order, last, last->batch.row_count - 1);
    }

out:
    sb_memory_free(ctx->memory, entries, size);
    sb_memory_free(ctx->memory, fields, fields_size);
    sb_sort_list_deinit(&best, &top->base, &top->order);
    return status;
}

static bool list_is_full(const struct top_n *top, const struct sb_sort_list *list)
{
    int64_t spare = top->kept_count > SPARE_ROWS ? top->kept_count : SPARE_ROWS;

    return list->row_count > top->kept_count && list->row_count - top->kept_count >= spare;
}

/* Rows of the batch, numbered; `rows` (NULL = all) counts those that exist. Borrows the batch. */
static enum sb_status candidates_make(const struct top_n *top, const struct sb_batch *batch,
                                      const uint32_t *rows, int64_t count, sb_uint128 first,
                                      struct sb_batch *out, struct sb_error *err)
{
    int32_t column_count = batch->schema->field_count;
    struct sb_column column;
    struct sb_buffer *buffer;
    enum sb_status status;

    SB_TRY_RETURN(sb_batch_init(out, top->base.memory, top->schema, count, err));
    for (int32_t c = 0; c < column_count; c++) {
        if (rows == NULL) {
            sb_column_share(&column, &batch->columns[c]);
        } else {
            SB_TRY_OUT(
                sb_column_gather(&batch->columns[c], rows, count, top->base.memory, &column, err));
        }
        sb_batch_adopt_column(out, c, &column);
    }
    SB_TRY_OUT(sb_buffer_create(top->base.memory, count * 16, &buffer, err));
    for (int64_t i = 0; i < count; i++) {
        sb_uint128 number = first + (rows == NULL ? (sb_uint128)i : rows[i]);
        memcpy(buffer->data + i * 16, &number, sizeof number);
    }
    column = (struct sb_column){.length = count, .values = buffer->data, .owner = buffer};
    sb_batch_adopt_column(out, column_count, &column);
    return SB_OK;

out:
    sb_batch_deinit(out);
    return status;
}

/* Adds the rows of a dense batch that may be among the best. */
static enum sb_status candidates_add(const struct top_n *top, struct top_n_local *local,
                                     const struct sb_batch *batch, sb_uint128 first,
                                     struct sb_op_ctx *ctx)
{
    size_t size = sizeof(uint32_t) * (size_t)(batch->row_count + 1);
    struct sb_sort_batch made = {0};
    struct sb_column key = {0};
    int64_t count = batch->row_count;
    uint32_t *rows = NULL;
    enum sb_status status = SB_OK;

    if (local->bound.is_set) {
        rows = sb_memory_alloc(ctx->memory, size);
        if (rows == NULL) {
            return sb_error_no_memory(ctx->error, "a list of rows", (int64_t)size);
        }
        SB_TRY_OUT(sb_sort_column_make(&batch->columns[top->order.keys[0].column], ctx->memory,
                                       &key, ctx->error));
        count = sb_top_bound_choose(&local->bound, &top->order, &key, first, rows);
    }
    sb_op_count(ctx, SB_LEDGER_FILTERED, batch->row_count - count);
    sb_op_count(ctx, SB_LEDGER_HELD, count);
    if (count > 0) {
        SB_TRY_OUT(candidates_make(top, batch, count < batch->row_count ? rows : NULL, count, first,
                                   &made.batch, ctx->error));
        SB_TRY_OUT(sb_sort_list_add(&local->list, &top->base, &top->order, &made, ctx->error));
    }

out:
    sb_column_deinit(&key);
    sb_memory_free(ctx->memory, rows, size);
    return status;
}

// --- hooks ---------------------------------------------------------------------------------------

static enum sb_status top_n_local_create(struct sb_op *op, int32_t port, struct sb_op_ctx *ctx,
                                         void **local)
{
    struct top_n_local *made = sb_memory_alloc_zeroed(op->memory, sizeof *made);

    (void)port;
    if (made == NULL) {
        return sb_error_no_memory(ctx->error, "the best rows", (int64_t)sizeof *made);
    }
    *local = made;
    return SB_OK;
}

static void top_n_local_destroy(struct sb_op *op, int32_t port, void *local)
{
    struct top_n_local *old = local;

    (void)port;
    sb_sort_list_deinit(&old->list, op, &((struct top_n *)op)->order);
    sb_memory_free(op->memory, old, sizeof *old);
}

static enum sb_status top_n_on_batch(struct sb_op *op, void *state, int32_t port,
                                     struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    const struct top_n *top = (const struct top_n *)op;
    struct top_n_local *local = state;
    uint64_t first[2];
    enum sb_status status;

    (void)port;
    sb_op_order(ctx, batch->row_count, first);
    if (top->kept_count == 0) {
        sb_op_count(ctx, SB_LEDGER_FILTERED, batch->row_count);
        sb_batch_deinit(batch);
        return SB_OK;
    }
    SB_TRY_OUT(sb_batch_flatten(batch, ctx->error));
    SB_TRY_OUT(candidates_add(top, local, batch, (sb_uint128)first[1] << 64 | first[0], ctx));
    if (list_is_full(top, &local->list)) {
        SB_TRY_OUT(list_reduce(top, &local->list, &local->bound, ctx));
    }

out:
    sb_batch_deinit(batch);
    return status;
}

/* The bound stays: the rows it stands for are with group 0. */
static enum sb_status top_n_on_flush(struct sb_op *op, void *state, int32_t port,
                                     struct sb_op_ctx *ctx)
{
    struct top_n *top = (struct top_n *)op;
    struct top_n_local *local = state;
    struct sb_block *block;
    enum sb_status status;

    (void)port;
    if (local->list.row_count == 0) {
        return SB_OK;
    }
    if (local->list.row_count > top->kept_count) {
        SB_TRY_RETURN(list_reduce(top, &local->list, &local->bound, ctx));
    }
    block = sb_block_create(ctx->memory, 0);
    if (block == NULL) {
        return sb_error_no_memory(ctx->error, "a block", (int64_t)sizeof *block);
    }
    pthread_mutex_lock(&top->lock);
    status = sb_sort_list_append(&top->list, &local->list, op, &top->order, ctx->error);
    pthread_mutex_unlock(&top->lock);
    if (status != SB_OK) {
        sb_block_destroy(ctx->memory, block);
        return status;
    }
    return sb_op_send(ctx, block);
}

static enum sb_status top_n_group_create(struct sb_op *op, int32_t group, struct sb_op_ctx *ctx,
                                         void **state)
{
    (void)group;
    (void)ctx;
    *state = op; // there is one group
    return SB_OK;
}

static void top_n_group_destroy(struct sb_op *op, void *state)
{
    (void)op;
    (void)state;
}

static enum sb_status top_n_on_block(struct sb_op *op, void *state, struct sb_block *block,
                                     struct sb_op_ctx *ctx)
{
    struct top_n *top = (struct top_n *)op;
    struct sb_top_bound bound = {0};
    enum sb_status status = SB_OK;

    (void)state;
    sb_block_destroy(ctx->memory, block); // the rows are in the list already
    pthread_mutex_lock(&top->lock);
    if (list_is_full(top, &top->list)) {
        status = list_reduce(top, &top->list, &bound, ctx);
    }
    pthread_mutex_unlock(&top->lock);
    return status;
}

static enum sb_status top_n_emit(struct top_n *top, struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct sb_batch result = {0};
    enum sb_status status;

    SB_TRY_RETURN(
        sb_batch_init(&result, ctx->memory, top->base.node->schema, batch->row_count, ctx->error));
    for (int32_t c = 0; c < result.schema->field_count; c++) {
        struct sb_column column;
        sb_column_share(&column, &batch->columns[c]);
        sb_batch_adopt_column(&result, c, &column);
    }
    sb_op_count(ctx, SB_LEDGER_HELD, -batch->row_count);
    status = sb_op_emit(ctx, &result);
    return status;
}

static enum sb_status top_n_on_end(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct top_n *top = (struct top_n *)op;
    int64_t skipped = top->offset;
    struct sb_top_bound bound = {0};

    (void)state;
    if (top->list.row_count > 0) {
        SB_TRY_RETURN(list_reduce(top, &top->list, &bound, ctx)); // leaves them in order
    }
    for (int64_t i = 0; i < top->list.count; i++) {
        struct sb_batch *batch = &top->list.batches[i].batch;
        int64_t cut = skipped < batch->row_count ? skipped : batch->row_count;

        skipped -= cut;
        sb_op_count(ctx, SB_LEDGER_HELD, -cut);
        sb_op_count(ctx, SB_LEDGER_FILTERED, cut);
        sb_batch_slice(batch, cut, batch->row_count - cut);
        if (batch->row_count > 0) {
            SB_TRY_RETURN(top_n_emit(top, batch, ctx));
        }
    }
    sb_sort_list_deinit(&top->list, op, &top->order);
    return SB_OK;
}

static enum sb_status top_n_state_schema(struct sb_op *op, struct sb_memory *memory,
                                         struct sb_schema **out, struct sb_error *err)
{
    return sb_sort_list_schema(op, memory, out, err);
}

static enum sb_status top_n_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct top_n *top = (struct top_n *)op;

    (void)state;
    for (int64_t i = 0; i < top->list.count; i++) {
        struct sb_batch shared;
        SB_TRY_RETURN(sb_batch_share(&shared, &top->list.batches[i].batch, ctx->error));
        SB_TRY_RETURN(sb_op_save(ctx, &shared));
    }
    return SB_OK;
}

static enum sb_status top_n_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                                    struct sb_op_ctx *ctx)
{
    struct top_n *top = (struct top_n *)op;
    struct sb_sort_batch kept = {0};

    (void)state;
    sb_batch_move(&kept.batch, batch);
    return sb_sort_list_add(&top->list, op, &top->order, &kept, ctx->error);
}

static void top_n_destroy(struct sb_op *op)
{
    struct top_n *top = (struct top_n *)op;

    sb_sort_list_deinit(&top->list, op, &top->order);
    sb_memory_free(op->memory, top->order.keys,
                   sizeof *top->order.keys * (size_t)top->order.key_count);
    sb_schema_release(top->schema);
    pthread_mutex_destroy(&top->lock);
    sb_op_free(op, sizeof *top);
}

static const struct sb_op_vtable top_n_vtable = {
    .name = "top_n",
    .placement = SB_OP_KEYED,
    .build_port = SB_NO_PORT,
    .destroy = top_n_destroy,
    .local_create = top_n_local_create,
    .local_destroy = top_n_local_destroy,
    .on_batch = top_n_on_batch,
    .on_flush = top_n_on_flush,
    .group_create = top_n_group_create,
    .group_destroy = top_n_group_destroy,
    .on_block = top_n_on_block,
    .emits_only_at_end = true,
    .on_end = top_n_on_end,
    .state_schema = top_n_state_schema,
    .snapshot = top_n_snapshot,
    .restore = top_n_restore,
};

enum sb_status sb_top_n_create(const struct sb_op_options *options, struct sb_op **out,
                               struct sb_error *err)
{
    const struct sb_top_n_spec *spec = &options->node->spec.top_n;
    int32_t key_count = spec->order.key_count;
    struct top_n *top;
    enum sb_status status;

    SB_TRY_RETURN(sb_op_alloc(&top_n_vtable, sizeof *top, options, &top, err));
    pthread_mutex_init(&top->lock, NULL);
    top->offset = spec->offset;
    top->kept_count =
        spec->count > INT64_MAX - spec->offset ? INT64_MAX : spec->offset + spec->count;
    top->order.key_count = key_count + 1;
    top->order.keys =
        sb_memory_alloc(options->memory, sizeof *top->order.keys * (size_t)top->order.key_count);
    if (top->order.keys == NULL) {
        status = sb_error_no_memory(err, "the keys", (int64_t)sizeof *top->order.keys * key_count);
        goto out;
    }
    memcpy(top->order.keys, spec->order.keys, sizeof *top->order.keys * (size_t)key_count);
    top->order.keys[key_count] = (struct sb_order_key){
        .column = options->node->inputs[0]->schema->field_count,
    };
    SB_TRY_OUT(sb_sort_list_schema(&top->base, options->memory, &top->schema, err));
    *out = &top->base;
    return SB_OK;

out:
    top_n_destroy(&top->base);
    return status;
}
