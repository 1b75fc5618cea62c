// SPDX-License-Identifier: Apache-2.0
/*
 * text_window.h - the part of a text that is in memory.
 *
 * The reader takes whole rows from the front. What is left of a row moves to the front when more is
 * read; a row that is longer than the window makes the window grow. Behind the text 64 bytes are
 * zero, so that readers may look at whole blocks.
 */
#ifndef SABOT_CONNECT_TEXT_WINDOW_H
#define SABOT_CONNECT_TEXT_WINDOW_H

#include <sabot/text.h>

#include "base/error.h"
#include "base/memory.h"

enum { SB_TEXT_PADDING = 64 };

struct sb_text_window {
    struct sb_memory *memory;
    struct sb_text_input input;
    int fd; // of a local file, or -1
    uint8_t *data;
    int64_t capacity; // without the padding
    int64_t size;     // bytes there
    int64_t at;       // the first that is not taken
    int64_t position; // of data[0] in the text
    int64_t rest;     // bytes of the file still to be read; -1 = until its end
    bool is_last;     // nothing follows
};

/* Takes `input` in every outcome. */
SB_MUST_CHECK enum sb_status sb_text_window_init(struct sb_text_window *window,
                                                 struct sb_memory *memory,
                                                 const struct sb_text_input *input,
                                                 struct sb_error *err);
void sb_text_window_deinit(struct sb_text_window *window);

/* Drops what is taken and reads more behind the rest. At the end only `is_last` changes. */
SB_MUST_CHECK enum sb_status sb_text_window_fill(struct sb_text_window *window,
                                                 struct sb_error *err);

/* The number of the line (from 1) that begins at `position`; 0 when the input cannot tell. */
int64_t sb_text_window_line(const struct sb_text_window *window, int64_t position);

#endif
