// SPDX-License-Identifier: Apache-2.0
/*
 * column_hash.c - the stable hash of rows, a chunk at a time.
 *
 * One loop per kind of value writes the hashes of a chunk, with rows or without; nulls and the fold
 * into earlier columns are passes of their own over a chunk that is still in L1. Eight hashes of
 * numbers at once fit the widest registers, so this file is compiled per instruction set
 * (target.h).
 */
#include "columnar/column.h"

#include "base/hash.h"
#include "base/word.h"
#include "columnar/column_internal.h"
#include "columnar/kernels/target.h"
#include "columnar/value_bytes.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

enum { HASH_CHUNK = 512 };

static ALWAYS_INLINE uint64_t value_hash(enum sb_type_id id, const uint8_t *values, int64_t i)
{
    switch (id) {
    case SB_TYPE_INT8:
        return sb_hash64((uint64_t)(int64_t)(int8_t)values[i]);
    case SB_TYPE_UINT8:
        return sb_hash64(values[i]);
    case SB_TYPE_INT16: {
        int16_t value;
        memcpy(&value, values + i * 2, sizeof value);
        return sb_hash64((uint64_t)(int64_t)value);
    }
    case SB_TYPE_UINT16: {
        uint16_t value;
        memcpy(&value, values + i * 2, sizeof value);
        return sb_hash64(value);
    }
    case SB_TYPE_INT32: {
        int32_t value;
        memcpy(&value, values + i * 4, sizeof value);
        return sb_hash64((uint64_t)(int64_t)value);
    }
    case SB_TYPE_UINT32: {
        uint32_t value;
        memcpy(&value, values + i * 4, sizeof value);
        return sb_hash64(value);
    }
    case SB_TYPE_FLOAT32: {
        float value;
        memcpy(&value, values + i * 4, sizeof value);
        return sb_hash_double((double)value);
    }
    case SB_TYPE_FLOAT64: {
        double value;
        memcpy(&value, values + i * 8, sizeof value);
        return sb_hash_double(value);
    }
    case SB_TYPE_FLOAT16: {
        uint16_t value;
        memcpy(&value, values + i * 2, sizeof value);
        return sb_hash_double(sb_float16_read(value));
    }
    case SB_TYPE_DECIMAL32: {
        int32_t value;
        memcpy(&value, values + i * 4, sizeof value);
        return sb_hash_wide((uint64_t)(int64_t)value, value < 0 ? UINT64_MAX : 0);
    }
    case SB_TYPE_DECIMAL64: {
        int64_t value;
        memcpy(&value, values + i * 8, sizeof value);
        return sb_hash_wide((uint64_t)value, value < 0 ? UINT64_MAX : 0);
    }
    case SB_TYPE_DECIMAL128: {
        sb_uint128 value;
        memcpy(&value, values + i * 16, sizeof value);
        return sb_hash_wide((uint64_t)value, (uint64_t)(value >> 64));
    }
    default: {
        uint64_t value;
        memcpy(&value, values + i * 8, sizeof value);
        return sb_hash64(value);
    }
    }
}

static ALWAYS_INLINE void fixed_hash(enum sb_type_id id, const struct sb_column *column,
                                     const uint32_t *rows, int64_t first, int64_t count,
                                     uint64_t *hashes)
{
    const uint8_t *values = sb_column_fixed(column, sb_type_width(column->type->id));

    if (rows == NULL) {
        for (int64_t i = 0; i < count; i++) {
            hashes[i] = value_hash(id, values, first + i);
        }
    } else {
        for (int64_t i = 0; i < count; i++) {
            hashes[i] = value_hash(id, values, rows[i]);
        }
    }
}

static void bool_hash(const struct sb_column *column, const uint32_t *rows, int64_t first,
                      int64_t count, uint64_t *hashes)
{
    uint64_t both[2] = {sb_hash64(0), sb_hash64(1)};

    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[i];

        hashes[i] = both[sb_bitmap_get(column->values, column->offset + row)];
    }
}

// 16 bytes from `16 - size` on keep the first `size` bytes of a word pair.
static const uint8_t keep_bytes[32] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

// The hash of text that may be followed by readable bytes up to `end`: then short text of any size
// takes the same path.
static ALWAYS_INLINE uint64_t text_hash(const uint8_t *text, int64_t size, const uint8_t *end)
{
    if (sb_likely(size <= 16 && end - text >= 16)) {
        const uint8_t *keep = keep_bytes + 16 - size;

        return sb_hash_words(sb_word_load64(text) & sb_word_load64(keep),
                             sb_word_load64(text + 8) & sb_word_load64(keep + 8),
                             sb_hash_seed((size_t)size));
    }
    return sb_hash_bytes(text, (size_t)size);
}

static ALWAYS_INLINE int64_t offset_load(const uint8_t *offsets, int64_t index, bool is_large)
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

