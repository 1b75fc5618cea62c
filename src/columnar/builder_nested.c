// SPDX-License-Identifier: Apache-2.0
/*
 * builder_nested.c - builders inside of builders: lists, structs, dictionaries, runs.
 *
 * A dictionary is built by looking values up by their bytes (value_bytes.h), so that rows of
 * columns with different dictionaries end in one. Runs compare with the bytes of the last value.
 */
#include <inttypes.h>

#include "base/hash.h"
#include "columnar/builder_internal.h"
#include "columnar/value_bytes.h"

enum {
    INDEX_SLOTS_MIN = 64,
    INDEX_BYTES_MIN = 1024,
};

// --- values by their bytes -----------------------------------------------------------------------

struct index_entry {
    uint64_t hash;
    int64_t first; // of its bytes
    int64_t size;
};

struct sb_value_index {
    struct sb_memory *memory;
    int64_t count;
    int64_t slot_count;        // a power of two, at least twice `count`
    struct sb_buffer *slots;   // uint32: 1 + the entry, 0 = free
    struct sb_buffer *entries; // struct index_entry, half as many as slots
    struct sb_buffer *bytes;
    int64_t bytes_used;
    struct sb_buffer *written; // what a row's value is written to before it is looked up
    bool has_last;             // of runs: the last run has a value that is not null
    bool is_cut;               // of runs: what the last run has is not known
};

static void value_index_destroy(struct sb_value_index *index)
{
    if (index != NULL) {
        sb_buffer_release(index->slots);
        sb_buffer_release(index->entries);
        sb_buffer_release(index->bytes);
        sb_buffer_release(index->written);
        sb_memory_free(index->memory, index, sizeof *index);
    }
}

static enum sb_status index_make(struct sb_builder *builder, struct sb_error *err)
{
    if (builder->index != NULL) {
        return SB_OK;
    }
    builder->index = sb_memory_alloc_zeroed(builder->memory, sizeof *builder->index);
    if (builder->index == NULL) {
        return sb_error_no_memory(err, "dictionary", sizeof *builder->index);
    }
    builder->index->memory = builder->memory;
    return SB_OK;
}

static uint32_t *slot_find(const struct sb_value_index *index, uint64_t hash, const uint8_t *bytes,
                           int64_t size)
{
    uint32_t *slots = (uint32_t *)(void *)index->slots->data;
    const struct index_entry *entries = (const void *)index->entries->data;
    uint64_t mask = (uint64_t)index->slot_count - 1;

    for (uint64_t i = hash & mask;; i = (i + 1) & mask) {
        const struct index_entry *entry;

        if (slots[i] == 0) {
            return &slots[i];
        }
        entry = &entries[slots[i] - 1];
        if (entry->hash == hash && entry->size == size &&
            (size == 0 || memcmp(index->bytes->data + entry->first, bytes, (size_t)size) == 0)) {
            return &slots[i];
        }
    }
}

static enum sb_status slots_grow(struct sb_value_index *index, struct sb_error *err)
{
    int64_t slot_count = index->slot_count == 0 ? INDEX_SLOTS_MIN : 2 * index->slot_count;
    struct sb_buffer *slots;
    const struct index_entry *entries;

    SB_TRY_RETURN(sb_builder_buffer_grow(index->memory, &index->entries,
                                         index->count * (int64_t)sizeof *entries,
                                         slot_count / 2 * (int64_t)sizeof *entries, err));
    SB_TRY_RETURN(
        sb_buffer_create(index->memory, slot_count * (int64_t)sizeof(uint32_t), &slots, err));
    memset(slots->data, 0, (size_t)slots->size);
    sb_buffer_release(index->slots);
    index->slots = slots;
    index->slot_count = slot_count;
    entries = (const void *)index->entries->data;
    for (int64_t e = 0; e < index->count; e++) {
        const uint8_t *bytes = entries[e].size == 0 ? NULL : index->bytes->data + entries[e].first;

        *slot_find(index, entries[e].hash, bytes, entries[e].size) = (uint32_t)(e + 1);
    }
    return SB_OK;
}

static enum sb_status bytes_keep(struct sb_value_index *index, const uint8_t *bytes, int64_t size,
                                 struct sb_error *err)
{
    int64_t needed = index->bytes_used + size;

