// SPDX-License-Identifier: Apache-2.0
#include "plan/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <sabot/graph.h>

// Before every string that leaves: how much to free. 16 bytes keep the string aligned.
struct text_head {
    size_t capacity;
    size_t reserved;
};

static bool text_reserve(struct sb_text *text, size_t size)
{
    size_t needed = sizeof(struct text_head) + text->size + size + 1;
    size_t capacity = text->capacity == 0 ? 256 : text->capacity;
    char *block;

    if (text->is_failed) {
        return false;
    }
    if (needed <= text->capacity) {
        return true;
    }
    while (capacity < needed) {
        capacity *= 2;
    }
    block = text->block == NULL
                ? sb_memory_alloc(text->memory, capacity)
                : sb_memory_realloc(text->memory, text->block, text->capacity, capacity);
    if (block == NULL) {
        text->is_failed = true;
        return false;
    }
    text->block = block;
    text->capacity = capacity;
    return true;
}

static char *text_end(struct sb_text *text)
{
    return text->block + sizeof(struct text_head) + text->size;
}

void sb_text_append(struct sb_text *text, const char *bytes, size_t size)
{
    if (size > 0 && text_reserve(text, size)) {
        memcpy(text_end(text), bytes, size);
        text->size += size;
    }
}

void sb_text_format(struct sb_text *text, const char *format, ...)
{
    va_list args;
    va_list again;
    int size;

    va_start(args, format);
    va_copy(again, args);
    size = vsnprintf(NULL, 0, format, args);
    sb_assert(size >= 0);
    if (text_reserve(text, (size_t)size)) {
        vsnprintf(text_end(text), (size_t)size + 1, format, again);
        text->size += (size_t)size;
    }
    va_end(again);
    va_end(args);
}

void sb_text_append_inline(struct sb_text *text, const char *words, size_t size)
{
    size_t cut = sb_text_cut(words, size);
    size_t start = text->size;
    char *added;

    sb_text_append(text, words, cut);
    if (text->is_failed || cut == 0) {
        return;
    }
    added = text_end(text) - (text->size - start);
    for (size_t i = 0; i < cut; i++) {
        if ((unsigned char)added[i] < ' ' || added[i] == 0x7f) {
            added[i] = ' ';
        }
    }
    if (words[cut] != '\0') {
        sb_text_format(text, "…");
    }
}

static int text_take_json(const char *bytes, size_t size, void *context)
{
    struct sb_text *text = context;

    sb_text_append(text, bytes, size);
    return text->is_failed ? -1 : 0;
}

void sb_text_append_json(struct sb_text *text, const json_t *json, size_t flags)
{
    if (json == NULL || json_dump_callback(json, text_take_json, text, flags) != 0) {
        text->is_failed = true; // what was parsed can be written: only memory can lack
    }
}

/* Most words need no escapes; what does, and what is not ASCII, jansson writes. */
static bool is_plain_json(const char *words, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)words[i];

        if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\') {
            return false;
        }
    }
    return true;
}

void sb_text_append_json_string(struct sb_text *text, const char *words)
{
    size_t size = strlen(words);
    json_t *json;

    if (is_plain_json(words, size)) {
        sb_text_append(text, "\"", 1);
        sb_text_append(text, words, size);
        sb_text_append(text, "\"", 1);
        return;
    }
    json = json_string(words);
    sb_text_append_json(text, json, JSON_ENCODE_ANY);
    json_decref(json);
}

enum sb_status sb_text_finish(struct sb_text *text, char **out, struct sb_error *err)
{
    struct text_head *head;

    *out = NULL;
    if (!text_reserve(text, 0)) {
        size_t size = text->size;

        sb_text_deinit(text);
        return sb_error_no_memory(err, "text", (int64_t)size);
    }
    *text_end(text) = '\0';
    head = (struct text_head *)text->block;
    head->capacity = text->capacity;
    *out = text->block + sizeof *head;
    *text = (struct sb_text){.memory = text->memory};
    return SB_OK;
}

void sb_text_deinit(struct sb_text *text)
{
    sb_memory_free(text->memory, text->block, text->capacity);
    *text = (struct sb_text){.memory = text->memory};
}

void sb_string_free(char *string)
{
    if (string != NULL) {
        struct text_head *head = (struct text_head *)(string - sizeof *head);

        sb_memory_free(sb_memory_global(), head, head->capacity);
    }
}

size_t sb_text_cut(const char *words, size_t size)
{
    size_t cut = strnlen(words, size);

    if (words[cut] == '\0') {
        return cut;
    }
    while (cut > 0 && ((unsigned char)words[cut] & 0xc0) == 0x80) {
        cut--;
    }
    return cut;
}

const char *sb_short(const char *words, char buffer[SB_SHORT_SIZE])
{
    static const char mark[] = "…";
    size_t cut = sb_text_cut(words, SB_SHORT_SIZE - sizeof mark);

    memcpy(buffer, words, cut);
    memcpy(buffer + cut, words[cut] == '\0' ? "" : mark, words[cut] == '\0' ? 1 : sizeof mark);
    return buffer;
}