static ALWAYS_INLINE void offsets_hash(const struct sb_column *column, const uint32_t *rows,
                                       int64_t first, int64_t count, uint64_t *hashes,
                                       bool is_large)
{
    const uint8_t *offsets = sb_column_fixed(column, is_large ? 8 : 4);
    const uint8_t *end = column->bytes + offset_load(offsets, column->length, is_large);

    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[i];
        int64_t start = offset_load(offsets, row, is_large);

        hashes[i] =
            text_hash(column->bytes + start, offset_load(offsets, row + 1, is_large) - start, end);
    }
}

// The view of a null row may be anything: only what it holds itself is read.
static void views_hash(const struct sb_column *column, const uint32_t *rows, int64_t first,
                       int64_t count, uint64_t *hashes)
{
    const uint8_t *views = sb_column_fixed(column, SB_VIEW_SIZE);

    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[i];
        const uint8_t *view = views + row * SB_VIEW_SIZE;
        int32_t size;

        memcpy(&size, view, sizeof size);
        if (sb_likely(size <= SB_VIEW_INLINE_MAX)) { // padded with zeros already
            hashes[i] = sb_hash_words(sb_word_load64(view + 4), sb_word_load32(view + 12),
                                      sb_hash_seed((size_t)size));
        } else if (!sb_column_is_null(column, row)) {
            struct sb_bytes text = sb_column_bytes(column, row);

            hashes[i] = sb_hash_bytes(text.data, (size_t)text.size);
        }
    }
}

static void fixed_bytes_hash(const struct sb_column *column, const uint32_t *rows, int64_t first,
                             int64_t count, uint64_t *hashes)
{
    int32_t width = sb_type_bytes(column->type);
    const uint8_t *values = sb_column_fixed(column, width);

    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[i];

        hashes[i] = sb_hash_bytes(values + row * width, (size_t)width);
    }
}

// Values of null rows are not followed.
static void values_hash(const struct sb_column *column, const uint32_t *rows, int64_t first,
                        int64_t count, uint64_t *hashes)
{
    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[i];

        hashes[i] = sb_column_is_null(column, row) ? SB_HASH_NULL : sb_value_hash(column, row);
    }
}

static void encoded_hash(const struct sb_column *column, const uint32_t *rows, int64_t first,
                         int64_t count, uint64_t *hashes);

static void chunk_hash(const struct sb_column *column, const uint32_t *rows, int64_t first,
                       int64_t count, uint64_t *hashes)
{
    switch (column->type->id) {
    case SB_TYPE_BOOL:
        bool_hash(column, rows, first, count, hashes);
        break;
    case SB_TYPE_INT8:
        fixed_hash(SB_TYPE_INT8, column, rows, first, count, hashes);
        break;
    case SB_TYPE_UINT8:
        fixed_hash(SB_TYPE_UINT8, column, rows, first, count, hashes);
        break;
    case SB_TYPE_INT16:
        fixed_hash(SB_TYPE_INT16, column, rows, first, count, hashes);
        break;
    case SB_TYPE_UINT16:
        fixed_hash(SB_TYPE_UINT16, column, rows, first, count, hashes);
        break;
    case SB_TYPE_INT32:
    case SB_TYPE_DATE32:
    case SB_TYPE_TIME32:
    case SB_TYPE_INTERVAL_MONTH:
        fixed_hash(SB_TYPE_INT32, column, rows, first, count, hashes);
        break;
    case SB_TYPE_UINT32:
        fixed_hash(SB_TYPE_UINT32, column, rows, first, count, hashes);
        break;
    case SB_TYPE_INT64:
    case SB_TYPE_UINT64:
    case SB_TYPE_DATE64:
    case SB_TYPE_TIMESTAMP:
    case SB_TYPE_TIME64:
    case SB_TYPE_DURATION:
    case SB_TYPE_INTERVAL_DAY_TIME:
        fixed_hash(SB_TYPE_INT64, column, rows, first, count, hashes);
        break;
    case SB_TYPE_FLOAT32:
        fixed_hash(SB_TYPE_FLOAT32, column, rows, first, count, hashes);
        break;
    case SB_TYPE_FLOAT64:
        fixed_hash(SB_TYPE_FLOAT64, column, rows, first, count, hashes);
        break;
    case SB_TYPE_FLOAT16:
        fixed_hash(SB_TYPE_FLOAT16, column, rows, first, count, hashes);
        break;
    case SB_TYPE_DECIMAL32:
        fixed_hash(SB_TYPE_DECIMAL32, column, rows, first, count, hashes);
        break;
    case SB_TYPE_DECIMAL64:
        fixed_hash(SB_TYPE_DECIMAL64, column, rows, first, count, hashes);
        break;
    case SB_TYPE_DECIMAL128:
    case SB_TYPE_INTERVAL_MONTH_DAY_NANO:
        fixed_hash(SB_TYPE_DECIMAL128, column, rows, first, count, hashes);
        break;
    case SB_TYPE_UTF8:
    case SB_TYPE_BINARY:
        offsets_hash(column, rows, first, count, hashes, false);
        break;
    case SB_TYPE_LARGE_UTF8:
    case SB_TYPE_LARGE_BINARY:
        offsets_hash(column, rows, first, count, hashes, true);
        break;
    case SB_TYPE_UTF8_VIEW:
    case SB_TYPE_BINARY_VIEW:
        views_hash(column, rows, first, count, hashes);
        break;
    case SB_TYPE_FIXED_SIZE_BINARY:
        fixed_bytes_hash(column, rows, first, count, hashes);
        break;
    case SB_TYPE_DICTIONARY:
    case SB_TYPE_RUN_END_ENCODED:
        encoded_hash(column, rows, first, count, hashes);
        break;
    case SB_TYPE_NULL:
    case SB_TYPE_DECIMAL256:
    case SB_TYPE_LIST:
    case SB_TYPE_LARGE_LIST:
    case SB_TYPE_LIST_VIEW:
    case SB_TYPE_LARGE_LIST_VIEW:
    case SB_TYPE_FIXED_SIZE_LIST:
    case SB_TYPE_STRUCT:
    case SB_TYPE_MAP:
        values_hash(column, rows, first, count, hashes);
        break;
    }
}

