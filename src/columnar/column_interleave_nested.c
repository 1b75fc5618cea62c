// SPDX-License-Identifier: Apache-2.0
/*
 * column_interleave_nested.c - rows of several lists, structs, dictionaries or runs as one column.
 *
 * Rows of parents become rows of children, which are interleaved in their turn. Every list layout
 * lays its elements out anew. Dictionaries that differ stand one after another in the new one,
 * unless that is more than the indices reach.
 */
#include <inttypes.h>

#include "columnar/builder.h"
#include "columnar/column_internal.h"

struct nested {
    const struct sb_column *const *from;
    int64_t from_count;
    const struct sb_row_place *rows;
    int64_t count;
    const uint8_t *validity; // of the new column; NULL = no nulls
    const struct sb_type *type;
    struct sb_memory *memory;
    struct sb_error *err;
    // What is being built.
    struct sb_buffer *values;
    const void *bytes; // sizes of views
    struct sb_children *children;
    struct sb_column rebuilt; // instead, if is_rebuilt
    bool is_rebuilt;
};

static bool row_is_there(const struct nested *nested, int64_t i)
{
    return nested->validity == NULL || sb_bitmap_get(nested->validity, i);
}

/* Child `index` out of rows of the same child of every column. */
static enum sb_status child_interleave(struct nested *nested, int32_t index,
                                       const struct sb_row_place *rows, int64_t count)
{
    size_t columns_size = sizeof(struct sb_column) * (size_t)nested->from_count;
    size_t pointers_size = sizeof(struct sb_column *) * (size_t)nested->from_count;
    struct sb_column *columns = sb_memory_alloc(nested->memory, columns_size);
    const struct sb_column **pointers = sb_memory_alloc(nested->memory, pointers_size);
    enum sb_status status;

    if (columns == NULL || pointers == NULL) {
        status = sb_error_no_memory(nested->err, "buffer", (int64_t)(columns_size + pointers_size));
        goto out;
    }
    for (int64_t i = 0; i < nested->from_count; i++) {
        columns[i] = nested->type->id == SB_TYPE_STRUCT ? sb_column_field(nested->from[i], index)
                                                        : sb_column_child(nested->from[i], index);
        pointers[i] = &columns[i];
    }
    status = sb_column_interleave(pointers, nested->from_count, rows, count, nested->memory,
                                  &nested->children->columns[index], nested->err);

out:
    sb_memory_free(nested->memory, columns, columns_size);
    sb_memory_free(nested->memory, pointers, pointers_size);
    return status;
}

static enum sb_status structs_interleave(struct nested *nested)
{
    for (int32_t c = 0; c < nested->type->child_count; c++) {
        SB_TRY_RETURN(child_interleave(nested, c, nested->rows, nested->count));
    }
    return SB_OK;
}

static void integer_put(struct sb_buffer *buffer, int32_t width, int64_t i, int64_t value)
{
    memcpy(buffer->data + i * width, &value, (size_t)width); // little-endian
}

/* The elements of a row; a null one has none, but of a fixed size, where it has any. */
static struct sb_range row_range(const struct nested *nested, int64_t i)
{
    const struct sb_row_place *row = &nested->rows[i];

    if (!row_is_there(nested, i) && nested->type->id != SB_TYPE_FIXED_SIZE_LIST) {
        return (struct sb_range){0};
    }
    return sb_column_range(nested->from[row->column], row->row);
}

static enum sb_status lists_values(struct nested *nested, int64_t total)
{
    int32_t width = sb_type_offset_width(nested->type->id);
    bool is_view = sb_type_is_list_view(nested->type->id);
    int64_t size = nested->count * width;
    int64_t offset = 0;

    if (nested->type->id == SB_TYPE_FIXED_SIZE_LIST) {
        return SB_OK;
    }
    if (width == 4 && total > INT32_MAX) {
        return sb_error_set(nested->err, SB_UNSUPPORTED,
                            "%" PRId64 " rows of lists hold %" PRId64
                            " elements, and 32-bit offsets reach 2147483647; use large_list",
                            nested->count, total);
    }
    SB_TRY_RETURN(
        sb_buffer_create(nested->memory, 2 * (size + width), &nested->values, nested->err));
    nested->bytes = is_view ? nested->values->data + size : NULL;
    for (int64_t i = 0; i < nested->count; i++) {
        int64_t elements = row_range(nested, i).count;

        integer_put(nested->values, width, i, offset);
        if (is_view) {
            integer_put(nested->values, width, nested->count + i, elements);
        }
        offset += elements;
    }
    if (!is_view) {
        integer_put(nested->values, width, nested->count, offset);
    }
    return SB_OK;
}

