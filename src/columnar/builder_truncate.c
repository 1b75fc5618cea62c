// SPDX-License-Identifier: Apache-2.0
/*
 * builder_truncate.c - a builder without its last rows, and without what a row not yet ended has
 * put into children.
 *
 * Where a row begins in text or in a child is told by offsets, so nothing is marked beforehand.
 */
#include "columnar/builder_internal.h"

static int64_t offset_at(const struct sb_builder *builder, int64_t row)
{
    return sb_type_is_large(builder->type->id)
               ? ((const int64_t *)(const void *)builder->values->data)[row]
               : ((const int32_t *)(const void *)builder->values->data)[row];
}

// Long views lie in the heap one behind the other.
static int64_t heap_bytes(const struct sb_builder *builder, int64_t from)
{
    int64_t bytes = 0;

    for (int64_t row = from; row < builder->length; row++) {
        int32_t size;

        memcpy(&size, builder->values->data + row * SB_VIEW_SIZE, sizeof size);
        bytes += size > SB_VIEW_INLINE_MAX ? size : 0;
    }
    return bytes;
}

static void child_truncate(struct sb_builder *builder, int32_t index, int64_t length)
{
    if (builder->children != NULL) {
        sb_builder_truncate(&builder->children[index], length);
    }
}

// Also when no row goes: the children may be ahead.
static void children_truncate(struct sb_builder *builder, int64_t length)
{
    switch (builder->type->id) {
    case SB_TYPE_STRUCT:
        for (int32_t i = 0; i < builder->type->child_count; i++) {
            child_truncate(builder, i, length);
        }
        break;
    case SB_TYPE_FIXED_SIZE_LIST:
        child_truncate(builder, 0, length * builder->type->size);
        break;
    case SB_TYPE_RUN_END_ENCODED:
        sb_builder_runs_truncate(builder, length);
        break;
    default:
        if (sb_type_is_list(builder->type->id)) {
            if (length < builder->length) {
                builder->elements_done = offset_at(builder, length);
            }
            child_truncate(builder, 0, builder->elements_done);
        }
        break;
    }
}

void sb_builder_truncate(struct sb_builder *builder, int64_t length)
{
    const int64_t dropped = builder->length - length;

    sb_assert(dropped >= 0);
    children_truncate(builder, length);
    if (dropped == 0) {
        return;
    }
    if (builder->validity != NULL) {
        builder->null_count -= dropped - sb_bitmap_count(builder->validity->data, length, dropped);
    }
    if (sb_type_is_view(builder->type->id)) {
        builder->bytes_size -= heap_bytes(builder, length);
    } else if (sb_type_is_variable(builder->type->id)) {
        builder->bytes_size = offset_at(builder, length);
    }
    builder->length = length;
}
