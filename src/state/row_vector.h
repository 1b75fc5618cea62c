// SPDX-License-Identifier: Apache-2.0
/*
 * row_vector.h - up to SB_ROW_CHUNK values of one field, in the words that rows are made of.
 *
 * Rows of keyed tables know five kinds of values. Every column type becomes one of them on the way
 * in and is narrowed again on the way out, so that tables, kernels and blocks see words only:
 * integers of every width by value, floats as doubles, text and binary as 16-byte views. Lists,
 * structs and maps are the bytes that columnar/value_bytes.h makes of them; dictionaries and runs
 * the values they stand for.
 */
#ifndef SABOT_STATE_ROW_VECTOR_H
#define SABOT_STATE_ROW_VECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "columnar/column.h"
#include "state/row_heap.h"
#include "state/row_text.h"

enum { SB_ROW_CHUNK = 1024 };

enum sb_row_kind {
    SB_ROW_INT,   // one word, an int64: signed integers, dates, times, timestamps, durations
    SB_ROW_UINT,  // one word, a uint64: unsigned integers, bool
    SB_ROW_FLOAT, // one word, the bits of a double
    SB_ROW_WIDE,  // two words, an int128, low word first: decimals up to 128 bits
    SB_ROW_TEXT,  // two words, see row_text.h: text, binary, and all others as their bytes
};

/* Values of consecutive rows, null ones 0. */
struct sb_row_vector {
    enum sb_row_kind kind;
    const uint64_t *words; // sb_row_kind_words(kind) a row
    const uint8_t *nulls;  // one byte a row, 1 = null; NULL = no null among them
};

/*
 * Where a vector's words and nulls are put when they cannot be borrowed. The bytes of lists,
 * structs and maps go to `heap` until the next vector is loaded here; only loading needs it.
 */
struct sb_row_scratch {
    _Alignas(64) uint64_t words[2 * SB_ROW_CHUNK];
    uint8_t nulls[SB_ROW_CHUNK];
    struct sb_row_heap heap;
};

/* Dictionaries and runs are of the kind of their values. */
enum sb_row_kind sb_row_kind(const struct sb_type *type);

static inline int32_t sb_row_kind_words(enum sb_row_kind kind)
{
    return kind >= SB_ROW_WIDE ? 2 : 1;
}

enum sb_row_reading {
    SB_ROW_PLAIN,     // values as they are
    SB_ROW_CANONICAL, // -0.0 as 0.0 and one NaN: what keys, minima and maxima compare
};

/*
 * `count` (at most SB_ROW_CHUNK) rows of `column`: rows[first..], or first.. when `rows` is NULL.
 * May borrow from the column. Fails on a text of 4 GiB or more, and when values of nested types
 * find no memory.
 */
SB_MUST_CHECK enum sb_status sb_row_vector_load(const struct sb_column *column,
                                                const uint32_t *rows, int64_t first, int64_t count,
                                                enum sb_row_reading reading,
                                                struct sb_row_scratch *scratch,
                                                struct sb_row_vector *out, struct sb_error *err);

/* The stable hash of each value, folded into `hashes` unless `is_first`. */
void sb_row_vector_hash(const struct sb_row_vector *vector, int64_t count, bool is_first,
                        uint64_t *hashes);

/* The stable hash of one word of a kind that has one. */
static inline uint64_t sb_row_word_hash(enum sb_row_kind kind, uint64_t word)
{
    if (kind == SB_ROW_FLOAT) {
        double value;
        memcpy(&value, &word, sizeof value);
        return sb_hash_double(value);
    }
    return sb_hash64(word);
}

#endif
