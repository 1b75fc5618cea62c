// SPDX-License-Identifier: Apache-2.0
/*
 * column_nested.c - columns inside of columns: how rows of a parent find rows of its children.
 */
#include "columnar/column_internal.h"

static size_t children_size(int32_t count)
{
    return sizeof(struct sb_children) + (size_t)count * sizeof(struct sb_column);
}

enum sb_status sb_children_create(struct sb_memory *memory, int32_t count, struct sb_children **out,
                                  struct sb_error *err)
{
    struct sb_children *children = sb_memory_alloc_zeroed(memory, children_size(count));

    *out = children;
    if (children == NULL) {
        return sb_error_no_memory(err, "children of a column", (int64_t)children_size(count));
    }
    atomic_init(&children->reference_count, 1);
    children->count = count;
    children->memory = memory;
    return SB_OK;
}

struct sb_children *sb_children_retain(struct sb_children *children)
{
    if (children != NULL) {
        int32_t before =
            atomic_fetch_add_explicit(&children->reference_count, 1, memory_order_relaxed);

        sb_assert(before > 0);
    }
    return children;
}

void sb_children_release(struct sb_children *children)
{
    int32_t before;

    if (children == NULL) {
        return;
    }
    before = atomic_fetch_sub_explicit(&children->reference_count, 1, memory_order_acq_rel);
    sb_assert(before > 0);
    if (before > 1) {
        return;
    }
    for (int32_t i = 0; i < children->count; i++) {
        sb_column_deinit(&children->columns[i]);
    }
    sb_memory_free(children->memory, children, children_size(children->count));
}

struct sb_column sb_column_child(const struct sb_column *column, int32_t index)
{
    struct sb_column child;

    sb_debug_assert(index >= 0 && index < column->type->child_count);
    child = column->children->columns[index];
    child.type = &column->type->children[index].type;
    return child;
}

struct sb_column sb_column_field(const struct sb_column *column, int32_t index)
{
    struct sb_column child = sb_column_child(column, index);

    sb_debug_assert(column->type->id == SB_TYPE_STRUCT);
    sb_column_slice(&child, column->offset, column->length);
    return child;
}

struct sb_range sb_column_range(const struct sb_column *column, int64_t row)
{
    int64_t i = column->offset + row;

    switch (column->type->id) {
    case SB_TYPE_LARGE_LIST: {
        const int64_t *offsets = column->values;

        return (struct sb_range){offsets[i], offsets[i + 1] - offsets[i]};
    }
    case SB_TYPE_LIST_VIEW:
        return (struct sb_range){((const int32_t *)column->values)[i],
                                 ((const int32_t *)(const void *)column->bytes)[i]};
    case SB_TYPE_LARGE_LIST_VIEW:
        return (struct sb_range){((const int64_t *)column->values)[i],
                                 ((const int64_t *)(const void *)column->bytes)[i]};
    case SB_TYPE_FIXED_SIZE_LIST:
        return (struct sb_range){i * column->type->size, column->type->size};
    default: { // list and map
        const int32_t *offsets = column->values;

        return (struct sb_range){offsets[i], offsets[i + 1] - offsets[i]};
    }
    }
}

int64_t sb_column_integer(enum sb_type_id id, const void *values, int64_t i)
{
    switch (id) {
    case SB_TYPE_INT8:
        return ((const int8_t *)values)[i];
    case SB_TYPE_UINT8:
        return ((const uint8_t *)values)[i];
    case SB_TYPE_INT16:
        return ((const int16_t *)values)[i];
    case SB_TYPE_UINT16:
        return ((const uint16_t *)values)[i];
    case SB_TYPE_INT32:
        return ((const int32_t *)values)[i];
    case SB_TYPE_UINT32:
        return ((const uint32_t *)values)[i];
    default:
        return ((const int64_t *)values)[i]; // uint64 above INT64_MAX is negative: out of range
    }
}

#define DECODE_INDICES(ctype)                                                                      \
    do {                                                                                           \
        const ctype *indices = (const ctype *)column->values + column->offset;                     \
        for (int64_t i = 0; i < count; i++) {                                                      \
            int64_t row = rows == NULL ? first + i : rows[i];                                      \
            out[i] = rows != NULL && row == UINT32_MAX ? UINT32_MAX : (uint32_t)indices[row];      \
        }                                                                                          \
    } while (0)

static void indices_decode(const struct sb_column *column, const uint32_t *rows, int64_t first,
                           int64_t count, uint32_t *out)
{
    switch (sb_type_bytes(column->type)) {
    case 1:
        DECODE_INDICES(uint8_t); // indices of valid rows are not negative
        break;
    case 2:
        DECODE_INDICES(uint16_t);
        break;
    case 4:
        DECODE_INDICES(uint32_t);
        break;
    default:
        DECODE_INDICES(uint64_t);
        break;
    }
}

int64_t sb_column_run(const struct sb_column *run_ends, int64_t row)
{
    enum sb_type_id id = run_ends->type->id;
    const void *ends = sb_column_fixed(run_ends, sb_type_width(id));
    int64_t low = 0;
    int64_t high = run_ends->length;

    while (low < high) { // the first run that ends after `row`
        int64_t middle = low + (high - low) / 2;

        if (sb_column_integer(id, ends, middle) > row) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

// Rows mostly ascend: the run of the one before, or the next one, is tried first.
static void runs_decode(const struct sb_column *column, const uint32_t *rows, int64_t first,
                        int64_t count, uint32_t *out)
{
    struct sb_column run_ends = sb_column_child(column, 0);
    enum sb_type_id id = run_ends.type->id;
    const void *ends = sb_column_fixed(&run_ends, sb_type_width(id));
    int64_t run = 0;
    int64_t start = 0; // of `run`
    int64_t end = 0;

    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[i];

        if (row == UINT32_MAX && rows != NULL) {
            out[i] = UINT32_MAX;
            continue;
        }
        row += column->offset;
        if (row < start || row >= end) {
            if (row >= end && run + 1 < run_ends.length && end > 0 &&
                row < sb_column_integer(id, ends, run + 1)) {
                run++;
            } else {
                run = sb_column_run(&run_ends, row);
            }
            start = run == 0 ? 0 : sb_column_integer(id, ends, run - 1);
            end = sb_column_integer(id, ends, run);
        }
        out[i] = (uint32_t)run;
    }
}

// Indices of null rows may be anything; they are replaced afterwards.
void sb_column_decode_rows(const struct sb_column *column, const uint32_t *rows, int64_t first,
                           int64_t count, uint32_t *out)
{
    bool has_nulls = column->validity != NULL && column->null_count != 0;

    sb_debug_assert(sb_type_is_encoded(column->type->id));
    if (column->type->id == SB_TYPE_RUN_END_ENCODED) {
        runs_decode(column, rows, first, count, out);
    } else {
        indices_decode(column, rows, first, count, out);
    }
    for (int64_t i = 0; has_nulls && i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[i];

        if (out[i] != UINT32_MAX && sb_column_is_null(column, row)) {
            out[i] = UINT32_MAX;
        }
    }
}
