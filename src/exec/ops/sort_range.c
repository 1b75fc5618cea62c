// SPDX-License-Identifier: Apache-2.0
/*
 * sort_range.c - values of key columns as numbers in their order, and the range they span.
 */
#include <string.h>

#include "exec/ops/sort_internal.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

#define SIGN64 (UINT64_C(1) << 63)

bool sb_sort_is_wide(const struct sb_type *type)
{
    return type->id == SB_TYPE_DECIMAL128;
}

// Ascending as unsigned numbers; every NaN is the greatest, -0.0 is 0.0.
static ALWAYS_INLINE uint64_t double_code(double value)
{
    uint64_t bits;

    if (value != value) {
        return UINT64_MAX;
    }
    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits ^ ((uint64_t)((int64_t)bits >> 63) | SIGN64);
}

static ALWAYS_INLINE uint64_t float_code(float value)
{
    uint32_t bits;

    if (value != value) {
        return UINT32_MAX;
    }
    value += 0.0f;
    memcpy(&bits, &value, sizeof bits);
    return bits ^ ((uint32_t)((int32_t)bits >> 31) | UINT32_C(1) << 31);
}

static ALWAYS_INLINE uint64_t half_code(uint16_t bits)
{
    uint16_t size = bits & 0x7fff;

    if (size > 0x7c00) { // NaN
        return UINT16_MAX;
    }
    return bits == size || size == 0 ? size | 0x8000u : (uint16_t)~bits;
}

#define CODES(type, code)                                                                          \
    do {                                                                                           \
        const type *values = sb_column_fixed(column, sizeof(type));                                \
        values += first;                                                                           \
        for (int64_t i = 0; i < count; i++) {                                                      \
            type value = values[i];                                                                \
            codes[i] = (code);                                                                     \
        }                                                                                          \
    } while (0)

void sb_sort_codes(const struct sb_column *column, int64_t first, int64_t count, uint64_t *codes)
{
    switch (column->type->id) {
    case SB_TYPE_BOOL:
        for (int64_t i = 0; i < count; i++) {
            codes[i] = sb_bitmap_get(column->values, column->offset + first + i);
        }
        break;
    case SB_TYPE_INT8:
        CODES(int8_t, (uint64_t)value ^ SIGN64);
        break;
    case SB_TYPE_INT16:
        CODES(int16_t, (uint64_t)value ^ SIGN64);
        break;
    case SB_TYPE_INT32:
    case SB_TYPE_DATE32:
    case SB_TYPE_TIME32:
    case SB_TYPE_DECIMAL32:
        CODES(int32_t, (uint64_t)value ^ SIGN64);
        break;
    case SB_TYPE_INT64:
    case SB_TYPE_DATE64:
    case SB_TYPE_TIMESTAMP:
    case SB_TYPE_TIME64:
    case SB_TYPE_DURATION:
    case SB_TYPE_DECIMAL64:
        CODES(int64_t, (uint64_t)value ^ SIGN64);
        break;
    case SB_TYPE_UINT8:
        CODES(uint8_t, value);
        break;
    case SB_TYPE_UINT16:
        CODES(uint16_t, value);
        break;
    case SB_TYPE_UINT32:
        CODES(uint32_t, value);
        break;
    case SB_TYPE_UINT64:
        CODES(uint64_t, value);
        break;
    case SB_TYPE_FLOAT16:
        CODES(uint16_t, half_code(value));
        break;
    case SB_TYPE_FLOAT32:
        CODES(float, float_code(value));
        break;
    case SB_TYPE_FLOAT64:
        CODES(double, double_code(value));
        break;
    case SB_TYPE_NULL:
        memset(codes, 0, (size_t)count * sizeof *codes);
        break;
    default:
        sb_assert(!"a type of at most 64 bits");
    }
}

void sb_sort_codes_wide(const struct sb_column *column, int64_t first, int64_t count,
                        sb_uint128 *codes)
{
    const uint8_t *values = sb_column_fixed(column, sizeof *codes);

    sb_assert(sb_sort_is_wide(column->type));
    memcpy(codes, values + (size_t)first * sizeof *codes, (size_t)count * sizeof *codes);
    for (int64_t i = 0; i < count; i++) {
        codes[i] ^= (sb_uint128)1 << 127;
    }
}

static void range_widen(struct sb_sort_range *range, sb_uint128 low, sb_uint128 high)
{
    if (!range->has_value) {
        range->low = low;
        range->high = high;
        range->has_value = true;
        return;
    }
    range->low = low < range->low ? low : range->low;
    range->high = high > range->high ? high : range->high;
}

