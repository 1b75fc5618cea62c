// SPDX-License-Identifier: Apache-2.0
/*
 * scalar_json.c - literals from the wire form and back (docs/design/0001).
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "expr/decimal.h"
#include "expr/number_text.h"
#include "expr/scalar.h"
#include "expr/time_text.h"
#include "expr/type_rules.h"

/* JSON readers keep integers exact up to here. */
#define JSON_INTEGER_MAX INT64_C(9007199254740992)

static enum sb_status literal_refuse(const struct sb_scalar *scalar, const json_t *json,
                                     const char *wanted, struct sb_error *err)
{
    char type[SB_TYPE_NAME_SIZE];
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(17));
    const char *shown = text == NULL ? "?" : text;
    const enum sb_status status = sb_error_set(
        err, SB_INVALID, "literal %.80s%s is no %s: expected %s", shown,
        strlen(shown) > 80 ? "..." : "", sb_type_name(&scalar->type, type, sizeof type), wanted);

    free(text);
    return status;
}

static enum sb_status integer_from_json(const json_t *json, struct sb_scalar *out,
                                        struct sb_error *err)
{
    sb_int128 least;
    sb_int128 greatest;
    sb_int128 value;
    bool is_number = true;

    if (json_is_integer(json)) {
        value = json_integer_value(json);
    } else {
        is_number =
            json_is_string(json) &&
            sb_integer_parse(json_string_value(json), (int64_t)json_string_length(json), &value);
    }
    if (!is_number) {
        return literal_refuse(out, json, "an integer, as a number or as digits in a string", err);
    }
    sb_integer_limits(out->type.id, &least, &greatest);
    if (value < least || value > greatest) {
        return literal_refuse(out, json, "an integer in the range of the type", err);
    }
    switch (sb_type_width(out->type.id)) { // the low bytes are the value, signed or not
    case 1:
        out->value.i8 = (int8_t)value;
        break;
    case 2:
        out->value.i16 = (int16_t)value;
        break;
    case 4:
        out->value.i32 = (int32_t)value;
        break;
    default:
        out->value.i64 = (int64_t)value;
        break;
    }
    return SB_OK;
}

static enum sb_status float_from_json(const json_t *json, struct sb_scalar *out,
                                      struct sb_error *err)
{
    double value = 0;

    if (json_is_number(json)) {
        value = json_number_value(json);
    } else if (!json_is_string(json) ||
               !sb_double_parse(json_string_value(json), (int64_t)json_string_length(json),
                                &value)) {
        return literal_refuse(out, json, "a number, \"NaN\", \"inf\" or \"-inf\"", err);
    }
    if (out->type.id == SB_TYPE_FLOAT64) {
        out->value.f64 = value;
        return SB_OK;
    }
    out->value.f32 = (float)value;
    if (isfinite(value) && !isfinite(out->value.f32)) {
        return literal_refuse(out, json, "a number in the range of the type", err);
    }
    return SB_OK;
}

static enum sb_status decimal_from_json(const json_t *json, struct sb_scalar *out,
                                        struct sb_error *err)
{
    char digits[32];
    const char *text;
    bool is_exact;

    if (json_is_integer(json)) {
        snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
        text = digits;
    } else if (json_is_string(json)) {
        text = json_string_value(json);
    } else {
        return literal_refuse(out, json, "a string such as \"12.50\"", err);
    }
    if (sb_decimal_parse(text, (int64_t)strlen(text), out->type.precision, out->type.scale,
                         &out->value.i128, &is_exact) != SB_DECIMAL_OK ||
        !is_exact) {
        return literal_refuse(out, json, "a decimal that fits precision and scale", err);
    }
    return SB_OK;
}

/* False: the text has an offset and the type no zone, or nobody knows the zone. */
static bool time_settle(const struct sb_type *type, struct sb_time *time)
{
    const struct sb_zone *zone;
    struct sb_zone_cursor cursor;

    if (type->zone == NULL) {
        return sb_time_settle(time, NULL);
    }
    if (sb_zone_find(type->zone, &zone, NULL) != SB_OK) {
        return false;
    }
    cursor = sb_zone_cursor_of(zone);
    return sb_time_settle(time, &cursor);
}

static enum sb_status time_from_json(const json_t *json, struct sb_scalar *out,
                                     struct sb_error *err)
{
    const bool is_date = out->type.id != SB_TYPE_TIMESTAMP;
    struct sb_time time;
    sb_int128 value;
    bool is_exact = true;

