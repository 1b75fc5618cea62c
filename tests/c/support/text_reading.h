// SPDX-License-Identifier: Apache-2.0
/*
 * text_reading.h - a text through the engine's readers, without a job.
 */
#ifndef SABOT_SUPPORT_TEXT_READING_H
#define SABOT_SUPPORT_TEXT_READING_H

#include "connect/splits.h"
#include "connect/text_writer.h"

struct test_reading {
    enum sb_text_format format;
    const char *const (*columns)[2]; // name, type; the last name is NULL
    const char *const *file_columns; // of CSV; the last is NULL
    const char *constant_column;     // NULL = none
    const char *constant_value;
    const char *text;
    int64_t size;
    int64_t piece; // bytes of the text at a time
    int64_t batch_rows;
    bool skips_bad_rows;
    // What comes of it.
    int64_t row_count;
    int64_t failed_count;
    char reason[400];            // of the last malformed row
    struct sb_text_output lines; // the rows as JSON; the caller's
};

/* Everything is drawn from `memory`. Empty fields of CSV are null. */
SB_MUST_CHECK enum sb_status test_read_text(struct sb_memory *memory, struct test_reading *reading,
                                            struct sb_error *err);

/* The same for test_allocations: `context` is a struct test_reading; the rows are dropped. */
SB_MUST_CHECK enum sb_status test_attempt_read(struct sb_memory *memory, void *context);

/* Reads `reading` as it is and again in pieces and batches of other sizes; fails when they differ.
 * The rows of the first are kept. */
void test_read_cut(struct test_reading *reading, uint64_t *random);

#endif
