// SPDX-License-Identifier: Apache-2.0
/*
 * text_split.c - rows of a text file, or of a part of one, as a split.
 *
 * A malformed row fails the job, or is counted, told to whoever asked, and passed over. Positions
 * are bytes of the file; the number of a line is only counted for the one that fails the job.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "connect/splits.h"
#include "connect/text_reader.h"
#include "connect/text_value.h"

enum { SHOWN_BYTES = 120 };

struct text_split {
    struct sb_split base;
    struct sb_arena arena; // the options' texts
    struct sb_text_options options;
    struct sb_text_window window;
    struct sb_text_rows rows;
    struct sb_text_reader *reader;
    int64_t rows_to_skip;
    bool is_window_new;
    bool is_ended;
};

static void text_split_destroy(struct sb_split *split)
{
    struct text_split *self = (struct text_split *)split;
    struct sb_memory *memory = split->memory;

    if (self->reader != NULL) {
        self->reader->vtable->destroy(self->reader);
    }
    sb_text_rows_deinit(&self->rows);
    sb_text_window_deinit(&self->window);
    sb_arena_deinit(&self->arena);
    sb_schema_release(split->schema);
    sb_memory_free(memory, self, sizeof *self);
}

/* Up to `limit` bytes as one line of text, cut with "..."; `buffer` has room for 4 * limit + 8. */
static void show_bytes(const uint8_t *bytes, int64_t size, int64_t limit, char *buffer)
{
    char *next = buffer;

    for (int64_t i = 0; i < size && i < limit; i++) {
        if (bytes[i] < 0x20 || bytes[i] == 0x7f) {
            next += snprintf(next, 5,
                             bytes[i] == '\n'   ? "\\n"
                             : bytes[i] == '\t' ? "\\t"
                             : bytes[i] == '\r' ? "\\r"
                                                : "\\x%02x",
                             bytes[i]);
        } else if (bytes[i] >= 0x80 && !sb_text_is_utf8(bytes, size < limit ? size : limit)) {
            next += snprintf(next, 5, "\\x%02x", bytes[i]);
        } else {
            *next++ = (char)bytes[i];
        }
    }
    snprintf(next, 4, "%s", size > limit ? "..." : "");
}

void sb_text_bad_value(struct sb_text_bad *bad, const char *column, const struct sb_type *type,
                       const uint8_t *text, int64_t size)
{
    enum { SHOWN = 40 };
    char shown[4 * SHOWN + 8];
    char name[SB_TYPE_NAME_SIZE];

    show_bytes(text, size, SHOWN, shown);
    snprintf(bad->reason, sizeof bad->reason, "column '%.200s': '%s' is no %s", column, shown,
             sb_type_is_text(type->id) ? "valid UTF-8" : sb_type_name(type, name, sizeof name));
    bad->is_value = !sb_type_is_text(type->id);
}

static int64_t without_line_end(const uint8_t *bytes, int64_t size)
{
    size -= size > 0 && bytes[size - 1] == '\n';
    return size - (size > 0 && bytes[size - 1] == '\r');
}

static enum sb_status text_split_fail(struct text_split *self, const struct sb_bad_row *row,
                                      struct sb_error *err)
{
    const int64_t line = sb_text_window_line(&self->window, row->position);
    char shown[4 * SHOWN_BYTES + 8];
    char where[64] = "";

    show_bytes((const uint8_t *)row->bytes, row->size, SHOWN_BYTES, shown);
    if (line > 0) {
        snprintf(where, sizeof where, "line %" PRId64 ", ", line);
    }
    return sb_error_set(err, SB_FAILED,
                        "%s, %sbyte %" PRId64 ": malformed row: %s; the row is: %s; mend the file, "
                        "%sor set parameter 'on_error' to 'drop' or 'dead_letter'",
                        row->file, where, row->position, row->reason, shown,
                        self->reader->bad.is_value
                            ? "declare another type in parameter 'column_types' or 'schema', "
                            : "");
}

