// SPDX-License-Identifier: Apache-2.0
/*
 * kernels.h - which kernels there are; each group's file says what they do. NULL = no such form.
 */
#ifndef SABOT_EXPR_KERNELS_H
#define SABOT_EXPR_KERNELS_H

#include "expr/bind.h"
#include "expr/kernel.h"

/* kernels_compare.c: greater is less with its arguments swapped. */
enum sb_comparison {
    SB_COMPARE_EQUAL,
    SB_COMPARE_NOT_EQUAL,
    SB_COMPARE_LESS,
    SB_COMPARE_LESS_EQUAL,
};
enum { SB_COMPARISON_COUNT = SB_COMPARE_LESS_EQUAL + 1 };
const struct sb_kernel_set *sb_kernels_compare(enum sb_comparison comparison,
                                               enum sb_physical physical);

/* kernels_compare_mixed.c: int64, uint64 and float64 against each other, by value. */
const struct sb_kernel_set *sb_kernels_compare_mixed(enum sb_comparison comparison,
                                                     enum sb_physical left,
                                                     enum sb_physical right);

/* kernels_arithmetic.c, kernels_divide.c and kernels_decimal.c: both arguments of one type. */
enum sb_operation {
    SB_ARITHMETIC_ADD,
    SB_ARITHMETIC_SUBTRACT,
    SB_ARITHMETIC_MULTIPLY,
    SB_ARITHMETIC_DIVIDE,
    SB_ARITHMETIC_MODULO,
    SB_ARITHMETIC_NEGATE,
};
enum { SB_OPERATION_COUNT = SB_ARITHMETIC_NEGATE + 1 };
const struct sb_kernel_set *sb_kernels_arithmetic(enum sb_operation operation,
                                                  enum sb_physical physical);
const struct sb_kernel_set *sb_kernels_divide(enum sb_operation operation,
                                              enum sb_physical physical);

/* The scales of a sum's arguments equal the result's; divide takes its shift as parameter. */
const struct sb_kernel_set *sb_kernels_decimal(enum sb_operation operation);

/* kernels_boolean.c: logic, and one answer for every row. */
extern const struct sb_kernel_set sb_kernels_true;
extern const struct sb_kernel_set sb_kernels_false;
extern const struct sb_kernel_set sb_kernels_and;
extern const struct sb_kernel_set sb_kernels_or;
extern const struct sb_kernel_set sb_kernels_not;
extern const struct sb_kernel_set sb_kernels_is_null;
extern const struct sb_kernel_set sb_kernels_is_not_null;
const struct sb_kernel_set *sb_kernels_coalesce(enum sb_physical physical);

/* kernels_cast_*.c: from one type to another; NULL = no such cast. `*hint` may say why. */
const struct sb_kernel_set *sb_kernels_cast(const struct sb_type *from, const struct sb_type *to,
                                            enum sb_cast_mode mode, const char **hint);
const struct sb_kernel_set *sb_kernels_cast_number(enum sb_physical from, enum sb_physical to);
const struct sb_kernel_set *sb_kernels_cast_decimal(const struct sb_type *from,
                                                    const struct sb_type *to,
                                                    enum sb_cast_mode mode);
const struct sb_kernel_set *sb_kernels_cast_time(const struct sb_type *from,
                                                 const struct sb_type *to, const char **hint);
const struct sb_kernel_set *sb_kernels_cast_text(const struct sb_type *from,
                                                 const struct sb_type *to, const char **hint);

#endif
