// SPDX-License-Identifier: Apache-2.0
#include "columnar/column.h"

#include "columnar/column_internal.h"

const _Alignas(64) uint8_t sb_column_zeros[64];

void sb_column_share(struct sb_column *to, const struct sb_column *from)
{
    *to = *from;
    sb_buffer_retain(to->owner);
}

void sb_column_deinit(struct sb_column *column)
{
    sb_buffer_release(column->owner);
    *column = (struct sb_column){0};
}

void sb_column_slice(struct sb_column *column, int64_t first, int64_t length)
{
    sb_assert(first >= 0);
    sb_assert(length >= 0);
    sb_assert(first <= column->length - length);
    if (column->null_count == column->length) { // also when both are 0
        column->null_count = length;
    } else if (column->null_count > 0 && length < column->length) {
        column->null_count = -1;
    }
    if (length == 0) {
        column->null_count = 0;
    }
    column->offset += first;
    column->length = length;
}

int64_t sb_column_null_count(const struct sb_column *column)
{
    if (column->validity == NULL) {
        return 0;
    }
    if (column->null_count >= 0) {
        return column->null_count;
    }
    return column->length - sb_bitmap_count(column->validity, column->offset, column->length);
}

enum sb_status sb_column_nulls(const struct sb_type *type, int64_t count, struct sb_memory *memory,
                               struct sb_column *out, struct sb_error *err)
{
    int64_t values_size = sb_column_values_size(type->id, count);
    struct sb_buffer *values;
    struct sb_buffer *validity;

    *out = (struct sb_column){0};
    SB_TRY_RETURN(sb_buffer_create(memory, values_size, &values, err));
    if (sb_buffer_create(memory, sb_bitmap_size(count), &validity, err) != SB_OK) {
        sb_buffer_release(values);
        return SB_NO_MEMORY;
    }
    memset(values->data, 0, (size_t)values_size); // no text, or views of none
    memset(validity->data, 0, (size_t)validity->size);
    sb_buffer_keep(values, validity);
    *out = (struct sb_column){
        .type = type,
        .length = count,
        .null_count = count,
        .validity = validity->data,
        .values = values->data,
        .bytes = sb_type_is_variable(type->id) ? sb_column_zeros : NULL,
        .owner = values,
    };
    return SB_OK;
}

int64_t sb_column_values_size(enum sb_type_id id, int64_t count)
{
    if (id == SB_TYPE_BOOL) {
        return sb_bitmap_size(count);
    }
    if (sb_type_is_view(id)) {
        return count * 16;
    }
    if (sb_type_is_variable(id)) {
        return (count + 1) * (sb_type_is_large(id) ? 8 : 4);
    }
    return count * sb_type_width(id);
}

// The heap bytes of all views, from a few of them.
static int64_t views_estimate(const struct sb_column *column)
{
    enum { SAMPLE_COUNT = 64 };
    int64_t step = column->length / SAMPLE_COUNT + 1;
    int64_t sampled_count = 0;
    int64_t bytes = 0;

    for (int64_t row = 0; row < column->length; row += step) {
        if (!sb_column_is_null(column, row)) {
            int64_t size = sb_column_bytes(column, row).size;

            bytes += size > SB_VIEW_INLINE_MAX ? size : 0;
        }
        sampled_count++;
    }
    return sampled_count == 0 ? 0 : bytes * column->length / sampled_count;
}

int64_t sb_column_size_estimate(const struct sb_column *column)
{
    int64_t size = sb_column_values_size(column->type->id, column->length);

    if (column->validity != NULL) {
        size += sb_bitmap_size(column->length);
    }
    if (sb_type_is_view(column->type->id)) {
        size += views_estimate(column);
    } else if (sb_type_is_variable(column->type->id) && column->length > 0) {
        struct sb_bytes first = sb_column_bytes(column, 0);
        struct sb_bytes last = sb_column_bytes(column, column->length - 1);

        size += last.data + last.size - first.data;
    }
    return size;
}
