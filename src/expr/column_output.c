// SPDX-License-Identifier: Apache-2.0
/*
 * column_output.c - writes vectors to columns in Arrow's layouts.
 */
#include "expr/column_output.h"

#include <inttypes.h>
#include <string.h>

#include "expr/expr.h"
#include "expr/half.h"

enum sb_status sb_column_output_init(struct sb_column_output *output, const struct sb_type *type,
                                     struct sb_memory *memory, int64_t capacity,
                                     struct sb_error *err)
{
    int64_t size = capacity * sb_type_bytes(type);

    *output = (struct sb_column_output){
        .type = type,
        .memory = memory,
        .capacity = capacity,
        .is_large = type->id == SB_TYPE_LARGE_UTF8 || type->id == SB_TYPE_LARGE_BINARY,
        .is_built = sb_type_is_view(type->id) || sb_physical_of(type) == SB_PHYSICAL_ROW,
        .is_narrow = type->id == SB_TYPE_FLOAT16 || type->id == SB_TYPE_DECIMAL32 ||
                     type->id == SB_TYPE_DECIMAL64,
    };
    sb_builder_init(&output->builder, memory, type);
    if (output->is_built) {
        return sb_builder_reserve(&output->builder, capacity, 0, err);
    }
    if (type->id == SB_TYPE_BOOL) {
        size = sb_bitmap_size(capacity);
    } else if (sb_type_is_variable(type->id)) {
        size = (capacity + 1) * (output->is_large ? 8 : 4);
    }
    SB_TRY_RETURN(sb_buffer_create(memory, size, &output->values, err));
    if (sb_type_is_variable(type->id)) {
        memset(output->values->data, 0, 8); // the first offset
    }
    return SB_OK;
}

void sb_column_output_deinit(struct sb_column_output *output)
{
    sb_buffer_release(output->values);
    sb_buffer_release(output->validity);
    sb_buffer_release(output->bytes);
    if (output->memory != NULL) {
        sb_builder_deinit(&output->builder);
    }
}

void *sb_column_output_place(const struct sb_column_output *output)
{
    const struct sb_type *type = output->type;

    if (output->is_narrow || type->id == SB_TYPE_BOOL ||
        sb_physical_of(type) >= SB_PHYSICAL_BYTES) {
        return NULL;
    }
    return output->values->data + output->row_count * sb_type_width(type->id);
}

static enum sb_status output_rows(struct sb_column_output *output, const struct sb_vector *vector,
                                  int32_t count, struct sb_error *err)
{
    const bool is_view = sb_type_is_view(output->type->id);
    const struct sb_bytes *values = vector->values;
    const struct sb_row *rows = vector->values;

    for (int32_t i = 0; i < count; i++) {
        if (vector->valid != NULL && !vector->valid[i]) {
            SB_TRY_RETURN(sb_builder_append_null(&output->builder, err));
        } else if (!is_view) {
            SB_TRY_RETURN(
                sb_builder_append_row(&output->builder, rows[i].column, rows[i].row, err));
        } else {
            SB_TRY_RETURN(
                sb_builder_append_bytes(&output->builder, values[i].data, values[i].size, err));
        }
    }
    return SB_OK;
}

/* Room for `size` more bytes of text; `done` of the rows have theirs then. */
static enum sb_status output_reserve_bytes(struct sb_column_output *output, int64_t size,
                                           int64_t done, struct sb_error *err)
{
    const int64_t needed = output->bytes_size + size;
    struct sb_buffer *larger;
    int64_t capacity;

    if (needed > INT32_MAX && !output->is_large) {
        return sb_error_set(err, SB_UNSUPPORTED,
                            "an expression gives %" PRId64
                            " bytes of text in one batch, more than 32-bit offsets reach; cast it "
                            "to large_utf8 or large_binary",
                            needed);
    }
    if (output->bytes != NULL && needed <= output->bytes->size) {
        return SB_OK;
    }
    // as if the rest were like what has been seen
    capacity = needed * output->capacity / (done > 0 ? done : 1);
    if (capacity > 2 * needed) {
        capacity = 2 * needed;
    }
    SB_TRY_RETURN(
        sb_buffer_create(output->memory, capacity > needed ? capacity : needed, &larger, err));
    if (output->bytes != NULL) {
        memcpy(larger->data, output->bytes->data, (size_t)output->bytes_size);
        sb_buffer_release(output->bytes);
    }
    output->bytes = larger;
    return SB_OK;
}

