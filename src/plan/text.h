// SPDX-License-Identifier: Apache-2.0
/*
 * text.h - text that grows, and user text cut to what a message or a terminal can hold.
 */
#ifndef SABOT_PLAN_TEXT_H
#define SABOT_PLAN_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "base/memory.h"

/*
 * A refused allocation is remembered, so that only sb_text_finish needs a check. A struct with
 * only `memory` set is empty and ready.
 */
struct sb_text {
    struct sb_memory *memory;
    char *block; // a hidden head, then `size` bytes
    size_t size;
    size_t capacity; // of the block
    bool is_failed;
};

void sb_text_append(struct sb_text *text, const char *bytes, size_t size);
void sb_text_format(struct sb_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* At most `size` bytes of `words`, on one line: control characters become spaces, "…" marks a cut.
 */
void sb_text_append_inline(struct sb_text *text, const char *words, size_t size);
void sb_text_append_json(struct sb_text *text, const json_t *json, size_t flags);
/* `words` as a JSON string, in quotes. */
void sb_text_append_json_string(struct sb_text *text, const char *words);

/* Hands over a string for sb_string_free(); the text is empty afterwards, also on failure. */
SB_MUST_CHECK enum sb_status sb_text_finish(struct sb_text *text, char **out, struct sb_error *err);
void sb_text_deinit(struct sb_text *text);

enum { SB_SHORT_SIZE = 104 };

/* `words` cut to what a message can afford, "…" marking it. Returns `buffer`. */
const char *sb_short(const char *words, char buffer[SB_SHORT_SIZE]);

/* Bytes of the longest run of whole characters of `words` that fits `size`. */
size_t sb_text_cut(const char *words, size_t size);

#endif
