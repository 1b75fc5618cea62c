// SPDX-License-Identifier: Apache-2.0
/*
 * compress.c - the loops of compress.h for any processor: every row is stored, and the next
 * store goes over it when its byte was 0, so there is no branch to predict.
 */
#include "expr/compress.h"

void sb_compress_range(const uint8_t *mask, uint32_t first, int32_t count, uint32_t *out)
{
    uint32_t *next = out;

    for (int32_t i = 0; i < count; i++) {
        *next = first + (uint32_t)i;
        next += mask[i];
    }
}

void sb_compress_rows(const uint8_t *mask, const uint32_t *rows, int32_t count, uint32_t *out)
{
    uint32_t *next = out;

    for (int32_t i = 0; i < count; i++) {
        *next = rows[i];
        next += mask[i];
    }
}
