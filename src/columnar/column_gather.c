// SPDX-License-Identifier: Apache-2.0
/*
 * column_gather.c - rows of a column, copied densely.
 *
 * Values, bits, text and views each have one loop per width; nulls, and `rows` that name a missing
 * row (UINT32_MAX), cost a pass only where there are any. Loops copy with memcpy of a constant
 * size, which is one load and one store, free of alignment and aliasing rules.
 */
#include "columnar/column.h"

#include <inttypes.h>

#include "columnar/column_internal.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

struct gather {
    const struct sb_column *from;
    const uint32_t *rows; // NULL = the first `count`
    int64_t count;
    bool has_missing;
    struct sb_memory *memory;
    struct sb_error *err;
    // What is being built.
    struct sb_buffer *values;
    struct sb_buffer *validity;
    struct sb_buffer *bytes;
    int64_t null_count;
};

static bool rows_have_missing(const uint32_t *rows, int64_t count)
{
    uint32_t found = 0;

    for (int64_t i = 0; rows != NULL && i < count; i++) {
        found |= rows[i] == UINT32_MAX;
    }
    return found != 0;
}

// The position to read for a row that may be missing; row 0 stands in, its value is not looked at.
static ALWAYS_INLINE size_t row_position(uint32_t row, bool has_missing)
{
    return has_missing && row == UINT32_MAX ? 0 : row;
}

static ALWAYS_INLINE void fixed_loop(uint8_t *restrict to, const uint8_t *restrict from,
                                     const uint32_t *restrict rows, int64_t count, size_t width,
                                     bool has_missing)
{
    for (int64_t i = 0; i < count; i++) {
        memcpy(to + (size_t)i * width, from + row_position(rows[i], has_missing) * width, width);
    }
}

void sb_values_gather(uint8_t *to, const uint8_t *from, const uint32_t *rows, int64_t count,
                      int32_t width, bool has_missing)
{
    if (rows == NULL) {
        memcpy(to, from, (size_t)count * (size_t)width);
        return;
    }
    switch (has_missing ? -width : width) {
    case 1:
        fixed_loop(to, from, rows, count, 1, false);
        break;
    case 2:
        fixed_loop(to, from, rows, count, 2, false);
        break;
    case 4:
        fixed_loop(to, from, rows, count, 4, false);
        break;
    case 8:
        fixed_loop(to, from, rows, count, 8, false);
        break;
    case 16:
        fixed_loop(to, from, rows, count, 16, false);
        break;
    case -1:
        fixed_loop(to, from, rows, count, 1, true);
        break;
    case -2:
        fixed_loop(to, from, rows, count, 2, true);
        break;
    case -4:
        fixed_loop(to, from, rows, count, 4, true);
        break;
    case -8:
        fixed_loop(to, from, rows, count, 8, true);
        break;
    case -16:
        fixed_loop(to, from, rows, count, 16, true);
        break;
    default: // decimal256 and fixed_size_binary
        fixed_loop(to, from, rows, count, (size_t)width, has_missing);
        break;
    }
}

void sb_bits_gather(uint8_t *to, const uint8_t *bitmap, int64_t offset, const uint32_t *rows,
                    int64_t count)
{
    if (rows == NULL) {
        sb_bitmap_copy(to, bitmap, offset, count);
        return;
    }
    for (int64_t i = 0; i < count; i += 8) {
        int64_t end = count - i < 8 ? count - i : 8;
        unsigned bits = 0;

        for (int64_t j = 0; j < end; j++) {
            uint32_t row = rows[i + j];
            bool is_set = row != UINT32_MAX &&
                          (bitmap == NULL || sb_bitmap_get(bitmap, offset + (int64_t)row));

            bits |= (unsigned)is_set << j;
        }
        to[i >> 3] = (uint8_t)bits;
    }
}

static enum sb_status validity_gather(struct gather *gather)
{
    const struct sb_column *from = gather->from;
    bool has_nulls = from->validity != NULL && from->null_count != 0;

