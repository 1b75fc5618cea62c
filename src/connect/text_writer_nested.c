// SPDX-License-Identifier: Apache-2.0
/*
 * text_writer_nested.c - lists as JSON arrays, structs as objects, maps as arrays of pairs.
 *
 * A map is no object: its keys need not be text, and may come twice.
 */
#include <string.h>

#include "connect/text_writer_internal.h"

bool sb_text_type_is_written(enum sb_text_format format, const struct sb_type *type)
{
    return format != SB_TEXT_CSV || !sb_type_is_nested(sb_type_value(type)->id);
}

// --- zones ---------------------------------------------------------------------------------------

static bool has_zone(const struct sb_type *type)
{
    return type->id == SB_TYPE_TIMESTAMP && type->zone != NULL;
}

static int32_t zones_count(const struct sb_type *type)
{
    int32_t count = 0;

    for (int32_t i = 0; i < type->child_count; i++) {
        const struct sb_type *child = &type->children[i].type;
        count += has_zone(child) + zones_count(child);
    }
    return count;
}

static enum sb_status zones_add(struct sb_text_zones *zones, const struct sb_type *type,
                                int32_t *next, struct sb_error *err)
{
    for (int32_t i = 0; i < type->child_count; i++) {
        const struct sb_type *child = &type->children[i].type;

        if (has_zone(child)) {
            struct sb_text_zone *zone = &zones->nested[(*next)++];
            zone->type = child;
            SB_TRY_RETURN(sb_zone_find(child->zone, &zone->cursor.zone, err));
        }
        SB_TRY_RETURN(zones_add(zones, child, next, err));
    }
    return SB_OK;
}

static size_t columns_size(const struct sb_text_zones *zones)
{
    return sizeof *zones->columns * (size_t)(zones->column_count + 1);
}

static size_t nested_size(const struct sb_text_zones *zones)
{
    return sizeof *zones->nested * (size_t)(zones->nested_count + 1);
}

enum sb_status sb_text_zones_init(struct sb_text_zones *zones, struct sb_memory *memory,
                                  const struct sb_schema *schema, struct sb_error *err)
{
    int32_t next = 0;

    *zones = (struct sb_text_zones){.memory = memory, .column_count = schema->field_count};
    for (int32_t i = 0; i < schema->field_count; i++) {
        zones->nested_count += zones_count(&schema->fields[i].type);
    }
    zones->columns = sb_memory_alloc_zeroed(memory, columns_size(zones));
    zones->nested = sb_memory_alloc_zeroed(memory, nested_size(zones));
    if (zones->columns == NULL || zones->nested == NULL) {
        return sb_error_no_memory(err, "text", (int64_t)columns_size(zones));
    }
    for (int32_t i = 0; i < schema->field_count; i++) {
        const struct sb_type *type = &schema->fields[i].type;

        if (has_zone(type)) {
            SB_TRY_RETURN(sb_zone_find(type->zone, &zones->columns[i].zone, err));
        }
        SB_TRY_RETURN(zones_add(zones, type, &next, err));
    }
    return SB_OK;
}

void sb_text_zones_deinit(struct sb_text_zones *zones)
{
    sb_memory_free(zones->memory, zones->columns, columns_size(zones));
    sb_memory_free(zones->memory, zones->nested, nested_size(zones));
    *zones = (struct sb_text_zones){0};
}

struct sb_zone_cursor *sb_text_zone(struct sb_text_zones *zones, const struct sb_type *type)
{
    for (int32_t i = 0; i < zones->nested_count; i++) {
        if (zones->nested[i].type == type) {
            return &zones->nested[i].cursor;
        }
    }
    return &zones->columns[zones->column_count]; // nobody's: without a zone
}

// --- values --------------------------------------------------------------------------------------

static bool put_bytes(struct sb_text_output *output, const char *bytes, int64_t size)
{
    if (!sb_text_output_reserve(output, size)) {
        return false;
    }
    memcpy(output->text + output->size, bytes, (size_t)size);
    output->size += size;
    return true;
}

static bool put_child(struct sb_text_output *output, const struct sb_column *child,
                      struct sb_text_zones *zones, int64_t row)
{
    return sb_text_output_reserve(output, SB_VALUE_TEXT_SIZE) &&
           sb_json_put_value(output, child, zones, sb_text_zone(zones, child->type), row);
}

static bool put_list(struct sb_text_output *output, const struct sb_column *column,
                     struct sb_text_zones *zones, int64_t row)
{
    const struct sb_range range = sb_column_range(column, row);
    const struct sb_column child = sb_column_child(column, 0);

    for (int64_t i = 0; i < range.count; i++) {
        if (!put_bytes(output, i == 0 ? "[" : ",", 1) ||
            !put_child(output, &child, zones, range.first + i)) {
            return false;
        }
    }
    return put_bytes(output, range.count == 0 ? "[]" : "]", range.count == 0 ? 2 : 1);
}

/* [[key, value], ...] */
static bool put_map(struct sb_text_output *output, const struct sb_column *column,
                    struct sb_text_zones *zones, int64_t row)
{
    const struct sb_range range = sb_column_range(column, row);
    const struct sb_column entries = sb_column_child(column, 0);
    const struct sb_column keys = sb_column_child(&entries, 0);
    const struct sb_column values = sb_column_child(&entries, 1);

    for (int64_t i = 0; i < range.count; i++) {
        const int64_t at = entries.offset + range.first + i;
        if (!put_bytes(output, i == 0 ? "[[" : ",[", 2) || !put_child(output, &keys, zones, at) ||
            !put_bytes(output, ",", 1) || !put_child(output, &values, zones, at) ||
            !put_bytes(output, "]", 1)) {
            return false;
        }
    }
    return put_bytes(output, range.count == 0 ? "[]" : "]", range.count == 0 ? 2 : 1);
}

static bool put_struct(struct sb_text_output *output, const struct sb_column *column,
                       struct sb_text_zones *zones, int64_t row)
{
    for (int32_t i = 0; i < column->type->child_count; i++) {
        const struct sb_column child = sb_column_child(column, i);
        const char *name = column->type->children[i].name;
        const int64_t size = (int64_t)strlen(name);

        if (!put_bytes(output, i == 0 ? "{" : ",", 1) ||
            !sb_text_output_reserve(output, 6 * size + 2)) {
            return false;
        }
        sb_json_put_string(output, (const uint8_t *)name, size);
        if (!put_bytes(output, ":", 1) || !put_child(output, &child, zones, column->offset + row)) {
            return false;
        }
    }
    return put_bytes(output, column->type->child_count == 0 ? "{}" : "}",
                     column->type->child_count == 0 ? 2 : 1);
}

bool sb_json_put_nested(struct sb_text_output *output, const struct sb_column *column,
                        struct sb_text_zones *zones, int64_t row)
{
    struct sb_column values;
    uint32_t at;

    switch (column->type->id) {
    case SB_TYPE_STRUCT:
        return put_struct(output, column, zones, row);
    case SB_TYPE_MAP:
        return put_map(output, column, zones, row);
    case SB_TYPE_DICTIONARY:
    case SB_TYPE_RUN_END_ENCODED:
        values = sb_column_child(column, 1);
        sb_column_decode_rows(column, NULL, row, 1, &at);
        return put_child(output, &values, zones, at);
    default:
        return put_list(output, column, zones, row);
    }
}
