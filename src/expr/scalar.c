// SPDX-License-Identifier: Apache-2.0
/*
 * scalar.c - the place of a literal among the values of the type it is compared with.
 *
 * Comparing a column with a literal never turns the column into another type. `x < 2.5` over
 * integers is `x <= 2`: the literal is replaced by the greatest value of the column's type that
 * does not exceed it. That keeps the comparison exact and the loop narrow.
 */
#include "expr/scalar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "expr/decimal.h"
#include "expr/number_text.h"
#include "expr/time_text.h"
#include "expr/type_rules.h"

sb_int128 sb_value_integer(enum sb_physical physical, const void *value)
{
    switch (physical) {
    case SB_PHYSICAL_BOOL:
    case SB_PHYSICAL_U8:
        return *(const uint8_t *)value;
    case SB_PHYSICAL_I8:
        return *(const int8_t *)value;
    case SB_PHYSICAL_I16:
        return *(const int16_t *)value;
    case SB_PHYSICAL_I32:
        return *(const int32_t *)value;
    case SB_PHYSICAL_I64:
        return *(const int64_t *)value;
    case SB_PHYSICAL_U16:
        return *(const uint16_t *)value;
    case SB_PHYSICAL_U32:
        return *(const uint32_t *)value;
    case SB_PHYSICAL_U64:
        return *(const uint64_t *)value;
    default:
        sb_assert(physical == SB_PHYSICAL_I128);
        return *(const sb_int128 *)value;
    }
}

/* An exact number: digits * 10^-scale. */
struct exact {
    sb_int128 digits;
    int32_t scale;
};

/* `exact` in steps of 10^-scale, rounded down. */
static enum sb_relation exact_floor(struct exact exact, int32_t scale, sb_int128 *out)
{
    const int32_t shift = scale - exact.scale;
    sb_int128 power;

    if (shift >= 0) {
        if (!sb_decimal_rescale(exact.digits, shift, out)) {
            return exact.digits < 0 ? SB_RELATION_BELOW : SB_RELATION_ABOVE;
        }
        return SB_RELATION_EXACT;
    }
    if (shift < -SB_DECIMAL_DIGITS) {
        *out = exact.digits < 0 ? -1 : 0;
        return exact.digits == 0 ? SB_RELATION_EXACT : SB_RELATION_BETWEEN;
    }
    power = sb_decimal_power(-shift);
    *out = exact.digits / power - (exact.digits % power < 0);
    return exact.digits % power == 0 ? SB_RELATION_EXACT : SB_RELATION_BETWEEN;
}

/* `value` as an integer of `type`, whose values go from `least` to `greatest`. */
static enum sb_relation integer_store(sb_int128 value, enum sb_relation relation, sb_int128 least,
                                      sb_int128 greatest, struct sb_scalar *out)
{
    if (relation == SB_RELATION_BELOW || relation == SB_RELATION_ABOVE) {
        return relation;
    }
    if (value > greatest) {
        return SB_RELATION_ABOVE;
    }
    if (value < least) {
        return SB_RELATION_BELOW;
    }
    switch (sb_physical_width(sb_physical_of(&out->type))) {
    case 1:
        out->value.i8 = (int8_t)value;
        break;
    case 2:
        out->value.i16 = (int16_t)value;
        break;
    case 4:
        out->value.i32 = (int32_t)value;
        break;
    case 8:
        out->value.i64 = (int64_t)value;
        break;
    default:
        out->value.i128 = value;
        break;
    }
    return relation;
}

static enum sb_relation exact_store(struct exact exact, struct sb_scalar *out)
{
    sb_int128 least = -(sb_decimal_power(SB_DECIMAL_DIGITS) - 1);
    sb_int128 greatest = -least;
    sb_int128 value = 0;
    enum sb_relation relation;
    int32_t scale = 0;

    if (out->type.id == SB_TYPE_DECIMAL128) {
        scale = out->type.scale;
    } else {
        sb_integer_limits(out->type.id, &least, &greatest);
    }
    relation = exact_floor(exact, scale, &value);
    return integer_store(value, relation, least, greatest, out);
}

/* The greatest double or float that is not above an integer. */
static enum sb_relation integer_to_float(sb_int128 value, struct sb_scalar *out)
{
    const bool is_single = out->type.id == SB_TYPE_FLOAT32;
    double near = is_single ? (double)(float)value : (double)value;
    enum sb_relation relation = SB_RELATION_EXACT;

    // a 128-bit integer is below 2^127 and so is its float; the conversion back is exact
    if ((sb_int128)near != value) {
        relation = SB_RELATION_BETWEEN;
        if ((sb_int128)near > value) {
            near = is_single ? (double)nextafterf((float)near, -INFINITY)
                             : nextafter(near, (double)-INFINITY);
        }
    }
    if (is_single) {
        out->value.f32 = (float)near;
    } else {
        out->value.f64 = near;
    }
    return relation;
}

static enum sb_relation double_to_float(double value, struct sb_scalar *out)
{
    float near;

