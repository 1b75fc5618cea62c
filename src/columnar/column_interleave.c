// SPDX-License-Identifier: Apache-2.0
/*
 * column_interleave.c - rows of several columns of one type, copied into one.
 *
 * Sorted rows come from all over memory, so loops keep many reads under way: where a row is is
 * worked out apart from reading it, and text is fetched ahead.
 */
#include "columnar/column.h"

#include <inttypes.h>

#include "columnar/builder.h"
#include "columnar/column_internal.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

enum { FETCH_AHEAD = 16 };

struct interleave {
    const struct sb_column *const *from;
    int64_t from_count;
    const struct sb_row_place *rows;
    int64_t count;
    const struct sb_type *type;
    struct sb_memory *memory;
    struct sb_error *err;
    // What is being built.
    struct sb_buffer *values;
    struct sb_buffer *validity;
    struct sb_buffer *bytes;
    int64_t null_count;
};

static enum sb_status validity_interleave(struct interleave *work)
{
    bool has_nulls = false;
    int64_t null_count = 0;

    for (int64_t i = 0; i < work->from_count && !has_nulls; i++) {
        has_nulls = sb_column_null_count(work->from[i]) > 0;
    }
    if (!has_nulls) {
        return SB_OK;
    }
    SB_TRY_RETURN(
        sb_buffer_create(work->memory, sb_bitmap_size(work->count), &work->validity, work->err));
    for (int64_t i = 0; i < work->count; i += 8) {
        int64_t end = work->count - i < 8 ? work->count - i : 8;
        unsigned bits = 0;

        for (int64_t j = 0; j < end; j++) {
            const struct sb_row_place *row = &work->rows[i + j];
            bits |= (unsigned)!sb_column_is_null(work->from[row->column], row->row) << j;
        }
        work->validity->data[i >> 3] = (uint8_t)bits;
        null_count += end - __builtin_popcount(bits);
    }
    work->null_count = null_count;
    if (null_count == 0) { // readers go the fast way
        sb_buffer_release(work->validity);
        work->validity = NULL;
    }
    return SB_OK;
}

static bool row_is_null(const struct interleave *work, int64_t row)
{
    return work->validity != NULL && !sb_bitmap_get(work->validity->data, row);
}

static ALWAYS_INLINE void fixed_loop(const struct interleave *work,
                                     const uint8_t *const *restrict bases, size_t width)
{
    const struct sb_row_place *restrict rows = work->rows;
    uint8_t *restrict to = work->values->data;

    for (int64_t i = 0; i < work->count; i++) {
        memcpy(to + (size_t)i * width, bases[rows[i].column] + (size_t)rows[i].row * width, width);
    }
}

static enum sb_status fixed_interleave(struct interleave *work)
{
    int32_t width = sb_type_bytes(work->type);
    size_t bases_size = sizeof(uint8_t *) * (size_t)work->from_count;
    const uint8_t **bases = sb_memory_alloc(work->memory, bases_size);

    if (bases == NULL) {
        return sb_error_no_memory(work->err, "buffer", (int64_t)bases_size);
    }
    for (int64_t i = 0; i < work->from_count; i++) {
        bases[i] = sb_column_fixed(work->from[i], width);
    }
    switch (width) {
    case 1:
        fixed_loop(work, bases, 1);
        break;
    case 2:
        fixed_loop(work, bases, 2);
        break;
    case 4:
        fixed_loop(work, bases, 4);
        break;
    case 8:
        fixed_loop(work, bases, 8);
        break;
    case 16:
        fixed_loop(work, bases, 16);
        break;
    default:
        fixed_loop(work, bases, (size_t)width);
        break;
    }
    sb_memory_free(work->memory, bases, bases_size);
    return SB_OK;
}

static void bits_interleave(struct interleave *work)
{
    for (int64_t i = 0; i < work->count; i += 8) {
        int64_t end = work->count - i < 8 ? work->count - i : 8;
        unsigned bits = 0;

        for (int64_t j = 0; j < end; j++) {
            const struct sb_row_place *row = &work->rows[i + j];
            const struct sb_column *from = work->from[row->column];
            bits |= (unsigned)sb_bitmap_get(from->values, from->offset + row->row) << j;
        }
        work->values->data[i >> 3] = (uint8_t)bits;
    }
}

/* Where the text of every row is; `*total` are the bytes of all. Null rows are empty. */
static int64_t texts_find(const struct interleave *work, struct sb_bytes *texts)
{
    int64_t total = 0;

    for (int64_t i = 0; i < work->count; i++) {
        const struct sb_row_place *row = &work->rows[i];

        texts[i] = row_is_null(work, i) ? (struct sb_bytes){0}
                                        : sb_column_bytes(work->from[row->column], row->row);
        total += texts[i].size;
    }
    return total;
}

