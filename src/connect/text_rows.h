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

#include "base/time_zone.h"
#include "columnar/batch.h"

enum sb_text_kind {
    SB_TEXT_KIND_INTEGER,
    SB_TEXT_KIND_INT64, // the common ones
    SB_TEXT_KIND_FLOAT64,
    SB_TEXT_KIND_OTHER, // of fixed width
    SB_TEXT_KIND_FIXED, // so many bytes
    SB_TEXT_KIND_BOOL,
    SB_TEXT_KIND_BYTES, // text and binary
};

struct sb_text_column {
    const struct sb_field *field; // of the schema
    enum sb_text_kind kind;
    int32_t width;
    bool is_large;   // int64 offsets
    bool is_wanted;  // the file has it; else it is the same in every row
    bool is_text;    // must be UTF-8
    bool is_binary;  // base64 in JSON
    uint8_t *valid;  // NULL = no null yet
    uint8_t *values; // or offsets
    uint8_t *bytes;
    int64_t bytes_size; // up to the row being written
    int64_t row_bytes;  // of that row
    int64_t bytes_capacity;
    struct sb_buffer *values_buffer;
    struct sb_buffer *valid_buffer;
    struct sb_buffer *bytes_buffer;
    int64_t seen_row;           // the last row that has a value, counted over all batches
    const char *constant;       // for all rows; NULL = null
    struct sb_zone_cursor zone; // of a timestamp; without a zone there is none
};

struct sb_text_rows {
    struct sb_memory *memory;
    struct sb_schema *schema; // borrowed
    struct sb_text_column *columns;
    struct sb_text_column **growing; // those of them whose bytes grow
    int32_t growing_count;
    int64_t count;    // committed rows
    int64_t capacity; // of this batch; 0 = none begun
    int64_t number;   // of the row being written, over all batches
    bool is_full;     // text fills the batch before its rows do
    bool is_out_of_memory;
};

/* Whether values of the type can be read from text here. */
bool sb_text_type_is_read(const struct sb_type *type);

SB_MUST_CHECK enum sb_status sb_text_rows_init(struct sb_text_rows *rows, struct sb_memory *memory,
                                               struct sb_schema *schema, struct sb_error *err);
void sb_text_rows_deinit(struct sb_text_rows *rows);

/* Room for `capacity` rows, none there yet. */
SB_MUST_CHECK enum sb_status sb_text_rows_begin(struct sb_text_rows *rows, int64_t capacity,
                                                struct sb_error *err);

/*
 * The value of the row being written. False: the text is no value of the type, or there is no
 * memory (`is_out_of_memory`).
 */
SB_MUST_CHECK bool sb_text_rows_set(struct sb_text_rows *rows, struct sb_text_column *column,
                                    const uint8_t *text, int64_t size);
SB_MUST_CHECK bool sb_text_rows_set_null(struct sb_text_rows *rows, struct sb_text_column *column);

/* Every wanted column is set; the next row begins. */
void sb_text_rows_commit(struct sb_text_rows *rows);

/* Hands the committed rows over; constant columns are filled in. */
SB_MUST_CHECK enum sb_status sb_text_rows_finish(struct sb_text_rows *rows, struct sb_batch *out,
                                                 struct sb_error *err);

#endif
