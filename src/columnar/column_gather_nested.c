// SPDX-License-Identifier: Apache-2.0
/*
 * column_gather_nested.c - rows of lists, structs and runs, copied densely.
 *
 * Lists turn rows of the parent into rows of the child and gather those; list views keep pointing
 * into the child they share. Runs stay runs: rows that follow each other out of one run become one.
 */
#include <inttypes.h>

#include "columnar/column_internal.h"

struct nested {
    const struct sb_column *from;
    const uint32_t *rows; // NULL = the first `count`
    int64_t count;
    const uint8_t *validity; // of the new column; NULL = no nulls
    struct sb_memory *memory;
    struct sb_error *err;
    // What is being built.
    struct sb_buffer *values; // offsets, views; empty for the others
    const void *bytes;        // sizes of views
    struct sb_children *children;
};

static bool row_is_there(const struct nested *nested, int64_t i)
{
    return nested->validity == NULL || sb_bitmap_get(nested->validity, i);
}

static int64_t row_of(const struct nested *nested, int64_t i)
{
    return nested->rows == NULL ? i : nested->rows[i];
}

static enum sb_status rows_create(struct nested *nested, int64_t count, struct sb_buffer **out,
                                  uint32_t **rows)
{
    if (count >= UINT32_MAX) {
        return sb_error_set(nested->err, SB_UNSUPPORTED,
                            "%" PRId64 " rows of lists hold %" PRId64
                            " elements, and at most 4294967294 fit one batch; use smaller batches",
                            nested->count, count);
    }
    SB_TRY_RETURN(
        sb_buffer_create(nested->memory, count * (int64_t)sizeof **rows, out, nested->err));
    *rows = (uint32_t *)(void *)(*out)->data;
    return SB_OK;
}

static enum sb_status child_gather(struct nested *nested, int32_t index, const uint32_t *rows,
                                   int64_t count)
{
    struct sb_column child = sb_column_child(nested->from, index);

    return sb_column_gather(&child, rows, count, nested->memory, &nested->children->columns[index],
                            nested->err);
}

static void offset_put(struct sb_buffer *buffer, bool is_large, int64_t i, int64_t value)
{
    if (is_large) {
        ((int64_t *)(void *)buffer->data)[i] = value;
    } else {
        ((int32_t *)(void *)buffer->data)[i] = (int32_t)value;
    }
}

// Elements of all rows; null ones have none.
static int64_t elements_count(const struct nested *nested)
{
    int64_t total = 0;

    for (int64_t i = 0; i < nested->count; i++) {
        if (row_is_there(nested, i)) {
            total += sb_column_range(nested->from, row_of(nested, i)).count;
        }
    }
    return total;
}

static enum sb_status lists_gather(struct nested *nested)
{
    bool is_large = sb_type_is_large(nested->from->type->id);
    int64_t total = elements_count(nested);
    struct sb_buffer *holder;
    uint32_t *elements = NULL;
    int64_t used = 0;
    enum sb_status status;

    if (!is_large && total > INT32_MAX) {
        return sb_error_set(nested->err, SB_UNSUPPORTED,
                            "%" PRId64 " rows of lists hold %" PRId64
                            " elements, and 32-bit offsets reach 2147483647; use large_list",
                            nested->count, total);
    }
    SB_TRY_RETURN(sb_buffer_create(nested->memory,
                                   sb_column_values_size(nested->from->type, nested->count),
                                   &nested->values, nested->err));
    SB_TRY_RETURN(rows_create(nested, total, &holder, &elements));
    offset_put(nested->values, is_large, 0, 0);
    for (int64_t i = 0; i < nested->count; i++) {
        if (row_is_there(nested, i)) {
            struct sb_range range = sb_column_range(nested->from, row_of(nested, i));

            for (int64_t e = 0; e < range.count; e++) {
                elements[used++] = (uint32_t)(range.first + e);
            }
        }
        offset_put(nested->values, is_large, i + 1, used);
    }
    status = child_gather(nested, 0, elements, total);
    sb_buffer_release(holder);
    return status;
}

static enum sb_status views_gather(struct nested *nested)
{
    bool is_large = sb_type_is_large(nested->from->type->id);
    int64_t size = sb_column_values_size(nested->from->type, nested->count);
    int64_t half = size / sb_type_offset_width(nested->from->type->id);

    SB_TRY_RETURN(sb_buffer_create(nested->memory, 2 * size, &nested->values, nested->err));
    nested->bytes = nested->values->data + size;
    for (int64_t i = 0; i < nested->count; i++) {
        struct sb_range range = {0};

        if (row_is_there(nested, i)) {
            range = sb_column_range(nested->from, row_of(nested, i));
        }
        offset_put(nested->values, is_large, i, range.first);
        offset_put(nested->values, is_large, half + i, range.count);
    }
    sb_children_release(nested->children);
    nested->children = sb_children_retain(nested->from->children);
    return SB_OK;
}

