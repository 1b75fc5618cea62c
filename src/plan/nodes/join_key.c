// SPDX-License-Identifier: Apache-2.0
#include "plan/nodes/join_key.h"

enum {
    DECIMAL128_DIGITS = 38,
    DECIMAL256_DIGITS = 76,
    UINT64_DIGITS = 20,
};

static bool is_uint64_and_signed(const struct sb_type *left, const struct sb_type *right)
{
    return (left->id == SB_TYPE_UINT64 && sb_type_is_signed(right->id)) ||
           (right->id == SB_TYPE_UINT64 && sb_type_is_signed(left->id));
}

/* Instants with and without a zone have no order between them. */
static bool is_instant(const struct sb_type *left, const struct sb_type *right)
{
    return left->id == SB_TYPE_TIMESTAMP && right->id == SB_TYPE_TIMESTAMP &&
           (left->zone == NULL) == (right->zone == NULL);
}

static bool is_time(enum sb_type_id id)
{
    return id == SB_TYPE_TIME32 || id == SB_TYPE_TIME64;
}

/* Whether both count units of one thing. */
static bool has_units(const struct sb_type *left, const struct sb_type *right)
{
    return is_instant(left, right) || (is_time(left->id) && is_time(right->id)) ||
           (left->id == SB_TYPE_DURATION && right->id == SB_TYPE_DURATION);
}

/* That of the finer unit; the left one's zone. */
static void unit_key(const struct sb_type *left, const struct sb_type *right, struct sb_type *out)
{
    *out = *left;
    out->id = right->unit > left->unit ? right->id : left->id;
    out->unit = right->unit > left->unit ? right->unit : left->unit;
}

/* Whether one holds what 128 bits do not, or the factor between their scales would not fit. */
static bool needs_decimal256(const struct sb_type *left, const struct sb_type *right)
{
    int32_t apart = left->scale - right->scale;

    return left->id == SB_TYPE_DECIMAL256 || right->id == SB_TYPE_DECIMAL256 ||
           apart > DECIMAL128_DIGITS || apart < -DECIMAL128_DIGITS;
}

static void decimal_key(const struct sb_type *left, const struct sb_type *right,
                        struct sb_type *out)
{
    bool is_wide = needs_decimal256(left, right);

    *out = *left;
    if (left->id == right->id && left->scale == right->scale) {
        return;
    }
    *out = (struct sb_type){
        .id = is_wide ? SB_TYPE_DECIMAL256 : SB_TYPE_DECIMAL128,
        .precision = is_wide ? DECIMAL256_DIGITS : DECIMAL128_DIGITS,
        .scale = left->scale > right->scale ? left->scale : right->scale,
    };
}

static bool is_date(enum sb_type_id id)
{
    return id == SB_TYPE_DATE32 || id == SB_TYPE_DATE64;
}

static bool is_float(enum sb_type_id id)
{
    return sb_type_is_float(id) || id == SB_TYPE_FLOAT16;
}

/* Fixed sizes that differ have no value in common. */
static bool is_bytes(const struct sb_type *left, const struct sb_type *right)
{
    bool is_left_fixed = left->id == SB_TYPE_FIXED_SIZE_BINARY;
    bool is_right_fixed = right->id == SB_TYPE_FIXED_SIZE_BINARY;

    return (is_left_fixed && sb_type_is_binary(right->id)) ||
           (is_right_fixed && sb_type_is_binary(left->id));
}

static bool is_stored_alike(const struct sb_type *left, const struct sb_type *right)
{
    return sb_type_equal(left, right) ||
           (sb_type_is_text(left->id) && sb_type_is_text(right->id)) ||
           (sb_type_is_binary(left->id) && sb_type_is_binary(right->id));
}

bool sb_join_key_type(const struct sb_type *left, const struct sb_type *right, struct sb_type *out)
{
    *out = *left;
    if (sb_type_equal(left, right)) {
        return true;
    }
    left = sb_type_value(left);
    right = sb_type_value(right);
    *out = *left;
    if (is_stored_alike(left, right) || is_bytes(left, right)) {
        return true;
    }
    if (sb_type_is_integer(left->id) && sb_type_is_integer(right->id)) {
        bool is_wide = left->id == SB_TYPE_UINT64 || right->id == SB_TYPE_UINT64;
        *out = (struct sb_type){.id = is_wide ? SB_TYPE_UINT64 : SB_TYPE_INT64};
        return true;
    }
    if (is_float(left->id) && is_float(right->id)) {
        *out = (struct sb_type){.id = SB_TYPE_FLOAT64};
        return true;
    }
    if (has_units(left, right)) {
        unit_key(left, right, out);
        return true;
    }
    if (is_date(left->id) && is_date(right->id)) {
        *out = (struct sb_type){.id = SB_TYPE_DATE64};
        return true;
    }
    if (sb_type_is_decimal(left->id) && sb_type_is_decimal(right->id)) {
        decimal_key(left, right, out);
        return true;
    }
    return false;
}

