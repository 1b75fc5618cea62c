// SPDX-License-Identifier: Apache-2.0
/*
 * functions.c - the functions of expressions as JSON text, for whoever is outside.
 */
#include <sabot/graph.h>

#include "expr/reference.h"
#include "plan/text.h"

enum sb_status sb_functions_to_json(char **out, struct sb_error *err)
{
    struct sb_text text = {.memory = sb_memory_global()};
    json_t *functions = sb_functions_describe(text.memory);

    sb_text_append_json(&text, functions, JSON_COMPACT);
    json_decref(functions);
    return sb_text_finish(&text, out, err);
}
