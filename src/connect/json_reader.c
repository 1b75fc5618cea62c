// SPDX-License-Identifier: Apache-2.0
/*
 * json_reader.c - rows of newline-delimited JSON: one object a line.
 *
 * A line ends at a line feed whatever stands in it, for JSON has none inside strings; so a
 * malformed row never reaches into the next. Keys mostly come in the order of the row before, which
 * is what is tried first.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "connect/text_reader.h"
#include "connect/text_value.h"

enum {
    KEY_GUESSES = 256,
    DEPTH_MAX = 1000,
    UNESCAPED_FIRST = 256,
};

struct json_name {
    const char *name;
    int64_t size;
    struct sb_text_column *column;
};

struct json_reader {
    struct sb_text_reader base;
    int32_t name_capacity;
    int32_t name_count;
    struct json_name *names;
    int32_t slot_count; // a power of two
    int32_t *slots;     // by key_slot(): index of a name, or -1
    // By place in the row: the name of the row before; -1 = one that is not wanted.
    int32_t guesses[KEY_GUESSES];
    uint8_t *unescaped;
    int64_t unescaped_capacity;
};

/* A piece of a line; `text` of a string is without its quotes. */
struct json_token {
    const uint8_t *text;
    int64_t size;
    bool is_string;
    bool has_escape;
    bool is_null;
};

static void json_reader_destroy(struct sb_text_reader *reader)
{
    struct json_reader *self = (struct json_reader *)reader;
    struct sb_memory *memory = reader->memory;

    sb_memory_free(memory, self->names, sizeof *self->names * (size_t)self->name_capacity);
    sb_memory_free(memory, self->slots, sizeof *self->slots * (size_t)self->slot_count);
    sb_memory_free(memory, self->unescaped, (size_t)self->unescaped_capacity);
    sb_memory_free(memory, self, sizeof *self);
}

static uint32_t key_slot(const uint8_t *key, int64_t size)
{
    uint32_t hash = (uint32_t)size;

    for (int64_t i = 0; i < size; i++) {
        hash = hash * 31 + key[i];
    }
    return hash ^ hash >> 15;
}

/* -1: no column that is wanted. */
static int32_t key_find(const struct json_reader *self, const uint8_t *key, int64_t size)
{
    const uint32_t last = (uint32_t)self->slot_count - 1;

    for (uint32_t slot = key_slot(key, size) & last;; slot = (slot + 1) & last) {
        const int32_t index = self->slots[slot];
        if (index < 0 || (self->names[index].size == size &&
                          memcmp(self->names[index].name, key, (size_t)size) == 0)) {
            return index;
        }
    }
}

static struct sb_text_column *key_column(struct json_reader *self, const struct json_token *key,
                                         int32_t place)
{
    const int32_t guess = place < KEY_GUESSES ? self->guesses[place] : -1;
    int32_t index;

    if (guess >= 0 && self->names[guess].size == key->size &&
        memcmp(self->names[guess].name, key->text, (size_t)key->size) == 0) {
        return self->names[guess].column;
    }
    index = key_find(self, key->text, key->size);
    if (place < KEY_GUESSES) {
        self->guesses[place] = index;
    }
    return index < 0 ? NULL : self->names[index].column;
}

static const uint8_t *skip_blanks(const uint8_t *at, const uint8_t *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r')) {
        at++;
    }
    return at;
}

/* Whether any byte of the word is `byte`, repeated in `bytes`. */
static inline uint64_t word_has(uint64_t word, uint64_t bytes)
{
    const uint64_t differs = word ^ bytes;

    return (differs - UINT64_C(0x0101010101010101)) & ~differs & UINT64_C(0x8080808080808080);
}

/* Behind the closing quote of the string that begins at `at`, behind the opening one; or NULL. */
static const uint8_t *read_string(const uint8_t *at, const uint8_t *end, struct json_token *out)
{
    *out = (struct json_token){.text = at, .is_string = true};
    while (at < end) {
        uint64_t word;

        if (end - at >= 8) {
            memcpy(&word, at, sizeof word);
            if ((word_has(word, UINT64_C(0x2222222222222222)) |
                 word_has(word, UINT64_C(0x5c5c5c5c5c5c5c5c))) == 0) {
                at += 8;
                continue;
            }
        }
        while (*at != '"' && *at != '\\' && at < end) {
            at++;
        }
        if (at == end) {
            return NULL;
        }
        if (*at == '"') {
            out->size = at - out->text;
            return at + 1;
        }
        out->has_escape = true;
        at += 2;
    }
    return NULL;
}