static enum sb_status text_split_bad_row(struct text_split *self, struct sb_error *err)
{
    const struct sb_text_bad *bad = &self->reader->bad;
    const uint8_t *bytes = self->window.data + bad->at;
    const struct sb_bad_row row = {
        .file = self->options.file,
        .position = self->window.position + bad->at,
        .bytes = (const char *)bytes,
        .size = without_line_end(bytes, bad->size),
        .reason = bad->reason,
    };

    if (!self->options.skips_bad_rows) {
        return text_split_fail(self, &row, err);
    }
    if (self->rows_to_skip > 0) {
        return SB_OK; // it was accounted for before the snapshot
    }
    self->base.failed_count++;
    if (self->options.on_bad_row != NULL) {
        return self->options.on_bad_row(self->options.bad_row_context, &row, err);
    }
    return SB_OK;
}

/* Reads until the batch is full or the text ends. */
static enum sb_status text_split_read(struct text_split *self, struct sb_error *err)
{
    for (;;) {
        const bool is_new = self->is_window_new;

        self->is_window_new = false;
        self->reader->bad.is_value = false;
        switch (self->reader->vtable->read(self->reader, &self->window, &self->rows, is_new)) {
        case SB_TEXT_FULL:
            return SB_OK;
        case SB_TEXT_BAD:
            SB_TRY_RETURN(text_split_bad_row(self, err));
            break;
        case SB_TEXT_FAILED:
            return sb_error_set(err, self->rows.failure.status, "%s: %s", self->options.file,
                                self->rows.failure.message);
        case SB_TEXT_MORE:
            if (self->window.is_last) {
                self->is_ended = true;
                return SB_OK;
            }
            SB_TRY_RETURN(sb_text_window_fill(&self->window, err));
            self->is_window_new = true;
            break;
        }
    }
}

static enum sb_status text_split_next(struct sb_split *split, int64_t row_count_max,
                                      struct sb_batch *out, enum sb_split_state *state,
                                      struct sb_error *err)
{
    struct text_split *self = (struct text_split *)split;

    *state = SB_SPLIT_END;
    while (!self->is_ended) {
        SB_TRY_RETURN(sb_text_rows_begin(&self->rows, row_count_max, err));
        SB_TRY_RETURN(text_split_read(self, err));
        SB_TRY_RETURN(sb_text_rows_finish(&self->rows, out, err));
        if (self->rows_to_skip > 0) {
            const int64_t skipped =
                self->rows_to_skip < out->row_count ? self->rows_to_skip : out->row_count;
            sb_batch_slice(out, skipped, out->row_count - skipped);
            self->rows_to_skip -= skipped;
        }
        if (out->row_count > 0) {
            *state = SB_SPLIT_BATCH;
            return SB_OK;
        }
        sb_batch_deinit(out);
    }
    return SB_OK;
}

static enum sb_status text_split_skip(struct sb_split *split, int64_t row_count,
                                      struct sb_error *err)
{
    (void)err;
    ((struct text_split *)split)->rows_to_skip += row_count;
    return SB_OK;
}

static const struct sb_split_vtable text_split_vtable = {
    .name = "text",
    .next = text_split_next,
    .skip = text_split_skip,
    .destroy = text_split_destroy,
};

/* A copy of `count` texts, of which some may be NULL; NULL when out of memory. */
static const char *const *copy_texts(struct sb_arena *arena, const char *const *texts,
                                     int32_t count)
{
    const char **copies = sb_arena_alloc(arena, sizeof *copies * (size_t)(count + 1));

    for (int32_t i = 0; copies != NULL && i < count; i++) {
        copies[i] = texts[i] == NULL ? NULL : sb_arena_format(arena, "%s", texts[i]);
        if (texts[i] != NULL && copies[i] == NULL) {
            return NULL;
        }
    }
    return copies;
}

