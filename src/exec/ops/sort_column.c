// SPDX-License-Identifier: Apache-2.0
/*
 * sort_column.c - what a sort reads of a key column.
 *
 * Codes and comparisons know plain values alone. So dictionaries and runs are decoded, once per
 * batch; their texts become views, which do not copy them. Types without a number of 128 bits
 * become bytes in the order of their values (sort_value.c).
 */
#include <string.h>

#include "exec/ops/sort_internal.h"

enum {
    VIEW_SIZE = 16,
    VIEW_INLINE_MAX = 12,
};

static const struct sb_type view_type = {.id = SB_TYPE_BINARY_VIEW};
static const struct sb_type bytes_type = {.id = SB_TYPE_LARGE_BINARY};

// Values that the sort knows by the bytes of sort_value.c only.
static bool is_written(const struct sb_type *type)
{
    return type->id == SB_TYPE_DECIMAL256 || sb_type_is_nested(type->id);
}

/*
 * The values of an encoded column, and for each row the place of its own: `*rows`, sb_memory of
 * column->length numbers, UINT32_MAX where there is none. Borrows from `column`.
 */
static enum sb_status values_find(const struct sb_column *column, struct sb_memory *memory,
                                  struct sb_column *values, uint32_t **rows, struct sb_error *err)
{
    size_t size = sizeof **rows * (size_t)column->length;
    uint32_t *found = sb_memory_alloc(memory, size);

    if (found == NULL) {
        return sb_error_no_memory(err, "decoded keys", (int64_t)size);
    }
    sb_column_decode_rows(column, NULL, 0, column->length, found);
    *values = sb_column_child(column, 1);
    while (sb_type_is_encoded(values->type->id)) { // runs of a dictionary
        for (int64_t first = 0; first < column->length; first += SB_EXPR_CHUNK) {
            int64_t left = column->length - first;
            int64_t count = left < SB_EXPR_CHUNK ? left : SB_EXPR_CHUNK;
            uint32_t outer[SB_EXPR_CHUNK];

            memcpy(outer, found + first, sizeof *outer * (size_t)count);
            sb_column_decode_rows(values, outer, 0, count, found + first);
        }
        *values = sb_column_child(values, 1);
    }
    *rows = found;
    return SB_OK;
}

// --- views into a dictionary's text --------------------------------------------------------------

/* Whether every text lies where a view can point. */
static bool has_views(const struct sb_column *text)
{
    int64_t end = text->offset + text->length;

    return sb_type_is_variable(text->type->id) && !sb_type_is_view(text->type->id) &&
           (!sb_type_is_large(text->type->id) || ((const int64_t *)text->values)[end] <= INT32_MAX);
}

static void view_write(struct sb_bytes text, const uint8_t *heap, uint8_t *view)
{
    int32_t words[4] = {(int32_t)text.size};

    if (text.size <= VIEW_INLINE_MAX) {
        memcpy(view, words, sizeof words);
        if (text.size > 0) {
            memcpy(view + 4, text.data, (size_t)text.size);
        }
        return;
    }
    memcpy(&words[1], text.data, 4);
    words[3] = (int32_t)(text.data - heap);
    memcpy(view, words, sizeof words);
}

/* The one heap of a column of views; it lies in front of them. */
struct view_heap {
    const uint8_t *data;
    int64_t size;
};

static_assert(sizeof(struct view_heap) % 8 == 0, "views are aligned");

static enum sb_status views_make(const struct sb_column *text, const uint32_t *rows, int64_t count,
                                 struct sb_memory *memory, struct sb_column *out,
                                 struct sb_error *err)
{
    int64_t views_start = sizeof(struct view_heap);
    int64_t bits_start = views_start + count * VIEW_SIZE;
    struct sb_buffer *buffer;
    struct view_heap *heap;
    int64_t null_count = 0;

