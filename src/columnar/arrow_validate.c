// SPDX-License-Identifier: Apache-2.0
/*
 * arrow_validate.c - what is checked of an array that somebody else filled in.
 *
 * Everything that could make a later read leave its buffer is checked once, here, so that kernels
 * need not. Sizes of buffers do not cross the C Data interface: that a buffer is as long as its
 * array says must be believed. So is a view's copied prefix.
 */
#include "columnar/arrow_internal.h"

#include <inttypes.h>
#include <stdio.h>

#include "columnar/column_internal.h"

// Above every real array. An offset plus a length, times 16 bytes, fits int64.
#define ELEMENTS_MAX (INT64_MAX / 32)

static enum sb_status counts_check(const struct ArrowArray *array, const char *what,
                                   struct sb_error *err)
{
    if (array->length < 0 || array->length > ELEMENTS_MAX) {
        return sb_error_set(err, SB_CORRUPT, "%s: length %" PRId64, what, array->length);
    }
    if (array->offset < 0 || array->offset > ELEMENTS_MAX) {
        return sb_error_set(err, SB_CORRUPT, "%s: offset %" PRId64, what, array->offset);
    }
    if (array->null_count < -1 || array->null_count > array->length) {
        return sb_error_set(err, SB_CORRUPT, "%s: null count %" PRId64 " of %" PRId64 " rows", what,
                            array->null_count, array->length);
    }
    if (array->n_buffers > 0 && array->buffers == NULL) {
        return sb_error_set(err, SB_CORRUPT, "%s: no list of buffers", what);
    }
    return SB_OK;
}

enum sb_status sb_arrow_check_struct(const struct ArrowArray *array, const struct sb_schema *schema,
                                     struct sb_error *err)
{
    const uint8_t *validity;

    SB_TRY_RETURN(counts_check(array, "Arrow batch", err));
    if (array->n_children != schema->field_count ||
        (array->n_children > 0 && array->children == NULL)) {
        return sb_error_set(err, SB_CORRUPT,
                            "Arrow batch: expected %" PRId32 " columns, found %" PRId64,
                            schema->field_count, array->n_children);
    }
    if (array->n_buffers != 1) {
        return sb_error_set(err, SB_CORRUPT,
                            "Arrow batch: expected 1 buffer of a struct, found %" PRId64,
                            array->n_buffers);
    }
    if (array->dictionary != NULL) {
        return sb_error_set(err, SB_CORRUPT, "Arrow batch: a struct has no dictionary");
    }
    if (array->length >= UINT32_MAX) {
        return sb_error_set(err, SB_UNSUPPORTED,
                            "Arrow batch: %" PRId64 " rows, at most 4294967294 fit one batch",
                            array->length);
    }
    validity = array->buffers[0];
    if (validity != NULL && array->null_count != 0 &&
        sb_bitmap_count(validity, array->offset, array->length) < array->length) {
        return sb_error_set(err, SB_CORRUPT,
                            "Arrow batch: rows that are null as a whole; expected nulls in columns "
                            "only");
    }
    if (validity == NULL && array->null_count > 0) {
        return sb_error_set(err, SB_CORRUPT,
                            "Arrow batch: %" PRId64 " nulls and no validity bitmap",
                            array->null_count);
    }
    return SB_OK;
}

// `format` has one "%s", for the path.
#define REFUSE(of_path, format, ...)                                                               \
    do {                                                                                           \
        char path_text[SB_ARROW_PATH_SIZE];                                                        \
        return sb_error_set(err, SB_CORRUPT, "column '%s': " format,                               \
                            sb_arrow_path_text(of_path, path_text, sizeof path_text),              \
                            __VA_ARGS__);                                                          \
    } while (0)

static int64_t buffer_count(enum sb_type_id id)
{
    if (sb_type_is_variable(id) || sb_type_is_list_view(id)) {
        return 3; // views: at least
    }
    switch (id) {
    case SB_TYPE_NULL:
    case SB_TYPE_RUN_END_ENCODED:
        return 0;
    case SB_TYPE_STRUCT:
    case SB_TYPE_FIXED_SIZE_LIST:
        return 1;
    default:
        return 2;
    }
}

static const char *buffer_name(enum sb_type_id id)
{
    return sb_type_is_view(id) || sb_type_is_list_view(id) ? "view"
           : sb_type_has_offsets(id)                       ? "offset"
           : id == SB_TYPE_DICTIONARY                      ? "index"
                                                           : "value";
}