static void texts_copy(const struct interleave *work, const struct sb_bytes *texts)
{
    uint8_t *to = work->bytes->data;

    for (int64_t i = 0; i < work->count; i++) {
        if (i + FETCH_AHEAD < work->count) {
            __builtin_prefetch(texts[i + FETCH_AHEAD].data);
        }
        if (texts[i].size > 0) {
            memcpy(to, texts[i].data, (size_t)texts[i].size);
            to += texts[i].size;
        }
    }
}

static enum sb_status offsets_make(struct interleave *work, const struct sb_bytes *texts,
                                   int64_t total)
{
    int64_t offset = 0;

    if (sb_type_is_large(work->type->id)) {
        int64_t *offsets = (int64_t *)(void *)work->values->data;
        for (int64_t i = 0; i < work->count; i++) {
            offsets[i] = offset;
            offset += texts[i].size;
        }
        offsets[work->count] = offset;
        return SB_OK;
    }
    if (total > INT32_MAX) {
        return sb_error_set(work->err, SB_UNSUPPORTED,
                            "%" PRId64 " rows of text hold %" PRId64
                            " bytes, and 32-bit offsets reach 2147483647; use large_utf8, "
                            "large_binary, utf8_view or binary_view",
                            work->count, total);
    }
    int32_t *offsets = (int32_t *)(void *)work->values->data;
    for (int64_t i = 0; i < work->count; i++) {
        offsets[i] = (int32_t)offset;
        offset += texts[i].size;
    }
    offsets[work->count] = (int32_t)offset;
    return SB_OK;
}

static enum sb_status text_interleave(struct interleave *work)
{
    size_t size = sizeof(struct sb_bytes) * (size_t)work->count;
    struct sb_bytes *texts = sb_memory_alloc(work->memory, size);
    enum sb_status status;
    int64_t total;

    if (texts == NULL) {
        return sb_error_no_memory(work->err, "buffer", (int64_t)size);
    }
    total = texts_find(work, texts);
    SB_TRY_OUT(offsets_make(work, texts, total));
    SB_TRY_OUT(sb_buffer_create(work->memory, total, &work->bytes, work->err));
    texts_copy(work, texts);

out:
    sb_memory_free(work->memory, texts, size);
    return status;
}

/* Types without a loop of their own. */
static enum sb_status rows_interleave(struct interleave *work, struct sb_column *out)
{
    struct sb_builder builder;
    enum sb_status status;

    sb_builder_init(&builder, work->memory, work->type);
    SB_TRY_OUT(sb_builder_reserve(&builder, work->count, 0, work->err));
    for (int64_t i = 0; i < work->count; i++) {
        const struct sb_row_place *row = &work->rows[i];
        const struct sb_column *from = work->from[row->column];

        if (sb_column_is_null(from, row->row)) {
            SB_TRY_OUT(sb_builder_append_null(&builder, work->err));
        } else {
            SB_TRY_OUT(sb_builder_append_row(&builder, from, row->row, work->err));
        }
    }
    SB_TRY_OUT(sb_builder_finish(&builder, out, work->err));

out:
    sb_builder_deinit(&builder);
    return status;
}

enum sb_status sb_column_interleave(const struct sb_column *const *from, int64_t from_count,
                                    const struct sb_row_place *rows, int64_t count,
                                    struct sb_memory *memory, struct sb_column *out,
                                    struct sb_error *err)
{
    struct interleave work = {
        .from = from,
        .from_count = from_count,
        .rows = rows,
        .count = count,
        .type = from[0]->type,
        .memory = memory,
        .err = err,
    };
    enum sb_type_id id = work.type->id;
    enum sb_status status;

    *out = (struct sb_column){0};
    if (sb_type_is_view(id)) {
        return rows_interleave(&work, out); // they get a heap of their own
    }
    if (id == SB_TYPE_NULL) {
        return sb_column_nulls(work.type, count, memory, out, err);
    }
    SB_TRY_OUT(validity_interleave(&work));
    if (sb_type_is_nested(id)) {
        SB_TRY_OUT(sb_column_interleave_nested(from, from_count, rows, count, work.validity,
                                               work.null_count, memory, out, err));
        return SB_OK;
    }
    SB_TRY_OUT(
        sb_buffer_create(memory, sb_column_values_size(work.type, count), &work.values, err));
    if (id == SB_TYPE_BOOL) {
        bits_interleave(&work);
    } else if (sb_type_is_variable(id)) {
        SB_TRY_OUT(text_interleave(&work));
    } else {
        SB_TRY_OUT(fixed_interleave(&work));
    }
    *out = (struct sb_column){
        .type = work.type,
        .length = count,
        .null_count = work.null_count,
        .validity = work.validity == NULL ? NULL : work.validity->data,
        .values = work.values->data,
        .bytes = work.bytes == NULL ? NULL : work.bytes->data,
        .owner = work.values,
    };
    sb_buffer_keep(work.values, work.validity);
    sb_buffer_keep(work.values, work.bytes);
    return SB_OK;

out:
    sb_buffer_release(work.values);
    sb_buffer_release(work.validity);
    sb_buffer_release(work.bytes);
    return status;
}