/* The narrowest integer type with all values of both. */
static void integer_output(const struct sb_type *left, const struct sb_type *right,
                           struct sb_type *out)
{
    static const enum sb_type_id signed_ids[] = {SB_TYPE_INT8, SB_TYPE_INT16, SB_TYPE_INT32,
                                                 SB_TYPE_INT64};
    static const enum sb_type_id unsigned_ids[] = {SB_TYPE_UINT8, SB_TYPE_UINT16, SB_TYPE_UINT32,
                                                   SB_TYPE_UINT64};
    bool is_signed = sb_type_is_signed(left->id) || sb_type_is_signed(right->id);
    int32_t bits = 0;
    int32_t index = 0;

    if (is_uint64_and_signed(left, right)) {
        *out = (struct sb_type){.id = SB_TYPE_DECIMAL128, .precision = UINT64_DIGITS};
        return;
    }
    for (int32_t side = 0; side < 2; side++) {
        const struct sb_type *type = side == 0 ? left : right;
        int32_t needed = 8 * sb_type_width(type->id);

        needed += is_signed && !sb_type_is_signed(type->id) ? 1 : 0;
        bits = needed > bits ? needed : bits;
    }
    while (8 << index < bits) {
        index++;
    }
    *out = (struct sb_type){.id = is_signed ? signed_ids[index] : unsigned_ids[index]};
}

static void decimal_output(const struct sb_type *left, const struct sb_type *right,
                           struct sb_type *out)
{
    static const enum sb_type_id ids[] = {SB_TYPE_DECIMAL32, SB_TYPE_DECIMAL64, SB_TYPE_DECIMAL128,
                                          SB_TYPE_DECIMAL256};
    int32_t left_digits = left->precision - left->scale;
    int32_t right_digits = right->precision - right->scale;
    int32_t scale = left->scale > right->scale ? left->scale : right->scale;
    int32_t digits = (left_digits > right_digits ? left_digits : right_digits) + scale;
    int32_t limit = needs_decimal256(left, right) ? DECIMAL256_DIGITS : DECIMAL128_DIGITS;
    int32_t i = 0;

    *out = (struct sb_type){.precision = digits < limit ? digits : limit, .scale = scale};
    for (bool has_left = false, has_right = false;; i++) { // not before either one's own
        has_left |= ids[i] == left->id;
        has_right |= ids[i] == right->id;
        if (has_left && has_right && sb_type_decimal_fits(ids[i], out->precision, scale)) {
            break;
        }
    }
    out->id = ids[i];
}

/* The binary type holds what the other side's fixed size does. */
static void bytes_output(const struct sb_type *left, const struct sb_type *right,
                         struct sb_type *out)
{
    *out = left->id == SB_TYPE_FIXED_SIZE_BINARY ? *right : *left;
}

void sb_join_key_output(const struct sb_type *left, const struct sb_type *right,
                        struct sb_type *out)
{
    struct sb_type from = *sb_type_value(left); // `out` may be one of them
    struct sb_type other = *sb_type_value(right);

    if (sb_type_equal(left, right)) {
        *out = *left;
        return;
    }
    *out = from;
    if (is_stored_alike(&from, &other)) {
        return;
    }
    if (sb_type_is_integer(from.id)) {
        integer_output(&from, &other, out);
    } else if (is_float(from.id)) {
        bool has_half = from.id == SB_TYPE_FLOAT16 || other.id == SB_TYPE_FLOAT16;
        bool has_double = from.id == SB_TYPE_FLOAT64 || other.id == SB_TYPE_FLOAT64;
        out->id = has_half && !has_double ? SB_TYPE_FLOAT32 : SB_TYPE_FLOAT64;
    } else if (has_units(&from, &other)) {
        unit_key(&from, &other, out);
    } else if (is_date(from.id)) {
        out->id = SB_TYPE_DATE64;
    } else if (sb_type_is_decimal(from.id)) {
        decimal_output(&from, &other, out);
    } else if (is_bytes(&from, &other)) {
        bytes_output(&from, &other, out);
    }
}
