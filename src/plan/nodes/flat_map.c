// SPDX-License-Identifier: Apache-2.0
/*
 * flat_map.c - any number of rows of each, by a function that makes whole batches.
 */
#include "plan/node_internal.h"

enum { JIT, LANE, SCHEMA, PARAMETER_COUNT };

static const struct sb_parameter parameters[] = {
    [JIT] = {.name = "jit", .kinds = SB_PARAMETER_TEXT, .choices = sb_function_jit_choices},
    [LANE] = {.name = "lane", .kinds = SB_PARAMETER_TEXT}, // for EXPLAIN; told by who binds it
    [SCHEMA] = {.name = "schema", .kinds = SB_PARAMETER_OBJECT}, // read outside the engine
    [PARAMETER_COUNT] = {.name = NULL},
};

static enum sb_status flat_map_derive(struct sb_node *node, struct sb_derivation *derivation,
                                      struct sb_error *err)
{
    struct sb_schema *output;
    enum sb_status status;

    if (!node->has_function) {
        return sb_node_error(node, NULL, SB_INVALID, err,
                             "has no function; it takes one of a batch that returns any number of "
                             "rows");
    }
    SB_TRY_RETURN(sb_node_resolve(node, derivation, &output, err));
    status =
        sb_node_set_schema(node, derivation, output, "its function must name one differently", err);
    sb_schema_release(output);
    return status;
}

static json_t *flat_map_details(const struct sb_node *node, bool is_streaming,
                                struct sb_arena *scratch)
{
    return sb_node_arguments_json(node);
}

const struct sb_node_class sb_node_flat_map = {
    .name = "flat_map",
    .type = SB_NODE_FLAT_MAP,
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_function = true,
    .parameters = parameters,
    .derive = flat_map_derive,
    .details = flat_map_details,
};