/* Behind an object or array, whose insides are not looked at but for strings; or NULL. */
static const uint8_t *skip_nested(const uint8_t *at, const uint8_t *end)
{
    uint8_t closers[DEPTH_MAX];
    int32_t depth = 0;
    struct json_token string;

    for (; at < end; at++) {
        switch (*at) {
        case '"':
            at = read_string(at + 1, end, &string);
            if (at == NULL) {
                return NULL;
            }
            at--;
            break;
        case '{':
        case '[':
            if (depth == DEPTH_MAX) {
                return NULL;
            }
            closers[depth++] = *at == '{' ? '}' : ']';
            break;
        case '}':
        case ']':
            if (*at != closers[--depth]) {
                return NULL;
            }
            if (depth == 0) {
                return at + 1;
            }
            break;
        default:
            break;
        }
    }
    return NULL;
}

static bool is_number(const uint8_t *text, int64_t size)
{
    const uint8_t *at = text + (size > 0 && *text == '-');
    const uint8_t *end = text + size;
    const uint8_t *digits = at;

    while (at < end && (uint8_t)(*at - '0') <= 9) {
        at++;
    }
    if (at == digits || (*digits == '0' && at - digits > 1)) {
        return false;
    }
    if (at < end && *at == '.') {
        digits = ++at;
        while (at < end && (uint8_t)(*at - '0') <= 9) {
            at++;
        }
        if (at == digits) {
            return false;
        }
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '-' || *at == '+');
        digits = at;
        while (at < end && (uint8_t)(*at - '0') <= 9) {
            at++;
        }
        if (at == digits) {
            return false;
        }
    }
    return at == end;
}

/* A number or a word; or NULL. */
static const uint8_t *read_plain(const uint8_t *at, const uint8_t *end, struct json_token *out)
{
    out->text = at;
    while (at < end && *at != ',' && *at != '}' && *at != ' ' && *at != '\t' && *at != '\r') {
        at++;
    }
    out->size = at - out->text;
    if (out->size == 4 && memcmp(out->text, "null", 4) == 0) {
        out->is_null = true;
        return at;
    }
    if ((out->size == 4 && memcmp(out->text, "true", 4) == 0) ||
        (out->size == 5 && memcmp(out->text, "false", 5) == 0)) {
        return at;
    }
    return is_number(out->text, out->size) ? at : NULL;
}

static const uint8_t *read_value(const uint8_t *at, const uint8_t *end, struct json_token *out)
{
    *out = (struct json_token){.text = at};
    if (at == end) {
        return NULL;
    }
    if (*at == '"') {
        return read_string(at + 1, end, out);
    }
    if (*at == '{' || *at == '[') {
        at = skip_nested(at, end);
        out->size = at == NULL ? 0 : at - out->text;
        return at;
    }
    return read_plain(at, end, out);
}

