// SPDX-License-Identifier: Apache-2.0
/*
 * cast_number.c - between booleans, integers and floats.
 *
 * An integer must lie in the range of its new type. A float becomes an integer by dropping its
 * fraction (towards zero); NaN and what is out of range fail. An integer becomes the nearest
 * float, a float64 the nearest float32 unless that is infinite. A number is true unless it is
 * zero; NaN is neither.
 */
#include <float.h>
#include <math.h>

#include "expr/cast_failure.h"
#include "expr/decimal.h"
#include "expr/kernel_loops.h"
#include "expr/kernels/target.h"
#include "expr/tree.h"

static const char does_not_fit[] = "does not fit";

static bool integer_fits(const struct sb_kernel_call *call, const void *value)
{
    const struct sb_type *from = &call->node->arguments[0]->type;
    const sb_int128 integer = sb_value_integer(sb_physical_of(from), value);
    sb_int128 least;
    sb_int128 greatest;

    sb_integer_limits(call->node->type.id, &least, &greatest);
    return integer >= least && integer <= greatest;
}

static bool float_fits(const struct sb_kernel_call *call, const void *value)
{
    const bool is_single = call->node->arguments[0]->type.id == SB_TYPE_FLOAT32;
    const double number = is_single ? (double)*(const float *)value : *(const double *)value;
    sb_int128 least;
    sb_int128 greatest;

    if (call->node->type.id == SB_TYPE_FLOAT32) {
        return !isfinite(number) || isfinite((float)number);
    }
    if (call->node->type.id == SB_TYPE_BOOL) {
        return number == number;
    }
    if (!(fabs(number) < 0x1p65)) {
        return false;
    }
    sb_integer_limits(call->node->type.id, &least, &greatest);
    return (sb_int128)number >= least && (sb_int128)number <= greatest;
}

/* Every value has a counterpart. */
#define CAST_FREE(from, to, F, T) SB_LOOP_1(from##_to_##to, F, T, out[i] = (T)x)

/* OK tells whether x has one. */
#define CAST_CHECKED(from, to, F, T, OK, FITS)                                                     \
    static enum sb_status from##_to_##to(struct sb_kernel_call *call)                              \
    {                                                                                              \
        const F *restrict a = sb_kernel_argument(call, 0)->values;                                 \
        T *restrict out = call->out;                                                               \
        const int32_t count = call->count;                                                         \
        F failed = 0;                                                                              \
        for (int32_t i = 0; i < count; i++) {                                                      \
            const F x = a[i];                                                                      \
            out[i] = (T)x;                                                                         \
            failed |= (F) !(OK);                                                                   \
        }                                                                                          \
        return sb_likely(failed == 0) ? SB_OK : sb_cast_rows_failed(call, FITS, does_not_fit);     \
    }

/* From above LEAST to below MOST; elsewhere C leaves the conversion undefined. */
#define CAST_FLOAT(from, to, F, T, LEAST, MOST)                                                    \
    static enum sb_status from##_to_##to(struct sb_kernel_call *call)                              \
    {                                                                                              \
        const F *restrict a = sb_kernel_argument(call, 0)->values;                                 \
        T *restrict out = call->out;                                                               \
        const int32_t count = call->count;                                                         \
        int64_t failed = 0;                                                                        \
        for (int32_t i = 0; i < count; i++) {                                                      \
            const double x = (double)a[i];                                                         \
            const bool is_ok = (LEAST) & (x < MOST);                                               \
            out[i] = (T)(is_ok ? x : 0);                                                           \
            failed |= !is_ok;                                                                      \
        }                                                                                          \
        return sb_likely(failed == 0) ? SB_OK                                                      \
                                      : sb_cast_rows_failed(call, float_fits, does_not_fit);       \
    }

