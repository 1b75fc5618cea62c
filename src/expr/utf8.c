// SPDX-License-Identifier: Apache-2.0
/*
 * utf8.c - well-formed byte sequences, table 3-7 of the Unicode standard.
 */
#include "expr/utf8.h"

#include <string.h>

/* Bytes of the sequence at `bytes`, 0 when it is malformed. */
static int64_t sequence_size(const uint8_t *bytes, int64_t size)
{
    const uint8_t lead = bytes[0];
    uint8_t least = 0x80;
    uint8_t most = 0xbf;
    int64_t length;

    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf) {
        length = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        length = 3;
        least = lead == 0xe0 ? 0xa0 : 0x80;
        most = lead == 0xed ? 0x9f : 0xbf;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        length = 4;
        least = lead == 0xf0 ? 0x90 : 0x80;
        most = lead == 0xf4 ? 0x8f : 0xbf;
    } else {
        return 0;
    }
    if (length > size || bytes[1] < least || bytes[1] > most) {
        return 0;
    }
    for (int64_t i = 2; i < length; i++) {
        if (bytes[i] < 0x80 || bytes[i] > 0xbf) {
            return 0;
        }
    }
    return length;
}

bool sb_utf8_is_valid(const uint8_t *bytes, int64_t size)
{
    int64_t at = 0;

    while (at < size) {
        uint64_t word;
        int64_t length;
        if (size - at >= 8) {
            memcpy(&word, bytes + at, sizeof word);
            if ((word & UINT64_C(0x8080808080808080)) == 0) {
                at += 8;
                continue;
            }
        }
        length = sequence_size(bytes + at, size - at);
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}

bool sb_utf8_is_ascii(const uint8_t *bytes, int64_t size)
{
    uint64_t seen = 0;
    int64_t at = 0;
    uint64_t word;

    for (; at + 8 <= size; at += 8) {
        memcpy(&word, bytes + at, sizeof word);
        seen |= word;
    }
    for (; at < size; at++) {
        seen |= bytes[at];
    }
    return (seen & UINT64_C(0x8080808080808080)) == 0;
}

/* A one in the lowest bit of each byte that begins a character. */
static inline uint64_t word_starts(uint64_t word)
{
    return (~(word >> 7) | (word >> 6)) & UINT64_C(0x0101010101010101);
}

static inline int64_t ones_count(uint64_t ones)
{
    return (int64_t)((ones * UINT64_C(0x0101010101010101)) >> 56);
}

int64_t sb_utf8_count(const uint8_t *bytes, int64_t size)
{
    int64_t count = 0;
    int64_t at = 0;
    uint64_t word;

    for (; at + 8 <= size; at += 8) {
        memcpy(&word, bytes + at, sizeof word);
        count += ones_count(word_starts(word));
    }
    for (; at < size; at++) {
        count += !sb_utf8_continues(bytes[at]);
    }
    return count;
}

int64_t sb_utf8_offset(const uint8_t *bytes, int64_t size, int64_t count)
{
    int64_t at = 0;
    uint64_t word;

    for (; at + 8 <= size; at += 8) {
        int64_t starts;
        memcpy(&word, bytes + at, sizeof word);
        starts = ones_count(word_starts(word));
        if (starts > count) {
            break;
        }
        count -= starts;
    }
    for (; at < size; at++) {
        if (!sb_utf8_continues(bytes[at]) && count-- == 0) {
            return at;
        }
    }
    return size;
}

uint32_t sb_utf8_decode(const uint8_t *bytes, int64_t size)
{
    if (sequence_size(bytes, size) != size) {
        return UINT32_MAX;
    }
    switch (size) {
    case 1:
        return bytes[0];
    case 2:
        return (uint32_t)(bytes[0] & 0x1f) << 6 | (bytes[1] & 0x3f);
    case 3:
        return (uint32_t)(bytes[0] & 0x0f) << 12 | (uint32_t)(bytes[1] & 0x3f) << 6 |
               (bytes[2] & 0x3f);
    default:
        return (uint32_t)(bytes[0] & 0x07) << 18 | (uint32_t)(bytes[1] & 0x3f) << 12 |
               (uint32_t)(bytes[2] & 0x3f) << 6 | (bytes[3] & 0x3f);
    }
}

int32_t sb_utf8_encode(uint32_t code, uint8_t *out)
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xc0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xe0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        out[2] = (uint8_t)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3f));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3f));
    out[3] = (uint8_t)(0x80 | (code & 0x3f));
    return 4;
}
