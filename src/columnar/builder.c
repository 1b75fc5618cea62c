// SPDX-License-Identifier: Apache-2.0
#include "columnar/builder.h"

#include <inttypes.h>

#include "columnar/builder_internal.h"

enum {
    BUILDER_ROWS_MIN = 64,
    BUILDER_BYTES_MIN = 1024,
};

// What a view column's `heaps` and `heap_sizes` point to.
struct view_heap {
    const uint8_t *data;
    int64_t size;
};

void sb_builder_init(struct sb_builder *builder, struct sb_memory *memory,
                     const struct sb_type *type)
{
    *builder = (struct sb_builder){.type = type, .memory = memory};
}

void sb_builder_deinit(struct sb_builder *builder)
{
    sb_buffer_release(builder->values);
    sb_buffer_release(builder->validity);
    sb_buffer_release(builder->bytes);
    sb_builder_children_deinit(builder);
    sb_builder_init(builder, builder->memory, builder->type);
}

enum sb_status sb_builder_buffer_grow(struct sb_memory *memory, struct sb_buffer **buffer,
                                      int64_t used_size, int64_t size, struct sb_error *err)
{
    struct sb_buffer *larger;

    SB_TRY_RETURN(sb_buffer_create(memory, size, &larger, err));
    if (*buffer != NULL) {
        memcpy(larger->data, (*buffer)->data, (size_t)used_size);
    }
    sb_buffer_release(*buffer);
    *buffer = larger;
    return SB_OK;
}

// Offsets start with the 0 before the first row.
static int64_t values_used_size(const struct sb_builder *builder)
{
    return sb_column_values_size(builder->type, builder->length);
}

static enum sb_status rows_reserve(struct sb_builder *builder, int64_t rows, struct sb_error *err)
{
    int64_t capacity = builder->capacity;
    int64_t values_size;

    if (builder->values != NULL && builder->length + rows <= capacity) {
        return SB_OK;
    }
    capacity = capacity * 2 < BUILDER_ROWS_MIN ? BUILDER_ROWS_MIN : capacity * 2;
    if (capacity < builder->length + rows) {
        capacity = builder->length + rows;
    }
    values_size = sb_column_values_size(builder->type, capacity);
    if (builder->validity != NULL) {
        SB_TRY_RETURN(sb_builder_buffer_grow(builder->memory, &builder->validity,
                                             sb_bitmap_size(builder->length),
                                             sb_bitmap_size(capacity), err));
    }
    if (builder->values == NULL) {
        SB_TRY_RETURN(sb_buffer_create(builder->memory, values_size, &builder->values, err));
        if (sb_type_has_offsets(builder->type->id) || sb_type_is_view(builder->type->id)) {
            memset(builder->values->data, 0, 8);
        }
    } else {
        SB_TRY_RETURN(sb_builder_buffer_grow(builder->memory, &builder->values,
                                             values_used_size(builder), values_size, err));
    }
    if (sb_type_is_list_view(builder->type->id)) {
        SB_TRY_RETURN(sb_builder_buffer_grow(builder->memory, &builder->bytes,
                                             values_used_size(builder), values_size, err));
    }
    builder->capacity = capacity;
    return SB_OK;
}

static enum sb_status bytes_reserve(struct sb_builder *builder, int64_t size, struct sb_error *err)
{
    int64_t capacity = builder->bytes == NULL ? 0 : builder->bytes->size;
    int64_t needed = builder->bytes_size + size;

    if (needed <= capacity) {
        return SB_OK;
    }
    if (needed > INT32_MAX && !sb_type_is_large(builder->type->id)) {
        char name[SB_TYPE_NAME_SIZE];

        return sb_error_set(err, SB_UNSUPPORTED,
                            "a %s column reaches %" PRId64
                            " bytes, and its 32-bit offsets end at 2147483647; use large_utf8 or "
                            "large_binary, or smaller batches",
                            sb_type_name(builder->type, name, sizeof name), needed);
    }
    capacity = capacity * 2 < BUILDER_BYTES_MIN ? BUILDER_BYTES_MIN : capacity * 2;
    if (capacity < needed) {
        capacity = needed;
    }
    return sb_builder_buffer_grow(builder->memory, &builder->bytes, builder->bytes_size, capacity,
                                  err);
}