    if (index->bytes == NULL || needed > index->bytes->size) {
        int64_t capacity = index->bytes == NULL ? INDEX_BYTES_MIN : 2 * index->bytes->size;

        SB_TRY_RETURN(sb_builder_buffer_grow(index->memory, &index->bytes, index->bytes_used,
                                             capacity < needed ? needed : capacity, err));
    }
    if (size > 0) {
        memcpy(index->bytes->data + index->bytes_used, bytes, (size_t)size);
    }
    index->bytes_used = needed;
    return SB_OK;
}

// Largest index of the type.
static int64_t index_max(enum sb_type_id id)
{
    int64_t bits = 8 * sb_type_width(id) - sb_type_is_signed(id);

    return bits >= 32 ? UINT32_MAX - 1 : (INT64_C(1) << bits) - 1;
}

// The index of the value, which is appended to the dictionary when it is new.
static enum sb_status index_put(struct sb_builder *builder, const uint8_t *bytes, int64_t size,
                                int64_t *out, struct sb_error *err)
{
    enum sb_type_id id = builder->type->children[0].type.id;
    uint64_t hash = sb_hash_bytes(bytes, (size_t)size);
    struct sb_value_index *index;
    struct sb_builder *values = NULL;
    struct index_entry *entries;
    uint32_t *slot;

    SB_TRY_RETURN(index_make(builder, err));
    index = builder->index;
    if (2 * (index->count + 1) > index->slot_count) {
        SB_TRY_RETURN(slots_grow(index, err));
    }
    slot = slot_find(index, hash, bytes, size);
    if (*slot != 0) {
        *out = *slot - 1;
        return SB_OK;
    }
    if (index->count > index_max(id)) {
        char name[SB_TYPE_NAME_SIZE];

        return sb_error_set(err, SB_UNSUPPORTED,
                            "a batch of %s has more than %" PRId64
                            " values, and its indices end there; cast the column to its value "
                            "type, or use wider indices",
                            sb_type_name(builder->type, name, sizeof name), index_max(id) + 1);
    }
    SB_TRY_RETURN(sb_builder_child(builder, 1, &values, err));
    SB_TRY_RETURN(bytes_keep(index, bytes, size, err));
    SB_TRY_RETURN(sb_builder_append_value(values, bytes, size, err));
    entries = (void *)index->entries->data;
    entries[index->count] = (struct index_entry){hash, index->bytes_used - size, size};
    *out = index->count++;
    *slot = (uint32_t)index->count;
    return SB_OK;
}

// --- runs ----------------------------------------------------------------------------------------

// Puts the end of the last run at `builder->length + 1`; begins one when `is_new`.
static enum sb_status run_extend(struct sb_builder *builder, bool is_new, struct sb_error *err)
{
    int64_t end = builder->length + 1;
    struct sb_builder *ends = NULL;
    int32_t width;

    SB_TRY_RETURN(sb_builder_child(builder, 0, &ends, err));
    width = sb_type_width(ends->type->id);
    if (width == 2 && end > INT16_MAX) {
        return sb_error_set(err, SB_UNSUPPORTED,
                            "a batch has more than 32767 rows, and its run ends of int16 end "
                            "there; use run ends of int32");
    }
    if (is_new) {
        return sb_builder_append_fixed(ends, &end, err); // little-endian
    }
    memcpy(ends->values->data + (ends->length - 1) * width, &end, (size_t)width);
    return SB_OK;
}

static enum sb_status run_append(struct sb_builder *builder, const uint8_t *bytes, int64_t size,
                                 struct sb_error *err)
{
    struct sb_value_index *index;
    struct sb_builder *values = NULL;
    bool is_new;

    SB_TRY_RETURN(index_make(builder, err));
    SB_TRY_RETURN(sb_builder_child(builder, 1, &values, err));
    index = builder->index;
    is_new = index->is_cut || !index->has_last || index->bytes_used != size ||
             (size > 0 && memcmp(index->bytes->data, bytes, (size_t)size) != 0);
    if (is_new) {
        SB_TRY_RETURN(sb_builder_append_value(values, bytes, size, err));
        index->bytes_used = 0;
        SB_TRY_RETURN(bytes_keep(index, bytes, size, err));
        index->has_last = true;
        index->is_cut = false;
    }
    return run_extend(builder, is_new, err);
}

static enum sb_status run_append_null(struct sb_builder *builder, struct sb_error *err)
{
    struct sb_builder *values = NULL;
    bool is_new;

