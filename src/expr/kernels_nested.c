// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_nested.c - elements, fields and lengths.
 *
 * What a row's answer is becomes a row of a child column, or none; the chosen rows are then loaded
 * like those of any column. Rows beside each other mostly are of one column; if_else and coalesce
 * may mix several, which are handled run by run.
 */
#include "expr/kernels_nested.h"

#include <inttypes.h>
#include <string.h>

#include "expr/load.h"
#include "expr/type_rules.h"

static const struct sb_row *rows_of(const struct sb_kernel_call *call)
{
    return sb_kernel_argument(call, 0)->values;
}

static bool is_valid(const struct sb_kernel_call *call, int32_t row)
{
    return call->valid == NULL || call->valid[row] != 0;
}

/* The rows from `first` on that are of one column; null rows are of any. */
static int32_t run_end(const struct sb_kernel_call *call, int32_t first,
                       const struct sb_column **column)
{
    const struct sb_row *rows = rows_of(call);
    int32_t end = first;

    *column = NULL;
    for (; end < call->count; end++) {
        if (!is_valid(call, end)) {
            continue;
        }
        if (*column != NULL && rows[end].column != *column) {
            break;
        }
        *column = rows[end].column;
    }
    return end;
}

static enum sb_status list_length_vectors(struct sb_kernel_call *call)
{
    const struct sb_row *rows = rows_of(call);
    int64_t *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        out[i] = is_valid(call, i) ? sb_column_range(rows[i].column, rows[i].row).count : 0;
    }
    return SB_OK;
}

/* Rows of a child; UINT32_MAX: there is none. */
struct choice {
    uint32_t rows[SB_EXPR_CHUNK];
};

static enum sb_status choice_set(struct sb_kernel_call *call, struct choice *choice, int32_t row,
                                 int64_t child_row)
{
    if (child_row >= UINT32_MAX) {
        return sb_error_set(call->err, SB_UNSUPPORTED,
                            "a batch of lists has element %" PRId64
                            ", and expressions reach 4294967294; make batches smaller",
                            child_row);
    }
    choice->rows[row] = child_row < 0 ? UINT32_MAX : (uint32_t)child_row;
    return SB_OK;
}

/* Loads rows `first` to `end` of the result from `child`. */
static enum sb_status choice_load(struct sb_kernel_call *call, const struct sb_column *child,
                                  struct choice *choice, int32_t first, int32_t end, uint8_t *valid)
{
    const int32_t width = sb_physical_width(sb_physical_of(&call->node->type));
    uint8_t *out = (uint8_t *)call->out + (int64_t)first * width;
    uint8_t room[SB_EXPR_CHUNK];
    uint32_t any = UINT32_MAX;
    struct sb_vector vector;

    for (int32_t i = first; i < end; i++) {
        valid[i] = choice->rows[i] != UINT32_MAX;
        any = choice->rows[i] != UINT32_MAX ? choice->rows[i] : any;
    }
    memset(out, 0, (size_t)(end - first) * (size_t)width);
    if (any == UINT32_MAX) {
        return SB_OK;
    }
    for (int32_t i = first; i < end; i++) { // a row that is there, for those that are not
        choice->rows[i] = choice->rows[i] == UINT32_MAX ? any : choice->rows[i];
    }
    SB_TRY_RETURN(sb_column_load_rows(child, choice->rows + first, end - first, out, room,
                                      call->text, &vector, call->err));
    for (int32_t i = first; i < end && vector.valid != NULL; i++) {
        valid[i] &= vector.valid[i - first];
    }
    return SB_OK;
}

/* The row of the child that row `i` of the call asks for; -1: none. */
typedef int64_t (*chooser)(const struct sb_kernel_call *call, int32_t row);

static enum sb_status choose(struct sb_kernel_call *call, bool is_field, int32_t child_index,
                             bool is_entry, chooser row_of)
{
    uint8_t valid[SB_EXPR_CHUNK];
    struct choice choice;
    bool has_null = false;

    for (int32_t first = 0; first < call->count;) {
        const struct sb_column *column;
        const int32_t end = run_end(call, first, &column);
        struct sb_column *child = sb_arena_alloc(call->text, sizeof *child);
        if (child == NULL) {
            return sb_error_no_memory(call->err, "column", sizeof *child);
        }
        for (int32_t i = first; i < end; i++) {
            SB_TRY_RETURN(choice_set(call, &choice, i, is_valid(call, i) ? row_of(call, i) : -1));
        }
        if (column == NULL) { // null rows only
            const int32_t width = sb_physical_width(sb_physical_of(&call->node->type));
            memset((uint8_t *)call->out + (int64_t)first * width, 0,
                   (size_t)(end - first) * (size_t)width);
            memset(valid + first, 0, (size_t)(end - first));
        } else {
            *child = is_field ? sb_column_field(column, child_index) : sb_column_child(column, 0);
            if (is_entry) { // of a map: the value of an entry
                struct sb_column *entries = child;
                child = sb_arena_alloc(call->text, sizeof *child);
                if (child == NULL) {
                    return sb_error_no_memory(call->err, "column", sizeof *child);
                }
                *child = sb_column_field(entries, 1);
            }
            SB_TRY_RETURN(choice_load(call, child, &choice, first, end, valid));
        }
        first = end;
    }
    for (int32_t i = 0; i < call->count; i++) {
        has_null |= !valid[i];
    }
    if (has_null) {
        memcpy(call->valid_room, valid, (size_t)call->count);
    }
    call->valid = has_null ? call->valid_room : NULL;
    return SB_OK;
}

