// SPDX-License-Identifier: Apache-2.0
#include "connect/text_mask.h"

#include <stdbool.h>

void sb_text_mask(const uint8_t *text, int64_t block_count, const uint8_t bytes[4], uint64_t *masks)
{
    for (int64_t b = 0; b < block_count; b++) {
        const uint8_t *block = text + 64 * b;
        uint64_t mask = 0;
        for (int i = 0; i < 64; i++) {
            const bool is_one = (block[i] == bytes[0]) | (block[i] == bytes[1]) |
                                (block[i] == bytes[2]) | (block[i] == bytes[3]);
            mask |= (uint64_t)is_one << i;
        }
        masks[b] = mask;
    }
}
