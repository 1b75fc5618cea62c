// SPDX-License-Identifier: Apache-2.0
/*
 * text.c - expressions and values as people write them: price * 2 > 100 and side == 'buy'.
 *
 * Parentheses stand only where precedence needs them, so the text is short in EXPLAIN and still
 * says what is computed.
 */
#include <string.h>

#include "expr/decimal.h"
#include "expr/number_text.h"
#include "expr/time_text.h"
#include "expr/tree.h"

/* Text that grows in the arena; `is_full` once memory was refused. */
struct writer {
    struct sb_arena *arena;
    char *text;
    size_t size;
    size_t capacity;
    bool is_full;
};

static void write_bytes(struct writer *writer, const char *bytes, size_t size)
{
    if (writer->is_full) {
        return;
    }
    if (writer->size + size + 1 > writer->capacity) {
        const size_t capacity = (writer->size + size + 1) * 2 + 64;
        char *text = sb_arena_alloc(writer->arena, capacity);
        if (text == NULL) {
            writer->is_full = true;
            return;
        }
        if (writer->size > 0) {
            memcpy(text, writer->text, writer->size);
        }
        writer->text = text;
        writer->capacity = capacity;
    }
    memcpy(writer->text + writer->size, bytes, size);
    writer->size += size;
    writer->text[writer->size] = 0;
}

static void write_text(struct writer *writer, const char *text)
{
    write_bytes(writer, text, strlen(text));
}

/* `quote` around, and doubled within. */
static void write_quoted(struct writer *writer, const char *bytes, size_t size, char quote)
{
    write_bytes(writer, &quote, 1);
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == quote) {
            write_bytes(writer, &quote, 1);
        }
        write_bytes(writer, bytes + i, 1);
    }
    write_bytes(writer, &quote, 1);
}

static void write_binary(struct writer *writer, struct sb_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";

    write_text(writer, "x'");
    for (int64_t i = 0; i < bytes.size; i++) {
        write_bytes(writer, &digits[bytes.data[i] >> 4], 1);
        write_bytes(writer, &digits[bytes.data[i] & 15], 1);
    }
    write_text(writer, "'");
}

/* A zone that nobody knows is printed in UTC. */
static void write_timestamp(const struct sb_scalar *scalar, char *text)
{
    struct sb_zone_cursor cursor = {0};
    const struct sb_zone *zone;

    if (scalar->type.zone != NULL && (sb_zone_find(scalar->type.zone, &zone, NULL) == SB_OK ||
                                      sb_zone_find("UTC", &zone, NULL) == SB_OK)) {
        cursor.zone = zone;
    }
    sb_timestamp_format(scalar->value.i64, scalar->type.unit, cursor.zone == NULL ? NULL : &cursor,
                        text);
}

static void write_scalar(struct writer *writer, const struct sb_scalar *scalar)
{
    const union sb_value *value = &scalar->value;
    char text[SB_DECIMAL_TEXT_SIZE] = "";

    if (scalar->is_null) {
        write_text(writer, "null");
        return;
    }
    switch (scalar->type.id) {
    case SB_TYPE_BOOL:
        write_text(writer, value->boolean ? "true" : "false");
        return;
    case SB_TYPE_FLOAT32:
        sb_float_format(value->f32, text);
        break;
    case SB_TYPE_FLOAT64:
        sb_double_format(value->f64, text);
        break;
    case SB_TYPE_DATE32:
    case SB_TYPE_DATE64:
        sb_date_format(scalar->type.id == SB_TYPE_DATE32
                           ? value->i32
                           : sb_floor_divide(value->i64, SB_MILLIS_PER_DAY),
                       text);
        write_text(writer, "date ");
        write_quoted(writer, text, strlen(text), '\'');
        return;
    case SB_TYPE_TIMESTAMP:
        write_timestamp(scalar, text);
        write_text(writer, "timestamp ");
        write_quoted(writer, text, strlen(text), '\'');
        return;
    case SB_TYPE_DECIMAL128:
        sb_decimal_format(value->i128, scalar->type.scale, text);
        break;
    default:
        if (sb_type_is_text(scalar->type.id)) {
            write_quoted(writer, (const char *)value->bytes.data, (size_t)value->bytes.size, '\'');
            return;
        }
        if (sb_type_is_binary(scalar->type.id)) {
            write_binary(writer, value->bytes);
            return;
        }
        sb_decimal_format(sb_value_integer(sb_physical_of(&scalar->type), value), 0, text);
        break;
    }
    write_text(writer, text);
}

