// SPDX-License-Identifier: Apache-2.0
#include "expr/reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

/* A bare value among the arguments of an example stands for a literal; takes `json`. */
static json_t *argument_expand(json_t *json)
{
    json_t *arguments = json_object_get(json, "args");
    size_t index;
    json_t *argument;

    if (!json_is_object(json)) {
        return json_pack("{s:o}", "lit", json);
    }
    json_array_foreach(arguments, index, argument)
    {
        if (json_array_set_new(arguments, index, argument_expand(json_incref(argument))) != 0) {
            json_decref(json);
            return NULL;
        }
    }
    return json;
}

json_t *sb_function_example(const struct sb_function *function)
{
    static const char form[] = "{'call': '%s', 'args': %s}";
    const size_t size = sizeof form + strlen(function->name) + strlen(function->example);
    char *text = malloc(size);
    json_t *json;

    if (text == NULL) {
        return NULL;
    }
    snprintf(text, size, form, function->name, function->example);
    for (char *quote = strchr(text, '\''); quote != NULL; quote = strchr(quote, '\'')) {
        *quote = '"';
    }
    json = json_loads(text, 0, NULL);
    free(text);
    return json == NULL ? NULL : argument_expand(json);
}

/* {call, text, result} of the example, or NULL. */
static json_t *example_describe(const struct sb_function *function, struct sb_arena *arena)
{
    json_t *call = sb_function_example(function);
    const struct sb_expr *expr;
    const char *text;

    if (call == NULL || sb_expr_parse(call, arena, &expr, NULL) != SB_OK) {
        json_decref(call);
        return NULL;
    }
    text = sb_expr_to_text(expr, arena);
    if (text == NULL) {
        json_decref(call);
        return NULL;
    }
    return json_pack("{s:o, s:s, s:s}", "call", call, "text", text, "result", function->result);
}

json_t *sb_functions_describe(struct sb_memory *memory)
{
    struct sb_arena arena = {.memory = memory};
    json_t *list = json_array();
    const struct sb_function *function;

    for (int32_t i = 0; list != NULL && (function = sb_function_at(i)) != NULL; i++) {
        json_t *example = example_describe(function, &arena);
        json_t *json =
            json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:o}", "name", function->name, "category",
                      sb_function_category(i), "signature", function->signature, "summary",
                      function->summary, "argument_min", (int)function->argument_min,
                      "argument_max", (int)function->argument_max, "example", example);
        if (json == NULL || json_array_append_new(list, json) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    sb_arena_deinit(&arena);
    return list;
}
