// SPDX-License-Identifier: Apache-2.0
/*
 * parse.c - the wire form of an expression to a tree (docs/design/0001), and the short form of a
 * filter.
 *
 * A message quotes the node it refuses: its caller only knows the operator and the parameter.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expr/tree.h"

/* Room for the names in a message. */
enum { NAMES_SIZE = 512 };

static const char *known_functions(char buffer[NAMES_SIZE])
{
    size_t used = 0;
    const struct sb_function *function;

    buffer[0] = 0;
    for (int32_t i = 0; (function = sb_function_at(i)) != NULL; i++) {
        const size_t size = strlen(function->name);
        if (used + size + 8 > NAMES_SIZE) {
            memcpy(buffer + used, ", ...", 6);
            break;
        }
        if (used > 0) {
            memcpy(buffer + used, ", ", 2);
            used += 2;
        }
        memcpy(buffer + used, function->name, size + 1);
        used += size;
    }
    return buffer;
}

/* "…in {"call":"ad…": the beginning of the node, for messages. */
static enum sb_status node_refuse(const json_t *json, const char *why, struct sb_error *err)
{
    char *text = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
    const char *shown = text == NULL ? "?" : text;
    const enum sb_status status = sb_error_set(err, SB_INVALID, "expression %.120s%s: %s", shown,
                                               strlen(shown) > 120 ? "..." : "", why);

    free(text);
    return status;
}

static enum sb_status expr_parse_node(const json_t *json, int32_t depth, struct sb_arena *arena,
                                      const struct sb_expr **out, struct sb_error *err);

/* Every key of `json` is one of `allowed` (NULL ends the list). */
static enum sb_status keys_check(const json_t *json, const char *const *allowed,
                                 struct sb_error *err)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)json, key, value)
    {
        int32_t i = 0;
        while (allowed[i] != NULL && strcmp(allowed[i], key) != 0) {
            i++;
        }
        if (allowed[i] == NULL) {
            char why[160];
            snprintf(why, sizeof why, "unknown key '%.40s'; beside \"%s\" there may be %s", key,
                     allowed[0],
                     strcmp(allowed[0], "col") == 0   ? "nothing"
                     : strcmp(allowed[0], "lit") == 0 ? "\"type\""
                     : allowed[2] == NULL             ? "\"args\""
                                                      : "\"args\", \"type\" and \"on_error\"");
            return node_refuse(json, why, err);
        }
    }
    return SB_OK;
}

static enum sb_status parse_type(const json_t *json, struct sb_arena *arena, struct sb_type *out,
                                 struct sb_error *err)
{
    const json_t *type = json_object_get(json, "type");

    if (!json_is_string(type)) {
        return node_refuse(json, "\"type\" is the name of a type, such as \"float64\"", err);
    }
    return sb_type_parse(json_string_value(type), arena, out, err);
}

static enum sb_status parse_column(const json_t *json, struct sb_arena *arena, struct sb_expr *expr,
                                   struct sb_error *err)
{
    static const char *const keys[] = {"col", NULL};
    const json_t *name = json_object_get(json, "col");

    SB_TRY_RETURN(keys_check(json, keys, err));
    if (!json_is_string(name)) {
        return node_refuse(json, "\"col\" is the name of a column, a string", err);
    }
    expr->kind = SB_EXPR_COLUMN;
    expr->column = sb_arena_copy_string(arena, json_string_value(name));
    return expr->column != NULL ? SB_OK : sb_error_no_memory(err, "expression", 1);
}

static enum sb_status parse_literal(const json_t *json, struct sb_arena *arena,
                                    struct sb_expr *expr, struct sb_error *err)
{
    static const char *const keys[] = {"lit", "type", NULL};
    struct sb_type type;

    SB_TRY_RETURN(keys_check(json, keys, err));
    expr->kind = SB_EXPR_LITERAL;
    expr->has_type = json_object_get(json, "type") != NULL;
    if (expr->has_type) {
        SB_TRY_RETURN(parse_type(json, arena, &type, err));
    }
    return sb_scalar_from_json(json_object_get(json, "lit"), expr->has_type ? &type : NULL, arena,
                               &expr->literal, err);
}

static enum sb_status parse_cast(const json_t *json, struct sb_arena *arena, struct sb_expr *expr,
                                 struct sb_error *err)
{
    const json_t *on_error = json_object_get(json, "on_error");
    const char *word = json_string_value(on_error);

    SB_TRY_RETURN(parse_type(json, arena, &expr->cast_type, err));
    if (on_error != NULL &&
        (word == NULL || (strcmp(word, "null") != 0 && strcmp(word, "error") != 0))) {
        return node_refuse(json, "\"on_error\" is \"error\" (the default) or \"null\"", err);
    }
    expr->is_null_on_error = word != NULL && strcmp(word, "null") == 0;
    return SB_OK;
}

static enum sb_status check_argument_count(const struct sb_function *function, size_t count,
                                           struct sb_error *err)
{
    if (count >= (size_t)function->argument_min &&
        (function->argument_max < 0 || count <= (size_t)function->argument_max) &&
        count <= SB_EXPR_ARGUMENTS_MAX) {
        return SB_OK;
    }
    if (function->argument_max < 0) {
        return sb_error_set(err, SB_INVALID, "%s: %zu arguments given, %d to %d wanted",
                            function->name, count, function->argument_min, SB_EXPR_ARGUMENTS_MAX);
    }
    return sb_error_set(err, SB_INVALID, "%s: %zu argument%s given, %d wanted", function->name,
                        count, count == 1 ? "" : "s", function->argument_min);
}

