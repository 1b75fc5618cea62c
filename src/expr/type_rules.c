// SPDX-License-Identifier: Apache-2.0
/*
 * type_rules.c - physical types, and the types in which two types meet.
 */
#include "expr/type_rules.h"

#include <string.h>

#include "base/assert.h"
#include "expr/vector.h"

enum sb_physical sb_physical_of(const struct sb_type *type)
{
    switch (type->id) {
    case SB_TYPE_BOOL:
        return SB_PHYSICAL_BOOL;
    case SB_TYPE_INT8:
        return SB_PHYSICAL_I8;
    case SB_TYPE_INT16:
        return SB_PHYSICAL_I16;
    case SB_TYPE_INT32:
    case SB_TYPE_DATE32:
    case SB_TYPE_TIME32:
        return SB_PHYSICAL_I32;
    case SB_TYPE_INT64:
    case SB_TYPE_DATE64:
    case SB_TYPE_TIMESTAMP:
    case SB_TYPE_TIME64:
    case SB_TYPE_DURATION:
        return SB_PHYSICAL_I64;
    case SB_TYPE_UINT8:
        return SB_PHYSICAL_U8;
    case SB_TYPE_UINT16:
        return SB_PHYSICAL_U16;
    case SB_TYPE_UINT32:
        return SB_PHYSICAL_U32;
    case SB_TYPE_UINT64:
        return SB_PHYSICAL_U64;
    case SB_TYPE_FLOAT16:
    case SB_TYPE_FLOAT32:
        return SB_PHYSICAL_F32;
    case SB_TYPE_FLOAT64:
        return SB_PHYSICAL_F64;
    case SB_TYPE_DECIMAL32:
    case SB_TYPE_DECIMAL64:
    case SB_TYPE_DECIMAL128:
        return SB_PHYSICAL_I128;
    default:
        return sb_type_is_variable(type->id) ? SB_PHYSICAL_BYTES : SB_PHYSICAL_ROW;
    }
}

int32_t sb_physical_width(enum sb_physical physical)
{
    static const int8_t widths[SB_PHYSICAL_COUNT] = {
        [SB_PHYSICAL_BOOL] = 1,   [SB_PHYSICAL_I8] = 1,   [SB_PHYSICAL_I16] = 2,
        [SB_PHYSICAL_I32] = 4,    [SB_PHYSICAL_I64] = 8,  [SB_PHYSICAL_U8] = 1,
        [SB_PHYSICAL_U16] = 2,    [SB_PHYSICAL_U32] = 4,  [SB_PHYSICAL_U64] = 8,
        [SB_PHYSICAL_F32] = 4,    [SB_PHYSICAL_F64] = 8,  [SB_PHYSICAL_I128] = 16,
        [SB_PHYSICAL_BYTES] = 16, [SB_PHYSICAL_ROW] = 16,
    };
    static_assert(sizeof(struct sb_bytes) == 16 && sizeof(struct sb_row) == 16,
                  "a text value is pointer and size, a row column and position");

    return widths[physical];
}

struct sb_type sb_type_computed(const struct sb_type *type)
{
    while (sb_type_is_encoded(type->id)) {
        type = &type->children[1].type;
    }
    switch (type->id) {
    case SB_TYPE_FLOAT16:
        return sb_type_of(SB_TYPE_FLOAT32);
    case SB_TYPE_DECIMAL32:
    case SB_TYPE_DECIMAL64:
        return sb_type_decimal(type->precision, type->scale);
    case SB_TYPE_FIXED_SIZE_BINARY:
        return sb_type_of(SB_TYPE_BINARY);
    default:
        return *type;
    }
}

bool sb_type_is_number(const struct sb_type *type)
{
    return sb_type_is_integer(type->id) || sb_type_is_float(type->id);
}

bool sb_type_is_numeric(const struct sb_type *type)
{
    return sb_type_is_number(type) || type->id == SB_TYPE_DECIMAL128;
}

int32_t sb_type_digits(enum sb_type_id integer)
{
    switch (integer) {
    case SB_TYPE_INT8:
    case SB_TYPE_UINT8:
        return 3;
    case SB_TYPE_INT16:
    case SB_TYPE_UINT16:
        return 5;
    case SB_TYPE_INT32:
    case SB_TYPE_UINT32:
        return 10;
    case SB_TYPE_INT64:
        return 19;
    default:
        sb_assert(integer == SB_TYPE_UINT64);
        return 20;
    }
}

struct sb_type sb_type_as_decimal(const struct sb_type *type)
{
    if (type->id == SB_TYPE_DECIMAL128) {
        return *type;
    }
    return sb_type_decimal(sb_type_digits(type->id), 0);
}

static bool type_common_integer(enum sb_type_id a, enum sb_type_id b, struct sb_type *out)
{
    if (sb_type_is_signed(a) == sb_type_is_signed(b)) {
        *out = sb_type_of(sb_type_width(a) >= sb_type_width(b) ? a : b);
        return true;
    }
    *out = sb_type_of(SB_TYPE_INT64);
    return a != SB_TYPE_UINT64 && b != SB_TYPE_UINT64;
}

