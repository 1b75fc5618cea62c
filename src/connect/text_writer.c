// SPDX-License-Identifier: Apache-2.0
/*
 * text_writer.c - rows as CSV or JSON text, such that the readers give the same rows back.
 *
 * JSON: every key is there, null too; not-a-number and the infinities, which JSON lacks, are
 * strings; binary is base64. Dictionaries and runs are their values, in both. CSV: null is the
 * first null value, and a string that reads like it, or has a delimiter, quote or line end inside,
 * is quoted; binary is written as it is.
 */
#include "connect/text_writer_internal.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "expr/decimal.h"
#include "expr/number_text.h"
#include "expr/time_text.h"
#include "expr/vector.h"

enum {
    OUTPUT_FIRST = 65536,
    VALUE_TEXT_MAX = SB_VALUE_TEXT_SIZE, // of anything but text, binary and nested types
};

static_assert((int)VALUE_TEXT_MAX >= (int)SB_DECIMAL_TEXT_SIZE, "a decimal fits");

static_assert((int)VALUE_TEXT_MAX >= (int)SB_DOUBLE_TEXT_SIZE, "a float fits");
static_assert((int)VALUE_TEXT_MAX >= (int)SB_TIME_TEXT_SIZE, "a time fits");

void sb_text_output_deinit(struct sb_text_output *output)
{
    if (output->memory != NULL) {
        sb_memory_free(output->memory, output->text, (size_t)output->capacity);
    }
    *output = (struct sb_text_output){0};
}

bool sb_text_output_reserve(struct sb_text_output *output, int64_t size)
{
    const int64_t needed = output->size + size;
    const int64_t capacity = needed + needed / 2 + OUTPUT_FIRST;
    char *text;

    if (needed <= output->capacity) {
        return true;
    }
    text =
        sb_memory_realloc(output->memory, output->text, (size_t)output->capacity, (size_t)capacity);
    if (text == NULL) {
        return false;
    }
    output->text = text;
    output->capacity = capacity;
    return true;
}

static bool output_reserve(struct sb_text_output *output, int64_t size)
{
    return output->size + size <= output->capacity || sb_text_output_reserve(output, size);
}

static void output_put(struct sb_text_output *output, const void *bytes, int64_t size)
{
    memcpy(output->text + output->size, bytes, (size_t)size);
    output->size += size;
}

static void output_byte(struct sb_text_output *output, char byte)
{
    output->text[output->size++] = byte;
}

static int32_t format_unsigned(uint64_t value, char *buffer)
{
    char digits[20];
    int32_t count = 0;

    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    for (int32_t i = 0; i < count; i++) {
        buffer[i] = digits[count - 1 - i];
    }
    return count;
}

static int32_t format_signed(int64_t value, char *buffer)
{
    if (value >= 0) {
        return format_unsigned((uint64_t)value, buffer);
    }
    buffer[0] = '-';
    return 1 + format_unsigned(0 - (uint64_t)value, buffer + 1);
}

static int64_t fixed_signed(const struct sb_column *column, int64_t row)
{
    switch (sb_type_width(column->type->id)) {
    case 1:
        return ((const int8_t *)sb_column_fixed(column, 1))[row];
    case 2:
        return ((const int16_t *)sb_column_fixed(column, 2))[row];
    case 4:
        return ((const int32_t *)sb_column_fixed(column, 4))[row];
    default:
        return ((const int64_t *)sb_column_fixed(column, 8))[row];
    }
}

static uint64_t fixed_unsigned(const struct sb_column *column, int64_t row)
{
    switch (sb_type_width(column->type->id)) {
    case 1:
        return ((const uint8_t *)sb_column_fixed(column, 1))[row];
    case 2:
        return ((const uint16_t *)sb_column_fixed(column, 2))[row];
    case 4:
        return ((const uint32_t *)sb_column_fixed(column, 4))[row];
    default:
        return ((const uint64_t *)sb_column_fixed(column, 8))[row];
    }
}

