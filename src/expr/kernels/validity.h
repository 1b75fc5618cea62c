// SPDX-License-Identifier: Apache-2.0
/*
 * validity.h - validity to read where a vector has no nulls.
 */
#ifndef SABOT_EXPR_KERNELS_VALIDITY_H
#define SABOT_EXPR_KERNELS_VALIDITY_H

#include "expr/expr.h"
#include "expr/vector.h"

#define SB_ONES_4 1, 1, 1, 1
#define SB_ONES_16 SB_ONES_4, SB_ONES_4, SB_ONES_4, SB_ONES_4
#define SB_ONES_64 SB_ONES_16, SB_ONES_16, SB_ONES_16, SB_ONES_16
#define SB_ONES_256 SB_ONES_64, SB_ONES_64, SB_ONES_64, SB_ONES_64

static inline const uint8_t *sb_valid_or_ones(const struct sb_vector *vector)
{
    static const uint8_t ones[] = {SB_ONES_256, SB_ONES_256, SB_ONES_256, SB_ONES_256};
    static_assert(sizeof ones == SB_EXPR_CHUNK, "one for every row of a chunk");

    return vector->valid != NULL ? vector->valid : ones;
}

#endif