#define CAST_TO_BOOL(from, F) SB_LOOP_1(from##_to_bool, F, uint8_t, out[i] = x != 0)
#define CAST_FLOAT_TO_BOOL(from, F)                                                                \
    static enum sb_status from##_to_bool(struct sb_kernel_call *call)                              \
    {                                                                                              \
        const F *restrict a = sb_kernel_argument(call, 0)->values;                                 \
        uint8_t *restrict out = call->out;                                                         \
        const int32_t count = call->count;                                                         \
        bool has_nan = false;                                                                      \
        for (int32_t i = 0; i < count; i++) {                                                      \
            out[i] = a[i] != 0;                                                                    \
            has_nan |= a[i] != a[i];                                                               \
        }                                                                                          \
        return has_nan ? sb_cast_rows_failed(call, float_fits, "is no") : SB_OK;                   \
    }

static enum sb_status f64_to_f32(struct sb_kernel_call *call)
{
    const double *restrict a = sb_kernel_argument(call, 0)->values;
    float *restrict out = call->out;
    const int32_t count = call->count;
    bool has_failed = false;

    for (int32_t i = 0; i < count; i++) {
        out[i] = (float)a[i];
        has_failed |= (fabs(a[i]) <= DBL_MAX) & !(fabsf(out[i]) <= FLT_MAX);
    }
    return sb_likely(!has_failed) ? SB_OK : sb_cast_rows_failed(call, float_fits, does_not_fit);
}

