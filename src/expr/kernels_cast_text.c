// SPDX-License-Identifier: Apache-2.0
/*
 * kernels_cast_text.c - numbers, booleans, decimals and times from text and to it.
 *
 * The whole text must be the value: no blanks around it, no unit behind it. What is printed reads
 * back as the same value. Binary becomes text only if it is UTF-8.
 */
#include <math.h>
#include <string.h>

#include "expr/cast_failure.h"
#include "expr/decimal.h"
#include "expr/kernels.h"
#include "expr/number_text.h"
#include "expr/time_text.h"
#include "expr/tree.h"
#include "expr/utf8.h"

/* Reads `text` as the call's type into `out` (a value of it); false when it is none. */
typedef bool (*text_reader)(const struct sb_type *type, struct sb_zone_cursor *zone,
                            struct sb_bytes text, void *out);

static bool read_bool(const struct sb_type *type, struct sb_zone_cursor *zone, struct sb_bytes text,
                      void *out)
{
    bool value;
    const bool is_read = sb_boolean_parse((const char *)text.data, text.size, &value);

    *(uint8_t *)out = value;
    return is_read;
}

static bool read_integer(const struct sb_type *type, struct sb_zone_cursor *zone,
                         struct sb_bytes text, void *out)
{
    sb_int128 value;
    sb_int128 least;
    sb_int128 greatest;

    sb_integer_limits(type->id, &least, &greatest);
    if (!sb_integer_parse((const char *)text.data, text.size, &value) || value < least ||
        value > greatest) {
        return false;
    }
    switch (sb_type_width(type->id)) {
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
    return true;
}

static bool read_float(const struct sb_type *type, struct sb_zone_cursor *zone,
                       struct sb_bytes text, void *out)
{
    return type->id == SB_TYPE_FLOAT32 ? sb_float_parse((const char *)text.data, text.size, out)
                                       : sb_double_parse((const char *)text.data, text.size, out);
}

static bool read_decimal(const struct sb_type *type, struct sb_zone_cursor *zone,
                         struct sb_bytes text, void *out)
{
    bool is_exact;
    sb_int128 value;
    const bool is_read = sb_decimal_parse((const char *)text.data, text.size, type->precision,
                                          type->scale, &value, &is_exact) == SB_DECIMAL_OK;

    *(sb_int128 *)out = value;
    return is_read;
}

static bool read_date(const struct sb_type *type, struct sb_zone_cursor *zone, struct sb_bytes text,
                      void *out)
{
    struct sb_time time;

    if (!sb_time_parse((const char *)text.data, text.size, &time) || time.has_clock) {
        return false;
    }
    if (type->id == SB_TYPE_DATE64) {
        *(int64_t *)out = time.days * SB_MILLIS_PER_DAY;
    } else {
        *(int32_t *)out = (int32_t)time.days;
    }
    return true; // six digits of a year are days that both types hold
}

static bool read_timestamp(const struct sb_type *type, struct sb_zone_cursor *zone,
                           struct sb_bytes text, void *out)
{
    struct sb_time time;
    bool is_exact;
    sb_int128 value;

    if (!sb_time_parse((const char *)text.data, text.size, &time) || !sb_time_settle(&time, zone)) {
        return false;
    }
    value = sb_time_in_unit(&time, type->unit, &is_exact);
    *(int64_t *)out = (int64_t)value;
    return value >= INT64_MIN && value <= INT64_MAX;
}

static bool read_clock(const struct sb_type *type, struct sb_zone_cursor *zone,
                       struct sb_bytes text, void *out)
{
    struct sb_time time;
    bool is_exact;
    sb_int128 value;

