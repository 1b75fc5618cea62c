// SPDX-License-Identifier: Apache-2.0
#include "connect/json_text.h"

enum { UNESCAPED_FIRST = 256 };

const uint8_t *sb_json_skip_nested(const uint8_t *at, const uint8_t *end, const char **why)
{
    uint8_t closers[SB_JSON_DEPTH_MAX];
    int32_t depth = 0;
    struct sb_json_token string;

    *why = "a value is no JSON"; // taken back when it ends as it should
    while (at != NULL && at < end) {
        const uint8_t byte = *at++;

        if (byte == '"') {
            at = sb_json_read_string(at, end, &string);
        } else if (byte == '{' || byte == '[') {
            if (depth == SB_JSON_DEPTH_MAX) {
                *why = "a value has more than 1000 objects and arrays within each other";
                return NULL;
            }
            closers[depth++] = byte == '{' ? '}' : ']';
        } else if (byte == '}' || byte == ']') {
            if (byte != closers[--depth]) {
                return NULL;
            }
            if (depth == 0) {
                *why = NULL;
                return at;
            }
        }
    }
    return NULL;
}

bool sb_json_is_number(const uint8_t *text, int64_t size)
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
static bool unescape(const struct sb_json_token *token, uint8_t *to, int64_t *size)
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

static bool unescaper_reserve(struct sb_json_unescaper *self, int64_t size, struct sb_error *err)
{
    const int64_t capacity = size * 2 + UNESCAPED_FIRST;

    if (self->bytes != NULL && size <= self->capacity) {
        return true;
    }
    sb_json_unescaper_deinit(self);
    self->bytes = sb_memory_alloc(self->memory, (size_t)capacity);
    if (self->bytes == NULL) {
        (void)sb_error_no_memory(err, "a string with escapes", capacity);
        return false;
    }
    self->capacity = capacity;
    return true;
}

void sb_json_unescaper_deinit(struct sb_json_unescaper *unescaper)
{
    sb_memory_free(unescaper->memory, unescaper->bytes, (size_t)unescaper->capacity);
    unescaper->bytes = NULL;
    unescaper->capacity = 0;
}

bool sb_json_unescape(struct sb_json_unescaper *unescaper, struct sb_json_token *token,
                      bool is_base64, const char **why, struct sb_error *err)
{
    if (!unescaper_reserve(unescaper, token->size, err)) {
        return false;
    }
    if (token->has_escape) {
        if (!unescape(token, unescaper->bytes, &token->size)) {
            *why = "a string has a wrong escape";
            return false;
        }
    } else {
        memcpy(unescaper->bytes, token->text, (size_t)token->size);
    }
    if (is_base64 && !decode_base64(unescaper->bytes, &token->size)) {
        *why = "a binary value is no base64";
        return false;
    }
    token->text = unescaper->bytes;
    token->has_escape = false;
    return true;
}
