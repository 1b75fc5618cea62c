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

#include "columnar/arrow_internal.h"
#include "columnar/type_internal.h"

// Formats without parameters.
static const struct {
    const char *format;
    enum sb_type_id id;
} plain_formats[] = {
    {"b", SB_TYPE_BOOL},
    {"c", SB_TYPE_INT8},
    {"s", SB_TYPE_INT16},
    {"i", SB_TYPE_INT32},
    {"l", SB_TYPE_INT64},
    {"C", SB_TYPE_UINT8},
    {"S", SB_TYPE_UINT16},
    {"I", SB_TYPE_UINT32},
    {"L", SB_TYPE_UINT64},
    {"f", SB_TYPE_FLOAT32},
    {"g", SB_TYPE_FLOAT64},
    {"tdD", SB_TYPE_DATE32},
    {"tdm", SB_TYPE_DATE64},
    {"u", SB_TYPE_UTF8},
    {"U", SB_TYPE_LARGE_UTF8},
    {"vu", SB_TYPE_UTF8_VIEW},
    {"z", SB_TYPE_BINARY},
    {"Z", SB_TYPE_LARGE_BINARY},
    {"vz", SB_TYPE_BINARY_VIEW},
    {"n", SB_TYPE_NULL},
    {"e", SB_TYPE_FLOAT16},
    {"tiM", SB_TYPE_INTERVAL_MONTH},
    {"tiD", SB_TYPE_INTERVAL_DAY_TIME},
    {"tin", SB_TYPE_INTERVAL_MONTH_DAY_NANO},
    {"+r", SB_TYPE_RUN_END_ENCODED},
    {"+l", SB_TYPE_LIST},
    {"+L", SB_TYPE_LARGE_LIST},
    {"+vl", SB_TYPE_LIST_VIEW},
    {"+vL", SB_TYPE_LARGE_LIST_VIEW},
    {"+s", SB_TYPE_STRUCT},
    {"+m", SB_TYPE_MAP},
};

static const char unit_letters[] = {
    [SB_UNIT_SECOND] = 's',
    [SB_UNIT_MILLI] = 'm',
    [SB_UNIT_MICRO] = 'u',
    [SB_UNIT_NANO] = 'n',
};

// What a type is read with, on the way down.
struct schema_reader {
    struct sb_arena *arena; // children
    struct sb_error *err;
    const struct sb_arrow_path *path; // of what is being read
    bool is_list;                     // so that its child is an element
    int depth;
};

static enum sb_status format_malformed(const struct schema_reader *reader, const char *format)
{
    char path[SB_ARROW_PATH_SIZE];

    return sb_error_set(reader->err, SB_CORRUPT, "column '%s': '%.64s' is no Arrow format",
                        sb_arrow_path_text(reader->path, path, sizeof path), format);
}

// "d:precision,scale" or "d:precision,scale,bits".
static enum sb_status decimal_import(const struct schema_reader *reader, const char *format,
                                     struct sb_type *out)
{
    int precision;
    int scale;
    int bits = 128;
    int size = 0;

    if (sscanf(format, "d:%9d,%9d%n", &precision, &scale, &size) != 2 || size == 0) {
        return format_malformed(reader, format);
    }
    if (format[size] != '\0') {
        int bits_size = 0;

        if (sscanf(format + size, ",%9d%n", &bits, &bits_size) != 1 ||
            format[size + bits_size] != '\0') {
            return format_malformed(reader, format);
        }
    }
    out->id = bits == 32    ? SB_TYPE_DECIMAL32
              : bits == 64  ? SB_TYPE_DECIMAL64
              : bits == 128 ? SB_TYPE_DECIMAL128
                            : SB_TYPE_DECIMAL256;
    if ((out->id == SB_TYPE_DECIMAL256 && bits != 256) ||
        !sb_type_decimal_fits(out->id, precision, scale)) {
        return format_malformed(reader, format);
    }
    out->precision = precision;
    out->scale = scale;
    return SB_OK;
}

// "ts", the unit's letter, ":", the zone. The zone is borrowed from `format`.
static enum sb_status timestamp_import(const struct schema_reader *reader, const char *format,
                                       struct sb_type *out)
{
    const char *unit = format[2] == '\0' ? NULL : memchr(unit_letters, format[2], 4);

    if (unit == NULL || format[3] != ':') {
        return format_malformed(reader, format);
    }
    out->id = SB_TYPE_TIMESTAMP;
    out->unit = (enum sb_time_unit)(unit - unit_letters);
    out->zone = format[4] == '\0' ? NULL : format + 4;
    return SB_OK;
}

