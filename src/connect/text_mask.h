// SPDX-License-Identifier: Apache-2.0
/*
 * text_mask.h - where in a text four bytes stand. One file per processor family implements it.
 */
#ifndef SABOT_CONNECT_TEXT_MASK_H
#define SABOT_CONNECT_TEXT_MASK_H

#include <stdint.h>

/*
 * Bit i of masks[b] says whether byte 64 * b + i is one of `bytes`. Reads 64 * block_count bytes.
 * To look for fewer than four, repeat one.
 */
void sb_text_mask(const uint8_t *text, int64_t block_count, const uint8_t bytes[4],
                  uint64_t *masks);

#endif