static enum sb_status output_text(struct sb_column_output *output, const struct sb_vector *vector,
                                  int32_t count, struct sb_error *err)
{
    const struct sb_bytes *values = vector->values;
    const int64_t first = output->row_count;
    int64_t size = 0;
    uint8_t *to;

    for (int32_t i = 0; i < count; i++) {
        size += vector->valid == NULL || vector->valid[i] ? values[i].size : 0;
    }
    SB_TRY_RETURN(output_reserve_bytes(output, size, first + count, err));
    to = output->bytes->data + output->bytes_size;
    for (int32_t i = 0; i < count; i++) {
        if ((vector->valid == NULL || vector->valid[i]) && values[i].size > 0) {
            memcpy(to, values[i].data, (size_t)values[i].size);
            to += values[i].size;
        }
        if (output->is_large) {
            ((int64_t *)(void *)output->values->data)[first + i + 1] = to - output->bytes->data;
        } else {
            ((int32_t *)(void *)output->values->data)[first + i + 1] =
                (int32_t)(to - output->bytes->data);
        }
    }
    output->bytes_size += size;
    return SB_OK;
}

/* Bits from `first` on; whole bytes at once, as far as `first` is at the begin of one. */
static void pack_bits(uint8_t *bitmap, int64_t first, const uint8_t *bytes, int32_t count)
{
    int32_t i = 0;

    for (; i < count && ((first + i) & 7) != 0; i++) {
        if (bytes[i]) {
            sb_bitmap_set(bitmap, first + i);
        } else {
            sb_bitmap_clear(bitmap, first + i);
        }
    }
    if (i < count) {
        sb_bitmap_pack(bitmap + (first + i) / 8, bytes + i, count - i);
    }
}

static enum sb_status output_validity(struct sb_column_output *output, const uint8_t *valid,
                                      int32_t count, struct sb_error *err)
{
    int32_t valid_count = 0;

    if (valid == NULL && output->validity == NULL) {
        return SB_OK;
    }
    if (output->validity == NULL) {
        SB_TRY_RETURN(sb_buffer_create(output->memory, sb_bitmap_size(output->capacity),
                                       &output->validity, err));
        memset(output->validity->data, 0xff, (size_t)sb_bitmap_size(output->row_count));
    }
    if (valid == NULL) {
        for (int32_t i = 0; i < count && ((output->row_count + i) & 7) != 0; i++) {
            sb_bitmap_set(output->validity->data, output->row_count + i);
        }
        memset(output->validity->data + sb_bitmap_size(output->row_count), 0xff,
               (size_t)(sb_bitmap_size(output->row_count + count) -
                        sb_bitmap_size(output->row_count)));
        return SB_OK;
    }
    pack_bits(output->validity->data, output->row_count, valid, count);
    for (int32_t i = 0; i < count; i++) {
        valid_count += valid[i];
    }
    output->null_count += count - valid_count;
    return SB_OK;
}

/* Values that are computed wider than they are stored; casts have checked their range. */
static void output_narrow(const struct sb_type *type, const void *values, int32_t count, void *to)
{
    for (int32_t i = 0; i < count; i++) {
        if (type->id == SB_TYPE_FLOAT16) {
            ((uint16_t *)to)[i] = sb_half_of_float(((const float *)values)[i]);
        } else if (type->id == SB_TYPE_DECIMAL32) {
            ((int32_t *)to)[i] = (int32_t)((const sb_int128 *)values)[i];
        } else {
            ((int64_t *)to)[i] = (int64_t)((const sb_int128 *)values)[i];
        }
    }
}

