// SPDX-License-Identifier: Apache-2.0
/*
 * column_output.h - a column that is written chunk by chunk from vectors.
 *
 * Fixed-width values may be computed right where they belong. Booleans are packed to bits and text
 * is copied, both while the chunk is in cache.
 */
#ifndef SABOT_EXPR_COLUMN_OUTPUT_H
#define SABOT_EXPR_COLUMN_OUTPUT_H

#include "columnar/builder.h"
#include "expr/vector.h"

struct sb_column_output {
    const struct sb_type *type;
    struct sb_memory *memory;
    int64_t row_count; // written so far
    int64_t capacity;  // rows
    int64_t null_count;
    struct sb_buffer *values;   // offsets of text; not used for views
    struct sb_buffer *validity; // created at the first chunk with a null
    struct sb_buffer *bytes;    // of text
    int64_t bytes_size;
    bool is_large;             // offsets of 64 bits
    bool is_built;             // row by row: views, lists, structs, ...
    bool is_narrow;            // stored in fewer bytes than computed
    struct sb_builder builder; // what is built
};

/* Room for at most `capacity` rows. Deinit it also on failure; a zeroed one is empty. */
SB_MUST_CHECK enum sb_status sb_column_output_init(struct sb_column_output *output,
                                                   const struct sb_type *type,
                                                   struct sb_memory *memory, int64_t capacity,
                                                   struct sb_error *err);
void sb_column_output_deinit(struct sb_column_output *output);

/* Where the values of the next rows lie when they are stored as they are computed, else NULL. */
void *sb_column_output_place(const struct sb_column_output *output);

/* `vector->values` may be the place. */
SB_MUST_CHECK enum sb_status sb_column_output_append(struct sb_column_output *output,
                                                     const struct sb_vector *vector, int32_t count,
                                                     struct sb_error *err);

/* Leaves out `count` rows, whose values nobody reads. Not for text and what is built. */
SB_MUST_CHECK enum sb_status sb_column_output_skip(struct sb_column_output *output, int32_t count,
                                                   struct sb_error *err);

/* What has been written, in no more memory than twice what it takes. */
SB_MUST_CHECK enum sb_status sb_column_output_finish(struct sb_column_output *output,
                                                     struct sb_column *out, struct sb_error *err);

#endif
