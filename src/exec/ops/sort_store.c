// SPDX-License-Identifier: Apache-2.0
/*
 * sort_store.c - batches that wait to be sorted, and where their rows stood.
 */
#include <stdlib.h>
#include <string.h>

#include "exec/ops/sort_internal.h"

static void kept_deinit(struct sb_sort_batch *kept, const struct sb_op *op,
                        const struct sb_order_spec *order)
{
    for (int32_t k = 0; kept->keys != NULL && k < order->key_count; k++) {
        sb_column_deinit(&kept->keys[k]);
    }
    sb_memory_free(op->memory, kept->keys,
                   kept->keys == NULL ? 0 : sizeof *kept->keys * (size_t)order->key_count);
    sb_batch_deinit(&kept->batch);
}

static enum sb_status keys_make(struct sb_sort_batch *kept, const struct sb_op *op,
                                const struct sb_order_spec *order, struct sb_error *err)
{
    size_t size = sizeof *kept->keys * (size_t)order->key_count;

    kept->keys = sb_memory_alloc_zeroed(op->memory, size);
    if (kept->keys == NULL) {
        return sb_error_no_memory(err, "the keys of rows", (int64_t)size);
    }
    for (int32_t k = 0; k < order->key_count; k++) {
        SB_TRY_RETURN(sb_sort_column_make(&kept->batch.columns[order->keys[k].column], op->memory,
                                          &kept->keys[k], err));
    }
    return SB_OK;
}

void sb_sort_list_deinit(struct sb_sort_list *list, const struct sb_op *op,
                         const struct sb_order_spec *order)
{
    for (int64_t i = 0; i < list->count; i++) {
        kept_deinit(&list->batches[i], op, order);
    }
    sb_memory_free(op->memory, list->batches, sizeof *list->batches * (size_t)list->capacity);
    if (list->ranges != NULL) {
        sb_memory_free(op->memory, list->ranges, sizeof *list->ranges * (size_t)order->key_count);
    }
    *list = (struct sb_sort_list){0};
}

static enum sb_status list_reserve(struct sb_sort_list *list, const struct sb_op *op,
                                   const struct sb_order_spec *order, int64_t more,
                                   struct sb_error *err)
{
    int64_t capacity = list->capacity == 0 ? 16 : list->capacity;
    struct sb_sort_batch *grown;

    if (list->ranges == NULL) {
        size_t size = sizeof *list->ranges * (size_t)order->key_count;
        list->ranges = sb_memory_alloc_zeroed(op->memory, size);
        if (list->ranges == NULL) {
            return sb_error_no_memory(err, "the ranges of keys", (int64_t)size);
        }
    }
    while (capacity < list->count + more) {
        capacity *= 2;
    }
    if (capacity == list->capacity) {
        return SB_OK;
    }
    grown = sb_memory_realloc(op->memory, list->batches, sizeof *grown * (size_t)list->capacity,
                              sizeof *grown * (size_t)capacity);
    if (grown == NULL) {
        return sb_error_no_memory(err, "rows that wait to be sorted",
                                  (int64_t)sizeof *grown * capacity);
    }
    list->batches = grown;
    list->capacity = capacity;
    return SB_OK;
}

static void list_put(struct sb_sort_list *list, struct sb_sort_batch *batch)
{
    struct sb_sort_batch *place = &list->batches[list->count++];

    *place = *batch;
    sb_batch_move(&place->batch, &batch->batch);
    list->row_count += place->batch.row_count;
}

enum sb_status sb_sort_list_add(struct sb_sort_list *list, const struct sb_op *op,
                                const struct sb_order_spec *order, struct sb_sort_batch *batch,
                                struct sb_error *err)
{
    enum sb_status status;

    SB_TRY_OUT(sb_batch_flatten(&batch->batch, err));
    SB_TRY_OUT(keys_make(batch, op, order, err));
    SB_TRY_OUT(list_reserve(list, op, order, 1, err));
    for (int32_t k = 0; k < order->key_count; k++) {
        sb_sort_range_add(&list->ranges[k], &batch->keys[k]);
    }
    list_put(list, batch);
    return SB_OK;

out:
    kept_deinit(batch, op, order);
    return status;
}

enum sb_status sb_sort_list_append(struct sb_sort_list *to, struct sb_sort_list *from,
                                   const struct sb_op *op, const struct sb_order_spec *order,
                                   struct sb_error *err)
{
    if (from->count == 0) {
        return SB_OK;
    }
    SB_TRY_RETURN(list_reserve(to, op, order, from->count, err));
    for (int32_t k = 0; k < order->key_count; k++) {
        sb_sort_range_merge(&to->ranges[k], &from->ranges[k]);
        from->ranges[k] = (struct sb_sort_range){0};
    }
    for (int64_t i = 0; i < from->count; i++) {
        list_put(to, &from->batches[i]);
    }
    from->count = 0;
    from->row_count = 0;
    return SB_OK;
}

static int batch_compare(const void *left, const void *right)
{
    const struct sb_sort_batch *a = left;
    const struct sb_sort_batch *b = right;

    return (a->first > b->first) - (a->first < b->first);
}

void sb_sort_list_arrange(struct sb_sort_list *list)
{
    if (list->count > 1) {
        qsort(list->batches, (size_t)list->count, sizeof *list->batches, batch_compare);
    }
}

