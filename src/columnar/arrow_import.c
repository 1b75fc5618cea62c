// SPDX-License-Identifier: Apache-2.0
/*
 * arrow_import.c - a foreign struct array becomes a batch over the same memory.
 *
 * The array moves into one foreign buffer, which every column retains: the last column that goes
 * releases it. What is not aligned to its own width (it happens to buffers that come off a network)
 * is copied; nothing else is. Nulls that Arrow keeps elsewhere (type null, runs, dictionaries)
 * become a bitmap here.
 */
#include "columnar/arrow.h"

#include <inttypes.h>

#include "columnar/arrow_internal.h"
#include "columnar/column_internal.h"

static void foreign_release(struct sb_buffer *self)
{
    struct ArrowArray *array = self->foreign;

    array->release(array);
}

// Takes `array`: it is moved into the buffer's own bytes.
static enum sb_status foreign_create(struct sb_memory *memory, struct ArrowArray *array,
                                     struct sb_buffer **out, struct sb_error *err)
{
    enum sb_status status = sb_buffer_create(memory, sizeof *array, out, err);

    if (status != SB_OK) {
        array->release(array);
        return status;
    }
    memcpy((*out)->data, array, sizeof *array);
    array->release = NULL;
    (*out)->foreign = (*out)->data;
    (*out)->release = foreign_release;
    return SB_OK;
}

struct import {
    struct sb_memory *memory;
    struct sb_buffer *foreign;
    enum sb_import_depth depth;
    struct sb_error *err;
};

static bool is_aligned(const void *pointer, size_t alignment)
{
    return ((uintptr_t)pointer & (alignment - 1)) == 0;
}

static size_t values_alignment(const struct sb_type *type)
{
    int32_t width = sb_type_bytes(type);

    if (sb_type_is_view(type->id)) {
        return 8;
    }
    if (sb_type_has_offsets(type->id) || sb_type_is_list_view(type->id)) {
        return (size_t)sb_type_offset_width(type->id);
    }
    if (type->id == SB_TYPE_FIXED_SIZE_BINARY || width == 0) {
        return 1;
    }
    return width > 16 ? 8 : (size_t)width;
}

// A copy of `size` bytes of a buffer that is not aligned; `column` keeps it.
static enum sb_status buffer_align(const struct import *import, struct sb_column *column,
                                   const void *buffer, int64_t size, const void **out)
{
    struct sb_buffer *copy;

    SB_TRY_RETURN(sb_buffer_create(import->memory, size, &copy, import->err));
    memcpy(copy->data, buffer, (size_t)size);
    sb_buffer_keep(copy, column->owner);
    column->owner = copy;
    *out = copy->data;
    return SB_OK;
}

// Copies the rows' values; the bitmap shares their offset, so the elements before them count too
// where there is one.
static enum sb_status values_align(const struct import *import, struct sb_column *column)
{
    size_t alignment = values_alignment(column->type);
    int64_t size = sb_column_values_size(column->type, column->offset + column->length);
    const void *sizes;

    if (!is_aligned(column->values, alignment)) {
        SB_TRY_RETURN(buffer_align(import, column, column->values, size, &column->values));
    }
    if (sb_type_is_list_view(column->type->id) && !is_aligned(column->bytes, alignment)) {
        SB_TRY_RETURN(buffer_align(import, column, column->bytes, size, &sizes));
        column->bytes = sizes;
    }
    return SB_OK;
}

static void column_point(struct sb_column *column, const struct ArrowArray *array)
{
    enum sb_type_id id = column->type->id;

    column->values = sb_column_zeros; // types without values
    if (array->n_buffers > 1 && array->buffers[1] != NULL) {
        column->values = array->buffers[1];
    }
    if (sb_type_is_view(id)) {
        column->heaps = (const uint8_t *const *)&array->buffers[2];
        column->heap_count = array->n_buffers - 3;
        column->heap_sizes = array->buffers[array->n_buffers - 1];
    } else if (sb_type_is_variable(id) || sb_type_is_list_view(id)) {
        column->bytes = array->buffers[2] == NULL ? sb_column_zeros : array->buffers[2];
    }
}

static enum sb_status column_import(const struct import *import, const struct sb_arrow_array *of,
                                    int64_t first, int64_t count, struct sb_column *out);

// Children are imported whole: slices of the parent share them.
static enum sb_status children_import(const struct import *import, const struct sb_arrow_array *of,
                                      struct sb_column *out)
{
    const struct sb_type *type = of->type;
    bool is_dictionary = type->id == SB_TYPE_DICTIONARY;

    if (!sb_type_is_nested(type->id)) {
        return SB_OK;
    }
    SB_TRY_RETURN(
        sb_children_create(import->memory, type->child_count, &out->children, import->err));
    for (int32_t i = is_dictionary; i < type->child_count; i++) {
        struct sb_arrow_path path = {
            .parent = of->path,
            .name = type->children[i].name,
            .is_element = sb_type_is_list(type->id),
        };
        struct sb_arrow_array child = {
            .array = is_dictionary ? of->array->dictionary : of->array->children[i],
            .type = &type->children[i].type,
            .path = &path,
        };

        // The check of the layout has found that the child is there.
        SB_TRY_RETURN(
            column_import(import, &child, 0, child.array->length, &out->children->columns[i]));
    }
    return SB_OK;
}

// Rows whose dictionary value or run is null are null themselves.
static enum sb_status encoded_nulls(const struct import *import, struct sb_column *column)
{
    enum { CHUNK = 1024 };
    struct sb_column values = sb_column_child(column, 1);
    struct sb_buffer *validity;
    uint32_t at[CHUNK];
    int64_t valid_count = 0;

