// SPDX-License-Identifier: Apache-2.0
/*
 * csv_reader.c - rows of CSV as RFC 4180 has them.
 *
 * The cursor stops at delimiters, line ends and quotes only; everything between is a value. A quote
 * opens a quoted field where a field begins and means nothing elsewhere, so where rows begin does
 * not depend on what is wrong inside them: text_starts.c finds the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "connect/text_cursor.h"
#include "connect/text_reader.h"

enum { UNESCAPED_FIRST = 256 };

struct csv_reader {
    struct sb_text_reader base;
    const struct sb_text_options *options; // of the split
    uint8_t delimiter;
    uint8_t quote; // 0 = none
    uint8_t escape;
    bool is_null_when_empty; // and nothing else is null
    int32_t field_count;
    struct sb_text_column **targets; // by field; NULL = not wanted
    int32_t wanted_end;              // behind the last field that is wanted
    struct sb_text_cursor cursor;
    uint8_t *unescaped; // a quoted value without its escapes
    int64_t unescaped_capacity;
};

enum field_end {
    FIELD_DELIMITER,
    FIELD_LINE,
    FIELD_CUT, // by the end of the window
};

struct csv_field {
    int64_t begin;
    int64_t end;
    int64_t next; // behind the delimiter or line end
    bool is_quoted;
    bool has_escape;
    bool is_broken; // text behind the closing quote, or no closing quote
};

static void csv_reader_destroy(struct sb_text_reader *reader)
{
    struct csv_reader *self = (struct csv_reader *)reader;
    struct sb_memory *memory = reader->memory;

    sb_memory_free(memory, self->targets, sizeof *self->targets * (size_t)(self->field_count + 1));
    sb_memory_free(memory, self->unescaped, (size_t)self->unescaped_capacity);
    sb_memory_free(memory, self, sizeof *self);
}

/* The delimiter or line end at or behind where the cursor stands. */
static enum field_end field_find_end(struct csv_reader *self, const struct sb_text_window *window,
                                     struct csv_field *field)
{
    int64_t at;

    do {
        at = sb_text_cursor_next(&self->cursor);
    } while (at < window->size && window->data[at] != self->delimiter && window->data[at] != '\n');
    field->end = at;
    field->next = at + 1;
    if (at == window->size) {
        return window->is_last ? FIELD_LINE : FIELD_CUT;
    }
    return window->data[at] == '\n' ? FIELD_LINE : FIELD_DELIMITER;
}

/* The closing quote; window->size when there is none. */
static int64_t field_closing_quote(struct csv_reader *self, const struct sb_text_window *window,
                                   struct csv_field *field)
{
    for (;;) {
        const int64_t at = sb_text_cursor_next(&self->cursor);
        const bool has_next = at + 1 < window->size;

        if (at == window->size) {
            return at;
        }
        if (self->escape != self->quote && window->data[at] == self->escape) {
            field->has_escape = true;
            if (has_next &&
                (window->data[at + 1] == self->quote || window->data[at + 1] == self->escape ||
                 window->data[at + 1] == self->delimiter || window->data[at + 1] == '\n')) {
                (void)sb_text_cursor_next(&self->cursor);
            }
        } else if (window->data[at] == self->quote) {
            if (!has_next && !window->is_last) {
                return window->size; // whether it is doubled shows later
            }
            if (self->escape != self->quote || !has_next || window->data[at + 1] != self->quote) {
                return at;
            }
            field->has_escape = true;
            (void)sb_text_cursor_next(&self->cursor);
        }
    }
}

static enum field_end field_read_quoted(struct csv_reader *self,
                                        const struct sb_text_window *window,
                                        struct csv_field *field)
{
    const int64_t begin = sb_text_cursor_next(&self->cursor) + 1;
    const int64_t close = field_closing_quote(self, window, field);
    enum field_end end;