static void range_add_fixed(struct sb_sort_range *range, const struct sb_column *column)
{
    bool has_nulls = sb_column_null_count(column) > 0;
    uint64_t codes[SB_EXPR_CHUNK];

    for (int64_t first = 0; first < column->length; first += SB_EXPR_CHUNK) {
        int64_t left = column->length - first;
        int64_t count = left < SB_EXPR_CHUNK ? left : SB_EXPR_CHUNK;
        uint64_t low = UINT64_MAX;
        uint64_t high = 0;
        bool has_value = !has_nulls;

        sb_sort_codes(column, first, count, codes);
        if (!has_nulls) {
            for (int64_t i = 0; i < count; i++) {
                low = codes[i] < low ? codes[i] : low;
                high = codes[i] > high ? codes[i] : high;
            }
        } else {
            for (int64_t i = 0; i < count; i++) {
                bool is_value = !sb_column_is_null(column, first + i);
                has_value |= is_value;
                low = is_value && codes[i] < low ? codes[i] : low;
                high = is_value && codes[i] > high ? codes[i] : high;
            }
        }
        if (has_value) {
            range_widen(range, low, high);
        }
    }
}

static void range_add_wide(struct sb_sort_range *range, const struct sb_column *column)
{
    for (int64_t i = 0; i < column->length; i++) {
        sb_uint128 code;

        if (!sb_column_is_null(column, i)) {
            sb_sort_codes_wide(column, i, 1, &code);
            range_widen(range, code, code);
        }
    }
}

static int64_t common_size(const uint8_t *a, const uint8_t *b, int64_t size)
{
    int64_t common = 0;

    if (size == 0 || memcmp(a, b, (size_t)size) == 0) {
        return size;
    }
    while (a[common] == b[common]) {
        common++;
    }
    return common;
}

static ALWAYS_INLINE void range_add_text(struct sb_sort_range *range, struct sb_bytes text)
{
    if (!range->has_value) {
        range->has_value = true;
        range->first = text;
        range->common_size = text.size;
        range->size_min = text.size;
    }
    if (range->common_size > 0) {
        int64_t size = text.size < range->common_size ? text.size : range->common_size;
        range->common_size = common_size(range->first.data, text.data, size);
    }
    range->size_min = text.size < range->size_min ? text.size : range->size_min;
    range->size_max = text.size > range->size_max ? text.size : range->size_max;
}

static void range_add_texts(struct sb_sort_range *range, const struct sb_column *column)
{
    bool has_nulls = sb_column_null_count(column) > 0;

    for (int64_t i = 0; i < column->length; i++) {
        if (!has_nulls || !sb_column_is_null(column, i)) {
            range_add_text(range, sb_sort_bytes(column, i));
        }
    }
}

void sb_sort_range_add(struct sb_sort_range *range, const struct sb_column *column)
{
    range->has_null = range->has_null || sb_column_null_count(column) > 0;
    if (sb_sort_is_text(column->type)) {
        range_add_texts(range, column);
    } else if (sb_sort_is_wide(column->type)) {
        range_add_wide(range, column);
    } else {
        range_add_fixed(range, column);
    }
}

void sb_sort_range_merge(struct sb_sort_range *range, const struct sb_sort_range *other)
{
    int64_t size;

    range->has_null = range->has_null || other->has_null;
    if (!other->has_value) {
        return;
    }
    if (range->has_value) {
        size = range->common_size < other->common_size ? range->common_size : other->common_size;
        range->common_size = common_size(range->first.data, other->first.data, size);
        range->size_min = other->size_min < range->size_min ? other->size_min : range->size_min;
    } else {
        range->first = other->first;
        range->common_size = other->common_size;
        range->size_min = other->size_min;
    }
    range->size_max = other->size_max > range->size_max ? other->size_max : range->size_max;
    range_widen(range, other->low, other->high);
}

static int order(sb_uint128 a, sb_uint128 b)
{
    return (a > b) - (a < b);
}

int sb_sort_value_compare(const struct sb_column *a, int64_t row_a, const struct sb_column *b,
                          int64_t row_b)
{
    sb_uint128 wide_a;
    sb_uint128 wide_b;
    uint64_t code_a;
    uint64_t code_b;

    if (sb_sort_is_text(a->type)) {
        struct sb_bytes text_a = sb_sort_bytes(a, row_a);
        struct sb_bytes text_b = sb_sort_bytes(b, row_b);
        int64_t size = text_a.size < text_b.size ? text_a.size : text_b.size;
        int found = size == 0 ? 0 : memcmp(text_a.data, text_b.data, (size_t)size);

        return found != 0 ? found : (text_a.size > text_b.size) - (text_a.size < text_b.size);
    }
    if (sb_sort_is_wide(a->type)) {
        sb_sort_codes_wide(a, row_a, 1, &wide_a);
        sb_sort_codes_wide(b, row_b, 1, &wide_b);
        return order(wide_a, wide_b);
    }
    sb_sort_codes(a, row_a, 1, &code_a);
    sb_sort_codes(b, row_b, 1, &code_b);
    return order(code_a, code_b);
}
