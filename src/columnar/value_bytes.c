// SPDX-License-Identifier: Apache-2.0
/*
 * value_bytes.c - values written as bytes, counted or hashed.
 *
 * One walk serves all three: a sink takes the bytes, or counts them, or hashes them on the way.
 */
#include "columnar/value_bytes.h"

#include "base/hash.h"
#include "columnar/column_internal.h"

struct value_sink {
    uint8_t *out; // NULL = do not write
    struct sb_hash_stream *hash;
    int64_t size;
    bool is_canonical;
};

static void put(struct value_sink *sink, const void *bytes, int64_t size)
{
    if (size == 0) {
        return;
    }
    if (sink->out != NULL) {
        memcpy(sink->out + sink->size, bytes, (size_t)size);
    } else if (sink->hash != NULL) {
        sb_hash_stream_put(sink->hash, bytes, (size_t)size);
    }
    sink->size += size;
}

static void put_varint(struct value_sink *sink, uint64_t value)
{
    uint8_t bytes[10];
    int64_t size = 0;

    while (value >= 0x80) {
        bytes[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    bytes[size++] = (uint8_t)value;
    put(sink, bytes, size);
}

void sb_decimal256_write(const uint8_t *value, uint8_t *out)
{
    for (int i = 0; i < 32; i++) {
        out[i] = value[31 - i];
    }
    out[0] ^= 0x80; // negative ones first
}

void sb_decimal256_read(const uint8_t *bytes, uint8_t *out)
{
    for (int i = 0; i < 32; i++) {
        out[i] = bytes[31 - i];
    }
    out[31] ^= 0x80;
}

double sb_float16_read(uint16_t bits)
{
    uint64_t exponent = (bits >> 10) & 0x1f;
    uint64_t fraction = bits & 0x3ff;
    uint64_t word;
    double value;

    if (exponent == 0) { // a subnormal is `fraction` times 2^-24
        value = (double)fraction * 0x1p-24;
        memcpy(&word, &value, sizeof word);
    } else {
        word = (exponent == 0x1f ? 0x7ff : exponent + 1008) << 52 | fraction << 42;
    }
    word |= (uint64_t)(bits & 0x8000) << 48;
    memcpy(&value, &word, sizeof value);
    return value;
}

uint16_t sb_float16_write(double value)
{
    uint64_t bits;
    uint16_t sign;
    int exponent;
    uint64_t fraction;
    int drop;
    uint64_t half;
    uint64_t rounded;

    memcpy(&bits, &value, sizeof bits);
    sign = (uint16_t)(bits >> 48 & 0x8000);
    exponent = (int)(bits >> 52 & 0x7ff) - 1023;
    fraction = bits & UINT64_C(0xfffffffffffff);
    if (exponent == 1024) { // infinity, or a NaN that keeps what fits
        uint16_t kept = (uint16_t)(fraction >> 42);

        return (uint16_t)(sign | 0x7c00 | (fraction != 0 && kept == 0 ? 0x200 : kept));
    }
    if (exponent < -25) {
        return sign;
    }
    fraction |= UINT64_C(1) << 52;
    drop = exponent < -14 ? 42 + (-14 - exponent) : 42;
    half = UINT64_C(1) << (drop - 1);
    rounded = (fraction + half - 1 + (fraction >> drop & 1)) >> drop;
    if (exponent >= -14) {
        rounded += (uint64_t)(exponent + 14) << 10; // the leading one adds the last 1 to it
    }
    return (uint16_t)(sign | (rounded >= 0x7c00 ? 0x7c00 : rounded));
}

// --- floats in their canonical form --------------------------------------------------------------

static void put_float16(struct value_sink *sink, const uint8_t *value)
{
    uint16_t bits;

    memcpy(&bits, value, sizeof bits);
    if (sink->is_canonical) {
        bits = (bits & 0x7fff) > 0x7c00 ? 0x7e00 : bits == 0x8000 ? 0 : bits;
    }
    put(sink, &bits, sizeof bits);
}

static void put_float32(struct value_sink *sink, const uint8_t *value)
{
    uint32_t bits;

    memcpy(&bits, value, sizeof bits);
    if (sink->is_canonical) {
        bits = (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc00000 : bits == 0x80000000 ? 0 : bits;
    }
    put(sink, &bits, sizeof bits);
}

static void put_float64(struct value_sink *sink, const uint8_t *value)
{
    static const uint64_t infinity = UINT64_C(0x7ff0000000000000);
    uint64_t bits;

    memcpy(&bits, value, sizeof bits);
    if (sink->is_canonical) {
        bits = (bits & INT64_MAX) > infinity          ? UINT64_C(0x7ff8000000000000)
               : bits == UINT64_C(0x8000000000000000) ? 0
                                                      : bits;
    }
    put(sink, &bits, sizeof bits);
}

// --- values --------------------------------------------------------------------------------------

static void put_value(struct value_sink *sink, const struct sb_column *column, int64_t row,
                      bool is_inside);

// Whether values of the child lie in a row as they are written.
static bool is_run_of_bytes(const struct value_sink *sink, const struct sb_type *type)
{
    switch (type->id) {
    case SB_TYPE_FLOAT16:
    case SB_TYPE_FLOAT32:
    case SB_TYPE_FLOAT64:
        return !sink->is_canonical;
    case SB_TYPE_DICTIONARY:
    case SB_TYPE_DECIMAL256:
        return false;
    default:
        return sb_type_bytes(type) > 0;
    }
}

static bool range_has_nulls(const struct sb_column *child, struct sb_range range)
{
    return child->validity != NULL && range.count > 0 &&
           sb_bitmap_count(child->validity, child->offset + range.first, range.count) < range.count;
}

static void put_bitmap(struct value_sink *sink, const struct sb_column *child,
                       struct sb_range range)
{
    for (int64_t i = 0; i < range.count; i += 8) {
        uint8_t bits = 0;

        for (int64_t j = i; j < range.count && j < i + 8; j++) {
            bits = (uint8_t)(bits | (!sb_column_is_null(child, range.first + j) << (j - i)));
        }
        put(sink, &bits, 1);
    }
}

static void put_list(struct value_sink *sink, const struct sb_column *column, int64_t row)
{
    struct sb_range range = sb_column_range(column, row);
    struct sb_column child = sb_column_child(column, 0);
    bool has_nulls = range_has_nulls(&child, range);

    if (column->type->id == SB_TYPE_FIXED_SIZE_LIST) {
        uint8_t flag = has_nulls;

        put(sink, &flag, 1);
    } else {
        put_varint(sink, (uint64_t)range.count * 2 + has_nulls);
    }
    if (has_nulls) {
        put_bitmap(sink, &child, range);
    } else if (is_run_of_bytes(sink, child.type)) {
        int32_t width = sb_type_bytes(child.type);

        put(sink, (const uint8_t *)sb_column_fixed(&child, width) + range.first * width,
            range.count * width);
        return;
    }
    for (int64_t i = 0; i < range.count; i++) {
        if (!has_nulls || !sb_column_is_null(&child, range.first + i)) {
            put_value(sink, &child, range.first + i, true);
        }
    }
}

static void put_struct(struct value_sink *sink, const struct sb_column *column, int64_t row)
{
    int64_t element = column->offset + row;

    for (int32_t i = 0; i < column->type->child_count; i += 8) {
        uint8_t bits = 0;

        for (int32_t j = i; j < column->type->child_count && j < i + 8; j++) {
            struct sb_column child = sb_column_child(column, j);

            bits = (uint8_t)(bits | (!sb_column_is_null(&child, element) << (j - i)));
        }
        put(sink, &bits, 1);
    }
    for (int32_t i = 0; i < column->type->child_count; i++) {
        struct sb_column child = sb_column_child(column, i);

        if (!sb_column_is_null(&child, element)) {
            put_value(sink, &child, element, true);
        }
    }
}

static void put_text(struct value_sink *sink, const struct sb_column *column, int64_t row,
                     bool is_inside)
{
    struct sb_bytes text = sb_column_bytes(column, row);

    if (is_inside) {
        put_varint(sink, (uint64_t)text.size);
    }
    put(sink, text.data, text.size);
}

static void put_fixed(struct value_sink *sink, const struct sb_column *column, int64_t row)
{
    int32_t width = sb_type_bytes(column->type);
    const uint8_t *value = (const uint8_t *)sb_column_fixed(column, width) + row * width;
    uint8_t wide[32];

    switch (column->type->id) {
    case SB_TYPE_FLOAT16:
        put_float16(sink, value);
        break;
    case SB_TYPE_FLOAT32:
        put_float32(sink, value);
        break;
    case SB_TYPE_FLOAT64:
        put_float64(sink, value);
        break;
    case SB_TYPE_DECIMAL256:
        sb_decimal256_write(value, wide);
        put(sink, wide, sizeof wide);
        break;
    default:
        put(sink, value, width);
        break;
    }
}

static void put_value(struct value_sink *sink, const struct sb_column *column, int64_t row,
                      bool is_inside)
{
    switch (column->type->id) {
    case SB_TYPE_NULL:
        break;
    case SB_TYPE_BOOL: {
        uint8_t bit = sb_bitmap_get(column->values, column->offset + row);

        put(sink, &bit, 1);
        break;
    }
    case SB_TYPE_DICTIONARY:
    case SB_TYPE_RUN_END_ENCODED: {
        struct sb_column values = sb_column_child(column, 1);
        uint32_t at;

        sb_column_decode_rows(column, NULL, row, 1, &at);
        put_value(sink, &values, at, is_inside);
        break;
    }
    case SB_TYPE_STRUCT:
        put_struct(sink, column, row);
        break;
    default:
        if (sb_type_is_list(column->type->id)) {
            put_list(sink, column, row);
        } else if (sb_type_is_variable(column->type->id)) {
            put_text(sink, column, row, is_inside);
        } else {
            put_fixed(sink, column, row);
        }
        break;
    }
}

int64_t sb_value_size(const struct sb_column *column, int64_t row)
{
    struct value_sink sink = {0};

    put_value(&sink, column, row, false);
    return sink.size;
}

void sb_value_write(const struct sb_column *column, int64_t row, bool is_canonical, uint8_t *out)
{
    struct value_sink sink = {.out = out, .is_canonical = is_canonical};

    put_value(&sink, column, row, false);
}

uint64_t sb_value_hash(const struct sb_column *column, int64_t row)
{
    struct sb_hash_stream stream;
    struct value_sink sink = {.hash = &stream, .is_canonical = true};

    sb_hash_stream_init(&stream, (size_t)sb_value_size(column, row));
    put_value(&sink, column, row, false);
    return sb_hash_stream_end(&stream);
}
