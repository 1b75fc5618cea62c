// SPDX-License-Identifier: Apache-2.0
/*
 * arrow_schema.c - schemas across the border: format strings both ways.
 *
 * Metadata of fields and schemas is not kept; an extension type arrives as its storage type.
 */
#include "columnar/arrow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Formats without parameters.
static const struct {
    const char *format;
    enum sb_type_id id;
} plain_formats[] = {
    {"b", SB_TYPE_BOOL},         {"c", SB_TYPE_INT8},    {"s", SB_TYPE_INT16},
    {"i", SB_TYPE_INT32},        {"l", SB_TYPE_INT64},   {"C", SB_TYPE_UINT8},
    {"S", SB_TYPE_UINT16},       {"I", SB_TYPE_UINT32},  {"L", SB_TYPE_UINT64},
    {"f", SB_TYPE_FLOAT32},      {"g", SB_TYPE_FLOAT64}, {"tdD", SB_TYPE_DATE32},
    {"tdm", SB_TYPE_DATE64},     {"u", SB_TYPE_UTF8},    {"U", SB_TYPE_LARGE_UTF8},
    {"vu", SB_TYPE_UTF8_VIEW},   {"z", SB_TYPE_BINARY},  {"Z", SB_TYPE_LARGE_BINARY},
    {"vz", SB_TYPE_BINARY_VIEW},
};

// Formats by their beginning, of types that Arrow has and this version lacks. First match.
static const struct {
    const char *prefix;
    const char *name;
} refused_formats[] = {
    {"n", "null"},
    {"e", "float16"},
    {"w:", "fixed_size_binary"},
    {"tt", "time"},
    {"tD", "duration"},
    {"ti", "interval"},
    {"+l", "list"},
    {"+L", "large_list"},
    {"+vl", "list_view"},
    {"+vL", "large_list_view"},
    {"+w:", "fixed_size_list"},
    {"+s", "struct"},
    {"+m", "map"},
    {"+ud:", "dense_union"},
    {"+us:", "sparse_union"},
    {"+r", "run_end_encoded"},
};

static const char unit_letters[] = {
    [SB_UNIT_SECOND] = 's',
    [SB_UNIT_MILLI] = 'm',
    [SB_UNIT_MICRO] = 'u',
    [SB_UNIT_NANO] = 'n',
};

static enum sb_status format_unsupported(const char *column, const char *type, const char *format,
                                         struct sb_error *err)
{
    return sb_error_set(err, SB_UNSUPPORTED,
                        "column '%s': type %s (Arrow format '%s') is not supported yet; cast the "
                        "column or leave it out",
                        column, type, format);
}

static enum sb_status format_malformed(const char *column, const char *format, struct sb_error *err)
{
    return sb_error_set(err, SB_CORRUPT, "column '%s': '%s' is no Arrow format", column, format);
}

// "d:precision,scale" or "d:precision,scale,bits".
static enum sb_status decimal_import(const char *column, const char *format, struct sb_type *out,
                                     struct sb_error *err)
{
    int precision;
    int scale;
    int bits = 128;
    int size = 0;

    if (sscanf(format, "d:%9d,%9d%n", &precision, &scale, &size) != 2 || size == 0) {
        return format_malformed(column, format, err);
    }
    if (format[size] != '\0') {
        int bits_size = 0;

        if (sscanf(format + size, ",%9d%n", &bits, &bits_size) != 1 ||
            format[size + bits_size] != '\0') {
            return format_malformed(column, format, err);
        }
    }
    if (bits != 128) {
        char name[32];

        snprintf(name, sizeof name, "decimal%d", bits);
        return format_unsupported(column, name, format, err);
    }
    if (!sb_type_decimal_fits(SB_TYPE_DECIMAL128, precision, scale)) {
        return format_malformed(column, format, err);
    }
    out->id = SB_TYPE_DECIMAL128;
    out->precision = precision;
    out->scale = scale;
    return SB_OK;
}