static enum sb_status buffers_check(const struct sb_arrow_array *of, int64_t count,
                                    struct sb_error *err)
{
    const struct ArrowArray *array = of->array;
    enum sb_type_id id = of->type->id;
    bool is_view = sb_type_is_view(id);
    int64_t expected = buffer_count(id);
    // Values of no width have no bytes to point to.
    bool has_values = sb_column_values_size(of->type, count) > 0;

    // A bitmap is let pass where there should be none; it is not looked at.
    if (is_view         ? array->n_buffers < expected
        : expected == 0 ? array->n_buffers < 0 || array->n_buffers > 1
                        : array->n_buffers != expected) {
        REFUSE(of->path, "expected %s%" PRId64 " buffers, found %" PRId64,
               is_view ? "at least " : "", expected, array->n_buffers);
    }
    if (expected == 0) {
        return SB_OK;
    }
    if (array->buffers[0] == NULL && array->null_count > 0) {
        REFUSE(of->path, "%" PRId64 " nulls and no validity bitmap", array->null_count);
    }
    if (count > 0 && expected > 1 && has_values && array->buffers[1] == NULL) {
        REFUSE(of->path, "%" PRId64 " rows and no %s buffer", count, buffer_name(id));
    }
    if (count > 0 && sb_type_is_list_view(id) && array->buffers[2] == NULL) {
        REFUSE(of->path, "%" PRId64 " rows and no size buffer", count);
    }
    if (is_view && array->n_buffers > 3 && array->buffers[array->n_buffers - 1] == NULL) {
        REFUSE(of->path, "no sizes of its %" PRId64 " heaps", array->n_buffers - 3);
    }
    return SB_OK;
}

// Rows [0, end) of a fixed-size list or struct must be in its children.
static enum sb_status child_lengths_check(const struct sb_arrow_array *of, int64_t end,
                                          struct sb_error *err)
{
    const struct ArrowArray *array = of->array;
    int64_t needed = end;

    if (of->type->id == SB_TYPE_FIXED_SIZE_LIST) {
        if (of->type->size > 0 && end > ELEMENTS_MAX / of->type->size) {
            REFUSE(of->path, "%" PRId64 " lists of %" PRId32 " elements", end, of->type->size);
        }
        needed = end * of->type->size;
    } else if (of->type->id == SB_TYPE_RUN_END_ENCODED) {
        needed = array->children[0]->length;
        if (needed == 0 && end > 0) {
            REFUSE(of->path, "%" PRId64 " rows and no runs", end);
        }
    } else if (of->type->id != SB_TYPE_STRUCT) {
        return SB_OK;
    }
    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i]->length < needed) {
            REFUSE(of->path, "child %" PRId64 " has %" PRId64 " rows, and %" PRId64 " are needed",
                   i, array->children[i]->length, needed);
        }
    }
    return SB_OK;
}

static enum sb_status child_check(const struct sb_arrow_array *of, const struct ArrowArray *child,
                                  int64_t index, struct sb_error *err)
{
    if (child == NULL || child->release == NULL) {
        REFUSE(of->path, "child %" PRId64 " was released before", index);
    }
    if (child->length < 0 || child->length >= UINT32_MAX) {
        REFUSE(of->path,
               "child %" PRId64 " has length %" PRId64 ", and at most 4294967294 fit one batch",
               index, child->length);
    }
    return SB_OK;
}

static enum sb_status children_check(const struct sb_arrow_array *of, struct sb_error *err)
{
    const struct ArrowArray *array = of->array;
    bool is_dictionary = of->type->id == SB_TYPE_DICTIONARY;
    int64_t expected = is_dictionary ? 0 : of->type->child_count;

    if (array->n_children != expected || (expected > 0 && array->children == NULL)) {
        REFUSE(of->path, "expected %" PRId64 " children, found %" PRId64 "%s", expected,
               array->n_children, array->children == NULL ? " and no list of them" : "");
    }
    if ((array->dictionary != NULL) != is_dictionary) {
        REFUSE(of->path, "expected an array %s a dictionary, found one %s",
               is_dictionary ? "with" : "without", is_dictionary ? "without" : "with one");
    }
    if (is_dictionary) {
        SB_TRY_RETURN(child_check(of, array->dictionary, 0, err));
    }
    for (int64_t i = 0; i < expected; i++) {
        SB_TRY_RETURN(child_check(of, array->children[i], i, err));
    }
    return SB_OK;
}

enum sb_status sb_arrow_check_layout(const struct sb_arrow_array *of, int64_t first, int64_t count,
                                     struct sb_error *err)
{
    const struct ArrowArray *array = of->array;
    char what[SB_ARROW_PATH_SIZE + 16];
    char path[SB_ARROW_PATH_SIZE];

