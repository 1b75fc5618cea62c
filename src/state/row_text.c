// SPDX-License-Identifier: Apache-2.0
#include "state/row_text.h"

#include <inttypes.h>
#include <string.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "views keep their size in the low half");

struct sb_text sb_text_make(const uint8_t *data, int64_t size)
{
    struct sb_text text = {.head = (uint64_t)size};
    uint64_t first = 0;

    if (size > SB_TEXT_INLINE_MAX) {
        text.head |= sb_word_load32(data) << 32;
        text.tail = (uint64_t)(uintptr_t)data;
        return text;
    }
    // Loads may overlap: bytes that are read twice are equal.
    if (size >= 8) {
        uint64_t last = sb_word_load64(data + size - 8);
        first = sb_word_load64(data);
        text.tail = last >> (8 * (15 - size)) >> 8 << 32; // the bytes from the ninth on
    } else if (size >= 4) {
        first = sb_word_load32(data) | sb_word_load32(data + size - 4) << (8 * (size - 4));
    } else if (size > 0) {
        first = (uint64_t)data[0] | (uint64_t)data[size >> 1] << (8 * (size >> 1)) |
                (uint64_t)data[size - 1] << (8 * (size - 1));
    }
    text.head |= first << 32;
    text.tail |= first >> 32;
    return text;
}

bool sb_text_bytes_equal(const uint8_t *a, const uint8_t *b, int64_t size)
{
    uint64_t difference;

    if (size > 64) {
        return memcmp(a, b, (size_t)size) == 0;
    }
    difference = sb_text_difference(a + size - 8, b + size - 8); // may overlap those before
    for (int64_t at = 0; at < size - 8; at += 8) {
        difference |= sb_text_difference(a + at, b + at);
    }
    return difference == 0;
}

int sb_text_compare(const uint64_t *a, const uint64_t *b)
{
    int64_t a_size = sb_text_size(a[0]);
    int64_t b_size = sb_text_size(b[0]);
    int order =
        memcmp(sb_text_bytes(a), sb_text_bytes(b), (size_t)(a_size < b_size ? a_size : b_size));

    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

// --- loading -------------------------------------------------------------------------------------

#define ALWAYS_INLINE inline __attribute__((always_inline))

// 12 bytes from `12 - size` on keep the first `size` of as many.
static const uint8_t keep_bytes[2 * SB_TEXT_INLINE_MAX] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
};

/* As sb_text_make, of bytes that may be read up to `end`: no branch on the size, as a rule. */
static ALWAYS_INLINE struct sb_text text_view(const uint8_t *data, int64_t size, const uint8_t *end)
{
    bool is_inline = size <= SB_TEXT_INLINE_MAX;
    const uint8_t *keep = keep_bytes + (is_inline ? SB_TEXT_INLINE_MAX - size : 0);
    uint64_t bytes;

    if (sb_unlikely(end - data < SB_TEXT_INLINE_MAX)) {
        return sb_text_make(data, size);
    }
    bytes = sb_word_load64(data + 4) & sb_word_load64(keep + 4);
    return (struct sb_text){
        .head = (uint64_t)size | (sb_word_load32(data) & sb_word_load32(keep)) << 32,
        .tail = is_inline ? bytes : (uint64_t)(uintptr_t)data,
    };
}

static enum sb_status size_refuse(int64_t size, struct sb_error *err)
{
    return sb_error_set(err, SB_UNSUPPORTED,
                        "a text of %" PRId64 " bytes; keyed operators take less than 4 GiB in one "
                        "value",
                        size);
}

static ALWAYS_INLINE int64_t offset_load(const void *offsets, int64_t index, bool is_large)
{
    return is_large ? ((const int64_t *)offsets)[index] : ((const int32_t *)offsets)[index];
}

static ALWAYS_INLINE enum sb_status offsets_load(const struct sb_column *column,
                                                 const uint32_t *rows, int64_t first, int64_t count,
                                                 const uint8_t *nulls, uint64_t *words,
                                                 bool is_large, struct sb_error *err)
{
    const void *offsets = sb_column_fixed(column, is_large ? 8 : 4);
    const uint8_t *end = column->bytes + offset_load(offsets, column->length, is_large);

    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[first + i];
        int64_t start = offset_load(offsets, row, is_large);
        int64_t size = offset_load(offsets, row + 1, is_large) - start;
        struct sb_text text = text_view(column->bytes + start, size, end);

        if (is_large && sb_unlikely(size > UINT32_MAX) && (nulls == NULL || !nulls[i])) {
            return size_refuse(size, err);
        }
        words[2 * i] = text.head;
        words[2 * i + 1] = text.tail;
    }
    return SB_OK;
}

/* Views are not followed where a row is null. */
static void views_load(const struct sb_column *column, const uint32_t *rows, int64_t first,
                       int64_t count, const uint8_t *nulls, uint64_t *words)
{
    const uint8_t *views = sb_column_fixed(column, (int32_t)sizeof(struct sb_text));

    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[first + i];
        struct sb_text text;

        memcpy(&text, views + row * (int64_t)sizeof text,
               sizeof text); // as ours, when it is inline
        if (!sb_text_is_inline(text.head) && (nulls == NULL || !nulls[i])) {
            struct sb_bytes bytes = sb_column_bytes(column, row);
            text = sb_text_make(bytes.data, bytes.size);
        }
        words[2 * i] = text.head;
        words[2 * i + 1] = text.tail;
    }
}

static void nulls_clear(const uint8_t *nulls, int64_t count, uint64_t *words)
{
    for (int64_t i = 0; nulls != NULL && i < count; i++) { // no branch: it would be guessed wrong
        uint64_t keep = (uint64_t)nulls[i] - 1;
        words[2 * i] &= keep;
        words[2 * i + 1] &= keep;
    }
}

enum sb_status sb_texts_load(const struct sb_column *column, const uint32_t *rows, int64_t first,
                             int64_t count, const uint8_t *nulls, uint64_t *words,
                             struct sb_error *err)
{
    switch (column->type->id) {
    case SB_TYPE_UTF8_VIEW:
    case SB_TYPE_BINARY_VIEW:
        views_load(column, rows, first, count, nulls, words);
        break;
    case SB_TYPE_LARGE_UTF8:
    case SB_TYPE_LARGE_BINARY:
        SB_TRY_RETURN(offsets_load(column, rows, first, count, nulls, words, true, err));
        break;
    default:
        if (rows == NULL) {
            SB_TRY_RETURN(offsets_load(column, NULL, first, count, nulls, words, false, err));
        } else {
            SB_TRY_RETURN(offsets_load(column, rows, first, count, nulls, words, false, err));
        }
        break;
    }
    nulls_clear(nulls, count, words);
    return SB_OK;
}

void sb_texts_load_fixed(const struct sb_column *column, const uint32_t *rows, int64_t first,
                         int64_t count, const uint8_t *nulls, uint64_t *words)
{
    int32_t width = sb_type_bytes(column->type);
    const uint8_t *values = sb_column_fixed(column, width);
    const uint8_t *end = values + column->length * width;

    for (int64_t i = 0; i < count; i++) {
        int64_t row = rows == NULL ? first + i : rows[first + i];
        struct sb_text text = text_view(values + row * width, width, end);

        words[2 * i] = text.head;
        words[2 * i + 1] = text.tail;
    }
    nulls_clear(nulls, count, words);
}
