// SPDX-License-Identifier: Apache-2.0
/*
 * sort_value.c - values as bytes that memcmp orders as the values are ordered.
 *
 * For what has no number of 128 bits. Every value ends where its own bytes say so, so that values
 * can follow each other:
 *
 *   decimals of 128 and 256 bits   a byte for the sign and the count of bytes that matter, then
 *                                  those, the highest first
 *   other numbers                  the code of sb_sort_codes, the highest byte first
 *   fixed_size_binary              as it is
 *   text, binary                   0 becomes 0 255; 0 0 ends it
 *   lists, maps                    per element 1 and the element, or 2 for null; 0 ends it
 *   structs                        per field 1 and the field, or 2 for null
 *
 * Dictionaries and runs are the values they stand for. These bytes live as long as the rows wait:
 * no snapshot has them.
 */
#include <string.h>

#include "exec/ops/sort_internal.h"

enum {
    IS_END = 0,
    IS_VALUE = 1,
    IS_NULL = 2,
    INTEGER_ZERO = 0x80, // the first byte of 0; smaller for negative ones, larger for others
};

struct sink {
    uint8_t *out; // NULL = only count
    int64_t size;
};

static void put(struct sink *sink, const uint8_t *bytes, int64_t size)
{
    if (sink->out != NULL && size > 0) {
        memcpy(sink->out + sink->size, bytes, (size_t)size);
    }
    sink->size += size;
}

static void put_byte(struct sink *sink, uint8_t byte)
{
    put(sink, &byte, 1);
}

/* A signed integer of `width` bytes, little-endian, at most 32. */
static void put_integer(struct sink *sink, const uint8_t *value, int32_t width)
{
    uint8_t bytes[33];
    uint8_t sign = value[width - 1] & 0x80 ? 0xff : 0;
    int32_t count = width;

    while (count > 0 && value[count - 1] == sign) {
        count--;
    }
    bytes[0] = (uint8_t)(sign == 0 ? INTEGER_ZERO + count : INTEGER_ZERO - 1 - count);
    for (int32_t i = 0; i < count; i++) {
        bytes[1 + i] = value[count - 1 - i];
    }
    put(sink, bytes, 1 + count);
}

static void put_text(struct sink *sink, struct sb_bytes text)
{
    static const uint8_t zero[] = {0, 255};
    static const uint8_t end[] = {0, 0};

    while (text.size > 0) {
        const uint8_t *found = memchr(text.data, 0, (size_t)text.size);
        int64_t size = found == NULL ? text.size : found - text.data;

        put(sink, text.data, size);
        text.data += size;
        text.size -= size;
        if (found != NULL) {
            put(sink, zero, sizeof zero);
            text.data++;
            text.size--;
        }
    }
    put(sink, end, sizeof end);
}

static void put_code(struct sink *sink, const struct sb_column *column, int64_t row)
{
    uint64_t code;
    uint8_t bytes[8];

    sb_sort_codes(column, row, 1, &code);
    code = __builtin_bswap64(code);
    memcpy(bytes, &code, sizeof bytes);
    put(sink, bytes, sizeof bytes);
}

static void put_value(struct sink *sink, const struct sb_column *column, int64_t row);

static void put_element(struct sink *sink, const struct sb_column *column, int64_t row)
{
    if (sb_column_is_null(column, row)) {
        put_byte(sink, IS_NULL);
    } else {
        put_byte(sink, IS_VALUE);
        put_value(sink, column, row);
    }
}

static void put_list(struct sink *sink, const struct sb_column *column, int64_t row)
{
    struct sb_range range = sb_column_range(column, row);
    struct sb_column child = sb_column_child(column, 0);

    for (int64_t i = 0; i < range.count; i++) {
        put_element(sink, &child, range.first + i);
    }
    put_byte(sink, IS_END);
}

static void put_struct(struct sink *sink, const struct sb_column *column, int64_t row)
{
    for (int32_t i = 0; i < column->type->child_count; i++) {
        struct sb_column child = sb_column_child(column, i);

        put_element(sink, &child, column->offset + row);
    }
}

static void put_encoded(struct sink *sink, const struct sb_column *column, int64_t row)
{
    struct sb_column values = sb_column_child(column, 1);
    uint32_t at;

    sb_column_decode_rows(column, NULL, row, 1, &at);
    put_value(sink, &values, at);
}

static void put_value(struct sink *sink, const struct sb_column *column, int64_t row)
{
    enum sb_type_id id = column->type->id;

    if (id == SB_TYPE_DECIMAL128 || id == SB_TYPE_DECIMAL256) {
        int32_t width = sb_type_width(id);
        put_integer(sink, (const uint8_t *)sb_column_fixed(column, width) + row * width, width);
    } else if (id == SB_TYPE_FIXED_SIZE_BINARY) {
        struct sb_bytes bytes = sb_sort_bytes(column, row);
        put(sink, bytes.data, bytes.size);
    } else if (sb_type_is_variable(id)) {
        put_text(sink, sb_column_bytes(column, row));
    } else if (sb_type_is_encoded(id)) {
        put_encoded(sink, column, row);
    } else if (sb_type_is_list(id)) {
        put_list(sink, column, row);
    } else if (id == SB_TYPE_STRUCT) {
        put_struct(sink, column, row);
    } else {
        put_code(sink, column, row);
    }
}

int64_t sb_sort_value_write(const struct sb_column *column, int64_t row, uint8_t *out)
{
    struct sink sink = {.out = out};

    put_value(&sink, column, row);
    return sink.size;
}