    if (array == NULL || array->release == NULL) {
        REFUSE(of->path, "%s", "it was released before");
    }
    snprintf(what, sizeof what, "column '%s'", sb_arrow_path_text(of->path, path, sizeof path));
    SB_TRY_RETURN(counts_check(array, what, err));
    if (array->length < first + count) {
        REFUSE(of->path, "%" PRId64 " rows, and the batch has %" PRId64 " from row %" PRId64,
               array->length, count, first);
    }
    SB_TRY_RETURN(children_check(of, err));
    SB_TRY_RETURN(buffers_check(of, count, err));
    return count == 0 ? SB_OK : child_lengths_check(of, array->offset + first + count, err);
}

// One comparison a row, no branch: the compiler makes vectors of it.
static bool offsets32_are_ordered(const int32_t *offsets, int64_t count)
{
    int32_t backwards = 0;

    for (int64_t i = 0; i < count; i++) {
        backwards |= offsets[i + 1] < offsets[i];
    }
    return offsets[0] >= 0 && !backwards;
}

static bool offsets64_are_ordered(const int64_t *offsets, int64_t count)
{
    int64_t backwards = 0;

    for (int64_t i = 0; i < count; i++) {
        backwards |= offsets[i + 1] < offsets[i];
    }
    return offsets[0] >= 0 && !backwards;
}

static enum sb_status offsets_check(const struct sb_column *column,
                                    const struct sb_arrow_path *path, struct sb_error *err)
{
    bool is_large = sb_type_is_large(column->type->id);
    const void *offsets = sb_column_fixed(column, is_large ? 8 : 4);
    int64_t first;
    int64_t last;
    bool is_ordered;

    if (is_large) {
        is_ordered = offsets64_are_ordered(offsets, column->length);
        first = ((const int64_t *)offsets)[0];
        last = ((const int64_t *)offsets)[column->length];
    } else {
        is_ordered = offsets32_are_ordered(offsets, column->length);
        first = ((const int32_t *)offsets)[0];
        last = ((const int32_t *)offsets)[column->length];
    }
    if (!is_ordered) {
        REFUSE(path, "offsets are negative or go backwards (first %" PRId64 ", last %" PRId64 ")",
               first, last);
    }
    if (sb_type_is_list(column->type->id)) {
        int64_t length = sb_column_child(column, 0).length;

        if (last > length) {
            REFUSE(path, "offsets end at element %" PRId64 ", and there are %" PRId64, last,
                   length);
        }
    } else if (last > first && column->bytes == sb_column_zeros) {
        REFUSE(path, "%" PRId64 " bytes of text and no buffer", last - first);
    }
    return SB_OK;
}

static enum sb_status list_views_check(const struct sb_column *column,
                                       const struct sb_arrow_path *path, struct sb_error *err)
{
    int64_t length = sb_column_child(column, 0).length;

    for (int64_t row = 0; row < column->length; row++) {
        struct sb_range range = sb_column_range(column, row);

        if ((range.first < 0 || range.count < 0 || range.count > length ||
             range.first > length - range.count) &&
            !sb_column_is_null(column, row)) {
            REFUSE(path,
                   "the list of row %" PRId64 " is %" PRId64 " elements from %" PRId64
                   " on, and there are %" PRId64,
                   row, range.count, range.first, length);
        }
    }
    return SB_OK;
}

#define FIND_WRONG_INDEX(ctype)                                                                    \
    do {                                                                                           \
        const ctype *indices = (const ctype *)column->values + column->offset;                     \
        for (int64_t i = 0; i < column->length; i++) {                                             \
            if ((uint64_t)(int64_t)indices[i] >= length && !sb_column_is_null(column, i)) {        \
                return i;                                                                          \
            }                                                                                      \
        }                                                                                          \
    } while (0)

// A row whose index leaves the dictionary; -1 = none.
static int64_t wrong_index_find(const struct sb_column *column)
{
    uint64_t length = (uint64_t)sb_column_child(column, 1).length;

    switch (column->type->children[0].type.id) {
    case SB_TYPE_INT8:
        FIND_WRONG_INDEX(int8_t);
        break;
    case SB_TYPE_UINT8:
        FIND_WRONG_INDEX(uint8_t);
        break;
    case SB_TYPE_INT16:
        FIND_WRONG_INDEX(int16_t);
        break;
    case SB_TYPE_UINT16:
        FIND_WRONG_INDEX(uint16_t);
        break;
    case SB_TYPE_INT32:
        FIND_WRONG_INDEX(int32_t);
        break;
    case SB_TYPE_UINT32:
        FIND_WRONG_INDEX(uint32_t);
        break;
    default:
        FIND_WRONG_INDEX(int64_t);
        break;
    }
    return -1;
}

