// SPDX-License-Identifier: Apache-2.0
/*
 * compare_mixed.c - int64, uint64 and float64 columns against each other, exactly.
 *
 * Turning an int64 into a double rounds it above 2^53; these loops compare the numbers
 * themselves. Constants never come here: binding turns them into the other column's type.
 */
#include "expr/kernel_loops.h"
#include "expr/kernels/target.h"

static inline int order_i64_u64(int64_t x, uint64_t y)
{
    return x < 0 ? -1 : ((uint64_t)x > y) - ((uint64_t)x < y);
}

static inline int order_i64_f64(int64_t x, double y)
{
    int64_t whole;
    double rest;

    if (!(y < 0x1p63)) {
        return -1; // NaN as well: it is above every number
    }
    if (y < -0x1p63) {
        return 1;
    }
    whole = (int64_t)y;
    rest = y - (double)whole; // exact: y has a fraction only below 2^53
    return x != whole ? (x > whole) - (x < whole) : (rest < 0) - (rest > 0);
}

static inline int order_u64_f64(uint64_t x, double y)
{
    uint64_t whole;
    double rest;

    if (!(y < 0x1p64)) {
        return -1;
    }
    if (y < 0) {
        return 1;
    }
    whole = (uint64_t)y;
    rest = y - (double)whole;
    return x != whole ? (x > whole) - (x < whole) : (rest < 0) - (rest > 0);
}

#define MIXED_OPERATOR(name, A, B, ORDER, TEST)                                                    \
    SB_LOOP_(name, A, B, uint8_t, a[i], b[i], {                                                    \
        const int order = ORDER;                                                                   \
        out[i] = order TEST;                                                                       \
    })

#define MIXED_PAIR(name, A, B, ORDER)                                                              \
    MIXED_OPERATOR(equal_##name, A, B, ORDER, == 0)                                                \
    MIXED_OPERATOR(not_equal_##name, A, B, ORDER, != 0)                                            \
    MIXED_OPERATOR(less_##name, A, B, ORDER, < 0)                                                  \
    MIXED_OPERATOR(less_equal_##name, A, B, ORDER, <= 0)                                           \
    static const struct sb_kernel_set name##_kernels[SB_COMPARISON_COUNT] = {                      \
        [SB_COMPARE_EQUAL] = {.vectors = equal_##name},                                            \
        [SB_COMPARE_NOT_EQUAL] = {.vectors = not_equal_##name},                                    \
        [SB_COMPARE_LESS] = {.vectors = less_##name},                                              \
        [SB_COMPARE_LESS_EQUAL] = {.vectors = less_equal_##name},                                  \
    };

MIXED_PAIR(i64_u64, int64_t, uint64_t, order_i64_u64(x, y))
MIXED_PAIR(u64_i64, uint64_t, int64_t, -order_i64_u64(y, x))
MIXED_PAIR(i64_f64, int64_t, double, order_i64_f64(x, y))
MIXED_PAIR(f64_i64, double, int64_t, -order_i64_f64(y, x))
MIXED_PAIR(u64_f64, uint64_t, double, order_u64_f64(x, y))
MIXED_PAIR(f64_u64, double, uint64_t, -order_u64_f64(y, x))

const struct sb_kernel_set *kernels_compare_mixed(enum sb_comparison comparison,
                                                  enum sb_physical left, enum sb_physical right)
{
    static const struct {
        enum sb_physical left;
        enum sb_physical right;
        const struct sb_kernel_set *kernels;
    } pairs[] = {
        {SB_PHYSICAL_I64, SB_PHYSICAL_U64, i64_u64_kernels},
        {SB_PHYSICAL_U64, SB_PHYSICAL_I64, u64_i64_kernels},
        {SB_PHYSICAL_I64, SB_PHYSICAL_F64, i64_f64_kernels},
        {SB_PHYSICAL_F64, SB_PHYSICAL_I64, f64_i64_kernels},
        {SB_PHYSICAL_U64, SB_PHYSICAL_F64, u64_f64_kernels},
        {SB_PHYSICAL_F64, SB_PHYSICAL_U64, f64_u64_kernels},
    };

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (pairs[i].left == left && pairs[i].right == right) {
            return &pairs[i].kernels[comparison];
        }
    }
    return NULL;
}