    field->is_quoted = true;
    if (close == window->size) {
        field->is_broken = true;
        field->begin = begin;
        field->end = close;
        field->next = close + 1;
        return window->is_last ? FIELD_LINE : FIELD_CUT;
    }
    end = field_find_end(self, window, field);
    if (end != FIELD_CUT && field->end != close + 1) {
        field->is_broken =
            !(end == FIELD_LINE && field->end == close + 2 && window->data[close + 1] == '\r');
    }
    field->begin = begin;
    field->end = close;
    return end;
}

static inline enum field_end field_read(struct csv_reader *self,
                                        const struct sb_text_window *window, int64_t at,
                                        struct csv_field *field)
{
    enum field_end end;

    field->begin = at;
    field->is_quoted = field->has_escape = field->is_broken = false;
    if (self->quote != 0 && at < window->size && window->data[at] == self->quote) {
        return field_read_quoted(self, window, field);
    }
    end = field_find_end(self, window, field);
    if (end == FIELD_LINE && field->end > at && window->data[field->end - 1] == '\r') {
        field->end--;
    }
    return end;
}

static bool field_is_null(const struct csv_reader *self, const uint8_t *text, int64_t size)
{
    if (self->is_null_when_empty) {
        return size == 0;
    }
    for (int32_t i = 0; i < self->options->null_value_count; i++) {
        const char *null_value = self->options->null_values[i];
        if (strlen(null_value) == (size_t)size && memcmp(null_value, text, (size_t)size) == 0) {
            return true;
        }
    }
    return false;
}

/* The value without escapes; NULL when there is no memory. */
static const uint8_t *field_unescape(struct csv_reader *self, const uint8_t *text, int64_t *size,
                                     struct sb_error *err)
{
    int64_t used = 0;

    if (*size > self->unescaped_capacity) {
        const int64_t capacity = *size * 2 + UNESCAPED_FIRST;
        sb_memory_free(self->base.memory, self->unescaped, (size_t)self->unescaped_capacity);
        self->unescaped_capacity = 0;
        self->unescaped = sb_memory_alloc(self->base.memory, (size_t)capacity);
        if (self->unescaped == NULL) {
            (void)sb_error_no_memory(err, "a quoted value", capacity);
            return NULL;
        }
        self->unescaped_capacity = capacity;
    }
    for (int64_t i = 0; i < *size; i++) {
        i += text[i] == self->escape && i + 1 < *size;
        self->unescaped[used++] = text[i];
    }
    *size = used;
    return self->unescaped;
}

static bool field_take(struct csv_reader *self, const struct sb_text_window *window,
                       struct sb_text_rows *rows, struct sb_text_column *column,
                       const struct csv_field *field)
{
    const uint8_t *text = window->data + field->begin;
    int64_t size = field->end - field->begin;

    if (!field->is_quoted && field_is_null(self, text, size)) {
        return sb_text_rows_set_null(rows, column);
    }
    if (field->is_quoted && size == 0 && !sb_type_is_variable(column->leaf.type->id)) {
        return sb_text_rows_set_null(rows, column);
    }
    if (field->has_escape) {
        text = field_unescape(self, text, &size, &rows->failure);
        if (text == NULL) {
            return false;
        }
    }
    if (!sb_text_rows_set(rows, column, text, size)) {
        sb_text_bad_value(&self->base.bad, column->field->name, column->leaf.type, text, size);
        return false;
    }
    return true;
}

static void bad_field_count(struct csv_reader *self, int32_t count)
{
    snprintf(self->base.bad.reason, sizeof self->base.bad.reason,
             "it has %" PRId32 " field%s, expected %" PRId32, count, count == 1 ? "" : "s",
             self->field_count);
}

/* Reads one row; the outcome SB_TEXT_FULL means that it is committed. */
static enum sb_text_outcome row_read(struct csv_reader *self, struct sb_text_window *window,
                                     struct sb_text_rows *rows)
{
    const int64_t begin = window->at;
    struct csv_field field;
    enum field_end end;
    int32_t index = 0;
    bool is_bad = false;