enum sb_status sb_builder_reserve(struct sb_builder *builder, int64_t rows, int64_t bytes,
                                  struct sb_error *err)
{
    SB_TRY_RETURN(rows_reserve(builder, rows, err));
    if (bytes > 0 && sb_type_is_variable(builder->type->id)) {
        SB_TRY_RETURN(bytes_reserve(builder, bytes, err));
    }
    return SB_OK;
}

// The end of row `length`, for offsets.
static void offset_put(struct sb_builder *builder)
{
    if (sb_type_is_large(builder->type->id)) {
        ((int64_t *)(void *)builder->values->data)[builder->length + 1] = builder->bytes_size;
    } else {
        ((int32_t *)(void *)builder->values->data)[builder->length + 1] =
            (int32_t)builder->bytes_size;
    }
}

static void bit_put(uint8_t *bitmap, int64_t index, bool is_set)
{
    if (is_set) {
        sb_bitmap_set(bitmap, index);
    } else {
        sb_bitmap_clear(bitmap, index);
    }
}

void sb_builder_row_end(struct sb_builder *builder, bool is_valid)
{
    if (builder->validity != NULL) {
        bit_put(builder->validity->data, builder->length, is_valid);
    }
    builder->length++;
    builder->null_count += !is_valid;
}

enum sb_status sb_builder_append_null(struct sb_builder *builder, struct sb_error *err)
{
    enum sb_type_id id = builder->type->id;

    SB_TRY_RETURN(rows_reserve(builder, 1, err));
    if (builder->validity == NULL) {
        SB_TRY_RETURN(sb_buffer_create(builder->memory, sb_bitmap_size(builder->capacity),
                                       &builder->validity, err));
        memset(builder->validity->data, 0, (size_t)builder->validity->size);
        sb_bitmap_fill(builder->validity->data, 0, builder->length);
    }
    if (id == SB_TYPE_BOOL) {
        sb_bitmap_clear(builder->values->data, builder->length);
    } else if (sb_type_is_view(id)) {
        memset(builder->values->data + builder->length * SB_VIEW_SIZE, 0, SB_VIEW_SIZE);
    } else if (sb_type_is_variable(id)) {
        offset_put(builder);
    } else if (sb_type_is_nested(id) && id != SB_TYPE_DICTIONARY) {
        SB_TRY_RETURN(sb_builder_children_null(builder, err));
    } else {
        int32_t width = sb_type_bytes(builder->type);

        memset(builder->values->data + builder->length * width, 0, (size_t)width);
    }
    sb_builder_row_end(builder, false);
    return SB_OK;
}

enum sb_status sb_builder_append_fixed(struct sb_builder *builder, const void *value,
                                       struct sb_error *err)
{
    sb_debug_assert(!sb_type_is_variable(builder->type->id));
    sb_debug_assert(!sb_type_is_nested(builder->type->id));
    SB_TRY_RETURN(rows_reserve(builder, 1, err));
    if (builder->type->id == SB_TYPE_BOOL) {
        bit_put(builder->values->data, builder->length, *(const uint8_t *)value);
    } else {
        int32_t width = sb_type_bytes(builder->type);

        memcpy(builder->values->data + builder->length * width, value, (size_t)width);
    }
    sb_builder_row_end(builder, true);
    return SB_OK;
}

static void view_put(struct sb_builder *builder, const void *data, int64_t size, int64_t offset)
{
    uint8_t *view = builder->values->data + builder->length * SB_VIEW_SIZE;
    int32_t words[4] = {(int32_t)size, 0, 0, (int32_t)offset};

    if (size <= SB_VIEW_INLINE_MAX) {
        words[3] = 0;
        memcpy(view, words, sizeof words);
        if (size > 0) {
            memcpy(view + 4, data, (size_t)size);
        }
    } else {
        memcpy(&words[1], data, 4); // the prefix; heap 0
        memcpy(view, words, sizeof words);
    }
}