    if (json_is_integer(json)) {
        value = json_integer_value(json);
    } else if (json_is_string(json) &&
               sb_time_parse(json_string_value(json), (int64_t)json_string_length(json), &time) &&
               !(is_date && time.has_clock) && (is_date || time_settle(&out->type, &time))) {
        value = is_date ? time.days : sb_time_in_unit(&time, out->type.unit, &is_exact);
    } else if (!json_is_string(json) ||
               !sb_integer_parse(json_string_value(json), (int64_t)json_string_length(json),
                                 &value)) {
        return literal_refuse(out, json,
                              is_date ? "days since 1970-01-01, or a string \"2024-02-29\""
                                      : "an integer in the unit of the type, or ISO 8601 text",
                              err);
    }
    if (out->type.id == SB_TYPE_DATE32) {
        out->value.i32 = (int32_t)value;
        is_exact = out->value.i32 == value;
    } else if (value == (int64_t)value) {
        value *= out->type.id == SB_TYPE_DATE64 ? SB_MILLIS_PER_DAY : 1;
        out->value.i64 = (int64_t)value;
        is_exact = is_exact && out->value.i64 == value;
    } else {
        is_exact = false;
    }
    return is_exact ? SB_OK : literal_refuse(out, json, "a time that the type can hold", err);
}

/* A time of day or a duration: a count of units, or of a time of day "12:30:15.5". */
static enum sb_status span_from_json(const json_t *json, struct sb_scalar *out,
                                     struct sb_error *err)
{
    const bool is_clock = out->type.id != SB_TYPE_DURATION;
    const int64_t day = SB_SECONDS_PER_DAY * sb_unit_per_second(out->type.unit);
    const char *text = json_string_value(json);
    const int64_t size = (int64_t)json_string_length(json);
    struct sb_time time;
    bool is_exact = true;
    sb_int128 value = 0;

    if (json_is_integer(json)) {
        value = json_integer_value(json);
    } else if (text != NULL && is_clock && sb_clock_parse(text, size, &time)) {
        value = sb_time_in_unit(&time, out->type.unit, &is_exact);
    } else if (text == NULL || !sb_integer_parse(text, size, &value)) {
        is_exact = false;
    }
    if (!is_exact || value != (int64_t)value || (is_clock && (value < 0 || value >= day))) {
        return literal_refuse(out, json,
                              is_clock ? "units since midnight within a day, or a text \"12:30:15\""
                                       : "an integer in the unit of the type",
                              err);
    }
    if (out->type.id == SB_TYPE_TIME32) {
        out->value.i32 = (int32_t)value;
    } else {
        out->value.i64 = (int64_t)value;
    }
    return SB_OK;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum sb_status binary_from_json(const json_t *json, struct sb_arena *arena,
                                       struct sb_scalar *out, struct sb_error *err)
{
    const char *text = json_string_value(json);
    const size_t size = json_string_length(json);
    uint8_t *bytes;

    if (text == NULL || size % 2 != 0 || strspn(text, "0123456789abcdefABCDEF") != size) {
        return literal_refuse(out, json, "hexadecimal digits in a string, two a byte", err);
    }
    bytes = sb_arena_alloc(arena, size / 2 + 1);
    if (bytes == NULL) {
        return sb_error_no_memory(err, "literal", (int64_t)size);
    }
    for (size_t i = 0; i < size / 2; i++) {
        bytes[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    }
    out->value.bytes = (struct sb_bytes){bytes, (int64_t)(size / 2)};
    return SB_OK;
}

static enum sb_status text_from_json(const json_t *json, struct sb_arena *arena,
                                     struct sb_scalar *out, struct sb_error *err)
{
    const size_t size = json_string_length(json);
    void *bytes;