    SB_TRY_RETURN(sb_buffer_create(memory, bits_start + (count + 7) / 8, &buffer, err));
    heap = (struct view_heap *)(void *)buffer->data;
    heap->data = text->bytes;
    heap->size = INT32_MAX;
    memset(buffer->data + bits_start, 0, (size_t)((count + 7) / 8));
    for (int64_t i = 0; i < count; i++) {
        uint8_t *view = buffer->data + views_start + i * VIEW_SIZE;

        if (rows[i] == UINT32_MAX) {
            memset(view, 0, VIEW_SIZE);
            null_count++;
        } else {
            view_write(sb_column_bytes(text, rows[i]), heap->data, view);
            sb_bitmap_set(buffer->data + bits_start, i);
        }
    }
    *out = (struct sb_column){
        .type = &view_type,
        .length = count,
        .null_count = null_count,
        .validity = null_count == 0 ? NULL : buffer->data + bits_start,
        .values = buffer->data + views_start,
        .heaps = &heap->data,
        .heap_count = 1,
        .heap_sizes = &heap->size,
        .owner = buffer,
    };
    return SB_OK;
}

// --- written values ------------------------------------------------------------------------------

static bool is_missing(const struct sb_column *values, const uint32_t *rows, int64_t i)
{
    return rows == NULL ? sb_column_is_null(values, i) : rows[i] == UINT32_MAX;
}

/* The values at `rows` (NULL = all) in the bytes of sort_value.c. */
static enum sb_status bytes_make(const struct sb_column *values, const uint32_t *rows,
                                 int64_t count, struct sb_memory *memory, struct sb_column *out,
                                 struct sb_error *err)
{
    int64_t bits_start = (count + 1) * (int64_t)sizeof(int64_t);
    struct sb_buffer *buffer = NULL;
    struct sb_buffer *bytes = NULL;
    int64_t *offsets;
    int64_t null_count = 0;

    SB_TRY_RETURN(sb_buffer_create(memory, bits_start + (count + 7) / 8, &buffer, err));
    offsets = (int64_t *)(void *)buffer->data;
    offsets[0] = 0;
    memset(buffer->data + bits_start, 0, (size_t)((count + 7) / 8));
    for (int64_t i = 0; i < count; i++) {
        int64_t size = 0;

        if (is_missing(values, rows, i)) {
            null_count++;
        } else {
            size = sb_sort_value_write(values, rows == NULL ? i : rows[i], NULL);
            sb_bitmap_set(buffer->data + bits_start, i);
        }
        offsets[i + 1] = offsets[i] + size;
    }
    if (sb_buffer_create(memory, offsets[count], &bytes, err) != SB_OK) {
        sb_buffer_release(buffer);
        return SB_NO_MEMORY;
    }
    for (int64_t i = 0; i < count; i++) {
        if (!is_missing(values, rows, i)) {
            sb_sort_value_write(values, rows == NULL ? i : rows[i], bytes->data + offsets[i]);
        }
    }
    *out = (struct sb_column){
        .type = &bytes_type,
        .length = count,
        .null_count = null_count,
        .validity = null_count == 0 ? NULL : buffer->data + bits_start,
        .values = offsets,
        .bytes = bytes->data,
        .owner = buffer,
    };
    sb_buffer_keep(buffer, bytes);
    return SB_OK;
}

enum sb_status sb_sort_column_make(const struct sb_column *column, struct sb_memory *memory,
                                   struct sb_column *out, struct sb_error *err)
{
    struct sb_column values;
    uint32_t *rows;
    enum sb_status status;

    *out = (struct sb_column){0};
    if (!sb_type_is_encoded(column->type->id)) {
        if (is_written(column->type)) {
            return bytes_make(column, NULL, column->length, memory, out, err);
        }
        sb_column_share(out, column);
        return SB_OK;
    }
    SB_TRY_RETURN(values_find(column, memory, &values, &rows, err));
    if (is_written(values.type)) {
        status = bytes_make(&values, rows, column->length, memory, out, err);
    } else if (has_views(&values)) {
        status = views_make(&values, rows, column->length, memory, out, err);
    } else {
        status = sb_column_gather(&values, rows, column->length, memory, out, err);
    }
    sb_memory_free(memory, rows, sizeof *rows * (size_t)column->length);
    return status;
}
