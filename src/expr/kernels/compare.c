// SPDX-License-Identifier: Apache-2.0
/*
 * compare.c - equal, not_equal, less and less_equal of two values of one type.
 *
 * Floats follow Sabot's total order: NaN equals NaN and is above every number, -0.0 equals 0.0.
 * Against a constant that is not NaN one machine comparison says it. Text and binary compare by
 * bytes.
 */
#include <string.h>

#include "expr/kernel_loops.h"
#include "expr/kernels/target.h"

#define COMPARE_TYPE(suffix, T)                                                                    \
    SB_LOOPS_2(equal_##suffix, T, T, uint8_t, out[i] = x == y)                                     \
    SB_LOOPS_2(not_equal_##suffix, T, T, uint8_t, out[i] = x != y)                                 \
    SB_LOOPS_2(less_##suffix, T, T, uint8_t, out[i] = x < y)                                       \
    SB_LOOPS_2(less_equal_##suffix, T, T, uint8_t, out[i] = x <= y)

COMPARE_TYPE(bool, uint8_t)
COMPARE_TYPE(i8, int8_t)
COMPARE_TYPE(i16, int16_t)
COMPARE_TYPE(i32, int32_t)
COMPARE_TYPE(i64, int64_t)
COMPARE_TYPE(u8, uint8_t)
COMPARE_TYPE(u16, uint16_t)
COMPARE_TYPE(u32, uint32_t)
COMPARE_TYPE(u64, uint64_t)
COMPARE_TYPE(i128, sb_int128)

/* NUMBER holds when the constant is a number, NAN_ROW when it is NaN. */
#define COMPARE_FLOAT_CONSTANT(name, T, X, Y, CONSTANT, NUMBER, NAN_ROW)                           \
    SB_LOOP_(name##_number, T, T, uint8_t, X, Y, out[i] = (NUMBER))                                \
    SB_LOOP_(name##_nan, T, T, uint8_t, X, Y, out[i] = (NAN_ROW))                                  \
    static enum sb_status name(struct sb_kernel_call *call)                                        \
    {                                                                                              \
        const T *constant = sb_kernel_argument(call, CONSTANT)->values;                            \
        return *constant == *constant ? name##_number(call) : name##_nan(call);                    \
    }

#define COMPARE_FLOAT(name, T, VECTORS, RIGHT, RIGHT_NAN, LEFT, LEFT_NAN)                          \
    SB_LOOP_(name##_vectors, T, T, uint8_t, a[i], b[i], out[i] = (VECTORS))                        \
    COMPARE_FLOAT_CONSTANT(name##_constant_right, T, a[i], second, 1, RIGHT, RIGHT_NAN)            \
    COMPARE_FLOAT_CONSTANT(name##_constant_left, T, first, b[i], 0, LEFT, LEFT_NAN)

#define COMPARE_FLOAT_TYPE(suffix, T)                                                              \
    COMPARE_FLOAT(equal_##suffix, T, (x == y) | ((x != x) & (y != y)), x == y,                     \
                  (x != x) & (y != y), x == y, (x != x) & (y != y))                                \
    COMPARE_FLOAT(not_equal_##suffix, T, !((x == y) | ((x != x) & (y != y))), x != y,              \
                  (x == x) | (y == y), x != y, (x == x) | (y == y))                                \
    COMPARE_FLOAT(less_##suffix, T, (x == x) & !(y <= x), x < y, (x == x) & (y != y), !(y <= x),   \
                  (x == x) & (y != y))                                                             \
    COMPARE_FLOAT(less_equal_##suffix, T, (y != y) | (x <= y), x <= y, (y != y) | (x == x),        \
                  !(y < x), (y != y) & (x != x))

COMPARE_FLOAT_TYPE(f32, float)
COMPARE_FLOAT_TYPE(f64, double)

static inline int bytes_compare(struct sb_bytes x, struct sb_bytes y)
{
    const int64_t size = x.size < y.size ? x.size : y.size;
    const int order = size == 0 ? 0 : memcmp(x.data, y.data, (size_t)size);

    return order != 0 ? order : (x.size > y.size) - (x.size < y.size);
}

static inline bool bytes_equal(struct sb_bytes x, struct sb_bytes y)
{
    return x.size == y.size && (x.size == 0 || memcmp(x.data, y.data, (size_t)x.size) == 0);
}

SB_LOOPS_2(equal_bytes, struct sb_bytes, struct sb_bytes, uint8_t, out[i] = bytes_equal(x, y))
SB_LOOPS_2(not_equal_bytes, struct sb_bytes, struct sb_bytes, uint8_t, out[i] = !bytes_equal(x, y))
SB_LOOPS_2(less_bytes, struct sb_bytes, struct sb_bytes, uint8_t, out[i] = bytes_compare(x, y) < 0)
SB_LOOPS_2(less_equal_bytes, struct sb_bytes, struct sb_bytes, uint8_t,
           out[i] = bytes_compare(x, y) <= 0)

#define COMPARE_ROW(name)                                                                          \
    {                                                                                              \
        [SB_PHYSICAL_BOOL] = {SB_SLOTS_2(name##_bool)},                                            \
        [SB_PHYSICAL_I8] = {SB_SLOTS_2(name##_i8)},                                                \
        [SB_PHYSICAL_I16] = {SB_SLOTS_2(name##_i16)},                                              \
        [SB_PHYSICAL_I32] = {SB_SLOTS_2(name##_i32)},                                              \
        [SB_PHYSICAL_I64] = {SB_SLOTS_2(name##_i64)},                                              \
        [SB_PHYSICAL_U8] = {SB_SLOTS_2(name##_u8)},                                                \
        [SB_PHYSICAL_U16] = {SB_SLOTS_2(name##_u16)},                                              \
        [SB_PHYSICAL_U32] = {SB_SLOTS_2(name##_u32)},                                              \
        [SB_PHYSICAL_U64] = {SB_SLOTS_2(name##_u64)},                                              \
        [SB_PHYSICAL_F32] = {SB_SLOTS_2(name##_f32)},                                              \
        [SB_PHYSICAL_F64] = {SB_SLOTS_2(name##_f64)},                                              \
        [SB_PHYSICAL_I128] = {SB_SLOTS_2(name##_i128)},                                            \
        [SB_PHYSICAL_BYTES] = {SB_SLOTS_2(name##_bytes)},                                          \
    }

static const struct sb_kernel_set compare_kernels[SB_COMPARISON_COUNT][SB_PHYSICAL_COUNT] = {
    [SB_COMPARE_EQUAL] = COMPARE_ROW(equal),
    [SB_COMPARE_NOT_EQUAL] = COMPARE_ROW(not_equal),
    [SB_COMPARE_LESS] = COMPARE_ROW(less),
    [SB_COMPARE_LESS_EQUAL] = COMPARE_ROW(less_equal),
};

const struct sb_kernel_set *kernels_compare(enum sb_comparison comparison,
                                            enum sb_physical physical)
{
    return &compare_kernels[comparison][physical];
}
