// SPDX-License-Identifier: Apache-2.0
#include "plan/nodes/join_key_internal.h"

enum {
    DECIMAL_PRECISION_MAX = 38,
    UINT64_DIGITS = 20,
};

static bool is_uint64_and_signed(const struct sb_type *left, const struct sb_type *right)
{
    return (left->id == SB_TYPE_UINT64 && sb_type_is_signed(right->id)) ||
           (right->id == SB_TYPE_UINT64 && sb_type_is_signed(left->id));
}

static void timestamp_key(const struct sb_type *left, const struct sb_type *right,
                          struct sb_type *out)
{
    *out = *left;
    out->unit = right->unit > left->unit ? right->unit : left->unit;
}

static bool decimal_key(const struct sb_type *left, const struct sb_type *right,
                        struct sb_type *out)
{
    *out = *left;
    if (left->scale != right->scale) {
        out->precision = DECIMAL_PRECISION_MAX;
        out->scale = left->scale > right->scale ? left->scale : right->scale;
    }
    return true;
}

static bool is_date(enum sb_type_id id)
{
    return id == SB_TYPE_DATE32 || id == SB_TYPE_DATE64;
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
    if (is_stored_alike(left, right)) {
        return true;
    }
    if (sb_type_is_integer(left->id) && sb_type_is_integer(right->id)) {
        bool is_wide = left->id == SB_TYPE_UINT64 || right->id == SB_TYPE_UINT64;
        *out = (struct sb_type){.id = is_wide ? SB_TYPE_UINT64 : SB_TYPE_INT64};
        return true;
    }
    if (sb_type_is_float(left->id) && sb_type_is_float(right->id)) {
        *out = (struct sb_type){.id = SB_TYPE_FLOAT64};
        return true;
    }
    if (left->id == SB_TYPE_TIMESTAMP && right->id == SB_TYPE_TIMESTAMP) {
        timestamp_key(left, right, out);
        return (left->zone == NULL) == (right->zone == NULL); // else there is no order between them
    }
    if (is_date(left->id) && is_date(right->id)) {
        *out = (struct sb_type){.id = SB_TYPE_DATE64};
        return true;
    }
    if (left->id == SB_TYPE_DECIMAL128 && right->id == SB_TYPE_DECIMAL128) {
        return decimal_key(left, right, out);
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
    int32_t left_digits = left->precision - left->scale;
    int32_t right_digits = right->precision - right->scale;
    int32_t digits;

    out->scale = left->scale > right->scale ? left->scale : right->scale;
    digits = (left_digits > right_digits ? left_digits : right_digits) + out->scale;
    out->precision = digits < DECIMAL_PRECISION_MAX ? digits : DECIMAL_PRECISION_MAX;
}

void sb_join_key_output(const struct sb_type *left, const struct sb_type *right,
                        struct sb_type *out)
{
    *out = *left;
    if (is_stored_alike(left, right)) {
        return;
    }
    if (sb_type_is_integer(left->id)) {
        integer_output(left, right, out);
    } else if (sb_type_is_float(left->id)) {
        out->id = SB_TYPE_FLOAT64;
    } else if (left->id == SB_TYPE_TIMESTAMP) {
        timestamp_key(left, right, out);
    } else if (is_date(left->id)) {
        out->id = SB_TYPE_DATE64;
    } else if (left->id == SB_TYPE_DECIMAL128) {
        decimal_output(left, right, out);
    }
}
