// SPDX-License-Identifier: Apache-2.0
/*
 * text.h - rows as text: CSV and newline-delimited JSON, in and out.
 *
 * Reading follows RFC 4180 (CSV) and RFC 8259 (one object a line). Every row is judged alone: one
 * that cannot be read as the schema says is malformed, and the reader goes on with the next.
 */
#ifndef SABOT_TEXT_H
#define SABOT_TEXT_H

#include <stdint.h>

#include <sabot/arrow_abi.h>
#include <sabot/error.h>
#include <sabot/export.h>

struct sb_job;

enum sb_text_format {
    SB_TEXT_CSV = 0,
    SB_TEXT_NDJSON = 1,
};

/* A malformed row. Everything is borrowed for the call. */
struct sb_bad_row {
    const char *file;
    int64_t position; // of its first byte in the (decompressed) file
    const char *bytes;
    int64_t size;
    const char *reason;
};

struct sb_text_options {
    enum sb_text_format format;
    const char *file; // its name, for messages

    // CSV only.
    char delimiter;
    char quote;  // 0 = none
    char escape; // before a quote inside quotes; 0 = a quote is doubled
    int32_t file_column_count;
    const char *const *file_columns; // names by position
    int32_t null_value_count;
    const char *const *null_values; // unquoted fields that are null

    // Columns that are the same in every row of the file, as text; NULL = null.
    int32_t constant_count;
    const char *const *constant_columns;
    const char *const *constant_values;

    // Malformed rows fail the job, or are counted as failed and told to `on_bad_row` (NULL = to
    // nobody), which is called from engine threads, several at once. It returns the job's failure,
    // or SB_OK.
    bool skips_bad_rows;
    enum sb_status (*on_bad_row)(void *context, const struct sb_bad_row *row, struct sb_error *err);
    void *bad_row_context;
};

/*
 * Where the text comes from: bytes [begin, end) of a local file, which begin with a row, or, with
 * `read`, whatever it gives. `read` fills at most `capacity` bytes; 0 is the end. It is called from
 * engine threads, one at a time. `release` is called once, also on failure; NULL is fine.
 */
struct sb_text_input {
    const char *path;
    int64_t begin;
    int64_t end; // -1 = of the file
    enum sb_status (*read)(void *context, char *buffer, int64_t capacity, int64_t *size,
                           struct sb_error *err);
    void (*release)(void *context);
    void *context;
};

/*
 * Adds one split to the source `operator_id`: rows of text, read as the columns of its schema. A
 * column that the file does not have is null. The options are copied, `input` is taken.
 */
SB_API enum sb_status sb_job_add_text(struct sb_job *job, const char *operator_id,
                                      const struct sb_text_options *options,
                                      const struct sb_text_input *input, struct sb_error *err);

/*
 * Finds where rows begin in a local file, so that parts of it can be read side by side: for each of
 * `count` ascending positions the first row at or behind it, or the file's size. `begin` is where a
 * row is known to begin. Only for CSV without `escape`, and NDJSON.
 */
SB_API enum sb_status sb_text_row_starts(const char *path, const struct sb_text_options *options,
                                         int64_t begin, const int64_t *positions, int32_t count,
                                         int64_t *starts, struct sb_error *err);

/*
 * The rows of a struct array as text, one line each. `*text` is freed with sb_text_free. For CSV
 * `delimiter`, `quote` and the first of `null_values` say how; strings that could be misread are
 * quoted. The rest of the options is not looked at.
 */
SB_API enum sb_status sb_text_from_rows(const struct ArrowArray *array,
                                        const struct ArrowSchema *schema,
                                        const struct sb_text_options *options, char **text,
                                        int64_t *size, struct sb_error *err);
SB_API void sb_text_free(char *text, int64_t size);

#endif
