// SPDX-License-Identifier: Apache-2.0
/*
 * text_rows.h - columns that grow row by row from text.
 *
 * A reader sets values of the row `count` in any order and then commits it; a row that it gives up
 * on is simply written over by the next. Nothing here is called through a pointer: the value of a
 * column is parsed where it stands.
 */
#ifndef SABOT_CONNECT_TEXT_ROWS_H
#define SABOT_CONNECT_TEXT_ROWS_H

#include <sabot/text.h>

#include "columnar/batch.h"
#include "connect/text_leaf.h"

enum sb_text_kind {
    SB_TEXT_KIND_INTEGER,
    SB_TEXT_KIND_INT64, // the common ones
    SB_TEXT_KIND_FLOAT64,
    SB_TEXT_KIND_OTHER, // of fixed width
    SB_TEXT_KIND_FIXED, // so many bytes
    SB_TEXT_KIND_BOOL,
    SB_TEXT_KIND_BYTES, // text and binary
    SB_TEXT_KIND_BUILT, // what a builder makes: views, dictionaries, runs, nested types
};

struct sb_text_column {
    const struct sb_field *field; // of the schema
    enum sb_text_kind kind;
    int32_t width;
    bool is_large;   // int64 offsets
    bool is_wanted;  // the file has it; else it is the same in every row
    uint8_t *valid;  // NULL = no null yet
    uint8_t *values; // or offsets
    uint8_t *bytes;
    int64_t bytes_size; // up to the row being written
    int64_t row_bytes;  // of that row
    int64_t bytes_capacity;
    struct sb_buffer *values_buffer;
    struct sb_buffer *valid_buffer;
    struct sb_buffer *bytes_buffer;
    int64_t seen_row;          // the last row that has a value, counted over all batches
    const char *constant;      // for all rows; NULL = null
    struct sb_text_leaf leaf;  // how a value is read; nested types have none
    struct sb_builder builder; // of the last kind; may be ahead of the committed rows
};

struct sb_text_rows {
    struct sb_memory *memory;
    struct sb_schema *schema; // borrowed
    struct sb_text_column *columns;
    struct sb_text_column **growing; // those of them whose bytes grow
    int32_t growing_count;
    int64_t count;           // committed rows
    int64_t capacity;        // of this batch; 0 = none begun
    int64_t number;          // of the row being written, over all batches
    int64_t built;           // bytes of text that builders took
    bool is_full;            // text fills the batch before its rows do
    struct sb_error failure; // what no row is to blame for: no memory, a full dictionary
};

/* Whether values of the type can be read from the format. */
bool sb_text_type_is_read(enum sb_text_format format, const struct sb_type *type);

SB_MUST_CHECK enum sb_status sb_text_rows_init(struct sb_text_rows *rows, struct sb_memory *memory,
                                               struct sb_schema *schema, struct sb_error *err);
void sb_text_rows_deinit(struct sb_text_rows *rows);

/* Room for `capacity` rows, none there yet. */
SB_MUST_CHECK enum sb_status sb_text_rows_begin(struct sb_text_rows *rows, int64_t capacity,
                                                struct sb_error *err);

static inline bool sb_text_rows_is_failed(const struct sb_text_rows *rows)
{
    return rows->failure.status != SB_OK;
}

/* The value of the row being written. False: the text is no value of the type, or `failure`. */
SB_MUST_CHECK bool sb_text_rows_set(struct sb_text_rows *rows, struct sb_text_column *column,
                                    const uint8_t *text, int64_t size);
SB_MUST_CHECK bool sb_text_rows_set_null(struct sb_text_rows *rows, struct sb_text_column *column);

/*
 * The builder of a nested column, for the value of the row being written: one row, then
 * sb_text_rows_built with the bytes it was read from; or sb_text_rows_unbuild when it fails.
 */
struct sb_builder *sb_text_rows_builder(struct sb_text_rows *rows, struct sb_text_column *column);
void sb_text_rows_built(struct sb_text_rows *rows, struct sb_text_column *column, int64_t size);
void sb_text_rows_unbuild(struct sb_text_rows *rows, struct sb_text_column *column);

/* Every wanted column is set; the next row begins. */
void sb_text_rows_commit(struct sb_text_rows *rows);

/* Hands the committed rows over; constant columns are filled in. */
SB_MUST_CHECK enum sb_status sb_text_rows_finish(struct sb_text_rows *rows, struct sb_batch *out,
                                                 struct sb_error *err);

#endif