    if (values.validity == NULL || values.null_count == 0) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_buffer_create(import->memory, sb_bitmap_size(column->offset + column->length),
                                   &validity, import->err));
    memset(validity->data + column->offset / 8, 0, (size_t)(validity->size - column->offset / 8));
    for (int64_t first = 0; first < column->length; first += CHUNK) {
        int64_t count = column->length - first < CHUNK ? column->length - first : CHUNK;

        sb_column_decode_rows(column, NULL, first, count, at);
        for (int64_t i = 0; i < count; i++) {
            if (at[i] != UINT32_MAX && !sb_column_is_null(&values, at[i])) {
                sb_bitmap_set(validity->data, column->offset + first + i);
                valid_count++;
            }
        }
    }
    sb_buffer_keep(validity, column->owner);
    column->owner = validity;
    column->validity = validity->data;
    column->null_count = column->length - valid_count;
    return SB_OK;
}

static enum sb_status null_import(const struct import *import, struct sb_column *out)
{
    struct sb_column nulls;

    SB_TRY_RETURN(sb_column_nulls(out->type, out->length, import->memory, &nulls, import->err));
    *out = nulls;
    return SB_OK;
}

// `out` is to be deinited also on failure.
static enum sb_status column_import(const struct import *import, const struct sb_arrow_array *of,
                                    int64_t first, int64_t count, struct sb_column *out)
{
    const struct ArrowArray *array = of->array;
    int64_t array_null_count = -1;

    SB_TRY_RETURN(sb_arrow_check_layout(of, first, count, import->err));
    *out = (struct sb_column){.type = of->type, .length = count};
    if (of->type->id == SB_TYPE_NULL) {
        return null_import(import, out);
    }
    if (count == 0) { // buffers of no rows may be missing or empty: nothing of them is read
        if (sb_type_is_nested(of->type->id)) { // but children are looked for
            return sb_column_nulls(of->type, 0, import->memory, out, import->err);
        }
        out->values = sb_column_zeros;
        out->bytes = sb_type_is_variable(of->type->id) ? sb_column_zeros : NULL;
        return SB_OK;
    }
    out->offset = array->offset + first;
    out->validity =
        array->n_buffers > 0 && of->type->id != SB_TYPE_RUN_END_ENCODED ? array->buffers[0] : NULL;
    out->owner = sb_buffer_retain(import->foreign);
    column_point(out, array);
    SB_TRY_RETURN(values_align(import, out));
    SB_TRY_RETURN(children_import(import, of, out));
    if (out->validity != NULL) {
        out->null_count = count - sb_bitmap_count(out->validity, out->offset, count);
        if (count == array->length) {
            array_null_count = array->null_count;
        }
        if (out->null_count == 0) {
            out->validity = NULL;
        }
    }
    SB_TRY_RETURN(sb_arrow_check_values(out, of->path, array_null_count, import->err));
    if (sb_type_is_encoded(of->type->id)) {
        SB_TRY_RETURN(encoded_nulls(import, out));
    }
    if (import->depth == SB_IMPORT_FULL) {
        SB_TRY_RETURN(sb_arrow_check_contents(out, of->path, import->err));
    }
    return SB_OK;
}

static enum sb_status field_import(const struct import *import, const struct sb_field *field,
                                   const struct ArrowArray *array, int64_t first, int64_t count,
                                   struct sb_column *out)
{
    struct sb_arrow_path path = {.name = field->name};
    struct sb_arrow_array of = {.array = array, .type = &field->type, .path = &path};

    SB_TRY_RETURN(column_import(import, &of, first, count, out));
    if (out->null_count > 0 && !field->is_nullable) {
        return sb_error_set(import->err, SB_CORRUPT,
                            "column '%s': %" PRId64 " nulls in a column that is not nullable",
                            field->name, out->null_count);
    }
    return SB_OK;
}

enum sb_status sb_batch_import_checked(struct sb_memory *memory, struct sb_schema *schema,
                                       struct ArrowArray *array, enum sb_import_depth depth,
                                       struct sb_batch *out, struct sb_error *err)
{
    struct import import = {.memory = memory, .depth = depth, .err = err};
    enum sb_status status = SB_OK;
    const struct ArrowArray *taken;

    *out = (struct sb_batch){0};
    if (array->release == NULL) {
        return sb_error_set(err, SB_CORRUPT, "Arrow batch: it was released before");
    }
    SB_TRY_RETURN(foreign_create(memory, array, &import.foreign, err));
    taken = import.foreign->foreign;
    SB_TRY_OUT(sb_arrow_check_struct(taken, schema, err));
    SB_TRY_OUT(sb_batch_init(out, memory, schema, taken->length, err));
    for (int32_t i = 0; i < schema->field_count; i++) {
        // The struct's own offset shifts its children.
        SB_TRY_OUT(field_import(&import, &schema->fields[i], taken->children[i], taken->offset,
                                taken->length, &out->columns[i]));
    }
out:
    if (status != SB_OK) {
        sb_batch_deinit(out);
    }
    sb_buffer_release(import.foreign);
    return status;
}

enum sb_status sb_batch_import(struct sb_memory *memory, struct sb_schema *schema,
                               struct ArrowArray *array, struct sb_batch *out, struct sb_error *err)
{
    return sb_batch_import_checked(memory, schema, array, SB_IMPORT_SAFE, out, err);
}
