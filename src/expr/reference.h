// SPDX-License-Identifier: Apache-2.0
/*
 * reference.h - what there is to say about every function, for documents and front ends.
 */
#ifndef SABOT_EXPR_REFERENCE_H
#define SABOT_EXPR_REFERENCE_H

#include "expr/function.h"
#include "expr/tree.h"

/* The example of `function` as a call in the wire form; a new reference, NULL when out of memory.
 */
json_t *sb_function_example(const struct sb_function *function);

/*
 * A list of objects, in the order of the registry: name, category, signature, summary,
 * argument_min, argument_max (-1: any number), example {call, text, result}. `call` is the wire
 * form, `text` how EXPLAIN prints it. A new reference, NULL when out of memory.
 */
json_t *sb_functions_describe(struct sb_memory *memory);

#endif
