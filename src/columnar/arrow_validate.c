// SPDX-License-Identifier: Apache-2.0
/*
 * arrow_validate.c - what is checked of an array that somebody else filled in.
 *
 * Everything that could make a later read leave its buffer is checked once, here, so that kernels
 * need not. Sizes of buffers do not cross the C Data interface: that a buffer is as long as its
 * array says must be believed. So are a view's copied prefix and that utf8 is UTF-8.
 */
#include "columnar/arrow_internal.h"

#include <inttypes.h>

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

static enum sb_status buffers_check(const struct ArrowArray *array, const struct sb_field *field,
                                    int64_t count, struct sb_error *err)
{
    bool is_view = sb_type_is_view(field->type.id);
    bool is_variable = sb_type_is_variable(field->type.id);
    int64_t expected = is_variable ? 3 : 2; // views: at least

    if (is_view ? array->n_buffers < expected : array->n_buffers != expected) {
        return sb_error_set(err, SB_CORRUPT,
                            "column '%s': expected %s%" PRId64 " buffers, found %" PRId64,
                            field->name, is_view ? "at least " : "", expected, array->n_buffers);
    }
    if (array->buffers[0] == NULL && array->null_count > 0) {
        return sb_error_set(err, SB_CORRUPT,
                            "column '%s': %" PRId64 " nulls and no validity bitmap", field->name,
                            array->null_count);
    }
    if (count > 0 && array->buffers[1] == NULL) {
        return sb_error_set(err, SB_CORRUPT, "column '%s': %" PRId64 " rows and no %s buffer",
                            field->name, count,
                            is_view       ? "view"
                            : is_variable ? "offset"
                                          : "value");
    }
    if (is_view && array->n_buffers > 3 && array->buffers[array->n_buffers - 1] == NULL) {
        return sb_error_set(err, SB_CORRUPT, "column '%s': no sizes of its %" PRId64 " heaps",
                            field->name, array->n_buffers - 3);
    }
    return SB_OK;
}

enum sb_status sb_arrow_check_layout(const struct ArrowArray *array, const struct sb_field *field,
                                     int64_t first, int64_t count, struct sb_error *err)
{
    enum sb_status status;

    if (array == NULL || array->release == NULL) {
        return sb_error_set(err, SB_CORRUPT, "column '%s': it was released before", field->name);
    }
    status = counts_check(array, "Arrow array", err);
    if (status != SB_OK) {
        sb_error_prefix(err, "column '%s'", field->name);
        return status;
    }
    if (array->n_children != 0 || array->dictionary != NULL) {
        return sb_error_set(err, SB_CORRUPT,
                            "column '%s': expected a plain array, found one with %s", field->name,
                            array->dictionary != NULL ? "a dictionary" : "children");
    }
    if (array->length < first + count) {
        return sb_error_set(err, SB_CORRUPT,
                            "column '%s': %" PRId64 " rows, and the batch has %" PRId64
                            " from row %" PRId64,
                            field->name, array->length, count, first);
    }
    return buffers_check(array, field, count, err);
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

static enum sb_status offsets_check(const struct sb_column *column, const struct sb_field *field,
                                    struct sb_error *err)
{
    bool is_large = sb_type_is_large(field->type.id);
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
        return sb_error_set(err, SB_CORRUPT,
                            "column '%s': offsets are negative or go backwards (first %" PRId64
                            ", last %" PRId64 ")",
                            field->name, first, last);
    }
    if (last > first && column->bytes == sb_column_zeros) {
        return sb_error_set(err, SB_CORRUPT, "column '%s': %" PRId64 " bytes of text and no buffer",
                            field->name, last - first);
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

static enum sb_status views_check(const struct sb_column *column, const struct sb_field *field,
                                  struct sb_error *err)
{
    const uint8_t *views = sb_column_fixed(column, SB_VIEW_SIZE);

    for (int64_t i = 0; i < column->heap_count; i++) {
        if (column->heap_sizes[i] < 0 || (column->heap_sizes[i] > 0 && column->heaps[i] == NULL)) {
            return sb_error_set(err, SB_CORRUPT,
                                "column '%s': heap %" PRId64 " of %" PRId64 " bytes%s", field->name,
                                i, column->heap_sizes[i],
                                column->heaps[i] == NULL ? " and no buffer" : "");
        }
    }
    for (int64_t row = 0; row < column->length; row++) {
        if (!view_is_sound(column, views + row * SB_VIEW_SIZE) && !sb_column_is_null(column, row)) {
            return sb_error_set(err, SB_CORRUPT,
                                "column '%s': the view of row %" PRId64
                                " leaves its heap, or is not padded with zeros",
                                field->name, row);
        }
    }
    return SB_OK;
}

enum sb_status sb_arrow_check_values(const struct sb_column *column, const struct sb_field *field,
                                     int64_t array_null_count, struct sb_error *err)
{
    if (array_null_count >= 0 && array_null_count != column->null_count) {
        return sb_error_set(err, SB_CORRUPT,
                            "column '%s': null count %" PRId64 ", and the bitmap has %" PRId64,
                            field->name, array_null_count, column->null_count);
    }
    if (column->null_count > 0 && !field->is_nullable) {
        return sb_error_set(err, SB_CORRUPT,
                            "column '%s': %" PRId64 " nulls in a column that is not nullable",
                            field->name, column->null_count);
    }
    if (sb_type_is_view(field->type.id)) {
        return views_check(column, field, err);
    }
    if (sb_type_is_variable(field->type.id)) {
        return offsets_check(column, field, err);
    }
    return SB_OK;
}