// "tt" or "tD" and the unit's letter.
static enum sb_status time_import(const struct schema_reader *reader, const char *format,
                                  struct sb_type *out)
{
    const char *unit = format[2] == '\0' ? NULL : memchr(unit_letters, format[2], 4);

    if (unit == NULL || format[3] != '\0') {
        return format_malformed(reader, format);
    }
    out->unit = (enum sb_time_unit)(unit - unit_letters);
    out->id = format[1] == 'D'             ? SB_TYPE_DURATION
              : out->unit <= SB_UNIT_MILLI ? SB_TYPE_TIME32
                                           : SB_TYPE_TIME64;
    return SB_OK;
}

// "w:16" or "+w:3".
static enum sb_status size_import(const struct schema_reader *reader, const char *format,
                                  enum sb_type_id id, struct sb_type *out)
{
    int size;
    int used = 0;

    if (sscanf(strchr(format, ':'), ":%10d%n", &size, &used) != 1 || size < 0 ||
        strchr(format, ':')[used] != '\0' || strchr(format, ':')[1] == '+') {
        return format_malformed(reader, format);
    }
    out->id = id;
    out->size = size;
    return SB_OK;
}

static enum sb_status format_import(const struct schema_reader *reader, const char *format,
                                    struct sb_type *out)
{
    for (size_t i = 0; i < sizeof plain_formats / sizeof plain_formats[0]; i++) {
        if (strcmp(plain_formats[i].format, format) == 0) {
            out->id = plain_formats[i].id;
            return SB_OK;
        }
    }
    if (strncmp(format, "d:", 2) == 0) {
        return decimal_import(reader, format, out);
    }
    if (strncmp(format, "ts", 2) == 0) {
        return timestamp_import(reader, format, out);
    }
    if (strncmp(format, "tt", 2) == 0 || strncmp(format, "tD", 2) == 0) {
        return time_import(reader, format, out);
    }
    if (strncmp(format, "w:", 2) == 0) {
        return size_import(reader, format, SB_TYPE_FIXED_SIZE_BINARY, out);
    }
    if (strncmp(format, "+w:", 3) == 0) {
        return size_import(reader, format, SB_TYPE_FIXED_SIZE_LIST, out);
    }
    if (strncmp(format, "+u", 2) == 0) {
        char path[SB_ARROW_PATH_SIZE];

        return sb_error_set(reader->err, SB_UNSUPPORTED,
                            "column '%s': unions (Arrow format '%.64s') are not supported; cast "
                            "the column to a struct or leave it out",
                            sb_arrow_path_text(reader->path, path, sizeof path), format);
    }
    return format_malformed(reader, format);
}

static enum sb_status field_import(const struct schema_reader *reader,
                                   const struct ArrowSchema *schema, struct sb_field *out);

static enum sb_status child_failed(const struct schema_reader *reader, const char *what)
{
    char path[SB_ARROW_PATH_SIZE];

    return sb_error_set(reader->err, SB_CORRUPT, "column '%s': %s",
                        sb_arrow_path_text(reader->path, path, sizeof path), what);
}

// The indices' type is in `out`; it becomes the first child.
static enum sb_status dictionary_import(const struct schema_reader *reader,
                                        const struct ArrowSchema *schema, struct sb_type *out)
{
    struct sb_field *children = sb_arena_alloc_zeroed(reader->arena, 2 * sizeof *children);

    if (children == NULL) {
        return sb_error_no_memory(reader->err, "schema", 2 * sizeof *children);
    }
    if (!sb_type_index_fits(SB_TYPE_DICTIONARY, out->id)) {
        return child_failed(reader, "indices of a dictionary are integers");
    }
    SB_TRY_RETURN(field_import(reader, schema->dictionary, &children[1]));
    children[0] = (struct sb_field){.name = "indices", .type = *out, .is_nullable = true};
    children[1].name = "dictionary";
    children[1].is_nullable = true;
    *out = (struct sb_type){
        .id = SB_TYPE_DICTIONARY,
        .is_sorted = (schema->flags & ARROW_FLAG_DICTIONARY_ORDERED) != 0,
        .child_count = 2,
        .children = children,
    };
    return SB_OK;
}

// What children a type must have, once they are read.
static enum sb_status children_check(const struct schema_reader *reader, struct sb_type *type)
{
    const struct sb_type *first = type->child_count == 0 ? NULL : &type->children[0].type;
    struct sb_field *entries;