static enum sb_status lists_interleave(struct nested *nested)
{
    struct sb_row_place *elements;
    int64_t total = 0;
    int64_t used = 0;
    size_t size;
    enum sb_status status;

    for (int64_t i = 0; i < nested->count; i++) {
        total += row_range(nested, i).count;
    }
    if (total >= UINT32_MAX) {
        return sb_error_set(nested->err, SB_UNSUPPORTED,
                            "%" PRId64 " rows of lists hold %" PRId64
                            " elements, and at most 4294967294 fit one batch",
                            nested->count, total);
    }
    SB_TRY_RETURN(lists_values(nested, total));
    size = sizeof *elements * (size_t)total;
    elements = sb_memory_alloc(nested->memory, size);
    if (elements == NULL) {
        return sb_error_no_memory(nested->err, "buffer", (int64_t)size);
    }
    for (int64_t i = 0; i < nested->count; i++) {
        struct sb_range range = row_range(nested, i);

        for (int64_t e = 0; e < range.count; e++) {
            elements[used++] =
                (struct sb_row_place){nested->rows[i].column, (uint32_t)(range.first + e)};
        }
    }
    status = child_interleave(nested, 0, elements, total);
    sb_memory_free(nested->memory, elements, size);
    return status;
}

/* The greatest index of a dictionary's index type. */
static int64_t index_max(enum sb_type_id id)
{
    int32_t bits = sb_type_width(id) * 8 - (sb_type_is_signed(id) ? 1 : 0);

    return bits >= 63 ? INT64_MAX : (INT64_C(1) << bits) - 1;
}

/* Where the dictionary of each column begins in the new one. Returns the size of that. */
static int64_t dictionaries_place(const struct nested *nested, int64_t *starts)
{
    int64_t total = 0;

    for (int64_t i = 0; i < nested->from_count; i++) {
        struct sb_column dictionary = sb_column_child(nested->from[i], 1);
        int64_t before = i - 1;

        for (; before >= 0; before--) { // slices of one column share theirs
            struct sb_column other = sb_column_child(nested->from[before], 1);
            if (other.values == dictionary.values && other.offset == dictionary.offset &&
                other.length == dictionary.length && other.owner == dictionary.owner) {
                break;
            }
        }
        starts[i] = before >= 0 ? starts[before] : total;
        total += before >= 0 ? 0 : dictionary.length;
    }
    return total;
}

/* The new dictionary: all of them, one behind the other. */
static enum sb_status dictionaries_join(struct nested *nested, const int64_t *starts, int64_t total)
{
    int64_t used = 0;
    struct sb_row_place *rows;
    size_t size;
    enum sb_status status;

    size = sizeof *rows * (size_t)total;
    rows = sb_memory_alloc(nested->memory, size);
    if (rows == NULL) {
        return sb_error_no_memory(nested->err, "buffer", (int64_t)size);
    }
    for (int64_t i = 0; i < nested->from_count; i++) {
        for (int64_t r = 0; starts[i] == used && r < sb_column_child(nested->from[i], 1).length;
             r++) {
            rows[used + r] = (struct sb_row_place){(uint32_t)i, (uint32_t)r};
        }
        used += starts[i] == used ? sb_column_child(nested->from[i], 1).length : 0;
    }
    sb_assert(used == total);
    status = child_interleave(nested, 1, rows, total);
    sb_memory_free(nested->memory, rows, size);
    return status;
}

/* Row by row, each value looked up: for dictionaries that together are too large. */
static enum sb_status dictionaries_rebuild(struct nested *nested)
{
    struct sb_builder builder;
    enum sb_status status;

    sb_builder_init(&builder, nested->memory, nested->type);
    for (int64_t i = 0; i < nested->count; i++) {
        const struct sb_row_place *row = &nested->rows[i];

        SB_TRY_OUT(
            row_is_there(nested, i)
                ? sb_builder_append_row(&builder, nested->from[row->column], row->row, nested->err)
                : sb_builder_append_null(&builder, nested->err));
    }
    nested->is_rebuilt = true;
    status = sb_builder_finish(&builder, &nested->rebuilt, nested->err);

out:
    sb_builder_deinit(&builder);
    return status;
}

static enum sb_status dictionaries_interleave(struct nested *nested)
{
    const struct sb_type *index = &nested->type->children[0].type;
    int32_t width = sb_type_width(index->id);
    size_t size = sizeof(int64_t) * (size_t)nested->from_count;
    int64_t *starts = sb_memory_alloc(nested->memory, size);
    int64_t total;
    enum sb_status status;

