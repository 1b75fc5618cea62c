// SPDX-License-Identifier: Apache-2.0
#include "columnar/column_total.h"

#include "columnar/kernels/target.h"

struct sb_column_total sb_column_total(const struct sb_column *column, const uint32_t *rows,
                                       int64_t count)
{
    return sb_column_total_base(column, rows, count);
}

struct sb_column_total sb_column_total_of_bits(const struct sb_column *column, const uint8_t *bits,
                                               int64_t length)
{
    return sb_column_total_of_bits_base(column, bits, length);
}
