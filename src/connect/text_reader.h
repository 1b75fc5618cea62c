// SPDX-License-Identifier: Apache-2.0
/*
 * text_reader.h - what reads rows out of a window: CSV or JSON.
 */
#ifndef SABOT_CONNECT_TEXT_READER_H
#define SABOT_CONNECT_TEXT_READER_H

#include "connect/text_rows.h"
#include "connect/text_window.h"

enum sb_text_outcome {
    SB_TEXT_MORE,   // the window has no whole row left: fill it; at the end of the text: the end
    SB_TEXT_FULL,   // the batch is full
    SB_TEXT_BAD,    // a malformed row, which is taken: see `bad`
    SB_TEXT_FAILED, // the job does, for what the rows' `failure` says
};

enum { SB_TEXT_REASON_SIZE = 400 };

struct sb_text_bad {
    int64_t at; // in the window, of the row's first byte
    int64_t size;
    bool is_value; // of a type that may be declared otherwise
    char reason[SB_TEXT_REASON_SIZE];
};

struct sb_text_reader;

struct sb_text_reader_vtable {
    // Reads rows until something happens. `is_new` says that the window was filled since.
    enum sb_text_outcome (*read)(struct sb_text_reader *reader, struct sb_text_window *window,
                                 struct sb_text_rows *rows, bool is_new);
    void (*destroy)(struct sb_text_reader *reader);
};

/* The part every reader begins with. */
struct sb_text_reader {
    const struct sb_text_reader_vtable *vtable;
    struct sb_memory *memory;
    struct sb_text_bad bad;
};

/* They mark the columns of `rows` that the file has as wanted. */
SB_MUST_CHECK enum sb_status sb_csv_reader_create(struct sb_memory *memory,
                                                  const struct sb_text_options *options,
                                                  struct sb_text_rows *rows,
                                                  struct sb_text_reader **out,
                                                  struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_json_reader_create(struct sb_memory *memory,
                                                   struct sb_text_rows *rows,
                                                   struct sb_text_reader **out,
                                                   struct sb_error *err);

/* "column 'n': 'abc' is no int64" */
void sb_text_bad_value(struct sb_text_bad *bad, const char *column, const struct sb_type *type,
                       const uint8_t *text, int64_t size);

#endif