static int32_t hex_digit(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* The code unit of four digits, or -1. */
static int32_t hex_unit(const uint8_t *at, const uint8_t *end)
{
    int32_t unit = 0;

    if (end - at < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        const int32_t digit = hex_digit(at[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit * 16 + digit;
    }
    return unit;
}

static uint8_t *write_code_point(uint8_t *to, int32_t code)
{
    if (code < 0x80) {
        *to++ = (uint8_t)code;
    } else if (code < 0x800) {
        *to++ = (uint8_t)(0xc0 | code >> 6);
        *to++ = (uint8_t)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (uint8_t)(0xe0 | code >> 12);
        *to++ = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        *to++ = (uint8_t)(0x80 | (code & 0x3f));
    } else {
        *to++ = (uint8_t)(0xf0 | code >> 18);
        *to++ = (uint8_t)(0x80 | (code >> 12 & 0x3f));
        *to++ = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        *to++ = (uint8_t)(0x80 | (code & 0x3f));
    }
    return to;
}

/* Reads \uXXXX, of a pair both; `at` is behind the u. NULL: wrong digits, or half a pair. */
static const uint8_t *read_code_point(const uint8_t *at, const uint8_t *end, int32_t *code)
{
    int32_t low;

    *code = hex_unit(at, end);
    at += 4;
    if (*code < 0 || (*code >= 0xdc00 && *code < 0xe000)) {
        return NULL;
    }
    if (*code < 0xd800 || *code >= 0xe000) {
        return at;
    }
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u') {
        return NULL;
    }
    low = hex_unit(at + 2, end);
    if (low < 0xdc00 || low >= 0xe000) {
        return NULL;
    }
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return at + 6;
}

/* Writes the string without escapes; false when one is wrong. */
static bool unescape(const struct json_token *token, uint8_t *to, int64_t *size)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    const uint8_t *at = token->text;
    const uint8_t *end = at + token->size;
    uint8_t *next = to;

    while (at < end) {
        const char *name;
        int32_t code;

        if (*at != '\\') {
            *next++ = *at++;
            continue;
        }
        if (at + 1 == end) {
            return false;
        }
        if (at[1] == 'u') {
            at = read_code_point(at + 2, end, &code);
            if (at == NULL) {
                return false;
            }
            next = write_code_point(next, code);
            continue;
        }
        name = at[1] == 0 ? NULL : strchr(names, at[1]);
        if (name == NULL) {
            return false;
        }
        *next++ = (uint8_t)values[name - names];
        at += 2;
    }
    *size = next - to;
    return true;
}

/* Bytes from base64 in place, which is shorter; false when it is none. */
static bool decode_base64(uint8_t *text, int64_t *size)
{
    uint32_t bits = 0;
    int32_t bit_count = 0;
    int64_t used = 0;
    int64_t length = *size;

    while (length > 0 && text[length - 1] == '=' && *size - length < 2) {
        length--;
    }
    if (*size % 4 != 0) {
        return false;
    }
    for (int64_t i = 0; i < length; i++) {
        const uint8_t c = text[i];
        const int32_t value = c >= 'A' && c <= 'Z'   ? c - 'A'
                              : c >= 'a' && c <= 'z' ? c - 'a' + 26
                              : c >= '0' && c <= '9' ? c - '0' + 52
                              : c == '+'             ? 62
                              : c == '/'             ? 63
                                                     : -1;
        if (value < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)value;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            text[used++] = (uint8_t)(bits >> bit_count);
        }
    }
    *size = used;
    return true;
}

static bool unescaped_reserve(struct json_reader *self, int64_t size)
{
    const int64_t capacity = size * 2 + UNESCAPED_FIRST;

    if (size <= self->unescaped_capacity) {
        return true;
    }
    sb_memory_free(self->base.memory, self->unescaped, (size_t)self->unescaped_capacity);
    self->unescaped_capacity = 0;
    self->unescaped = sb_memory_alloc(self->base.memory, (size_t)capacity);
    if (self->unescaped == NULL) {
        return false;
    }
    self->unescaped_capacity = capacity;
    return true;
}

/* Replaces a token with escapes by one without; false with `why`, or out of memory. */
static bool token_decode(struct json_reader *self, struct sb_text_rows *rows,
                         struct json_token *token, bool is_base64, const char **why)
{
    if (!unescaped_reserve(self, token->size)) {
        rows->is_out_of_memory = true;
        return false;
    }
    if (token->has_escape) {
        if (!unescape(token, self->unescaped, &token->size)) {
            *why = "a string has a wrong escape";
            return false;
        }
    } else {
        memcpy(self->unescaped, token->text, (size_t)token->size);
    }
    if (is_base64 && !decode_base64(self->unescaped, &token->size)) {
        *why = "a binary value is no base64";
        return false;
    }
    token->text = self->unescaped;
    token->has_escape = false;
    return true;
}

/* False with `why`, with the reason already written, or out of memory. */
static bool value_take(struct json_reader *self, struct sb_text_rows *rows,
                       struct sb_text_column *column, struct json_token *token, const char **why)
{
    if (column->seen_row == rows->number) {
        *why = "a key appears twice";
        return false;
    }
    if (token->is_null) {
        return sb_text_rows_set_null(rows, column);
    }
    if ((token->has_escape || column->is_binary) &&
        !token_decode(self, rows, token, column->is_binary, why)) {
        return false;
    }
    if (!sb_text_rows_set(rows, column, token->text, token->size)) {
        sb_text_bad_value(&self->base.bad, column, token->text, token->size);
        return false;
    }
    return true;
}

/* Reads `"key": value` pairs until the object ends. NULL: malformed, with `why` or the reason. */
static const uint8_t *members_read(struct json_reader *self, const uint8_t *at, const uint8_t *end,
                                   struct sb_text_rows *rows, int32_t *seen, const char **why)
{
    struct json_token token;
    struct sb_text_column *column;

