// SPDX-License-Identifier: Apache-2.0
/*
 * text_mask.c - 16 bytes a comparison, or 32 where the processor can.
 */
#include "connect/text_mask.h"

#include <immintrin.h>

#include "base/instruction_set.h"

static uint64_t mask_16(const uint8_t *text, const __m128i wanted[4])
{
    const __m128i block = _mm_loadu_si128((const __m128i *)(const void *)text);
    const __m128i first =
        _mm_or_si128(_mm_cmpeq_epi8(block, wanted[0]), _mm_cmpeq_epi8(block, wanted[1]));
    const __m128i second =
        _mm_or_si128(_mm_cmpeq_epi8(block, wanted[2]), _mm_cmpeq_epi8(block, wanted[3]));

    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(first, second));
}

static void mask_base(const uint8_t *text, int64_t block_count, const uint8_t bytes[4],
                      uint64_t *masks)
{
    __m128i wanted[4];

    for (int i = 0; i < 4; i++) {
        wanted[i] = _mm_set1_epi8((char)bytes[i]);
    }
    for (int64_t b = 0; b < block_count; b++, text += 64) {
        masks[b] = mask_16(text, wanted) | mask_16(text + 16, wanted) << 16 |
                   mask_16(text + 32, wanted) << 32 | mask_16(text + 48, wanted) << 48;
    }
}

__attribute__((target("avx2"))) static uint64_t mask_32(const uint8_t *text,
                                                        const __m256i wanted[4])
{
    const __m256i block = _mm256_loadu_si256((const __m256i *)(const void *)text);
    const __m256i first =
        _mm256_or_si256(_mm256_cmpeq_epi8(block, wanted[0]), _mm256_cmpeq_epi8(block, wanted[1]));
    const __m256i second =
        _mm256_or_si256(_mm256_cmpeq_epi8(block, wanted[2]), _mm256_cmpeq_epi8(block, wanted[3]));

    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(first, second));
}

__attribute__((target("avx2"))) static void mask_wide(const uint8_t *text, int64_t block_count,
                                                      const uint8_t bytes[4], uint64_t *masks)
{
    __m256i wanted[4];

    for (int i = 0; i < 4; i++) {
        wanted[i] = _mm256_set1_epi8((char)bytes[i]);
    }
    for (int64_t b = 0; b < block_count; b++, text += 64) {
        masks[b] = mask_32(text, wanted) | mask_32(text + 32, wanted) << 32;
    }
}

void sb_text_mask(const uint8_t *text, int64_t block_count, const uint8_t bytes[4], uint64_t *masks)
{
    if (sb_instruction_level() >= SB_LEVEL_V3) {
        mask_wide(text, block_count, bytes, masks);
    } else {
        mask_base(text, block_count, bytes, masks);
    }
}