static enum sb_status fixed_lists_gather(struct nested *nested)
{
    int64_t size = nested->from->type->size;
    struct sb_buffer *holder;
    uint32_t *elements = NULL;
    enum sb_status status;

    if (nested->count > 0 && size > UINT32_MAX / nested->count) {
        return rows_create(nested, INT64_MAX, &holder, &elements);
    }
    SB_TRY_RETURN(rows_create(nested, nested->count * size, &holder, &elements));
    for (int64_t i = 0; i < nested->count; i++) {
        int64_t row = row_of(nested, i);
        int64_t first = (nested->from->offset + row) * size;

        for (int64_t e = 0; e < size; e++) {
            elements[i * size + e] =
                nested->rows != NULL && row == UINT32_MAX ? UINT32_MAX : (uint32_t)(first + e);
        }
    }
    status = child_gather(nested, 0, elements, nested->count * size);
    sb_buffer_release(holder);
    return status;
}

static enum sb_status structs_gather(struct nested *nested)
{
    for (int32_t c = 0; c < nested->from->type->child_count; c++) {
        struct sb_column field = sb_column_field(nested->from, c);

        SB_TRY_RETURN(sb_column_gather(&field, nested->rows, nested->count, nested->memory,
                                       &nested->children->columns[c], nested->err));
    }
    return SB_OK;
}

// Decodes to rows of the values, then makes runs of equal ones again.
static enum sb_status runs_gather(struct nested *nested)
{
    const struct sb_type *ends_type = &nested->from->type->children[0].type;
    int32_t width = sb_type_width(ends_type->id);
    struct sb_column *ends = &nested->children->columns[0];
    struct sb_buffer *ends_buffer = NULL;
    struct sb_buffer *holder;
    uint32_t *runs = NULL;
    int64_t run_count = 0;
    enum sb_status status = SB_OK;

    if (width == 2 && nested->count > INT16_MAX) {
        return sb_error_set(nested->err, SB_UNSUPPORTED,
                            "%" PRId64 " rows, and run ends of int16 reach 32767; use int32",
                            nested->count);
    }
    SB_TRY_RETURN(rows_create(nested, nested->count, &holder, &runs));
    sb_column_decode_rows(nested->from, nested->rows, 0, nested->count, runs);
    SB_TRY_OUT(sb_buffer_create(nested->memory, nested->count * width, &ends_buffer, nested->err));
    for (int64_t i = 0; i < nested->count; i++) {
        int64_t end = i + 1;

        if (run_count == 0 || runs[i] != runs[run_count - 1]) {
            runs[run_count++] = runs[i];
        }
        memcpy(ends_buffer->data + (run_count - 1) * width, &end, (size_t)width); // little-endian
    }
    *ends = (struct sb_column){
        .length = run_count,
        .values = ends_buffer->data,
        .owner = ends_buffer,
    };
    ends_buffer = NULL;
    status = child_gather(nested, 1, runs, run_count);
out:
    sb_buffer_release(ends_buffer);
    sb_buffer_release(holder);
    return status;
}

enum sb_status sb_column_gather_nested(const struct sb_column *from, const uint32_t *rows,
                                       int64_t count, struct sb_buffer *validity,
                                       struct sb_memory *memory, struct sb_column *out,
                                       struct sb_error *err)
{
    struct nested nested = {
        .from = from,
        .rows = rows,
        .count = count,
        .validity = validity == NULL ? NULL : validity->data,
        .memory = memory,
        .err = err,
    };
    enum sb_status status = SB_OK;

    SB_TRY_OUT(sb_children_create(memory, from->type->child_count, &nested.children, err));
    switch (from->type->id) {
    case SB_TYPE_STRUCT:
        SB_TRY_OUT(structs_gather(&nested));
        break;
    case SB_TYPE_FIXED_SIZE_LIST:
        SB_TRY_OUT(fixed_lists_gather(&nested));
        break;
    case SB_TYPE_RUN_END_ENCODED:
        SB_TRY_OUT(runs_gather(&nested));
        break;
    case SB_TYPE_LIST_VIEW:
    case SB_TYPE_LARGE_LIST_VIEW:
        SB_TRY_OUT(views_gather(&nested));
        break;
    default: // list, large_list, map
        SB_TRY_OUT(lists_gather(&nested));
        break;
    }
    if (nested.values == NULL) {
        SB_TRY_OUT(sb_buffer_create(memory, 0, &nested.values, err));
    }
    sb_buffer_keep(nested.values, validity);
    *out = (struct sb_column){
        .type = from->type,
        .length = count,
        .validity = validity == NULL ? NULL : validity->data,
        .values = nested.values->data,
        .bytes = nested.bytes,
        .owner = nested.values,
        .children = nested.children,
    };
    return SB_OK;
out:
    sb_buffer_release(nested.values);
    sb_children_release(nested.children);
    return status;
}
