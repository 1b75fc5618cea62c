// SPDX-License-Identifier: Apache-2.0
/*
 * unnest.c - a row for each element of a list, beside the other columns of its row, in order.
 *
 * State: none. Output leaves in batches of at most UNNEST_ROWS rows, however long the lists are:
 * positions of rows and elements are written down for one batch, then each column is gathered by
 * them. Elements that follow each other in the list's child are not copied, and neither are columns
 * of which each row has one element. Cost: O(columns) per element.
 */
#include <inttypes.h>

#include "exec/ops/ops.h"

enum {
    UNNEST_ROWS = 16 * 1024, // run ends of int16 reach no further than twice that
    UNNEST_LISTS = 1024,     // lists whose places are looked up at once
};

struct unnest {
    struct sb_op base;
    const struct sb_unnest_spec *spec;
};

/* Where output rows come from; one per worker, so that nothing is drawn for each batch. */
struct unnest_places {
    struct sb_range lists[UNNEST_LISTS];
    uint32_t rows[UNNEST_ROWS];
    uint32_t elements[UNNEST_ROWS]; // UINT32_MAX = null
    int64_t count;
    bool is_run;     // elements follow each other
    bool is_rowwise; // each row comes once, and none between is left out
};

static enum sb_status unnest_local_create(struct sb_op *op, int32_t port, struct sb_op_ctx *ctx,
                                          void **local)
{
    struct unnest_places *places = sb_memory_alloc(ctx->memory, sizeof *places);

    (void)op;
    (void)port;
    *local = places;
    if (places == NULL) {
        return sb_error_no_memory(ctx->error, "places of list elements", sizeof *places);
    }
    places->count = 0;
    return SB_OK;
}

static void unnest_local_destroy(struct sb_op *op, int32_t port, void *local)
{
    (void)port;
    sb_memory_free(op->memory, local, sizeof(struct unnest_places));
}

#define READ_OFFSETS(ctype)                                                                        \
    do {                                                                                           \
        const ctype *offsets = (const ctype *)column->values + column->offset;                     \
        for (int64_t i = 0; i < count; i++) {                                                      \
            int64_t row = rows == NULL ? first + i : rows[first + i];                              \
            out[i] = (struct sb_range){offsets[row], offsets[row + 1] - offsets[row]};             \
        }                                                                                          \
    } while (0)

#define READ_VIEWS(ctype)                                                                          \
    do {                                                                                           \
        const ctype *offsets = (const ctype *)column->values + column->offset;                     \
        const ctype *sizes = (const ctype *)(const void *)column->bytes + column->offset;          \
        for (int64_t i = 0; i < count; i++) {                                                      \
            int64_t row = rows == NULL ? first + i : rows[first + i];                              \
            out[i] = (struct sb_range){offsets[row], sizes[row]};                                  \
        }                                                                                          \
    } while (0)

/* Which elements the lists of rows[first..first + count) have; null lists have none. */
static void lists_read(const struct sb_column *column, const uint32_t *rows, int64_t first,
                       int64_t count, struct sb_range *out)
{
    switch (column->type->id) {
    case SB_TYPE_LARGE_LIST:
        READ_OFFSETS(int64_t);
        break;
    case SB_TYPE_LIST_VIEW:
        READ_VIEWS(int32_t);
        break;
    case SB_TYPE_LARGE_LIST_VIEW:
        READ_VIEWS(int64_t);
        break;
    case SB_TYPE_FIXED_SIZE_LIST:
        for (int64_t i = 0; i < count; i++) {
            int64_t row = rows == NULL ? first + i : rows[first + i];

            out[i] =
                (struct sb_range){(column->offset + row) * column->type->size, column->type->size};
        }
        break;
    default: // list and map
        READ_OFFSETS(int32_t);
        break;
    }
    if (column->validity == NULL || column->null_count == 0) {
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        if (sb_column_is_null(column, rows == NULL ? first + i : rows[first + i])) {
            out[i] = (struct sb_range){0};
        }
    }
}

static void places_begin(struct unnest_places *places)
{
    places->count = 0;
    places->is_run = true;
    places->is_rowwise = true;
}

/* Adds elements of one row, as many as there is room for; returns how many. */
static int64_t places_add(struct unnest_places *places, uint32_t row, struct sb_range list)
{
    int64_t at = places->count;
    int64_t room = UNNEST_ROWS - at;
    int64_t count = list.count < room ? list.count : room;

    if (at > 0 && count > 0) {
        places->is_run &= (int64_t)places->elements[at - 1] + 1 == list.first;
        places->is_rowwise &= (int64_t)places->rows[at - 1] + 1 == row;
    }
    places->is_rowwise &= count <= 1;
    for (int64_t i = 0; i < count; i++) {
        places->rows[at + i] = row;
        places->elements[at + i] = (uint32_t)(list.first + i);
    }
    places->count += count;
    return count;
}

static void places_add_null(struct unnest_places *places, uint32_t row)
{
    (void)places_add(places, row, (struct sb_range){UINT32_MAX, 1});
    places->is_run = false;
}

static enum sb_status rows_column(const struct sb_column *from, const struct unnest_places *places,
                                  struct sb_column *out, struct sb_op_ctx *ctx)
{
    if (!places->is_rowwise) {
        return sb_column_gather(from, places->rows, places->count, ctx->memory, out, ctx->error);
    }
    sb_column_share(out, from);
    sb_column_slice(out, places->rows[0], places->count);
    return SB_OK;
}

