// SPDX-License-Identifier: Apache-2.0
#include "columnar/type.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"

enum { DECIMAL128_DIGITS_MAX = 38 };

// What there is to know about a type by its id alone.
struct type_facts {
    const char *name;
    int32_t width;
    bool is_integer;
    bool is_signed;
    bool is_float;
    bool is_text;
    bool is_binary;
    bool is_temporal;
};

static const struct type_facts type_facts[] = {
    [SB_TYPE_BOOL] = {.name = "bool"},
    [SB_TYPE_INT8] = {.name = "int8", .width = 1, .is_integer = true, .is_signed = true},
    [SB_TYPE_INT16] = {.name = "int16", .width = 2, .is_integer = true, .is_signed = true},
    [SB_TYPE_INT32] = {.name = "int32", .width = 4, .is_integer = true, .is_signed = true},
    [SB_TYPE_INT64] = {.name = "int64", .width = 8, .is_integer = true, .is_signed = true},
    [SB_TYPE_UINT8] = {.name = "uint8", .width = 1, .is_integer = true},
    [SB_TYPE_UINT16] = {.name = "uint16", .width = 2, .is_integer = true},
    [SB_TYPE_UINT32] = {.name = "uint32", .width = 4, .is_integer = true},
    [SB_TYPE_UINT64] = {.name = "uint64", .width = 8, .is_integer = true},
    [SB_TYPE_FLOAT32] = {.name = "float32", .width = 4, .is_float = true},
    [SB_TYPE_FLOAT64] = {.name = "float64", .width = 8, .is_float = true},
    [SB_TYPE_DATE32] = {.name = "date32", .width = 4, .is_temporal = true},
    [SB_TYPE_DATE64] = {.name = "date64", .width = 8, .is_temporal = true},
    [SB_TYPE_TIMESTAMP] = {.name = "timestamp", .width = 8, .is_temporal = true},
    [SB_TYPE_DECIMAL128] = {.name = "decimal128", .width = 16},
    [SB_TYPE_UTF8] = {.name = "utf8", .is_text = true},
    [SB_TYPE_LARGE_UTF8] = {.name = "large_utf8", .is_text = true},
    [SB_TYPE_UTF8_VIEW] = {.name = "utf8_view", .is_text = true},
    [SB_TYPE_BINARY] = {.name = "binary", .is_binary = true},
    [SB_TYPE_LARGE_BINARY] = {.name = "large_binary", .is_binary = true},
    [SB_TYPE_BINARY_VIEW] = {.name = "binary_view", .is_binary = true},
};
enum { TYPE_ID_END = sizeof type_facts / sizeof type_facts[0] };

static const char *const unit_names[] = {
    [SB_UNIT_SECOND] = "s",
    [SB_UNIT_MILLI] = "ms",
    [SB_UNIT_MICRO] = "us",
    [SB_UNIT_NANO] = "ns",
};

static const struct type_facts *facts_of(enum sb_type_id id)
{
    sb_assert((int)id > 0 && (int)id < TYPE_ID_END);
    return &type_facts[id];
}

int32_t sb_type_width(enum sb_type_id id)
{
    return facts_of(id)->width;
}

bool sb_type_is_integer(enum sb_type_id id)
{
    return facts_of(id)->is_integer;
}

bool sb_type_is_signed(enum sb_type_id id)
{
    return facts_of(id)->is_signed;
}

bool sb_type_is_float(enum sb_type_id id)
{
    return facts_of(id)->is_float;
}

bool sb_type_is_text(enum sb_type_id id)
{
    return facts_of(id)->is_text;
}

bool sb_type_is_binary(enum sb_type_id id)
{
    return facts_of(id)->is_binary;
}

bool sb_type_is_variable(enum sb_type_id id)
{
    return facts_of(id)->is_text || facts_of(id)->is_binary;
}

bool sb_type_is_view(enum sb_type_id id)
{
    return id == SB_TYPE_UTF8_VIEW || id == SB_TYPE_BINARY_VIEW;
}

bool sb_type_is_large(enum sb_type_id id)
{
    return id == SB_TYPE_LARGE_UTF8 || id == SB_TYPE_LARGE_BINARY;
}

bool sb_type_is_temporal(enum sb_type_id id)
{
    return facts_of(id)->is_temporal;
}

bool sb_type_is_decimal(int64_t precision, int64_t scale)
{
    return precision >= 1 && precision <= DECIMAL128_DIGITS_MAX &&
           scale >= -DECIMAL128_DIGITS_MAX && scale <= DECIMAL128_DIGITS_MAX;
}

bool sb_type_equal(const struct sb_type *a, const struct sb_type *b)
{
    if (a->id != b->id) {
        return false;
    }
    switch (a->id) {
    case SB_TYPE_TIMESTAMP:
        return a->unit == b->unit && (a->zone == NULL) == (b->zone == NULL) &&
               (a->zone == NULL || strcmp(a->zone, b->zone) == 0);
    case SB_TYPE_DECIMAL128:
        return a->precision == b->precision && a->scale == b->scale;
    default:
        return true;
    }
}

