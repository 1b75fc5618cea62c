// SPDX-License-Identifier: Apache-2.0
/*
 * json_reader.c - rows of newline-delimited JSON: one object a line.
 *
 * A line ends at a line feed whatever stands in it, for JSON has none inside strings; so a
 * malformed row never reaches into the next. Values of flat columns are written where they stand,
 * nested ones go to a builder (json_nested.c).
 */
#include <inttypes.h>
#include <stdio.h>

#include "connect/json_keys.h"
#include "connect/json_nested.h"
#include "connect/text_reader.h"

/* What a key is read into. */
struct json_target {
    struct sb_text_column *column;
    struct sb_json_nested *nested; // of nested types; else NULL
};

struct json_reader {
    struct sb_text_reader base;
    struct sb_json_keys keys;
    int32_t target_capacity;
    struct json_target *targets; // by key
    struct sb_json_unescaper unescaper;
};

static void json_reader_destroy(struct sb_text_reader *reader)
{
    struct json_reader *self = (struct json_reader *)reader;
    struct sb_memory *memory = reader->memory;

    for (int32_t i = 0; i < self->keys.count; i++) {
        sb_json_nested_destroy(self->targets[i].nested);
    }
    sb_memory_free(memory, self->targets, sizeof *self->targets * (size_t)self->target_capacity);
    sb_json_keys_deinit(&self->keys);
    sb_json_unescaper_deinit(&self->unescaper);
    sb_memory_free(memory, self, sizeof *self);
}

/* False with `why`, with the reason already written, or out of memory. */
static bool value_take(struct json_reader *self, struct sb_text_rows *rows,
                       struct sb_text_column *column, struct sb_json_token *token, const char **why)
{
    if (token->is_null) {
        return sb_text_rows_set_null(rows, column);
    }
    if ((token->has_escape || column->leaf.is_binary) &&
        !sb_json_unescape(&self->unescaper, token, column->leaf.is_binary, why, &rows->failure)) {
        return false;
    }
    if (!sb_text_rows_set(rows, column, token->text, token->size)) {
        sb_text_bad_value(&self->base.bad, column->field->name, column->leaf.type, token->text,
                          token->size);
        return false;
    }
    return true;
}

/* Behind the value; NULL: malformed, with `why` or the reason, or failed. */
static const uint8_t *nested_take(struct json_reader *self, const struct json_target *target,
                                  const uint8_t *at, const uint8_t *end, struct sb_text_rows *rows)
{
    struct sb_builder *builder = sb_text_rows_builder(rows, target->column);
    struct sb_json_trouble trouble = {.err = &rows->failure};
    const uint8_t *next =
        sb_json_nested_read(target->nested, &self->unescaper, builder, at, end, &trouble);

    if (next == NULL) {
        sb_json_trouble_tell(&trouble, target->column->field->name, &self->base.bad);
        sb_text_rows_unbuild(rows, target->column);
        return NULL;
    }
    sb_text_rows_built(rows, target->column, next - at);
    return next;
}

/* Behind the value of a key; NULL as above. */
static const uint8_t *member_read(struct json_reader *self, const struct sb_json_token *key,
                                  int32_t place, const uint8_t *at, const uint8_t *end,
                                  struct sb_text_rows *rows, int32_t *seen, const char **why)
{
    const int32_t index = sb_json_keys_find(&self->keys, key->text, key->size, place);
    struct sb_json_token token;
    struct sb_text_column *column;

    if (index < 0) {
        return sb_json_read_value(at, end, &token, why);
    }
    (*seen)++;
    column = self->targets[index].column;
    if (column->seen_row == rows->number) {
        *why = "a key appears twice";
        return NULL;
    }
    if (self->targets[index].nested != NULL) {
        return nested_take(self, &self->targets[index], at, end, rows);
    }
    at = sb_json_read_value(at, end, &token, why);
    return at != NULL && value_take(self, rows, column, &token, why) ? at : NULL;
}

/* Reads `"key": value` pairs until the object ends. NULL: malformed, with `why` or the reason. */
static const uint8_t *members_read(struct json_reader *self, const uint8_t *at, const uint8_t *end,
                                   struct sb_text_rows *rows, int32_t *seen, const char **why)
{
    struct sb_json_token key;
    bool is_last = false;

    for (int32_t place = 0; at != NULL && !is_last; place++) {
        at = sb_json_read_key(at, end, &key, why);
        if (at == NULL || (key.has_escape &&
                           !sb_json_unescape(&self->unescaper, &key, false, why, &rows->failure))) {
            return NULL;
        }
        at = member_read(self, &key, place, at, end, rows, seen, why);
        if (at != NULL) {
            at = sb_json_read_separator(at, end, '}', &is_last, why);
        }
    }
    return at;
}

