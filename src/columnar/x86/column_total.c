// SPDX-License-Identifier: Apache-2.0
#include "columnar/column_total.h"

#include "columnar/kernels/target.h"

struct sb_column_total sb_column_total(const struct sb_column *column, const uint32_t *rows,
                                       int64_t count)
{
    static const sb_column_total_kernel kernels[SB_LEVEL_COUNT] = {
        [SB_LEVEL_BASE] = sb_column_total_base,
        [SB_LEVEL_V3] = sb_column_total_v3,
        [SB_LEVEL_V4] = sb_column_total_v4,
    };

    return kernels[sb_instruction_level()](column, rows, count);
}

struct sb_column_total sb_column_total_of_bits(const struct sb_column *column, const uint8_t *bits,
                                               int64_t length)
{
    static const sb_column_total_of_bits_kernel kernels[SB_LEVEL_COUNT] = {
        [SB_LEVEL_BASE] = sb_column_total_of_bits_base,
        [SB_LEVEL_V3] = sb_column_total_of_bits_v3,
        [SB_LEVEL_V4] = sb_column_total_of_bits_v4,
    };

    return kernels[sb_instruction_level()](column, bits, length);
}
