// SPDX-License-Identifier: Apache-2.0
/*
 * custom.c - a user's operator, which the engine cannot see into: not even its parameters.
 */
#include "plan/node_class.h"

static enum sb_status custom_derive(struct sb_node *node, struct sb_derivation *derivation,
                                    struct sb_error *err)
{
    struct sb_schema *output;
    enum sb_status status;

    SB_TRY_RETURN(sb_node_resolve(node, derivation, &output, err));
    status =
        sb_node_set_schema(node, derivation, output, "the operator must name one differently", err);
    sb_schema_release(output);
    return status;
}

static json_t *custom_details(const struct sb_node *node, bool is_streaming,
                              struct sb_arena *scratch)
{
    json_t *operator = json_object_get(node->parameters, "operator");
    json_t *details = json_object();
    bool is_failed = details == NULL;

    if (json_is_string(operator)) {
        is_failed = is_failed || json_object_set(details, "operator", operator) != 0;
    }
    return sb_details_end(details, is_failed);
}

const struct sb_node_class sb_node_custom = {
    .name = "custom",
    .type = SB_NODE_CUSTOM,
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_function = true,
    .takes_updates = true,
    .derive = custom_derive,
    .details = custom_details,
};
