// SPDX-License-Identifier: Apache-2.0
#include "expr/like.h"

#include "base/assert.h"
#include "expr/kernels_string.h"
#include "expr/string_room.h"
#include "expr/tree.h"
#include "expr/utf8.h"

/* The pattern as characters, with an escape undone. False: it ends in its escape. */
static bool tokens_read(struct sb_bytes pattern, int32_t escape, uint32_t *tokens, int32_t *count)
{
    *count = 0;
    for (int64_t at = 0; at < pattern.size;) {
        bool is_plain = false;
        int64_t size;
        uint32_t code;
        if (pattern.data[at] == escape) {
            is_plain = true;
            if (++at == pattern.size) {
                return false;
            }
        }
        size = sb_utf8_size(pattern.data + at, pattern.size - at);
        code = sb_utf8_decode(pattern.data + at, size);
        at += size;
        if (!is_plain && code == '_') {
            code = SB_LIKE_ANY;
        } else if (!is_plain && code == '%') {
            code = SB_LIKE_MANY;
            if (*count > 0 && tokens[*count - 1] == SB_LIKE_MANY) {
                continue; // %% is %
            }
        }
        tokens[(*count)++] = code;
    }
    return true;
}

/* Cuts the tokens at their % into texts. False: no memory. */
static bool parts_cut(struct sb_like *like, struct sb_arena *arena)
{
    const int32_t count = like->token_count;
    struct sb_bytes *parts = sb_arena_alloc(arena, ((size_t)count + 1) * sizeof *parts);
    uint8_t *to = sb_arena_alloc(arena, 4 * (size_t)count + 1);
    bool is_open = true;

    if (parts == NULL || to == NULL) {
        return false;
    }
    like->is_open_left = count > 0 && like->tokens[0] == SB_LIKE_MANY;
    like->is_open_right = count > 0 && like->tokens[count - 1] == SB_LIKE_MANY;
    like->parts = parts;
    for (int32_t i = 0; i < count; i++) {
        if (like->tokens[i] == SB_LIKE_MANY) {
            is_open = true;
            continue;
        }
        if (is_open) {
            parts[like->part_count++] = (struct sb_bytes){to, 0};
            is_open = false;
        }
        const int32_t size = sb_utf8_encode(like->tokens[i], to);
        parts[like->part_count - 1].size += size;
        to += size;
    }
    if (like->part_count == 0) { // nothing, or % alone
        parts[like->part_count++] = (struct sb_bytes){to, 0};
    }
    return true;
}

static enum sb_like_form form_of(const struct sb_like *like)
{
    if (like->part_count > 1) {
        return SB_LIKE_PARTS;
    }
    if (like->is_open_left) {
        return like->is_open_right ? SB_LIKE_CONTAINS : SB_LIKE_SUFFIX;
    }
    return like->is_open_right ? SB_LIKE_PREFIX : SB_LIKE_EQUAL;
}

enum sb_status sb_like_compile(struct sb_bytes pattern, int32_t escape, const char *name,
                               struct sb_arena *arena, const struct sb_like **out,
                               struct sb_error *err)
{
    struct sb_like *like = sb_arena_alloc_zeroed(arena, sizeof *like);
    uint32_t *tokens = sb_arena_alloc(arena, ((size_t)pattern.size + 1) * sizeof *tokens);

    if (like == NULL || tokens == NULL) {
        return sb_error_no_memory(err, "pattern", pattern.size);
    }
    if (!tokens_read(pattern, escape, tokens, &like->token_count)) {
        return sb_error_set(err, SB_INVALID,
                            "%s: the pattern '%.*s' ends in its escape character; the character "
                            "that it escapes is missing",
                            name, (int)(pattern.size < 80 ? pattern.size : 80),
                            (const char *)pattern.data);
    }
    like->tokens = tokens;
    *out = like;
    for (int32_t i = 0; i < like->token_count; i++) {
        if (tokens[i] == SB_LIKE_ANY || tokens[i] == UINT32_MAX) {
            like->form = SB_LIKE_GENERAL;
            return SB_OK;
        }
    }
    if (!parts_cut(like, arena)) {
        return sb_error_no_memory(err, "pattern", pattern.size);
    }
    like->form = form_of(like);
    return SB_OK;
}

