// SPDX-License-Identifier: Apache-2.0
/*
 * arrow_export.c - a batch becomes a struct array over the same memory.
 *
 * The struct and all arrays within it live in one block, counted by how many of them are not
 * released yet, since a consumer may move children out and release them on their own. Each array
 * holds its column's owner, the block holds the allocator: the arrays may outlive everything else
 * of Sabot.
 */
#include "columnar/arrow.h"

#include "columnar/arrow_internal.h"
#include "columnar/column_internal.h"

struct exported_batch;

struct exported_column {
    struct ArrowArray array;
    struct exported_batch *batch;
    struct sb_buffer *owner; // one reference
    const void **buffers;
};

struct exported_batch {
    _Atomic int32_t reference_count; // the struct and the arrays that are not released
    int32_t column_count;            // arrays within the struct
    struct sb_memory *memory;        // retained
    struct sb_arena arena;           // what follows
    const void *buffers[1];          // of the struct: no validity
    struct ArrowArray **children;
};

static void exported_release(struct exported_batch *exported)
{
    struct sb_memory *memory = exported->memory;

    if (atomic_fetch_sub_explicit(&exported->reference_count, 1, memory_order_acq_rel) == 1) {
        sb_arena_deinit(&exported->arena);
        sb_memory_free(memory, exported, sizeof *exported);
        sb_memory_release(memory);
    }
}

static void within_release(struct ArrowArray *array)
{
    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i]->release != NULL) {
            array->children[i]->release(array->children[i]);
        }
    }
    if (array->dictionary != NULL && array->dictionary->release != NULL) {
        array->dictionary->release(array->dictionary);
    }
    array->release = NULL;
}

// `array` may be a moved copy: what it stands for is found by its private data.
static void column_release(struct ArrowArray *array)
{
    struct exported_column *column = array->private_data;

    within_release(array);
    sb_buffer_release(column->owner);
    column->owner = NULL;
    exported_release(column->batch);
}

static void struct_release(struct ArrowArray *array)
{
    within_release(array);
    exported_release(array->private_data);
}

static int64_t buffer_count(const struct sb_column *column)
{
    enum sb_type_id id = column->type->id;

    switch (id) {
    case SB_TYPE_NULL:
    case SB_TYPE_RUN_END_ENCODED:
        return 0;
    case SB_TYPE_STRUCT:
    case SB_TYPE_FIXED_SIZE_LIST:
        return 1;
    default:
        if (sb_type_is_view(id)) {
            return 3 + column->heap_count;
        }
        return sb_type_is_variable(id) || sb_type_is_list_view(id) ? 3 : 2;
    }
}

static void buffers_point(const void **buffers, const struct sb_column *column)
{
    enum sb_type_id id = column->type->id;
    int64_t count = buffer_count(column);

    if (count > 0) {
        buffers[0] = column->validity;
    }
    if (count > 1) {
        buffers[1] = column->values;
    }
    if (sb_type_is_view(id)) {
        for (int64_t i = 0; i < column->heap_count; i++) {
            buffers[2 + i] = column->heaps[i];
        }
        buffers[2 + column->heap_count] =
            column->heap_count == 0 ? (const void *)sb_column_zeros : column->heap_sizes;
    } else if (count > 2) {
        buffers[2] = column->bytes;
    }
}

static int64_t null_count(const struct sb_column *column)
{
    if (column->type->id == SB_TYPE_RUN_END_ENCODED) { // its runs are null
        return 0;
    }
    return column->validity == NULL ? 0 : column->null_count;
}

// Fills `out` with arrays that hold no reference yet; false when memory is refused.
static bool column_export(struct exported_batch *exported, const struct sb_column *column,
                          struct ArrowArray **out)
{
    struct sb_arena *arena = &exported->arena;
    int32_t child_count = column->type->child_count;
    bool is_dictionary = column->type->id == SB_TYPE_DICTIONARY;
    struct exported_column *to = sb_arena_alloc_zeroed(arena, sizeof *to);
    struct ArrowArray **children = NULL;

    if (to == NULL) {
        return false;
    }
    to->batch = exported;
    to->buffers =
        sb_arena_alloc_zeroed(arena, (size_t)(1 + buffer_count(column)) * sizeof *to->buffers);
    if (child_count > 0) {
        children = sb_arena_alloc_zeroed(arena, (size_t)child_count * sizeof *children);
    }
    if (to->buffers == NULL || (child_count > 0 && children == NULL)) {
        return false;
    }
    for (int32_t i = is_dictionary; i < child_count; i++) {
        struct sb_column child = sb_column_child(column, i);

        if (!column_export(exported, &child, &children[i])) {
            return false;
        }
    }
    buffers_point(to->buffers, column);
    to->array = (struct ArrowArray){
        .length = column->length,
        .null_count = null_count(column),
        .offset = column->offset,
        .n_buffers = buffer_count(column),
        .n_children = is_dictionary ? 0 : child_count,
        .buffers = to->buffers,
        .children = is_dictionary ? NULL : children,
        .dictionary = is_dictionary ? children[1] : NULL,
        .release = column_release,
        .private_data = to,
    };
    exported->column_count++;
    *out = &to->array;
    return true;
}

// Each array takes a reference to what its column points into.
static void column_retain(struct ArrowArray *array, const struct sb_column *column)
{
    struct exported_column *exported = array->private_data;

    exported->owner = sb_buffer_retain(column->owner);
    for (int64_t i = 0; i < array->n_children; i++) {
        column_retain(array->children[i], &column->children->columns[i]);
    }
    if (array->dictionary != NULL) {
        column_retain(array->dictionary, &column->children->columns[1]);
    }
}

// Allocates everything, so that nothing can fail once columns are retained.
static struct exported_batch *exported_create(const struct sb_batch *batch)
{
    size_t count = (size_t)batch->schema->field_count;
    struct exported_batch *exported = sb_memory_alloc_zeroed(batch->memory, sizeof *exported);

    if (exported == NULL) {
        return NULL;
    }
    exported->memory = sb_memory_retain(batch->memory);
    atomic_init(&exported->reference_count, 1);
    sb_arena_init(&exported->arena, batch->memory);
    exported->children = sb_arena_alloc(&exported->arena, count * sizeof *exported->children);
    if (exported->children == NULL) {
        exported_release(exported);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (!column_export(exported, &batch->columns[i], &exported->children[i])) {
            exported_release(exported);
            return NULL;
        }
    }
    return exported;
}

enum sb_status sb_batch_export(struct sb_batch *batch, struct ArrowArray *out, struct sb_error *err)
{
    struct exported_batch *exported = NULL;
    enum sb_status status = SB_OK;
    int32_t count;

    *out = (struct ArrowArray){0};
    sb_assert(batch->schema != NULL);
    count = batch->schema->field_count;
    SB_TRY_OUT(sb_batch_flatten(batch, err));
    exported = exported_create(batch);
    if (exported == NULL) {
        status = sb_error_no_memory(err, "exported batch",
                                    (int64_t)count * (int64_t)sizeof(struct exported_column));
        goto out;
    }
    for (int32_t i = 0; i < count; i++) {
        column_retain(exported->children[i], &batch->columns[i]);
    }
    atomic_init(&exported->reference_count, 1 + exported->column_count);
    *out = (struct ArrowArray){
        .length = batch->row_count,
        .n_buffers = 1,
        .n_children = count,
        .buffers = exported->buffers,
        .children = exported->children,
        .release = struct_release,
        .private_data = exported,
    };
out:
    sb_batch_deinit(batch);
    return status;
}
