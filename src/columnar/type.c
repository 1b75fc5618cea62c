// SPDX-License-Identifier: Apache-2.0
#include "columnar/type.h"

#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "columnar/type_internal.h"

const struct sb_type_facts sb_type_facts[SB_TYPE_ID_END] = {
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
    [SB_TYPE_DECIMAL128] = {.name = "decimal128", .width = 16, .decimal_digits = 38},
    [SB_TYPE_UTF8] = {.name = "utf8", .is_text = true},
    [SB_TYPE_LARGE_UTF8] = {.name = "large_utf8", .is_text = true},
    [SB_TYPE_UTF8_VIEW] = {.name = "utf8_view", .is_text = true},
    [SB_TYPE_BINARY] = {.name = "binary", .is_binary = true},
    [SB_TYPE_LARGE_BINARY] = {.name = "large_binary", .is_binary = true},
    [SB_TYPE_BINARY_VIEW] = {.name = "binary_view", .is_binary = true},
    [SB_TYPE_NULL] = {.name = "null"},
    [SB_TYPE_FLOAT16] = {.name = "float16", .width = 2},
    [SB_TYPE_DECIMAL32] = {.name = "decimal32", .width = 4, .decimal_digits = 9},
    [SB_TYPE_DECIMAL64] = {.name = "decimal64", .width = 8, .decimal_digits = 18},
    [SB_TYPE_DECIMAL256] = {.name = "decimal256", .width = 32, .decimal_digits = 76},
    [SB_TYPE_TIME32] = {.name = "time32", .width = 4},
    [SB_TYPE_TIME64] = {.name = "time64", .width = 8},
    [SB_TYPE_DURATION] = {.name = "duration", .width = 8},
    [SB_TYPE_INTERVAL_MONTH] = {.name = "interval", .width = 4, .has_no_order = true},
    [SB_TYPE_INTERVAL_DAY_TIME] = {.name = "interval", .width = 8, .has_no_order = true},
    [SB_TYPE_INTERVAL_MONTH_DAY_NANO] = {.name = "interval", .width = 16, .has_no_order = true},
    [SB_TYPE_FIXED_SIZE_BINARY] = {.name = "fixed_size_binary"},
    [SB_TYPE_DICTIONARY] = {.name = "dictionary", .child_count = 2},
    [SB_TYPE_RUN_END_ENCODED] = {.name = "run_end_encoded", .child_count = 2},
    [SB_TYPE_LIST] = {.name = "list", .child_count = 1, .is_list = true, .has_no_order = true},
    [SB_TYPE_LARGE_LIST] = {.name = "large_list",
                            .child_count = 1,
                            .is_list = true,
                            .has_no_order = true},
    [SB_TYPE_LIST_VIEW] = {.name = "list_view",
                           .child_count = 1,
                           .is_list = true,
                           .has_no_order = true},
    [SB_TYPE_LARGE_LIST_VIEW] = {.name = "large_list_view",
                                 .child_count = 1,
                                 .is_list = true,
                                 .has_no_order = true},
    [SB_TYPE_FIXED_SIZE_LIST] = {.name = "fixed_size_list",
                                 .child_count = 1,
                                 .is_list = true,
                                 .has_no_order = true},
    [SB_TYPE_STRUCT] = {.name = "struct", .child_count = -1, .has_no_order = true},
    [SB_TYPE_MAP] = {.name = "map", .child_count = 1, .is_list = true, .has_no_order = true},
};

/* Of 0, which a null literal has that nobody gave a type: it is of no kind. */
static const struct sb_type_facts *facts_of(enum sb_type_id id)
{
    sb_assert((int)id >= 0 && (int)id < SB_TYPE_ID_END);
    return &sb_type_facts[id];
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
    return id == SB_TYPE_LARGE_UTF8 || id == SB_TYPE_LARGE_BINARY || id == SB_TYPE_LARGE_LIST ||
           id == SB_TYPE_LARGE_LIST_VIEW;
}

bool sb_type_is_temporal(enum sb_type_id id)
{
    return facts_of(id)->is_temporal;
}

bool sb_type_is_decimal(enum sb_type_id id)
{
    return facts_of(id)->decimal_digits > 0;
}

bool sb_type_is_nested(enum sb_type_id id)
{
    return facts_of(id)->child_count != 0;
}

bool sb_type_is_list(enum sb_type_id id)
{
    return facts_of(id)->is_list;
}

bool sb_type_is_list_view(enum sb_type_id id)
{
    return id == SB_TYPE_LIST_VIEW || id == SB_TYPE_LARGE_LIST_VIEW;
}

