// SPDX-License-Identifier: Apache-2.0
/*
 * json_text.h - the pieces of a line of JSON: strings, numbers, words, and what is passed over.
 *
 * Every function takes where it begins and where the line ends, and returns where it has come to;
 * or NULL with `why` when the text is no JSON. Behind the line's end at least 8 bytes are readable,
 * of which the first is a line feed or zero.
 */
#ifndef SABOT_CONNECT_JSON_TEXT_H
#define SABOT_CONNECT_JSON_TEXT_H

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* Objects and arrays within each other that are passed over or stay text; more are malformed. */
enum { SB_JSON_DEPTH_MAX = 1000 };

/* A key or value; `text` of a string is without its quotes. */
struct sb_json_token {
    const uint8_t *text;
    int64_t size;
    bool is_string;
    bool has_escape;
    bool is_null;
};

/* Where strings are written without their escapes; zeroed but for `memory` it is empty. */
struct sb_json_unescaper {
    struct sb_memory *memory;
    uint8_t *bytes;
    int64_t capacity;
};

/*
 * Replaces a token with escapes, or in base64, by its bytes, which stay until the next call. False
 * with `why`, or with `err` set when there is no memory.
 */
SB_MUST_CHECK bool sb_json_unescape(struct sb_json_unescaper *unescaper,
                                    struct sb_json_token *token, bool is_base64, const char **why,
                                    struct sb_error *err);
void sb_json_unescaper_deinit(struct sb_json_unescaper *unescaper);

/* Behind an object or array, whose insides are not looked at but for strings and brackets. */
const uint8_t *sb_json_skip_nested(const uint8_t *at, const uint8_t *end, const char **why);

bool sb_json_is_number(const uint8_t *text, int64_t size);

static inline const uint8_t *sb_json_skip_blanks(const uint8_t *at, const uint8_t *end)
{
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r')) {
        at++;
    }
    return at;
}

/* Whether any byte of the word is `byte`, repeated in `bytes`. */
static inline uint64_t sb_json_word_has(uint64_t word, uint64_t bytes)
{
    const uint64_t differs = word ^ bytes;

    return (differs - UINT64_C(0x0101010101010101)) & ~differs & UINT64_C(0x8080808080808080);
}

/* Behind the closing quote of the string whose opening one is before `at`. No `why`. */
static inline const uint8_t *sb_json_read_string(const uint8_t *at, const uint8_t *end,
                                                 struct sb_json_token *out)
{
    *out = (struct sb_json_token){.text = at, .is_string = true};
    while (at < end) {
        uint64_t word;

        if (end - at >= 8) {
            memcpy(&word, at, sizeof word);
            if ((sb_json_word_has(word, UINT64_C(0x2222222222222222)) |
                 sb_json_word_has(word, UINT64_C(0x5c5c5c5c5c5c5c5c))) == 0) {
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

/* A number or a word. No `why`. */
static inline const uint8_t *sb_json_read_plain(const uint8_t *at, const uint8_t *end,
                                                struct sb_json_token *out)
{
    out->text = at;
    while (at < end && *at != ',' && *at != '}' && *at != ']' && *at != ' ' && *at != '\t' &&
           *at != '\r') {
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
    return sb_json_is_number(out->text, out->size) ? at : NULL;
}

/* Any value; an object or array is a token of its text. */
static inline const uint8_t *sb_json_read_value(const uint8_t *at, const uint8_t *end,
                                                struct sb_json_token *out, const char **why)
{
    *out = (struct sb_json_token){.text = at};
    if (at < end && (*at == '{' || *at == '[')) {
        at = sb_json_skip_nested(at, end, why);
        out->size = at == NULL ? 0 : at - out->text;
        return at;
    }
    at = at == end    ? NULL
         : *at == '"' ? sb_json_read_string(at + 1, end, out)
                      : sb_json_read_plain(at, end, out);
    if (at == NULL) {
        *why = "a value is no JSON";
    }
    return at;
}

/* `"key" :` and blanks around: at the value. */
static inline const uint8_t *sb_json_read_key(const uint8_t *at, const uint8_t *end,
                                              struct sb_json_token *out, const char **why)
{
    at = sb_json_skip_blanks(at, end);
    if (at == end || *at != '"' || (at = sb_json_read_string(at + 1, end, out)) == NULL) {
        *why = "a key in quotes is missing";
        return NULL;
    }
    at = sb_json_skip_blanks(at, end);
    if (at == end || *at != ':') {
        *why = "a colon is missing behind a key";
        return NULL;
    }
    return sb_json_skip_blanks(at + 1, end);
}

/* Behind a comma, `*is_last` false; or behind `closer`, true. */
static inline const uint8_t *sb_json_read_separator(const uint8_t *at, const uint8_t *end,
                                                    char closer, bool *is_last, const char **why)
{
    at = sb_json_skip_blanks(at, end);
    *is_last = at < end && *at == closer;
    if (*is_last || (at < end && *at == ',')) {
        return at + 1;
    }
    *why = closer == '}' ? "a comma or the closing brace is missing"
                         : "a comma or the closing bracket is missing";
    return NULL;
}

#endif
