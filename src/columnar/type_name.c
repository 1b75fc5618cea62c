// SPDX-License-Identifier: Apache-2.0
/*
 * type_name.c - types as text and back.
 *
 * A type is a word, then its parameters: "decimal128(38, 10)", "timestamp[us, Europe/Berlin]",
 * "fixed_size_binary[16]", and its children in angle brackets: "list<item: int64 not null>",
 * "struct<a: int64, b: utf8>", "fixed_size_list<item: float32>[3]", "map<utf8, int64>",
 * "dictionary<int32, utf8, ordered>". Names of children that are no plain words stand in double
 * quotes, a quote within doubled.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "columnar/type_internal.h"

static const char *const unit_names[] = {
    [SB_UNIT_SECOND] = "s",
    [SB_UNIT_MILLI] = "ms",
    [SB_UNIT_MICRO] = "us",
    [SB_UNIT_NANO] = "ns",
};

// --- writing -------------------------------------------------------------------------------------

// Counts what does not fit, as snprintf does.
struct name_writer {
    char *buffer;
    size_t size;
    size_t used; // without the final 0
};

__attribute__((format(printf, 2, 3))) static void put(struct name_writer *writer,
                                                      const char *format, ...)
{
    size_t room = writer->used < writer->size ? writer->size - writer->used : 0;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(room == 0 ? NULL : writer->buffer + writer->used, room, format, arguments);
    va_end(arguments);
    writer->used += length > 0 ? (size_t)length : 0;
}

static bool is_word(const char *name)
{
    for (const char *c = name; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && *c != '_') {
            return false;
        }
    }
    return *name != '\0';
}

static void put_name(struct name_writer *writer, const char *name)
{
    if (is_word(name)) {
        put(writer, "%s", name);
        return;
    }
    put(writer, "\"");
    for (const char *c = name; *c != '\0'; c++) {
        put(writer, *c == '"' ? "\"\"" : "%c", *c);
    }
    put(writer, "\"");
}

static void put_type(struct name_writer *writer, const struct sb_type *type);

static void put_field(struct name_writer *writer, const struct sb_field *field, bool has_name)
{
    if (has_name) {
        put_name(writer, field->name);
        put(writer, ": ");
    }
    put_type(writer, &field->type);
    if (!field->is_nullable) {
        put(writer, " not null");
    }
}

static void put_fields(struct name_writer *writer, const struct sb_type *type)
{
    put(writer, "<");
    for (int32_t i = 0; i < type->child_count; i++) {
        put(writer, "%s", i == 0 ? "" : ", ");
        put_field(writer, &type->children[i], true);
    }
    put(writer, ">");
}

static void put_encoded(struct name_writer *writer, const struct sb_type *type)
{
    put(writer, "<");
    put_type(writer, &type->children[0].type);
    put(writer, ", ");
    put_type(writer, &type->children[1].type);
    put(writer, "%s>", type->is_sorted ? ", ordered" : "");
}

static void put_map(struct name_writer *writer, const struct sb_type *type)
{
    const struct sb_type *entries = &type->children[0].type;

    put(writer, "<");
    put_type(writer, &entries->children[0].type); // keys are never null
    put(writer, ", ");
    put_field(writer, &entries->children[1], false);
    put(writer, "%s>", type->is_sorted ? ", sorted" : "");
}

static void put_type(struct name_writer *writer, const struct sb_type *type)
{
    put(writer, "%s", sb_type_facts[type->id].name);
    switch (type->id) {
    case SB_TYPE_TIMESTAMP:
        put(writer, "[%s%s%s]", unit_names[type->unit], type->zone == NULL ? "" : ", ",
            type->zone == NULL ? "" : type->zone);
        break;
    case SB_TYPE_TIME32:
    case SB_TYPE_TIME64:
    case SB_TYPE_DURATION:
        put(writer, "[%s]", unit_names[type->unit]);
        break;
    case SB_TYPE_INTERVAL_MONTH:
        put(writer, "[month]");
        break;
    case SB_TYPE_INTERVAL_DAY_TIME:
        put(writer, "[day_time]");
        break;
    case SB_TYPE_INTERVAL_MONTH_DAY_NANO:
        put(writer, "[month_day_nano]");
        break;
    case SB_TYPE_DECIMAL32:
    case SB_TYPE_DECIMAL64:
    case SB_TYPE_DECIMAL128:
    case SB_TYPE_DECIMAL256:
        put(writer, "(%" PRId32 ", %" PRId32 ")", type->precision, type->scale);
        break;
    case SB_TYPE_FIXED_SIZE_BINARY:
        put(writer, "[%" PRId32 "]", type->size);
        break;
    case SB_TYPE_DICTIONARY:
    case SB_TYPE_RUN_END_ENCODED:
        put_encoded(writer, type);
        break;
    case SB_TYPE_MAP:
        put_map(writer, type);
        break;
    case SB_TYPE_LIST:
    case SB_TYPE_LARGE_LIST:
    case SB_TYPE_LIST_VIEW:
    case SB_TYPE_LARGE_LIST_VIEW:
    case SB_TYPE_STRUCT:
        put_fields(writer, type);
        break;
    case SB_TYPE_FIXED_SIZE_LIST:
        put_fields(writer, type);
        put(writer, "[%" PRId32 "]", type->size);
        break;
    default:
        break;
    }
}

const char *sb_type_name(const struct sb_type *type, char *buffer, size_t size)
{
    static const char ellipsis[] = "…";
    struct name_writer writer = {.buffer = buffer, .size = size};

    sb_assert(size > sizeof ellipsis);
    put_type(&writer, type);
    if (writer.used >= size) { // cut between characters
        size_t end = size - sizeof ellipsis;

        while (end > 0 && ((unsigned char)buffer[end] & 0xc0) == 0x80) {
            end--;
        }
        memcpy(buffer + end, ellipsis, sizeof ellipsis);
    }
    return buffer;
}

char *sb_type_text(const struct sb_type *type, struct sb_arena *arena)
{
    struct name_writer writer = {0};

    put_type(&writer, type);
    writer.size = writer.used + 1;
    writer.used = 0;
    writer.buffer = sb_arena_alloc(arena, writer.size);
    if (writer.buffer != NULL) {
        put_type(&writer, type);
    }
    return writer.buffer;
}

// --- reading -------------------------------------------------------------------------------------

struct name_reader {
    const char *text; // all of it, for messages
    const char *at;
    struct sb_arena *arena;
    struct sb_error *err;
    int depth;
};

static enum sb_status parse_failed(const struct name_reader *reader)
{
    return sb_error_set(
        reader->err, SB_INVALID,
        "'%.200s' is no type; there are null, bool, int8 to int64, uint8 to uint64, float16, "
        "float32, float64, utf8, large_utf8, utf8_view, binary, large_binary, binary_view, "
        "fixed_size_binary[size], date32, date64, time32[s|ms], time64[us|ns], "
        "timestamp[s|ms|us|ns], timestamp[us, Zone], duration[us], "
        "interval[month|day_time|month_day_nano], decimal32, 64, 128 or 256(precision, scale), "
        "list<item: type>, large_list, list_view, large_list_view, "
        "fixed_size_list<item: type>[size], struct<name: type, …>, map<type, type>, "
        "dictionary<index type, type> and run_end_encoded<type, type>",
        reader->text);
}

static enum sb_status read_no_memory(const struct name_reader *reader)
{
    return sb_error_no_memory(reader->err, "type name", (int64_t)strlen(reader->text));
}

static void skip_spaces(struct name_reader *reader)
{
    reader->at += strspn(reader->at, " ");
}

static bool take(struct name_reader *reader, const char *expected)
{
    size_t size = strlen(expected);

    skip_spaces(reader);
    if (strncmp(reader->at, expected, size) != 0) {
        return false;
    }
    reader->at += size;
    return true;
}

static bool take_integer(struct name_reader *reader, int32_t *out)
{
    char *end;
    long value;

    skip_spaces(reader);
    value = strtol(reader->at, &end, 10);
    if (end == reader->at || value < INT32_MIN || value > INT32_MAX) {
        return false;
    }
    *out = (int32_t)value;
    reader->at = end;
    return true;
}

static bool take_unit(struct name_reader *reader, enum sb_time_unit *out)
{
    size_t size;

    skip_spaces(reader);
    size = strcspn(reader->at, ",] ");
    for (int unit = SB_UNIT_SECOND; unit <= SB_UNIT_NANO; unit++) {
        if (strlen(unit_names[unit]) == size && memcmp(unit_names[unit], reader->at, size) == 0) {
            *out = (enum sb_time_unit)unit;
            reader->at += size;
            return true;
        }
    }
    return false;
}

// "[us]" or "[us, Zone]".
static enum sb_status read_timestamp(struct name_reader *reader, struct sb_type *out)
{
    size_t size;
    char *zone;

    if (!take(reader, "[") || !take_unit(reader, &out->unit)) {
        return parse_failed(reader);
    }
    if (take(reader, "]")) {
        return SB_OK;
    }
    if (!take(reader, ",")) {
        return parse_failed(reader);
    }
    skip_spaces(reader);
    size = strcspn(reader->at, "]");
    if (size == 0 || reader->at[size] != ']') {
        return parse_failed(reader);
    }
    zone = sb_arena_alloc_zeroed(reader->arena, size + 1);
    if (zone == NULL) {
        return read_no_memory(reader);
    }
    memcpy(zone, reader->at, size);
    out->zone = zone;
    reader->at += size + 1;
    return SB_OK;
}

static enum sb_status read_unit(struct name_reader *reader, struct sb_type *out)
{
    if (!take(reader, "[") || !take_unit(reader, &out->unit) || !take(reader, "]") ||
        (out->id == SB_TYPE_TIME32 && out->unit > SB_UNIT_MILLI) ||
        (out->id == SB_TYPE_TIME64 && out->unit < SB_UNIT_MICRO)) {
        return parse_failed(reader);
    }
    return SB_OK;
}

static enum sb_status read_interval(struct name_reader *reader, struct sb_type *out)
{
    if (take(reader, "[month]")) {
        out->id = SB_TYPE_INTERVAL_MONTH;
    } else if (take(reader, "[day_time]")) {
        out->id = SB_TYPE_INTERVAL_DAY_TIME;
    } else if (take(reader, "[month_day_nano]")) {
        out->id = SB_TYPE_INTERVAL_MONTH_DAY_NANO;
    } else {
        return parse_failed(reader);
    }
    return SB_OK;
}

// "(38, 10)".
static enum sb_status read_decimal(struct name_reader *reader, struct sb_type *out)
{
    if (!take(reader, "(") || !take_integer(reader, &out->precision) || !take(reader, ",") ||
        !take_integer(reader, &out->scale) || !take(reader, ")") ||
        !sb_type_decimal_fits(out->id, out->precision, out->scale)) {
        return parse_failed(reader);
    }
    return SB_OK;
}

static enum sb_status read_size(struct name_reader *reader, struct sb_type *out)
{
    if (!take(reader, "[") || !take_integer(reader, &out->size) || out->size < 0 ||
        !take(reader, "]")) {
        return parse_failed(reader);
    }
    return SB_OK;
}

static enum sb_status read_type(struct name_reader *reader, struct sb_type *out);

// Bytes of a word, or of anything in double quotes with them.
static size_t field_name_size(const char *text)
{
    const char *c = text;

    if (*c != '"') {
        while (isalnum((unsigned char)*c) || *c == '_') {
            c++;
        }
        return (size_t)(c - text);
    }
    for (c++; *c != '\0'; c++) {
        if (*c == '"' && *++c != '"') {
            return (size_t)(c - text);
        }
    }
    return 0;
}

static enum sb_status read_field_name(struct name_reader *reader, const char **out)
{
    size_t size;
    size_t used = 0;
    char *name;

    skip_spaces(reader);
    size = field_name_size(reader->at);
    if (size == 0) {
        return parse_failed(reader);
    }
    name = sb_arena_alloc_zeroed(reader->arena, size + 1);
    if (name == NULL) {
        return read_no_memory(reader);
    }
    if (*reader->at != '"') {
        memcpy(name, reader->at, size);
    } else {
        for (size_t i = 1; i < size - 1; i++) {
            name[used++] = reader->at[i];
            i += reader->at[i] == '"';
        }
    }
    reader->at += size;
    *out = name;
    return SB_OK;
}

static enum sb_status read_field(struct name_reader *reader, const char *name, struct sb_field *out)
{
    *out = (struct sb_field){.name = name, .is_nullable = true};
    if (name == NULL) {
        SB_TRY_RETURN(read_field_name(reader, &out->name));
        if (!take(reader, ":")) {
            return parse_failed(reader);
        }
    }
    SB_TRY_RETURN(read_type(reader, &out->type));
    if (take(reader, "not null")) {
        out->is_nullable = false;
    }
    return SB_OK;
}

// A list of fields that is linked until their number is known.
struct read_fields {
    struct read_fields *next;
    struct sb_field field;
};

static enum sb_status read_fields(struct name_reader *reader, struct sb_type *out)
{
    struct read_fields *first = NULL;
    struct read_fields **last = &first;
    struct sb_field *children;
    int32_t count = 0;

    if (!take(reader, "<")) {
        return parse_failed(reader);
    }
    while (!take(reader, ">")) {
        struct read_fields *link = sb_arena_alloc_zeroed(reader->arena, sizeof *link);

        if (link == NULL) {
            return read_no_memory(reader);
        }
        if (count > 0 && !take(reader, ",")) {
            return parse_failed(reader);
        }
        SB_TRY_RETURN(read_field(reader, NULL, &link->field));
        *last = link;
        last = &link->next;
        count++;
    }
    if (out->id != SB_TYPE_STRUCT && count != 1) {
        return parse_failed(reader);
    }
    children = sb_arena_alloc_zeroed(reader->arena, (size_t)count * sizeof *children);
    if (children == NULL) {
        return read_no_memory(reader);
    }
    for (int32_t i = 0; i < count; i++, first = first->next) {
        children[i] = first->field;
    }
    out->children = children;
    out->child_count = count;
    return SB_OK;
}

// The two children of map, dictionary and run_end_encoded.
static enum sb_status read_pair(struct name_reader *reader, const char *first, const char *second,
                                const char *flag, struct sb_type *out)
{
    struct sb_field *children = sb_arena_alloc_zeroed(reader->arena, 2 * sizeof *children);

    if (children == NULL) {
        return read_no_memory(reader);
    }
    if (!take(reader, "<")) {
        return parse_failed(reader);
    }
    SB_TRY_RETURN(read_field(reader, first, &children[0]));
    if (!take(reader, ",")) {
        return parse_failed(reader);
    }
    SB_TRY_RETURN(read_field(reader, second, &children[1]));
    if (take(reader, ",")) {
        if (flag == NULL || !take(reader, flag)) {
            return parse_failed(reader);
        }
        out->is_sorted = true;
    }
    out->children = children;
    out->child_count = 2;
    return take(reader, ">") ? SB_OK : parse_failed(reader);
}

static enum sb_status read_map(struct name_reader *reader, struct sb_type *out)
{
    struct sb_field *entries = sb_arena_alloc_zeroed(reader->arena, sizeof *entries);

    if (entries == NULL) {
        return read_no_memory(reader);
    }
    *entries = (struct sb_field){.name = "entries", .type = {.id = SB_TYPE_STRUCT}};
    SB_TRY_RETURN(read_pair(reader, "key", "value", "sorted", &entries->type));
    ((struct sb_field *)entries->type.children)[0].is_nullable = false;
    out->is_sorted = entries->type.is_sorted;
    entries->type.is_sorted = false;
    out->children = entries;
    out->child_count = 1;
    return SB_OK;
}

static enum sb_status read_encoded(struct name_reader *reader, struct sb_type *out)
{
    bool is_dictionary = out->id == SB_TYPE_DICTIONARY;

    SB_TRY_RETURN(is_dictionary ? read_pair(reader, "indices", "dictionary", "ordered", out)
                                : read_pair(reader, "run_ends", "values", NULL, out));
    ((struct sb_field *)out->children)[0].is_nullable = is_dictionary;
    return sb_type_index_fits(out->id, out->children[0].type.id) ? SB_OK : parse_failed(reader);
}

static enum sb_status read_type(struct name_reader *reader, struct sb_type *out)
{
    enum sb_status status = SB_OK;
    size_t size;
    int id;

    skip_spaces(reader);
    size = strcspn(reader->at, "[(<>,: ");
    *out = (struct sb_type){0};
    for (id = SB_TYPE_BOOL; id < SB_TYPE_ID_END; id++) {
        if (strlen(sb_type_facts[id].name) == size &&
            memcmp(sb_type_facts[id].name, reader->at, size) == 0) {
            break;
        }
    }
    if (id == SB_TYPE_ID_END || ++reader->depth > SB_TYPE_DEPTH_MAX) {
        return parse_failed(reader);
    }
    reader->at += size;
    out->id = (enum sb_type_id)id;
    switch (out->id) {
    case SB_TYPE_TIMESTAMP:
        status = read_timestamp(reader, out);
        break;
    case SB_TYPE_TIME32:
    case SB_TYPE_TIME64:
    case SB_TYPE_DURATION:
        status = read_unit(reader, out);
        break;
    case SB_TYPE_INTERVAL_MONTH:
    case SB_TYPE_INTERVAL_DAY_TIME:
    case SB_TYPE_INTERVAL_MONTH_DAY_NANO:
        status = read_interval(reader, out);
        break;
    case SB_TYPE_DECIMAL32:
    case SB_TYPE_DECIMAL64:
    case SB_TYPE_DECIMAL128:
    case SB_TYPE_DECIMAL256:
        status = read_decimal(reader, out);
        break;
    case SB_TYPE_FIXED_SIZE_BINARY:
        status = read_size(reader, out);
        break;
    case SB_TYPE_FIXED_SIZE_LIST:
        status = read_fields(reader, out);
        if (status == SB_OK) {
            status = read_size(reader, out);
        }
        break;
    case SB_TYPE_LIST:
    case SB_TYPE_LARGE_LIST:
    case SB_TYPE_LIST_VIEW:
    case SB_TYPE_LARGE_LIST_VIEW:
    case SB_TYPE_STRUCT:
        status = read_fields(reader, out);
        break;
    case SB_TYPE_MAP:
        status = read_map(reader, out);
        break;
    case SB_TYPE_DICTIONARY:
    case SB_TYPE_RUN_END_ENCODED:
        status = read_encoded(reader, out);
        break;
    default:
        break;
    }
    reader->depth--;
    return status;
}

enum sb_status sb_type_parse(const char *text, struct sb_arena *arena, struct sb_type *out,
                             struct sb_error *err)
{
    struct name_reader reader = {.text = text, .at = text, .arena = arena, .err = err};

    SB_TRY_RETURN(read_type(&reader, out));
    return *reader.at == '\0' ? SB_OK : parse_failed(&reader);
}