/* A value of fixed width. `*is_bare`: JSON writes it without quotes. Returns the length. */
static int32_t format_value(const struct sb_column *column, struct sb_zone_cursor *zone,
                            int64_t row, char *buffer, bool *is_bare)
{
    const struct sb_type *type = column->type;
    double value;

    *is_bare = true;
    switch (type->id) {
    case SB_TYPE_BOOL: {
        const bool is_true = sb_bitmap_get(column->values, column->offset + row);
        memcpy(buffer, is_true ? "true" : "false", 6 - is_true);
        return 5 - is_true;
    }
    case SB_TYPE_FLOAT32:
        value = ((const float *)sb_column_fixed(column, 4))[row];
        *is_bare = isfinite(value);
        return sb_float_format((float)value, buffer);
    case SB_TYPE_FLOAT64:
        value = ((const double *)sb_column_fixed(column, 8))[row];
        *is_bare = isfinite(value);
        return sb_double_format(value, buffer);
    case SB_TYPE_DECIMAL128:
        return sb_decimal_format(((const sb_int128 *)sb_column_fixed(column, 16))[row], type->scale,
                                 buffer);
    case SB_TYPE_DATE32:
    case SB_TYPE_DATE64:
        *is_bare = false;
        return sb_date_format(type->id == SB_TYPE_DATE32
                                  ? fixed_signed(column, row)
                                  : sb_floor_divide(fixed_signed(column, row), SB_MILLIS_PER_DAY),
                              buffer);
    case SB_TYPE_TIMESTAMP:
        *is_bare = false;
        return sb_timestamp_format(fixed_signed(column, row), type->unit,
                                   zone->zone == NULL ? NULL : zone, buffer);
    default:
        if (sb_value_text_has(type->id)) {
            return sb_value_text_format(column, row, buffer, is_bare);
        }
        return sb_type_is_signed(type->id) ? format_signed(fixed_signed(column, row), buffer)
                                           : format_unsigned(fixed_unsigned(column, row), buffer);
    }
}

/* Room for 6 bytes per byte, and 2 more, is there. */
void sb_json_put_string(struct sb_text_output *output, const uint8_t *text, int64_t size)
{
    static const char digits[] = "0123456789abcdef";
    char *next = output->text + output->size;

    *next++ = '"';
    for (int64_t i = 0; i < size; i++) {
        const uint8_t c = text[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            *next++ = (char)c;
            continue;
        }
        *next++ = '\\';
        switch (c) {
        case '"':
        case '\\':
            *next++ = (char)c;
            break;
        case '\n':
            *next++ = 'n';
            break;
        case '\r':
            *next++ = 'r';
            break;
        case '\t':
            *next++ = 't';
            break;
        default:
            memcpy(next, "u00", 3);
            next[3] = digits[c >> 4];
            next[4] = digits[c & 15];
            next += 5;
            break;
        }
    }
    *next++ = '"';
    output->size = next - output->text;
}

/* Room for 4 bytes per 3, and 6 more, is there. */
static void json_put_base64(struct sb_text_output *output, const uint8_t *bytes, int64_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    output_byte(output, '"');
    for (int64_t i = 0; i < size; i += 3) {
        const uint32_t bits = (uint32_t)bytes[i] << 16 |
                              (uint32_t)(i + 1 < size ? bytes[i + 1] : 0) << 8 |
                              (uint32_t)(i + 2 < size ? bytes[i + 2] : 0);
        output_byte(output, digits[bits >> 18]);
        output_byte(output, digits[bits >> 12 & 63]);
        output_byte(output, i + 1 < size ? digits[bits >> 6 & 63] : '=');
        output_byte(output, i + 2 < size ? digits[bits & 63] : '=');
    }
    output_byte(output, '"');
}