    switch (type->id) {
    case SB_TYPE_RUN_END_ENCODED:
        return sb_type_index_fits(type->id, first->id)
                   ? SB_OK
                   : child_failed(reader, "run ends are int16, int32 or int64");
    case SB_TYPE_MAP:
        if (first->id != SB_TYPE_STRUCT || first->child_count != 2) {
            return child_failed(reader, "a map's child is a struct of key and value");
        }
        entries = (struct sb_field *)first->children; // of this reader's arena
        entries[0].name = "key";                      // producers call them otherwise
        entries[1].name = "value";
        entries[0].is_nullable = false;
        entries = (struct sb_field *)type->children;
        entries->name = "entries";
        entries->is_nullable = false;
        return SB_OK;
    default:
        return SB_OK;
    }
}

static enum sb_status children_import(const struct schema_reader *reader,
                                      const struct ArrowSchema *schema, struct sb_type *out)
{
    int32_t expected = sb_type_facts[out->id].child_count;
    struct schema_reader inner = *reader;
    size_t size;
    struct sb_field *children;

    if (expected >= 0 ? schema->n_children != expected
                      : schema->n_children < 0 || schema->n_children > INT32_MAX) {
        char path[SB_ARROW_PATH_SIZE];

        return sb_error_set(reader->err, SB_CORRUPT,
                            "column '%s': Arrow format '%.64s' has %" PRId32
                            " children, and there are %" PRId64,
                            sb_arrow_path_text(reader->path, path, sizeof path), schema->format,
                            expected < 0 ? 0 : expected, schema->n_children);
    }
    if (schema->n_children == 0) {
        return SB_OK;
    }
    if (schema->children == NULL) {
        return child_failed(reader, "no list of children");
    }
    size = (size_t)schema->n_children * sizeof *children;
    children = sb_arena_alloc_zeroed(reader->arena, size);
    if (children == NULL) {
        return sb_error_no_memory(reader->err, "schema", (int64_t)size);
    }
    inner.is_list = sb_type_is_list(out->id);
    for (int64_t i = 0; i < schema->n_children; i++) {
        SB_TRY_RETURN(field_import(&inner, schema->children[i], &children[i]));
    }
    out->children = children;
    out->child_count = (int32_t)schema->n_children;
    return children_check(reader, out);
}

static enum sb_status field_import(const struct schema_reader *parent,
                                   const struct ArrowSchema *schema, struct sb_field *out)
{
    struct sb_arrow_path path = {.parent = parent->path, .is_element = parent->is_list};
    struct schema_reader reader = *parent;

    if (schema == NULL || schema->release == NULL || schema->format == NULL) {
        return parent->path == NULL
                   ? sb_error_set(parent->err, SB_CORRUPT, "Arrow schema: a field is missing")
                   : child_failed(parent, "a child of its schema is missing");
    }
    out->name = schema->name == NULL ? "" : schema->name;
    out->is_nullable = (schema->flags & ARROW_FLAG_NULLABLE) != 0;
    path.name = out->name;
    reader.path = &path;
    reader.is_list = false;
    if (++reader.depth > SB_TYPE_DEPTH_MAX) {
        return child_failed(&reader, "types within types, more than 64 deep");
    }
    SB_TRY_RETURN(format_import(&reader, schema->format, &out->type));
    if (schema->dictionary != NULL && schema->n_children == 0) {
        return dictionary_import(&reader, schema, &out->type);
    }
    if (schema->dictionary != NULL) {
        return child_failed(&reader, "a dictionary beside children");
    }
    out->type.is_sorted =
        out->type.id == SB_TYPE_MAP && (schema->flags & ARROW_FLAG_MAP_KEYS_SORTED) != 0;
    return children_import(&reader, schema, &out->type);
}

enum sb_status sb_schema_import(struct sb_memory *memory, const struct ArrowSchema *schema,
                                struct sb_schema **out, struct sb_error *err)
{
    struct sb_arena arena = {.memory = memory};
    struct schema_reader reader = {.arena = &arena, .err = err};
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
        SB_TRY_OUT(field_import(&reader, schema->children[i], &fields[i]));
    }
    SB_TRY_OUT(sb_schema_create(memory, fields, (int32_t)schema->n_children, out, err));
out:
    sb_arena_deinit(&arena);
    sb_memory_free(memory, fields, fields_size);
    return status;
}

/*
 * One exported schema: the struct and what is within it, which a consumer may move out and release
 * piece by piece. The last release frees everything.
 */
struct exported_schema {
    _Atomic int32_t reference_count;
    struct sb_memory *memory; // retained
    struct sb_arena arena;    // children and texts
    int32_t node_count;       // schemas within the one that is handed out
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

// Also of moved copies: what a schema stands for is found by its private data.
static void schema_release(struct ArrowSchema *schema)
{
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->release != NULL) {
            schema->children[i]->release(schema->children[i]);
        }
    }
    if (schema->dictionary != NULL && schema->dictionary->release != NULL) {
        schema->dictionary->release(schema->dictionary);
    }
    schema->release = NULL;
    exported_release(schema->private_data);
}

