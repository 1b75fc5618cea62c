// SPDX-License-Identifier: Apache-2.0
/*
 * arithmetic.c - add, subtract, multiply and negate of integers and floats.
 *
 * Integer loops compute with wrap-around and gather in `failed` whether any row overflowed; only
 * then is the row looked for and the sentence built. Products of 64-bit integers have no vector
 * test, so a first pass measures how many bits the arguments use: where their sum is below 63
 * nothing can overflow.
 */
#include "expr/expr.h"
#include "expr/kernels/target.h"
#include "expr/overflow.h"

/*
 * Every row gets RESULT, which is then called `r`; FAILED is or-ed together over all rows, and TEST
 * tells from that whether a row overflowed.
 */
#define CHECKED_LOOP(name, T, X, Y, STEP_A, STEP_B, OPERATION, RESULT, FAILED, TEST)               \
    static enum sb_status name(struct sb_kernel_call *call)                                        \
    {                                                                                              \
        const T *restrict a = sb_kernel_argument(call, 0)->values;                                 \
        const T *restrict b = sb_kernel_argument(call, 1)->values;                                 \
        T *restrict out = call->out;                                                               \
        const int32_t count = call->count;                                                         \
        const T first = a[0];                                                                      \
        const T second = b[0];                                                                     \
        T failed = 0;                                                                              \
        (void)first;                                                                               \
        (void)second;                                                                              \
        for (int32_t i = 0; i < count; i++) {                                                      \
            const T x = X;                                                                         \
            const T y = Y;                                                                         \
            const T r = (T)(RESULT);                                                               \
            out[i] = r;                                                                            \
            failed |= (T)(FAILED);                                                                 \
        }                                                                                          \
        return sb_likely(!(failed TEST)) ? SB_OK                                                   \
                                         : sb_overflow_find(call, OPERATION, STEP_A, STEP_B);      \
    }

