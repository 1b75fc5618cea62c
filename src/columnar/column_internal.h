// SPDX-License-Identifier: Apache-2.0
/*
 * column_internal.h - what the files of this folder share about column memory.
 */
#ifndef SABOT_COLUMNAR_COLUMN_INTERNAL_H
#define SABOT_COLUMNAR_COLUMN_INTERNAL_H

#include "columnar/column.h"

enum {
    SB_VIEW_SIZE = 16,
    SB_VIEW_INLINE_MAX = 12,
};

/* What columns without memory of their own point to: no rows, no text, one offset of 0. */
extern const uint8_t sb_column_zeros[64];

/* Bytes of the values buffer of `count` rows: bits, offsets, views or values. */
int64_t sb_column_values_size(enum sb_type_id id, int64_t count);

#endif
