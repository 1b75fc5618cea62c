// SPDX-License-Identifier: Apache-2.0
/*
 * registry.c - every function by name. A new file of functions is one line here.
 */
#include <string.h>

#include "expr/functions.h"

static const struct sb_function_list *const lists[] = {
    &sb_functions_arithmetic, &sb_functions_compare, &sb_functions_in,      &sb_functions_boolean,
    &sb_functions_condition,  &sb_functions_string,  &sb_functions_pattern, &sb_functions_math,
    &sb_functions_integer,    &sb_functions_hash,    &sb_functions_cast,    &sb_functions_time,
    &sb_functions_time_make,  &sb_functions_nested,
};
enum { LIST_COUNT = sizeof lists / sizeof lists[0] };

/* The list that holds the function at `*index`, which becomes the position in it, or NULL. */
static const struct sb_function_list *list_at(int32_t *index)
{
    for (int32_t i = 0; i < LIST_COUNT; i++) {
        if (*index < lists[i]->count) {
            return lists[i];
        }
        *index -= lists[i]->count;
    }
    return NULL;
}

const struct sb_function *sb_function_at(int32_t index)
{
    const struct sb_function_list *list = list_at(&index);

    return list == NULL ? NULL : &list->functions[index];
}

const char *sb_function_category(int32_t index)
{
    const struct sb_function_list *list = list_at(&index);

    return list == NULL ? NULL : list->category;
}

const struct sb_function *sb_function_find(const char *name)
{
    for (int32_t i = 0; i < LIST_COUNT; i++) {
        for (int32_t j = 0; j < lists[i]->count; j++) {
            if (strcmp(lists[i]->functions[j].name, name) == 0) {
                return &lists[i]->functions[j];
            }
        }
    }
    return NULL;
}
