// SPDX-License-Identifier: Apache-2.0
#include "plan/nodes/join_key_internal.h"

enum { DECIMAL_PRECISION_MAX = 38 };

static bool integer_key(const struct sb_type *left, const struct sb_type *right,
                        struct sb_type *out)
{
    bool is_wide = left->id == SB_TYPE_UINT64 || right->id == SB_TYPE_UINT64;

    if (is_wide && (sb_type_is_signed(left->id) || sb_type_is_signed(right->id))) {
        return false; // no type holds both
    }
    *out = (struct sb_type){.id = is_wide ? SB_TYPE_UINT64 : SB_TYPE_INT64};
    return true;
}

static bool timestamp_key(const struct sb_type *left, const struct sb_type *right,
                          struct sb_type *out)
{
    if ((left->zone == NULL) != (right->zone == NULL)) {
        return false; // local time and instants have no order between them
    }
    *out = *left;
    if (right->unit > out->unit) {
        out->unit = right->unit;
    }
    return true;
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

bool sb_join_key_type(const struct sb_type *left, const struct sb_type *right, struct sb_type *out)
{
    *out = *left;
    if (sb_type_equal(left, right) || (sb_type_is_text(left->id) && sb_type_is_text(right->id)) ||
        (sb_type_is_binary(left->id) && sb_type_is_binary(right->id))) {
        return true;
    }
    if (sb_type_is_integer(left->id) && sb_type_is_integer(right->id)) {
        return integer_key(left, right, out);
    }
    if (sb_type_is_float(left->id) && sb_type_is_float(right->id)) {
        *out = (struct sb_type){.id = SB_TYPE_FLOAT64};
        return true;
    }
    if (left->id == SB_TYPE_TIMESTAMP && right->id == SB_TYPE_TIMESTAMP) {
        return timestamp_key(left, right, out);
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