bool sb_type_is_comparable(const struct sb_type *a, const struct sb_type *b)
{
    const struct type_facts *fa = facts_of(a->id);
    const struct type_facts *fb = facts_of(b->id);

    if (a->id == SB_TYPE_DECIMAL128 || b->id == SB_TYPE_DECIMAL128) {
        return (fa->is_integer || a->id == SB_TYPE_DECIMAL128) &&
               (fb->is_integer || b->id == SB_TYPE_DECIMAL128);
    }
    if (fa->is_integer || fa->is_float) {
        return fb->is_integer || fb->is_float;
    }
    if (fa->is_text) {
        return fb->is_text;
    }
    if (fa->is_binary) {
        return fb->is_binary;
    }
    if (a->id == SB_TYPE_TIMESTAMP) { // an instant and a wall-clock time have no order
        return b->id == SB_TYPE_TIMESTAMP && (a->zone == NULL) == (b->zone == NULL);
    }
    if (fa->is_temporal) {
        return fb->is_temporal && b->id != SB_TYPE_TIMESTAMP;
    }
    return a->id == b->id;
}

const char *sb_type_name(const struct sb_type *type, char *buffer, size_t size)
{
    const char *name = facts_of(type->id)->name;

    switch (type->id) {
    case SB_TYPE_TIMESTAMP:
        snprintf(buffer, size, "%s[%s%s%s]", name, unit_names[type->unit],
                 type->zone == NULL ? "" : ", ", type->zone == NULL ? "" : type->zone);
        break;
    case SB_TYPE_DECIMAL128:
        snprintf(buffer, size, "%s(%" PRId32 ", %" PRId32 ")", name, type->precision, type->scale);
        break;
    default:
        snprintf(buffer, size, "%s", name);
        break;
    }
    return buffer;
}

static enum sb_status parse_failed(const char *text, struct sb_error *err)
{
    return sb_error_set(err, SB_INVALID,
                        "'%s' is no type; there are bool, int8 to int64, uint8 to uint64, float32, "
                        "float64, utf8, large_utf8, utf8_view, binary, large_binary, binary_view, "
                        "date32, date64, timestamp[s|ms|us|ns], timestamp[us, Zone] and "
                        "decimal128(precision, scale)",
                        text);
}

// `rest` is "us]" or "us, Zone]".
static bool timestamp_parse(const char *rest, struct sb_type *out, const char **zone,
                            size_t *zone_size)
{
    size_t unit_size = strcspn(rest, ",]");
    const char *end;

    for (int unit = SB_UNIT_SECOND;; unit++) {
        if (unit > SB_UNIT_NANO) {
            return false;
        }
        if (strlen(unit_names[unit]) == unit_size &&
            strncmp(unit_names[unit], rest, unit_size) == 0) {
            out->unit = (enum sb_time_unit)unit;
            break;
        }
    }
    rest += unit_size;
    if (strcmp(rest, "]") == 0) {
        return true;
    }
    if (*rest != ',') {
        return false;
    }
    rest++;
    rest += strspn(rest, " ");
    end = strchr(rest, ']');
    if (end == NULL || end == rest || end[1] != '\0') {
        return false;
    }
    *zone = rest;
    *zone_size = (size_t)(end - rest);
    return true;
}

// `rest` is "38, 10)".
static bool decimal_parse(const char *rest, struct sb_type *out)
{
    char *end;
    long precision;
    long scale;

    precision = strtol(rest, &end, 10);
    if (end == rest || *end != ',') {
        return false;
    }
    rest = end + 1;
    scale = strtol(rest, &end, 10);
    if (end == rest || strcmp(end, ")") != 0) {
        return false;
    }
    if (!sb_type_is_decimal(precision, scale)) {
        return false;
    }
    out->precision = (int32_t)precision;
    out->scale = (int32_t)scale;
    return true;
}

enum sb_status sb_type_parse(const char *text, struct sb_arena *arena, struct sb_type *out,
                             struct sb_error *err)
{
    size_t name_size = strcspn(text, "[(");
    const char *rest = text + name_size;
    const char *zone = NULL;
    size_t zone_size = 0;
    int id;

    *out = (struct sb_type){0};
    for (id = SB_TYPE_BOOL; id < TYPE_ID_END; id++) {
        if (strlen(type_facts[id].name) == name_size &&
            strncmp(type_facts[id].name, text, name_size) == 0) {
            break;
        }
    }
    if (id == TYPE_ID_END) {
        return parse_failed(text, err);
    }
    out->id = (enum sb_type_id)id;
    if (id == SB_TYPE_TIMESTAMP) {
        if (*rest != '[' || !timestamp_parse(rest + 1, out, &zone, &zone_size)) {
            return parse_failed(text, err);
        }
    } else if (id == SB_TYPE_DECIMAL128) {
        if (*rest != '(' || !decimal_parse(rest + 1, out)) {
            return parse_failed(text, err);
        }
    } else if (*rest != '\0') {
        return parse_failed(text, err);
    }
    if (zone != NULL) {
        char *copy = sb_arena_alloc_zeroed(arena, zone_size + 1);

        if (copy == NULL) {
            return sb_error_no_memory(err, "type name", (int64_t)zone_size + 1);
        }
        memcpy(copy, zone, zone_size);
        out->zone = copy;
    }
    return SB_OK;
}
