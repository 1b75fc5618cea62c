// SPDX-License-Identifier: Apache-2.0
/*
 * text_writer.h - rows as CSV or JSON text.
 */
#ifndef SABOT_CONNECT_TEXT_WRITER_H
#define SABOT_CONNECT_TEXT_WRITER_H

#include <sabot/text.h>

#include "columnar/batch.h"

/* Text that grows, in memory of `memory`. A zeroed one is empty. */
struct sb_text_output {
    struct sb_memory *memory;
    char *text;
    int64_t size;
    int64_t capacity;
};

/* Whether columns of the type can be written: in JSON all, in CSV all but lists and structs. */
bool sb_text_type_is_written(enum sb_text_format format, const struct sb_type *type);

/* Appends the rows of a dense batch. */
SB_MUST_CHECK enum sb_status sb_text_write(const struct sb_batch *batch,
                                           const struct sb_text_options *options,
                                           struct sb_text_output *output, struct sb_error *err);
void sb_text_output_deinit(struct sb_text_output *output);

#endif
