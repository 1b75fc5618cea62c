// SPDX-License-Identifier: Apache-2.0
/*
 * compress.h - from a byte mask to the list of rows whose byte is 1.
 */
#ifndef SABOT_EXPR_COMPRESS_H
#define SABOT_EXPR_COMPRESS_H

#include <stdint.h>

/* Rows past the last that a compress may overwrite in its output. */
enum { SB_COMPRESS_SLACK = 16 };

/* out = first + i for every set mask[i]. */
void sb_compress_range(const uint8_t *mask, uint32_t first, int32_t count, uint32_t *out);

/* out = rows[i] for every set mask[i]; `out` may be `rows`. */
void sb_compress_rows(const uint8_t *mask, const uint32_t *rows, int32_t count, uint32_t *out);

#endif