static bool is_bytes(const struct sb_type *type)
{
    return sb_type_is_variable(type->id) || type->id == SB_TYPE_FIXED_SIZE_BINARY;
}

static struct sb_bytes bytes_of(const struct sb_column *column, int64_t row)
{
    const int32_t width = column->type->size;

    if (column->type->id != SB_TYPE_FIXED_SIZE_BINARY) {
        return sb_column_bytes(column, row);
    }
    return (struct sb_bytes){(const uint8_t *)sb_column_fixed(column, width) + row * width, width};
}

bool sb_json_put_value(struct sb_text_output *output, const struct sb_column *column,
                       struct sb_text_zones *zones, struct sb_zone_cursor *zone, int64_t row)
{
    char text[VALUE_TEXT_MAX];
    bool is_bare;
    int32_t size;

    if (sb_column_is_null(column, row)) {
        output_put(output, "null", 4);
        return true;
    }
    if (sb_type_is_nested(column->type->id)) {
        return sb_json_put_nested(output, column, zones, row);
    }
    if (is_bytes(column->type)) {
        const struct sb_bytes bytes = bytes_of(column, row);

        if (!output_reserve(output, bytes.size * 6 + 16)) {
            return false;
        }
        if (sb_type_is_text(column->type->id)) {
            sb_json_put_string(output, bytes.data, bytes.size);
        } else {
            json_put_base64(output, bytes.data, bytes.size);
        }
        return true;
    }
    size = format_value(column, zone, row, text, &is_bare);
    if (is_bare) {
        output_put(output, text, size);
    } else {
        sb_json_put_string(output, (const uint8_t *)text, size);
    }
    return true;
}

/* ,"name": of every column, one behind the other; `ends` says where each stops. */
static bool json_write_keys(const struct sb_schema *schema, struct sb_text_output *keys,
                            int64_t *ends)
{
    for (int32_t i = 0; i < schema->field_count; i++) {
        const char *name = schema->fields[i].name;
        const int64_t size = (int64_t)strlen(name);

        if (!output_reserve(keys, size * 6 + 4)) {
            return false;
        }
        output_byte(keys, i == 0 ? '{' : ',');
        sb_json_put_string(keys, (const uint8_t *)name, size);
        output_byte(keys, ':');
        ends[i] = keys->size;
    }
    return true;
}

static bool json_write_rows(const struct sb_batch *batch, const struct sb_text_output *keys,
                            const int64_t *ends, struct sb_text_zones *zones,
                            struct sb_text_output *output)
{
    const int32_t count = batch->schema->field_count;
    const int64_t row_size = keys->size + (int64_t)count * (VALUE_TEXT_MAX + 2) + 16;

    for (int64_t row = 0; row < batch->row_count; row++) {
        if (!output_reserve(output, row_size)) {
            return false;
        }
        for (int32_t i = 0; i < count; i++) {
            const int64_t begin = i == 0 ? 0 : ends[i - 1];
            output_put(output, keys->text + begin, ends[i] - begin);
            if (!sb_json_put_value(output, &batch->columns[i], zones, &zones->columns[i], row) ||
                !output_reserve(output, row_size)) {
                return false;
            }
        }
        if (count == 0) {
            output_byte(output, '{');
        }
        output_put(output, "}\n", 2);
    }
    return true;
}

static bool json_write(const struct sb_batch *batch, struct sb_text_zones *zones,
                       struct sb_text_output *output)
{
    struct sb_text_output keys = {.memory = output->memory};
    const size_t ends_size = sizeof(int64_t) * (size_t)(batch->schema->field_count + 1);
    int64_t *ends = sb_memory_alloc(output->memory, ends_size);
    const bool is_done = ends != NULL && json_write_keys(batch->schema, &keys, ends) &&
                         json_write_rows(batch, &keys, ends, zones, output);

    sb_text_output_deinit(&keys);
    sb_memory_free(output->memory, ends, ends_size);
    return is_done;
}