bool sb_type_common_number(const struct sb_type *a, const struct sb_type *b, struct sb_type *out)
{
    if (sb_type_is_integer(a->id) && sb_type_is_integer(b->id)) {
        return type_common_integer(a->id, b->id, out);
    }
    *out = sb_type_of(a->id == SB_TYPE_FLOAT32 && b->id == SB_TYPE_FLOAT32 ? SB_TYPE_FLOAT32
                                                                           : SB_TYPE_FLOAT64);
    return true;
}

static int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

static bool type_common_decimal(const struct sb_type *a, const struct sb_type *b,
                                struct sb_type *out)
{
    struct sb_type x;
    struct sb_type y;
    int32_t scale;
    int32_t precision;

    if (sb_type_is_float(a->id) || sb_type_is_float(b->id)) {
        return false;
    }
    x = sb_type_as_decimal(a);
    y = sb_type_as_decimal(b);
    scale = larger(x.scale, y.scale);
    precision = larger(x.precision - x.scale, y.precision - y.scale) + scale;
    *out = sb_type_decimal(precision > 38 ? 38 : precision, scale);
    return true;
}

static bool type_common_timestamp(const struct sb_type *a, const struct sb_type *b,
                                  struct sb_type *out)
{
    *out = *a;
    if (b->unit > a->unit) {
        out->unit = b->unit;
    }
    if (a->zone == NULL || b->zone == NULL) {
        return a->zone == b->zone;
    }
    return strcmp(a->zone, b->zone) == 0;
}

bool sb_type_common(const struct sb_type *a, const struct sb_type *b, struct sb_type *out)
{
    if (sb_type_equal(a, b)) {
        *out = *a;
        return true;
    }
    if (sb_type_is_numeric(a) && sb_type_is_numeric(b)) {
        return sb_type_is_number(a) && sb_type_is_number(b) ? sb_type_common_number(a, b, out)
                                                            : type_common_decimal(a, b, out);
    }
    if (a->id == SB_TYPE_TIMESTAMP && b->id == SB_TYPE_TIMESTAMP) {
        return type_common_timestamp(a, b, out);
    }
    if (sb_type_is_clock(a->id) && sb_type_is_clock(b->id)) {
        *out = sb_type_clock(a->unit > b->unit ? a->unit : b->unit);
        return true;
    }
    if (a->id == SB_TYPE_DURATION && b->id == SB_TYPE_DURATION) {
        *out = a->unit > b->unit ? *a : *b;
        return true;
    }
    if ((a->id == SB_TYPE_DATE32 && b->id == SB_TYPE_DATE64) ||
        (a->id == SB_TYPE_DATE64 && b->id == SB_TYPE_DATE32)) {
        *out = sb_type_of(SB_TYPE_DATE64);
        return true;
    }
    *out = *a;
    return (sb_type_is_text(a->id) && sb_type_is_text(b->id)) ||
           (sb_type_is_binary(a->id) && sb_type_is_binary(b->id));
}

bool sb_type_is_clock(enum sb_type_id id)
{
    return id == SB_TYPE_TIME32 || id == SB_TYPE_TIME64;
}

bool sb_type_is_counted(enum sb_type_id id)
{
    return sb_type_is_temporal(id) || sb_type_is_clock(id) || id == SB_TYPE_DURATION;
}

struct sb_type sb_type_clock(enum sb_time_unit unit)
{
    return (struct sb_type){.id = unit <= SB_UNIT_MILLI ? SB_TYPE_TIME32 : SB_TYPE_TIME64,
                            .unit = unit};
}

struct sb_type sb_type_count(const struct sb_type *time)
{
    sb_assert(sb_type_is_counted(time->id));
    return sb_type_of(time->id == SB_TYPE_DATE32 || time->id == SB_TYPE_TIME32 ? SB_TYPE_INT32
                                                                               : SB_TYPE_INT64);
}

bool sb_type_is_retypable(const struct sb_type *from, const struct sb_type *to)
{
    if (sb_type_equal(from, to)) {
        return true;
    }
    if (sb_type_is_variable(from->id)) {
        // text is binary; binary becomes text only after a look at its bytes
        return sb_type_is_variable(to->id) &&
               (sb_type_is_text(from->id) || sb_type_is_binary(to->id));
    }
    switch (from->id) {
    case SB_TYPE_INT32:
        return to->id == SB_TYPE_DATE32;
    case SB_TYPE_DATE32:
        return to->id == SB_TYPE_INT32;
    case SB_TYPE_INT64:
        return to->id == SB_TYPE_DATE64 || to->id == SB_TYPE_TIMESTAMP ||
               to->id == SB_TYPE_DURATION;
    case SB_TYPE_TIME32:
        return to->id == SB_TYPE_INT32;
    case SB_TYPE_DATE64:
    case SB_TYPE_TIME64:
    case SB_TYPE_DURATION:
        return to->id == SB_TYPE_INT64;
    case SB_TYPE_TIMESTAMP:
        // between two zones the instant stays; to and from no zone it is the clock that stays
        return to->id == SB_TYPE_INT64 || (to->id == SB_TYPE_TIMESTAMP && to->unit == from->unit &&
                                           (to->zone == NULL) == (from->zone == NULL));
    case SB_TYPE_DECIMAL128:
        return to->id == SB_TYPE_DECIMAL128 && to->scale == from->scale &&
               to->precision >= from->precision;
    default:
        return false;
    }
}
