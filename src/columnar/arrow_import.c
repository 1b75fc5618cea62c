// SPDX-License-Identifier: Apache-2.0
/*
 * arrow_import.c - a foreign struct array becomes a batch over the same memory.
 *
 * The array moves into one foreign buffer, which every column retains: the last column that goes
 * releases it. What is not aligned to its own width (it happens to buffers that come off a network)
 * is copied; nothing else is.
 */
#include "columnar/arrow.h"

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

static bool is_aligned(const void *pointer, size_t alignment)
{
    return ((uintptr_t)pointer & (alignment - 1)) == 0;
}

static size_t values_alignment(enum sb_type_id id)
{
    if (sb_type_is_variable(id)) {
        return sb_type_is_view(id) || sb_type_is_large(id) ? 8 : 4;
    }
    return id == SB_TYPE_BOOL ? 1 : (size_t)sb_type_width(id);
}

// Copies the rows' values; the bitmap shares their offset, so the elements before them count too
// where there is one.
static enum sb_status values_align(struct sb_column *column, struct sb_memory *memory,
                                   struct sb_error *err)
{
    enum sb_type_id id = column->type->id;
    struct sb_buffer *copy;
    int64_t size;

    if (is_aligned(column->values, values_alignment(id))) {
        return SB_OK;
    }
    size = sb_column_values_size(column->type, column->offset + column->length);
    SB_TRY_RETURN(sb_buffer_create(memory, size, &copy, err));
    memcpy(copy->data, column->values, (size_t)size);
    sb_buffer_keep(copy, column->owner);
    column->owner = copy;
    column->values = copy->data;
    return SB_OK;
}

static void column_point(struct sb_column *column, const struct ArrowArray *array)
{
    enum sb_type_id id = column->type->id;

    column->values = array->buffers[1];
    if (sb_type_is_view(id)) {
        column->heaps = (const uint8_t *const *)&array->buffers[2];
        column->heap_count = array->n_buffers - 3;
        column->heap_sizes = array->buffers[array->n_buffers - 1];
    } else if (sb_type_is_variable(id)) {
        column->bytes = array->buffers[2] == NULL ? sb_column_zeros : array->buffers[2];
    }
}

static enum sb_status column_import(struct sb_memory *memory, const struct sb_field *field,
                                    const struct ArrowArray *array, int64_t first, int64_t count,
                                    struct sb_buffer *foreign, struct sb_column *out,
                                    struct sb_error *err)
{
    int64_t array_null_count = -1;

    SB_TRY_RETURN(sb_arrow_check_layout(array, field, first, count, err));
    *out = (struct sb_column){.type = &field->type, .length = count};
    if (count == 0) { // buffers of no rows may be missing or empty: nothing of them is read
        out->values = sb_column_zeros;
        out->bytes = sb_type_is_variable(field->type.id) ? sb_column_zeros : NULL;
        return SB_OK;
    }
    out->offset = array->offset + first;
    out->validity = array->buffers[0];
    out->owner = sb_buffer_retain(foreign);
    column_point(out, array);
    SB_TRY_RETURN(values_align(out, memory, err));
    if (out->validity != NULL) {
        out->null_count = count - sb_bitmap_count(out->validity, out->offset, count);
        if (count == array->length) {
            array_null_count = array->null_count;
        }
        if (out->null_count == 0) {
            out->validity = NULL;
        }
    }
    return sb_arrow_check_values(out, field, array_null_count, err);
}

enum sb_status sb_batch_import(struct sb_memory *memory, struct sb_schema *schema,
                               struct ArrowArray *array, struct sb_batch *out, struct sb_error *err)
{
    enum sb_status status = SB_OK;
    const struct ArrowArray *taken;
    struct sb_buffer *foreign;

    *out = (struct sb_batch){0};
    if (array->release == NULL) {
        return sb_error_set(err, SB_CORRUPT, "Arrow batch: it was released before");
    }
    SB_TRY_RETURN(foreign_create(memory, array, &foreign, err));
    taken = foreign->foreign;
    SB_TRY_OUT(sb_arrow_check_struct(taken, schema, err));
    SB_TRY_OUT(sb_batch_init(out, memory, schema, taken->length, err));
    for (int32_t i = 0; i < schema->field_count; i++) {
        // The struct's own offset shifts its children.
        SB_TRY_OUT(column_import(memory, &schema->fields[i], taken->children[i], taken->offset,
                                 taken->length, foreign, &out->columns[i], err));
    }
out:
    if (status != SB_OK) {
        sb_batch_deinit(out);
    }
    sb_buffer_release(foreign);
    return status;
}