static bool csv_needs_quotes(const struct sb_text_options *options, const char *null_value,
                             const uint8_t *text, int64_t size)
{
    if ((size_t)size == strlen(null_value) && memcmp(text, null_value, (size_t)size) == 0) {
        return true;
    }
    for (int64_t i = 0; i < size; i++) {
        if (text[i] == (uint8_t)options->delimiter || text[i] == (uint8_t)options->quote ||
            text[i] == '\n' || text[i] == '\r') {
            return true;
        }
    }
    return false;
}

static void csv_put_text(struct sb_text_output *output, const struct sb_text_options *options,
                         const char *null_value, const uint8_t *text, int64_t size)
{
    if (!csv_needs_quotes(options, null_value, text, size)) {
        output_put(output, text, size);
        return;
    }
    output_byte(output, options->quote);
    for (int64_t i = 0; i < size; i++) {
        if (text[i] == (uint8_t)options->quote) {
            output_byte(output, options->quote);
        }
        output_byte(output, (char)text[i]);
    }
    output_byte(output, options->quote);
}

static bool csv_put_value(struct sb_text_output *output, const struct sb_text_options *options,
                          const char *null_value, const struct sb_column *column,
                          struct sb_zone_cursor *zone, struct sb_text_zones *zones, int64_t row)
{
    char text[VALUE_TEXT_MAX];
    bool is_bare;

    if (sb_column_is_null(column, row)) {
        output_put(output, null_value, (int64_t)strlen(null_value));
    } else if (sb_type_is_encoded(column->type->id)) {
        const struct sb_column values = sb_column_child(column, 1);
        uint32_t at;

        sb_column_decode_rows(column, NULL, row, 1, &at);
        return csv_put_value(output, options, null_value, &values, sb_text_zone(zones, values.type),
                             zones, at);
    } else if (is_bytes(column->type)) {
        const struct sb_bytes bytes = bytes_of(column, row);

        if (!output_reserve(output, bytes.size * 2 + 2)) {
            return false;
        }
        csv_put_text(output, options, null_value, bytes.data, bytes.size);
    } else {
        const int32_t size = format_value(column, zone, row, text, &is_bare);
        csv_put_text(output, options, null_value, (const uint8_t *)text, size);
    }
    return true;
}

static bool csv_write(const struct sb_batch *batch, const struct sb_text_options *options,
                      struct sb_text_zones *zones, struct sb_text_output *output)
{
    const char *null_value = options->null_value_count > 0 ? options->null_values[0] : "";
    const int32_t count = batch->schema->field_count;
    const int64_t value_size = 2 * VALUE_TEXT_MAX + (int64_t)strlen(null_value) + 8;

    for (int64_t row = 0; row < batch->row_count; row++) {
        for (int32_t i = 0; i < count; i++) {
            if (!output_reserve(output, value_size)) {
                return false;
            }
            if (i > 0) {
                output_byte(output, options->delimiter);
            }
            if (!csv_put_value(output, options, null_value, &batch->columns[i], &zones->columns[i],
                               zones, row) ||
                !output_reserve(output, value_size)) {
                return false;
            }
        }
        if (!output_reserve(output, 1)) {
            return false;
        }
        output_byte(output, '\n');
    }
    return true;
}

enum sb_status sb_text_write(const struct sb_batch *batch, const struct sb_text_options *options,
                             struct sb_text_output *output, struct sb_error *err)
{
    struct sb_text_zones zones;
    enum sb_status status = SB_OK;

    SB_TRY_OUT(sb_text_zones_init(&zones, output->memory, batch->schema, err));
    if (!(options->format == SB_TEXT_CSV ? csv_write(batch, options, &zones, output)
                                         : json_write(batch, &zones, output))) {
        status = sb_error_no_memory(err, "text", output->capacity);
    }

out:
    sb_text_zones_deinit(&zones);
    return status;
}
