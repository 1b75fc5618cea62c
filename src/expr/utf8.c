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
