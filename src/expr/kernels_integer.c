// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_integer.c - floor division, bits, shifts, abs and sign of integers.
 *
 * What has no result - a division by zero, a value out of range, a shift by more bits than there
 * are - is replaced while the loop runs and looked for afterwards.
 */
#include "expr/decimal.h"
#include "expr/kernel_loops.h"
#include "expr/kernels_math.h"
#include "expr/scalar.h"
#include "expr/tree.h"

/* The first row that counts and for which there is no result. */
static enum sb_status pair_report(struct sb_kernel_call *call,
                                  bool (*is_wrong)(sb_int128 x, sb_int128 y, int32_t bits),
                                  const char *sign)
{
    const struct sb_bound_node *const *arguments = call->node->arguments;
    const enum sb_physical physical = sb_physical_of(&call->node->type);
    const enum sb_physical other = sb_physical_of(&arguments[1]->type);
    const int32_t width = sb_physical_width(physical);
    const uint8_t *a = sb_kernel_argument(call, 0)->values;
    const uint8_t *b = sb_kernel_argument(call, 1)->values;
    char left[SB_DECIMAL_TEXT_SIZE];
    char right[SB_DECIMAL_TEXT_SIZE];
    char type[SB_TYPE_NAME_SIZE];

    for (int32_t i = 0; i < call->count; i++) {
        const sb_int128 x = sb_value_integer(physical, a + (int64_t)i * width);
        const sb_int128 y = sb_value_integer(other, b + (int64_t)i * sb_physical_width(other));
        if (!sb_kernel_counts(call, i) || !is_wrong(x, y, 8 * width)) {
            continue;
        }
        sb_decimal_format(x, 0, left);
        sb_decimal_format(y, 0, right);
        return sb_error_set(call->err, SB_FAILED, "%s: %s: %s %s %s in %s", call->node->name,
                            sign[0] != '/' ? "no such shift"
                            : y == 0       ? "division by zero"
                                           : "overflow",
                            left, sign, right, sb_type_name(&call->node->type, type, sizeof type));
    }
    return SB_OK;
}

static bool division_is_wrong(sb_int128 x, sb_int128 y, int32_t bits)
{
    return y == 0 || (y == -1 && x == -((sb_int128)1 << (bits - 1)));
}

static bool shift_is_wrong(sb_int128 x, sb_int128 y, int32_t bits)
{
    return y < 0 || y >= bits;
}

#define FLOOR_DIVIDE(name, T, IS_OVERFLOW, ADJUST)                                                 \
    static enum sb_status name(struct sb_kernel_call *call)                                        \
    {                                                                                              \
        const T *restrict a = sb_kernel_argument(call, 0)->values;                                 \
        const T *restrict b = sb_kernel_argument(call, 1)->values;                                 \
        T *restrict out = call->out;                                                               \
        bool is_wrong = false;                                                                     \
        for (int32_t i = 0; i < call->count; i++) {                                                \
            const T x = a[i];                                                                      \
            const T y = b[i];                                                                      \
            const bool has_none = y == 0 || (IS_OVERFLOW);                                         \
            const T divisor = has_none ? 1 : y;                                                    \
            const T quotient = (T)(x / divisor);                                                   \
            const T rest = (T)(x % divisor);                                                       \
            (void)rest;                                                                            \
            is_wrong |= has_none;                                                                  \
            out[i] = (T)(quotient - (ADJUST));                                                     \
        }                                                                                          \
        return is_wrong ? pair_report(call, division_is_wrong, "//") : SB_OK;                      \
    }

#define SIGNED_DIVIDE(suffix, T, LEAST)                                                            \
    FLOOR_DIVIDE(floor_divide_##suffix, T, y == -1 && x == (LEAST),                                \
                 rest != 0 && (rest < 0) != (divisor < 0))
#define UNSIGNED_DIVIDE(suffix, T) FLOOR_DIVIDE(floor_divide_##suffix, T, false, 0)

SIGNED_DIVIDE(i8, int8_t, INT8_MIN)
SIGNED_DIVIDE(i16, int16_t, INT16_MIN)
SIGNED_DIVIDE(i32, int32_t, INT32_MIN)
SIGNED_DIVIDE(i64, int64_t, INT64_MIN)
UNSIGNED_DIVIDE(u8, uint8_t)
UNSIGNED_DIVIDE(u16, uint16_t)
UNSIGNED_DIVIDE(u32, uint32_t)
UNSIGNED_DIVIDE(u64, uint64_t)