CAST_FREE(i8, i16, int8_t, int16_t)
CAST_FREE(i8, i32, int8_t, int32_t)
CAST_FREE(i8, i64, int8_t, int64_t)
CAST_CHECKED(i8, u8, int8_t, uint8_t, (x >= 0), integer_fits)
CAST_CHECKED(i8, u16, int8_t, uint16_t, (x >= 0), integer_fits)
CAST_CHECKED(i8, u32, int8_t, uint32_t, (x >= 0), integer_fits)
CAST_CHECKED(i8, u64, int8_t, uint64_t, (x >= 0), integer_fits)
CAST_FREE(i8, f32, int8_t, float)
CAST_FREE(i8, f64, int8_t, double)
CAST_TO_BOOL(i8, int8_t)
CAST_FREE(bool, i8, uint8_t, int8_t)
CAST_CHECKED(i16, i8, int16_t, int8_t, (x >= INT8_MIN) & (x <= INT8_MAX), integer_fits)
CAST_FREE(i16, i32, int16_t, int32_t)
CAST_FREE(i16, i64, int16_t, int64_t)
CAST_CHECKED(i16, u8, int16_t, uint8_t, (x >= 0) & (x <= UINT8_MAX), integer_fits)
CAST_CHECKED(i16, u16, int16_t, uint16_t, (x >= 0), integer_fits)
CAST_CHECKED(i16, u32, int16_t, uint32_t, (x >= 0), integer_fits)
CAST_CHECKED(i16, u64, int16_t, uint64_t, (x >= 0), integer_fits)
CAST_FREE(i16, f32, int16_t, float)
CAST_FREE(i16, f64, int16_t, double)
CAST_TO_BOOL(i16, int16_t)
CAST_FREE(bool, i16, uint8_t, int16_t)
CAST_CHECKED(i32, i8, int32_t, int8_t, (x >= INT8_MIN) & (x <= INT8_MAX), integer_fits)
CAST_CHECKED(i32, i16, int32_t, int16_t, (x >= INT16_MIN) & (x <= INT16_MAX), integer_fits)
CAST_FREE(i32, i64, int32_t, int64_t)
CAST_CHECKED(i32, u8, int32_t, uint8_t, (x >= 0) & (x <= UINT8_MAX), integer_fits)
CAST_CHECKED(i32, u16, int32_t, uint16_t, (x >= 0) & (x <= UINT16_MAX), integer_fits)
CAST_CHECKED(i32, u32, int32_t, uint32_t, (x >= 0), integer_fits)
CAST_CHECKED(i32, u64, int32_t, uint64_t, (x >= 0), integer_fits)
CAST_FREE(i32, f32, int32_t, float)
CAST_FREE(i32, f64, int32_t, double)
CAST_TO_BOOL(i32, int32_t)
CAST_FREE(bool, i32, uint8_t, int32_t)
CAST_CHECKED(i64, i8, int64_t, int8_t, (x >= INT8_MIN) & (x <= INT8_MAX), integer_fits)
CAST_CHECKED(i64, i16, int64_t, int16_t, (x >= INT16_MIN) & (x <= INT16_MAX), integer_fits)
CAST_CHECKED(i64, i32, int64_t, int32_t, (x >= INT32_MIN) & (x <= INT32_MAX), integer_fits)
CAST_CHECKED(i64, u8, int64_t, uint8_t, (x >= 0) & (x <= UINT8_MAX), integer_fits)
CAST_CHECKED(i64, u16, int64_t, uint16_t, (x >= 0) & (x <= UINT16_MAX), integer_fits)
CAST_CHECKED(i64, u32, int64_t, uint32_t, (x >= 0) & (x <= UINT32_MAX), integer_fits)
CAST_CHECKED(i64, u64, int64_t, uint64_t, (x >= 0), integer_fits)
CAST_FREE(i64, f32, int64_t, float)
CAST_FREE(i64, f64, int64_t, double)
CAST_TO_BOOL(i64, int64_t)
CAST_FREE(bool, i64, uint8_t, int64_t)
CAST_CHECKED(u8, i8, uint8_t, int8_t, (x <= INT8_MAX), integer_fits)
CAST_FREE(u8, i16, uint8_t, int16_t)
CAST_FREE(u8, i32, uint8_t, int32_t)
CAST_FREE(u8, i64, uint8_t, int64_t)
CAST_FREE(u8, u16, uint8_t, uint16_t)
CAST_FREE(u8, u32, uint8_t, uint32_t)
CAST_FREE(u8, u64, uint8_t, uint64_t)
CAST_FREE(u8, f32, uint8_t, float)
CAST_FREE(u8, f64, uint8_t, double)
CAST_TO_BOOL(u8, uint8_t)
CAST_FREE(bool, u8, uint8_t, uint8_t)
CAST_CHECKED(u16, i8, uint16_t, int8_t, (x <= INT8_MAX), integer_fits)
CAST_CHECKED(u16, i16, uint16_t, int16_t, (x <= INT16_MAX), integer_fits)
CAST_FREE(u16, i32, uint16_t, int32_t)
CAST_FREE(u16, i64, uint16_t, int64_t)
CAST_CHECKED(u16, u8, uint16_t, uint8_t, (x <= UINT8_MAX), integer_fits)
CAST_FREE(u16, u32, uint16_t, uint32_t)
CAST_FREE(u16, u64, uint16_t, uint64_t)
CAST_FREE(u16, f32, uint16_t, float)
CAST_FREE(u16, f64, uint16_t, double)
CAST_TO_BOOL(u16, uint16_t)
CAST_FREE(bool, u16, uint8_t, uint16_t)
CAST_CHECKED(u32, i8, uint32_t, int8_t, (x <= INT8_MAX), integer_fits)
CAST_CHECKED(u32, i16, uint32_t, int16_t, (x <= INT16_MAX), integer_fits)
CAST_CHECKED(u32, i32, uint32_t, int32_t, (x <= INT32_MAX), integer_fits)
CAST_FREE(u32, i64, uint32_t, int64_t)
CAST_CHECKED(u32, u8, uint32_t, uint8_t, (x <= UINT8_MAX), integer_fits)
CAST_CHECKED(u32, u16, uint32_t, uint16_t, (x <= UINT16_MAX), integer_fits)
CAST_FREE(u32, u64, uint32_t, uint64_t)
CAST_FREE(u32, f32, uint32_t, float)
CAST_FREE(u32, f64, uint32_t, double)
CAST_TO_BOOL(u32, uint32_t)
CAST_FREE(bool, u32, uint8_t, uint32_t)
CAST_CHECKED(u64, i8, uint64_t, int8_t, (x <= INT8_MAX), integer_fits)
CAST_CHECKED(u64, i16, uint64_t, int16_t, (x <= INT16_MAX), integer_fits)
CAST_CHECKED(u64, i32, uint64_t, int32_t, (x <= INT32_MAX), integer_fits)
CAST_CHECKED(u64, i64, uint64_t, int64_t, (x <= INT64_MAX), integer_fits)
CAST_CHECKED(u64, u8, uint64_t, uint8_t, (x <= UINT8_MAX), integer_fits)
CAST_CHECKED(u64, u16, uint64_t, uint16_t, (x <= UINT16_MAX), integer_fits)
CAST_CHECKED(u64, u32, uint64_t, uint32_t, (x <= UINT32_MAX), integer_fits)
CAST_FREE(u64, f32, uint64_t, float)
CAST_FREE(u64, f64, uint64_t, double)
CAST_TO_BOOL(u64, uint64_t)
CAST_FREE(bool, u64, uint8_t, uint64_t)
CAST_FREE(bool, f32, uint8_t, float)
CAST_FREE(bool, f64, uint8_t, double)
CAST_FREE(f32, f64, float, double)
CAST_FLOAT_TO_BOOL(f32, float)
CAST_FLOAT_TO_BOOL(f64, double)
CAST_FLOAT(f32, i8, float, int8_t, x > -129.0, 0x1p7)
CAST_FLOAT(f32, i16, float, int16_t, x > -32769.0, 0x1p15)
CAST_FLOAT(f32, i32, float, int32_t, x > -2147483649.0, 0x1p31)
CAST_FLOAT(f32, i64, float, int64_t, x >= -0x1p63, 0x1p63)
CAST_FLOAT(f32, u8, float, uint8_t, x > -1.0, 0x1p8)
CAST_FLOAT(f32, u16, float, uint16_t, x > -1.0, 0x1p16)
CAST_FLOAT(f32, u32, float, uint32_t, x > -1.0, 0x1p32)
CAST_FLOAT(f32, u64, float, uint64_t, x > -1.0, 0x1p64)
CAST_FLOAT(f64, i8, double, int8_t, x > -129.0, 0x1p7)
CAST_FLOAT(f64, i16, double, int16_t, x > -32769.0, 0x1p15)
CAST_FLOAT(f64, i32, double, int32_t, x > -2147483649.0, 0x1p31)
CAST_FLOAT(f64, i64, double, int64_t, x >= -0x1p63, 0x1p63)
CAST_FLOAT(f64, u8, double, uint8_t, x > -1.0, 0x1p8)
CAST_FLOAT(f64, u16, double, uint16_t, x > -1.0, 0x1p16)
CAST_FLOAT(f64, u32, double, uint32_t, x > -1.0, 0x1p32)
CAST_FLOAT(f64, u64, double, uint64_t, x > -1.0, 0x1p64)