bool sb_type_is_encoded(enum sb_type_id id)
{
    return id == SB_TYPE_DICTIONARY || id == SB_TYPE_RUN_END_ENCODED;
}

bool sb_type_index_fits(enum sb_type_id id, enum sb_type_id index)
{
    if (id == SB_TYPE_RUN_END_ENCODED) {
        return index == SB_TYPE_INT16 || index == SB_TYPE_INT32 || index == SB_TYPE_INT64;
    }
    return facts_of(index)->is_integer;
}

const struct sb_type *sb_type_value(const struct sb_type *type)
{
    while (sb_type_is_encoded(type->id)) {
        type = &type->children[1].type;
    }
    return type;
}

bool sb_type_is_ordered(const struct sb_type *type)
{
    return !facts_of(sb_type_value(type)->id)->has_no_order;
}

bool sb_type_decimal_fits(enum sb_type_id id, int64_t precision, int64_t scale)
{
    int32_t digits = facts_of(id)->decimal_digits;

    return precision >= 1 && precision <= digits && scale >= -digits && scale <= digits;
}

static bool children_equal(const struct sb_type *a, const struct sb_type *b)
{
    bool has_names = a->id == SB_TYPE_STRUCT;
    bool has_nulls = !sb_type_is_encoded(a->id); // an encoded column's own flag says it all

    if (a->child_count != b->child_count) {
        return false;
    }
    for (int32_t i = 0; i < a->child_count; i++) {
        if ((has_names && strcmp(a->children[i].name, b->children[i].name) != 0) ||
            (has_nulls && a->children[i].is_nullable != b->children[i].is_nullable) ||
            !sb_type_equal(&a->children[i].type, &b->children[i].type)) {
            return false;
        }
    }
    return true;
}

// The entries of a map: a struct whose names do not count either.
static bool entries_equal(const struct sb_type *a, const struct sb_type *b)
{
    for (int32_t i = 0; i < 2; i++) {
        if (a->children[i].is_nullable != b->children[i].is_nullable ||
            !sb_type_equal(&a->children[i].type, &b->children[i].type)) {
            return false;
        }
    }
    return true;
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
    case SB_TYPE_TIME32:
    case SB_TYPE_TIME64:
    case SB_TYPE_DURATION:
        return a->unit == b->unit;
    case SB_TYPE_DECIMAL32:
    case SB_TYPE_DECIMAL64:
    case SB_TYPE_DECIMAL128:
    case SB_TYPE_DECIMAL256:
        return a->precision == b->precision && a->scale == b->scale;
    case SB_TYPE_FIXED_SIZE_BINARY:
        return a->size == b->size;
    case SB_TYPE_MAP:
        return a->is_sorted == b->is_sorted &&
               entries_equal(&a->children[0].type, &b->children[0].type);
    default:
        return a->size == b->size && a->is_sorted == b->is_sorted && children_equal(a, b);
    }
}

bool sb_type_copy(struct sb_arena *arena, struct sb_type *to, const struct sb_type *from)
{
    struct sb_type copy = *from;
    struct sb_field *children;

    if (from->zone != NULL) {
        copy.zone = sb_arena_copy_string(arena, from->zone);
        if (copy.zone == NULL) {
            return false;
        }
    }
    if (from->child_count > 0) {
        children = sb_arena_alloc_zeroed(arena, (size_t)from->child_count * sizeof *children);
        if (children == NULL) {
            return false;
        }
        for (int32_t i = 0; i < from->child_count; i++) {
            children[i] = from->children[i];
            children[i].name = sb_arena_copy_string(arena, from->children[i].name);
            if (children[i].name == NULL ||
                !sb_type_copy(arena, &children[i].type, &from->children[i].type)) {
                return false;
            }
        }
        copy.children = children;
    }
    *to = copy;
    return true;
}

int32_t sb_type_bytes(const struct sb_type *type)
{
    switch (type->id) {
    case SB_TYPE_FIXED_SIZE_BINARY:
        return type->size;
    case SB_TYPE_DICTIONARY:
        return facts_of(type->children[0].type.id)->width;
    default:
        return facts_of(type->id)->width;
    }
}

bool sb_type_is_comparable(const struct sb_type *a, const struct sb_type *b)
{
    const struct sb_type_facts *fa = facts_of(a->id);
    const struct sb_type_facts *fb = facts_of(b->id);

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
    return a->id == SB_TYPE_BOOL && b->id == SB_TYPE_BOOL;
}