    for (int32_t place = 0;; place++) {
        at = skip_blanks(at, end);
        if (at == end || *at != '"' || (at = read_string(at + 1, end, &token)) == NULL) {
            *why = "a key in quotes is missing";
            return NULL;
        }
        if (token.has_escape && !token_decode(self, rows, &token, false, why)) {
            return NULL;
        }
        column = key_column(self, &token, place);
        at = skip_blanks(at, end);
        if (at == end || *at != ':') {
            *why = "a colon is missing behind a key";
            return NULL;
        }
        at = read_value(skip_blanks(at + 1, end), end, &token);
        if (at == NULL) {
            *why = "a value is no JSON";
            return NULL;
        }
        if (column != NULL) {
            if (!value_take(self, rows, column, &token, why)) {
                return NULL;
            }
            (*seen)++;
        }
        at = skip_blanks(at, end);
        if (at < end && *at == ',') {
            at++;
        } else if (at < end && *at == '}') {
            return at + 1;
        } else {
            *why = "a comma or the closing brace is missing";
            return NULL;
        }
    }
}

/* False: malformed, with the reason written, or out of memory. */
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
        const uint8_t *first = skip_blanks(at + 1, end);
        at = first < end && *first == '}' ? first + 1
                                          : members_read(self, first, end, rows, &seen, &why);
    }
    if (at != NULL && skip_blanks(at, end) != end) {
        why = "there is text behind the object";
        at = NULL;
    }
    if (why != NULL) {
        snprintf(self->base.bad.reason, sizeof self->base.bad.reason, "%s", why);
    }
    if (at == NULL) {
        return false;
    }
    for (int32_t i = 0; i < self->name_count && seen < self->name_count; i++) {
        if (self->names[i].column->seen_row != rows->number) {
            seen++;
            if (!sb_text_rows_set_null(rows, self->names[i].column)) {
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
        at = skip_blanks(begin, end);
        if (at == end) {
            continue; // an empty line
        }
        if (line_read(self, at, end, rows)) {
            sb_text_rows_commit(rows);
            continue;
        }
        if (rows->is_out_of_memory) {
            return SB_TEXT_NO_MEMORY;
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
static void json_reader_match(struct json_reader *self, struct sb_text_rows *rows)
{
    for (int32_t i = 0; i < rows->schema->field_count; i++) {
        struct sb_text_column *column = &rows->columns[i];
        struct json_name *name = &self->names[self->name_count];
        uint32_t slot;

        if (column->constant != NULL) {
            continue;
        }
        column->is_wanted = true;
        *name = (struct json_name){
            .name = column->field->name,
            .size = (int64_t)strlen(column->field->name),
            .column = column,
        };
        slot = key_slot((const uint8_t *)name->name, name->size);
        while (self->slots[slot & ((uint32_t)self->slot_count - 1)] >= 0) {
            slot++;
        }
        self->slots[slot & ((uint32_t)self->slot_count - 1)] = self->name_count++;
    }
}

enum sb_status sb_json_reader_create(struct sb_memory *memory, struct sb_text_rows *rows,
                                     struct sb_text_reader **out, struct sb_error *err)
{
    const int32_t count = rows->schema->field_count;
    struct json_reader *self = sb_memory_alloc_zeroed(memory, sizeof *self);

    *out = NULL;
    if (self == NULL) {
        return sb_error_no_memory(err, "a JSON reader", (int64_t)sizeof *self);
    }
    self->base = (struct sb_text_reader){.vtable = &json_reader_vtable, .memory = memory};
    self->name_capacity = count + 1;
    self->names = sb_memory_alloc_zeroed(memory, sizeof *self->names * (size_t)self->name_capacity);
    self->slot_count = 16;
    while (self->slot_count < count * 2) {
        self->slot_count *= 2;
    }
    self->slots = sb_memory_alloc(memory, sizeof *self->slots * (size_t)self->slot_count);
    if (self->names == NULL || self->slots == NULL) {
        json_reader_destroy(&self->base);
        return sb_error_no_memory(err, "a JSON reader", count);
    }
    memset(self->slots, 0xff, sizeof *self->slots * (size_t)self->slot_count);
    memset(self->guesses, 0xff, sizeof self->guesses);
    json_reader_match(self, rows);
    *out = &self->base;
    return SB_OK;
}