    SB_TRY_RETURN(index_make(builder, err));
    SB_TRY_RETURN(sb_builder_child(builder, 1, &values, err));
    is_new = builder->length == 0 || builder->index->is_cut || builder->index->has_last;
    if (is_new) {
        SB_TRY_RETURN(sb_builder_append_null(values, err));
        builder->index->has_last = builder->index->is_cut = false;
    }
    return run_extend(builder, is_new, err);
}

static int64_t run_end(const struct sb_builder *ends, int64_t run)
{
    int64_t end = 0;
    int32_t width = sb_type_width(ends->type->id);

    memcpy(&end, ends->values->data + run * width, (size_t)width); // little-endian, not negative
    return end;
}

void sb_builder_runs_truncate(struct sb_builder *builder, int64_t length)
{
    struct sb_builder *ends = builder->children;
    int64_t run_count;

    if (builder->children == NULL) {
        return;
    }
    // A value without its run end, of a row that failed, goes as well.
    run_count = ends->length;
    while (run_count > 0 && (run_count == 1 ? 0 : run_end(ends, run_count - 2)) >= length) {
        run_count--;
    }
    sb_builder_truncate(&ends[0], run_count);
    sb_builder_truncate(&ends[1], run_count);
    if (run_count > 0 && run_end(ends, run_count - 1) > length) {
        memcpy(ends->values->data + (run_count - 1) * sb_type_width(ends->type->id), &length,
               (size_t)sb_type_width(ends->type->id));
    }
    if (builder->index != NULL) {
        builder->index->is_cut = true;
    }
}

// --- rows ----------------------------------------------------------------------------------------

enum sb_status sb_builder_child(struct sb_builder *builder, int32_t index, struct sb_builder **out,
                                struct sb_error *err)
{
    const struct sb_type *type = builder->type;

    *out = NULL;
    if (builder->children == NULL) {
        size_t size = (size_t)type->child_count * sizeof *builder->children;

        builder->children = sb_memory_alloc_zeroed(builder->memory, size);
        if (builder->children == NULL) {
            return sb_error_no_memory(err, "children of a column", (int64_t)size);
        }
        for (int32_t i = 0; i < type->child_count; i++) {
            sb_builder_init(&builder->children[i], builder->memory, &type->children[i].type);
        }
    }
    *out = &builder->children[index];
    return SB_OK;
}

void sb_builder_children_deinit(struct sb_builder *builder)
{
    if (builder->children != NULL) {
        for (int32_t i = 0; i < builder->type->child_count; i++) {
            sb_builder_deinit(&builder->children[i]);
        }
        sb_memory_free(builder->memory, builder->children,
                       (size_t)builder->type->child_count * sizeof *builder->children);
        builder->children = NULL;
    }
    value_index_destroy(builder->index);
    builder->index = NULL;
}

// Elements so far, of lists of any layout.
static int64_t elements_count(const struct sb_builder *builder)
{
    return builder->children == NULL ? 0 : builder->children[0].length;
}

// Ends a row of a list: its elements are those that came since the row before.
static enum sb_status list_end(struct sb_builder *builder, struct sb_error *err)
{
    int64_t end = elements_count(builder);
    int64_t row = builder->length;

    if (end > INT32_MAX && !sb_type_is_large(builder->type->id)) {
        char name[SB_TYPE_NAME_SIZE];

        return sb_error_set(err, SB_UNSUPPORTED,
                            "a %s column reaches %" PRId64
                            " elements, and its 32-bit offsets end at 2147483647; use large_list, "
                            "or smaller batches",
                            sb_type_name(builder->type, name, sizeof name), end);
    }
    switch (builder->type->id) {
    case SB_TYPE_LARGE_LIST:
        ((int64_t *)(void *)builder->values->data)[row + 1] = end;
        break;
    case SB_TYPE_LIST_VIEW:
        ((int32_t *)(void *)builder->values->data)[row] = (int32_t)builder->elements_done;
        ((int32_t *)(void *)builder->bytes->data)[row] = (int32_t)(end - builder->elements_done);
        break;
    case SB_TYPE_LARGE_LIST_VIEW:
        ((int64_t *)(void *)builder->values->data)[row] = builder->elements_done;
        ((int64_t *)(void *)builder->bytes->data)[row] = end - builder->elements_done;
        break;
    default:
        ((int32_t *)(void *)builder->values->data)[row + 1] = (int32_t)end;
        break;
    }
    builder->elements_done = end;
    return SB_OK;
}

enum sb_status sb_builder_append_nested(struct sb_builder *builder, struct sb_error *err)
{
    enum sb_type_id id = builder->type->id;