    if (!sb_clock_parse((const char *)text.data, text.size, &time)) {
        return false;
    }
    value = sb_time_in_unit(&time, type->unit, &is_exact);
    if (type->id == SB_TYPE_TIME32) {
        *(int32_t *)out = (int32_t)value;
    } else {
        *(int64_t *)out = (int64_t)value;
    }
    return true;
}

static inline enum sb_status read_rows(struct sb_kernel_call *call, text_reader reader,
                                       const char *why)
{
    const struct sb_type *type = &call->node->type;
    const int32_t width = sb_physical_width(sb_physical_of(type));
    const struct sb_vector *argument = sb_kernel_argument(call, 0);
    const struct sb_bytes *texts = argument->values;
    struct sb_zone_cursor cursor = sb_zone_cursor_of(call->node->prepared);
    struct sb_zone_cursor *const zone = cursor.zone == NULL ? NULL : &cursor;
    uint8_t *out = call->out;

    for (int32_t i = 0; i < call->count; i++, out += width) {
        if (argument->valid != NULL && !argument->valid[i]) {
            memset(out, 0, (size_t)width);
        } else if (!reader(type, zone, texts[i], out)) {
            memset(out, 0, (size_t)width);
            SB_TRY_RETURN(sb_cast_row_failed(call, i, why));
        }
    }
    return SB_OK;
}

#define TEXT_TO(name, why)                                                                         \
    static enum sb_status text_to_##name(struct sb_kernel_call *call)                              \
    {                                                                                              \
        return read_rows(call, read_##name, why);                                                  \
    }

TEXT_TO(bool, "is no")
TEXT_TO(integer, "is no")
TEXT_TO(float, "is no")
TEXT_TO(decimal, "is no")
TEXT_TO(date, "is no")
TEXT_TO(timestamp, "is no")
TEXT_TO(clock, "is no")

/* Writes `value` of `type` into `buffer`, which has VALUE_TEXT_SIZE bytes; its length. */
typedef int32_t (*text_writer)(const struct sb_type *type, struct sb_zone_cursor *zone,
                               const void *value, char *buffer);
enum { VALUE_TEXT_SIZE = SB_DECIMAL_TEXT_SIZE };

static int32_t write_bool(const struct sb_type *type, struct sb_zone_cursor *zone,
                          const void *value, char *buffer)
{
    const bool is_true = *(const uint8_t *)value != 0;

    memcpy(buffer, is_true ? "true" : "false", 6 - is_true);
    return 5 - is_true;
}

static int32_t write_integer(const struct sb_type *type, struct sb_zone_cursor *zone,
                             const void *value, char *buffer)
{
    return sb_decimal_format(sb_value_integer(sb_physical_of(type), value), 0, buffer);
}

static int32_t write_float(const struct sb_type *type, struct sb_zone_cursor *zone,
                           const void *value, char *buffer)
{
    return type->id == SB_TYPE_FLOAT32 ? sb_float_format(*(const float *)value, buffer)
                                       : sb_double_format(*(const double *)value, buffer);
}

static int32_t write_decimal(const struct sb_type *type, struct sb_zone_cursor *zone,
                             const void *value, char *buffer)
{
    return sb_decimal_format(*(const sb_int128 *)value, type->scale, buffer);
}

static int32_t write_date(const struct sb_type *type, struct sb_zone_cursor *zone,
                          const void *value, char *buffer)
{
    return sb_date_format(type->id == SB_TYPE_DATE32
                              ? *(const int32_t *)value
                              : sb_floor_divide(*(const int64_t *)value, SB_MILLIS_PER_DAY),
                          buffer);
}

static int32_t write_timestamp(const struct sb_type *type, struct sb_zone_cursor *zone,
                               const void *value, char *buffer)
{
    return sb_timestamp_format(*(const int64_t *)value, type->unit, zone, buffer);
}

static int32_t write_clock(const struct sb_type *type, struct sb_zone_cursor *zone,
                           const void *value, char *buffer)
{
    return sb_clock_format(type->id == SB_TYPE_TIME32 ? *(const int32_t *)value
                                                      : *(const int64_t *)value,
                           type->unit, buffer);
}

static inline enum sb_status write_rows(struct sb_kernel_call *call, text_writer writer)
{
    const struct sb_type *type = &call->node->arguments[0]->type;
    const int32_t width = sb_physical_width(sb_physical_of(type));
    const struct sb_vector *argument = sb_kernel_argument(call, 0);
    const uint8_t *values = argument->values;
    struct sb_bytes *out = call->out;
    struct sb_zone_cursor cursor = sb_zone_cursor_of(call->node->prepared);
    struct sb_zone_cursor *const zone = cursor.zone == NULL ? NULL : &cursor;
    const size_t room = (size_t)call->count * VALUE_TEXT_SIZE;
    char *next = sb_arena_alloc(call->text, room);

    if (next == NULL) {
        return sb_error_no_memory(call->err, "text", (int64_t)room);
    }
    for (int32_t i = 0; i < call->count; i++, values += width) {
        out[i] = (struct sb_bytes){(const uint8_t *)next, 0};
        if (argument->valid == NULL || argument->valid[i]) {
            out[i].size = writer(type, zone, values, next);
            next += out[i].size;
        }
    }
    return SB_OK;
}

#define TO_TEXT(name)                                                                              \
    static enum sb_status name##_to_text(struct sb_kernel_call *call)                              \
    {                                                                                              \
        return write_rows(call, write_##name);                                                     \
    }

TO_TEXT(bool)
TO_TEXT(integer)
TO_TEXT(float)
TO_TEXT(decimal)
TO_TEXT(date)
TO_TEXT(timestamp)
TO_TEXT(clock)

static enum sb_status binary_to_text(struct sb_kernel_call *call)
{
    const struct sb_bytes *values = sb_kernel_argument(call, 0)->values;
    struct sb_bytes *out = call->out;