/* Bits that leave on the left are lost; a signed number shifted right keeps its sign. */
#define SHIFT(name, T, ROW)                                                                        \
    static enum sb_status name(struct sb_kernel_call *call)                                        \
    {                                                                                              \
        const T *restrict a = sb_kernel_argument(call, 0)->values;                                 \
        const int64_t *restrict b = sb_kernel_argument(call, 1)->values;                           \
        T *restrict out = call->out;                                                               \
        const uint64_t bits = 8 * sizeof(T);                                                       \
        bool is_wrong = false;                                                                     \
        for (int32_t i = 0; i < call->count; i++) {                                                \
            const T x = a[i];                                                                      \
            const uint64_t shift = (uint64_t)b[i] & (bits - 1);                                    \
            is_wrong |= (uint64_t)b[i] >= bits;                                                    \
            out[i] = (T)(ROW);                                                                     \
        }                                                                                          \
        return is_wrong ? pair_report(call, shift_is_wrong, name##_sign) : SB_OK;                  \
    }

#define SHIFTS(suffix, T)                                                                          \
    static const char shift_left_##suffix##_sign[] = "<<";                                         \
    static const char shift_right_##suffix##_sign[] = ">>";                                        \
    SHIFT(shift_left_##suffix, T, (uint64_t)x << shift)                                            \
    SHIFT(shift_right_##suffix, T, x >> shift)

#define BITS(suffix, T, SIGN)                                                                      \
    SB_LOOP_(and_##suffix, T, T, T, a[i], b[i], out[i] = (T)(x & y))                               \
    SB_LOOP_(or_##suffix, T, T, T, a[i], b[i], out[i] = (T)(x | y))                                \
    SB_LOOP_(xor_##suffix, T, T, T, a[i], b[i], out[i] = (T)(x ^ y))                               \
    SB_LOOP_1(not_##suffix, T, T, out[i] = (T)~x)                                                  \
    SB_LOOP_1(sign_##suffix, T, T, out[i] = (T)(SIGN))                                             \
    SHIFTS(suffix, T)

BITS(i8, int8_t, (x > 0) - (x < 0))
BITS(i16, int16_t, (x > 0) - (x < 0))
BITS(i32, int32_t, (x > 0) - (x < 0))
BITS(i64, int64_t, (x > 0) - (x < 0))
BITS(u8, uint8_t, x > 0)
BITS(u16, uint16_t, x > 0)
BITS(u32, uint32_t, x > 0)
BITS(u64, uint64_t, x > 0)

#define BY_TYPE(name, may)                                                                         \
    {                                                                                              \
        [SB_PHYSICAL_I8] = {.vectors = name##_i8, .may_fail = may},                                \
        [SB_PHYSICAL_I16] = {.vectors = name##_i16, .may_fail = may},                              \
        [SB_PHYSICAL_I32] = {.vectors = name##_i32, .may_fail = may},                              \
        [SB_PHYSICAL_I64] = {.vectors = name##_i64, .may_fail = may},                              \
        [SB_PHYSICAL_U8] = {.vectors = name##_u8, .may_fail = may},                                \
        [SB_PHYSICAL_U16] = {.vectors = name##_u16, .may_fail = may},                              \
        [SB_PHYSICAL_U32] = {.vectors = name##_u32, .may_fail = may},                              \
        [SB_PHYSICAL_U64] = {.vectors = name##_u64, .may_fail = may},                              \
    }

const struct sb_kernel_set *sb_kernels_integer(enum sb_integer_operation operation,
                                               enum sb_physical physical)
{
    static const struct sb_kernel_set kernels[SB_INTEGER_OPERATION_COUNT][SB_PHYSICAL_COUNT] = {
        [SB_INTEGER_FLOOR_DIVIDE] = BY_TYPE(floor_divide, true),
        [SB_INTEGER_AND] = BY_TYPE(and, false),
        [SB_INTEGER_OR] = BY_TYPE(or, false),
        [SB_INTEGER_XOR] = BY_TYPE(xor, false),
        [SB_INTEGER_SHIFT_LEFT] = BY_TYPE(shift_left, true),
        [SB_INTEGER_SHIFT_RIGHT] = BY_TYPE(shift_right, true),
    };

    return &kernels[operation][physical];
}

static enum sb_status abs_report(struct sb_kernel_call *call)
{
    const enum sb_physical physical = sb_physical_of(&call->node->type);
    const int32_t width = sb_physical_width(physical);
    const uint8_t *a = sb_kernel_argument(call, 0)->values;
    const sb_int128 least = -((sb_int128)1 << (8 * width - 1));
    char text[SB_DECIMAL_TEXT_SIZE];
    char type[SB_TYPE_NAME_SIZE];

    for (int32_t i = 0; i < call->count; i++) {
        if (sb_kernel_counts(call, i) &&
            sb_value_integer(physical, a + (int64_t)i * width) == least) {
            sb_decimal_format(least, 0, text);
            return sb_error_set(
                call->err, SB_FAILED, "%s: overflow: %s in %s; cast the argument to a wider type",
                call->node->name, text, sb_type_name(&call->node->type, type, sizeof type));
        }
    }
    return SB_OK;
}

#define ABS(suffix, T, U, LEAST)                                                                   \
    static enum sb_status abs_##suffix(struct sb_kernel_call *call)                                \
    {                                                                                              \
        const T *restrict a = sb_kernel_argument(call, 0)->values;                                 \
        T *restrict out = call->out;                                                               \
        uint8_t is_wrong = 0;                                                                      \
        for (int32_t i = 0; i < call->count; i++) {                                                \
            const T x = a[i];                                                                      \
            is_wrong |= x == (LEAST);                                                              \
            out[i] = (T)(x < 0 ? (U)0 - (U)x : (U)x);                                              \
        }                                                                                          \
        return is_wrong ? abs_report(call) : SB_OK;                                                \
    }

ABS(i8, int8_t, uint8_t, INT8_MIN)
ABS(i16, int16_t, uint16_t, INT16_MIN)
ABS(i32, int32_t, uint32_t, INT32_MIN)
ABS(i64, int64_t, uint64_t, INT64_MIN)

const struct sb_kernel_set *sb_kernels_integer_function(enum sb_integer_function function,
                                                        enum sb_physical physical)
{
    static const struct sb_kernel_set kernels[SB_INTEGER_FUNCTION_COUNT][SB_PHYSICAL_COUNT] = {
        [SB_INTEGER_ABS] =
            {
                [SB_PHYSICAL_I8] = {.vectors = abs_i8, .may_fail = true},
                [SB_PHYSICAL_I16] = {.vectors = abs_i16, .may_fail = true},
                [SB_PHYSICAL_I32] = {.vectors = abs_i32, .may_fail = true},
                [SB_PHYSICAL_I64] = {.vectors = abs_i64, .may_fail = true},
            },
        [SB_INTEGER_SIGN] = BY_TYPE(sign, false),
        [SB_INTEGER_NOT] = BY_TYPE(not, false),
    };

    return &kernels[function][physical];
}