    SB_TRY_RETURN(sb_builder_reserve(builder, 1, 0, err));
    if (id == SB_TYPE_STRUCT) {
        for (int32_t i = 0; i < builder->type->child_count; i++) {
            sb_assert(builder->children[i].length == builder->length + 1);
        }
    } else if (id == SB_TYPE_FIXED_SIZE_LIST) {
        sb_assert(elements_count(builder) == (builder->length + 1) * builder->type->size);
    } else {
        SB_TRY_RETURN(list_end(builder, err));
    }
    sb_builder_row_end(builder, true);
    return SB_OK;
}

enum sb_status sb_builder_append_encoded(struct sb_builder *builder, const uint8_t *bytes,
                                         int64_t size, struct sb_error *err)
{
    int64_t index;

    SB_TRY_RETURN(sb_builder_reserve(builder, 1, 0, err));
    if (builder->type->id == SB_TYPE_DICTIONARY) {
        int32_t width = sb_type_bytes(builder->type);

        SB_TRY_RETURN(index_put(builder, bytes, size, &index, err));
        memcpy(builder->values->data + builder->length * width, &index, (size_t)width);
    } else {
        SB_TRY_RETURN(run_append(builder, bytes, size, err));
    }
    sb_builder_row_end(builder, true);
    return SB_OK;
}

enum sb_status sb_builder_children_null(struct sb_builder *builder, struct sb_error *err)
{
    const struct sb_type *type = builder->type;
    int64_t count = type->id == SB_TYPE_FIXED_SIZE_LIST ? type->size : 1;

    if (type->id == SB_TYPE_RUN_END_ENCODED) {
        return run_append_null(builder, err);
    }
    if (type->id != SB_TYPE_STRUCT && type->id != SB_TYPE_FIXED_SIZE_LIST) {
        return list_end(builder, err);
    }
    for (int32_t i = 0; i < type->child_count; i++) {
        struct sb_builder *child = NULL;

        SB_TRY_RETURN(sb_builder_child(builder, i, &child, err));
        for (int64_t e = 0; e < count; e++) {
            SB_TRY_RETURN(sb_builder_append_null(child, err));
        }
    }
    return SB_OK;
}

static enum sb_status encoded_append_row(struct sb_builder *builder, const struct sb_column *from,
                                         int64_t row, struct sb_error *err)
{
    int64_t size = sb_value_size(from, row);
    struct sb_buffer **written;

    SB_TRY_RETURN(index_make(builder, err));
    written = &builder->index->written;
    if (*written == NULL || (*written)->size < size) {
        SB_TRY_RETURN(
            sb_builder_buffer_grow(builder->memory, written, 0, size < 64 ? 64 : 2 * size, err));
    }
    sb_value_write(from, row, false, (*written)->data);
    return sb_builder_append_encoded(builder, (*written)->data, size, err);
}

enum sb_status sb_builder_append_nested_row(struct sb_builder *builder,
                                            const struct sb_column *from, int64_t row,
                                            struct sb_error *err)
{
    struct sb_range range = {from->offset + row, 1};

    if (sb_type_is_encoded(builder->type->id)) {
        return encoded_append_row(builder, from, row, err);
    }
    if (builder->type->id != SB_TYPE_STRUCT) {
        range = sb_column_range(from, row);
    }
    for (int32_t i = 0; i < builder->type->child_count; i++) {
        struct sb_column child_column = sb_column_child(from, i);
        struct sb_builder *child = NULL;

        SB_TRY_RETURN(sb_builder_child(builder, i, &child, err));
        for (int64_t e = 0; e < range.count; e++) {
            SB_TRY_RETURN(sb_builder_append_row(child, &child_column, range.first + e, err));
        }
    }
    return sb_builder_append_nested(builder, err);
}

enum sb_status sb_builder_children_finish(struct sb_builder *builder, struct sb_children **out,
                                          struct sb_error *err)
{
    int32_t count = builder->type->child_count;
    enum sb_status status = SB_OK;
    struct sb_builder *child = NULL;

    *out = NULL;
    if (count == 0 && builder->type->id != SB_TYPE_STRUCT) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_children_create(builder->memory, count, out, err));
    for (int32_t i = 0; i < count; i++) {
        SB_TRY_OUT(sb_builder_child(builder, i, &child, err));
        SB_TRY_OUT(sb_builder_finish(child, &(*out)->columns[i], err));
    }
    return SB_OK;
out:
    sb_children_release(*out);
    *out = NULL;
    return status;
}