static void chunk_nulls(const struct sb_column *column, const uint32_t *rows, int64_t first,
                        int64_t count, uint64_t *hashes)
{
    uint8_t valid[HASH_CHUNK];

    if (rows == NULL) {
        sb_bitmap_unpack(valid, column->validity, column->offset + first, count);
    } else {
        for (int64_t i = 0; i < count; i++) {
            valid[i] = sb_bitmap_get(column->validity, column->offset + (int64_t)rows[i]);
        }
    }
    for (int64_t i = 0; i < count; i++) { // no branch: it would be guessed wrong
        uint64_t keep = -(uint64_t)valid[i];

        hashes[i] = (hashes[i] & keep) | (SB_HASH_NULL & ~keep);
    }
}

// Rows that are missing: the others are hashed as they are, at most a chunk of them.
static void chunk_hash_missing(const struct sb_column *column, const uint32_t *rows, int64_t count,
                               uint64_t *hashes)
{
    uint32_t there[HASH_CHUNK];
    uint16_t places[HASH_CHUNK];
    uint64_t there_hashes[HASH_CHUNK];
    int64_t there_count = 0;

    for (int64_t i = 0; i < count; i++) {
        there[there_count] = rows[i];
        places[there_count] = (uint16_t)i;
        there_count += rows[i] != UINT32_MAX;
        hashes[i] = SB_HASH_NULL;
    }
    if (there_count == 0) {
        return;
    }
    chunk_hash(column, there, 0, there_count, there_hashes);
    if (column->validity != NULL) {
        chunk_nulls(column, there, 0, there_count, there_hashes);
    }
    for (int64_t i = 0; i < there_count; i++) {
        hashes[places[i]] = there_hashes[i];
    }
}

// At most a chunk of rows, by the values they stand for.
static void encoded_hash(const struct sb_column *column, const uint32_t *rows, int64_t first,
                         int64_t count, uint64_t *hashes)
{
    struct sb_column values = sb_column_child(column, 1);
    uint32_t at[HASH_CHUNK];

    sb_column_decode_rows(column, rows, first, count, at);
    chunk_hash_missing(&values, at, count, hashes);
}

void SB_TARGET(sb_column_hash)(const struct sb_column *column, const uint32_t *rows, int64_t count,
                               bool is_first, uint64_t *hashes)
{
    bool has_nulls = column->validity != NULL && column->null_count != 0;

    for (int64_t first = 0; first < count; first += HASH_CHUNK) {
        int64_t chunk_count = count - first < HASH_CHUNK ? count - first : HASH_CHUNK;
        const uint32_t *chunk_rows = rows == NULL ? NULL : rows + first;
        uint64_t folded[HASH_CHUNK];
        uint64_t *chunk = is_first ? hashes + first : folded;
        uint32_t missing = 0;

        for (int64_t i = 0; chunk_rows != NULL && i < chunk_count; i++) {
            missing |= chunk_rows[i] == UINT32_MAX;
        }
        if (missing) {
            chunk_hash_missing(column, chunk_rows, chunk_count, chunk);
        } else {
            chunk_hash(column, chunk_rows, first, chunk_count, chunk);
            if (has_nulls) {
                chunk_nulls(column, chunk_rows, first, chunk_count, chunk);
            }
        }
        for (int64_t i = 0; !is_first && i < chunk_count; i++) {
            hashes[first + i] = sb_hash_combine(hashes[first + i], folded[i]);
        }
    }
}
