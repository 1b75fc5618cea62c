// SPDX-License-Identifier: Apache-2.0
/*
 * arrow_export.c - a batch becomes a struct array over the same memory.
 *
 * The struct and its children live in one block, counted by how many of them are not released yet,
 * since a consumer may move children out and release them on their own. Each child holds its
 * column's owner, the block holds the allocator: the array may outlive everything else of Sabot.
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
    _Atomic int32_t reference_count; // the struct and the children that are not released
    struct sb_memory *memory;        // retained
    struct sb_arena arena;           // what follows
    const void *buffers[1];          // of the struct: no validity
    struct ArrowArray **children;
    struct exported_column *columns;
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

// `array` may be a moved copy: what it stands for is found by its private data.
static void child_release(struct ArrowArray *array)
{
    struct exported_column *column = array->private_data;

    array->release = NULL;
    sb_buffer_release(column->owner);
    column->owner = NULL;
    exported_release(column->batch);
}

static void struct_release(struct ArrowArray *array)
{
    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i]->release != NULL) {
            array->children[i]->release(array->children[i]);
        }
    }
    array->release = NULL;
    exported_release(array->private_data);
}

static int64_t buffer_count(const struct sb_column *column)
{
    if (sb_type_is_view(column->type->id)) {
        return 3 + column->heap_count;
    }
    return sb_type_is_variable(column->type->id) ? 3 : 2;
}

static void buffers_point(const void **buffers, const struct sb_column *column)
{
    buffers[0] = column->validity;
    buffers[1] = column->values;
    if (sb_type_is_view(column->type->id)) {
        for (int64_t i = 0; i < column->heap_count; i++) {
            buffers[2 + i] = column->heaps[i];
        }
        buffers[2 + column->heap_count] =
            column->heap_count == 0 ? (const void *)sb_column_zeros : column->heap_sizes;
    } else if (sb_type_is_variable(column->type->id)) {
        buffers[2] = column->bytes;
    }
}

// Allocates everything, so that nothing can fail once columns are taken.
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
    exported->columns = sb_arena_alloc_zeroed(&exported->arena, count * sizeof *exported->columns);
    if (exported->children == NULL || exported->columns == NULL) {
        exported_release(exported);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        size_t size = (size_t)buffer_count(&batch->columns[i]) * sizeof(void *);

        exported->columns[i].buffers = sb_arena_alloc(&exported->arena, size);
        if (exported->columns[i].buffers == NULL) {
            exported_release(exported);
            return NULL;
        }
    }
    return exported;
}

static void column_export(struct exported_column *to, struct sb_column *column,
                          struct exported_batch *exported)
{
    buffers_point(to->buffers, column);
    to->batch = exported;
    to->owner = column->owner; // moved
    to->array = (struct ArrowArray){
        .length = column->length,
        .null_count = column->validity == NULL ? 0 : column->null_count,
        .offset = column->offset,
        .n_buffers = buffer_count(column),
        .buffers = to->buffers,
        .release = child_release,
        .private_data = to,
    };
    *column = (struct sb_column){0};
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
        column_export(&exported->columns[i], &batch->columns[i], exported);
        exported->children[i] = &exported->columns[i].array;
    }
    atomic_init(&exported->reference_count, 1 + count);
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