// "ts", the unit's letter, ":", the zone. The zone is borrowed from `format`.
static enum sb_status timestamp_import(const char *column, const char *format, struct sb_type *out,
                                       struct sb_error *err)
{
    const char *unit = format[2] == '\0' ? NULL : memchr(unit_letters, format[2], 4);

    if (unit == NULL || format[3] != ':') {
        return format_malformed(column, format, err);
    }
    out->id = SB_TYPE_TIMESTAMP;
    out->unit = (enum sb_time_unit)(unit - unit_letters);
    out->zone = format[4] == '\0' ? NULL : format + 4;
    return SB_OK;
}

static enum sb_status type_import(const char *column, const struct ArrowSchema *schema,
                                  struct sb_type *out, struct sb_error *err)
{
    const char *format = schema->format;

    if (schema->dictionary != NULL) {
        return format_unsupported(column, "dictionary", format, err);
    }
    for (size_t i = 0; i < sizeof plain_formats / sizeof plain_formats[0]; i++) {
        if (strcmp(plain_formats[i].format, format) == 0) {
            out->id = plain_formats[i].id;
            return SB_OK;
        }
    }
    if (strncmp(format, "d:", 2) == 0) {
        return decimal_import(column, format, out, err);
    }
    if (strncmp(format, "ts", 2) == 0) {
        return timestamp_import(column, format, out, err);
    }
    for (size_t i = 0; i < sizeof refused_formats / sizeof refused_formats[0]; i++) {
        const char *prefix = refused_formats[i].prefix;

        if (strncmp(format, prefix, strlen(prefix)) == 0) {
            return format_unsupported(column, refused_formats[i].name, format, err);
        }
    }
    return format_malformed(column, format, err);
}

static enum sb_status field_import(const struct ArrowSchema *schema, int64_t index,
                                   struct sb_field *out, struct sb_error *err)
{
    if (schema == NULL || schema->release == NULL || schema->format == NULL) {
        return sb_error_set(err, SB_CORRUPT, "Arrow schema: field %" PRId64 " is missing", index);
    }
    out->name = schema->name == NULL ? "" : schema->name;
    out->is_nullable = (schema->flags & ARROW_FLAG_NULLABLE) != 0;
    SB_TRY_RETURN(type_import(out->name, schema, &out->type, err));
    if (schema->n_children != 0) {
        return sb_error_set(
            err, SB_CORRUPT,
            "column '%s': Arrow format '%s' has no children, and there are %" PRId64, out->name,
            schema->format, schema->n_children);
    }
    return SB_OK;
}

enum sb_status sb_schema_import(struct sb_memory *memory, const struct ArrowSchema *schema,
                                struct sb_schema **out, struct sb_error *err)
{
    enum sb_status status = SB_OK;
    struct sb_field *fields;
    size_t fields_size;

    *out = NULL;
    if (schema->release == NULL || schema->format == NULL) {
        return sb_error_set(err, SB_CORRUPT, "Arrow schema: it was released before");
    }
    if (strcmp(schema->format, "+s") != 0 || schema->dictionary != NULL) {
        return sb_error_set(err, SB_UNSUPPORTED,
                            "Arrow schema: expected a struct of columns (format '+s'), found "
                            "format '%s'",
                            schema->format);
    }
    if (schema->n_children < 0 || schema->n_children > INT32_MAX ||
        (schema->n_children > 0 && schema->children == NULL)) {
        return sb_error_set(err, SB_CORRUPT, "Arrow schema: %" PRId64 " children",
                            schema->n_children);
    }
    fields_size = (size_t)schema->n_children * sizeof *fields;
    fields = sb_memory_alloc_zeroed(memory, fields_size);
    if (fields == NULL) {
        return sb_error_no_memory(err, "schema", (int64_t)fields_size);
    }
    for (int64_t i = 0; i < schema->n_children; i++) {
        SB_TRY_OUT(field_import(schema->children[i], i, &fields[i], err));
    }
    SB_TRY_OUT(sb_schema_create(memory, fields, (int32_t)schema->n_children, out, err));
out:
    sb_memory_free(memory, fields, fields_size);
    return status;
}