const struct sb_like *sb_like_make(enum sb_like_form form, struct sb_bytes text,
                                   struct sb_arena *arena)
{
    struct sb_like *like = sb_arena_alloc_zeroed(arena, sizeof *like);
    struct sb_bytes *part = sb_arena_copy(arena, &text, sizeof text);

    if (like == NULL || part == NULL) {
        return NULL;
    }
    *like = (struct sb_like){.form = form, .parts = part, .part_count = 1};
    return like;
}

static inline bool prefix_matches(struct sb_bytes text, struct sb_bytes part)
{
    return text.size >= part.size &&
           (part.size == 0 || memcmp(text.data, part.data, (size_t)part.size) == 0);
}

static inline bool suffix_matches(struct sb_bytes text, struct sb_bytes part)
{
    return text.size >= part.size && (part.size == 0 || memcmp(text.data + text.size - part.size,
                                                               part.data, (size_t)part.size) == 0);
}

/* The first and last part where they are fixed, each other at the first place that is left. */
static bool parts_match(const struct sb_like *like, struct sb_bytes text)
{
    const struct sb_bytes *part = like->parts;
    const struct sb_bytes *end = part + like->part_count;

    if (!like->is_open_left) {
        if (!prefix_matches(text, *part)) {
            return false;
        }
        text = sb_string_part(text, part->size, text.size);
        part++;
    }
    if (!like->is_open_right) {
        end--;
        if (!suffix_matches(text, *end)) {
            return false;
        }
        text.size -= end->size;
    }
    for (; part < end; part++) {
        const int64_t at = sb_string_find(text, *part);
        if (at < 0) {
            return false;
        }
        text = sb_string_part(text, at + part->size, text.size);
    }
    return true;
}

/*
 * Goes on from the last % with one character more when the rest does not match: no earlier % can
 * do better, so the work is at most the product of both sizes.
 */
static bool tokens_match(const uint32_t *tokens, int32_t token_count, struct sb_bytes text)
{
    int32_t token = 0;
    int32_t token_again = -1;
    int64_t at = 0;
    int64_t at_again = 0;

    while (at < text.size) {
        const int64_t size = sb_utf8_size(text.data + at, text.size - at);
        const uint32_t wanted = token < token_count ? tokens[token] : 0;
        if (token < token_count && wanted == SB_LIKE_MANY) {
            token_again = ++token;
            at_again = at;
        } else if (token < token_count &&
                   (wanted == SB_LIKE_ANY || wanted == sb_utf8_decode(text.data + at, size))) {
            token++;
            at += size;
        } else if (token_again >= 0) {
            token = token_again;
            at_again += sb_utf8_size(text.data + at_again, text.size - at_again);
            at = at_again;
        } else {
            return false;
        }
    }
    while (token < token_count && tokens[token] == SB_LIKE_MANY) {
        token++;
    }
    return token == token_count;
}

bool sb_like_matches(const struct sb_like *like, struct sb_bytes text)
{
    const struct sb_bytes *part = like->parts;

    switch (like->form) {
    case SB_LIKE_EQUAL:
        return text.size == part->size && prefix_matches(text, *part);
    case SB_LIKE_PREFIX:
        return prefix_matches(text, *part);
    case SB_LIKE_SUFFIX:
        return suffix_matches(text, *part);
    case SB_LIKE_CONTAINS:
        return sb_string_find(text, *part) >= 0;
    case SB_LIKE_PARTS:
        return parts_match(like, text);
    default:
        return tokens_match(like->tokens, like->token_count, text);
    }
}