static enum sb_status text_split_copy_options(struct text_split *self,
                                              const struct sb_text_options *options,
                                              struct sb_error *err)
{
    struct sb_text_options *copy = &self->options;

    *copy = *options;
    copy->file = sb_arena_format(&self->arena, "%s", options->file == NULL ? "" : options->file);
    copy->file_columns =
        copy_texts(&self->arena, options->file_columns, options->file_column_count);
    copy->null_values = copy_texts(&self->arena, options->null_values, options->null_value_count);
    copy->constant_columns =
        copy_texts(&self->arena, options->constant_columns, options->constant_count);
    copy->constant_values =
        copy_texts(&self->arena, options->constant_values, options->constant_count);
    self->window.input.path = self->window.input.path == NULL
                                  ? NULL
                                  : sb_arena_format(&self->arena, "%s", self->window.input.path);
    if (copy->file == NULL || copy->file_columns == NULL || copy->null_values == NULL ||
        copy->constant_columns == NULL || copy->constant_values == NULL) {
        return sb_error_no_memory(err, "options", 0);
    }
    return SB_OK;
}

static enum sb_status check_options(const struct sb_text_options *options,
                                    const struct sb_schema *schema, struct sb_error *err)
{
    char type[SB_TYPE_NAME_SIZE];

    if (options->format == SB_TEXT_CSV &&
        (options->delimiter == 0 || options->delimiter == '\n' || options->delimiter == '\r' ||
         options->delimiter == options->quote || options->quote == '\n' ||
         options->quote == '\r')) {
        return sb_error_set(err, SB_INVALID,
                            "delimiter and quote must be two different bytes that end no line");
    }
    for (int32_t i = 0; i < schema->field_count; i++) {
        if (!sb_text_type_is_read(options->format, &schema->fields[i].type)) {
            return sb_error_set(err, SB_UNSUPPORTED,
                                "column '%s' is %s, which has no form in %s; declare it as utf8",
                                schema->fields[i].name,
                                sb_type_name(&schema->fields[i].type, type, sizeof type),
                                options->format == SB_TEXT_CSV ? "CSV" : "JSON");
        }
    }
    return SB_OK;
}

static void set_constants(struct text_split *self)
{
    for (int32_t i = 0; i < self->options.constant_count; i++) {
        const int32_t place = sb_schema_index(self->base.schema, self->options.constant_columns[i]);

        if (place >= 0) {
            self->rows.columns[place].constant = self->options.constant_values[i];
        }
    }
}

enum sb_status sb_text_split_create(struct sb_memory *memory, struct sb_schema *schema,
                                    const struct sb_text_options *options,
                                    const struct sb_text_input *input, struct sb_split **out,
                                    struct sb_error *err)
{
    struct text_split *self = sb_memory_alloc_zeroed(memory, sizeof *self);
    enum sb_status status;

    *out = NULL;
    if (self == NULL) {
        if (input->release != NULL) {
            input->release(input->context);
        }
        return sb_error_no_memory(err, "a split", (int64_t)sizeof *self);
    }
    self->base.vtable = &text_split_vtable;
    self->base.memory = memory;
    self->base.schema = sb_schema_retain(schema);
    self->is_window_new = true;
    sb_arena_init(&self->arena, memory);
    SB_TRY_OUT(sb_text_window_init(&self->window, memory, input, err));
    SB_TRY_OUT(check_options(options, schema, err));
    SB_TRY_OUT(text_split_copy_options(self, options, err));
    SB_TRY_OUT(sb_text_rows_init(&self->rows, memory, schema, err));
    set_constants(self);
    SB_TRY_OUT(options->format == SB_TEXT_CSV
                   ? sb_csv_reader_create(memory, &self->options, &self->rows, &self->reader, err)
                   : sb_json_reader_create(memory, &self->rows, &self->reader, err));
    *out = &self->base;
    return SB_OK;

out:
    text_split_destroy(&self->base);
    return status;
}