/*
 * One exported schema: the struct and its children, which a consumer may move out and release on
 * their own. The last release frees everything.
 */
struct exported_schema {
    _Atomic int32_t reference_count;
    struct sb_memory *memory; // retained
    struct sb_arena arena;    // children and texts
};

static void exported_release(struct exported_schema *exported)
{
    struct sb_memory *memory = exported->memory;

    if (atomic_fetch_sub_explicit(&exported->reference_count, 1, memory_order_acq_rel) == 1) {
        sb_arena_deinit(&exported->arena);
        sb_memory_free(memory, exported, sizeof *exported);
        sb_memory_release(memory);
    }
}

static void child_schema_release(struct ArrowSchema *schema)
{
    schema->release = NULL;
    exported_release(schema->private_data);
}

static void struct_schema_release(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->release != NULL) {
            schema->children[i]->release(schema->children[i]);
        }
    }
    schema->release = NULL;
    exported_release(schema->private_data);
}

static const char *type_export(struct sb_arena *arena, const struct sb_type *type)
{
    if (type->id == SB_TYPE_TIMESTAMP) {
        return sb_arena_format(arena, "ts%c:%s", unit_letters[type->unit],
                               type->zone == NULL ? "" : type->zone);
    }
    if (type->id == SB_TYPE_DECIMAL128) {
        return sb_arena_format(arena, "d:%" PRId32 ",%" PRId32, type->precision, type->scale);
    }
    for (size_t i = 0; i < sizeof plain_formats / sizeof plain_formats[0]; i++) {
        if (plain_formats[i].id == type->id) {
            return plain_formats[i].format;
        }
    }
    sb_assert(!"a type with an Arrow format");
    return NULL;
}

static bool children_export(const struct sb_schema *schema, struct exported_schema *exported,
                            struct ArrowSchema ***out)
{
    size_t count = (size_t)schema->field_count;
    struct sb_arena *arena = &exported->arena;
    struct ArrowSchema *children = sb_arena_alloc_zeroed(arena, count * sizeof *children);
    struct ArrowSchema **pointers = sb_arena_alloc_zeroed(arena, count * sizeof(void *));

    if (children == NULL || pointers == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct sb_field *field = &schema->fields[i];

        children[i] = (struct ArrowSchema){
            .format = type_export(arena, &field->type),
            .name = sb_arena_copy_string(arena, field->name),
            .flags = field->is_nullable ? ARROW_FLAG_NULLABLE : 0,
            .release = child_schema_release,
            .private_data = exported,
        };
        if (children[i].format == NULL || children[i].name == NULL) {
            return false;
        }
        pointers[i] = &children[i];
    }
    *out = pointers;
    return true;
}

enum sb_status sb_schema_export(const struct sb_schema *schema, struct ArrowSchema *out,
                                struct sb_error *err)
{
    struct sb_memory *memory = schema->arena.memory;
    struct exported_schema *exported;

    *out = (struct ArrowSchema){0};
    exported = sb_memory_alloc_zeroed(memory, sizeof *exported);
    if (exported == NULL) {
        return sb_error_no_memory(err, "exported schema", sizeof *exported);
    }
    exported->memory = sb_memory_retain(memory);
    sb_arena_init(&exported->arena, memory);
    atomic_init(&exported->reference_count, 1);
    if (!children_export(schema, exported, &out->children)) {
        exported_release(exported);
        *out = (struct ArrowSchema){0};
        return sb_error_no_memory(err, "exported schema", schema->arena.bytes_used);
    }
    atomic_init(&exported->reference_count, 1 + schema->field_count);
    out->format = "+s";
    out->name = "";
    out->n_children = schema->field_count;
    out->release = struct_schema_release;
    out->private_data = exported;
    return SB_OK;
}
