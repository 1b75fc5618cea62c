// SPDX-License-Identifier: Apache-2.0
#include "columnar/column.h"

#include <inttypes.h>

#include "columnar/column_internal.h"

const _Alignas(64) uint8_t sb_column_zeros[64];

void sb_column_share(struct sb_column *to, const struct sb_column *from)
{
    *to = *from;
    sb_buffer_retain(to->owner);
    sb_children_retain(to->children);
}

void sb_column_deinit(struct sb_column *column)
{
    sb_buffer_release(column->owner);
    sb_children_release(column->children);
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

// Children that fit `count` null rows: of structs and fixed-size lists as many as the rows need,
// one run of a null, and empty ones where rows point to none.
static enum sb_status null_children(const struct sb_type *type, int64_t count,
                                    struct sb_memory *memory, struct sb_children *children,
                                    struct sb_error *err)
{
    bool is_runs = type->id == SB_TYPE_RUN_END_ENCODED;

    for (int32_t i = 0; i < type->child_count; i++) {
        int64_t child_count = type->id == SB_TYPE_STRUCT            ? count
                              : type->id == SB_TYPE_FIXED_SIZE_LIST ? count * type->size
                              : is_runs                             ? count > 0
                                                                    : 0;

        SB_TRY_RETURN(sb_column_nulls(&type->children[i].type, child_count, memory,
                                      &children->columns[i], err));
    }
    if (is_runs && count > 0) {
        struct sb_column *ends = &children->columns[0];
        int32_t width = sb_type_width(type->children[0].type.id);

        if (width == 2 && count > INT16_MAX) {
            return sb_error_set(err, SB_UNSUPPORTED,
                                "%" PRId64 " rows, and run ends of int16 reach 32767; use int32",
                                count);
        }
        ends->validity = NULL;
        ends->null_count = 0;
        memcpy((void *)ends->values, &count, (size_t)width); // little-endian
    }
    return SB_OK;
}

enum sb_status sb_column_nulls(const struct sb_type *type, int64_t count, struct sb_memory *memory,
                               struct sb_column *out, struct sb_error *err)
{
    bool is_view = sb_type_is_list_view(type->id); // sizes lie behind the offsets
    int64_t values_size = sb_column_values_size(type, count);
    struct sb_children *children = NULL;
    struct sb_buffer *values = NULL;
    struct sb_buffer *validity = NULL;
    enum sb_status status = SB_OK;

    *out = (struct sb_column){0};
    SB_TRY_OUT(sb_buffer_create(memory, is_view ? 2 * values_size : values_size, &values, err));
    SB_TRY_OUT(sb_buffer_create(memory, sb_bitmap_size(count), &validity, err));
    memset(values->data, 0, (size_t)values->size); // no text, or views of none
    memset(validity->data, 0, (size_t)validity->size);
    if (sb_type_is_nested(type->id)) {
        SB_TRY_OUT(sb_children_create(memory, type->child_count, &children, err));
        SB_TRY_OUT(null_children(type, count, memory, children, err));
    }
    sb_buffer_keep(values, validity);
    *out = (struct sb_column){
        .type = type,
        .length = count,
        .null_count = count,
        .validity = validity->data,
        .values = values->data,
        .bytes = is_view                         ? values->data + values_size
                 : sb_type_is_variable(type->id) ? sb_column_zeros
                                                 : NULL,
        .owner = values,
        .children = children,
    };
    return SB_OK;
out:
    sb_buffer_release(values);
    sb_buffer_release(validity);
    sb_children_release(children);
    return status;
}

bool sb_type_has_offsets(enum sb_type_id id)
{
    return (sb_type_is_variable(id) && !sb_type_is_view(id)) || id == SB_TYPE_LIST ||
           id == SB_TYPE_LARGE_LIST || id == SB_TYPE_MAP;
}

int32_t sb_type_offset_width(enum sb_type_id id)
{
    return sb_type_is_large(id) ? 8 : 4;
}

int64_t sb_column_values_size(const struct sb_type *type, int64_t count)
{
    if (type->id == SB_TYPE_BOOL) {
        return sb_bitmap_size(count);
    }
    if (sb_type_is_view(type->id)) {
        return count * SB_VIEW_SIZE;
    }
    if (sb_type_has_offsets(type->id)) {
        return (count + 1) * sb_type_offset_width(type->id);
    }
    if (sb_type_is_list_view(type->id)) {
        return count * sb_type_offset_width(type->id);
    }
    return count * sb_type_bytes(type);
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

// Bytes of the rows of a child that `column` refers to, as a share of the whole child.
static int64_t children_estimate(const struct sb_column *column)
{
    int64_t size = 0;

    for (int32_t i = 0; i < column->type->child_count; i++) {
        struct sb_column child = sb_column_child(column, i);
        int64_t used = child.length;

        if (column->type->id == SB_TYPE_STRUCT) {
            child = sb_column_field(column, i);
            used = child.length;
        } else if (column->type->id == SB_TYPE_RUN_END_ENCODED) {
            struct sb_column ends = sb_column_child(column, 0);

            used = sb_column_run(&ends, column->offset + column->length - 1) -
                   sb_column_run(&ends, column->offset) + 1;
        } else if (column->type->id == SB_TYPE_DICTIONARY) { // shared by many columns
            used = child.length < column->length ? child.length : column->length;
        } else if (sb_type_is_list_view(column->type->id)) { // in any order: each counts its share
            used = column->offset + column->length > 0
                       ? child.length * column->length / (column->offset + column->length)
                       : 0;
        } else if (sb_type_is_list(column->type->id)) {
            struct sb_range last = sb_column_range(column, column->length - 1);

            used = last.first + last.count - sb_column_range(column, 0).first;
        }
        if (child.length > 0 && used > 0) {
            size += (int64_t)((double)sb_column_size_estimate(&child) * (double)used /
                              (double)child.length);
        }
    }
    return size;
}

int64_t sb_column_size_estimate(const struct sb_column *column)
{
    int64_t size = sb_column_values_size(column->type, column->length);

    if (column->validity != NULL) {
        size += sb_bitmap_size(column->length);
    }
    if (sb_type_is_view(column->type->id)) {
        size += views_estimate(column);
    } else if (column->length > 0 && sb_type_is_variable(column->type->id)) {
        struct sb_bytes first = sb_column_bytes(column, 0);
        struct sb_bytes last = sb_column_bytes(column, column->length - 1);

        size += last.data + last.size - first.data;
    } else if (column->length > 0 && sb_type_is_nested(column->type->id)) {
        size += children_estimate(column);
    }
    return size;
}