    if (!json_is_string(json)) {
        return literal_refuse(out, json, "a string", err);
    }
    bytes = sb_arena_copy(arena, json_string_value(json), size + 1);
    if (bytes == NULL) {
        return sb_error_no_memory(err, "literal", (int64_t)size);
    }
    out->value.bytes = (struct sb_bytes){bytes, (int64_t)size};
    return SB_OK;
}

static enum sb_type_id type_by_json_kind(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_TRUE:
    case JSON_FALSE:
        return SB_TYPE_BOOL;
    case JSON_INTEGER:
        return SB_TYPE_INT64;
    case JSON_REAL:
        return SB_TYPE_FLOAT64;
    case JSON_STRING:
        return SB_TYPE_UTF8;
    default:
        return 0;
    }
}

enum sb_status sb_scalar_from_json(const json_t *json, const struct sb_type *type,
                                   struct sb_arena *arena, struct sb_scalar *out,
                                   struct sb_error *err)
{
    *out = (struct sb_scalar){.is_null = json_is_null(json)};
    if (type != NULL) {
        out->type = sb_type_computed(type);
    } else {
        out->type.id = type_by_json_kind(json);
        if (out->type.id == 0 && !out->is_null) {
            return sb_error_set(err, SB_INVALID,
                                "a literal is null, a boolean, a number or a string, not %s",
                                json_is_array(json) ? "an array" : "an object");
        }
    }
    if (out->is_null) {
        return SB_OK;
    }
    switch (out->type.id) {
    case SB_TYPE_BOOL:
        out->value.boolean = json_is_true(json);
        return json_is_boolean(json) ? SB_OK : literal_refuse(out, json, "true or false", err);
    case SB_TYPE_FLOAT32:
    case SB_TYPE_FLOAT64:
        return float_from_json(json, out, err);
    case SB_TYPE_DECIMAL128:
        return decimal_from_json(json, out, err);
    case SB_TYPE_DATE32:
    case SB_TYPE_DATE64:
    case SB_TYPE_TIMESTAMP:
        return time_from_json(json, out, err);
    case SB_TYPE_TIME32:
    case SB_TYPE_TIME64:
    case SB_TYPE_DURATION:
        return span_from_json(json, out, err);
    default:
        break;
    }
    if (sb_physical_of(&out->type) == SB_PHYSICAL_ROW) {
        return literal_refuse(out, json, "null, the only constant of such a type", err);
    }
    if (sb_type_is_integer(out->type.id)) {
        return integer_from_json(json, out, err);
    }
    return sb_type_is_text(out->type.id) ? text_from_json(json, arena, out, err)
                                         : binary_from_json(json, arena, out, err);
}

static json_t *float_to_json(double value, bool is_single)
{
    char text[SB_DOUBLE_TEXT_SIZE];

    if (isfinite(value)) {
        if (is_single) { // the shortest form of the float, not of the double beside it
            sb_float_format((float)value, text);
            (void)sb_double_parse(text, (int64_t)strlen(text), &value);
        }
        return json_real(value);
    }
    return json_string(value != value ? "NaN" : value > 0 ? "inf" : "-inf");
}

static json_t *binary_to_json(struct sb_bytes bytes)
{
    char *text = malloc((size_t)bytes.size * 2 + 1);
    json_t *out;

    if (text == NULL) {
        return NULL;
    }
    text[0] = 0;
    for (int64_t i = 0; i < bytes.size; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes.data[i]);
    }
    out = json_string(text);
    free(text);
    return out;
}

json_t *sb_scalar_to_json(const struct sb_scalar *scalar)
{
    char text[SB_DECIMAL_TEXT_SIZE];
    sb_int128 value;

    if (scalar->is_null) {
        return json_null();
    }
    switch (scalar->type.id) {
    case SB_TYPE_BOOL:
        return json_boolean(scalar->value.boolean);
    case SB_TYPE_FLOAT32:
        return float_to_json((double)scalar->value.f32, true);
    case SB_TYPE_FLOAT64:
        return float_to_json(scalar->value.f64, false);
    case SB_TYPE_DECIMAL128:
        sb_decimal_format(scalar->value.i128, scalar->type.scale, text);
        return json_string(text);
    case SB_TYPE_DATE32:
        return json_integer(scalar->value.i32);
    case SB_TYPE_DATE64:
        return json_integer(sb_floor_divide(scalar->value.i64, SB_MILLIS_PER_DAY));
    case SB_TYPE_TIMESTAMP:
        return json_integer(scalar->value.i64);
    default:
        break;
    }
    if (sb_type_is_text(scalar->type.id)) {
        return json_stringn((const char *)scalar->value.bytes.data,
                            (size_t)scalar->value.bytes.size);
    }
    if (sb_type_is_binary(scalar->type.id)) {
        return binary_to_json(scalar->value.bytes);
    }
    value = sb_value_integer(sb_physical_of(&scalar->type), &scalar->value);
    if (value <= JSON_INTEGER_MAX && value >= -JSON_INTEGER_MAX) {
        return json_integer((json_int_t)value);
    }
    sb_decimal_format(value, 0, text);
    return json_string(text);
}
