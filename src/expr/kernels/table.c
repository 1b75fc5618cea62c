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
    .select = kernels_select,
    .extreme = kernels_extreme,
    .rounding = kernels_rounding,
    .find = kernel_find,
    .member = &kernels_member,
    .guards =
        {
            [SB_GUARD_NOT_FALSE] = kernel_guard_not_false,
            [SB_GUARD_NOT_TRUE] = kernel_guard_not_true,
            [SB_GUARD_NULL] = kernel_guard_null,
            [SB_GUARD_TRUE] = kernel_guard_true,
        },
    .mask_and = kernel_mask_and,
    .mask_count = kernel_mask_count,
    .compress_range = kernel_compress_range,
    .compress_rows = kernel_compress_rows,
};