// --- snapshots -----------------------------------------------------------------------------------

enum sb_status sb_sort_list_schema(const struct sb_op *op, struct sb_memory *memory,
                                   struct sb_schema **out, struct sb_error *err)
{
    const struct sb_schema *input = op->node->inputs[0]->schema;
    size_t size = sizeof(struct sb_field) * (size_t)(input->field_count + 1);
    struct sb_field *fields = sb_memory_alloc(memory, size);
    enum sb_status status;

    if (fields == NULL) {
        return sb_error_no_memory(err, "the state's columns", (int64_t)size);
    }
    for (int32_t i = 0; i < input->field_count; i++) {
        fields[i] = input->fields[i];
    }
    fields[input->field_count] = (struct sb_field){
        .name = "__order",
        .type = {.id = SB_TYPE_DECIMAL128, .precision = 38},
    };
    status = sb_schema_create(memory, fields, input->field_count + 1, out, err);
    sb_memory_free(memory, fields, size);
    return status;
}

/* The numbers of a batch's rows. */
static enum sb_status numbers_create(const struct sb_sort_batch *kept, struct sb_memory *memory,
                                     struct sb_column *out, struct sb_error *err)
{
    int64_t count = kept->batch.row_count;
    struct sb_buffer *buffer;
    sb_uint128 *values;

    SB_TRY_RETURN(sb_buffer_create(memory, count * (int64_t)sizeof *values, &buffer, err));
    values = (sb_uint128 *)(void *)buffer->data;
    for (int64_t i = 0; i < count; i++) {
        values[i] = kept->first + (sb_uint128)i;
    }
    *out = (struct sb_column){.length = count, .values = values, .owner = buffer};
    return SB_OK;
}

static enum sb_status batch_save(const struct sb_sort_batch *kept, struct sb_schema *schema,
                                 struct sb_op_ctx *ctx)
{
    int32_t count = kept->batch.schema->field_count;
    struct sb_batch saved = {0};
    struct sb_column column = {0};
    enum sb_status status;

    SB_TRY_OUT(sb_batch_init(&saved, ctx->memory, schema, kept->batch.row_count, ctx->error));
    for (int32_t c = 0; c < count; c++) {
        sb_column_share(&column, &kept->batch.columns[c]);
        sb_batch_adopt_column(&saved, c, &column);
    }
    SB_TRY_OUT(numbers_create(kept, ctx->memory, &column, ctx->error));
    sb_batch_adopt_column(&saved, count, &column);
    return sb_op_save(ctx, &saved);

out:
    sb_batch_deinit(&saved);
    return status;
}

enum sb_status sb_sort_list_save(const struct sb_sort_list *list, const struct sb_op *op,
                                 struct sb_op_ctx *ctx)
{
    struct sb_schema *schema = NULL;
    enum sb_status status = SB_OK;

    SB_TRY_RETURN(sb_sort_list_schema(op, ctx->memory, &schema, ctx->error));
    for (int64_t i = 0; i < list->count; i++) {
        SB_TRY_OUT(batch_save(&list->batches[i], schema, ctx));
    }

out:
    sb_schema_release(schema);
    return status;
}

/* Rows [first, first + count) of a state batch, whose numbers follow each other. */
static enum sb_status slice_restore(struct sb_sort_list *list, const struct sb_op *op,
                                    const struct sb_order_spec *order, const struct sb_batch *batch,
                                    int64_t first, int64_t count, struct sb_op_ctx *ctx)
{
    int32_t column_count = batch->schema->field_count - 1;
    struct sb_sort_batch kept = {0};
    const uint8_t *numbers = sb_column_fixed(&batch->columns[column_count], 16);

    memcpy(&kept.first, numbers + first * 16, sizeof kept.first);
    SB_TRY_RETURN(
        sb_batch_init(&kept.batch, ctx->memory, op->node->inputs[0]->schema, count, ctx->error));
    for (int32_t c = 0; c < column_count; c++) {
        struct sb_column column;
        sb_column_share(&column, &batch->columns[c]);
        sb_column_slice(&column, first, count);
        sb_batch_adopt_column(&kept.batch, c, &column);
    }
    return sb_sort_list_add(list, op, order, &kept, ctx->error);
}

static bool number_follows(const uint8_t *numbers, int64_t row)
{
    sb_uint128 before;
    sb_uint128 number;

    memcpy(&before, numbers + (row - 1) * 16, sizeof before);
    memcpy(&number, numbers + row * 16, sizeof number);
    return number == before + 1;
}

enum sb_status sb_sort_list_restore(struct sb_sort_list *list, const struct sb_op *op,
                                    const struct sb_order_spec *order, struct sb_batch *batch,
                                    struct sb_op_ctx *ctx)
{
    const uint8_t *numbers;
    int64_t first = 0;
    enum sb_status status;

    SB_TRY_OUT(sb_batch_flatten(batch, ctx->error));
    numbers = sb_column_fixed(&batch->columns[batch->schema->field_count - 1], 16);
    for (int64_t i = 1; i <= batch->row_count; i++) {
        if (i == batch->row_count || !number_follows(numbers, i)) {
            SB_TRY_OUT(slice_restore(list, op, order, batch, first, i - first, ctx));
            first = i;
        }
    }

out:
    sb_batch_deinit(batch);
    return status;
}
