// SPDX-License-Identifier: Apache-2.0
/*
 * utf8.h - whether bytes are text, and its characters.
 *
 * A character is a code point. Every byte that does not continue one begins one, so that counting
 * and cutting are safe, and agree, on any bytes.
 */
#ifndef SABOT_EXPR_UTF8_H
#define SABOT_EXPR_UTF8_H

#include <stdbool.h>
#include <stdint.h>

/* No overlong forms, no surrogates, nothing above U+10FFFF. */
bool sb_utf8_is_valid(const uint8_t *bytes, int64_t size);

bool sb_utf8_is_ascii(const uint8_t *bytes, int64_t size);

/* Characters in `bytes`. */
int64_t sb_utf8_count(const uint8_t *bytes, int64_t size);

/* Where character `count` begins, or `size` when there are no more than that many. */
int64_t sb_utf8_offset(const uint8_t *bytes, int64_t size, int64_t count);

static inline bool sb_utf8_continues(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the character at `bytes`; `size` is at least 1. */
static inline int64_t sb_utf8_size(const uint8_t *bytes, int64_t size)
{
    int64_t used = 1;

    while (used < size && sb_utf8_continues(bytes[used])) {
        used++;
    }
    return used;
}

/* The character at `bytes`, `size` (sb_utf8_size) bytes of it; UINT32_MAX if it is malformed. */
uint32_t sb_utf8_decode(const uint8_t *bytes, int64_t size);

/* Writes a code point; `out` has 4 bytes. Returns how many are used. */
int32_t sb_utf8_encode(uint32_t code, uint8_t *out);

#endif