/* False: malformed, with the reason written; or failed. */
static bool line_read(struct json_reader *self, const uint8_t *at, const uint8_t *end,
                      struct sb_text_rows *rows)
{
    const char *why = NULL;
    int32_t seen = 0;

    self->base.bad.reason[0] = '\0';
    if (*at != '{') {
        why = "it is no JSON object";
        at = NULL;
    } else {
        const uint8_t *first = sb_json_skip_blanks(at + 1, end);
        at = first < end && *first == '}' ? first + 1
                                          : members_read(self, first, end, rows, &seen, &why);
    }
    if (at != NULL && sb_json_skip_blanks(at, end) != end) {
        why = "there is text behind the object";
        at = NULL;
    }
    if (why != NULL) {
        snprintf(self->base.bad.reason, sizeof self->base.bad.reason, "%s", why);
    }
    if (at == NULL) {
        return false;
    }
    for (int32_t i = 0; i < self->keys.count && seen < self->keys.count; i++) {
        if (self->targets[i].column->seen_row != rows->number) {
            seen++;
            if (!sb_text_rows_set_null(rows, self->targets[i].column)) {
                return false;
            }
        }
    }
    return true;
}

static enum sb_text_outcome json_reader_read(struct sb_text_reader *reader,
                                             struct sb_text_window *window,
                                             struct sb_text_rows *rows, bool is_new)
{
    struct json_reader *self = (struct json_reader *)reader;

    (void)is_new;
    while (rows->count < rows->capacity && !rows->is_full) {
        const uint8_t *begin = window->data + window->at;
        const int64_t left = window->size - window->at;
        const uint8_t *end = left == 0 ? NULL : memchr(begin, '\n', (size_t)left);
        const uint8_t *at;

        if (end == NULL && (!window->is_last || left == 0)) {
            return SB_TEXT_MORE;
        }
        window->at += end == NULL ? left : end + 1 - begin;
        end = end == NULL ? begin + left : end;
        at = sb_json_skip_blanks(begin, end);
        if (at == end) {
            continue; // an empty line
        }
        if (line_read(self, at, end, rows)) {
            sb_text_rows_commit(rows);
            continue;
        }
        if (sb_text_rows_is_failed(rows)) {
            return SB_TEXT_FAILED;
        }
        rows->number++; // what the row has set does not count for the next
        self->base.bad.at = begin - window->data;
        self->base.bad.size = end - begin;
        return SB_TEXT_BAD;
    }
    return SB_TEXT_FULL;
}

static const struct sb_text_reader_vtable json_reader_vtable = {
    .read = json_reader_read,
    .destroy = json_reader_destroy,
};

/* Every column that is not constant may come. */
static enum sb_status json_reader_match(struct json_reader *self, struct sb_text_rows *rows,
                                        struct sb_error *err)
{
    for (int32_t i = 0; i < rows->schema->field_count; i++) {
        struct sb_text_column *column = &rows->columns[i];
        const struct sb_type *type = &column->field->type;
        struct sb_json_nested **nested = &self->targets[self->keys.count].nested;

        if (column->constant != NULL) {
            continue;
        }
        column->is_wanted = true;
        self->targets[self->keys.count].column = column;
        if (sb_type_is_nested(type->id) && !sb_type_is_encoded(type->id)) {
            SB_TRY_RETURN(sb_json_nested_create(self->base.memory, type, nested, err));
        }
        (void)sb_json_keys_add(&self->keys, column->field->name);
    }
    return SB_OK;
}

enum sb_status sb_json_reader_create(struct sb_memory *memory, struct sb_text_rows *rows,
                                     struct sb_text_reader **out, struct sb_error *err)
{
    const int32_t count = rows->schema->field_count;
    struct json_reader *self = sb_memory_alloc_zeroed(memory, sizeof *self);
    enum sb_status status;

    *out = NULL;
    if (self == NULL) {
        return sb_error_no_memory(err, "a JSON reader", (int64_t)sizeof *self);
    }
    self->base = (struct sb_text_reader){.vtable = &json_reader_vtable, .memory = memory};
    self->unescaper.memory = memory;
    self->target_capacity = count + 1;
    self->targets =
        sb_memory_alloc_zeroed(memory, sizeof *self->targets * (size_t)self->target_capacity);
    if (self->targets == NULL) {
        status = sb_error_no_memory(err, "a JSON reader", count);
        goto out;
    }
    SB_TRY_OUT(sb_json_keys_init(&self->keys, memory, count, err));
    SB_TRY_OUT(json_reader_match(self, rows, err));
    *out = &self->base;
    return SB_OK;

out:
    json_reader_destroy(&self->base);
    return status;
}