static enum sb_status indices_check(const struct sb_column *column,
                                    const struct sb_arrow_path *path, struct sb_error *err)
{
    int64_t row = wrong_index_find(column);

    if (row >= 0) {
        REFUSE(path,
               "row %" PRId64 " has index %" PRId64 ", and the dictionary has %" PRId64 " values",
               row,
               sb_column_integer(column->type->children[0].type.id, column->values,
                                 column->offset + row),
               sb_column_child(column, 1).length);
    }
    return SB_OK;
}

static enum sb_status runs_check(const struct sb_column *column, const struct sb_arrow_path *path,
                                 struct sb_error *err)
{
    struct sb_column ends = sb_column_child(column, 0);
    enum sb_type_id id = ends.type->id;
    const void *values = sb_column_fixed(&ends, sb_type_width(id));
    int64_t last = 0;

    if (ends.null_count != 0) {
        REFUSE(path, "%" PRId64 " run ends are null", ends.null_count);
    }
    for (int64_t i = 0; i < ends.length; i++) {
        int64_t end = sb_column_integer(id, values, i);

        if (end <= last) {
            REFUSE(path, "run %" PRId64 " ends at %" PRId64 ", and the one before at %" PRId64, i,
                   end, last);
        }
        last = end;
    }
    if (last < column->offset + column->length) {
        REFUSE(path, "runs end at row %" PRId64 ", and there are %" PRId64, last,
               column->offset + column->length);
    }
    return SB_OK;
}

static bool view_is_sound(const struct sb_column *column, const uint8_t *view)
{
    int32_t words[4];
    uint64_t low;
    uint64_t high;

    memcpy(words, view, sizeof words);
    if (words[0] < 0) {
        return false;
    }
    if (words[0] > SB_VIEW_INLINE_MAX) {
        return words[2] >= 0 && words[2] < column->heap_count && words[3] >= 0 &&
               (int64_t)words[3] + words[0] <= column->heap_sizes[words[2]];
    }
    // Equal text must be equal views: what an inline view does not use is 0.
    memcpy(&low, view, sizeof low);
    memcpy(&high, view + 8, sizeof high);
    if (words[0] <= 4) {
        return high == 0 && (words[0] == 4 || low >> (32 + 8 * words[0]) == 0);
    }
    return words[0] == 12 || high >> (8 * (words[0] - 4)) == 0;
}

static enum sb_status views_check(const struct sb_column *column, const struct sb_arrow_path *path,
                                  struct sb_error *err)
{
    const uint8_t *views = sb_column_fixed(column, SB_VIEW_SIZE);

    for (int64_t i = 0; i < column->heap_count; i++) {
        if (column->heap_sizes[i] < 0 || (column->heap_sizes[i] > 0 && column->heaps[i] == NULL)) {
            REFUSE(path, "heap %" PRId64 " of %" PRId64 " bytes%s", i, column->heap_sizes[i],
                   column->heaps[i] == NULL ? " and no buffer" : "");
        }
    }
    for (int64_t row = 0; row < column->length; row++) {
        if (!view_is_sound(column, views + row * SB_VIEW_SIZE) && !sb_column_is_null(column, row)) {
            REFUSE(path, "the view of row %" PRId64 " leaves its heap, or is not padded with zeros",
                   row);
        }
    }
    return SB_OK;
}

enum sb_status sb_arrow_check_values(const struct sb_column *column,
                                     const struct sb_arrow_path *path, int64_t array_null_count,
                                     struct sb_error *err)
{
    enum sb_type_id id = column->type->id;

    if (array_null_count >= 0 && array_null_count != column->null_count) {
        REFUSE(path, "null count %" PRId64 ", and the bitmap has %" PRId64, array_null_count,
               column->null_count);
    }
    if (sb_type_is_view(id)) {
        return views_check(column, path, err);
    }
    if (sb_type_has_offsets(id)) {
        return offsets_check(column, path, err);
    }
    if (sb_type_is_list_view(id)) {
        return list_views_check(column, path, err);
    }
    if (id == SB_TYPE_DICTIONARY) {
        return indices_check(column, path, err);
    }
    return id == SB_TYPE_RUN_END_ENCODED ? runs_check(column, path, err) : SB_OK;
}
