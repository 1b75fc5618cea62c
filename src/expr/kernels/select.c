// SPDX-License-Identifier: Apache-2.0
/*
 * select.c - one of two values by a condition, the lesser or greater of two, and guards.
 *
 * All read validity themselves, and none trusts the value of a null row. Among numbers NaN is the
 * greatest; of two equal values the first stays.
 */
#include <string.h>

#include "expr/kernels/target.h"
#include "expr/kernels/validity.h"

/* valid = is_second ? a : b, where either has nulls. */
static void select_valid(struct sb_kernel_call *call, const struct sb_vector *first,
                         const struct sb_vector *second, const uint8_t *restrict condition,
                         const uint8_t *restrict known)
{
    const uint8_t *restrict a = sb_valid_or_ones(first);
    const uint8_t *restrict b = sb_valid_or_ones(second);
    uint8_t *restrict valid = call->valid_room;

    call->valid = NULL;
    if (first->valid == NULL && second->valid == NULL) {
        return;
    }
    for (int32_t i = 0; i < call->count; i++) {
        const uint8_t is_true = condition[i] & known[i];
        valid[i] = is_true ? a[i] : b[i];
    }
    call->valid = valid;
}

#define SELECT_TYPE(suffix, T)                                                                     \
    static enum sb_status select_##suffix(struct sb_kernel_call *call)                             \
    {                                                                                              \
        const struct sb_vector *conditions = sb_kernel_argument(call, 0);                          \
        const struct sb_vector *first = sb_kernel_argument(call, 1);                               \
        const struct sb_vector *second = sb_kernel_argument(call, 2);                              \
        const uint8_t *restrict condition = conditions->values;                                    \
        const uint8_t *restrict known = sb_valid_or_ones(conditions);                              \
        const T *restrict a = first->values;                                                       \
        const T *restrict b = second->values;                                                      \
        T *restrict out = call->out;                                                               \
        const int32_t count = call->count;                                                         \
        for (int32_t i = 0; i < count; i++) {                                                      \
            out[i] = (condition[i] & known[i]) ? a[i] : b[i];                                      \
        }                                                                                          \
        select_valid(call, first, second, condition, known);                                       \
        return SB_OK;                                                                              \
    }

SELECT_TYPE(1, uint8_t)
SELECT_TYPE(2, uint16_t)
SELECT_TYPE(4, uint32_t)
SELECT_TYPE(8, uint64_t)
SELECT_TYPE(i128, sb_int128)
SELECT_TYPE(bytes, struct sb_bytes)

const struct sb_kernel_set *kernels_select(enum sb_physical physical)
{
    static const struct sb_kernel_set by_width[] = {
        [1] = {.vectors = select_1},
        [2] = {.vectors = select_2},
        [4] = {.vectors = select_4},
        [8] = {.vectors = select_8},
    };
    static const struct sb_kernel_set decimal = {.vectors = select_i128};
    static const struct sb_kernel_set bytes = {.vectors = select_bytes};

    if (physical == SB_PHYSICAL_I128) {
        return &decimal;
    }
    return physical >= SB_PHYSICAL_BYTES ? &bytes : &by_width[sb_physical_width(physical)];
}

/* Valid where either is. */
static void either_valid(struct sb_kernel_call *call, const uint8_t *restrict a,
                         const uint8_t *restrict b)
{
    uint8_t *restrict valid = call->valid_room;

    call->valid = NULL;
    if (a == NULL || b == NULL) {
        return;
    }
    for (int32_t i = 0; i < call->count; i++) {
        valid[i] = a[i] | b[i];
    }
    call->valid = valid;
}

static inline bool bytes_less(struct sb_bytes x, struct sb_bytes y)
{
    const int64_t size = x.size < y.size ? x.size : y.size;
    const int order = size == 0 ? 0 : memcmp(x.data, y.data, (size_t)size);

    return order != 0 ? order < 0 : x.size < y.size;
}

#define NUMBER_LESS(x, y) ((x) < (y))
#define FLOAT_LESS(x, y) (((x) < (y)) | (((x) == (x)) & ((y) != (y))))
/* Text of a null row is not looked into. */
#define BYTES_LESS(x, y) bytes_less((x), (y))

#define EXTREME_LOOP(name, T, SECOND_IS_BETTER)                                                    \
    static enum sb_status name(struct sb_kernel_call *call)                                        \
    {                                                                                              \
        const struct sb_vector *first = sb_kernel_argument(call, 0);                               \
        const struct sb_vector *second = sb_kernel_argument(call, 1);                              \
        const T *restrict a = first->values;                                                       \
        const T *restrict b = second->values;                                                      \
        const uint8_t *restrict a_valid = sb_valid_or_ones(first);                                 \
        const uint8_t *restrict b_valid = sb_valid_or_ones(second);                                \
        T *restrict out = call->out;                                                               \
        const int32_t count = call->count;                                                         \
        if (first->valid == NULL && second->valid == NULL) {                                       \
            for (int32_t i = 0; i < count; i++) {                                                  \
                const T x = a[i];                                                                  \
                const T y = b[i];                                                                  \
                out[i] = SECOND_IS_BETTER ? y : x;                                                 \
            }                                                                                      \
        } else {                                                                                   \
            for (int32_t i = 0; i < count; i++) {                                                  \
                const T x = a[i];                                                                  \
                const T y = b[i];                                                                  \
                out[i] = b_valid[i] && (!a_valid[i] || (SECOND_IS_BETTER)) ? y : x;                \
            }                                                                                      \
        }                                                                                          \
        either_valid(call, first->valid, second->valid);                                           \
        return SB_OK;                                                                              \
    }