static const char *format_export(struct sb_arena *arena, const struct sb_type *type)
{
    switch (type->id) {
    case SB_TYPE_TIMESTAMP:
        return sb_arena_format(arena, "ts%c:%s", unit_letters[type->unit],
                               type->zone == NULL ? "" : type->zone);
    case SB_TYPE_TIME32:
    case SB_TYPE_TIME64:
        return sb_arena_format(arena, "tt%c", unit_letters[type->unit]);
    case SB_TYPE_DURATION:
        return sb_arena_format(arena, "tD%c", unit_letters[type->unit]);
    case SB_TYPE_DECIMAL128:
        return sb_arena_format(arena, "d:%" PRId32 ",%" PRId32, type->precision, type->scale);
    case SB_TYPE_DECIMAL32:
    case SB_TYPE_DECIMAL64:
    case SB_TYPE_DECIMAL256:
        return sb_arena_format(arena, "d:%" PRId32 ",%" PRId32 ",%d", type->precision, type->scale,
                               8 * sb_type_width(type->id));
    case SB_TYPE_FIXED_SIZE_BINARY:
        return sb_arena_format(arena, "w:%" PRId32, type->size);
    case SB_TYPE_FIXED_SIZE_LIST:
        return sb_arena_format(arena, "+w:%" PRId32, type->size);
    case SB_TYPE_DICTIONARY:
        return format_export(arena, &type->children[0].type);
    default:
        break;
    }
    for (size_t i = 0; i < sizeof plain_formats / sizeof plain_formats[0]; i++) {
        if (plain_formats[i].id == type->id) {
            return plain_formats[i].format;
        }
    }
    sb_assert(!"a type with an Arrow format");
    return NULL;
}

// Fills `out`, which counts in `exported` from then on; false when memory is refused.
static bool field_export(const struct sb_field *field, struct exported_schema *exported,
                         struct ArrowSchema *out);

static bool children_export(const struct sb_field *fields, int32_t count,
                            struct exported_schema *exported, struct ArrowSchema ***out)
{
    struct sb_arena *arena = &exported->arena;
    struct ArrowSchema *children = sb_arena_alloc_zeroed(arena, (size_t)count * sizeof *children);
    struct ArrowSchema **pointers = sb_arena_alloc_zeroed(arena, (size_t)count * sizeof *pointers);

    if (children == NULL || pointers == NULL) {
        return false;
    }
    for (int32_t i = 0; i < count; i++) {
        if (!field_export(&fields[i], exported, &children[i])) {
            return false;
        }
        pointers[i] = &children[i];
    }
    *out = pointers;
    return true;
}

static bool type_export(const struct sb_type *type, struct exported_schema *exported,
                        struct ArrowSchema *out)
{
    if (type->id == SB_TYPE_DICTIONARY) {
        out->dictionary = sb_arena_alloc_zeroed(&exported->arena, sizeof *out->dictionary);
        out->flags |= type->is_sorted ? ARROW_FLAG_DICTIONARY_ORDERED : 0;
        return out->dictionary != NULL &&
               field_export(&type->children[1], exported, out->dictionary);
    }
    out->flags |= type->id == SB_TYPE_MAP && type->is_sorted ? ARROW_FLAG_MAP_KEYS_SORTED : 0;
    out->n_children = type->child_count;
    return children_export(type->children, type->child_count, exported, &out->children);
}

static bool field_export(const struct sb_field *field, struct exported_schema *exported,
                         struct ArrowSchema *out)
{
    *out = (struct ArrowSchema){
        .format = format_export(&exported->arena, &field->type),
        .name = sb_arena_copy_string(&exported->arena, field->name),
        .flags = field->is_nullable ? ARROW_FLAG_NULLABLE : 0,
        .release = schema_release,
        .private_data = exported,
    };
    exported->node_count++;
    return out->format != NULL && out->name != NULL && type_export(&field->type, exported, out);
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
    if (!children_export(schema->fields, schema->field_count, exported, &out->children)) {
        exported_release(exported);
        *out = (struct ArrowSchema){0};
        return sb_error_no_memory(err, "exported schema", schema->arena.bytes_used);
    }
    atomic_init(&exported->reference_count, 1 + exported->node_count);
    out->format = "+s";
    out->name = "";
    out->n_children = schema->field_count;
    out->release = schema_release;
    out->private_data = exported;
    return SB_OK;
}
