// SPDX-License-Identifier: Apache-2.0
/*
 * target.h - the files of this folder are compiled once per instruction set.
 *
 * The build names the set in SB_KERNEL_TARGET (base, v3, v4); SB_TARGET(x) is x with that name
 * behind it. What a file here gives the others in this folder is named so; all that leaves the
 * folder is the table at the end of table.c.
 */
#ifndef SABOT_EXPR_KERNELS_TARGET_H
#define SABOT_EXPR_KERNELS_TARGET_H

#include "expr/kernels.h"

#ifndef SB_KERNEL_TARGET
#define SB_KERNEL_TARGET base
#endif

#define SB_TARGET_JOIN_(name, target) name##_##target
#define SB_TARGET_EXPAND_(name, target) SB_TARGET_JOIN_(name, target)
#define SB_TARGET(name) SB_TARGET_EXPAND_(name, SB_KERNEL_TARGET)

#define kernels_compare SB_TARGET(sb_kernels_compare)
#define kernels_compare_mixed SB_TARGET(sb_kernels_compare_mixed)
#define kernels_arithmetic SB_TARGET(sb_kernels_arithmetic)
#define kernels_divide SB_TARGET(sb_kernels_divide)
#define kernels_cast_number SB_TARGET(sb_kernels_cast_number)
#define kernels_coalesce SB_TARGET(sb_kernels_coalesce)
#define kernels_logic SB_TARGET(sb_kernels_logic)
#define kernels_select SB_TARGET(sb_kernels_select)
#define kernels_rounding SB_TARGET(sb_kernels_rounding)
#define kernel_find SB_TARGET(sb_find)
#define kernels_member SB_TARGET(sb_kernels_member)
#define kernels_extreme SB_TARGET(sb_kernels_extreme)
#define kernel_guard_not_false SB_TARGET(sb_kernel_guard_not_false)
#define kernel_guard_not_true SB_TARGET(sb_kernel_guard_not_true)
#define kernel_guard_null SB_TARGET(sb_kernel_guard_null)
#define kernel_guard_true SB_TARGET(sb_kernel_guard_true)
#define kernel_mask_and SB_TARGET(sb_mask_and)
#define kernel_mask_count SB_TARGET(sb_mask_count)
#define kernel_compress_range SB_TARGET(sb_compress_range)
#define kernel_compress_rows SB_TARGET(sb_compress_rows)

const struct sb_kernel_set *kernels_compare(enum sb_comparison comparison,
                                            enum sb_physical physical);
const struct sb_kernel_set *kernels_compare_mixed(enum sb_comparison comparison,
                                                  enum sb_physical left, enum sb_physical right);
const struct sb_kernel_set *kernels_arithmetic(enum sb_operation operation,
                                               enum sb_physical physical);
const struct sb_kernel_set *kernels_divide(enum sb_operation operation, enum sb_physical physical);
const struct sb_kernel_set *kernels_cast_number(enum sb_physical from, enum sb_physical to);
const struct sb_kernel_set *kernels_coalesce(enum sb_physical physical);
const struct sb_kernel_set *kernels_logic(enum sb_logic logic);
const struct sb_kernel_set *kernels_select(enum sb_physical physical);
const struct sb_kernel_set *kernels_extreme(bool is_greatest, enum sb_physical physical);
const struct sb_kernel_set *kernels_rounding(enum sb_rounding rounding, bool is_double);
const uint8_t *kernel_find(const uint8_t *bytes, int64_t size, const uint8_t *part,
                           int64_t part_size);
extern const struct sb_kernel_set kernels_member;
enum sb_status kernel_guard_not_false(struct sb_kernel_call *call);
enum sb_status kernel_guard_not_true(struct sb_kernel_call *call);
enum sb_status kernel_guard_null(struct sb_kernel_call *call);
enum sb_status kernel_guard_true(struct sb_kernel_call *call);
void kernel_mask_and(uint8_t *mask, const uint8_t *other, int32_t count);
int32_t kernel_mask_count(const uint8_t *mask, int32_t count);
int32_t kernel_compress_range(const uint8_t *mask, uint32_t first, int32_t count, uint32_t *out,
                              uint8_t *bits);
int32_t kernel_compress_rows(const uint8_t *mask, const uint32_t *rows, int32_t count,
                             uint32_t *out);

#endif