static enum sb_status elements_column(const struct sb_column *lists,
                                      const struct unnest_places *places, struct sb_column *out,
                                      struct sb_op_ctx *ctx)
{
    struct sb_column child = sb_column_child(lists, 0);

    if (!places->is_run) {
        return sb_column_gather(&child, places->elements, places->count, ctx->memory, out,
                                ctx->error);
    }
    sb_column_share(out, &child);
    sb_column_slice(out, places->elements[0], places->count);
    return SB_OK;
}

/* Emits what is written down, and begins anew. */
static enum sb_status places_emit(const struct unnest *unnest, struct unnest_places *places,
                                  const struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct sb_schema *schema = unnest->base.node->schema;
    struct sb_batch result = {0};
    enum sb_status status;

    if (places->count == 0) {
        return SB_OK;
    }
    SB_TRY_OUT(sb_batch_init(&result, ctx->memory, schema, places->count, ctx->error));
    for (int32_t i = 0; i < schema->field_count; i++) {
        struct sb_column column = {0};

        if (i == unnest->spec->column) {
            SB_TRY_OUT(elements_column(&batch->columns[i], places, &column, ctx));
        } else {
            SB_TRY_OUT(rows_column(&batch->columns[i], places, &column, ctx));
        }
        sb_batch_adopt_column(&result, i, &column);
    }
    places_begin(places);
    return sb_op_emit(ctx, &result);

out:
    sb_batch_deinit(&result);
    return status;
}

static enum sb_status unnest_list(const struct unnest *unnest, struct unnest_places *places,
                                  const struct sb_batch *batch, uint32_t row, struct sb_range list,
                                  struct sb_op_ctx *ctx)
{
    for (;;) { // each turn but the last emits a full batch
        int64_t count = places_add(places, row, list);

        list.first += count;
        list.count -= count;
        if (list.count == 0) {
            return SB_OK;
        }
        SB_TRY_RETURN(places_emit(unnest, places, batch, ctx));
    }
}

static enum sb_status unnest_rows(const struct unnest *unnest, struct unnest_places *places,
                                  const struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    const struct sb_column *lists = &batch->columns[unnest->spec->column];
    const uint32_t *rows = sb_batch_rows(batch);
    int64_t filtered_count = 0;
    int64_t added_count = 0;

    places_begin(places);
    for (int64_t first = 0; first < batch->row_count; first += UNNEST_LISTS) {
        int64_t left = batch->row_count - first;
        int64_t count = left < UNNEST_LISTS ? left : UNNEST_LISTS;

        lists_read(lists, rows, first, count, places->lists);
        for (int64_t i = 0; i < count; i++) {
            uint32_t row = rows == NULL ? (uint32_t)(first + i) : rows[first + i];
            struct sb_range list = places->lists[i];

            if (list.count == 0 && !unnest->spec->keeps_empty) {
                filtered_count++;
                continue;
            }
            if (places->count == UNNEST_ROWS) {
                SB_TRY_RETURN(places_emit(unnest, places, batch, ctx));
            }
            if (list.count == 0) {
                places_add_null(places, row);
                continue;
            }
            added_count += list.count - 1;
            SB_TRY_RETURN(unnest_list(unnest, places, batch, row, list, ctx));
        }
    }
    sb_op_count(ctx, SB_LEDGER_FILTERED, filtered_count);
    sb_op_count(ctx, SB_LEDGER_ADDED, added_count);
    return places_emit(unnest, places, batch, ctx);
}

static enum sb_status unnest_on_batch(struct sb_op *op, void *state, int32_t port,
                                      struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    const struct unnest *unnest = (const struct unnest *)op;
    int64_t element_count = sb_column_child(&batch->columns[unnest->spec->column], 0).length;
    enum sb_status status;

    (void)port;
    if (element_count >= UINT32_MAX) {
        status =
            sb_error_set(ctx->error, SB_UNSUPPORTED,
                         "the lists of a batch of %" PRId64 " rows share %" PRId64
                         " elements, and at most 4294967294 are supported; use smaller batches",
                         batch->row_count, element_count);
    } else {
        status = unnest_rows(unnest, state, batch, ctx);
    }
    sb_batch_deinit(batch);
    return status;
}

static void unnest_destroy(struct sb_op *op)
{
    sb_op_free(op, sizeof(struct unnest));
}

static const struct sb_op_vtable unnest_vtable = {
    .name = "unnest",
    .placement = SB_OP_INLINE,
    .build_port = SB_NO_PORT,
    .may_multiply = true,
    .destroy = unnest_destroy,
    .local_create = unnest_local_create,
    .local_destroy = unnest_local_destroy,
    .on_batch = unnest_on_batch,
};

enum sb_status sb_unnest_create(const struct sb_op_options *options, struct sb_op **out,
                                struct sb_error *err)
{
    struct unnest *unnest;

    SB_TRY_RETURN(sb_op_alloc(&unnest_vtable, sizeof *unnest, options, &unnest, err));
    unnest->spec = &options->node->spec.unnest;
    *out = &unnest->base;
    return SB_OK;
}