static void output_values(struct sb_column_output *output, const void *values, int32_t count)
{
    const int32_t width = sb_type_bytes(output->type);
    uint8_t *to = output->values->data + output->row_count * width;

    if (output->type->id == SB_TYPE_BOOL) {
        pack_bits(output->values->data, output->row_count, values, count);
    } else if (output->is_narrow) {
        output_narrow(output->type, values, count, to);
    } else if (to != values) {
        memcpy(to, values, (size_t)count * (size_t)width);
    }
}

enum sb_status sb_column_output_append(struct sb_column_output *output,
                                       const struct sb_vector *vector, int32_t count,
                                       struct sb_error *err)
{
    sb_debug_assert(output->row_count + count <= output->capacity);
    if (output->is_built) {
        SB_TRY_RETURN(output_rows(output, vector, count, err));
        output->row_count += count;
        return SB_OK;
    }
    if (sb_type_is_variable(output->type->id)) {
        SB_TRY_RETURN(output_text(output, vector, count, err));
    } else {
        output_values(output, vector->values, count);
    }
    SB_TRY_RETURN(output_validity(output, vector->valid, count, err));
    output->row_count += count;
    return SB_OK;
}

enum sb_status sb_column_output_skip(struct sb_column_output *output, int32_t count,
                                     struct sb_error *err)
{
    sb_debug_assert(!output->is_built && !sb_type_is_variable(output->type->id));
    SB_TRY_RETURN(output_validity(output, NULL, count, err));
    output->row_count += count;
    return SB_OK;
}

/* `*buffer` with its first `size` bytes alone, when that spares half of it. */
static enum sb_status buffer_trim(struct sb_column_output *output, struct sb_buffer **buffer,
                                  int64_t size, struct sb_error *err)
{
    struct sb_buffer *smaller;

    if (*buffer == NULL || size > (*buffer)->size / 2) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_buffer_create(output->memory, size, &smaller, err));
    memcpy(smaller->data, (*buffer)->data, (size_t)size);
    sb_buffer_release(*buffer);
    *buffer = smaller;
    return SB_OK;
}

/* Few of the rows that there was room for have come. */
static enum sb_status output_trim(struct sb_column_output *output, struct sb_error *err)
{
    const int64_t rows = output->row_count;
    int64_t size = rows * sb_type_bytes(output->type);

    if (rows > output->capacity / 2) {
        return SB_OK;
    }
    if (output->type->id == SB_TYPE_BOOL) {
        size = sb_bitmap_size(rows);
    } else if (sb_type_is_variable(output->type->id)) {
        size = (rows + 1) * (output->is_large ? 8 : 4);
    }
    SB_TRY_RETURN(buffer_trim(output, &output->values, size, err));
    SB_TRY_RETURN(buffer_trim(output, &output->validity, sb_bitmap_size(rows), err));
    return buffer_trim(output, &output->bytes, output->bytes_size, err);
}

enum sb_status sb_column_output_finish(struct sb_column_output *output, struct sb_column *out,
                                       struct sb_error *err)
{
    if (output->is_built) {
        return sb_builder_finish(&output->builder, out, err);
    }
    if (sb_type_is_variable(output->type->id) && output->bytes == NULL) { // no rows
        SB_TRY_RETURN(output_reserve_bytes(output, 0, 0, err));
    }
    SB_TRY_RETURN(output_trim(output, err));
    *out = (struct sb_column){
        .type = output->type,
        .length = output->row_count,
        .null_count = output->null_count,
        .values = output->values->data,
        .owner = output->values,
    };
    if (output->bytes != NULL) {
        out->bytes = output->bytes->data;
        sb_buffer_keep(output->values, output->bytes);
        output->bytes = NULL;
    }
    if (output->null_count > 0) {
        out->validity = output->validity->data;
        sb_buffer_keep(output->values, output->validity);
        output->validity = NULL;
    }
    output->values = NULL;
    return SB_OK;
}