#define EXTREME_TYPE(suffix, T, LESS)                                                              \
    EXTREME_LOOP(least_##suffix, T, LESS(y, x))                                                    \
    EXTREME_LOOP(greatest_##suffix, T, LESS(x, y))

EXTREME_TYPE(i8, int8_t, NUMBER_LESS)
EXTREME_TYPE(i16, int16_t, NUMBER_LESS)
EXTREME_TYPE(i32, int32_t, NUMBER_LESS)
EXTREME_TYPE(i64, int64_t, NUMBER_LESS)
EXTREME_TYPE(u8, uint8_t, NUMBER_LESS)
EXTREME_TYPE(u16, uint16_t, NUMBER_LESS)
EXTREME_TYPE(u32, uint32_t, NUMBER_LESS)
EXTREME_TYPE(u64, uint64_t, NUMBER_LESS)
EXTREME_TYPE(f32, float, FLOAT_LESS)
EXTREME_TYPE(f64, double, FLOAT_LESS)
EXTREME_TYPE(i128, sb_int128, NUMBER_LESS)
EXTREME_TYPE(bytes, struct sb_bytes, BYTES_LESS)

const struct sb_kernel_set *kernels_extreme(bool is_greatest, enum sb_physical physical)
{
    static const struct sb_kernel_set kernels[2][SB_PHYSICAL_COUNT] = {
        {
            [SB_PHYSICAL_BOOL] = {.vectors = least_u8},
            [SB_PHYSICAL_I8] = {.vectors = least_i8},
            [SB_PHYSICAL_I16] = {.vectors = least_i16},
            [SB_PHYSICAL_I32] = {.vectors = least_i32},
            [SB_PHYSICAL_I64] = {.vectors = least_i64},
            [SB_PHYSICAL_U8] = {.vectors = least_u8},
            [SB_PHYSICAL_U16] = {.vectors = least_u16},
            [SB_PHYSICAL_U32] = {.vectors = least_u32},
            [SB_PHYSICAL_U64] = {.vectors = least_u64},
            [SB_PHYSICAL_F32] = {.vectors = least_f32},
            [SB_PHYSICAL_F64] = {.vectors = least_f64},
            [SB_PHYSICAL_I128] = {.vectors = least_i128},
            [SB_PHYSICAL_BYTES] = {.vectors = least_bytes},
        },
        {
            [SB_PHYSICAL_BOOL] = {.vectors = greatest_u8},
            [SB_PHYSICAL_I8] = {.vectors = greatest_i8},
            [SB_PHYSICAL_I16] = {.vectors = greatest_i16},
            [SB_PHYSICAL_I32] = {.vectors = greatest_i32},
            [SB_PHYSICAL_I64] = {.vectors = greatest_i64},
            [SB_PHYSICAL_U8] = {.vectors = greatest_u8},
            [SB_PHYSICAL_U16] = {.vectors = greatest_u16},
            [SB_PHYSICAL_U32] = {.vectors = greatest_u32},
            [SB_PHYSICAL_U64] = {.vectors = greatest_u64},
            [SB_PHYSICAL_F32] = {.vectors = greatest_f32},
            [SB_PHYSICAL_F64] = {.vectors = greatest_f64},
            [SB_PHYSICAL_I128] = {.vectors = greatest_i128},
            [SB_PHYSICAL_BYTES] = {.vectors = greatest_bytes},
        },
    };

    return &kernels[is_greatest][physical];
}

/* ROW is over `value` and `is_valid`, bytes of 0 or 1. */
#define GUARD(name, ROW)                                                                           \
    enum sb_status name(struct sb_kernel_call *call)                                               \
    {                                                                                              \
        const struct sb_vector *first = sb_kernel_argument(call, 0);                               \
        const struct sb_vector all = {.valid = call->guard};                                       \
        const uint8_t *restrict values = first->values;                                            \
        const uint8_t *restrict valid = sb_valid_or_ones(first);                                   \
        const uint8_t *restrict around = sb_valid_or_ones(&all);                                   \
        uint8_t *restrict out = call->out;                                                         \
        const int32_t count = call->count;                                                         \
        for (int32_t i = 0; i < count; i++) {                                                      \
            const uint8_t value = values[i];                                                       \
            const uint8_t is_valid = valid[i];                                                     \
            (void)value;                                                                           \
            out[i] = (uint8_t)(around[i] & (ROW));                                                 \
        }                                                                                          \
        call->valid = NULL;                                                                        \
        return SB_OK;                                                                              \
    }

GUARD(kernel_guard_not_false, (is_valid ^ 1) | value)
GUARD(kernel_guard_not_true, (is_valid ^ 1) | (value ^ 1))
GUARD(kernel_guard_true, is_valid &value)

/* The first argument is of any type. */
enum sb_status kernel_guard_null(struct sb_kernel_call *call)
{
    const struct sb_vector all = {.valid = call->guard};
    const uint8_t *restrict valid = sb_valid_or_ones(sb_kernel_argument(call, 0));
    const uint8_t *restrict around = sb_valid_or_ones(&all);
    uint8_t *restrict out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        out[i] = around[i] & (valid[i] ^ 1);
    }
    call->valid = NULL;
    return SB_OK;
}
