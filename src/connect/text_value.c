// SPDX-License-Identifier: Apache-2.0
#include "connect/text_value.h"

#include "connect/value_text.h"
#include "expr/decimal.h"
#include "expr/time_text.h"

static void trim(const uint8_t **text, int64_t *size)
{
    while (*size > 0 && (**text == ' ' || **text == '\t')) {
        (*text)++;
        (*size)--;
    }
    while (*size > 0 && ((*text)[*size - 1] == ' ' || (*text)[*size - 1] == '\t')) {
        (*size)--;
    }
}

static void integer_store(int32_t width, sb_int128 value, void *out)
{
    switch (width) {
    case 1:
        *(int8_t *)out = (int8_t)value;
        break;
    case 2:
        *(int16_t *)out = (int16_t)value;
        break;
    case 4:
        *(int32_t *)out = (int32_t)value;
        break;
    default:
        *(int64_t *)out = (int64_t)value;
        break;
    }
}

static bool integer_read(const struct sb_type *type, const uint8_t *text, int64_t size, void *out)
{
    sb_int128 value;
    sb_int128 least;
    sb_int128 greatest;

    sb_integer_limits(type->id, &least, &greatest);
    if (!sb_integer_parse((const char *)text, size, &value) || value < least || value > greatest) {
        return false;
    }
    integer_store(sb_type_width(type->id), value, out);
    return true;
}

bool sb_text_to_integer(const struct sb_type *type, const uint8_t *text, int64_t size, void *out)
{
    return sb_text_to_value(type, NULL, text, size, out);
}

static bool decimal_read(const struct sb_type *type, const uint8_t *text, int64_t size, void *out)
{
    bool is_exact;
    sb_int128 value;

    if (sb_decimal_parse((const char *)text, size, type->precision, type->scale, &value,
                         &is_exact) != SB_DECIMAL_OK) {
        return false;
    }
    *(sb_int128 *)out = value;
    return true;
}

static bool date_read(const struct sb_type *type, const struct sb_time *time, void *out)
{
    if (time->has_clock) {
        return false;
    }
    if (type->id == SB_TYPE_DATE64) {
        *(int64_t *)out = time->days * SB_MILLIS_PER_DAY;
    } else {
        *(int32_t *)out = (int32_t)time->days;
    }
    return true;
}

static bool timestamp_read(const struct sb_type *type, struct sb_zone_cursor *zone,
                           struct sb_time *time, void *out)
{
    bool is_exact;
    sb_int128 value;

    if (!sb_time_settle(time, zone)) {
        return false; // an offset where the type has no zone
    }
    value = sb_time_in_unit(time, type->unit, &is_exact);
    *(int64_t *)out = (int64_t)value;
    return value >= INT64_MIN && value <= INT64_MAX;
}

bool sb_text_to_bool(const uint8_t *text, int64_t size, bool *out)
{
    trim(&text, &size);
    return sb_boolean_parse((const char *)text, size, out);
}

bool sb_text_to_value(const struct sb_type *type, struct sb_zone_cursor *zone, const uint8_t *text,
                      int64_t size, void *out)
{
    struct sb_time time;

    trim(&text, &size);
    switch (type->id) {
    case SB_TYPE_FLOAT32:
        return sb_float_parse((const char *)text, size, out);
    case SB_TYPE_FLOAT64:
        return sb_double_parse((const char *)text, size, out);
    case SB_TYPE_DECIMAL128:
        return decimal_read(type, text, size, out);
    case SB_TYPE_DATE32:
    case SB_TYPE_DATE64:
        return sb_time_parse((const char *)text, size, &time) && date_read(type, &time, out);
    case SB_TYPE_TIMESTAMP:
        return sb_time_parse((const char *)text, size, &time) &&
               timestamp_read(type, zone, &time, out);
    default:
        return sb_type_is_integer(type->id)
                   ? integer_read(type, text, size, out)
                   : sb_value_text_has(type->id) &&
                         sb_value_text_parse(type, (const char *)text, size, out);
    }
}