static enum sb_status parse_call(const json_t *json, int32_t depth, struct sb_arena *arena,
                                 struct sb_expr *expr, struct sb_error *err)
{
    static const char *const call_keys[] = {"call", "args", NULL};
    static const char *const cast_keys[] = {"call", "args", "type", "on_error", NULL};
    const char *name = json_string_value(json_object_get(json, "call"));
    const json_t *arguments = json_object_get(json, "args");
    const size_t count = json_array_size(arguments);
    char names[NAMES_SIZE];
    bool is_cast;

    if (name == NULL) {
        return node_refuse(json, "\"call\" is the name of a function, a string", err);
    }
    expr->kind = SB_EXPR_CALL;
    expr->function = sb_function_find(name);
    if (expr->function == NULL) {
        return sb_error_set(err, SB_INVALID, "unknown function '%.60s'; there are %s", name,
                            known_functions(names));
    }
    is_cast = strcmp(name, "cast") == 0;
    SB_TRY_RETURN(keys_check(json, is_cast ? cast_keys : call_keys, err));
    if (!json_is_array(arguments)) {
        return node_refuse(json, "\"args\" is a list of expressions", err);
    }
    SB_TRY_RETURN(check_argument_count(expr->function, count, err));
    if (is_cast) {
        SB_TRY_RETURN(parse_cast(json, arena, expr, err));
    }
    expr->argument_count = (int32_t)count;
    expr->arguments = sb_arena_alloc(arena, (count + 1) * sizeof expr->arguments[0]);
    if (expr->arguments == NULL) {
        return sb_error_no_memory(err, "expression", (int64_t)count);
    }
    for (size_t i = 0; i < count; i++) {
        SB_TRY_RETURN(expr_parse_node(json_array_get(arguments, i), depth + 1, arena,
                                      &expr->arguments[i], err));
    }
    return SB_OK;
}

static enum sb_status expr_parse_node(const json_t *json, int32_t depth, struct sb_arena *arena,
                                      const struct sb_expr **out, struct sb_error *err)
{
    struct sb_expr *expr;
    int32_t forms;

    *out = NULL;
    if (!json_is_object(json)) {
        return node_refuse(json, "expected an object with \"col\", \"lit\" or \"call\"", err);
    }
    forms = (json_object_get(json, "col") != NULL) + (json_object_get(json, "lit") != NULL) +
            (json_object_get(json, "call") != NULL);
    if (forms != 1) {
        return node_refuse(json, "expected exactly one of \"col\", \"lit\" and \"call\"", err);
    }
    if (depth > SB_EXPR_DEPTH_MAX) {
        return sb_error_set(err, SB_INVALID,
                            "expression nests deeper than %d calls; compute a part of it in a MAP "
                            "before",
                            SB_EXPR_DEPTH_MAX);
    }
    expr = sb_arena_alloc_zeroed(arena, sizeof *expr);
    if (expr == NULL) {
        return sb_error_no_memory(err, "expression", sizeof *expr);
    }
    if (json_object_get(json, "col") != NULL) {
        SB_TRY_RETURN(parse_column(json, arena, expr, err));
    } else if (json_object_get(json, "lit") != NULL) {
        SB_TRY_RETURN(parse_literal(json, arena, expr, err));
    } else {
        SB_TRY_RETURN(parse_call(json, depth, arena, expr, err));
    }
    *out = expr;
    return SB_OK;
}

enum sb_status sb_expr_parse(const json_t *json, struct sb_arena *arena, const struct sb_expr **out,
                             struct sb_error *err)
{
    return expr_parse_node(json, 0, arena, out, err);
}

enum sb_status sb_expr_make_comparison(const char *column, const char *operator,
                                       const json_t *value, struct sb_arena *arena,
                                       const struct sb_expr **out, struct sb_error *err)
{
    static const struct {
        const char *sign;
        const char *function;
    } operators[] = {
        {">", "greater"},     {">=", "greater_equal"}, {"<", "less"},
        {"<=", "less_equal"}, {"==", "equal"},         {"!=", "not_equal"},
    };
    struct sb_expr *nodes;
    const struct sb_expr **arguments;

    *out = NULL;
    nodes = sb_arena_alloc_zeroed(arena, 3 * sizeof *nodes);
    arguments = sb_arena_alloc(arena, 2 * sizeof *arguments);
    if (nodes == NULL || arguments == NULL) {
        return sb_error_no_memory(err, "expression", 3 * sizeof *nodes);
    }
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (strcmp(operator, operators[i].sign) == 0) {
            nodes[0].function = sb_function_find(operators[i].function);
        }
    }
    if (nodes[0].function == NULL) {
        return sb_error_set(
            err, SB_INVALID,
            "unknown operator '%.40s'; there are >, >=, <, <=, == and !=", operator);
    }
    nodes[0].kind = SB_EXPR_CALL;
    nodes[0].argument_count = 2;
    nodes[0].arguments = arguments;
    nodes[1].kind = SB_EXPR_COLUMN;
    nodes[1].column = sb_arena_copy_string(arena, column);
    if (nodes[1].column == NULL) {
        return sb_error_no_memory(err, "expression", (int64_t)strlen(column));
    }
    nodes[2].kind = SB_EXPR_LITERAL;
    if (json_is_object(value)) { // {"lit": ..., "type": ...}: a typed value
        if (json_object_get(value, "lit") == NULL) {
            return node_refuse(value, "a value is a constant: {\"lit\": ..., \"type\": ...}", err);
        }
        SB_TRY_RETURN(parse_literal(value, arena, &nodes[2], err));
    } else {
        SB_TRY_RETURN(sb_scalar_from_json(value, NULL, arena, &nodes[2].literal, err));
    }
    arguments[0] = &nodes[1];
    arguments[1] = &nodes[2];
    *out = &nodes[0];
    return SB_OK;
}