static void write_column(struct writer *writer, const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    const size_t size = strlen(name);

    if (size > 0 && strspn(name, plain) == size && !(name[0] >= '0' && name[0] <= '9')) {
        write_text(writer, name);
    } else {
        write_quoted(writer, name, size, '"');
    }
}

static void write_expr(struct writer *writer, const struct sb_expr *expr, int32_t around);

static void write_list(struct writer *writer, const struct sb_expr *expr, const char *between,
                       int32_t first_around, int32_t around)
{
    for (int32_t i = 0; i < expr->argument_count; i++) {
        if (i > 0) {
            write_text(writer, between);
        }
        write_expr(writer, expr->arguments[i], i == 0 ? first_around : around);
    }
}

static void write_cast(struct writer *writer, const struct sb_expr *expr)
{
    char type[SB_TYPE_NAME_SIZE];

    write_text(writer, "cast(");
    write_expr(writer, expr->arguments[0], 0);
    write_text(writer, " as ");
    write_text(writer, sb_type_name(&expr->cast_type, type, sizeof type));
    write_text(writer, expr->is_null_on_error ? ", null on error)" : ")");
}

/* `around`: the precedence that the place asks for. */
static void write_call(struct writer *writer, const struct sb_expr *expr, int32_t around)
{
    const struct sb_function *function = expr->function;
    const bool is_prefix = function->infix != NULL && function->argument_max == 1;
    const bool has_parentheses = function->infix != NULL && function->precedence < around;

    if (expr->cast_type.id != 0) {
        write_cast(writer, expr);
        return;
    }
    if (function->infix == NULL) {
        write_text(writer, function->name);
        write_text(writer, "(");
        write_list(writer, expr, ", ", 0, 0);
        write_text(writer, ")");
        return;
    }
    if (has_parentheses) {
        write_text(writer, "(");
    }
    if (is_prefix && function->infix[0] == ' ') { // " is null" stands behind
        write_list(writer, expr, "", function->precedence + 1, 0);
        write_text(writer, function->infix);
    } else if (is_prefix) {
        write_text(writer, function->infix);
        write_list(writer, expr, "", function->precedence + 1, 0);
    } else {
        // a == b == c would read as a chain
        write_list(writer, expr, function->infix,
                   function->precedence + (function->precedence == SB_PRECEDENCE_COMPARE),
                   function->precedence + 1);
    }
    if (has_parentheses) {
        write_text(writer, ")");
    }
}

static void write_expr(struct writer *writer, const struct sb_expr *expr, int32_t around)
{
    switch (expr->kind) {
    case SB_EXPR_COLUMN:
        write_column(writer, expr->column);
        break;
    case SB_EXPR_LITERAL:
        write_scalar(writer, &expr->literal);
        break;
    case SB_EXPR_CALL:
        write_call(writer, expr, around);
        break;
    }
}

const char *sb_expr_to_text(const struct sb_expr *expr, struct sb_arena *arena)
{
    struct writer writer = {.arena = arena};

    write_expr(&writer, expr, 0);
    return writer.is_full ? NULL : writer.text;
}

const char *sb_scalar_text(const struct sb_scalar *scalar, struct sb_arena *arena)
{
    struct writer writer = {.arena = arena};

    write_scalar(&writer, scalar);
    return writer.is_full ? NULL : writer.text;
}