    if (!has_nulls && !gather->has_missing) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_buffer_create(gather->memory, sb_bitmap_size(gather->count), &gather->validity,
                                   gather->err));
    sb_bits_gather(gather->validity->data, has_nulls ? from->validity : NULL, from->offset,
                   gather->rows, gather->count);
    gather->null_count = gather->count - sb_bitmap_count(gather->validity->data, 0, gather->count);
    if (gather->null_count == 0) { // the rows that are left have none: readers go the fast way
        sb_buffer_release(gather->validity);
        gather->validity = NULL;
    }
    return SB_OK;
}

static ALWAYS_INLINE int64_t offset_load(const uint8_t *offsets, size_t index, bool is_large)
{
    int64_t wide;
    int32_t narrow;

    if (is_large) {
        memcpy(&wide, offsets + index * 8, sizeof wide);
        return wide;
    }
    memcpy(&narrow, offsets + index * 4, sizeof narrow);
    return narrow;
}

static ALWAYS_INLINE void offset_store(uint8_t *offsets, size_t index, int64_t offset,
                                       bool is_large)
{
    int32_t narrow = (int32_t)offset;

    if (is_large) {
        memcpy(offsets + index * 8, &offset, sizeof offset);
    } else {
        memcpy(offsets + index * 4, &narrow, sizeof narrow);
    }
}

// Pass 1 of text: where each row will start. Returns the bytes of all rows; nulls have none.
static ALWAYS_INLINE int64_t offsets_gather(uint8_t *restrict to, const uint8_t *restrict from,
                                            const struct gather *gather, bool is_large)
{
    const uint8_t *validity = gather->validity == NULL ? NULL : gather->validity->data;
    const uint32_t *rows = gather->rows;
    int64_t total = 0;

    if (validity == NULL) {
        for (int64_t i = 0; i < gather->count; i++) {
            offset_store(to, (size_t)i, total, is_large);
            total += offset_load(from, (size_t)rows[i] + 1, is_large) -
                     offset_load(from, rows[i], is_large);
        }
    } else {
        for (int64_t i = 0; i < gather->count; i++) {
            offset_store(to, (size_t)i, total, is_large);
            if (sb_bitmap_get(validity, i)) { // so the row is not missing
                total += offset_load(from, (size_t)rows[i] + 1, is_large) -
                         offset_load(from, rows[i], is_large);
            }
        }
    }
    offset_store(to, (size_t)gather->count, total, is_large);
    return total;
}

// Copies `size` bytes; up to 32 of them as one block where the source has as many, because short
// text needs neither a call nor a branch on its size then.
static ALWAYS_INLINE void text_copy(uint8_t *restrict to, const uint8_t *restrict from,
                                    int64_t size, const uint8_t *from_end)
{
    enum { SHORT_SIZE = 32 };

    if (sb_likely(size <= SHORT_SIZE && from_end - from >= SHORT_SIZE)) {
        memcpy(to, from, SHORT_SIZE);
    } else {
        memcpy(to, from, (size_t)size);
    }
}

// Pass 2 of text. What text_copy writes too much is overwritten by the next row, or is padding.
static ALWAYS_INLINE void texts_gather(uint8_t *restrict to, const uint8_t *restrict to_offsets,
                                       const uint8_t *restrict from_offsets,
                                       const struct gather *gather, bool is_large)
{
    const struct sb_column *from = gather->from;
    const uint8_t *from_end =
        from->bytes + offset_load(from_offsets, (size_t)from->length, is_large);
    int64_t start = 0;

    for (int64_t i = 0; i < gather->count; i++) {
        int64_t end = offset_load(to_offsets, (size_t)i + 1, is_large);

        if (end > start) { // not null, not missing
            text_copy(to + start,
                      from->bytes + offset_load(from_offsets, gather->rows[i], is_large),
                      end - start, from_end);
        }
        start = end;
    }
}

static enum sb_status bytes_create(struct gather *gather, int64_t size, bool is_large)
{
    if (!is_large && size > INT32_MAX) {
        return sb_error_set(gather->err, SB_UNSUPPORTED,
                            "%" PRId64 " rows of text hold %" PRId64
                            " bytes, and 32-bit offsets reach 2147483647; use large_utf8, "
                            "large_binary, utf8_view or binary_view",
                            gather->count, size);
    }
    return sb_buffer_create(gather->memory, size, &gather->bytes, gather->err);
}

