// SPDX-License-Identifier: Apache-2.0
/*
 * functions.h - the lists of functions that make up the registry, one per functions_*.c.
 */
#ifndef SABOT_EXPR_FUNCTIONS_H
#define SABOT_EXPR_FUNCTIONS_H

#include "expr/function.h"

struct sb_function_list {
    const char *category; // heading in the reference
    const struct sb_function *functions;
    int32_t count;
};

#define SB_FUNCTION_LIST(heading, array)                                                           \
    {.category = (heading),                                                                        \
     .functions = (array),                                                                         \
     .count = (int32_t)(sizeof(array) / sizeof(array)[0])}

extern const struct sb_function_list sb_functions_arithmetic;
extern const struct sb_function_list sb_functions_compare;
extern const struct sb_function_list sb_functions_in;
extern const struct sb_function_list sb_functions_math;
extern const struct sb_function_list sb_functions_integer;
extern const struct sb_function_list sb_functions_hash;
extern const struct sb_function_list sb_functions_string;
extern const struct sb_function_list sb_functions_pattern;
extern const struct sb_function_list sb_functions_boolean;
extern const struct sb_function_list sb_functions_condition;
extern const struct sb_function_list sb_functions_cast;
extern const struct sb_function_list sb_functions_nested;
extern const struct sb_function_list sb_functions_time;
extern const struct sb_function_list sb_functions_time_make;

#endif