    field.next = begin;
    do {
        end = field_read(self, window, field.next, &field);
        if (end == FIELD_CUT) {
            return SB_TEXT_MORE;
        }
        if (field.is_broken && !is_bad) {
            is_bad = true;
            snprintf(self->base.bad.reason, sizeof self->base.bad.reason, "field %" PRId32 ": %s",
                     index + 1,
                     field.end == window->size ? "a quote is never closed"
                                               : "there is text behind the closing quote");
        }
        if (index == 0 && end == FIELD_LINE && !field.is_quoted && field.begin == field.end &&
            (self->field_count != 1 || begin == window->size)) {
            window->at = field.next < window->size ? field.next : window->size;
            return begin == window->size ? SB_TEXT_MORE : SB_TEXT_FULL; // an empty line
        }
        if (index < self->wanted_end && self->targets[index] != NULL && !is_bad) {
            is_bad = !field_take(self, window, rows, self->targets[index], &field);
            if (is_bad && sb_text_rows_is_failed(rows)) {
                return SB_TEXT_FAILED;
            }
        }
        index++;
    } while (end != FIELD_LINE);
    window->at = field.next < window->size ? field.next : window->size;
    if (index != self->field_count) {
        bad_field_count(self, index);
        is_bad = true;
    }
    if (is_bad) {
        self->base.bad.at = begin;
        self->base.bad.size = window->at - begin;
        return SB_TEXT_BAD;
    }
    sb_text_rows_commit(rows);
    return SB_TEXT_FULL;
}

static enum sb_text_outcome csv_reader_read(struct sb_text_reader *reader,
                                            struct sb_text_window *window,
                                            struct sb_text_rows *rows, bool is_new)
{
    struct csv_reader *self = (struct csv_reader *)reader;

    if (is_new) {
        sb_text_cursor_start(&self->cursor, window->data, window->size, window->at);
    }
    while (rows->count < rows->capacity && !rows->is_full) {
        const enum sb_text_outcome outcome = row_read(self, window, rows);
        if (outcome != SB_TEXT_FULL) {
            return outcome;
        }
    }
    return SB_TEXT_FULL;
}

static const struct sb_text_reader_vtable csv_reader_vtable = {
    .read = csv_reader_read,
    .destroy = csv_reader_destroy,
};

static void csv_reader_match(struct csv_reader *self, struct sb_text_rows *rows)
{
    for (int32_t i = 0; i < self->field_count; i++) {
        const int32_t place = sb_schema_index(rows->schema, self->options->file_columns[i]);

        if (place >= 0) {
            self->targets[i] = &rows->columns[place];
            rows->columns[place].is_wanted = true;
            self->wanted_end = i + 1;
        }
    }
}

enum sb_status sb_csv_reader_create(struct sb_memory *memory, const struct sb_text_options *options,
                                    struct sb_text_rows *rows, struct sb_text_reader **out,
                                    struct sb_error *err)
{
    struct csv_reader *self = sb_memory_alloc_zeroed(memory, sizeof *self);

    *out = NULL;
    if (self == NULL) {
        return sb_error_no_memory(err, "a CSV reader", (int64_t)sizeof *self);
    }
    self->base = (struct sb_text_reader){.vtable = &csv_reader_vtable, .memory = memory};
    self->options = options;
    self->delimiter = (uint8_t)options->delimiter;
    self->quote = (uint8_t)options->quote;
    self->escape = (uint8_t)(options->escape != 0 ? options->escape : options->quote);
    self->is_null_when_empty = options->null_value_count == 1 && options->null_values[0][0] == '\0';
    self->cursor.bytes[0] = self->delimiter;
    self->cursor.bytes[1] = '\n';
    self->cursor.bytes[2] = self->quote != 0 ? self->quote : '\n';
    self->cursor.bytes[3] = self->quote != 0 ? self->escape : '\n';
    self->field_count = options->file_column_count;
    self->targets = sb_memory_alloc_zeroed(memory, sizeof *self->targets *
                                                       (size_t)(options->file_column_count + 1));
    if (self->targets == NULL) {
        csv_reader_destroy(&self->base);
        return sb_error_no_memory(err, "a CSV reader", options->file_column_count);
    }
    csv_reader_match(self, rows);
    *out = &self->base;
    return SB_OK;
}
