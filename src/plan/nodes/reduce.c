// SPDX-License-Identifier: Apache-2.0
/*
 * reduce.c - all rows folded into one value by a function: (value, batch) -> value.
 *
 * What the value looks like as rows only the function's side knows, and `initial` is its, too.
 */
#include "plan/node_class.h"

enum { INITIAL, EMIT, OUTPUT_COLUMN, JIT, LANE, SCHEMA, PARAMETER_COUNT };

static const char *const emissions[] = {"final", "update", NULL};

static const struct sb_parameter parameters[] = {
    [INITIAL] = {.name = "initial", .kinds = SB_PARAMETER_ANY}, // read outside the engine
    [EMIT] = {.name = "emit", .kinds = SB_PARAMETER_TEXT, .choices = emissions},
    [OUTPUT_COLUMN] = {.name = "output_column", .kinds = SB_PARAMETER_TEXT},
    [JIT] = {.name = "jit", .kinds = SB_PARAMETER_TEXT, .choices = sb_function_jit_choices},
    [LANE] = {.name = "lane", .kinds = SB_PARAMETER_TEXT}, // for EXPLAIN; told by who binds it
    [SCHEMA] = {.name = "schema", .kinds = SB_PARAMETER_OBJECT}, // read outside the engine
    [PARAMETER_COUNT] = {.name = NULL},
};

static enum sb_status reduce_derive(struct sb_node *node, struct sb_derivation *derivation,
                                    struct sb_error *err)
{
    const char *emit = json_string_value(node->arguments[EMIT].value);
    struct sb_schema *output;
    enum sb_status status;

    if (!node->has_function) {
        return sb_node_error(node, NULL, SB_INVALID, err,
                             "has no function; it takes one of two arguments, the value so far "
                             "and a batch, that returns the new value");
    }
    if (node->endless_source != NULL && emit != NULL && emit[0] == 'f') {
        return sb_node_error(node, "emit", SB_INVALID, err,
                             "'final' is emitted at the end, and %s has none; allowed: 'update'",
                             node->endless_source->label);
    }
    SB_TRY_RETURN(sb_node_resolve(node, derivation, &output, err));
    status =
        sb_node_set_schema(node, derivation, output, "the function must name one differently", err);
    sb_schema_release(output);
    return status;
}

static json_t *reduce_details(const struct sb_node *node, bool is_streaming,
                              struct sb_arena *scratch)
{
    json_t *details = sb_node_arguments_json(node);

    if (details != NULL) {
        json_object_del(details, "initial"); // may be anything, of any size
        json_object_del(details, "schema");
    }
    return details;
}

const struct sb_node_class sb_node_reduce = {
    .name = "reduce",
    .type = SB_NODE_REDUCE,
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_function = true,
    .parameters = parameters,
    .derive = reduce_derive,
    .details = reduce_details,
};
