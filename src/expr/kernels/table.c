// SPDX-License-Identifier: Apache-2.0
/*
 * table.c - what one instruction set has to offer.
 */
#include "expr/kernels/target.h"

#define TEXT_(name) #name
#define TEXT(name) TEXT_(name)

extern const struct sb_kernel_table SB_TARGET(sb_kernel_table);

const struct sb_kernel_table SB_TARGET(sb_kernel_table) = {
    .name = TEXT(SB_KERNEL_TARGET),
    .compare = kernels_compare,
    .compare_mixed = kernels_compare_mixed,
    .arithmetic = kernels_arithmetic,
    .cast_number = kernels_cast_number,
    .coalesce = kernels_coalesce,
    .logic = kernels_logic,
    .guard = kernel_guard,
    .mask_and = kernel_mask_and,
    .mask_count = kernel_mask_count,
    .compress_range = kernel_compress_range,
    .compress_rows = kernel_compress_rows,
};
