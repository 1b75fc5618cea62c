// SPDX-License-Identifier: Apache-2.0
/*
 * word.h - little-endian words in byte strings, at any alignment.
 */
#ifndef SABOT_BASE_WORD_H
#define SABOT_BASE_WORD_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SB_WORD_LITTLE64(word) (word)
#define SB_WORD_LITTLE32(word) (word)
#else
#define SB_WORD_LITTLE64(word) __builtin_bswap64(word)
#define SB_WORD_LITTLE32(word) __builtin_bswap32(word)
#endif

static inline uint64_t sb_word_load64(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return SB_WORD_LITTLE64(word);
}

static inline uint64_t sb_word_load32(const uint8_t *bytes)
{
    uint32_t word;

    memcpy(&word, bytes, sizeof word);
    return SB_WORD_LITTLE32(word);
}

static inline void sb_word_store64(uint8_t *bytes, uint64_t word)
{
    word = SB_WORD_LITTLE64(word);
    memcpy(bytes, &word, sizeof word);
}

#endif
