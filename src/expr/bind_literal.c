// SPDX-License-Identifier: Apache-2.0
/*
 * bind_literal.c - a literal takes the type of the column it meets.
 */
#include <inttypes.h>

#include "expr/bind.h"
#include "expr/time_text.h"
#include "expr/type_rules.h"

static enum sb_status time_refuse(struct sb_binder *binder, const struct sb_bytes text,
                                  const struct sb_type *type, const char *name, const char *why)
{
    char type_name[SB_TYPE_NAME_SIZE];

    return sb_error_set(binder->err, SB_INVALID, "%s: '%.*s' is no %s: %s", name,
                        text.size > 60 ? 60 : (int)text.size, (const char *)text.data,
                        sb_type_name(type, type_name, sizeof type_name), why);
}

/* ISO 8601 text met by a date or timestamp. */
static enum sb_status place_text(struct sb_binder *binder, const struct sb_bytes text,
                                 const struct sb_type *type, const char *name,
                                 enum sb_relation *relation, struct sb_scalar *out)
{
    struct sb_time time;
    const struct sb_zone *zone;
    struct sb_zone_cursor cursor = {0};

    if (!sb_time_parse((const char *)text.data, text.size, &time)) {
        return time_refuse(binder, text, type, name,
                           type->id == SB_TYPE_TIMESTAMP
                               ? "expected ISO 8601, such as 2024-02-29T12:30:15.5"
                               : "expected ISO 8601, such as 2024-02-29");
    }
    if (type->id != SB_TYPE_TIMESTAMP) {
        const struct sb_scalar days = {
            .type = sb_type_of(SB_TYPE_DATE64),
            .value.i64 = time.days * SB_MILLIS_PER_DAY,
        };
        if (time.has_clock) {
            return time_refuse(binder, text, type, name,
                               "a date has no time of day; cast the column to a timestamp");
        }
        *relation = sb_scalar_floor(&days, type, out);
        return SB_OK;
    }
    if (type->zone != NULL) {
        SB_TRY_RETURN(sb_zone_find(type->zone, &zone, binder->err));
        cursor = sb_zone_cursor_of(zone);
    }
    if (!sb_time_settle(&time, type->zone == NULL ? NULL : &cursor)) {
        return time_refuse(binder, text, type, name,
                           "the text has an offset from UTC, the type has no zone");
    }
    *relation = sb_scalar_floor_time(&time, type, out);
    return SB_OK;
}

static bool are_of_one_kind(const struct sb_bound_node *constant, const struct sb_type *type)
{
    const struct sb_type *from = &constant->type;

    if (sb_type_is_float(from->id) && type->id == SB_TYPE_DECIMAL128) {
        return constant->is_adaptable; // 12.5 as written, not a computed double
    }
    if (sb_type_is_temporal(type->id) || sb_type_is_numeric(type)) {
        return sb_type_is_comparable(from, type);
    }
    return false;
}

enum sb_status sb_bind_place(struct sb_binder *binder, const struct sb_bound_node *constant,
                             const struct sb_type *type, const char *name, bool *is_possible,
                             enum sb_relation *relation, struct sb_scalar *out)
{
    *is_possible = true;
    *relation = SB_RELATION_EXACT;
    if (sb_type_is_text(constant->type.id) && sb_type_is_temporal(type->id)) {
        return place_text(binder, constant->constant.value.bytes, type, name, relation, out);
    }
    if ((sb_type_is_text(constant->type.id) && sb_type_is_text(type->id)) ||
        (sb_type_is_binary(constant->type.id) && sb_type_is_binary(type->id)) ||
        sb_type_equal(&constant->type, type)) {
        *out = constant->constant;
        out->type = *type;
        return SB_OK;
    }
    *is_possible = are_of_one_kind(constant, type);
    if (*is_possible) {
        *relation = sb_scalar_floor(&constant->constant, type, out);
    }
    return SB_OK;
}

enum sb_status sb_bind_adapt(struct sb_binder *binder, const struct sb_bound_node *constant,
                             const struct sb_type *type, const char *name,
                             const struct sb_bound_node **out)
{
    bool is_possible;
    enum sb_relation relation;
    struct sb_scalar scalar;

    SB_TRY_RETURN(sb_bind_place(binder, constant, type, name, &is_possible, &relation, &scalar));
    if (!is_possible || relation != SB_RELATION_EXACT) {
        return SB_OK;
    }
    return sb_bind_constant(binder, &scalar, out);
}