static int64_t choose_element(const struct sb_kernel_call *call, int32_t row)
{
    const struct sb_row *list = &rows_of(call)[row];
    const struct sb_range range = sb_column_range(list->column, list->row);
    int64_t position = ((const int64_t *)sb_kernel_argument(call, 1)->values)[row];

    position += position < 0 ? range.count : 0;
    return position >= 0 && position < range.count ? range.first + position : -1;
}

static enum sb_status list_element_vectors(struct sb_kernel_call *call)
{
    return choose(call, false, 0, false, choose_element);
}

static int64_t choose_field(const struct sb_kernel_call *call, int32_t row)
{
    return rows_of(call)[row].row;
}

static enum sb_status struct_field_vectors(struct sb_kernel_call *call)
{
    return choose(call, true, (int32_t)call->node->parameter, false, choose_field);
}

/* Whether row `row` of a column is not null and the value `wanted` of the computed type. */
static bool row_equals(const struct sb_column *column, int64_t row, enum sb_physical physical,
                       const void *wanted)
{
    if (sb_column_is_null(column, row)) {
        return false;
    }
    if (physical == SB_PHYSICAL_BYTES) {
        const struct sb_bytes *b = wanted;
        const struct sb_bytes a = sb_column_bytes(column, row);
        return a.size == b->size && (a.size == 0 || memcmp(a.data, b->data, (size_t)a.size) == 0);
    }
    if (physical == SB_PHYSICAL_BOOL) {
        return sb_bitmap_get(column->values, column->offset + row) ==
               (*(const uint8_t *)wanted != 0);
    }
    const int32_t width = sb_physical_width(physical);
    const void *value = (const uint8_t *)sb_column_fixed(column, width) + row * width;
    if (physical == SB_PHYSICAL_F32) {
        const float a = *(const float *)value;
        const float b = *(const float *)wanted;
        return a == b || (a != a && b != b);
    }
    if (physical == SB_PHYSICAL_F64) {
        const double a = *(const double *)value;
        const double b = *(const double *)wanted;
        return a == b || (a != a && b != b);
    }
    return memcmp(value, wanted, (size_t)width) == 0;
}

/* The last entry of the range whose value is the second argument's; -1: none. */
static int64_t find_last(const struct sb_kernel_call *call, const struct sb_column *values,
                         struct sb_range range, int32_t row)
{
    const enum sb_physical physical = sb_physical_of(&call->node->arguments[1]->type);
    const int32_t width = sb_physical_width(physical);
    const uint8_t *wanted = sb_kernel_argument(call, 1)->values;

    for (int64_t i = range.first + range.count - 1; i >= range.first; i--) {
        if (row_equals(values, i, physical, wanted + (int64_t)row * width)) {
            return i;
        }
    }
    return -1;
}

static enum sb_status list_contains_vectors(struct sb_kernel_call *call)
{
    const struct sb_row *rows = rows_of(call);
    uint8_t *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        out[i] = 0;
        if (is_valid(call, i)) {
            const struct sb_column child = sb_column_child(rows[i].column, 0);
            out[i] = find_last(call, &child, sb_column_range(rows[i].column, rows[i].row), i) >= 0;
        }
    }
    return SB_OK;
}

static int64_t choose_value(const struct sb_kernel_call *call, int32_t row)
{
    const struct sb_row *map = &rows_of(call)[row];
    const struct sb_column entries = sb_column_child(map->column, 0);
    const struct sb_column keys = sb_column_field(&entries, 0);

    return find_last(call, &keys, sb_column_range(map->column, map->row), row);
}

static enum sb_status map_value_vectors(struct sb_kernel_call *call)
{
    return choose(call, false, 0, true, choose_value);
}

const struct sb_kernel_set sb_kernels_list_length = {.vectors = list_length_vectors};
const struct sb_kernel_set sb_kernels_list_element = {.vectors = list_element_vectors};
const struct sb_kernel_set sb_kernels_struct_field = {.vectors = struct_field_vectors};
const struct sb_kernel_set sb_kernels_list_contains = {.vectors = list_contains_vectors};
const struct sb_kernel_set sb_kernels_map_value = {.vectors = map_value_vectors};