enum sb_status sb_builder_append_bytes(struct sb_builder *builder, const void *data, int64_t size,
                                       struct sb_error *err)
{
    bool is_view = sb_type_is_view(builder->type->id);
    int64_t heap_size = is_view && size <= SB_VIEW_INLINE_MAX ? 0 : size;

    sb_debug_assert(sb_type_is_variable(builder->type->id));
    sb_assert(size >= 0);
    SB_TRY_RETURN(sb_builder_reserve(builder, 1, heap_size, err));
    if (is_view) {
        view_put(builder, data, size, builder->bytes_size);
    }
    if (heap_size > 0) {
        memcpy(builder->bytes->data + builder->bytes_size, data, (size_t)heap_size);
        builder->bytes_size += heap_size;
    }
    if (!is_view) {
        offset_put(builder);
    }
    sb_builder_row_end(builder, true);
    return SB_OK;
}

enum sb_status sb_builder_append_row(struct sb_builder *builder, const struct sb_column *from,
                                     int64_t row, struct sb_error *err)
{
    enum sb_type_id id = builder->type->id;

    sb_debug_assert(id == from->type->id);
    if (sb_column_is_null(from, row)) {
        return sb_builder_append_null(builder, err);
    }
    if (id == SB_TYPE_BOOL) {
        uint8_t value = sb_bitmap_get(from->values, from->offset + row);

        return sb_builder_append_fixed(builder, &value, err);
    }
    if (sb_type_is_variable(id)) {
        struct sb_bytes text = sb_column_bytes(from, row);

        return sb_builder_append_bytes(builder, text.data, text.size, err);
    }
    if (sb_type_is_nested(id)) {
        return sb_builder_append_nested_row(builder, from, row, err);
    }
    int32_t width = sb_type_bytes(builder->type);
    return sb_builder_append_fixed(
        builder, (const uint8_t *)sb_column_fixed(from, width) + row * width, err);
}

enum sb_status sb_builder_finish(struct sb_builder *builder, struct sb_column *out,
                                 struct sb_error *err)
{
    struct sb_children *children;
    struct sb_buffer *heap = NULL;

    *out = (struct sb_column){0};
    SB_TRY_RETURN(rows_reserve(builder, 0, err)); // no rows have buffers, too
    if (sb_type_is_view(builder->type->id) && builder->bytes != NULL) {
        SB_TRY_RETURN(sb_buffer_create(builder->memory, sizeof(struct view_heap), &heap, err));
    }
    if (sb_builder_children_finish(builder, &children, err) != SB_OK) {
        sb_buffer_release(heap);
        return SB_NO_MEMORY;
    }
    *out = (struct sb_column){
        .type = builder->type,
        .length = builder->length,
        .null_count = builder->null_count,
        .validity = builder->validity == NULL ? NULL : builder->validity->data,
        .values = builder->values->data,
        .owner = builder->values,
        .children = children,
    };
    if (sb_type_is_list_view(builder->type->id)) {
        out->bytes = builder->bytes->data;
    }
    if (sb_type_is_variable(builder->type->id)) {
        out->bytes = builder->bytes == NULL ? sb_column_zeros : builder->bytes->data;
    }
    if (heap != NULL) {
        struct view_heap *view_heap = (struct view_heap *)(void *)heap->data;

        *view_heap = (struct view_heap){builder->bytes->data, builder->bytes_size};
        out->heaps = &view_heap->data;
        out->heap_sizes = &view_heap->size;
        out->heap_count = 1;
        out->bytes = NULL;
    }
    sb_buffer_keep(builder->values, builder->validity);
    sb_buffer_keep(builder->values, builder->bytes);
    sb_buffer_keep(builder->values, heap);
    sb_builder_children_deinit(builder);
    sb_builder_init(builder, builder->memory, builder->type);
    return SB_OK;
}
