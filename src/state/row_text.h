// SPDX-License-Identifier: Apache-2.0
/*
 * row_text.h - text and binary as rows have them: two words, a view.
 *
 * Joins and aggregates by text spend most of their time here, so what is usual (text of up to 32
 * bytes) is done without a call, and where possible without a branch on the size.
 */
#ifndef SABOT_STATE_ROW_TEXT_H
#define SABOT_STATE_ROW_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/word.h"
#include "columnar/column.h"

/*
 * Two words: size and the first four bytes, then eight more bytes or, for more than
 * SB_TEXT_INLINE_MAX bytes, where all of them are: an address, or in blocks an offset. Bytes that
 * an inline text does not fill are 0, so that equal inline texts have equal words.
 */
struct sb_text {
    uint64_t head; // size in the low half
    uint64_t tail;
};
enum { SB_TEXT_INLINE_MAX = 12 };

static inline int64_t sb_text_size(uint64_t head)
{
    return (int64_t)(head & UINT32_MAX);
}

static inline bool sb_text_is_inline(uint64_t head)
{
    return sb_text_size(head) <= SB_TEXT_INLINE_MAX;
}

/* Bytes outside of the view: 0 for inline text. */
static inline int64_t sb_text_heap_size(uint64_t head)
{
    return sb_text_is_inline(head) ? 0 : sb_text_size(head);
}

/* The bytes of a text with an address; `words` must live as long when it is inline. */
static inline const uint8_t *sb_text_bytes(const uint64_t *words)
{
    return sb_text_is_inline(words[0]) ? (const uint8_t *)words + 4
                                       : (const uint8_t *)(uintptr_t)words[1];
}

/* A view of `size` bytes at `data`, which it points to when they are too many. */
struct sb_text sb_text_make(const uint8_t *data, int64_t size);

/* The same for `size` of more than 32. */
bool sb_text_bytes_equal(const uint8_t *a, const uint8_t *b, int64_t size);

static inline uint64_t sb_text_difference(const uint8_t *a, const uint8_t *b)
{
    return sb_word_load64(a) ^ sb_word_load64(b);
}

/* Whether two long texts of equal heads have the same bytes. */
static inline bool sb_text_long_equal(const uint64_t *a, const uint64_t *b)
{
    const uint8_t *x = (const uint8_t *)(uintptr_t)a[1];
    const uint8_t *y = (const uint8_t *)(uintptr_t)b[1];
    int64_t size = sb_text_size(a[0]);
    int64_t last = size - 8; // 5 or more

    if (sb_unlikely(size > 32)) {
        return sb_text_bytes_equal(x, y, size);
    }
    // Four loads that overlap: the first two from the front, the others from the back.
    return (sb_text_difference(x, y) | sb_text_difference(x + last, y + last) |
            sb_text_difference(x + (last < 8 ? last : 8), y + (last < 8 ? last : 8)) |
            sb_text_difference(x + (last < 8 ? 0 : last - 8), y + (last < 8 ? 0 : last - 8))) == 0;
}

/* Short texts are equal when their words are; long ones are looked at only when their heads are. */
static inline bool sb_text_equal(const uint64_t *a, const uint64_t *b)
{
    if (a[0] != b[0]) {
        return false;
    }
    return a[1] == b[1] || (!sb_text_is_inline(a[0]) && sb_text_long_equal(a, b));
}

int sb_text_compare(const uint64_t *a, const uint64_t *b); // by bytes, as memcmp

/* The stable hash. */
static inline uint64_t sb_text_hash(const uint64_t *words)
{
    size_t size = (size_t)sb_text_size(words[0]);
    const uint8_t *bytes = (const uint8_t *)(uintptr_t)words[1];

    if (size <= SB_TEXT_INLINE_MAX) {
        return sb_hash_words(words[0] >> 32 | words[1] << 32, words[1] >> 32, sb_hash_seed(size));
    }
    return sb_likely(size - 17 <= 64 - 17) ? sb_hash_rest(bytes, size, sb_hash_seed(size))
                                           : sb_hash_bytes(bytes, size);
}

/*
 * `count` rows of a text or binary column of any layout, as sb_row_vector_load reads them: two
 * words each, 0 where `nulls` (NULL = none) has a byte. Fails on a text of 4 GiB or more.
 */
SB_MUST_CHECK enum sb_status sb_texts_load(const struct sb_column *column, const uint32_t *rows,
                                           int64_t first, int64_t count, const uint8_t *nulls,
                                           uint64_t *words, struct sb_error *err);

/* The same for fixed_size_binary. */
void sb_texts_load_fixed(const struct sb_column *column, const uint32_t *rows, int64_t first,
                         int64_t count, const uint8_t *nulls, uint64_t *words);

#endif