#define CHECKED_LOOPS(name, T, OPERATION, RESULT, FAILED, TEST)                                    \
    CHECKED_LOOP(name##_vectors, T, a[i], b[i], 1, 1, OPERATION, RESULT, FAILED, TEST)             \
    CHECKED_LOOP(name##_constant_right, T, a[i], second, 1, 0, OPERATION, RESULT, FAILED, TEST)    \
    CHECKED_LOOP(name##_constant_left, T, first, b[i], 0, 1, OPERATION, RESULT, FAILED, TEST)

/* U is T without sign; a sum overflowed when both arguments' signs differ from its sign. */
#define SIGNED_SUMS(suffix, T, U)                                                                  \
    CHECKED_LOOPS(add_##suffix, T, SB_ARITHMETIC_ADD, (U)x + (U)y, (x ^ r) & (y ^ r), < 0)         \
    CHECKED_LOOPS(subtract_##suffix, T, SB_ARITHMETIC_SUBTRACT, (U)x - (U)y, (x ^ y) & (x ^ r), < 0)

#define UNSIGNED_SUMS(suffix, T)                                                                   \
    CHECKED_LOOPS(add_##suffix, T, SB_ARITHMETIC_ADD, x + y, r < x, != 0)                          \
    CHECKED_LOOPS(subtract_##suffix, T, SB_ARITHMETIC_SUBTRACT, x - y, x < y, != 0)

SIGNED_SUMS(i8, int8_t, uint8_t)
SIGNED_SUMS(i16, int16_t, uint16_t)
SIGNED_SUMS(i32, int32_t, uint32_t)
SIGNED_SUMS(i64, int64_t, uint64_t)
UNSIGNED_SUMS(u8, uint8_t)
UNSIGNED_SUMS(u16, uint16_t)
UNSIGNED_SUMS(u32, uint32_t)
UNSIGNED_SUMS(u64, uint64_t)

/* WIDE holds every product of two T. */
#define NARROW_PRODUCTS(suffix, T, WIDE)                                                           \
    CHECKED_LOOPS(multiply_##suffix, T, SB_ARITHMETIC_MULTIPLY, (WIDE)x *(WIDE)y,                  \
                  (WIDE)x *(WIDE)y != r, != 0)

NARROW_PRODUCTS(i8, int8_t, int32_t)
NARROW_PRODUCTS(i16, int16_t, int32_t)
NARROW_PRODUCTS(i32, int32_t, int64_t)
NARROW_PRODUCTS(u8, uint8_t, uint32_t)
NARROW_PRODUCTS(u16, uint16_t, uint32_t)
NARROW_PRODUCTS(u32, uint32_t, uint64_t)

/* Bits in use: of the value, or of its complement when negative. */
static int bits_i64(const int64_t *restrict values, int32_t count)
{
    uint64_t used = 0;

    for (int32_t i = 0; i < count; i++) {
        used |= (uint64_t)(values[i] ^ (values[i] >> 63));
    }
    return used == 0 ? 0 : 64 - __builtin_clzll(used);
}

static int bits_u64(const uint64_t *restrict values, int32_t count)
{
    uint64_t used = 0;

    for (int32_t i = 0; i < count; i++) {
        used |= values[i];
    }
    return used == 0 ? 0 : 64 - __builtin_clzll(used);
}

/* Bits that two factors may use together. */
enum { PRODUCT_BITS_I64 = 62, PRODUCT_BITS_U64 = 64 };

CHECKED_LOOPS(exact_i64, int64_t, SB_ARITHMETIC_MULTIPLY, (uint64_t)x *(uint64_t)y,
              __builtin_mul_overflow(x, y, &(int64_t){0}), != 0)
CHECKED_LOOPS(exact_u64, uint64_t, SB_ARITHMETIC_MULTIPLY, x *y,
              __builtin_mul_overflow(x, y, &(uint64_t){0}), != 0)
SB_LOOPS_2(wrapping_i64, int64_t, int64_t, int64_t, out[i] = (int64_t)((uint64_t)x * (uint64_t)y))
SB_LOOPS_2(wrapping_u64, uint64_t, uint64_t, uint64_t, out[i] = x * y)

#define WIDE_PRODUCT(name, suffix, T, LIMIT, COUNT_A, COUNT_B)                                     \
    static enum sb_status multiply_##suffix##_##name(struct sb_kernel_call *call)                  \
    {                                                                                              \
        const T *a = sb_kernel_argument(call, 0)->values;                                          \
        const T *b = sb_kernel_argument(call, 1)->values;                                          \
        if (bits_##suffix(a, COUNT_A) + bits_##suffix(b, COUNT_B) <= LIMIT) {                      \
            return wrapping_##suffix##_##name(call);                                               \
        }                                                                                          \
        return exact_##suffix##_##name(call);                                                      \
    }

WIDE_PRODUCT(vectors, i64, int64_t, PRODUCT_BITS_I64, call->count, call->count)
WIDE_PRODUCT(constant_right, i64, int64_t, PRODUCT_BITS_I64, call->count, 1)
WIDE_PRODUCT(constant_left, i64, int64_t, PRODUCT_BITS_I64, 1, call->count)
WIDE_PRODUCT(vectors, u64, uint64_t, PRODUCT_BITS_U64, call->count, call->count)
WIDE_PRODUCT(constant_right, u64, uint64_t, PRODUCT_BITS_U64, call->count, 1)
WIDE_PRODUCT(constant_left, u64, uint64_t, PRODUCT_BITS_U64, 1, call->count)

#define FLOAT_TYPE(suffix, T)                                                                      \
    SB_LOOPS_2(add_##suffix, T, T, T, out[i] = x + y)                                              \
    SB_LOOPS_2(subtract_##suffix, T, T, T, out[i] = x - y)                                         \
    SB_LOOPS_2(multiply_##suffix, T, T, T, out[i] = x * y)                                         \
    SB_LOOP_1(negate_##suffix, T, T, out[i] = -x)

FLOAT_TYPE(f32, float)
FLOAT_TYPE(f64, double)

/* Only the least value has no opposite. */
#define NEGATE_TYPE(suffix, T, U, LEAST)                                                           \
    static enum sb_status negate_##suffix(struct sb_kernel_call *call)                             \
    {                                                                                              \
        const T *restrict a = sb_kernel_argument(call, 0)->values;                                 \
        T *restrict out = call->out;                                                               \
        const int32_t count = call->count;                                                         \
        T failed = 0;                                                                              \
        for (int32_t i = 0; i < count; i++) {                                                      \
            out[i] = (T)(0 - (U)a[i]);                                                             \
            failed |= (T)(a[i] == LEAST);                                                          \
        }                                                                                          \
        return sb_likely(failed == 0) ? SB_OK                                                      \
                                      : sb_overflow_find(call, SB_ARITHMETIC_NEGATE, 1, 1);        \
    }

NEGATE_TYPE(i8, int8_t, uint8_t, INT8_MIN)
NEGATE_TYPE(i16, int16_t, uint16_t, INT16_MIN)
NEGATE_TYPE(i32, int32_t, uint32_t, INT32_MIN)
NEGATE_TYPE(i64, int64_t, uint64_t, INT64_MIN)

#define CHECKED_ENTRY(name) {SB_SLOTS_2(name), .may_fail = true}

#define ARITHMETIC_ROW(name)                                                                       \
    {                                                                                              \
        [SB_PHYSICAL_I8] = CHECKED_ENTRY(name##_i8),                                               \
        [SB_PHYSICAL_I16] = CHECKED_ENTRY(name##_i16),                                             \
        [SB_PHYSICAL_I32] = CHECKED_ENTRY(name##_i32),                                             \
        [SB_PHYSICAL_I64] = CHECKED_ENTRY(name##_i64),                                             \
        [SB_PHYSICAL_U8] = CHECKED_ENTRY(name##_u8),                                               \
        [SB_PHYSICAL_U16] = CHECKED_ENTRY(name##_u16),                                             \
        [SB_PHYSICAL_U32] = CHECKED_ENTRY(name##_u32),                                             \
        [SB_PHYSICAL_U64] = CHECKED_ENTRY(name##_u64),                                             \
        [SB_PHYSICAL_F32] = {SB_SLOTS_2(name##_f32)},                                              \
        [SB_PHYSICAL_F64] = {SB_SLOTS_2(name##_f64)},                                              \
    }

static const struct sb_kernel_set arithmetic_kernels[SB_OPERATION_COUNT][SB_PHYSICAL_COUNT] = {
    [SB_ARITHMETIC_ADD] = ARITHMETIC_ROW(add),
    [SB_ARITHMETIC_SUBTRACT] = ARITHMETIC_ROW(subtract),
    [SB_ARITHMETIC_MULTIPLY] = ARITHMETIC_ROW(multiply),
    [SB_ARITHMETIC_NEGATE] =
        {
            [SB_PHYSICAL_I8] = {.vectors = negate_i8, .may_fail = true},
            [SB_PHYSICAL_I16] = {.vectors = negate_i16, .may_fail = true},
            [SB_PHYSICAL_I32] = {.vectors = negate_i32, .may_fail = true},
            [SB_PHYSICAL_I64] = {.vectors = negate_i64, .may_fail = true},
            [SB_PHYSICAL_F32] = {.vectors = negate_f32},
            [SB_PHYSICAL_F64] = {.vectors = negate_f64},
        },
};

const struct sb_kernel_set *kernels_arithmetic(enum sb_operation operation,
                                               enum sb_physical physical)
{
    const struct sb_kernel_set *kernels = &arithmetic_kernels[operation][physical];

    return kernels->vectors == NULL ? kernels_divide(operation, physical) : kernels;
}