    if (out->type.id == SB_TYPE_FLOAT64) {
        out->value.f64 = value;
        return SB_RELATION_EXACT;
    }
    near = (float)value;
    if ((double)near > value) {
        near = nextafterf(near, -INFINITY);
    }
    out->value.f32 = near;
    return (double)near == value || value != value ? SB_RELATION_EXACT : SB_RELATION_BETWEEN;
}

static enum sb_relation double_to_integer(double value, struct sb_scalar *out)
{
    const double whole = floor(value);
    sb_int128 least;
    sb_int128 greatest;

    if (!(value < 1e38)) {
        return SB_RELATION_ABOVE; // NaN as well
    }
    if (value < -1e38) {
        return SB_RELATION_BELOW;
    }
    sb_integer_limits(out->type.id, &least, &greatest);
    return integer_store((sb_int128)whole, whole == value ? SB_RELATION_EXACT : SB_RELATION_BETWEEN,
                         least, greatest, out);
}

static enum sb_relation double_to_decimal(double value, bool is_single, struct sb_scalar *out)
{
    char text[SB_DOUBLE_TEXT_SIZE];
    struct exact exact;
    bool is_exact;
    const int32_t size =
        is_single ? sb_float_format((float)value, text) : sb_double_format(value, text);

    if (!(value < 1e38)) {
        return SB_RELATION_ABOVE;
    }
    if (value <= -1e38) {
        return SB_RELATION_BELOW;
    }
    // as many digits behind the point as there is room for; what is finer is below every scale
    for (exact.scale = SB_DECIMAL_DIGITS; exact.scale > 0; exact.scale--) {
        if (sb_decimal_parse(text, size, SB_DECIMAL_DIGITS, exact.scale, &exact.digits,
                             &is_exact) == SB_DECIMAL_OK) {
            const enum sb_relation relation = exact_store(exact, out);
            return relation == SB_RELATION_EXACT && !is_exact ? SB_RELATION_BETWEEN : relation;
        }
    }
    (void)sb_decimal_parse(text, size, SB_DECIMAL_DIGITS, 0, &exact.digits, &is_exact);
    return exact_store(exact, out);
}

static enum sb_relation time_store(const struct sb_scalar *scalar, struct sb_scalar *out)
{
    struct exact exact = {0};

    if (out->type.id == SB_TYPE_TIMESTAMP) {
        exact = (struct exact){scalar->value.i64, 3 * (int32_t)scalar->type.unit};
        sb_int128 value = 0;
        const enum sb_relation relation = exact_floor(exact, 3 * (int32_t)out->type.unit, &value);
        return integer_store(value, relation, INT64_MIN, INT64_MAX, out);
    }
    const sb_int128 millis = scalar->type.id == SB_TYPE_DATE32
                                 ? (sb_int128)scalar->value.i32 * SB_MILLIS_PER_DAY
                                 : scalar->value.i64;
    if (out->type.id == SB_TYPE_DATE64) {
        return integer_store(millis, SB_RELATION_EXACT, INT64_MIN, INT64_MAX, out);
    }
    return integer_store(sb_floor_divide((int64_t)millis, SB_MILLIS_PER_DAY),
                         millis % SB_MILLIS_PER_DAY == 0 ? SB_RELATION_EXACT : SB_RELATION_BETWEEN,
                         INT32_MIN, INT32_MAX, out);
}

enum sb_relation sb_scalar_floor(const struct sb_scalar *scalar, const struct sb_type *type,
                                 struct sb_scalar *out)
{
    const bool is_single = scalar->type.id == SB_TYPE_FLOAT32;

    *out = (struct sb_scalar){.type = *type};
    if (sb_type_is_temporal(type->id)) {
        return time_store(scalar, out);
    }
    if (sb_type_is_float(scalar->type.id)) {
        const double value = is_single ? (double)scalar->value.f32 : scalar->value.f64;
        if (sb_type_is_float(type->id)) {
            return double_to_float(value, out);
        }
        return type->id == SB_TYPE_DECIMAL128 ? double_to_decimal(value, is_single, out)
                                              : double_to_integer(value, out);
    }
    struct exact exact = {
        .digits = sb_value_integer(sb_physical_of(&scalar->type), &scalar->value),
        .scale = scalar->type.id == SB_TYPE_DECIMAL128 ? scalar->type.scale : 0,
    };
    if (sb_type_is_float(type->id)) {
        sb_assert(exact.scale == 0); // decimals and floats do not meet
        return integer_to_float(exact.digits, out);
    }
    return exact_store(exact, out);
}

enum sb_relation sb_scalar_floor_time(const struct sb_time *time, const struct sb_type *type,
                                      struct sb_scalar *out)
{
    bool is_exact;
    const sb_int128 value = sb_time_in_unit(time, type->unit, &is_exact);

    *out = (struct sb_scalar){.type = *type};
    return integer_store(value, is_exact ? SB_RELATION_EXACT : SB_RELATION_BETWEEN, INT64_MIN,
                         INT64_MAX, out);
}
