// SPDX-License-Identifier: Apache-2.0
/*
 * column_writer.h - row vectors back into one column of any type.
 *
 * The number of rows is known beforehand. Either every row is appended in order, or, for types
 * other than text, rows are put in any order and those left out are undefined: a selection passes
 * over them.
 */
#ifndef SABOT_STATE_COLUMN_WRITER_H
#define SABOT_STATE_COLUMN_WRITER_H

#include "columnar/builder.h"
#include "state/row_vector.h"

struct sb_column_writer {
    const struct sb_type *type; // borrowed; outlives the column
    struct sb_memory *memory;
    int64_t capacity;
    int64_t row_count; // appended
    int64_t null_count;
    struct sb_buffer *values;   // of types with a fixed width
    struct sb_buffer *validity; // made at the first null
    struct sb_builder text;     // of the others: text, binary, nested and encoded types
};

SB_MUST_CHECK enum sb_status sb_column_writer_init(struct sb_column_writer *writer,
                                                   struct sb_memory *memory,
                                                   const struct sb_type *type, int64_t capacity,
                                                   struct sb_error *err);
void sb_column_writer_deinit(struct sb_column_writer *writer);

SB_MUST_CHECK enum sb_status sb_column_writer_append(struct sb_column_writer *writer,
                                                     const struct sb_row_vector *vector,
                                                     int64_t count, struct sb_error *err);

/*
 * Appends `count` rows without nulls for the caller to fill, where the column keeps words as they
 * are; NULL, and nothing appended, for other types.
 */
uint64_t *sb_column_writer_words(struct sb_column_writer *writer, int64_t count);

/* Whether sb_column_writer_put works for the type. */
bool sb_column_writer_can_put(const struct sb_type *type);

/* Value i becomes row positions[i]. */
SB_MUST_CHECK enum sb_status sb_column_writer_put(struct sb_column_writer *writer,
                                                  const struct sb_row_vector *vector,
                                                  const uint32_t *positions, int64_t count,
                                                  struct sb_error *err);

/* Hands `length` rows over: those appended, or `capacity` after put. The writer is empty again. */
SB_MUST_CHECK enum sb_status sb_column_writer_finish(struct sb_column_writer *writer,
                                                     int64_t length, struct sb_column *out,
                                                     struct sb_error *err);

#endif