#define FREE(from, to) {.vectors = from##_to_##to}
#define CHECKED(from, to) {.vectors = from##_to_##to, .may_fail = true}

static const struct sb_kernel_set number_kernels[SB_PHYSICAL_COUNT][SB_PHYSICAL_COUNT] =
    {
        [SB_PHYSICAL_BOOL] =
            {
                [SB_PHYSICAL_I8] = FREE(bool, i8),
                [SB_PHYSICAL_I16] = FREE(bool, i16),
                [SB_PHYSICAL_I32] = FREE(bool, i32),
                [SB_PHYSICAL_I64] = FREE(bool, i64),
                [SB_PHYSICAL_U8] = FREE(bool, u8),
                [SB_PHYSICAL_U16] = FREE(bool, u16),
                [SB_PHYSICAL_U32] = FREE(bool, u32),
                [SB_PHYSICAL_U64] = FREE(bool, u64),
                [SB_PHYSICAL_F32] = FREE(bool, f32),
                [SB_PHYSICAL_F64] = FREE(bool, f64),
            },
        [SB_PHYSICAL_I8] =
            {
                [SB_PHYSICAL_BOOL] = FREE(i8, bool),
                [SB_PHYSICAL_I16] = FREE(i8, i16),
                [SB_PHYSICAL_I32] = FREE(i8, i32),
                [SB_PHYSICAL_I64] = FREE(i8, i64),
                [SB_PHYSICAL_U8] = CHECKED(i8, u8),
                [SB_PHYSICAL_U16] = CHECKED(i8, u16),
                [SB_PHYSICAL_U32] = CHECKED(i8, u32),
                [SB_PHYSICAL_U64] = CHECKED(i8, u64),
                [SB_PHYSICAL_F32] = FREE(i8, f32),
                [SB_PHYSICAL_F64] = FREE(i8, f64),
            },
        [SB_PHYSICAL_I16] =
            {
                [SB_PHYSICAL_BOOL] = FREE(i16, bool),
                [SB_PHYSICAL_I8] = CHECKED(i16, i8),
                [SB_PHYSICAL_I32] = FREE(i16, i32),
                [SB_PHYSICAL_I64] = FREE(i16, i64),
                [SB_PHYSICAL_U8] = CHECKED(i16, u8),
                [SB_PHYSICAL_U16] = CHECKED(i16, u16),
                [SB_PHYSICAL_U32] = CHECKED(i16, u32),
                [SB_PHYSICAL_U64] = CHECKED(i16, u64),
                [SB_PHYSICAL_F32] = FREE(i16, f32),
                [SB_PHYSICAL_F64] = FREE(i16, f64),
            },
        [SB_PHYSICAL_I32] =
            {
                [SB_PHYSICAL_BOOL] = FREE(i32, bool),
                [SB_PHYSICAL_I8] = CHECKED(i32, i8),
                [SB_PHYSICAL_I16] = CHECKED(i32, i16),
                [SB_PHYSICAL_I64] = FREE(i32, i64),
                [SB_PHYSICAL_U8] = CHECKED(i32, u8),
                [SB_PHYSICAL_U16] = CHECKED(i32, u16),
                [SB_PHYSICAL_U32] = CHECKED(i32, u32),
                [SB_PHYSICAL_U64] = CHECKED(i32, u64),
                [SB_PHYSICAL_F32] = FREE(i32, f32),
                [SB_PHYSICAL_F64] = FREE(i32, f64),
            },
        [SB_PHYSICAL_I64] =
            {
                [SB_PHYSICAL_BOOL] = FREE(i64, bool),
                [SB_PHYSICAL_I8] = CHECKED(i64, i8),
                [SB_PHYSICAL_I16] = CHECKED(i64, i16),
                [SB_PHYSICAL_I32] = CHECKED(i64, i32),
                [SB_PHYSICAL_U8] = CHECKED(i64, u8),
                [SB_PHYSICAL_U16] = CHECKED(i64, u16),
                [SB_PHYSICAL_U32] = CHECKED(i64, u32),
                [SB_PHYSICAL_U64] = CHECKED(i64, u64),
                [SB_PHYSICAL_F32] = FREE(i64, f32),
                [SB_PHYSICAL_F64] = FREE(i64, f64),
            },
        [SB_PHYSICAL_U8] =
            {
                [SB_PHYSICAL_BOOL] = FREE(u8, bool),
                [SB_PHYSICAL_I8] = CHECKED(u8, i8),
                [SB_PHYSICAL_I16] = FREE(u8, i16),
                [SB_PHYSICAL_I32] = FREE(u8, i32),
                [SB_PHYSICAL_I64] = FREE(u8, i64),
                [SB_PHYSICAL_U16] = FREE(u8, u16),
                [SB_PHYSICAL_U32] = FREE(u8, u32),
                [SB_PHYSICAL_U64] = FREE(u8, u64),
                [SB_PHYSICAL_F32] = FREE(u8, f32),
                [SB_PHYSICAL_F64] = FREE(u8, f64),
            },
        [SB_PHYSICAL_U16] =
            {
                [SB_PHYSICAL_BOOL] = FREE(u16, bool),
                [SB_PHYSICAL_I8] = CHECKED(u16, i8),
                [SB_PHYSICAL_I16] = CHECKED(u16, i16),
                [SB_PHYSICAL_I32] = FREE(u16, i32),
                [SB_PHYSICAL_I64] = FREE(u16, i64),
                [SB_PHYSICAL_U8] = CHECKED(u16, u8),
                [SB_PHYSICAL_U32] = FREE(u16, u32),
                [SB_PHYSICAL_U64] = FREE(u16, u64),
                [SB_PHYSICAL_F32] = FREE(u16, f32),
                [SB_PHYSICAL_F64] = FREE(u16, f64),
            },
        [SB_PHYSICAL_U32] =
            {
                [SB_PHYSICAL_BOOL] = FREE(u32, bool),
                [SB_PHYSICAL_I8] = CHECKED(u32, i8),
                [SB_PHYSICAL_I16] = CHECKED(u32, i16),
                [SB_PHYSICAL_I32] = CHECKED(u32, i32),
                [SB_PHYSICAL_I64] = FREE(u32, i64),
                [SB_PHYSICAL_U8] = CHECKED(u32, u8),
                [SB_PHYSICAL_U16] = CHECKED(u32, u16),
                [SB_PHYSICAL_U64] = FREE(u32, u64),
                [SB_PHYSICAL_F32] = FREE(u32, f32),
                [SB_PHYSICAL_F64] = FREE(u32, f64),
            },
        [SB_PHYSICAL_U64] =
            {
                [SB_PHYSICAL_BOOL] = FREE(u64, bool),
                [SB_PHYSICAL_I8] = CHECKED(u64, i8),
                [SB_PHYSICAL_I16] = CHECKED(u64, i16),
                [SB_PHYSICAL_I32] = CHECKED(u64, i32),
                [SB_PHYSICAL_I64] = CHECKED(u64, i64),
                [SB_PHYSICAL_U8] = CHECKED(u64, u8),
                [SB_PHYSICAL_U16] = CHECKED(u64, u16),
                [SB_PHYSICAL_U32] = CHECKED(u64, u32),
                [SB_PHYSICAL_F32] = FREE(u64, f32),
                [SB_PHYSICAL_F64] = FREE(u64, f64),
            },
        [SB_PHYSICAL_F32] =
            {
                [SB_PHYSICAL_BOOL] = CHECKED(f32, bool),
                [SB_PHYSICAL_I8] = CHECKED(f32, i8),
                [SB_PHYSICAL_I16] = CHECKED(f32, i16),
                [SB_PHYSICAL_I32] = CHECKED(f32, i32),
                [SB_PHYSICAL_I64] = CHECKED(f32, i64),
                [SB_PHYSICAL_U8] = CHECKED(f32, u8),
                [SB_PHYSICAL_U16] = CHECKED(f32, u16),
                [SB_PHYSICAL_U32] = CHECKED(f32, u32),
                [SB_PHYSICAL_U64] = CHECKED(f32, u64),
                [SB_PHYSICAL_F64] = FREE(f32, f64),
            },
        [SB_PHYSICAL_F64] =
            {
                [SB_PHYSICAL_BOOL] = CHECKED(f64, bool),
                [SB_PHYSICAL_I8] = CHECKED(f64, i8),
                [SB_PHYSICAL_I16] = CHECKED(f64, i16),
                [SB_PHYSICAL_I32] = CHECKED(f64, i32),
                [SB_PHYSICAL_I64] = CHECKED(f64, i64),
                [SB_PHYSICAL_U8] = CHECKED(f64, u8),
                [SB_PHYSICAL_U16] = CHECKED(f64, u16),
                [SB_PHYSICAL_U32] = CHECKED(f64, u32),
                [SB_PHYSICAL_U64] = CHECKED(f64, u64),
                [SB_PHYSICAL_F32] = CHECKED(f64, f32),
            },
};

const struct sb_kernel_set *kernels_cast_number(enum sb_physical from, enum sb_physical to)
{
    const struct sb_kernel_set *kernels = &number_kernels[from][to];

    return kernels->vectors == NULL ? NULL : kernels;
}
