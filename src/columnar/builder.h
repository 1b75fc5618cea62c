// SPDX-License-Identifier: Apache-2.0
/*
 * builder.h - builds one column of any type row by row or run by run.
 *
 * For output of operators and tests; hot kernels write buffers directly. Text and binary of every
 * layout is built through append_bytes. A row of a struct is a row in each child, then
 * append_nested; a row of a list is any number of rows in its child (as many as its size, for
 * fixed-size lists), then append_nested. Values of dictionaries and runs are given as such, and are
 * encoded here.
 */
#ifndef SABOT_COLUMNAR_BUILDER_H
#define SABOT_COLUMNAR_BUILDER_H

#include <stdbool.h>
#include <stdint.h>

#include "columnar/column.h"

struct sb_value_index;

struct sb_builder {
    const struct sb_type *type; // borrowed; outlives the builder and its column
    struct sb_memory *memory;
    int64_t length;
    int64_t null_count;
    int64_t capacity; // rows
    struct sb_buffer *values;
    struct sb_buffer *validity; // created at the first null
    struct sb_buffer *bytes;    // of text; list views: sizes
    int64_t bytes_size;
    struct sb_builder *children;  // [type->child_count], made when first asked for
    int64_t elements_done;        // list views: elements of the rows so far
    struct sb_value_index *index; // of encoded types
};

void sb_builder_init(struct sb_builder *builder, struct sb_memory *memory,
                     const struct sb_type *type);
void sb_builder_deinit(struct sb_builder *builder);

/* Room for `rows` more rows and `bytes` more bytes of text. */
SB_MUST_CHECK enum sb_status sb_builder_reserve(struct sb_builder *builder, int64_t rows,
                                                int64_t bytes, struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_builder_append_null(struct sb_builder *builder,
                                                    struct sb_error *err);
/* `value` points to sb_type_bytes bytes; for bool to one byte, 0 or 1. Not for dictionaries. */
SB_MUST_CHECK enum sb_status sb_builder_append_fixed(struct sb_builder *builder, const void *value,
                                                     struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_builder_append_bytes(struct sb_builder *builder, const void *data,
                                                     int64_t size, struct sb_error *err);
/* The builder of a child, for its rows. */
SB_MUST_CHECK enum sb_status sb_builder_child(struct sb_builder *builder, int32_t index,
                                              struct sb_builder **out, struct sb_error *err);
/* Ends a row of a list, map or struct whose children's rows are there. */
SB_MUST_CHECK enum sb_status sb_builder_append_nested(struct sb_builder *builder,
                                                      struct sb_error *err);
/* A row of a dictionary or run, by the bytes of its value (value_bytes.h). */
SB_MUST_CHECK enum sb_status sb_builder_append_encoded(struct sb_builder *builder,
                                                       const uint8_t *bytes, int64_t size,
                                                       struct sb_error *err);
/* Row `row` of `from`, which has the builder's type. */
SB_MUST_CHECK enum sb_status sb_builder_append_row(struct sb_builder *builder,
                                                   const struct sb_column *from, int64_t row,
                                                   struct sb_error *err);

/*
 * Drops the rows from `length` on, and what a row not yet ended has in children. A dictionary keeps
 * the values that only they had.
 */
void sb_builder_truncate(struct sb_builder *builder, int64_t length);

/* Hands the rows over; the builder is empty again. */
SB_MUST_CHECK enum sb_status sb_builder_finish(struct sb_builder *builder, struct sb_column *out,
                                               struct sb_error *err);

#endif