    if (starts == NULL) {
        return sb_error_no_memory(nested->err, "buffer", (int64_t)size);
    }
    total = dictionaries_place(nested, starts);
    if (total - 1 > index_max(index->id) || total >= UINT32_MAX) {
        status = dictionaries_rebuild(nested);
        goto out;
    }
    SB_TRY_OUT(dictionaries_join(nested, starts, total));
    SB_TRY_OUT(
        sb_buffer_create(nested->memory, nested->count * width, &nested->values, nested->err));
    for (int64_t i = 0; i < nested->count; i++) {
        const struct sb_row_place *row = &nested->rows[i];
        const struct sb_column *from = nested->from[row->column];
        int64_t value = !row_is_there(nested, i)
                            ? 0
                            : starts[row->column] + sb_column_integer(index->id, from->values,
                                                                      from->offset + row->row);

        integer_put(nested->values, width, i, value);
    }

out:
    sb_memory_free(nested->memory, starts, size);
    return status;
}

/* One run for each change of run. */
static enum sb_status runs_interleave(struct nested *nested)
{
    int32_t width = sb_type_width(nested->type->children[0].type.id);
    size_t size = sizeof(struct sb_row_place) * (size_t)nested->count;
    struct sb_row_place *runs = sb_memory_alloc(nested->memory, size);
    struct sb_buffer *ends = NULL;
    int64_t run_count = 0;
    enum sb_status status;

    if (runs == NULL) {
        return sb_error_no_memory(nested->err, "buffer", (int64_t)size);
    }
    if (width == 2 && nested->count > INT16_MAX) {
        status = sb_error_set(nested->err, SB_UNSUPPORTED,
                              "%" PRId64 " rows, and run ends of int16 reach 32767; use int32",
                              nested->count);
        goto out;
    }
    SB_TRY_OUT(sb_buffer_create(nested->memory, nested->count * width, &ends, nested->err));
    for (int64_t i = 0; i < nested->count; i++) {
        const struct sb_column *from = nested->from[nested->rows[i].column];
        struct sb_column from_ends = sb_column_child(from, 0);
        struct sb_row_place run = {
            nested->rows[i].column,
            (uint32_t)sb_column_run(&from_ends, from->offset + nested->rows[i].row),
        };

        if (run_count == 0 || runs[run_count - 1].column != run.column ||
            runs[run_count - 1].row != run.row) {
            runs[run_count++] = run;
        }
        integer_put(ends, width, run_count - 1, i + 1);
    }
    nested->children->columns[0] =
        (struct sb_column){.length = run_count, .values = ends->data, .owner = ends};
    status = child_interleave(nested, 1, runs, run_count);

out:
    sb_memory_free(nested->memory, runs, size);
    return status;
}

enum sb_status sb_column_interleave_nested(const struct sb_column *const *from, int64_t from_count,
                                           const struct sb_row_place *rows, int64_t count,
                                           struct sb_buffer *validity, int64_t null_count,
                                           struct sb_memory *memory, struct sb_column *out,
                                           struct sb_error *err)
{
    struct nested nested = {
        .from = from,
        .from_count = from_count,
        .rows = rows,
        .count = count,
        .validity = validity == NULL ? NULL : validity->data,
        .type = from[0]->type,
        .memory = memory,
        .err = err,
    };
    enum sb_status status;

    SB_TRY_OUT(sb_children_create(memory, nested.type->child_count, &nested.children, err));
    switch (nested.type->id) {
    case SB_TYPE_STRUCT:
        SB_TRY_OUT(structs_interleave(&nested));
        break;
    case SB_TYPE_DICTIONARY:
        SB_TRY_OUT(dictionaries_interleave(&nested));
        break;
    case SB_TYPE_RUN_END_ENCODED:
        SB_TRY_OUT(runs_interleave(&nested));
        break;
    default:
        SB_TRY_OUT(lists_interleave(&nested));
        break;
    }
    if (nested.is_rebuilt) {
        *out = nested.rebuilt;
        sb_children_release(nested.children);
        sb_buffer_release(validity);
        return SB_OK;
    }
    if (nested.values == NULL) {
        SB_TRY_OUT(sb_buffer_create(memory, 0, &nested.values, err));
    }
    sb_buffer_keep(nested.values, validity);
    *out = (struct sb_column){
        .type = nested.type,
        .length = count,
        .null_count = null_count,
        .validity = validity == NULL ? NULL : validity->data,
        .values = nested.values->data,
        .bytes = nested.bytes,
        .owner = nested.values,
        .children = nested.children,
    };
    return SB_OK;

out:
    sb_buffer_release(nested.values);
    sb_children_release(nested.children);
    return status;
}
