// SPDX-License-Identifier: Apache-2.0
/*
 * text_cursor.h - walks over the few bytes of a text that mean something.
 *
 * The text may be read up to 63 bytes past its size, where it is zero.
 */
#ifndef SABOT_CONNECT_TEXT_CURSOR_H
#define SABOT_CONNECT_TEXT_CURSOR_H

#include <stdbool.h>
#include <string.h>

#include "connect/text_mask.h"

enum { SB_TEXT_CURSOR_BLOCKS = 64 };

struct sb_text_cursor {
    const uint8_t *text;
    int64_t size;
    int64_t next_block; // position of the first block not in `masks`
    int64_t block;      // position of the block of `mask`
    uint64_t mask;      // its bits that are left
    int32_t index;      // of the next mask
    int32_t count;
    uint8_t bytes[4];
    uint64_t masks[SB_TEXT_CURSOR_BLOCKS];
};

static inline void sb_text_cursor_start(struct sb_text_cursor *cursor, const uint8_t *text,
                                        int64_t size, int64_t at)
{
    cursor->text = text;
    cursor->size = size;
    cursor->next_block = at;
    cursor->mask = 0;
    cursor->index = cursor->count = 0;
}

/* False at the end of the text. */
static inline bool sb_text_cursor_load(struct sb_text_cursor *cursor)
{
    while (cursor->mask == 0) {
        if (cursor->index == cursor->count) {
            const int64_t blocks = (cursor->size - cursor->next_block + 63) / 64;
            if (blocks <= 0) {
                return false;
            }
            cursor->count =
                blocks < SB_TEXT_CURSOR_BLOCKS ? (int32_t)blocks : SB_TEXT_CURSOR_BLOCKS;
            cursor->index = 0;
            sb_text_mask(cursor->text + cursor->next_block, cursor->count, cursor->bytes,
                         cursor->masks);
            cursor->next_block += (int64_t)cursor->count * 64;
        }
        cursor->block = cursor->next_block - (int64_t)(cursor->count - cursor->index) * 64;
        cursor->mask = cursor->masks[cursor->index++];
    }
    return true;
}

/* The next position, or `size` at the end. */
static inline int64_t sb_text_cursor_next(struct sb_text_cursor *cursor)
{
    int64_t position;

    if (cursor->mask == 0 && !sb_text_cursor_load(cursor)) {
        return cursor->size;
    }
    position = cursor->block + __builtin_ctzll(cursor->mask);
    cursor->mask &= cursor->mask - 1;
    return position;
}

#endif