    for (int32_t i = 0; i < call->count; i++) {
        out[i] = values[i];
        if (!sb_utf8_is_valid(values[i].data, values[i].size)) {
            SB_TRY_RETURN(sb_cast_row_failed(call, i, "is not UTF-8, so no"));
        }
    }
    return SB_OK;
}

/* The kernels of one side of the cast. */
struct text_kernels {
    struct sb_kernel_set boolean;
    struct sb_kernel_set integer;
    struct sb_kernel_set floating;
    struct sb_kernel_set decimal;
    struct sb_kernel_set date;
    struct sb_kernel_set timestamp;
    struct sb_kernel_set clock;
};

static const struct text_kernels from_text = {
    .boolean = {.vectors = text_to_bool, .may_fail = true},
    .integer = {.vectors = text_to_integer, .may_fail = true},
    .floating = {.vectors = text_to_float, .may_fail = true},
    .decimal = {.vectors = text_to_decimal, .may_fail = true},
    .date = {.vectors = text_to_date, .may_fail = true},
    .timestamp = {.vectors = text_to_timestamp, .may_fail = true},
    .clock = {.vectors = text_to_clock, .may_fail = true},
};

static const struct text_kernels to_text = {
    .boolean = {.vectors = bool_to_text},
    .integer = {.vectors = integer_to_text},
    .floating = {.vectors = float_to_text},
    .decimal = {.vectors = decimal_to_text},
    .date = {.vectors = date_to_text},
    .timestamp = {.vectors = timestamp_to_text},
    .clock = {.vectors = clock_to_text},
};

static const struct sb_kernel_set *text_kernels_for(const struct text_kernels *kernels,
                                                    const struct sb_type *type)
{
    switch (type->id) {
    case SB_TYPE_BOOL:
        return &kernels->boolean;
    case SB_TYPE_FLOAT32:
    case SB_TYPE_FLOAT64:
        return &kernels->floating;
    case SB_TYPE_DECIMAL128:
        return &kernels->decimal;
    case SB_TYPE_DATE32:
    case SB_TYPE_DATE64:
        return &kernels->date;
    case SB_TYPE_TIMESTAMP:
        return &kernels->timestamp;
    case SB_TYPE_TIME32:
    case SB_TYPE_TIME64:
        return &kernels->clock;
    default:
        return sb_type_is_integer(type->id) ? &kernels->integer : NULL;
    }
}

const struct sb_kernel_set *sb_kernels_cast_text(const struct sb_type *from,
                                                 const struct sb_type *to, const char **hint)
{
    static const struct sb_kernel_set utf8 = {.vectors = binary_to_text, .may_fail = true};

    if (sb_type_is_binary(from->id) && sb_type_is_text(to->id)) {
        return &utf8;
    }
    if (sb_type_is_binary(from->id) || sb_type_is_binary(to->id)) {
        *hint = "binary turns into text only";
        return NULL;
    }
    return sb_type_is_text(from->id) ? text_kernels_for(&from_text, to)
                                     : text_kernels_for(&to_text, from);
}
