// SPDX-License-Identifier: Apache-2.0
/*
 * column_total.h - the sum of rows of one column, straight from its buffer.
 */
#ifndef SABOT_COLUMNAR_COLUMN_TOTAL_H
#define SABOT_COLUMNAR_COLUMN_TOTAL_H

#include "columnar/column.h"

/* Of integers: high * 2^32 + low, exact for any batch. Of floats: `sum`. */
struct sb_column_total {
    int64_t high;
    uint64_t low;
    double sum;
};

/* Whether there is a total of columns of the type: integers, float32 and float64. */
static inline bool sb_column_has_total(enum sb_type_id id)
{
    return sb_type_is_integer(id) || id == SB_TYPE_FLOAT32 || id == SB_TYPE_FLOAT64;
}

/*
 * Of `count` rows without a null, which are `rows` or, when that is NULL, the first ones. The order
 * in which floats are added up is not defined.
 */
struct sb_column_total sb_column_total(const struct sb_column *column, const uint32_t *rows,
                                       int64_t count);

/* Of those of the first `length` rows whose bit is set; none of them is null. */
struct sb_column_total sb_column_total_of_bits(const struct sb_column *column, const uint8_t *bits,
                                               int64_t length);

#endif
