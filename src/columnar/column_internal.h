// SPDX-License-Identifier: Apache-2.0
/*
 * column_internal.h - what the files of this folder share about column memory.
 */
#ifndef SABOT_COLUMNAR_COLUMN_INTERNAL_H
#define SABOT_COLUMNAR_COLUMN_INTERNAL_H

#include "columnar/column.h"

enum {
    SB_VIEW_SIZE = 16,
    SB_VIEW_INLINE_MAX = 12,
};

/* What columns without memory of their own point to: no rows, no text, one offset of 0. */
extern const uint8_t sb_column_zeros[64];

/*
 * Bytes of the values buffer of `count` rows: bits, offsets, views, indices or values; 0 for types
 * that have none.
 */
int64_t sb_column_values_size(const struct sb_type *type, int64_t count);

/* Whether the values buffer has offsets, which are one more than rows. */
bool sb_type_has_offsets(enum sb_type_id id);

/* Bytes of an offset of text, binary, lists and list views: 4 or 8. */
int32_t sb_type_offset_width(enum sb_type_id id);

/* Value `i` of a buffer of the integer type `id`. */
int64_t sb_column_integer(enum sb_type_id id, const void *values, int64_t i);

/* The run that holds element `row`, from the child with run ends. */
int64_t sb_column_run(const struct sb_column *run_ends, int64_t row);

/* Bits rows[0..count) of `bitmap` (NULL = all ones); a missing row gives 0. */
void sb_bits_gather(uint8_t *to, const uint8_t *bitmap, int64_t offset, const uint32_t *rows,
                    int64_t count);

/*
 * sb_column_gather for lists, structs and runs. `validity` (NULL = no nulls) is that of the new
 * column, which takes it when all goes well.
 */
SB_MUST_CHECK enum sb_status sb_column_gather_nested(const struct sb_column *from,
                                                     const uint32_t *rows, int64_t count,
                                                     struct sb_buffer *validity,
                                                     struct sb_memory *memory,
                                                     struct sb_column *out, struct sb_error *err);

/* Values of the buffer of `from`, `width` bytes each, copied to `to`. Missing rows: anything. */
void sb_values_gather(uint8_t *to, const uint8_t *from, const uint32_t *rows, int64_t count,
                      int32_t width, bool has_missing);

/* sb_column_interleave of a nested type; takes `validity` (NULL = no nulls) when it succeeds. */
SB_MUST_CHECK enum sb_status sb_column_interleave_nested(
    const struct sb_column *const *from, int64_t from_count, const struct sb_row_place *rows,
    int64_t count, struct sb_buffer *validity, int64_t null_count, struct sb_memory *memory,
    struct sb_column *out, struct sb_error *err);

#endif
