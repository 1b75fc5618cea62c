// SPDX-License-Identifier: Apache-2.0
/*
 * wire.c - a parsed tree as JSON again: equal in meaning and canonical in form.
 */
#include "expr/tree.h"

/* Takes `value`; false when it is NULL or there is no memory. */
static bool object_set(json_t *object, const char *key, json_t *value)
{
    return value != NULL && json_object_set_new(object, key, value) == 0;
}

static bool write_type(json_t *object, const struct sb_type *type)
{
    struct sb_arena arena;
    const char *name;
    bool is_written;

    sb_arena_init(&arena, sb_memory_global());
    name = sb_type_text(type, &arena); // whole: it is read again
    is_written = name != NULL && object_set(object, "type", json_string(name));
    sb_arena_deinit(&arena);
    return is_written;
}

/* An integer without a type is a JSON number of any size, or it would be read as text. */
static bool write_literal(json_t *object, const struct sb_expr *expr)
{
    const struct sb_scalar *literal = &expr->literal;

    if (!expr->has_type) {
        return object_set(object, "lit",
                          literal->type.id == SB_TYPE_INT64 ? json_integer(literal->value.i64)
                                                            : sb_scalar_to_json(literal));
    }
    return object_set(object, "lit", sb_scalar_to_json(literal)) &&
           write_type(object, &literal->type);
}

static bool write_call(json_t *object, const struct sb_expr *expr)
{
    json_t *arguments = json_array();

    if (!object_set(object, "call", json_string(expr->function->name)) ||
        !object_set(object, "args", arguments)) {
        return false;
    }
    for (int32_t i = 0; i < expr->argument_count; i++) {
        json_t *argument = sb_expr_to_json(expr->arguments[i]);
        if (argument == NULL || json_array_append_new(arguments, argument) != 0) {
            return false;
        }
    }
    if (expr->cast_type.id == 0) {
        return true;
    }
    return write_type(object, &expr->cast_type) &&
           (!expr->is_null_on_error || object_set(object, "on_error", json_string("null")));
}

json_t *sb_expr_to_json(const struct sb_expr *expr)
{
    json_t *object = json_object();
    bool is_written = false;

    if (object == NULL) {
        return NULL;
    }
    switch (expr->kind) {
    case SB_EXPR_COLUMN:
        is_written = object_set(object, "col", json_string(expr->column));
        break;
    case SB_EXPR_LITERAL:
        is_written = write_literal(object, expr);
        break;
    case SB_EXPR_CALL:
        is_written = write_call(object, expr);
        break;
    }
    if (!is_written) {
        json_decref(object);
        return NULL;
    }
    return object;
}