static ALWAYS_INLINE enum sb_status text_gather(struct gather *gather, bool is_large)
{
    const struct sb_column *from = gather->from;
    const uint8_t *from_offsets = (const uint8_t *)from->values + from->offset * (is_large ? 8 : 4);
    uint8_t *to_offsets = gather->values->data;
    int64_t size;

    if (gather->rows == NULL) {
        int64_t first = offset_load(from_offsets, 0, is_large);

        size = offset_load(from_offsets, (size_t)gather->count, is_large) - first;
        for (int64_t i = 0; i <= gather->count; i++) {
            offset_store(to_offsets, (size_t)i,
                         offset_load(from_offsets, (size_t)i, is_large) - first, is_large);
        }
        SB_TRY_RETURN(bytes_create(gather, size, is_large));
        memcpy(gather->bytes->data, from->bytes + first, (size_t)size);
        return SB_OK;
    }
    size = offsets_gather(to_offsets, from_offsets, gather, is_large);
    SB_TRY_RETURN(bytes_create(gather, size, is_large));
    texts_gather(gather->bytes->data, to_offsets, from_offsets, gather, is_large);
    return SB_OK;
}

static enum sb_status values_gather(struct gather *gather)
{
    const struct sb_column *from = gather->from;
    enum sb_type_id id = from->type->id;
    int32_t width = sb_type_is_view(id) ? SB_VIEW_SIZE : sb_type_bytes(from->type);

    SB_TRY_RETURN(sb_buffer_create(gather->memory, sb_column_values_size(from->type, gather->count),
                                   &gather->values, gather->err));
    if (id == SB_TYPE_BOOL) {
        sb_bits_gather(gather->values->data, from->values, from->offset, gather->rows,
                       gather->count);
    } else if (width > 0) {
        sb_values_gather(gather->values->data, sb_column_fixed(from, width), gather->rows,
                         gather->count, width, gather->has_missing);
    } else if (sb_type_is_variable(id)) {
        return sb_type_is_large(id) ? text_gather(gather, true) : text_gather(gather, false);
    }
    return SB_OK;
}

enum sb_status sb_column_gather(const struct sb_column *from, const uint32_t *rows, int64_t count,
                                struct sb_memory *memory, struct sb_column *out,
                                struct sb_error *err)
{
    enum sb_status status = SB_OK;
    struct gather gather = {
        .from = from,
        .rows = rows,
        .count = count,
        .has_missing = rows_have_missing(rows, count),
        .memory = memory,
        .err = err,
    };

    sb_assert(rows != NULL || count <= from->length);
    *out = (struct sb_column){0};
    if (from->length == 0) { // no row can stand in for the missing ones
        return sb_column_nulls(from->type, count, memory, out, err);
    }
    SB_TRY_OUT(validity_gather(&gather));
    if (sb_type_is_nested(from->type->id) && from->type->id != SB_TYPE_DICTIONARY) {
        SB_TRY_OUT(sb_column_gather_nested(from, rows, count, gather.validity, memory, out, err));
        out->null_count = gather.null_count;
        return SB_OK;
    }
    SB_TRY_OUT(values_gather(&gather));
    *out = (struct sb_column){
        .type = from->type,
        .length = count,
        .null_count = gather.null_count,
        .validity = gather.validity == NULL ? NULL : gather.validity->data,
        .values = gather.values->data,
        .bytes = gather.bytes == NULL ? NULL : gather.bytes->data,
        .owner = gather.values,
        .children = sb_children_retain(from->children), // a dictionary is shared
    };
    sb_buffer_keep(gather.values, gather.validity);
    sb_buffer_keep(gather.values, gather.bytes);
    if (sb_type_is_view(from->type->id)) {
        out->heaps = from->heaps;
        out->heap_count = from->heap_count;
        out->heap_sizes = from->heap_sizes;
        sb_buffer_keep(gather.values, sb_buffer_retain(from->owner));
    }
    return SB_OK;
out:
    sb_buffer_release(gather.values);
    sb_buffer_release(gather.validity);
    sb_buffer_release(gather.bytes);
    return status;
}
